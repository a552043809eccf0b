"""Experiment: the public function, its result, and the arithmetic between them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment import gate
from pm_analytics.analyses.experiment.counts import contradictions, moments, units_per_variant
from pm_analytics.analyses.experiment.exposures import Exposures
from pm_analytics.errors import DataError, ParameterError, PmAnalyticsWarning, UnknownNameError, did_you_mean
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONTROL_USERS,
    CONTROL_VALUE,
    DIFFERENCE,
    KIND,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    METHOD,
    METRIC,
    P_VALUE,
    REASON,
    ROLE,
    STATUS,
    VARIANT,
    VARIANT_USERS,
    VARIANT_VALUE,
)
from pm_analytics.results import NOTHING, Claim, Result, records
from pm_analytics.stats.effects import Arm, Effect, compare_means, compare_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.gate import Check
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

Sums = Mapping[str, Mapping[str, Any]]

NUMBERS = (
    CONTROL_VALUE, VARIANT_VALUE, DIFFERENCE, CI_LOWER, CI_UPPER, LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, P_VALUE,
)  # fmt: skip
SIGNED = (DIFFERENCE, CI_LOWER, CI_UPPER)
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ExperimentResult(Result):
    """Variant against control, once the comparison can be trusted. See :func:`experiment` for the columns.

    Attributes
    ----------
    checks : tuple of Check
        The validity gate.
    control : str
        Name of the control.
    users : mapping
        Variant -> units analysed.
    immature : mapping
        Metric -> units left out because they have not been observed for its window yet.
    confidence : float
        Coverage of the intervals.
    """

    _numbers: pd.DataFrame
    checks: tuple[Check, ...]
    control: str
    users: Mapping[str, int]
    immature: Mapping[str, int]
    confidence: float

    @property
    def trusted(self) -> bool:
        """Whether no check of the gate failed."""
        return all(check.status != "failed" for check in self.checks)

    def gate(self) -> pd.DataFrame:
        """Give the validity gate: one row per check, with its status and evidence."""
        return gate.table(list(self.checks))

    def despite_failed_checks(self) -> pd.DataFrame:
        """Give the numbers even when the gate withholds them: to find the fault, never to decide."""
        return self._numbers.copy()

    def rows(self, role: str) -> list[dict[str, Any]]:
        """List the rows of one role, ``"primary"`` or ``"guardrail"``, as plain dictionaries."""
        return [row for row in records(self._table) if row[ROLE] == role]

    def summary(self) -> str:
        """Say the primary effects with their intervals and the guardrails' status; or why nothing may be read."""
        failed = [check for check in self.checks if check.status == "failed"]
        if failed:
            reasons = " ".join(f"{check.name}: {check.evidence}. {check.next_step}" for check in failed)
            return f"No result: this comparison cannot be trusted. {reasons}"
        sentences = [say_effect(row, self.confidence) for row in self.rows("primary")]
        sentences += [f"Guardrail {row[METRIC]}: {row[STATUS]}." for row in self.rows("guardrail")]
        return " ".join(sentences)

    def headline(self) -> str:
        """Say the primary effects in one short line."""
        primary = self.rows("primary")
        if not self.trusted or any(math.isnan(row[LIFT_CI_LOWER]) for row in primary):
            return self.summary()
        return "; ".join(f"{row[METRIC]}: {say_lift(row)} with {row[VARIANT]}" for row in primary)

    def claims(self) -> list[Claim]:
        """List each metric's lift, or its difference where a lift is undefined; nothing when the result is withheld."""
        if not self.trusted:
            return []
        return [_claim(row, self.definition) for row in records(self._table)]

    def to_display(self) -> pd.DataFrame:
        """Format the table for people: differences of shares in percentage points, and no column that says nothing.

        The p-value and the method stay in ``to_frame()``: an interval says the same and more.
        """
        rows = records(self._table)
        said = {
            column: [say_metric(row[column], row[KIND], signed=column in SIGNED) for row in rows]
            for column in (CONTROL_VALUE, VARIANT_VALUE, *SIGNED)
        }
        quiet = [REASON] if not any(row[REASON] for row in rows) else []
        return self._table.assign(**said).drop(columns=[KIND, METHOD, P_VALUE, *quiet])


