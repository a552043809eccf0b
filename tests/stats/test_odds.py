"""Odds ratios and adjusted p-values, against published numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pm_analytics.stats.multiplicity import benjamini_hochberg
from pm_analytics.stats.odds import odds_ratio

# The 15 p-values of Benjamini & Hochberg (1995), section 4.1 (thrombolysis in myocardial infarction).
PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000,
]  # fmt: skip


def test_the_worked_example_of_benjamini_and_hochberg_rejects_four():
    """Their procedure rejects the four smallest at 0.05, where Bonferroni's rejects three."""
    adjusted = benjamini_hochberg(PUBLISHED)
    assert [p <= 0.05 for p in adjusted] == [True] * 4 + [False] * 11
    assert sum(p <= 0.05 / 15 for p in PUBLISHED) == 3
    # As R's p.adjust(..., "BH") gives them: m p / rank, and no larger than those after it.
    assert adjusted[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])
    assert adjusted[4:9] == pytest.approx([0.0603, 0.06385714, 0.06385714, 0.0645, 0.0765], abs=1e-6)


@settings(deadline=None)  # the first call imports scipy.stats
@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_p_values_keep_their_order_and_never_shrink(p_values):
    adjusted = benjamini_hochberg(p_values)
    assert all(one >= p - 1e-12 for p, one in zip(p_values, adjusted, strict=True))
    ranked = [one for _, one in sorted(zip(p_values, adjusted, strict=True))]
    assert ranked == sorted(ranked)


def test_undefined_p_values_are_no_tests():
    assert math.isnan(benjamini_hochberg([math.nan, 0.04])[0])
    assert benjamini_hochberg([math.nan, 0.04])[1] == pytest.approx(0.04)
    assert benjamini_hochberg([]) == []


def test_a_published_odds_ratio_and_its_interval():
    """Hay fever with and without eczema: 4.89 (4.00 to 5.99); Bland & Altman, The odds ratio, BMJ 2000;320:1468.

    Their cells are 141, 420, 928 and 13525; here 1 less each, since 1 is added.
    """
    found = odds_ratio(140, 140 + 419, 927, 927 + 13_524)
    assert round(found.value, 2) == 4.89
    assert (round(found.interval.lower, 2), round(found.interval.upper, 2)) == (4.00, 5.99)


def test_empty_cells_are_no_infinity():
    found = odds_ratio(10, 10, 0, 10)
    assert found.value == 121
    assert 0 < found.interval.lower < found.interval.upper < math.inf


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_swapping_the_groups_inverts_the_ratio(a, b, c, d):
    one, other = odds_ratio(a, a + b, c, c + d), odds_ratio(c, c + d, a, a + b)
    assert one.value * other.value == pytest.approx(1)
    assert one.interval.lower * other.interval.upper == pytest.approx(1)
