"""What is only looked at because it was found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.errors import ParameterError
from pm_analytics.stats.selection import unselected, unselected_interval, winners_curse


@pytest.mark.parametrize(
    ("shift", "power", "exaggeration", "wrong_sign"),
    # Two-sided 5 %: the true effects that are found on their own side in 80, 30 and 10 % of all tests.
    [(2.8016, 0.80, 1.13, 0.000), (1.4356, 0.30, 1.8, 0.001), (0.6784, 0.104, 3.6, 0.04)],
)
def test_the_less_power_the_more_findings_exaggerate(shift, power, exaggeration, wrong_sign):
    found = winners_curse(3 * shift, 3.0)
    assert found.power == pytest.approx(power, abs=2e-3)
    assert found.exaggeration == pytest.approx(exaggeration, abs=0.05)
    assert found.wrong_sign == pytest.approx(wrong_sign, abs=0.006)


def test_a_published_case_of_exaggeration():
    """Gelman & Carlin (2014), beauty and sex ratio: true 0.3, error 4.3: power 5 %, wrong sign 46 %, more than 30 times.

    Their other case of 0.1 against 3.3: power 5 %, wrong sign 46 %, 77 times as large.
    """
    found = winners_curse(0.1, 3.3)
    assert found.power == pytest.approx(0.05, abs=1e-3)
    assert found.wrong_sign == pytest.approx(0.46, abs=0.01)
    assert found.exaggeration == pytest.approx(77, abs=1)


@given(st.floats(0.05, 6), st.floats(0.01, 10))
def test_only_the_effect_in_standard_errors_counts(shift, error):
    here, there = winners_curse(shift * error, error), winners_curse(-shift, 1.0)
    assert (here.power, here.exaggeration, here.wrong_sign) == pytest.approx(
        (there.power, there.exaggeration, there.wrong_sign)
    )
    assert here.exaggeration > 1 or here.power > 0.999


@pytest.mark.parametrize(("effect", "error"), [(0, 1), (1, 0), (1, -1)])
def test_without_an_effect_or_an_error_there_is_no_curse_to_compute(effect, error):
    with pytest.raises(ParameterError):
        winners_curse(effect, error)


@given(st.floats(1.97, 9), st.floats(0.1, 10))
def test_what_was_found_shrinks_and_keeps_its_sign(z, error):
    found = unselected(z * error, error)
    assert 0 <= found <= z * error * (1 + 1e-9)
    assert unselected(-z * error, error) == -found


def test_what_was_not_found_stays_and_what_is_clear_stays_nearly():
    assert unselected(1.0, 1.0) == 1.0
    assert unselected(1.9601, 1.0) == pytest.approx(0, abs=1e-3)
    assert unselected(7.0, 1.0) == pytest.approx(7.0, abs=1e-3)
    assert math.isnan(unselected(1.0, 0.0))
    assert unselected_interval(1.0, 1.0).upper == pytest.approx(2.96, abs=1e-3)
    assert math.isnan(unselected_interval(1.0, math.nan).lower)


def test_a_selected_interval_may_hold_zero_and_turns_with_the_sign():
    found = unselected_interval(2.2, 1.0)
    assert found.lower < 0 < found.upper
    turned = unselected_interval(-2.2, 1.0)
    assert (turned.lower, turned.upper) == (-found.upper, -found.lower)


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.3, 1.0, 2.5])
def test_among_findings_the_corrected_estimate_is_in_the_middle_and_its_interval_holds(truth):
    """Zhong & Prentice (2008): exactly median-unbiased among what was found; the plain estimate is always too large."""
    rng = np.random.default_rng(9)
    z = rng.normal(truth, 1, 400_000)
    z = z[np.abs(z) > 1.96][:2_500]
    corrected = np.array([unselected(each, 1.0) for each in z])
    intervals = [unselected_interval(each, 1.0, confidence=0.9) for each in z]
    held = np.mean([i.lower <= truth <= i.upper for i in intervals])
    assert held == pytest.approx(0.9, abs=0.02)
    # Findings of the wrong sign are flipped, not moved across zero, so they stay below the truth.
    assert np.mean(corrected > truth) == pytest.approx(0.5, abs=0.04)
    assert np.mean(z > truth) > 0.6
