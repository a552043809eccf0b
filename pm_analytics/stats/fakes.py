"""Fake launches: the same forecast made from dates on which nothing was launched, and how far it missed there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from pm_analytics.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

LOOKBACKS = (0, 7, 14, 28, 56)
"""Periods before a date whose mean miss is taken off the forecast; 0 trusts the trend. Fake dates choose."""
FAKES = 20
FEWEST_FAKES = 4
"""Below this many fake launches, how far forecasts miss is a guess."""
ENOUGH_FAKES = 8
TRAINING = 180
"""Periods a forecast should learn from; fewer are taken only where this leaves too few fake launches."""
SEASON_AFTER = 730
"""Periods that a time of the year needs before a date: two years of days."""
LENGTHS_OF_TRAINING = 3
USABLE = 0.5
"""Share of a window's periods that must be known for the window to count."""
POWER = 0.8
ALARM_RATE = 0.10
"""A method that finds something on more fake dates than this, beyond chance, is not to be believed on the true one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way of forecasting; the fake dates choose among several.

    Attributes
    ----------
    lookback : int
        Periods before a date whose mean miss is taken off the forecast.
    seasonal : bool
        Whether the time of the year is a term, wherever enough history lies before the date.
    """

    lookback: int
    seasonal: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Fakes:
    """Forecasts made from dates on which nothing was launched.

    Attributes
    ----------
    starts : array of shape (k,)
        Where each fake launch begins, the latest first.
    misses : array of shape (k, candidates, length)
        Actual minus forecast for each period after it; NaN where a period is not known.
    candidates : tuple of Candidate
        The ways of forecasting.
    """

    starts: NDArray[np.int64]
    misses: NDArray[np.float64]
    candidates: tuple[Candidate, ...]

    def means(self, length: int | None = None) -> NDArray[np.float64]:
        """Give the mean miss over the first ``length`` periods, per fake launch and candidate."""
        return _mean(self.misses[:, :, :length])

    def chosen(self) -> int:
        """Pick the candidate that missed least; its place in ``candidates``."""
        return int(np.argmin(np.sum(self.means() ** 2, axis=0)))

    def miss(self, length: int | None = None) -> float:
        """Give the root mean square miss over the first ``length`` periods.

        Choosing the candidate that missed least makes its misses look smaller than they will be. So they are counted
        as well with the choice made anew without each fake launch in turn, and the larger figure is taken.
        """
        means, whole = self.means(length), self.means()
        squares = whole**2
        total = squares.sum(axis=0)
        picks = np.argmin(total - squares, axis=1)
        honest = float(np.sqrt(np.mean(means[np.arange(len(means)), picks] ** 2)))
        return max(honest, float(np.sqrt(np.mean(means[:, self.chosen()] ** 2))))

    def alarms(self, confidence: float = 0.95) -> int:
        """Count the fake launches on which the others' misses would have cried wolf."""
        found = self.means()[:, self.chosen()]
        count = len(found)
        if count < 3:
            return 0
        others = np.sqrt((np.sum(found**2) - found**2) / (count - 1))
        return int(np.sum(np.abs(found) > t_quantile(confidence, count - 2) * others))

    def cries_wolf(self, confidence: float = 0.95) -> bool:
        """Tell whether it finds something on more than a tenth of the fake dates, and more often than chance allows."""
        alarms, count = self.alarms(confidence), len(self.starts)
        beyond = stats.binom.sf(alarms - 1, count, 1 - confidence) < 0.05 if alarms else False
        return bool(alarms > ALARM_RATE * count and beyond)


def fake_launches(
    values: ArrayLike,
    terms: ArrayLike,
    before: int,
    length: int,
    *,
    season: ArrayLike | None = None,
    season_after: int = SEASON_AFTER,
    usable: ArrayLike | None = None,
    lookbacks: Sequence[int] = LOOKBACKS,
    training: int = TRAINING,
    skip: Sequence[int] = (),
) -> Fakes:
    """Forecast ``length`` periods from dates on which nothing was launched; see :func:`calibrated`.

    Only what lies before ``before`` is looked at, so this can be asked before a launch.
    """
    past = past_of(values, terms, season, season_after, usable, before)
    return fakes_of(past, before, length, lookbacks, training, skip)


