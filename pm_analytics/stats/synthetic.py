"""Few units got a launch: a weighted mean of units without it, that moved as they did before, stands in for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from pm_analytics.errors import DataError
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

GOOD_FIT, WORST_FIT = 0.25, 0.5
"""Scaled L2: up to the first the fit is good, above the second nothing may be claimed."""
SUM_WEIGHT = 1e4
"""How heavily the weights are held to a sum of one, against data scaled to one."""
GRID = 201
PERMUTATIONS = 5_000

TOO_POOR = (
    "no mix of the units without the launch moved as those with it did before (scaled L2 {found:.2f}, at most {most})"
)


@dataclass(frozen=True, slots=True, eq=False)
class Synthetic:
    """A unit against its synthetic control.

    Attributes
    ----------
    weights : array of shape (donors,)
        At least 0, with a sum of 1.
    expected, gap : array of shape (periods,)
        The synthetic control, and treated minus it.
    effect : float
        Mean gap after the launch.
    total : float
        Sum of the gaps after the launch.
    lift : float
        ``total`` over the sum of what was expected; NaN when that is not above zero.
    distance, scaled_distance : float
        Euclidean length of the gaps before the launch (L2), and that over the same for equal weights.
    miss : float
        Root mean square of the gaps before the launch.
    reason : str
        Why nothing may be claimed; empty when something may.
    """

    weights: NDArray[np.float64]
    expected: NDArray[np.float64]
    gap: NDArray[np.float64]
    effect: float
    total: float
    lift: float
    distance: float
    scaled_distance: float
    miss: float
    reason: str


def synthetic(
    treated: ArrayLike, donors: ArrayLike, before: int, *, demean: bool = True, ridge: bool = False
) -> Synthetic:
    """Weigh units without the launch so that they move as the one with it did before.

    Parameters
    ----------
    treated : array of shape (periods,)
        The unit with the launch (or the mean of a few).
    donors : array of shape (periods, donors)
        Units without it.
    before : int
        Periods before the launch.
    demean : bool
        Take each unit's own mean before the launch away first, so that levels need not match (fixed effects).
    ridge : bool
        Let weights leave the simplex where the fit is not good, as far as a penalty allows, chosen by leaving out one
        period after the other (Ben-Michael, Feller & Rothstein 2021).

    Returns
    -------
    Synthetic
        Weights by non-negative least squares with a heavy row for their sum (Abadie, Diamond & Hainmueller 2010, on
        outcomes only). A solver on unscaled data can stop at its starting point and call it success; this one cannot.

    Raises
    ------
    DataError
        A gap in the data, fewer than two donors, or fewer than two periods on a side.
    """
    y, others = _checked(treated, donors, before)
    level = y[:before].mean() if demean else 0.0
    moved = others - others[:before].mean(axis=0) if demean else others
    weights = simplex_weights(y[:before] - level, moved[:before])
    equal = np.full(others.shape[1], 1 / others.shape[1])
    alike = _length(y[:before] - level - moved[:before] @ equal)
    if ridge and _length(y[:before] - level - moved[:before] @ weights) > GOOD_FIT * alike:
        weights = _augmented(y[:before] - level, moved[:before], weights)
    expected = level + moved @ weights
    gap = y - expected
    distance = _length(gap[:before])
    scaled = distance / alike if alike > 0 else 0.0
    total, whole = float(gap[before:].sum()), float(expected[before:].sum())
    return Synthetic(
        weights=weights,
        expected=expected,
        gap=gap,
        effect=float(gap[before:].mean()),
        total=total,
        lift=total / whole if whole > 0 else math.nan,
        distance=distance,
        scaled_distance=scaled,
        miss=float(np.sqrt(np.mean(gap[:before] ** 2))),
        reason=TOO_POOR.format(found=scaled, most=WORST_FIT) if scaled > WORST_FIT else "",
    )


def simplex_weights(
    target: NDArray[np.float64], columns: NDArray[np.float64], *, ridge: float = 0.0
) -> NDArray[np.float64]:
    """Solve ``min ||target - columns @ w||² + ridge ||w||²`` for weights of at least 0 with a sum of 1."""
    scale = float(np.abs(columns).max()) or 1.0
    count = columns.shape[1]
    rows = [columns / scale, SUM_WEIGHT * np.ones((1, count))]
    wanted = [target / scale, np.array([SUM_WEIGHT])]
    if ridge > 0:
        rows.append(math.sqrt(ridge) / scale * np.eye(count))
        wanted.append(np.zeros(count))
    found, _ = nnls(np.vstack(rows), np.concatenate(wanted), maxiter=50 * count)
    weights: NDArray[np.float64] = found / found.sum()
    return weights


def _augmented(
    target: NDArray[np.float64], columns: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Add ``(target - columns w)' (X X' + penalty I)^-1 X``, the penalty by leaving out one period after the other."""
    best, lowest = weights, math.inf
    scale = float(np.trace(columns @ columns.T)) / len(columns) or 1.0
    for penalty in scale * np.logspace(-3, 3, 13):
        missed = 0.0
        for left in range(len(columns)):
            rest = np.arange(len(columns)) != left
            tried = _ridge(target[rest], columns[rest], weights, penalty)
            missed += float(target[left] - columns[left] @ tried) ** 2
        if missed < lowest:
            best, lowest = _ridge(target, columns, weights, penalty), missed
    return best


