"""The Bayesian reading of a comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.stats import norm

from pm_analytics.errors import ParameterError
from pm_analytics.stats import bayes
from pm_analytics.stats.bayes import after_launch, beta_posterior, normal_posterior, posterior_share
from pm_analytics.stats.effects import Arm, delta_lift

EFFECTS = st.floats(-5, 5)
SIZES = st.floats(0.01, 10)


def test_without_a_prior_the_reading_is_that_of_the_interval():
    found = normal_posterior(0.03, 0.0142513157)
    assert (found.mean, found.sd) == (0.03, 0.0142513157)
    assert found.chance_to_win == pytest.approx(1 - norm.sf(0.03 / 0.0142513157))
    assert found.interval.lower == pytest.approx(0.03 - 1.959964 * 0.0142513157)
    assert found.reason == ""


@given(EFFECTS, SIZES, EFFECTS, SIZES)
def test_a_prior_is_a_second_experiment(estimate, error, mean, sd):
    """Precisions add, and the mean lies between the two by their precision."""
    found = normal_posterior(estimate, error, prior_mean=mean, prior_sd=sd)
    assert 1 / found.sd**2 == pytest.approx(1 / error**2 + 1 / sd**2)
    assert found.mean * (1 / error**2 + 1 / sd**2) == pytest.approx(estimate / error**2 + mean / sd**2, abs=1e-6)


@given(EFFECTS, SIZES)
def test_losses_are_means_of_what_is_missed(estimate, error):
    found = normal_posterior(estimate, error)
    low, high = estimate - 10 * error, estimate + 10 * error

    def mean_of(f):
        ends = [0.0] if low < 0 < high else None
        return integrate.quad(lambda d: f(d) * norm.pdf(d, estimate, error), low, high, points=ends, limit=200)[0]

    assert found.loss_if_shipped == pytest.approx(mean_of(lambda d: max(0.0, -d)), abs=1e-7)
    assert found.loss_if_kept == pytest.approx(mean_of(lambda d: max(0.0, d)), abs=1e-7)
    assert found.loss_if_kept - found.loss_if_shipped == pytest.approx(estimate, abs=1e-9)


def test_a_tiny_risk_keeps_its_digits():
    """At 20 standard errors, the two terms of the formula agree to all but their last digits."""
    found = normal_posterior(20.0, 1.0)
    exact = norm.pdf(20) * (1 / 20**2 - 3 / 20**4 + 15 / 20**6 - 105 / 20**8 + 945 / 20**10)
    assert found.loss_if_shipped == pytest.approx(exact, rel=1e-6)
    assert normal_posterior(50.0, 1.0).loss_if_shipped == 0.0
    assert normal_posterior(-50.0, 1.0).loss_if_shipped == pytest.approx(50)


def test_a_prior_of_relative_changes_is_scaled_by_the_size_of_the_control():
    plain = normal_posterior(0.03, 0.0142513157, prior_mean=0.001, prior_sd=0.03)
    assert normal_posterior(0.03, 0.0142513157, prior_mean=0.01, prior_sd=0.3, baseline=0.1) == plain
    assert normal_posterior(0.03, 0.0142513157, prior_mean=0.01, prior_sd=0.3, baseline=-0.1) == plain


def test_thirty_percent_is_mostly_luck():
    """100 against 130 of 1,000: with a prior of 5 % of relative changes, +30 % is +2.6 % on the scale of lifts."""
    variant, control = Arm(1_000, 0.13, 0.13 * 0.87), Arm(1_000, 0.1, 0.09)
    lift, error = delta_lift(variant, control)
    assert lift == pytest.approx(0.3)
    assert normal_posterior(lift, error, prior_sd=0.05).mean == pytest.approx(0.026, abs=5e-4)
    absolute = after_launch(0.03, 0.0142513157, 0.1)
    assert absolute.mean / 0.1 == pytest.approx(0.033, abs=5e-4)
    assert after_launch(0.03, 0.0142513157, 0.1, usual_lift=10).mean == pytest.approx(0.03, abs=1e-4)


@given(EFFECTS, SIZES, EFFECTS, SIZES)
def test_below_inside_and_above_add_up(estimate, error, lower, width):
    below, inside, above = normal_posterior(estimate, error).within(lower, lower + width)
    assert below + inside + above == pytest.approx(1)
    assert below == pytest.approx(norm.cdf(lower, estimate, error))
    assert above == pytest.approx(norm.sf(lower + width, estimate, error))


def test_a_region_far_away_keeps_its_digits():
    assert normal_posterior(0.0, 1.0).within(10, 11)[1] == pytest.approx(norm.sf(10), rel=1e-3)
    assert normal_posterior(0.0, 1.0).within(-11, -10)[1] == pytest.approx(norm.sf(10), rel=1e-3)


def test_what_cannot_be_learned_is_undefined_with_a_reason():
    for asked, reason in (
        ({"estimate": 1.0, "error": 0.0}, "no standard error"),
        ({"estimate": 1.0, "error": math.nan}, "no standard error"),
        ({"estimate": math.nan, "error": 1.0}, "no standard error"),
        ({"estimate": 1.0, "error": 1.0, "prior_sd": 0.1, "baseline": 0.0}, "control value is zero"),
    ):
        found = normal_posterior(**asked)
        assert reason in found.reason
        assert math.isnan(found.mean)
        assert math.isnan(found.chance_to_win)
        assert math.isnan(found.interval.lower)
        assert all(math.isnan(part) for part in found.within(-1, 1))
    assert normal_posterior(1.0, 1.0, baseline=0.0).reason == ""


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: normal_posterior(1, 1, prior_sd=0),
        lambda: normal_posterior(1, 1, confidence=95),
        lambda: normal_posterior(1, 1).within(1, 1),
        lambda: beta_posterior(1, 2, 1, 2).within(0.1, 0.0),
        lambda: beta_posterior(3, 2, 1, 2),
        lambda: beta_posterior(-1, 2, 1, 2),
        lambda: beta_posterior(1, 2, 1, 2, prior=(0, 1)),
        lambda: posterior_share(3, 2),
    ],
)
def test_arguments_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ParameterError):
        wrong()


def test_two_shares_by_brute_force():
    """3 of 40 against 7 of 42, by summing over a fine grid of both shares."""
    found = beta_posterior(7, 42, 3, 40)
    x = (np.arange(3_000) + 0.5) / 3_000
    variant, control = (stats.beta.pdf(x, a, b) / 3_000 for a, b in ((8, 36), (4, 38)))
    chances, apart = np.outer(variant, control), x[:, None] - x[None, :]
    assert found.mean == pytest.approx(8 / 44 - 4 / 42)
    assert found.sd == pytest.approx(math.sqrt((chances * apart**2).sum() - found.mean**2), rel=1e-4)
    assert found.loss_if_shipped == pytest.approx((chances * np.maximum(0, -apart)).sum(), abs=1e-6)
    assert found.loss_if_kept == pytest.approx((chances * np.maximum(0, apart)).sum(), abs=1e-6)
    below, inside, above = found.within(-0.01, 0.02)
    assert below == pytest.approx(chances[apart < -0.01].sum(), abs=1e-3)
    assert above == pytest.approx(chances[apart > 0.02].sum(), abs=1e-3)
    assert below + inside + above == pytest.approx(1)


def test_a_region_of_two_small_shares_is_not_that_of_a_normal_distribution():
    """0 of 20 against 1 of 20: skewed, so a normal law of the same mean and spread would be off by several points."""
    found = beta_posterior(1, 20, 0, 20)
    below = norm.cdf(-0.02, found.mean, found.sd)
    assert abs(found.within(-0.02, 0.02)[0] - below) > 0.01


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_swapping_the_arms_swaps_the_reading(a, b, c, d):
    here, there = beta_posterior(a, a + b, c, c + d), beta_posterior(c, c + d, a, a + b)
    assert here.chance_to_win + there.chance_to_win == pytest.approx(1, abs=1e-9)
    assert here.loss_if_shipped == pytest.approx(there.loss_if_kept, abs=1e-12)
    assert here.interval.lower == pytest.approx(-there.interval.upper, abs=1e-9)


def test_much_data_is_read_as_a_normal_distribution_would():
    found = beta_posterior(50_200, 1_000_000, 50_000, 1_000_000)
    error = math.sqrt(0.0502 * 0.9498 / 1e6 + 0.05 * 0.95 / 1e6)
    normal = normal_posterior(0.0002, error)
    assert found.chance_to_win == pytest.approx(normal.chance_to_win, abs=1e-4)
    assert found.loss_if_shipped == pytest.approx(normal.loss_if_shipped, rel=1e-3)
    assert found.interval.lower == pytest.approx(normal.interval.lower, abs=1e-6)


def test_without_units_the_reading_is_the_prior():
    found = beta_posterior(0, 0, 0, 0)
    assert found.chance_to_win == pytest.approx(0.5)
    assert found.loss_if_shipped == pytest.approx(1 / 6)
    assert posterior_share(0, 0, prior=(2, 6)) == 0.25
    assert beta_posterior(5, 10, 5, 10, prior=(0.5, 0.5)).chance_to_win == pytest.approx(0.5)


def test_the_reading_and_the_curse_can_be_had_from_one_module():
    assert all(hasattr(bayes, name) for name in bayes.__all__)


@pytest.mark.slow
def test_chances_and_losses_are_calibrated_when_effects_come_from_the_prior():
    """In each bin of the chance to win, the variant is better as often as said; the losses are what is lost on average."""
    rng, times, error = np.random.default_rng(10), 20_000, 0.8
    effects = rng.normal(0, 1, times)
    readings = [normal_posterior(float(e), error, prior_sd=1.0) for e in rng.normal(effects, error)]
    chance = np.array([r.chance_to_win for r in readings])
    for low in np.arange(0, 1, 0.1):
        inside = (chance >= low) & (chance < low + 0.1)
        assert (effects[inside] > 0).mean() == pytest.approx(chance[inside].mean(), abs=0.04)
    assert np.mean([r.loss_if_shipped for r in readings]) == pytest.approx(np.maximum(0, -effects).mean(), rel=0.05)
    held = [r.interval.lower <= e <= r.interval.upper for r, e in zip(readings, effects, strict=True)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.006)


@pytest.mark.slow
def test_two_shares_are_calibrated_when_they_come_from_the_prior():
    rng, times = np.random.default_rng(11), 1_500
    shares = rng.beta(2, 18, (times, 2))
    seen = rng.binomial([150, 90], shares)
    readings = [beta_posterior(int(v), 150, int(c), 90, prior=(2, 18)) for v, c in seen]
    apart = shares[:, 0] - shares[:, 1]
    chance = np.array([r.chance_to_win for r in readings])
    for low in (0.0, 0.25, 0.5, 0.75):
        inside = (chance >= low) & (chance < low + 0.25)
        assert (apart[inside] > 0).mean() == pytest.approx(chance[inside].mean(), abs=0.06)
    held = [r.interval.lower <= d <= r.interval.upper for r, d in zip(readings, apart, strict=True)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)
