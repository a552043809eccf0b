"""Units that come in clusters (sessions of a user, users of a company): the error by clusters, and what is lost.

Values of one cluster resemble each other, so a thousand sessions of a hundred users are worth less than a thousand
users. The difference is that of two ratios of sums over clusters (Deng, Knoblich & Lu 2018), which is right whether
clusters or their units were counted, as long as clusters were what was randomised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.effects import EMPTY, Arm, Effect, compare_means
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.proportions import normal_quantile
from pm_analytics.stats.ratios import linearised

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FEWEST_CLUSTERS = 10
"""Below this many in an arm, the spread between clusters is a guess (Donner & Klar 2000 advise far more)."""
MISLEADING_DESIGN_EFFECT = 1.2
"""Above this, counting units as independent would cry wolf in more than 7 % of the tests at 5 %."""

TOO_FEW_CLUSTERS = "an arm has fewer than two clusters"
FEW_CLUSTERS = "an arm has fewer than ten clusters, so the error itself is uncertain; read the interval with care"


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """The clusters of one arm, as sums.

    Attributes
    ----------
    moments : Moments
        Over clusters, of two columns: the sum of the values of the cluster's units, and how many units.
    total : float
        Sum over units of the squared distance to the arm's mean; NaN when not known, and then nothing is said about
        counting units as independent.
    between : float
        Sum over clusters of units times the squared distance of the cluster's mean to the arm's; NaN when not known.
    """

    moments: Moments
    total: float = math.nan
    between: float = math.nan

    @classmethod
    def of_values(
        cls, sums: ArrayLike, units: ArrayLike, squares: ArrayLike | None = None, *, shift: float = 0.0
    ) -> Clusters:
        """Take what is needed from one row per cluster.

        Parameters
        ----------
        sums, units : array of shape (clusters,)
            Sum of ``y - shift`` over the cluster's units, and how many they are.
        squares : array of shape (clusters,), optional
            Sum of ``(y - shift)²``; for zeros and ones without a shift, the sums.
        shift : float
            What was subtracted from every value; anything near the mean keeps the squares from drowning in rounding.

        Raises
        ------
        ParameterError
            A cluster has no units.
        """
        tops, counts = np.asarray(sums, dtype=np.float64), np.asarray(units, dtype=np.float64)
        if (counts <= 0).any():
            raise ParameterError("a cluster has no units, so it has no mean; leave out clusters that are empty.")
        if not len(tops):
            return cls(Moments.of_values(np.empty((0, 2))))
        whole = tops.sum() ** 2 / counts.sum()
        total = math.nan if squares is None else max(0.0, float(np.asarray(squares, dtype=np.float64).sum() - whole))
        between = max(0.0, float((tops**2 / counts).sum() - whole))
        return cls(Moments.of_values(np.column_stack([tops + shift * counts, counts])), total, between)

    @property
    def units(self) -> float:
        """Units of all clusters."""
        return self.moments.n * float(self.moments.means[1]) if self.moments.n else 0.0

    @property
    def arm(self) -> Arm:
        """The arm with clusters as its units: mean per unit, variance of the linearised ratio."""
        return linearised(self.moments)

    @property
    def naive_arm(self) -> Arm:
        """The arm as it would be if its units were independent; the variance is NaN when ``total`` is."""
        units = round(self.units)
        return Arm(units, self.arm.mean, self.total / (units - 1) if units > 1 else math.nan)


@dataclass(frozen=True, slots=True)
class ClusterComparison:
    """Variant against control, with clusters as what was randomised.

    Attributes
    ----------
    effect : Effect
        Difference of the means per unit; error by clusters, Student's t with Welch's degrees of freedom over clusters.
    naive : Effect or None
        The same as if units were independent; None when the spread of the units is not known.
    design_effect : float
        Variance of the difference by clusters over the naive one: how many times more units are needed. NaN when
        unknown.
    false_alarms : float
        How often the naive test would find a difference where there is none, at this confidence. NaN when unknown.
    is_mismatch : bool
        Whether counting units as independent would mislead: a design effect above 1.2.
    icc : float
        Intraclass correlation: how alike the units of a cluster are, 0 = not at all, 1 = the same. NaN when unknown.
    size_variation : float
        Standard deviation of the cluster sizes over their mean, both arms together. NaN below two clusters.
    notes : tuple of str
        What a reader should know; empty when there is nothing to say.
    """

    effect: Effect
    naive: Effect | None
    design_effect: float
    false_alarms: float
    is_mismatch: bool
    icc: float
    size_variation: float
    notes: tuple[str, ...]


def compare_clusters(variant: Clusters, control: Clusters, *, confidence: float = 0.95) -> ClusterComparison:
    """Compare two arms whose units come in clusters.

    The variance of each arm's mean is ``var(S - R m) / (mean m)² / clusters`` with S the cluster's sum, m its units and
    R the mean per unit: the cluster-robust variance of the difference of two means, times clusters / (clusters - 1).

    Returns
    -------
    ClusterComparison
        Undefined with a reason below two clusters in an arm; with a note below ten.

    Examples
    --------
    >>> control = Clusters.of_values([1, 0, 4, 2], [2, 2, 4, 4], [1, 0, 4, 2])
    >>> variant = Clusters.of_values([2, 1, 4, 3], [2, 2, 4, 4], [2, 1, 4, 3])
    >>> found = compare_clusters(variant, control)
    >>> round(found.effect.difference, 4), round(found.design_effect, 2), round(found.icc, 2)
    (0.25, 1.44, 0.21)
    """
    effect = compare_means(variant.arm, control.arm, confidence=confidence)
    effect = replace(effect, method=f"by clusters; {effect.method}")
    fewest = min(variant.moments.n, control.moments.n)
    if fewest < 2:
        effect = replace(effect, reason=TOO_FEW_CLUSTERS if fewest else EMPTY)
    known = not (math.isnan(variant.total) or math.isnan(control.total)) and fewest >= 2
    naive = compare_means(variant.naive_arm, control.naive_arm, confidence=confidence) if known else None
    found = (effect.error / naive.error) ** 2 if naive is not None and naive.error > 0 else math.nan
    return ClusterComparison(
        effect=effect,
        naive=naive,
        design_effect=found,
        false_alarms=_false_alarms(found, confidence),
        is_mismatch=found > MISLEADING_DESIGN_EFFECT,
        icc=intraclass_correlation(variant, control),
        size_variation=_size_variation(variant, control),
        notes=(FEW_CLUSTERS,) if 2 <= fewest < FEWEST_CLUSTERS else (),
    )


def intraclass_correlation(*arms: Clusters) -> float:
    """Estimate how alike the units of a cluster are, within arms: the ANOVA estimator (Donner & Klar 2000).

    ``(MSB - MSW) / (MSB + (m0 - 1) MSW)`` with the mean squares between and within clusters and
    ``m0 = (N - sum over arms of sum m² / N_arm) / (clusters - arms)``. It can be a little below 0 by chance. NaN when
    the squares are not known, no cluster has two units, or no unit differs from another one.

    Examples
    --------
    >>> intraclass_correlation(Clusters.of_values([0, 3], [3, 3], [0, 3]))
    1.0
    """
    held = [arm for arm in arms if arm.moments.n]
    clusters, units = sum(arm.moments.n for arm in held), sum(arm.units for arm in held)
    free_between, free_within = clusters - len(held), units - clusters
    if free_between < 1 or free_within < 1:
        return math.nan
    between = sum(arm.between for arm in held)
    mean_between, mean_within = between / free_between, (sum(arm.total for arm in held) - between) / free_within
    size = (units - sum(_squared_sizes(arm) / arm.units for arm in held)) / free_between
    whole = mean_between + (size - 1) * mean_within
    return (mean_between - mean_within) / whole if whole > 0 else math.nan


def _squared_sizes(arm: Clusters) -> float:
    spread = float(arm.moments.covariances[1, 1]) * (arm.moments.n - 1) if arm.moments.n > 1 else 0.0
    return spread + arm.moments.n * float(arm.moments.means[1]) ** 2


def _size_variation(variant: Clusters, control: Clusters) -> float:
    sizes = variant.moments.merged(control.moments).columns([1])
    return math.sqrt(float(sizes.covariances[0, 0])) / float(sizes.means[0]) if sizes.n > 1 else math.nan


def _false_alarms(found: float, confidence: float) -> float:
    if not found > 0:
        return math.nan
    return math.erfc(normal_quantile(confidence) / math.sqrt(2 * found))
