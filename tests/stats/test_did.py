"""Difference in differences and launches in waves, on panels whose truth is known."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from pm_analytics.errors import DataError
from pm_analytics.stats.did import did
from pm_analytics.stats.staggered import NEVER, staggered


def panel(effect=0.0, *, treated=12, others=15, before=20, after=10, drift=0.0, noise=1.0, seed=1):
    rng = np.random.default_rng(seed)
    units, periods = treated + others, before + after
    mine = np.arange(units) < treated
    cells = 50 + 5 * rng.standard_normal(units) + np.cumsum(rng.standard_normal(periods))[:, None]
    cells = cells + noise * rng.standard_normal((periods, units))
    cells = cells + np.arange(periods)[:, None] * drift * mine
    cells[before:] += effect * mine
    return cells, mine, before


def test_it_equals_the_interaction_of_a_regression():
    cells, mine, before = panel(2.0)
    periods, units = cells.shape
    post = np.repeat(np.arange(periods) >= before, units).astype(float)
    who = np.tile(mine, periods).astype(float)
    design = np.column_stack([np.ones(periods * units), who, post, who * post])
    fitted = sm.OLS(cells.ravel(), design).fit(
        cov_type="cluster", cov_kwds={"groups": np.tile(np.arange(units), periods)}
    )
    found = did(cells, mine, before)
    assert found.effect == pytest.approx(fitted.params[3], abs=1e-9)
    assert found.error == pytest.approx(fitted.bse[3], rel=0.06)  # CR1 and Welch differ by small-sample factors


def test_a_known_effect_is_found_and_the_forecast_is_what_would_have_been():
    cells, mine, before = panel(2.0, seed=2)
    found = did(cells, mine, before)
    assert found.ci_lower < 2.0 < found.ci_upper
    assert found.reason == ""
    assert np.nanmean(cells[before:][:, mine]) - found.base == pytest.approx(found.effect)
    assert found.permutation_p_value < 0.01
    assert found.leads.breakdown > 0


def test_groups_that_drifted_apart_before_are_refused():
    found = did(*panel(0.0, drift=0.3))
    assert "did not move alike" in found.reason
    assert found.leads.slope == pytest.approx(0.3, abs=0.05)


def test_the_power_of_the_lead_test_is_low_where_noise_is_large():
    assert did(*panel(2.0, noise=1.0)).leads.power > did(*panel(2.0, noise=8.0)).leads.power


def test_few_treated_units_are_refused_with_the_way_out():
    found = did(*panel(2.0, treated=3))
    assert "only 3 units got it" in found.reason
    assert "synthetic control" in found.reason


def test_units_known_on_one_side_only_are_left_out_and_counted():
    cells, mine, before = panel(2.0)
    cells[before:, 0] = np.nan
    found = did(cells, mine, before)
    assert (found.left_out, found.treated) == (1, 11)
    assert found.effect == pytest.approx(2.0, abs=0.6)


def test_intervals_and_lead_tests_keep_their_level():
    found = [did(*panel(0.0, treated=10, others=10, seed=seed)) for seed in range(300)]
    held = np.mean([each.ci_lower <= 0 <= each.ci_upper for each in found])
    false = np.mean([each.leads.p_value < 0.05 for each in found])
    assert 0.92 <= held <= 0.98
    assert 0.02 <= false <= 0.085


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c, m, _: (c, m, 0), "both sides"),
        (lambda c, m, b: (c, m[:-1], b), "names 26 units"),
        (lambda c, m, b: (c, np.zeros_like(m), b), "at least two of each"),
    ],
)
def test_bad_panels_are_refused(spoil, words):
    with pytest.raises(DataError, match=words):
        did(*spoil(*panel()))


# Waves


def waves(seed=1, *, units=120, periods=12, slope=0.5, never=0.3, noise=0.5):
    """Three waves whose effect grows with time; early waves more."""
    rng = np.random.default_rng(seed)
    first = rng.choice([3, 6, 9], units)
    first[rng.random(units) < never] = NEVER
    since = np.arange(periods)[:, None] - first
    on = (first != NEVER) & (since >= 0)
    size = np.where(first == 3, 2.0, 1.0)
    truth = np.where(on, size * (1 + slope * since), 0.0)
    cells = 10 + 3 * rng.standard_normal(units) + np.cumsum(rng.standard_normal(periods))[:, None] + truth
    return cells + noise * rng.standard_normal((periods, units)), first, truth, on


@pytest.mark.parametrize("controls", ["not yet", "never"])
def test_effects_that_grow_are_found_where_the_usual_regression_is_wrong(controls):
    cells, first, truth, on = waves()
    found = staggered(cells, first, controls=controls)
    assert found.overall.effect == pytest.approx(truth[on].mean(), abs=0.35)
    assert abs(found.two_way - truth[on].mean()) > 0.8
    assert found.forbidden > 0
    zero = next(each for each in found.events if each.label == 0)
    assert zero.ci_lower < 1.4 < zero.ci_upper + 0.5
    early = [each for each in found.events if each.label < 0]
    assert all(abs(each.effect) < found.band * each.error + 0.1 for each in early)


def test_without_a_never_group_the_last_wave_is_only_a_control():
    cells, first, truth, on = waves(never=0.0)
    found = staggered(cells, first)
    assert {each.label for each in found.waves} == {3, 6}
    with pytest.raises(DataError, match="No wave can be compared"):
        staggered(cells, first, controls="never")
    assert np.isfinite(truth[on].mean())


def test_two_groups_and_two_periods_are_plain_difference_in_differences():
    rng = np.random.default_rng(4)
    cells = rng.standard_normal((2, 40))
    first = np.where(np.arange(40) < 20, 1, NEVER)
    found = staggered(cells, first)
    plain = did(cells, first == 1, 1)
    assert found.overall.effect == pytest.approx(plain.effect)
    assert found.overall.error == pytest.approx(plain.error, rel=0.05)


@pytest.mark.parametrize(("controls", "theirs"), [("never", "never_treated"), ("not yet", "not_yet_treated")])
def test_waves_agree_with_the_library_that_is_made_for_them(controls, theirs):
    library = pytest.importorskip("diff_diff", reason="the extra 'did' is not installed")
    cells, first, _, _ = waves(3)
    periods, units = cells.shape
    frame = pd.DataFrame(
        {"y": cells.ravel(), "t": np.repeat(np.arange(1, periods + 1), units), "u": np.tile(np.arange(units), periods)}
    )
    frame["g"] = np.where(first == NEVER, 0, first + 1)[frame["u"]]
    wanted = library.CallawaySantAnna(control_group=theirs).fit(frame, "y", "u", "t", "g")
    events = wanted.aggregate("event_study").to_dataframe().set_index("event_time")
    found = staggered(cells, first, controls=controls)
    assert (found.overall.effect, found.overall.error) == pytest.approx(
        (float(wanted.overall_att), float(wanted.overall_se)), rel=1e-9
    )
    for each in found.events:
        said = events.loc[each.label]
        assert (each.effect, each.error) == pytest.approx((said["att"], said["se"]), rel=1e-9, abs=1e-12)


def test_waves_cover_their_truth():
    held = []
    for seed in range(200):
        cells, first, truth, _ = waves(seed)
        found = staggered(cells, first)
        # The waves are drawn anew each time: the truth is that of all such products, whose waves are of equal size.
        parts = [truth[t][first == wave].mean() for wave in (3, 6, 9) for t in range(wave, 12)]
        wanted = np.mean(parts)
        held.append(found.overall.ci_lower <= wanted <= found.overall.ci_upper)
    assert 0.9 <= np.mean(held) <= 0.99
