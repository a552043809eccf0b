"""The front door for data: look at what was given, choose the reader, take it in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import ParameterError, SourceError, did_you_mean, shown
from pm_analytics.events import EventLog
from pm_analytics.intake import Origin, Wanted, point_at, raw_frame
from pm_analytics.sources.common import READ_OPTIONS
from pm_analytics.sources.files import FORMATS, existing_files, raw_file

UNCHECKED = (
    "nothing was read beforehand (copy=False), so not checked: identical rows (kept), times before 1900 or after 2200, "
    "users called 'null' or of spaces only; rows without user, event or time are left out by each question"
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def read_events(
    data: str | Path | pd.DataFrame,
    *,
    user: str | None = None,
    event: str | None = None,
    time: str | None = None,
    timezone: str | None = None,
    source_timezone: str | None = None,
    time_format: str | None = None,
    time_unit: str | None = None,
    duplicates: str = "drop",
    bad_times: str = "raise",
    event_name: str | None = None,
    copy: bool = True,
    **options: Any,  # noqa: ANN401 - options of one format, checked by its reader
) -> EventLog:
    """Read an export: one row per event. ``log.source`` says what was read, what was left out, and why.

    Parameters
    ----------
    data : path or DataFrame
        CSV or TSV (also gzipped), Parquet (a file, or a pattern such as ``"events/*.parquet"``), JSON Lines (also
        gzipped), a DuckDB file, or a pandas frame. Parquet and DuckDB files are scanned where they lie, so they may be
        larger than memory; the other formats are converted once, on disk if need be.
    user, event, time : str, optional
        Columns that hold who, what and when. Guessed from the usual names (``user_id``, ``event``, ``timestamp``...)
        when not given; ``log.source`` shows the guess.
    timezone : str, optional
        IANA zone in which days begin and in which times without a UTC offset were written. Needed when there are such
        times; otherwise UTC when not given.
    source_timezone : str, optional
        Zone of times without an offset, when it differs from ``timezone``.
    time_format : str, optional
        Pattern of text times that are not ISO 8601, such as ``"%d/%m/%Y %H:%M"``.
    time_unit : {"s", "ms", "us", "ns"}, optional
        Unit of numeric times (since 1970, UTC). Found from their size when not given.
    duplicates : {"drop", "keep"}
        What to do with rows identical to an earlier row in every column. They are counted either way, and always kept
        where no time of day was recorded.
    bad_times : {"raise", "drop"}
        What to do with rows whose time cannot be read.
    event_name : str, optional
        What every row is, for a log of one thing only that has no column of events: ``event_name="login"``.
    copy : bool
        ``False`` for a Parquet or DuckDB file whose columns have the right kinds already (its times are timestamps):
        no row is read before the first question. What reading would have checked is then unchecked; ``log.source``
        says what.
    **options
        For text tables ``delimiter=";"``; for DuckDB files ``table="events"``.

    Returns
    -------
    EventLog
        Times are UTC instants; rows without a user (missing or blank), event or time are left out and counted.

    Raises
    ------
    SourceError
        No such file, an empty or corrupt one, or an unknown format.
    UnknownNameError
        A named column is not there; the nearest names are offered.
    DataError
        A column cannot be guessed, times cannot be read (the first three are shown, with their lines) or lack a zone.
    ParameterError
        An option is unknown, or its value no choice; one column was named twice.

    Examples
    --------
    >>> log = read_events("export.csv.gz", user="case_id", timezone="Europe/Amsterdam")  # doctest: +SKIP
    >>> log.source  # doctest: +SKIP
    """
    wanted = Wanted(
        user, event, time, timezone, source_timezone, time_format, time_unit, duplicates, bad_times, event_name
    )
    if isinstance(data, str | Path):
        return _read_file(data, options, wanted) if copy else _point_at_file(data, options, wanted)
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        _no_options(options, "a pandas frame")
        return EventLog.from_raw(raw_frame(data), wanted)
    raise SourceError(
        f"Cannot read a {type(data).__name__}. Give the path of a file ({', '.join(FORMATS)}) or a pandas frame; "
        "for a table of a warehouse use EventLog.from_table."
    )


def _read_file(data: str | Path, options: Mapping[str, Any], wanted: Wanted) -> EventLog:
    origin = origin_of(data, options, wanted)
    keys = {name for name in (wanted.user, wanted.event, wanted.time) if name is not None}
    raw = raw_file(Path(data), options, keys=keys)
    try:
        return EventLog.from_raw(raw, wanted, origin)
    except SourceError as error:
        raise SourceError(f"Cannot read {raw.name} to its end ({error}). Is the file damaged?") from error


def _point_at_file(data: str | Path, options: Mapping[str, Any], wanted: Wanted) -> EventLog:
    """See the rows of a file as events where they lie, unread."""
    _only_names(wanted)
    raw = raw_file(Path(data), options, keys=())
    if not raw.scanned:
        engine.clear(*raw.clear)
        raise ParameterError(
            f"copy=False is for Parquet files and tables of DuckDB files; {raw.name} ({raw.form}) must be read first. "
            "Leave copy=False out; to keep what was read for the next time, see pm.prepare."
        )
    columns = ", ".join(map(engine.identifier, raw.columns))
    table = engine.view(f"SELECT {columns} FROM {raw.relation}", "pointed", then=raw.clear)
    return EventLog.from_pointed(
        replace(point_at(table, wanted, spaces=False), name=raw.name, form=raw.form, notes=(UNCHECKED,))
    )


def _only_names(wanted: Wanted) -> None:
    """Refuse what only reading can do."""
    plain = Wanted(wanted.user, wanted.event, wanted.time, wanted.timezone)
    beyond = [name for name in READ_OPTIONS if getattr(wanted, name) != getattr(plain, name)]
    if beyond:
        raise ParameterError(f"{beyond[0]}= asks for work on the rows, which copy=False leaves out; drop one of them.")


def origin_of(data: str | Path, options: Mapping[str, Any], wanted: Wanted) -> Origin:
    """Say which files are meant, in which state they are, and how they are to be read.

    Raises
    ------
    SourceError
        No such file, or no file at all.
    """
    if "://" in str(data):
        raise SourceError(
            f"{data} is an address, not a file. Download it first, or give a table to EventLog.from_table."
        )
    return Origin.seen(*existing_files(Path(data)), f"{sorted(options.items())} {wanted}")


def _no_options(options: Mapping[str, Any], what: str) -> None:
    if options:
        raise ParameterError(
            f"{shown(options)} is no option for {what}{did_you_mean(next(iter(options)), READ_OPTIONS)}."
        )
