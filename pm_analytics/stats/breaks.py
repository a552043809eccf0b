"""When did a series change its level? The one step that explains most of what a forecast leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SHORTEST = 5
"""Known periods on either side of a step, below which it is a spike and no level."""


@dataclass(frozen=True, slots=True)
class Break:
    """The step of a level that explains most.

    Attributes
    ----------
    place : int
        First period of the new level.
    earliest, latest : int
        Places that explain nearly as much: those whose sum of squares is within ``2 * log(20)`` residual variances of
        the best (a likelihood ratio of 20, for independent errors).
    step : float
        New level minus old level.
    explained : float
        Share of the squared residuals that the step explains, 0 to 1.
    """

    place: int
    earliest: int
    latest: int
    step: float
    explained: float


def strongest_break(residuals: ArrayLike, *, first: int = 0, last: int | None = None) -> Break | None:
    """Find the place at which one step explains most of what is left of a series.

    Parameters
    ----------
    residuals : array of shape (n,)
        What is left after trend, weekday and the like; NaN where unknown.
    first, last : int
        Places tried: ``[first, last)``.

    Returns
    -------
    Break or None
        None when nothing varies, or no place has five known periods on both sides. Least squares over one change of the
        mean (Hinkley 1970).

    Raises
    ------
    DataError
        Fewer than ten known periods.

    Examples
    --------
    >>> strongest_break([0, 1, 0, 1, 0, 1, 8, 9, 8, 9, 8, 9]).place
    6
    """
    left = np.asarray(residuals, dtype=float)
    known = np.isfinite(left)
    if known.sum() < 2 * SHORTEST:
        raise DataError(f"A change of level needs at least {2 * SHORTEST} known periods; there are {int(known.sum())}.")
    filled = np.where(known, left, 0.0)
    count, total = np.cumsum(known), np.cumsum(filled)
    whole = float(np.sum(filled**2) - total[-1] ** 2 / count[-1])
    places = [
        place
        for place in range(max(1, first), min(len(left), last if last is not None else len(left)))
        if count[place - 1] >= SHORTEST and count[-1] - count[place - 1] >= SHORTEST
    ]
    if not places or whole <= 0:
        return None
    steps = np.array([_step(place, count, total) for place in places])
    explained = np.array([_gain(place, count, total) for place in places])
    best = int(np.argmax(explained))
    spread = (whole - explained[best]) / max(1, int(count[-1]) - 2)
    near = [place for place, gain in zip(places, explained, strict=True) if explained[best] - gain <= _slack(spread)]
    share = float(explained[best] / whole)
    return Break(places[best], min(near), max(near), float(steps[best]), share)


def _slack(spread: float) -> float:
    return 2 * math.log(20) * spread


def _step(place: int, count: ArrayLike, total: ArrayLike) -> float:
    counts, sums = np.asarray(count), np.asarray(total)
    before = sums[place - 1] / counts[place - 1]
    return float((sums[-1] - sums[place - 1]) / (counts[-1] - counts[place - 1]) - before)


def _gain(place: int, count: ArrayLike, total: ArrayLike) -> float:
    counts = np.asarray(count)
    first, second = counts[place - 1], counts[-1] - counts[place - 1]
    return float(_step(place, count, total) ** 2 * first * second / (first + second))
