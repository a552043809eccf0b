"""Times as exports write them, turned into UTC instants: with offsets, without, as numbers, as dates.

A time without an offset is an instant only once somebody says where the clock hung; nothing is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics import engine
from pm_analytics.errors import DataError
from pm_analytics.times import DAY, Offsets, offsets, zone

if TYPE_CHECKING:
    from pm_analytics.intake.raw import Wanted

_UNIT_FACTORS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0.001}
# Largest value -> unit: 1e11 seconds is the year 5138, 1e14 milliseconds likewise, so the ranges do not overlap
# for any product. Below 1e9 (2001 in seconds) a number could be anything, and is refused.
_UNIT_CEILINGS = {1e11: "s", 1e14: "ms", 1e17: "us", 1e20: "ns"}
_SMALLEST_EPOCH = 1e9

_NUMBER = r"^\s*\d+(\.\d+)?([eE]\+?\d+)?\s*$"
_OFFSET = r"\d:\d\d.*(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)\s*$"


@dataclass(frozen=True, slots=True)
class Moments:
    """How to read one time column.

    Attributes
    ----------
    sql : str
        UTC microseconds; null where the value is missing or cannot be read.
    given : str
        Condition: a value is there.
    naive : str
        Condition: the value carries no offset, so ``zone_used`` was applied.
    ready : str or None
        The column itself, when it is a timestamp that needs no work; range filters on it reach the storage.
    dates_only : bool
        No value has a time of day.
    notes : tuple of str
        What was decided, for the report.
    """

    sql: str
    given: str
    naive: str
    ready: str | None = None
    dates_only: bool = False
    notes: tuple[str, ...] = ()


def read_moments(relation: str, column: str, kind: str, wanted: Wanted) -> Moments:
    """Decide how a time column is to be read.

    Raises
    ------
    DataError
        The times carry no offset and no zone was declared, or numbers cannot be told to be epoch times.
    """
    name, kind = engine.identifier(column), kind.upper()
    if kind == "TIMESTAMP WITH TIME ZONE":
        return Moments(f"epoch_us({name})", f"{name} IS NOT NULL", "false", ready=name)
    if kind.startswith(("TIMESTAMP", "DATE")):
        return _naive(relation, column, f"epoch_us({name}::TIMESTAMP)", wanted, stored=kind.startswith("TIMESTAMP"))
    if kind == "VARCHAR":
        return _from_text(relation, column, wanted)
    return _from_numbers(relation, column, f"{name}::DOUBLE", f"{name} IS NOT NULL", wanted)


def _from_text(relation: str, column: str, wanted: Wanted) -> Moments:
    name = engine.identifier(column)
    given = f"coalesce(trim({name}) <> '', false)"
    if wanted.time_format is not None:
        pattern = engine.literal(wanted.time_format)
        return _naive(relation, column, f"epoch_us(try_strptime({name}, {pattern}))", wanted, given=given)
    if _all(relation, given, f"regexp_matches({name}, {engine.literal(_NUMBER)})"):
        return _from_numbers(relation, column, f"try_cast({name} AS DOUBLE)", given, wanted)
    # The session clock is UTC, so text without an offset reads as its own wall clock here.
    clock = f"epoch_us(try_cast({name} AS TIMESTAMPTZ))"
    has_offset = f"regexp_matches({name}, {engine.literal(_OFFSET)})"
    if _all(relation, given, has_offset):
        return Moments(clock, given, "false")
    return _naive(relation, column, clock, wanted, given=given, has_offset=has_offset)


def _all(relation: str, given: str, condition: str) -> bool:
    """Tell whether every value that is there meets a condition (and at least one is there)."""
    row = engine.fetch(f"SELECT count(*), count(*) FILTER ({condition}) FROM {relation} WHERE {given}")[0]
    return bool(row[0] and row[0] == row[1])


def _naive(  # noqa: PLR0913 - one call site per kind of column
    relation: str,
    column: str,
    clock: str,
    wanted: Wanted,
    *,
    given: str | None = None,
    has_offset: str = "false",
    stored: bool = False,
) -> Moments:
    """Read wall-clock times in the declared zone; values that carry an offset keep it."""
    name = engine.identifier(column)
    given = given or f"{name} IS NOT NULL"
    naive = f"({given} AND NOT {has_offset} AND {clock} IS NOT NULL)"
    first, last, timed, with_offset = engine.fetch(
        f"""SELECT min({clock}) FILTER ({naive}), max({clock}) FILTER ({naive}),
            count(*) FILTER ({naive} AND {clock} % {DAY} <> 0), count(*) FILTER ({given} AND {has_offset})
        FROM {relation}"""
    )[0]
    if first is None:
        return Moments(clock, given, naive)
    place = _declared_zone(relation, column, naive, wanted)
    shift = _shift_sql(clock, offsets(place, first - DAY, last + DAY))
    sql = clock if shift == "0" else f"({clock} - CASE WHEN {has_offset} THEN 0 ELSE {shift} END)"
    return Moments(
        sql,
        given,
        naive,
        ready=f"{name}::TIMESTAMP" if stored and shift == "0" else None,
        dates_only=not timed and not with_offset,
        notes=(f"times without an offset were read as {place}",),
    )


def _declared_zone(relation: str, column: str, naive: str, wanted: Wanted) -> str:
    place = wanted.source_timezone or wanted.timezone
    if place is not None:
        return zone(place).key
    name = engine.identifier(column)
    example = engine.fetch(f"SELECT {name}::VARCHAR FROM {relation} WHERE {naive} LIMIT 1")[0][0]
    raise DataError(
        f"The times in column {column!r} carry no UTC offset (for example {example!r}), so they are not instants yet. "
        "Say in which zone they were written: timezone='Europe/Amsterdam', or timezone='UTC' if the export says UTC."
    )


def _shift_sql(clock: str, table: Offsets) -> str:
    """Write the offset to take off a wall-clock reading: one branch per change of the clocks."""
    if len(table.offsets) == 1:
        return str(table.offsets[0])
    starts = table.local_starts()
    branches = " ".join(
        f"WHEN {clock} < {until} THEN {offset}" for until, offset in zip(starts[1:], table.offsets, strict=False)
    )
    return f"CASE {branches} ELSE {table.offsets[-1]} END"


def _from_numbers(relation: str, column: str, number: str, given: str, wanted: Wanted) -> Moments:
    largest = engine.fetch(f"SELECT max({number}) FROM {relation} WHERE {given}")[0][0]
    if largest is None:
        return Moments("NULL::BIGINT", given, "false")
    unit = wanted.time_unit or _epoch_unit(column, largest)
    sql = f"try_cast(round({number} * {_UNIT_FACTORS[unit]}) AS BIGINT)"
    return Moments(sql, given, "false", notes=(f"times are numbers, read as {_UNIT_NAMES[unit]} since 1970 in UTC",))


_UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


def _epoch_unit(column: str, largest: float) -> str:
    unit = next((unit for ceiling, unit in _UNIT_CEILINGS.items() if largest < ceiling), None)
    if unit is None or largest < _SMALLEST_EPOCH:
        raise DataError(
            f"Column {column!r} holds numbers up to {largest:g}, which are not clearly seconds or milliseconds since "
            "1970. Say time_unit='s' (or 'ms', 'us'), or time_format='%Y%m%d' for dates written as digits."
        )
    return unit
