"""Tables of any engine that Ibis reaches, pointed at instead of taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.errors import DataError
from pm_analytics.intake.columns import resolve_columns
from pm_analytics.intake.report import SourceReport
from pm_analytics.names import EVENT, TIME, USER_ID
from pm_analytics.times import from_microseconds, zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.intake.raw import Wanted

CANONICAL = (USER_ID, EVENT, TIME)


def free_names(columns: Sequence[str]) -> dict[str, str]:
    """Name each property: as it is, unless that is a name of ours (case does not count); then underscores are added."""
    taken = {*CANONICAL, *(column.casefold() for column in columns)}
    names = {}
    for column in columns:
        name = column
        while name.casefold() in (CANONICAL if name == column else taken):
            name += "_"
        taken.add(name.casefold())
        names[column] = name
    return names


@dataclass(frozen=True, slots=True)
class Pointed:
    """A table of some engine, seen as events; nothing is copied.

    Attributes
    ----------
    table, kept : Ibis table
        As it is; and with our names, without rows that lack user, event or time.
    """

    table: Any
    kept: Any
    columns: Mapping[str, str]
    timezone: str
    zone_declared: bool
    name: str = "a table"
    form: str = "Ibis"
    notes: tuple[str, ...] = ("identical rows are kept: looking for them would read the whole table",)

    def report(self) -> SourceReport:
        """Account for the table; runs queries, so only when asked for."""
        kept = self.kept
        ends = engine.epoch_microseconds(kept[TIME])
        span = engine.run(
            kept.aggregate(rows=kept.count(), users=kept[USER_ID].nunique(), a=ends.min(), b=ends.max())
        ).iloc[0]
        read = int(engine.run(self.table.aggregate(rows=self.table.count()))["rows"][0])
        events = engine.run(kept.group_by(EVENT).aggregate(rows=kept.count()))
        rows = int(span["rows"])
        return SourceReport(
            name=self.name,
            form=self.form,
            looked_for_duplicates=False,
            columns=self.columns,
            rows_read=read,
            rows_kept=rows,
            dropped={"no user, event or time": read - rows} if read > rows else {},
            noticed={},
            users=int(span["users"]),
            first=from_microseconds(span["a"], self.timezone) if rows else None,
            last=from_microseconds(span["b"], self.timezone) if rows else None,
            timezone=self.timezone,
            zone_declared=self.zone_declared,
            event_counts=events.sort_values(["rows", EVENT], ascending=[False, True], ignore_index=True),
            notes=self.notes,
        )


def point_at(table: Any, wanted: Wanted, *, spaces: bool = True) -> Pointed:  # noqa: ANN401 - an Ibis table
    """See a table as events.

    With ``spaces=False`` ids and names are looked at for being empty, not for being of spaces only, which takes every
    question as long again.

    Raises
    ------
    UnknownNameError, DataError
        No such column; or a time column that is no timestamp, or has no zone.
    """
    columns = resolve_columns(table.columns, wanted)
    _check_time(table, columns["time"], wanted.timezone)
    place = zone(wanted.timezone or "UTC").key
    return Pointed(
        table, _canonical(table, columns, wanted.event_name, spaces=spaces), columns, place, wanted.timezone is not None
    )


def _check_time(table: Any, column: str, timezone: str | None) -> None:  # noqa: ANN401
    kind = table[column].type()
    if not kind.is_timestamp():
        raise DataError(f"Column {column!r} is {kind}, not a timestamp; cast it in the table expression first.")
    if not engine.holds_instants(table[column]) and (timezone is None or zone(timezone).key != "UTC"):
        raise DataError(
            f"Column {column!r} is a timestamp without a zone. If it holds UTC, write timezone='UTC'; "
            "otherwise convert it to UTC in the table expression first."
        )


def _canonical(table: Any, columns: Mapping[str, str], event_name: str | None, *, spaces: bool) -> Any:  # noqa: ANN401
    """Name the three columns, leave out rows without user, event or time, keep the rest as properties."""
    user, time = table[columns["user"]], table[columns["time"]]
    event = table[columns["event"]] if event_name is None else ibis.literal(event_name)
    user = user if user.type().is_integer() else user.cast("string")
    roles = set(columns.values())
    names = free_names([column for column in table.columns if column not in roles])
    others = {name: table[column] for column, name in names.items()}
    named = table.select(**{USER_ID: user, EVENT: event.cast("string"), TIME: time}, **others)
    kept = named.filter(named[USER_ID].notnull() & named[EVENT].notnull() & named[TIME].notnull())
    for name in (USER_ID, EVENT):
        if named[name].type().is_string():
            kept = kept.filter(engine.has_text(kept[name]) if spaces else kept[name] != "")
    return kept
