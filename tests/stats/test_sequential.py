"""Confidence sequences: formulas against brute force and published multipliers, and what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from pm_analytics.errors import ParameterError
from pm_analytics.stats import sequential
from pm_analytics.stats.proportions import Interval
from pm_analytics.stats.sequential import (
    anytime_p_value,
    e_value,
    hybrid_interval,
    log_e_value,
    log_mixture_ratio,
    mixture_interval,
    mixture_p_value,
    rho_squared,
    running_intersection,
    sequence_interval,
    sequence_multiplier,
)

SIZES = st.floats(1, 1e7)
LEVELS = st.floats(0.001, 0.3)


@pytest.mark.parametrize(
    ("n", "multiplier"), [(500, 3.86), (2_000, 3.12), (5_000, 3.04), (20_000, 3.13), (200_000, 3.43)]
)
def test_known_multipliers(n, multiplier):
    assert sequence_multiplier(n, 5_000) == pytest.approx(multiplier, abs=0.006)


def test_one_boundary_in_two_notations():
    """One notation divides by rho squared, tuned to 10,000 units: the boundaries are the same."""
    r = 1 / rho_squared(10_000)
    for n in (300, 10_000, 1e6):
        other = math.sqrt((n + r) / n * math.log((n + r) / (r * 0.05**2)))
        assert sequence_multiplier(n, 10_000) == pytest.approx(other)


def test_it_is_narrowest_near_the_planned_end():
    """As a multiple of the root of time, the boundary is lowest where it was tuned to be."""
    at = {n: sequence_multiplier(n, 5_000) for n in (2_500, 4_500, 5_000, 5_500, 10_000)}
    assert at[5_000] == pytest.approx(min(at.values()), abs=2e-3)
    assert at[5_000] < min(at[2_500], at[10_000])


@given(SIZES, SIZES, LEVELS, st.sampled_from([1, 2]))
def test_only_the_share_of_the_planned_units_counts(n, planned, alpha, sides):
    assert sequence_multiplier(n, planned, alpha=alpha, sides=sides) == pytest.approx(
        sequence_multiplier(n / planned, 1.0, alpha=alpha, sides=sides)
    )


@given(SIZES, SIZES, LEVELS)
def test_it_is_wider_than_an_interval_read_once(n, planned, alpha):
    two = sequence_multiplier(n, planned, alpha=alpha)
    assert two > norm.isf(alpha / 2)
    assert norm.isf(alpha) < sequence_multiplier(n, planned, alpha=alpha, sides=1)


@pytest.mark.parametrize("z", [0.0, 0.7, 3.0, 5.5])
def test_the_e_value_is_the_mean_odds_over_normally_distributed_effects(z):
    """A mixture of likelihood ratios over effects whose variance is rho squared, per unit of information."""
    n, planned = 4_000.0, 10_000.0
    r = rho_squared(planned)

    def odds(effect):
        return math.exp(effect * z * math.sqrt(n) - effect**2 * n / 2) * norm.pdf(effect, scale=math.sqrt(r))

    ends = 12 * math.sqrt(r)
    assert e_value(z, n, planned) == pytest.approx(quad(odds, -ends, ends, epsabs=0, limit=200)[0], rel=1e-6)
    # One-sided: over the upper half alone, twice; the closed form lies just below it, as a valid one must.
    upper = 2 * quad(odds, 0, ends, epsabs=0, limit=200)[0]
    assert e_value(z, n, planned, sides=1) <= upper


@given(st.floats(-8, 8), SIZES, SIZES, LEVELS, st.sampled_from([1, 2]))
def test_interval_e_value_and_p_value_say_the_same(z, n, planned, alpha, sides):
    interval = sequence_interval(2 * z, 2.0, n, planned, confidence=1 - alpha, sides=sides)
    p_value = anytime_p_value(z, n, planned, alpha=alpha, sides=sides)
    assert p_value == pytest.approx(min(1.0, 1 / max(1e-300, e_value(z, n, planned, alpha=alpha, sides=sides))))
    if abs(p_value - alpha) > 1e-6 * alpha:
        assert (p_value < alpha) == (interval.lower > 0 or interval.upper < 0)


def test_one_side_has_one_end():
    found = sequence_interval(1.0, 0.1, 5_000, 5_000, sides=1)
    assert found.upper == math.inf
    assert found.lower > sequence_interval(1.0, 0.1, 5_000, 5_000).lower
    assert anytime_p_value(-3.0, 5_000, 5_000, sides=1) == 1.0


def test_overwhelming_evidence_is_still_a_number():
    assert 0 < anytime_p_value(200.0, 5_000, 5_000) < 1e-300
    assert e_value(200.0, 5_000, 5_000) < math.inf
    assert log_e_value(200.0, 5_000, 5_000) > 10_000
    assert 0 < anytime_p_value(200.0, 5_000, 5_000, sides=1) < 1e-300


def test_what_is_undefined_stays_undefined():
    """A missing z once came out as overwhelming evidence, since a minimum with NaN is not NaN."""
    for sides in (1, 2):
        assert math.isnan(anytime_p_value(math.nan, 100, 100, sides=sides))
        assert math.isnan(e_value(math.nan, 100, 100, sides=sides))
    assert math.isnan(mixture_p_value(math.nan, 1.0, 1.0))
    for found in (
        sequence_interval(1.0, 0.0, 100, 100),
        sequence_interval(1.0, math.nan, 100, 100),
        sequence_interval(1.0, 1.0, 0, 100),
        mixture_interval(1.0, 0.0, 1.0),
        hybrid_interval(1.0, 0.0, 200, 100),
    ):
        assert math.isnan(found.lower)
    assert sequence_multiplier(0, 100) == math.inf
    assert e_value(0.0, 0, 100) == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: rho_squared(0),
        lambda: rho_squared(math.nan),
        lambda: rho_squared(100, alpha=0),
        lambda: rho_squared(100, alpha=0.5, sides=1),
        lambda: rho_squared(100, sides=3),
        lambda: sequence_interval(1, 1, 10, 10, confidence=95),
        lambda: mixture_interval(1, 1, 0),
        lambda: log_mixture_ratio(1, 0, 1),
        lambda: hybrid_interval(1, 1, 10, 10, share=1),
    ],
)
def test_arguments_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ParameterError):
        wrong()


def test_the_intersection_of_all_looks_never_widens_and_may_be_empty():
    looks = [Interval(-2, 4), Interval(math.nan, math.nan), Interval(-1, 5), Interval(0, 3), Interval(3.5, 6)]
    found = running_intersection(looks)
    assert found[:4] == [Interval(-2, 4), Interval(-2, 4), Interval(-1, 4), Interval(0, 3)]
    assert math.isnan(found[4].lower)
    assert math.isnan(running_intersection([Interval(math.nan, math.nan)])[0].lower)


@given(st.floats(-6, 6), st.floats(1e-4, 10), st.floats(1e-4, 10), LEVELS)
def test_the_mixture_test_and_its_interval_say_the_same(z, error, tau_squared, alpha):
    p_value = mixture_p_value(z, error**2, tau_squared)
    interval = mixture_interval(z * error, error, tau_squared, confidence=1 - alpha)
    if abs(p_value - alpha) > 1e-6 * alpha:
        assert (p_value < alpha) == (interval.lower > 0 or interval.upper < 0)


def test_the_mixture_ratio_is_the_mean_odds_over_expected_effects():
    error, tau, z = 0.3, 0.5, 2.4

    def odds(effect):
        return norm.pdf(z * error, effect, error) / norm.pdf(z * error, 0, error) * norm.pdf(effect, scale=tau)

    assert math.exp(log_mixture_ratio(z, error**2, tau**2)) == pytest.approx(quad(odds, -5, 5)[0])


def test_the_mixture_test_is_a_confidence_sequence_in_other_words():
    """With tau squared over V as the information times rho squared, both are one family."""
    n, planned, error = 3_000, 8_000, 0.2
    tau_squared = n * rho_squared(planned) * error**2
    assert mixture_p_value(3.3, error**2, tau_squared) == pytest.approx(anytime_p_value(3.3, n, planned))


def test_a_hybrid_is_a_sequence_until_the_end_and_plain_there():
    before = hybrid_interval(1.0, 0.1, 9_999, 10_000)
    assert before == sequence_interval(1.0, 0.1, 9_999, 10_000, confidence=0.975)
    at_end = hybrid_interval(1.0, 0.1, 10_000, 10_000)
    assert at_end.upper == pytest.approx(1 + 0.1 * norm.isf(0.0125))
    assert hybrid_interval(1.0, 0.1, 10_000, 10_000, share=0.2).upper == pytest.approx(1 + 0.1 * norm.isf(0.02))


def test_all_of_looking_can_be_had_from_one_module():
    assert all(hasattr(sequential, name) for name in sequential.__all__)
    assert (sequential.SMALLEST_ARM, sequential.FEWEST_EVENTS) == (100, 20)


# ------------------------------------------------------------------------------------------------- what they promise


def z_values(rng, times, looks, drift=0.0):
    """z-values at equally spaced looks; ``drift`` is the effect in standard errors at the last."""
    share = np.arange(1, looks + 1) / looks
    return (np.cumsum(rng.normal(0, 1, (times, looks)), axis=1) / math.sqrt(looks) + drift * share) / np.sqrt(share)


@pytest.mark.slow
@pytest.mark.parametrize(("looks", "plain_at_least"), [(14, 0.19), (28, 0.24), (90, 0.34), (1_000, 0.48)])
def test_however_often_one_looks_a_sequence_finds_nothing_where_nothing_is(looks, plain_at_least):
    rng = np.random.default_rng(looks)
    z = np.abs(z_values(rng, 10_000, looks))
    limits = np.array([sequence_multiplier(k / looks, 1.0) for k in range(1, looks + 1)])
    assert (z > limits).any(axis=1).mean() <= 0.05
    assert (z > 1.96).any(axis=1).mean() > plain_at_least  # the fault that it cures
    hybrid = np.array([hybrid_interval(0, 1, k / looks, 1.0).upper for k in range(1, looks + 1)])
    assert (z > hybrid).any(axis=1).mean() <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("sides", [1, 2])
def test_a_sequence_that_runs_far_past_its_plan_still_holds(sides):
    """Ten times as many units as planned, and a tenth of the looks before the plan's end."""
    rng = np.random.default_rng(11)
    z = z_values(rng, 10_000, 500)
    limits = np.array([sequence_multiplier(k / 50, 1.0, sides=sides) for k in range(1, 501)])
    found = ((np.abs(z) if sides == 2 else z) > limits).any(axis=1)
    assert found.mean() <= 0.05


