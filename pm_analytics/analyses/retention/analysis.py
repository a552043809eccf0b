"""Retention: the public function, its result, and the arithmetic between them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.retention import cells, counts, wording
from pm_analytics.analyses.retention.comparison import RetentionComparison, one_row
from pm_analytics.analyses.retention.question import Question, check, is_count, names
from pm_analytics.calendars import start as first_day
from pm_analytics.errors import NotYetError, ParameterError, PmAnalyticsWarning, did_you_mean
from pm_analytics.names import (
    AT_RISK,
    CI_LOWER,
    CI_UPPER,
    COHORT,
    COHORT_USERS,
    COHORTS,
    COMPLETE,
    PERIOD_NUMBER,
    PROVISIONAL,
    RATE,
    USERS,
)
from pm_analytics.results import NOTHING, SMALL_GROUP, Claim, Result, known, records, say_share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from pm_analytics.events import EventLog

    Moment = str | date | datetime

MOST_SHOWN = 26
"""Cohorts that a notebook shows; the frames hold all."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RetentionResult(Result):
    """Who came back. One row per cohort and period number; see :func:`retention` for the columns.

    Attributes
    ----------
    confidence : float
        Coverage of the intervals.
    counted : str
        What is counted, in words.
    question : Question
        What was asked, checked and with its spans in numbers.
    """

    _curve: pd.DataFrame
    _segments: pd.DataFrame | None
    _log: EventLog
    confidence: float
    counted: str
    question: Question

    def curve(self) -> pd.DataFrame:
        """Pool all cohorts: one row per period number.

        Returns
        -------
        DataFrame
            ``period_number``, ``users`` retained and ``at_risk`` units observed so long, both over the complete cells
            of ``cohorts`` cohorts; ``rate`` = users / at_risk with Wilson's ``ci_lower`` and ``ci_upper``; ``bracket``
            and ``value`` if they were asked for. Null when no cohort has been observed so long; period 0 has no
            interval, as it is the cohort itself. Cohorts weigh by their size; each is in the columns it has reached, so
            that two points of the curve may rest on different cohorts.
        """
        return self._curve.copy()

    def segments(self) -> pd.DataFrame:
        """Give a curve per segment: the columns of :meth:`curve` behind ``segment``, largest segment first.

        Raises
        ------
        ParameterError
            No ``segments=`` was asked for.
        """
        if self._segments is None:
            raise ParameterError("There are no segments; ask pm.retention(..., segments='plan') for them.")
        return self._segments.copy()

    def triangle(self, of: str = "rate") -> pd.DataFrame:
        """Lay the cells out for people: a row per cohort, a column per period: ``week_0``, ``week_2_to_3`` ...

        Parameters
        ----------
        of : {"rate", "users"}
            What the cells hold; with ``value=`` also ``"value"``. Null where it is not observed.
        """
        allowed = [name for name in (RATE, USERS, "value") if name in self._table.columns]
        if of not in allowed:
            raise ParameterError(f"of={of!r} is not a choice{did_you_mean(of, allowed)}; write {' or '.join(allowed)}.")
        # Not pivot_table: each place has one value, and nothing is averaged.
        wide = self._table.pivot(index=[COHORT, COHORT_USERS], columns=PERIOD_NUMBER, values=of)  # noqa: PD010
        spans = [name.replace("-", "_to_") for name in cells.brackets(self.question)]
        wide.columns = pd.Index([f"{self.question.period}_{span}" for span in spans[: len(wide.columns)]])
        return wide.reset_index()

    def users(self, cohort: Moment, period_number: int) -> list[Any]:
        """List the units behind a cell: those of a cohort (any day of its period) that count in a period.

        Raises
        ------
        ParameterError, NotYetError
            No such cell; or it is not observed yet.
        """
        self._cell(cohort, period_number)
        return counts.units(self._log, self.question, self._cohort_number(cohort), period_number)

    def compare(self, first: Moment, second: Moment, period_number: int) -> RetentionComparison:
        """Compare two cohorts at the same age.

        Returns
        -------
        RetentionComparison
            One row: both cohorts, their users and rates, and ``difference`` = second minus first with Newcombe's
            ``ci_lower`` and ``ci_upper``.

        Raises
        ------
        ParameterError, NotYetError
            No such cell; or it is not observed yet.
        """
        table = one_row(self._cell(first, period_number), self._cell(second, period_number), confidence=self.confidence)
        return RetentionComparison(
            table,
            f"{self.confidence:.0%} Newcombe interval. {self.definition}",
            self.basis,
            when=wording.say_when(period_number, self.question),
            counted=self.counted,
        )

    def headline(self) -> str:
        """Say how many came back in the first period, and in the last that enough have reached, in one short line."""
        return self._sentence() or "No cohort has been observed long enough yet"

    def summary(self) -> str:
        """Say how many came back in the first period and in the last that enough have reached, over which cohorts."""
        question = self.question
        sized = self._table[self._table[COHORT_USERS] > 0]
        if sized.empty:
            start = wording.say_events(question.start, question.start_where)
            return f"Nobody entered by {start}, so there is no retention to speak of."
        if not self._sentence():
            return (
                f"No cohort has been observed for a whole {question.period} after its own yet, "
                "so there is no retention to speak of."
            )
        cohorts, kind = sized[COHORT].nunique(), wording.ADVERBS[question.period]
        many = f"{cohorts:,} {kind} cohorts from {sized[COHORT].min()} to {sized[COHORT].max()}"
        text = many if cohorts > 1 else f"one {kind} cohort, of {sized[COHORT].min()}"
        grows = " The newest period of each cohort is provisional." if self._table[PROVISIONAL].any() else ""
        return f"{self._sentence()}. Pooled over those observed so long, of {text}.{grows}"

    def claims(self) -> list[Claim]:
        """List the pooled share of each period."""
        return [
            Claim(
                id=f"retention.period_{row[PERIOD_NUMBER]}",
                value=known(row[RATE]),
                unit="share",
                definition=f"retained {wording.say_when(int(row[PERIOD_NUMBER]), self.question)}: {self.definition}",
                ci_lower=known(row[CI_LOWER]),
                ci_upper=known(row[CI_UPPER]),
                n=int(row[USERS]) if row[COHORTS] else None,
                denominator=int(row[AT_RISK]),
            )
            for row in records(self._curve)[1:]
        ]

    def to_display(self) -> pd.DataFrame:
        """Show the newest cohorts as a triangle of percents; a dash is unobserved, an asterisk provisional."""
        newest = self._table[self._table[COHORT].isin(self._table[COHORT].unique()[-MOST_SHOWN:])]
        said = [
            NOTHING if math.isnan(row[RATE]) else f"{row[RATE]:.1%}{'*' * row[PROVISIONAL]}" for row in records(newest)
        ]
        return replace(self, _table=newest.assign(**{RATE: said})).triangle()

    def _sentence(self) -> str:
        rows = [row for row in records(self._curve)[1:] if row[AT_RISK] > 0]
        if not rows:
            return ""
        first, far = rows[0], [row for row in rows[1:] if row[AT_RISK] >= SMALL_GROUP]
        base = f"{self.counted}, once per cohort," if self.question.recurring else self.counted
        said = say_share(int(first[USERS]), int(first[AT_RISK]), first[CI_LOWER], first[CI_UPPER], base)
        text = f"{said} {self._verb()} {wording.say_when(int(first[PERIOD_NUMBER]), self.question)}"
        if not far:
            return text
        later = f"{far[-1][RATE]:.1%} of {far[-1][AT_RISK]:,}"
        return f"{text}; {later} {wording.say_when(int(far[-1][PERIOD_NUMBER]), self.question)}"

    def _verb(self) -> str:
        question = self.question
        same = (question.start, question.start_where) == (question.returning, question.return_where)
        if same or question.returning is None:
            return "came back"
        return f"did {' or '.join(map(repr, question.returning))}"

    def _cohort_number(self, cohort: Moment) -> int:
        return self.question.number_at(self._log.moment(cohort, name="cohort"))

    def _cell(self, cohort: Moment, period_number: int) -> dict[str, Any]:
        """Find a cell, or say why there is none."""
        question = self.question
        begins = first_day(self._cohort_number(cohort), question.period, week_start=question.week_start)
        table = self._table
        found = records(table[(table[COHORT] == begins) & (table[PERIOD_NUMBER] == period_number)])
        if not found:
            dates = table[COHORT]
            span = f"from {dates.min()} to {dates.max()}" if len(dates) else "none"
            raise ParameterError(
                f"There is no cell of cohort {cohort!r} and period_number={period_number!r}. Cohorts: {span}; period "
                f"numbers: {', '.join(map(str, question.columns))}."
            )
        if not found[0][COMPLETE]:
            raise NotYetError(
                f"Period {period_number} of the cohort of {begins} is not over for all of it when the data ends "
                f"({self._log.say(question.until)}); take an earlier period, or come back later."
            )
        return found[0]


