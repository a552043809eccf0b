"""A sum that is looked at now and then, against the multivariate normal distribution and published designs."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from pm_analytics.stats.quadrature import panels
from pm_analytics.stats.running_sums import RunningSum, crossing, stopping

LOOKS = (0.2, 0.4, 0.6, 0.8, 1.0)


def crossing_by_integration(times, z_values, drift):
    times = np.array(times)
    covariance = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    limits = np.array(z_values) - 0.0
    law = multivariate_normal(drift * np.sqrt(times), covariance)
    return 1 - law.cdf(limits, lower_limit=-limits, rng=np.random.default_rng(1))


@pytest.mark.parametrize("drift", [0.0, 1.0, -2.8])
@pytest.mark.parametrize("times", [(1.0,), (0.3, 1.0), LOOKS, (0.1, 0.15, 0.7, 0.71, 1.2)])
def test_the_chance_to_cross_is_that_of_the_multivariate_normal_distribution(times, drift):
    z_values = [2.5 - 0.1 * k for k in range(len(times))]
    assert crossing(times, z_values, drift=drift) == pytest.approx(
        crossing_by_integration(times, z_values, drift), abs=2e-5
    )


@given(st.floats(0.01, 5), st.floats(-4, 4))
def test_one_look_is_a_plain_test(z, drift):
    assert crossing([1.0], [z], drift=drift) == pytest.approx(norm.sf(z - drift) + norm.cdf(-z - drift), rel=1e-12)


def test_two_looks_close_together_lose_no_digits():
    apart = [crossing([0.5, 0.5 + step, 1.0], [2.2, 2.2, 2.0]) for step in (1e-2, 1e-3, 1e-4, 1e-5)]
    assert all(late < early for early, late in pairwise(apart))
    assert apart[-1] == pytest.approx(crossing([0.5, 1.0], [2.2, 2.0]), abs=3e-4)


@settings(max_examples=30)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=5), st.floats(-3, 3))
def test_every_course_is_stopped_or_goes_on(steps, drift):
    """Courses above, below and between must add up to all of them at every look."""
    time, state, stopped = 0.0, RunningSum.start(drift), 0.0
    for step in steps:
        time += step
        high = 2 * math.sqrt(time)
        stopped += state.above(high, time) + state.below(-high, time)
        state = state.kept(time, -high, high, math.inf)
        # The next step is unknown here, so the grid may be coarser than the next integral wants: a few digits less.
        assert stopped + float(state.masses.sum()) == pytest.approx(1, abs=1e-9)


def test_how_a_plan_ends_with_and_without_an_effect():
    plan = [2.413] * 5
    without = stopping(LOOKS, plan)
    assert without.crossed == pytest.approx(0.05, abs=1e-4)
    assert sum(without.by_look) == without.crossed
    assert without.wrong_side == pytest.approx(without.crossed / 2)
    assert 0.97 < without.information < 1
    with_effect = stopping(LOOKS, plan, drift=3.105)
    # Jennison & Turnbull (2000), table 2.2: Pocock, five looks, power 0.8, inflation 1.229; 2.8016 sqrt(1.229) = 3.106.
    assert with_effect.crossed == pytest.approx(0.8, abs=2e-3)
    assert with_effect.wrong_side < 1e-3
    assert stopping(LOOKS, plan, drift=-3.105).wrong_side == pytest.approx(with_effect.wrong_side)


def test_the_mean_information_is_what_a_simulation_sees():
    rng = np.random.default_rng(1)
    walks = np.cumsum(rng.normal(2.8 * 0.2, np.sqrt(0.2), (100_000, 5)), axis=1) / np.sqrt(LOOKS)
    crossed = np.abs(walks) > 2.413
    seen = np.where(crossed.any(axis=1), (crossed.argmax(axis=1) + 1) / 5, 1.0)
    assert stopping(LOOKS, [2.413] * 5, drift=2.8).information == pytest.approx(seen.mean(), abs=3e-3)


def test_a_boundary_that_stops_everything_leaves_nothing():
    assert stopping([0.5, 1.0], [0.0, 1.0]).by_look == pytest.approx((1.0, 0.0))
    assert stopping([0.5, 1.0], [1.0, 1.0], drift=60.0).by_look == pytest.approx((1.0, 0.0))


def test_a_one_sided_plan_stops_on_one_side_only():
    assert crossing([1.0], [1.96], sides=1) == pytest.approx(0.025, abs=1e-5)
    assert stopping([0.5, 1.0], [2.2, 2.0], drift=-1, sides=1).wrong_side == pytest.approx(
        crossing([0.5, 1.0], [2.2, 2.0], drift=-1, sides=1)
    )


def test_panels_integrate():
    points, weights = panels(0.0, 10.0, 5)
    assert float((weights * np.exp(-points)).sum()) == pytest.approx(1 - math.exp(-10), rel=1e-14)
