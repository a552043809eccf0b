"""Other methods for one series, as a second opinion: they believe their own model, so intervals are often narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.interrupted import Window

    Judge = Callable[
        [NDArray[np.float64], Mapping[str, NDArray[np.float64]], Window, float], tuple[float, float, float, str]
    ]

COMPANIONS: dict[str, Judge] = {}
"""Name -> a method that gives difference, lower end, upper end, and why it cannot (empty when it can)."""
