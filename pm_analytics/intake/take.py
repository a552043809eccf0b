"""Take a raw table in: count its rows, set aside what is no event, keep the rest as one clean table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import DataError
from pm_analytics.intake.columns import Who, plain_text_sql, read_user, resolve_columns, says_nobody, text_sql
from pm_analytics.intake.moments import Moments, read_moments
from pm_analytics.intake.report import SourceReport
from pm_analytics.intake.tables import free_names
from pm_analytics.names import EVENT, TIME, USER_ID
from pm_analytics.times import from_microseconds, zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.intake.raw import Raw, Wanted


_WHO, _COPY = "pm_who", "pm_copy"

FAULTS = ("no user", "no event name", "no time", "bad time")


@dataclass(frozen=True, slots=True)
class _Reading:
    """Everything decided about one raw table before a row of it is taken."""

    raw: Raw
    columns: Mapping[str, str]
    moments: Moments
    who: Who
    event: str
    faultless: bool = False

    @property
    def user(self) -> str:
        """The user, as SQL."""
        return self.who.sql

    @property
    def kept(self) -> str:
        """The condition under which a row is an event."""
        if self.faultless:
            return "true"
        return f"({self.user} IS NOT NULL AND {self.event} IS NOT NULL AND {self.moments.sql} IS NOT NULL)"

    def without_tests(self) -> _Reading:
        """Read the same without looking for blanks, where every row was found to be an event: each query is faster."""
        plain = replace(self.who, sql=self.who.plain)
        # Where the caller names the event of every row, no column holds it.
        event = plain_text_sql(self.columns["event"]) if "event" in self.columns else self.event
        return replace(self, who=plain, event=event, faultless=True)

    @property
    def pair(self) -> str:
        """A number that rows of one user at one instant share."""
        return f"hash({self.user}, {self.moments.sql})"


@dataclass(frozen=True, slots=True)
class _Repeats:
    """Rows identical to an earlier row in every column.

    Attributes
    ----------
    table : str
        Their row keys, stored, with their users.
    rows : int
        How many.
    dropped : bool
        Whether they are left out.
    ties : int
        Rows that share user and time with another kept row.
    """

    table: str
    rows: int
    dropped: bool
    ties: int


def take_in(raw: Raw, wanted: Wanted) -> tuple[Any, SourceReport]:
    """Read a raw table as an event table (user_id, event, time, then every other column) and report on it.

    Raises
    ------
    UnknownNameError
        A named column is not there.
    DataError
        A column must be named; times cannot be read or lack a zone; no event is left.
    """
    try:
        return _take_in(raw, wanted)
    except Exception:
        engine.clear(*raw.clear)
        raise


def _take_in(raw: Raw, wanted: Wanted) -> tuple[Any, SourceReport]:
    columns = resolve_columns(list(raw.columns), wanted)
    moments = read_moments(raw.relation, columns["time"], raw.columns, wanted)
    reading = _Reading(raw, columns, moments, read_user(raw, columns["user"]), _event(raw, columns, wanted))
    counted = _count_rows(reading)
    if counted["bad time"] and wanted.bad_times == "raise":
        raise _bad_times(reading, counted)
    if not any(counted[fault] for fault in FAULTS):
        reading = reading.without_tests()
    repeats = _find_repeats(reading, wanted)
    table, renamed = _clean_table(reading, repeats)
    report = _report(reading, wanted, table, counted, repeats, renamed)
    if not raw.scanned:
        engine.clear(f"DROP TABLE {repeats.table}", *raw.clear)
    if report.rows_kept == 0:
        raise DataError(f"No event is left of {raw.name}; nothing can be counted.\n{report}")
    return table, report


def _event(raw: Raw, columns: Mapping[str, str], wanted: Wanted) -> str:
    """Write the event of a row: a column's text, or one name for all rows."""
    if wanted.event_name is not None:
        return engine.literal(wanted.event_name)
    return text_sql(raw.columns, columns["event"])


def _count_rows(reading: _Reading) -> dict[str, int]:
    """Count rows and what is wrong with them; a row is counted under its first fault only."""
    moments = reading.moments
    is_event = "has_user AND has_event"
    conditions = {
        "read": "true",
        "no user": "NOT has_user",
        "no event name": "has_user AND NOT has_event",
        "no time": f"{is_event} AND NOT has_time",
        "bad time": f"{is_event} AND has_time AND NOT readable",
        "naive": f"{is_event} AND naive AND readable",
    }
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition in conditions.values())
    row = engine.fetch(
        f"""SELECT {counts} FROM (
            SELECT {reading.user} IS NOT NULL AS has_user, {reading.event} IS NOT NULL AS has_event,
                {moments.given} AS has_time, {moments.naive} AS naive, {moments.sql} IS NOT NULL AS readable
            FROM {reading.raw.relation})"""
    )[0]
    return dict(zip(conditions, map(int, row), strict=True))


