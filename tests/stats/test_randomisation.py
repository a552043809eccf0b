"""Units assigned by chance, again and again: exact sums, honest rates, and fast on a million units."""

from __future__ import annotations

import math
import time
from itertools import product

import numpy as np
import pytest
from scipy import stats

from pm_analytics.errors import ParameterError
from pm_analytics.stats import randomisation
from pm_analytics.stats.effects import Arm, compare_means
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.proportions import pooled_p_value
from pm_analytics.stats.randomisation import reassign, residuals
from pm_analytics.stats.ratios import linearised
from pm_analytics.stats.uneven import steadied


def units(n, seed=0):
    """Give visits, purchases among them, skewed revenue with few payers, and the visits before."""
    rng = np.random.default_rng(seed)
    before = rng.gamma(2, 3, n)
    visits = rng.poisson(before + 1) + 1
    bought = rng.binomial(visits, rng.beta(0.5, 4, n))
    revenue = rng.lognormal(3, 1.2, n) * (rng.random(n) < 0.05)
    return {"visits": visits, "bought": bought, "revenue": revenue, "before": before}


def sums_of_each_assignment(monkeypatch):
    """Record what is drawn: (variant's sums, all sums) of the last call."""
    seen = {}
    original = randomisation._compared

    def spy(variant, whole):
        seen["variant"], seen["whole"] = variant, whole
        return original(variant, whole)

    monkeypatch.setattr(randomisation, "_compared", spy)
    return seen


# --------------------------------------------------------------------------------------------------------------- exact


def every_assignment(values, bottoms, share):
    """Enumerate all assignments of a few units: chance, difference of ratios and p-value of each."""
    for chosen in product([False, True], repeat=len(values)):
        mark = np.array(chosen)
        chance = share ** mark.sum() * (1 - share) ** (~mark).sum()
        arms = [np.column_stack([values[part], bottoms[part]]) for part in (mark, ~mark)]
        yield chance, arms


@pytest.mark.parametrize("crowd", [2, 10_000])
def test_differences_are_those_of_all_assignments_whether_drawn_in_crowds_or_one_by_one(monkeypatch, crowd):
    monkeypatch.setattr(randomisation, "CROWD", crowd)
    values, bottoms = np.array([1.0, 1, 1, 4, 4, 2, 2, 2, 7]), np.array([1.0, 1, 1, 2, 2, 3, 3, 3, 1])
    found = reassign(values, bottoms, share=0.375, repetitions=40_000, seed=3)
    exact = {}
    for chance, arms in every_assignment(values, bottoms, 0.375):
        if min(map(len, arms)) >= 2:
            ratios = [part[:, 0].sum() / part[:, 1].sum() for part in arms]
            key = round(float(ratios[0] - ratios[1]), 9)
            exact[key] = exact.get(key, 0.0) + chance
    keys, counts = np.unique(np.round(found.differences[~np.isnan(found.p_values)], 9), return_counts=True)
    often = {key: chance for key, chance in exact.items() if chance > 0.004}
    assert len(often) > 20
    drawn = dict(zip(keys.tolist(), (counts / 40_000).tolist(), strict=True))
    for key, chance in often.items():
        near = sum(count for other, count in drawn.items() if abs(other - key) < 1e-6)
        assert near == pytest.approx(chance, abs=5 * math.sqrt(chance / 40_000))


@pytest.mark.parametrize("kind", ["mean", "ratio"])
def test_each_assignments_test_is_that_of_the_comparison_itself(monkeypatch, kind):
    seen, data = sums_of_each_assignment(monkeypatch), units(3_000)
    top, bottom = (data["bought"], data["visits"]) if kind == "ratio" else (data["revenue"] + 1e6, None)
    found = reassign(top, bottom, repetitions=20, share=0.3)
    below = np.ones(3_000) if bottom is None else bottom
    level = top.sum() / below.sum()
    for row in range(20):
        arms = []
        for n, a, b, aa, ab, bb in (seen["variant"][row], seen["whole"] - seen["variant"][row]):
            # Back from a = t - R b to t.
            moments = Moments.of_sums(round(n), [a, b], [[aa, ab], [ab, bb]])
            arms.append(moments.transformed(np.array([[1.0, level], [0.0, 1.0]]), np.zeros(2)))
        effect = compare_means(*steadied(*map(linearised, arms)))
        assert found.differences[row] == pytest.approx(effect.difference, rel=1e-4, abs=1e-9 * abs(level))
        assert found.p_values[row] == pytest.approx(effect.p_value, rel=1e-4)


