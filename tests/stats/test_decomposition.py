"""Rate and mix add up to the last cent; what unseen things would have to do; adopters only as a description."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.errors import DataError, ParameterError
from pm_analytics.stats.decomposition import decompose, decompose_volume
from pm_analytics.stats.sensitivity import e_value, e_value_of_interval
from pm_analytics.stats.weighting import association


@pytest.fixture
def cases(shared):
    return {case["name"]: case for case in json.loads((shared / "vectors" / "impact.json").read_text())}


def test_every_segment_improved_and_the_total_fell(cases):
    wanted = cases["decomp_kitagawa_2seg"]["expected"]
    found = decompose([50, 10], [500, 500], [33, 15.4], [300, 700])
    assert found.change == pytest.approx(wanted["total"], abs=1e-12)
    assert list(found.rate) == pytest.approx(wanted["rate"], abs=1e-12)
    assert list(found.mix) == pytest.approx(wanted["mix_centred"], abs=1e-12)
    assert (found.rate.sum(), found.mix.sum()) == pytest.approx((wanted["rate_sum"], wanted["mix_sum"]), abs=1e-12)


SEGMENT = st.tuples(*[st.integers(0, 1_000)] * 4)


@given(st.lists(SEGMENT, min_size=1, max_size=8))
def test_the_parts_add_up_whatever_comes_or_goes(segments):
    a, m, b, n = (np.array(part) for part in zip(*segments, strict=True))
    a, b = np.minimum(a, m), np.minimum(b, n)
    if m.sum() == 0 or n.sum() == 0:
        with pytest.raises(DataError, match="Nobody was there"):
            decompose(a, m, b, n)
        return
    found = decompose(a, m, b, n)
    assert found.rate.sum() + found.mix.sum() == pytest.approx(found.change, abs=1e-12)
    total = decompose_volume(a, m, b, n)
    assert total.volume + total.mix + total.rate == pytest.approx(total.change, abs=1e-9)
    assert list(found.turnover) == [(x == 0) != (y == 0) or (x == 0 and y == 0) for x, y in zip(m, n, strict=True)]


def test_a_change_of_one_segment_is_found_and_the_others_are_not():
    rng = np.random.default_rng(1)
    base = np.full(8, 4_000)
    before, after = rng.binomial(base, 0.2), rng.binomial(base, np.where(np.arange(8) == 3, 0.26, 0.2))
    found = decompose(before, base, after, base)
    assert list(np.flatnonzero(found.adjusted < 0.05)) == [3]


def test_e_values_of_the_paper(cases):
    wanted = cases["evalue_vanderweele"]["expected"]
    assert e_value(3.9) == pytest.approx(wanted["e_value"], abs=1e-6)
    assert e_value(1.25) == pytest.approx(wanted["rr_1.25"], abs=1e-6)
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9))
    assert e_value_of_interval(0.8, 1.2) == 1
    assert e_value_of_interval(1.25, 2) == pytest.approx(e_value(1.25))
    with pytest.raises(ParameterError, match="above 0"):
        e_value(0)


def users(seed=1, *, n=3_000, truth=0.0, unseen=0.0):
    """Active people adopt: past activity drives both, and something unseen may."""
    rng = np.random.default_rng(seed)
    past = rng.gamma(2, 2, n)
    hidden = rng.standard_normal(n)
    chose = rng.random(n) < 1 / (1 + np.exp(2 - 0.5 * past - unseen * hidden))
    outcome = past + rng.standard_normal(n) + truth * chose + unseen * hidden
    return outcome, chose, np.column_stack([past, rng.standard_normal(n)]), past + rng.standard_normal(n)


def test_the_naive_difference_is_large_where_nothing_happens_and_adjusting_takes_it_away():
    outcome, chose, known, earlier = users()
    found = association(outcome, chose, known, placebo=earlier)
    assert found.naive.ci_lower > 1
    assert found.adjusted.ci_lower < 0 < found.adjusted.ci_upper
    assert found.trimmed.units < found.adjusted.units
    assert found.placebo.ci_lower < 0 < found.placebo.ci_upper
    assert abs(found.imbalance_before[0]) > 0.5
    assert abs(found.imbalance_after[0]) < 0.1
    assert found.e_value == 1
    assert found.overlap.sum() == 3_000


def test_something_unseen_is_not_adjusted_away():
    found = association(*users(unseen=1.0)[:3])
    assert found.adjusted.ci_lower > 0.3  # and nothing happened: this is why it is only a description
    assert found.e_value > 1.2


def test_the_adjusted_answer_covers_the_truth_where_all_was_recorded():
    held = []
    for seed in range(200):
        found = association(*users(seed, n=800, truth=1.0)[:3])
        held.append(found.trimmed.ci_lower <= 1.0 <= found.trimmed.ci_upper)
    assert 0.9 <= np.mean(held) <= 0.99


def test_nobody_to_compare_with_gives_a_reason():
    outcome, _, known, _ = users()
    assert "fewer than 20" in association(outcome, np.arange(3_000) < 10, known).reason
    apart = np.column_stack([np.where(np.arange(3_000) < 1_000, 100.0, 0.0) + known[:, 0]])
    assert "nobody to compare with" in association(outcome, np.arange(3_000) < 1_000, apart).reason
    with pytest.raises(DataError, match="has gaps"):
        association(outcome, np.arange(3_000) < 10, np.full((3_000, 1), np.nan))
