"""Switchback experiments: everybody has the variant for a period, then nobody, and so on. Periods are the units."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import UNDEFINED, Interval, check_confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

PERMUTATIONS = 9_999
FEWEST_PERIODS = 10
"""Below this many periods in an arm, no error is to be trusted but that of the permutations."""
FEWEST_BLOCKS = 5

ONE_SIDED = "all periods are of one arm, so there is nothing to compare"
TOO_FEW_PERIODS = "fewer than two periods of an arm, so chance cannot be judged"
NO_SCATTER = "periods do not differ within the arms, so chance cannot be judged"
FEW = "there are few periods; read the interval and the p-value of the permutations"
UNPAIRED = "blocks with one arm only were left out"
COARSE = "there are too few ways of drawing the periods for a permutation interval at this confidence"


@dataclass(frozen=True, slots=True)
class Switchback:
    """Periods with the variant against periods without.

    Attributes
    ----------
    variant, control, difference : float
        Mean per unit in the periods of each arm, blocks weighted by their units, and variant minus control.
    error, freedom : float
        Standard error of the difference and its degrees of freedom. NaN when undefined.
    ci_lower, ci_upper, p_value : float
        By Student's t. NaN when undefined.
    permutation_p_value : float
        Share of the ways the periods might have been drawn that give a difference at least as large.
    permutation_ci_lower, permutation_ci_upper : float
        Constant effects that this test does not reject; infinite where it can reject none. NaN when undefined.
    periods, blocks : int
        Periods that were compared, and blocks of them; 0 blocks when there were none.
    method : str
        Where the standard error comes from.
    notes : tuple of str
        What a reader should know; empty when there is nothing to say.
    reason : str
        Why something is undefined; empty when all is defined.
    """

    variant: float
    control: float
    difference: float
    error: float
    freedom: float
    ci_lower: float
    ci_upper: float
    p_value: float
    permutation_p_value: float
    permutation_ci_lower: float
    permutation_ci_upper: float
    periods: int
    blocks: int
    method: str
    notes: tuple[str, ...]
    reason: str


class _Periods(NamedTuple):
    sums: NDArray[np.float64]
    units: NDArray[np.float64]
    treated: NDArray[np.bool_]
    blocks: NDArray[np.int64]  # numbered from 0; all 0 without blocks

    @property
    def groups(self) -> int:
        return int(self.blocks.max()) + 1 if len(self.blocks) else 0


def switchback(
    sums: ArrayLike,
    units: ArrayLike,
    treated: ArrayLike,
    *,
    blocks: Sequence[object] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    confidence: float = 0.95,
) -> Switchback:
    """Compare periods with the variant to periods without it.

    Parameters
    ----------
    sums, units : array of shape (periods,)
        Sum of the metric over the period's units, and how many units; in order of time, with what came too soon after
        a switch already taken out. Periods without units are left out.
    treated : array of shape (periods,)
        True or 1 where the variant was on.
    blocks : sequence, optional
        Which block (a day, a pair of periods) each period is of, when arms were drawn within blocks. The difference is
        then taken within blocks, and its error from its scatter over blocks, so that what lasts longer than a period
        but not longer than a block does no harm. Without blocks, neighbouring periods may resemble each other: the
        error is that of ``0.4 periods^(2/3)`` cosine waves, which are also its degrees of freedom (Lazarus, Lewis,
        Stock & Watson 2018).
    permutations : int
        Draws for the permutation test, besides the one at hand: labels are exchanged within blocks. It holds exactly if
        that is how the periods were drawn, each way as likely as the other, whatever the series looks like.
    seed : int
        Of these draws: the same seed, the same p-value.
    confidence : float
        Of the intervals.

    Returns
    -------
    Switchback

    Notes
    -----
    The effect is that of having the variant on for a period; what lingers into the next one is the caller's to remove.

    Examples
    --------
    >>> found = switchback([11, 10, 13, 11, 12, 9], [10] * 6, [1, 0, 1, 0, 1, 0], blocks=["a", "a", "b", "b", "c", "c"])
    >>> round(found.difference, 3), round(found.error, 4), found.permutation_p_value
    (0.2, 0.0577, 0.25)
    """
    check_confidence(confidence)
    held, unpaired = _paired(_periods(sums, units, treated, blocks))
    by_block = blocks is not None
    reason = _reason(held, by_block=by_block)
    means = _means(held) if reason != ONE_SIDED else (math.nan, math.nan)
    difference = means[0] - means[1]
    error, freedom = math.nan, math.nan
    drawn, interval = math.nan, UNDEFINED
    if not reason:
        error, freedom = _block_error(held, difference) if by_block else _serial_error(held, means)
        drawn, interval = _permuted(held, difference, permutations, seed, confidence)
        reason = reason if error > 0 else NO_SCATTER
    half, p_value = _student(difference, error, freedom, confidence)
    return Switchback(
        variant=means[0],
        control=means[1],
        difference=difference,
        error=error if error > 0 else math.nan,
        freedom=freedom,
        ci_lower=difference - half,
        ci_upper=difference + half,
        p_value=p_value,
        permutation_p_value=drawn,
        permutation_ci_lower=interval.lower,
        permutation_ci_upper=interval.upper,
        periods=len(held.sums),
        blocks=held.groups if by_block else 0,
        method="differences within blocks" if by_block else "series of periods",
        notes=_notes(held, unpaired=unpaired, by_block=by_block, interval=interval),
        reason=reason,
    )


def _periods(sums: ArrayLike, units: ArrayLike, treated: ArrayLike, blocks: Sequence[object] | None) -> _Periods:
    tops, counts = np.asarray(sums, dtype=np.float64), np.asarray(units, dtype=np.float64)
    labels = np.asarray(treated, dtype=np.float64)
    names = [0] * len(tops) if blocks is None else list(blocks)
    if not len(tops) == len(counts) == len(labels) == len(names):
        raise ParameterError(
            f"{len(tops)} sums, {len(counts)} numbers of units, {len(labels)} labels and {len(names)} blocks; "
            "give one of each per period."
        )
    if not np.isin(labels, (0, 1)).all():
        raise ParameterError("treated must be True or False (1 or 0) in every period.")
    kept = (counts > 0) & np.isfinite(tops)
    numbers = {
        name: number for number, name in enumerate(dict.fromkeys(n for n, k in zip(names, kept, strict=True) if k))
    }
    found = np.array([numbers[name] for name, keep in zip(names, kept, strict=True) if keep], dtype=np.int64)
    return _Periods(tops[kept], counts[kept], labels[kept] == 1, found)


def _paired(held: _Periods) -> tuple[_Periods, bool]:
    """Leave out blocks that have one arm only, when others have both."""
    on = np.bincount(held.blocks, weights=held.treated, minlength=held.groups)
    size = np.bincount(held.blocks, minlength=held.groups)
    both = (on > 0) & (on < size)
    if both.all() or not both.any():
        return held, False
    kept = both[held.blocks]
    numbers = np.cumsum(both) - 1
    return _Periods(held.sums[kept], held.units[kept], held.treated[kept], numbers[held.blocks[kept]]), True


def _reason(held: _Periods, *, by_block: bool) -> str:
    on = np.bincount(held.blocks, weights=held.treated, minlength=held.groups)
    size = np.bincount(held.blocks, minlength=held.groups)
    if not len(held.sums) or not ((on > 0) & (on < size)).all():
        return ONE_SIDED
    fewest = held.groups if by_block else min(held.treated.sum(), (~held.treated).sum())
    return "" if fewest >= 2 else TOO_FEW_PERIODS


def _weights(held: _Periods) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = (
        np.bincount(held.blocks, weights=held.units, minlength=held.groups) / held.units.sum()
    )
    return weights


def _by_block(held: _Periods, sums: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give the mean per unit of each arm in each block, for every row of labels: shape (2, draws, blocks)."""
    member = np.eye(held.groups)[held.blocks]
    sides = (labels, ~labels)
    return np.array([((side * sums) @ member) / ((side * held.units) @ member) for side in sides])


