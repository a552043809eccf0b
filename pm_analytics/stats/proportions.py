"""One share, and the difference of two shares: intervals and tests from counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pm_analytics.errors import ParameterError

SMALLEST_EXPECTED_CELL = 5
"""Below this expected count the normal approximation of the test is left for Fisher's exact test."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval; both ends are NaN when it is undefined."""

    lower: float
    upper: float


UNDEFINED = Interval(math.nan, math.nan)


def check_confidence(confidence: float) -> None:
    """Raise ParameterError unless ``confidence`` lies strictly between 0 and 1."""
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence={confidence!r} must lie between 0 and 1; write 0.95 for 95 %.")


def normal_quantile(confidence: float) -> float:
    """Give the two-sided standard-normal quantile: 1.96 for 0.95."""
    from scipy.special import ndtri

    check_confidence(confidence)
    return float(ndtri(0.5 + confidence / 2))


def share(successes: float, trials: float) -> float:
    """Divide, or NaN when there is nothing to divide by: an undefined rate is null, never 0."""
    return successes / trials if trials else math.nan


def wilson(successes: float, trials: float, *, confidence: float = 0.95) -> Interval:
    """Score interval for one share (Wilson 1927; recommended by Brown, Cai & DasGupta 2001).

    Returns
    -------
    Interval
        Both ends in [0, 1]; undefined when ``trials`` is 0.

    Examples
    --------
    >>> found = wilson(0, 10)
    >>> found.lower, round(found.upper, 4)
    (0.0, 0.2775)
    """
    if trials == 0:
        return UNDEFINED
    z = normal_quantile(confidence)
    rate = successes / trials
    shrink = 1 + z**2 / trials
    centre = (rate + z**2 / (2 * trials)) / shrink
    half = z / shrink * math.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2))
    lower = 0.0 if successes == 0 else max(0.0, centre - half)
    upper = 1.0 if successes == trials else min(1.0, centre + half)
    return Interval(lower, upper)


def newcombe(
    variant_successes: float,
    variant_trials: float,
    control_successes: float,
    control_trials: float,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Hybrid score interval for variant minus control (Newcombe 1998, method 10).

    Returns
    -------
    Interval
        Both ends in [-1, 1]; undefined when either arm is empty.
    """
    if variant_trials == 0 or control_trials == 0:
        return UNDEFINED
    variant, control = variant_successes / variant_trials, control_successes / control_trials
    around_variant = wilson(variant_successes, variant_trials, confidence=confidence)
    around_control = wilson(control_successes, control_trials, confidence=confidence)
    difference = variant - control
    below = math.hypot(variant - around_variant.lower, around_control.upper - control)
    above = math.hypot(around_variant.upper - variant, control - around_control.lower)
    return Interval(difference - below, difference + above)


def ratio_interval(
    variant_successes: float,
    variant_trials: float,
    control_successes: float,
    control_trials: float,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Interval for the relative change of two shares, variant / control - 1 (MOVER, Donner & Zou 2012).

    Fieller's argument with Wilson's limits in place of symmetric ones: the values R for which Newcombe's interval of
    ``variant - R * control`` holds 0. So it excludes 0 exactly when :func:`newcombe` does, and it holds its confidence
    when an arm is small, where Fieller's own falls short (91 % for 5 % of 100 against 2,000).

    Returns
    -------
    Interval
        Undefined when either arm is empty or nobody of the control converted: no ratio has a bound then.
    """
    if variant_trials == 0 or control_trials == 0 or control_successes == 0:
        return UNDEFINED
    p, q = variant_successes / variant_trials, control_successes / control_trials
    mine = wilson(variant_successes, variant_trials, confidence=confidence)
    theirs = wilson(control_successes, control_trials, confidence=confidence)
    middle = p * q
    steep, low = theirs.upper * (2 * q - theirs.upper), mine.lower * (2 * p - mine.lower)
    flat, high = theirs.lower * (2 * q - theirs.lower), mine.upper * (2 * p - mine.upper)
    below = middle + math.sqrt(max(0.0, middle**2 - steep * low))
    lower = low / below if below > 0 else 0.0
    return Interval(lower - 1, (middle + math.sqrt(max(0.0, middle**2 - flat * high))) / flat - 1)


def pooled_p_value(
    variant_successes: float, variant_trials: float, control_successes: float, control_trials: float
) -> tuple[float, str]:
    """Two-sided p-value that two shares are equal, and the name of the test that gave it.

    The pooled z-test (the chi-square test without continuity correction); Fisher's exact test when an expected cell is
    below 5; NaN when either arm is empty or nobody, or everybody, converted.
    """
    total, successes = variant_trials + control_trials, variant_successes + control_successes
    if variant_trials == 0 or control_trials == 0 or successes in {0, total}:
        return math.nan, "none"
    smallest = min(variant_trials, control_trials) * min(successes, total - successes) / total
    if smallest < SMALLEST_EXPECTED_CELL:
        return _fisher(variant_successes, variant_trials, control_successes, control_trials), "Fisher exact"
    pooled = successes / total
    error = math.sqrt(pooled * (1 - pooled) * (1 / variant_trials + 1 / control_trials))
    z = (variant_successes / variant_trials - control_successes / control_trials) / error
    return math.erfc(abs(z) / math.sqrt(2)), "pooled z"


def _fisher(variant_successes: float, variant_trials: float, control_successes: float, control_trials: float) -> float:
    import numpy as np
    from scipy.stats import fisher_exact

    # Effective counts of a curve need not be whole; the exact test does.
    table = np.rint(
        [
            [variant_successes, variant_trials - variant_successes],
            [control_successes, control_trials - control_successes],
        ]
    )
    return float(fisher_exact(table.astype(np.int64)).pvalue)
