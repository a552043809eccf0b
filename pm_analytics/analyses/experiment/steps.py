"""A funnel, compared step by step: where the difference arises. And waiting times, as curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.comparing import at as groups_of
from pm_analytics.analyses.experiment.counts import Layout, clustered, moments
from pm_analytics.analyses.experiment.counts.values import step
from pm_analytics.analyses.experiment.counts.waiting import waits
from pm_analytics.analyses.experiment.estimates import Estimate, estimate
from pm_analytics.analyses.experiment.parts import View, chosen, require_trusted, say_p, variants_of
from pm_analytics.analyses.experiment.roles import UNCLEAR, direction_of
from pm_analytics.names import (
    AT_RISK,
    CI_LOWER,
    CI_UPPER,
    CONTROL_USERS,
    CONTROL_VALUE,
    CONVERTED_SHARE,
    DAYS_SINCE,
    DIFFERENCE,
    KIND,
    METRIC,
    P_VALUE,
    REASON,
    STATUS,
    STEP,
    STEP_NUMBER,
    VARIANT,
    VARIANT_USERS,
    VARIANT_VALUE,
    WAY,
)
from pm_analytics.results import Claim, records
from pm_analytics.stats.effects import compare_shares
from pm_analytics.stats.multiplicity import holm
from pm_analytics.stats.survival import kaplan_meier
from pm_analytics.stats.waiting import LogRank, log_rank, medians
from pm_analytics.times import DAY, say_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.effects import Effect
    from pm_analytics.stats.survival import CurvePoint

OF_ALL, OF_STEP = "of all exposed", "of those who made the step before"
ARISES = 0.05
"""Below this p-value, after Holm over the steps, a difference is said to arise at a step."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class StepEffects(View):
    """The effect on each step of a funnel. See :func:`step_effects`."""

    metric: Metric

    def summary(self) -> str:
        """Name the step where the difference arises, if any; the more steps, the more it takes (Holm)."""
        said = []
        for variant in dict.fromkeys(row[VARIANT] for row in records(self._table)):
            rows = [row for row in records(self._table) if row[VARIANT] == variant and row[WAY] == OF_STEP]
            adjusted = holm([float(row[P_VALUE]) for row in rows])
            known = [(p, row) for p, row in zip(adjusted, rows, strict=True) if p < ARISES and row[STATUS] != UNCLEAR]
            if not known:
                said.append(f"{variant}: no step by itself shows a difference.")
                continue
            first = min(known, key=lambda pair: float(pair[1][P_VALUE]))[1]
            said.append(
                f"{variant}: the difference arises at step {first[STEP_NUMBER]}, {first[STEP]!r}: "
                f"{first[VARIANT_VALUE]:.1%} against {first[CONTROL_VALUE]:.1%} {OF_STEP} ({first[STATUS]})."
            )
        return " ".join(said)

    def claims(self) -> list[Claim]:
        """List each step's difference."""
        return [
            Claim.of_row(
                row,
                DIFFERENCE,
                id=f"experiment.step_{row[STEP_NUMBER]}.{row[WAY].replace(' ', '_')}.{row[VARIANT]}",
                unit="difference",
                definition=f"{row[STEP]} {row[WAY]}: {self.definition}",
                n=int(row[VARIANT_USERS]),
                denominator=int(row[CONTROL_USERS]),
            )
            for row in records(self._table)
        ]


