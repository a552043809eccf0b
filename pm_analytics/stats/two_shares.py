"""Other intervals of two shares, for those who must match them; what this house uses is in ``effects``."""

from __future__ import annotations

import math

from pm_analytics.stats.proportions import UNDEFINED, Interval, normal_quantile


def wald(
    variant_successes: int,
    variant_trials: int,
    control_successes: int,
    control_trials: int,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Give the textbook interval of a difference; too short when counts are small. Undefined when an arm is empty."""
    if variant_trials == 0 or control_trials == 0:
        return UNDEFINED
    p, q = variant_successes / variant_trials, control_successes / control_trials
    half = normal_quantile(confidence) * math.sqrt(p * (1 - p) / variant_trials + q * (1 - q) / control_trials)
    return Interval(p - q - half, p - q + half)


def agresti_caffo(
    variant_successes: int,
    variant_trials: int,
    control_successes: int,
    control_trials: int,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Give Wald's interval after one success and one failure were added to each arm (Agresti & Caffo 2000)."""
    return wald(
        variant_successes + 1, variant_trials + 2, control_successes + 1, control_trials + 2, confidence=confidence
    )


def miettinen_nurminen(
    variant_successes: int,
    variant_trials: int,
    control_successes: int,
    control_trials: int,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Give the score interval of a difference, with its factor N / (N - 1) (Miettinen & Nurminen 1985).

    The differences whose score test does not reject, found by inverting the test itself; the shares under each
    difference are the most likely ones (a cubic equation, solved in closed form).

    Examples
    --------
    >>> found = miettinen_nurminen(56, 70, 48, 80)
    >>> round(found.lower, 4), round(found.upper, 4)
    (0.0528, 0.3382)
    """
    from scipy.optimize import brentq

    if variant_trials == 0 or control_trials == 0:
        return UNDEFINED
    counts = (variant_successes, variant_trials, control_successes, control_trials)
    seen = variant_successes / variant_trials - control_successes / control_trials
    limit = normal_quantile(confidence)

    def beyond(difference: float, side: int) -> float:
        return side * _score(counts, difference) - limit

    lower = -1.0 if beyond(-1 + 1e-12, 1) < 0 else float(brentq(beyond, -1 + 1e-12, seen, args=(1,), xtol=1e-13))
    upper = 1.0 if beyond(1 - 1e-12, -1) < 0 else float(brentq(beyond, seen, 1 - 1e-12, args=(-1,), xtol=1e-13))
    return Interval(lower, upper)


def _score(counts: tuple[int, int, int, int], difference: float) -> float:
    """Give how many standard errors the seen difference lies above a supposed one."""
    x, m, y, n = counts
    q = _restricted(counts, difference)
    p = min(1.0, max(0.0, q + difference))
    total = m + n
    variance = (p * (1 - p) / m + q * (1 - q) / n) * total / (total - 1) if total > 1 else 0.0
    apart = x / m - y / n - difference
    if variance <= 0:
        return 0.0 if abs(apart) < 1e-12 else math.copysign(math.inf, apart)
    return apart / math.sqrt(variance)


def _restricted(counts: tuple[int, int, int, int], difference: float) -> float:
    """Give the control's most likely share when the variant's is larger by a given difference."""
    x, m, y, n = counts
    total, successes = m + n, x + y
    third = total
    second = (m + 2 * n) * difference - total - successes
    first = (n * difference - total - 2 * y) * difference + successes
    constant = y * difference * (1 - difference)
    turn = (second / (3 * third)) ** 3 - second * first / (6 * third**2) + constant / (2 * third)
    spread = math.copysign(math.sqrt(max(0.0, (second / (3 * third)) ** 2 - first / (3 * third))), turn)
    inside = 0.0 if spread == 0 else min(1.0, max(-1.0, turn / spread**3))
    angle = (math.pi + math.acos(inside)) / 3
    return min(1.0, max(0.0, 2 * spread * math.cos(angle) - second / (3 * third)))


def katz(
    variant_successes: int,
    variant_trials: int,
    control_successes: int,
    control_trials: int,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Give the interval of a relative change on the logarithm (Katz et al. 1978); undefined without conversions."""
    if min(variant_successes, control_successes) == 0:
        return UNDEFINED
    p, q = variant_successes / variant_trials, control_successes / control_trials
    error = math.sqrt((1 - p) / variant_successes + (1 - q) / control_successes)
    half = normal_quantile(confidence) * error
    return Interval(p / q * math.exp(-half) - 1, p / q * math.exp(half) - 1)
