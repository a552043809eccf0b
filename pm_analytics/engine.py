"""The one door to query engines: connect, set limits, run, load.

Ibis is the query layer; DuckDB, embedded, is the default engine. Everything a query may touch is a table of one
connection, so expressions from the same door can be joined. Nothing here knows what an event is.
"""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
from ibis.expr import datatypes as dt

from pm_analytics.errors import SourceError
from pm_analytics.times import DAY, offsets

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_names = itertools.count(1)
_ZONES_FROM = 631_152_000 * 1_000_000  # 1990-01-01: older zone rules are not worth their branches


@cache
def local() -> Any:  # noqa: ANN401 - an Ibis backend; Ibis ships no types
    """Open the embedded engine of this process, once.

    Its session clock is UTC, and what does not fit in memory spills to a private folder that goes with the process.
    """
    spill = tempfile.mkdtemp(prefix="pm_analytics_")
    atexit.register(shutil.rmtree, spill, ignore_errors=True)
    backend = ibis.duckdb.connect(temp_directory=spill, allow_unsigned_extensions=False)
    for setting in ("TimeZone='UTC'", "autoinstall_known_extensions=false", "enable_progress_bar=false"):
        backend.raw_sql(f"SET {setting}")
    return backend


def limit(*, memory: str | None = None, threads: int | None = None) -> None:
    """Bound the embedded engine: ``memory="2GB"``, ``threads=2``. Larger work spills to disk instead of failing."""
    if memory is not None:
        local().raw_sql(f"SET memory_limit='{memory}'")
    if threads is not None:
        local().raw_sql(f"SET threads={int(threads)}")


def new_name(stem: str) -> str:
    """Make a table name that nothing else in this process has."""
    return f"pm_{stem}_{next(_names)}"


def run(expression: Any) -> pd.DataFrame:  # noqa: ANN401
    """Run one query and return its (small) answer as a frame."""
    frame: pd.DataFrame = expression.to_pandas()
    return frame


def counts(expression: Any) -> dict[str, int]:  # noqa: ANN401
    """Run a query that gives one row of counts; a sum over no rows, which is null, counts as 0."""
    row = run(expression).iloc[0]
    return {str(name): 0 if value is None or value != value else int(value) for name, value in row.items()}  # noqa: PLR0124


def query(sql: str) -> Any:  # noqa: ANN401
    """Make an expression of one piece of the embedded engine's own SQL."""
    return local().sql(sql)


def store(source: Any, stem: str) -> Any:  # noqa: ANN401
    """Keep a frame, or the answer of a query, as a table of the embedded engine; later edits of the frame do not show."""
    return local().create_table(new_name(stem), source, temp=False)


def table(sql: str, stem: str) -> Any:  # noqa: ANN401
    """Keep the answer of SQL as a stored table of the embedded engine."""
    name = new_name(stem)
    fetch(f"CREATE TABLE {name} AS {sql}")
    return local().table(name)


def view(sql: str, stem: str) -> Any:  # noqa: ANN401
    """Keep SQL as a view of the embedded engine: it runs where the data lies, each time it is asked."""
    name = new_name(stem)
    fetch(f"CREATE VIEW {name} AS {sql}")
    return local().table(name)


def columns_of(relation: str) -> dict[str, str]:
    """List the columns of whatever stands behind FROM, with the engine's type names."""
    return {row[0]: row[1] for row in fetch(f"DESCRIBE SELECT * FROM {relation}")}


def fetch(sql: str) -> list[tuple[Any, ...]]:
    """Run SQL of the embedded engine and fetch its few rows, in order.

    Raises
    ------
    SourceError
        The engine refused; its own first line is passed on.
    """
    import duckdb

    try:
        rows: list[tuple[Any, ...]] = local().con.execute(sql).fetchall()
    except duckdb.Error as error:
        raise SourceError(str(error).splitlines()[0]) from error
    return rows


def attach(path: Path) -> str:
    """Open a DuckDB file read-only beside the working tables; return the name it is attached under."""
    name = new_name("file")
    fetch(f"ATTACH {literal(str(path))} AS {name} (READ_ONLY)")
    return name


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a column or table name for SQL."""
    return '"' + name.replace('"', '""') + '"'


@ibis.udf.scalar.builtin(name="epoch_us", signature=((dt.timestamp,), dt.int64))
def _epoch_us(moment: Any) -> int:  # noqa: ANN401, ARG001
    """Microseconds since 1970 of a timestamp, with or without a zone."""


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dt.int64,), dt.timestamp(scale=6)))
def _make_timestamp(moment: Any) -> Any:  # noqa: ANN401, ARG001
    """Timestamp (UTC, without zone) of microseconds since 1970."""


def epoch_microseconds(column: Any) -> Any:  # noqa: ANN401
    """Turn a timestamp column into 64-bit UTC microseconds."""
    return _epoch_us(column)


def timestamp(column: Any) -> Any:  # noqa: ANN401
    """Turn 64-bit UTC microseconds into a timestamp column."""
    return _make_timestamp(column)


def moment_literal(moment: int, kind: Any) -> Any:  # noqa: ANN401
    """Write an instant (UTC microseconds) as a literal of a timestamp column's own type."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)
    return ibis.literal(instant if kind.timezone else instant.replace(tzinfo=None), type=kind)


def local_day(moment: Any, timezone: str, until: int) -> Any:  # noqa: ANN401
    """Number the local calendar day of an instant (UTC microseconds), from 1970-01-01 = 0.

    The zone's offsets are written out as one branch per change of the clocks, so that no engine's own time-zone data
    is trusted. Changes from 1990 to two years past ``until`` are known; earlier instants use the offset of 1990.
    """
    table = offsets(timezone, _ZONES_FROM, max(until, _ZONES_FROM) + 2 * 366 * DAY)
    shift: Any = ibis.literal(table.offsets[-1])
    if len(table.offsets) > 1:
        changes = zip(table.starts[1:], table.offsets, strict=False)
        shift = ibis.cases(*((moment < start, offset) for start, offset in changes), else_=table.offsets[-1])
    return ((moment + shift) // DAY).cast("int64")


def any_of(conditions: Iterable[Any]) -> Any:  # noqa: ANN401
    """Write that at least one condition holds."""
    return ibis.or_(*conditions)


def surely(condition: Any) -> Any:  # noqa: ANN401
    """Read "unknown" as no."""
    return condition.fill_null(ibis.literal(value=False))
