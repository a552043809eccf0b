"""JSON Lines: one JSON object per line, with nested objects as they are."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import SourceError
from pm_analytics.intake import Raw
from pm_analytics.sources.common import (
    ROW,
    could_be_key,
    described,
    file_list,
    only,
    opened,
    places,
    require_rows,
    stored_columns,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

_WHOLE = {"BIGINT", "INTEGER"}
_HINT = (
    "It must hold one JSON object per line; for one list of objects, read it with pandas.read_json and pass the frame."
)


def json_lines(path: Path, files: Sequence[Path], options: Mapping[str, Any], keys: Collection[str]) -> Raw:
    """Read JSON Lines. What could be the user, event or time arrives as it was written, unless it is a whole number."""
    only(options, set(), "JSON Lines")
    scan = f"read_json({file_list(files)}, format='newline_delimited'"
    try:
        found = described(f"{scan}, sample_size=-1)", path)
        _require_objects(found, path)
        types = {name: _type(name, kind, keys) for name, kind in found.items()}
        columns = ", ".join(f"{engine.identifier(name)}: {engine.literal(kind)}" for name, kind in types.items())
        stored, relation = stored_columns(f"{scan}, columns={{{columns}}})", types, "json")
    except SourceError as error:
        raise _explained(path, files, error) from error
    require_rows(stored, path)
    return Raw(
        relation,
        ROW,
        types,
        path.name,
        "JSON Lines",
        places=partial(places, files, _numbers),
        clear=(f"DROP TABLE {stored}",),
    )


def _require_objects(found: Collection[str], path: Path) -> None:
    """Refuse lines that are lists or empty objects: the engine makes of them one column called json."""
    if list(found) == ["json"]:
        raise SourceError(f"Cannot read {path.name}. {_HINT}")


def _type(name: str, kind: str, keys: Collection[str]) -> str:
    """Read as text what is of mixed kinds, and keys that a number would round or a date would rewrite."""
    nested = kind.endswith(("]", ")"))
    as_written = could_be_key(name, keys) and kind not in _WHOLE and not nested
    return "VARCHAR" if as_written or kind == "JSON" else kind


def _explained(path: Path, files: Sequence[Path], error: SourceError) -> SourceError:
    """Say which line is no JSON object, and show how it begins."""
    for file in files:
        for at, line in _lines(file):
            if not _is_object(line):
                return SourceError(f"{file.name}, line {at} is no JSON object ({line[:60]!r}). {_HINT}")
    return error if path.name in str(error) else SourceError(f"Cannot read {path.name}: {error}")


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Read the lines that hold something, with their numbers; stop where a packed file breaks off."""
    try:
        with opened(file) as raw:
            for at, line in enumerate(raw, start=1):
                if line.strip():
                    yield at, line.decode("utf-8", errors="replace").strip()
    except (EOFError, OSError):
        return


def _numbers(file: Path) -> Iterator[int]:
    return (at for at, _ in _lines(file))