def test_a_test_of_shares_is_the_pooled_one():
    values = np.arange(900) % 10 == 0
    found = reassign(values, test="shares", repetitions=50)
    possible = {round(pooled_p_value(x, n, 90 - x, 900 - n)[0], 9) for n in range(380, 521) for x in range(20, 71)}
    assert all(round(p, 9) in possible for p in found.p_values)


def test_a_covariate_is_taken_out_once():
    data = units(2_000)
    left = residuals(data["visits"], data["before"])
    assert np.corrcoef(left, data["before"])[0, 1] == pytest.approx(0, abs=1e-9)
    assert left.mean() == pytest.approx(data["visits"].mean())
    adjusted, plain = (reassign(data["visits"], covariates=c, seed=5) for c in (data["before"], None))
    kept = 1 - np.corrcoef(data["visits"], data["before"])[0, 1] ** 2
    assert (adjusted.error / plain.error) ** 2 == pytest.approx(kept, rel=0.02)
    assert adjusted.detectable < 0.9 * plain.detectable


def test_a_ratio_may_be_adjusted_too():
    data = units(3_000)
    plain = reassign(data["bought"], data["visits"])
    adjusted = reassign(data["bought"], data["visits"], covariates=np.column_stack([data["before"], data["bought"]]))
    assert adjusted.error < plain.error
    assert adjusted.false_positive_rate == pytest.approx(0.05, abs=0.025)


# --------------------------------------------------------------------------------------------------------------- rates


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_nothing_is_found_more_often_than_the_level_says(share):
    data = units(20_000, seed=4)
    cases = [
        reassign(data["bought"], data["visits"], share=share),
        reassign(data["visits"], covariates=data["before"], share=share),
        reassign(data["bought"] > 0, test="shares", share=share),
    ]
    for found in cases:
        assert found.interval.lower <= 0.05 <= found.interval.upper
        assert found.uniformity > 0.001
        assert found.spread == pytest.approx(found.error, rel=0.1)


def test_skewed_revenue_is_safe_in_even_arms_and_in_a_small_one(monkeypatch):
    """Welch's test of revenue with a hundred payers in the small arm finds too much: 7.0 % (40,000 draws, two ways)."""
    revenue = units(20_000, seed=4)["revenue"]
    even, small = (reassign(revenue, share=share, repetitions=5_000) for share in (0.5, 0.1))
    assert even.interval.lower <= 0.05 <= even.interval.upper
    assert 0.01 < small.false_positive_rate < 0.05
    monkeypatch.setattr(randomisation, "squared_errors", lambda v, _, w, __: (v, w))
    welch = reassign(revenue, share=0.1, repetitions=5_000)
    assert welch.false_positive_rate == pytest.approx(0.070, abs=0.012)
    assert welch.uniformity < 0.01


def test_the_detectable_difference_is_2_8_standard_errors():
    found = reassign(units(5_000)["visits"])
    assert found.detectable == pytest.approx(2.8016 * found.spread, rel=1e-4)
    assert found.detectable_by_formula == pytest.approx(2.8016 * found.error, rel=1e-4)
    values = units(5_000)["visits"]
    assert found.error == pytest.approx(values.std() * math.sqrt(4 / 5_000), rel=0.01)


