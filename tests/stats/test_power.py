"""Size, power and detectable change: published values, and each the inverse of the others."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower

from pm_analytics.errors import ParameterError
from pm_analytics.stats import power
from pm_analytics.stats.designs import Design, Sizes, design_effect, power_for_all, sizes
from pm_analytics.stats.power import (
    detectable_difference,
    detectable_share,
    power_for_means,
    power_for_shares,
    rule_of_thumb,
    size_for_means,
    size_for_shares,
)
from pm_analytics.stats.power_t import detectable_effect_t, power_for_means_t, size_for_means_t
from pm_analytics.stats.sequential import sequence_multiplier

SHARES = st.floats(0.001, 0.999)
DESIGNS = st.fixed_dictionaries(
    {
        "alpha": st.sampled_from([0.01, 0.05, 0.1]),
        "power": st.sampled_from([0.5, 0.8, 0.9, 0.95]),
        "sides": st.sampled_from([1, 2]),
        "kappa": st.sampled_from([0.1, 0.5, 1.0, 3.0]),
        "comparisons": st.sampled_from([1, 3]),
        "inflation": st.sampled_from([0.4, 1.0, 1.38]),
    }
)

# ------------------------------------------------------------------------------------------------- published values


@pytest.mark.parametrize(
    ("found", "published"),
    [
        # R, ?power.prop.test: n = 50, p1 = .50, p2 = .75 "=> power = 0.740"; power = .90 "=> n = 76.7"
        (lambda: round(power_for_shares(0.50, 0.75, 50), 3), 0.740),
        (lambda: round(size_for_shares(0.50, 0.75, power=0.90), 1), 76.7),
        # R, ?power.t.test: power.t.test(n = 20, delta = 1), (power = .90, delta = 1), and the same one-sided
        (lambda: power_for_means_t(1.0, 20), 0.8689528),
        (lambda: size_for_means_t(1.0, power=0.90), 22.02110),
        (lambda: size_for_means_t(1.0, power=0.90, sides=1), 17.84713),
        # Cohen (1988), table 2.4.1: d = .50 at 5 % two-sided and 80 % needs 64 units in each group
        (lambda: math.ceil(size_for_means_t(0.5)), 64),
        # Kohavi et al. (2009), section 3.2: revenue of $3.75, standard deviation $30, a change of 5 %
        (lambda: rule_of_thumb(30.0**2, 0.05 * 3.75), 409_600),
    ],
)
def test_published_values_are_met(found, published):
    assert found() == pytest.approx(published, rel=2e-6)


@given(SHARES, SHARES, DESIGNS)
def test_the_arcsine_size_is_that_of_cohens_h(control, variant, design):
    h = abs(2 * math.asin(math.sqrt(variant)) - 2 * math.asin(math.sqrt(control)))
    assume(h > 0.01 and design["power"] >= 0.8)
    found = size_for_shares(control, variant, null="arcsine", **design) / design["inflation"]
    alternative = "two-sided" if design["sides"] == 2 else "larger"
    level = design["alpha"] / design["comparisons"]
    oracle = NormalIndPower().power(h, found, level, ratio=design["kappa"], alternative=alternative)
    assert oracle == pytest.approx(design["power"], abs=1e-4)  # it counts findings in the wrong direction


@settings(suppress_health_check=[HealthCheck.filter_too_much])  # designs whose sizes are too small are passed over
@given(st.floats(0.05, 3), DESIGNS)
def test_power_by_the_t_distribution_agrees_with_an_independent_telling(effect, design):
    n = size_for_means_t(effect, **design)
    assume(n * min(1, design["kappa"]) > 2.001 and design["inflation"] == 1 and design["power"] >= 0.8)
    alternative = "two-sided" if design["sides"] == 2 else "larger"
    level = design["alpha"] / design["comparisons"]
    oracle = TTestIndPower().power(effect, n, level, ratio=design["kappa"], alternative=alternative)
    assert oracle == pytest.approx(design["power"], abs=1e-4)  # it counts findings in the wrong direction


# ------------------------------------------------------------------------------------------------------- round trips


@given(SHARES, SHARES, DESIGNS, st.sampled_from(["pooled", "unpooled", "arcsine"]))
def test_the_size_for_two_shares_has_the_power_and_finds_the_change(control, variant, design, null):
    assume(abs(variant - control) > 1e-3)
    n = size_for_shares(control, variant, null=null, **design)
    assume(n > 1e-3)
    assert power_for_shares(control, variant, n, null=null, **design) == pytest.approx(design["power"], abs=1e-9)
    found = detectable_share(control, n, falls=variant < control, null=null, **design)
    assert found.difference == pytest.approx(variant - control, rel=1e-7)
    assert found.lift == pytest.approx(variant / control - 1, rel=1e-7, abs=1e-12)


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e6), st.floats(1e-3, 1e6), DESIGNS)
def test_the_size_for_two_means_has_the_power_and_finds_the_change(difference, variance, theirs, design):
    n = size_for_means(difference, variance, variant_variance=theirs, **design)
    arms = {"variant_variance": theirs, **design}
    assert power_for_means(-difference, variance, n, **arms) == pytest.approx(design["power"], abs=1e-9)
    found = detectable_difference(variance, n, baseline=20.0, **arms)
    assert (found.difference, found.lift) == (pytest.approx(difference), pytest.approx(difference / 20))


@given(st.floats(0.02, 2), DESIGNS)
def test_the_size_by_the_t_distribution_has_the_power_and_finds_the_effect(effect, design):
    n = size_for_means_t(effect, **design)
    assume(min(n, n * design["kappa"]) > 2.001)
    assert power_for_means_t(effect, n, **design) == pytest.approx(design["power"], abs=1e-7)
    assert detectable_effect_t(n, **design) == pytest.approx(effect, rel=1e-6)
    assert n >= size_for_means(effect, 1.0, **design) * (1 - 1e-9)


def test_the_t_distribution_makes_no_difference_for_many_units():
    assert size_for_means_t(0.005) == size_for_means(0.005, 1.0)
    assert size_for_means_t(0.02) == pytest.approx(size_for_means(0.02, 1.0), abs=1.1)


# ------------------------------------------------------------------------------------------------------ what modifies


def test_an_uneven_split_needs_more_units_and_weighs_the_pooled_share_by_size():
    even, uneven = size_for_shares(0.1, 0.12), size_for_shares(0.1, 0.12, kappa=0.25)
    assert uneven * 1.25 > 1.4 * even * 2
    # By hand: pooled share (0.1 + 0.25 * 0.12) / 1.25 = 0.104
    by_hand = (1.959964 * math.sqrt(0.104 * 0.896 * 5) + 0.841621 * math.sqrt(0.09 + 0.1056 * 4)) ** 2 / 0.02**2
    assert uneven == pytest.approx(by_hand, rel=1e-6)


def test_adjustment_groups_and_planned_looks_multiply():
    plain = size_for_means(0.1, 1.0)
    factor = (1 - 0.7**2) * design_effect(20, 0.02) * 1.0275
    assert size_for_means(0.1, 1.0, inflation=factor) == pytest.approx(plain * 0.51 * 1.38 * 1.0275)


def test_several_comparisons_share_the_level():
    assert size_for_shares(0.1, 0.12, comparisons=3) == size_for_shares(0.1, 0.12, alpha=0.05 / 3)
    assert Design(comparisons=2, sides=1).z_alpha == pytest.approx(stats.norm.isf(0.025))


def test_a_confidence_sequence_takes_its_multiplier_as_critical_value():
    # At the planned end the multiplier does not depend on how much is planned.
    multiplier = sequence_multiplier(20_000, 20_000)
    assert multiplier == pytest.approx(sequence_multiplier(500, 500))
    looking, waiting = size_for_shares(0.1, 0.12, critical=multiplier), size_for_shares(0.1, 0.12)
    assert looking / waiting == pytest.approx(((multiplier + 0.8416) / (1.96 + 0.8416)) ** 2, rel=1e-3)


def test_groups_of_unequal_size_need_more_units():
    # Eldridge, Ashby & Kerry (2006), at their typical CV: 1 + ((0.65^2 + 1) 30 - 1) 0.05, by hand
    assert design_effect(30, 0.05, variation=0.65) == pytest.approx(3.08375)
    assert design_effect(30, 0.05) == pytest.approx(2.45)
    assert design_effect(1, 0.3) == 1
    with pytest.raises(ParameterError, match="intraclass"):
        design_effect(20, 1.2)


def test_guardrails_share_the_chance_to_miss():
    assert power_for_all(0.8, 0) == pytest.approx(0.8)
    assert 1 - 4 * (1 - power_for_all(0.8, 3)) == pytest.approx(0.8)
    with pytest.raises(ParameterError, match="guardrails"):
        power_for_all(0.8, -1)


def test_sizes_are_whole_and_add_up():
    assert sizes(100.2, kappa=0.5, variants=2) == Sizes(101, 51, 203)
    assert sizes(100.0) == Sizes(100, 100, 200)
    assert sizes(0.3) == Sizes(2, 2, 4)
    assert sizes(math.inf) is None


# --------------------------------------------------------------------------------------------------------------- edges


def test_no_change_needs_infinitely_many_units():
    assert size_for_shares(0.1, 0.1) == size_for_means(0.0, 1.0) == size_for_means_t(0.0) == math.inf
    assert rule_of_thumb(1.0, 0.0) == math.inf


def test_a_share_may_start_at_nobody_or_everybody():
    assert 0 < size_for_shares(0.0, 0.01) < 2_000
    assert detectable_share(0.0, size_for_shares(0.0, 0.01)).difference == pytest.approx(0.01)
    assert size_for_shares(0.0, 0.01) == pytest.approx(size_for_shares(1.0, 0.99))
    assert detectable_share(0.0, 500).reason == power.NO_BASELINE
    assert math.isnan(power_for_shares(0.0, 0.0, 100))


def test_a_change_that_leaves_the_shares_is_not_found():
    found = detectable_share(0.99, 30)
    assert math.isnan(found.difference)
    assert found.reason == power.OUT_OF_REACH
    assert detectable_share(1.0, 1e6).reason == power.OUT_OF_REACH
    assert detectable_share(0.0, 1e6, falls=True).reason == power.OUT_OF_REACH
    assert detectable_share(0.99, 30, falls=True).difference < -0.1


@pytest.mark.parametrize("n", [0, -3, math.nan])
def test_without_units_nothing_is_found(n):
    assert detectable_share(0.1, n).reason == detectable_difference(1.0, n).reason == power.NO_UNITS
    assert math.isnan(power_for_shares(0.1, 0.2, n))


def test_a_change_relative_to_nothing_is_not_given():
    found = detectable_difference(4.0, 100)
    assert (found.difference > 0, found.reason) == (True, power.NO_BASELINE)
    assert detectable_difference(4.0, 100, baseline=-1.0).reason == power.NO_BASELINE


def test_without_spread_chance_cannot_be_judged():
    assert detectable_difference(0.0, 100).reason == power.NO_SPREAD
    assert math.isnan(power_for_means(1.0, 0.0, 100))


@pytest.mark.parametrize(
    ("ask", "word"),
    [
        (lambda: size_for_shares(0.1, 1.2), "variant=1.2"),
        (lambda: size_for_shares(-0.1, 0.2), "control=-0.1"),
        (lambda: size_for_shares(0.1, math.nan), "variant=nan"),
        (lambda: size_for_shares(0.1, 0.2, alpha=0), "alpha=0"),
        (lambda: size_for_shares(0.1, 0.2, power=0.03), "guessing"),
        (lambda: size_for_shares(0.1, 0.2, power=1.0), "power=1.0"),
        (lambda: size_for_shares(0.1, 0.2, sides=3), "sides=3"),
        (lambda: size_for_shares(0.1, 0.2, kappa=0), "kappa=0"),
        (lambda: size_for_shares(0.1, 0.2, inflation=-1), "inflation=-1"),
        (lambda: size_for_shares(0.1, 0.2, critical=math.inf), "critical=inf"),
        (lambda: size_for_shares(0.1, 0.2, comparisons=0), "comparisons=0"),
        (lambda: size_for_means(1.0, -1.0), "variance=-1.0"),
        (lambda: detectable_effect_t(1.5), "n=1.5"),
    ],
)
def test_what_makes_no_sense_is_refused(ask, word):
    with pytest.raises(ParameterError, match=word):
        ask()


@given(SHARES, DESIGNS)
def test_more_units_find_smaller_changes(control, design):
    found = [detectable_share(control, n, **design).difference for n in (1e3, 1e5, 1e7)]
    known = [x for x in found if not math.isnan(x)]
    assert known == sorted(known, reverse=True)
    assert not math.isnan(found[-1])
