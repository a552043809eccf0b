"""Times as exports write them, turned into UTC instants: with offsets, without, as numbers, as dates.

A time without an offset is an instant only once somebody says where the clock hung; nothing is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pm_analytics import engine
from pm_analytics.errors import DataError, ParameterError, SourceError
from pm_analytics.times import DAY, EARLIEST, LATEST, Offsets, offsets, zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.intake.raw import Wanted

_UNITS = {
    "s": ("seconds", 1_000_000),
    "ms": ("milliseconds", 1_000),
    "us": ("microseconds", 1),
    "ns": ("nanoseconds", 0),
}
# Largest value -> unit: 1e11 seconds is the year 5138, 1e14 milliseconds likewise, so the ranges do not overlap
# for any product. Below 1e9 (2001 in seconds) a number could be anything, and is refused.
_UNIT_CEILINGS = {1e11: "s", 1e14: "ms", 1e17: "us", 1e20: "ns"}
_SMALLEST_EPOCH = 1e9

_NUMBER = r"\s*-?\d+(\.\d+)?([eE]\+?\d+)?\s*"
_OFFSET = r"\s*(Z|z|UTC|GMT|[+-]\d\d(:?\d\d(:\d\d)?)?)\s*"
_CLOCK = r"\s*\d{4}[-/]\d\d?[-/]\d\d?([Tt ]\d\d?:\d\d(:\d\d([.,]\d+)?)?"
_NAIVE_TEXT = _CLOCK + r")?\s*"
_TEXT_WITH_OFFSET = _CLOCK + ")" + _OFFSET
# What the engine reads as it stands: most exports; the rest is put into this form first.
_PLAIN = r"\s*\d{4}-\d\d?-\d\d?([T ]\d\d?:\d\d(:\d\d(\.\d+)?)?(Z| ?UTC| ?GMT|[+-]\d\d(:?\d\d)?)?)?\s*"


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
        Condition: the value carries no offset, so the declared zone was applied.
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


@dataclass(frozen=True, slots=True)
class _Column:
    """A time column: where it is, and how its values become clock readings (microseconds, as if the clock hung in UTC).

    Attributes
    ----------
    has_offset : str
        Condition: the value carries an offset.
    stored : bool
        It is a timestamp already.
    """

    relation: str
    name: str
    given: str
    clock: str = "NULL::BIGINT"
    has_offset: str = "true"
    stored: bool = False
    notes: tuple[str, ...] = ()

    @property
    def quoted(self) -> str:
        return engine.identifier(self.name)


def read_moments(relation: str, column: str, types: Mapping[str, str], wanted: Wanted) -> Moments:
    """Decide how a time column is to be read.

    Raises
    ------
    DataError
        The times carry no offset and no zone was declared, or the column holds nothing that can be a time.
    ParameterError
        ``time_format`` is no pattern.
    """
    kind, name = types[column].upper(), engine.identifier(column)
    given = f"coalesce(trim({name}) <> '', false)" if kind == "VARCHAR" else f"{name} IS NOT NULL"
    return _settled(_with_clock(_Column(relation, column, given), kind, wanted), wanted)


def _with_clock(column: _Column, kind: str, wanted: Wanted) -> _Column:
    name = column.quoted
    if kind == "TIMESTAMP WITH TIME ZONE":
        return replace(column, clock=f"epoch_us({name})", stored=True)
    if kind.startswith(("TIMESTAMP", "DATE")):
        return replace(column, clock=f"epoch_us({name}::TIMESTAMP)", has_offset="false", stored=kind != "DATE")
    if kind == "VARCHAR":
        return _of_text(column, wanted)
    if kind.endswith(("INT", "INTEGER")):
        return _of_pattern(column, wanted) if wanted.time_format else _of_numbers(column, name, wanted, whole=True)
    if kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return _of_numbers(column, f"{name}::DOUBLE", wanted, whole=False)
    raise DataError(f"Column {column.name!r} is {kind}, which holds no moments; name another with time='...'.")


def _of_pattern(column: _Column, wanted: Wanted) -> _Column:
    """Read text, or digits, by the caller's pattern; a pattern with an offset gives instants."""
    pattern = wanted.time_format or ""
    try:
        engine.fetch(f"SELECT try_strptime('', {engine.literal(pattern)})")
    except SourceError as error:
        raise ParameterError(
            f"time_format={pattern!r} is no pattern for times ({error}); write for example '%d/%m/%Y %H:%M'."
        ) from error
    clock = f"epoch_us(try_strptime(trim({column.quoted}::VARCHAR), {engine.literal(pattern)}))"
    return replace(column, clock=clock, has_offset="true" if "%z" in pattern.lower() else "false")


def _of_text(column: _Column, wanted: Wanted) -> _Column:
    if wanted.time_format is not None:
        return _of_pattern(column, wanted)
    name = column.quoted
    total, numbers, plain, with_offset = _count(column, (_NUMBER, _PLAIN, _TEXT_WITH_OFFSET))
    if 2 * numbers > total:
        return _of_numbers(column, f"try_cast({name} AS DOUBLE)", wanted, whole=False)
    # The session clock is UTC, so text without an offset reads as its own wall clock here.
    clock = f"epoch_us(try_cast({name} AS TIMESTAMPTZ))" if plain == total else _normal_clock(name)
    offset_test = f"regexp_full_match({name}, {engine.literal(_TEXT_WITH_OFFSET)})"
    has_offset = {0: "false", total: "true"}.get(with_offset, offset_test)
    return replace(column, clock=clock, has_offset=has_offset)


