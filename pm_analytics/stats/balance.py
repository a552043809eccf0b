"""Did the experiment split its units as planned? The sample-ratio test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import SMALLEST_EXPECTED_CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_RATIO_ALPHA = 0.001
"""A p-value below this is a sample-ratio mismatch (the field's convention; Fabijan et al. 2019)."""


def sample_ratio_p_value(observed: Sequence[int], weights: Sequence[float]) -> float:
    """Test jointly over all arms that units fell into them in proportion to ``weights``.

    Pearson's chi-square test; the exact binomial test when two arms are so small that an expected count is below 5.
    1 when there are no units, or one arm: nothing speaks against the plan then.

    Raises
    ------
    ParameterError
        A weight is not positive.

    Examples
    --------
    >>> round(sample_ratio_p_value([3332, 2996], [1, 1]), 6)
    2.4e-05
    """
    from scipy.stats import binomtest, chisquare

    total, whole = sum(observed), sum(weights)
    if not all(weight > 0 for weight in weights):
        raise ParameterError(f"weights={list(weights)} must all be above zero; leave out an arm that was to be empty.")
    if total == 0 or len(observed) < 2:
        return 1.0
    expected = [total * weight / whole for weight in weights]
    if len(observed) == 2 and min(expected) < SMALLEST_EXPECTED_CELL:
        return float(binomtest(observed[0], total, weights[0] / whole).pvalue)
    return float(chisquare(list(observed), expected).pvalue)
