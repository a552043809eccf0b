"""Looking before the end: intervals that hold at every look, however often and whenever one looks.

An asymptotic confidence sequence may be read at any time, and costs width for it. Whoever can plan the looks does
better with alpha spending, which divides the chance of a false finding over them; its functions can be had from here,
too (:mod:`~pm_analytics.stats.planned_looks`, :mod:`~pm_analytics.stats.planned_readings`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError
from pm_analytics.stats.planned_looks import (
    Spending,
    boundaries,
    boundary_for_spending,
    nominal_p_value,
    obrien_fleming_constant,
    pocock_constant,
    sample_size_inflation,
    shaped_boundaries,
    spent,
)
from pm_analytics.stats.planned_readings import FinalReading, final_reading, repeated_interval, repeated_p_value
from pm_analytics.stats.proportions import UNDEFINED, Interval, check_confidence, normal_quantile
from pm_analytics.stats.running_sums import Stopping, crossing, stopping

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "FEWEST_EVENTS",
    "SMALLEST_ARM",
    "FinalReading",
    "Spending",
    "Stopping",
    "anytime_p_value",
    "boundaries",
    "boundary_for_spending",
    "crossing",
    "e_value",
    "final_reading",
    "hybrid_interval",
    "log_e_value",
    "log_mixture_ratio",
    "mixture_interval",
    "mixture_p_value",
    "nominal_p_value",
    "obrien_fleming_constant",
    "pocock_constant",
    "repeated_interval",
    "repeated_p_value",
    "rho_squared",
    "running_intersection",
    "sample_size_inflation",
    "sequence_interval",
    "sequence_multiplier",
    "shaped_boundaries",
    "spent",
    "stopping",
]

SMALLEST_ARM = 100
FEWEST_EVENTS = 20
"""Units per arm, and events in both, from which a confidence sequence is read: the normal law must have set in."""

_LARGEST_LOG = 700.0
"""The logarithm beyond which evidence is not told apart any more: its exponential is still neither 0 nor infinite."""


def rho_squared(planned: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Tune a confidence sequence to be narrowest at ``planned`` units (Waudby-Smith et al. 2021, eq. 9 and app. B).

    A one-sided sequence is tuned with twice the level. What some call rho is the root of this, others its inverse.

    Raises
    ------
    ParameterError
        ``planned`` is not above 0, or ``alpha`` is no level (below 0.5 for one side).

    Examples
    --------
    >>> round(rho_squared(10_000), 10)
    0.0007936155
    """
    level = _level(alpha, sides) * (1 if sides == 2 else 2)
    inside = -2 * math.log(level)
    if not 0 < planned < math.inf:
        raise ParameterError(f"planned={planned!r} must be above 0: the units of both arms at the planned end.")
    return (inside + math.log1p(inside)) / planned


