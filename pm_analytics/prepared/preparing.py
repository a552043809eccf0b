"""The public function: find the prepared file of a log, or build it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import ParameterError, SourceError
from pm_analytics.events import EventLog
from pm_analytics.intake import Known, SourceReport, Wanted
from pm_analytics.prepared import account, place
from pm_analytics.prepared.build import STEPS, build
from pm_analytics.prepared.opening import Opened, is_ours, opened
from pm_analytics.prepared.progress import Progress
from pm_analytics.sources.read import origin_of, read_events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.intake import Origin


def prepare(
    log: EventLog | str | Path,
    *,
    into: str | Path | None = None,
    progress: bool | None = None,
    **reading: Any,  # noqa: ANN401 - the options of read_events
) -> EventLog:
    """Write a log once into a file that is fast to ask; give the same log, which answers from that file.

    Every answer stays the same: ids, filters, zone and what is known until when. The file is used again, also by the
    next session, as long as the input is what it was; otherwise it is built anew. It can be deleted at any time.

    Parameters
    ----------
    log : EventLog or path
        A log, or the path of an export as for :func:`pm_analytics.read_events`. A path that was prepared before is not
        even read again.
    into : path, optional
        The file to write. In a folder of the user's own cache when not given, or in that named by the environment
        variable ``PM_ANALYTICS_CACHE``.
    progress : bool, optional
        Show a line of progress on stderr. Only on a terminal when not given, and never for less than a second.
    **reading
        For a path: the options of :func:`pm_analytics.read_events`.

    Returns
    -------
    EventLog
        ``log.source`` names the file, its size, and whether it was built or found.

    Raises
    ------
    SourceError
        The file cannot be written, or the export changed after it was read.
    ParameterError
        ``into`` names a file that is something else, or in use by another log of this session; an option is unknown.

    Notes
    -----
    Whether the input is what it was is told by size, date of change, and first and last bytes of the files read, and by
    every option of reading; for a frame, or a filtered log, by the number of rows, first and last time, and sums over a
    hash of every row. A table of another engine is copied anew each time: nothing cheap would tell.

    Examples
    --------
    >>> log = prepare("export.parquet", timezone="Europe/Amsterdam")  # doctest: +SKIP
    """
    file = None if into is None else Path(into).expanduser().absolute()
    if isinstance(log, EventLog):
        if reading:
            raise ParameterError(f"{next(iter(reading))!r} is an option of reading; this log has been read already.")
        return _prepared(log, file, progress)
    origin = _origin(log, reading)
    found = opened(file or place.file_of_origin(origin), place.of_origin(origin))
    if found is not None:
        return _log_of(found)
    return _prepared(read_events(log, **reading), file, progress)


def _origin(data: str | Path, reading: Mapping[str, Any]) -> Origin:
    names = {field.name for field in fields(Wanted)}
    wanted = Wanted(**{name: value for name, value in reading.items() if name in names})
    return origin_of(data, {name: value for name, value in reading.items() if name not in names}, wanted)


def _prepared(log: EventLog, file: Path | None, progress: bool | None) -> EventLog:
    if log.coded is not None and file is None:
        return log
    began = time.monotonic()
    origin = log.known.origin if log.known is not None else None
    here = engine.lies_here(log.table)
    table = log.table if here else engine.copied(log.table, "copy")
    relation = f"({engine.sql(table)})"
    fingerprint = place.of_origin(origin) if origin is not None else place.of_content(log, relation)
    target = file or _default_file(log, origin, fingerprint)
    found = opened(target, fingerprint) if here else None
    if found is None:
        _build(replace(log, table=table) if not here else log, relation, target, fingerprint, progress)
        found = opened(target, fingerprint)
        how = f"built in {time.monotonic() - began:.1f} s"
    else:
        how = "found, so nothing was built"
    if found is None:
        raise SourceError(f"{target} was written, but cannot be read back. Is the disk full or failing?")
    return _twin(log, found, how)


def _default_file(log: EventLog, origin: Origin | None, fingerprint: str) -> Path:
    if origin is not None:
        return place.file_of_origin(origin)
    return place.file_of_content(log.known.report.name if log.known is not None else "log", fingerprint)


def _build(log: EventLog, relation: str, file: Path, fingerprint: str, progress: bool | None) -> None:
    origin = log.known.origin if log.known is not None else None
    if origin is not None and origin.changed():
        raise SourceError(f"{origin.path.name} has changed since it was read. Read it again, then prepare it.")
    if file.exists() and file.parent != place.folder() and not is_ours(file):
        raise ParameterError(f"{file} exists and is no prepared log; name another file, so that nothing is lost.")
    told = Progress("Preparing the events once", STEPS, shown=progress)
    try:
        build(log, relation, file, fingerprint, told)
    finally:
        told.end()
    if file.parent == place.folder() and origin is not None:
        place.forget_older(file)


def _twin(log: EventLog, found: Opened, how: str) -> EventLog:
    """Give the log over the tables of the file; what it knows, it still knows."""
    coded = found.coded
    told = None if log._account is None else lambda: _told(log.source, found, how)  # noqa: SLF001 - one of its own kind
    known = None if log.known is None else Known(coded.table, _told(log.known.report, found, how))
    return replace(log, table=coded.table, _account=told, _known=known, _coded=coded)


def _log_of(found: Opened) -> EventLog:
    """Give the log of a file that was found by the path of its export: nothing is read."""
    report = _told(account.read(found.facts["source"]), found, "found, so nothing was read")
    known = Known(found.coded.table, report)
    return EventLog(found.coded.table, report.timezone, _account=lambda: report, _known=known, _coded=found.coded)


def _told(report: SourceReport, found: Opened, how: str) -> SourceReport:
    size = 0
    with suppress(OSError):
        size = found.file.stat().st_size
    return replace(report, notes=(*report.notes, f"prepared in {found.file} ({size / 1e6:,.0f} MB; {how})"))
