"""RetentionResult: what retention says, in frames, sentences and claims."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.retention import cells, counts, wording
from pm_analytics.analyses.retention.comparison import RetentionComparison, Side, check_alike, check_labels, compare
from pm_analytics.analyses.retention.question import PERIODS
from pm_analytics.asking import check_word, say_events, say_most
from pm_analytics.calendars import start as first_day
from pm_analytics.errors import NotYetError, ParameterError
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
    SEGMENT,
    USERS,
    VALUE,
    VALUE_PER_USER,
)
from pm_analytics.results import NOTHING, SMALL_GROUP, Claim, Result, records, say_share

if TYPE_CHECKING:
    from datetime import date, datetime

    from pm_analytics.analyses.retention.question import Question
    from pm_analytics.events import EventLog

    Moment = str | date | datetime

MOST_SHOWN = 26
"""Cohorts that a notebook shows; the frames hold all."""
AVERAGES = ("pooled", "simple")
CELLS = (RATE, USERS, VALUE, VALUE_PER_USER)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RetentionResult(Result):
    """Who came back. One row per cohort and period number; see :func:`pm_analytics.retention` for the columns.

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

    def curve(self, average: str = "pooled") -> pd.DataFrame:
        """Average all cohorts: one row per period number.

        Parameters
        ----------
        average : {"pooled", "simple"}
            "pooled": cohorts weigh by their size, so that each unit weighs the same. "simple": the mean of the cohorts'
            rates, so that each cohort weighs the same, however small; its interval is Student's, over the cohorts, and
            null below two of them.

        Returns
        -------
        DataFrame
            ``period_number``, ``users`` retained and ``at_risk`` units observed so long, both over the complete cells
            of ``cohorts`` cohorts; ``rate`` = users / at_risk with Wilson's ``ci_lower`` and ``ci_upper``; ``bracket``,
            ``value`` and ``value_per_user`` = value / at_risk if asked. Null when no cohort has been observed so long;
            where period 0 is the size there is no interval. Each cohort is in the columns it has reached, so that two
            points of the curve may rest on different cohorts.
        """
        check_word("average", average, AVERAGES)
        if average == "pooled":
            return self._curve.copy()
        return cells.curve(self._table, self.question, self.confidence, average=average)

    def over_time(self, period_number: int = 1, per: str | None = None) -> pd.DataFrame:
        """Follow one period number over the cohorts: day-1 retention by the week of the entry, say.

        Parameters
        ----------
        period_number : int
            Which column of the triangle.
        per : {"day", "week", "month"}, optional
            Pool the cohorts of so long: ``"week"`` makes daily cohorts readable. The cohorts' own period, unless given.

        Returns
        -------
        DataFrame
            ``period`` (its first day; a weekly cohort is in the month of its own first day), ``cohorts`` observed,
            their ``users`` retained and units ``at_risk``, ``rate`` with Wilson's ``ci_lower`` and ``ci_upper`` (null
            when none is observed), ``complete``: all cohorts of the period are observed, so that the row is final.

        Raises
        ------
        ParameterError
            No such period number; or ``per`` is shorter than the cohorts' period.
        """
        wanted = self.question.period if per is None else per
        longer = PERIODS[PERIODS.index(self.question.period) :]
        check_word("per", wanted, longer)
        if period_number not in self.question.columns:
            numbers = ", ".join(map(str, self.question.columns))
            raise ParameterError(f"period_number={period_number!r} is not among those asked for: {numbers}.")
        return cells.over_time(self._table, period_number, wanted, self.question, self.confidence)

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
            What the cells hold; with ``value=`` also ``"value"`` and ``"value_per_user"``. Null where not observed.
        """
        check_word("of", of, [name for name in CELLS if name in self._table.columns])
        # Not pivot_table: each place has one value, and nothing is averaged.
        wide = self._table.pivot(index=[COHORT, COHORT_USERS], columns=PERIOD_NUMBER, values=of)  # noqa: PD010
        spans = [name.replace("-", "_to_") for name in cells.brackets(self.question)]
        wide.columns = pd.Index([f"{self.question.period}_{span}" for span in spans[: len(wide.columns)]])
        return wide.reset_index()

    def users(self, cohort: Moment, period_number: int) -> list[Any]:
        """List the units behind a cell: those of a cohort (any day of its period) that count in a period.

        Period 0 lists the whole cohort, to keep it for later: ``log.where(user_id=result.users(cohort, 0))``.

        Raises
        ------
        ParameterError, NotYetError
            No such cell; or it is not observed yet.
        """
        self._cell(cohort, period_number)
        return counts.units(self._log, self.question, self._cohort_number(cohort), period_number)

    def compare(self, other: RetentionResult, *, labels: tuple[str, str] = ("before", "after")) -> RetentionComparison:
        """Compare with another result of the same question about other units: those who entered after a release, say.

        Ask twice with other ``entries`` (or ``start``, ``start_where``, another log), and the same of everything else.

        Returns
        -------
        RetentionComparison
            One row per period number: users, units at risk and rate of both, and ``difference`` = other minus this one,
            with Newcombe's ``ci_lower`` and ``ci_upper``. Null while one of them has not been observed so long.

        Raises
        ------
        ParameterError
            The two ask different questions, or their labels do not tell them apart.
        """
        check_alike(self.question, other.question)
        names = check_labels(labels)
        sides = [
            Side(name, each.curve(), each.definition, each.basis)
            for name, each in zip(names, (self, other), strict=True)
        ]
        return self._compared(sides)

    def compare_cohorts(self, first: Moment, second: Moment) -> RetentionComparison:
        """Compare two cohorts (any day of their periods), as :meth:`compare` does.

        Raises
        ------
        ParameterError
            There is no such cohort.
        """
        sides = []
        for cohort in (first, second):
            begins = self._cell(cohort, 0)[COHORT]
            curve = cells.curve(self._table[self._table[COHORT] == begins], self.question, self.confidence)
            sides.append(Side(f"cohort of {begins}", curve, self.definition, self.basis))
        return self._compared(sides)

    def compare_segments(self, first: str, second: str) -> RetentionComparison:
        """Compare two segments, as :meth:`compare` does.

        Raises
        ------
        ParameterError
            No ``segments=`` was asked for, or there is no such segment.
        """
        curves = self.segments()
        for name in (first, second):
            check_word("segment", name, list(curves[SEGMENT].unique()))
        parts = [(name, curves[curves[SEGMENT] == name].drop(columns=SEGMENT)) for name in (first, second)]
        return self._compared([Side(name, part, self.definition, self.basis) for name, part in parts])

    def say_period(self, period_number: int, average: str = "pooled") -> str:
        """Say how many came back in one period, over all cohorts that have reached it."""
        curve = self.curve(average)
        row = records(curve[curve[PERIOD_NUMBER] == period_number])[0]
        when = wording.say_when(period_number, self.question)
        if not row[AT_RISK]:
            return f"No cohort has been observed {when} yet"
        if average == "simple":
            return f"{row[RATE]:.1%} {self._verb()} {when}, as the simple mean of {row[COHORTS]:,} cohorts"
        said = say_share(int(row[USERS]), int(row[AT_RISK]), row[CI_LOWER], row[CI_UPPER], self.counted)
        return f"{said} {self._verb()} {when}"

    def headline(self) -> str:
        """Say how many came back in the first period, and in the last that enough have reached, in one short line."""
        sentence = self._sentence() or "No cohort has been observed long enough yet"
        return self._by_segment() or sentence

    def summary(self) -> str:
        """Say how many came back in the first period and in the last that enough have reached, over which cohorts."""
        question = self.question
        sized = self._table[self._table[COHORT_USERS] > 0]
        if sized.empty:
            start = say_events(question.start, question.start_where)
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
        by_segment = f" {self._by_segment()}." if self._by_segment() else ""
        return f"{self._sentence()}. Pooled over those observed so long, of {text}.{grows}{by_segment}"

    def claims(self) -> list[Claim]:
        """List the pooled share of each period, and of each segment."""
        curves = self._curve if self._segments is None else pd.concat([self._curve, self._segments])
        return [
            Claim.of_row(
                row,
                RATE,
                id=".".join(["retention", *self._segment_of(row), f"period_{row[PERIOD_NUMBER]}"]),
                unit="share",
                definition=f"retained {wording.say_when(int(row[PERIOD_NUMBER]), self.question)}: {self.definition}",
                n=int(row[USERS]) if row[COHORTS] else None,
                denominator=int(row[AT_RISK]),
            )
            for row in records(curves)
            if row[PERIOD_NUMBER] >= self.question.from_number
        ]

    def to_display(self) -> pd.DataFrame:
        """Show the newest cohorts as a triangle of percents; a dash is unobserved, an asterisk provisional."""
        newest = self._table[self._table[COHORT].isin(self._table[COHORT].unique()[-MOST_SHOWN:])]
        said = [
            NOTHING if math.isnan(row[RATE]) else f"{row[RATE]:.1%}{'*' * row[PROVISIONAL]}" for row in records(newest)
        ]
        return replace(self, _table=newest.assign(**{RATE: said})).triangle()

    def _compared(self, sides: list[Side]) -> RetentionComparison:
        return compare(sides[0], sides[1], self.question, counted=self.counted, confidence=self.confidence)

    def _segment_of(self, row: dict[str, Any]) -> list[str]:
        return [row[SEGMENT]] if isinstance(row.get(SEGMENT), str) else []

    def _by_segment(self) -> str:
        """Say what share of each segment came back in the first period shown, the largest share first."""
        if self._segments is None:
            return ""
        number = self.question.columns[self.question.from_number]
        reached = self._segments[(self._segments[PERIOD_NUMBER] == number) & self._segments[RATE].notna()]
        ranked = records(reached.sort_values(RATE, ascending=False, kind="stable"))
        said = say_most([f"{row[RATE]:.1%} of {row[SEGMENT]}" for row in ranked])
        when = wording.say_when(number, self.question)
        return f"By {self.question.segments}, {self._verb()} {when}: {said}" if ranked else ""

    def _sentence(self) -> str:
        rows = [row for row in records(self._curve) if row[AT_RISK] > 0]
        rows = [row for row in rows if row[PERIOD_NUMBER] >= self.question.from_number]
        if not rows:
            return ""
        text, far = (
            self.say_period(int(rows[0][PERIOD_NUMBER])),
            [row for row in rows[1:] if row[AT_RISK] >= SMALL_GROUP],
        )
        if not far:
            return text
        later = f"{far[-1][RATE]:.1%} of {far[-1][AT_RISK]:,}"
        return f"{text}; {later} {wording.say_when(int(far[-1][PERIOD_NUMBER]), self.question)}"

    def _verb(self) -> str:
        returning = self.question.returning
        if returning is None or wording.say_same(self.question):
            return "came back"
        return f"did {' or '.join(map(repr, returning))}"

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
