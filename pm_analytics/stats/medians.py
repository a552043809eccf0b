"""The median of counted values, and its interval: from how many units have each value."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

from pm_analytics.stats.proportions import UNDEFINED, Interval, check_confidence

if TYPE_CHECKING:
    from collections.abc import Iterable


def median(counts: Iterable[tuple[float, int]]) -> float:
    """Give the median of values, each with the number of units that have it; NaN without units.

    Examples
    --------
    >>> median([(1, 2), (3, 1), (10, 1)])
    2.0
    """
    rows = sorted(counts)
    n = sum(units for _, units in rows)
    if n == 0:
        return math.nan
    return (_nth(rows, (n - 1) // 2) + _nth(rows, n // 2)) / 2


def median_interval(counts: Iterable[tuple[float, int]], *, confidence: float = 0.95) -> Interval:
    """Interval of a median from order statistics (Conover 1999, section 3.2); it assumes no shape.

    Its coverage is at least ``confidence``, since whole units are stepped over.

    Returns
    -------
    Interval
        Both ends are values that occur; undefined with too few units (five or fewer, for 95 %).

    Examples
    --------
    >>> median_interval((value, 1) for value in range(1, 11))
    Interval(lower=2.0, upper=9.0)
    """
    from scipy.special import bdtr, bdtrik

    check_confidence(confidence)
    rows = sorted(counts)
    n = sum(units for _, units in rows)
    tail = (1 - confidence) / 2
    if n == 0 or bdtr(0, n, 0.5) > tail:
        return UNDEFINED
    # The largest number of values that may lie below the lower end without the tail being exceeded.
    below = math.floor(float(bdtrik(tail, n, 0.5)))
    below = below if bdtr(below, n, 0.5) <= tail else below - 1
    return Interval(float(_nth(rows, below)), float(_nth(rows, n - 1 - below)))


def _nth(rows: list[tuple[float, int]], place: int) -> float:
    """Give the value at a place (from 0) among all units in order."""
    passed = accumulate(units for _, units in rows)
    return next(value for (value, _), units in zip(rows, passed, strict=True) if place < units)