def _count(column: _Column, patterns: tuple[str, ...]) -> tuple[int, ...]:
    """Count the values that are there, and those that match each pattern."""
    matching = ", ".join(
        f"count(*) FILTER (regexp_full_match({column.quoted}, {engine.literal(pattern)}))" for pattern in patterns
    )
    return engine.fetch(f"SELECT count(*), {matching} FROM {column.relation} WHERE {column.given}")[0]


def _normal_clock(name: str) -> str:
    """Write the reader of text times that need putting straight; 'epoch', a word the engine knows, is no time."""
    straight = f"regexp_replace(upper(replace({name}, ',', '.')), '\\s+([+-]\\d\\d)', '\\1')"
    one_form = f"regexp_full_match({name}, {engine.literal(f'({_NAIVE_TEXT})|({_TEXT_WITH_OFFSET})')})"
    return f"CASE WHEN {one_form} THEN epoch_us(try_cast({straight} AS TIMESTAMPTZ)) END"


def _of_numbers(column: _Column, number: str, wanted: Wanted, *, whole: bool) -> _Column:
    """Read numbers since 1970. Where the unit was guessed, a number that does not fit it cannot be read."""
    middle = engine.fetch(
        f"""SELECT coalesce(quantile_disc({number}, 0.5) FILTER ({number} >= {_SMALLEST_EPOCH:.0f}), max({number}))
        FROM {column.relation} WHERE {column.given}"""
    )[0][0]
    if middle is None:
        return column
    unit = wanted.time_unit or _epoch_unit(column.name, float(middle))
    fits = "true" if wanted.time_unit else _fits_unit(number, unit)
    words, factor = _UNITS[unit]
    return replace(
        column,
        clock=f"CASE WHEN {fits} THEN {_scaled(column.quoted if whole else number, factor, whole=whole)} END",
        notes=(f"times are numbers, read as {words} since 1970 in UTC",),
    )


def _scaled(number: str, factor: int, *, whole: bool) -> str:
    """Write microseconds. Whole numbers never pass through a float, which would round nanoseconds."""
    if whole:
        return f"try_cast({number}::HUGEINT {f'* {factor}' if factor else '// 1000'} AS BIGINT)"
    return f"try_cast(round({number} * {factor or 0.001}) AS BIGINT)"


def _epoch_unit(column: str, middle: float) -> str:
    unit = next((unit for ceiling, unit in _UNIT_CEILINGS.items() if middle < ceiling), None)
    if unit is None or middle < _SMALLEST_EPOCH:
        raise DataError(
            f"Column {column!r} holds numbers such as {middle:.15g}, which are not clearly seconds or milliseconds "
            "since 1970. Say time_unit='s' (or 'ms', 'us', 'ns'), or time_format='%Y%m%d' for dates written as digits."
        )
    return unit


def _fits_unit(number: str, unit: str) -> str:
    ceiling = next(ceiling for ceiling, name in _UNIT_CEILINGS.items() if name == unit)
    smallest = _SMALLEST_EPOCH * ceiling / next(iter(_UNIT_CEILINGS))
    return f"{number} >= {smallest:.0f} AND {number} < {ceiling:.0f}"


def _settled(column: _Column, wanted: Wanted) -> Moments:
    """Look at the readings once: their range, whether a time of day is among them, and whether a zone is needed."""
    naive = f"({column.given} AND NOT {column.has_offset} AND {column.clock} IS NOT NULL)"
    in_range = f"{column.clock} >= {EARLIEST} AND {column.clock} < {LATEST}"
    first, last, readable, believable, timed, without_zone = engine.fetch(
        f"""SELECT min({column.clock}) FILTER ({in_range}), max({column.clock}) FILTER ({in_range}),
            count({column.clock}), count(*) FILTER ({in_range}), count(*) FILTER ({column.clock} % {DAY} <> 0),
            count(*) FILTER ({naive}) FROM {column.relation} WHERE {column.given}"""
    )[0]
    clock = column.clock if believable == readable else f"CASE WHEN {in_range} THEN {column.clock} END"
    read = Moments(clock, column.given, naive, ready=_ready(column, "0"), dates_only=not timed, notes=column.notes)
    return _in_zone(column, read, (first, last), wanted) if without_zone and believable else read


def _ready(column: _Column, shift: str) -> str | None:
    if not column.stored or shift != "0":
        return None
    return column.quoted if column.has_offset == "true" else f"{column.quoted}::TIMESTAMP"


def _in_zone(column: _Column, read: Moments, span: tuple[int, int], wanted: Wanted) -> Moments:
    """Read wall-clock times in the declared zone; values that carry an offset keep it."""
    place = _declared_zone(column, read.naive, wanted)
    shift = _shift_sql(read.sql, offsets(place, span[0] - DAY, span[1] + DAY))
    if shift != "0" and column.has_offset != "false":
        shift = f"CASE WHEN {column.has_offset} THEN 0 ELSE {shift} END"
    return replace(
        read,
        sql=read.sql if shift == "0" else f"({read.sql} - {shift})",
        ready=_ready(column, shift),
        notes=(*read.notes, f"times without an offset were read as {place}"),
    )


def _declared_zone(column: _Column, naive: str, wanted: Wanted) -> str:
    place = wanted.source_timezone or wanted.timezone
    if place is not None:
        return zone(place).key
    example = engine.fetch(f"SELECT {column.quoted}::VARCHAR FROM {column.relation} WHERE {naive} LIMIT 1")[0][0]
    raise DataError(
        f"The times in column {column.name!r} carry no UTC offset (for example {example!r}), so they are no instants "
        "yet. Say in which zone they were written: timezone='Europe/Amsterdam', or timezone='UTC' if the export says "
        "UTC."
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
