"""What the embedded engine can tell without reading rows, or faster than usual; exact, or not told at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
from ibis.expr import datatypes as dt

from pm_analytics import engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BITS = 2**28
"""Numbers told apart by bits: 32 MB of them per group."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is certain of a column of numbers: no value lies outside ``low`` to ``high`` (which need not occur)."""

    low: float = -math.inf
    high: float = math.inf
    no_null: bool = False


NOTHING = Known()


def known(table: Any, columns: Sequence[str]) -> dict[str, Known]:  # noqa: ANN401 - an Ibis table
    """Ask what the engine's own statistics say of some columns; no rows are read, so ask of simple selections only.

    Returns
    -------
    dict
        Column -> :class:`Known`; :data:`NOTHING` where the table lies in another engine, has no rows, or keeps no
        statistics. A not-a-number may be there in any case: statistics leave it out.
    """
    nothing = dict.fromkeys(columns, NOTHING)
    if not columns or not engine.lies_here(table):
        return nothing
    asked = ", ".join(f"stats({engine.identifier(name)})" for name in columns)
    rows = engine.fetch(f"SELECT {asked} FROM ({engine.sql(table.select(*columns))}) LIMIT 1")
    return nothing | {name: _known(told) for name, told in zip(columns, rows[0], strict=True)} if rows else nothing


def _known(told: Any) -> Known:  # noqa: ANN401 - what the engine says, in its own form
    if not isinstance(told, dict):
        return NOTHING
    low, high = told.get("min"), told.get("max")
    no_null = told.get("has_null") is False
    if isinstance(low, int | float) and isinstance(high, int | float):
        return Known(float(low), float(high), no_null)
    return Known(no_null=no_null)


@ibis.udf.agg.builtin(name="bitstring_agg", signature=((dt.int64, dt.int64, dt.int64), dt.binary))  # type: ignore[untyped-decorator]
def _marked(number: Any, low: int, high: int) -> bytes:  # type: ignore[empty-body]  # noqa: ANN401
    """Mark one bit for each number."""


@ibis.udf.agg.builtin(name="bit_or", signature=((dt.binary,), dt.binary))  # type: ignore[untyped-decorator]
def _either(bits: Any) -> bytes:  # type: ignore[empty-body]  # noqa: ANN401
    """Lay bits over each other."""


@ibis.udf.scalar.builtin(name="bit_count", signature=((dt.binary,), dt.int64))  # type: ignore[untyped-decorator]
def _bits(bits: Any) -> int:  # type: ignore[empty-body]  # noqa: ANN401
    """Count the bits that are marked."""


def with_distinct(
    table: Any,  # noqa: ANN401
    by: Sequence[str],
    sums: Mapping[str, Any],
    number: str,
    name: str,
    ends: Known,
) -> Any:  # noqa: ANN401
    """Sum per group, and count the distinct whole numbers of a column over all groups, in one pass.

    One bit is marked for each number: exact, and much faster than a set of them, where they lie close together.

    Parameters
    ----------
    table, by, sums
        What to sum, and of which groups.
    number, name : str
        The column of whole numbers, and what to call its count, which stands in every row of the answer.
    ends : Known
        What is known of that column.

    Returns
    -------
    Ibis table
        ``by``, the sums, and the count; without the count where bits are no way.
    """
    if not (table[number].type().is_integer() and ends.high - ends.low < MOST_BITS):
        return table.group_by(by).aggregate(**sums)
    marked = _marked(table[number].cast("int64"), int(ends.low), int(ends.high))
    grouped = table.group_by(by).aggregate(**sums, marked=marked)
    everywhere = _bits(_either(grouped["marked"]).over(ibis.window()))
    return grouped.mutate(**{name: everywhere}).drop("marked")
