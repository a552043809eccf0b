"""How many units a change needs, how small a change so many units find, and how surely: one formula for all kinds.

A test says "there is something" when a difference is more than ``quantile`` standard errors away from nothing. The
standard error that the test uses (of no change) and the one that holds (of the change) may differ: a pooled test of two
shares has another one under its null hypothesis. With ``N`` units of all variants together, the difference ``d`` has the
standard errors ``null / sqrt(N)`` and ``deviation / sqrt(N)``, and is found with the chance

    Phi((d sqrt(N) - quantile * null) / deviation),    so that    N = ((quantile * null + z * deviation) / d) ** 2,

where ``z`` is the normal quantile of the power. The other direction's tail is left out, as R's ``power.prop.test`` does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST = 100.0
"""A relative change is looked for up to here: a hundredfold."""


@dataclass(frozen=True, slots=True)
class Design:
    """How units are divided, and how sure one wants to be.

    Attributes
    ----------
    control, variant : float
        Shares of all units that go into the control, and into the variant compared with it; the rest is elsewhere.
    quantile : float
        How many standard errors away from nothing counts as a finding: 1.96 for a two-sided level of 5 %.
    power : float
        Chance to find a change that is there.
    inflation : float
        How many times as many units planned looks need, against reading once.
    """

    control: float
    variant: float
    quantile: float
    power: float = 0.8
    inflation: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no division, or no chance."""
        if not (0 < self.control < 1 and 0 < self.variant < 1 and self.control + self.variant <= 1 + 1e-9):
            raise ParameterError(
                f"control={self.control!r} and variant={self.variant!r} must be shares of all units, together at most 1."
            )
        if not 0 < self.power < 1:
            raise ParameterError(f"power={self.power!r} must lie between 0 and 1; write 0.8 for 80 %.")


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference that is there, and what its standard error is made of.

    Attributes
    ----------
    difference : float
        Its size.
    null : float
        The standard error that the test uses, times the root of all units.
    deviation : float
        The standard error that holds, times the root of all units.
    """

    difference: float
    null: float
    deviation: float


def of_shares(control: float, variant: float, design: Design) -> Contrast:
    """Describe two shares, tested with their pooled standard error (Fleiss, Levin & Paik 2003, eq. 4.14).

    Raises
    ------
    ParameterError
        A share outside 0 to 1.
    """
    if not (0 <= control <= 1 and 0 <= variant <= 1):
        raise ParameterError(f"shares must lie between 0 and 1, not {control!r} and {variant!r}.")
    both = design.control + design.variant
    pooled = (design.control * control + design.variant * variant) / both
    spread = pooled * (1 - pooled) * (1 / design.control + 1 / design.variant)
    own = control * (1 - control) / design.control + variant * (1 - variant) / design.variant
    return Contrast(abs(variant - control), math.sqrt(spread), math.sqrt(own))


def of_means(variance: float, difference: float, design: Design) -> Contrast:
    """Describe two means of the same variance per unit."""
    spread = math.sqrt(variance * (1 / design.control + 1 / design.variant))
    return Contrast(abs(difference), spread, spread)


def of_margin(mean: float, variance: float, margin: float, design: Design, *, harm_is_up: bool) -> Contrast:
    """Describe a guardrail that nothing happens to, tested against the relative harm ``margin`` (non-inferiority).

    The contrast is ``variant - (1 - margin) * control``, or with a plus where more is harm: the control is multiplied,
    so its noise is, too.
    """
    kept = 1 + margin if harm_is_up else 1 - margin
    spread = math.sqrt(variance * (kept**2 / design.control + 1 / design.variant))
    return Contrast(margin * abs(mean), spread, spread)


def units_needed(contrast: Contrast, design: Design) -> float:
    """Give the units of all variants together that find a contrast; infinite when there is none.

    Examples
    --------
    The worked example of R's ``power.prop.test(p1 = .50, p2 = .75, power = .90)``: 76.7 units in each arm.

    >>> half = Design(0.5, 0.5, quantile=1.959964, power=0.9)
    >>> round(units_needed(of_shares(0.50, 0.75, half), half) / 2, 1)
    76.7
    """
    if not contrast.difference > 0:
        return math.inf
    reach = design.quantile * contrast.null + _quantile(design.power) * contrast.deviation
    return design.inflation * (reach / contrast.difference) ** 2 if reach > 0 else 0.0


def power_of(contrast: Contrast, units: float, design: Design) -> float:
    """Give the chance that so many units of all variants together find a contrast; NaN without spread."""
    from scipy.special import ndtr

    if not contrast.deviation > 0 or not units > 0:
        return math.nan
    reach = contrast.difference * math.sqrt(units / design.inflation) - design.quantile * contrast.null
    return float(ndtr(reach / contrast.deviation))


def smallest(contrast_of: Callable[[float], Contrast], units: float, design: Design, *, largest: float = LARGEST) -> float:
    """Give the smallest relative change that so many units find with the design's power.

    ``contrast_of`` gives the contrast of a relative change. NaN when even ``largest`` is not found.
    """
    from scipy.optimize import brentq

    def beyond(change: float) -> float:
        return power_of(contrast_of(change), units, design) - design.power

    low = 1e-9
    if not units > 0 or math.isnan(beyond(low)) or beyond(low) > 0 or not beyond(largest) > 0:
        return math.nan
    return float(brentq(beyond, low, largest, xtol=1e-10))


def _quantile(power: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(power))


def finding_reach(confidence: float, power: float) -> float:
    """Give how many standard errors large a difference must be to be found with a power: 2.80 for 95 % and 80 %."""
    return normal_quantile(confidence) + _quantile(power)
