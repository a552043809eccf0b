"""What differs between engines, put right in one place, just before a query runs.

Rooms write one expression for all engines. Ibis translates nearly all of it; what it leaves to each engine, or writes
in a way that would change a number, is replaced here: decision 19 says what, and why.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import ibis
from ibis.expr import datatypes as dt
from ibis.expr import operations as ops

from pm_analytics.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOCAL = "duckdb"

# Engines whose timestamps are instants even where Ibis sees no zone.
_ZONELESS_INSTANTS = ("pyspark", "clickhouse")

# Whose errors are passed on in plain words: drivers, and Ibis where an engine lacks what it is asked.
_DRIVERS = frozenset(
    {
        "_duckdb",
        "chdb",
        "clickhouse_connect",
        "databricks",
        "duckdb",
        "google",
        "ibis",
        "psycopg",
        "py4j",
        "pyspark",
        "snowflake",
        "trino",
    }
)
_SECRET = re.compile(r"(://[^\s:/@]*:|(?:password|passwd|token|secret)\s*[=:]\s*)[^\s@,;]+", re.IGNORECASE)

_UTC = dt.Timestamp(timezone="UTC", scale=6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _function(name: str, takes: Any, gives: Any) -> Any:  # noqa: ANN401 - Ibis types
    """Name a function that an engine has itself."""
    return ibis.udf.scalar.builtin(name=name, signature=((takes,), gives))(lambda value: value)


def _part(name: str, gives: Any, **where: str) -> Any:  # noqa: ANN401
    """Name a function of an engine that takes a named part out of a timestamp."""
    signature = ((dt.string, dt.timestamp), gives)
    return ibis.udf.scalar.builtin(name=name, signature=signature, **where)(lambda part, moment: (part, moment))


epoch_us = _function("epoch_us", dt.timestamp, dt.int64)
"""Microseconds since 1970, under the name of the embedded engine; the others call it otherwise."""

_unix_micros = _function("unix_micros", dt.timestamp, dt.int64)
_to_unix_timestamp = _function("toUnixTimestamp64Micro", dt.timestamp, dt.int64)
_to_unixtime = _function("to_unixtime", dt.timestamp, dt.float64)
_from_unixtime_nanos = _function("from_unixtime_nanos", dt.int64, dt.Timestamp(timezone="UTC", scale=9))
_date_part = _part("date_part", dt.int64)
_extract = _part("extract", dt.Decimal(20, 6), database="pg_catalog")
_uniq_exact = ibis.udf.agg.builtin(name="uniqExact", signature=((None,), dt.int64))(lambda value: value)
_bit_or = ibis.udf.agg.builtin(name="bit_or", signature=((dt.int64,), dt.int64))(lambda bits: bits)


def is_of_an_engine(error: Exception) -> bool:
    """Tell whether an error comes from an engine or its driver, not from a fault of ours."""
    return any(kind.__module__.partition(".")[0] in _DRIVERS for kind in type(error).__mro__)


def said(error: Exception) -> str:
    """Give the first line of what an engine said, without passwords and tokens."""
    lines = [
        line for line in str(error).splitlines() if line.strip() and not line.startswith("An error occurred while")
    ]
    return without_secrets(lines[0].strip() if lines else type(error).__name__)


def without_secrets(text: str) -> str:
    """Blot out what stands where a password or a token stands."""
    return _SECRET.sub(r"\1***", text)


def source_of(expression: Any) -> Any:  # noqa: ANN401 - Ibis expression and backend
    """Find the connection that an expression reads from; None when it reads from none.

    Raises
    ------
    SourceError
        It reads from two, which no engine can join, or from an engine that this house does not know.
    """
    tables = expression.op().find((ops.DatabaseTable, ops.SQLQueryResult))
    sources = list({id(table.source): table.source for table in tables}.values())
    if len(sources) > 1:
        names = " and ".join(sorted(source.name for source in sources))
        raise SourceError(
            f"One question reads from two places ({names}), which no engine can join. Load both into one of them."
        )
    if sources and sources[0].name not in (LOCAL, *_RULES):
        raise SourceError(
            f"Tables of {sources[0].name} cannot be asked yet. The engines are {', '.join((LOCAL, *_RULES))}; "
            "export to Parquet and use pm_analytics.read_events otherwise."
        )
    return sources[0] if sources else None


def holds_instants(column: Any) -> bool:  # noqa: ANN401 - an Ibis column
    """Tell whether a timestamp column holds instants: it has a zone, or its engine's timestamps need none."""
    source = source_of(column)
    return column.type().timezone is not None or (source is not None and source.name in _ZONELESS_INSTANTS)


def translated(expression: Any) -> Any:  # noqa: ANN401
    """Write an expression for the engine that it reads from."""
    source = source_of(expression)
    if source is None or source.name == LOCAL:
        return expression
    rules = _RULES[source.name]

    def replaced(node: Any, rebuilt: Any) -> Any:  # noqa: ANN401
        whole = node.__recreate__(rebuilt) if rebuilt else node
        rule = rules.get(type(whole))
        return rule(whole).op() if rule else whole

    return expression.op().replace(replaced).to_expr()


