"""Other methods for one series, as a second opinion: they believe their own model, so intervals are often narrow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.analyses.impact.interrupted import terms
from pm_analytics.errors import DataError
from pm_analytics.stats.segmented import Segmented, autoregressive, segmented
from pm_analytics.stats.structural import structural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.interrupted import Window

    Helpers = Mapping[str, NDArray[np.float64]]
    Answer = tuple[float, float, float, str]
    Judge = Callable[[NDArray[np.float64], Helpers, Window, float], Answer]

DRAWS = 500
NOTHING = (math.nan, math.nan, math.nan)


def _segmented(series: NDArray[np.float64], helping: Helpers, window: Window, confidence: float) -> Answer:
    """Regress on a step and a slope, with errors that allow for neighbours within one length."""
    design = terms(window.timeline, helping, window.changes())
    lags = min(window.after, len(series) // 10)
    return _of(segmented(series, design, window.before, lags=lags, slope=window.after > 2, confidence=confidence))


def _autoregressive(series: NDArray[np.float64], helping: Helpers, window: Window, confidence: float) -> Answer:
    """Regress on a step, with errors of which each resembles the one before."""
    return _of(
        autoregressive(series, terms(window.timeline, helping, window.changes()), window.before, confidence=confidence)
    )


def _of(found: Segmented) -> Answer:
    return found.effect, found.ci_lower, found.ci_upper, ""


def _structural(series: NDArray[np.float64], helping: Helpers, window: Window, confidence: float) -> Answer:
    """Let the level wander within a tight prior; where what is left has a memory, its interval is not believed."""
    filled = [np.where(np.isfinite(column), column, np.nanmean(column)) for column in helping.values()]
    season = 7 if window.timeline.step == "day" else None
    found = structural(
        series,
        window.before,
        np.column_stack(filled) if filled else None,
        season=season,
        draws=DRAWS,
        burn=DRAWS // 5,
        confidence=confidence,
    )
    return (*NOTHING, found.reason) if found.reason else (found.effect, found.ci_lower, found.ci_upper, "")


def judge_by(method: str, series: NDArray[np.float64], helping: Helpers, window: Window, confidence: float) -> Answer:
    """Judge by one of :data:`COMPANIONS`: difference, lower end, upper end, and why it cannot (empty when it can)."""
    try:
        return COMPANIONS[method](series, helping, window, confidence)
    except (DataError, np.linalg.LinAlgError) as error:
        return (*NOTHING, str(error).rstrip("."))


COMPANIONS: dict[str, Judge] = {
    "segmented regression": _segmented,
    "regression with autoregressive errors": _autoregressive,
    "structural time series": _structural,
}