def experiment(
    log: EventLog | None,
    exposures: Exposures | pd.DataFrame,
    plan: ExperimentPlan,
) -> ExperimentResult:
    """Compare variants with their control, if the comparison can be trusted.

    First the validity gate: units fell into the variants as planned (sample ratio), were shown what they were
    assigned, and met one variant each. If a check fails, all numbers are null and ``summary()`` says what to look at.

    Parameters
    ----------
    log : EventLog or None
        Events after exposure; None when every metric is recorded with the exposures.
    exposures : Exposures or DataFrame
        Which unit met which variant, and when. A frame with the usual column names may be passed as it is.
    plan : ExperimentPlan
        Primary metrics, guardrails, control, planned split.

    Returns
    -------
    ExperimentResult
        ``to_frame()``: one row per metric and variant: ``metric``, ``role``, ``variant``, ``control_users`` and
        ``variant_users`` (units observed long enough), ``control_value``, ``variant_value`` (a share, or a mean per
        unit), ``difference`` (absolute) with ``ci_lower``, ``ci_upper``; ``lift`` (relative, 0 = no change) with its
        interval; ``p_value`` (two-sided, absolute scale); ``status``; ``method``; ``reason`` why something is null.
        Shares: Newcombe interval, pooled z or Fisher test. Means: Welch. Lifts: Fieller.
        Status of a primary metric: ``better``, ``worse`` or ``unclear``; of a guardrail: ``safe`` (worst case inside
        the tolerated harm), ``watch`` (the interval crosses it), ``harm`` (best case beyond it) or ``unclear``.

    Raises
    ------
    UnknownNameError
        The control, or a metric's property, does not exist.
    DataError, ParameterError
        Only one variant; a metric that needs a log when none is given.

    Warns
    -----
    PmAnalyticsWarning
        A metric's event never occurs in the log; it counts zero.
    """
    exposures = exposures if isinstance(exposures, Exposures) else Exposures.from_frame(exposures)
    metrics = plan.metrics()
    _check_metrics(log, exposures, [metric for metric, _ in metrics])
    users = units_per_variant(exposures)
    weights = _weights(plan, users)
    found = gate.checks(contradictions(exposures), users, weights)
    sums = {row[VARIANT]: row for row in records(moments(log, exposures, [metric for metric, _ in metrics]))}
    variants = [variant for variant in weights if variant != plan.control]
    rows = [
        _row(metric, role, variant, _compare(metric, number, sums, plan, variant), number, sums, plan.control)
        for number, (metric, role) in enumerate(metrics)
        for variant in variants
    ]
    numbers = pd.DataFrame(rows)
    trusted = all(check.status != "failed" for check in found)
    return ExperimentResult(
        _table=numbers if trusted else _withheld(numbers),
        definition=_definition(log, exposures, metrics, plan),
        basis=f"{', '.join(f'{variant} {n:,}' for variant, n in users.items())} units; {(log or exposures.log).basis}",
        _numbers=numbers,
        checks=tuple(found),
        control=plan.control,
        users=users,
        immature={m.name: sum(users.values()) - _counted(sums, i) for i, (m, _) in enumerate(metrics)},
        confidence=plan.confidence,
    )


def say_metric(value: float, kind: str, *, signed: bool = False) -> str:
    """Say a metric's value or difference: shares in percent (differences in percentage points), means as numbers."""
    if math.isnan(value):
        return NOTHING
    sign = "+" if signed else ""
    if kind == "conversion":
        return f"{100 * value:{sign}.2f} pp" if signed else f"{value:.2%}"
    return f"{value:{sign}.3f}"


