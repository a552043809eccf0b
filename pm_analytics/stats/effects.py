"""The effect of a variant against a control: absolute and relative, from sums. Tests are on the absolute scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.stats.proportions import (
    UNDEFINED,
    Interval,
    check_confidence,
    newcombe,
    normal_quantile,
    pooled_p_value,
    ratio_interval,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_BASELINE = "the control value is zero, so there is no relative change; read the difference"
NEGATIVE_BASELINE = "the control value is negative, so a relative change would mislead; read the difference"
NOISY_BASELINE = "the control value cannot be told from zero, so the relative change has no interval"
NO_VARIANCE = "every unit has the same value, so chance cannot be judged"
TOO_FEW = "an arm has fewer than two units"
ALL_ZERO = "the variant is zero for everybody, so the relative change of -100 % has no interval"
NOBODY = "nobody converted in either arm, so chance cannot be judged"
EVERYBODY = "everybody converted in both arms, so chance cannot be judged"
EMPTY = "an arm has no units"


@dataclass(frozen=True, slots=True)
class Arm:
    """What the maths needs of one arm: units, their mean and their sample variance (NaN below two units)."""

    n: int
    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class Effect:
    """Variant against control.

    Attributes
    ----------
    difference, ci_lower, ci_upper : float
        Variant minus control, in the metric's own unit. NaN when undefined.
    lift, lift_ci_lower, lift_ci_upper : float
        Relative change, 0 = no change. NaN when undefined.
    p_value : float
        Two-sided, of no absolute difference. NaN when undefined.
    method : str
        Interval and test used.
    reason : str
        Why something is undefined; empty when all is defined.
    error : float
        Standard error of the difference, the arms' variances not pooled. NaN when undefined.
    freedom : float
        Degrees of freedom of the test; infinite for a normal one.
    """

    control: float
    variant: float
    difference: float
    ci_lower: float
    ci_upper: float
    lift: float
    lift_ci_lower: float
    lift_ci_upper: float
    p_value: float
    method: str
    reason: str
    error: float = math.nan
    freedom: float = math.inf


def compare_shares(
    variant_successes: float,
    variant_trials: float,
    control_successes: float,
    control_trials: float,
    *,
    confidence: float = 0.95,
) -> Effect:
    """Compare two shares: Newcombe interval, pooled z (or Fisher) p-value, MOVER interval for the lift.

    The two intervals exclude no change together. Test and interval are made differently, so at the edge one may find
    what the other does not; then nothing is found: the larger p-value is given, or the interval is drawn out to no
    change, and ``method`` says so.
    """
    counts = (variant_successes, variant_trials, control_successes, control_trials)
    variant, control = _share_arm(variant_successes, variant_trials), _share_arm(control_successes, control_trials)
    p_value, test = pooled_p_value(*counts)
    degenerate = _share_reason(*counts)
    interval = newcombe(*counts, confidence=confidence)
    noisy = degenerate or not _tells_from_zero(control, normal_quantile(confidence)) or _all_zero(variant)
    lift = UNDEFINED if noisy else ratio_interval(*counts, confidence=confidence)
    method = f"Newcombe; {test}; MOVER"
    if not degenerate and (p_value < 1 - confidence) != (interval.lower > 0 or interval.upper < 0):
        p_value = max(p_value, _newcombe_p_value(counts))
        interval, lift = _drawn_to_zero(interval), _drawn_to_zero(lift)
        method += "; test and interval disagreed, so nothing is found"
    return _effect(
        variant,
        control,
        interval,
        p_value,
        lift,
        method=method,
        reason=degenerate or lift_reason(variant, control, lift),
    )


def _newcombe_p_value(counts: tuple[float, float, float, float]) -> float:
    """Give the level at which Newcombe's interval just reaches no difference."""
    from scipy.optimize import brentq

    def beyond(level: float) -> float:
        interval = newcombe(*counts, confidence=1 - level)
        return max(interval.lower, -interval.upper)

    least, most = 1e-9, 1 - 1e-9
    if beyond(least) >= 0:
        return least
    return most if beyond(most) <= 0 else float(brentq(beyond, least, most, xtol=1e-10))