def settings(expression: Any) -> Mapping[str, Any]:  # noqa: ANN401
    """Give what an engine must be told with each query, so that nothing found is null."""
    source = source_of(expression)
    return _SETTINGS.get(source.name, {}) if source is not None else {}


def _epoch(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda node: write(node.args[0].to_expr())


def _in_utc(moment: Any) -> Any:  # noqa: ANN401
    """Read a timestamp without a zone as UTC."""
    return moment if moment.type().timezone else moment.cast(_UTC)


def _literal_in_utc(node: Any) -> Any:  # noqa: ANN401
    """Say of a literal without a zone that it is UTC, where the zone of the session would be taken."""
    if not node.dtype.is_timestamp() or node.dtype.timezone or node.value is None:
        return node.to_expr()
    return ibis.literal(node.value.replace(tzinfo=UTC), _UTC)


def _literal_to_the_microsecond(node: Any) -> Any:  # noqa: ANN401
    """Keep the microseconds of a literal: the function that Ibis calls in Trino cuts them to milliseconds."""
    if not node.dtype.is_timestamp() or node.value is None:
        return node.to_expr()
    since = (node.value if node.value.tzinfo else node.value.replace(tzinfo=UTC)) - _EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    exact = _from_unixtime_nanos(ibis.literal(micros * 1_000, "int64"))
    return exact if node.dtype.timezone else exact.cast(dt.Timestamp(scale=6))


def _divided_as_floats(node: Any) -> Any:  # noqa: ANN401
    """Divide floats before rounding down: Snowflake keeps six digits of a quotient of whole numbers, and rounds it."""
    return (node.left.to_expr().cast("float64") / node.right.to_expr()).floor().cast(node.dtype)


def _cast_in_two_steps(node: Any) -> Any:  # noqa: ANN401
    """Make numbers of yes and no: PostgreSQL turns a boolean into a 32-bit integer only."""
    value = node.arg.to_expr()
    if value.type().is_boolean() and node.to.is_numeric() and node.to != dt.int32:
        return value.cast("int32").cast(node.to)
    return node.to_expr()


def _ranked_by_value(node: Any) -> Any:  # noqa: ANN401
    """Rank equal values alike: ClickHouse, given a frame of rows, takes each row for a rank of its own."""
    ranks = isinstance(node.func, ops.MinRank | ops.DenseRank) and node.how == "rows"
    return (node.copy(how="range") if ranks else node).to_expr()


def _counted_exactly(node: Any) -> Any:  # noqa: ANN401
    """Count distinct values exactly: the function that Ibis calls in ClickHouse estimates."""
    return _uniq_exact(node.arg.to_expr(), where=None if node.where is None else node.where.to_expr())


def _bits_laid_over(node: Any) -> Any:  # noqa: ANN401
    """Lay bits over each other by the function that Spark has, and Ibis does not call."""
    return _bit_or(node.arg.to_expr(), where=None if node.where is None else node.where.to_expr())


_EPOCH_US = type(epoch_us(ibis.literal(None, dt.timestamp)).op())
_UNIX_MICROS = _epoch(lambda moment: _unix_micros(_in_utc(moment)))
_RULES: Mapping[str, Mapping[type, Callable[[Any], Any]]] = MappingProxyType(
    {
        "postgres": {
            _EPOCH_US: _epoch(lambda moment: (_extract("epoch", moment) * 1_000_000).cast("int64")),
            ops.Cast: _cast_in_two_steps,
        },
        "pyspark": {_EPOCH_US: _epoch(_unix_micros), ops.Literal: _literal_in_utc, ops.BitOr: _bits_laid_over},
        "clickhouse": {
            _EPOCH_US: _epoch(lambda moment: _to_unix_timestamp(moment.cast(_UTC))),
            ops.Literal: _literal_in_utc,
            ops.CountDistinct: _counted_exactly,
            ops.WindowFunction: _ranked_by_value,
        },
        "bigquery": {_EPOCH_US: _UNIX_MICROS},
        "databricks": {_EPOCH_US: _UNIX_MICROS, ops.Literal: _literal_in_utc},
        "snowflake": {
            _EPOCH_US: _epoch(lambda moment: _date_part("epoch_microsecond", moment)),
            ops.FloorDivide: _divided_as_floats,
        },
        "trino": {
            # A double of seconds holds microseconds apart until the year 2106.
            _EPOCH_US: _epoch(lambda moment: (_to_unixtime(moment) * 1_000_000).round().cast("int64")),
            ops.Literal: _literal_to_the_microsecond,
        },
    }
)

# ClickHouse otherwise writes 0 and '' where a join or an aggregate found nothing.
_SETTINGS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "clickhouse": {
            "settings": {"aggregate_functions_null_for_empty": 1, "join_use_nulls": 1, "session_timezone": "UTC"}
        },
    }
)
