"""Variant against control: absolute and relative, and a reason for everything that is undefined."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from pm_analytics.errors import ParameterError
from pm_analytics.stats import effects
from pm_analytics.stats.effects import Arm, compare_means, compare_shares, fieller
from pm_analytics.stats.proportions import normal_quantile


def arm(values):
    """The sums of one arm, from its values."""
    values = np.asarray(values, dtype=float)
    return Arm(len(values), float(values.mean()), float(values.var(ddof=1)) if len(values) > 1 else math.nan)


def from_sums(n, total, squares):
    return Arm(n, total / n, (squares - total**2 / n) / (n - 1))


def vector(shared, name):
    return next(v for v in json.loads((shared / "vectors" / "ab.json").read_text()) if v["name"] == name)


def undefined(*values):
    return all(math.isnan(value) for value in values)


# ------------------------------------------------------------------------------------------------------------- means

VALUES = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=2, max_size=40)


@given(VALUES, VALUES, st.sampled_from([0.8, 0.95, 0.99]))
def test_means_are_compared_as_scipy_does_it(variant, control, confidence):
    assume(min(np.var(variant), np.var(control)) > 1e-6)  # scipy warns of constants; ours are tested below
    found = compare_means(arm(variant), arm(control), confidence=confidence)
    welch = stats.ttest_ind(variant, control, equal_var=False)
    interval = welch.confidence_interval(confidence)
    assert found.p_value == pytest.approx(welch.pvalue, abs=1e-9)
    assert (found.ci_lower, found.ci_upper) == (
        pytest.approx(interval.low, abs=1e-6),
        pytest.approx(interval.high, abs=1e-6),
    )


def test_sums_give_the_published_comparison(shared):
    case = vector(shared, "welch_gbstats_summary_abs")
    sums = {
        side: (case["input"][side]["n"], case["input"][side]["sum"], case["input"][side]["sum_squares"])
        for side in ("treatment", "control")
    }
    found, expected = compare_means(from_sums(*sums["treatment"]), from_sums(*sums["control"])), case["expected"]
    assert found.difference == pytest.approx(expected["diff"], abs=6e-6)
    assert [found.ci_lower, found.ci_upper] == pytest.approx(expected["ci"], abs=6e-6)
    assert found.p_value == pytest.approx(expected["p_value"], abs=6e-6)


def test_the_statistic_of_a_seeded_sample_is_met(shared):
    case = vector(shared, "welch_seeded_one_sided_less")["expected"]
    rng = np.random.default_rng(20261123)
    control, treatment = rng.normal(100, 15, 400).round(4), rng.normal(103, 18, 250).round(4)
    found = compare_means(arm(treatment), arm(control))
    assert found.p_value == pytest.approx(2 * stats.t.sf(case["t"], case["df"]), rel=1e-9)
    ninety = compare_means(arm(treatment), arm(control), confidence=0.90)
    assert ninety.ci_upper == pytest.approx(case["ci"][1], rel=1e-9)


# Fieller (1954), "Some problems in interval estimation", J. R. Statist. Soc. B 16, 175-185. The interval is the set of
# ratios r for which variant - r * control does not differ from zero; so its ends solve that equation exactly.
@given(
    st.integers(2, 500), st.floats(0.1, 50), st.floats(0.01, 100),
    st.integers(2, 500), st.floats(0.1, 50), st.floats(0.01, 100),
)  # fmt: skip
def test_the_ends_of_fiellers_interval_solve_its_equation(n, mean, variance, control_n, control_mean, control_variance):
    variant, control, z = Arm(n, mean, variance), Arm(control_n, control_mean, control_variance), 1.96
    found = fieller(variant, control, quantile=z)
    assume(not math.isnan(found.lower))
    assume(z**2 * control_variance / control_n / control_mean**2 < 0.99)
    for end in (found.lower + 1, found.upper + 1):
        error = math.sqrt(variance / n + end**2 * control_variance / control_n)
        assert abs(mean - end * control_mean) == pytest.approx(z * error, rel=1e-6)


@given(
    st.integers(2, 300),
    st.floats(0, 10),
    st.floats(0.01, 50),
    st.integers(2, 300),
    st.floats(-1, 10),
    st.floats(0.01, 50),
)
def test_the_lift_excludes_zero_exactly_when_the_test_says_there_is_a_difference(
    n, mean, variance, cn, cmean, cvariance
):
    found = compare_means(Arm(n, mean, variance), Arm(cn, cmean, cvariance))
    assume(not math.isnan(found.lift_ci_lower))
    assume(abs(found.p_value - 0.05) > 1e-6)
    assert (found.lift_ci_lower > 0 or found.lift_ci_upper < 0) == (found.p_value < 0.05)
    assert (found.ci_lower > 0 or found.ci_upper < 0) == (found.p_value < 0.05)


@pytest.mark.parametrize(
    ("variant", "control", "reason"),
    [
        ([1, 2, 3], [], effects.EMPTY),
        ([], [1, 2, 3], effects.EMPTY),
        ([1], [1, 2, 3], effects.TOO_FEW),
        ([5, 5, 5], [5, 5, 5], effects.NO_VARIANCE),
        ([5, 5, 5], [4, 4, 4], effects.NO_VARIANCE),
    ],
)
def test_where_chance_cannot_be_judged_a_reason_stands_in_for_every_interval(variant, control, reason):
    made = [arm(values) if values else Arm(0, math.nan, math.nan) for values in (variant, control)]
    found = compare_means(*made)
    assert undefined(found.p_value, found.ci_lower, found.ci_upper, found.lift_ci_lower, found.lift_ci_upper)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("control", "reason", "lift"),
    [
        ([-1, 1, 0, 0], effects.NO_BASELINE, False),
        ([-10, -11, -9, -10], effects.NEGATIVE_BASELINE, False),
        ([0.1, -8, 8, 0.1], effects.NOISY_BASELINE, True),
    ],
)
def test_without_a_baseline_to_divide_by_only_the_difference_is_given(control, reason, lift):
    found = compare_means(arm([1, 2, 3, 4]), arm(control))
    assert found.reason == reason
    assert not undefined(found.difference, found.ci_lower, found.ci_upper, found.p_value)
    assert undefined(found.lift_ci_lower, found.lift_ci_upper)
    assert undefined(found.lift) is not lift


def test_a_variant_of_nothing_but_zeros_is_not_a_certain_loss_of_everything():
    for found in (compare_means(arm([0] * 50), arm([0, 1] * 25)), compare_shares(0, 50, 25, 50)):
        assert found.lift == -1
        assert undefined(found.lift_ci_lower, found.lift_ci_upper)
        assert found.reason == effects.ALL_ZERO
        assert found.ci_upper < 0
        assert found.p_value < 0.001


def test_a_metric_that_is_constant_in_one_arm_can_still_be_compared():
    found = compare_means(arm([5, 5, 5]), arm([1, 2, 3, 4]))
    assert not undefined(found.p_value, found.ci_lower, found.lift_ci_lower)
    assert not found.reason


def test_a_baseline_next_to_nothing_is_no_baseline():
    found = compare_means(Arm(2, 0.0, 1.0), Arm(2, 1e-308, 1.0))
    assert found.reason == effects.NOISY_BASELINE
    assert undefined(found.lift_ci_lower, found.lift_ci_upper)


def test_large_values_with_little_spread_do_not_lose_their_variance():
    found = compare_means(arm(1e9 + np.array([1, 2, 3, 4.0])), arm(1e9 + np.array([2, 3, 4, 5.0])))
    assert found.p_value == pytest.approx(stats.ttest_ind([1, 2, 3, 4], [2, 3, 4, 5], equal_var=False).pvalue)


# ------------------------------------------------------------------------------------------------------------ shares


def test_shares_put_the_three_methods_together(shared):
    found = compare_shares(10_350, 200_000, 10_000, 200_000)
    expected = vector(shared, "prop_small_effect_large_n")["expected"]
    assert found.difference == pytest.approx(expected["diff"])
    assert [found.ci_lower, found.ci_upper] == pytest.approx(expected["ci_newcombe"], rel=1e-6)
    assert found.p_value == pytest.approx(expected["p_value_pooled"], rel=1e-6)
    assert found.lift == pytest.approx(expected["rel_lift"])
    assert found.lift_ci_lower == pytest.approx(expected["ci_rel_log_katz"][0], abs=2e-4)  # near, but another method
    assert found.method == "Newcombe; pooled z; MOVER"


def test_the_standard_error_behind_fieller_is_the_unpooled_binomial_one(shared):
    expected = vector(shared, "prop_gbstats_absolute")["expected"]
    variances = [rate * (1 - rate) / 1000 for rate in (0.13, 0.10)]
    assert math.sqrt(sum(variances)) == pytest.approx(expected["se"])
    arms = [effects.Arm(1000, rate, rate * (1 - rate)) for rate in (0.13, 0.10)]
    found = effects.fieller(*arms, quantile=normal_quantile(0.95))
    z, ratio, g = normal_quantile(0.95), 1.3, normal_quantile(0.95) ** 2 * variances[1] / 0.1**2
    half = z / 0.1 * math.sqrt(variances[0] * (1 - g) + ratio**2 * variances[1])
    assert found.lower == pytest.approx((ratio - half) / (1 - g) - 1)
    assert found.upper == pytest.approx((ratio + half) / (1 - g) - 1)


@pytest.mark.parametrize(
    ("counts", "reason", "method"),
    [
        ((0, 0, 5, 10), effects.EMPTY, "none"),
        ((5, 10, 0, 0), effects.EMPTY, "none"),
        ((0, 50, 0, 60), effects.NOBODY, "none"),
        ((50, 50, 60, 60), effects.EVERYBODY, "none"),
        ((5, 50, 0, 50), effects.NO_BASELINE, "Fisher exact"),
        ((3, 10, 1, 10), effects.NOISY_BASELINE, "Fisher exact"),
        ((30, 100, 40, 100), "", "pooled z"),
        ((5, 5, 10, 20), "", "Fisher exact"),
    ],
)
def test_shares_at_the_edges_have_a_reason_and_never_a_made_up_number(counts, reason, method):
    found = compare_shares(*counts)
    assert (found.reason, found.method.split("; ")[:3]) == (reason, ["Newcombe", method, "MOVER"])
    assert undefined(found.p_value) == (method == "none")
    assert undefined(found.lift_ci_lower) == bool(reason)
    assert undefined(found.ci_lower) == (reason == effects.EMPTY)


COUNTS = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_whatever_is_undefined_has_a_reason(first, second):
    found = compare_shares(*first, *second)
    parts = (found.difference, found.ci_lower, found.ci_upper, found.lift, found.lift_ci_lower, found.lift_ci_upper)
    assert any(map(math.isnan, (*parts, found.p_value))) == bool(found.reason)


def test_a_confidence_out_of_range_is_refused_before_anything_is_computed():
    for compare in (
        lambda c: compare_means(arm([1, 2]), arm([3, 4]), confidence=c),
        lambda c: compare_shares(1, 2, 1, 2, confidence=c),
    ):
        with pytest.raises(ParameterError, match="between 0 and 1"):
            compare(95)


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_interval_p_value_and_lift_never_contradict_each_other(confidence):
    """Newcombe and the pooled test are made differently; at the edge the reader must not be told two things."""
    sizes = [(n, m) for n in range(1, 10) for m in range(1, 10)] + [(4, 60), (60, 4), (30, 30)]
    for n, m in sizes:
        for a in range(n + 1):
            for b in range(m + 1):
                found = compare_shares(a, n, b, m, confidence=confidence)
                if math.isnan(found.p_value):
                    continue
                excludes = found.ci_lower > 0 or found.ci_upper < 0
                assert excludes == (found.p_value < 1 - confidence), (a, n, b, m)
                if not math.isnan(found.lift_ci_lower):
                    assert (found.lift_ci_lower > 0 or found.lift_ci_upper < 0) == excludes, (a, n, b, m)
                    assert found.lift_ci_lower <= found.lift + 1e-12 <= found.lift_ci_upper + 2e-12


def test_the_lift_of_few_conversions_holds_its_confidence_where_fiellers_does_not():
    """The relative interval is that of Newcombe's argument: it leans towards the side where few conversions leave room."""
    found = compare_shares(7, 55, 9, 55)
    assert found.lift == pytest.approx(7 / 9 - 1)
    assert found.lift_ci_upper - found.lift > found.lift - found.lift_ci_lower
