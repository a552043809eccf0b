"""Event log -> what the checks around a launch need. All of their queries, none of their judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.names import EVENT, TIME, UNIT
from pm_analytics.results import records
from pm_analytics.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pm_analytics.events import EventLog


def _dated(log: EventLog, keep: Sequence[str] = ()) -> Any:  # noqa: ANN401 - an Ibis table
    events = log.counted_events()
    now = engine.epoch_microseconds(events[TIME])
    day = engine.local_day(now, log.timezone, log.observed_until)
    named = {UNIT: events[log.unit], EVENT: events[EVENT], "now": now, "day": day}
    return events.select(**named, **{name: events[name] for name in keep})


def events_by_day(log: EventLog, first: int, last: int) -> pd.DataFrame:
    """Count each event on each local day of ``[first, last)``: ``day``, ``event``, ``rows``."""
    rows = _dated(log)
    rows = rows.filter(rows["day"] >= first, rows["day"] < last)
    return engine.run(rows.group_by(["day", EVENT]).aggregate(rows=rows.count()).order_by(["day", EVENT]))


def units_by_day(log: EventLog, first: int, last: int) -> pd.DataFrame:
    """Count units active, and units seen for the first time ever, on each local day of ``[first, last)``."""
    rows = _dated(log)
    active = rows.filter(rows["day"] >= first, rows["day"] < last)
    active = active.group_by("day").aggregate(units=active[UNIT].nunique())
    begun = rows.group_by(UNIT).aggregate(first=rows["day"].min())
    new = begun.group_by("first").aggregate(new=begun.count())
    joined = active.left_join(new, active["day"] == new["first"])
    return engine.run(joined.select("day", "units", new=joined["new"].fill_null(0)).order_by("day"))


def single_events(log: EventLog, first: int, last: int) -> tuple[int, int]:
    """Count the units active on the local days of ``[first, last)``, and those of them with one event only."""
    rows = _dated(log)
    rows = rows.filter(rows["day"] >= first, rows["day"] < last)
    units = rows.group_by(UNIT).aggregate(n=rows.count())
    found = engine.counts(units.aggregate(units=units.count(), single=(units["n"] == 1).cast("int64").sum()))
    return found["units"], found["single"]


def first_instants(log: EventLog, events: Sequence[str]) -> dict[str, int]:
    """Give the first instant (UTC microseconds) of each event; events that never occur are absent."""
    rows = _dated(log)
    rows = rows.filter(rows[EVENT].isin(list(events)))
    found = engine.run(rows.group_by(EVENT).aggregate(first=rows["now"].min()))
    return {str(row[EVENT]): int(row["first"]) for row in records(found)}


def missing_shares(log: EventLog, columns: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[dict[str, float]]:
    """Give, for each span of local days, the share of events on which each property is missing."""
    rows = _dated(log, columns)
    found = []
    for first, last in spans:
        part = rows.filter(rows["day"] >= first, rows["day"] < last)
        sums = {name: part[name].isnull().cast("float64").mean() for name in columns}
        row = engine.run(part.aggregate(**sums)).iloc[0]
        found.append({name: float(row[name]) for name in columns})
    return found


def late_share(log: EventLog, arrived: str, days: int) -> float:
    """Give the share of events that arrived more than so many days after they happened."""
    events = log.counted_events()
    waited = engine.epoch_microseconds(events[arrived].cast("timestamp('UTC')")) - engine.epoch_microseconds(
        events[TIME]
    )
    share = engine.run(events.aggregate(share=(waited > days * DAY).cast("float64").mean()))["share"].iloc[0]
    return 0.0 if share is None or share != share else float(share)  # noqa: PLR0124 - null, as a frame writes it


def sampled_rows(log: EventLog, column: str) -> int:
    """Count events whose sampling rate is not 1."""
    events = log.counted_events()
    rate = events[column].cast("float64")
    return engine.counts(events.aggregate(n=((rate != 1.0) & rate.notnull()).cast("int64").sum()))["n"]


def rows_of(log: EventLog, events: Sequence[str]) -> dict[str, int]:
    """Count the events of some names."""
    rows = _dated(log)
    rows = rows.filter(rows[EVENT].isin(list(events)))
    found = engine.run(rows.group_by(EVENT).aggregate(n=rows.count()))
    return {str(row[EVENT]): int(row["n"]) for row in records(found)}
