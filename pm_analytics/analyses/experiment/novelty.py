"""Does the effect fade or grow? Day by day since each unit's own exposure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.experiment.counts.days import daily_arms
from pm_analytics.analyses.experiment.parts import View, chosen, require_trusted, say_p, variants_of
from pm_analytics.analyses.experiment.wording import say_metric
from pm_analytics.asking import check_whole
from pm_analytics.errors import DataError
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONTROL_USERS,
    CONTROL_VALUE,
    DAYS_SINCE,
    DIFFERENCE,
    ERROR,
    KIND,
    METRIC,
    VARIANT,
    VARIANT_USERS,
    VARIANT_VALUE,
)
from pm_analytics.results import Claim, records
from pm_analytics.stats.effects import compare_means
from pm_analytics.stats.trends import Trend, trend
from pm_analytics.stats.uneven import steadied
from pm_analytics.times import DAY, microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.effects import Arm

FADES = 0.05
MOST_DAYS = 60
FEWEST = 30
KINDS = ("conversion", "count", "mean")
COLUMNS = (
    METRIC, KIND, VARIANT, DAYS_SINCE, CONTROL_USERS, VARIANT_USERS, CONTROL_VALUE, VARIANT_VALUE, DIFFERENCE, CI_LOWER,
    CI_UPPER, ERROR,
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class EffectSinceExposure(View):
    """The effect on day 0, 1, 2 ... since exposure. See :func:`since_exposure`.

    Attributes
    ----------
    metric : Metric
        What is shown: what a unit did on that day.
    trends : mapping
        Variant -> the line through its daily effects.
    """

    metric: Metric
    trends: Mapping[str, Trend]

    def summary(self) -> str:
        """Say whether the effect fades, grows or holds."""
        return " ".join(self._say(variant, found) for variant, found in self.trends.items())

    def claims(self) -> list[Claim]:
        """List the slope of each variant's effect per day."""
        return [
            Claim(
                id=f"experiment.novelty.{variant}.{self.metric.name}",
                value=found.slope,
                unit="difference",
                definition=f"change of the effect per day since exposure: {self.definition}",
                ci_lower=found.safe.ci_lower,
                ci_upper=found.safe.ci_upper,
                n=found.days,
            )
            for variant, found in self.trends.items()
            if not found.reason
        ]

    def _say(self, variant: str, found: Trend) -> str:
        head = f"{self.metric.name}, {variant}"
        if found.reason:
            return f"{head}: {found.reason}."
        start, end = (say_metric(value, self.metric.kind, signed=True) for value in (found.start, found.end))
        if found.safe.p_value >= FADES:
            sure = say_p(found.safe.p_value)
            return f"{head}: the effect neither fades nor grows reliably over {found.days} days ({sure})."
        larger = "grows" if found.start * found.end >= 0 else "turns"
        toward = "fades" if abs(found.end) < abs(found.start) else larger
        return (
            f"{head}: the effect {toward}, from {start} on the first day to {end} on the last "
            f"({say_p(found.safe.p_value)}); what comes after launch is nearer to the last."
        )


def since_exposure(result: Outcome, metric: str | None = None, *, days: int = 28) -> EffectSinceExposure:
    """Follow the effect by days since exposure: novelty wears off, habits take time.

    Parameters
    ----------
    metric : str, optional
        A conversion, count or mean of the plan; the first primary one when not given. What is compared is what units
        did on that day alone.
    days : int
        So many days, as far as units have been watched and the metric's window goes, whole days only; at most 60.

    Returns
    -------
    EffectSinceExposure
        ``to_frame()``: one row per variant and day since exposure with users (those watched for all of the day),
        values, ``difference`` and its interval. The same people are there on many days, so the line's interval is
        widened to the scatter that is seen. Days that fewer than 30 units (or groups) of an arm have behind them are
        left out. Caps are those of whole windows, and not of days.

    Raises
    ------
    UnknownNameError, DataError, ParameterError
        No such metric; the gate failed; no log; a window shorter than a day; ``days`` is no whole number above 0.
    """
    require_trusted(result, "The effect by days since exposure")
    check_whole("days", days)
    _, asked, _ = chosen(result, metric, KINDS)
    log = result._units.asked.log  # noqa: SLF001 - its own room
    if log is None or asked.is_recorded:
        raise DataError("The effect by days since exposure needs a log of events; recorded outcomes have no days.")
    first, end = _days_of(asked, min(days, MOST_DAYS))
    arms = daily_arms(result._units, log, asked, most=end, cluster=result.plan.cluster)  # noqa: SLF001 - its own room
    rows = [
        _row(asked, variant, day, ours, theirs, result.confidence)
        for variant in variants_of(result)
        for day, (ours, theirs) in enumerate(zip(arms.get(variant, []), arms.get(result.control, []), strict=False))
        if day >= first and min(ours.n, theirs.n) >= FEWEST
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return EffectSinceExposure(
        _table=table,
        definition=f"{asked.name} on each day since exposure alone: {result.definition}",
        basis=result.basis,
        metric=asked,
        trends={variant: _trend(table, variant, result.confidence) for variant in variants_of(result)},
    )


def _days_of(metric: Metric, most: int) -> tuple[int, int]:
    """Give the first whole day since exposure that counts for a metric, and the first one after the last."""
    first = 0 if metric.after is None else -(-microseconds(metric.after) // DAY)
    end = most if metric.within is None else min(most, microseconds(metric.within) // DAY)
    if first >= end:
        raise DataError(
            f"No whole day since exposure (of the first {most}) lies in the window of {metric.name!r}, so there is no "
            "effect by day to follow. Ask for a metric with a longer window, or for more days."
        )
    return first, end


def _row(metric: Metric, variant: str, day: int, ours: Arm, theirs: Arm, confidence: float) -> dict[str, object]:
    effect = compare_means(*steadied(ours, theirs), confidence=confidence)
    return {
        METRIC: metric.name,
        KIND: metric.kind,
        VARIANT: variant,
        DAYS_SINCE: day,
        CONTROL_USERS: theirs.n,
        VARIANT_USERS: ours.n,
        CONTROL_VALUE: effect.control,
        VARIANT_VALUE: effect.variant,
        DIFFERENCE: effect.difference,
        CI_LOWER: effect.ci_lower,
        CI_UPPER: effect.ci_upper,
        ERROR: effect.error,
    }


def _trend(table: pd.DataFrame, variant: str, confidence: float) -> Trend:
    rows = [row for row in records(table) if row[VARIANT] == variant] if len(table) else []
    return trend(
        [row[DIFFERENCE] for row in rows],
        [row[ERROR] or math.nan for row in rows],
        days=[row[DAYS_SINCE] + 1 for row in rows],
        confidence=confidence,
    )
