"""How the effect settled: cumulative by day with a band that allows looking, and each day's newcomers by themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.comparing import at, layouts_of
from pm_analytics.analyses.experiment.counts import Summed, cap_of, capped, clustered, moments, strata_of
from pm_analytics.analyses.experiment.counts.grouping import clustered_so_far, days_of, with_day
from pm_analytics.analyses.experiment.counts.values import SUMMED
from pm_analytics.analyses.experiment.estimates import Estimate, estimate
from pm_analytics.analyses.experiment.parts import View, chosen, require_trusted, variants_of
from pm_analytics.analyses.experiment.plan import ANYTIME
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
from pm_analytics.times import from_microseconds, microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pm_analytics.analyses.experiment.counts import Layout
    from pm_analytics.analyses.experiment.looks import Reading
    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.metrics import Metric

_EPOCH = date(1970, 1, 1)
KINDS = (*sorted(SUMMED), "funnel")
COLUMNS = (
    METRIC, KIND, VARIANT, DAY, CONTROL_USERS, VARIANT_USERS, DIFFERENCE, CI_LOWER, CI_UPPER, SAFE_CI_LOWER,
    SAFE_CI_UPPER, LIFT, REASON,
)  # fmt: skip
NOTHING_YET = "no unit's window is over in the control and in a variant, so there is no effect to follow yet."
Sums = dict[tuple[Any, ...], list[Summed]]


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
        said = [self._say(variant, rows) for variant, rows in self._by_variant().items()]
        return " ".join(said) or f"{self.metric.name}: {NOTHING_YET}"

    def headline(self) -> str:
        """Say it in a line."""
        return self.summary()

    def claims(self) -> list[Claim]:
        """List the last difference of each variant: cumulative with the band that allows looking, else as read once."""
        lower, upper = (SAFE_CI_LOWER, SAFE_CI_UPPER) if self.cumulative else (CI_LOWER, CI_UPPER)
        return [
            Claim(
                id=f"experiment.{'over_time' if self.cumulative else 'by_day'}.{variant}.{self.metric.name}",
                value=float(rows[-1][DIFFERENCE]),
                unit="difference",
                definition=self.definition,
                ci_lower=float(rows[-1][lower]),
                ci_upper=float(rows[-1][upper]),
                n=int(rows[-1][VARIANT_USERS]),
                denominator=int(rows[-1][CONTROL_USERS]),
            )
            for variant, rows in self._by_variant().items()
            if not math.isnan(rows[-1][lower])
        ]

    def _by_variant(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in records(self._table):
            found.setdefault(row[VARIANT], []).append(row)
        return found

    def _say(self, variant: str, rows: Sequence[dict[str, Any]]) -> str:
        if not self.cumulative:
            count = "1 day of exposure" if len(rows) == 1 else f"{len(rows)} days of exposure, each by itself"
            return f"{self.metric.name}, {variant}: {count}; single days are mostly noise."
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
        Everybody up to a day: a unit counts from the day on which its window was over (without a window: the day of its
        exposure). Else the units of each day of exposure alone.

    Returns
    -------
    EffectByDay
        ``to_frame()``: one row per variant and day: users, ``difference``, ``lift``, the plain interval, and
        ``safe_ci_lower``/``safe_ci_upper``, a confidence sequence: looking at every day of it is allowed for. Null
        while an arm has fewer than 100 units, while fewer than 20 of what is counted have happened, and for single
        days. It is tuned to the units that the plan expects of the two variants; without that number, and where chance
        decided on groups, to those that came.

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
    after = microseconds(asked.within) if asked.within is not None and cumulative else 0
    table = with_day(table, after, log.timezone, log.observed_until)
    layouts = layouts_of(units.table, plan, [(number, asked, role)])
    last = (from_microseconds(log.observed_until, log.timezone).date() - _EPOCH).days
    days = [day for day in days_of(table) if day <= last]
    layout, sums = _sums(result, table, layouts, days, cumulative=cumulative)
    rows = []
    for variant in variants_of(result):
        pairs = _pairs(sums, (result.control, variant), days)
        found = [(day, estimate(asked, role, variant, result.control, layout, pair)) for day, pair in pairs]
        rows += _rows(found, result, cumulative=cumulative)
    how = "cumulative by the day on which a unit's window was over" if cumulative else "by day of exposure"
    return EffectByDay(
        _table=pd.DataFrame(rows, columns=list(COLUMNS)),
        definition=f"{asked.name} {how}: {result.definition}",
        basis=result.basis,
        metric=asked,
        cumulative=cumulative,
        confidence=plan.confidence,
    )


def _sums(
    result: Outcome,
    table: Any,  # noqa: ANN401 - an Ibis table
    layouts: list[Layout],
    days: Sequence[int],
    *,
    cumulative: bool,
) -> tuple[Layout, Sums]:
    """Give (variant, day, *stratum) -> sums, of each day or of everybody up to it, and what they are sums of.

    Strata are those of the result itself, so that the last day says what the result says; single days are too few units
    to be divided further.
    """
    cluster = result.plan.cluster
    if cluster and cumulative:
        table, made = clustered_so_far(table, cluster, layouts, days)
        return made[0], moments(table, made, by=[DAY])
    if cluster:
        table, made = clustered(table, cluster, layouts, [DAY])
        return made[0], moments(table, made, by=[DAY])
    strata = strata_of(table, result.plan.covariates) if cumulative else ()
    sums = moments(table, layouts, by=[DAY, *strata])
    return layouts[0], _accumulated(sums, days) if cumulative else sums


def _accumulated(sums: Sums, days: Sequence[int]) -> Sums:
    """Add the sums up, day after day; whoever was there on one day is there on all later ones."""
    so_far: dict[tuple[Any, ...], Summed] = {}
    found: Sums = {}
    for day in days:
        for (variant, at_day, *stratum), parts in sums.items():
            if at_day == day:
                key = (variant, *stratum)
                so_far[key] = _together(so_far[key], parts[0]) if key in so_far else parts[0]
        found |= {(variant, day, *stratum): [part] for (variant, *stratum), part in so_far.items()}
    return found


def _pairs(
    sums: Sums, variants: Sequence[str], days: Sequence[int]
) -> Iterator[tuple[int, Mapping[str, list[Summed]]]]:
    """Give the days on which both variants have units, with the sums of each by stratum."""
    for day in days:
        of_day = {(key[0], *key[2:]): parts for key, parts in sums.items() if key[1] == day}
        pair = at(of_day, 0, variants) if of_day else {}
        if pair and all(any(part.moments.n for part in parts) for parts in pair.values()):
            yield day, pair


def _together(one: Summed, two: Summed) -> Summed:
    return Summed(one.moments.merged(two.moments), min(one.low, two.low), max(one.high, two.high))


def _rows(found: Sequence[tuple[int, Estimate]], result: Outcome, *, cumulative: bool) -> list[dict[str, Any]]:
    if not found:
        return []
    reading = _looking(result, found[-1][1]) if cumulative else None
    return [_row(each, day, reading, result.confidence) for day, each in found]


def _looking(result: Outcome, last: Estimate) -> Reading:
    """Read at any time, whatever the plan says: this view shows every day.

    Groups fill up rather than become more, so a planned number of units says nothing of theirs.
    """
    reading, planned = result.reading, result.plan.planned_units
    if planned is None or result.plan.cluster:
        both = reading.weights[last.variant] + reading.weights[reading.control]
        planned = max(1, round(last.users * sum(reading.weights.values()) / both))
    return replace(reading, mode=ANYTIME, planned_units=planned)


def _row(each: Estimate, day: int, reading: Reading | None, confidence: float) -> dict[str, Any]:
    effect = each.effect(confidence)
    band = (math.nan, math.nan)
    if reading is not None and effect.error > 0:
        safe = reading.effect(each, confidence)
        band = safe.ci_lower, safe.ci_upper
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
