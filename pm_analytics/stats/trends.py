"""Does an effect fade or grow? The slope of its daily values, each weighted by what is known of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import check_confidence, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TOO_FEW_DAYS = "fewer than three days have a defined effect, so no trend can be judged"
ONE_DAY = "all effects are of one day"


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope with its uncertainty.

    Attributes
    ----------
    error, ci_lower, ci_upper, p_value : float
        Of the slope; two-sided, of no slope. NaN when undefined.
    """

    error: float
    ci_lower: float
    ci_upper: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through daily effects.

    Attributes
    ----------
    slope : float
        Change of the effect per day; per e-fold of the day number on the logarithmic scale. NaN when undefined.
    known : Slope
        With the daily errors taken as they are (normal).
    safe : Slope
        With the errors widened to the scatter that is seen around the line, when that is larger (Student's t): read
        this one when days differ by more than chance within the day, weekends, say.
    dispersion : float
        Scatter around the line over what the daily errors let expect: 1 = as expected. NaN when undefined.
    start, end : float
        The line on the first and on the last day.
    days : int
        Days with a defined effect.
    reason : str
        Why something is undefined; empty when all is defined.
    """

    slope: float
    known: Slope
    safe: Slope
    dispersion: float
    start: float
    end: float
    days: int
    reason: str


def trend(
    effects: Sequence[float],
    errors: Sequence[float],
    *,
    days: Sequence[float] | None = None,
    scale: str = "day",
    confidence: float = 0.95,
) -> Trend:
    """Fit a line to daily effects by weighted least squares, the weights being one over the squared errors.

    Parameters
    ----------
    effects, errors : sequence of float
        Variant minus control and its standard error, per day; a day where either is undefined, or the error zero, is
        left out. Days should not share units: with the same people on many days their errors go together, and the
        slope looks surer than it is.
    days : sequence of float, optional
        Day numbers from 1; 1, 2, 3 ... when not given.
    scale : {"day", "log"}
        ``"log"``: a line in the logarithm of the day, for an effect that fades quickly and then settles.
    confidence : float
        Of the intervals.

    Returns
    -------
    Trend
        NaN with a reason below three days.

    Raises
    ------
    ParameterError
        The sequences differ in length, the scale is unknown, or a day is not above 0 on the logarithmic scale.

    Examples
    --------
    >>> found = trend([5.0, 4.0, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0])
    >>> round(found.slope, 6), round(found.known.error, 4), round(found.known.p_value, 4), found.start, found.end
    (-1.0, 0.4472, 0.0253, 5.0, 2.0)
    """
    check_confidence(confidence)
    at, values, spreads = _points(effects, errors, days, scale)
    count = len(values)
    if count < 3 or np.ptp(at) == 0:
        nothing = Slope(math.nan, math.nan, math.nan, math.nan)
        reason = TOO_FEW_DAYS if count < 3 else ONE_DAY
        return Trend(math.nan, nothing, nothing, math.nan, math.nan, math.nan, count, reason)
    weights = 1 / spreads
    middle, level = (float(weights @ each / weights.sum()) for each in (at, values))
    moment = float(weights @ (at - middle) ** 2)
    slope = float(weights @ ((at - middle) * (values - level))) / moment
    residuals = values - level - slope * (at - middle)
    dispersion = float(weights @ residuals**2) / (count - 2)
    error = 1 / math.sqrt(moment)
    return Trend(
        slope=slope,
        known=_slope(slope, error, normal_quantile(confidence), math.inf),
        safe=_slope(slope, error * math.sqrt(max(1.0, dispersion)), _quantile(count - 2, confidence), count - 2),
        dispersion=dispersion,
        start=level + slope * float(at.min() - middle),
        end=level + slope * float(at.max() - middle),
        days=count,
        reason="",
    )


def _points(
    effects: Sequence[float], errors: Sequence[float], days: Sequence[float] | None, scale: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    values, spreads = np.asarray(effects, dtype=np.float64), np.asarray(errors, dtype=np.float64) ** 2
    at = np.arange(1.0, len(values) + 1) if days is None else np.asarray(days, dtype=np.float64)
    if not len(at) == len(values) == len(spreads):
        raise ParameterError(f"{len(values)} effects, {len(spreads)} errors and {len(at)} days; give one of each.")
    if scale not in {"day", "log"}:
        raise ParameterError(f"scale={scale!r} is unknown; write 'day' or 'log'.")
    if scale == "log":
        if not (at > 0).all():
            raise ParameterError("a day number is not above 0 and has no logarithm; number the days from 1.")
        at = np.log(at)
    kept = np.isfinite(values) & np.isfinite(spreads) & (spreads > 0)
    return at[kept], values[kept], spreads[kept]


def _slope(slope: float, error: float, quantile: float, freedom: float) -> Slope:
    from scipy.special import stdtr

    return Slope(
        error, slope - quantile * error, slope + quantile * error, float(2 * stdtr(freedom, -abs(slope) / error))
    )


def _quantile(freedom: float, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))
