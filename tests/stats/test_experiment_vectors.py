"""The worked cases of experiments, each through a public function; absent beside this checkout, the tests skip."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from pm_analytics.stats import (
    adjustment,
    effects,
    multiplicity,
    proportions,
    quantiles,
    ratios,
    sequential,
    stratification,
    two_shares,
    welch,
    winsorising,
)
from pm_analytics.stats.effects import Arm
from pm_analytics.stats.moments import Moments

CASES = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "ab.json"


def cases(*kinds):
    if not CASES.exists():
        return []
    return [pytest.param(c, id=c["name"]) for c in json.loads(CASES.read_text()) if c["kind"] in kinds]


def drawn(recipe):
    """Run a case's recipe, which draws its data with a seed."""
    space = {"numpy": np}
    exec(recipe, space)  # noqa: S102 - the cases are ours
    return space


def close(case, found, expected):
    allowed = case["tolerance"]
    return found == pytest.approx(expected, rel=allowed["rtol"], abs=allowed["atol"])


@pytest.mark.skipif(not CASES.exists(), reason="the acceptance cases do not lie beside this checkout")
def test_the_cases_are_there():
    assert len(json.loads(CASES.read_text())) >= 31


@pytest.mark.parametrize("case", cases("multiple_testing"))
def test_adjusted_p_values(case):
    for name, expected in case["expected"].items():
        found = getattr(multiplicity, name)(case["input"]["p_values"])
        assert close(case, found, expected["p_adjusted"])
        assert [p <= case["input"]["alpha"] for p in found] == expected["reject"]


@pytest.mark.parametrize("case", cases("sequential_rho"))
def test_the_tuning_of_a_confidence_sequence(case):
    squared = sequential.rho_squared(case["input"]["n_star"], alpha=case["input"]["alpha"])
    assert close(case, squared, case["expected"]["rho_squared"])
    assert close(case, math.sqrt(squared), case["expected"]["rho_gbstats"])
    assert close(case, 1 / squared, case["expected"]["rho_eppo"])


@pytest.mark.parametrize("case", [c for c in cases("sequential_acs") if "control_conversions" in c.values[0]["input"]])
def test_a_confidence_sequence_of_two_shares(case):
    asked, expected = case["input"], case["expected"]
    effect = effects.compare_shares(
        asked["treatment_conversions"], asked["treatment_n"], asked["control_conversions"], asked["control_n"]
    )
    n = asked["treatment_n"] + asked["control_n"]
    z = effect.difference / effect.error
    interval = sequential.sequence_interval(effect.difference, effect.error, n, asked["n_star"])
    assert close(case, sequential.sequence_multiplier(n, asked["n_star"]), expected["multiplier"])
    assert close(case, [interval.lower, interval.upper], expected["ci"])
    assert close(case, sequential.e_value(z, n, asked["n_star"]), expected["e_value"])
    assert close(case, sequential.anytime_p_value(z, n, asked["n_star"]), expected["anytime_p_value"])


@pytest.mark.parametrize("case", cases("group_sequential"))
def test_boundaries_of_planned_looks(case):
    found = sequential.boundaries(case["input"]["information"], alpha=case["input"]["alpha"])
    assert close(case, found, case["expected"]["z_boundaries"])


@pytest.mark.parametrize("case", cases("cuped"))
def test_an_adjusted_comparison(case):
    asked, expected = case["input"], case["expected"]
    arms = [
        Moments.of_values(np.column_stack([asked[f"{name}_y"], asked[f"{name}_x"]]))
        for name in ("treatment", "control")
    ]
    made = adjustment.adjusted(*arms)
    effect = made.effect(confidence=asked["confidence_level"])
    assert close(case, made.theta[0], expected["theta"])
    assert close(case, effect.difference, expected["diff_adjusted"])
    assert close(case, effect.error, expected["se"])
    assert close(case, [effect.ci_lower, effect.ci_upper], expected["ci"])
    assert close(case, effect.p_value, expected["p_value"])
    assert close(case, effect.lift, expected["rel_lift_teatasting"])
    assert close(case, made.variance_reduction, expected["variance_reduction"])


