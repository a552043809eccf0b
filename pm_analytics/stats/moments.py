"""What the maths needs of one arm: how many units, the means of their columns, and how the columns vary together.

Everything that is compared, a mean, a ratio, a metric adjusted for its past, is a linear combination of columns. Its
mean and its variance follow from these moments alone, so that no row ever has to leave the query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.stats.effects import Arm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Units, means and sample covariances of the columns of one arm.

    Attributes
    ----------
    n : int
        Units.
    means : array of shape (k,)
        Mean of each column; NaN without units.
    covariances : array of shape (k, k)
        Sample covariances (divided by n - 1); NaN below two units.
    """

    n: int
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]

    @classmethod
    def of_values(cls, values: ArrayLike) -> Moments:
        """Take the moments of rows in memory: shape (n,) for one column, (n, k) for several. Two passes, so exact."""
        rows = np.asarray(values, dtype=np.float64)
        rows = rows[:, None] if rows.ndim == 1 else rows
        n, columns = rows.shape
        if n == 0:
            return cls(0, np.full(columns, np.nan), np.full((columns, columns), np.nan))
        means = rows.mean(axis=0)
        centred = rows - means
        spread = centred.T @ centred / (n - 1) if n > 1 else np.full((columns, columns), np.nan)
        return cls(n, means, spread)

    @classmethod
    def of_sums(
        cls,
        n: int,
        sums: Sequence[float] | NDArray[np.float64],
        products: ArrayLike,
        shifts: Sequence[float] | None = None,
    ) -> Moments:
        """Take the moments from sums of ``x - shift`` and of their products.

        Parameters
        ----------
        n : int
            Units.
        sums : array of shape (k,)
            Sum of ``x_i - shift_i`` per column.
        products : array of shape (k, k)
            Sum of ``(x_i - shift_i) * (x_j - shift_j)``.
        shifts : array of shape (k,), optional
            What was subtracted before summing, anything near the means; 0 when not given. Without a shift, the variance
            of a column whose mean is large against its spread drowns in rounding.
        """
        sums_, products_ = np.asarray(sums, dtype=np.float64), np.asarray(products, dtype=np.float64)
        columns = len(sums_)
        if n == 0:
            return cls(0, np.full(columns, np.nan), np.full((columns, columns), np.nan))
        away = sums_ / n
        covariances = np.full((columns, columns), np.nan)
        if n > 1:
            # An infinite value makes the spread undefined, which whoever reads it must say.
            with np.errstate(invalid="ignore"):
                covariances = (products_ - n * np.outer(away, away)) / (n - 1)
        # What rounding leaves of equal values is no spread, and never a negative one.
        noise = 1e-12 * np.maximum(np.abs(np.diag(products_)) / n, 1e-300)
        flat = np.diag(covariances) <= noise
        covariances[flat, :] = covariances[:, flat] = 0.0 if n > 1 else np.nan
        moved = np.asarray(shifts if shifts is not None else np.zeros(columns), dtype=np.float64)
        means = away + moved
        # What rounding leaves of a mean of zero is zero: nothing must be divided by it.
        means[np.abs(means) < 1e-12 * np.abs(moved)] = 0.0
        return cls(n, means, covariances)

    def merged(self, *others: Moments) -> Moments:
        """Put several groups of units together (Chan, Golub & LeVeque 1983): nothing is lost to rounding."""
        whole = self
        for other in others:
            whole = _merge(whole, other)
        return whole

    def columns(self, places: Sequence[int]) -> Moments:
        """Keep some of the columns, in the given order."""
        chosen = list(places)
        return Moments(self.n, self.means[chosen], self.covariances[np.ix_(chosen, chosen)])

    def transformed(self, matrix: ArrayLike, constants: ArrayLike | None = None) -> Moments:
        """Give the moments of linear combinations of the columns: ``matrix`` has one row for each of them."""
        loads = np.asarray(matrix, dtype=np.float64)
        shift = 0.0 if constants is None else np.asarray(constants, dtype=np.float64)
        return Moments(self.n, loads @ self.means + shift, loads @ self.covariances @ loads.T)

    def arm(self, weights: Sequence[float] | NDArray[np.float64], constant: float = 0.0) -> Arm:
        """Give mean and variance of ``constant + sum of weight_i * column_i`` per unit."""
        loads = np.asarray(weights, dtype=np.float64)
        variance = float(loads @ self.covariances @ loads)
        return Arm(self.n, constant + float(loads @ self.means), max(0.0, variance) if self.n > 1 else float("nan"))


def _merge(one: Moments, two: Moments) -> Moments:
    if one.n == 0 or two.n == 0:
        return one if two.n == 0 else two
    n = one.n + two.n
    apart = two.means - one.means
    within = sum((part.n - 1) * part.covariances for part in (one, two) if part.n > 1)
    between = np.outer(apart, apart) * (one.n * two.n / n)
    return Moments(n, one.means + apart * (two.n / n), (within + between) / (n - 1))
