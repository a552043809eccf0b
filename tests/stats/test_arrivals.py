"""Cumulative different units: two weeks are not twice one week, and a forecast says how sure it is.

The products below are mixtures of pools, each with its chance of coming on a day, and of newcomers. They are others than
those with which the fit was tuned.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from pm_analytics.errors import ParameterError
from pm_analytics.stats.arrivals import WEEK, fit, fit_cumulative

PRODUCTS = {
    "a tool for every day": ([(8_000, 0.5), (2_000, 0.2), (5_000, 0.05)], 60),
    "a product for work": ([(1_500, 0.6), (2_500, 0.2), (3_000, 0.06)], 15),
    "a shop": ([(1_000, 0.3), (8_000, 0.06), (50_000, 0.01)], 200),
    "a magazine": ([(10_000, 0.5), (30_000, 0.15), (150_000, 0.02)], 1_500),
    "a travel site": ([(60_000, 0.008)], 150),
    "mostly newcomers": ([(300, 0.3)], 400),
    "rates of every kind": ([(300, float(p)) for p in np.linspace(0.005, 0.6, 20) ** 2 / 0.6], 40),
}


def first_days(pools, newcomers, rng, *, weekend=1.0, start=0, days=8 * WEEK):
    """Simulate units seen for the first time, and all units seen, per day."""
    pace = np.array([weekend if (day + start) % WEEK >= 5 else 1.0 for day in range(days)])
    new = rng.poisson(newcomers * pace).astype(float)
    active = new.copy()
    for size, chance in pools:
        left = size
        for day, chance_today in enumerate(1 - (1 - chance) ** pace):
            came = rng.binomial(left, chance_today)
            left -= came
            new[day] += came
            active[day] += rng.binomial(size, chance_today)
    return new, active


def worlds(seed, **asked):
    rng = np.random.default_rng(seed)
    for name, (pools, newcomers) in PRODUCTS.items():
        for weekend in (1.0, 0.4):
            for start in (0, 3, 5):
                yield name, *first_days(pools, newcomers, rng, weekend=weekend, start=start, **asked)


def errors(seed, days, *, with_active=False):
    """Relative errors of the forecasts for each week after the history, up to the eighth; and whether each was held."""
    off, held = [], []
    for _, new, active in worlds(seed):
        arrivals = fit(new[:days], active[:days] if with_active else None)
        truth = np.cumsum(new)
        for week in range(days // WEEK + 1, 9):
            forecast, came = arrivals.forecast(week), truth[WEEK * week - 1]
            off.append(forecast.units / came - 1)
            held.append(forecast.lower <= came <= forecast.upper)
    return np.array(off), np.array(held)


# The error that fit() states.
@pytest.mark.parametrize(("days", "mean", "most"), [(14, 0.05, 0.30), (21, 0.03, 0.13), (28, 0.02, 0.08)])
@pytest.mark.parametrize("with_active", [False, True])
def test_forecasts_up_to_the_eighth_week_stay_within_the_stated_error(days, mean, most, with_active):
    off, held = errors(7, days, with_active=with_active)
    assert np.abs(off).mean() <= mean
    assert np.abs(off).max() <= most
    assert held.mean() >= 0.88


def test_two_weeks_are_not_twice_one_week():
    for name, new, _ in worlds(8):
        arrivals, truth = fit(new[:14]), new.sum()
        # What a straight line from the first week, or from the second, would promise for the eighth week.
        straight = [8 * arrivals.by_week(1), arrivals.by_week(2) + 6 * (arrivals.by_week(2) - arrivals.by_week(1))]
        if name not in {"mostly newcomers", "a travel site"}:  # where there is little to level off
            assert arrivals.by_week(2) < 1.9 * arrivals.by_week(1)
            assert all(abs(arrivals.by_week(8) / truth - 1) < abs(line / truth - 1) for line in straight)


def test_what_was_counted_is_not_forecast():
    _, new, _ = next(worlds(9))
    arrivals = fit(new[:23])
    assert arrivals.days == 21
    assert arrivals.by_week(2) == new[:14].sum()
    found = arrivals.forecast(3)
    assert found.units == found.lower == found.upper == new[:21].sum()
    assert arrivals.by(10.5) == pytest.approx((new[:10].sum() + new[:11].sum()) / 2)


def test_units_only_ever_become_more_and_less_sure():
    for _, new, _ in worlds(10):
        arrivals = fit(new[:14])
        forecasts = [arrivals.forecast(week) for week in range(2, 30)]
        by_week = [forecast.units for forecast in forecasts]
        assert by_week == sorted(by_week)
        assert all(forecast.lower <= forecast.units <= forecast.upper for forecast in forecasts)
        widths = [forecast.upper - forecast.lower for forecast in forecasts]
        assert widths == sorted(widths)


def test_a_wider_confidence_gives_a_wider_interval():
    _, new, _ = next(worlds(11))
    narrow, wide = (fit(new[:14]).forecast(6, confidence=confidence) for confidence in (0.8, 0.99))
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


def test_the_weekday_on_which_a_history_begins_hardly_matters():
    rng = np.random.default_rng(12)
    pools, newcomers = PRODUCTS["a product for work"]
    found = []
    for start in range(WEEK):
        new, _ = first_days(pools, newcomers, rng, weekend=0.2, start=start)
        found.append(fit(new[:14]).by_week(8))
    assert max(found) / min(found) < 1.2


def test_the_same_history_summed_up_gives_the_same():
    _, new, active = next(worlds(13))
    assert fit_cumulative(np.cumsum(new), active) == fit(new, active)


# ----------------------------------------------------------------------------------------------------------- how long


def test_weeks_are_whole_and_enough():
    _, new, _ = next(worlds(14))
    arrivals = fit(new[:14])
    needed = arrivals.weeks_needed(0.97 * arrivals.by_week(5))
    assert (needed.weeks, needed.reason) == (5, "")
    assert arrivals.weeks_needed(1).weeks == 1
    assert arrivals.weeks_needed(arrivals.by_week(2)).weeks == 2


def test_a_closed_pool_levels_off_and_the_plateau_is_named():
    rng = np.random.default_rng(15)
    new, _ = first_days([(4_000, 0.3)], 0, rng)
    found = fit(new[:28]).weeks_needed(6_000)
    assert found.weeks is None
    assert found.plateau == pytest.approx(4_000, rel=0.05)
    assert f"{found.plateau:,.0f}" in found.reason
    assert "6,000" in found.reason


def test_nothing_is_promised_beyond_the_longest_time():
    arrivals = fit([10] * 7)
    assert arrivals.weeks_needed(10 * 7 * 30).weeks == 30
    assert arrivals.weeks_needed(10 * 7 * 30, most=26).weeks is None


# --------------------------------------------------------------------------------------------------------------- edges


def test_a_short_history_falls_back_to_a_steady_rate_and_says_so():
    arrivals = fit([100, 60, 50, 40, 30])
    assert "5 days are too few" in arrivals.reason
    assert arrivals.by(10) == pytest.approx(280 + 5 * 56)
    found = arrivals.forecast(4)
    assert (found.lower, found.upper) == (280, found.units)


def test_nearly_nobody_is_fitted_without_trouble():
    arrivals = fit([1] + [0] * 27)
    assert 1 <= arrivals.by_week(8) < 3
    assert math.isfinite(arrivals.forecast(8).upper)
    assert fit([0] * 14 + [3]).reason
    weekdays_only = fit([50, 30, 25, 20, 18, 0, 0, 15, 14, 13, 12, 11, 0, 0])
    assert 223 < weekdays_only.by_week(4) < 330


@pytest.mark.parametrize("bad", [[], [0, 0, 0], [5, -1, 3], [1, math.nan], [[1, 2], [3, 4]], [math.inf, 1]], ids=str)
def test_what_is_no_history_is_refused(bad):
    with pytest.raises(ParameterError, match="new units on each day"):
        fit(bad)


def test_two_histories_of_different_lengths_are_refused():
    with pytest.raises(ParameterError, match="daily_active has 2 days"):
        fit([3, 2, 1], [3, 3])


@pytest.mark.slow
@pytest.mark.parametrize("days", [14, 21, 28])
def test_intervals_hold_about_nine_of_ten(days):
    held = np.concatenate([errors(seed, days)[1] for seed in range(100, 106)])
    assert held.mean() >= 0.88