def _bad_times(reading: _Reading, counted: Mapping[str, int]) -> DataError:
    column = reading.columns["time"]
    examples = engine.fetch(
        f"""SELECT row, value FROM (
            SELECT row_number() OVER (ORDER BY {reading.raw.row_key}) AS row,
                   {engine.identifier(column)}::VARCHAR AS value,
                   {reading.user} IS NOT NULL AND {reading.event} IS NOT NULL
                   AND {reading.moments.given} AND {reading.moments.sql} IS NULL AS bad
            FROM {reading.raw.relation}) WHERE bad ORDER BY row LIMIT 3"""
    )
    where = reading.raw.say_rows([row - 1 for row, _ in examples])
    listed = "; ".join(f"{place}: {value!r}" for place, (_, value) in zip(where, examples, strict=True))
    how = "".join(f" ({note})" for note in reading.moments.notes if note.startswith("times are numbers"))
    return DataError(
        f"{counted['bad time']:,} of {counted['read']:,} times in column {column!r} of {reading.raw.name} cannot be "
        f"read as a date and time{how} ({listed}). Correct them, name their pattern with "
        "time_format='%d/%m/%Y %H:%M', or leave those rows out with bad_times='drop' (they will be counted)."
    )


def _find_repeats(reading: _Reading, wanted: Wanted) -> _Repeats:
    """Find rows identical in every column, and rows that merely share user and time.

    Only rows that share user and time with another can be identical, so only those are compared in full. Where no time
    of day was recorded, identical rows are as likely two real actions as one sent twice, so they are kept.
    """
    raw, table = reading.raw, engine.new_name("repeats")
    shared, among = engine.new_name("shared"), engine.new_name("among")
    engine.fetch(
        f"""CREATE TEMP TABLE {shared} AS SELECT {reading.pair} AS pair
        FROM {raw.relation} WHERE {reading.kept} GROUP BY ALL HAVING count(*) > 1"""
    )
    every_column = ", ".join(map(engine.identifier, raw.columns))
    engine.fetch(
        f"""CREATE TEMP TABLE {among} AS SELECT {raw.row_key}, {every_column}
        FROM {raw.relation} WHERE {reading.kept} AND {reading.pair} IN (SELECT pair FROM {shared})"""
    )
    engine.fetch(
        f"""CREATE TABLE {table} AS SELECT {raw.row_key}, {_WHO} FROM (
            SELECT {raw.row_key}, {reading.user} AS {_WHO},
                row_number() OVER (PARTITION BY {every_column} ORDER BY {raw.row_key}) AS {_COPY}
            FROM {among}) WHERE {_COPY} > 1"""
    )
    rows = int(engine.fetch(f"SELECT count(*) FROM {table}")[0][0])
    dropped = wanted.duplicates == "drop" and not reading.moments.dates_only
    ties = engine.fetch(
        f"""SELECT coalesce(sum(rows), 0) FROM (
            SELECT count(*) AS rows FROM {among} WHERE true {_without(raw, table if dropped and rows else None)}
            GROUP BY {reading.user}, {reading.moments.sql} HAVING count(*) > 1)"""
    )[0][0]
    engine.fetch(f"DROP TABLE {shared}")
    engine.fetch(f"DROP TABLE {among}")
    return _Repeats(table, rows, dropped, int(ties))


def _without(raw: Raw, table: str | None) -> str:
    """Write the condition that leaves out the rows of a table of row keys."""
    return f"AND ({raw.row_key}) NOT IN (SELECT ({raw.row_key}) FROM {table})" if table else ""


