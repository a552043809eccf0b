"""What is looked at because it was found: how much it exaggerates, and what it would be had it not been selected."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import UNDEFINED, Interval, normal_quantile


@dataclass(frozen=True, slots=True)
class WinnersCurse:
    """What selection does to findings of a given true effect (Gelman & Carlin 2014).

    Attributes
    ----------
    power : float
        Chance that something is found.
    exaggeration : float
        How many times as large, on average, a finding looks as the truth (their type M).
    wrong_sign : float
        Share of findings that point the wrong way (their type S).
    """

    power: float
    exaggeration: float
    wrong_sign: float


def winners_curse(true_effect: float, error: float, *, alpha: float = 0.05) -> WinnersCurse:
    """Say how much findings exaggerate when only they are looked at.

    Raises
    ------
    ParameterError
        No true effect, or no standard error.

    Examples
    --------
    >>> found = winners_curse(2.8, 1.0)
    >>> round(found.power, 2), round(found.exaggeration, 2)
    (0.8, 1.13)
    """
    from scipy.special import ndtr

    if true_effect == 0 or not error > 0:
        raise ParameterError(f"true_effect={true_effect!r} must not be 0, and error={error!r} must be above 0.")
    z, shift = normal_quantile(1 - alpha), abs(true_effect) / error
    up, down = float(ndtr(shift - z)), float(ndtr(-shift - z))
    # Mean of |Z| over both tails, Z ~ N(shift, 1).
    tails = [math.exp(-((z - s) ** 2) / 2) / math.sqrt(2 * math.pi) for s in (shift, -shift)]
    mean = shift * up + tails[0] - shift * down + tails[1]
    return WinnersCurse(up + down, mean / (up + down) / shift, down / (up + down))


def unselected(estimate: float, error: float, *, alpha: float = 0.05) -> float:
    """Give what a finding would be had it not been selected for being one: its median-unbiased estimate.

    The true effect at which a finding (beyond the critical value on either side) is as often larger as smaller than the
    one that was made (Zhong & Prentice 2008). What was only just found shrinks towards zero; clear findings stay. What
    was not found was not selected, and stays as it is. NaN without a standard error above 0.

    Examples
    --------
    >>> [round(unselected(z, 1.0), 2) for z in (1.97, 2.5, 3.0, 5.0)]
    [0.01, 1.54, 2.71, 5.0]
    """
    z, limit = _in_errors(estimate, error), normal_quantile(1 - alpha)
    if not z > limit:
        return estimate if error > 0 else math.nan
    return math.copysign(_shift_at(0.5, z, limit) * error, estimate)


def unselected_interval(estimate: float, error: float, *, alpha: float = 0.05, confidence: float = 0.95) -> Interval:
    """Give the interval that holds the truth with ``confidence`` among findings (Zhong & Prentice 2008).

    It may hold zero although the finding's plain interval does not: having been selected, it says less. For what was
    not found it is the plain interval. Undefined without a standard error above 0.
    """
    z, limit, half = _in_errors(estimate, error), normal_quantile(1 - alpha), normal_quantile(confidence)
    if math.isnan(z):
        return UNDEFINED
    if not z > limit:
        return Interval(estimate - half * error, estimate + half * error)
    lower, upper = (_shift_at(chance, z, limit) * error for chance in (0.5 - confidence / 2, 0.5 + confidence / 2))
    return Interval(lower, upper) if estimate > 0 else Interval(-upper, -lower)


def _in_errors(estimate: float, error: float) -> float:
    return abs(estimate) / error if error > 0 else math.nan


def _shift_at(chance: float, z: float, limit: float) -> float:
    """Give the true effect, in standard errors, at which so large a part of all findings lies above ``z``."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    def excess(shift: float) -> float:
        return float(ndtr(shift - z) / (ndtr(shift - limit) + ndtr(-shift - limit))) - chance

    return float(brentq(excess, -z - 10, z + 10, xtol=1e-12))