def _drawn_to_zero(interval: Interval) -> Interval:
    """Draw an interval out until it holds no change."""
    if math.isnan(interval.lower):
        return interval
    return Interval(min(interval.lower, 0.0), max(interval.upper, 0.0))


def _tells_from_zero(control: Arm, quantile: float) -> bool:
    """Tell whether a mean lies more than its interval away from zero."""
    return control.n > 0 and control.mean > 0 and control.mean**2 > quantile**2 * control.variance / control.n


def compare_means(variant: Arm, control: Arm, *, confidence: float = 0.95, freedom: float | None = None) -> Effect:
    """Compare two means: Welch's interval and test (Welch 1947), Fieller interval for the lift at Welch's quantile.

    ``freedom`` stands in for Welch's degrees of freedom, where the variances of the arms were not estimated from their
    units as one sample.
    """
    check_confidence(confidence)
    reason = _mean_reason(variant, control)
    if reason:
        return _effect(variant, control, UNDEFINED, math.nan, UNDEFINED, method="Welch", reason=reason)
    from scipy.special import stdtr, stdtrit

    spread_variant, spread_control = variant.variance / variant.n, control.variance / control.n
    error = math.sqrt(spread_variant + spread_control)
    if freedom is None:
        freedom = satterthwaite([spread_variant, spread_control], [variant.n, control.n])
    difference = variant.mean - control.mean
    quantile = float(stdtrit(freedom, 0.5 + confidence / 2))
    lift = fieller(variant, control, quantile=quantile)
    return _effect(
        variant,
        control,
        Interval(difference - quantile * error, difference + quantile * error),
        float(2 * stdtr(freedom, -abs(difference) / error)),
        lift,
        method="Welch; Fieller",
        reason=lift_reason(variant, control, lift),
        freedom=freedom,
    )


def effect_at(variant: Arm, control: Arm, *, quantile: float, p_value: float) -> Effect:
    """Compare two means with intervals of ``quantile`` standard errors, such as a look before the end asks for.

    ``p_value`` is the one that belongs to that quantile; both are NaN when chance cannot be judged.
    """
    reason = _mean_reason(variant, control)
    if reason:
        return _effect(variant, control, UNDEFINED, math.nan, UNDEFINED, method="normal", reason=reason)
    half = quantile * _standard_error(variant, control)
    difference = variant.mean - control.mean
    lift = fieller(variant, control, quantile=quantile)
    return _effect(
        variant,
        control,
        Interval(difference - half, difference + half),
        p_value,
        lift,
        method="normal; Fieller",
        reason=lift_reason(variant, control, lift),
    )


def satterthwaite(spreads: Sequence[float], sizes: Sequence[int], *, known: float = 0.0) -> float:
    """Give the degrees of freedom of a sum of independent variances of means (Satterthwaite 1946; Welch 1947).

    Parameters
    ----------
    spreads : sequence of float
        Variance of each mean, estimated from so many units, at least two.
    sizes : sequence of int
        Units of each.
    known : float
        A further part of the sum that is not estimated.

    Returns
    -------
    float
        Infinite when nothing is estimated.
    """
    whole = sum(spreads) + known
    # By shares of the whole: the fourth power of a small error would vanish.
    doubt = sum((spread / whole) ** 2 / (n - 1) for spread, n in zip(spreads, sizes, strict=True) if spread > 0)
    return 1 / doubt if doubt > 0 else math.inf


