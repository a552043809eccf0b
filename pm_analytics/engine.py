"""The one door to query engines: connect, set limits, run, load.

Ibis is the query layer; DuckDB, embedded, is the default engine. Everything a query may touch is a table of one
connection, so expressions from the same door can be joined. Nothing here knows what an event is.
"""

from __future__ import annotations

import atexit
import itertools
import re
import shutil
import tempfile
import threading
import weakref
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import ibis
from ibis.expr import datatypes as dt
from ibis.expr import operations as ops

from pm_analytics import dialects
from pm_analytics.errors import DataError, ParameterError, SourceError
from pm_analytics.times import DAY, LATEST, offsets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd

_names = itertools.count(1)
_ZONES_FROM = 631_152_000 * 1_000_000  # 1990-01-01: older zone rules are not worth their branches
MOST_SENT = 500_000
"""Rows of a list that are sent to another engine; a longer one belongs into a table there."""
_SIZE = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?B)", re.IGNORECASE)


# One connection, one question at a time: the engine refuses a second one, asked from another thread, while it is busy.
_turn = threading.RLock()


def local() -> Any:  # noqa: ANN401 - an Ibis backend; Ibis ships no types
    """Open the embedded engine of this process, once.

    Its session clock is UTC, and what does not fit in memory spills to a private folder that goes with the process.
    """
    with _turn:
        return _connection()


@cache
def _connection() -> Any:  # noqa: ANN401
    import duckdb

    spill = tempfile.mkdtemp(prefix="pm_analytics_")
    atexit.register(shutil.rmtree, spill, ignore_errors=True)
    backend = ibis.duckdb.connect(temp_directory=spill, allow_unsigned_extensions=False)
    for setting in ("TimeZone='UTC'", "autoinstall_known_extensions=false"):
        backend.raw_sql(f"SET {setting}")
    # In a notebook without ipywidgets there is no progress bar, and DuckDB refuses even to switch it off.
    with suppress(duckdb.InvalidInputException):
        backend.raw_sql("SET enable_progress_bar=false")
    return backend


def limit(*, memory: str | None = None, threads: int | None = None) -> None:
    """Bound the embedded engine: ``memory="2GB"``, ``threads=2``. Larger work spills to disk instead of failing.

    Raises
    ------
    ParameterError
        Not a size, or not a whole number of threads of at least one.
    """
    if memory is not None:
        if not _SIZE.fullmatch(str(memory).strip()):
            raise ParameterError(f"memory={memory!r} is not a size; write for example '2GB' or '500MB'.")
        fetch(f"SET memory_limit={literal(str(memory))}")
    if threads is not None:
        if not isinstance(threads, int) or threads < 1:
            raise ParameterError(f"threads={threads!r} must be a whole number of at least 1.")
        fetch(f"SET threads={threads}")


def new_name(stem: str) -> str:
    """Make a table name that nothing else in this process has."""
    return f"pm_{stem}_{next(_names)}"


def run(expression: Any) -> pd.DataFrame:  # noqa: ANN401
    """Run one query where its tables lie, and return its (small) answer as a frame.

    Raises
    ------
    SourceError
        The engine refused, or a file it reads is no longer what it was; its own first line is passed on.
    """
    with in_plain_words():
        frame: pd.DataFrame = dialects.translated(expression).to_pandas(**dialects.settings(expression))
    return frame


def arrow(expression: Any) -> Any:  # noqa: ANN401
    """Run one query and return its rows as an Arrow table.

    Raises
    ------
    SourceError
        As for :func:`run`.
    """
    with in_plain_words():
        return expression.to_pyarrow()


def beside(few: Any, many: Any) -> Any:  # noqa: ANN401 - Ibis tables
    """Send a short table to the engine of a long one, so that they can be joined; in one engine, nothing is moved.

    Raises
    ------
    DataError
        It has more rows than are sent.
    """
    there = dialects.source_of(many)
    if there is None or dialects.source_of(few) in {None, there}:
        return few
    rows = run(few.limit(MOST_SENT + 1))
    if len(rows) > MOST_SENT:
        raise DataError(
            f"The list has more than {MOST_SENT:,} rows, too many to send to {there.name}. Load it into a table there, "
            "and pass pm_analytics.EventLog.from_table of that."
        )
    return ibis.memtable(rows, schema=few.schema())


def counts(expression: Any) -> dict[str, int]:  # noqa: ANN401
    """Run a query that gives one row of counts; a sum over no rows, which is null, counts as 0."""
    row = run(expression).iloc[0]
    return {str(name): 0 if value is None or value != value else int(value) for name, value in row.items()}  # noqa: PLR0124


def query(sql: str) -> Any:  # noqa: ANN401
    """Make an expression of one piece of the embedded engine's own SQL."""
    return local().sql(sql)


