"""The user's own units assigned by chance, again and again: how often something is found where nothing can be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import Interval, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

MOST_BUCKETS = 4_000
"""More units than this are first put together at random into so many buckets, and whole buckets are assigned.

The spread over random buckets is that of the units in them, so the tests lose only a few degrees of freedom.
"""
_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Reassigned:
    """What came of assigning by chance.

    Attributes
    ----------
    false_positive_rate : float
        Share of assignments in which something was found at the level; ``interval`` is Wilson's.
    uniformity : float
        p-value of the Kolmogorov-Smirnov test that p-values spread evenly, as they must.
    spread : float
        Standard deviation of the difference over assignments; times 2.8 it is what would be found with 80 % power.
    error : float
        Median standard error that the formula gives; it should be about ``spread``.
    repetitions : int
        Assignments.
    """

    false_positive_rate: float
    interval: Interval
    uniformity: float
    spread: float
    error: float
    repetitions: int


def reassign(
    top: ArrayLike,
    bottom: ArrayLike | None = None,
    *,
    share: float = 0.5,
    repetitions: int = 1_000,
    alpha: float = 0.05,
    seed: int = 1,
) -> Reassigned:
    """Assign units to two arms by chance, compare them as an experiment would, and see how often something is found.

    Parameters
    ----------
    top : array of shape (n,)
        Value of each unit; a covariate is taken out before (:func:`residuals`).
    bottom : array of shape (n,), optional
        For a ratio, what is below the line; 1 per unit when not given, which makes it a mean.
    share : float
        Part of the units that goes to the variant.

    Raises
    ------
    ParameterError
        Fewer than four units, or a share that leaves an arm with fewer than two.
    """
    from scipy.stats import kstest

    rng = np.random.default_rng(seed)
    columns = np.column_stack([top, np.ones(len(np.asarray(top))) if bottom is None else bottom]).astype(np.float64)
    if len(columns) < 4 or not 2 <= round(share * len(columns)) <= len(columns) - 2:
        raise ParameterError(
            f"{len(columns)} units are too few to be assigned again and again; at least four are needed."
        )
    buckets = _buckets(columns, rng)
    found = zip(*_assignments(buckets, share, repetitions, rng), strict=True)
    difference, error = (np.concatenate(parts) for parts in found)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(difference) / error
    p_values = np.where(error > 0, _p_of(z, len(buckets)), 1.0)
    hits = int((p_values < alpha).sum())
    return Reassigned(
        false_positive_rate=hits / repetitions,
        interval=wilson(hits, repetitions),
        uniformity=float(kstest(p_values, "uniform").pvalue) if (error > 0).any() else math.nan,
        spread=float(difference.std(ddof=1)),
        error=float(np.median(error)),
        repetitions=repetitions,
    )


def residuals(values: ArrayLike, covariates: ArrayLike) -> NDArray[np.float64]:
    """Take covariates out of values, once for all assignments: what a least-squares line leaves, around the mean."""
    y, x = (
        np.asarray(values, dtype=np.float64),
        np.asarray(covariates, dtype=np.float64).reshape(len(np.asarray(values)), -1),
    )
    centred = x - x.mean(axis=0)
    theta, *_ = np.linalg.lstsq(centred, y - y.mean(), rcond=None)
    left: NDArray[np.float64] = y - centred @ theta
    return left


def _p_of(z: NDArray[np.float64], units: int) -> NDArray[np.float64]:
    from scipy.special import stdtr

    found: NDArray[np.float64] = 2 * stdtr(max(1, units - 2), -z)
    return found


def _buckets(columns: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Put units together at random, in buckets of one size, so that what is assigned is few."""
    n = len(columns)
    if n <= MOST_BUCKETS:
        return columns
    place = rng.permutation(n) % MOST_BUCKETS
    return np.column_stack([np.bincount(place, weights=column, minlength=MOST_BUCKETS) for column in columns.T])


def _assignments(
    buckets: NDArray[np.float64], share: float, repetitions: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Give differences and standard errors of many assignments at a time, as matrix products."""
    n = len(buckets)
    treated = round(share * n)
    top, bottom = buckets.T
    squares = np.column_stack([top, bottom, top * top, top * bottom, bottom * bottom])
    whole = squares.sum(axis=0)
    for start in range(0, repetitions, _AT_ONCE):
        times = min(_AT_ONCE, repetitions - start)
        chosen = np.argpartition(rng.random((times, n)), treated, axis=1)[:, :treated]
        mark = np.zeros((times, n))
        np.put_along_axis(mark, chosen, 1.0, axis=1)
        mine = mark @ squares
        arms = _arm(mine, treated), _arm(whole - mine, n - treated)
        yield arms[0][0] - arms[1][0], np.sqrt(arms[0][1] + arms[1][1])


def _arm(sums: NDArray[np.float64], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the ratio of each assignment's arm, and its variance by linearisation."""
    t, b, tt, tb, bb = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = t / b
        left = np.maximum(0.0, tt - 2 * ratio * tb + ratio**2 * bb)
        return ratio, left / (n - 1) / (b / n) ** 2 / n
