"""Which columns of a text table hold numbers, or yes and no? Only those in which every value does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What a text column holds: the engine's type, and the SQL that turns its text into it."""

    type: str
    sql: str


# A number with leading zeros, or with more digits than a number can hold, is a code: it stays text.
_WHOLE = r"\s*-?(0|[1-9]\d{0,17})\s*"
_NUMBER = r"\s*-?(0|[1-9]\d{0,14})?(\.\d+)?([eE][-+]?\d{1,3})?\s*"
_DECIMAL_COMMA = r"\s*-?(0|[1-9]\d{0,14})(,\d+)?\s*"
_YES_NO = r"\s*(?i:true|false)\s*"

_TESTS = {
    "BOOLEAN": (_YES_NO, "try_cast(trim({0}) AS BOOLEAN)"),
    "BIGINT": (_WHOLE, "try_cast(trim({0}) AS BIGINT)"),
    "DOUBLE": (_NUMBER, "try_cast(trim({0}) AS DOUBLE)"),
    "decimal comma": (_DECIMAL_COMMA, "try_cast(replace(trim({0}), ',', '.') AS DOUBLE)"),
}


def typed_columns(table: str, names: Sequence[str], *, decimal_comma: bool) -> dict[str, Kind]:
    """Find the columns of a stored text table in which every value is of one kind; a column left out stays text.

    Parameters
    ----------
    table : str
        A stored table whose columns are all text.
    names : sequence of str
        The columns to look at.
    decimal_comma : bool
        Whether 3,50 is a number, as it is where columns are separated by semicolons.
    """
    kinds = [kind for kind in _TESTS if kind != "decimal comma" or decimal_comma]
    wanted = [(name, kind) for name in names for kind in kinds]
    likely = [
        pair for pair, passed in _results(f"(SELECT * FROM {table} LIMIT {SAMPLE})", wanted) if passed is not False
    ]
    found: dict[str, Kind] = {}
    for (name, kind), passed in _results(table, likely):
        if not passed:
            continue
        engine_type = "DOUBLE" if kind == "decimal comma" else kind
        found.setdefault(name, Kind(engine_type, _TESTS[kind][1].format(engine.identifier(name))))
    return found


def _results(relation: str, wanted: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], bool | None]]:
    """Test (column, kind) pairs: whether every value that is there passes; None where no value is there."""
    if not wanted:
        return []
    row = engine.fetch(f"SELECT {', '.join(_all_pass(name, kind) for name, kind in wanted)} FROM {relation}")[0]
    return list(zip(wanted, row, strict=True))


def _all_pass(name: str, kind: str) -> str:
    """Write one test; null when there are no values, as in a sample there may be where the table has some."""
    pattern, conversion = _TESTS[kind]
    column = engine.identifier(name)
    passes = f"regexp_full_match({column}, {engine.literal(pattern)}) AND {conversion.format(column)} IS NOT NULL"
    return f"bool_and({passes}) FILTER (trim({column}) <> '')"
