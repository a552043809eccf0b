"""What a funnel answers: its table, and every view of the attempts behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pm_analytics.analyses.funnel import listing
from pm_analytics.analyses.funnel.breakdown import FunnelBreakdown, break_down
from pm_analytics.analyses.funnel.comparison import FunnelComparison, Side, compare
from pm_analytics.analyses.funnel.drivers import FunnelDrivers, find_drivers
from pm_analytics.analyses.funnel.explanation import Explanation, explain
from pm_analytics.analyses.funnel.timing import ConversionTimes, time_steps
from pm_analytics.analyses.funnel.trend import FunnelTrend, follow
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONVERSION_RATE,
    EXCLUDED,
    MATURE_CI_LOWER,
    MATURE_CI_UPPER,
    MATURE_RATE,
    MATURE_USERS,
    STEP,
    STEP_CONVERSION_RATE,
    STEP_NUMBER,
    USERS,
)
from pm_analytics.results import SMALL_GROUP, Claim, Result, records, say_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    import pandas as pd

    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.counts import Attempts

_MATURE = (MATURE_USERS, MATURE_RATE, MATURE_CI_LOWER, MATURE_CI_UPPER)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FunnelResult(Result):
    """How far people got. One row per step; see :func:`funnel` for the columns.

    Attributes
    ----------
    steps : tuple of str
        What the rows are called, in order.
    within : timedelta or None
        Time allowed from entry to each later step; None for no limit.
    unfinished : int
        Units short of the last step whose window is not over when the data ends: they may still convert.
    removed : int or None
        Units that an exclusion took out of every step; None unless ``exclusion_policy="remove_user"``.
    tolerated : int or None
        Conversions that there are only because of ``tie_tolerance``; None without one.
    confidence : float
        Coverage of the intervals.
    period : str
        When attempts could begin, in words.
    counted : str
        What is counted, in words: ``"users"``, the unit column, or ``"attempts"``.
    segments : FunnelBreakdown or None
        The same by segment, if asked for with ``breakdown=``: then :meth:`to_frame` is its table.
    """

    steps: tuple[str, ...]
    within: timedelta | None
    unfinished: int
    removed: int | None
    tolerated: int | None
    confidence: float
    period: str
    counted: str
    _asked: Asked
    _attempts: Attempts
    segments: FunnelBreakdown | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the tidy table: one row per step; with ``breakdown=``, one per segment and step."""
        return self._table.copy() if self.segments is None else self.segments.to_frame()

    def summary(self) -> str:
        """Say overall conversion with its interval, the step that loses the largest share, and what segments did."""
        return self._overall() if self.segments is None else f"{self._overall()} {self.segments.summary()}"

    def _overall(self) -> str:
        table = self._table
        entered, last = int(table[USERS].iloc[0]), table.iloc[-1]
        if entered == 0:
            nobody = f"Nobody did {self._asked.entering}{self._when()}, so there is no conversion to speak of."
            return nobody + self._say_removed()
        said = say_share(int(last[USERS]), entered, last[CI_LOWER], last[CI_UPPER], self.counted)
        text = f"{said} {self._asked.way}{self._asked.limit}{self._when()}"
        return f"{text}; {self._largest_loss()}.{self._asides()}"

    def headline(self) -> str:
        """Say overall conversion with its interval, in one short line."""
        entered, last = int(self._table[USERS].iloc[0]), self._table.iloc[-1]
        if entered == 0:
            return f"Nobody did {self._asked.entering}"
        said = say_share(int(last[USERS]), entered, last[CI_LOWER], last[CI_UPPER], self.counted)
        return f"{said} {'reached ' + repr(self.steps[-1]) if self._asked.question.ordered else self._asked.way}"

    def claims(self) -> list[Claim]:
        """List each step's share of those who entered; with ``breakdown=``, each segment's overall conversion too."""
        entered = int(self._table[USERS].iloc[0])
        whole = [
            Claim.of_row(
                row,
                CONVERSION_RATE,
                id=f"funnel.step_{row[STEP_NUMBER]}",
                unit="share",
                definition=f"{row[STEP]}: {self.definition}",
                n=int(row[USERS]),
                denominator=entered,
            )
            for row in records(self._table)
        ]
        return whole if self.segments is None else whole + self.segments.claims()

    def to_display(self) -> pd.DataFrame:
        """Leave out columns that say nothing here: mature attempts when all are, exclusions when none ended any."""
        if self.segments is not None:
            return self.segments.to_display()
        idle = [] if self._table[EXCLUDED].any() else [EXCLUDED]
        same = self._table[MATURE_USERS].isna().all() or (self._table[MATURE_USERS] == self._table[USERS]).all()
        return self._table.drop(columns=[*idle, *(_MATURE if same else [])])

    def compare(self, other: FunnelResult, *, labels: tuple[str, str] = ("before", "after")) -> FunnelComparison:
        """Compare with another funnel of the same steps and rules: two periods, or two segments.

        Returns
        -------
        FunnelComparison
            Per step both counts and rates, and their ``difference`` (other minus this one) with Newcombe's interval.

        Raises
        ------
        ParameterError
            The two differ in more than their events and period, so their rates do not compare.
        """
        if not self._comparable(other):
            raise ParameterError(
                "Only funnels of the same steps and window, and of the same other rules, compare; run both with the "
                "same ones. What may differ is the events (log.where(...)) and entries=."
            )
        return compare(self._side(labels[0]), other._side(labels[1]), confidence=self.confidence)

    def by(
        self, properties: str | Sequence[str], *, attribution: str | int = "entry", top: int = 10
    ) -> FunnelBreakdown:
        """Break the funnel down by the value of one property, or of several together.

        Parameters
        ----------
        properties : str or sequence of str
            Property columns.
        attribution : {"entry", "first", "last", "all"} or int
            Whose value a unit counts under: that of the event which began its counted attempt; the first or the last
            value that is not missing, over all its step events; of the event that made a step, by its number (units
            that did not make it are in no segment); ``"all"``: one funnel per value, on the events with that value
            only, so that a unit may be in several.
        top : int
            Segments kept by name, those with the most units; the rest are counted together as "(other)". Missing
            values are a segment, "(missing)".

        Returns
        -------
        FunnelBreakdown
            The funnel's table once per segment, without the columns about mature attempts.

        Raises
        ------
        UnknownNameError, ParameterError
            No such property; an attribution or a number that makes no sense.
        """
        return break_down(self._asked, self._attempts, properties, attribution, top, whole=self._table)

    def trend(
        self, period: str = "week", *, from_step: int = 1, to_step: int | None = None, week_start: str = "monday"
    ) -> FunnelTrend:
        """Follow conversion over time, by the period in which attempts began.

        Parameters
        ----------
        period : {"hour", "day", "week", "month"}
            Calendar periods of the log's zone.
        from_step, to_step : int
            Numbers of the steps between which conversion is followed; the first and the last when not given.
        week_start : str
            Day on which weeks begin.

        Returns
        -------
        FunnelTrend
            A unit counts once in every period in which it entered, by its furthest attempt that began there: each
            period is the funnel of the attempts that began in it. So the periods may add up to more than the funnel.
        """
        return follow(self._asked, self._attempts, period, from_step, to_step, week_start)

    def time_to_convert(self, *, from_step: int = 1, to_step: int | None = None, bins: int = 20) -> ConversionTimes:
        """Tell how long the counted attempts took, step by step and from one step to another.

        Parameters
        ----------
        from_step, to_step : int
            Numbers of the steps between which the histogram and the curve are made; the first and last by default.
        bins : int
            About how many bars the histogram has.
        """
        return time_steps(self._asked, self._attempts, from_step, to_step, bins)

    def users(self, step: int, which: Literal["converted", "dropped"] = "converted") -> pd.DataFrame:
        """List the units behind a number.

        Parameters
        ----------
        step : int
            Number of the step, from 1.
        which : {"converted", "dropped"}
            Those who made the step, or those who made the one before it and not this one.

        Returns
        -------
        DataFrame
            The unit's column (``user_id``) and ``entered_at``, when its counted attempt began, in the log's zone;
            sorted by unit. As many rows as the funnel counts (with ``count="attempts"`` one per attempt): for reading,
            not for a shared page.

        Raises
        ------
        ParameterError
            No such step, or nobody could have dropped off before it.
        """
        return listing.users(self._asked, self._attempts, step, which)

    def attempts(self, limit: int | None = None) -> pd.DataFrame:
        """List every attempt, the one that counts for its unit included.

        Returns
        -------
        DataFrame
            The unit's column, what is held constant (if asked), ``attempt`` (its number within the unit, from 1),
            ``step_number`` and ``step`` it reached, ``entered_at``, ``ended_at`` (of its last step), ``outcome``
            (converted, excluded, interrupted, still open, dropped off) and ``counts``, whether it is the unit's
            counted one. With ``count="attempts"`` all count, at the step they reached by events that serve no later
            attempt. Without an order, ``ended_at`` is null for the attempts that do not count of a unit that has more
            than 1,000.
        """
        return listing.attempts(self._asked, self._attempts, limit)

    def explain(self, unit: object) -> Explanation:
        """Show why a unit counts where it counts: its events, what each did, and which attempt counts.

        Raises
        ------
        DataError
            The log does not know that unit, or no event of it matters to this funnel.
        """
        return explain(self._asked, unit)

    def drivers(self, *, properties: Iterable[str] = (), events: bool = True, smallest: int = 25) -> FunnelDrivers:
        """Find events and properties that go with converting or dropping off. An association only, never a cause.

        Parameters
        ----------
        properties : sequence of str
            Properties whose values at entry are compared.
        events : bool
            Whether to compare the other events done between entry and the end of the attempt.
        smallest : int
            An event or value met in fewer units than this, or than 2 % of them if that is less, is left out.

        Raises
        ------
        ParameterError
            Nothing to compare; or attempts are counted, which do not stand alone as units do.
        """
        return find_drivers(self._asked, self._attempts, tuple(properties), smallest, events=events)

    def reach(self) -> pd.DataFrame:
        """Give, per step, the units whose counted attempt made it: ``step_number``, ``step``, ``users``, and the rate.

        Without an order the rows of the funnel say how many steps were completed; this says which.
        """
        return listing.reach(self._asked, self._attempts)

    def _comparable(self, other: FunnelResult) -> bool:
        theirs = other._asked.question
        return replace(self._asked.question, entries=None) == replace(theirs, entries=None) and (
            self.counted == other.counted
        )

    def _side(self, label: str) -> Side:
        unfinished = 0 if self._asked.question.horizon is None else self.unfinished
        definition = self._asked.definition
        return Side(label, self._table.copy(), self.period, definition, self.basis, self.counted, unfinished)

    def _when(self) -> str:
        return f" ({self.period})" if self.period else ""

    def _largest_loss(self) -> str:
        needed = [not step.optional for step in self._asked.question.steps]
        users = self._table.loc[needed, USERS].tolist()
        rates_of_steps = self._table.loc[needed, STEP_CONVERSION_RATE].iloc[1:]
        if users[-1] == users[0]:
            return "nobody stopped on the way"
        level = 1 + int(rates_of_steps.argmin())
        before, after = (self._asked.title(n) for n in (level, level + 1))
        stopped, came = users[level - 1] - users[level], users[level - 1]
        share = f"{stopped:,} of {came:,}" if came < SMALL_GROUP else f"{stopped / came:.0%}"
        return f"the largest loss is from {before} to {after}, where {share} stop"

    def _asides(self) -> str:
        return self._open_windows() + self._say_excluded() + self._say_removed() + self._say_tolerated()

    def _open_windows(self) -> str:
        if not self.unfinished or self._asked.question.horizon is None:
            return ""
        one = self.unfinished == 1
        still = f" {_many(self.unfinished, self.counted)} still {'has' if one else 'have'} time to go further"
        entered, last = int(self._table[MATURE_USERS].iloc[0]), self._table.iloc[-1]
        if not entered:
            return f"{still}, so these shares can rise; no attempt has had all its time yet."
        made, ends = int(last[MATURE_USERS]), (last[MATURE_CI_LOWER], last[MATURE_CI_UPPER])
        old = "that have had all their time" if self._asked.each else "with an attempt that has had all its time"
        return f"{still}, so these shares can rise; it is {say_share(made, entered, *ends, f'{self.counted} {old}')}."

    def _say_excluded(self) -> str:
        if not self._asked.question.bars or self.removed is not None:
            return ""
        excluded = int(self._table[EXCLUDED].sum())
        what = "" if self._asked.each else " the attempt of"
        return f" Exclusions ended{what} {_many(excluded, self.counted)}."

    def _say_removed(self) -> str:
        if self.removed is None:
            return ""
        return f" Exclusions took {_many(self.removed, self.counted)} out of every step."

    def _say_tolerated(self) -> str:
        if self.tolerated is None:
            return ""
        verb = "conversion depends" if self.tolerated == 1 else "conversions depend"
        return f" {self.tolerated:,} {verb} on the tie tolerance."


def _many(count: int, counted: str) -> str:
    """Say "1 user", "2 users", "1 value of account_id"."""
    if count == 1:
        counted = counted.replace("users", "user").replace("attempts", "attempt").replace("values", "value")
    return f"{count:,} {counted}"
