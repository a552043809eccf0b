"""Where prepared files are kept, and by what they are told apart."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pm_analytics import engine
from pm_analytics.names import TIME
from pm_analytics.prepared.layout import FORMAT
from pm_analytics.version import VERSION

if TYPE_CHECKING:
    from pm_analytics.events import EventLog
    from pm_analytics.intake import Origin

FOLDER_VARIABLE = "PM_ANALYTICS_CACHE"
ENDING = ".duckdb"


def folder() -> Path:
    """Give the folder for prepared files: ``PM_ANALYTICS_CACHE``, else where the system keeps what can be made anew."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "pm_analytics" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pm_analytics"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pm_analytics"


def file_of_origin(origin: Origin) -> Path:
    """Name the prepared file of files in a state: the first part says which files, the second in which state."""
    return folder() / f"{_stem(origin.path.stem)}-{_short(origin.where)}-{_short(of_origin(origin))}{ENDING}"


def file_of_content(name: str, fingerprint: str) -> Path:
    """Name the prepared file of rows that came from no file, or were filtered."""
    return folder() / f"{_stem(Path(name).stem)}-{_short(fingerprint)}{ENDING}"


def of_origin(origin: Origin) -> str:
    """Give the fingerprint of files in a state, read in a way."""
    return _digest(f"{_maker()} {origin.where} {origin.state}")


def of_content(log: EventLog, relation: str) -> str:
    """Give the fingerprint of rows, in any order: their number, their first and last time, and two sums over hashes."""
    columns = engine.columns_of(relation)
    row = f"hash({', '.join(map(engine.identifier, columns))})"
    facts = engine.fetch(
        f"""SELECT count(*), epoch_us(min({TIME})), epoch_us(max({TIME})), sum({row}), bit_xor({row}) FROM {relation}"""
    )[0]
    return _digest(f"{_maker()} {log.timezone} {columns} {facts}")


def forget_older(file: Path) -> None:
    """Remove what was prepared of the same files in an earlier state; one that is open elsewhere may stay."""
    which, _, _ = file.name.rpartition("-")
    if which.count("-") < 1:
        return
    for old in file.parent.glob(f"{which}-*{ENDING}"):
        if old != file:
            with suppress(OSError):
                old.unlink()


def _maker() -> str:
    """Say who made it: another version may read the same file otherwise."""
    import duckdb

    return f"{FORMAT} {VERSION} {duckdb.__version__}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _short(text: str) -> str:
    return _digest(text)[:12]


def _stem(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "_", name)[:40].strip("_") or "log"
