"""Events -> what happened on each day or week, in all or per group of units. All queries of the room, no arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import calendars, engine
from pm_analytics.filters import matches
from pm_analytics.names import DENOMINATOR, EVENT, PERIOD_NUMBER, SEGMENT, TIME, UNITS, VALUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

KINDS = ("conversion", "count", "mean", "ratio")
"""Kinds of metric that are sums over a period's events."""


def top(number: int) -> str:
    """Name the column of a metric's sum."""
    return f"{VALUE}_{number}"


def bottom(number: int) -> str:
    """Name the column of a ratio's lower half."""
    return f"{DENOMINATOR}_{number}"


def per_period(log: EventLog, metrics: Sequence[Metric], period: str, *, by: str | None = None) -> pd.DataFrame:
    """Sum every metric over each local day or week, in all or for each value of a property.

    Parameters
    ----------
    log : EventLog
        Everything in it counts.
    metrics : sequence of Metric
        Of the kinds in :data:`KINDS`; their windows are not used.
    period : {"day", "week"}
        Of the log's zone; weeks begin on Monday.
    by : str, optional
        A property; events without a value of it are left out.

    Returns
    -------
    DataFrame
        ``period_number``, with ``by`` also ``segment``, ``units`` (distinct units active), and per metric ``value_0``
        (a conversion: distinct units that did it) and for a ratio ``denominator_0``. Periods without events are absent.
    """
    events = log.counted_events()
    kept = {name for metric in metrics for name in (metric.value, metric.per_value, *metric.where) if name}
    moment = engine.epoch_microseconds(events[TIME])
    number = calendars.number(moment, period, log.timezone, log.observed_until)
    named = {PERIOD_NUMBER: number, "who": events[log.unit], EVENT: events[EVENT]}
    rows = events.select(**named, **{name: events[name] for name in sorted(kept | ({by} if by else set()))})
    keys = [PERIOD_NUMBER]
    if by is not None:
        rows = rows.filter(rows[by].notnull()).mutate(**{SEGMENT: rows[by].cast("string")})
        keys.append(SEGMENT)
    sums: dict[str, Any] = {UNITS: rows["who"].nunique()}
    for i, metric in enumerate(metrics):
        sums |= _sums(rows, i, metric)
    return engine.run(rows.group_by(keys).aggregate(**sums).order_by(keys))


def _sums(rows: Any, number: int, metric: Metric) -> dict[str, Any]:  # noqa: ANN401 - Ibis values
    counts = rows[EVENT] == metric.event if metric.event is not None else ibis.literal(value=True)
    for name, wanted in metric.where.items():
        counts &= matches(rows[name], wanted)
    if metric.kind == "conversion":
        return {top(number): rows["who"].nunique(where=engine.surely(counts))}
    found = {top(number): _summed(rows, metric.value, counts)}
    if metric.kind == "ratio":
        found[bottom(number)] = _summed(rows, metric.per_value, rows[EVENT] == metric.per)
    return found


def _summed(rows: Any, column: str | None, counts: Any) -> Any:  # noqa: ANN401
    if column is None:
        return engine.surely(counts).cast("float64").sum()
    return rows[column].cast("float64").sum(where=counts)
