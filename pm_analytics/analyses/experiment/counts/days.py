"""Events -> what units did on each day since their exposure."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.assignment import AT
from pm_analytics.analyses.experiment.counts.values import NOW, joined_events, reach_of
from pm_analytics.filters import matches
from pm_analytics.names import UNIT, VARIANT
from pm_analytics.results import records
from pm_analytics.stats.effects import Arm
from pm_analytics.times import DAY, microseconds

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.counts.values import Units
    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric


def daily_arms(units: Units, log: EventLog, metric: Metric, *, most: int) -> dict[str, list[Arm]]:
    """Give, per variant and day since exposure (0, 1, 2 ...), units, mean and variance of what they did on that day.

    A day counts for the units that were watched for all of it; those that did nothing count 0.
    """
    at_risk = _at_risk(units, log, most)
    rows = _daily(units, log, metric, most)
    arms: dict[str, list[Arm]] = {}
    for variant, watched in at_risk.items():
        sums = rows.get(variant, {})
        arms[variant] = [_arm(n, *sums.get(day, (0.0, 0.0))) for day, n in enumerate(watched)]
    return arms


def _arm(n: int, total: float, squares: float) -> Arm:
    mean = total / n if n else float("nan")
    return Arm(n, mean, max(0.0, (squares - n * mean**2) / (n - 1)) if n > 1 else float("nan"))


def _at_risk(units: Units, log: EventLog, most: int) -> dict[str, list[int]]:
    """Count the units of each variant that were watched for all of day 0, 1, 2 ..."""
    watched = (log.observed_until - units.table[AT]) // DAY
    counted = units.table.group_by([VARIANT, watched.name("whole")]).aggregate(n=units.table.count())
    found: dict[str, list[int]] = {}
    for row in records(engine.run(counted)):
        days = found.setdefault(str(row[VARIANT]), [0] * (most + 1))
        days[min(most, max(0, int(row["whole"])))] += int(row["n"])
    # Whoever was watched for k whole days was watched on days 0 to k - 1.
    return {variant: list(accumulate(reversed(days)))[-2::-1] for variant, days in found.items()}


def _daily(units: Units, log: EventLog, metric: Metric, most: int) -> dict[str, dict[int, tuple[float, float]]]:
    """Sum what units did on each day, and its squares."""
    keep = list(dict.fromkeys([*([metric.value] if metric.value else []), *metric.where]))
    names = None if metric.event is None else [metric.event]
    rows = joined_events(log, units.table, names, keep=keep, reach=reach_of(units.asked, [metric], None))
    for name, wanted in metric.where.items():
        rows = rows.filter(matches(rows[name], wanted))
    if metric.within is not None:
        rows = rows.filter(rows[NOW] - rows[AT] <= microseconds(metric.within))
    rows = rows.filter(rows[NOW] >= rows[AT])
    rows = rows.mutate(since=(rows[NOW] - rows[AT]) // DAY)
    rows = rows.filter(rows["since"] < most, rows[AT] + (rows["since"] + 1) * DAY <= log.observed_until)
    each = rows.group_by([UNIT, VARIANT, "since"]).aggregate(value=_value(rows, metric))
    sums = each.group_by([VARIANT, "since"]).aggregate(
        total=each["value"].sum(), squares=(each["value"] * each["value"]).sum()
    )
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for row in records(engine.run(sums)):
        found.setdefault(str(row[VARIANT]), {})[int(row["since"])] = (float(row["total"]), float(row["squares"]))
    return found


def _value(rows: Any, metric: Metric) -> Any:  # noqa: ANN401
    if metric.kind == "mean":
        return rows[str(metric.value)].cast("float64").sum()
    happened = (rows[NOW] >= 0).cast("float64")
    return happened.max() if metric.kind == "conversion" else happened.sum()
