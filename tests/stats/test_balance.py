"""The sample-ratio test, against published and recomputed values."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pm_analytics.errors import ParameterError
from pm_analytics.stats.balance import (
    SAMPLE_RATIO_ALPHA,
    joint_ratio,
    running_ratio,
    running_ratios,
    sample_ratio,
    sample_ratio_p_value,
    sample_ratio_power,
    smallest_imbalance,
)


@pytest.mark.parametrize(
    ("observed", "weights", "p_value"),
    [
        ([90450, 9550], [9, 1], 2.1014359560124407e-06),
        ([40110, 19900, 20240, 19750], [0.4, 0.2, 0.2, 0.2], 0.07829318570506202),
        ([3332, 2996], [1, 1], 2.4019e-05),
        # Kohavi, Tang & Xu (2020), Trustworthy Online Controlled Experiments, ch. 21: 821,588 against 815,482
        ([821588, 815482], [1, 1], 1.8e-06),
        ([500, 500], [1, 1], 1.0),
    ],
)
def test_known_splits(observed, weights, p_value):
    assert sample_ratio_p_value(observed, weights) == pytest.approx(p_value, rel=0.02 if p_value == 1.8e-06 else 1e-4)


def test_the_shared_vectors_are_met(shared):
    for vector in json.loads((shared / "vectors" / "ab.json").read_text()):
        if vector["kind"] == "srm":
            found = sample_ratio_p_value(vector["input"]["observed"], vector["input"]["expected_weights"])
            assert found == pytest.approx(vector["expected"]["p_value"], rel=1e-9)
            assert (found < SAMPLE_RATIO_ALPHA) == vector["expected"]["srm_at_0_001"]


def test_two_small_arms_are_tested_exactly():
    assert sample_ratio_p_value([7, 1], [1, 1]) == pytest.approx(stats.binomtest(7, 8, 0.5).pvalue)


@pytest.mark.parametrize("observed", [[0, 0], [0, 0, 0], [17], []])
def test_without_units_or_without_a_choice_nothing_speaks_against_the_plan(observed):
    assert sample_ratio_p_value(observed, [1] * len(observed)) == 1.0


@pytest.mark.parametrize("weights", [[1, 0], [1, -1], [float("nan"), 1]])
def test_an_arm_that_was_to_be_empty_is_no_arm(weights):
    with pytest.raises(ParameterError, match="must all be above zero"):
        sample_ratio_p_value([10, 10], weights)


@given(st.lists(st.integers(0, 5_000), min_size=2, max_size=5), st.integers(1, 9))
def test_only_the_proportions_of_the_weights_count(observed, factor):
    weights = [1, *[factor] * (len(observed) - 1)]
    assert sample_ratio_p_value(observed, weights) == pytest.approx(
        sample_ratio_p_value(observed, [7 * w for w in weights])
    )


# --------------------------------------------------------------------------------------------------------- exact tests


def every_outcome(total, arms):
    return [o for o in itertools.product(range(total + 1), repeat=arms) if sum(o) == total]


@pytest.mark.parametrize(
    ("observed", "weights"),
    [([7, 1, 1], [1, 1, 1]), ([0, 2, 9], [1, 2, 3]), ([3, 3, 3], [1, 1, 1]), ([5, 0, 0, 1], [4, 1, 1, 1])],
)
def test_several_small_arms_are_tested_exactly(observed, weights):
    """The chance of all outcomes that are no more likely than the one seen, one by one."""
    shares = np.array(weights) / sum(weights)
    chances = {o: stats.multinomial.pmf(o, sum(observed), shares) for o in every_outcome(sum(observed), len(observed))}
    exact = sum(chance for chance in chances.values() if chance <= chances[tuple(observed)] * (1 + 1e-9))
    found = sample_ratio(observed, weights)
    assert found.method == "exact multinomial"
    assert found.p_value == pytest.approx(exact)
    assert found.freedom == len(observed) - 1


def test_what_has_too_many_outcomes_is_drawn():
    observed, weights = [3, 5, 9_000], [1, 1, 3_000]
    drawn = sample_ratio(observed, weights)
    assert drawn.method == "multinomial draws"
    assert drawn == sample_ratio(observed, weights)
    # The large arm carries nothing: what is left are two rare counts around 3, so Poisson ones.
    rare = np.arange(60)
    chance = np.multiply.outer(stats.poisson.pmf(rare, 9_008 / 3_002), stats.poisson.pmf(rare, 9_008 / 3_002))
    assert drawn.p_value == pytest.approx(chance[chance <= chance[3, 5] * (1 + 1e-9)].sum(), abs=0.02)
    assert 0 < sample_ratio([200, 1, 9_000], weights).p_value <= 1e-5


def test_the_test_can_be_chosen():
    observed, weights = [60, 40], [1, 1]
    chi_square, exact = sample_ratio(observed, weights), sample_ratio(observed, weights, test="exact")
    assert (chi_square.method, exact.method) == ("chi-square", "exact binomial")
    assert chi_square.p_value == pytest.approx(stats.chisquare(observed).pvalue)
    assert exact.p_value == pytest.approx(stats.binomtest(60, 100).pvalue)
    assert sample_ratio([7, 1, 1], [1, 1, 1], test="chi-square").p_value == pytest.approx(
        stats.chisquare([7, 1, 1]).pvalue
    )
    with pytest.raises(ParameterError, match="unknown"):
        sample_ratio(observed, weights, test="fisher")


def test_exact_never_cries_wolf_where_chi_square_does():
    n, weights = 100, [9, 1]
    chance = stats.binom.pmf(np.arange(n + 1), n, 0.9)

    def wolf(test):
        called = [sample_ratio([k, n - k], weights, test=test).p_value < SAMPLE_RATIO_ALPHA for k in range(n + 1)]
        return chance[called].sum()

    assert wolf("exact") <= SAMPLE_RATIO_ALPHA
    assert wolf("chi-square") == pytest.approx(0.0020, abs=1e-4)


@pytest.mark.parametrize(("observed", "weights"), [([1, 2], [1, 1, 1]), ([-1, 2], [1, 1]), ([1, 2], [1, math.inf])])
def test_counts_that_are_none_are_refused(observed, weights):
    with pytest.raises(ParameterError):
        sample_ratio(observed, weights)


@given(st.permutations(range(4)))
def test_the_order_of_arms_does_not_matter(order):
    observed, weights = [5, 0, 3, 1], [4, 1, 2, 1]
    turned = sample_ratio([observed[i] for i in order], [weights[i] for i in order])
    assert turned.p_value == pytest.approx(sample_ratio(observed, weights).p_value)
    assert turned.statistic == pytest.approx(sample_ratio(observed, weights).statistic)


# ------------------------------------------------------------------------------------------------------ at every look


def test_the_evidence_of_two_arms_is_a_beta_function():
    """With a flat prior, every count of n units is as likely as another: 1 / (n + 1), over its binomial chance."""
    found = running_ratio([30, 70], [1, 1])
    assert found.e_value == pytest.approx(1 / 101 / stats.binom.pmf(30, 100, 0.5))
    assert found.p_value == pytest.approx(1 / found.e_value)
    assert running_ratio([50, 50], [2, 2]).p_value == 1.0
    assert running_ratio([0, 0], [1, 1]).log_bayes_factor == pytest.approx(0)


def test_on_average_the_bet_against_a_true_plan_does_not_win():
    """The mean of the e-value over all outcomes is exactly 1: that is what makes it valid at every look."""
    for n, shares, prior in ((7, (0.5, 0.5), None), (6, (0.7, 0.2, 0.1), None), (6, (0.7, 0.2, 0.1), (7, 2, 1))):
        mean = sum(
            stats.multinomial.pmf(o, n, shares) * running_ratio(o, shares, prior=prior).e_value
            for o in every_outcome(n, len(shares))
        )
        assert mean == pytest.approx(1)


def test_over_looks_the_smallest_p_value_counts():
    looks = running_ratios([[60, 40], [300, 200], [510, 490]], [1, 1])
    assert [look.p_value for look in looks] == pytest.approx([1.0, looks[1].p_value, looks[1].p_value])
    assert looks[2].e_value == running_ratio([510, 490], [1, 1]).e_value
    assert running_ratios([], [1, 1]) == []
    with pytest.raises(ParameterError, match="cumulated"):
        running_ratios([[60, 40], [50, 60]], [1, 1])


def test_overwhelming_evidence_against_a_split_is_still_a_number():
    found = running_ratio([900_000, 100_000], [1, 1])
    assert found.log_bayes_factor > 10_000
    assert found.e_value < math.inf
    assert 0 < found.p_value < 1e-300


def test_a_prior_that_looks_for_small_departures_finds_them_sooner():
    observed = [50_700, 49_300]
    narrow = running_ratio(observed, [1, 1], prior=[500, 500])
    assert narrow.log_bayes_factor > running_ratio(observed, [1, 1]).log_bayes_factor
    for bad in ([1], [0, 1], [1, 1, 1]):
        with pytest.raises(ParameterError, match="prior"):
            running_ratio(observed, [1, 1], prior=bad)


# ----------------------------------------------------------------------------------------------- days and segments


def test_what_evens_out_over_segments_is_seen():
    strata = [[5_300, 4_700], [4_700, 5_300]]
    assert sample_ratio([10_000, 10_000], [1, 1]).p_value == 1.0
    found = joint_ratio(strata, [1, 1])
    assert found.p_value == pytest.approx(stats.chi2.sf(72, 2))
    assert (found.statistic, found.freedom, found.method) == (pytest.approx(72), 2, "chi-square")
    assert found.adjusted == pytest.approx([2 * each.p_value for each in found.strata])
    assert found.strata[0] == sample_ratio(strata[0], [1, 1])


def test_a_stratum_without_units_says_nothing():
    found = joint_ratio([[50, 50], [0, 0], [60, 40]], [1, 1])
    assert found.freedom == 2
    assert found.p_value == pytest.approx(stats.chi2.sf(4, 2))
    assert found.adjusted[2] == pytest.approx(3 * found.strata[2].p_value)
    nothing = joint_ratio([[0, 0]], [1, 1])
    assert (nothing.p_value, nothing.freedom) == (1.0, 0)
    assert joint_ratio([], [1, 1]).p_value == 1.0


def test_the_plan_may_differ_from_stratum_to_stratum():
    found = joint_ratio([[900, 100], [500, 500]], [[9, 1], [1, 1]])
    assert found.statistic == pytest.approx(0)
    assert found.p_value == 1.0
    assert joint_ratio([[900, 100], [500, 500]], [9, 1]).p_value < 1e-9


def test_many_small_strata_are_drawn():
    """Days of four units: their chi-squares follow no chi-square distribution."""
    found = joint_ratio([[4, 0]] * 6, [1, 1])
    assert found.method == "multinomial draws"
    assert found.p_value == pytest.approx(0.125**6, abs=1e-4)
    even = joint_ratio([[2, 2]] * 30, [1, 1])
    assert even.p_value == 1.0


# --------------------------------------------------------------------------------------- what it could have seen


def test_the_power_to_see_a_mismatch_is_as_documented():
    """One arm 1 % larger, at 0.001: seen in 95 % with a million units, in 59 % with half of them."""
    assert sample_ratio_power(1_000_000, [1, 1], [1.01, 1]) == pytest.approx(0.954, abs=2e-3)
    assert sample_ratio_power(500_000, [1, 1], [1.01, 1]) == pytest.approx(0.59, abs=0.01)
    assert sample_ratio_power(500_000, [1, 1], [1, 1]) == pytest.approx(SAMPLE_RATIO_ALPHA)
    assert math.isnan(sample_ratio_power(100, [1], [1]))


@given(st.integers(1_000, 10_000_000), st.lists(st.floats(0.1, 5), min_size=2, max_size=5), st.floats(0.1, 0.99))
def test_the_smallest_imbalance_is_found_with_the_stated_power(total, weights, power):
    excess = smallest_imbalance(total, weights, arm=1, power=power)
    if not math.isnan(excess):
        true = [w * (1 + excess) if arm == 1 else w for arm, w in enumerate(weights)]
        assert sample_ratio_power(total, weights, true) == pytest.approx(power, abs=1e-6)


def test_too_few_units_show_no_imbalance_at_all():
    assert math.isnan(smallest_imbalance(5, [1, 1]))
    assert math.isnan(smallest_imbalance(0, [1, 1]))
    assert math.isnan(smallest_imbalance(1_000, [1]))


@pytest.mark.slow
def test_looking_at_the_split_every_day_cries_wolf_as_rarely_as_stated():
    """60 days, three arms; chi-square at 0.05 every day would call more than a third of these."""
    rng, weights = np.random.default_rng(5), np.array([2, 1, 1])
    called = plain = 0
    for _ in range(1_500):
        counts = rng.multinomial(150, weights / 4, size=60).cumsum(axis=0)
        called += running_ratios(counts.tolist(), weights.tolist())[-1].p_value < 0.05
        expected = counts.sum(axis=1)[:, None] * weights / 4
        plain += (((counts - expected) ** 2 / expected).sum(axis=1) > stats.chi2.isf(0.05, 2)).any()
    assert called / 1_500 <= 0.05
    assert plain / 1_500 > 0.25


@pytest.mark.slow
def test_a_bad_split_is_called_within_days():
    """52 : 48 with 2,000 units a day is called at 0.001 in nearly all cases within three weeks."""
    rng = np.random.default_rng(6)
    counts = rng.binomial(2_000, 0.52, size=(300, 21)).cumsum(axis=1)
    n = 2_000 * np.arange(1, 22)
    called = [running_ratios(np.column_stack([c, n - c]).tolist(), [1, 1])[-1].p_value < 0.001 for c in counts]
    assert np.mean(called) > 0.95


@pytest.mark.slow
def test_the_joint_test_of_small_days_calls_as_often_as_stated():
    rng = np.random.default_rng(7)
    called = [
        joint_ratio(np.column_stack([k, 6 - k]).tolist(), [2, 1]).p_value < 0.05
        for k in rng.binomial(6, 2 / 3, (400, 14))
    ]
    assert np.mean(called) == pytest.approx(0.05, abs=0.03)
