"""Retention: the public function, from the question to its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.retention import cells, counts, wording
from pm_analytics.analyses.retention.question import MOST_SEGMENTS, Question, check
from pm_analytics.analyses.retention.result import RetentionResult
from pm_analytics.asking import check_whole, event_names, warn_of_absent
from pm_analytics.errors import ParameterError
from pm_analytics.names import COHORT, COHORT_USERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from pm_analytics.events import EventLog

    Moment = str | date | datetime


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
    same_period: bool = False,
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
    size, even if the start event is no return event; ``same_period`` shows who returned in it. A cell whose period is
    not over when the data ends is null, never 0.

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
    same_period : bool
        Let period 0 show who returned within the period of the entry, after it: bought on the day of signing up, say.
        An event that starts a cohort must be later than the entry; any other may lie at its instant, since dates
        without times have no order. For the measures "on" and "on_or_before" (which then begins with period 0).
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
        A property whose value at the entry splits the curve, for ``.segments()``. The ``most_segments`` largest (20
        at most) are named; the others are pooled as "(other)", and those without a value kept as "(missing)".
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    RetentionResult
        ``to_frame()``: one row per cohort and period: ``cohort`` (its first day), ``cohort_users``, ``period_number``;
        ``users`` retained, ``rate`` = users / cohort_users with Wilson's ``ci_lower`` and ``ci_upper`` (all null while
        not observed; ``rate`` also when the cohort is empty; no interval where period 0 is the size); ``complete``:
        whether it is observed; ``provisional``: "on_or_after" has no later period to look at yet; if asked,
        ``bracket``, ``value`` and ``value_per_user`` = value / cohort_users. ``curve()`` pools all cohorts,
        ``over_time()`` follows one period number, ``compare()`` sets two results side by side, and ``triangle()`` is
        for reading.

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
        start=event_names(start, name="start"),
        returning=event_names(returning, name="returning"),
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
        same_period=same_period,
    )
    check(question, mode, brackets, confidence)
    log.require_columns([*question.start_where, *question.return_where, *filter(None, (value, segments))])
    warn_of_absent(log, [*(question.start or ()), *(question.returning or ())], stacklevel=2)
    if segments is not None:
        most = check_whole("most_segments", most_segments, most=MOST_SEGMENTS)
        question = replace(question, kept=counts.largest_segments(log, question, most))
    return _answer(log, question, confidence)


def _span(log: EventLog, entries: tuple[Moment, Moment] | None) -> tuple[int, int] | None:
    if entries is None:
        return None
    start, end = (log.moment(when, name="entries") for when in entries)
    if end <= start:
        raise ParameterError(f"entries={entries!r} must end after it starts: [start, end).")
    return start, end


def _answer(log: EventLog, question: Question, confidence: float) -> RetentionResult:
    counted = counts.counted(log, question)
    shown = cells.cohorts_shown(counted, question)
    table = cells.table(counted, shown, question, confidence)
    entered = table.drop_duplicates(COHORT)[COHORT_USERS].sum()
    counted_ones = wording.say_entered(log, question)
    return RetentionResult(
        _table=table,
        definition=wording.definition(log, question, confidence),
        basis=f"{entered:,} {counted_ones} in {len(shown):,} {wording.ADVERBS[question.period]} cohorts; {log.basis}",
        _curve=cells.curve(table, question, confidence),
        _segments=cells.segment_curves(counted, shown, question, confidence) if question.segments else None,
        _log=log,
        confidence=confidence,
        counted=counted_ones,
        question=question,
    )
