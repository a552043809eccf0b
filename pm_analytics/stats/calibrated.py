"""One series, one date: how far is it from its forecast, held against how far forecasts missed on fake dates before.

An interval from a regression believes its own model, and on daily product data covers far less than it says. Here the
same forecast is made from earlier dates on which nothing was launched. How far it missed there is the interval's width,
whatever made it miss: noise that lingers, a level that drifts, a season nobody wrote down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.stats.fakes import (
    FEWEST_FAKES,
    LOOKBACKS,
    SEASON_AFTER,
    TRAINING,
    Candidate,
    Fakes,
    baseline_of,
    fakes_of,
    past_of,
    smallest_found,
    t_quantile,
)
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

TOO_SHORT = (
    "the history is too short for fake launches: {found} fit before the launch, and at least {needed} are needed"
)
NOTHING_AFTER = "no period after the launch is known"
CONSTANT = "the series does not vary before the launch, so how far forecasts miss cannot be learned"


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """What a launch moved, per period: actual minus forecast, and how far that lies outside what forecasts miss.

    Attributes
    ----------
    effect, ci_lower, ci_upper : float
        Mean of actual minus forecast over the known periods after the launch, with Student's t interval of ``freedom``
        degrees of freedom around the misses of the fake launches. NaN when undefined.
    miss : float
        How far forecasts of this length missed on the fake dates (root mean square).
    freedom : int
        Fake launches minus one.
    mde : float
        Smallest change that would be found with power 0.8: ``(t(confidence) + t(0.8)) * miss``.
    candidate : Candidate
        The way of forecasting that the fake dates chose.
    larger : int
        Fake launches on which the forecast missed by at least as much.
    fitted : array of shape (before,)
        The fit to each period before the launch.
    expected : array of shape (length,)
        Forecast for each period after the launch.
    bands : array of shape (length,)
        Half the width of the interval of a single period.
    cumulative, cumulative_bands : array of shape (length,)
        Sum of actual minus forecast up to each period (unknown periods count as the mean of the known ones do in
        ``effect``: they are left out of the sum), and half the width of its interval.
    known : int
        Periods after the launch that are known.
    fakes : Fakes
        The fake launches.
    confidence : float
        Of the intervals.
    reason : str
        Why there is no interval; empty when there is.
    """

    effect: float
    ci_lower: float
    ci_upper: float
    miss: float
    freedom: int
    mde: float
    candidate: Candidate
    larger: int
    fitted: NDArray[np.float64]
    expected: NDArray[np.float64]
    bands: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    cumulative_bands: NDArray[np.float64]
    known: int
    fakes: Fakes
    confidence: float
    reason: str = ""


def calibrated(
    values: ArrayLike,
    terms: ArrayLike,
    before: int,
    *,
    season: ArrayLike | None = None,
    season_after: int = SEASON_AFTER,
    usable: ArrayLike | None = None,
    lookbacks: Sequence[int] = LOOKBACKS,
    training: int = TRAINING,
    skip: Sequence[int] = (),
    confidence: float = 0.95,
) -> Calibrated:
    """Forecast a series past a date, and calibrate the interval on fake dates before it.

    Parameters
    ----------
    values : array of shape (n,)
        One value per period, in order; NaN where nothing is known.
    terms : array of shape (n, k)
        What the forecast may use: see :func:`pm_analytics.stats.fakes.terms_of`. No gaps.
    before : int
        Periods before the launch.
    season : array of shape (n, m), optional
        Terms for the time of the year, tried only where ``season_after`` periods lie before a date: with less history
        they fit whatever happened once.
    season_after : int
        Two years of periods.
    usable : array of bool of shape (n,), optional
        False for periods that must not count: an outage, another launch.
    lookbacks : sequence of int
        Candidates for the baseline; the one that missed least on the fake dates is taken.
    training : int
        Periods a fake launch should have before it.
    skip : sequence of int
        Places at which something else changed for good: no fake launch is made within one length of them.
    confidence : float
        Of the intervals.

    Returns
    -------
    Calibrated
        With ``c`` a date and ``r`` what is left after a least-squares fit on the periods before ``c`` only, the miss at
        ``c`` is ``mean(r[c : c + length]) - mean(r[c - lookback : c])``. Fake dates lie one length apart, up to 20 of
        them. Placebo dates as a yardstick: Abadie, Diamond & Hainmueller (2010) in space; here in time.

    Raises
    ------
    DataError
        Fewer periods than are needed to fit the terms once, or arrays that do not match.
    """
    check_confidence(confidence)
    past = past_of(values, terms, season, season_after, usable, before)
    length = len(past.series) - before
    fakes = fakes_of(past, before, length, lookbacks, training, skip)
    chosen = fakes.candidates[fakes.chosen() if len(fakes.starts) else 0]
    residuals, expected = past.residuals(before, seasonal=chosen.seasonal)
    baseline = baseline_of(residuals, before, chosen.lookback)
    after = residuals[before:] - baseline
    found = int(np.isfinite(after).sum())
    reason = _reason(fakes, found, residuals[:before])
    return _calibrated(after, expected, baseline, fakes, chosen, confidence, reason)


def _reason(fakes: Fakes, found: int, past: NDArray[np.float64]) -> str:
    if len(fakes.starts) < FEWEST_FAKES:
        return TOO_SHORT.format(found=len(fakes.starts), needed=FEWEST_FAKES)
    if not found:
        return NOTHING_AFTER
    left = past[np.isfinite(past)]
    return CONSTANT if not np.any(np.abs(left) > 1e-12 * (1 + np.abs(left).max())) or fakes.miss() == 0 else ""


def _calibrated(
    after: NDArray[np.float64],
    forecast: NDArray[np.float64],
    baseline: float,
    fakes: Fakes,
    candidate: Candidate,
    confidence: float,
    reason: str,
) -> Calibrated:
    count, length = len(fakes.starts), len(after)
    fitted, expected = forecast[:-length], forecast[-length:] + baseline
    effect = float(np.nanmean(after)) if np.isfinite(after).any() else math.nan
    cumulative = np.cumsum(np.where(np.isfinite(after), after, 0.0))
    if reason:
        empty = np.full(length, math.nan)
        nothing = (math.nan, math.nan, math.nan)
        return Calibrated(
            effect, *nothing, max(0, count - 1), math.nan, candidate, 0, fitted, expected, empty, cumulative, empty,
            int(np.isfinite(after).sum()), fakes, confidence, reason,
        )  # fmt: skip
    quantile, miss = t_quantile(confidence, count - 1), fakes.miss()
    # One day's misses are few, and alike from day to day but for the distance: pooled over all days of all fakes.
    single = float(np.sqrt(np.nanmean(fakes.misses[:, fakes.chosen()] ** 2)))
    days = np.cumsum(np.isfinite(after))
    sums = np.array([fakes.miss(h + 1) * days[h] for h in range(length)])
    return Calibrated(
        effect=effect,
        ci_lower=effect - quantile * miss,
        ci_upper=effect + quantile * miss,
        miss=miss,
        freedom=count - 1,
        mde=smallest_found(fakes, confidence=confidence),
        candidate=candidate,
        larger=int(np.sum(np.abs(fakes.means()[:, fakes.chosen()]) >= abs(effect))),
        fitted=fitted,
        expected=expected,
        bands=np.full(length, quantile * single),
        cumulative=cumulative,
        cumulative_bands=quantile * sums,
        known=int(np.isfinite(after).sum()),
        fakes=fakes,
        confidence=confidence,
    )
