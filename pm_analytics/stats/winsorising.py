"""Capping values that are few and huge: at one height for all arms, never one per arm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def cap_at(values: ArrayLike, share: float, *, nonzero: bool = True) -> float:
    """Give the quantile of all values, or of the non-zero ones, of all arms together; NaN when there are none.

    Examples
    --------
    >>> cap_at([0, 0, 1, 2, 3], 0.5)
    2.0
    """
    rows = np.asarray(values, dtype=np.float64)
    rows = rows[rows != 0] if nonzero else rows
    return float(np.quantile(rows, share)) if len(rows) else math.nan


def capped(values: ArrayLike, *, upper: float = math.inf, lower: float = -math.inf) -> NDArray[np.float64]:
    """Cut values at two heights; one that is NaN or infinite cuts nothing."""
    top, bottom = (math.inf if math.isnan(upper) else upper), (-math.inf if math.isnan(lower) else lower)
    found: NDArray[np.float64] = np.clip(np.asarray(values, dtype=np.float64), bottom, top)
    return found
