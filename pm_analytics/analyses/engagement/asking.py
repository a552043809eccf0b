"""What the room's questions have in common: who counts as active, between which days, and the words for both."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics import calendars
from pm_analytics.analyses.engagement.counts import Question, first_instant
from pm_analytics.asking import event_names, in_order, say_counted, say_events, warn_of_absent
from pm_analytics.errors import DataError, ParameterError, PmAnalyticsWarning
from pm_analytics.names import COMPLETE, DAY, PERIOD, SEGMENT, USERS
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from pm_analytics.events import EventLog

    Moment = str | date | datetime

MOST_SEGMENTS = 10
"""Segments named; the units of the smaller ones are counted together."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked question, what it rests on, and the words for it.

    Attributes
    ----------
    question : Question
        What to count.
    begins : int
        Instant of the log's first event (UTC microseconds): nothing is known of the time before it.
    what : str
        Which events make a unit active, in words.
    counted : str
        What is counted, in words.
    """

    question: Question
    begins: int
    what: str
    counted: str

    @property
    def log(self) -> EventLog:
        """The log asked."""
        return self.question.log

    def first(self, period: str, week_start: str = "monday") -> int:
        """Give the number of the log's first period."""
        return self._number(self.begins, period, week_start)

    def last(self, period: str, week_start: str = "monday") -> int:
        """Give the number of the last period of which anything is known."""
        return self._number(self.question.until - 1, period, week_start)

    def last_over(self, period: str, week_start: str = "monday") -> int:
        """Give the number of the last period that is over."""
        last = self.last(period, week_start)
        return last if self.is_over(last, period, week_start) else last - 1

    def is_over(self, number: int, period: str, week_start: str = "monday") -> bool:
        """Tell whether a period had ended when the data ends."""
        return calendars.is_over(number, period, self.log.timezone, self.question.until, week_start=week_start)

    def instant(self, number: int, period: str, week_start: str = "monday") -> int:
        """Give the instant at which a period begins."""
        return calendars.start_instant(number, period, self.log.timezone, week_start=week_start)

    def begun(self, period: str, week_start: str = "monday") -> int:
        """Give the first period that begins no earlier than the log's first day, so that all its days are known."""
        first = self.first(period, week_start)
        whole = calendars.start(first, period, week_start=week_start) >= calendars.start(self.first("day"), "day")
        return first if whole else first + 1

    def range(self, between: tuple[Moment, Moment] | None, period: str, week_start: str) -> tuple[int, int]:
        """Give the first and last period of a range, both inside; of the whole log without one.

        Raises
        ------
        ParameterError
            The range ends before it starts, or is not given by days.
        """
        if between is None:
            return self.first(period, week_start), self.last(period, week_start)
        first, last = _days(self.log, between)
        ends = [calendars.number_of(day, period, week_start=week_start) for day in (first, last)]
        return ends[0], ends[1] + (23 if period == "hour" else 0)

    def known_range(self, between: tuple[Moment, Moment] | None, period: str, week_start: str) -> tuple[int, int]:
        """Give the part of a range of which anything is known; say so when that is not all of it.

        Raises
        ------
        ParameterError
            Nothing of it is known.
        """
        first, last = self.range(between, period, week_start)
        known = max(first, self.first(period, week_start)), min(last, self.last(period, week_start))
        if known[0] > known[1]:
            raise ParameterError(
                f"between={between!r} lies outside the log, which goes from {self.log.say(self.begins)} to "
                f"{self.log.say(self.question.until - 1)}; choose days in it."
            )
        if known != (first, last):
            warnings.warn(
                f"The log goes from {self.log.say(self.begins)} to {self.log.say(self.question.until - 1)}: "
                f"what between={between!r} asks outside of it is not known, and left out.",
                PmAnalyticsWarning,
                stacklevel=4,
            )
        return known

    def dates(self, numbers: Any, period: str, week_start: str = "monday") -> pd.Series:  # noqa: ANN401
        """Give the first day of each numbered period, as a column of dates."""
        starts = [calendars.start(int(number), period, week_start=week_start) for number in numbers]
        return pd.Series(pd.to_datetime(starts).astype("datetime64[s]"))

    def scope(self) -> str:
        """Say what the log holds and what segments mean, for the end of a definition line."""
        apart = (
            f"units counted apart by {self.question.segments!r} at the event, so one may be in several segments "
            f"(the largest {MOST_SEGMENTS} by name, the rest together); "
            if self.question.segments
            else ""
        )
        return f"{apart}{self.log.scope}."

    def basis(self, days: str = "") -> str:
        """Say what the numbers rest on: who counts, on which days, until when events are known."""
        return "; ".join([f"{self.counted} with {self.what}", *([days] if days else []), self.log.basis])

    def _number(self, moment: int, period: str, week_start: str) -> int:
        local = from_microseconds(moment, self.log.timezone)
        number = calendars.number_of(local.date(), period, week_start=week_start)
        return number + (local.hour if period == "hour" else 0)


