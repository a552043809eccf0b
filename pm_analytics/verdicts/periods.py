"""Which days lie before a launch, which after, and which of them can be judged by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pm_analytics.errors import DataError, ParameterError
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from pm_analytics.events import EventLog
    from pm_analytics.verdicts.question import LaunchQuestion


@dataclass(frozen=True, slots=True)
class Periods:
    """The calendar of a launch, in local days; every span is ``[start, end)``.

    Attributes
    ----------
    launch : int
        The instant of the launch, in UTC microseconds.
    before, after : (date, date)
        Days compared. A launch during a day leaves that day out of both.
    end : date
        First day that is not known in full.
    """

    launch: int
    before: tuple[date, date]
    after: tuple[date, date]
    end: date

    @property
    def days_after(self) -> int:
        """Full days known after the launch."""
        return max(0, (self.end - self.after[0]).days)

    def judged(self, span: tuple[date, date], window_days: int | None) -> tuple[date, date] | None:
        """Cut a span to the days on which what began then has had its full window by now; None when no day has."""
        last = self.end - timedelta(days=window_days or 0)
        end = min(span[1], last)
        return (span[0], end) if end > span[0] else None


def periods(log: EventLog, question: LaunchQuestion) -> Periods:
    """Lay out the calendar of a launch in the log's zone.

    Raises
    ------
    DataError
        The launch lies before the first or after the last full day of the log.
    ParameterError
        ``as_of`` lies after the end of the log.
    """
    launch = log.moment(question.launch_at, name="launch_at")
    moment = from_microseconds(launch, log.timezone)
    at_midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    day = moment.date()
    start = day if at_midnight else day + timedelta(days=1)
    known = from_microseconds(log.observed_until, log.timezone).date()
    end = known if question.as_of is None else _day_after(log, question.as_of, known)
    _check_inside(log, day, end)
    return Periods(
        launch=launch,
        before=(day - timedelta(days=question.pre_days), day),
        after=(start, min(start + timedelta(days=question.post_days), max(end, start))),
        end=end,
    )


def _day_after(log: EventLog, as_of: str | date, known: date) -> date:
    last = from_microseconds(log.moment(as_of, name="as_of"), log.timezone).date()
    if last > known:
        raise ParameterError(f"as_of={str(as_of)!r} lies after the last event of the log ({known}); leave it out.")
    return last + timedelta(days=1)


def _check_inside(log: EventLog, launch: date, end: date) -> None:
    if launch >= end:
        raise DataError(
            f"The launch ({launch}) is not before the last full day of the log ({end - timedelta(days=1)}). "
            "Check launch_at and the log's zone, or wait for data."
        )
    first = log.source.first
    if first is not None and launch < _as_date(first):
        raise DataError(f"The launch ({launch}) lies before the first event ({_as_date(first)}); check launch_at.")


def _as_date(moment: datetime) -> date:
    return moment.date()
