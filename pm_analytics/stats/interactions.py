"""Two experiments on the same units: whether one changes the effect of the other, and whether they were drawn apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.effects import EMPTY, NO_VARIANCE, TOO_FEW, Arm, Effect, compare_means, satterthwaite
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NOT_TWO_BY_TWO = "one of the experiments has units in fewer than two arms"


@dataclass(frozen=True, slots=True)
class Interaction:
    """How much the effect of one experiment changes with the other.

    Attributes
    ----------
    contrast, error : float
        Effect of the first with the second on, minus its effect with the second off; the same seen from the second.
        NaN when undefined.
    ci_lower, ci_upper, p_value, freedom : float
        By Student's t with Satterthwaite's degrees of freedom over the four groups. NaN when undefined.
    first_alone, first_with_second : Effect
        Effect of the first experiment among units without, and with, the second.
    second_alone, second_with_first : Effect
        Effect of the second experiment among units without, and with, the first.
    reason : str
        Why something is undefined; empty when all is defined.
    """

    contrast: float
    error: float
    ci_lower: float
    ci_upper: float
    p_value: float
    freedom: float
    first_alone: Effect
    first_with_second: Effect
    second_alone: Effect
    second_with_first: Effect
    reason: str


@dataclass(frozen=True, slots=True)
class Independence:
    """Whether two assignments have to do with each other.

    Attributes
    ----------
    chi_square, freedom, p_value : float
        Pearson's chi-square test of independence. NaN when undefined.
    association : float
        Cramér's V, 0 = none, 1 = one assignment tells the other. NaN when undefined.
    reason : str
        Why it is undefined; empty when it is defined.
    """

    chi_square: float
    freedom: int
    p_value: float
    association: float
    reason: str


def interaction(neither: Arm, first: Arm, second: Arm, both: Arm, *, confidence: float = 0.95) -> Interaction:
    """Compare the four groups that two experiments make.

    Parameters
    ----------
    neither, first, second, both : Arm
        Units in the control of both experiments, in the variant of the first only, of the second only, of both.
    confidence : float
        Of every interval.

    Examples
    --------
    >>> found = interaction(Arm(100, 1.0, 1.0), Arm(100, 2.0, 1.0), Arm(100, 3.0, 1.0), Arm(100, 4.5, 1.0))
    >>> found.contrast, found.error, found.first_alone.difference, found.first_with_second.difference
    (0.5, 0.2, 1.0, 1.5)
    """
    from scipy.special import stdtr, stdtrit

    check_confidence(confidence)
    cells = (neither, first, second, both)
    contrast = (both.mean - second.mean) - (first.mean - neither.mean)
    reason = _reason(cells)
    error = freedom = half = p_value = math.nan
    if not reason:
        spreads = [cell.variance / cell.n for cell in cells]
        error = math.sqrt(sum(spreads))
        freedom = satterthwaite(spreads, [cell.n for cell in cells])
        half = float(stdtrit(freedom, 0.5 + confidence / 2)) * error
        p_value = float(2 * stdtr(freedom, -abs(contrast) / error))
    return Interaction(
        contrast=contrast,
        error=error,
        ci_lower=contrast - half,
        ci_upper=contrast + half,
        p_value=p_value,
        freedom=freedom,
        first_alone=compare_means(first, neither, confidence=confidence),
        first_with_second=compare_means(both, second, confidence=confidence),
        second_alone=compare_means(second, neither, confidence=confidence),
        second_with_first=compare_means(both, first, confidence=confidence),
        reason=reason,
    )


def independence(counts: ArrayLike) -> Independence:
    """Test that units fell into the arms of two experiments independently.

    Parameters
    ----------
    counts : array of shape (arms of the first, arms of the second)
        Units in each combination. Arms without units are left out.

    Returns
    -------
    Independence
        Pearson's test without continuity correction.

    Raises
    ------
    ParameterError
        ``counts`` is not a table of numbers of units.

    Examples
    --------
    >>> found = independence([[500, 500], [400, 600]])
    >>> round(found.chi_square, 3), found.freedom, round(found.p_value, 7), round(found.association, 3)
    (20.202, 1, 7e-06, 0.101)
    """
    from scipy.special import chdtrc

    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or not (np.isfinite(table) & (table >= 0)).all():
        raise ParameterError("counts must be a table of numbers of units: one row per arm of the first experiment.")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    if min(rows, columns) < 2:
        return Independence(math.nan, 0, math.nan, math.nan, NOT_TWO_BY_TWO)
    whole = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / whole
    statistic = float(((table - expected) ** 2 / expected).sum())
    freedom = (rows - 1) * (columns - 1)
    association = math.sqrt(statistic / whole / (min(rows, columns) - 1))
    return Independence(statistic, freedom, float(chdtrc(freedom, statistic)), association, "")


def _reason(cells: tuple[Arm, ...]) -> str:
    fewest = min(cell.n for cell in cells)
    if fewest < 2:
        return TOO_FEW if fewest else EMPTY
    return "" if sum(cell.variance for cell in cells) > 0 else NO_VARIANCE
