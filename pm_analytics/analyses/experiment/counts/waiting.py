"""Events -> how long the units of each variant waited for something, or are waiting still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.assignment import AT
from pm_analytics.analyses.experiment.counts.values import NOW, joined_events, reach_of
from pm_analytics.filters import matches
from pm_analytics.names import UNIT, VARIANT
from pm_analytics.results import records
from pm_analytics.times import microseconds

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.counts.values import Units
    from pm_analytics.metrics import Metric

STEPS = 2_000
"""Times are told apart to this fraction of the window, so that a small frame leaves the query."""


def waits(units: Units, metric: Metric) -> dict[str, list[tuple[float, int, int]]]:
    """Give, per variant, how many units did it, and how many were watched no longer, at each time since exposure.

    Returns
    -------
    dict
        variant -> rows of (microseconds, done, watched no longer). A unit that had not done it when its window was over
        is watched no longer from then on.
    """
    log, people = units.asked.log, units.table
    if log is None or metric.within is None:
        return {}
    window = microseconds(metric.within)
    rows = joined_events(
        log, people, [str(metric.event)], keep=list(metric.where), reach=reach_of(units.asked, [metric], None)
    )
    rows = rows.filter(rows[NOW] >= rows[AT], rows[NOW] - rows[AT] <= window)
    for name, wanted in metric.where.items():
        rows = rows.filter(matches(rows[name], wanted))
    first = rows.group_by(UNIT).aggregate(done=(rows[NOW] - rows[AT]).min())
    each = people.select(UNIT, VARIANT, AT).left_join(first, UNIT).drop(f"{UNIT}_right")
    watched = ibis.least(ibis.literal(log.observed_until) - 1 - each[AT], ibis.literal(window))
    each = each.filter(watched >= 0)
    step = max(1, window // STEPS)
    time = ibis.coalesce(each["done"], watched)
    # Whole steps, counted up, so that nobody is said to have waited less than they did.
    each = each.mutate(
        time=ibis.least((time + step - 1) // step * step, ibis.literal(window)), did=each["done"].notnull()
    )
    counted = each.group_by([VARIANT, "time"]).aggregate(
        done=each["did"].cast("int64").sum(), left=(~each["did"]).cast("int64").sum()
    )
    found: dict[str, list[tuple[float, int, int]]] = {}
    for row in records(engine.run(counted.order_by([VARIANT, "time"]))):
        found.setdefault(str(row[VARIANT]), []).append((float(row["time"]), int(row["done"]), int(row["left"])))
    return found
