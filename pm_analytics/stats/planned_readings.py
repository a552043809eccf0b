"""What is said at a planned look, and once an experiment with planned looks has stopped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.stats.planned_looks import LEAST, Spending, boundaries
from pm_analytics.stats.proportions import UNDEFINED, Interval, check_confidence
from pm_analytics.stats.running_sums import REACH, RunningSum, with_next

if TYPE_CHECKING:
    from collections.abc import Sequence


def repeated_interval(
    estimate: float,
    error: float,
    information: Sequence[float],
    *,
    confidence: float = 0.95,
    spending: Spending = "obrien_fleming",
    power: float = 2.0,
    final: bool = False,
) -> Interval:
    """Give the interval at the last of the looks: the intervals of all looks hold at once with this confidence.

    ``estimate +- boundary * error`` (Jennison & Turnbull 1984); it excludes zero exactly when the boundary is crossed,
    and holds whether or not one stops. Undefined without an error, and without an end where nothing may be spent yet.
    """
    check_confidence(confidence)
    if not error > 0:
        return UNDEFINED
    half = boundaries(information, alpha=1 - confidence, spending=spending, power=power, final=final)[-1] * error
    return Interval(estimate - half, estimate + half)


def repeated_p_value(
    z: float,
    information: Sequence[float],
    *,
    spending: Spending = "obrien_fleming",
    power: float = 2.0,
    sides: int = 2,
    final: bool = False,
) -> float:
    """Give the level at which an effect of ``z`` standard errors would just lie on the boundary of its (last) look.

    It is below a level exactly when the repeated confidence interval of that level excludes zero (Jennison & Turnbull
    1984), whatever the looks before found. NaN when ``z`` is; never below 1e-15.

    Examples
    --------
    >>> round(repeated_p_value(2.031, [0.2, 0.4, 0.6, 0.8, 1.0]), 3)
    0.05
    """
    from scipy.optimize import brentq

    if math.isnan(z):
        return math.nan
    size = abs(z) if sides == 2 else z

    def beyond(log_level: float) -> float:
        limits = boundaries(
            information, alpha=math.exp(log_level), spending=spending, power=power, sides=sides, final=final
        )
        return min(REACH, limits[-1]) - size

    least, most = math.log(LEAST), math.log(0.9999)
    if beyond(most) > 0:
        return 1.0
    return LEAST if beyond(least) <= 0 else math.exp(float(brentq(beyond, least, most, xtol=1e-9)))


@dataclass(frozen=True, slots=True)
class FinalReading:
    """What is said once an experiment with planned looks has stopped.

    Attributes
    ----------
    p_value : float
        Two-sided, of no effect, allowing for the looks before.
    estimate : float
        Median-unbiased: as often too large as too small. What stopped early is less than it looks.
    interval : Interval
        Covers the effect with the stated confidence, allowing for the looks before.
    reason : str
        Why it is undefined; empty when it is not.
    """

    p_value: float
    estimate: float
    interval: Interval
    reason: str = ""


NO_ERROR = "the difference has no standard error, so chance cannot be judged"


def final_reading(
    z: float,
    error: float,
    information: Sequence[float],
    *,
    confidence: float = 0.95,
    spending: Spending = "obrien_fleming",
    power: float = 2.0,
    final: bool = False,
) -> FinalReading:
    """Read the result at the look it stopped at, by stage-wise ordering (Tsiatis, Rosner & Mehta 1984).

    Whatever stops earlier speaks more strongly against no effect than what stops later; at one look, the larger z does.
    The p-value is twice the chance of a result at least so far on its side. It does not depend on looks that were not
    taken any more.

    Parameters
    ----------
    z, error : float
        The difference in standard errors, and the standard error, at the last of the looks.
    information : sequence of float
        All looks up to the one it stopped at.
    confidence, spending, power, final
        The plan, see :func:`boundaries`.

    Examples
    --------
    >>> stopped = final_reading(3.0, 1.0, [1 / 3, 2 / 3])
    >>> round(stopped.p_value, 4), round(stopped.estimate, 2)
    (0.0028, 3.0)
    """
    from scipy.optimize import brentq

    check_confidence(confidence)
    if math.isnan(z) or not error > 0:
        return FinalReading(math.nan, math.nan, UNDEFINED, NO_ERROR)
    limits = boundaries(information, alpha=1 - confidence, spending=spending, power=power, final=final)
    size, time = abs(z), information[-1]

    def drift_with(chance: float) -> float:
        reach, middle = 12 / math.sqrt(time), size / math.sqrt(time)
        return float(brentq(lambda d: _at_least(size, information, limits, d) - chance, -reach, middle + reach))

    tail = (1 - confidence) / 2
    lower, middle, upper = (drift_with(chance) * error * math.sqrt(time) for chance in (tail, 0.5, 1 - tail))
    p_value = min(1.0, 2 * _at_least(size, information, limits, 0.0))
    if z < 0:
        lower, middle, upper = -upper, -middle, -lower
    return FinalReading(p_value, middle, Interval(lower, upper))


def _at_least(size: float, information: Sequence[float], limits: Sequence[float], drift: float) -> float:
    """Give the chance of stopping above earlier, or of reaching the last look and being at least there."""
    state, chance = RunningSum.start(drift), 0.0
    for (time, next_time), limit in zip(with_next(tuple(information)), [*limits[:-1], size], strict=True):
        score = limit * math.sqrt(time)
        chance += state.above(score, time)
        state = state.kept(time, -score, score, next_time) if math.isfinite(next_time) else state
    return chance
