"""Events -> one row per unit around a launch: what it did week by week, and when it first used the feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics import engine
from pm_analytics.filters import matches
from pm_analytics.names import EVENT, TIME
from pm_analytics.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

MOST_UNITS = 200_000
"""Units looked at; of more, the first in the order of a hash of their ids, so that the same log gives the same ones."""
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True, eq=False)
class Weekly:
    """What units did, week by week.

    Attributes
    ----------
    weeks : array of shape (units, weeks before + after)
        The metric per week.
    active : array of shape (units,)
        All events in the weeks before.
    first : array of int of shape (units,)
        Week of the first use of the feature, from the launch; -1 for never.
    """

    weeks: NDArray[np.float64]
    active: NDArray[np.float64]
    first: NDArray[np.int64]


def weekly_by_unit(
    log: EventLog, metric: Metric, features: Sequence[str], launch: int, before: int, after: int
) -> Weekly | None:
    """Fold the events of units active before a launch; None when the log does not reach over all weeks."""
    begun = log.first_instant
    if begun is None or begun > launch - before * WEEK or log.observed_until < launch + after * WEEK:
        return None
    events = log.counted_events()
    kept = sorted({name for name in (metric.value, *metric.where) if name})
    now = engine.epoch_microseconds(events[TIME])
    rows = events.select(
        who=events[log.unit], now=now, **{EVENT: events[EVENT]}, **{name: events[name] for name in kept}
    )
    rows = rows.filter(rows["now"] >= launch - before * WEEK, rows["now"] < launch + after * WEEK)
    counts = rows[EVENT] == metric.event
    for name, wanted in metric.where.items():
        counts &= matches(rows[name], wanted)
    sums = {}
    for week in range(-before, after):
        inside = (rows["now"] >= launch + week * WEEK) & (rows["now"] < launch + (week + 1) * WEEK)
        value = rows[metric.value].cast("float64") if metric.value else (counts & inside).cast("float64")
        sums[f"w{week + before}"] = value.sum(where=counts & inside) if metric.value else value.sum()
    used = rows[EVENT].isin(list(features)) & (rows["now"] >= launch)
    folded = rows.group_by("who").aggregate(
        **sums,
        active=(rows["now"] < launch).cast("float64").sum(),
        first=rows["now"].min(where=used),
    )
    folded = folded.filter(folded["active"] > 0).order_by(folded["who"].cast("string").hash()).limit(MOST_UNITS)
    frame = engine.run(folded)
    weeks = frame[[f"w{week}" for week in range(before + after)]].fillna(0.0).to_numpy(dtype=float)
    first = frame["first"].to_numpy(dtype=float)
    place = np.where(np.isnan(first), -1, (np.nan_to_num(first) - launch) // WEEK).astype(np.int64)
    return Weekly(weeks, frame["active"].to_numpy(dtype=float), place)
