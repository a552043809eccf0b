"""What happened before an experiment, read as if it had been one: who would have been exposed, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from pm_analytics import calendars, engine
from pm_analytics.analyses.experiment.counts.assignment import AT
from pm_analytics.names import EVENT, TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pm_analytics.analyses.experiment.counts.assignment import Assignment
    from pm_analytics.events import EventLog

Span = tuple[int, int]
"""From an instant to before another one: UTC microseconds."""


def moments_as_exposures(log: EventLog, events: Sequence[str] | None, span: Span, variant: str) -> EventLog:
    """Take what units did in a span of time as their exposures, all of them to one variant.

    Parameters
    ----------
    events : sequence of str or None
        What would expose a unit; None for anything at all.
    """
    rows = log.counted_events(events)
    return replace(log, table=_of_one_variant(_within(rows, span), variant), _whole=log.whole)


def as_one_variant(exposures: Assignment, variant: str, span: Span | None) -> Assignment:
    """Put everybody into one variant, whichever they met; only exposures of a span, if one is given."""
    log = exposures.log
    rows = log.table if span is None else _within(log.table, span)
    return replace(exposures, log=replace(log, table=_of_one_variant(rows, variant)), shown=None, expected={})


def units_per_day(table: Any, span: Span, timezone: str) -> NDArray[np.int64]:  # noqa: ANN401 - an Ibis table
    """Count, for each local day of a span, the units that were exposed on it for the first time."""
    first, until = span
    rows = table.filter(table[AT] >= first, table[AT] < until)
    day = engine.local_day(rows[AT], timezone, until)
    counted = engine.run(rows.group_by(day.name("day")).aggregate(n=rows.count()))
    begins, ends = (calendars.number_at(moment, "day", timezone) for moment in (first, until - 1))
    days = np.zeros(ends - begins + 1, dtype=np.int64)
    days[counted["day"].to_numpy(dtype=np.int64) - begins] = counted["n"].to_numpy(dtype=np.int64)
    return days


def _within(rows: Any, span: Span) -> Any:  # noqa: ANN401
    first, until = (engine.moment_literal(moment, rows[TIME].type()) for moment in span)
    return rows.filter(rows[TIME] >= first, rows[TIME] < until)


def _of_one_variant(rows: Any, variant: str) -> Any:  # noqa: ANN401
    return rows.mutate(**{EVENT: ibis.literal(variant)})
