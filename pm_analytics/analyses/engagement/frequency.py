"""How often users come: stickiness, over any intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pm_analytics import calendars
from pm_analytics.analyses.engagement.asking import MOST_SEGMENTS, Asked, ask, claim_id, say_incomplete, split, stacked
from pm_analytics.analyses.engagement.counts import Often, Ruler, frequencies
from pm_analytics.analyses.engagement.intervals import (
    Span,
    check_per,
    checked_events,
    laid_out,
    lengths,
    shares,
    span_of,
)
from pm_analytics.asking import check_whole, check_word, say_most
from pm_analytics.names import ACTIVE_INTERVALS, CI_LOWER, CI_UPPER, COMPLETE, PERIOD, RATE, SEGMENT, USERS
from pm_analytics.results import Claim, Result, records, say_share
from pm_analytics.stats.proportions import check_confidence, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.engagement.asking import Moment
    from pm_analytics.events import EventLog

Mode = Literal["exact", "cumulative"]
MODES = ("exact", "cumulative")


@dataclass(frozen=True, slots=True)
class Form:
    """How counts become histograms: over which intervals, exact or not, one per which period, with which intervals."""

    span: Span
    mode: Mode
    per: str | None
    week_start: str
    confidence: float


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class StickinessResult(Result):
    """In how many intervals users were active. One row per number of intervals; see :func:`stickiness`.

    Attributes
    ----------
    mode : {"exact", "cumulative"}
        Whether a row counts units active in exactly so many intervals, or in at least so many.
    span : Span
        The intervals.
    total_users : int
        Units active in at least one interval; with ``segments`` or ``per``, added up over those.
    per : str or None
        The longer period per which it is counted.
    counted : str
        What is counted, in words.
    confidence : float
        Coverage of the intervals.
    """

    _counts: pd.DataFrame
    mode: Mode
    span: Span
    per: str | None
    total_users: int
    counted: str
    confidence: float

    def headline(self) -> str:
        """Say how often the average active unit came."""
        if self._counts.empty:
            return "Nobody was active"
        number = self.span.number
        means = sorted(((_mean(part), name) for name, part in split(self._counts)), key=lambda pair: -pair[0])
        if SEGMENT not in self._counts:
            limit = f"{self.span.name()} per {self.per}" if self.per else f"of {self.span.say(number)}"
            return f"Active {self.counted} came {self.span.preposition} {means[0][0]:.1f} {limit} on average"
        said = say_most([f"{mean:.1f} {name[SEGMENT]}" for mean, name in means])
        return f"Active {self.span.name()} {f'per {self.per}' if self.per else f'of {number:,}'} on average: {said}"

    def summary(self) -> str:
        """Say how often the average unit came, and what share came in at least half of the intervals."""
        if self._counts.empty:
            return f"{self.headline()} in {self.span.said}, so there is no stickiness to speak of."
        return f"{self.headline()} ({self.span.said}).{self._often()}{self._open()}"

    def claims(self) -> list[Claim]:
        """List the share of each row."""

        def whens(row: dict[str, Any]) -> list[str]:
            return [f"{row[PERIOD]:%Y-%m-%d}"] if PERIOD in row else []

        return [
            Claim.of_row(
                row,
                RATE,
                id=claim_id("stickiness", row, *whens(row), f"{self.mode}_{row[ACTIVE_INTERVALS]}"),
                unit="share",
                definition=self.definition,
                n=int(row[USERS]),
                denominator=int(row["_base"]),
            )
            for row in records(self._with_bases())
        ]

    def to_display(self) -> pd.DataFrame:
        """Leave out the numbers of intervals that nobody reached, and write periods as dates."""
        most = max([1, *self._table.loc[self._table[USERS] > 0, ACTIVE_INTERVALS]])
        reached: pd.DataFrame = self._table.loc[self._table[ACTIVE_INTERVALS] <= most]
        if PERIOD not in reached:
            return reached
        return reached.assign(**{PERIOD: reached[PERIOD].dt.strftime("%Y-%m-%d")})

    def _with_bases(self) -> pd.DataFrame:
        keys = [key for key in (SEGMENT, PERIOD) if key in self._table]
        if not keys:
            return self._table.assign(_base=self.total_users)
        return self._table.assign(
            _base=self._table.groupby(keys)[USERS].transform("max" if self.mode == "cumulative" else "sum")
        )

    def _often(self) -> str:
        """Say the share of those active in at least half of the intervals, where there is one histogram."""
        if SEGMENT in self._table or PERIOD in self._table or self.span.number < 2:
            return ""
        half = math.ceil(self.span.number / 2)
        users = int(self._counts.loc[self._counts[ACTIVE_INTERVALS] >= half, USERS].sum())
        around = wilson(users, self.total_users, confidence=self.confidence)
        said = say_share(users, self.total_users, around.lower, around.upper, f"active {self.counted}")
        return f" {said} came {self.span.preposition} at least {self.span.say(half)}."

    def _open(self) -> str:
        if self.per:
            return say_incomplete(self._table)
        if not self.span.unknown:
            return ""
        verb = "is" if self.span.unknown == 1 else "are"
        return f" {self.span.say(self.span.unknown)} {verb} not fully known, so these counts can still rise."


def stickiness(
    log: EventLog,
    event: str | Sequence[str] | None = None,
    *,
    where: Mapping[str, Any] | None = None,
    interval: str = "day",
    every: int = 1,
    between: tuple[Moment, Moment] | None = None,
    mode: Mode = "exact",
    min_events: int = 1,
    max_events: int | None = None,
    per: str | None = None,
    segments: str | None = None,
    week_start: str = "monday",
    confidence: float = 0.95,
) -> StickinessResult:
    """Count users by the number of intervals (days, say) in which they were active.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    event : str or sequence of str, optional
        Events that count; any event when not given.
    where : mapping, optional
        Properties those events must have.
    interval : {"day", "hour", "week", "month"}
        Calendar intervals of the log's zone.
    every : int
        Intervals of so many days (hours, weeks, months) each, the first of which begins the range.
    between : (first, last), optional
        First and last day of the range, both included and widened to their whole intervals. All intervals of the log
        that are over, when not given.
    mode : {"exact", "cumulative"}
        Active in exactly so many intervals, or in at least so many.
    min_events, max_events : int
        An interval is active when it has so many of the unit's events: ``min_events=3`` at least three,
        ``max_events=1`` at most one (but one), both equal for exactly so many.
    per : {"day", "week", "month"}, optional
        Stickiness over time: one histogram per longer period, such as days per month. A unit is then counted once per
        period, so rows are user-months, say, and the range is widened to whole periods. Not with ``segments``.
    segments : str, optional
        Property by whose value at the event units are counted apart. A unit with several values is in several
        segments. The ten largest are named, the rest is "(other)".
    week_start : str
        Day on which weeks begin.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    StickinessResult
        ``to_frame()``: one row per number of intervals, from 1 to all of them: ``segment`` and ``period`` (if asked),
        ``active_intervals``, ``users``; ``rate`` = share of the units active in at least one interval (of the segment
        and period), null when there are none, with Wilson's ``ci_lower`` and ``ci_upper``; with ``per`` also
        ``complete`` = the period lies in the log and is over.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        Words, counts or days that make no sense, an unknown property, an empty log.

    Warns
    -----
    PmAnalyticsWarning
        An event never occurs in the log; it counts zero.

    Examples
    --------
    >>> import pandas as pd, pm_analytics as pm
    >>> rows = pd.DataFrame({"user": ["a", "b", "a"], "event": "visit",
    ...                      "time": ["2026-01-01T10:00Z", "2026-01-01T11:00Z", "2026-01-02T10:00Z"]})
    >>> found = pm.stickiness(pm.EventLog.from_frame(rows), between=("2026-01-01", "2026-01-02"))
    >>> found.to_frame()[["active_intervals", "users", "rate"]]
       active_intervals  users  rate
    0                 1      1   0.5
    1                 2      1   0.5
    """
    calendars.check_period(interval, week_start, name="interval")
    check_word("mode", mode, MODES)
    check_confidence(confidence)
    check_per(interval, check_whole("every", every), per, segments)
    least, most = checked_events(min_events, max_events)
    asked = ask(log, event, where, segments)
    span = span_of(asked, between, interval, every, per, week_start)
    ends = (span.first, span.first + span.number * span.every)
    ruler = Ruler(interval, week_start, *(asked.instant(end, interval, week_start) for end in ends))
    often = Often(span.first, span.every, least, most, per)
    counted = frequencies(asked.question, ruler, often, most=MOST_SEGMENTS)
    form = Form(span, mode, per, week_start, confidence)
    return StickinessResult(
        _table=_table(counted, asked, form),
        definition=_definition(asked, form, often),
        basis=asked.basis(span.said),
        _counts=_final(counted, asked, form),
        mode=mode,
        span=span,
        per=per,
        total_users=int(counted[USERS].sum()),
        counted=asked.counted,
        confidence=confidence,
    )


def _table(counted: pd.DataFrame, asked: Asked, form: Form) -> pd.DataFrame:
    """Lay out one histogram per segment and period."""
    parts = [
        pd.DataFrame({**name, **histogram})
        for name, part in split(counted)
        for histogram in _histograms(part, asked, form)
    ]
    keys = [*([SEGMENT] if asked.question.segments else []), *([PERIOD] if form.per else [])]
    columns = [*keys, ACTIVE_INTERVALS, USERS, RATE, CI_LOWER, CI_UPPER, *([COMPLETE] if form.per else [])]
    return stacked(parts, columns)


def _histograms(counted: pd.DataFrame, asked: Asked, form: Form) -> list[dict[str, object]]:
    if form.per is None:
        return [_histogram(counted, form.span.number, form)]
    begun, over = asked.begun(form.per, form.week_start), asked.last_over(form.per, form.week_start)
    return [
        {
            PERIOD: asked.dates([number], form.per, form.week_start).iloc[0],
            **_histogram(counted[counted[PERIOD] == number], length, form),
            COMPLETE: begun <= number <= over,
        }
        for number, length in lengths(form.span, form.per, form.week_start)
    ]


def _histogram(counted: pd.DataFrame, number: int, form: Form) -> dict[str, object]:
    users = laid_out(counted, number)
    total = int(users.sum())
    if form.mode == "cumulative":
        users = users[::-1].cumsum()[::-1]
    return {ACTIVE_INTERVALS: range(1, number + 1), **shares(users, total, form.confidence)}


def _final(counted: pd.DataFrame, asked: Asked, form: Form) -> pd.DataFrame:
    """Keep the periods that are fully known, if any is: an open one would look like a drop."""
    if form.per is None:
        return counted
    known_ones = range(asked.begun(form.per, form.week_start), asked.last_over(form.per, form.week_start) + 1)
    whole = counted[counted[PERIOD].isin(known_ones)]
    return counted if whole.empty else whole


def _mean(counted: pd.DataFrame) -> float:
    return float((counted[ACTIVE_INTERVALS] * counted[USERS]).sum()) / int(counted[USERS].sum())


def _definition(asked: Asked, form: Form, often: Often) -> str:
    span = form.span
    weeks = f" from {form.week_start.title()}" if "week" in {span.interval, form.per} else ""
    least, most = often.min_events, often.max_events
    needed = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
    count = "exactly" if form.mode == "exact" else "at least"
    over_time = f", once in each {form.per}" if form.per else ""
    return (
        f"Stickiness: {asked.counted} by the number of {span.name()} in which they were active, {count} so "
        f"many{over_time}, {span.said}; active = {needed} of {asked.what} in one of these calendar "
        f"{span.interval}s{weeks}; shares of those active in at least one; {form.confidence:.0%} Wilson intervals; "
        f"{asked.scope()}"
    )
