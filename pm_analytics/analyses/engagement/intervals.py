"""The intervals that stickiness counts over: which they are, how they are said, and histograms laid out over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pm_analytics import calendars
from pm_analytics.analyses.engagement.asking import say_days
from pm_analytics.asking import check_whole, check_word
from pm_analytics.errors import ParameterError
from pm_analytics.names import ACTIVE_INTERVALS, CI_LOWER, CI_UPPER, RATE, USERS
from pm_analytics.stats.proportions import share, wilson

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from pm_analytics.analyses.engagement.asking import Asked, Moment

    Counts = np.ndarray[Any, np.dtype[np.int64]]

MOST_INTERVALS = 20_000
"""A histogram longer than that was not meant (hours of several years)."""

# Whole intervals fit into each of these longer periods; weeks do not fit into months.
FITS = {"hour": ("day", "week", "month"), "day": ("week", "month"), "week": (), "month": ()}


@dataclass(frozen=True, slots=True)
class Span:
    """The intervals counted over.

    Attributes
    ----------
    interval, every : str, int
        An interval is so many hours, days, weeks or months.
    first, number : int
        Number of the first one's first period; how many intervals.
    unknown : int
        How many of them are not over, or begin before the log.
    said : str
        From when to when, in words.
    """

    interval: str
    every: int
    first: int
    number: int
    unknown: int
    said: str

    @property
    def preposition(self) -> str:
        """Say whether one comes on them or in them: on days, in weeks."""
        return "on" if (self.interval, self.every) == ("day", 1) else "in"

    def name(self, *, plural: bool = True) -> str:
        """Name these intervals: 'days', 'intervals of 2 days'."""
        s = "s" if plural else ""
        return f"{self.interval}{s}" if self.every == 1 else f"interval{s} of {self.every} {self.interval}s"

    def say(self, number: int) -> str:
        """Say a number of these intervals: '3 days', '2 intervals of 2 days'."""
        return f"{number:,} {self.name(plural=number != 1)}"


def span_of(
    asked: Asked,
    between: tuple[Moment, Moment] | None,
    interval: str,
    every: int,
    per: str | None,
    week_start: str,
) -> Span:
    """Turn a range of days into whole intervals; without one, take those of the log that are fully known.

    Raises
    ------
    ParameterError
        The range makes no sense, or has more intervals than anybody would look at.
    """
    begun, over = asked.begun(interval, week_start), asked.last_over(interval, week_start)
    if per is not None:
        first, last = asked.range(between, per, week_start)
        first, last = _start(first, per, interval, week_start), _start(last + 1, per, interval, week_start) - 1
        number = last - first + 1
    elif between is not None:
        first, last = asked.range(between, interval, week_start)
        number = -(-(last - first + 1) // every)
    else:
        first = begun if begun <= over else asked.first(interval, week_start)
        number = max(1, (over - first + 1) // every)
    if number > MOST_INTERVALS:
        raise ParameterError(
            f"The range has {number:,} intervals of {every} {interval}(s); write a shorter between=, or longer ones."
        )
    starts = first + every * np.arange(number)
    unknown = int(((starts < begun) | (starts + every - 1 > over)).sum())
    days = [calendars.start(n, interval, week_start=week_start) for n in (first, first + number * every)]
    last_day = days[0] if interval == "hour" and number * every < 24 else _day_before(days[1])
    return Span(interval, every, first, number, unknown, say_days(days[0], last_day))


def lengths(span: Span, per: str, week_start: str) -> list[tuple[int, int]]:
    """List the longer periods of a span, each with the number of intervals in it."""
    first_day = calendars.start(span.first, span.interval, week_start=week_start)
    last_day = calendars.start(span.first + span.number - 1, span.interval, week_start=week_start)
    numbers = [calendars.number_of(day, per, week_start=week_start) for day in (first_day, last_day)]
    starts = [_start(n, per, span.interval, week_start) for n in range(numbers[0], numbers[1] + 2)]
    return [(numbers[0] + i, after - start) for i, (start, after) in enumerate(pairwise(starts))]


def check_per(interval: str, every: int, per: str | None, segments: str | None) -> None:
    """Raise ParameterError unless whole intervals fit into the longer period, and it is the only split."""
    if per is None:
        return
    if segments is not None:
        raise ParameterError(
            f"per={per!r} and segments={segments!r} do not go together; ask once per segment, with where=."
        )
    if every != 1:
        raise ParameterError(f"every={every} and per={per!r} do not go together; leave one of them out.")
    if not FITS[interval]:
        raise ParameterError(f"Whole {interval}s fit into no longer period; with per={per!r} write interval='day'.")
    check_word("per", per, FITS[interval])


def checked_events(min_events: int, max_events: int | None) -> tuple[int, int | None]:
    """Check how many events make an interval active."""
    least = check_whole("min_events", min_events)
    if max_events is None:
        return least, None
    return least, check_whole("max_events", max_events, least=least)


def _start(number: int, period: str, interval: str, week_start: str) -> int:
    """Give the number of the first interval of a longer period."""
    return calendars.number_of(calendars.start(number, period, week_start=week_start), interval, week_start=week_start)


def _day_before(day: date) -> date:
    return day - timedelta(days=1)


def shares(users: Counts, total: int, confidence: float) -> dict[str, Any]:
    """Give counts as shares of a total, with intervals: the columns that every histogram of the room has."""
    around = [wilson(int(n), total, confidence=confidence) for n in users]
    return {
        USERS: users,
        RATE: [share(int(n), total) for n in users],
        CI_LOWER: [interval.lower for interval in around],
        CI_UPPER: [interval.upper for interval in around],
    }


def laid_out(counted: pd.DataFrame, number: int) -> Counts:
    """Lay counts out over 1 to ``number`` active intervals, zero where no unit has so many."""
    users: Counts = np.zeros(number, dtype="int64")
    users[counted[ACTIVE_INTERVALS].to_numpy(dtype="int64") - 1] = counted[USERS].to_numpy(dtype="int64")
    return users
