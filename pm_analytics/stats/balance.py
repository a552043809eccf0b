"""Did the experiment split its units as planned? The sample-ratio test: once, at every look, over days and segments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.multiplicity import bonferroni
from pm_analytics.stats.proportions import SMALLEST_EXPECTED_CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SAMPLE_RATIO_ALPHA = 0.001
"""A p-value below this is a sample-ratio mismatch (the field's convention; Fabijan et al. 2019)."""
MOST_OUTCOMES = 1_000_000
"""Up to so many ways to divide the units, the exact test of several arms goes through all of them."""
DRAWS = 100_000
"""Beyond it, the chance of the outcomes is found from so many seeded draws; its smallest p-value is 1e-5."""
_DRAWS_OF_STRATA = 20_000
_LARGEST_LOG = 700.0

Test = Literal["auto", "chi-square", "exact"]


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
        Of the planned split.
    method : str
        ``"chi-square"``, ``"exact binomial"``, ``"exact multinomial"`` or ``"multinomial draws"``.
    """

    statistic: float
    freedom: int
    p_value: float
    method: str


def sample_ratio(observed: Sequence[int], weights: Sequence[float], *, test: Test = "auto") -> SampleRatio:
    """Test jointly over all arms that units fell into them in proportion to ``weights``; with its statistic.

    Parameters
    ----------
    observed : sequence of int
        Units per arm.
    weights : sequence of float
        What was planned, on any scale: (1, 1), (50, 50) and (0.5, 0.5) say the same.
    test : {"auto", "chi-square", "exact"}
        ``"auto"`` is Pearson's chi-square, and exact where an expected count is below 5. Exact is the binomial test for
        two arms, and for more the chance of all outcomes that are no more likely than the one seen: over all of them
        while there are at most a million, over 100,000 seeded draws beyond. With few units in an uneven split,
        chi-square cries wolf too often (at 0.001: 0.0020 of the time for 100 units split 9 to 1; at most 0.0010 from
        300 units on, and in even splits); exact never does.

    Returns
    -------
    SampleRatio
        With a p-value of 1 when there are no units, or one arm: nothing speaks against the plan then.

    Raises
    ------
    ParameterError
        A weight that is not above zero, a count below zero, or not one weight for each arm.

    Examples
    --------
    >>> sample_ratio([7, 1, 1], [1, 1, 1]).method
    'exact multinomial'
    >>> sample_ratio([90450, 9550], [9, 1]).statistic
    22.5
    """
    shares = _shares(observed, weights)
    total, freedom = sum(observed), max(0, len(observed) - 1)
    if total == 0 or freedom == 0:
        return SampleRatio(0.0, freedom, 1.0, "chi-square")
    statistic = _chi_square(observed, shares)
    small = total * min(shares) < SMALLEST_EXPECTED_CELL
    if test == "exact" or (test == "auto" and small):
        return SampleRatio(statistic, freedom, *_exact(observed, shares))
    if test not in {"auto", "chi-square"}:
        raise ParameterError(f"test={test!r} is unknown; write 'auto', 'chi-square' or 'exact'.")
    return SampleRatio(statistic, freedom, _tail(statistic, freedom), "chi-square")


def sample_ratio_p_value(observed: Sequence[int], weights: Sequence[float]) -> float:
    """Give the p-value of :func:`sample_ratio`.

    Examples
    --------
    >>> round(sample_ratio_p_value([3332, 2996], [1, 1]), 6)
    2.4e-05
    """
    return sample_ratio(observed, weights).p_value


def _shares(observed: Sequence[int], weights: Sequence[float]) -> list[float]:
    """Scale the weights to sum to 1, once they and the counts can be what they are said to be."""
    if not all(0 < weight < math.inf for weight in weights):
        raise ParameterError(f"weights={list(weights)} must all be above zero; leave out an arm that was to be empty.")
    if len(observed) != len(weights):
        raise ParameterError(
            f"observed={list(observed)} and weights={list(weights)} must give one number for each arm, in one order."
        )
    if not all(n >= 0 for n in observed):
        raise ParameterError(f"observed={list(observed)} counts units, so none may be below zero.")
    whole = math.fsum(weights)
    return [weight / whole for weight in weights]


def _chi_square(observed: Sequence[int], shares: Sequence[float]) -> float:
    total = sum(observed)
    return math.fsum((n - total * share) ** 2 / (total * share) for n, share in zip(observed, shares, strict=True))


def _tail(statistic: float, freedom: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))


def _exact(observed: Sequence[int], shares: Sequence[float]) -> tuple[float, str]:
    total, arms = sum(observed), len(observed)
    if arms == 2:
        from scipy.stats import binomtest

        return float(binomtest(int(observed[0]), int(total), shares[0]).pvalue), "exact binomial"
    if math.comb(total + arms - 1, arms - 1) <= MOST_OUTCOMES:
        likely = _log_chance(_outcomes(total, arms), shares)
        # What is as likely as the outcome seen must not fall behind it by rounding.
        return min(1.0, float(np.exp(likely[likely <= _log_chance(_row(observed), shares) + 1e-7]).sum())), (
            "exact multinomial"
        )
    draws = np.random.default_rng(1).multinomial(total, shares, size=DRAWS)
    as_unlikely = int(np.sum(_log_chance(draws, shares) <= _log_chance(_row(observed), shares) + 1e-7))
    # One more than what was drawn: a p-value made of draws is never 0.
    return (1 + as_unlikely) / (DRAWS + 1), "multinomial draws"


def _row(observed: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray([observed], dtype=np.int64)


def _outcomes(total: int, arms: int) -> NDArray[np.int64]:
    """List all ways to divide ``total`` units over the arms; shape (ways, arms)."""
    parts = np.arange(total + 1)[:, None]
    for _ in range(arms - 2):
        left = total - parts.sum(axis=1)
        rows = np.repeat(np.arange(len(parts)), left + 1)
        begins = np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        parts = np.column_stack([parts[rows], np.arange(len(rows)) - begins])
    return np.column_stack([parts, total - parts.sum(axis=1)])


def _log_chance(outcomes: NDArray[np.int64], shares: Sequence[float]) -> NDArray[np.float64]:
    """Give the logarithm of the multinomial chance of each outcome; shape (outcomes,)."""
    from scipy.special import gammaln

    ways = gammaln(outcomes.sum(axis=1) + 1) - gammaln(outcomes + 1).sum(axis=1)
    return np.asarray(ways + outcomes @ np.log(shares), dtype=np.float64)


# ------------------------------------------------------------------------------------------------- at every look


@dataclass(frozen=True, slots=True)
class RunningRatio:
    """The sample-ratio test for repeated looks.

    Attributes
    ----------
    log_bayes_factor : float
        Log of the evidence against the planned split.
    e_value : float
        Its exponential, at most e^700.
    p_value : float
        One over the e-value, at most 1; over several looks the smallest so far, which is valid at every look.
    """

    log_bayes_factor: float
    e_value: float
    p_value: float


def running_ratio(
    observed: Sequence[int], weights: Sequence[float], *, prior: Sequence[float] | None = None
) -> RunningRatio:
    """Test the split at any time: Dirichlet-multinomial against the planned multinomial (Lindon & Malek 2022).

    Parameters
    ----------
    observed, weights
        See :func:`sample_ratio`.
    prior : sequence of float, optional
        Parameters of the Dirichlet distribution of the splits that the alternative expects, one for each arm; all 1, so
        every split is as likely as another, when not given. Large ones in proportion to ``weights`` look for small
        departures. It must be chosen before the data.

    Examples
    --------
    >>> round(running_ratio([5300, 4700], [1, 1]).log_bayes_factor, 6)
    13.629559
    """
    return _running(_log_bayes_factor(observed, weights, prior), math.inf)


def running_ratios(
    observed: Sequence[Sequence[int]], weights: Sequence[float], *, prior: Sequence[float] | None = None
) -> list[RunningRatio]:
    """Test the split look by look, such as day by day, from counts that are cumulated.

    The p-value of each look is the smallest so far: under the planned split, the chance that it ever falls below a
    level is at most that level, however many looks there are.

    Raises
    ------
    ParameterError
        Counts that fall from one look to the next: they must be cumulated.

    Examples
    --------
    >>> looks = running_ratios([[60, 40], [300, 200], [510, 490]], [1, 1])
    >>> [round(look.p_value, 5) for look in looks]
    [1.0, 0.00077, 0.00077]
    """
    found: list[RunningRatio] = []
    before: Sequence[int] = [0] * len(weights)
    for counts in observed:
        log_factor = _log_bayes_factor(counts, weights, prior)
        if any(now < then for now, then in zip(counts, before, strict=True)):
            raise ParameterError(f"Counts fall from {list(before)} to {list(counts)}; give counts that are cumulated.")
        found.append(_running(log_factor, found[-1].p_value if found else 1.0))
        before = counts
    return found


def _log_bayes_factor(observed: Sequence[int], weights: Sequence[float], prior: Sequence[float] | None) -> float:
    from scipy.special import gammaln

    shares = _shares(observed, weights)
    expected = np.ones(len(shares)) if prior is None else np.asarray(prior, dtype=np.float64)
    if len(expected) != len(shares) or not np.all(expected > 0):
        raise ParameterError(f"prior={prior!r} must give one number above zero for each arm.")
    counts = np.asarray(observed, dtype=np.float64)
    marginal = gammaln(expected.sum()) - gammaln(expected.sum() + counts.sum())
    marginal += (gammaln(expected + counts) - gammaln(expected)).sum()
    return float(marginal - counts @ np.log(shares))


def _running(log_factor: float, smallest: float) -> RunningRatio:
    bounded = max(-_LARGEST_LOG, min(_LARGEST_LOG, log_factor))
    return RunningRatio(log_factor, math.exp(bounded), min(1.0, smallest, math.exp(-bounded)))


# ------------------------------------------------------------------------------------------- over days and segments


@dataclass(frozen=True, slots=True)
class JointRatio:
    """The sample-ratio test over strata, such as days or segments.

    Attributes
    ----------
    statistic, freedom : float, int
        Sum of the strata's chi-squares and of their degrees of freedom.
    p_value : float
        That the split was as planned in every stratum.
    method : str
        ``"chi-square"``, or ``"multinomial draws"`` where counts are small.
    strata : tuple of SampleRatio
        Each stratum by itself.
    adjusted : tuple of float
        Their p-values times their number (Bonferroni): one below a level points at that stratum.
    """

    statistic: float
    freedom: int
    p_value: float
    method: str
    strata: tuple[SampleRatio, ...]
    adjusted: tuple[float, ...]


def joint_ratio(strata: Sequence[Sequence[int]], weights: Sequence[float] | Sequence[Sequence[float]]) -> JointRatio:
    """Test that the split was as planned in every stratum: what evens out over days or segments shows here.

    The sum of the chi-squares of the strata. Where a stratum has an expected count below 5, its chance is found from
    20,000 seeded draws of all strata. A stratum without units says nothing, and counts as a stratum all the same.

    Parameters
    ----------
    strata : sequence of sequence of int
        Units per arm in each stratum. Strata must not overlap, and must not depend on what the variant does.
    weights : sequence of float, or one such sequence per stratum
        What was planned; by stratum, if the plan changed.

    Examples
    --------
    >>> found = joint_ratio([[600, 400], [400, 600]], [1, 1])
    >>> found.statistic, found.freedom, sample_ratio([1000, 1000], [1, 1]).statistic
    (80.0, 2, 0.0)
    """
    planned = np.broadcast_to(np.asarray(weights, dtype=np.float64), (len(strata), np.shape(weights)[-1])).tolist()
    each = tuple(sample_ratio(counts, shares) for counts, shares in zip(strata, planned, strict=True))
    filled = [(counts, _shares(counts, shares)) for counts, shares in zip(strata, planned, strict=True) if sum(counts)]
    statistic = math.fsum(one.statistic for one in each)
    freedom = sum(len(counts) - 1 for counts, _ in filled)
    small = any(sum(counts) * min(shares) < SMALLEST_EXPECTED_CELL for counts, shares in filled)
    p_value = _drawn_tail(statistic, filled) if small else _tail(statistic, freedom) if freedom else 1.0
    method = "multinomial draws" if small else "chi-square"
    return JointRatio(statistic, freedom, p_value, method, each, tuple(bonferroni([one.p_value for one in each])))


def _drawn_tail(statistic: float, strata: Sequence[tuple[Sequence[int], list[float]]]) -> float:
    """Give the chance of a sum of chi-squares at least as large, over seeded draws of every stratum."""
    rng, drawn = np.random.default_rng(1), np.zeros(_DRAWS_OF_STRATA)
    for counts, shares in strata:
        expected = sum(counts) * np.asarray(shares)
        drawn += ((rng.multinomial(sum(counts), shares, _DRAWS_OF_STRATA) - expected) ** 2 / expected).sum(axis=1)
    return (1 + int(np.sum(drawn >= statistic - 1e-9))) / (_DRAWS_OF_STRATA + 1)


# --------------------------------------------------------------------------------------------- what it could have seen


def sample_ratio_power(
    total: int, weights: Sequence[float], shares: Sequence[float], *, alpha: float = SAMPLE_RATIO_ALPHA
) -> float:
    """Give the chance that the chi-square test finds units that truly fall in proportion to ``shares``.

    Examples
    --------
    >>> round(sample_ratio_power(1_000_000, [1, 1], [1.01, 1]), 3)
    0.954
    """
    from scipy.special import chdtri, chndtr

    planned, true = (np.asarray(_shares([0] * len(weights), each)) for each in (weights, shares))
    freedom = len(planned) - 1
    if freedom < 1:
        return math.nan
    away = float(total * ((true - planned) ** 2 / planned).sum())
    return float(1 - chndtr(chdtri(freedom, alpha), freedom, away))


def smallest_imbalance(
    total: int, weights: Sequence[float], *, arm: int = 0, alpha: float = SAMPLE_RATIO_ALPHA, power: float = 0.8
) -> float:
    """Give how much larger than planned, against the others, one arm must be for the test to find it with ``power``.

    Returns
    -------
    float
        0.01 for 1 % too many units of ``arm``. NaN when so few units would not even show an arm that gets everybody,
        and with one arm.

    Examples
    --------
    >>> round(smallest_imbalance(1_000_000, [1, 1]), 4)
    0.0083
    """
    from scipy.special import chdtri, chndtrinc

    share, freedom = _shares([0] * len(weights), weights)[arm], len(weights) - 1
    if freedom < 1 or total < 1:
        return math.nan
    needed = float(chndtrinc(chdtri(freedom, alpha), freedom, 1 - power))
    # An arm larger by d has n share (1 - share) d^2 / (1 + share d)^2 as its distance from the plan.
    away = math.sqrt(needed / (total * share * (1 - share)))
    return away / (1 - share * away) if share * away < 1 else math.nan