def step_effects(result: Outcome, metric: str | None = None) -> StepEffects:
    """Compare the variants at each step of a funnel metric.

    Returns
    -------
    StepEffects
        ``to_frame()``: per variant and step two rows, by ``way``: the share of all exposed units that got there, and
        the share of those who made the step before. The latter compare units that the variant itself may have picked:
        they locate a difference, and are no effect of their own.

    Raises
    ------
    UnknownNameError, DataError
        No such funnel in the plan; the gate failed.
    """
    require_trusted(result, "The effect by step")
    number, asked, role = chosen(result, metric, ["funnel"])
    table = result._units.table  # noqa: SLF001 - its own room
    layouts = [Layout(at, (step(number, at),), shifted=False) for at in range(1, len(asked.steps) + 1)]
    counts = {key[0]: _reached([part.moments for part in parts]) for key, parts in moments(table, layouts).items()}
    over = None if result.plan.cluster is None else _over_groups(result, number, asked, role)
    places = [(at, way) for at in range(1, len(asked.steps) + 1) for way in (OF_ALL, OF_STEP)]
    rows: list[dict[str, Any]] = []
    for variant in variants_of(result):
        for at, way in places:
            ours, theirs = (counts.get(name, [0] * (at + 1)) for name in (variant, result.control))
            below = 0 if way == OF_ALL else at - 1
            effect = (
                compare_shares(ours[at], ours[below], theirs[at], theirs[below], confidence=result.confidence)
                if over is None
                else over[variant, at, way].effect(result.confidence)
            )
            rows.append(_row(asked, variant, at, way, effect, (ours[below], theirs[below])))
    return StepEffects(
        _table=pd.DataFrame(rows),
        definition=f"{asked.name} by step: {result.definition}",
        basis=result.basis,
        metric=asked,
    )


def _over_groups(result: Outcome, number: int, asked: Metric, role: str) -> dict[tuple[str, int, str], Estimate]:
    """Compare each step as a ratio of sums over the groups that chance decided on."""
    places = [(at, way) for at in range(1, len(asked.steps) + 1) for way in (OF_ALL, OF_STEP)]
    targets = [
        (step(number, at), step(number, at - 1)) if way == OF_STEP and at > 1 else (step(number, at),)
        for at, way in places
    ]
    layouts = [Layout(place, target, shifted=False) for place, target in enumerate(targets)]
    table, made = clustered(result._units.table, str(result.plan.cluster), layouts)  # noqa: SLF001 - its own room
    sums = moments(table, made)
    return {
        (variant, *where): estimate(
            asked, role, variant, result.control, made[place], groups_of(sums, place, [result.control, variant])
        )
        for variant in variants_of(result)
        for place, where in enumerate(places)
    }


def _reached(parts: list[Any]) -> list[int]:
    """Give the units in all, then those at each step."""
    return [parts[0].n, *(round(part.n * part.means[0]) if part.n else 0 for part in parts)]


def _row(metric: Metric, variant: str, at: int, way: str, effect: Effect, users: tuple[int, int]) -> dict[str, Any]:
    return {
        METRIC: metric.name,
        KIND: metric.kind,
        VARIANT: variant,
        STEP_NUMBER: at,
        STEP: metric.steps[at - 1],
        WAY: way,
        CONTROL_USERS: users[1],
        VARIANT_USERS: users[0],
        CONTROL_VALUE: effect.control,
        VARIANT_VALUE: effect.variant,
        DIFFERENCE: effect.difference,
        CI_LOWER: effect.ci_lower,
        CI_UPPER: effect.ci_upper,
        P_VALUE: effect.p_value,
        STATUS: direction_of(metric, effect),
        REASON: effect.reason,
    }


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class WaitingCurves(View):
    """Who did it by when, per variant. See :func:`waiting_curves`.

    Attributes
    ----------
    metric : Metric
        What was waited for.
    test : LogRank
        Whether the variants wait alike, at any time; undefined where chance decided on groups.
    medians : mapping
        Variant -> days by which half did it; NaN where fewer than half did.
    means : mapping
        Variant -> difference of the mean days without it, up to the window (restricted mean), as the result judged it;
        empty where chance decided on groups.
    """

    metric: Metric
    test: LogRank
    medians: Mapping[str, float]
    means: Mapping[str, Effect]

    def summary(self) -> str:
        """Say how soon half of each variant did it, whether the curves differ, and by how many days on average."""
        halves = [
            f"half of {variant} did it within {days:.2g} days"
            if not math.isnan(days)
            else f"fewer than half of {variant} did it"
            for variant, days in self.medians.items()
        ]
        said = [f"{self.metric.name}: {', '.join(halves) or 'nobody was watched'}.", self._say_test()]
        said += [self._say_mean(variant, effect) for variant, effect in self.means.items()]
        return " ".join(said)

    def _say_test(self) -> str:
        if math.isnan(self.test.p_value):
            return f"The curves are not tested: {self.test.reason}."
        differ = "differ" if self.test.p_value < 0.05 else "do not differ reliably"
        return f"The curves {differ} (log-rank {say_p(self.test.p_value)})."

    def _say_mean(self, variant: str, effect: Effect) -> str:
        if math.isnan(effect.ci_lower):
            return f"{variant}: mean days without it are not compared; {effect.reason or 'they are not known'}."
        window = "" if self.metric.within is None else f" in the first {say_duration(self.metric.within)}"
        ends = f"{effect.ci_lower:+.3g} to {effect.ci_upper:+.3g}"
        return f"Mean days without it{window}, {variant} less control: {effect.difference:+.3g} ({ends})."

    def claims(self) -> list[Claim]:
        """List the medians, and the differences of the means."""
        return [
            Claim(
                id=f"experiment.median_days.{variant}.{self.metric.name}",
                value=None if math.isnan(days) else days,
                unit="days",
                definition=self.definition,
            )
            for variant, days in self.medians.items()
        ] + [
            Claim(
                id=f"experiment.mean_days.{variant}.{self.metric.name}",
                value=effect.difference,
                unit="days",
                definition=f"mean days without it, variant minus control: {self.definition}",
                ci_lower=effect.ci_lower,
                ci_upper=effect.ci_upper,
            )
            for variant, effect in self.means.items()
            if not math.isnan(effect.ci_lower)
        ]


