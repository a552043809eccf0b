"""Experiment: the public function, and the way from exposures and events to a judged table."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics import engine
from pm_analytics.analyses.experiment import comparing, gate
from pm_analytics.analyses.experiment.counts import Asked, Units, exposed_units, unit_values, units_per_variant
from pm_analytics.analyses.experiment.deciding import decision_of
from pm_analytics.analyses.experiment.exposures import Exposures
from pm_analytics.analyses.experiment.looks import reading_of
from pm_analytics.analyses.experiment.result import ExperimentResult
from pm_analytics.analyses.experiment.roles import blank, judge
from pm_analytics.errors import DataError, ParameterError, PmAnalyticsWarning, UnknownNameError, did_you_mean
from pm_analytics.results import records
from pm_analytics.times import microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.analyses.experiment.roles import Judged
    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

WITHHELD = "withheld"


def experiment(
    log: EventLog | None,
    exposures: Exposures | pd.DataFrame,
    plan: ExperimentPlan,
    *,
    earlier_looks: Sequence[int] | None = None,
) -> ExperimentResult:
    """Compare variants with their control, if the comparison can be trusted.

    First the validity gate: units fell into the variants as planned (sample ratio), were shown what they were
    assigned, and met one variant each. If a check fails, all numbers are null and ``summary()`` says what to look at.

    Parameters
    ----------
    log : EventLog or None
        Events around exposure; None when every metric is recorded with the exposures.
    exposures : Exposures or DataFrame
        Which unit met which variant, and when. A frame with the usual column names may be passed as it is.
    plan : ExperimentPlan
        Primary metrics, guardrails, control, planned split, looks.
    earlier_looks : sequence of int, optional
        For a plan with several looks: the units of all variants together at each look that was taken before this one.
        The planned ones that lie behind, when not given.

    Returns
    -------
    ExperimentResult
        ``to_frame()``: one row per metric and variant: ``metric``, ``kind``, ``role``, ``variant``, ``control_users``
        and ``variant_users`` (units observed long enough), ``control_value``, ``variant_value`` (a share, or a mean per
        unit), ``difference`` (absolute) with ``ci_lower``, ``ci_upper``; ``lift`` (relative, 0 = no change) with its
        interval; ``p_value`` (absolute scale; of a guardrail: that the harm is not within what is tolerated);
        ``adjusted_p_value`` (for several variants or metrics); ``confidence`` of this row's intervals, chosen so that
        they exclude zero exactly when the adjusted p-value is below the plan's level; ``detectable_lift`` (what such
        data finds with the planned power); ``variance_reduction`` by what was known before; ``status``; ``method``;
        ``reason`` why something is null.
        Shares: Newcombe interval, pooled z or Fisher test. Means: Welch; where one arm is more than twice as large as
        the other, with a common variance if the difference is less certain then. Ratios: delta method. Lifts: MOVER for
        shares, Fieller else.
        Status of a primary or exploratory metric: ``better``, ``worse`` or ``unclear``; of a guardrail: ``safe`` (worst
        case inside the tolerated harm), ``watch`` (the interval crosses it), ``harm`` (best case beyond it) or
        ``unclear``.

    Raises
    ------
    UnknownNameError
        The control, or a property, does not exist.
    DataError, ParameterError
        Only one variant; a metric that needs a log when none is given.

    Warns
    -----
    PmAnalyticsWarning
        A metric's event never occurs in the log; it counts zero.
    """
    exposures = exposures if isinstance(exposures, Exposures) else Exposures.from_frame(exposures)
    metrics = plan.metrics()
    check_metrics(log, exposures, [metric for metric, _ in metrics])
    check_properties(exposures, plan)
    asked = asked_of(log, exposures, plan)
    ahead = comparing.ahead_of_judging(asked, plan)
    exposed = exposed_units(exposures)
    weights = weights_of(plan, exposed)
    units = Units(
        kept(asked), asked, exposed, ahead if _is_plain(asked) and not exposures.found["mismatched"] else None
    )
    users = exposed if plan.trigger is None else units_per_variant(units.table)
    estimates = comparing.estimates(units, plan, [variant for variant in weights if variant != plan.control])
    _refuse_missing(estimates, users, plan.control, plan.cluster)
    found = gate.checks(units, plan, users, weights, estimates)
    reading = reading_of(plan, earlier_looks, weights)
    judged = [_without_broken(each) for each in judge(estimates, plan, reading)]
    trusted = all(check.status != "failed" for check in found)
    numbers = _table(judged, plan)
    shown = numbers if trusted else _table([blank(j, WITHHELD, "the validity gate failed") for j in judged], plan)
    return ExperimentResult(
        _table=shown,
        definition=_definition(log, exposures, metrics, plan),
        basis=f"{', '.join(f'{variant} {n:,}' for variant, n in users.items())} units{_known(log, exposures)}",
        _numbers=numbers,
        _judged=tuple(judged),
        _units=units,
        plan=plan,
        checks=tuple(found),
        users=users,
        immature=_immature(estimates, users, plan),
        deviations=tuple(plan.deviations()),
        decision=decision_of(units, plan, reading, records(numbers), found),
        reading=reading,
    )


def kept(asked: Asked) -> Any:  # noqa: ANN401
    """Keep the table of units, since every view asks it; what has one row per unit already is only pointed at."""
    table = unit_values(asked)
    return table if _is_plain(asked) else engine.kept(table, "units")


def _is_plain(asked: Asked) -> bool:
    """Tell whether the exposures have one row per unit already, with every outcome beside it."""
    return asked.log is None and not asked.exposures.found["repeated"]


def weights_of(plan: ExperimentPlan, users: Mapping[str, int]) -> dict[str, float]:
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


def asked_of(log: EventLog | None, exposures: Exposures, plan: ExperimentPlan) -> Asked:
    """Say what the table of units is to hold for a plan."""
    properties = [*plan.covariates, *([plan.cluster] if plan.cluster else []), *plan.segments]
    before = None if plan.pre_period is None else microseconds(parse_duration(plan.pre_period, name="pre_period"))
    metrics = [metric for metric, _ in plan.metrics()]
    return Asked(log, exposures, metrics, before, tuple(dict.fromkeys(properties)), plan.trigger)


def check_metrics(log: EventLog | None, exposures: Exposures, metrics: Sequence[Metric]) -> None:
    """Refuse metrics that nothing was recorded for, before any query runs."""
    names = log.event_names() if log is not None else []
    for metric in metrics:
        if metric.is_recorded:
            columns = (metric.value, metric.before, metric.per if metric.per != "rows" else None)
            named = [column for column in columns if column is not None]
            exposures.log.require_columns(named)
            _check_numbers(exposures, metric, named)
        elif log is None:
            raise ParameterError(f"The metric {metric.name!r} counts events, so experiment() needs a log.")
        elif not exposures.dated:
            raise ParameterError(
                f"The metric {metric.name!r} counts events after exposure, and the exposures have no time. Name its "
                "column with time='...'."
            )
        else:
            log.require_columns([name for name in (metric.value, metric.per_value, *metric.where) if name is not None])
            _warn_of_absent_events(metric, names)


def _check_numbers(exposures: Exposures, metric: Metric, columns: Sequence[str]) -> None:
    """Refuse a recorded outcome that is text: nothing can be counted or summed of it."""
    for column in columns:
        kind = exposures.log.table[column].type()
        if not (kind.is_numeric() or kind.is_boolean()):
            raise DataError(
                f"The column {column!r} of the metric {metric.name!r} holds {kind}, not numbers. Turn it into 0 and 1, "
                "or into amounts, where the exposures are made."
            )


def _refuse_missing(estimates: Sequence[Estimate], users: Mapping[str, int], control: str, cluster: str | None) -> None:
    """Stop where a plan says that nothing may be missing, and something is."""
    for each in estimates if cluster is None else ():  # groups are counted then, not units
        gone = users.get(each.variant, 0) - each.variant_users, users.get(control, 0) - each.control_users
        if each.metric.is_recorded and each.metric.missing == "refuse" and any(gone):
            raise DataError(
                f"The metric {each.metric.name!r} has no value for {gone[0]:,} units of {each.variant} and {gone[1]:,} "
                f"of {control}, and missing='refuse' allows none. Find out why, or say what a null means: 'exclude' or "
                "'zero'."
            )


def _warn_of_absent_events(metric: Metric, names: Sequence[str]) -> None:
    """Warn instead of raising: a week without a single crash is good news, not an error."""
    for event in dict.fromkeys([*metric.steps, metric.event, metric.per]):
        if event is not None and event not in names:
            warnings.warn(
                f"The event {event!r} of the metric {metric.name!r} never occurs in this log, so it counts zero"
                f"{did_you_mean(event, names)}.",
                PmAnalyticsWarning,
                stacklevel=4,
            )


def check_properties(exposures: Exposures, plan: ExperimentPlan) -> None:
    """Refuse properties that the exposures do not carry."""
    wanted = [*plan.covariates, *plan.segments, *([plan.cluster] if plan.cluster else [])]
    missing = [name for name in wanted if name not in exposures.log.properties]
    if missing:
        raise UnknownNameError("property", missing, exposures.log.properties, where="the exposures")


def _without_broken(judged: Judged) -> Judged:
    """Take away the numbers of a metric whose values cannot be what it says."""
    return blank(judged, "unclear", judged.estimate.broken) if judged.estimate.broken else judged


def _table(judged: Sequence[Judged], plan: ExperimentPlan) -> pd.DataFrame:
    return pd.DataFrame([each.row(plan.power, plan.confidence_alpha) for each in judged])


def _immature(estimates: Sequence[Estimate], users: Mapping[str, int], plan: ExperimentPlan) -> dict[str, int]:
    """Count the units that are in no number of a metric, over all variants."""
    if plan.cluster is not None:
        return {}  # groups are counted then, and none is left out
    counted: dict[str, dict[str, int]] = {}
    for each in estimates:
        counted.setdefault(each.metric.name, {})[plan.control] = each.control_users
        counted[each.metric.name][each.variant] = each.variant_users
    return {name: sum(users.values()) - sum(per_variant.values()) for name, per_variant in counted.items()}


def _definition(
    log: EventLog | None, exposures: Exposures, metrics: Sequence[tuple[Metric, str]], plan: ExperimentPlan
) -> str:
    listed = "; ".join(f"{metric.name} = {metric.definition}" for metric, _ in metrics)
    parts = [
        f"Experiment: units by their first exposure{_trigger(plan)}, control {plan.control!r}",
        listed,
        *adjustments(plan),
        f"{plan.confidence:.4%}".rstrip("0%").rstrip(".")
        + "% intervals (shares: Newcombe; means: Welch; lifts: MOVER and Fieller)",
        *([f"plan {plan.fingerprint}, frozen on {plan.frozen_on}"] if plan.frozen_on else []),
        *([(log or exposures.log).scope] if exposures.dated else exposures.log.filters),
    ]
    return "; ".join(parts) + "."


def _known(log: EventLog | None, exposures: Exposures) -> str:
    """Say until when events are known; nothing of exposures without a time."""
    return f"; {(log or exposures.log).basis}" if exposures.dated else "; times not known"


def _trigger(plan: ExperimentPlan) -> str:
    return "" if plan.trigger is None else f", compared from their first {plan.trigger!r} after it on"


def adjustments(plan: ExperimentPlan) -> list[str]:
    """Say what is taken out of the metrics, and over what intervals are."""
    said = []
    if plan.pre_period is not None:
        said.append(
            f"adjusted for the {say_duration(parse_duration(plan.pre_period, name='pre_period'))} before exposure"
        )
    if plan.covariates:
        said.append(f"adjusted for {', '.join(plan.covariates)}")
    if plan.cluster:
        said.append(f"intervals over {plan.cluster}")
    return said
