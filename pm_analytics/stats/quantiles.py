"""The difference of two quantiles, when the values of a unit are alike: from order statistics and sums over units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.effects import Arm
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.proportions import normal_quantile
from pm_analytics.stats.ratios import linearised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

_AROUND = 0.95
"""The order statistics around a quantile from which its error is read lie at this confidence."""


def bounds_of(share: float, n: int) -> tuple[float, float]:
    """Give the shares whose quantiles bound a quantile of n values: ``share -/+ z sqrt(share (1 - share) / n)``.

    Raises
    ------
    ParameterError
        ``share`` does not lie between 0 and 1.
    """
    if not 0 < share < 1:
        raise ParameterError(f"A quantile lies between 0 and 1; got {share!r}. Write 0.9 for the ninetieth percentile.")
    half = normal_quantile(_AROUND) * math.sqrt(share * (1 - share) / n) if n else math.inf
    return max(0.0, share - half), min(1.0, share + half)


def fewest_values(share: float) -> int:
    """Give how many values a quantile needs, so that its bounds lie inside the data: 381 for the 99th percentile.

    ``n > z^2 share / (1 - share)``, and the same from the other end.
    """
    odds = max(share / (1 - share), (1 - share) / share)
    return math.floor(normal_quantile(_AROUND) ** 2 * odds) + 1


def too_few(share: float) -> str:
    """Say why a quantile cannot be compared yet."""
    return f"the {share:g} quantile needs at least {fewest_values(share):,} values in each arm"


@dataclass(frozen=True, slots=True)
class QuantileArm:
    """A quantile of one arm.

    Attributes
    ----------
    n : int
        Values (events).
    value, lower, upper : float
        The quantile, and those of :func:`bounds_of`.
    spread : float
        How many times as large the variance is as if all values were independent (the design effect of units).
    """

    n: int
    value: float
    lower: float
    upper: float
    spread: float = 1.0

    @property
    def arm(self) -> Arm:
        """Describe it as a mean: ``variance / n`` is the variance of the quantile, times (n - 1) / n as of a sample."""
        error = (self.upper - self.lower) / (2 * normal_quantile(_AROUND))
        return Arm(self.n, self.value, error**2 * self.spread * (self.n - 1))


def quantile_arm(values: ArrayLike, share: float, units: Sequence[object] | None = None) -> QuantileArm:
    """Take a quantile, its bounds and its spread over units from values in memory (Deng, Knoblich & Lu 2018, 4.2).

    Parameters
    ----------
    values : array of shape (n,)
        One per event.
    share : float
        Which quantile.
    units : sequence of length n, optional
        The unit of each value; without it the values are taken as independent.
    """
    rows = np.asarray(values, dtype=np.float64)
    if len(rows) == 0:
        return QuantileArm(0, math.nan, math.nan, math.nan)
    lower, upper = bounds_of(share, len(rows))
    value, low, high = (float(q) for q in np.quantile(rows, [share, lower, upper]))
    if units is None:
        return QuantileArm(len(rows), value, low, high)
    _, place = np.unique(np.asarray(units), return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    below = np.bincount(place, weights=(rows <= value).astype(np.float64))
    moments = Moments.of_values(np.column_stack([below, counts]))
    return QuantileArm(len(rows), value, low, high, spread_over_units(moments, share))


def spread_over_units(below: Moments, share: float) -> float:
    """Give the design effect of a quantile: the variance of the share at or below it over units, against independence.

    ``below`` has, per unit, the columns (values at or below the quantile, values).
    """
    arm = linearised(below)
    values = below.n * float(below.means[1])
    independent = share * (1 - share) / values
    return arm.variance / arm.n / independent if below.n > 1 and independent > 0 else math.nan
