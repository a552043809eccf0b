"""Everybody has it for a while, then nobody: periods are what was randomised."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from pm_analytics.errors import ParameterError
from pm_analytics.stats import switchback as module
from pm_analytics.stats.switchback import switchback


def blocks_of(rng, count, size):
    """Blocks of an even size, half of each drawn for the variant."""
    half = [True, False] * (size // 2)
    return np.concatenate([rng.permutation(half) for _ in range(count)]), np.repeat(np.arange(count), size)


def series(rng, count, memory):
    """A level that drifts: each period keeps a share of the one before."""
    noise, level = rng.normal(size=count), np.empty(count)
    level[0] = noise[0] / math.sqrt(1 - memory**2)
    for at in range(1, count):
        level[at] = memory * level[at - 1] + noise[at]
    return level


def test_pairs_of_equal_size_are_the_paired_t_test():
    rng = np.random.default_rng(1)
    on, block = blocks_of(rng, 12, 2)
    means = rng.normal(10, 1, 12)[block] + rng.normal(0.5, 0.3, 24) * on
    found = switchback(means * 50, [50] * 24, on, blocks=block)
    paired = stats.ttest_rel(means[on], means[~on])
    assert found.difference == pytest.approx(means[on].mean() - means[~on].mean())
    assert (found.p_value, found.freedom) == (pytest.approx(paired.pvalue), 11)
    assert [found.ci_lower, found.ci_upper] == pytest.approx(list(paired.confidence_interval()))
    assert (found.periods, found.blocks, found.method) == (24, 12, "differences within blocks")


def test_blocks_count_by_their_units():
    found = switchback([10, 5, 300, 100], [10, 10, 100, 100], [1, 0, 1, 0], blocks=["a", "a", "b", "b"])
    assert found.difference == pytest.approx(0.5 * 20 / 220 + 2.0 * 200 / 220)
    assert (found.variant, found.control) == (
        pytest.approx((1 * 20 + 3 * 200) / 220),
        pytest.approx((0.5 * 20 + 200) / 220),
    )


def test_few_periods_are_drawn_in_every_way_there_is():
    """As the exact permutation test of scipy has it."""
    rng = np.random.default_rng(2)
    y, on = rng.normal(size=10), np.arange(10) % 2 == 0
    found = switchback(y * 7, [7] * 10, on)
    exact = stats.permutation_test(
        (y[on], y[~on]), lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis), vectorized=True, n_resamples=np.inf
    )
    assert found.permutation_p_value == pytest.approx(exact.pvalue)


def p_value_of(effect, sums, units, on, block):
    """The slow telling: take a constant effect away, and try every way of drawing the labels within blocks."""
    left = sums - effect * units * on
    members = [np.flatnonzero(block == b) for b in np.unique(block)]

    def difference(labels):
        parts = [
            units[m].sum() / units.sum()
            * (left[m][labels[m]].sum() / units[m][labels[m]].sum() - left[m][~labels[m]].sum() / units[m][~labels[m]].sum())
            for m in members
        ]  # fmt: skip
        return sum(parts)

    drawn = []
    for chosen in itertools.product(*(itertools.combinations(m, int(on[m].sum())) for m in members)):
        labels = np.zeros(len(on), dtype=bool)
        labels[list(itertools.chain(*chosen))] = True
        drawn.append(abs(difference(labels)))
    return np.mean(np.array(drawn) >= abs(difference(on)) - 1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_ends_of_the_permutation_interval_are_where_the_test_turns(seed):
    rng = np.random.default_rng(seed)
    on, block = blocks_of(rng, 3, 4)
    units = rng.integers(5, 50, 12)
    sums = units * (rng.normal(size=12) + 0.8 * on)
    found = switchback(sums, units, on, blocks=block, confidence=0.9)
    assert found.permutation_p_value == pytest.approx(p_value_of(0.0, sums, units, on, block))
    step = 1e-4 * (found.permutation_ci_upper - found.permutation_ci_lower)
    for end, inwards in ((found.permutation_ci_lower, step), (found.permutation_ci_upper, -step)):
        assert p_value_of(end + inwards, sums, units, on, block) > 0.1
        assert p_value_of(end - inwards, sums, units, on, block) <= 0.1


def test_many_periods_are_drawn_at_random_from_a_seed():
    rng = np.random.default_rng(3)
    on, block = blocks_of(rng, 20, 4)
    y = rng.normal(size=80) + on
    one, same, other = (switchback(y, np.ones(80), on, blocks=block, permutations=999, seed=s) for s in (1, 1, 2))
    assert one == same
    assert one.permutation_ci_lower != other.permutation_ci_lower
    assert one.permutation_p_value == pytest.approx(1 / 1000)
    assert one.permutation_ci_lower == pytest.approx(one.ci_lower, abs=0.15)


def test_random_draws_keep_the_number_of_treated_periods_in_each_block():
    on, block = np.array([1, 0, 0, 1, 1, 0, 1], dtype=bool), np.array([0, 1, 0, 1, 1, 2, 2])
    held = module._Periods(np.ones(7), np.ones(7), on, block)
    for draws in (module._draws(held, 5, 0), module._draws(held, 1000, 0)):
        assert all((np.bincount(block, row) == [1, 2, 1]).all() for row in draws)
    assert len({tuple(row) for row in module._draws(held, 1000, 0)}) == 2 * 3 * 2


def test_one_sided_blocks_and_empty_periods_are_left_out():
    found = switchback([5, 1, 6, 2, 9, 0], [5, 5, 5, 5, 5, 0], [1, 0, 1, 0, 1, 0], blocks=[1, 1, 2, 2, 3, 3])
    assert (found.periods, found.blocks) == (4, 2)
    assert module.UNPAIRED in found.notes
    assert module.FEW in found.notes
    assert module.COARSE in found.notes
    assert found.permutation_ci_upper == math.inf


@pytest.mark.parametrize(
    ("periods", "reason"),
    [
        (([], [], []), module.ONE_SIDED),
        (([1, 2], [1, 1], [1, 1]), module.ONE_SIDED),
        (([1, 2, 3], [1, 1, 1], [1, 0, 0]), module.TOO_FEW_PERIODS),
        (([1, 2, 1, 2], [1, 1, 1, 1], [1, 0, 1, 0]), module.NO_SCATTER),
    ],
)
def test_what_cannot_be_judged_has_a_reason(periods, reason):
    found = switchback(*periods)
    assert found.reason == reason
    assert all(map(math.isnan, (found.error, found.ci_lower, found.ci_upper, found.p_value)))
    assert math.isnan(found.difference) == (reason == module.ONE_SIDED)


def test_one_block_alone_cannot_be_judged():
    assert switchback([1, 2, 3, 5], [1] * 4, [1, 0, 1, 0], blocks=["a"] * 4).reason == module.TOO_FEW_PERIODS


@pytest.mark.parametrize(
    ("periods", "options", "sentence"),
    [
        (([1, 2], [1], [1, 0]), {}, "give one of each per period"),
        (([1, 2], [1, 1], [1, 2]), {}, "True or False"),
        (([1, 2, 3, 5], [1] * 4, [1, 0, 1, 0]), {"permutations": 0}, "at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(periods, options, sentence):
    with pytest.raises(ParameterError, match=sentence):
        switchback(*periods, **options)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [0.0, 0.8])
@pytest.mark.parametrize("design", ["blocks", "alternating", "drawn"])
def test_periods_that_do_not_differ_are_told_apart_in_one_of_twenty(design, memory):
    rng, times, count = np.random.default_rng(9), 1500, 56
    by_t, held = 0, 0
    for _ in range(times):
        on, block = blocks_of(rng, count // 4, 4)
        if design == "alternating":
            on = np.arange(count) % 2 == rng.integers(2)
        elif design == "drawn":
            on = rng.permutation(on)
        units = rng.integers(50, 150, count)
        sums = units * (series(rng, count, memory) + 0.3 * on)
        found = switchback(sums, units, on, blocks=block if design == "blocks" else None, permutations=199)
        by_t += not found.ci_lower <= 0.3 <= found.ci_upper
        held += found.permutation_ci_lower <= 0.3 <= found.permutation_ci_upper
    assert 0.03 < by_t / times < 0.067
    # The permutations are those of the design, but for alternating periods, which were not drawn so.
    assert held / times > 0.93
