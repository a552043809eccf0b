"""What the readers of files share: running engine work so that an error names the file, and checking options."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import ParameterError, SourceError, did_you_mean
from pm_analytics.intake.columns import USUAL_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

READ_OPTIONS = (
    "user", "event", "time", "timezone", "source_timezone", "time_format", "time_unit", "duplicates", "bad_times",
    "event_name",
)  # fmt: skip

_ID = re.compile(r"(^|[\W_])[Ii][Dd]$|[a-z]I[Dd]$")  # account_id, accountId, id; not paid or valid
ROW = "pm_row"
"""What the number of a row is called beside the columns of a file."""


def hidden(name: str) -> str:
    """Give the name under which a column is stored; one called rowid would hide the engine's own number of the row."""
    return f"pm_{name}" if name.casefold() == "rowid" else name


def numbered(table: str, columns: Mapping[str, str]) -> str:
    """Write a stored table with the number of each row, and its columns (name -> SQL) under their own names."""
    selected = ", ".join(f"{sql} AS {engine.identifier(name)}" for name, sql in columns.items())
    return f"(SELECT rowid AS {ROW}, {selected} FROM {table})"


def stored_columns(relation: str, names: Iterable[str], stem: str) -> tuple[str, str]:
    """Store columns of a relation; give the name of the table, and the relation that shows it with row numbers."""
    names = list(names)
    columns = ", ".join(f"{engine.identifier(name)} AS {engine.identifier(hidden(name))}" for name in names)
    table = engine.stored(f"SELECT {columns} FROM {relation}", stem)
    return table, numbered(table, {name: engine.identifier(hidden(name)) for name in names})


def described(relation: str, path: Path, *, hint: str = "") -> dict[str, str]:
    """List the columns and types of a relation over a file."""
    return dict(guarded(lambda: engine.columns_of(relation), path, hint=hint))


def guarded(work: Callable[[], Any], path: Path, *, hint: str = "") -> Any:  # noqa: ANN401
    """Run engine work on a file; say which file it was when the engine gives up."""
    try:
        return work()
    except SourceError as error:
        raise SourceError(f"Cannot read {path.name}. {hint} ({error})".replace(".  (", ". (")) from error


def only(options: Mapping[str, Any], known: set[str], what: str) -> None:
    """Refuse options that a format does not have."""
    unknown = sorted(set(options) - known)
    if unknown:
        every = (*READ_OPTIONS, *known)
        raise ParameterError(f"{unknown[0]!r} is no option for {what}{did_you_mean(unknown[0], every)}.")


def pattern_free(file: Path) -> str:
    """Write a path so that the engine takes its brackets for brackets, and not for a pattern."""
    return str(file).replace("[", "[[]")


def file_list(files: Iterable[Path]) -> str:
    """Write the files as a list of the engine."""
    return "[" + ", ".join(engine.literal(pattern_free(file)) for file in files) + "]"


def could_be_key(name: str, keys: Collection[str] = ()) -> bool:
    """Tell whether a column may be the user, the event or the time, whose values must arrive as they were written."""
    folded = name.casefold().lstrip("$")
    return name in keys or bool(_ID.search(name)) or any(folded in usual for usual in USUAL_NAMES.values())


def require_rows(table: str, path: Path) -> None:
    """Raise SourceError when a stored table has no rows."""
    if not engine.fetch(f"SELECT 1 FROM {table} LIMIT 1"):
        engine.clear(f"DROP TABLE {table}")
        raise SourceError(f"{path.name} has a header but no rows. Check the export's date range.")


def places(files: Sequence[Path], lines_of: Callable[[Path], Iterator[int]], rows: Sequence[int]) -> list[str]:
    """Say on which line of which file rows (counted from 0, over all files) begin."""
    found: dict[int, str] = {}
    every = ((file, line) for file in files for line in lines_of(file))
    for row, (file, line) in enumerate(every):
        if row in rows:
            found[row] = f"line {line}" if len(files) == 1 else f"{file.name}, line {line}"
        if len(found) == len(rows):
            break
    return [found.get(row, f"row {row + 1}") for row in rows]


def opened(path: Path) -> Any:  # noqa: ANN401 - a binary file, plain or unpacked
    """Open a file for reading bytes, unpacking it if its name says gzip."""
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")
