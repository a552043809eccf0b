"""The worked cases of sample sizes, each through a public function; absent beside this checkout, the tests skip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pm_analytics.stats.power import rule_of_thumb, size_for_means, size_for_shares
from pm_analytics.stats.power_t import size_for_means_t

CASES = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "ab.json"


def cases(kind):
    if not CASES.exists():
        return []
    return [pytest.param(c, id=c["name"]) for c in json.loads(CASES.read_text()) if c["kind"] == kind]


def options(case):
    asked = case["input"]
    return {
        "alpha": asked["alpha"],
        "power": asked["power"],
        "sides": 2 if asked["two_sided"] else 1,
        "kappa": asked.get("treatment_to_control_ratio", 1.0),
    }


def close(case, found, expected):
    allowed = case["tolerance"]
    return found == pytest.approx(expected, rel=allowed["rtol"], abs=allowed["atol"])


@pytest.mark.skipif(not CASES.exists(), reason="the acceptance cases do not lie beside this checkout")
def test_there_are_cases_of_each_kind():
    kinds = ("sample_size_proportion", "sample_size_mean", "sample_size_rule_of_thumb")
    assert all(cases(kind) for kind in kinds)


@pytest.mark.parametrize("case", cases("sample_size_proportion"))
def test_units_that_tell_two_shares_apart(case):
    nulls = {
        "n_control_unpooled": "unpooled",
        "n_control_pooled_null": "pooled",
        "n_control_arcsine_cohen_h": "arcsine",
    }
    assert nulls.keys() >= case["expected"].keys()
    for key, expected in case["expected"].items():
        shares = case["input"]["p_control"], case["input"]["p_treatment"]
        assert close(case, size_for_shares(*shares, null=nulls[key], **options(case)), expected), key


@pytest.mark.parametrize("case", cases("sample_size_mean"))
def test_units_that_tell_two_means_apart(case):
    effect = case["input"]["effect_size_d"]
    assert close(case, size_for_means(effect, 1.0, **options(case)), case["expected"]["n_per_arm_z"])
    assert close(case, size_for_means_t(effect, **options(case)), case["expected"]["n_per_arm_t"])


@pytest.mark.parametrize("case", cases("sample_size_rule_of_thumb"))
def test_sixteen_variances_over_the_squared_difference(case):
    found = rule_of_thumb(case["input"]["sigma2"], case["input"]["delta"])
    assert close(case, found, case["expected"]["n_per_arm"])
