"""Arms of very different size: the larger of the two standard errors, against both tests written out."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pm_analytics as pm
from pm_analytics.stats.effects import Arm, compare_means
from pm_analytics.stats.uneven import squared_errors, steadied


def arm(values):
    return Arm(len(values), float(np.mean(values)), float(np.var(values, ddof=1)))


def frame_of(variant, control):
    spend = np.concatenate([variant, control])
    groups = ["treatment"] * len(variant) + ["control"] * len(control)
    return pd.DataFrame({"user_id": range(len(spend)), "variant": groups, "spend": spend})


@pytest.mark.parametrize(("small", "large"), [(1.0, 3.0), (3.0, 1.0)])
def test_the_error_is_the_larger_of_welchs_and_the_one_with_a_common_variance(small, large):
    rng = np.random.default_rng(2)
    few, many = rng.normal(5, small, 60), rng.normal(5, large, 600)
    welch = stats.ttest_ind(few, many, equal_var=False)
    student = stats.ttest_ind(few, many, equal_var=True)
    errors = [abs((few.mean() - many.mean()) / each.statistic) for each in (welch, student)]
    found = compare_means(*steadied(arm(few), arm(many)))
    assert found.error == pytest.approx(max(errors), rel=1e-9)
    assert (found.error == pytest.approx(errors[0], rel=1e-9)) == (small > large)


@pytest.mark.parametrize("sizes", [(100, 100), (100, 200), (200, 100)])
def test_arms_of_like_size_are_compared_by_welchs_test(sizes):
    pair = Arm(sizes[0], 1.0, 1.0), Arm(sizes[1], 1.0, 9.0)
    assert steadied(*pair) == pair


def test_arms_of_which_little_is_known_stay_as_they_are():
    alone, many = Arm(1, 1.0, math.nan), Arm(1_000, 1.0, 2.0)
    assert steadied(alone, many) == (alone, many)


def test_which_arm_is_called_the_variant_does_not_matter():
    one, other = Arm(50, 1.0, 0.2), Arm(900, 1.2, 4.0)
    assert steadied(one, other) == tuple(reversed(steadied(other, one)))


def test_arrays_are_judged_each_by_itself():
    v, w = squared_errors(
        np.array([0.01, 0.01]), np.array([100.0, 100]), np.array([0.01, 0.01]), np.array([900.0, 150])
    )
    assert v[0] > 0.01
    assert (v[1], w[1]) == (0.01, 0.01)


def test_a_tenth_without_a_large_purchase_is_no_loss():
    """Nobody in the small arm happened to buy much; Welch's test alone calls that a loss."""
    rng = np.random.default_rng(8)
    control = rng.lognormal(3, 1.2, 1_800) * (rng.random(1_800) < 0.05)
    variant = np.zeros(200)
    variant[:5] = 12.0
    assert stats.ttest_ind(variant, control, equal_var=False).pvalue < 0.01
    frame = frame_of(variant, control)
    plan = pm.ExperimentPlan([pm.Metric.recorded("spend", kind="mean")], split={"control": 9, "treatment": 1})
    row = pm.experiment(None, pm.Exposures.from_frame(frame), plan).to_frame().iloc[0]
    assert row["status"] == "unclear"
    assert row["ci_lower"] < 0 < row["ci_upper"]
    assert "one variance for both arms" in row["method"]
