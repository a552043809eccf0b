"""Files as raw tables: text tables and JSON Lines are converted once, Parquet and DuckDB files stay where they are."""

from __future__ import annotations

import glob
import gzip
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import DataError, ParameterError, SourceError, UnknownNameError, did_you_mean, shown
from pm_analytics.intake import Raw
from pm_analytics.intake.columns import USUAL_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def raw_file(path: Path, options: Mapping[str, Any]) -> Raw:
    """Choose the reader by the file's name and read it.

    Raises
    ------
    SourceError
        No such file (near names in the folder are offered), an empty or corrupt one, or an unknown format.
    """
    files = _existing(path)
    reader = next((FORMATS[end] for end in FORMATS if path.name.lower().endswith(end)), None)
    if reader is None:
        raise SourceError(
            f"Do not know how to read {path.name!r}: its name ends in none of {', '.join(FORMATS)}. "
            "Rename it to say what it is, or read it with pandas and pass the frame."
        )
    empty = next((file for file in files if file.stat().st_size == 0), None)
    if empty is not None:
        raise SourceError(f"{empty.name} is empty (0 bytes). Export it again, or check that the download finished.")
    return reader(path, files, options)


def _existing(path: Path) -> list[Path]:
    if any(letter in path.name for letter in "*?["):
        files = [type(path)(name) for name in sorted(glob.glob(str(path)))]  # noqa: PTH207 - the pattern may be absolute
        if not files:
            raise SourceError(f"No file matches {path}. Check the folder and the pattern.")
        return files
    if path.is_dir():
        raise SourceError(f"{path} is a folder. Name a file, or a pattern such as '{path.name}/*.parquet'.")
    if not path.exists():
        beside = [file.name for file in path.parent.glob("*")] if path.parent.is_dir() else []
        where = f"in {path.parent}" if path.parent.is_dir() else f"and its folder {path.parent} does not exist"
        raise SourceError(f"No file {path.name!r} {where}{did_you_mean(path.name, beside)}.")
    return [path]


def _text_table(path: Path, files: list[Path], options: Mapping[str, Any]) -> Raw:
    """Read a delimited text file. Every column arrives as text first, so that no id loses its leading zeros."""
    _only(options, {"delimiter"}, "a text table")
    names = ", ".join(engine.literal(str(file)) for file in files)
    delimiter = options.get("delimiter") or ("\t" if ".tsv" in path.name.lower() else None)
    asked = f", delim={engine.literal(delimiter)}" if delimiter else ""
    relation = f"read_csv([{names}], header=true, all_varchar=true, sample_size=-1, ignore_errors=false{asked})"
    columns = _described(relation, path, hint="Is it a text table with a header line?")
    _check_header(path, list(columns), delimiter)
    typed = _typed(f"read_csv([{names}], header=true, sample_size=-1{asked})", columns, path)
    stored = _guarded(lambda: engine.table(f"SELECT * FROM {typed}", "csv"), path)
    return _stored(stored, path, "CSV" if delimiter != "\t" else "TSV", first_row=2)


def _typed(relation: str, columns: Mapping[str, str], path: Path) -> str:
    """Let the engine find the types of properties, but keep whatever could be the user, event or time as text."""
    found = _described(relation, path)
    keep_text = {name for name in columns if _could_be_key(name) or found.get(name, "").startswith(("DATE", "TIME"))}
    kinds = ", ".join(
        f"{engine.literal(name)}: {engine.literal('VARCHAR' if name in keep_text else found.get(name, 'VARCHAR'))}"
        for name in columns
    )
    return relation[:-1] + f", types={{{kinds}}})"


def _could_be_key(name: str) -> bool:
    folded = name.casefold().lstrip("$")
    return folded.endswith("id") or any(folded in usual for usual in USUAL_NAMES.values())


def _check_header(path: Path, columns: list[str], delimiter: str | None) -> None:
    """Say when a file was cut at the wrong sign: its header is then one long column name."""
    if len(columns) > 1:
        return
    header = _first_line(path)
    likely = max(DELIMITERS, key=header.count)
    if header.count(likely):
        used = f"delimiter={delimiter!r}" if delimiter else "the delimiter that was guessed"
        raise DataError(
            f"With {used}, {path.name} has a single column {columns[0]!r}. It looks separated by "
            f"{DELIMITERS[likely]}s; write delimiter={likely!r}."
        )
    raise DataError(f"{path.name} has a single column {columns[:1]}; an event table needs a user, an event and a time.")


