"""Hours, days, weeks and months of a zone, numbered one after the other, alike in a query and in Python.

A period is a whole number: period 12 follows period 11, whatever the length of a month or a day with a change of the
clocks. In a query the number is plain integer arithmetic on UTC microseconds, so every engine agrees.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pm_analytics import engine
from pm_analytics.errors import ParameterError, did_you_mean
from pm_analytics.times import HOUR, from_microseconds, to_microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

Period = Literal["hour", "day", "week", "month"]

PERIODS: Sequence[str] = ("hour", "day", "week", "month")
WEEKDAYS: Sequence[str] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_EPOCH = date(1970, 1, 1)
# 1970-01-01 was a Thursday: so many days lie between it and the Monday before.
_DAYS_SINCE_MONDAY = 3


def check_period(period: str, week_start: str, *, name: str = "period") -> None:
    """Raise ParameterError unless both are words this module knows.

    Raises
    ------
    ParameterError
        With the choices.
    """
    for word, value, choices in ((name, period, PERIODS), ("week_start", week_start, WEEKDAYS)):
        if value not in choices:
            hint = did_you_mean(str(value), choices)
            raise ParameterError(f"{word}={value!r} is not a choice{hint}; write one of {', '.join(choices)}.")


def number(moment: Any, period: str, timezone: str, until: int, *, week_start: str = "monday") -> Any:  # noqa: ANN401
    """Give the number of the period in which an instant (UTC microseconds, a query's column) falls, in a zone."""
    if period == "hour":
        return (engine.local_moment(moment, timezone, until) // HOUR).cast("int64")
    return number_of_day(engine.local_day(moment, timezone, until), period, week_start=week_start)


def number_of_day(day: Any, period: str, *, week_start: str = "monday") -> Any:  # noqa: ANN401 - a query's column
    """Give the number of the day, week or month in which a local day (days since 1970-01-01) falls."""
    if period == "day":
        return day.cast("int64")
    return _week(day, week_start) if period == "week" else _month(day)


def number_of(day: date, period: str, *, week_start: str = "monday") -> int:
    """Give the number of the period in which a local calendar day falls.

    Examples
    --------
    >>> number_of(date(2026, 3, 1), "month") - number_of(date(2025, 12, 31), "month")
    3
    """
    days = (day - _EPOCH).days
    return {
        "hour": days * 24,
        "day": days,
        "week": (days + _week_shift(week_start)) // 7,
        "month": day.year * 12 + day.month - 1,
    }[period]


def number_at(moment: int, period: str, timezone: str, *, week_start: str = "monday") -> int:
    """Give the number of the period in which an instant (UTC microseconds) falls, in a zone.

    Examples
    --------
    >>> number_at(0, "hour", "UTC"), number_at(0, "day", "America/New_York")
    (0, -1)
    """
    local = from_microseconds(moment, timezone)
    number = number_of(local.date(), period, week_start=week_start)
    return number + local.hour if period == "hour" else number


def label(period_number: int, period: str, *, week_start: str = "monday") -> date:
    """Name a numbered period by its first local day; an hour by its first local instant, a ``datetime``.

    Examples
    --------
    >>> label(24 * 365 + 7, "hour"), label(365, "day")
    (datetime.datetime(1971, 1, 1, 7, 0), datetime.date(1971, 1, 1))
    """
    first = start(period_number, period, week_start=week_start)
    if period != "hour":
        return first
    return datetime(first.year, first.month, first.day, period_number % 24)  # noqa: DTZ001 - a clock's reading


def start(period_number: int, period: str, *, week_start: str = "monday") -> date:
    """Give the first day of a numbered period; of an hour, its day.

    Examples
    --------
    >>> start(number_of(date(2026, 3, 5), "week"), "week")
    datetime.date(2026, 3, 2)
    """
    if period == "month":
        return date(period_number // 12, period_number % 12 + 1, 1)
    days = {
        "hour": period_number // 24,
        "day": period_number,
        "week": period_number * 7 - _week_shift(week_start),
    }[period]
    return _EPOCH + timedelta(days=days)


def start_instant(period_number: int, period: str, timezone: str, *, week_start: str = "monday") -> int:
    """Give the instant (UTC microseconds) at which a numbered period begins in a zone."""
    first = start(period_number, period, week_start=week_start)
    hour = period_number % 24 if period == "hour" else 0
    return to_microseconds(datetime(first.year, first.month, first.day, hour), timezone)  # noqa: DTZ001 - zone follows


def is_over(period_number: int, period: str, timezone: str, until: int, *, week_start: str = "monday") -> bool:
    """Tell whether a period had ended by an instant: only then is what was counted in it final."""
    return start_instant(period_number + 1, period, timezone, week_start=week_start) <= until


def _week_shift(week_start: str) -> int:
    return _DAYS_SINCE_MONDAY - WEEKDAYS.index(week_start)


def _week(day: Any, week_start: str) -> Any:  # noqa: ANN401
    return ((day + _week_shift(week_start)) // 7).cast("int64")


def _month(day: Any) -> Any:  # noqa: ANN401
    """Give the number of the month of a day, by integer arithmetic on a calendar whose years begin in March.

    Years of that calendar end with the leap day. Once a day is put in for each leap year that the century left out, the
    year, and the month within it, follow from divisions alone (Meeus, "Astronomical Algorithms", chapter 7). Each name
    below is written out wherever it is used, so each is used as little as can be: engines work them all out.
    """
    shifted = day + 719_468  # days since 0000-03-01
    century = (4 * shifted + 3) // 146_097
    put_in = shifted + century - century // 4
    year = (4 * put_in + 3) // 1_461
    of_year = put_in - 1_461 * year // 4
    return (year * 12 + (5 * of_year + 2) // 153 + 2).cast("int64")