def say_lift(row: Mapping[str, Any]) -> str:
    """Say a relative change with its interval."""
    return f"{row[LIFT]:+.1%} ({row[LIFT_CI_LOWER]:+.1%} to {row[LIFT_CI_UPPER]:+.1%})"


def say_effect(row: Mapping[str, Any], confidence: float) -> str:
    """Say one effect: the direction if the interval allows one, both values, and the interval."""
    interval = (
        f"{say_metric(row[CI_LOWER], row[KIND], signed=True)} to {say_metric(row[CI_UPPER], row[KIND], signed=True)}"
    )
    values = f"{say_metric(row[VARIANT_VALUE], row[KIND])} against {say_metric(row[CONTROL_VALUE], row[KIND])}"
    head = f"{row[METRIC]}: {row[VARIANT]} {values}"
    if math.isnan(row[CI_LOWER]):
        return f"{head}; {row[REASON]}."
    lift = ""
    if not math.isnan(row[LIFT_CI_LOWER]):
        lift = f", {row[LIFT]:+.1%} relative ({row[LIFT_CI_LOWER]:+.1%} to {row[LIFT_CI_UPPER]:+.1%})"
    return (
        f"{head}, a difference of {say_metric(row[DIFFERENCE], row[KIND], signed=True)} "
        f"({confidence:.0%} interval {interval}){lift}: {row[STATUS]}."
    )


def _check_metrics(log: EventLog | None, exposures: Exposures, metrics: Sequence[Metric]) -> None:
    """Refuse metrics that nothing was recorded for, before any query runs."""
    names = log.event_names() if log is not None else []
    for metric in metrics:
        if metric.event is None:
            exposures.log.require_columns([str(metric.value)])
        elif log is None:
            raise ParameterError(f"The metric {metric.name!r} counts events, so experiment() needs a log.")
        else:
            log.require_columns([metric.value] if metric.value is not None else [])
            _warn_of_absent_event(metric, names)


def _warn_of_absent_event(metric: Metric, names: Sequence[str]) -> None:
    """Warn instead of raising: a week without a single crash is good news, not an error."""
    if metric.event not in names:
        warnings.warn(
            f"The event {metric.event!r} of the metric {metric.name!r} never occurs in this log, so it counts zero"
            f"{did_you_mean(str(metric.event), names)}.",
            PmAnalyticsWarning,
            stacklevel=4,
        )


def _weights(plan: ExperimentPlan, users: Mapping[str, int]) -> dict[str, float]:
    """Give the planned weight of each variant, the control first; a variant nobody planned is an error."""
    if plan.control not in users and plan.control not in (plan.split or {}):
        raise UnknownNameError("control variant", [plan.control], users, where="the exposures")
    unplanned = [variant for variant in users if plan.split is not None and variant not in plan.split]
    if unplanned:
        raise UnknownNameError("variant", unplanned, plan.split or {}, where="the plan's split")
    weights = dict(plan.split) if plan.split is not None else dict.fromkeys(users, 1.0)
    if len(weights) < 2:
        raise DataError(f"Only one variant was seen ({', '.join(users)}); an experiment compares at least two.")
    return {plan.control: weights.pop(plan.control), **weights}


def _compare(metric: Metric, number: int, sums: Sums, plan: ExperimentPlan, variant: str) -> Effect:
    if metric.kind == "conversion":
        counts = [_count(sums, variant, name, number) for name in ("total", "n")]
        counts += [_count(sums, plan.control, name, number) for name in ("total", "n")]
        return compare_shares(*counts, confidence=plan.confidence)
    return compare_means(_arm(sums, variant, number), _arm(sums, plan.control, number), confidence=plan.confidence)


def _counted(sums: Sums, number: int) -> int:
    """Count the units of all variants that were observed long enough for a metric."""
    return sum(_count(sums, variant, "n", number) for variant in sums)


def _count(sums: Sums, variant: str, name: str, number: int) -> int:
    """Read a count; a variant that nobody was exposed to has none."""
    value = _number(sums, variant, name, number)
    return 0 if math.isnan(value) else round(value)