def _first_line(path: Path) -> str:
    opener: Callable[..., Any] = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as lines:
        return str(next(iter(lines), "")).rstrip("\r\n")


def _json_lines(path: Path, files: list[Path], options: Mapping[str, Any]) -> Raw:
    _only(options, set(), "JSON Lines")
    names = ", ".join(engine.literal(str(file)) for file in files)
    relation = f"read_json([{names}], format='newline_delimited', sample_size=-1)"
    _described(relation, path, hint="Is it one JSON object per line?")
    stored = _guarded(lambda: engine.table(f"SELECT * FROM {relation}", "json"), path)
    return _stored(stored, path, "JSON Lines", first_row=1)


def _parquet(path: Path, files: list[Path], options: Mapping[str, Any]) -> Raw:
    _only(options, set(), "Parquet")
    names = ", ".join(engine.literal(str(file)) for file in files)
    scan = f"read_parquet([{names}], union_by_name=true"
    columns = _described(scan + ")", path, hint="The file is damaged, or it is no Parquet file.")
    for reserved in ("filename", "file_row_number"):
        if reserved in columns:
            raise DataError(f"{path.name} has a column {reserved!r}, a name this reader needs; rename it in the export.")
    relation = scan + ", filename=true, file_row_number=true)"
    rows = engine.fetch(f"SELECT count(*) FROM {scan})")[0][0]
    if not rows:
        raise SourceError(f"{path.name} has columns but no rows. Check the export's date range.")
    return Raw(relation, "filename, file_row_number", columns, path.name, "Parquet", scanned=True)


def _duckdb(path: Path, files: list[Path], options: Mapping[str, Any]) -> Raw:
    _only(options, {"table"}, "a DuckDB file")
    attached = _guarded(lambda: engine.attach(files[0]), path, hint="The file is damaged, or it is no DuckDB file.")
    found = [
        f"{schema}.{table}" if schema != "main" else table
        for schema, table in engine.fetch(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            f"WHERE database_name = {engine.literal(attached)} ORDER BY ALL"
        )
    ]
    table = options.get("table") or (found[0] if len(found) == 1 else None)
    if table is None:
        raise DataError(f"{path.name} holds {len(found)} tables. Say which with table='...': {shown(found)}.")
    if table not in found:
        raise UnknownNameError("table", [table], found, where=path.name)
    parts = ".".join(engine.identifier(part) for part in (table if "." in table else f"main.{table}").split("."))
    relation = f"{attached}.{parts}"
    return Raw(relation, "rowid", engine.columns_of(relation), f"{path.name}, table {table}", "DuckDB", scanned=True)


FORMATS: dict[str, Callable[[Path, list[Path], Mapping[str, Any]], Raw]] = {
    ".csv": _text_table,
    ".csv.gz": _text_table,
    ".tsv": _text_table,
    ".tsv.gz": _text_table,
    ".parquet": _parquet,
    ".jsonl": _json_lines,
    ".jsonl.gz": _json_lines,
    ".ndjson": _json_lines,
    ".duckdb": _duckdb,
    ".db": _duckdb,
}


def _described(relation: str, path: Path, *, hint: str = "") -> dict[str, str]:
    return _guarded(lambda: engine.columns_of(relation), path, hint=hint)


def _guarded(work: Callable[[], Any], path: Path, *, hint: str = "") -> Any:  # noqa: ANN401
    """Run engine work on a file; say which file it was when the engine gives up."""
    try:
        return work()
    except SourceError as error:
        raise SourceError(f"Cannot read {path.name}. {hint} ({error})".replace(".  (", ". (")) from error


def _stored(table: Any, path: Path, form: str, *, first_row: int) -> Raw:  # noqa: ANN401
    relation = table.get_name()
    if not engine.fetch(f"SELECT 1 FROM {relation} LIMIT 1"):
        raise SourceError(f"{path.name} has a header but no rows. Check the export's date range.")
    return Raw(relation, "rowid", engine.columns_of(relation), path.name, form, first_row=first_row)


def _only(options: Mapping[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(set(options) - known)
    if unknown:
        every = ("user", "event", "time", "timezone", "source_timezone", "time_format", "time_unit", "duplicates", *known)
        raise ParameterError(f"{unknown[0]!r} is no option for {what}{did_you_mean(unknown[0], every)}.")
