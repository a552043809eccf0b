"""The question of retention: its words checked, its spans turned into numbers, and when a cell of it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pm_analytics import calendars
from pm_analytics.asking import check_whole, check_word, is_whole
from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import check_confidence
from pm_analytics.times import DAY, from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PERIODS = ("day", "week", "month")
MEASURES = ("on", "on_or_after", "on_or_before", "streak", "bracket")
COHORTS = ("first_time", "recurring", "first_matching")
MODES = ("calendar", "rolling")
ROLLING_DAYS = {"day": 1, "week": 7, "month": 30}
SUMMED = ("on", "bracket")
"""Measures under which each return falls into one cell, so that what is summed is summed once."""
COUNT_AT_ONCE = ("on", "on_or_before")
"""Measures under which a return within the period of the entry can count."""
MOST_SEGMENTS = 20
"""More curves than that nobody can tell apart."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to count.

    Attributes
    ----------
    start, returning : tuple of str, or None
        Events that make a cohort, and events that count as a return; None for any event.
    last : int
        The last period number shown.
    edges : tuple of int
        The last period number of each bracket; empty under the other measures.
    entries : (int, int) or None
        Instants ``[start, end)`` between which a unit may enter.
    timezone, until
        The log's zone, and the instant up to which it is known.
    segments : str or None
        Property whose value at the entry splits the curve.
    kept : tuple of str
        Its values that have a curve of their own.
    same_period : bool
        Whether period 0 shows who returned in it after the entry, instead of the whole cohort.
    """

    start: tuple[str, ...] | None
    returning: tuple[str, ...] | None
    period: str
    last: int
    measure: str
    cohorts: str
    min_events: int
    week_start: str
    rolling: bool
    timezone: str
    until: int
    edges: tuple[int, ...] = ()
    start_where: Mapping[str, Any] = field(default_factory=dict)
    return_where: Mapping[str, Any] = field(default_factory=dict)
    value: str | None = None
    entries: tuple[int, int] | None = None
    segments: str | None = None
    kept: tuple[str, ...] = ()
    same_period: bool = False

    @property
    def recurring(self) -> bool:
        """Whether a unit is in every cohort in which it started, instead of in one."""
        return self.cohorts == "recurring"

    @property
    def first_ever(self) -> bool:
        """Whether a start that passes the filter must be compared with the first ever, which may not pass it."""
        return self.cohorts == "first_time" and bool(self.start_where)

    @property
    def columns(self) -> tuple[int, ...]:
        """The period numbers shown: 0, and each later period, or the last one of each bracket."""
        return (0, *(self.edges or range(1, self.last + 1)))

    @property
    def from_number(self) -> int:
        """The first period number that says who returned: period 0 is the size of the cohort, unless asked for."""
        return 0 if self.same_period else 1

    @property
    def length(self) -> int:
        """Microseconds of a rolling period."""
        return ROLLING_DAYS[self.period] * DAY

    @property
    def last_over(self) -> int:
        """The number of the last calendar period that is over."""
        return self.number_at(self.until) - 1

    def number_at(self, moment: int) -> int:
        """Give the number of the calendar period in which an instant falls."""
        day = from_microseconds(moment, self.timezone).date()
        return calendars.number_of(day, self.period, week_start=self.week_start)

    def begins(self, number: int) -> int:
        """Give the instant at which a numbered calendar period begins."""
        return calendars.start_instant(number, self.period, self.timezone, week_start=self.week_start)

    def is_known(self, cohort: int, number: int) -> bool:
        """Tell whether a cell is final: its period is over, for everybody whom the cohort can hold."""
        if not self.rolling or number < self.from_number:
            return cohort + number <= self.last_over
        return self.begins(cohort + 1) + (number + 1) * self.length <= self.until


def check(question: Question, mode: str, brackets: Sequence[int] | None, confidence: float) -> None:
    """Raise ParameterError unless the question makes sense, with what to write instead."""
    calendars.check_period(question.period if question.period in PERIODS else "week", question.week_start)
    check_word("period", question.period, PERIODS)
    check_word("measure", question.measure, MEASURES)
    check_word("cohorts", question.cohorts, COHORTS)
    check_word("mode", mode, MODES)
    _check_brackets(question.measure, brackets)
    check_whole("periods", question.last)
    check_whole("min_events", question.min_events)
    _check_value(question)
    _check_same_period(question)
    check_confidence(confidence)


def _check_brackets(measure: str, brackets: Sequence[int] | None) -> None:
    if (measure == "bracket") != (brackets is not None):
        raise ParameterError(
            "brackets= and measure='bracket' belong together: write both, such as brackets=[1, 3, 7] for period 1, "
            "periods 2 to 3 and periods 4 to 7, or neither."
        )
    if brackets is None:
        return
    fits = bool(len(brackets)) and all(is_whole(edge) and edge >= 1 for edge in brackets)
    if not fits or list(brackets) != sorted(set(brackets)):
        raise ParameterError(
            f"brackets={brackets!r} must be rising whole numbers from 1, the last period of each bracket: [1, 3, 7]."
        )


def _check_value(question: Question) -> None:
    if question.value is not None and question.measure not in SUMMED:
        raise ParameterError(
            f"value={question.value!r} is summed once per cell, which measure={question.measure!r} does not allow; "
            f"write measure={' or '.join(map(repr, SUMMED))}."
        )


def _check_same_period(question: Question) -> None:
    if not question.same_period:
        return
    if question.measure not in COUNT_AT_ONCE or question.min_events > 1 or question.value:
        raise ParameterError(
            "same_period=True counts whether anybody returned after the entry, within its period; "
            f"write measure={' or '.join(map(repr, COUNT_AT_ONCE))}, min_events=1, and no value=."
        )