def sequence_multiplier(n: float, planned: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Give how many standard errors wide a confidence sequence is on each side after ``n`` units of both arms.

    Two-sided: ``sqrt((n r + 1)/(n r) ln((n r + 1)/alpha^2))`` with r = rho squared; one-sided, the logarithm is
    ``2 ln(1 + sqrt(n r + 1)/(2 alpha))`` (Waudby-Smith et al. 2021, eq. 9 and 134). It depends on ``n / planned`` only.
    Never re-tune ``planned`` to what came in. Infinite without units.

    Examples
    --------
    >>> round(sequence_multiplier(10_000, 20_000), 4)
    3.0836
    """
    grown = max(0.0, n) * rho_squared(planned, alpha=alpha, sides=sides)
    if grown == 0:
        return math.inf
    inside = math.log((grown + 1) / alpha**2) if sides == 2 else 2 * math.log1p(math.sqrt(grown + 1) / (2 * alpha))
    return math.sqrt((grown + 1) / grown * inside)


def sequence_interval(
    estimate: float, error: float, n: float, planned: float, *, confidence: float = 0.95, sides: int = 2
) -> Interval:
    """Give the interval of a confidence sequence: all looks together miss the truth no more often than stated.

    With ``sides=1`` it has a lower end only. For an upper end only, turn the sign of the estimate, and of what comes
    out. Undefined without a standard error above 0, or without units.
    """
    check_confidence(confidence)
    if not error > 0 or not n > 0:
        return UNDEFINED
    half = sequence_multiplier(n, planned, alpha=1 - confidence, sides=sides) * error
    return Interval(estimate - half, estimate + half if sides == 2 else math.inf)


def log_e_value(z: float, n: float, planned: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Give the logarithm of :func:`e_value`, which has no largest number."""
    grown = max(0.0, n) * rho_squared(planned, alpha=alpha, sides=sides)
    bent = grown * z**2 / (2 * (grown + 1))
    if sides == 2:
        return bent - math.log1p(grown) / 2
    if not z > 0:
        return math.nan if math.isnan(z) else -math.inf
    # ln(e^b - 1), for b of any size.
    return bent + math.log(-math.expm1(-bent)) + math.log(2) - math.log1p(grown) / 2 if bent > 0 else -math.inf


def e_value(z: float, n: float, planned: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Give the evidence against no effect: a bet that on average does not win if there is none.

    ``exp(b) / sqrt(n r + 1)`` with ``b = r n z^2 / (2 (n r + 1))``, z being the effect in standard errors; one-sided,
    for an effect above 0, ``2 (exp(b) - 1) / sqrt(n r + 1)``. Its interval counterpart is :func:`sequence_interval` at
    the same ``alpha``: the interval excludes zero exactly when this is at least 1 / alpha.

    Returns
    -------
    float
        At most e^700; NaN when ``z`` is.
    """
    return _exponential(log_e_value(z, n, planned, alpha=alpha, sides=sides))


def anytime_p_value(z: float, n: float, planned: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Give a p-value that may be read at every look: one over the e-value, at most 1. NaN when ``z`` is.

    ``alpha`` tunes the sequence, nothing else: at that level p-value and interval say the same.
    """
    return _p_value(log_e_value(z, n, planned, alpha=alpha, sides=sides))


def running_intersection(intervals: Iterable[Interval]) -> list[Interval]:
    """Narrow each interval of a confidence sequence to what all looks so far have in common.

    That is valid, too, since all of them hold at once. It is not done by default: an interval would then depend on how
    often one looked, never widen when the data turn, and be empty, here undefined, once looks contradict each other.
    Undefined intervals say nothing and are passed over.
    """
    lower, upper, found = -math.inf, math.inf, []
    for interval in intervals:
        lower = lower if math.isnan(interval.lower) else max(lower, interval.lower)
        upper = upper if math.isnan(interval.upper) else min(upper, interval.upper)
        nothing = lower > upper or (math.isinf(lower) and math.isinf(upper))
        found.append(UNDEFINED if nothing else Interval(lower, upper))
    return found


# --------------------------------------------------------------------------------------- with a fixed mixing variance


def log_mixture_ratio(z: float, variance: float, tau_squared: float) -> float:
    """Give the logarithm of the mixture sequential probability ratio (Johari et al. 2017).

    ``sqrt(V/(V + tau^2)) exp(tau^2 d^2 / (2 V (V + tau^2)))`` for a difference d = ``z`` standard errors whose variance
    now is V. ``tau_squared`` is the variance of the differences one expects, fixed before the start. A tau that shrinks
    with the data, as some manuals have it, is no longer valid at every look.

    Raises
    ------
    ParameterError
        A variance that is not above 0.
    """
    if not variance > 0 or not tau_squared > 0:
        raise ParameterError(f"variance={variance!r} and tau_squared={tau_squared!r} must be above 0.")
    whole = variance + tau_squared
    return math.log(variance / whole) / 2 + tau_squared * z**2 / (2 * whole)


def mixture_p_value(z: float, variance: float, tau_squared: float) -> float:
    """Give the p-value of the mixture sequential ratio test at one look; the smallest of all looks counts.

    One over the ratio of :func:`log_mixture_ratio`, at most 1. NaN when ``z`` is.
    """
    return _p_value(log_mixture_ratio(z, variance, tau_squared))


def mixture_interval(estimate: float, error: float, tau_squared: float, *, confidence: float = 0.95) -> Interval:
    """Give the interval of all differences that the mixture sequential ratio test does not exclude at this look.

    Undefined without a standard error above 0.
    """
    check_confidence(confidence)
    if not error > 0:
        return UNDEFINED
    if not tau_squared > 0:
        raise ParameterError(
            f"tau_squared={tau_squared!r} must be above 0: the variance of the differences you expect."
        )
    whole = error**2 + tau_squared
    half = error * math.sqrt(whole / tau_squared * (math.log(whole / error**2) - 2 * math.log1p(-confidence)))
    return Interval(estimate - half, estimate + half)


# ------------------------------------------------------------------------- any time until the end, plain at the end


def hybrid_interval(
    estimate: float, error: float, n: float, planned: float, *, confidence: float = 0.95, share: float = 0.5
) -> Interval:
    """Give the interval of a hybrid: a confidence sequence until the planned end, a plain interval once at the end.

    ``alpha`` is divided: ``share`` of it goes to the sequence, the rest to the end, so that all together miss no more
    often than stated (Bonferroni). Whoever gets past ``planned`` units reads it once there, and stops.

    Undefined without a standard error above 0, or without units.
    """
    if not 0 < share < 1:
        raise ParameterError(f"share={share!r} must lie between 0 and 1; write 0.5 to divide alpha evenly.")
    check_confidence(confidence)
    alpha = 1 - confidence
    if n < planned:
        return sequence_interval(estimate, error, n, planned, confidence=1 - share * alpha)
    half = normal_quantile(1 - (1 - share) * alpha) * error
    return Interval(estimate - half, estimate + half) if error > 0 else UNDEFINED


def _level(alpha: float, sides: int) -> float:
    if sides not in {1, 2}:
        raise ParameterError(f"sides={sides!r} must be 1 or 2.")
    if not 0 < alpha < sides / 2:
        raise ParameterError(f"alpha={alpha!r} must lie between 0 and {sides / 2:g}; write 0.05 for 5 %.")
    return alpha


def _exponential(log: float) -> float:
    return log if math.isnan(log) else math.exp(min(_LARGEST_LOG, log))


def _p_value(log_evidence: float) -> float:
    return log_evidence if math.isnan(log_evidence) else math.exp(-max(0.0, min(_LARGEST_LOG, log_evidence)))
