"""Funnel: the public function, its result, and the arithmetic between them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.funnel.comparison import FunnelComparison, Side, compare
from pm_analytics.analyses.funnel.counts import Question, units_by_level
from pm_analytics.analyses.funnel.steps import Step, as_steps
from pm_analytics.errors import ParameterError, PmAnalyticsWarning, did_you_mean
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONVERSION_RATE,
    STEP,
    STEP_CI_LOWER,
    STEP_CI_UPPER,
    STEP_CONVERSION_RATE,
    STEP_NUMBER,
    USERS,
)
from pm_analytics.results import Claim, Result, known, records, say_share
from pm_analytics.stats.proportions import check_confidence, share, wilson
from pm_analytics.times import microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, timedelta

    from pm_analytics.events import EventLog

    Moment = str | date | datetime


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FunnelResult(Result):
    """How far people got. One row per step; see :func:`funnel` for the columns.

    Attributes
    ----------
    steps : tuple of str
        Event names, in order.
    within : timedelta or None
        Time allowed from entry to each later step; None for no limit.
    unfinished : int
        Units short of the last step whose window is not over when the data ends: they may still convert.
    confidence : float
        Coverage of the intervals.
    period : str
        When attempts could begin, in words.
    counted : str
        What is counted, in words: ``"users"`` or the unit column.
    """

    steps: tuple[str, ...]
    within: timedelta | None
    unfinished: int
    confidence: float
    period: str
    counted: str

    def summary(self) -> str:
        """Say overall conversion with its interval, and the step that loses the largest share."""
        table = self._table
        entered, last = int(table[USERS].iloc[0]), table.iloc[-1]
        if entered == 0:
            return f"Nobody did {self.steps[0]!r}{self._when()}, so there is no conversion to speak of."
        said = say_share(int(last[USERS]), entered, last[CI_LOWER], last[CI_UPPER], self.counted)
        limit = f" within {say_duration(self.within)}" if self.within else ""
        text = f"{said} went from {self.steps[0]!r} to {self.steps[-1]!r}{limit}{self._when()}"
        return f"{text}; the largest loss is {self._largest_loss()}.{self._open_windows()}"

    def headline(self) -> str:
        """Say overall conversion with its interval, in one short line."""
        entered, last = int(self._table[USERS].iloc[0]), self._table.iloc[-1]
        if entered == 0:
            return f"Nobody did {self.steps[0]!r}"
        said = say_share(int(last[USERS]), entered, last[CI_LOWER], last[CI_UPPER], self.counted)
        return f"{said} reached {self.steps[-1]!r}"

    def claims(self) -> list[Claim]:
        """List each step's share of those who entered."""
        entered = int(self._table[USERS].iloc[0])
        return [
            Claim(
                id=f"funnel.step_{row[STEP_NUMBER]}",
                value=known(row[CONVERSION_RATE]),
                unit="share",
                definition=f"{row[STEP]}: {self.definition}",
                ci_lower=known(row[CI_LOWER]),
                ci_upper=known(row[CI_UPPER]),
                n=int(row[USERS]),
                denominator=entered,
            )
            for row in records(self._table)
        ]

    def compare(self, other: FunnelResult, *, labels: tuple[str, str] = ("before", "after")) -> FunnelComparison:
        """Compare with another funnel of the same steps and window: two periods, or two segments.

        Returns
        -------
        FunnelComparison
            Per step both counts and rates, and their ``difference`` (other minus this one) with Newcombe's interval.

        Raises
        ------
        ParameterError
            The two differ in steps or window, so their rates do not compare.
        """
        if (self.steps, self.within) != (other.steps, other.within):
            raise ParameterError("Only funnels of the same steps and window compare; run both with the same ones.")
        return compare(self._side(labels[0]), other._side(labels[1]), confidence=self.confidence)

    def _side(self, label: str) -> Side:
        return Side(label, self.to_frame(), self.period, self.definition, self.basis)

    def _when(self) -> str:
        return f" ({self.period})" if self.period else ""

    def _largest_loss(self) -> str:
        rates = self._table[STEP_CONVERSION_RATE].iloc[1:]
        if rates.isna().all():
            return "undefined"
        worst = 1 + int(rates.argmin())
        before, after = self._table[STEP].iloc[worst - 1], self._table[STEP].iloc[worst]
        return f"from {before!r} to {after!r}, where {1 - rates.min():.0%} stop"

    def _open_windows(self) -> str:
        if not self.unfinished or self.within is None:
            return ""
        return f" {self.unfinished:,} {self.counted} still have time to go further, so these shares can rise."


