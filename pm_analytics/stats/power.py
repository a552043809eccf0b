"""How many units a change needs, how small a change so many units find, and how surely: each from the other two.

A test says "there is something" when a difference lies more than ``z_alpha`` standard errors from nothing. The
standard error that it uses (where nothing is) and the one that holds (where the change is) may differ, as they do for a
pooled test of two shares. With ``n`` units in the control they are ``null / sqrt(n)`` and ``deviation / sqrt(n)``, so

    power = Phi((d sqrt(n) - z_alpha null) / deviation)   and   n = ((z_alpha null + z_power deviation) / d)^2.

Sizes are those of the control, not rounded (:func:`~pm_analytics.stats.designs.sizes` rounds); the variant has
``kappa`` times as many. A finding in the wrong direction is no success and not counted (as in R's ``power.prop.test``).
``options`` are those of :class:`~pm_analytics.stats.designs.Design`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pm_analytics.errors import ParameterError
from pm_analytics.stats.designs import Design, Options

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

Null = Literal["pooled", "unpooled", "arcsine"]

NO_UNITS = "there are no units"
NO_SPREAD = "every unit has the same value, so chance cannot be judged"
NO_BASELINE = "the control value is not above zero, so there is no relative change; read the difference"
OUT_OF_REACH = "no share between 0 and 1 is far enough away to be found with so few units"


@dataclass(frozen=True, slots=True)
class Contrast:
    """A change that is to be found.

    Attributes
    ----------
    difference : float
        How far it lies from what the test is against, counted in the direction that is looked for.
    null, deviation : float
        The standard error that the test uses, and the one that holds, times the root of the control's units.
    """

    difference: float
    null: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest change that is found (MDE).

    Attributes
    ----------
    difference : float
        In the metric's own unit, signed; NaN when no change is found.
    lift : float
        The same over the control's value, 0 = no change. NaN where that is not above zero.
    reason : str
        Why something is undefined; empty when all is defined.
    """

    difference: float
    lift: float
    reason: str = ""


# ----------------------------------------------------------------------------------------------------- any contrast


def units_needed(contrast: Contrast, **options: Unpack[Options]) -> float:
    """Give the control's units that find a contrast with the design's power; infinite when there is nothing to find."""
    design = Design(**options)
    if not contrast.difference > 0:
        return math.inf
    reach = design.z_alpha * contrast.null + design.z_power * contrast.deviation
    # Below a power of one half, a change of large shares may need no units by the formula; some are always needed.
    return design.inflation * (max(reach, 0.0) / contrast.difference) ** 2


def power_of(contrast: Contrast, n: float, **options: Unpack[Options]) -> float:
    """Give the chance that ``n`` units in the control find a contrast; NaN without units, or without any spread."""
    from scipy.special import ndtr

    design = Design(**options)
    if not (n > 0 and contrast.deviation > 0):
        return math.nan
    reach = contrast.difference * math.sqrt(n / design.inflation) - design.z_alpha * contrast.null
    return float(ndtr(reach / contrast.deviation))


# ----------------------------------------------------------------------------------------------------------- shares


def contrast_of_shares(control: float, variant: float, *, null: Null = "pooled", kappa: float = 1.0) -> Contrast:
    """Describe two shares that differ.

    Parameters
    ----------
    control, variant : float
        Shares from 0 to 1.
    null : {"pooled", "unpooled", "arcsine"}
        What the test takes as the variance: of the pooled share (Fleiss, Levin & Paik 2003, eq. 4.14; the test that is
        reported, and R's ``power.prop.test``), of the two shares, or the constant one on the arcsine scale, where the
        difference is Cohen's h (1988).
    kappa : float
        Units of the variant over units of the control.
    """
    check_share(control, "control")
    check_share(variant, "variant")
    if null == "arcsine":
        spread = math.sqrt(1 + 1 / kappa)
        return Contrast(abs(_arcsine(variant) - _arcsine(control)), spread, spread)
    own = control * (1 - control) + variant * (1 - variant) / kappa
    mean = (control + kappa * variant) / (1 + kappa)
    used = mean * (1 - mean) * (1 + 1 / kappa) if null == "pooled" else own
    return Contrast(abs(variant - control), math.sqrt(used), math.sqrt(own))


def size_for_shares(control: float, variant: float, *, null: Null = "pooled", **options: Unpack[Options]) -> float:
    """Give the control's units that tell two shares apart; infinite when they are equal.

    Examples
    --------
    >>> round(size_for_shares(0.05, 0.055))
    31233
    """
    return units_needed(contrast_of_shares(control, variant, null=null, kappa=Design(**options).kappa), **options)


def power_for_shares(
    control: float, variant: float, n: float, *, null: Null = "pooled", **options: Unpack[Options]
) -> float:
    """Give the chance that two shares are told apart with ``n`` units in the control.

    NaN without units, and when both shares are 0 or 1, so that there is no chance in it.

    Examples
    --------
    The example of R's ``power.prop.test(n = 50, p1 = .50, p2 = .75)``.

    >>> round(power_for_shares(0.50, 0.75, 50), 4)
    0.7402
    """
    return power_of(contrast_of_shares(control, variant, null=null, kappa=Design(**options).kappa), n, **options)


