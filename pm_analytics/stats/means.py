"""One mean: its interval, from sums."""

from __future__ import annotations

import math

from pm_analytics.stats.proportions import UNDEFINED, Interval, check_confidence


def mean_interval(n: int, total: float, squares: float, *, confidence: float = 0.95) -> Interval:
    """Student's t interval for a mean, from the number of values, their sum and the sum of their squares.

    Returns
    -------
    Interval
        Undefined below two values, and when all values are equal, since chance cannot be judged then.

    Examples
    --------
    >>> found = mean_interval(4, 10, 30)
    >>> round(found.lower, 3), round(found.upper, 3)
    (0.446, 4.554)
    """
    from scipy.special import stdtrit

    check_confidence(confidence)
    if n < 2:
        return UNDEFINED
    mean = total / n
    variance = (squares - n * mean**2) / (n - 1)
    # What is left of equal values after rounding is no spread.
    if variance <= 1e-12 * max(1.0, squares / n):
        return UNDEFINED
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * math.sqrt(variance / n)
    return Interval(mean - half, mean + half)
