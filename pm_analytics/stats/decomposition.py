"""Did the rate change, or who is there? A total's change, divided to the last cent into rate and mix of segments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from pm_analytics.errors import DataError
from pm_analytics.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """Change of a rate (or mean), by segment.

    Attributes
    ----------
    before, after, change : float
        The overall rate, and after minus before.
    rate : array of shape (segments,)
        Part of the change from each segment's own rate: mean weight times change of rate. 0 for a segment that is new
        or gone.
    mix : array of shape (segments,)
        Part from each segment's weight: change of weight times its mean rate less the mean of both overall rates. For a
        segment that is new or gone, its whole part.
    turnover : array of bool of shape (segments,)
        Segments that are new or gone.
    errors, p_values, adjusted : array of shape (segments,)
        Standard error of each rate part (binomial, unless variances were given), its p-value, and that after Benjamini
        and Hochberg; NaN for segments that are new or gone.
    """

    before: float
    after: float
    change: float
    rate: NDArray[np.float64]
    mix: NDArray[np.float64]
    turnover: NDArray[np.bool_]
    errors: NDArray[np.float64]
    p_values: NDArray[np.float64]
    adjusted: NDArray[np.float64]


def decompose(
    tops_before: ArrayLike,
    bottoms_before: ArrayLike,
    tops_after: ArrayLike,
    bottoms_after: ArrayLike,
    *,
    variances_before: ArrayLike | None = None,
    variances_after: ArrayLike | None = None,
) -> Decomposition:
    """Divide the change of an overall rate into rate and mix, symmetrically (Kitagawa 1955).

    Parameters
    ----------
    tops_before, bottoms_before, tops_after, bottoms_after : array of shape (segments,)
        What is counted, and what it is counted of. A segment without a base before is new, one without after is gone.
    variances_before, variances_after : array of shape (segments,), optional
        Variance per unit of a mean; ``rate * (1 - rate)`` when not given.

    Returns
    -------
    Decomposition
        With ``w`` a segment's share of the base, ``r`` its rate and ``R`` the overall one, bars the mean of before and
        after: ``change = sum(w_bar * dr) + sum(dw * (r_bar - R_bar))``, without a rest.

    Raises
    ------
    DataError
        Arrays of different length, a negative base, or no base at all on a side.

    Examples
    --------
    >>> found = decompose([50, 10], [500, 500], [33, 15.4], [300, 700])
    >>> [round(float(part), 4) for part in (found.change, found.rate.sum(), found.mix.sum())]
    [-0.0116, 0.0052, -0.0168]
    """
    a, m, b, n = (np.asarray(part, dtype=float) for part in (tops_before, bottoms_before, tops_after, bottoms_after))
    if not len(a) == len(m) == len(b) == len(n) or (m < 0).any() or (n < 0).any():
        raise DataError("Each segment needs a count and a base, not below zero, before and after.")
    if m.sum() <= 0 or n.sum() <= 0:
        raise DataError("Nobody was there before or after, so there is no rate to compare.")
    turnover = (m == 0) | (n == 0)
    old, new = float(a.sum() / m.sum()), float(b.sum() / n.sum())
    middle = (old + new) / 2
    shares = m / m.sum(), n / n.sum()
    rates = _rates(a, m), _rates(b, n)
    # A segment that is new or gone has one rate only: all it does is done by its weight.
    rates = np.where(m == 0, rates[1], rates[0]), np.where(n == 0, rates[0], rates[1])
    rate = (shares[0] + shares[1]) / 2 * (rates[1] - rates[0])
    mix = (shares[1] - shares[0]) * ((rates[0] + rates[1]) / 2 - middle)
    errors = _errors(rates, (m, n), shares, (variances_before, variances_after), turnover)
    p_values = 2 * stats.norm.sf(np.divide(np.abs(rate), errors, out=np.full(len(a), np.nan), where=errors > 0))
    adjusted = np.full(len(a), math.nan)
    tested = np.isfinite(p_values)
    adjusted[tested] = benjamini_hochberg(list(p_values[tested]))
    return Decomposition(old, new, new - old, rate, mix, turnover, errors, p_values, adjusted)


def _rates(tops: NDArray[np.float64], bottoms: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(tops, bottoms, out=np.zeros(len(tops)), where=bottoms > 0)


def _errors(
    rates: tuple[NDArray[np.float64], NDArray[np.float64]],
    bases: tuple[NDArray[np.float64], NDArray[np.float64]],
    shares: tuple[NDArray[np.float64], NDArray[np.float64]],
    given: tuple[ArrayLike | None, ArrayLike | None],
    turnover: NDArray[np.bool_],
) -> NDArray[np.float64]:
    parts = []
    for rate, base, variance in zip(rates, bases, given, strict=True):
        spread = rate * (1 - rate) if variance is None else np.asarray(variance, dtype=float)
        parts.append(np.divide(np.maximum(spread, 0), base, out=np.zeros(len(base)), where=base > 0))
    found = (shares[0] + shares[1]) / 2 * np.sqrt(parts[0] + parts[1])
    return np.where(turnover, math.nan, found)


@dataclass(frozen=True, slots=True)
class Volume:
    """Change of a total, divided: more or fewer, their mix, and their rates. The three add up to the change."""

    change: float
    volume: float
    mix: float
    rate: float


def decompose_volume(
    tops_before: ArrayLike, bottoms_before: ArrayLike, tops_after: ArrayLike, bottoms_after: ArrayLike
) -> Volume:
    """Divide the change of a total (revenue, exports) into how many there are, who they are, and what each does."""
    found = decompose(tops_before, bottoms_before, tops_after, bottoms_after)
    old, new = float(np.sum(bottoms_before)), float(np.sum(bottoms_after))
    middle, base = (found.before + found.after) / 2, (old + new) / 2
    return Volume(
        change=float(np.sum(tops_after) - np.sum(tops_before)),
        volume=(new - old) * middle,
        mix=base * float(found.mix.sum()),
        rate=base * float(found.rate.sum()),
    )