def test_a_test_that_ignores_its_groups_is_caught():
    """Sessions of the same users are assigned by user, but compared as if each stood for itself."""
    rng = np.random.default_rng(6)
    number, rate = rng.integers(1, 20, 3_000), rng.beta(0.5, 2, 3_000)
    hits = rng.binomial(number, rate)
    honest = reassign(hits, number)
    assert honest.interval.lower <= 0.05 <= honest.interval.upper
    level = hits.sum() / number.sum()
    naive = 2 * stats.norm.sf(np.abs(honest.differences) / math.sqrt(level * (1 - level) * 4 / number.sum()))
    assert np.mean(naive < 0.05) > 0.25


def test_the_same_seed_gives_the_same_and_another_does_not():
    values = units(1_000)["revenue"]
    one, same, other = (reassign(values, repetitions=50, seed=seed) for seed in (1, 1, 2))
    assert (one.p_values == same.p_values).all()
    assert (one.p_values != other.p_values).any()


def test_a_million_units_a_thousand_times_take_seconds():
    values = np.random.default_rng(7).lognormal(3, 1.2, 1_000_000)
    began = time.perf_counter()
    found = reassign(values)
    assert time.perf_counter() - began < 30  # about 2 s on two cores; the bound is for busy machines
    assert found.interval.lower <= 0.05 <= found.interval.upper


# --------------------------------------------------------------------------------------------------------------- edges


@pytest.mark.parametrize("values", [np.full(50, 0.1), np.zeros(50), np.full(50, 1e9 + 0.1)])
def test_equal_values_find_nothing_and_say_why(values):
    found = reassign(values)
    assert found.reason == randomisation.CONSTANT
    assert math.isnan(found.false_positive_rate)
    assert math.isnan(found.uniformity)
    assert np.isnan(found.p_values).all()


def test_a_level_far_from_zero_changes_nothing():
    values = units(2_000)["visits"].astype(float)
    near, far = reassign(values, repetitions=100), reassign(values + 1e9, repetitions=100)
    assert far.p_values == pytest.approx(near.p_values, rel=1e-3)


def test_four_units_are_enough_and_three_are_not():
    found = reassign([1.0, 2, 3, 4], repetitions=200)
    assert 0 < np.isnan(found.p_values).sum() < 200  # arms of one unit cannot be compared
    with pytest.raises(ParameterError, match="3 units are too few"):
        reassign([1.0, 2, 3])


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"top": [1.0, 2, 3, 4], "bottom": [1.0, 2]}, "one row per unit"),
        ({"top": [1.0, 2, 3, 4], "covariates": [1.0, 2]}, "one row per unit"),
        ({"top": [1.0, 2, 3, math.nan]}, "finite"),
        ({"top": [1.0, 2, 3, 4], "share": 0.1}, "share=0.1"),
        ({"top": [1.0, 2, 3, 4], "share": 1.0}, "share=1.0"),
        ({"top": [1.0, 2, 3, 4], "repetitions": 0}, "repetitions=0"),
        ({"top": [1.0, 2, 3, 4], "bottom": [0, 0, 0, 0]}, "sums to zero"),
        ({"top": [1.0, 2, 3, 4], "test": "shares"}, "0 and 1"),
        ({"top": [1, 0, 1, 0], "bottom": [1, 1, 1, 1], "test": "shares"}, "nothing below"),
        ({"top": [1.0, 2, 3, 4], "alpha": 2}, "alpha=2"),
    ],
)
def test_what_makes_no_sense_is_refused(asked, word):
    top = asked.pop("top")
    with pytest.raises(ParameterError, match=word):
        reassign(top, **asked)


def test_welchs_test_on_one_assignment_by_hand(monkeypatch):
    seen = sums_of_each_assignment(monkeypatch)
    values = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])
    found = reassign(values, repetitions=1, seed=2)
    (n, a, _, aa, _, _), level = seen["variant"][0], values.mean()
    whole = seen["whole"]
    arms = [
        Arm(round(units_), level + total / units_, (squares - total**2 / units_) / (units_ - 1))
        for units_, total, squares in ((n, a, aa), (whole[0] - n, whole[1] - a, whole[3] - aa))
    ]
    assert found.p_values[0] == pytest.approx(compare_means(*arms).p_value, rel=1e-5)
