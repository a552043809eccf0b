"""Effects that are equal over segments or not, and what each is once the noise is taken out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.errors import ParameterError
from pm_analytics.stats import heterogeneity as module
from pm_analytics.stats.heterogeneity import heterogeneity

# Thirteen trials of the BCG vaccine, log relative risks: Colditz et al. (1994), JAMA 271, 698-702. Values of Q, I²,
# tau² and the random-effects mean as the R package metafor documents them for method "DL".
TRIALS = np.array(
    [[4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619], [33, 5036, 47, 5761],
     [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232], [17, 1699, 65, 1600],
     [186, 50448, 141, 27197], [5, 2493, 3, 2338], [27, 16886, 29, 17825]]
)  # fmt: skip


def test_published_trials_differ_as_published():
    ill, well, control_ill, control_well = TRIALS.T
    effects = np.log(ill / (ill + well) / (control_ill / (control_ill + control_well)))
    variances = 1 / ill - 1 / (ill + well) + 1 / control_ill - 1 / (control_ill + control_well)
    found = heterogeneity(effects, np.sqrt(variances))
    assert (found.q, found.freedom) == (pytest.approx(152.2330, abs=5e-5), 12)
    assert found.p_value < 1e-4
    assert found.i_squared == pytest.approx(0.9212, abs=5e-5)
    assert found.tau**2 == pytest.approx(0.3088, abs=5e-5)
    assert (found.mean, found.mean_error) == (pytest.approx(-0.7141, abs=5e-5), pytest.approx(0.1787, abs=5e-5))


def test_equal_effects_do_not_differ():
    found = heterogeneity([2.0, 2.0, 2.0, 2.0], [1.0, 2.0, 3.0, 4.0])
    assert (found.q, found.p_value, found.i_squared, found.tau) == (0, 1, 0, 0)
    assert [each.effect for each in found.expected] == pytest.approx([2] * 4)


EFFECTS = st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 20)), min_size=2, max_size=12)


@given(EFFECTS)
def test_an_expected_effect_lies_between_its_own_and_the_common_one(segments):
    effects, errors = zip(*segments, strict=True)
    found = heterogeneity(effects, errors)
    for effect, expected in zip(effects, found.expected, strict=True):
        low, high = sorted((effect, found.mean))
        assert low - 1e-9 <= expected.effect <= high + 1e-9
        assert 0 <= expected.weight <= 1
        assert expected.ci_lower < expected.effect < expected.ci_upper
    assert 0 <= found.i_squared < 1
    assert 0 <= found.p_value <= 1


@given(EFFECTS, st.floats(-100, 100), st.floats(0.01, 100))
def test_unit_and_zero_of_the_metric_do_not_matter(segments, shift, scale):
    effects, errors = (np.array(each) for each in zip(*segments, strict=True))
    plain, moved = heterogeneity(effects, errors), heterogeneity(shift + scale * effects, scale * errors)
    assert moved.p_value == pytest.approx(plain.p_value, abs=1e-6)
    assert moved.tau == pytest.approx(scale * plain.tau, abs=1e-3 * scale)
    assert moved.expected[0].effect == pytest.approx(shift + scale * plain.expected[0].effect, abs=1e-3 * (1 + scale))


def test_noisier_segments_are_pulled_further():
    found = heterogeneity([0.0, 10.0, 10.0, 4.0, 6.0], [1.0, 1.0, 5.0, 1.0, 1.0])
    assert found.expected[2].effect < found.expected[1].effect
    assert found.expected[2].weight < found.expected[1].weight


def test_sparse_segments_stay_out_of_the_test_and_undefined_ones_out_of_everything():
    found = heterogeneity([1.0, 2.0, 60.0, math.nan], [1.0, 1.0, 1.0, 1.0], smallest_arms=[30, 400, 29, 500])
    pair = heterogeneity([1.0, 2.0], [1.0, 1.0])
    assert (found.q, found.freedom, found.p_value) == (pair.q, pair.freedom, pair.p_value)
    assert found.used == (True, True, False, False)
    assert found.notes == (
        "1 segment with fewer than 30 units in an arm left out of the test",
        "1 segment without a defined effect left out",
    )
    assert math.isfinite(found.expected[2].effect)
    assert math.isnan(found.expected[3].effect)


@pytest.mark.parametrize("sizes", [[30, 3], [3, 3]])
def test_one_segment_or_none_cannot_differ(sizes):
    found = heterogeneity([1.0, 2.0], [1.0, 1.0], smallest_arms=sizes)
    assert found.reason == module.TOO_FEW_SEGMENTS
    assert all(map(math.isnan, (found.q, found.p_value, found.i_squared, found.tau)))
    assert heterogeneity([], []).reason == module.TOO_FEW_SEGMENTS


def test_an_effect_without_an_error_is_refused():
    with pytest.raises(ParameterError, match="give one of each"):
        heterogeneity([1.0, 2.0], [1.0])


@pytest.mark.slow
@pytest.mark.parametrize("segments", [2, 3, 5, 10])
def test_equal_segments_are_told_apart_in_one_of_twenty(segments):
    rng, times = np.random.default_rng(3), 4000
    errors = rng.uniform(0.5, 1.5, (times, segments))
    found = [heterogeneity(rng.normal(1, s), s).p_value < 0.05 for s in errors]
    assert 0.04 < np.mean(found) < 0.06


@pytest.mark.slow
@pytest.mark.parametrize("tau", [0, 0.5, 1, 3])
@pytest.mark.parametrize("segments", [2, 3, 4, 10])
def test_expected_effects_hold_the_truth_and_are_nearer_to_it(segments, tau):
    rng = np.random.default_rng(4)
    held, ours, own = [], 0.0, 0.0
    for _ in range(1500):
        errors = rng.uniform(0.5, 1.5, segments)
        truth = rng.normal(1, tau, segments)
        effects = rng.normal(truth, errors)
        expected = heterogeneity(effects, errors).expected
        held += [each.ci_lower <= true <= each.ci_upper for each, true in zip(expected, truth, strict=True)]
        ours += sum((each.effect - true) ** 2 for each, true in zip(expected, truth, strict=True))
        own += ((effects - truth) ** 2).sum()
    assert np.mean(held) > 0.94
    assert ours < 1.06 * own
    assert tau > 1 or ours < 0.9 * own
