"""A funnel over time: conversion by the period in which attempts began."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics import calendars
from pm_analytics.analyses.funnel.counts import Levels, trend
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    COMPLETE,
    CONVERSION_RATE,
    CONVERTED,
    ENTERED,
    PERIOD,
)
from pm_analytics.results import Claim, Result, records, say_share
from pm_analytics.stats.proportions import share, wilson

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.counts import Attempts

MOST_PERIODS = 5_000


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FunnelTrend(Result):
    """Conversion by period of entry. One row per period, those without entries included.

    ``to_frame()``: ``period`` (its first day; for hours, its first instant), ``entered``, ``converted``,
    ``conversion_rate`` (null when nobody entered) with Wilson's ``ci_lower`` and ``ci_upper``, and ``complete``: every
    attempt that began in the period has had all its time. An incomplete one is provisional: it can only rise.

    Attributes
    ----------
    unit_of_time : str
        The kind of period.
    counted : str
        What is counted, in words.
    between : (str, str)
        The steps between which conversion is followed.
    confidence : float
        Coverage of the intervals.
    endless : bool
        Attempts have no time limit, so no period is ever complete.
    """

    unit_of_time: str
    counted: str
    between: tuple[str, str]
    confidence: float
    endless: bool

    def summary(self) -> str:
        """Say the conversion of the last complete period, how others did, and what is too young to judge."""
        table = self._table
        if not table[ENTERED].sum():
            return "Nobody entered, so there is nothing to follow."
        over = table[table[COMPLETE] & (table[ENTERED] > 0)]
        if self.endless:
            return f"Without a time limit no {self.unit_of_time} is ever final: every share can still rise."
        young = int((~table[COMPLETE]).sum())
        open_ = f" {_say_young(young, self.unit_of_time)}" if young else ""
        if over.empty:
            return f"No {self.unit_of_time} with entries is old enough to judge.{open_}"
        return f"{self._say(over.iloc[-1])}.{self._say_earlier(over.iloc[:-1])}{open_}"

    def headline(self) -> str:
        """Say what is followed."""
        return f"From {self.between[0]} to {self.between[1]}, by {self.unit_of_time} of entry"

    def claims(self) -> list[Claim]:
        """List the conversion of every period that is complete."""
        return [
            Claim.of_row(
                row,
                CONVERSION_RATE,
                id=f"funnel.trend.{row[PERIOD]}",
                unit="share",
                definition=f"{row[PERIOD]}: {self.definition}",
                n=int(row[CONVERTED]),
                denominator=int(row[ENTERED]),
            )
            for row in records(self._table[self._table[COMPLETE]])
        ]

    def _say_earlier(self, earlier: pd.DataFrame) -> str:
        """Give the earlier periods together, so that one good or bad week is not taken for a change."""
        entered, converted = int(earlier[ENTERED].sum()), int(earlier[CONVERTED].sum())
        if not entered:
            return ""
        periods = f"{len(earlier):,} {self.unit_of_time}s" if len(earlier) > 1 else self.unit_of_time
        return f" In the {periods} before it: {say_share(converted, entered, math.nan, math.nan, 'entries')}."

    def _say(self, row: pd.Series) -> str:
        said = say_share(int(row[CONVERTED]), int(row[ENTERED]), row[CI_LOWER], row[CI_UPPER], self.counted)
        return (
            f"In the {self.unit_of_time} of {row[PERIOD]}, the last one old enough to judge, {said} went "
            f"from {self.between[0]} to {self.between[1]}"
        )


def _say_young(periods: int, unit: str) -> str:
    if periods == 1:
        return f"1 {unit} is too young to judge: its share can still rise."
    return f"{periods:,} {unit}s are too young to judge: their shares can still rise."


def follow(
    asked: Asked, attempts: Attempts, period: str, from_step: int, to_step: int | None, week_start: str
) -> FunnelTrend:
    """Count by period of entry; see :meth:`FunnelResult.trend`."""
    calendars.check_period(period, week_start)
    first, last = step_range(asked, from_step, to_step)
    found = trend(attempts, period, week_start, each=asked.each)
    numbers = _numbers(asked, found, period, week_start)
    rows = [_row(asked, found.get(number), number, period, week_start, (first, last)) for number in numbers]
    names = [PERIOD, ENTERED, CONVERTED, CONVERSION_RATE, CI_LOWER, CI_UPPER, COMPLETE]
    # Without a row pandas would not know what a column holds.
    kinds: dict[str, Any] = {
        ENTERED: "int64",
        CONVERTED: "int64",
        CONVERSION_RATE: float,
        CI_LOWER: float,
        CI_UPPER: float,
        COMPLETE: bool,
    }
    table = pd.DataFrame(rows, columns=names).astype(kinds)
    begins = f"; weeks begin on {week_start}" if period == "week" else ""
    sums = "" if asked.each else "; a unit counts once in each period in which it entered, so they may add up to more"
    return FunnelTrend(
        table,
        definition=(
            f"By {period} of entry{begins}{sums}; complete when every attempt that began in it has had all its time. "
            f"{asked.definition}"
        ),
        basis=f"{asked.counted} by {period} of entry; {asked.log.basis}",
        unit_of_time=period,
        counted=asked.counted,
        between=(asked.title(_level(asked, first)), asked.title(_level(asked, last))),
        confidence=asked.confidence,
        endless=asked.question.horizon is None,
    )


def step_range(asked: Asked, from_step: int, to_step: int | None) -> tuple[int, int]:
    """Check two step numbers.

    Raises
    ------
    ParameterError
        Not two different steps of the funnel, in order, that every attempt needs.
    """
    steps = asked.question.steps
    last = len(steps) if to_step is None else to_step
    if not all(type(number) is int for number in (from_step, last)) or not 1 <= from_step < last <= len(steps):
        raise ParameterError(
            f"from_step={from_step!r} and to_step={to_step!r} must be two of the steps 1 to {len(steps)}, in order."
        )
    if asked.question.steps[from_step - 1].optional or asked.question.steps[last - 1].optional:
        raise ParameterError("An optional step is neither a beginning nor an end; name steps that every attempt makes.")
    return from_step, last


def _level(asked: Asked, number: int) -> int:
    """Turn the number of a step into that of a needed step."""
    return sum(not step.optional for step in asked.question.steps[:number])


def _numbers(asked: Asked, found: dict[int, Levels], period: str, week_start: str) -> range:
    """List the periods to show: those of the entry range as far as the data go, or from the first entry to the last."""
    log, entries = asked.log, asked.question.entries
    if entries is not None:
        days = [entries[0], max(entries[0], min(entries[1], log.observed_until) - 1)]
        first, last = (calendars.number_at(day, period, log.timezone, week_start=week_start) for day in days)
    elif found:
        first, last = min(found), max(found)
    else:
        return range(0)
    if last - first >= MOST_PERIODS:
        raise ParameterError(
            f"That would be {last - first + 1:,} {period}s, more than can be shown; ask for longer periods, or give a "
            "range with entries=."
        )
    return range(first, last + 1)


def _row(
    asked: Asked, levels: Levels | None, number: int, period: str, week_start: str, steps: tuple[int, int]
) -> tuple[object, ...]:
    entered, converted = (levels.users[step - 1] if levels else 0 for step in steps)
    interval = wilson(converted, entered, confidence=asked.confidence)
    horizon = asked.question.horizon
    log = asked.log
    end = calendars.start_instant(number + 1, period, log.timezone, week_start=week_start)
    # The last attempt of a period begins just before its end, and must have had its whole window before the data end.
    complete = horizon is not None and end + horizon <= log.observed_until
    begins = calendars.label(number, period, week_start=week_start)
    return begins, entered, converted, share(converted, entered), interval.lower, interval.upper, complete
