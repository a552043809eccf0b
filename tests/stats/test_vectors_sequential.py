"""The worked cases of looking early, of splits, of Bayesian readings and of many tests: every number of each."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from pm_analytics.stats import multiplicity
from pm_analytics.stats.balance import SAMPLE_RATIO_ALPHA, running_ratio, sample_ratio, sample_ratio_p_value
from pm_analytics.stats.bayes import beta_posterior, normal_posterior, posterior_share
from pm_analytics.stats.effects import Arm, delta_lift
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.sequential import (
    anytime_p_value,
    boundaries,
    e_value,
    obrien_fleming_constant,
    pocock_constant,
    rho_squared,
    sequence_interval,
    sequence_multiplier,
    shaped_boundaries,
)

CASES = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "ab.json"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the acceptance cases do not lie beside this checkout")


def cases(kind):
    found = json.loads(CASES.read_text()) if CASES.exists() else []
    return [pytest.param(c, id=c["name"]) for c in found if c["kind"] == kind]


def compare(case, found):
    """Every number that is expected must be there, and be right."""
    assert set(case["expected"]) <= set(found)
    allowed = case["tolerance"]
    for key, expected in case["expected"].items():
        if isinstance(expected, (bool, str)):
            assert found[key] == expected, key
        else:
            assert found[key] == pytest.approx(expected, rel=allowed["rtol"], abs=allowed["atol"]), key


def arm(asked, name):
    if name in asked:
        sums = asked[name]
        return Moments.of_sums(sums["n"], [sums["sum"]], [[sums["sum_squares"]]]).arm([1.0])
    rate = asked[f"{name}_conversions"] / asked[f"{name}_n"]
    return Arm(asked[f"{name}_n"], rate, rate * (1 - rate))


def effect(asked):
    """Estimate and standard error, on the scale that is asked for."""
    variant, control = arm(asked, "treatment"), arm(asked, "control")
    if asked["difference_type"] == "relative":
        return (*delta_lift(variant, control), variant, control)
    error = math.sqrt(variant.variance / variant.n + control.variance / control.n)
    return variant.mean - control.mean, error, variant, control


@pytest.mark.parametrize("case", cases("sequential_acs"))
def test_confidence_sequences(case):
    asked = case["input"]
    estimate, error, variant, control = effect(asked)
    n, planned, alpha = variant.n + control.n, asked["n_star"], asked["alpha"]
    interval = sequence_interval(estimate, error, n, planned, confidence=1 - alpha)
    compare(
        case,
        {
            "estimate": estimate,
            "se": error,
            "multiplier": sequence_multiplier(n, planned, alpha=alpha),
            "ci": [interval.lower, interval.upper],
            "anytime_p_value": anytime_p_value(estimate / error, n, planned, alpha=alpha),
            "e_value": e_value(estimate / error, n, planned, alpha=alpha),
        },
    )


@pytest.mark.parametrize("case", cases("sequential_rho"))
def test_the_tuning_of_a_confidence_sequence(case):
    squared = rho_squared(case["input"]["n_star"], alpha=case["input"]["alpha"])
    compare(case, {"rho_gbstats": math.sqrt(squared), "rho_squared": squared, "rho_eppo": 1 / squared})


@pytest.mark.parametrize("case", cases("group_sequential"))
def test_planned_looks(case):
    asked = case["input"]
    plan = {"alpha": asked["alpha"], "sides": 2 if asked.get("two_sided", True) else 1}
    design = asked["design"].lower()
    if "spending" in design or "demets" in design:
        kim, pocock = "kim" in design, "pocock" in design
        spending = "kim_demets" if kim else "pocock" if pocock else "obrien_fleming"
        found = boundaries(asked["information"], spending=spending, **plan)
    else:
        found = shaped_boundaries(asked["information"], "pocock" if "pocock" in design else "obrien_fleming", **plan)
    compare(
        case,
        {
            "z_boundaries": found,
            "pocock_constant": pocock_constant(len(found), **plan),
            "obrien_fleming_constant": obrien_fleming_constant(len(found), **plan),
        },
    )


@pytest.mark.parametrize("case", cases("srm"))
def test_splits(case):
    observed, weights = case["input"]["observed"], case["input"]["expected_weights"]
    found = sample_ratio(observed, weights)
    assert sample_ratio_p_value(observed, weights) == found.p_value
    compare(
        case,
        {
            "chi2": found.statistic,
            "df": found.freedom,
            "p_value": found.p_value,
            "srm_at_0_001": found.p_value < SAMPLE_RATIO_ALPHA,
        },
    )


@pytest.mark.parametrize("case", cases("srm_sequential"))
def test_splits_at_every_look(case):
    found = running_ratio(case["input"]["observed"], case["input"]["expected"])
    compare(
        case,
        {
            "log_bayes_factor": found.log_bayes_factor,
            "e_value": found.e_value,
            "anytime_p_value": found.p_value,
        },
    )


@pytest.mark.parametrize("case", cases("bayes_normal_effect"))
def test_a_normal_effect(case):
    asked = case["input"]
    estimate, error, _, control = effect(asked)
    prior = {}
    if asked["prior"] != "flat":
        prior = {"prior_mean": asked["prior"]["mean"], "prior_sd": asked["prior"]["sd"]}
        if asked["prior"]["scale"] == "relative" and asked["difference_type"] == "absolute":
            prior["baseline"] = control.mean
    found = normal_posterior(estimate, error, **prior)
    compare(
        case,
        {
            "posterior_mean": found.mean,
            "posterior_sd": found.sd,
            "chance_to_win": found.chance_to_win,
            "credible_interval": [found.interval.lower, found.interval.upper],
            "risk_if_keep_control": found.loss_if_kept,
            "risk_if_ship_treatment": found.loss_if_shipped,
        },
    )


@pytest.mark.parametrize("case", cases("bayes_beta_binomial"))
def test_two_shares(case):
    asked = case["input"]
    variant = asked["treatment_conversions"], asked["treatment_n"]
    control = asked["control_conversions"], asked["control_n"]
    found = beta_posterior(*variant, *control)
    compare(
        case,
        {
            "prob_treatment_better": found.chance_to_win,
            "expected_loss_ship_treatment": found.loss_if_shipped,
            "expected_loss_keep_control": found.loss_if_kept,
            "posterior_mean_control": posterior_share(*control),
            "posterior_mean_treatment": posterior_share(*variant),
        },
    )


@pytest.mark.parametrize("case", cases("multiple_testing"))
def test_many_tests(case):
    p_values, alpha = case["input"]["p_values"], case["input"]["alpha"]
    for name, expected in case["expected"].items():
        adjusted = getattr(multiplicity, name)(p_values)
        assert adjusted == pytest.approx(expected["p_adjusted"], rel=1e-9, abs=1e-12)
        assert [p <= alpha for p in adjusted] == expected["reject"]
    for name, confidences in (
        ("holm", multiplicity.holm_confidences),
        ("benjamini_hochberg", multiplicity.bh_confidences),
    ):
        levels = confidences(p_values, confidence=1 - alpha)
        assert [p < 1 - level for p, level in zip(p_values, levels, strict=True)] == case["expected"][name]["reject"]