def _ridge(
    target: NDArray[np.float64], columns: NDArray[np.float64], weights: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    inner = columns @ columns.T + penalty * np.eye(len(columns))
    more: NDArray[np.float64] = weights + (target - columns @ weights) @ np.linalg.solve(inner, columns)
    return more


@dataclass(frozen=True, slots=True)
class InSpace:
    """The launch among units without it, each as if it had got it.

    Attributes
    ----------
    ratio : float
        Root mean square gap after over before, of the unit with the launch.
    rank, units : int
        Its place among all units (1 is the largest), and their number.
    p_value, floor : float
        ``rank / units``, and the smallest it can be.
    effects : tuple of float
        Mean gap of each donor.
    """

    ratio: float
    rank: int
    units: int
    p_value: float
    floor: float
    effects: tuple[float, ...]


def in_space(treated: ArrayLike, donors: ArrayLike, before: int, *, demean: bool = True) -> InSpace:
    """Fit every donor as if it had got the launch, and rank the true one among them (Abadie et al. 2010)."""
    y, others = _checked(treated, donors, before)
    own = _ratio(synthetic(y, others, before, demean=demean), before)
    ratios, effects = [], []
    for j in range(others.shape[1]):
        rest = np.column_stack([others[:, np.arange(others.shape[1]) != j], y])
        found = synthetic(others[:, j], rest, before, demean=demean)
        ratios.append(_ratio(found, before))
        effects.append(found.effect)
    rank = 1 + sum(ratio >= own for ratio in ratios)
    units = len(ratios) + 1
    return InSpace(own, rank, units, rank / units, 1 / units, tuple(effects))


def _ratio(found: Synthetic, before: int) -> float:
    after = float(np.sqrt(np.mean(found.gap[before:] ** 2)))
    return after / found.miss if found.miss > 0 else math.inf


def in_time(treated: ArrayLike, donors: ArrayLike, before: int, start: int, *, demean: bool = True) -> float:
    """Give the effect of a fake launch at ``start``, judged on the periods before the true one: it should be small."""
    y, others = _checked(treated, donors, before)
    return synthetic(y[:before], others[:before], start, demean=demean).effect


def leave_one_out(treated: ArrayLike, donors: ArrayLike, before: int, *, demean: bool = True) -> tuple[float, float]:
    """Give the smallest and the largest effect when one donor with weight is left out."""
    y, others = _checked(treated, donors, before)
    whole = synthetic(y, others, before, demean=demean)
    few = others.shape[1] <= 2
    named: list[int] = [] if few else list(np.flatnonzero(whole.weights > 1e-6))
    effects = [whole.effect, *(synthetic(y, np.delete(others, j, axis=1), before, demean=demean).effect for j in named)]
    return min(effects), max(effects)


@dataclass(frozen=True, slots=True)
class Conformal:
    """Permutation inference over time.

    Attributes
    ----------
    block_p_value : float
        By shifting all residuals in a circle; holds when days resemble their neighbours. At least 1 / periods.
    shuffle_p_value : float
        By shuffling them; holds when they do not.
    ci_lower, ci_upper : float
        Constant effects that shifting does not reject; infinite where it can reject none.
    """

    block_p_value: float
    shuffle_p_value: float
    ci_lower: float
    ci_upper: float


def conformal(
    treated: ArrayLike, donors: ArrayLike, before: int, *, confidence: float = 0.95, seed: int = 0
) -> Conformal:
    """Test and invert constant effects by permuting residuals over time (Chernozhukov, Wüthrich & Zhu 2021).

    Under an effect of ``tau`` the unit without it is ``treated - tau``; the fit is made on all periods, and the
    residuals after the launch are held against all shifts of them: ``S = sum |e| / sqrt(length)``.
    """
    check_confidence(confidence)
    y, others = _checked(treated, donors, before)
    rng = np.random.default_rng(seed)
    residuals = _under(y, others, before, 0.0)
    seen = _statistic(residuals, before)
    shuffled = sum(_statistic(rng.permutation(residuals), before) >= seen - 1e-12 for _ in range(PERMUTATIONS - 1))
    lower, upper = _inverted(y, others, before, confidence)
    return Conformal(_block_p(residuals, before), (1 + shuffled) / PERMUTATIONS, lower, upper)


def _under(y: NDArray[np.float64], others: NDArray[np.float64], before: int, effect: float) -> NDArray[np.float64]:
    """Give the residuals of a fit on all periods, with the effect taken away."""
    without = y.copy()
    without[before:] -= effect
    centred, moved = without - without.mean(), others - others.mean(axis=0)
    left: NDArray[np.float64] = centred - moved @ simplex_weights(centred, moved)
    return left


def _statistic(residuals: NDArray[np.float64], before: int) -> float:
    after = np.abs(residuals[before:])
    return float(after.sum() / math.sqrt(len(after)))


def _block_p(residuals: NDArray[np.float64], before: int) -> float:
    seen = _statistic(residuals, before)
    shifts = [_statistic(np.roll(residuals, k), before) >= seen - 1e-12 for k in range(len(residuals))]
    return float(np.mean(shifts))


def _inverted(
    y: NDArray[np.float64], others: NDArray[np.float64], before: int, confidence: float
) -> tuple[float, float]:
    """Find the constant effects that shifting does not reject, on a grid around the estimate."""
    if 1 / len(y) > 1 - confidence:
        return -math.inf, math.inf
    found = synthetic(y, others, before)
    spread = 8 * max(found.miss, float(np.std(found.gap[before:])), 1e-12)
    grid = found.effect + np.linspace(-spread, spread, GRID)
    kept = [effect for effect in grid if _block_p(_under(y, others, before, effect), before) > 1 - confidence]
    if not kept:
        return found.effect, found.effect
    lower = -math.inf if kept[0] == grid[0] else float(kept[0])
    upper = math.inf if kept[-1] == grid[-1] else float(kept[-1])
    return lower, upper


@dataclass(frozen=True, slots=True)
class SyntheticDid:
    """Synthetic difference in differences: the effect, and what plain difference in differences says."""

    effect: float
    did: float


def synthetic_did(treated: ArrayLike, donors: ArrayLike, before: int) -> SyntheticDid:
    """Weigh units and periods before, and take the difference in differences (Arkhangelsky et al. 2021).

    ``treated`` is the mean over treated units, or one unit. Unit weights carry the penalty ``zeta² T0`` with ``zeta =
    (treated units * periods after)^(1/4) * sd(first differences of donors before)``, here with one treated unit.
    """
    y, others = _checked(treated, donors, before)
    after = len(y) - before
    noise = float(np.std(np.diff(others[:before], axis=0), ddof=1))
    zeta = after**0.25 * noise
    past = others[:before] - others[:before].mean(axis=0)
    units = simplex_weights(y[:before] - y[:before].mean(), past, ridge=zeta**2 * before)
    target = others[before:].mean(axis=0)
    periods = others[:before].T
    times = simplex_weights(
        target - target.mean(), periods - periods.mean(axis=0), ridge=(1e-6 * noise) ** 2 * others.shape[1]
    )
    gap = y - others @ units
    plain = y - others.mean(axis=1)
    return SyntheticDid(
        float(gap[before:].mean() - gap[:before] @ times), float(plain[before:].mean() - plain[:before].mean())
    )


def _length(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.sum(values**2)))


def _checked(treated: ArrayLike, donors: ArrayLike, before: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, others = np.asarray(treated, dtype=float), np.asarray(donors, dtype=float)
    if others.ndim != 2 or len(others) != len(y) or others.shape[1] < 2:
        raise DataError(f"A synthetic control needs at least two units without the launch; donors has {others.shape}.")
    if not (np.isfinite(y).all() and np.isfinite(others).all()):
        raise DataError("A unit is not known in every period; leave out the unit or the period first.")
    if before < 2 or len(y) - before < 1:
        raise DataError(f"{before} periods before and {len(y) - before} after are too few for a synthetic control.")
    return y, others
