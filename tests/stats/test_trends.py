"""Does an effect fade? The slope of daily effects."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.errors import ParameterError
from pm_analytics.stats import trends
from pm_analytics.stats.trends import trend

DAYS = st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 20)), min_size=3, max_size=30)


@pytest.mark.parametrize("scale", ["day", "log"])
@given(DAYS)
def test_the_line_is_that_of_weighted_least_squares(scale, days):
    effects, errors = (np.array(each) for each in zip(*days, strict=True))
    at = np.arange(1.0, len(days) + 1)
    design = sm.add_constant(np.log(at) if scale == "log" else at)
    fit = sm.WLS(effects, design, weights=1 / errors**2).fit(cov_type="fixed scale")
    found = trend(effects, errors, scale=scale)
    assert found.slope == pytest.approx(fit.params[1], rel=1e-6, abs=1e-8)
    assert found.known.error == pytest.approx(fit.bse[1])
    assert found.known.p_value == pytest.approx(fit.pvalues[1], abs=1e-7)
    assert [found.start, found.end] == pytest.approx(fit.predict(design)[[0, -1]], rel=1e-6, abs=1e-6)
    assert found.dispersion == pytest.approx(fit.ssr / (len(days) - 2), rel=1e-6, abs=1e-8)


def test_scatter_beyond_the_daily_errors_widens_the_safe_interval_as_in_a_regression():
    effects = np.array([5.0, -3.0, 6.0, -4.0, 7.0, 0.0])
    found = trend(effects, [0.5] * 6)
    fit = sm.WLS(effects, sm.add_constant(np.arange(1.0, 7.0)), weights=[4] * 6).fit()
    assert found.dispersion > 10
    assert (found.safe.error, found.safe.p_value) == (pytest.approx(fit.bse[1]), pytest.approx(fit.pvalues[1]))
    assert [found.safe.ci_lower, found.safe.ci_upper] == pytest.approx(fit.conf_int()[1])


def test_less_scatter_than_expected_is_no_reason_for_more_confidence():
    found = trend([1.0, 2.0, 3.0, 4.0], [1.0] * 4)
    assert found.dispersion == pytest.approx(0, abs=1e-12)
    assert found.safe.error == found.known.error
    assert found.safe.ci_lower < found.known.ci_lower


def test_days_without_an_effect_leave_a_gap_and_not_a_shift():
    found = trend([1.0, math.nan, 3.0, 4.0, 9.0], [1.0, 1.0, 1.0, 1.0, 0.0])
    assert found.days == 3
    assert found.slope == pytest.approx(1)
    assert trend([1.0, 3.0, 4.0], [1.0] * 3, days=[1, 3, 4]).slope == pytest.approx(1)


@pytest.mark.parametrize(
    ("days", "reason"), [([], trends.TOO_FEW_DAYS), ([1, 2], trends.TOO_FEW_DAYS), ([3, 3, 3], trends.ONE_DAY)]
)
def test_a_trend_needs_three_days(days, reason):
    found = trend([1.0] * len(days), [1.0] * len(days), days=days)
    assert found.reason == reason
    assert all(map(math.isnan, (found.slope, found.known.p_value, found.safe.p_value, found.start)))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"days": [1, 2]}, "give one of each"),
        ({"scale": "week"}, "write 'day' or 'log'"),
        ({"scale": "log", "days": [0, 1, 2]}, "number the days from 1"),
    ],
)
def test_what_makes_no_sense_is_refused(options, sentence):
    with pytest.raises(ParameterError, match=sentence):
        trend([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], **options)


@pytest.mark.slow
@pytest.mark.parametrize("extra", [0.0, 1.0])
def test_an_effect_that_stays_is_said_to_fade_in_one_of_twenty(extra):
    """With days that differ of themselves, the errors of the days alone cry wolf; the safe version does not."""
    rng, times = np.random.default_rng(6), 5000
    known, safe = 0, 0
    for _ in range(times):
        errors = rng.uniform(0.5, 1.5, 14)
        found = trend(rng.normal(2, np.sqrt(errors**2 + extra)), errors)
        known += found.known.p_value < 0.05
        safe += found.safe.p_value < 0.05
    assert safe / times < 0.07
    assert 0.04 < known / times < 0.06 if extra == 0 else known / times > 0.15