def ask(
    log: EventLog,
    event: str | Sequence[str] | None,
    where: Mapping[str, Any] | None,
    segments: str | None = None,
) -> Asked:
    """Check what every question of the room asks.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        No event named, no such property, or a log without events.

    Warns
    -----
    PmAnalyticsWarning
        An event never occurs in the log; it counts zero.
    """
    names = event_names(event, name="event")
    log.require_columns([*(where or {}), *([segments] if segments else [])])
    until, begins = log.observed_until, first_instant(log)
    if begins is None:
        kept = f" ({'; '.join(log.filters)})" if log.filters else ""
        raise DataError(f"No event is left in this log{kept}, so there is nothing to count; widen its filters.")
    warn_of_absent(log, names or (), stacklevel=3)
    question = Question(log, names, dict(where or {}), until, segments)
    return Asked(question, begins, say_events(names, where or {}), say_counted(log))


def split(frame: pd.DataFrame) -> list[tuple[dict[str, str], pd.DataFrame]]:
    """Part a frame of counts by segment, largest first, the unnamed last; without segments, it is one part."""
    if SEGMENT not in frame.columns:
        return [({}, frame)]
    parts = {str(name): part for name, part in frame.groupby(SEGMENT, sort=True)}
    # Counts of who enters and who leaves a window have no column of users; the last one grows with them as well.
    weight = USERS if USERS in frame.columns else frame.columns[-1]
    sizes = {name: float(part[weight].sum()) for name, part in parts.items()}
    return [({SEGMENT: name}, parts[name]) for name in in_order(sorted(parts, key=lambda name: -sizes[name]))]


def stacked(parts: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Put the tables of all segments below one another; of none, give a table whose empty columns keep their kinds."""
    if parts:
        return pd.concat(parts, ignore_index=True)[list(columns)]
    kinds = {DAY: "datetime64[s]", PERIOD: "datetime64[s]", COMPLETE: "bool", SEGMENT: "str"}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "float64")) for name in columns})


def claim_id(name: str, row: dict[str, Any], *parts: object) -> str:
    """Name a claim of a row: 'stickiness.pro.exact_3'."""
    return ".".join([name, *([str(row[SEGMENT])] if SEGMENT in row else []), *map(str, parts)])


def say_incomplete(table: pd.DataFrame) -> str:
    """Say that the end of a table is not final."""
    return (
        ""
        if table.empty or bool(table[COMPLETE].iloc[-1])
        else " The last period is not over, so its numbers can still change."
    )


def say_days(first: date, last: date) -> str:
    """Say a range of days, both inside."""
    return f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, both included"


def _days(log: EventLog, between: tuple[Moment, Moment]) -> tuple[date, date]:
    if isinstance(between, str) or len(between) != 2:
        raise ParameterError(f"between={between!r} needs a first and a last day, like ('2026-01-01', '2026-01-31').")
    days = []
    for when in between:
        moment = log.moment(when, name="between")
        day = from_microseconds(moment, log.timezone).date()
        # Compared with the day's start, not with midnight: on some days of some zones the clocks skip midnight.
        if log.moment(day) != moment:
            raise ParameterError(f"between={between!r} takes whole days, both included; write {str(day)!r}.")
        days.append(day)
    if days[1] < days[0]:
        raise ParameterError(f"between={between!r} ends before it starts; write ({days[1]!s:.10}, {days[0]!s:.10}).")
    return days[0], days[1]
