"""The sample-ratio test, against published and recomputed values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pm_analytics.errors import ParameterError
from pm_analytics.stats.balance import SAMPLE_RATIO_ALPHA, sample_ratio_p_value


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
