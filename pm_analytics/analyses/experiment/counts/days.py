"""Events -> what units did on each day since their exposure."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.assignment import AT
from pm_analytics.analyses.experiment.counts.values import NOW, after_exposure, joined_events, reach_of
from pm_analytics.filters import matches
from pm_analytics.names import UNIT, VARIANT
from pm_analytics.results import records
from pm_analytics.stats.effects import Arm
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.ratios import linearised
from pm_analytics.times import DAY

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.counts.values import Units
    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

SINCE, WHOLE = "since", "whole"
"""Days since exposure, and how many of them a unit was watched for."""


def daily_arms(
    units: Units, log: EventLog, metric: Metric, *, most: int, cluster: str | None = None
) -> dict[str, list[Arm]]:
    """Give, per variant and day since exposure (0, 1, 2 ...), units, mean and variance of what they did on that day.

    A day counts for the units that were watched for all of it; those that did nothing count 0. With ``cluster``, the
    means are still over units, and what varies are the groups that chance decided on.
    """
    if cluster is None:
        return _over_units(units, log, metric, most)
    return _over_groups(units, log, metric, most, cluster)


def _over_units(units: Units, log: EventLog, metric: Metric, most: int) -> dict[str, list[Arm]]:
    """Sum over units: those that did nothing are only counted, not written out for every day."""
    each = _done(units, log, metric, most)
    sums = each.group_by([VARIANT, SINCE]).aggregate(
        total=each["value"].sum(), squares=(each["value"] * each["value"]).sum()
    )
    done = {(str(row[VARIANT]), int(row[SINCE])): row for row in records(engine.run(sums))}
    nothing = {"total": 0.0, "squares": 0.0}
    found: dict[str, list[Arm]] = {}
    for variant, watched in _at_risk(units, log, most).items():
        rows = [(n, done.get((variant, day), nothing)) for day, n in enumerate(watched)]
        found[variant] = [_arm(n, n, row["total"], n, row["total"], row["squares"]) for n, row in rows]
    return found


def _over_groups(units: Units, log: EventLog, metric: Metric, most: int, cluster: str) -> dict[str, list[Arm]]:
    """Sum over groups: each with the units of it that were watched on that day, and what they did."""
    did = _done(units, log, metric, most).inner_join(units.table.select(UNIT, cluster), UNIT)
    did = did.group_by([VARIANT, cluster, SINCE]).aggregate(total=did["value"].sum())
    each = _watched(units, log, cluster, most).left_join(did, [VARIANT, cluster, SINCE])
    each = each.select(VARIANT, SINCE, n=each["n"].cast("float64"), total=each["total"].fill_null(0.0))
    sums = each.group_by([VARIANT, SINCE]).aggregate(
        groups=each.count(),
        n=each["n"].sum(),
        total=each["total"].sum(),
        nn=(each["n"] * each["n"]).sum(),
        nt=(each["n"] * each["total"]).sum(),
        tt=(each["total"] * each["total"]).sum(),
    )
    found: dict[str, list[Arm]] = {}
    for row in records(engine.run(sums)):
        days = found.setdefault(str(row[VARIANT]), [Arm(0, math.nan, math.nan)] * most)
        days[int(row[SINCE])] = _arm(*(row[name] for name in ("groups", "n", "total", "nn", "nt", "tt")))
    return found


def _arm(groups: float, n: float, total: float, nn: float, nt: float, tt: float) -> Arm:
    """Describe a day: what was done over the units that were watched, as a ratio over the groups."""
    return linearised(Moments.of_sums(int(groups), [float(total), float(n)], [[tt, nt], [nt, nn]]))


def _at_risk(units: Units, log: EventLog, most: int) -> dict[str, list[int]]:
    """Count the units of each variant that were watched for all of day 0, 1, 2 ..."""
    watched = (log.observed_until - units.table[AT]) // DAY
    counted = units.table.group_by([VARIANT, watched.name(WHOLE)]).aggregate(n=units.table.count())
    found: dict[str, list[int]] = {}
    for row in records(engine.run(counted)):
        days = found.setdefault(str(row[VARIANT]), [0] * (most + 1))
        days[min(most, max(0, int(row[WHOLE])))] += int(row["n"])
    # Whoever was watched for k whole days was watched on days 0 to k - 1.
    return {variant: list(accumulate(reversed(days)))[-2::-1] for variant, days in found.items()}


def _watched(units: Units, log: EventLog, cluster: str, most: int) -> Any:  # noqa: ANN401 - an Ibis table
    """Count the units of each group that were watched for all of day 0, 1, 2 ..."""
    table = units.table.mutate(**{WHOLE: (log.observed_until - units.table[AT]) // DAY})
    whole = table.group_by([VARIANT, cluster, WHOLE]).aggregate(n=table.count())
    days = engine.beside(engine.store(pd.DataFrame({SINCE: range(most)}), "days"), table)
    joined = whole.inner_join(days, whole[WHOLE] > days[SINCE])
    return joined.group_by([VARIANT, cluster, SINCE]).aggregate(n=joined["n"].sum())


def _done(units: Units, log: EventLog, metric: Metric, most: int) -> Any:  # noqa: ANN401
    """Give what each unit did on each day, of the days that it was watched for."""
    keep = list(dict.fromkeys([*([metric.value] if metric.value else []), *metric.where]))
    names = None if metric.event is None else [metric.event]
    rows = joined_events(log, units.table, names, keep=keep, reach=reach_of(units.asked, [metric], None))
    for name, wanted in metric.where.items():
        rows = rows.filter(matches(rows[name], wanted))
    rows = rows.filter(after_exposure(rows, metric))
    rows = rows.mutate(**{SINCE: (rows[NOW] - rows[AT]) // DAY})
    rows = rows.filter(rows[SINCE] < most, rows[AT] + (rows[SINCE] + 1) * DAY <= log.observed_until)
    return rows.group_by([UNIT, VARIANT, SINCE]).aggregate(value=_value(rows, metric))


def _value(rows: Any, metric: Metric) -> Any:  # noqa: ANN401
    if metric.kind == "mean":
        return rows[str(metric.value)].cast("float64").sum().fill_null(0.0)
    happened = (rows[NOW] >= 0).cast("float64")
    return happened.max() if metric.kind == "conversion" else happened.sum()
