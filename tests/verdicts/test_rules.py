"""Exactly one rule fires, and strong words need strong evidence."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.verdicts.rules import RULES, Evidence, decide


def evidence(**change):
    plain = {
        "grade": "A",
        "lift_lower": 0.03,
        "lift_upper": 0.09,
        "days_after": 40,
        "adopt_window_days": 14,
        "judged": 500,
        "wanted_lift": 0.02,
        "min_worthwhile": 0.02,
    }
    return Evidence(**(plain | change))


@pytest.mark.parametrize(
    ("change", "state", "rule"),
    [
        pytest.param({}, "KEEP & SCALE", 4, id="the lower end reaches the wanted change"),
        pytest.param({"broken": "sample ratio"}, "CANNOT JUDGE", 1, id="a broken input comes before a good number"),
        pytest.param({"guardrails": ("safe", "harm")}, "STOP", 2, id="a harmed guardrail comes before a good number"),
        pytest.param({"lift_lower": -0.09, "lift_upper": -0.01}, "STOP", 2, id="the goal got worse"),
        pytest.param({"days_after": 13}, "HOLD", 3, id="too few days"),
        pytest.param({"days_after": 20, "adopt_window_days": 28}, "HOLD", 3, id="less than one adoption window"),
        pytest.param({"judged": 0}, "HOLD", 3, id="nobody has had their window"),
        pytest.param({"lift_lower": -0.03, "lift_upper": 0.01}, "ITERATE", 5, id="the wanted change is ruled out"),
        pytest.param({"lift_lower": -0.01, "lift_upper": 0.015}, "ITERATE", 5, id="any change is too small to matter"),
        pytest.param({"lift_lower": 0.005, "lift_upper": 0.06}, "ITERATE", 6, id="positive, but perhaps too small"),
        pytest.param({"lift_lower": -0.02, "lift_upper": 0.06}, "HOLD", 7, id="too wide to decide"),
        pytest.param(
            {"grade": "D", "lift_lower": math.nan, "lift_upper": math.nan}, "CANNOT JUDGE", 8, id="no comparison"
        ),
        pytest.param({"guardrails": ("watch",)}, "KEEP & SCALE", 4, id="a watched guardrail is a caveat, not a stop"),
    ],
)
def test_the_first_rule_that_holds_gives_the_verdict(change, state, rule):
    verdict = decide(evidence(**change))
    assert (verdict.state, verdict.rule) == (state, rule)


def test_rules_have_numbers_of_their_own_and_the_last_always_holds():
    assert len({rule.number for rule in RULES}) == len(RULES)
    assert RULES[-1].holds(evidence(lift_lower=math.nan))


LIFTS = st.floats(-0.5, 0.5)


@given(
    st.sampled_from("ABCDE"), LIFTS, st.floats(0, 0.5), st.integers(0, 60), st.sampled_from([(), ("safe",), ("harm",)])
)
def test_scaling_is_never_advised_without_a_comparison_or_below_the_wanted_change(
    grade, lower, width, days, guardrails
):
    verdict = decide(
        evidence(grade=grade, lift_lower=lower, lift_upper=lower + width, days_after=days, guardrails=guardrails)
    )
    if verdict.state == "KEEP & SCALE":
        assert grade in "ABC"
        assert lower >= 0.02
        assert days >= 14
        assert "harm" not in guardrails
