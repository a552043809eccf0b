"""Paths of units with the launch and units without, around it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from pm_analytics.analyses.impact.estimates import path_of
from pm_analytics.names import (
    CUMULATIVE,
    CUMULATIVE_CI_LOWER,
    CUMULATIVE_CI_UPPER,
    EXPECTED_CI_LOWER,
    EXPECTED_CI_UPPER,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.analyses.impact.panel import Panel


def means_of(panel: Panel, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the means of the units with and without the launch, up to the end of the window."""
    treated, cut = panel.treated, window.timeline.count
    known = np.isfinite(panel.cells[:cut])
    sums = np.where(known, panel.cells[:cut], 0.0)
    ours, theirs = (
        np.divide(
            sums[:, m].sum(axis=1), known[:, m].sum(axis=1), out=np.full(cut, np.nan), where=known[:, m].any(axis=1)
        )
        if m.any()
        else np.full(cut, np.nan)
        for m in (treated, ~treated)
    )
    return ours, theirs


def path_around(
    window: Window,
    actual: NDArray[np.float64],
    expected: NDArray[np.float64],
    half: NDArray[np.float64],
    mean_half: float,
) -> pd.DataFrame:
    """Lay out a path with a band per period and, added up, one that grows with the number of periods."""
    before, count = window.before, window.timeline.count
    counted = np.where(window.left_out[before:], 0.0, 1.0)
    gap = np.where(np.isfinite(actual - expected), actual - expected, 0.0)[before:] * counted
    cumulative, width = np.cumsum(gap), np.cumsum(counted) * mean_half
    empty = [math.nan] * before
    after = np.arange(count) >= before
    return path_of(
        window.timeline.starts(),
        window.phases(),
        list(actual),
        list(expected),
        **{
            EXPECTED_CI_LOWER: list(np.where(after, expected - half, np.nan)),
            EXPECTED_CI_UPPER: list(np.where(after, expected + half, np.nan)),
            CUMULATIVE: [*empty, *cumulative],
            CUMULATIVE_CI_LOWER: [*empty, *(cumulative - width)],
            CUMULATIVE_CI_UPPER: [*empty, *(cumulative + width)],
        },
    )


def counted_after(window: Window) -> int:
    """Count the periods after the launch that count."""
    return int((~window.left_out[window.before :]).sum())


def smallest(error: float, freedom: float, confidence: float) -> float:
    """Give the change that would be found with power 0.8."""
    if not error > 0 or not freedom > 0:
        return math.nan
    spread = stats.norm if math.isinf(freedom) else stats.t(freedom)
    return float((spread.ppf(0.5 + confidence / 2) + spread.ppf(0.8)) * error)