def detectable_share(
    control: float, n: float, *, falls: bool = False, null: Null = "pooled", **options: Unpack[Options]
) -> Detectable:
    """Give the smallest rise (or fall) of a share that ``n`` units in the control find.

    Returns
    -------
    Detectable
        NaN when not even a share of 1 (or 0) would be found.
    """
    check_share(control, "control")
    design, sign = Design(**options), -1.0 if falls else 1.0
    room = control if falls else 1 - control

    def beyond(step: float) -> float:
        variant = min(1.0, max(0.0, control + sign * step))
        contrast = contrast_of_shares(control, variant, null=null, kappa=design.kappa)
        return (
            contrast.difference * math.sqrt(n / design.inflation)
            - design.z_alpha * contrast.null
            - design.z_power * contrast.deviation
        )

    if not n > 0:
        return Detectable(math.nan, math.nan, NO_UNITS)
    if room == 0 or beyond(room) < 0:
        return Detectable(math.nan, math.nan, OUT_OF_REACH)
    return _detectable(sign * _first_found(beyond, room), control)


# ------------------------------------------------------------------------------------------------------------ means


def contrast_of_means(
    difference: float, variance: float, *, variant_variance: float | None = None, kappa: float = 1.0
) -> Contrast:
    """Describe two means that differ, per unit of variance ``variance`` (both arms, unless the variant's is given).

    For a ratio of sums it is the variance of its linearised values,
    :func:`pm_analytics.stats.ratios.linearised` (Deng, Knoblich & Lu 2018).
    """
    theirs = variance if variant_variance is None else variant_variance
    if not (variance >= 0 and theirs >= 0):
        raise ParameterError(f"variance={variance!r}, variant_variance={theirs!r}: a variance is not negative.")
    spread = math.sqrt(variance + theirs / kappa)
    return Contrast(abs(difference), spread, spread)


def size_for_means(
    difference: float, variance: float, *, variant_variance: float | None = None, **options: Unpack[Options]
) -> float:
    """Give the control's units that tell two means apart: ``(z_alpha + z_power)^2 variance (1 + 1/kappa) / d^2``.

    Infinite for no difference. :func:`pm_analytics.stats.power_t.size_for_means_t` is exact for small numbers.

    Examples
    --------
    >>> round(size_for_means(0.5, 1.0), 2)
    62.79
    """
    kappa = Design(**options).kappa
    return units_needed(
        contrast_of_means(difference, variance, variant_variance=variant_variance, kappa=kappa), **options
    )


def power_for_means(
    difference: float, variance: float, n: float, *, variant_variance: float | None = None, **options: Unpack[Options]
) -> float:
    """Give the chance that two means are told apart with ``n`` units in the control; NaN without units or variance."""
    kappa = Design(**options).kappa
    contrast = contrast_of_means(difference, variance, variant_variance=variant_variance, kappa=kappa)
    return power_of(contrast, n, **options)


def detectable_difference(
    variance: float,
    n: float,
    *,
    baseline: float = math.nan,
    variant_variance: float | None = None,
    **options: Unpack[Options],
) -> Detectable:
    """Give the smallest difference of two means that ``n`` units in the control find.

    Parameters
    ----------
    variance : float
        Per unit; for a ratio of sums, of its linearised values.
    baseline : float
        The control's value, for the relative change. Tests are on the absolute scale, so the relative change that is
        found is the difference over the baseline, and exists for any number of units.

    Examples
    --------
    >>> found = detectable_difference(900.0, 409_600, baseline=3.75)
    >>> round(found.difference, 3), round(found.lift, 4)
    (0.186, 0.0495)
    """
    design = Design(**options)
    contrast = contrast_of_means(1.0, variance, variant_variance=variant_variance, kappa=design.kappa)
    if not n > 0:
        return Detectable(math.nan, math.nan, NO_UNITS)
    if contrast.deviation == 0:
        return Detectable(math.nan, math.nan, NO_SPREAD)
    reach = (design.z_alpha + design.z_power) * contrast.deviation * math.sqrt(design.inflation / n)
    return _detectable(reach, baseline)


def rule_of_thumb(variance: float, difference: float) -> float:
    """Give ``16 variance / difference^2`` units per arm: 80 % power at 5 %, to remember (Kohavi et al. 2009).

    Examples
    --------
    Revenue of $3.75 a user with a standard deviation of $30, and a change of 5 %:

    >>> rule_of_thumb(900.0, 0.1875)
    409600.0
    """
    return math.inf if difference == 0 else 16 * variance / difference**2


# ----------------------------------------------------------------------------------------------------------- common


def _first_found(beyond: Callable[[float], float], room: float) -> float:
    """Find the one root: ``beyond`` is below zero near 0, and convex, since spreads are concave in the step."""
    from scipy.optimize import brentq

    return float(brentq(beyond, 1e-12 * room, room, xtol=1e-15, rtol=1e-14, maxiter=500))


def _detectable(difference: float, baseline: float) -> Detectable:
    if baseline > 0:
        return Detectable(difference, difference / baseline)
    return Detectable(difference, math.nan, NO_BASELINE)


def _arcsine(share: float) -> float:
    return 2 * math.asin(math.sqrt(share))


def check_share(share: float, name: str) -> None:
    """Raise ParameterError unless ``share`` lies between 0 and 1; ``name`` is what the message calls it."""
    if not 0 <= share <= 1:
        raise ParameterError(f"{name}={share!r} must lie between 0 and 1; write 0.05 for 5 %.")
