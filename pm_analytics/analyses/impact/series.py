"""A frame or a log -> values per period on one timeline, without gaps in the numbering: what is not known is NaN."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pm_analytics import calendars
from pm_analytics.analyses.impact.counts import KINDS, bottom, per_period, top
from pm_analytics.analyses.impact.occasions import as_day
from pm_analytics.analyses.impact.timeline import Timeline, timeline_of
from pm_analytics.asking import check_word
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.events import EventLog
from pm_analytics.metrics import Metric
from pm_analytics.names import PERIOD_NUMBER, SEGMENT, UNITS
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

PER = ("period", "unit")


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Values of some metrics per period.

    Attributes
    ----------
    timeline : Timeline
        The periods.
    columns : mapping
        Name -> array with one value per period; NaN where nothing is known.
    scope : str
        What was read, for the definition line.
    """

    timeline: Timeline
    columns: Mapping[str, NDArray[np.float64]]
    scope: str


def name_of(metric: Metric | str) -> str:
    """Say how a metric is called."""
    return metric.name if isinstance(metric, Metric) else str(metric)


def measure(
    source: EventLog | pd.DataFrame | pd.Series[Any],
    metrics: Sequence[Metric | str],
    *,
    time: str | None = None,
    period: str = "day",
    per: str = "period",
) -> Measured:
    """Measure metrics per period of a log, or read them from the columns of a frame.

    Parameters
    ----------
    source : EventLog, DataFrame or Series
        A frame has one row per day, week, month or year; a series carries its dates as index.
    metrics : sequence of Metric or str
        Of a log: metrics of the kinds conversion, count, mean and ratio. Of a frame: columns.
    time : str, optional
        The frame's column of dates; its index when not given.
    period : {"day", "week"}
        Of a log.
    per : {"period", "unit"}
        Of a log: totals per period, or means per unit active in the period.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        Metrics of the wrong sort; a column that is missing or holds no numbers; dates that cannot be read.
    """
    if isinstance(source, EventLog):
        return _of_log(source, metrics, period, per)
    return _of_frame(_as_frame(source, metrics), [name_of(metric) for metric in metrics], time)


def _as_frame(source: pd.DataFrame | pd.Series[Any], metrics: Sequence[Metric | str]) -> pd.DataFrame:
    if isinstance(source, pd.Series):
        return source.to_frame(name_of(metrics[0]))
    if not isinstance(source, pd.DataFrame):
        raise ParameterError(
            f"A launch is judged on an EventLog, a DataFrame or a Series with dates, not on {type(source).__name__}."
        )
    return source


def _of_frame(frame: pd.DataFrame, columns: Sequence[str], time: str | None) -> Measured:
    require(frame, [*columns, *([time] if time else [])])
    days = days_of(frame.index if time is None else frame[time], time or "the index")
    known = [i for i, day in enumerate(days) if day is not None]
    if not known:
        raise DataError("The series has no rows with a date.")
    timeline = timeline_of([days[i] for i in known], what="the series")  # type: ignore[misc]
    values = {}
    for name in columns:
        numbers = numbers_of(frame, name)
        values[name] = laid_out([(days[i], numbers[i]) for i in known], timeline)  # type: ignore[misc]
    lost = len(days) - len(known)
    dropped = f"; {lost:,} rows without a date left out" if lost else ""
    return Measured(timeline, values, f"{len(known):,} {timeline.step}s of a table{dropped}")


def laid_out(pairs: Sequence[tuple[date, float]], timeline: Timeline) -> NDArray[np.float64]:
    """Lay dated values on a timeline; NaN where there is none."""
    found = np.full(timeline.count, np.nan)
    for day, value in pairs:
        found[timeline.place(day)] = value
    return found


