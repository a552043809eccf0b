"""What is said at a planned look, and after stopping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pm_analytics.stats.planned_looks import boundaries
from pm_analytics.stats.planned_readings import final_reading, repeated_interval, repeated_p_value

LOOKS = (0.2, 0.4, 0.6, 0.8, 1.0)
SPENDING = ("obrien_fleming", "pocock", "kim_demets")


def test_one_look_at_the_end_is_the_plain_reading():
    for z in (0.0, 0.3, 1.96, -4.0):
        plain = 2 * norm.sf(abs(z))
        assert repeated_p_value(z, [1.0]) == pytest.approx(plain, rel=1e-6, abs=1e-4 if z == 0 else 0)
        found = final_reading(z, 2.0, [1.0])
        assert found.p_value == pytest.approx(plain)
        assert found.estimate == pytest.approx(2 * z, abs=1e-9)
        assert found.interval.lower == pytest.approx(2 * z - 2 * norm.isf(0.025))
        assert found.interval.upper == pytest.approx(2 * z + 2 * norm.isf(0.025))


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-6, 6),
    st.lists(st.sampled_from([0.1, 0.25, 0.4, 0.55, 0.8]), max_size=3, unique=True),
    st.sampled_from([0.7, 0.93, 1.0, 1.3]),
    st.sampled_from(SPENDING),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_interval_and_p_value_say_the_same(z, early, now, spending, confidence):
    looks = [*sorted(t for t in early if t < now), now]
    p_value = repeated_p_value(z, looks, spending=spending)
    interval = repeated_interval(z * 3, 3.0, looks, confidence=confidence, spending=spending)
    if abs(p_value - (1 - confidence)) > 1e-6:
        assert (p_value < 1 - confidence) == (interval.lower > 0 or interval.upper < 0)


@given(st.floats(0, 5), st.floats(0.001, 2))
@settings(max_examples=30, deadline=None)
def test_more_extreme_is_more_significant(z, more):
    assert repeated_p_value(z + more, LOOKS) <= repeated_p_value(z, LOOKS)
    assert final_reading(z + more, 1.0, LOOKS).p_value <= final_reading(z, 1.0, LOOKS).p_value


def test_a_p_value_is_never_nothing_and_may_be_undefined():
    assert repeated_p_value(60.0, LOOKS) == 1e-15
    assert repeated_p_value(0.0, LOOKS) == 1.0
    assert math.isnan(repeated_p_value(math.nan, LOOKS))


def test_a_one_sided_reading_looks_at_one_side():
    assert repeated_p_value(-3.0, [1.0], sides=1) == pytest.approx(norm.cdf(3), abs=1e-6)
    assert repeated_p_value(-5.0, LOOKS, sides=1) == 1.0
    assert repeated_p_value(1.644854, [1.0], sides=1) == pytest.approx(0.05, abs=1e-6)


def test_without_a_standard_error_nothing_is_said_but_why():
    for z, error in ((math.nan, 1.0), (1.0, 0.0), (1.0, math.nan)):
        found = final_reading(z, error, LOOKS)
        assert math.isnan(found.p_value)
        assert math.isnan(found.estimate)
        assert math.isnan(found.interval.lower)
        assert "no standard error" in found.reason
    assert math.isnan(repeated_interval(1.0, 0.0, LOOKS).lower)
    assert final_reading(2.0, 1.0, LOOKS).reason == ""


def test_a_look_that_may_not_judge_yet_has_an_interval_without_ends():
    found = repeated_interval(1.0, 1.0, [0.02])
    assert (found.lower, found.upper) == (-math.inf, math.inf)


@pytest.mark.parametrize("spending", SPENDING)
def test_what_lies_on_the_boundary_has_spent_what_the_look_may_spend(spending):
    """By stage-wise ordering, the p-value on the boundary is the alpha that is spent by then."""
    limits = boundaries(LOOKS, spending=spending)
    for look, limit in enumerate(limits, start=1):
        found = final_reading(limit, 1.0, LOOKS[:look], spending=spending)
        spent = [4 - 4 * norm.cdf(norm.isf(0.0125) / math.sqrt(t)) for t in LOOKS]
        if spending == "obrien_fleming":
            assert found.p_value == pytest.approx(spent[look - 1], rel=1e-3)
    assert found.p_value == pytest.approx(0.05, abs=1e-4)


def test_stopping_earlier_is_stronger_and_what_stopped_early_shrinks():
    early, late = final_reading(3.4, 1.0, LOOKS[:2]), final_reading(3.4, 1.0, LOOKS)
    assert early.p_value < late.p_value
    assert final_reading(2.5, 1.0, LOOKS[:3], spending="pocock").estimate < 2.5
    assert final_reading(-2.5, 1.0, LOOKS[:3], spending="pocock").estimate == pytest.approx(
        -final_reading(2.5, 1.0, LOOKS[:3], spending="pocock").estimate
    )


@pytest.mark.slow
@pytest.mark.parametrize("drift", [0.0, 1.5, 3.0])
def test_after_stopping_intervals_hold_and_estimates_are_in_the_middle(drift):
    """The plain estimate of what stopped early is too large in far more than half of all cases; this one is not."""
    rng = np.random.default_rng(7)
    times, limits = np.array(LOOKS), np.array(boundaries(LOOKS, spending="pocock"))
    walks = np.cumsum(rng.normal(drift * 0.2, math.sqrt(0.2), (1_500, 5)), axis=1) / np.sqrt(times)
    held, above, plain_above, rejected = [], [], [], []
    for z in walks:
        crossed = np.abs(z) > limits
        stop = int(crossed.argmax()) if crossed.any() else 4
        error = 1 / math.sqrt(times[stop])
        found = final_reading(float(z[stop]), error, LOOKS[: stop + 1], spending="pocock")
        held.append(found.interval.lower <= drift <= found.interval.upper)
        above.append(found.estimate > drift)
        plain_above.append(z[stop] * error > drift)
        rejected.append(found.p_value < 0.05)
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert np.mean(above) == pytest.approx(0.5, abs=0.045)
    if drift == 3.0:
        assert np.mean(plain_above) > 0.55
    if drift == 0.0:
        assert np.mean(rejected) == pytest.approx(0.05, abs=0.02)


@pytest.mark.slow
def test_the_intervals_of_all_looks_hold_at_once():
    rng = np.random.default_rng(8)
    times, limits = np.array(LOOKS), np.array(boundaries(LOOKS))
    for drift in (0.0, 2.8):
        noise = np.cumsum(rng.normal(0, math.sqrt(0.2), (20_000, 5)), axis=1) / np.sqrt(times)
        missed = (np.abs(noise) > limits).any(axis=1)
        assert missed.mean() == pytest.approx(0.05, abs=0.005), drift
