"""Size, power and detectable difference of two means by the t distribution: exact for normal values and few units.

The test is Student's, with the variance pooled; for more than some hundred units per arm the normal formulas of
:mod:`~pm_analytics.stats.power` say the same. ``options`` are those of :class:`~pm_analytics.stats.designs.Design`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError
from pm_analytics.stats.designs import Design, Options
from pm_analytics.stats.power import power_for_means, size_for_means

if TYPE_CHECKING:
    from typing import Unpack

LARGEST_FREEDOM = 1e5
"""Beyond it the two distributions differ by less than rounding, and the noncentral one is slow."""


def power_for_means_t(effect: float, n: float, **options: Unpack[Options]) -> float:
    """Give the chance to find a difference of ``effect`` standard deviations with ``n`` units in the control.

    NaN with so few units that no degree of freedom is left.

    Examples
    --------
    The example of R's ``power.t.test(n = 20, delta = 1, sd = 1)``.

    >>> round(power_for_means_t(1.0, 20), 4)
    0.869
    """
    from scipy.special import stdtrit
    from scipy.stats import nct

    design = Design(**options)
    freedom = n * (1 + design.kappa) - 2
    if not freedom > 0:
        return math.nan
    if freedom > LARGEST_FREEDOM:
        return power_for_means(effect, 1.0, n, **options)
    limit = design.critical if design.critical is not None else -float(stdtrit(freedom, design.level))
    shift = abs(effect) / math.sqrt(design.inflation * (1 + 1 / design.kappa) / n)
    return float(nct.sf(limit, freedom, shift))


def size_for_means_t(effect: float, **options: Unpack[Options]) -> float:
    """Give the control's units for a difference of ``effect`` standard deviations; infinite for none.

    At least two units in each arm.

    Examples
    --------
    >>> round(size_for_means_t(0.5), 3)
    63.766
    """
    from scipy.optimize import brentq

    design, rough = Design(**options), size_for_means(effect, 1.0, **options)
    if math.isinf(rough) or rough * (1 + design.kappa) > LARGEST_FREEDOM:
        return rough
    low = 2 / min(1.0, design.kappa)
    high = 2 * rough + 10 * low
    while power_for_means_t(effect, high, **options) < design.power:
        high *= 2
    if power_for_means_t(effect, low, **options) >= design.power:
        return low
    return float(
        brentq(lambda n: power_for_means_t(effect, n, **options) - design.power, low, high, xtol=1e-11, rtol=1e-13)
    )


def detectable_effect_t(n: float, **options: Unpack[Options]) -> float:
    """Give the smallest difference, in standard deviations, that ``n`` units in the control find.

    Raises
    ------
    ParameterError
        Fewer than two units in an arm.
    """
    from scipy.optimize import brentq

    design = Design(**options)
    if not min(n, n * design.kappa) >= 2:
        raise ParameterError(f"n={n!r} leaves an arm with fewer than two units, whose spread is unknown.")
    high = 1.0
    while power_for_means_t(high, n, **options) < design.power:
        high *= 2
    return float(
        brentq(lambda effect: power_for_means_t(effect, n, **options) - design.power, 0.0, high, xtol=1e-14, rtol=1e-13)
    )
