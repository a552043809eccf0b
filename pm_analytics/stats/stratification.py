"""Post-stratification: compare within strata, and weight the strata as they are in both arms together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.stats.effects import Arm

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST_STRATUM = 2
"""Units that an arm needs in a stratum, or nothing is known of its spread there."""


def post_stratified(strata: Sequence[tuple[Arm, Arm]], *, weights_vary: bool = True) -> tuple[Arm, Arm]:
    """Combine strata to one arm each (Miratrix, Sekhon & Yu 2013).

    Parameters
    ----------
    strata : sequence of (variant, control)
        Arms of each stratum. One with fewer than two units in an arm is put together with the smallest other one.
    weights_vary : bool
        Whether the shares of the strata are themselves a sample: adds ``sum w_k (d_k - d)^2 / n`` to the variance of
        the difference, halved between the arms.

    Returns
    -------
    (Arm, Arm)
        Means ``sum w_k m_k``, ``w_k`` being a stratum's share of all units; variances such that variance / n is that of
        the mean.
    """
    kept = _merged_small(list(strata))
    total = sum(v.n + c.n for v, c in kept)
    if total == 0:
        return Arm(0, math.nan, math.nan), Arm(0, math.nan, math.nan)
    shares = [(v.n + c.n) / total for v, c in kept]
    differences = [v.mean - c.mean for v, c in kept]
    overall = sum(w * d for w, d in zip(shares, differences, strict=True))
    extra = sum(w * (d - overall) ** 2 for w, d in zip(shares, differences, strict=True)) / total
    variant, control = (
        _combined([pair[side] for pair in kept], shares, extra / 2 if weights_vary else 0.0) for side in (0, 1)
    )
    return variant, control


def _combined(arms: Sequence[Arm], shares: Sequence[float], extra: float) -> Arm:
    n = sum(arm.n for arm in arms)
    mean = sum(w * arm.mean for w, arm in zip(shares, arms, strict=True))
    of_mean = sum(w**2 * arm.variance / arm.n for w, arm in zip(shares, arms, strict=True)) + extra
    return Arm(n, mean, of_mean * n)


def _merged_small(strata: list[tuple[Arm, Arm]]) -> list[tuple[Arm, Arm]]:
    """Put strata that are too small for a variance together with the smallest of the others, until none is."""
    kept = sorted((pair for pair in strata if pair[0].n + pair[1].n), key=lambda pair: pair[0].n + pair[1].n)
    while len(kept) > 1 and any(min(v.n, c.n) < SMALLEST_STRATUM for v, c in kept):
        at = next(i for i, (v, c) in enumerate(kept) if min(v.n, c.n) < SMALLEST_STRATUM)
        small = kept.pop(at)
        other = kept.pop(0)
        kept.append((_together(small[0], other[0]), _together(small[1], other[1])))
        kept.sort(key=lambda pair: pair[0].n + pair[1].n)
    return kept


def _together(one: Arm, two: Arm) -> Arm:
    if one.n == 0 or two.n == 0:
        return two if one.n == 0 else one
    n = one.n + two.n
    within = sum((arm.n - 1) * arm.variance for arm in (one, two) if arm.n > 1)
    between = (one.mean - two.mean) ** 2 * one.n * two.n / n
    return Arm(n, (one.n * one.mean + two.n * two.mean) / n, (within + between) / (n - 1))
