"""Find the files that were meant, and the reader for their format."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import SourceError, did_you_mean
from pm_analytics.sources.json_lines import json_lines
from pm_analytics.sources.stored import duckdb_file, parquet
from pm_analytics.sources.text import text_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pm_analytics.intake import Raw

    Reader = Callable[[Path, Sequence[Path], Mapping[str, Any], Collection[str]], Raw]


def raw_file(path: Path, options: Mapping[str, Any], *, keys: Collection[str] = ()) -> Raw:
    """Choose the reader by the file's name and read it.

    Parameters
    ----------
    path : Path
        A file, or a pattern such as ``events/*.parquet``.
    options : mapping
        Options of one format, checked by its reader.
    keys : collection of str
        Columns whose values must arrive as they were written: those named as user, event and time.

    Raises
    ------
    SourceError
        No such file (near names in the folder are offered), an empty or corrupt one, or an unknown format.
    """
    path, files = existing_files(path)
    reader = next((FORMATS[end] for end in FORMATS if path.name.lower().endswith(end)), None)
    if reader is None:
        raise SourceError(
            f"Do not know how to read {path.name!r}: its name ends in none of {', '.join(FORMATS)}. "
            "Rename it to say what it is, or read it with pandas and pass the frame."
        )
    empty = next((file for file in files if file.stat().st_size == 0), None)
    if empty is not None:
        raise SourceError(f"{empty.name} is empty (0 bytes). Export it again, or check that the download finished.")
    return reader(path, files, options, keys)


def existing_files(path: Path) -> tuple[Path, list[Path]]:
    """Find the files of a path or pattern; give it in full as well.

    Where a file lies must not change when the working folder does: a Parquet file is read again and again.

    Raises
    ------
    SourceError
        No such file.
    """
    path = path.expanduser().absolute()
    return path, _existing(path)


def _existing(path: Path) -> list[Path]:
    if path.is_dir():
        raise SourceError(f"{path} is a folder. Name a file, or a pattern such as '{path.name}/*.parquet'.")
    if path.exists():
        return [path]
    if glob.has_magic(str(path)):
        names = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - the pattern may be absolute
        files = [Path(name) for name in names if not Path(name).is_dir()]
        if not files:
            raise SourceError(f"No file matches {path}. Check the folder and the pattern.")
        return files
    beside = [file.name for file in path.parent.glob("*")] if path.parent.is_dir() else []
    where = f"in {path.parent}" if path.parent.is_dir() else f"and its folder {path.parent} does not exist"
    raise SourceError(f"No file {path.name!r} {where}{did_you_mean(path.name, beside)}.")


FORMATS: dict[str, Reader] = {
    ".csv": text_table,
    ".csv.gz": text_table,
    ".tsv": text_table,
    ".tsv.gz": text_table,
    ".parquet": parquet,
    ".jsonl": json_lines,
    ".jsonl.gz": json_lines,
    ".ndjson": json_lines,
    ".duckdb": duckdb_file,
    ".db": duckdb_file,
}
