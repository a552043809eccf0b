"""Intervals and tests of shares, against published values."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import (
    UNDEFINED,
    check_confidence,
    newcombe,
    normal_quantile,
    pooled_p_value,
    share,
    wilson,
)


def vectors(shared, kind):
    return [v for v in json.loads((shared / "vectors" / "ab.json").read_text()) if v["kind"] == kind]


# Newcombe (1998), "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 857-872,
# Table I, method 3 (score, no continuity correction).
@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(successes, trials, lower, upper):
    found = wilson(successes, trials)
    assert (round(found.lower, 4), round(found.upper, 4)) == (lower, upper)


# Newcombe (1998), "Interval estimation for the difference between independent proportions: comparison of eleven
# methods", Statistics in Medicine, Table II: the hybrid score interval (method ten), contrasts a to h.
@pytest.mark.parametrize(
    ("first", "second", "lower", "upper"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_gives_the_published_intervals(first, second, lower, upper):
    found = newcombe(*first, *second)
    assert (round(found.lower, 4), round(found.upper, 4)) == (lower, upper)


def test_the_shared_vectors_of_two_shares_are_met(shared):
    for vector in vectors(shared, "two_proportion"):
        counts = vector["input"]
        four = (
            counts["treatment_conversions"], counts["treatment_n"], counts["control_conversions"], counts["control_n"],
        )  # fmt: skip
        tolerance = {"rel": vector["tolerance"]["rtol"], "abs": vector["tolerance"]["atol"]}
        expected = vector["expected"]
        found = newcombe(*four)
        if "ci_newcombe" in expected:
            assert [found.lower, found.upper] == pytest.approx(expected["ci_newcombe"], **tolerance), vector["name"]
        if "p_value_pooled" in expected:
            assert pooled_p_value(*four) == (pytest.approx(expected["p_value_pooled"], **tolerance), "pooled z")


COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_the_pooled_test_is_the_chi_square_test_or_fishers_where_cells_are_small(first, second):
    table = [[first[0], first[1] - first[0]], [second[0], second[1] - second[0]]]
    p_value, test = pooled_p_value(*first, *second)
    if test == "none":
        assert first[0] + second[0] in {0, first[1] + second[1]}
        assert math.isnan(p_value)
    elif test == "pooled z":
        chi_square = stats.chi2_contingency(table, correction=False)
        assert chi_square.expected_freq.min() >= 5
        assert p_value == pytest.approx(chi_square.pvalue, abs=1e-12)
    else:
        assert stats.contingency.expected_freq(table).min() < 5
        assert p_value == pytest.approx(stats.fisher_exact(table).pvalue)


@given(COUNTS, COUNTS)
def test_newcombe_mirrors_when_the_arms_change_places(first, second):
    there, back = newcombe(*first, *second), newcombe(*second, *first)
    assert (there.lower, there.upper) == (pytest.approx(-back.upper), pytest.approx(-back.lower))
    assert -1 <= there.lower <= first[0] / first[1] - second[0] / second[1] <= there.upper <= 1


@given(COUNTS, st.floats(0.5, 0.999))
def test_wilson_holds_the_share_and_solves_its_own_equation(counts, confidence):
    (successes, trials), z = counts, normal_quantile(confidence)
    found, rate = wilson(successes, trials, confidence=confidence), successes / trials
    assert 0 <= found.lower <= rate <= found.upper <= 1
    for end in (found.lower, found.upper):
        assert abs(rate - end) == pytest.approx(z * math.sqrt(end * (1 - end) / trials), abs=1e-9)


def test_nobody_and_everybody_touch_the_ends():
    assert wilson(0, 50).lower == 0
    assert wilson(50, 50).upper == 1


def test_what_has_no_units_is_undefined_not_zero():
    assert wilson(0, 0) is UNDEFINED
    assert newcombe(0, 0, 5, 10) is newcombe(5, 10, 0, 0) is UNDEFINED
    assert math.isnan(share(0, 0))
    assert share(0, 5) == 0
    p_value, test = pooled_p_value(0, 0, 5, 10)
    assert (math.isnan(p_value), test) == (True, "none")


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, float("nan")])
def test_a_confidence_is_between_zero_and_one(confidence):
    with pytest.raises(ParameterError, match=r"write 0\.95 for 95 %"):
        check_confidence(confidence)
    with pytest.raises(ParameterError):
        wilson(1, 2, confidence=confidence)


def test_the_normal_quantile_is_the_known_one():
    assert round(normal_quantile(0.95), 6) == 1.959964
