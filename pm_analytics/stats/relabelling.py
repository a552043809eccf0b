"""Assignments drawn anew on the same data: what the same analysis would say if nothing but chance divided the units.

With no change anywhere, p-values are uniform and a level of 5 % finds something in 5 % of the draws. What the data of a
product does to that, many zeros, a few huge values, units that are alike, shows here and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.stats.moments import Moments
from pm_analytics.stats.proportions import Interval, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

CELLS = 20_000_000
"""Draws times rows that are held at a time: 160 MB."""
CONFIDENCE = 0.99
"""Of the interval of a false-positive rate, and of the test of uniform p-values: with many metrics, some would else look
odd by chance."""


def relabelled(
    units: Numbers, sums: Numbers, products: Numbers, centre: Numbers, *, share: float, draws: int, seed: int
) -> Iterator[tuple[Moments, Moments]]:
    """Draw assignments anew, each row by itself, and give the moments of both arms (variant, control).

    Parameters
    ----------
    units : array of shape (rows,)
        Units in each row: 1, or those of a group that chance decides on as a whole.
    sums : array of shape (rows, k)
        Sums of the columns, ``centre`` taken away.
    products : array of shape (rows, k, k)
        Sums of products of the same.
    centre : array of shape (k,)
        What was taken away.
    share : float
        Chance of a row to fall into the variant.
    draws : int
        How many assignments.
    seed : int
        The same one gives the same assignments.
    """
    rows, columns = sums.shape
    flat = np.column_stack([units, sums, products.reshape(rows, columns * columns)])
    whole = flat.sum(axis=0)
    rng = np.random.default_rng(seed)
    at_a_time = max(1, min(draws, CELLS // max(1, rows)))
    for begun in range(0, draws, at_a_time):
        several = min(at_a_time, draws - begun)
        chosen = rng.random((several, rows), dtype=np.float32) < share
        for variant in chosen.astype(np.float64) @ flat:
            yield _moments(variant, centre), _moments(whole - variant, centre)


def _moments(row: Numbers, centre: Numbers) -> Moments:
    columns = len(centre)
    return Moments.of_sums(
        round(row[0]), row[1 : columns + 1], row[columns + 1 :].reshape(columns, columns), list(centre)
    )


@dataclass(frozen=True, slots=True)
class Chance:
    """What a test says when there is nothing to find.

    Attributes
    ----------
    draws : int
        Assignments in which the test could be made.
    found : int
        Those in which it found something.
    rate : float
        The share of them; NaN without any.
    interval : Interval
        Wilson's, at 99 %.
    uniform_p_value : float
        That p-values are uniform (Kolmogorov & Smirnov); NaN without any.
    """

    draws: int
    found: int
    rate: float
    interval: Interval
    uniform_p_value: float


def chance_of(p_values: ArrayLike, *, alpha: float) -> Chance:
    """Sum up the p-values of many draws; undefined ones are no draws.

    Examples
    --------
    >>> found = chance_of([0.01, 0.2, 0.5, 0.9, math.nan], alpha=0.05)
    >>> found.draws, found.found, found.rate
    (4, 1, 0.25)
    """
    from scipy.stats import kstest

    p = np.asarray(p_values, dtype=np.float64)
    p = p[~np.isnan(p)]
    found = int((p <= alpha).sum())
    uniform = float(kstest(p, "uniform").pvalue) if len(p) else math.nan
    rate = found / len(p) if len(p) else math.nan
    return Chance(len(p), found, rate, wilson(found, len(p), confidence=CONFIDENCE), uniform)
