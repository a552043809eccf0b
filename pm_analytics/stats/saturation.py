"""How many different units come in how much time: the first week brings many, later ones mostly the same again.

A product has units that come back, each sooner or later, and new ones all the time. So the number that was seen at least
once grows as ``flow * t + base * (1 - exp(-t / pace))``: steep at first, and steady in the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SHORTEST = 14
"""With fewer days nothing can be said of how arrivals slow down; they are taken as steady."""
PACES = 60
"""Paces that are tried, from a day to four times what was seen."""
TRICKLE = 0.02
"""A flow below this share of the average pace so far is none: what was seen levels off."""


@dataclass(frozen=True, slots=True, eq=False)
class Saturating:
    """The number of different units by time.

    Attributes
    ----------
    seen : array of shape (days + 1,)
        Units seen by the end of each day, from 0 on.
    flow : float
        New units a day that go on coming.
    base : float
        Units that come back, each sooner or later.
    pace : float
        Days within which 63 % of those have come.
    """

    seen: NDArray[np.float64]
    flow: float
    base: float
    pace: float

    def by(self, days: float) -> float:
        """Give the units seen within so many days: counted as far as there is data, then as the curve goes on."""
        last = len(self.seen) - 1
        if days <= last:
            return float(np.interp(days, np.arange(last + 1), self.seen))
        return float(self.seen[-1]) + self.flow * (days - last) + self._left(last) - self._left(days)

    @property
    def ceiling(self) -> float:
        """Where it levels off; infinite when new units go on coming."""
        last = len(self.seen) - 1
        if last == 0 or self.flow > TRICKLE * self.seen[-1] / last:
            return math.inf
        return float(self.seen[-1]) + self._left(last)

    def _left(self, days: float) -> float:
        """Units of the base that have not come by then."""
        return self.base * math.exp(-days / self.pace)


def steady(per_day: float) -> Saturating:
    """Give arrivals that are always as many."""
    return Saturating(np.zeros(1), per_day, 0.0, 1.0)


def saturating(per_day: ArrayLike) -> Saturating:
    """Fit the curve to the units seen for the first time on each day.

    Least squares on the running total, with nothing below zero; the pace is the best of a list. Weekdays and weekends
    differ, so the total is fitted, and it is read where weeks end.

    Examples
    --------
    >>> curve = saturating(np.full(28, 100))
    >>> curve.by(7), round(curve.by(56)), curve.ceiling
    (700.0, 5600, inf)
    """
    new = np.asarray(per_day, dtype=np.float64)
    seen = np.concatenate([[0.0], np.cumsum(new)])
    if len(new) < SHORTEST or seen[-1] == 0:
        return Saturating(seen, float(new.mean()) if len(new) else 0.0, 0.0, 1.0)
    days = np.arange(len(seen), dtype=np.float64)
    fits = [_fit(days, seen, pace) for pace in np.geomspace(1.0, 4.0 * len(new), PACES)]
    _, flow, base, pace = min(fits)
    return Saturating(seen, flow, base, pace)


def _fit(days: NDArray[np.float64], seen: NDArray[np.float64], pace: float) -> tuple[float, float, float, float]:
    from scipy.optimize import nnls

    (flow, base), error = nnls(np.column_stack([days, 1 - np.exp(-days / pace)]), seen)
    return float(error), float(flow), float(base), float(pace)
