"""From triggered units to everybody, and from an effect per unit to a year."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.errors import ParameterError
from pm_analytics.stats.dilution import DAYS_PER_YEAR, WEEKS_PER_YEAR, diluted, per_year, units_per_year
from pm_analytics.stats.effects import NEGATIVE_BASELINE, NO_BASELINE
from pm_analytics.stats.proportions import UNDEFINED, Interval


def test_the_effect_on_a_tenth_of_the_units_is_a_tenth_over_all():
    found = diluted(0.5, Interval(0.1, 0.9), triggered=0.1, baseline=2.0)
    assert (found.difference, found.lift) == (pytest.approx(0.05), pytest.approx(0.025))
    assert (found.interval.lower, found.interval.upper) == (pytest.approx(0.01), pytest.approx(0.09))
    assert (found.lift_interval.lower, found.lift_interval.upper) == (pytest.approx(0.005), pytest.approx(0.045))
    assert found.reason == ""


@given(st.floats(0.01, 1), st.floats(0.1, 100), st.floats(-5, 5), st.floats(0.01, 3), st.floats(0.01, 3))
def test_dilution_keeps_the_sign_and_what_is_found(triggered, baseline, difference, below, above):
    interval = Interval(difference - below, difference + above)
    found = diluted(difference, interval, triggered=triggered, baseline=baseline)
    assert (found.lift_interval.lower > 0) == (interval.lower > 0)
    assert (found.lift_interval.upper < 0) == (interval.upper < 0)
    wider = diluted(difference, interval, triggered=triggered, baseline=baseline, units=50, baseline_error=baseline / 5)
    assert wider.lift == found.lift
    assert wider.lift_interval.lower <= found.lift_interval.lower + 1e-12
    assert wider.lift_interval.upper >= found.lift_interval.upper - 1e-12


def test_the_noise_of_share_and_baseline_is_that_of_the_delta_method():
    difference, error, triggered, baseline, units, noise = 0.5, 0.1, 0.2, 2.0, 400, 0.1
    z = 1.959964
    found = diluted(
        difference,
        Interval(difference - z * error, difference + z * error),
        triggered=triggered,
        baseline=baseline,
        units=units,
        baseline_error=noise,
    )
    relative = math.sqrt((error / difference) ** 2 + 0.8 / (0.2 * units) + (noise / baseline) ** 2)
    assert found.lift_interval.upper - found.lift == pytest.approx(z * relative * found.lift, rel=1e-6)
    assert found.lift - found.lift_interval.lower == pytest.approx(z * relative * found.lift, rel=1e-6)


def test_simulated_dilution_has_the_stated_spread():
    rng = np.random.default_rng(3)
    effects = rng.normal(0.5, 0.1, 200_000)
    shares = rng.binomial(400, 0.2, 200_000) / 400
    lifts = effects * shares / rng.normal(2.0, 0.1, 200_000)
    found = diluted(0.5, Interval(0.5 - 0.196, 0.5 + 0.196), triggered=0.2, baseline=2.0, units=400, baseline_error=0.1)
    assert lifts.std() == pytest.approx((found.lift_interval.upper - found.lift_interval.lower) / 2 / 1.96, rel=0.03)


def test_without_a_baseline_there_is_no_lift_and_a_reason():
    for baseline, reason in ((0.0, NO_BASELINE), (-1.0, NEGATIVE_BASELINE), (math.nan, NEGATIVE_BASELINE)):
        found = diluted(0.5, Interval(0.1, 0.9), triggered=0.5, baseline=baseline)
        assert found.difference == 0.25
        assert math.isnan(found.lift + found.lift_interval.lower)
        assert found.reason == reason


def test_an_undefined_interval_stays_undefined():
    found = diluted(0.5, UNDEFINED, triggered=0.5, baseline=1.0)
    assert found.lift == 0.25
    assert math.isnan(found.interval.lower + found.lift_interval.upper)
    assert math.isnan(per_year(0.5, UNDEFINED, units_per_year=10)[1].lower)


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"triggered": 0.0}, "triggered=0.0"),
        ({"triggered": 1.2}, "triggered=1.2"),
        ({"triggered": 0.5, "units": 0}, "units=0"),
        ({"triggered": 0.5, "baseline_error": -1}, "baseline_error=-1"),
    ],
)
def test_what_makes_no_sense_is_refused(asked, word):
    with pytest.raises(ParameterError, match=word):
        diluted(0.5, Interval(0.1, 0.9), baseline=1.0, **asked)


def test_a_year_has_365_days():
    assert units_per_year(1_000, 7) * 7 / 1_000 == pytest.approx(DAYS_PER_YEAR)
    assert pytest.approx(52.142857) == WEEKS_PER_YEAR
    with pytest.raises(ParameterError, match="days=0"):
        units_per_year(10, 0)


def test_a_year_is_worth_the_units_and_a_cost_turns_the_interval_around():
    year = units_per_year(2_000, 14)
    value, ends = per_year(0.02, Interval(0.01, 0.04), units_per_year=year, value=30)
    assert value == pytest.approx(0.02 * 2_000 / 14 * 365 * 30)
    assert ends.upper == pytest.approx(2 * value)
    value, ends = per_year(0.02, Interval(0.01, 0.04), units_per_year=year, value=-30)
    assert ends.lower < value < ends.upper < 0
    with pytest.raises(ParameterError, match="units_per_year=0"):
        per_year(0.02, Interval(0.01, 0.04), units_per_year=0)