def fieller(variant: Arm, control: Arm, *, quantile: float) -> Interval:
    """Interval for the relative change variant/control - 1 (Fieller 1954), for independent arms.

    Undefined when the control mean is not positive, or cannot be told from zero at this confidence (then the set of
    compatible ratios has no bound), or when every unit of the variant is zero (a point would be left, as if -100 % were
    certain). It excludes 0 exactly when the absolute test with the same quantile does.
    """
    if not control.mean > 0 or _all_zero(variant):
        return UNDEFINED
    spread_variant, spread_control = variant.variance / variant.n, control.variance / control.n
    relative_error = quantile * math.sqrt(spread_control) / control.mean
    g = relative_error * relative_error  # not **2, which raises where this grows without bound
    if not g < 1:
        return UNDEFINED
    ratio = variant.mean / control.mean
    half = quantile / control.mean * math.sqrt(spread_variant * (1 - g) + ratio**2 * spread_control)
    return Interval((ratio - half) / (1 - g) - 1, (ratio + half) / (1 - g) - 1)


def delta_lift(variant: Arm, control: Arm) -> tuple[float, float]:
    """Give the relative change and its symmetric standard error by the delta method (Deng, Knoblich & Lu 2018).

    ``(variant - control) / |control|``, with variance ``v_t / m_c^2 + v_c m_t^2 / m_c^4``. It serves priors of relative
    changes and comparison with other systems; intervals of lifts here are Fieller's, since symmetric ones miss more
    often than stated when few units convert. NaN without units, and where the control's mean is zero.
    """
    if min(variant.n, control.n) < 1 or control.mean == 0:
        return math.nan, math.nan
    ratio = variant.mean / control.mean
    error = math.sqrt(variant.variance / variant.n + ratio**2 * control.variance / control.n) / abs(control.mean)
    return (variant.mean - control.mean) / abs(control.mean), error


def _all_zero(arm: Arm) -> bool:
    return arm.mean == 0 and arm.variance == 0


def lift_reason(variant: Arm, control: Arm, lift: Interval) -> str:
    """Say why a relative change, or its interval, is missing; empty when it is there."""
    if control.mean == 0:
        return NO_BASELINE
    if control.mean < 0:
        return NEGATIVE_BASELINE
    if _all_zero(variant):
        return ALL_ZERO
    return NOISY_BASELINE if math.isnan(lift.lower) else ""


def _effect(
    variant: Arm,
    control: Arm,
    interval: Interval,
    p_value: float,
    lift: Interval,
    *,
    method: str,
    reason: str,
    freedom: float = math.inf,
) -> Effect:
    relative = variant.mean / control.mean - 1 if control.mean > 0 else math.nan
    return Effect(
        control=control.mean,
        variant=variant.mean,
        difference=variant.mean - control.mean,
        ci_lower=interval.lower,
        ci_upper=interval.upper,
        lift=relative,
        lift_ci_lower=lift.lower,
        lift_ci_upper=lift.upper,
        p_value=p_value,
        method=method,
        reason=reason,
        error=_standard_error(variant, control),
        freedom=freedom,
    )


def _standard_error(variant: Arm, control: Arm) -> float:
    if min(variant.n, control.n) < 1:
        return math.nan
    return math.sqrt(variant.variance / variant.n + control.variance / control.n)


def _share_arm(successes: float, trials: float) -> Arm:
    """Describe a share as a mean; its variance is the binomial p(1-p)."""
    rate = successes / trials if trials else math.nan
    return Arm(round(trials), rate, rate * (1 - rate))


def _share_reason(
    variant_successes: float, variant_trials: float, control_successes: float, control_trials: float
) -> str:
    if variant_trials == 0 or control_trials == 0:
        return EMPTY
    successes, trials = variant_successes + control_successes, variant_trials + control_trials
    return {0: NOBODY, trials: EVERYBODY}.get(successes, "")


def _mean_reason(variant: Arm, control: Arm) -> str:
    if min(variant.n, control.n) < 1:
        return EMPTY
    if min(variant.n, control.n) < 2:
        return TOO_FEW
    return NO_VARIANCE if variant.variance + control.variance <= 0 else ""