def fakes_of(
    past: Past, before: int, length: int, lookbacks: Sequence[int], training: int, skip: Sequence[int]
) -> Fakes:
    """Forecast from fake dates; see :func:`fake_launches`."""
    seasons = (False, True) if past.season is not None and before >= past.season_after else (False,)
    candidates = tuple(Candidate(lookback, seasonal) for seasonal in seasons for lookback in lookbacks)
    starts, misses = [], []
    for start in _starts(before, length, training):
        residuals = {seasonal: past.residuals(start, seasonal=seasonal)[0] for seasonal in seasons}
        window = residuals[False][start : start + length]
        if np.isfinite(window).mean() < USABLE or any(abs(place - start) < length for place in skip):
            continue
        starts.append(start)
        misses.append(
            [
                residuals[each.seasonal][start : start + length]
                - baseline_of(residuals[each.seasonal], start, each.lookback)
                for each in candidates
            ]
        )
    shape = (len(starts), len(candidates), length)
    return Fakes(np.array(starts, dtype=np.int64), np.array(misses, dtype=float).reshape(shape), candidates)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """A series with what its forecasts may use."""

    series: NDArray[np.float64]
    terms: NDArray[np.float64]
    season: NDArray[np.float64] | None
    season_after: int
    known: NDArray[np.bool_]

    def residuals(self, start: int, *, seasonal: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Fit on the known periods before ``start`` only; give what is left (NaN where unknown), and the forecast."""
        with_season = seasonal and start >= self.season_after
        design = np.column_stack([self.terms, self.season]) if with_season and self.season is not None else self.terms
        fit = self.known[:start]
        coefficients = np.linalg.lstsq(design[:start][fit], self.series[:start][fit], rcond=None)[0]
        expected = design @ coefficients
        return np.where(self.known, self.series - expected, np.nan), expected


def terms_of(
    days: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    weekday: bool = True,
    changes: Sequence[int] = (),
) -> NDArray[np.float64]:
    """Write what a forecast may use: level, trend, day of the week, and other series.

    Parameters
    ----------
    days : array of int of shape (n,)
        Day numbers (since 1970-01-01), one per period.
    covariates : array of shape (n, m), optional
        Series that the launch cannot touch. No gaps.
    weekday : bool
        For daily periods.
    changes : sequence of int
        Places at which something changed for good; each has a level of its own from then on.
    """
    day = np.asarray(days, dtype=np.int64)
    columns = [np.ones(len(day)), (day - day[0]) / max(1, int(day[-1] - day[0]))]
    if weekday:
        columns += [(day % 7 == k).astype(float) for k in range(1, 7)]
    columns += [(np.arange(len(day)) >= place).astype(float) for place in changes]
    if covariates is not None:
        others = np.asarray(covariates, dtype=float).reshape(len(day), -1)
        columns += [(other - other.mean()) / (other.std() or 1.0) for other in others.T]
    return np.column_stack(columns)


def season_of(days: ArrayLike, *, harmonics: int = 2) -> NDArray[np.float64]:
    """Write the time of the year as waves of a year, half a year and so on."""
    angle = 2 * np.pi * np.asarray(days, dtype=float) / 365.25
    return np.column_stack([wave(angle * k) for k in range(1, harmonics + 1) for wave in (np.sin, np.cos)])


def past_of(
    values: ArrayLike,
    terms: ArrayLike,
    season: ArrayLike | None,
    season_after: int,
    usable: ArrayLike | None,
    before: int,
) -> Past:
    """Check a series and what its forecasts may use."""
    series, design = np.asarray(values, dtype=float), np.asarray(terms, dtype=float)
    if design.ndim != 2 or len(design) != len(series):
        raise DataError(f"terms has the shape {design.shape}; it needs one row for each of {len(series)} values.")
    if not np.isfinite(design).all():
        raise DataError("A covariate has gaps or is infinite; fill or leave out those periods first.")
    known = np.isfinite(series) if usable is None else np.isfinite(series) & np.asarray(usable, dtype=bool)
    if int(known[:before].sum()) <= design.shape[1]:
        raise DataError(
            f"Only {int(known[:before].sum())} known periods lie before the launch, and a forecast from "
            f"{design.shape[1]} terms needs more of them."
        )
    waves = None if season is None else np.asarray(season, dtype=float).reshape(len(series), -1)
    return Past(series, design, waves, season_after, known)


def _starts(before: int, length: int, training: int) -> list[int]:
    """List fake dates one length apart, the latest first; short histories give up training, down to three lengths."""
    for least in (training, LENGTHS_OF_TRAINING * length):
        found = [before - length * (k + 1) for k in range(FAKES) if before - length * (k + 1) >= least]
        if len(found) >= ENOUGH_FAKES:
            return found
    return found


def baseline_of(residuals: NDArray[np.float64], start: int, lookback: int) -> float:
    """Give the mean miss just before a date; none where too little is known of it."""
    last = residuals[max(0, start - lookback) : start] if lookback else residuals[:0]
    if not len(last) or np.isfinite(last).mean() < USABLE:
        return 0.0
    return float(np.nanmean(last))


def _mean(misses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over periods that are known; 0 of none, for a fake launch whose first periods are all unknown."""
    known = np.isfinite(misses)
    total = np.where(known, misses, 0.0).sum(axis=-1)
    mean: NDArray[np.float64] = total / np.maximum(1, known.sum(axis=-1))
    return mean


def smallest_found(fakes: Fakes, *, confidence: float = 0.95, power: float = POWER) -> float:
    """Give the smallest mean change per period that would be found with that power; NaN with too few fake launches."""
    freedom = len(fakes.starts) - 1
    if freedom + 1 < FEWEST_FAKES:
        return math.nan
    return (t_quantile(confidence, freedom) + float(stats.t.ppf(power, freedom))) * fakes.miss()


def t_quantile(confidence: float, freedom: int) -> float:
    """Give Student's t for a two-sided interval."""
    return float(stats.t.ppf(0.5 + confidence / 2, freedom))
