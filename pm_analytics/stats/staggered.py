"""A launch in waves: each wave against the units that do not have it yet, never against those that had it before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from pm_analytics.errors import DataError
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

NEVER = -1
"""As the period of a unit's launch: it never got it."""
DRAWS = 1_999
FEWEST_IN_WAVE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """A weighted mean of effects, with the influence of each unit on it.

    Attributes
    ----------
    label : int
        The wave, the periods since the launch, or 0.
    effect, error, ci_lower, ci_upper : float
        With a normal interval; NaN when undefined.
    influence : array of shape (units,)
        What each unit adds; the error is the root of its mean square over the root of the units.
    """

    label: int
    effect: float
    error: float
    ci_lower: float
    ci_upper: float
    influence: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Staggered:
    """Effects of a launch in waves (Callaway & Sant'Anna 2021, without covariates).

    Attributes
    ----------
    overall : Average
        Mean over all wave-and-period cells after launch, waves weighted by their units.
    waves : tuple of Average
        By wave: mean over its periods after launch.
    events : tuple of Average
        By periods since the launch: before it (negative) they should be about 0.
    band : float
        Half width, in errors, of a band around ``events`` that holds all of them at once (multiplier bootstrap).
    two_way : float
        What a regression with unit and period effects would say. Shown as a warning only.
    forbidden : float
        Share of that regression's weights that is negative: comparisons with units that had the launch before.
    sizes : tuple of (int, int)
        Wave and its units.
    controls : str
        Who the waves are compared with.
    """

    overall: Average
    waves: tuple[Average, ...]
    events: tuple[Average, ...]
    band: float
    two_way: float
    forbidden: float
    sizes: tuple[tuple[int, int], ...]
    controls: str


