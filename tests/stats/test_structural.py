"""The second opinions on one series, against published values and series of known truth."""

import json

import numpy as np
import pandas as pd
import pytest

from pm_analytics.errors import DataError
from pm_analytics.stats.fakes import season_of, terms_of
from pm_analytics.stats.segmented import autoregressive, of_counts, segmented
from pm_analytics.stats.structural import structural


@pytest.fixture
def cases(shared):
    return {case["name"]: case for case in json.loads((shared / "vectors" / "impact.json").read_text())}


def test_the_emissions_scandal_of_the_reference_notebook_is_reproduced(cases, shared):
    wanted = cases["bsts_volkswagen"]["expected"]
    prices = pd.read_csv(shared / "data" / "impact" / "ci_volks_data.csv", sep=" ")
    found = structural(prices["VolksWagen"], 246, prices[["BMW", "Allianz"]], draws=1_200, seed=2)
    spread = wanted["sd"]
    assert found.total == pytest.approx(wanted["cum"], abs=0.15 * spread)
    assert found.total_sd == pytest.approx(spread, rel=0.1)
    assert (found.total_lower, found.total_upper) == pytest.approx(wanted["ci95"], abs=0.25 * spread)
    assert found.lift == pytest.approx(wanted["rel"], abs=0.02)
    assert "memory" in found.reason  # prices linger, so the interval is too narrow, and it says so


def series(lift=0.0, *, seed=1, days=200, after=28):
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    helper = 50 + np.cumsum(rng.standard_normal(days))
    values = 100 + 2 * helper + 5 * (day % 7 == 5) + rng.standard_normal(days)
    values[days - after :] += lift
    return values, helper, days - after


def test_a_known_effect_is_found_with_gaps_and_a_week():
    values, helper, before = series(10.0)
    values[[20, 21, 180]] = np.nan
    found = structural(values, before, helper, season=7, draws=150, burn=50)
    assert found.ci_lower < 10.0 < found.ci_upper
    assert found.effect == pytest.approx(10.0, abs=1.0)
    assert found.reason == ""


def test_the_same_seed_gives_the_same_draws_and_units_only_scale_them():
    values, helper, before = series(5.0)
    first = structural(values, before, helper, draws=80, burn=20)
    again = structural(values, before, helper, draws=80, burn=20)
    scaled = structural(1000 * values + 7, before, helper, draws=80, burn=20)
    assert first.total_lower == again.total_lower
    assert scaled.effect == pytest.approx(1000 * first.effect, rel=1e-6)


def test_a_series_that_does_not_vary_says_so_and_gaps_in_helpers_are_refused():
    assert "does not vary" in structural(np.ones(40), 30, draws=20, burn=5).reason
    with pytest.raises(DataError, match="helper has gaps"):
        structural(np.arange(40.0), 30, np.full(40, np.nan))
    with pytest.raises(DataError, match="at least 10"):
        structural(np.arange(8.0), 5)


# Segmented regression


def test_the_sitemap_launch_of_the_published_study_is_reproduced(cases, shared):
    wanted = cases["itwiki_sitemaps_real_launch"]["expected"]
    views = pd.read_csv(shared / "data" / "impact" / "itwiki_pageviews.csv", parse_dates=["date"])
    kept = (views["access_method"] == "desktop") & (views["referrer_type"] == "external (search engine)")
    views = views[kept & (views["date"] > "2016-02-03")].set_index("date")["pageviews"] / 1e6
    views = views.drop(pd.date_range("2018-07-03", "2018-07-05"))
    days = ((views.index - pd.Timestamp("1970-01-01")) // pd.Timedelta(days=1)).to_numpy()
    terms = np.column_stack([terms_of(days), season_of(days, harmonics=4)])
    before = int((views.index < "2018-08-10").sum())
    found = segmented(views, terms, before, lags=28, slope=False)
    assert found.periods == wanted["n"]
    assert found.effect == pytest.approx(wanted["step_ols"], abs=1e-5)
    assert found.error == pytest.approx(wanted["se_hac28"], rel=1e-4)
    assert (found.ci_lower, found.ci_upper) == pytest.approx(wanted["ci95"], abs=1e-5)
    lingering = autoregressive(views, terms, before, order=(2, 1))
    assert lingering.effect == pytest.approx(wanted["arma21_step"], abs=0.03)
    assert lingering.ci_lower < 0 < lingering.ci_upper


def test_step_and_slope_are_found_and_their_mean_is_the_effect():
    rng = np.random.default_rng(2)
    day = np.arange(300)
    post = (day >= 250).astype(float)
    values = 10 + 0.05 * day + 4 * post + 0.2 * post * (day - 250) + rng.standard_normal(300)
    found = segmented(values, np.column_stack([np.ones(300), day]), 250)
    assert (found.step, found.slope) == pytest.approx((4, 0.2), abs=0.9)
    assert found.effect == pytest.approx(4 + 0.2 * 24.5, abs=0.8)
    assert found.ci_lower < 4 + 0.2 * 24.5 < found.ci_upper


def test_noise_that_lingers_makes_the_plain_interval_too_narrow_and_the_other_one_right():
    plain, allowed = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        noise = np.zeros(300)
        for day in range(1, 300):
            noise[day] = 0.7 * noise[day - 1] + rng.standard_normal()
        terms = np.column_stack([np.ones(300), np.arange(300)])
        for found, kept in (
            (segmented(noise, terms, 260, slope=False), plain),
            (autoregressive(noise, terms, 260), allowed),
        ):
            kept.append(found.ci_lower <= 0 <= found.ci_upper)
    assert np.mean(plain) < 0.8 < np.mean(allowed)


def test_counts_give_a_rate_ratio():
    rng = np.random.default_rng(3)
    people = np.linspace(1000, 1500, 120)
    rate = np.where(np.arange(120) >= 80, 0.8, 1.0) * 0.05
    counts = rng.poisson(people * rate)
    found = of_counts(counts, np.ones((120, 1)), 80, exposure=people)
    assert found.ci_lower < 0.8 < found.ci_upper
    with pytest.raises(DataError, match="below zero"):
        of_counts(-counts - 1, np.ones((120, 1)), 80)


def test_too_few_periods_are_refused():
    with pytest.raises(DataError, match="too few"):
        segmented(np.arange(8.0), np.ones((8, 1)), 4)
