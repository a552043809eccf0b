"""Funnel: the public function."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pm_analytics.analyses.funnel.asking import Options, ask, warn_of_absent_steps
from pm_analytics.analyses.funnel.counts import Attempts, levels, removed, worth
from pm_analytics.analyses.funnel.rates import rates
from pm_analytics.analyses.funnel.result import FunnelResult
from pm_analytics.names import MEAN_VALUE, USERS, VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, timedelta

    import pandas as pd

    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.exclusions import Exclusion
    from pm_analytics.analyses.funnel.question import Order, Reentry
    from pm_analytics.analyses.funnel.steps import Step
    from pm_analytics.events import EventLog

    Moment = str | date | datetime

__all__ = ["FunnelResult", "funnel"]


def funnel(
    log: EventLog,
    steps: Sequence[str | Step],
    *,
    within: str | timedelta | None = "14 days",
    order: Order = "loose",
    reentry: Reentry = "any",
    tie_tolerance: str | timedelta | None = None,
    exclude: str | Exclusion | Iterable[str | Exclusion] = (),
    exclusion_policy: Literal["drop_off", "remove_user"] = "drop_off",
    hold: str | None = None,
    count: Literal["users", "attempts"] = "users",
    breakdown: str | Sequence[str] | None = None,
    attribution: str | int = "entry",
    value: str | None = None,
    entries: tuple[Moment, Moment] | None = None,
    confidence: float = 0.95,
) -> FunnelResult:
    """Count how many users pass through ``steps``, in this order unless told otherwise.

    A user reaches step *k* when some attempt does: an attempt begins at any event of the first step, and each later
    step is made by the first event of its own at the same time or later, no later than ``within`` after the attempt's
    beginning (end included). Any attempt may succeed, not only the first; a user counts once per step.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    steps : sequence of str or Step
        Two or more event names, or :class:`Step` for one with properties, for several events, for a first time, with a
        time limit of its own, or optional. A step may be repeated: each occurrence needs an event of its own.
    within : str or timedelta, optional
        ``"14 days"`` by default, from the first step to each later one. None for no limit.
    order : {"loose", "strict", "any", "first_then_any"}
        Other events may come between the steps; none may; steps in any order (rows then say how many were completed,
        and :meth:`FunnelResult.reach` which); the first step first, the others in any order.
    reentry : {"any", "first"}
        Every start begins an attempt; or only the first start counts, and later ones are ignored.
    tie_tolerance : str or timedelta, optional
        Let a step come so much before the one it follows, as clocks of two systems may have it. Equal times always
        convert. The result says how many conversions depend on it.
    exclude : Exclusion, str, or sequence of them
        Events that end an attempt when they happen between two steps; a name alone: anywhere between entry and last.
    exclusion_policy : {"drop_off", "remove_user"}
        What becomes of it: the attempt still counts at the steps it made; or a user whose furthest attempt was ended
        so is in no count, not even the first. Without an order it is always the former.
    hold : str, optional
        Property that must have the same value through an attempt, such as a cart's id; events without it do not count.
    count : {"users", "attempts"}
        Count each user once per step; or each attempt, where every start is one, and every later event serves one: the
        latest attempt that it moves.
    breakdown, attribution
        Also count by the value of a property; see :meth:`FunnelResult.by`.
    value : str, optional
        Numeric property to add up over the events that made each step. Not with ``breakdown``, nor without an order.
    entries : (start, end), optional
        Attempts may begin in ``[start, end)``; later steps may fall after it. Any time when not given.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    FunnelResult
        ``to_frame()``: one row per step with ``step_number`` (from 1), ``step``, ``users``; ``conversion_rate`` = share
        of those who entered, with ``ci_lower`` and ``ci_upper``; ``step_conversion_rate`` = share of those at the
        needed step before (null at step 1), with ``step_ci_lower`` and ``step_ci_upper``; ``mature_users`` and
        ``mature_rate`` with its interval: the same over attempts that began long enough before the data ended (null
        without a time limit); ``excluded``: those whose attempt an exclusion ended after this step; with ``value=``,
        its sum ``value`` and ``mean_value``, over those whose event has one (null where none has). Rates are fractions,
        null when nobody could; intervals are Wilson's.

    Raises
    ------
    ParameterError
        Fewer than two steps, a window that is not positive, an ``entries`` range that ends before it starts, an
        exclusion outside the steps, or options that have no meaning together.
    UnknownNameError
        A property that the log does not have.

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
    options = Options(
        within=within,
        order=order,
        reentry=reentry,
        tie_tolerance=tie_tolerance,
        exclude=exclude,
        exclusion_policy=exclusion_policy,
        hold=hold,
        count=count,
        value=value,
        entries=entries,
        confidence=confidence,
        breakdown=breakdown,
    )
    asked = ask(log, steps, options)
    result = _result(asked)
    if not result.to_frame()[USERS].all():
        warn_of_absent_steps(log, asked.question.steps)
    if breakdown is None:
        return result
    segments = result.by(breakdown, attribution=attribution)
    return replace(result, segments=segments, definition=segments.definition)


def _result(asked: Asked) -> FunnelResult:
    attempts = Attempts(asked.log, asked.question)
    every = levels(attempts, each=asked.each)
    mature = None if asked.question.horizon is None else levels(attempts, each=asked.each, mature=True)
    table = rates(asked, every, mature)
    if asked.value:
        table = _with_value(table, asked, attempts)
    return FunnelResult(
        _table=table,
        definition=asked.definition,
        basis=f"attempts {asked.period or 'starting at any time'}; {asked.log.basis}",
        steps=asked.titles,
        within=asked.within,
        unfinished=every.unfinished,
        removed=_removed(asked, attempts),
        tolerated=_tolerated(asked, every.users[-1]),
        confidence=asked.confidence,
        period=asked.period,
        counted=asked.counted,
        _asked=asked,
        _attempts=attempts,
    )


def _removed(asked: Asked, attempts: Attempts) -> int | None:
    question = asked.question
    taken_out = question.remove and question.ordered and question.bars
    return removed(attempts, each=asked.each) if taken_out else None


def _tolerated(asked: Asked, converted: int) -> int | None:
    """Count the conversions there would not be without the tolerance."""
    if not asked.question.tolerance:
        return None
    exact = Attempts(asked.log, asked.question.without_tolerance())
    return converted - levels(exact, each=asked.each).users[-1]


def _with_value(table: pd.DataFrame, asked: Asked, attempts: Attempts) -> pd.DataFrame:
    """Add the sum and mean of the value at each needed step."""
    sums = iter(worth(attempts, str(asked.value), each=asked.each))
    rows = [(None, 0) if step.optional else next(sums) for step in asked.question.steps]
    totals = [math.nan if total is None else total for total, _ in rows]
    means = [total / count if count else math.nan for total, (_, count) in zip(totals, rows, strict=True)]
    return table.assign(**{VALUE: totals, MEAN_VALUE: means})