def store(source: Any, stem: str) -> Any:  # noqa: ANN401
    """Keep a frame, or the answer of a query, as a table of the embedded engine; later edits of the frame do not show.

    The table goes when nothing refers to it any more, as those of :func:`table` and :func:`view` do.
    """
    with _turn:
        kept = local().create_table(new_name(stem), source, temp=False)
    return _until_unused(kept, f"DROP TABLE {kept.get_name()}")


def rows_here(expression: Any, most: int) -> int:  # noqa: ANN401
    """Count the rows of a query of the embedded engine; 0 for one of another, which is not asked.

    No further than ``most``: to learn that there are many, not all need to be read.
    """
    if not lies_here(expression):
        return 0
    with in_plain_words():
        return int(expression.limit(most).count().execute())


def kept(expression: Any, stem: str) -> Any:  # noqa: ANN401
    """Keep the answer of a query that several others read, where we may: not in a warehouse."""
    return store(expression, stem) if lies_here(expression) else expression


def table(sql: str, stem: str) -> Any:  # noqa: ANN401
    """Keep the answer of SQL as a stored table of the embedded engine."""
    name = stored(sql, stem)
    return _until_unused(pointer(name), f"DROP TABLE {name}")


def view(sql: str, stem: str, *, then: Iterable[str] = ()) -> Any:  # noqa: ANN401
    """Keep SQL as a view of the embedded engine: it runs where the data lies, each time it is asked.

    ``then`` are statements that clear away what stands behind the view, once it has gone.
    """
    name = new_name(stem)
    fetch(f"CREATE VIEW {name} AS {sql}")
    return _until_unused(pointer(name), f"DROP VIEW {name}", *then)


def pointer(name: str) -> Any:  # noqa: ANN401 - an Ibis table
    """Give a table of the embedded engine by name; one of an attached file as ``file_3.events``."""
    place, _, plain = name.rpartition(".")
    with _turn:
        return local().table(plain, database=(place, "main")) if place else local().table(plain)


def stored(sql: str, stem: str) -> str:
    """Keep the answer of SQL as a table that stays until :func:`clear` drops it; give its name."""
    name = new_name(stem)
    fetch(f"CREATE TABLE {name} AS {sql}")
    return name


def stored_frame(frame: pd.DataFrame, stem: str) -> str:
    """Keep a frame as a table that stays until :func:`clear` drops it; give its name."""
    with _turn:
        return str(local().create_table(new_name(stem), frame, temp=False).get_name())


def clear(*statements: str) -> None:
    """Run statements that clear something away; what has gone already is fine.

    A connection of its own runs them, without waiting for a turn: the garbage collector calls this whenever it likes,
    also between a query and the fetching of its answer.
    """
    import duckdb

    with suppress(duckdb.Error), _connection().con.cursor() as beside:
        for statement in statements:
            with suppress(duckdb.Error):
                beside.execute(statement)


def _until_unused(kept: Any, *statements: str) -> Any:  # noqa: ANN401
    """Clear a table away when the last expression that refers to it has gone, not at the end of the process."""
    weakref.finalize(kept.op(), clear, *statements).atexit = False
    return kept


def is_whole(attached: str, size: int) -> bool:
    """Tell whether an attached file of so many bytes has all the blocks that its head speaks of."""
    rows = fetch(f"SELECT total_blocks * block_size FROM pragma_database_size() WHERE database_name = '{attached}'")
    return bool(rows) and int(rows[0][0]) <= size


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
    with in_plain_words():
        rows: list[tuple[Any, ...]] = local().con.execute(sql).fetchall()
    return rows


@ibis.udf.scalar.builtin(name="hash", signature=((dt.string,), dt.uint64))  # type: ignore[untyped-decorator]
def _hash(text: Any) -> int:  # type: ignore[empty-body]  # noqa: ANN401
    """Give a number of a text, nearly always another for another text."""


@ibis.udf.scalar.builtin(name="hash", signature=((dt.string, dt.int64), dt.uint64))  # type: ignore[untyped-decorator]
def _hash_again(text: Any, salt: int) -> int:  # type: ignore[empty-body]  # noqa: ANN401
    """Give another such number."""


