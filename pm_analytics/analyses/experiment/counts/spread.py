"""Events -> the order statistics of a quantile per variant, and how it varies over units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.moments import Layout, moments
from pm_analytics.analyses.experiment.counts.values import after_exposure, joined_events, mature, reach_of
from pm_analytics.errors import DataError
from pm_analytics.filters import matches
from pm_analytics.names import UNIT, VARIANT
from pm_analytics.results import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.analyses.experiment.counts.values import Units
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.moments import Moments

VALUE = "value"


def valued_events(units: Units, metric: Metric) -> Any:  # noqa: ANN401 - an Ibis table
    """Give the values of a quantile's events: one row per event of a unit watched long enough."""
    log = units.asked.log
    if log is None:
        raise DataError(f"The metric {metric.name!r} is a quantile over events, so it needs a log.")
    keep = list(dict.fromkeys([str(metric.value), *metric.where]))
    reach = reach_of(units.asked, [metric], None)
    rows = joined_events(log, mature_people(units, metric), [str(metric.event)], keep=keep, reach=reach)
    counts = after_exposure(rows, metric)
    for name, wanted in metric.where.items():
        counts &= matches(rows[name], wanted)
    rows = rows.filter(counts, rows[str(metric.value)].notnull())
    return rows.select(UNIT, VARIANT, **{VALUE: rows[str(metric.value)].cast("float64")})


def mature_people(units: Units, metric: Metric) -> Any:  # noqa: ANN401
    """Keep the units whose window is over."""
    people = units.table
    if metric.within is None or units.asked.log is None:
        return people
    return people.filter(mature(people, ibis.literal(1.0), metric, units.asked.log).notnull())


def watched(units: Units, metric: Metric) -> int:
    """Count the units whose window is over, whether they had the event or not."""
    people = mature_people(units, metric)
    return engine.counts(people.aggregate(n=people.count()))["n"]


def counted(rows: Any) -> dict[str, int]:  # noqa: ANN401
    """Count the events of each variant."""
    frame = engine.run(rows.group_by(VARIANT).aggregate(n=rows.count()))
    return {str(row[VARIANT]): int(row["n"]) for row in records(frame)}


def quantiles(rows: Any, shares: Mapping[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:  # noqa: ANN401
    """Give some quantiles of each variant, its own ones, interpolated between neighbours."""
    width = max(map(len, shares.values()))
    found: dict[str, tuple[float, ...]] = {}
    for variant, at in shares.items():
        mine = rows.filter(rows[VARIANT] == variant)
        row = engine.run(mine.aggregate(**{f"q{i}": mine[VALUE].quantile(at[i]) for i in range(width)})).iloc[0]
        found[variant] = tuple(math.nan if row[f"q{i}"] is None else float(row[f"q{i}"]) for i in range(width))
    return found


def below_quantile(rows: Any, at: Mapping[str, float]) -> dict[str, Moments]:  # noqa: ANN401
    """Give, over the units of each variant, the moments of (events at or below its quantile, events)."""
    limit = ibis.cases(*((rows[VARIANT] == variant, value) for variant, value in at.items()), else_=math.nan)
    low = (rows[VALUE] <= limit).cast("float64")
    each = rows.mutate(low=low).group_by([VARIANT, UNIT])
    each = each.aggregate(value_0=ibis._["low"].sum(), below_0=ibis._.count().cast("float64"))
    sums = moments(each, [Layout(0, ("value_0", "below_0"), shifted=False)])
    return {key[0]: parts[0].moments for key, parts in sums.items()}