def staggered(
    cells: ArrayLike,
    first: ArrayLike,
    *,
    controls: Literal["not yet", "never"] = "not yet",
    confidence: float = 0.95,
    seed: int = 0,
) -> Staggered:
    """Judge a launch in waves.

    Parameters
    ----------
    cells : array of shape (periods, units)
        A balanced panel.
    first : array of int of shape (units,)
        Period in which each unit got it; -1 for never. Units that had it from the first period on are left out.
    controls : {"not yet", "never"}
        Compare with units that do not have it yet, or only with those that never get it.
    confidence, seed
        Of the intervals, and of the bootstrap.

    Returns
    -------
    Staggered
        ``ATT(g, t)`` is the mean of ``Y_t - Y_(g-1)`` over wave ``g`` minus that over the controls; for periods before
        the launch the base is the period before. Errors from influence functions.

    Raises
    ------
    DataError
        Gaps, no wave with a period before it, or nobody to compare with.
    """
    check_confidence(confidence)
    values, begun = _checked(cells, first)
    found = [cell for wave in _waves(begun) for cell in _cells(values, begun, wave, controls)]
    if not found:
        raise DataError("No wave can be compared: each needs a period before it and units that do not have it yet.")
    after = [cell for cell in found if cell.period >= cell.wave]
    units = values.shape[1]
    share = {wave: float(np.mean(begun == wave)) for wave in _waves(begun)}
    overall = _average(0, after, share, begun, confidence)
    waves = tuple(
        _average(wave, [c for c in after if c.wave == wave], share, begun, confidence)
        for wave in share
        if any(c.wave == wave for c in after)
    )
    since = sorted({cell.period - cell.wave for cell in found})
    events = tuple(_average(e, [c for c in found if c.period - c.wave == e], share, begun, confidence) for e in since)
    two_way, forbidden = _two_way(values, begun)
    return Staggered(
        overall=overall,
        waves=waves,
        events=events,
        band=_band(events, units, confidence, seed),
        two_way=two_way,
        forbidden=forbidden,
        sizes=tuple((wave, int(np.sum(begun == wave))) for wave in share),
        controls=f"units that {'never get it' if controls == 'never' else 'do not have it yet'}",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    wave: int
    period: int
    effect: float
    influence: NDArray[np.float64]


def _checked(cells: ArrayLike, first: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    values, begun = np.asarray(cells, dtype=float), np.asarray(first, dtype=np.int64)
    if values.ndim != 2 or values.shape[1] != len(begun):
        raise DataError(f"cells has the shape {values.shape}, and first names {len(begun)} units.")
    if not np.isfinite(values).all():
        raise DataError("A unit is not known in every period; leave out the unit or the period first.")
    kept = begun != 0
    return values[:, kept], np.where(begun[kept] >= len(values), NEVER, begun[kept])


def _waves(begun: NDArray[np.int64]) -> list[int]:
    return [int(wave) for wave in sorted(set(begun)) if wave != NEVER and np.sum(begun == wave) >= FEWEST_IN_WAVE]


def _cells(values: NDArray[np.float64], begun: NDArray[np.int64], wave: int, controls: str) -> list[_Cell]:
    found = []
    units, mine = values.shape[1], begun == wave
    for period in range(1, len(values)):
        base = wave - 1 if period >= wave else period - 1
        others = begun == NEVER
        if controls == "not yet":
            others = others | ((begun > max(period, base)) & ~mine)
        if others.sum() < FEWEST_IN_WAVE:
            continue
        change = values[period] - values[base]
        ours, theirs = float(change[mine].mean()), float(change[others].mean())
        influence = units / mine.sum() * mine * (change - ours) - units / others.sum() * others * (change - theirs)
        found.append(_Cell(wave, period, ours - theirs, influence))
    return found


def _average(
    label: int, cells: Sequence[_Cell], share: dict[int, float], begun: NDArray[np.int64], confidence: float
) -> Average:
    """Weigh cells by the share of units in their wave; that the shares are estimated is part of the error."""
    weights = np.array([share[cell.wave] for cell in cells])
    effects = np.array([cell.effect for cell in cells])
    total = weights.sum()
    effect = float(weights @ effects / total)
    influence = sum(weight / total * cell.influence for weight, cell in zip(weights, cells, strict=True))
    moved = sum(((begun == cell.wave) - share[cell.wave]) / total * (cell.effect - effect) for cell in cells)
    whole = np.asarray(influence + moved, dtype=float)
    error = float(np.sqrt(np.mean(whole**2) / len(whole)))
    quantile = float(stats.norm.ppf(0.5 + confidence / 2))
    return Average(label, effect, error, effect - quantile * error, effect + quantile * error, whole)


def _band(events: Sequence[Average], units: int, confidence: float, seed: int) -> float:
    """Find how many errors wide a band must be to hold all effects at once, by drawing a weight for each unit."""
    useful = [each for each in events if each.error > 0]
    if not useful:
        return math.nan
    draws = np.random.default_rng(seed).choice([-1.0, 1.0], size=(DRAWS, units))
    scaled = np.column_stack([each.influence / each.error / units for each in useful])
    largest = np.abs(draws @ scaled).max(axis=1)
    return float(max(np.quantile(largest, confidence), stats.norm.ppf(0.5 + confidence / 2)))


def _two_way(values: NDArray[np.float64], begun: NDArray[np.int64]) -> tuple[float, float]:
    """Regress on unit and period effects, and say which share of its weights is negative.

    Weights of the treated cells as in de Chaisemartin & D'Haultfœuille (2020).
    """
    periods = np.arange(len(values))[:, None]
    on = ((begun != NEVER) & (periods >= begun)).astype(float)
    left = on - on.mean(axis=0) - on.mean(axis=1, keepdims=True) + on.mean()
    whole = float(np.sum(left * on))
    if whole <= 0:
        return math.nan, math.nan
    weights = left[on > 0] / whole
    return float(np.sum(left * values) / whole), float(-weights[weights < 0].sum())
