"""Exposures and events -> the counts that the validity gate judges. All its queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts import near
from pm_analytics.analyses.experiment.counts.assignment import AT, OWN, people_of
from pm_analytics.analyses.experiment.counts.values import NOW, watched_events
from pm_analytics.names import EVENT, TIME, UNIT, VARIANT
from pm_analytics.results import records
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.counts.assignment import Assignment
    from pm_analytics.analyses.experiment.counts.values import Units
    from pm_analytics.events import EventLog

MOST_PROPERTIES, MOST_VALUES = 12, 30
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Nesting:
    """How a property and the variants lie over each other: values with several units, and those in several variants."""

    values: int
    shared: int
    mixed: int


def by_day(exposures: Assignment) -> dict[date, dict[str, int]]:
    """Count the units first exposed on each local day, per variant."""
    people = people_of(exposures)
    day = engine.local_day(people[AT], exposures.log.timezone, exposures.found["last"])
    counted = people.group_by([VARIANT, day.name("day")]).aggregate(n=people.count())
    found: dict[date, dict[str, int]] = {}
    for row in records(engine.run(counted)):
        found.setdefault(_EPOCH + timedelta(days=int(row["day"])), {})[str(row[VARIANT])] = int(row["n"])
    return dict(sorted(found.items()))


def properties_of(exposures: Assignment, first: Sequence[str]) -> list[str]:
    """List the properties recorded with exposures that can be told apart by value or date, the declared ones first."""
    table = exposures.log.table
    kinds = {name: table[name].type() for name in exposures.log.properties if name not in OWN}
    fit = [n for n, k in kinds.items() if k.is_string() or k.is_boolean() or k.is_timestamp() or k.is_date()]
    skip = {exposures.shown, "experiment"}
    return [name for name in dict.fromkeys([*first, *fit]) if name in fit and name not in skip][:MOST_PROPERTIES]


def by_value(exposures: Assignment, name: str) -> dict[str, dict[str, int]]:
    """Count units per value of a property and variant; nothing when it has only one value, or more than 30.

    A date, or a text that reads as one, is told apart by whether it lies before the day of the first exposure.
    """
    people = people_of(exposures, [name])
    column = people[name]
    kind = column.type()
    if kind.is_timestamp() or kind.is_date():
        return _by_date(exposures, people, column.cast("timestamp"), name)
    text = column.cast("string")
    counted = people.group_by([VARIANT, text.name("value")]).aggregate(n=people.count())
    rows = records(engine.run(counted.limit(MOST_VALUES * 20)))
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        value = "(missing)" if row["value"] is None or row["value"] != row["value"] else str(row["value"])
        found.setdefault(value, {})[str(row[VARIANT])] = int(row["n"])
    if len(found) > MOST_VALUES and kind.is_string() and engine.lies_here(people):
        return _by_date(exposures, people, column.try_cast("timestamp"), name)
    return found if 2 <= len(found) <= MOST_VALUES else {}


def _by_date(exposures: Assignment, people: Any, moment: Any, name: str) -> dict[str, dict[str, int]]:  # noqa: ANN401
    """Tell units apart by a date of theirs: before the experiment began, or since."""
    start = from_microseconds(exposures.found["first"], exposures.log.timezone).date()
    since, before = f"{name} on or after {start}", f"{name} before {start}"
    told = people.mutate(
        value=ibis.cases(
            (moment.isnull(), "(missing)"), (moment >= ibis.timestamp(f"{start} 00:00:00"), since), else_=before
        )
    )
    counted = told.group_by([VARIANT, "value"]).aggregate(n=told.count())
    found: dict[str, dict[str, int]] = {}
    for row in records(engine.run(counted)):
        found.setdefault(str(row["value"]), {})[str(row[VARIANT])] = int(row["n"])
    missing = sum(found.get("(missing)", {}).values())
    total = sum(n for counts in found.values() for n in counts.values())
    return found if len(found) >= 2 and missing < total / 2 else {}


def by_first_event(units: Units, log: EventLog) -> dict[str, dict[str, int]]:
    """Count units per variant by whether the log knows them from before the experiment's first day."""
    people = units.table
    events = log.counted_events()
    seen = events.select(
        **{UNIT: events[log.unit].cast(people[UNIT].type()), NOW: engine.epoch_microseconds(events["time"])}
    )
    first = units.asked.exposures.found["first"]
    known = seen.filter(seen[NOW] < first).select(UNIT).distinct()
    joined = people.select(UNIT, VARIANT).left_join(known.mutate(known=ibis.literal(1)), UNIT)
    counted = joined.group_by([VARIANT, joined["known"].notnull().name("old")]).aggregate(n=joined.count())
    names = {True: "units with events before the first exposure", False: "units new since the first exposure"}
    found: dict[str, dict[str, int]] = {}
    for row in records(engine.run(counted)):
        found.setdefault(names[bool(row["old"])], {})[str(row[VARIANT])] = int(row["n"])
    return found


def nesting(exposures: Assignment, name: str) -> Nesting:
    """Count a property's values, those with several units, and those of them that are in several variants."""
    people = people_of(exposures, [name])
    people = people.filter(people[name].notnull())
    each = people.group_by(name).aggregate(n=people.count(), mixed=people[VARIANT].min() != people[VARIANT].max())
    several = each["n"] > 1
    counted = engine.counts(
        each.aggregate(
            values=each.count(),
            shared=several.cast("int64").sum(),
            mixed=(several & each["mixed"]).cast("int64").sum(),
        )
    )
    return Nesting(counted["values"], counted["shared"], counted["mixed"])


def clusters(units: Units, name: str) -> dict[str, int]:
    """Count the groups of each variant."""
    table = units.table
    counted = table.group_by(VARIANT).aggregate(n=table[name].nunique())
    return {str(row[VARIANT]): int(row["n"]) for row in records(engine.run(counted))}


def around_exposure(units: Units, events: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the units that had an event within an hour before, and within an hour after exposure.

    Returns
    -------
    dict
        event -> ``before``, ``after`` (units); the events must be among those watched.
    """
    watched = watched_events(units.asked)
    counted = engine.counts(units.table.aggregate(**near.seen(units.table, watched)))
    return {
        event: {when: counted[f"{when}_{watched.index(event)}"] for when in ("before", "after")} for event in events
    }


def identical_rows(exposures: Assignment) -> int:
    """Count exposure rows that say the same as another one: unit, variant and time."""
    log = exposures.log
    table = log.counted_events()
    keys = [log.unit, EVENT, TIME]
    each = table.group_by(keys).aggregate(n=table.count())
    return engine.counts(each.aggregate(again=(each["n"] - 1).sum()))["again"]
