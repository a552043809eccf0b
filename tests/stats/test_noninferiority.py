"""Planning for guardrails: the formula by hand, its inverses, and what makes no sense."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.errors import ParameterError
from pm_analytics.stats import noninferiority
from pm_analytics.stats.noninferiority import Guardrail, detectable_margin, power_for_guardrail, size_for_guardrail

SURE = (1.6448536 + 0.8416212) ** 2


def test_a_margin_in_the_metrics_own_unit_is_the_textbook_formula():
    # Chow, Shao, Wang & Lokhnygina (2018), section 4.2, worked example: shares 0.85 and 0.65, margin 0.10: 25 in each
    example = Guardrail(baseline=0.65, margin=0.10, relative=False, true_change=0.20)
    assert math.ceil(size_for_guardrail(example)) == 25
    assert size_for_guardrail(example) == pytest.approx(SURE * (0.85 * 0.15 + 0.65 * 0.35) / 0.3**2, rel=1e-6)


def test_a_relative_margin_lowers_the_noise_of_the_control_and_raises_it_when_more_is_harm():
    down = Guardrail(baseline=10.0, margin=0.1, variance=4.0)
    up = Guardrail(baseline=10.0, margin=0.1, variance=4.0, harm_is_up=True)
    assert size_for_guardrail(down) == pytest.approx(SURE * 4 * (1 + 0.81), rel=1e-6)
    assert size_for_guardrail(up) == pytest.approx(SURE * 4 * (1 + 1.21), rel=1e-6)


def test_a_gain_makes_it_easier_and_a_loss_harder():
    sizes = {
        change: size_for_guardrail(Guardrail(baseline=0.2, margin=0.05, true_change=change))
        for change in (-0.02, 0, 0.02)
    }
    assert sizes[0.02] < sizes[0] < sizes[-0.02]
    waiting = [
        size_for_guardrail(Guardrail(baseline=5, margin=0.05, variance=9, harm_is_up=True, true_change=change))
        for change in (-0.02, 0.02)
    ]
    assert waiting[0] < waiting[1]


@pytest.mark.parametrize("lost", [-0.05, -0.08])
def test_what_lies_outside_the_margin_is_never_shown_safe(lost):
    guardrail = Guardrail(baseline=0.2, margin=0.05, true_change=lost)
    assert size_for_guardrail(guardrail) == math.inf
    assert power_for_guardrail(guardrail, 1e5) <= 0.05 + 1e-12


@given(
    st.floats(0.5, 50),
    st.floats(0.01, 0.5),
    st.floats(0.1, 100),
    st.booleans(),
    st.sampled_from([0.2, 1.0, 2.0]),
    st.sampled_from([0.5, 1.0, 1.4]),
)
def test_size_power_and_margin_are_inverses(baseline, margin, variance, up, kappa, inflation):
    guardrail = Guardrail(baseline=baseline, margin=margin, variance=variance, harm_is_up=up)
    options = {"kappa": kappa, "inflation": inflation, "power": 0.9}
    n = size_for_guardrail(guardrail, **options)
    assert power_for_guardrail(guardrail, n, **options) == pytest.approx(0.9, abs=1e-9)
    found = detectable_margin(baseline, variance, n, harm_is_up=up, **options)
    assert found.lift == pytest.approx(margin, rel=1e-7)
    assert found.difference == pytest.approx(margin * baseline, rel=1e-7)


def test_the_test_is_one_sided_unless_said():
    guardrail = Guardrail(baseline=0.2, margin=0.05)
    assert size_for_guardrail(guardrail) == size_for_guardrail(guardrail, sides=1)
    assert size_for_guardrail(guardrail, sides=2) == pytest.approx(size_for_guardrail(guardrail, alpha=0.025))


def test_with_too_few_units_no_margin_can_be_shown():
    assert detectable_margin(1.0, 100.0, 50).reason == noninferiority.NO_MARGIN
    assert detectable_margin(0.0, 1.0, 5_000).reason == noninferiority.NO_MARGIN
    assert detectable_margin(1.0, 1.0, 0).reason == noninferiority.NO_UNITS
    assert detectable_margin(1.0, 4.0, 60, harm_is_up=True).reason == noninferiority.NO_MARGIN


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"baseline": 0.2, "margin": 0}, "margin=0"),
        ({"baseline": 0.2, "margin": 1.5}, "margin=1.5"),
        ({"baseline": -1.0, "margin": 0.1, "variance": 1.0}, "relative=False"),
        ({"baseline": 1.2, "margin": 0.1}, "baseline=1.2"),
        ({"baseline": 0.9, "margin": 0.1, "true_change": 0.2}, "true_change"),
        ({"baseline": 1.2, "margin": 0.1, "variance": -1.0}, "variance=-1.0"),
    ],
)
def test_what_makes_no_sense_is_refused(asked, word):
    with pytest.raises(ParameterError, match=word):
        Guardrail(**asked)