def hashes(text: Any) -> tuple[Any, Any]:  # noqa: ANN401 - columns of the embedded engine
    """Give two numbers of 64 bits for a text, independent of each other."""
    return _hash(text), _hash_again(text, 1)


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Wait for a turn; pass on the first line of what an engine says, since the rest is about its insides.

    Raises
    ------
    SourceError
        What the engine said, without passwords.
    """
    import duckdb

    try:
        with _turn:
            yield
    except duckdb.OutOfMemoryException as error:
        raise SourceError(
            f"{str(error).splitlines()[0]} Allow more with pm_analytics.engine.limit(memory='8GB'), or ask for less."
        ) from error
    except Exception as error:
        if not dialects.is_of_an_engine(error):
            raise
        raise SourceError(dialects.said(error)) from error


def attach(path: Path, *, writable: bool = False) -> str:
    """Open a DuckDB file beside the working tables, to read it or to write it; give the name it is attached under."""
    name = new_name("file")
    fetch(f"ATTACH {literal(str(path))} AS {name} ({'READ_WRITE' if writable else 'READ_ONLY'}, TYPE duckdb)")
    return name


def sql(expression: Any, place: Any = None) -> str:  # noqa: ANN401
    """Write a query as SQL of the embedded engine, or of another connection to DuckDB."""
    with _turn:
        return str((place or local()).compile(expression))


def has_text(column: Any) -> Any:  # noqa: ANN401 - an Ibis column of text
    """Write the condition that a text is more than spaces.

    In DuckDB, where texts are compared byte by byte, whatever begins with more than a space is settled by comparing,
    which column statistics mostly do without looking at a row.
    """
    more_than_spaces = column.strip() != ""
    return more_than_spaces if duckdb_of(column) is None else (column >= "!") | more_than_spaces


def lies_here(expression: Any) -> bool:  # noqa: ANN401
    """Tell whether all tables of a query are the embedded engine's own."""
    return duckdb_of(expression) is local()


def duckdb_of(expression: Any) -> Any:  # noqa: ANN401
    """Give the connection to DuckDB, ours or one of the user's own, that all tables of a query lie behind, if any."""
    tables = expression.op().find((ops.DatabaseTable, ops.SQLQueryResult, ops.InMemoryTable))
    places = {getattr(table, "source", None) for table in tables} or {local()}
    place = places.pop() if len(places) == 1 else None
    return place if getattr(place, "name", None) == dialects.LOCAL else None


def copied(expression: Any, stem: str) -> Any:  # noqa: ANN401
    """Copy the answer of a query of any engine into a table of the embedded one, in portions."""
    portions = new_name("portions")
    # Ibis 12 asks DuckDB 2 for portions by a name that is gone.
    whole = expression.get_backend().name == "duckdb"
    there, how = dialects.translated(expression), dialects.settings(expression)
    with _turn:
        local().con.register(portions, there.to_pyarrow(**how) if whole else there.to_pyarrow_batches(**how))
        try:
            return table(f"SELECT * FROM {portions}", stem)
        finally:
            local().con.unregister(portions)


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a column or table name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def epoch_microseconds(column: Any) -> Any:  # noqa: ANN401
    """Turn a timestamp column into 64-bit UTC microseconds; :func:`run` writes it as each engine says it."""
    return dialects.epoch_us(column)


def holds_instants(column: Any) -> bool:  # noqa: ANN401
    """Tell whether a timestamp column says of itself which instants it holds."""
    return dialects.holds_instants(column)


def moment_literal(moment: int, kind: Any) -> Any:  # noqa: ANN401
    """Write an instant (UTC microseconds) as a literal of a timestamp column's own type."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)
    return ibis.literal(instant if kind.timezone else instant.replace(tzinfo=None), type=kind)


def local_day(moment: Any, timezone: str, until: int) -> Any:  # noqa: ANN401
    """Count the days from 1970-01-01 to the local calendar day of an instant (UTC microseconds)."""
    return (local_moment(moment, timezone, until) // DAY).cast("int64")


def local_moment(moment: Any, timezone: str, until: int) -> Any:  # noqa: ANN401
    """Turn an instant (UTC microseconds) into what the clocks of a zone showed, as microseconds since 1970.

    The zone's offsets are written out as one branch per change of the clocks, so that no engine's own time-zone data
    is trusted. Changes from 1990 to two years past ``until`` are known; earlier instants use the offset of 1990.
    """
    table = offsets(timezone, _ZONES_FROM, min(max(until, _ZONES_FROM), LATEST) + 2 * 366 * DAY)
    shift: Any = ibis.literal(table.offsets[0])
    if len(table.offsets) > 1:
        # The latest change comes first: most events are recent, so most rows are settled by the first few branches.
        changes = zip(reversed(table.starts[1:]), reversed(table.offsets[1:]), strict=True)
        shift = ibis.cases(*((moment >= start, offset) for start, offset in changes), else_=table.offsets[0])
    return moment + shift


def any_of(conditions: Iterable[Any]) -> Any:  # noqa: ANN401
    """Write that at least one condition holds."""
    return ibis.or_(*conditions)


def surely(condition: Any) -> Any:  # noqa: ANN401
    """Read "unknown" as no."""
    return condition.fill_null(ibis.literal(value=False))
