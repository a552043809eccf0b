"""Segmented regression and its kin: what most people compute for a dated launch, as companions to be read beside.

Their intervals believe the model. On daily data that lingers or drifts they cover far less than they say.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from pm_analytics.errors import DataError
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST_LEFT = 5


@dataclass(frozen=True, slots=True)
class Segmented:
    """A change at a date, by regression.

    Attributes
    ----------
    effect, error, ci_lower, ci_upper, p_value : float
        Mean change over the periods after the date, in the series' unit (a rate ratio for counts).
    step, slope : float
        Change of the level at the date, and change of the slope per period; the slope is 0 where only a step was asked
        for.
    periods : int
        Periods that were used.
    """

    effect: float
    error: float
    ci_lower: float
    ci_upper: float
    p_value: float
    step: float
    slope: float
    periods: int


def segmented(
    values: ArrayLike, terms: ArrayLike, before: int, *, lags: int = 0, slope: bool = True, confidence: float = 0.95
) -> Segmented:
    """Regress on terms, a step at the date and a change of slope from it, with errors that allow for neighbours.

    Parameters
    ----------
    values : array of shape (n,)
        NaN where unknown; those periods are left out.
    terms : array of shape (n, k)
        Level, trend, weekday, season, helpers.
    before : int
        Periods before the date.
    lags : int
        Neighbours that may be correlated (Newey & West 1987, with a small-sample factor); 0 for none.
    slope : bool
        Whether the slope may change as well.
    confidence : float
        Of the interval, by the normal distribution.

    Returns
    -------
    Segmented
        With ``b2`` the step and ``b3`` the change of slope, the mean over the ``H`` known periods after is
        ``b2 + b3 * mean(t - T0)``, its error from their covariance (Wagner et al. 2002).

    Raises
    ------
    DataError
        Too few periods for the terms, or none after the date.
    """
    import statsmodels.api as sm

    check_confidence(confidence)
    series, design, known = _checked(values, terms, before)
    since = np.arange(len(series)) - before
    post = (since >= 0).astype(float)
    added = np.column_stack([post, post * since]) if slope else post[:, None]
    whole = np.column_stack([design, added])[known]
    options = {"cov_type": "HAC", "cov_kwds": {"maxlags": lags, "use_correction": True}} if lags else {}
    fitted = sm.OLS(series[known], whole).fit(**options)
    after = known & (since >= 0)
    weights = np.array([1.0, float(since[after].mean())]) if slope else np.array([1.0])
    place = design.shape[1]
    estimates = np.asarray(fitted.params)[place:]
    error = math.sqrt(float(weights @ np.asarray(fitted.cov_params())[place:, place:] @ weights))
    return _of(float(weights @ estimates), error, estimates, int(known.sum()), confidence)


def autoregressive(
    values: ArrayLike, terms: ArrayLike, before: int, *, order: tuple[int, int] = (1, 0), confidence: float = 0.95
) -> Segmented:
    """Regress on terms and a step, with errors that follow an ARMA process of that order; unknown periods stay unknown.

    Raises
    ------
    DataError
        As for :func:`segmented`.
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    check_confidence(confidence)
    series, design, known = _checked(values, terms, before)
    step = (np.arange(len(series)) >= before).astype(float)
    scale = float(np.nanstd(series[known])) or 1.0
    shown = np.where(known, series, np.nan) / scale
    columns = np.column_stack([step, design])
    with warnings.catch_warnings():
        # It warns of starting values that it then replaces, and of steps on the way to the optimum.
        warnings.simplefilter("ignore")
        fitted = SARIMAX(shown, exog=columns, order=(order[0], 0, order[1]), trend="n").fit(disp=0, maxiter=200)
    effect, error = scale * float(fitted.params[0]), scale * float(fitted.bse[0])
    return _of(effect, error, np.array([effect]), int(known.sum()), confidence)


def of_counts(
    counts: ArrayLike, terms: ArrayLike, before: int, *, exposure: ArrayLike | None = None, confidence: float = 0.95
) -> Segmented:
    """Give the rate ratio of a step, by Poisson regression whose spread is taken from the data (quasi-Poisson).

    ``exposure`` is what the counts are counts of (people, visits). ``effect`` and its ends are ratios; ``error`` is
    that of their logarithm.

    Raises
    ------
    DataError
        A count below zero, or as for :func:`segmented`.
    """
    import statsmodels.api as sm

    check_confidence(confidence)
    series, design, known = _checked(counts, terms, before)
    if (series[known] < 0).any():
        raise DataError("A count is below zero.")
    step = (np.arange(len(series)) >= before).astype(float)
    offset = None if exposure is None else np.log(np.asarray(exposure, dtype=float))[known]
    columns = np.column_stack([step, design])[known]
    fitted = sm.GLM(series[known], columns, family=sm.families.Poisson(), offset=offset).fit(scale="X2")
    log, error = float(fitted.params[0]), float(fitted.bse[0])
    quantile = float(stats.norm.ppf(0.5 + confidence / 2))
    ends = (math.exp(log - quantile * error), math.exp(log + quantile * error))
    p_value = float(2 * stats.norm.sf(abs(log) / error)) if error > 0 else math.nan
    return Segmented(math.exp(log), error, *ends, p_value, math.exp(log), 0.0, int(known.sum()))


def _checked(
    values: ArrayLike, terms: ArrayLike, before: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    series, design = np.asarray(values, dtype=float), np.asarray(terms, dtype=float)
    known = np.asarray(np.isfinite(series), dtype=bool)
    if design.ndim != 2 or len(design) != len(series) or not np.isfinite(design).all():
        raise DataError("terms needs one row without gaps for each value.")
    if int(known[:before].sum()) < design.shape[1] + FEWEST_LEFT or not known[before:].any():
        raise DataError(f"{int(known.sum())} known periods are too few for {design.shape[1]} terms and a step.")
    return series, design, known


def _of(effect: float, error: float, parts: NDArray[np.float64], periods: int, confidence: float) -> Segmented:
    quantile = float(stats.norm.ppf(0.5 + confidence / 2))
    p_value = float(2 * stats.norm.sf(abs(effect) / error)) if error > 0 else math.nan
    return Segmented(
        effect, error, effect - quantile * error, effect + quantile * error, p_value, float(parts[0]),
        float(parts[1]) if len(parts) > 1 else 0.0, periods,
    )  # fmt: skip
