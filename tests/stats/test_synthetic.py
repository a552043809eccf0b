"""Synthetic controls against published values, and against launches of known size."""

import json

import numpy as np
import pandas as pd
import pytest

from pm_analytics.errors import DataError
from pm_analytics.stats.synthetic import conformal, in_space, in_time, leave_one_out, synthetic, synthetic_did


@pytest.fixture
def cases(shared):
    return {case["name"]: case for case in json.loads((shared / "vectors" / "impact.json").read_text())}


@pytest.fixture
def cigarettes(shared):
    frame = pd.read_csv(shared / "data" / "impact" / "prop99.csv", sep=";")
    wide = frame.set_index(["Year", "State"])["PacksPerCapita"].unstack()  # noqa: PD010
    return wide["California"].to_numpy(), wide.drop(columns="California"), int((wide.index <= 1988).sum())


def test_the_published_geographic_launch_is_reproduced(cases, shared):
    wanted = cases["synth_geolift"]["expected"]
    frame = pd.read_csv(shared / "data" / "impact" / "geolift_test.csv")
    wide = frame.assign(location=frame["location"].str.lower()).set_index(["date", "location"])["Y"].unstack()  # noqa: PD010
    cities = ["chicago", "portland"]
    donors = wide.drop(columns=cities)
    found = synthetic(wide[cities].mean(axis=1), donors, 90)
    assert found.effect == pytest.approx(wanted["att"], abs=0.01)
    assert 2 * found.total == pytest.approx(wanted["incremental"], abs=0.5)
    assert 100 * found.lift == pytest.approx(wanted["lift_pct"], abs=0.001)
    assert (found.distance, found.scaled_distance) == pytest.approx((wanted["l2"], wanted["scaled_l2"]), rel=1e-4)
    weights = dict(zip(donors.columns, found.weights, strict=True))
    assert {city: weights[city] for city in wanted["weights"]} == pytest.approx(wanted["weights"], abs=0.0005)
    tested = conformal(wide[cities].mean(axis=1), donors, 90)
    assert tested.shuffle_p_value == pytest.approx(wanted["conformal_p_iid"], abs=0.006)
    assert tested.block_p_value == pytest.approx(wanted["conformal_p_moving_block"], abs=1e-6)
    assert tested.ci_lower < found.effect < tested.ci_upper


def test_the_california_tobacco_program_is_reproduced(cases, cigarettes):
    wanted = cases["synth_prop99_outcome_only"]["expected"]
    california, others, before = cigarettes
    found = synthetic(california, others, before, demean=False)
    assert found.effect == pytest.approx(wanted["att"], abs=0.01)
    assert found.gap[-1] == pytest.approx(wanted["gap_2000"], abs=0.01)
    assert found.miss == pytest.approx(wanted["pre_rmspe"], abs=0.001)
    weights = dict(zip(others.columns, found.weights, strict=True))
    assert {state: weights[state] for state in wanted["weights"]} == pytest.approx(wanted["weights"], abs=0.002)
    space = in_space(california, others, before, demean=False)
    assert (space.rank, space.units) == (wanted["rank"], wanted["n_units"])
    assert space.p_value == pytest.approx(wanted["placebo_p"], abs=1e-6)
    assert space.ratio == pytest.approx(wanted["rmspe_ratio"], abs=0.01)
    fake = in_time(
        california, others, int((others.index <= 1988).sum()), int((others.index <= 1979).sum()), demean=False
    )
    assert fake == pytest.approx(wanted["in_time_placebo_1980_88_att"], abs=0.02)


def test_synthetic_difference_in_differences_is_reproduced(cases, cigarettes):
    wanted = cases["sdid_prop99"]["expected"]
    found = synthetic_did(*cigarettes)
    assert found.effect == pytest.approx(wanted["att"], abs=0.05)
    assert found.did == pytest.approx(wanted["did"], abs=0.01)


def product(effect=0.0, *, seed=1, donors=12, periods=80, before=60):
    rng = np.random.default_rng(seed)
    shared = np.cumsum(rng.standard_normal((periods, 2)), axis=0)
    loads = rng.uniform(0.5, 1.5, (2, donors + 1))
    units = 100 + shared @ loads + 0.5 * rng.standard_normal((periods, donors + 1))
    units[before:, 0] += effect
    return units[:, 0], units[:, 1:], before


def test_a_launch_of_known_size_is_found():
    found = synthetic(*product(5.0))
    assert found.effect == pytest.approx(5.0, abs=1.0)
    assert found.reason == ""
    assert found.weights.sum() == pytest.approx(1)
    assert found.weights.min() >= 0
    tested = conformal(*product(5.0))
    assert tested.ci_lower < 5.0 < tested.ci_upper
    assert tested.block_p_value < 0.05
    low, high = leave_one_out(*product(5.0))
    assert low <= found.effect <= high


def test_units_and_their_order_do_not_matter():
    y, others, before = product(3.0)
    order = np.random.default_rng(5).permutation(others.shape[1])
    assert synthetic(y, others[:, order], before).effect == pytest.approx(synthetic(y, others, before).effect, abs=1e-6)
    assert synthetic(1000 * y, 1000 * others, before).effect == pytest.approx(3.0 * 1000, rel=0.4)


def test_nothing_is_claimed_where_no_mix_moves_alike():
    _, others, before = product(0.0)
    rng = np.random.default_rng(9)
    found = synthetic(100 + np.cumsum(rng.standard_normal(80)) * 3, others, before)
    assert "no mix of the units" in found.reason


def test_ridge_weights_fit_better_where_the_simplex_does_not():
    y, others, before = product(0.0)
    y = 3 * (y - y[:before].mean()) + 100
    plain, more = synthetic(y, others, before), synthetic(y, others, before, ridge=True)
    assert more.scaled_distance < plain.scaled_distance


def test_the_test_by_shifting_seldom_finds_what_is_not_there():
    found = [conformal(*product(0.0, seed=seed, periods=60, before=50)).block_p_value <= 0.1 for seed in range(24)]
    assert np.mean(found) <= 0.25


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda y, d, b: (y, d[:, :1], b), "at least two units"),
        (lambda y, d, b: (np.where(np.arange(len(y)) == 3, np.nan, y), d, b), "not known in every period"),
        (lambda y, d, _: (y, d, 1), "too few"),
    ],
)
def test_bad_panels_are_refused(spoil, words):
    with pytest.raises(DataError, match=words):
        synthetic(*spoil(*product()))
