"""How many units a comparison needs, what it finds with those it has, and how surely.

Each of size, power and detectable change follows from the other two. ``kappa`` is the variant's size over the
control's; sizes are those of the control, not rounded.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from pm_analytics.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

Null = Literal["pooled", "unpooled", "arcsine"]


def z_alpha(alpha: float, sides: int) -> float:
    """Give the critical value: 1.96 for 0.05 and two sides."""
    from scipy.special import ndtri

    _check(alpha, 0.5)
    return float(ndtri(1 - alpha / sides))


def z_beta(power: float) -> float:
    """Give the quantile of the power: 0.84 for 0.8."""
    from scipy.special import ndtri

    _check(0.05, power)
    return float(ndtri(power))


def size_for_shares(
    control: float,
    variant: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    kappa: float = 1.0,
    sides: int = 2,
    null: Null = "pooled",
    critical: float | None = None,
) -> float:
    """Give the control's units needed to tell two shares apart.

    Parameters
    ----------
    control, variant : float
        Shares strictly between 0 and 1; equal shares need infinitely many units.
    null : {"pooled", "unpooled", "arcsine"}
        Variance under no difference: of the pooled share (as R's power.prop.test), of the two shares, or none at all on
        the arcsine scale (Cohen's h).
    critical : float, optional
        Another critical value than that of ``alpha``, for looks before the end.

    Examples
    --------
    >>> round(size_for_shares(0.05, 0.055))
    31233
    """
    _check_share(control, "control")
    _check_share(variant, "variant")
    z_a, z_b = critical if critical is not None else z_alpha(alpha, sides), z_beta(power)
    if control == variant:
        return math.inf
    if null == "arcsine":
        h = 2 * math.asin(math.sqrt(variant)) - 2 * math.asin(math.sqrt(control))
        return (z_a + z_b) ** 2 * (1 + 1 / kappa) / h**2
    spread = control * (1 - control) + variant * (1 - variant) / kappa
    mean = (control + kappa * variant) / (1 + kappa)
    under_null = mean * (1 - mean) * (1 + 1 / kappa) if null == "pooled" else spread
    return (z_a * math.sqrt(under_null) + z_b * math.sqrt(spread)) ** 2 / (variant - control) ** 2


def size_for_means(
    difference: float,
    variance: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    kappa: float = 1.0,
    sides: int = 2,
    critical: float | None = None,
) -> float:
    """Give the control's units needed to tell two means apart that differ by ``difference``, each with ``variance``.

    ``(z_a + z_b)^2 variance (1 + 1 / kappa) / difference^2``. For a ratio, ``variance`` is that of its linearised
    values; after adjustment it is ``(1 - rho^2)`` times as large.
    """
    z_a, z_b = critical if critical is not None else z_alpha(alpha, sides), z_beta(power)
    if variance < 0:
        raise ParameterError(f"variance={variance!r} must not be negative.")
    return math.inf if difference == 0 else (z_a + z_b) ** 2 * variance * (1 + 1 / kappa) / difference**2


def size_for_means_t(effect: float, *, alpha: float = 0.05, power: float = 0.8, sides: int = 2) -> float:
    """Give the units per arm for a difference of ``effect`` standard deviations, by the t distribution (equal arms).

    Examples
    --------
    >>> round(size_for_means_t(0.5), 3)
    63.766
    """
    from scipy.special import stdtrit
    from scipy.stats import nct

    if effect == 0:
        return math.inf

    def lacking(n: float) -> float:
        freedom = 2 * n - 2
        limit, shift = float(stdtrit(freedom, 1 - alpha / sides)), abs(effect) * math.sqrt(n / 2)
        # What is found on the wrong side is nothing to speak of where scipy cannot say it.
        other = float(np.nan_to_num(nct.cdf(-limit, freedom, shift))) if sides == 2 else 0.0
        return float(nct.sf(limit, freedom, shift)) + other - power

    # The t distribution asks for a few units more than the normal one.
    return _root(lacking, 2.0, 1.2 * size_for_means(effect, 1.0, alpha=alpha, power=power, sides=sides) + 20)


def rule_of_thumb(variance: float, difference: float) -> float:
    """Give ``16 variance / difference^2`` units per arm, which is 80 % power at 5 % (Kohavi et al. 2009)."""
    return math.inf if difference == 0 else 16 * variance / difference**2


def power_for_shares(control: float, variant: float, n: float, *, alpha: float = 0.05, kappa: float = 1.0) -> float:
    """Give the chance that the pooled two-sided test finds a difference of shares; ``n`` is the control's size."""
    from scipy.special import ndtr

    _check_share(control, "control")
    _check_share(variant, "variant")
    spread = math.sqrt((control * (1 - control) + variant * (1 - variant) / kappa) / n)
    mean = (control + kappa * variant) / (1 + kappa)
    limit = z_alpha(alpha, 2) * math.sqrt(mean * (1 - mean) * (1 + 1 / kappa) / n)
    apart = abs(variant - control)
    return float(ndtr((apart - limit) / spread) + ndtr((-apart - limit) / spread))


def power_for_means(
    difference: float,
    variance: float,
    n: float,
    *,
    alpha: float = 0.05,
    kappa: float = 1.0,
    sides: int = 2,
    critical: float | None = None,
) -> float:
    """Give the chance that a difference of two means is found; ``n`` is the control's size."""
    from scipy.special import ndtr

    z_a = critical if critical is not None else z_alpha(alpha, sides)
    if variance <= 0:
        return 1.0 if difference else alpha
    shift = abs(difference) / math.sqrt(variance * (1 + 1 / kappa) / n)
    return float(ndtr(shift - z_a) + (ndtr(-shift - z_a) if sides == 2 else 0.0))


def detectable_difference(
    variance: float,
    n: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    kappa: float = 1.0,
    sides: int = 2,
    critical: float | None = None,
) -> float:
    """Give the smallest difference of means that is found with the given power (MDE); infinite without units."""
    z_a = critical if critical is not None else z_alpha(alpha, sides)
    return math.inf if n <= 0 else (z_a + z_beta(power)) * math.sqrt(variance * (1 + 1 / kappa) / n)


def detectable_share(
    control: float, n: float, *, alpha: float = 0.05, power: float = 0.8, kappa: float = 1.0, sides: int = 2
) -> float:
    """Give the smallest rise of a share that is found with the given power (pooled test); NaN when none below 1 is."""
    _check_share(control, "control")

    def lacking(rise: float) -> float:
        needed = size_for_shares(control, control + rise, alpha=alpha, power=power, kappa=kappa, sides=sides)
        return n - needed

    most = (1 - control) * (1 - 1e-9)
    return math.nan if n <= 0 or lacking(most) < 0 else _root(lacking, most * 1e-9, most)


def size_for_noninferiority(
    baseline: float,
    variance: float,
    margin: float,
    *,
    true_change: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    kappa: float = 1.0,
    variant_variance: float | None = None,
) -> float:
    """Give the control's units needed to show that harm stays within a tolerated share of the baseline, one-sided.

    The contrast is ``variant - (1 - margin) control``, so the control counts ``(1 - margin)^2`` times its variance.

    Parameters
    ----------
    margin : float
        Tolerated relative harm, 0.05 = 5 %. ``true_change`` is the relative change assumed, harm negative.
    """
    distance = baseline * (margin + true_change)
    if distance <= 0:
        return math.inf
    mine = variance if variant_variance is None else variant_variance
    spread = mine / kappa + (1 - margin) ** 2 * variance
    return (z_alpha(alpha, 1) + z_beta(power)) ** 2 * spread / distance**2


def design_effect(size: float, icc: float, *, variation: float = 0.0) -> float:
    """Give how many times as many units are needed when groups of them are randomised.

    ``1 + ((1 + CV^2) size - 1) ICC``: ``size`` is the mean number of units of a group, ``variation`` the coefficient of
    variation of their numbers (Eldridge, Ashby & Kerry 2006).
    """
    return 1 + ((1 + variation**2) * size - 1) * icc


def power_for_all(power: float, guardrails: int) -> float:
    """Give the power that each of a primary metric and its guardrails needs so that all pass with ``power``.

    The chance to miss is shared: ``1 - (1 - power) / (guardrails + 1)`` (Schultzberg et al. 2024).
    """
    return 1 - (1 - power) / (guardrails + 1)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Find where a rising function crosses zero."""
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-12, rtol=1e-13, maxiter=500))


def _check(alpha: float, power: float) -> None:
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha={alpha!r} must lie between 0 and 1; write 0.05 for 5 %.")
    if not alpha <= power < 1:
        raise ParameterError(f"power={power!r} must lie between alpha and 1; write 0.8 for 80 %.")


def _check_share(share: float, name: str) -> None:
    if not 0 < share < 1:
        raise ParameterError(f"{name}={share!r} must lie strictly between 0 and 1, so that it can go up and down.")