def _clean_table(reading: _Reading, repeats: _Repeats) -> tuple[Any, list[str]]:
    """Make the event table: stored, or a view of what is scanned. Other columns that collide get a new name."""
    raw = reading.raw
    roles = set(reading.columns.values())
    names = free_names([column for column in raw.columns if column not in roles])
    moment = (
        reading.moments.ready if raw.scanned and reading.moments.ready else f"make_timestamp({reading.moments.sql})"
    )
    selected = ", ".join(
        [
            f"{reading.user} AS {USER_ID}",
            f"{reading.event} AS {EVENT}",
            f"{moment} AS {TIME}",
            *(f"{_property(column, raw)} AS {engine.identifier(name)}" for column, name in names.items()),
        ]
    )
    left_out = repeats.table if repeats.dropped and repeats.rows else None
    sql = f"SELECT {selected} FROM {raw.relation} WHERE {reading.kept} {_without(raw, left_out)}"
    renamed = [f"{column} -> {name}" for column, name in names.items() if column != name]
    if raw.scanned:
        return engine.view(sql, "events", then=(f"DROP TABLE {repeats.table}", *raw.clear)), renamed
    return engine.table(sql, "events"), renamed


def _property(column: str, raw: Raw) -> str:
    """Write a property; a column without a single value has no kind, and is read as text."""
    name = engine.identifier(column)
    return f"{name}::VARCHAR" if raw.columns[column].strip('"') == "NULL" else name


def _report(
    reading: _Reading,
    wanted: Wanted,
    table: Any,  # noqa: ANN401 - an Ibis table
    counted: Mapping[str, int],
    repeats: _Repeats,
    renamed: list[str],
) -> SourceReport:
    place = zone(wanted.timezone or "UTC").key
    events = engine.run(table.group_by(EVENT).aggregate(rows=table.count()))
    events = events.sort_values(["rows", EVENT], ascending=[False, True], ignore_index=True)
    users, first, last, nobody = _by_user(table)
    kept = int(events["rows"].sum())
    dropped = {
        "no user (empty or missing)": counted["no user"],
        "no event name": counted["no event name"],
        "no time": counted["no time"],
        "time not readable": counted["bad time"],
        "identical to an earlier row": repeats.rows if repeats.dropped else 0,
    }
    noticed = {
        "identical to an earlier row, kept": 0 if repeats.dropped else repeats.rows,
        "same user and time as another event": repeats.ties,
        "time without an offset": counted["naive"],
        "user called 'null', 'nan' or the like": nobody + _dropped_nobody(repeats),
    }
    return SourceReport(
        name=reading.raw.name,
        form=reading.raw.form,
        columns=reading.columns,
        rows_read=counted["read"],
        rows_kept=kept,
        dropped={reason: rows for reason, rows in dropped.items() if rows},
        noticed={what: rows for what, rows in noticed.items() if rows},
        users=users,
        first=from_microseconds(first, place) if kept else None,
        last=from_microseconds(last, place) if kept else None,
        timezone=place,
        zone_declared=wanted.timezone is not None,
        event_counts=events,
        notes=(
            *reading.raw.notes,
            *reading.who.notes,
            *reading.moments.notes,
            *_notes(reading, wanted, repeats, renamed),
        ),
    )


def _by_user(table: Any) -> tuple[int, int, int, int]:  # noqa: ANN401 - an Ibis table
    """Count users, find the first and last instant, and count rows of users called nobody, in one pass."""
    users, first, last, nobody = engine.fetch(
        f"""SELECT count(*), min(first), max(last), coalesce(sum(rows) FILTER ({says_nobody(USER_ID)}), 0) FROM (
            SELECT {USER_ID}, count(*) AS rows, epoch_us(min({TIME})) AS first, epoch_us(max({TIME})) AS last
            FROM {table.get_name()} GROUP BY {USER_ID})"""
    )[0]
    return int(users), first, last, int(nobody)


def _dropped_nobody(repeats: _Repeats) -> int:
    """Count the repeats of users called nobody that were left out: they were noticed, too."""
    if not repeats.dropped or not repeats.rows:
        return 0
    return int(engine.fetch(f"SELECT count(*) FROM {repeats.table} WHERE {says_nobody(_WHO)}")[0][0])


def _notes(reading: _Reading, wanted: Wanted, repeats: _Repeats, renamed: list[str]) -> list[str]:
    notes = [] if wanted.event_name is None else [f"every row is a {wanted.event_name!r}, as event_name= says"]
    if repeats.rows and wanted.duplicates == "drop" and not repeats.dropped:
        notes.append("no time of day was recorded, so identical rows may be real repeats and were kept")
    if renamed:
        notes.append(f"columns with a name of ours were renamed: {', '.join(renamed)}")
    if reading.moments.dates_only:
        notes.append("times are dates only: order within a day is unknown, and a whole day counts as one moment")
    return notes
