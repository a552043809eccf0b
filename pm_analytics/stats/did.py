"""Difference in differences: how much more the units with a launch changed than those without it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from pm_analytics.errors import DataError
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST_TREATED = 5
"""Treated units below which a standard error over units says nothing."""
FEW_UNITS = 40
"""Units below which the permutation test is to be read beside the interval."""
PERMUTATIONS = 9_999
MOST_LEADS = 8
"""Stretches of time before the launch that are tested for moving alike; more would only blur the test."""
ALPHA = 0.05

TOO_FEW = (
    "only {found} units got it, and a standard error over units needs at least {needed}; a synthetic control, or "
    "ranking the launch among the units without it, is the way"
)
NOT_ALIKE = "the groups did not move alike before the launch (joint test of {leads} leads: p = {p:.3f})"


@dataclass(frozen=True, slots=True)
class Leads:
    """Whether the groups moved alike before.

    Attributes
    ----------
    p_value : float
        Joint test (Hotelling's T²) that the difference between the groups was the same in all stretches before. NaN
        when there is only one stretch.
    count : int
        Stretches but for the reference one.
    power : float
        Chance that this test would find a steady drift large enough to explain the whole effect (Roth 2022). Where it
        is low, a large p-value says little.
    slope, slope_error : float
        Drift of the difference per period before the launch, and its standard error.
    breakdown : float
        Drift per period that would have to set in for the interval to hold no change; in the unit of ``slope``. NaN
        when the interval holds it already.
    """

    p_value: float
    count: int
    power: float
    slope: float
    slope_error: float
    breakdown: float


@dataclass(frozen=True, slots=True, eq=False)
class Did:
    """Units with a launch against units without it, before and after.

    Attributes
    ----------
    effect, ci_lower, ci_upper, p_value : float
        Mean change of the treated units minus that of the others, per period; Welch's t over the units' changes.
    error, freedom : float
        Standard error over units, and Satterthwaite's degrees of freedom.
    permutation_p_value : float
        Share of ways to choose the treated units that give an effect as large.
    treated, untreated : int
        Units.
    left_out : int
        Units without a known period on both sides.
    base : float
        What the treated units' mean would have been after the launch: their own before plus the others' change.
    path, path_errors : array of shape (periods,)
        Difference between the groups in each period, less its mean before the launch, with standard errors.
    leads : Leads
        Whether the groups moved alike before.
    reason : str
        Why nothing may be claimed; empty when something may.
    """

    effect: float
    ci_lower: float
    ci_upper: float
    p_value: float
    error: float
    freedom: float
    permutation_p_value: float
    treated: int
    untreated: int
    left_out: int
    base: float
    path: NDArray[np.float64]
    path_errors: NDArray[np.float64]
    leads: Leads
    reason: str


def did(cells: ArrayLike, treated: ArrayLike, before: int, *, confidence: float = 0.95, seed: int = 0) -> Did:
    """Compare the changes of units with a launch and units without it.

    Parameters
    ----------
    cells : array of shape (periods, units)
        One value per unit and period; NaN where unknown. Units are what got the launch or not (regions, platforms):
        errors are taken over them.
    treated : array of bool of shape (units,)
        Who got it.
    before : int
        Periods before the launch.
    confidence : float
        Of the intervals.
    seed : int
        Of the permutations.

    Returns
    -------
    Did
        Each unit's change is its mean after minus its mean before. On a balanced panel the difference of their means is
        the interaction of a regression on treated, post and their product, and an error over the units' changes is one
        clustered by unit (Bertrand, Duflo & Mullainathan 2004).

    Raises
    ------
    DataError
        No period on a side, or no unit of a kind.
    """
    check_confidence(confidence)
    values, groups, kept = _checked(cells, treated, before)
    changes = np.nanmean(values[before:], axis=0) - np.nanmean(values[:before], axis=0)
    ours, theirs = changes[groups], changes[~groups]
    effect = float(ours.mean() - theirs.mean())
    error, freedom = _welch(ours, theirs)
    quantile = float(stats.t.ppf(0.5 + confidence / 2, freedom)) if freedom > 0 else math.nan
    path, errors = _path(values, groups, before)
    ends = (effect - quantile * error, effect + quantile * error)
    leads = _leads(values, groups, before, effect, ends)
    return Did(
        effect=effect,
        ci_lower=ends[0],
        ci_upper=ends[1],
        p_value=float(2 * stats.t.sf(abs(effect) / error, freedom)) if error > 0 else math.nan,
        error=error,
        freedom=freedom,
        permutation_p_value=_permuted(changes, groups, effect, seed),
        treated=int(groups.sum()),
        untreated=int((~groups).sum()),
        left_out=int((~kept).sum()),
        base=float(np.nanmean(values[:before][:, groups]) + theirs.mean()),
        path=path,
        path_errors=errors,
        leads=leads,
        reason=_reason(int(groups.sum()), leads),
    )


def _checked(
    cells: ArrayLike, treated: ArrayLike, before: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    values, groups = np.asarray(cells, dtype=float), np.asarray(treated, dtype=bool)
    if values.ndim != 2 or values.shape[1] != len(groups):
        raise DataError(f"cells has the shape {values.shape}, and treated names {len(groups)} units.")
    if not 0 < before < len(values):
        raise DataError(f"{before} of {len(values)} periods lie before the launch; there must be some on both sides.")
    known = np.isfinite(values)
    kept = known[:before].any(axis=0) & known[before:].any(axis=0)
    values, groups = values[:, kept], groups[kept]
    if groups.sum() < 2 or (~groups).sum() < 2:
        raise DataError(
            f"{int(groups.sum())} units with the launch and {int((~groups).sum())} without it are known on both sides; "
            "difference in differences needs at least two of each."
        )
    return values, groups, kept


def _welch(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float]:
    first, second = (float(group.var(ddof=1)) / len(group) for group in (ours, theirs))
    if first + second <= 0:
        return 0.0, 0.0
    freedom = (first + second) ** 2 / (first**2 / (len(ours) - 1) + second**2 / (len(theirs) - 1))
    return math.sqrt(first + second), freedom


def _permuted(changes: NDArray[np.float64], groups: NDArray[np.bool_], effect: float, seed: int) -> float:
    rng, count = np.random.default_rng(seed), int(groups.sum())
    order = rng.permuted(np.tile(np.arange(len(changes)), (PERMUTATIONS, 1)), axis=1)[:, :count]
    drawn = changes[order].mean(axis=1)
    rest = (changes.sum() - count * drawn) / (len(changes) - count)
    return float((1 + np.sum(np.abs(drawn - rest) >= abs(effect) - 1e-12)) / (PERMUTATIONS + 1))


def _path(
    values: NDArray[np.float64], groups: NDArray[np.bool_], before: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the difference between the groups period by period, each unit less its own mean before."""
    moved = values - np.nanmean(values[:before], axis=0)
    path, errors = np.full(len(values), math.nan), np.full(len(values), math.nan)
    for period, row in enumerate(moved):
        ours, theirs = (row[mask & np.isfinite(row)] for mask in (groups, ~groups))
        if len(ours) > 1 and len(theirs) > 1:
            path[period] = ours.mean() - theirs.mean()
            errors[period] = _welch(ours, theirs)[0]
    return path, errors


def _leads(
    values: NDArray[np.float64],
    groups: NDArray[np.bool_],
    before: int,
    effect: float,
    ends: tuple[float, float],
) -> Leads:
    """Test whether the groups moved alike before, in a few stretches of time, the last one being the reference."""
    units = values.shape[1]
    count = int(min(MOST_LEADS + 1, before, max(2, (units - 2) // 4)))
    blocks = [block for block in np.array_split(np.arange(before), count) if len(block)]
    means = np.array([np.nanmean(values[block], axis=0) for block in blocks])
    complete = np.isfinite(means).all(axis=0)
    centres = np.array([block.mean() for block in blocks])
    slope, slope_error = _slope(means[:, complete], groups[complete], centres)
    distance = (before + len(values) - 1) / 2 - (before - 1) / 2
    crossing = ends[0] if effect > 0 else ends[1]
    breakdown = abs(crossing) / distance if ends[0] * ends[1] > 0 else math.nan
    if len(blocks) < 2:
        return Leads(math.nan, 0, math.nan, slope, slope_error, breakdown)
    differences = (means[:-1] - means[-1])[:, complete]
    drift = effect / distance * (centres[:-1] - centres[-1])
    p_value, power = _hotelling(differences, groups[complete], drift)
    return Leads(p_value, len(blocks) - 1, power, slope, slope_error, breakdown)


def _slope(means: NDArray[np.float64], groups: NDArray[np.bool_], centres: NDArray[np.float64]) -> tuple[float, float]:
    if len(centres) < 2 or groups.sum() < 2 or (~groups).sum() < 2:
        return math.nan, math.nan
    slopes = np.polyfit(centres, means, 1)[0]
    return float(slopes[groups].mean() - slopes[~groups].mean()), _welch(slopes[groups], slopes[~groups])[0]


def _hotelling(
    differences: NDArray[np.float64], groups: NDArray[np.bool_], drift: NDArray[np.float64]
) -> tuple[float, float]:
    """Test that the groups' mean differences are all equal (Hotelling 1931), and its power against a drift."""
    count, ours, theirs = len(differences), differences[:, groups], differences[:, ~groups]
    first, second = ours.shape[1], theirs.shape[1]
    freedom = first + second - count - 1
    if min(first, second) < 2 or freedom < 1:
        return math.nan, math.nan
    pooled = (np.cov(ours, ddof=1) * (first - 1) + np.cov(theirs, ddof=1) * (second - 1)) / (first + second - 2)
    inverse = np.linalg.pinv(np.atleast_2d(pooled))
    weight = first * second / (first + second)
    gap = ours.mean(axis=1) - theirs.mean(axis=1)
    scale = freedom / (count * (first + second - 2))
    statistic = weight * float(gap @ inverse @ gap) * scale
    critical = stats.f.ppf(1 - ALPHA, count, freedom)
    shifted = weight * float(drift @ inverse @ drift)
    return float(stats.f.sf(statistic, count, freedom)), float(stats.ncf.sf(critical, count, freedom, shifted))


def _reason(treated: int, leads: Leads) -> str:
    if treated < FEWEST_TREATED:
        return TOO_FEW.format(found=treated, needed=FEWEST_TREATED)
    if leads.p_value < ALPHA:
        return NOT_ALIKE.format(leads=leads.count, p=leads.p_value)
    return ""
