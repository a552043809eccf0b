"""A funnel, compared step by step: where the difference arises. And waiting times, as curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.counts import Layout, moments
from pm_analytics.analyses.experiment.counts.values import step
from pm_analytics.analyses.experiment.counts.waiting import waits
from pm_analytics.analyses.experiment.parts import View, chosen, require_trusted, say_p, variants_of
from pm_analytics.analyses.experiment.roles import direction_of
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
from pm_analytics.stats.survival import kaplan_meier
from pm_analytics.stats.waiting import LogRank, log_rank, medians
from pm_analytics.times import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.metrics import Metric

OF_ALL, OF_STEP = "of all exposed", "of those who made the step before"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class StepEffects(View):
    """The effect on each step of a funnel. See :func:`step_effects`."""

    metric: Metric

    def summary(self) -> str:
        """Name the step where the difference arises, if any."""
        said = []
        for variant in dict.fromkeys(row[VARIANT] for row in records(self._table)):
            rows = [row for row in records(self._table) if row[VARIANT] == variant and row[WAY] == OF_STEP]
            found = [row for row in rows if row[STATUS] != "unclear"]
            if not found:
                said.append(f"{variant}: no step by itself shows a difference.")
                continue
            first = min(found, key=lambda row: float(row[P_VALUE]))
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
    number, asked, _ = chosen(result, metric, ["funnel"])
    layouts = [Layout(at, (step(number, at),), shifted=False) for at in range(1, len(asked.steps) + 1)]
    sums = moments(result._units.table, layouts)  # noqa: SLF001 - its own room
    counts = {key[0]: _reached([part.moments for part in parts]) for key, parts in sums.items()}
    rows = [
        _row(asked, variant, at, way, counts, result)
        for variant in variants_of(result)
        for at in range(1, len(asked.steps) + 1)
        for way in (OF_ALL, OF_STEP)
    ]
    return StepEffects(
        _table=pd.DataFrame(rows),
        definition=f"{asked.name} by step: {result.definition}",
        basis=result.basis,
        metric=asked,
    )


def _reached(parts: list[Any]) -> list[int]:
    """Give the units in all, then those at each step."""
    return [parts[0].n, *(round(part.n * part.means[0]) if part.n else 0 for part in parts)]


def _row(
    metric: Metric, variant: str, at: int, way: str, counts: Mapping[str, list[int]], result: Outcome
) -> dict[str, Any]:
    below = 0 if way == OF_ALL else at - 1
    ours, theirs = counts.get(variant, [0] * (at + 1)), counts.get(result.control, [0] * (at + 1))
    effect = compare_shares(ours[at], ours[below], theirs[at], theirs[below], confidence=result.confidence)
    return {
        METRIC: metric.name,
        KIND: metric.kind,
        VARIANT: variant,
        STEP_NUMBER: at,
        STEP: metric.steps[at - 1],
        WAY: way,
        CONTROL_USERS: theirs[below],
        VARIANT_USERS: ours[below],
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
        Whether the variants wait alike, at any time.
    medians : mapping
        Variant -> days by which half did it; NaN where fewer than half did.
    """

    metric: Metric
    test: LogRank
    medians: Mapping[str, float]

    def summary(self) -> str:
        """Say how soon half of each variant did it, and whether the curves differ."""
        halves = ", ".join(
            f"{variant} {days:.1f} days" if not math.isnan(days) else f"{variant} fewer than half did"
            for variant, days in self.medians.items()
        )
        if math.isnan(self.test.p_value):
            return f"{self.metric.name}: it happened to nobody, so there is nothing to compare."
        differ = "differ" if self.test.p_value < 0.05 else "do not differ reliably"
        sure = say_p(self.test.p_value)
        return f"{self.metric.name}: half did it within: {halves}. The curves {differ} (log-rank {sure})."

    def claims(self) -> list[Claim]:
        """List the medians."""
        return [
            Claim(
                id=f"experiment.median_days.{variant}.{self.metric.name}",
                value=None if math.isnan(days) else days,
                unit="days",
                definition=self.definition,
            )
            for variant, days in self.medians.items()
        ]


def waiting_curves(result: Outcome, metric: str | None = None) -> WaitingCurves:
    """Give the Kaplan-Meier curves of a time-to-event metric.

    Returns
    -------
    WaitingCurves
        ``to_frame()``: one row per variant and time: ``days_since_exposure``, ``at_risk``, ``converted_share`` (the
        share that has done it by then) with its pointwise interval.

    Raises
    ------
    UnknownNameError, DataError
        No such metric in the plan; the gate failed.
    """
    require_trusted(result, "The waiting curves")
    _, asked, _ = chosen(result, metric, ["time"])
    groups = waits(result._units, asked)  # noqa: SLF001 - its own room
    rows = [
        {
            KIND: "time",
            VARIANT: variant,
            DAYS_SINCE: point.time / DAY,
            AT_RISK: point.at_risk,
            CONVERTED_SHARE: point.share,
            CI_LOWER: point.ci_lower,
            CI_UPPER: point.ci_upper,
        }
        for variant, counted in groups.items()
        for point in kaplan_meier(counted, confidence=result.confidence)
        if point.events
    ]
    return WaitingCurves(
        _table=pd.DataFrame(rows, columns=[KIND, VARIANT, DAYS_SINCE, AT_RISK, CONVERTED_SHARE, CI_LOWER, CI_UPPER]),
        definition=f"{asked.name}, Kaplan-Meier: {result.definition}",
        basis=result.basis,
        metric=asked,
        test=log_rank(list(groups.values())),
        medians={variant: days / DAY for variant, days in medians(groups).items()},
    )
