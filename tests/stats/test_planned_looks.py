"""Looks that are planned, against published boundaries."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pm_analytics.errors import ParameterError
from pm_analytics.stats.planned_looks import (
    boundaries,
    boundary_for_spending,
    nominal_p_value,
    obrien_fleming_constant,
    pocock_constant,
    sample_size_inflation,
    shaped_boundaries,
    spent,
)
from pm_analytics.stats.running_sums import crossing

LOOKS = (0.2, 0.4, 0.6, 0.8, 1.0)
SPENDING = ("obrien_fleming", "pocock", "kim_demets")


@pytest.mark.parametrize(
    ("asked", "published"),
    [
        # The program of Lan & DeMets (Reboussin et al. 2000; R package ldbounds), two-sided 0.05, five equal looks.
        ({"spending": "obrien_fleming"}, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ({"spending": "pocock"}, [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
        ({"spending": "kim_demets", "power": 1}, [2.5758, 2.4920, 2.4108, 2.3391, 2.2755]),
        ({"spending": "kim_demets", "power": 2}, [3.0902, 2.7141, 2.4725, 2.2799, 2.1140]),
        ({"spending": "kim_demets", "power": 3}, [3.5401, 2.9743, 2.6045, 2.3064, 2.0455]),
    ],
)
def test_published_boundaries_of_five_looks(asked, published):
    assert boundaries(LOOKS, **asked) == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    # Jennison & Turnbull (2000), tables 2.1 and 2.3, alpha = 0.05.
    [(1, 1.960, 1.960), (2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024), (5, 2.413, 2.040), (10, 2.555, 2.087)],
)
def test_the_classic_constants(looks, pocock, obrien_fleming):
    assert pocock_constant(looks) == pytest.approx(pocock, abs=1e-3)
    assert obrien_fleming_constant(looks) == pytest.approx(obrien_fleming, abs=1e-3)


def test_the_classic_boundaries_fall_with_the_root_of_the_information():
    found = shaped_boundaries([1000, 2000, 5000])
    assert np.array(found) * np.sqrt([0.2, 0.4, 1.0]) == pytest.approx(found[-1])
    assert crossing([0.2, 0.4, 1.0], found) == pytest.approx(0.05)
    assert len(set(shaped_boundaries([1, 2, 3], "pocock"))) == 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.02, 0.98), min_size=0, max_size=6, unique_by=lambda t: round(t, 2)),
    st.sampled_from(SPENDING),
    st.floats(0.001, 0.3),
    st.sampled_from([1, 2]),
)
def test_looks_at_any_times_spend_alpha_and_no_more(early, spending, alpha, sides):
    times = [*sorted(early), 1.0]
    found = boundaries(times, spending=spending, alpha=alpha, sides=sides)
    for look, t in enumerate(times, start=1):
        allowed = spent(t, spending=spending, alpha=alpha, sides=sides)
        assert crossing(times[:look], found[:look], sides=sides) == pytest.approx(allowed, rel=1e-6, abs=1e-12)
    assert spent(1.0, spending=spending, alpha=alpha, sides=sides) == alpha


def test_a_look_is_judged_without_knowing_the_looks_to_come():
    assert boundaries([0.13, 0.5]) == pytest.approx(boundaries([0.13, 0.5, 0.77, 1.0])[:2])


def test_more_looks_cost_more_at_the_end():
    last = [boundaries([(k + 1) / looks for k in range(looks)])[-1] for looks in (1, 2, 5, 20, 60)]
    assert last == sorted(last)
    assert last[0] == pytest.approx(norm.isf(0.025))


def test_a_first_look_long_before_the_end_may_spend_nothing():
    """What might be spent by then, 1e-37, judges no difference."""
    early, late = boundaries([0.03, 1.0])
    assert early == np.inf
    assert late == pytest.approx(norm.isf(0.025))


def test_an_overrun_spends_what_is_left_with_the_information_it_has():
    over, exact = boundaries([0.5, 1.2]), boundaries([0.5, 1.0])
    assert crossing([0.5, 1.2], over) == pytest.approx(0.05)
    assert exact[-1] < over[-1] < norm.isf(0.0249) + 0.02
    with pytest.raises(ParameterError, match="looks again after the planned end"):
        boundaries([0.5, 1.0, 1.2])
    with pytest.raises(ParameterError, match="looks again after the planned end"):
        boundaries([1.2, 1.3])


def test_an_end_before_the_planned_one_spends_what_is_left():
    assert crossing([0.5, 0.9], boundaries([0.5, 0.9])) < 0.04
    assert crossing([0.5, 0.9], boundaries([0.5, 0.9], final=True)) == pytest.approx(0.05)


@pytest.mark.parametrize(
    "bad", [[], [0.0, 1.0], [-0.1, 1], [0.5, 0.4], [0.5, 0.5, 1], [0.5, 0.5 + 1e-9], [np.nan], [np.inf]]
)
def test_looks_that_are_none_are_refused(bad):
    with pytest.raises(ParameterError):
        boundaries(bad)


@pytest.mark.parametrize("asked", [{"alpha": 0}, {"alpha": 1}, {"alpha": 5}, {"sides": 3}, {"spending": "all at once"}])
def test_plans_that_make_no_sense_are_refused(asked):
    with pytest.raises(ParameterError):
        boundaries([0.5, 1.0], **asked)


def test_what_may_be_spent_can_be_said_as_numbers():
    budget = [spent(t) for t in LOOKS]
    assert boundary_for_spending(LOOKS, budget) == boundaries(LOOKS)
    # Haybittle (1971) and Peto: a fixed small level early, nearly everything at the end.
    found = boundary_for_spending([0.5, 1.0], [0.001, 0.05])
    assert nominal_p_value(found[0]) == pytest.approx(0.001)
    assert crossing([0.5, 1.0], found) == pytest.approx(0.05)
    for bad in ([0.01], [0.02, 0.01], [0.5, 1.0], [-0.1, 0.05]):
        with pytest.raises(ParameterError, match="budget"):
            boundary_for_spending([0.5, 1.0], bad)


def test_a_one_sided_plan_at_half_the_level_is_the_two_sided_one():
    assert boundaries(LOOKS, alpha=0.025, sides=1) == pytest.approx(boundaries(LOOKS), abs=1e-4)


def test_the_level_of_a_look_by_itself():
    assert nominal_p_value(1.959964) == pytest.approx(0.05, abs=1e-7)
    assert nominal_p_value(2.413) == pytest.approx(0.0158, abs=1e-4)  # Pocock (1977), five looks
    assert nominal_p_value(1.644854, sides=1) == pytest.approx(0.05, abs=1e-7)
    assert nominal_p_value(np.inf) == 0.0


def test_twenty_looks_take_no_time():
    begun = time.perf_counter()
    boundaries([(k + 0.987) / 20 for k in range(20)])
    assert time.perf_counter() - begun < 0.5


def test_planned_looks_cost_a_few_percent_more_units():
    assert sample_size_inflation(1) == pytest.approx(1, abs=2e-3)
    found = [sample_size_inflation(looks) for looks in (2, 5, 14)]
    assert found == sorted(found)
    assert found[-1] < 1.05
    assert sample_size_inflation(5, power=0.9) == pytest.approx(1.025, abs=2e-3)
    assert sample_size_inflation(5, spending="kim_demets", exponent=1) > sample_size_inflation(5, spending="kim_demets")
    for bad in ({"looks": 0}, {"looks": 5, "power": 0.01}, {"looks": 5, "power": 1}):
        with pytest.raises(ParameterError):
            sample_size_inflation(**bad)
