"""What DuckDB can tell without reading rows, or faster than usual; exact, or not told at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ibis.expr import operations as ops

from pm_analytics import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

MOST_BITS = 2**28
"""Numbers told apart by bits: 32 MB of them per group."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is certain of a column of numbers: no value lies outside ``low`` to ``high`` (which need not occur)."""

    low: float = -math.inf
    high: float = math.inf
    no_null: bool = False


NOTHING = Known()


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of which several questions are asked: DuckDB is given their query once, and a name for it in the others.

    Nothing is kept: they are read each time.

    Attributes
    ----------
    table : Ibis table
        What questions are written of.
    plain : Ibis table
        The query itself, for a question that is asked as usual.
    """

    table: Any
    plain: Any
    _place: Any = None
    _text: str = ""

    @classmethod
    def of(cls, table: Any) -> Rows:  # noqa: ANN401 - an Ibis table
        """Take the rows of any query; of one that does not lie in DuckDB, each question is asked as usual."""
        place = engine.duckdb_of(table)
        if place is None:
            return cls(table, table)
        name = engine.new_name("rows")
        stand_in = ops.DatabaseTable(name, table.schema(), place, namespace=ops.Namespace()).to_expr()
        return cls(stand_in, table, place, f"WITH {name} AS ({engine.sql(table, place)})")

    def run(self, question: Any) -> pd.DataFrame:  # noqa: ANN401 - an Ibis table, made of ``table``
        """Run a question, and return its few rows."""
        if self._place is None:
            return engine.run(question)
        return self._fetch(f"SELECT * FROM ({engine.sql(question, self._place)})")

    def known(self, columns: Sequence[str]) -> dict[str, Known]:
        """Ask what DuckDB's own statistics say of some columns; no rows are read, if the rows are a mere selection.

        Returns
        -------
        dict
            Column -> :class:`Known`; :data:`NOTHING` where the table lies in another engine, has no rows, or keeps no
            statistics. A not-a-number may be there in any case: statistics leave it out.
        """
        nothing = dict.fromkeys(columns, NOTHING)
        if not columns or self._place is None:
            return nothing
        asked = ", ".join(f"stats({engine.identifier(name)})" for name in columns)
        told = self._fetch(f"SELECT {asked} FROM {self.table.get_name()} LIMIT 1").to_dict("split")["data"]
        return nothing | {name: _known(said) for name, said in zip(columns, told[0], strict=True)} if told else nothing

    def distinct_numbers(self, column: str, ends: Known) -> int | None:
        """Count the distinct whole numbers of a column by marking one bit for each.

        Exact, and much faster than a set of them where they lie close together. A question of its own, since marking
        costs several times as much beside sums per group.

        Parameters
        ----------
        column : str
            The numbers.
        ends : Known
            What is known of that column.

        Returns
        -------
        int or None
            None where bits are no way: no whole numbers, or they lie too far apart.
        """
        if not (self.table[column].type().is_integer() and ends.high - ends.low < MOST_BITS):
            return None
        marked = f"bitstring_agg({engine.identifier(column)}::BIGINT, {int(ends.low)}, {int(ends.high)})"
        told = self._fetch(f"SELECT coalesce(bit_count({marked}), 0) AS n FROM {self.table.get_name()}")
        return int(told["n"].iloc[0])

    def _fetch(self, question: str) -> pd.DataFrame:
        with engine.in_plain_words():
            found: pd.DataFrame = self._place.con.execute(f"{self._text} {question}").df()
        return found


def _known(told: Any) -> Known:  # noqa: ANN401 - what the engine says, in its own form
    if not isinstance(told, dict):
        return NOTHING
    low, high = told.get("min"), told.get("max")
    no_null = told.get("has_null") is False
    if isinstance(low, int | float) and isinstance(high, int | float):
        return Known(float(low), float(high), no_null)
    return Known(no_null=no_null)