def retention(  # noqa: PLR0913 - one keyword per part of the definition; all have defaults
    log: EventLog,
    start: str | Sequence[str] | None = None,
    returning: str | Sequence[str] | None = None,
    *,
    period: str = "week",
    periods: int = 12,
    measure: str = "on",
    cohorts: str = "first_time",
    min_events: int = 1,
    week_start: str = "monday",
    mode: str = "calendar",
    brackets: Sequence[int] | None = None,
    start_where: Mapping[str, Any] | None = None,
    return_where: Mapping[str, Any] | None = None,
    value: str | None = None,
    entries: tuple[Moment, Moment] | None = None,
    segments: str | None = None,
    most_segments: int = 5,
    confidence: float = 0.95,
) -> RetentionResult:
    """Measure who came back, period by period after they started, cohort by cohort.

    A cohort is the units that entered in the same day, week or month. Period 0 is that period and shows the cohort's
    size, even if the start event is no return event. A return within period 0 is in no cell; to see it, take a shorter
    ``period``. A cell whose period is not over when the data ends is null, never 0.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    start, returning : str or sequence of str, optional
        The event(s) that make a cohort, and those that count as a return. None: any event.
    period : {"day", "week", "month"}
        Width of cohorts and of periods.
    periods : int
        The last period number: cells go from 0 to it.
    measure : {"on", "on_or_after", "on_or_before", "streak", "bracket"}
        A unit counts in a period when it returned in it; in it or any later period that is over; in any period from 1
        to it; in every period from 1 to it; in any period of a bracket.
    cohorts : {"first_time", "recurring", "first_matching"}
        "first_time": a unit is in the cohort of its first ever start event, looked up in the whole log; if that does
        not pass ``start_where``, or lies outside ``entries``, it is in none. "first_matching": of its first start event
        that passes. "recurring": of every period with one that passes.
    min_events : int
        Return events within one period that make a return; an entry needs one.
    week_start : str
        Day on which calendar weeks begin.
    mode : {"calendar", "rolling"}
        "calendar": periods are days, weeks and months of the log's zone. "rolling": periods are of 24 hours, 7 or 30
        days since the unit's own entry (its first in that cohort); cohorts stay calendar periods. A cell is known when
        its period is over for whoever entered last in the cohort's period.
    brackets : sequence of int, optional
        For "bracket": the last period of each bracket. ``[1, 3, 7]`` is period 1, periods 2 to 3, periods 4 to 7; each
        has its last period as ``period_number``, and ``periods`` is not read.
    start_where, return_where : mapping, optional
        Properties that start and return events must have, as for :meth:`EventLog.where`.
    value : str, optional
        A property to sum over the return events of each cell, by units that count in it; in period 0 over the returns
        of that period. For the measures "on" and "bracket".
    entries : (start, end), optional
        Units may enter in ``[start, end)``; returns may fall after it. Any time when not given. The first periods of a
        log make old users look new: begin ``entries`` later than the log.
    segments : str, optional
        A property whose value at the entry splits the curve, for ``.segments()``. The ``most_segments`` largest are
        shown; the others are pooled as "Other", and "Missing" is kept.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    RetentionResult
        ``to_frame()``: one row per cohort and period: ``cohort`` (its first day), ``cohort_users``, ``period_number``;
        ``users`` retained, ``rate`` = users / cohort_users with Wilson's ``ci_lower`` and ``ci_upper`` (all null while
        not observed; ``rate`` also when the cohort is empty; no interval in period 0); ``complete``: whether it is
        observed; ``provisional``: "on_or_after" has no later period to look at yet; ``bracket`` and ``value`` if asked.
        ``curve()`` pools all cohorts, ``triangle()`` is for reading.

    Raises
    ------
    ParameterError, UnknownNameError
        A word, number or combination that makes no sense; a property that does not exist.

    Warns
    -----
    PmAnalyticsWarning
        An event never occurs in the log; it counts zero.

    Examples
    --------
    >>> import pandas as pd, pm_analytics as pm
    >>> rows = pd.DataFrame({"user": ["a", "a", "b", "b"], "event": "open",
    ...     "time": pd.to_datetime(["2026-01-05", "2026-01-13", "2026-01-06", "2026-01-19"], utc=True)})
    >>> pm.retention(pm.EventLog.from_frame(rows), periods=1).to_frame()[["cohort", "period_number", "users", "rate"]]
           cohort  period_number  users  rate
    0  2026-01-05              0    2.0   1.0
    1  2026-01-05              1    1.0   0.5
    """
    question = Question(
        start=names(start, name="start"),
        returning=names(returning, name="returning"),
        period=period,
        last=brackets[-1] if brackets else periods,
        measure=measure,
        cohorts=cohorts,
        min_events=min_events,
        week_start=week_start,
        rolling=mode == "rolling",
        timezone=log.timezone,
        until=log.observed_until,
        edges=tuple(brackets or ()),
        start_where=dict(start_where or {}),
        return_where=dict(return_where or {}),
        value=value,
        entries=_span(log, entries),
        segments=segments,
    )
    check(question, mode, brackets, confidence)
    log.require_columns([*question.start_where, *question.return_where, *filter(None, (value, segments))])
    _warn_of_absent_events(log, question)
    if segments is not None:
        question = replace(question, kept=counts.largest_segments(log, question, _most(most_segments)))
    return _answer(log, question, confidence)