def _arm(sums: Sums, variant: str, number: int) -> Arm:
    mean, variance = (_number(sums, variant, name, number) for name in ("mean", "variance"))
    return Arm(_count(sums, variant, "n", number), mean, variance)


def _number(sums: Sums, variant: str, name: str, number: int) -> float:
    value = sums.get(variant, {}).get(f"{name}_{number}")
    return math.nan if value is None else float(value)


def _row(
    metric: Metric, role: str, variant: str, effect: Effect, number: int, sums: Sums, control: str
) -> dict[str, object]:
    return {
        METRIC: metric.name,
        KIND: metric.kind,
        ROLE: role,
        VARIANT: variant,
        CONTROL_USERS: _count(sums, control, "n", number),
        VARIANT_USERS: _count(sums, variant, "n", number),
        CONTROL_VALUE: effect.control,
        VARIANT_VALUE: effect.variant,
        DIFFERENCE: effect.difference,
        CI_LOWER: effect.ci_lower,
        CI_UPPER: effect.ci_upper,
        LIFT: effect.lift,
        LIFT_CI_LOWER: effect.lift_ci_lower,
        LIFT_CI_UPPER: effect.lift_ci_upper,
        P_VALUE: effect.p_value,
        STATUS: guardrail_status(metric, effect) if role == "guardrail" else primary_status(metric, effect),
        METHOD: effect.method,
        REASON: effect.reason,
    }


def primary_status(metric: Metric, effect: Effect) -> str:
    """Name the direction of a primary effect, if its interval excludes no difference."""
    if math.isnan(effect.ci_lower) or effect.ci_lower <= 0 <= effect.ci_upper:
        return "unclear"
    return "better" if (effect.ci_lower > 0) == (metric.direction == "up") else "worse"


def guardrail_status(metric: Metric, effect: Effect) -> str:
    """Name a guardrail's state: worst case inside the tolerated harm, best case beyond it, or neither."""
    if math.isnan(effect.lift_ci_lower) or metric.max_harm is None:
        return "unclear"
    harm = (-effect.lift_ci_upper, -effect.lift_ci_lower)
    least, most = harm if metric.direction == "up" else (effect.lift_ci_lower, effect.lift_ci_upper)
    if most < metric.max_harm:
        return "safe"
    return "harm" if least > metric.max_harm else "watch"


def _withheld(numbers: pd.DataFrame) -> pd.DataFrame:
    """Blank every number of a result that cannot be trusted."""
    hidden = numbers.copy()
    hidden[list(NUMBERS)] = math.nan
    hidden[STATUS] = WITHHELD
    hidden[REASON] = "the validity gate failed"
    return hidden


def _claim(row: Mapping[str, Any], definition: str) -> Claim:
    relative = not math.isnan(row[LIFT_CI_LOWER])
    value, lower, upper = (
        (row[LIFT], row[LIFT_CI_LOWER], row[LIFT_CI_UPPER])
        if relative
        else (row[DIFFERENCE], row[CI_LOWER], row[CI_UPPER])
    )
    known = not math.isnan(lower)
    return Claim(
        id=f"experiment.{row[VARIANT]}.{row[METRIC]}",
        value=float(value) if known else None,
        unit="lift" if relative else "difference",
        definition=definition,
        ci_lower=float(lower) if known else None,
        ci_upper=float(upper) if known else None,
        n=int(row[VARIANT_USERS]),
        denominator=int(row[CONTROL_USERS]),
    )


def _definition(
    log: EventLog | None, exposures: Exposures, metrics: Sequence[tuple[Metric, str]], plan: ExperimentPlan
) -> str:
    listed = "; ".join(f"{metric.name} = {metric.definition}" for metric, _ in metrics)
    scope = (log or exposures.log).scope
    return (
        f"Experiment: units by their first exposure, control {plan.control!r}; {listed}; "
        f"{plan.confidence:.0%} intervals (shares: Newcombe; means: Welch; lifts: Fieller); {scope}."
    )
