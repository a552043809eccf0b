"""Welch's test in one direction or both, non-inferiority and equivalence of two means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pm_analytics.errors import ParameterError
from pm_analytics.stats.effects import Arm, compare_means
from pm_analytics.stats.proportions import UNDEFINED, Interval

Alternative = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True, slots=True)
class Welch:
    """A comparison of two means.

    Attributes
    ----------
    t, freedom, p_value : float
        Statistic (variant minus control), Welch's degrees of freedom, p-value. NaN when undefined.
    interval : Interval
        Of the difference; a one-sided one has an infinite end.
    reason : str
        Why something is undefined; empty when all is defined.
    """

    t: float
    freedom: float
    p_value: float
    interval: Interval
    reason: str


def welch(variant: Arm, control: Arm, *, confidence: float = 0.95, alternative: Alternative = "two-sided") -> Welch:
    """Test that two means differ, or that the variant's is greater, or less (Welch 1947).

    Raises
    ------
    ParameterError
        No such alternative.

    Examples
    --------
    >>> found = welch(Arm(30, 5.4, 4.0), Arm(30, 5.0, 4.0), alternative="greater")
    >>> round(found.t, 4), round(found.p_value, 4), found.interval.upper
    (0.7746, 0.2209, inf)
    """
    from scipy.special import stdtr, stdtrit

    if alternative not in {"two-sided", "greater", "less"}:
        raise ParameterError(f"alternative={alternative!r} is no choice; write 'two-sided', 'greater' or 'less'.")
    both = compare_means(variant, control, confidence=confidence)
    if math.isnan(both.p_value):
        return Welch(math.nan, math.nan, math.nan, UNDEFINED, both.reason)
    t = both.difference / both.error
    if alternative == "two-sided":
        return Welch(t, both.freedom, both.p_value, Interval(both.ci_lower, both.ci_upper), "")
    reach = float(stdtrit(both.freedom, confidence)) * both.error
    if alternative == "greater":
        interval = Interval(both.difference - reach, math.inf)
        return Welch(t, both.freedom, float(stdtr(both.freedom, -t)), interval, "")
    return Welch(t, both.freedom, float(stdtr(both.freedom, t)), Interval(-math.inf, both.difference + reach), "")


def equivalent(variant: Arm, control: Arm, *, lower: float, upper: float) -> float:
    """Give the p-value of a difference outside ``(lower, upper)``: two one-sided tests (TOST, Schuirmann 1987).

    Small means shown to be equivalent; NaN where the spread is not known.
    """
    if not lower < upper:
        raise ParameterError(f"The region from {lower!r} to {upper!r} is empty; give its lower end first.")
    above = welch(Arm(variant.n, variant.mean - lower, variant.variance), control, alternative="greater")
    below = welch(Arm(variant.n, variant.mean - upper, variant.variance), control, alternative="less")
    return max(above.p_value, below.p_value)