def waiting_curves(result: Outcome, metric: str | None = None) -> WaitingCurves:
    """Give the Kaplan-Meier curves of a time-to-event metric.

    Returns
    -------
    WaitingCurves
        ``to_frame()``: one row per variant and time, from exposure to the end of the watch:
        ``days_since_exposure``, ``at_risk``, ``converted_share`` (the share that has done it by then) with its
        pointwise interval; null before the first, and where chance decided on groups, of which it would know nothing.

    Raises
    ------
    UnknownNameError, DataError
        No such metric in the plan; the gate failed.
    """
    require_trusted(result, "The waiting curves")
    _, asked, _ = chosen(result, metric, ["time"])
    groups, cluster = waits(result._units, asked), result.plan.cluster  # noqa: SLF001 - its own room
    rows = [
        _point(variant, *point)
        for variant, counted in groups.items()
        for point in _steps_of(kaplan_meier(counted, confidence=result.confidence), known=cluster is None)
    ]
    own = [each for each in result._judged if each.estimate.metric.name == asked.name]  # noqa: SLF001 - its own room
    return WaitingCurves(
        _table=pd.DataFrame(rows, columns=[KIND, VARIANT, DAYS_SINCE, AT_RISK, CONVERTED_SHARE, CI_LOWER, CI_UPPER]),
        definition=f"{asked.name}, Kaplan-Meier: {result.definition}",
        basis=result.basis,
        metric=asked,
        test=log_rank(list(groups.values())) if cluster is None else _untested(cluster),
        medians={variant: days / DAY for variant, days in medians(groups).items()},
        means={each.estimate.variant: each.effect for each in own} if cluster is None else {},
    )


def _untested(cluster: str) -> LogRank:
    reason = f"chance decided on {cluster}, and the log-rank test takes every unit for a draw of its own"
    return LogRank(math.nan, 0, math.nan, reason=reason)


def _steps_of(curve: Sequence[CurvePoint], *, known: bool) -> list[tuple[float, int, float, float, float]]:
    """Lay a curve out: from nobody at exposure over every step of it to the end of the watch."""
    if not curve:
        return []
    ends = (0.0, 0.0) if known else (math.nan, math.nan)
    found = [(0.0, curve[0].at_risk, 0.0, *ends)]
    for point in curve:
        if point.events or point is curve[-1]:
            # Before the first event nothing is known of the spread, and at the end it is as after the last one.
            ends = (point.ci_lower, point.ci_upper) if known else ends
            found.append((point.time / DAY, point.at_risk, point.share, *ends))
    return found


def _point(variant: str, days: float, at_risk: int, share: float, lower: float, upper: float) -> dict[str, Any]:
    return {
        KIND: "time",
        VARIANT: variant,
        DAYS_SINCE: days,
        AT_RISK: at_risk,
        CONVERTED_SHARE: share,
        CI_LOWER: lower,
        CI_UPPER: upper,
    }
