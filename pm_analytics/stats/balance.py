"""Did the experiment split its units as planned? The sample-ratio test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import SMALLEST_EXPECTED_CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_RATIO_ALPHA = 0.001
"""A p-value below this is a sample-ratio mismatch (the field's convention; Fabijan et al. 2019)."""


SMALL_ENOUGH = 1_000
"""Up to so many units the test of several arms is exact; above it chi-square is as good."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """The sample-ratio test.

    Attributes
    ----------
    statistic : float
        Pearson's chi-square.
    freedom : int
        Arms less one.
    p_value : float
        Exact when counts are small.
    method : str
        ``"chi-square"``, ``"exact binomial"`` or ``"exact multinomial"``.
    """

    statistic: float
    freedom: int
    p_value: float
    method: str


def sample_ratio(observed: Sequence[int], weights: Sequence[float]) -> SampleRatio:
    """Test jointly over all arms that units fell into them in proportion to ``weights``; with its statistic.

    Chi-square; exact where an expected count is below 5: binomial for two arms, for more (up to 1,000 units) by the
    chance of outcomes no more likely than the one seen, over 100,000 seeded draws.
    """
    total, whole = sum(observed), sum(weights)
    if not all(weight > 0 for weight in weights):
        raise ParameterError(f"weights={list(weights)} must all be above zero; leave out an arm that was to be empty.")
    if total == 0 or len(observed) < 2:
        return SampleRatio(0.0, max(0, len(observed) - 1), 1.0, "chi-square")
    expected = [total * weight / whole for weight in weights]
    statistic = sum((o - e) ** 2 / e for o, e in zip(observed, expected, strict=True))
    small = min(expected) < SMALLEST_EXPECTED_CELL and total <= SMALL_ENOUGH
    if small and len(observed) > 2:
        p_value = _exact_multinomial(observed, [weight / whole for weight in weights])
        return SampleRatio(statistic, len(observed) - 1, p_value, "exact multinomial")
    method = "exact binomial" if len(observed) == 2 and min(expected) < SMALLEST_EXPECTED_CELL else "chi-square"
    return SampleRatio(statistic, len(observed) - 1, sample_ratio_p_value(observed, weights), method)


def _exact_multinomial(observed: Sequence[int], shares: Sequence[float]) -> float:
    """Add up the chance of all outcomes that are no more likely than the one that was seen."""
    import numpy as np
    from scipy.stats import multinomial

    total = sum(observed)
    law = multinomial(total, shares)
    draws = np.random.default_rng(1).multinomial(total, shares, size=100_000)
    seen, likely = float(law.logpmf(observed)), law.logpmf(draws)
    # One more than what was drawn: a p-value made of draws is never 0.
    return float((1 + np.sum(likely <= seen + 1e-9)) / (len(draws) + 1))


@dataclass(frozen=True, slots=True)
class RunningRatio:
    """The sample-ratio test for repeated looks.

    Attributes
    ----------
    log_bayes_factor : float
        Log of the evidence against the planned split.
    e_value, p_value : float
        Its exponential, and one over it, at most 1; valid at every look, the smallest so far counts.
    """

    log_bayes_factor: float
    e_value: float
    p_value: float


def running_ratio(observed: Sequence[int], weights: Sequence[float]) -> RunningRatio:
    """Test the split at any time: Dirichlet-multinomial against the planned multinomial (Lindon & Malek 2022).

    The prior of the alternative is flat: every split is as likely as another.

    Examples
    --------
    >>> round(running_ratio([5300, 4700], [1, 1]).log_bayes_factor, 6)
    13.629559
    """
    from scipy.special import gammaln

    whole, total, arms = sum(weights), sum(observed), len(observed)
    marginal = float(gammaln(arms)) - float(gammaln(arms + total)) + sum(float(gammaln(1 + n)) for n in observed)
    planned = sum(n * math.log(weight / whole) for n, weight in zip(observed, weights, strict=True))
    log_factor = marginal - planned
    return RunningRatio(log_factor, math.exp(min(700.0, log_factor)), min(1.0, math.exp(-log_factor)))


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
