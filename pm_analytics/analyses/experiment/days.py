"""How the effect settled: cumulative by day with a band that allows looking, and each day's newcomers by themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.comparing import layouts_of
from pm_analytics.analyses.experiment.counts import cap_of, capped, clustered, moments
from pm_analytics.analyses.experiment.counts.moments import Summed, with_day
from pm_analytics.analyses.experiment.counts.values import SUMMED
from pm_analytics.analyses.experiment.estimates import estimate
from pm_analytics.analyses.experiment.parts import View, chosen, require_trusted, variants_of
from pm_analytics.analyses.experiment.wording import say_metric
from pm_analytics.errors import DataError
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONTROL_USERS,
    DAY,
    DIFFERENCE,
    KIND,
    LIFT,
    METRIC,
    REASON,
    SAFE_CI_LOWER,
    SAFE_CI_UPPER,
    VARIANT,
    VARIANT_USERS,
)
from pm_analytics.results import Claim, records
from pm_analytics.stats.sequential import SMALLEST_ARM, sequence_interval
from pm_analytics.times import from_microseconds, microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.counts import Layout
    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.metrics import Metric

_EPOCH = date(1970, 1, 1)
KINDS = (*sorted(SUMMED), "funnel")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class EffectByDay(View):
    """The effect day by day. See :func:`by_day` for the columns.

    Attributes
    ----------
    metric : Metric
        What is shown.
    cumulative : bool
        Whether each row holds everybody up to its day, or only those of the day.
    confidence : float
        Coverage of both intervals.
    """

    metric: Metric
    cumulative: bool
    confidence: float

    def summary(self) -> str:
        """Say where the effect stands, and whether a band that allows looking excludes no effect."""
        return " ".join(self._say(variant, rows) for variant, rows in self._by_variant().items())

    def headline(self) -> str:
        """Say it in a line."""
        return self.summary()

    def claims(self) -> list[Claim]:
        """List the last difference of each variant, with the interval that allows looking."""
        return [
            Claim(
                id=f"experiment.{'over_time' if self.cumulative else 'by_day'}.{variant}.{self.metric.name}",
                value=float(rows[-1][DIFFERENCE]),
                unit="difference",
                definition=self.definition,
                ci_lower=float(rows[-1][CI_LOWER]),
                ci_upper=float(rows[-1][CI_UPPER]),
                n=int(rows[-1][VARIANT_USERS]),
                denominator=int(rows[-1][CONTROL_USERS]),
            )
            for variant, rows in self._by_variant().items()
            if not math.isnan(rows[-1][CI_LOWER])
        ]

    def _by_variant(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in records(self._table):
            found.setdefault(row[VARIANT], []).append(row)
        return found

    def _say(self, variant: str, rows: Sequence[dict[str, Any]]) -> str:
        if not self.cumulative:
            return f"{self.metric.name}, {variant}: {len(rows)} days, each by itself; single days are mostly noise."
        last = rows[-1]
        value = say_metric(last[DIFFERENCE], last[KIND], signed=True)
        if math.isnan(last[SAFE_CI_LOWER]):
            return f"{self.metric.name}, {variant}: {value} so far; too early for a band that allows looking."
        crossed = next((row for row in rows if row[SAFE_CI_LOWER] > 0 or row[SAFE_CI_UPPER] < 0), None)
        band = f"{say_metric(last[SAFE_CI_LOWER], last[KIND], signed=True)} to " + say_metric(
            last[SAFE_CI_UPPER], last[KIND], signed=True
        )
        when = (
            f"it first excluded no effect on {crossed[DAY]}"
            if crossed is not None
            else "it never excluded no effect, whatever single days looked like"
        )
        head = f"{self.metric.name}, {variant}: {value} by {last[DAY]}"
        return f"{head}; the band that allows looking is {band}, and {when}."


def by_day(result: Outcome, metric: str | None = None, *, cumulative: bool = True) -> EffectByDay:
    """Follow the effect over the days of the experiment.

    Parameters
    ----------
    metric : str, optional
        Name of a metric of the plan; the first primary one when not given.
    cumulative : bool
        Everybody up to a day, or the units of each day alone. A unit counts on the day on which its window was over
        (without a window: on the day of its exposure).

    Returns
    -------
    EffectByDay
        ``to_frame()``: one row per variant and day: users, ``difference``, ``lift``, the plain interval, and
        ``safe_ci_lower``/``safe_ci_upper``, a confidence sequence: looking at every day of it is allowed for. Null
        while an arm has fewer than 100 units.

    Raises
    ------
    UnknownNameError, DataError
        No such metric, or one that is no sum over units; the gate failed; the times of exposure are not known.
    """
    require_trusted(result, "The effect over time")
    units, plan = result._units, result.plan  # noqa: SLF001 - its own room
    if not units.asked.exposures.dated:
        raise DataError("The exposures have no time, so there is no effect over time. Name its column with time='...'.")
    number, asked, role = chosen(result, metric, KINDS)
    log = units.asked.log or units.asked.exposures.log
    table = units.table if asked.cap is None else capped(units.table, {number: cap_of(units.table, number, asked.cap)})
    table = with_day(table, microseconds(asked.within) if asked.within else 0, log.timezone, log.observed_until)
    layouts = layouts_of(units, plan, [(number, asked, role)])
    if plan.cluster:
        table, layouts = clustered(table, plan.cluster, layouts, [DAY])
    sums = moments(table, layouts, by=[DAY])
    last = (from_microseconds(log.observed_until, log.timezone).date() - _EPOCH).days
    days = sorted({int(key[1]) for key in sums if int(key[1]) <= last})
    rows = [
        row
        for variant in variants_of(result)
        for row in _rows(result, asked, role, variant, layouts[0], sums, days, cumulative=cumulative)
    ]
    how = "cumulative by the day on which a unit's window was over" if cumulative else "by day"
    return EffectByDay(
        _table=pd.DataFrame(rows),
        definition=f"{asked.name} {how}: {result.definition}",
        basis=result.basis,
        metric=asked,
        cumulative=cumulative,
        confidence=plan.confidence,
    )


def _rows(
    result: Outcome,
    metric: Metric,
    role: str,
    variant: str,
    layout: Layout,
    sums: dict[tuple[Any, ...], list[Summed]],
    days: Sequence[int],
    *,
    cumulative: bool,
) -> list[dict[str, Any]]:
    so_far: dict[str, Summed] = {}
    rows = []
    planned = result.plan.planned_units or sum(result.users.values())
    for day in days:
        for name in (variant, result.control):
            part = sums.get((name, day))
            before = so_far.get(name) if cumulative else None
            if part is not None:
                so_far[name] = part[0] if before is None else _together(before, part[0])
            elif not cumulative:
                so_far.pop(name, None)
        if variant in so_far and result.control in so_far:
            pair = {name: [so_far[name]] for name in (variant, result.control)}
            each = estimate(metric, role, variant, result.control, layout, pair)
            rows.append(_row(each.effect(result.confidence), each, day, planned, result.confidence))
    return rows


def _together(one: Summed, two: Summed) -> Summed:
    return Summed(one.moments.merged(two.moments), min(one.low, two.low), max(one.high, two.high))


def _row(effect: Any, each: Any, day: int, planned: int, confidence: float) -> dict[str, Any]:  # noqa: ANN401
    early = min(each.control_users, each.variant_users) < SMALLEST_ARM or not effect.error > 0
    band = (
        (math.nan, math.nan)
        if early
        else _ends(sequence_interval(effect.difference, effect.error, each.users, planned, confidence=confidence))
    )
    return {
        METRIC: each.metric.name,
        KIND: each.metric.kind,
        VARIANT: each.variant,
        DAY: _EPOCH + timedelta(days=day),
        CONTROL_USERS: each.control_users,
        VARIANT_USERS: each.variant_users,
        DIFFERENCE: effect.difference,
        CI_LOWER: effect.ci_lower,
        CI_UPPER: effect.ci_upper,
        SAFE_CI_LOWER: band[0],
        SAFE_CI_UPPER: band[1],
        LIFT: effect.lift,
        REASON: effect.reason,
    }


def _ends(interval: Any) -> tuple[float, float]:  # noqa: ANN401
    return interval.lower, interval.upper