def _means(held: _Periods) -> tuple[float, float]:
    means = _by_block(held, held.sums, held.treated[None, :])[:, 0] @ _weights(held)
    return float(means[0]), float(means[1])


def _block_error(held: _Periods, difference: float) -> tuple[float, float]:
    """Judge the weighted mean of the blocks' differences by their scatter."""
    means = _by_block(held, held.sums, held.treated[None, :])[:, 0]
    away = _weights(held) * (means[0] - means[1] - difference)
    return math.sqrt(float(away @ away) * held.groups / (held.groups - 1)), held.groups - 1


def _serial_error(held: _Periods, means: tuple[float, float]) -> tuple[float, float]:
    """Judge the difference by how slowly what each period does to it waxes and wanes.

    The variance of the sum of a series is its spectrum at frequency zero: here the mean square of its first cosines.
    """
    count = len(held.sums)
    waves = max(2, int(0.4 * count ** (2 / 3)))
    on = held.treated
    share = np.where(on, held.units / held.units[on].sum(), -held.units / held.units[~on].sum())
    pull = share * (held.sums / held.units - np.where(on, *means))
    cosines = math.sqrt(2) * np.cos(np.pi * np.outer(np.arange(1, waves + 1), np.arange(count) + 0.5) / count)
    heights = cosines @ pull
    return math.sqrt(float(heights @ heights) / waves * count / (count - 2)), waves


