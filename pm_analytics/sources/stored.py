"""Parquet and DuckDB files: tables already, which stay where they are and may be larger than memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import DataError, SourceError, UnknownNameError, shown
from pm_analytics.intake import Raw
from pm_analytics.sources.common import ROW, described, file_list, guarded, only, stored_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

DAMAGED = "The file is damaged, or it is no Parquet file."


def parquet(path: Path, files: Sequence[Path], options: Mapping[str, Any], keys: Collection[str]) -> Raw:  # noqa: ARG001
    """Scan one or more Parquet files; columns are matched by name, and one that a file lacks is null there."""
    only(options, set(), "Parquet")
    scan = f"read_parquet({file_list(files)}, union_by_name=true"
    columns = described(scan + ")", path, hint=DAMAGED)
    for reserved in ("filename", "file_row_number"):
        if reserved in {column.casefold() for column in columns}:
            raise DataError(
                f"{path.name} has a column {reserved!r}, a name this reader needs; rename it in the export."
            )
    if len(files) > 1:
        _require_one_clock(path, files)
    rows = guarded(lambda: engine.fetch(f"SELECT count(*) FROM {scan})"), path, hint=DAMAGED)[0][0]
    if not rows:
        raise SourceError(f"{path.name} has columns but no rows. Check the export's date range.")
    # The name of its file, a text beside every row, is read only where there are several.
    several = len(files) > 1
    relation = scan + f"{', filename=true' if several else ''}, file_row_number=true)"
    row_key = "filename, file_row_number" if several else "file_row_number"
    return Raw(relation, row_key, columns, path.name, "Parquet", scanned=True)


def _require_one_clock(path: Path, files: Sequence[Path]) -> None:
    """Refuse files of which some hold instants and others wall-clock times: read together, they would be mixed up."""
    mixed = engine.fetch(
        f"""SELECT name, any_value(parse_filename(file_name)) FILTER (NOT instant) FROM (
            SELECT file_name, name, regexp_matches(logical_type::VARCHAR, 'isAdjustedToUTC\\W+(1|true)') AS instant
            FROM parquet_schema({file_list(files)}) WHERE logical_type::VARCHAR LIKE '%isAdjustedToUTC%')
        GROUP BY name HAVING bool_or(instant) AND NOT bool_and(instant)"""
    )
    if mixed:
        column, file = mixed[0]
        raise DataError(
            f"The files of {path.name} disagree about column {column!r}: in some it holds instants, in others (such as "
            f"{file}) times without a zone. Read the two kinds apart, or export them alike."
        )


def duckdb_file(path: Path, files: Sequence[Path], options: Mapping[str, Any], keys: Collection[str]) -> Raw:  # noqa: ARG001
    """Scan a table of a DuckDB file, or copy what one of its views gives; the file is opened for reading only."""
    only(options, {"table"}, "a DuckDB file")
    if len(files) > 1:
        raise SourceError(f"{path.name} matches {len(files)} DuckDB files. Name one of them.")
    attached = guarded(lambda: engine.attach(files[0]), path, hint="It is damaged, no DuckDB file, or open elsewhere.")
    try:
        return _table_in(attached, path, options.get("table"))
    except Exception:
        engine.clear(f"DETACH {attached}")
        raise


def _table_in(attached: str, path: Path, asked: str | None) -> Raw:
    found = _relations(attached)
    tables = [name for name, (_, is_table) in found.items() if is_table]
    name = asked or (tables[0] if len(tables) == 1 else None)
    if not found:
        raise SourceError(f"{path.name} holds no tables. Is it the file that was meant?")
    if name is None:
        raise DataError(f"{path.name} holds {len(found)} tables and views. Say which with table='...': {shown(found)}.")
    if name not in found:
        raise UnknownNameError("table", [name], found, where=path.name)
    relation, is_table = found[name]
    where, leave = f"{path.name}, table {name}", f"DETACH {attached}"
    columns = engine.columns_of(relation)
    if is_table and "rowid" not in {column.casefold() for column in columns}:
        return Raw(relation, "rowid", columns, where, "DuckDB", scanned=True, clear=(leave,))
    copy, shown_copy = stored_columns(relation, columns, "copy")  # its rows have no numbers of their own
    return Raw(shown_copy, ROW, columns, where, "DuckDB", clear=(f"DROP TABLE {copy}", leave))


def _relations(attached: str) -> dict[str, tuple[str, bool]]:
    """List the tables and views of an attached file: name -> what stands behind FROM, and whether it is a table."""
    rows = engine.fetch(
        f"""SELECT schema_name, table_name, true FROM duckdb_tables() WHERE database_name = {engine.literal(attached)}
        UNION ALL SELECT schema_name, view_name, false FROM duckdb_views()
        WHERE database_name = {engine.literal(attached)} AND NOT internal ORDER BY ALL"""
    )
    return {
        name if schema == "main" else f"{schema}.{name}": (
            f"{attached}.{engine.identifier(schema)}.{engine.identifier(name)}",
            is_table,
        )
        for schema, name, is_table in rows
    }