@pytest.mark.slow
def test_rare_conversions_from_the_start_rule_on():
    """2 % convert; every 100 units from the first moment at which a sequence is read."""
    rng = np.random.default_rng(12)
    times, looks = 4_000, 80
    n = 100 * np.arange(1, looks + 1)
    a, b = (np.cumsum(rng.binomial(100, 0.02, (times, looks)), axis=1) for _ in range(2))
    p, q = a / n, b / n
    error = np.sqrt((p * (1 - p) + q * (1 - q)) / n)
    limits = np.array([sequence_multiplier(2 * k, 16_000) for k in n])
    ready = (n >= sequential.SMALLEST_ARM) & (a + b >= sequential.FEWEST_EVENTS)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (np.abs(p - q) > limits * error) & ready
    assert found.any(axis=1).mean() <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock", "kim_demets"])
def test_planned_looks_find_nothing_in_one_of_twenty_cases(spending):
    """Conversions of 10 %, looks where they happened to fall, boundaries computed look by look."""
    rng = np.random.default_rng(13)
    times, n = 20_000, np.array([700, 1_150, 2_800, 3_100, 5_000])
    steps = np.diff(n, prepend=0)
    a, b = (np.cumsum(rng.binomial(steps, 0.1, (times, 5)), axis=1) for _ in range(2))
    pooled = (a + b) / (2 * n)
    z = (a - b) / n / np.sqrt(2 * pooled * (1 - pooled) / n)
    limits = [sequential.boundaries(n[: look + 1] / 5_000, spending=spending)[-1] for look in range(5)]
    assert 0.044 <= (np.abs(z) > limits).any(axis=1).mean() <= 0.056


@pytest.mark.slow
def test_what_one_look_finds_in_80_percent_is_found_often_enough_with_looks():
    """14 looks: 48 % by a sequence (tuned to the end), 79 % by spending over 5 looks; both as the exact calculation says."""
    rng, drift = np.random.default_rng(14), 2.8016
    limits = [sequence_multiplier(k / 14, 1.0) for k in range(1, 15)]
    share = [k / 14 for k in range(1, 15)]
    by_sequence = (np.abs(z_values(rng, 20_000, 14, drift)) > limits).any(axis=1).mean()
    assert by_sequence >= 0.45
    assert by_sequence == pytest.approx(sequential.crossing(share, limits, drift=drift), abs=0.01)
    looks = [0.2, 0.4, 0.6, 0.8, 1.0]
    by_spending = (np.abs(z_values(rng, 20_000, 5, drift)) > sequential.boundaries(looks)).any(axis=1).mean()
    assert by_spending >= 0.78
    assert by_spending == pytest.approx(sequential.crossing(looks, sequential.boundaries(looks), drift=drift), abs=0.01)
