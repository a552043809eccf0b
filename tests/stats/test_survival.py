"""Kaplan-Meier, against the best-known data set of the field."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.stats.proportions import normal_quantile
from pm_analytics.stats.survival import at, kaplan_meier, quantile

# Weeks in remission of 21 leukaemia patients on 6-mercaptopurine (Freireich et al. 1963; Gehan 1965); + is censored:
# 6, 6, 6, 6+, 7, 9+, 10, 10+, 11+, 13, 16, 17+, 19+, 20+, 22, 23, 25+, 32+, 32+, 34+, 35+
COUNTS = [
    (6, 3, 1), (7, 1, 0), (9, 0, 1), (10, 1, 1), (11, 0, 1), (13, 1, 0), (16, 1, 0), (17, 0, 1), (19, 0, 1), (20, 0, 1),
    (22, 1, 0), (23, 1, 0), (25, 0, 1), (32, 0, 2), (34, 0, 1), (35, 0, 1),
]  # fmt: skip
# Survival and Greenwood standard error at the events: Kleinbaum & Klein, Survival Analysis, 3rd ed., ch. 2; the same in
# R, summary(survfit(Surv(weeks, event) ~ 1)).
PUBLISHED = {
    6: (0.857, 0.0764), 7: (0.807, 0.0869), 10: (0.753, 0.0963), 13: (0.690, 0.1068), 16: (0.627, 0.1141),
    22: (0.538, 0.1282), 23: (0.448, 0.1346),
}  # fmt: skip


def test_the_published_survival_is_met_at_every_event():
    curve = {point.time: point for point in kaplan_meier(COUNTS)}
    assert {time: round(1 - curve[time].share, 3) for time in PUBLISHED} == {t: s for t, (s, _) in PUBLISHED.items()}
    assert curve[6].at_risk == 21
    assert (curve[10].at_risk, curve[10].events, curve[10].censored) == (15, 1, 1)


def test_the_interval_rests_on_the_published_standard_errors():
    z = normal_quantile(0.95)
    for point in kaplan_meier(COUNTS):
        if point.time not in PUBLISHED:
            continue
        survival, error = 1 - point.share, PUBLISHED[point.time][1]
        half = z * error / (survival * abs(math.log(survival)))  # delta method on log(-log S), Kalbfleisch & Prentice
        expected = (1 - survival ** math.exp(-half), 1 - survival ** math.exp(half))
        assert (point.ci_lower, point.ci_upper) == (
            pytest.approx(expected[0], abs=5e-4),
            pytest.approx(expected[1], abs=5e-4),
        )


def test_the_published_interval_at_the_first_event_is_met():
    # R, survfit(..., conf.type = "log-log"): 0.620 to 0.952 at week 6
    first = kaplan_meier(COUNTS)[0]
    assert (round(1 - first.ci_upper, 3), round(1 - first.ci_lower, 3)) == (0.620, 0.952)


def test_the_median_is_the_published_one():
    curve = kaplan_meier(COUNTS)
    assert quantile(curve, 0.5) == 23
    assert quantile(curve, 0.25) == 13
    assert math.isnan(quantile(curve, 0.9))


def test_the_last_point_at_or_before_a_time_is_found():
    curve = kaplan_meier(COUNTS)
    assert at(curve, 5.9) is None
    assert at(curve, 12).time == 11
    assert at(curve, 13).time == 13
    assert at([], 1) is None


def test_the_order_of_the_rows_does_not_matter():
    assert kaplan_meier(reversed(COUNTS))[3] == kaplan_meier(COUNTS)[3]


def test_without_events_nothing_has_happened_and_nothing_is_sure():
    (point,) = kaplan_meier([(5, 0, 3)])
    assert (point.share, point.at_risk) == (0, 3)
    assert math.isnan(point.ci_lower)
    assert kaplan_meier([]) == []


def test_when_it_has_happened_to_all_the_interval_is_undefined():
    point = kaplan_meier([(1, 2, 0), (2, 1, 0)])[-1]
    assert point.share == 1
    assert math.isnan(point.ci_upper)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), min_size=1, max_size=20))
def test_without_censoring_the_curve_is_the_plain_share(rows):
    counts = [(float(at), events, 0) for at, (_, events) in enumerate(rows)]
    total, done = sum(events for _, events, _ in counts), 0
    for point, (_, events, _) in zip(kaplan_meier(counts), counts, strict=True):
        done += events
        assert point.share == pytest.approx(done / total if total else 0)
