"""Two shares of which one believes a Beta distribution each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import betaln

from pm_analytics.stats.betas import Beta, chance_above, difference_quantiles, mean_shortfall


def closed_form(one, two):
    """Evan Miller (2014), Formulas for Bayesian A/B testing: a sum over the successes of ``one``."""
    i = np.arange(int(one.a))
    terms = betaln(two.a + i, one.b + two.b) - np.log(one.b + i) - betaln(1 + i, one.b) - betaln(two.a, two.b)
    return math.fsum(np.exp(terms))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 400), st.integers(1, 400))
def test_the_chance_to_be_larger_is_the_closed_form(a, b, c, d):
    one, two = Beta(a, b), Beta(c, d)
    assert chance_above(one, two, 0.0) == pytest.approx(closed_form(one, two), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (Beta(50_201, 949_801), Beta(50_001, 950_001)),
        (Beta(500_001, 500_001), Beta(499_001, 501_001)),
        (Beta(4, 999_998), Beta(10, 999_992)),
    ],
)
def test_a_million_trials_lose_no_digits(one, two):
    """Both ways add up to one to twelve digits; the closed form itself is right to about nine here."""
    assert chance_above(one, two, 0.0) + chance_above(two, one, 0.0) == pytest.approx(1, abs=1e-11)
    assert chance_above(one, two, 0.0) == pytest.approx(closed_form(one, two), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(*[st.integers(2, 60)] * 4, st.floats(-0.5, 0.5))
def test_the_chance_to_exceed_by_a_margin_is_an_integral(a, b, c, d, margin):
    one, two = Beta(a, b), Beta(c, d)
    x = np.linspace(0, 1, 8_001)
    exact = integrate.simpson(stats.beta.pdf(x, c, d) * stats.beta.sf(x + margin, a, b), x=x)
    assert chance_above(one, two, margin) == pytest.approx(exact, abs=1e-5)
    assert chance_above(two, one, -margin) == pytest.approx(1 - exact, abs=1e-5)


@pytest.mark.parametrize("two", [Beta(0.5, 1), Beta(0.5, 0.5), Beta(0.2, 3)])
def test_a_vague_prior_beside_much_data_loses_no_digits(two):
    """All that is known of one share is a prior; the other's distribution is narrow against it."""
    one = Beta(4_200, 9_700)
    exact = integrate.quad(lambda x: stats.beta.pdf(x, 4_200, 9_700) * stats.beta.cdf(x, two.a, two.b), 0.25, 0.35)[0]
    assert chance_above(one, two, 0.0) == pytest.approx(exact, abs=1e-9)
    assert chance_above(two, one, 0.0) == pytest.approx(1 - exact, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(*[st.floats(0.5, 3_000)] * 4)
def test_what_one_loses_and_the_other_differ_by_the_difference(a, b, c, d):
    one, two = Beta(a, b), Beta(c, d)
    assert mean_shortfall(one, two) - mean_shortfall(two, one) == pytest.approx(two.mean - one.mean, abs=1e-10)


def test_a_tiny_loss_keeps_its_digits():
    """Two shares so far apart that the loss is 1e-34; a difference of two means would leave noise."""
    one, two = Beta(300, 700), Beta(100, 900)
    inner = lambda x: stats.beta.cdf(x, 300, 700) * stats.beta.sf(x, 100, 900)  # noqa: E731
    exact = integrate.quad(inner, 0.1, 0.3, points=[0.18, 0.19], epsabs=0, epsrel=1e-10, limit=500)[0]
    assert 0 < exact < 1e-20
    assert mean_shortfall(one, two) == pytest.approx(exact, rel=1e-6)
    assert mean_shortfall(Beta(900_000, 100), Beta(100, 900_000)) == 0.0


def test_quantiles_of_the_difference_leave_out_the_same_on_both_sides():
    one, two = Beta(8, 36), Beta(4, 38)
    lower, upper = difference_quantiles(one, two, 0.9)
    assert chance_above(one, two, upper) == pytest.approx(0.05, abs=1e-8)
    assert chance_above(two, one, -lower) == pytest.approx(0.05, abs=1e-8)


def test_a_beta_distribution_knows_its_moments():
    found = Beta(3, 9)
    assert (found.mean, found.sd) == pytest.approx((stats.beta.mean(3, 9), stats.beta.std(3, 9)))
