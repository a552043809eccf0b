"""Who stands where: what every view of adoption reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pm_analytics.names import ADOPTED, RATE, RUNG, USERS
from pm_analytics.results import Result, records
from pm_analytics.times import say_duration

if TYPE_CHECKING:
    from datetime import timedelta

    from pm_analytics.analyses.adoption.counts import Question
    from pm_analytics.events import EventLog
    from pm_analytics.stats.survival import CurvePoint


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Standing(Result):
    """Units on each rung of the ladder, what was asked, and in which words.

    Attributes
    ----------
    feature : str
        The feature's events, in words.
    within : timedelta or None
        Time allowed from becoming eligible; None for as long as events are known.
    immature : int
        Eligible units whose window is not over when the data ends; in no rate, but in the curve up to then.
    early : int
        Units that used the feature before they became eligible (such as testers); in no number of this result.
    unjudged : int
        Adopters too new to say whether they were retained; 0 when that was not asked.
    tried : int
        Units that used it at least once in the window.
    confidence : float
        Coverage of the intervals.
    counted : str
        What is counted, in words.
    log, question
        What was read, and what was asked.
    """

    _curve: tuple[CurvePoint, ...]
    feature: str
    within: timedelta | None
    immature: int
    early: int
    unjudged: int
    tried: int
    confidence: float
    counted: str
    log: EventLog
    question: Question

    @property
    def rate(self) -> float:
        """Adopters within the window / eligible units whose window is over; NaN when there are none."""
        row = self.rung(ADOPTED)
        return math.nan if row is None else float(row[RATE])

    @property
    def since_release(self) -> str:
        """Say since when a unit could use it: 'since 2026-03-01', or 'in the log'."""
        return "in the log" if self.question.released is None else f"since {self.log.say(self.question.released)}"

    def rung(self, name: str) -> dict[str, Any] | None:
        """Give one rung's row; None when the ladder does not have it."""
        return next((row for row in records(self._table) if row[RUNG] == name), None)

    def count(self, name: str) -> int:
        """Give the number of units on a rung; 0 when the ladder does not have it."""
        row = self.rung(name)
        return 0 if row is None else int(row[USERS])

    def say_window(self) -> str:
        """Say the window: 'within 14 days', or 'so far'."""
        return "so far" if self.within is None else f"within {say_duration(self.within)}"
