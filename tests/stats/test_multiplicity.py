"""Many tests at once: adjusted p-values against another library, and intervals that say the same."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from pm_analytics.errors import ParameterError
from pm_analytics.stats.multiplicity import (
    benjamini_hochberg,
    benjamini_yekutieli,
    bh_confidences,
    bonferroni,
    bonferroni_confidences,
    hochberg,
    hochberg_confidences,
    holm,
    holm_confidences,
    holm_sidak,
    preferential_levels,
)

PROCEDURES = {
    "bonferroni": bonferroni,
    "holm": holm,
    "holm-sidak": holm_sidak,
    "simes-hochberg": hochberg,
    "fdr_bh": benjamini_hochberg,
    "fdr_by": benjamini_yekutieli,
}
MATCHED = [
    (bonferroni, bonferroni_confidences),
    (holm, holm_confidences),
    (hochberg, hochberg_confidences),
    (benjamini_hochberg, bh_confidences),
]
P_VALUES = st.lists(st.floats(0, 0.999), min_size=1, max_size=12)
SMALL = st.lists(st.one_of(st.floats(0, 0.1), st.just(math.nan)), min_size=1, max_size=12)


@pytest.mark.parametrize("name", PROCEDURES)
@settings(max_examples=25, deadline=None)  # the other library collects garbage at every call
@given(p_values=P_VALUES)
def test_adjusted_p_values_are_those_of_another_library(name, p_values):
    expected = multipletests(p_values, method=name)[1]
    assert PROCEDURES[name](p_values) == pytest.approx(list(expected), abs=1e-12)


@pytest.mark.parametrize("adjust", PROCEDURES.values())
@given(p_values=SMALL, data=st.data())
def test_the_order_of_tests_does_not_matter_and_undefined_ones_do_not_count(adjust, p_values, data):
    order = data.draw(st.permutations(range(len(p_values))))
    adjusted = adjust(p_values)
    assert adjust([p_values[i] for i in order]) == pytest.approx([adjusted[i] for i in order], nan_ok=True)
    known = [p for p in p_values if not math.isnan(p)]
    assert [p for p in adjusted if not math.isnan(p)] == adjust(known)
    assert [math.isnan(p) for p in adjusted] == [math.isnan(p) for p in p_values]


@pytest.mark.parametrize("adjust", PROCEDURES.values())
@given(p_values=P_VALUES)
def test_adjusting_keeps_the_order_and_never_lowers(adjust, p_values):
    adjusted = adjust(p_values)
    by_p = [after for _, after in sorted(zip(p_values, adjusted, strict=True))]
    assert by_p == sorted(by_p)
    assert all(p <= after + 1e-15 and after <= 1 for p, after in zip(p_values, adjusted, strict=True))


@given(P_VALUES)
def test_procedures_that_promise_less_find_more(p_values):
    lists = [bonferroni(p_values), holm(p_values), hochberg(p_values), benjamini_hochberg(p_values)]
    for stricter, looser in pairwise(lists):
        assert all(b <= a + 1e-12 for a, b in zip(stricter, looser, strict=True))
    assert all(b <= a + 1e-12 for a, b in zip(holm(p_values), holm_sidak(p_values), strict=True))


@pytest.mark.parametrize(("adjust", "confidences"), MATCHED)
@given(p_values=SMALL, alpha=st.sampled_from([0.01, 0.05, 0.1]))
def test_an_interval_excludes_zero_exactly_when_its_test_is_significant(adjust, confidences, p_values, alpha):
    adjusted, levels = adjust(p_values), confidences(p_values, confidence=1 - alpha)
    for p, after, level in zip(p_values, adjusted, levels, strict=True):
        if math.isnan(p):
            assert level == pytest.approx(1 - alpha)
            continue
        assume(abs(after - alpha) > 1e-9 * alpha and abs(p - (1 - level)) > 1e-9 * alpha)
        excludes = p < 1 - level  # a two-sided interval at this level excludes zero exactly then
        assert excludes == (after < alpha)
        assert level >= 1 - alpha - 1e-12


def test_the_levels_by_hand():
    p_values = [0.001, 0.012, 0.03, 0.6]
    # Holm finds the first two at 0.0125 and 0.0167; the third fails at 0.025.
    assert holm_confidences(p_values) == pytest.approx([0.975] * 4)
    # Benjamini and Hochberg find three: what was found is at 3/4 of 0.05, the other at all of it.
    assert bh_confidences(p_values) == pytest.approx([0.9625, 0.9625, 0.9625, 0.95])
    assert bonferroni_confidences(p_values) == pytest.approx([0.9875] * 4)
    assert holm_confidences([0.001, 0.001]) == pytest.approx([0.95, 0.95])
    assert bh_confidences([]) == holm_confidences([]) == []
    assert holm_confidences([math.nan], confidence=0.9) == pytest.approx([0.9])


def test_a_p_value_of_one_is_no_error():
    """The logarithm of what is left of 1 once was one."""
    assert holm_sidak([1.0, 0.01]) == pytest.approx([1.0, 0.0199])


@pytest.mark.parametrize("adjust", PROCEDURES.values())
@pytest.mark.parametrize("bad", [1.2, -0.1, math.inf])
def test_what_is_no_p_value_is_refused(adjust, bad):
    with pytest.raises(ParameterError, match="between 0 and 1"):
        adjust([0.1, bad])


def test_the_primary_metric_may_be_preferred():
    """Half of 5 % for one primary over two variants, half for ten others."""
    primary, other = preferential_levels(11, 2)
    assert (primary, other) == pytest.approx((0.0125, 0.00125))
    assert 2 * primary + 20 * other == pytest.approx(0.05)
    assert preferential_levels(1, 2)[0] == pytest.approx(0.025)
    assert math.isnan(preferential_levels(1, 2)[1])
    for bad in ({"metrics": 0, "variants": 1}, {"metrics": 2, "variants": 1, "share": 1}):
        with pytest.raises(ParameterError):
            preferential_levels(**bad)


def z_of(rng, times, effects):
    return rng.normal(effects, 1, (times, len(effects)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("effects", "held"),
    [((0, 0, 0), 0.951), ((2, 2, 2), 0.904), ((6, 0, 0), 0.927), ((6, 6, 0), 0.857), ((6, 6, 6), 0.857)],
)
def test_the_coverage_of_holms_intervals_is_what_their_page_says(effects, held):
    """No effect is said to be one in more than 5 %; that all three hold at once is said less often than 95 %."""
    rng, times = np.random.default_rng(31), 30_000
    truth = np.array(effects, dtype=float)
    together = any_false = 0
    single = np.zeros(3)
    for z in z_of(rng, times, truth):
        level = holm_confidences((2 * ndtr(-np.abs(z))).tolist())[0]
        limit = norm.isf((1 - level) / 2)
        inside = np.abs(z - truth) <= limit
        together += inside.all()
        single += inside
        any_false += bool((np.abs(z[truth == 0]) > limit).any())
    assert together / times == pytest.approx(held, abs=0.006)
    assert (single / times >= 0.945).all()
    assert any_false / times <= 0.055


@pytest.mark.slow
def test_of_the_intervals_of_what_was_found_one_in_twenty_misses():
    """The false coverage rate; plain 95 % intervals of what was found miss far more often."""
    rng, times = np.random.default_rng(4), 6_000
    truth = np.concatenate([np.zeros(12), np.linspace(1.5, 4, 8)])
    missed, plain = [], []
    for z in z_of(rng, times, truth):
        p_values = (2 * ndtr(-np.abs(z))).tolist()
        found = np.array(benjamini_hochberg(p_values)) < 0.05
        if not found.any():
            missed.append(0.0)
            plain.append(0.0)
            continue
        limit = norm.isf((1 - np.array(bh_confidences(p_values))[found][0]) / 2)
        away = np.abs(z - truth)[found]
        missed.append((away > limit).mean())
        plain.append((away > 1.96).mean())
    assert np.mean(missed) <= 0.05
    assert np.mean(plain) > 0.06