def funnel(
    log: EventLog,
    steps: Sequence[str | Step],
    *,
    within: str | timedelta | None = "14 days",
    entries: tuple[Moment, Moment] | None = None,
    confidence: float = 0.95,
) -> FunnelResult:
    """Count how many users pass through ``steps`` in this order, other events in between allowed ("loose" order).

    A user reaches step *k* when some attempt does: an attempt begins at any event of the first step, and each later
    step follows at the same time or later, by an event of its own, no later than ``within`` after the attempt's
    beginning (end included). Any attempt may succeed, not only the first; a user counts once per step.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    steps : sequence of str or Step
        Two or more event names, or :class:`Step` for one with properties, for several events, or for a first time. A
        step may be repeated: each occurrence needs an event of its own.
    within : str or timedelta, optional
        ``"14 days"`` by default, from the first step to each later one. None for no limit.
    entries : (start, end), optional
        Attempts may begin in ``[start, end)``; later steps may fall after it. Any time when not given.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    FunnelResult
        ``to_frame()``: one row per step with ``step_number`` (from 1), ``step``, ``users``; ``conversion_rate`` = share
        of those who entered, with ``ci_lower`` and ``ci_upper``; ``step_conversion_rate`` = share of those at the step
        before (null at step 1), with ``step_ci_lower`` and ``step_ci_upper``. Rates are fractions, null when nobody
        could; intervals are Wilson's.

    Raises
    ------
    ParameterError
        Fewer than two steps, a window that is not positive, an ``entries`` range that ends before it starts.

    Warns
    -----
    PmAnalyticsWarning
        A step never occurs in the log; it counts zero.

    Examples
    --------
    >>> import pandas as pd, pm_analytics as pm
    >>> rows = pd.DataFrame({"user": ["a", "a", "b"], "event": ["visit", "pay", "visit"],
    ...                      "time": ["2026-01-01T10:00Z", "2026-01-02T10:00Z", "2026-01-01T11:00Z"]})
    >>> pm.funnel(pm.EventLog.from_frame(rows), ["visit", "pay"]).to_frame()[["step", "users", "conversion_rate"]]
        step  users  conversion_rate
    0  visit      2              1.0
    1    pay      1              0.5
    """
    asked = as_steps(steps)
    log.require_columns(name for step in asked for name in step.where)
    titles = tuple(step.title for step in asked)
    check_confidence(confidence)
    window = None if within is None else parse_duration(within, name="within")
    span = _entry_span(log, entries)
    _warn_of_absent_steps(log, asked)
    levels = units_by_level(log, Question(asked, None if window is None else microseconds(window), span))
    counted = "users" if log.unit == "user_id" else f"values of {log.unit}"
    period = "" if span is None else f"starting {log.say(span[0])} to before {log.say(span[1])}"
    return FunnelResult(
        _table=_rates(titles, _users_per_step(levels, len(titles)), confidence),
        definition=_definition(log, window, period, counted, confidence),
        basis=f"attempts {period or 'starting at any time'}; {log.basis}",
        steps=titles,
        within=window,
        unfinished=int(levels["unfinished"].sum()),
        confidence=confidence,
        period=period,
        counted=counted,
    )


def _entry_span(log: EventLog, entries: tuple[Moment, Moment] | None) -> tuple[int, int] | None:
    if entries is None:
        return None
    start, end = (log.moment(when, name="entries") for when in entries)
    if end <= start:
        raise ParameterError(f"entries={entries!r} must end after it starts: [start, end).")
    return start, end


def _warn_of_absent_steps(log: EventLog, steps: tuple[Step, ...]) -> None:
    """Warn instead of raising: a report that runs every week must survive the week in which nobody paid."""
    names = log.event_names()
    for step in {step.key: step for step in steps}.values():
        if step.names and not set(step.names) & set(names):
            hint = did_you_mean(step.names[0], names)
            warnings.warn(
                f"The step {step.title!r} never occurs in this log, so it counts zero{hint}.",
                PmAnalyticsWarning,
                stacklevel=3,
            )


def _users_per_step(levels: pd.DataFrame, steps: int) -> list[int]:
    """Count who reached at least each step from who stopped where."""
    return [int(levels.loc[levels["level"] >= step, "users"].sum()) for step in range(1, steps + 1)]


def _rates(steps: tuple[str, ...], users: list[int], confidence: float) -> pd.DataFrame:
    """Turn users per step into the tidy table."""
    entered, before = users[0], [0, *users[:-1]]
    of_entered = [wilson(n, entered, confidence=confidence) for n in users]
    of_before = [wilson(n, b, confidence=confidence) for n, b in zip(users, before, strict=True)]
    return pd.DataFrame(
        {
            STEP_NUMBER: range(1, len(steps) + 1),
            STEP: list(steps),
            USERS: users,
            CONVERSION_RATE: [share(n, entered) for n in users],
            # Everybody who entered has entered: that share is a definition, not an estimate.
            CI_LOWER: [math.nan, *(interval.lower for interval in of_entered[1:])],
            CI_UPPER: [math.nan, *(interval.upper for interval in of_entered[1:])],
            STEP_CONVERSION_RATE: [share(n, b) for n, b in zip(users, before, strict=True)],
            STEP_CI_LOWER: [interval.lower for interval in of_before],
            STEP_CI_UPPER: [interval.upper for interval in of_before],
        }
    )


def _definition(log: EventLog, window: timedelta | None, period: str, counted: str, confidence: float) -> str:
    limit = "no time limit" if window is None else f"each step within {say_duration(window)} of the first, end included"
    return (
        f"Funnel: {counted}; steps in this order, other events may come between; any attempt may succeed; {limit}; "
        f"equal times convert; attempts {period or 'starting at any time'}; {confidence:.0%} Wilson intervals; "
        f"{log.scope}."
    )