def require(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a frame that lacks a column."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise UnknownNameError("column", missing, map(str, frame.columns), where="the table")


def numbers_of(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Read a column as numbers; what is infinite is not known.

    Raises
    ------
    DataError
        Text in it.
    """
    read = pd.to_numeric(frame[name], errors="coerce")
    text = read.isna() & frame[name].notna()
    if text.any():
        raise DataError(f"The column {name!r} holds {frame[name][text].iloc[0]!r}, which is no number.")
    numbers = read.to_numpy(dtype=float)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def days_of(column: Any, name: str) -> list[date | None]:  # noqa: ANN401 - an index or a column
    """Read days; None where one is missing.

    Raises
    ------
    DataError
        Something that is no date.
    """
    values = list(column)
    if all(isinstance(value, int | np.integer) and 1000 <= value <= 2999 for value in values) and values:
        return [date(int(value), 1, 1) for value in values]
    read = pd.to_datetime(pd.Series(values, dtype=object), errors="coerce", utc=False, format="mixed")
    wrong = [v for v, day in zip(values, read, strict=True) if pd.isna(day) and v is not None and v == v]  # noqa: PLR0124
    if wrong:
        raise DataError(f"{name} holds {wrong[0]!r}, which is no date. Write dates as 2026-03-16, or name time=.")
    return [None if pd.isna(day) else as_day(day) for day in read]


def _of_log(log: EventLog, metrics: Sequence[Metric | str], period: str, per: str) -> Measured:
    check_metrics(log, metrics)
    check_word("period", period, ("day", "week"))
    check_word("per", per, PER)
    chosen = [metric for metric in metrics if isinstance(metric, Metric)]
    timeline, first = full_periods(log, period)
    table = per_period(log, chosen, period)
    places = table[PERIOD_NUMBER].to_numpy(dtype=np.int64) - first
    inside = (places >= 0) & (places < timeline.count)
    values = {}
    for i, metric in enumerate(chosen):
        tops, bottoms = table[top(i)], table[bottom(i)] if metric.kind == "ratio" else table[UNITS]
        values[metric.name] = _spread(
            places[inside], tops[inside], bottoms[inside], timeline.count, share=per == "unit" or metric.kind == "ratio"
        )
    return Measured(timeline, values, log.scope)


def _spread(places: Any, tops: Any, bottoms: Any, count: int, *, share: bool) -> NDArray[np.float64]:  # noqa: ANN401
    """Lay sums on the timeline: a period without events has a total of 0, and no mean."""
    totals = np.zeros(count)
    totals[places] = tops.fillna(0).to_numpy(dtype=float)
    if not share:
        return totals
    under = np.zeros(count)
    under[places] = bottoms.fillna(0).to_numpy(dtype=float)
    shares: NDArray[np.float64] = np.divide(totals, under, out=np.full(count, np.nan), where=under > 0)
    return shares


def full_periods(log: EventLog, period: str) -> tuple[Timeline, int]:
    """Give the timeline of the days or weeks that the log holds in full, and the number of the first one.

    Raises
    ------
    DataError
        Not one is.
    """
    if log.first_instant is None:
        raise DataError("The log holds no events, so there is no series to judge a launch by.")
    begun = from_microseconds(log.first_instant, log.timezone)
    # A log may begin during its first day, and losing one day of history costs nothing.
    at_midnight = (begun.hour, begun.minute, begun.second) == (0, 0, 0)
    first = begun.date() if at_midnight else begun.date() + timedelta(days=1)
    last = from_microseconds(log.observed_until, log.timezone).date()
    start = calendars.number_of(first, period)
    if calendars.start(start, period) < first:
        start += 1
    count = calendars.number_of(last, period) - start
    if count < 1:
        raise DataError(f"The log holds no full {period}, so there is no series to judge a launch by.")
    return Timeline("week" if period == "week" else "day", calendars.start(start, period), count), start


def by_group(log: EventLog, metric: Metric, prop: str, period: str) -> tuple[Timeline, pd.DataFrame]:
    """Give a metric per unit active, for each value of a property: one row per period, one column per value."""
    check_metrics(log, [metric])
    log.require_columns([prop])
    timeline, first = full_periods(log, period)
    table = per_period(log, [metric], period, by=prop)
    under = table[bottom(0)] if metric.kind == "ratio" else table[UNITS]
    table = table.assign(rate=table[top(0)] / under, place=table[PERIOD_NUMBER] - first)
    table = table[(table["place"] >= 0) & (table["place"] < timeline.count)]
    wide = table.set_index(["place", SEGMENT])["rate"].unstack(SEGMENT).reindex(range(timeline.count))  # noqa: PD010
    return timeline, wide


def check_metrics(log: EventLog, metrics: Sequence[Metric | str]) -> None:
    """Refuse what is no metric of events, or no sum over a period."""
    for metric in metrics:
        if not isinstance(metric, Metric):
            raise ParameterError(
                f"{metric!r} names a column, and a log is counted: write pm_analytics.Metric.count({metric!r})."
            )
        if metric.kind not in KINDS or metric.is_recorded:
            raise ParameterError(
                f"A launch is judged on sums per day, and {metric.name!r} is of the kind {metric.kind!r}. Use "
                "Metric.count, conversion, mean or ratio."
            )
        log.require_columns([name for name in (metric.value, metric.per_value, *metric.where) if name is not None])
        known = log.event_names()
        absent = [name for name in (metric.event, metric.per) if name is not None and name not in known]
        if absent:
            raise UnknownNameError("event", absent, known, where="the log")


def launch_of(source: Any, launched_at: Any) -> tuple[date, bool]:  # noqa: ANN401 - a log or a frame; a date or time
    """Give the local day of a launch, and whether it came during that day."""
    if isinstance(source, EventLog):
        moment = from_microseconds(source.moment(launched_at, name="launched_at"), source.timezone)
    else:
        read = pd.to_datetime(launched_at, errors="coerce")
        if pd.isna(read):
            raise ParameterError(f"launched_at={launched_at!r} is not a date; write '2026-03-16'.")
        moment = read.to_pydatetime() if isinstance(read, pd.Timestamp) else read
    at_midnight = not isinstance(moment, datetime) or (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    return as_day(moment), not at_midnight