def _student(difference: float, error: float, freedom: float, confidence: float) -> tuple[float, float]:
    from scipy.special import stdtr, stdtrit

    if not error > 0:
        return math.nan, math.nan
    return float(stdtrit(freedom, 0.5 + confidence / 2)) * error, float(2 * stdtr(freedom, -abs(difference) / error))


def _permuted(
    held: _Periods, difference: float, permutations: int, seed: int, confidence: float
) -> tuple[float, Interval]:
    """Exchange labels within blocks: the p-value of no effect, and the constant effects that are not rejected.

    With a constant effect e taken away from the treated periods, the difference of a draw is ``a - e b``, b being the
    share of treated units it gives the variant less that which it gives the control, and that of the data
    ``difference - e``. So every draw stops speaking for e at one value above and at one below the difference, and the
    interval's ends are order statistics of these.
    """
    labels = _draws(held, permutations, seed)
    effects, shares = (
        (means[0] - means[1]) @ _weights(held)
        for means in (_by_block(held, sums, labels) for sums in (held.sums, held.units * held.treated))
    )
    slack = 1e-12 * max(1.0, float(np.abs(effects).max()))
    extreme = np.abs(effects) >= abs(difference) - slack
    above = _last_effect(effects, shares, difference, slack)
    below = -_last_effect(-effects, shares, -difference, slack)
    rejected = math.floor((1 - confidence) * len(labels) + 1e-9)
    upper, lower = np.sort(above)[::-1][rejected], np.sort(below)[rejected]
    return float(extreme.mean()), Interval(float(lower), float(upper))


def _last_effect(
    effects: NDArray[np.float64], shares: NDArray[np.float64], difference: float, slack: float
) -> NDArray[np.float64]:
    """Give the largest e at or above the difference with ``|effect - e share| >= e - difference``, per draw."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(1 + shares > 1e-9, (effects + difference) / (1 + shares), np.inf)
        two = np.where(1 - shares > 1e-9, (difference - effects) / (1 - shares), np.inf)
    one = np.where((1 + shares <= 1e-9) & (effects + difference < -slack), -np.inf, one)
    two = np.where((1 - shares <= 1e-9) & (difference - effects < -slack), -np.inf, two)
    return np.maximum(np.maximum(one, two), difference)


def _draws(held: _Periods, permutations: int, seed: int) -> NDArray[np.bool_]:
    """Give ways of drawing the labels, the one at hand among them: all when they are few, else random ones."""
    if permutations < 1:
        raise ParameterError(f"permutations={permutations!r} must be at least 1; write {PERMUTATIONS}.")
    members = [np.flatnonzero(held.blocks == block) for block in range(held.groups)]
    ways = math.prod(math.comb(len(each), int(held.treated[each].sum())) for each in members)
    if ways <= permutations + 1:
        return _all_draws(held, members)
    rng = np.random.default_rng(seed)
    order = np.argsort(rng.random((permutations, len(held.sums))) + held.blocks, axis=1)
    labels = np.zeros((permutations, len(held.sums)), dtype=bool)
    in_order = held.treated[np.argsort(held.blocks, kind="stable")]
    np.put_along_axis(labels, order, np.broadcast_to(in_order, labels.shape), axis=1)
    return np.vstack([held.treated, labels])


def _all_draws(held: _Periods, members: Sequence[NDArray[np.int64]]) -> NDArray[np.bool_]:
    choices = [itertools.combinations(each.tolist(), int(held.treated[each].sum())) for each in members]
    chosen = [list(itertools.chain(*each)) for each in itertools.product(*choices)]
    labels = np.zeros((len(chosen), len(held.sums)), dtype=bool)
    for row, on in zip(labels, chosen, strict=True):
        row[on] = True
    return labels


def _notes(held: _Periods, *, unpaired: bool, by_block: bool, interval: Interval) -> tuple[str, ...]:
    fewest = held.groups if by_block else min(held.treated.sum(), (~held.treated).sum())
    enough = FEWEST_BLOCKS if by_block else FEWEST_PERIODS
    said = {UNPAIRED: unpaired, FEW: fewest < enough, COARSE: math.isinf(interval.lower) or math.isinf(interval.upper)}
    return tuple(note for note, holds in said.items() if holds)
