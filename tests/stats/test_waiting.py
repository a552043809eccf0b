"""Groups waiting for something, against the best-known data set of the field and independent tellings."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import survdiff

from pm_analytics.stats import waiting
from pm_analytics.stats.effects import ALL_ZERO, EMPTY, compare_shares
from pm_analytics.stats.survival import kaplan_meier
from pm_analytics.stats.waiting import (
    compare_restricted_means,
    compare_shares_by,
    log_rank,
    median_wait,
    medians,
    restricted_mean,
)

# Weeks in remission of leukaemia patients on 6-mercaptopurine and on placebo (Freireich et al. 1963; Gehan 1965).
DRUG = [
    (6, 3, 1), (7, 1, 0), (9, 0, 1), (10, 1, 1), (11, 0, 1), (13, 1, 0), (16, 1, 0), (17, 0, 1), (19, 0, 1), (20, 0, 1),
    (22, 1, 0), (23, 1, 0), (25, 0, 1), (32, 0, 2), (34, 0, 1), (35, 0, 1),
]  # fmt: skip
PLACEBO_WEEKS = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
PLACEBO = [(week, events, 0) for week, events in sorted(Counter(PLACEBO_WEEKS).items())]

UNITS = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=30)


def counted(units):
    """Rows of (time, events, censored) from units of (time, whether it happened)."""
    happened, censored = Counter(t for t, done in units if done), Counter(t for t, done in units if not done)
    return [(time, happened[time], censored[time]) for time in sorted(happened | censored)]


# ----------------------------------------------------------------------------------------------------------- log-rank


def test_the_published_log_rank_test_is_met():
    # Kleinbaum & Klein, Survival Analysis, 3rd ed., ch. 2: 16.793 with 19.25 and 10.75 events expected
    found = log_rank([DRUG, PLACEBO])
    assert found.statistic == pytest.approx(16.793, abs=5e-4)
    assert found.expected == (pytest.approx(19.25, abs=5e-3), pytest.approx(10.75, abs=5e-3))
    assert found.freedom == 1
    assert found.p_value == pytest.approx(4.17e-5, rel=1e-3)


@given(st.lists(UNITS, min_size=2, max_size=4))
def test_the_log_rank_test_of_any_groups_is_that_of_statsmodels(groups):
    found = log_rank([counted(units) for units in groups])
    assume(not math.isnan(found.statistic) and found.statistic > 1e-9)
    time, done, group = zip(
        *((time, done, group) for group, units in enumerate(groups) for time, done in units), strict=True
    )
    try:
        statistic, p_value = survdiff(np.array(time), np.array(done, dtype=int), np.array(group))
    except np.linalg.LinAlgError:  # a group that left before the first event; ours takes it out by the pseudo-inverse
        return
    assert (found.statistic, found.p_value) == (pytest.approx(statistic, rel=1e-6), pytest.approx(p_value, abs=1e-9))


def test_a_group_without_events_takes_part_and_one_without_units_does_not():
    nobody = [(30, 0, 10)]
    found = log_rank([PLACEBO, nobody, []])
    assert (found.freedom, found.reason) == (1, "")
    assert found.statistic == pytest.approx(log_rank([PLACEBO, nobody]).statistic)
    assert found.expected[2] == 0


def test_what_cannot_be_compared_has_a_reason():
    assert log_rank([PLACEBO]).reason == waiting.ONE_GROUP
    assert log_rank([PLACEBO, []]).reason == waiting.ONE_GROUP
    assert log_rank([]).reason == waiting.ONE_GROUP
    found = log_rank([[(3, 0, 4)], [(5, 0, 4)]])
    assert found.reason == waiting.NO_EVENTS
    assert math.isnan(found.p_value)


def test_rows_of_one_time_may_come_apart_and_in_any_order():
    apart = [(time, 0, 1) for time, _, censored in DRUG for _ in range(censored)]
    apart += [(time, 1, 0) for time, events, _ in DRUG for _ in range(events)]
    assert log_rank([apart, PLACEBO]).statistic == pytest.approx(log_rank([DRUG, PLACEBO]).statistic)
    assert kaplan_meier(apart) == kaplan_meier(DRUG)
    assert restricted_mean(apart, 20) == restricted_mean(DRUG, 20)


# ------------------------------------------------------------------------------------------------------------ medians


def test_the_published_medians_are_met():
    # Kleinbaum & Klein, ch. 2: medians of 23 and 8 weeks
    assert medians({"drug": DRUG, "placebo": PLACEBO}) == {"drug": 23, "placebo": 8}
    drug, placebo = median_wait(DRUG), median_wait(PLACEBO)
    # R, survfit(..., conf.type = "log-log"): 13 to NA, and 4 to 11
    assert (drug.value, drug.interval.lower, math.isnan(drug.interval.upper)) == (23, 13, True)
    assert (placebo.value, placebo.interval.lower, placebo.interval.upper) == (8, 4, 11)


def test_a_median_that_is_not_reached_is_not_given():
    found = median_wait([(2, 1, 0), (9, 0, 9)])
    assert math.isnan(found.value)
    assert math.isnan(found.interval.upper)
    assert math.isnan(median_wait([]).value)


# --------------------------------------------------------------------------------------------------- restricted means


def test_the_published_restricted_means_are_met():
    # R, print(survfit(Surv(time, cens) ~ treat, gehan), rmean = 35): 23.29 (2.83) and 8.67 (1.38)
    for arm, mean, error in ((DRUG, 23.29, 2.83), (PLACEBO, 8.67, 1.38)):
        found = restricted_mean(arm, 35)
        assert (found.mean, math.sqrt(found.variance / found.n)) == (
            pytest.approx(mean, abs=5e-3),
            pytest.approx(error, abs=5e-3),
        )


@given(st.lists(st.integers(1, 20), min_size=2, max_size=30), st.integers(1, 25))
def test_without_censoring_it_is_the_mean_of_what_was_waited(times, horizon):
    found = restricted_mean(counted([(time, True) for time in times]), horizon)
    waited = np.minimum(times, horizon)
    assert found.mean == pytest.approx(waited.mean())
    assert found.variance == pytest.approx(waited.var(), abs=1e-9)


@given(UNITS, st.floats(0.5, 12))
def test_it_is_the_area_under_the_curve(units, horizon):
    rows = counted(units)
    found = restricted_mean(rows, horizon)
    assume(not math.isnan(found.mean))
    edges = sorted({0.0, horizon, *(float(time) for time, _, _ in rows if time < horizon)})
    curve = kaplan_meier(rows)
    alive = [min((1 - point.share for point in curve if point.time <= start), default=1.0) for start in edges[:-1]]
    assert found.mean == pytest.approx(sum(s * (b - a) for s, (a, b) in zip(alive, pairwise(edges), strict=True)))


def test_the_difference_of_restricted_means_has_its_interval():
    found = compare_restricted_means(DRUG, PLACEBO, 20)
    assert found.difference == pytest.approx(16.1165 - 8.4286, abs=1e-4)
    assert found.ci_lower < found.difference < found.ci_upper
    assert found.error == pytest.approx(1.7817, abs=1e-4)
    assert found.reason == ""
    assert "Kaplan-Meier" in found.method


def test_before_anything_can_happen_the_mean_is_the_horizon():
    assert restricted_mean([(30, 1, 5)], 20).mean == 20
    found = compare_restricted_means([(30, 1, 5)], PLACEBO, 20)
    assert found.reason == waiting.NONE_IN_ARM
    assert found.difference == pytest.approx(20 - 8.4286, abs=1e-4)
    assert math.isnan(found.p_value + found.ci_lower + found.lift_ci_lower)


def test_a_watch_that_ends_before_the_horizon_leaves_it_unknown():
    for compare in (compare_restricted_means, compare_shares_by):
        for arms in (([(5, 1, 8)], PLACEBO), (PLACEBO, [(5, 1, 8)])):
            found = compare(*arms, 20)
            assert found.reason == waiting.TOO_SHORT
            assert math.isnan(found.difference + found.p_value)
        assert compare([], PLACEBO, 20).reason == EMPTY
    # When it happened to all before, nothing is left to be known.
    assert compare_restricted_means(DRUG, PLACEBO, 30).reason == ""


# -------------------------------------------------------------------------------------------------- shares by a horizon


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 9))
def test_without_censoring_shares_by_a_horizon_compare_as_shares(done, others, time):
    arms = [[(time, done, 0), (10, 0, 41 - done)], [(3, others, 0), (10, 0, 41 - others)]]
    found, plain = compare_shares_by(*arms, 9.5), compare_shares(done, 41, others, 41)
    for name in ("variant", "control", "ci_lower", "ci_upper", "lift_ci_lower", "lift_ci_upper", "p_value", "error"):
        assert getattr(found, name) == pytest.approx(getattr(plain, name), nan_ok=True, abs=1e-9)
    assert found.reason == plain.reason


def test_shares_by_a_horizon_are_read_off_the_curves_with_greenwoods_error():
    # Kleinbaum & Klein, ch. 2: the drug's survival is 0.753 with a standard error of 0.0963 at week 10
    found = compare_shares_by(DRUG, PLACEBO, 10)
    assert found.variant == pytest.approx(1 - 0.753, abs=5e-4)
    assert found.control == pytest.approx(13 / 21)
    assert found.error == pytest.approx(math.hypot(0.0963, math.sqrt(13 / 21 * 8 / 21 / 21)), abs=5e-5)
    assert found.ci_lower < found.difference < found.ci_upper < 0


def test_an_arm_without_events_still_has_an_interval():
    found = compare_shares_by([(4, 0, 5), (20, 0, 15)], PLACEBO, 10)
    assert (found.variant, found.reason) == (0, ALL_ZERO)
    assert found.ci_lower < found.difference < found.ci_upper < 0
    assert found.p_value < 0.001


@pytest.mark.slow
def test_intervals_by_a_horizon_hold_the_truth_under_censoring():
    """Exponential waits, half censored uniformly: share by 10 days, and restricted mean to 10 days."""
    rng = np.random.default_rng(1)
    rates, horizon, n = (0.06, 0.1), 10.0, 150
    share = [1 - math.exp(-rate * horizon) for rate in rates]
    mean = [(1 - math.exp(-rate * horizon)) / rate for rate in rates]
    held, repetitions = np.zeros(2), 1_500
    for _ in range(repetitions):
        arms = []
        for rate in rates:
            wait, watch = np.ceil(rng.exponential(1 / rate, n) * 24) / 24, np.floor(rng.uniform(2, 26, n) * 24) / 24
            ends, done = np.minimum(wait, watch).tolist(), (wait <= watch).tolist()
            arms.append(counted(list(zip(ends, done, strict=True))))
        by, until = compare_shares_by(*arms, horizon), compare_restricted_means(*arms, horizon)
        held += [
            by.ci_lower <= share[0] - share[1] <= by.ci_upper,
            until.ci_lower <= mean[0] - mean[1] <= until.ci_upper,
        ]
    assert (held / repetitions >= 0.935).all()
    assert (held / repetitions <= 0.965).all()
