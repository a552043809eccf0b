"""Event log -> what the data-quality checks need. All of their queries, none of their judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.names import TIME, UNIT
from pm_analytics.times import DAY, HOUR

if TYPE_CHECKING:
    import pandas as pd

    from pm_analytics.events import EventLog


@dataclass(frozen=True, slots=True)
class Busiest:
    """The busiest units.

    Attributes
    ----------
    units, events : int
        All units, and all events.
    machine_units, machine_events : int
        Units active in nearly every hour of some day, as no person is, and their events.
    """

    units: int
    events: int
    machine_units: int
    machine_events: int


def events_per_day(log: EventLog) -> pd.DataFrame:
    """Count events per local day (``day``: number since 1970-01-01) that has any, and its hours that have some."""
    table = log.coded_events()
    rows = table.select(now=engine.epoch_microseconds(table[TIME]))
    rows = rows.mutate(day=engine.local_day(rows["now"], log.timezone, log.observed_until), hour=rows["now"] // HOUR)
    hourly = rows.group_by(["day", "hour"]).aggregate(rows=rows.count())
    return engine.run(hourly.group_by("day").aggregate(rows=hourly["rows"].sum(), hours=hourly.count()).order_by("day"))


def events_per_hour(log: EventLog) -> pd.DataFrame:
    """Count events per UTC hour (``hour``: number since 1970-01-01 00:00) that has any."""
    table = log.coded_events()
    rows = table.select(hour=(engine.epoch_microseconds(table[TIME]) // HOUR).cast("int64"))
    return engine.run(rows.group_by("hour").aggregate(rows=rows.count()).order_by("hour"))


def units_per_day(log: EventLog) -> pd.DataFrame:
    """Count the units active on each local day (``day``: number since 1970-01-01) that has any: ``units``."""
    table = log.coded_events()
    rows = table.select(who=table[log.unit], now=engine.epoch_microseconds(table[TIME]))
    rows = rows.mutate(day=engine.local_day(rows["now"], log.timezone, log.observed_until))
    return engine.run(rows.group_by("day").aggregate(units=rows["who"].nunique()).order_by("day"))


def busiest(log: EventLog, *, hours: int) -> Busiest:
    """Count units that were active in at least ``hours`` different hours of one UTC day."""
    table = log.coded_events()
    rows = table.select(**{UNIT: table[log.unit]}, hour=engine.epoch_microseconds(table[TIME]) // HOUR)
    hourly = rows.group_by([UNIT, "hour"]).aggregate(rows=rows.count())
    hourly = hourly.mutate(day=hourly["hour"] // (DAY // HOUR))
    daily = hourly.group_by([UNIT, "day"]).aggregate(rows=hourly["rows"].sum(), hours=hourly.count())
    units = daily.group_by(UNIT).aggregate(rows=daily["rows"].sum(), hours=daily["hours"].max())
    machine = units["hours"] >= hours
    totals = units.aggregate(
        units=units.count(),
        events=units["rows"].sum(),
        machine_units=machine.cast("int64").sum(),
        machine_events=units["rows"].sum(where=machine),
    )
    return Busiest(**engine.counts(totals))


def machine_units(log: EventLog, *, hours: int = 22, most: int = 10_000) -> list[Any]:
    """List the units that were active in at least ``hours`` different hours of one UTC day, as no person is."""
    table = log.counted_events()
    rows = table.select(**{UNIT: table[log.unit]}, hour=engine.epoch_microseconds(table[TIME]) // HOUR).distinct()
    rows = rows.mutate(day=rows["hour"] // (DAY // HOUR))
    daily = rows.group_by([UNIT, "day"]).aggregate(hours=rows.count())
    found = daily.filter(daily["hours"] >= hours).select(UNIT).distinct().order_by(UNIT).limit(most)
    return list(engine.run(found)[UNIT])


def flagged_events(log: EventLog, column: str) -> int:
    """Count events on which a yes/no property says yes."""
    table = log.coded_events()
    flag = table[column]
    return engine.counts(table.aggregate(n=_says_yes(flag).cast("int64").sum()))["n"]


def _says_yes(flag: Any) -> Any:  # noqa: ANN401 - Ibis values
    kind = flag.type()
    if kind.is_boolean():
        return flag
    return flag != 0 if kind.is_numeric() else flag.cast("string").strip().lower().isin(["true", "1", "yes"])


def last_instant(log: EventLog) -> int | None:
    """Give the instant (UTC microseconds) of the last event; None when there is none."""
    table = log.coded_events()
    last = engine.run(table.aggregate(last=engine.epoch_microseconds(table[TIME]).max()))["last"][0]
    return None if last is None or last != last else int(last)  # noqa: PLR0124 - null, as a frame writes it