@pytest.mark.parametrize("case", cases("cuped_multi"))
def test_units_without_a_past_stay_and_are_marked(case):
    space, expected = drawn(case["input"]["recipe"]), case["expected"]

    def columns(name):
        x, y = space[f"{name}_x"], space[f"{name}_y"]
        return np.column_stack([y, np.where(np.isnan(x), 0, x), np.isnan(x)])

    made = adjustment.adjusted(Moments.of_values(columns("treatment")), Moments.of_values(columns("control")))
    effect = made.effect()
    assert close(case, list(made.theta), expected["theta"])
    assert close(case, effect.difference, expected["diff"])
    assert close(case, effect.error, expected["se"])
    assert close(case, [effect.ci_lower, effect.ci_upper], expected["ci"])
    filled = adjustment.adjusted(*(Moments.of_values(columns(name)[:, :2]) for name in ("treatment", "control")))
    assert close(case, filled.effect().error, expected["zero_fill_only"]["se"])


@pytest.mark.parametrize("case", cases("post_stratification"))
def test_strata_weighted_as_they_are_in_both_arms(case):
    def arm(stratum):
        rate = stratum["x"] / stratum["n"]
        return Arm(stratum["n"], rate, rate * (1 - rate))

    strata = [(arm(t), arm(c)) for t, c in zip(case["input"]["treatment"], case["input"]["control"], strict=True)]
    effect = effects.compare_means(*stratification.post_stratified(strata))
    assert close(case, effect.difference, case["expected"]["diff"])
    assert close(case, effect.error, case["expected"]["se"])


@pytest.mark.parametrize("case", cases("ratio_delta"))
def test_a_ratio_by_linearisation(case):
    asked, expected = case["input"], case["expected"]
    arms = [
        Moments.of_values(np.column_stack([asked[f"{name}_num"], asked[f"{name}_den"]]))
        for name in ("treatment", "control")
    ]
    effect = ratios.compare_ratios(*arms)
    assert close(case, effect.variant, expected["ratio_treatment"])
    assert close(case, effect.error, expected["se"])
    assert close(case, effect.freedom, expected["df"])
    assert close(case, [effect.ci_lower, effect.ci_upper], expected["ci"])
    assert close(case, effect.p_value, expected["p_value"])
    assert close(case, effect.lift, expected["rel_lift"])


@pytest.mark.parametrize("case", cases("quantile_iid", "quantile_clustered"))
def test_quantiles_of_values_that_cluster_in_units(case):
    space, expected = drawn(case["input"]["recipe"]), case["expected"]
    arms = []
    for name in ("treatment", "control"):
        values, units = space[name], None
        if isinstance(values, list):
            units = np.repeat(np.arange(len(values)), [len(part) for part in values])
            values = np.concatenate(values)
        arms.append(quantiles.quantile_arm(values, case["input"]["quantile"], units))
    effect = effects.compare_means(arms[0].arm, arms[1].arm)
    assert close(case, effect.control, expected["q_control"])
    assert close(case, effect.difference, expected["diff"])
    assert close(case, effect.error, expected["se"])
    assert close(case, [effect.ci_lower, effect.ci_upper], expected["ci"])
    assert close(case, effect.p_value, expected["p_value"])


@pytest.mark.parametrize("case", cases("two_proportion"))
def test_two_shares(case):
    asked, expected = case["input"], case["expected"]
    counts = (asked["treatment_conversions"], asked["treatment_n"], asked["control_conversions"], asked["control_n"])
    if "ci_newcombe" in expected:
        found = proportions.newcombe(*counts)
        assert close(case, [found.lower, found.upper], expected["ci_newcombe"])
    if "p_value_pooled" in expected:
        assert close(case, proportions.pooled_p_value(*counts)[0], expected["p_value_pooled"])
        assert close(case, effects.compare_shares(*counts).error, expected["se_unpooled"])


