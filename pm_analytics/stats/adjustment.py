"""Take out of a comparison what was different before it began (CUPED): the same effect, a narrower interval.

From moments alone: no row is needed. A covariate must be known before exposure; what comes later could be an effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.stats.effects import Arm, Effect, compare_means
from pm_analytics.stats.uneven import UNEVEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pm_analytics.stats.moments import Moments

IMBALANCE_ALPHA = 0.001
"""Below this p-value the groups were not alike before the experiment began."""
_FLAT = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """Two arms after adjustment.

    Attributes
    ----------
    variant, control : Arm
        Adjusted means, and variances of what is left.
    raw_variant, raw_control : Arm
        Before adjustment.
    theta : array of shape (k,)
        Slopes of the covariates; of the two arms' own, their mean.
    method : str
        Which adjustment was made.
    """

    variant: Arm
    control: Arm
    raw_variant: Arm
    raw_control: Arm
    theta: NDArray[np.float64]
    method: str

    @property
    def variance_reduction(self) -> float:
        """Share of the variance of the difference that the adjustment took away; NaN without units."""
        before = _variance(self.raw_variant, self.raw_control)
        return 1 - _variance(self.variant, self.control) / before if before > 0 else math.nan

    def effect(self, *, confidence: float = 0.95) -> Effect:
        """Compare the adjusted arms: Welch's interval and test, Fieller for the lift."""
        return compare_means(self.variant, self.control, confidence=confidence)


def slopes(pooled: Moments) -> NDArray[np.float64]:
    """Give the slopes of the first column on all others: ``S_XX^-1 S_XY`` of the units of both arms together.

    Covariates that do not vary, or that others already say, get what the pseudo-inverse gives them: nothing is lost.
    """
    spread = np.sqrt(np.diag(pooled.covariances)[1:])
    scale = np.where(spread > 0, spread, 1.0)
    # Scaled to unit spread, so that what counts as collinear does not depend on a covariate's unit.
    between = pooled.covariances[1:, 1:] / np.outer(scale, scale)
    with_y = pooled.covariances[1:, 0] / scale
    found: NDArray[np.float64] = np.linalg.pinv(between, rcond=_FLAT, hermitian=True) @ with_y / scale
    return found


def adjusted(variant: Moments, control: Moments) -> Adjusted:
    """Adjust two arms for covariates, with one slope for both (CUPED, Deng et al. 2013), or one each when uneven.

    Parameters
    ----------
    variant, control : Moments
        Column 0 is the outcome, all others are covariates.

    Returns
    -------
    Adjusted
        Means at the covariates' mean over both arms. One slope: the variance of ``y - theta x`` in each arm. A slope
        each (Lin 2013), when one arm is more than twice the other: the same with its own slope, and what the unknown
        mean of the covariates adds.
    """
    pooled = variant.merged(control)
    raw = variant.columns([0]).arm([1.0]), control.columns([0]).arm([1.0])
    sizes = sorted((variant.n, control.n))
    # One slope for arms of very different size may lose; each then has its own (Lin 2013).
    if sizes[0] > len(pooled.means) + 1 and sizes[1] > UNEVEN * sizes[0]:
        return _each_its_slope(variant, control, pooled, raw)
    theta = slopes(pooled)
    arms = [_at_mean(arm, theta, pooled.means[1:], 0.0) for arm in (variant, control)]
    return Adjusted(arms[0], arms[1], *raw, theta, "adjusted for the time before (CUPED)")


def _each_its_slope(variant: Moments, control: Moments, pooled: Moments, raw: tuple[Arm, Arm]) -> Adjusted:
    ours, theirs = slopes(variant), slopes(control)
    apart = ours - theirs
    extra = float(apart @ pooled.covariances[1:, 1:] @ apart) / pooled.n
    arms = [_at_mean(arm, theta, pooled.means[1:], extra / 2) for arm, theta in ((variant, ours), (control, theirs))]
    return Adjusted(arms[0], arms[1], *raw, (ours + theirs) / 2, "adjusted for the time before (a slope per arm)")


def _at_mean(arm: Moments, theta: NDArray[np.float64], centre: NDArray[np.float64], extra: float) -> Arm:
    """Move an arm's mean to where its covariates would lie at ``centre``; ``extra`` is variance of the mean to add."""
    left = arm.arm([1.0, *(-theta)], float(theta @ centre))
    return Arm(left.n, left.mean, left.variance + extra * arm.n)


def imbalance(variant: Moments, control: Moments, covariate: int) -> Effect:
    """Compare one covariate (a column's place) between the arms: before the start there must be no difference."""
    arms = (each.columns([covariate]).arm([1.0]) for each in (variant, control))
    return compare_means(*arms)


def _variance(variant: Arm, control: Arm) -> float:
    if min(variant.n, control.n) < 1:
        return math.nan
    return variant.variance / variant.n + control.variance / control.n
