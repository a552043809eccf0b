"""RetentionResult: what retention says, in frames, sentences and claims."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.retention import cells, counts, wording
from pm_analytics.analyses.retention.comparison import RetentionComparison, one_row
from pm_analytics.calendars import start as first_day
from pm_analytics.errors import NotYetError, ParameterError, did_you_mean
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
    from datetime import date, datetime

    from pm_analytics.analyses.retention.question import Question
    from pm_analytics.events import EventLog

    Moment = str | date | datetime

MOST_SHOWN = 26
"""Cohorts that a notebook shows; the frames hold all."""


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