def _span(log: EventLog, entries: tuple[Moment, Moment] | None) -> tuple[int, int] | None:
    if entries is None:
        return None
    start, end = (log.moment(when, name="entries") for when in entries)
    if end <= start:
        raise ParameterError(f"entries={entries!r} must end after it starts: [start, end).")
    return start, end


def _most(segments: int) -> int:
    if not is_count(segments):
        raise ParameterError(f"most_segments={segments!r} must be a whole number of 1 or more.")
    return segments


def _warn_of_absent_events(log: EventLog, question: Question) -> None:
    """Warn instead of raising: a report that runs every week must survive the week in which nobody signed up."""
    wanted = dict.fromkeys([*(question.start or ()), *(question.returning or ())])
    present = log.event_names() if wanted else []
    for event in wanted:
        if event not in present:
            warnings.warn(
                f"The event {event!r} never occurs in this log, so it counts zero{did_you_mean(event, present)}.",
                PmAnalyticsWarning,
                stacklevel=3,
            )


def _answer(log: EventLog, question: Question, confidence: float) -> RetentionResult:
    counted = counts.counted(log, question)
    shown = cells.cohorts_shown(counted, question)
    table = cells.table(counted, shown, question, confidence)
    unit = "users" if log.unit == "user_id" else f"values of {log.unit}"
    entered = table.drop_duplicates(COHORT)[COHORT_USERS].sum()
    return RetentionResult(
        _table=table,
        definition=wording.definition(log, question, unit, confidence),
        basis=f"{entered:,} {unit} in {len(shown):,} {wording.ADVERBS[question.period]} cohorts; {log.basis}",
        _curve=cells.curve(table, question, confidence),
        _segments=cells.segment_curves(counted, shown, question, confidence) if question.segments else None,
        _log=log,
        confidence=confidence,
        counted=unit,
        question=question,
    )
