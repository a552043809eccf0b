"""Write a prepared file: number the users, sort the events once, fold them into days.

The file is written under another name and renamed when it is whole, so a crash leaves nothing that could be taken for
a result. Short texts that repeat are stored as enumerations: sorting then moves one or two bytes in place of a text.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.coded import CODE
from pm_analytics.errors import SourceError
from pm_analytics.names import DAY, EVENTS, TIME, USER_ID
from pm_analytics.prepared.account import written
from pm_analytics.prepared.layout import ABOUT_TABLE, DAYS_TABLE, EVENTS_TABLE, FORMAT, USERS_TABLE
from pm_analytics.times import offsets

if TYPE_CHECKING:
    from pathlib import Path

    from pm_analytics.events import EventLog
    from pm_analytics.prepared.progress import Progress

MOST_WORDS = 2_000
"""A text with more different values is no enumeration; beyond a few thousand it would only cost memory."""

STEPS = 4
ABANDONED = 86_400
"""Seconds after which a file that nobody finished is nobody's."""


def build(log: EventLog, relation: str, file: Path, fingerprint: str, progress: Progress) -> None:
    """Write the rows of a relation, which are those of a log, into a file.

    Raises
    ------
    SourceError
        The folder cannot be written, or the disk is full.
    """
    temporary = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds what users did
        _clear_abandoned(file)
        temporary.unlink(missing_ok=True)
        _write(log, relation, temporary, fingerprint, progress)
        temporary.replace(file)
    except OSError as error:
        raise SourceError(
            f"Cannot write {file} ({error.strerror or error}). Name another place with into='...', or set "
            "PM_ANALYTICS_CACHE to a folder with room."
        ) from error
    finally:
        for left in (temporary, temporary.with_name(f"{temporary.name}.wal")):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _clear_abandoned(file: Path) -> None:
    """Remove what a process left that was killed while it wrote; one that still writes is younger than a day."""
    for left in file.parent.glob(f"{file.name}.*.part*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


def _write(log: EventLog, relation: str, file: Path, fingerprint: str, progress: Progress) -> None:
    into = engine.attach(file, writable=True)
    try:
        with progress.step("looking at the texts"):
            columns = _columns(log, relation, into)
        with progress.step("numbering the users"):
            engine.fetch(
                f"""CREATE TABLE {into}.{USERS_TABLE} AS
                SELECT (row_number() OVER () - 1)::INTEGER AS {CODE}, {USER_ID}
                FROM (SELECT DISTINCT {USER_ID} FROM {relation})"""
            )
        with progress.step("sorting the events"):
            engine.fetch(
                f"""CREATE TABLE {into}.{EVENTS_TABLE} AS SELECT {CODE}, {columns}
                FROM {relation} AS event JOIN {into}.{USERS_TABLE} AS person USING ({USER_ID})
                ORDER BY {CODE}, {TIME}"""
            )
        with progress.step("folding them into days"):
            days = _write_days(log, into)
            _write_about(log, into, fingerprint, days=days)
        engine.fetch(f"CHECKPOINT {into}")
    finally:
        engine.fetch(f"DETACH {into}")


def _columns(log: EventLog, relation: str, into: str) -> str:
    """Write the log's columns; texts with few values become enumerations."""
    texts = [name for name in log.table.columns if name != USER_ID and log.table[name].type().is_string()]
    counts = ", ".join(f"approx_count_distinct({engine.identifier(name)})" for name in texts)
    found = dict(zip(texts, engine.fetch(f"SELECT {counts} FROM {relation}")[0], strict=True))
    words = {name: f"{into}.words_{at}" for at, name in enumerate(texts) if 0 < found[name] <= MOST_WORDS}
    for name, kind in words.items():
        column = f"{engine.identifier(name)}::VARCHAR"
        engine.fetch(
            f"""CREATE TYPE {kind} AS ENUM (
            SELECT DISTINCT {column} FROM {relation} WHERE {engine.identifier(name)} IS NOT NULL ORDER BY 1)"""
        )
    return ", ".join(
        f"event.{engine.identifier(name)}::VARCHAR::{words[name]} AS {engine.identifier(name)}"
        if name in words
        else f"event.{engine.identifier(name)}"
        for name in log.table.columns
    )


def _write_days(log: EventLog, into: str) -> bool:
    """Count events per user and local day; not where the clocks once led back into the day before."""
    if not _days_run_forward(log, into):
        return False
    table = engine.pointer(f"{into}.{EVENTS_TABLE}")
    day = engine.local_day(engine.epoch_microseconds(table[TIME]), log.timezone, log.observed_until)
    rows = table.select(CODE, **{DAY: day.cast("int32")})
    counted = rows.group_by([CODE, DAY]).aggregate(**{EVENTS: rows.count().cast("int32")}).order_by([CODE, DAY])
    engine.fetch(f"CREATE TABLE {into}.{DAYS_TABLE} AS {engine.sql(counted)}")
    return True


def _days_run_forward(log: EventLog, into: str) -> bool:
    first, last = engine.fetch(f"SELECT epoch_us(min({TIME})), epoch_us(max({TIME})) FROM {into}.{EVENTS_TABLE}")[0]
    return first is not None and offsets(log.timezone, first, max(first, last) + 1).dates_never_return()


def _write_about(log: EventLog, into: str, fingerprint: str, *, days: bool) -> None:
    """Write what the file is; last, so that what has it is whole."""
    users, events = (
        engine.fetch(f"SELECT count(*) FROM {into}.{table}")[0][0] for table in (USERS_TABLE, EVENTS_TABLE)
    )
    facts: dict[str, Any] = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "timezone": log.timezone,
        "users": users,
        "events": events,
        "days": days,
        "source": written(log.known.report) if log.known is not None else None,
        "complete": True,
    }
    engine.fetch(f"CREATE TABLE {into}.{ABOUT_TABLE} AS SELECT {engine.literal(json.dumps(facts))} AS facts")