@pytest.mark.parametrize("case", cases("two_proportion_t", "welch_t_summary"))
def test_means_from_sums(case):
    asked, expected = case["input"], case["expected"]

    def arm(name):
        if name in asked:
            return Moments.of_sums(asked[name]["n"], [asked[name]["sum"]], [[asked[name]["sum_squares"]]]).arm([1.0])
        rate = asked[f"{name}_conversions"] / asked[f"{name}_n"]
        return Arm(asked[f"{name}_n"], rate, rate * (1 - rate))

    effect = effects.compare_means(arm("treatment"), arm("control"))
    assert close(case, effect.difference, expected.get("diff", expected.get("estimate")))
    assert close(case, effect.error, expected["se"])
    assert close(case, [effect.ci_lower, effect.ci_upper], expected["ci"])
    assert close(case, effect.p_value, expected["p_value"])


@pytest.mark.parametrize("case", cases("two_proportion"))
def test_the_other_intervals_of_two_shares(case):
    asked, expected = case["input"], case["expected"]
    counts = (asked["treatment_conversions"], asked["treatment_n"], asked["control_conversions"], asked["control_n"])
    known = {
        "ci_wald": two_shares.wald, "ci_agresti_caffo": two_shares.agresti_caffo, "ci_rel_log_katz": two_shares.katz,
        "ci_miettinen_nurminen": two_shares.miettinen_nurminen,
    }  # fmt: skip
    for name, function in known.items():
        if name in expected:
            found = function(*counts)
            assert close(case, [found.lower, found.upper], expected[name]), name


@pytest.mark.parametrize("case", cases("welch_t"))
def test_welchs_test_in_one_direction(case):
    asked, expected = case["input"], case["expected"]
    space = drawn(asked["recipe"]) if "recipe" in asked else asked
    arms = [Moments.of_values(np.asarray(space[name], dtype=float)).arm([1.0]) for name in ("treatment", "control")]
    found = welch.welch(*arms, confidence=asked["confidence_level"], alternative=asked.get("alternative", "two-sided"))
    if expected["p_value"] is None:
        assert math.isnan(found.p_value)
        assert found.reason
        return
    assert close(case, [found.t, found.freedom, found.p_value], [expected["t"], expected["df"], expected["p_value"]])
    assert close(case, [found.interval.lower, found.interval.upper], [float(end) for end in expected["ci"]])


@pytest.mark.parametrize("case", cases("winsorize"))
def test_a_cap_of_the_values_that_are_not_zero(case):
    asked, expected = case["input"], case["expected"]
    cap = winsorising.cap_at(asked["values"], asked["upper_quantile"])
    assert close(case, cap, expected["cap"])
    assert close(case, float(winsorising.capped(asked["values"], upper=cap).mean()), expected["mean"])


def test_the_score_interval_is_symmetric_and_never_leaves_what_is_possible():
    for a, m, b, n in [(0, 10, 0, 20), (10, 10, 0, 10), (1, 50, 0, 50), (50, 500, 50, 500), (3, 3, 3, 3)]:
        found, turned = two_shares.miettinen_nurminen(a, m, b, n), two_shares.miettinen_nurminen(b, n, a, m)
        assert [found.lower, found.upper] == pytest.approx([-turned.upper, -turned.lower], abs=1e-9)
        assert -1 <= found.lower <= a / m - b / n <= found.upper <= 1


def test_equivalence_is_shown_only_by_a_narrow_interval_inside_the_region():
    near, far = Arm(2_000, 5.01, 1.0), Arm(20, 5.01, 1.0)
    assert welch.equivalent(near, Arm(2_000, 5.0, 1.0), lower=-0.2, upper=0.2) < 0.01
    assert welch.equivalent(far, Arm(20, 5.0, 1.0), lower=-0.2, upper=0.2) > 0.2
