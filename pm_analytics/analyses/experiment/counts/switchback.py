"""Events and a schedule -> what happened in each period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from pm_analytics import engine
from pm_analytics.filters import matches
from pm_analytics.names import EVENT, TIME
from pm_analytics.results import records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

NUMBER, BEGIN, END = "number", "begin", "end"


def per_period(log: EventLog, periods: Sequence[tuple[int, int]], metric: Metric) -> list[tuple[float, float]]:
    """Give, per period ``[begin, end)`` in UTC microseconds, the metric's sum over its units, and the units seen in it.

    A unit counts in every period in which it did anything; a ratio's units are what is below its line.
    """
    frame = pd.DataFrame(
        [(number, begin, end) for number, (begin, end) in enumerate(periods)], columns=[NUMBER, BEGIN, END]
    )
    events = log.counted_events()
    moment = engine.epoch_microseconds(events[TIME])
    kept = list(dict.fromkeys([name for name in (metric.value, metric.per_value, *metric.where) if name]))
    rows = events.select(
        unit=events[log.unit], now=moment, **{EVENT: events[EVENT]}, **{name: events[name] for name in kept}
    )
    rows = rows.filter(rows["now"] >= min(b for b, _ in periods), rows["now"] < max(e for _, e in periods))
    table = engine.beside(engine.store(frame, "periods"), log.table)
    joined = rows.inner_join(table, [rows["now"] >= table[BEGIN], rows["now"] < table[END]])
    top, bottom = _sums(joined, metric)
    found = engine.run(joined.group_by(NUMBER).aggregate(top=top, bottom=bottom))
    sums = {int(row[NUMBER]): (_known(row["top"]), _known(row["bottom"])) for row in records(found)}
    return [sums.get(number, (0.0, 0.0)) for number in range(len(periods))]


def _sums(rows: Any, metric: Metric) -> tuple[Any, Any]:  # noqa: ANN401
    counts = rows[EVENT] == metric.event if metric.event is not None else ibis.literal(value=True)
    for name, wanted in metric.where.items():
        counts &= matches(rows[name], wanted)
    people = rows["unit"].nunique().cast("float64")
    if metric.kind == "conversion":
        return rows["unit"].nunique(where=counts).cast("float64"), people
    top = rows[metric.value].cast("float64").sum(where=counts) if metric.value else counts.cast("float64").sum()
    if metric.kind != "ratio":
        return top, people
    below = rows[EVENT] == metric.per
    per = rows[metric.per_value].cast("float64").sum(where=below) if metric.per_value else below.cast("float64").sum()
    return top, per


def _known(number: Any) -> float:  # noqa: ANN401
    return 0.0 if number is None or number != number else float(number)  # noqa: PLR0124
