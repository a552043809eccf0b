"""Every kind of metric gives, from sums in the engine, what a slow telling over rows in memory gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import ParameterError
from pm_analytics.stats.adjustment import adjusted
from pm_analytics.stats.effects import compare_means
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.quantiles import quantile_arm
from pm_analytics.stats.ratios import compare_ratios
from pm_analytics.stats.waiting import restricted_mean

START = pd.Timestamp("2026-03-01", tz="UTC")
DAY = pd.Timedelta(days=1)
WEEK = 7 * DAY
M = pm.Metric


@pytest.fixture(scope="module")
def world():
    """600 users exposed over ten days; visits, orders with an amount, and slow pages, before and after."""
    rng = np.random.default_rng(3)
    exposures = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(600)],
            "variant": np.where(np.arange(600) % 2 == 0, "control", "treatment"),
            "timestamp": START + pd.to_timedelta(rng.integers(0, 10 * 86_400, 600), unit="s"),
            "country": rng.choice(["NL", "DE", "FR"], 600),
            "account_id": [f"a{i // 2 % 40}-{i % 2}" for i in range(600)],
            "tenure": np.where(rng.random(600) < 0.3, np.nan, rng.gamma(2, 30, 600).round(1)),
        }
    )
    keen = rng.gamma(2, 1, 600)
    rows = []
    for i, (user, at) in enumerate(zip(exposures["user_id"], exposures["timestamp"], strict=True)):
        for event, rate in (("visit", 2.0), ("order", 0.7), ("page", 3.0)):
            for _ in range(rng.poisson(rate * keen[i] * 2)):
                moment = at + pd.Timedelta(seconds=int(rng.integers(-30 * 86_400, 20 * 86_400)))
                rows.append((user, event, moment, round(rng.lognormal(3, 1), 2), rng.choice(["web", "app"])))
    rows.append(("late", "visit", START + 40 * DAY, 1.0, "web"))
    events = pd.DataFrame(rows, columns=["user_id", "event", "timestamp", "amount", "place"])
    return exposures, events


@pytest.fixture(scope="module")
def log(world):
    return pm.EventLog.from_frame(world[1])


def ask(log, world, metric, **plan):
    # Chance decided on users; a column in which it seems to have decided on groups would be found out.
    frame = world[0] if "cluster" in plan else world[0].drop(columns="account_id")
    return pm.experiment(log, pm.Exposures.from_frame(frame), pm.ExperimentPlan(metric, **plan))


def row(log, world, metric, **plan):
    return ask(log, world, metric, **plan).to_frame().iloc[0]


def after(world, event, *, end=WEEK):
    """Join each event to its user's exposure; keep what falls into the window."""
    exposures, events = world
    joined = events.merge(exposures.rename(columns={"timestamp": "at"}), on="user_id")
    since = joined["timestamp"] - joined["at"]
    named = joined["event"].isin([event] if isinstance(event, str) else event) if event else True
    return joined[(since >= pd.Timedelta(0)) & (since <= end) & named]


def per_user(world, rows, value=None):
    """Fold rows to one number per user; users without any count 0."""
    found = rows.groupby("user_id")[value].sum() if value else rows.groupby("user_id").size()
    return found.reindex(world[0]["user_id"]).fillna(0.0).to_numpy()


def split(world, values):
    treated = (world[0]["variant"] == "treatment").to_numpy()
    return values[treated], values[~treated]


def same(found, effect):
    names = ["difference", "ci_lower", "ci_upper", "lift", "lift_ci_lower", "p_value"]
    assert found[names].tolist() == pytest.approx([getattr(effect, name) for name in names], rel=1e-9)


def test_a_count_and_a_sum_are_means_per_unit(log, world):
    orders = after(world, "order")
    for metric, values in (
        (M.count("order", within="7 days"), per_user(world, orders)),
        (M.mean("order", value="amount", within="7 days"), per_user(world, orders, "amount")),
        (M.count("order", within="7 days", where={"place": "web"}), per_user(world, orders[orders["place"] == "web"])),
    ):
        arms = [Moments.of_values(part).arm([1.0]) for part in split(world, values)]
        same(row(log, world, metric), compare_means(*arms))


def test_a_ratio_has_its_spread_over_units(log, world):
    pair = np.column_stack([per_user(world, after(world, "order")), per_user(world, after(world, "visit"))])
    expected = compare_ratios(*(Moments.of_values(part) for part in split(world, pair)))
    same(row(log, world, M.ratio("order", per="visit", within="7 days")), expected)


def test_a_quantile_has_its_spread_over_units(log, world):
    rows = after(world, "page")
    arms = [
        quantile_arm(part["amount"], 0.9, part["user_id"].to_numpy()).arm
        for _, part in sorted(rows.groupby("variant"), reverse=True)
    ]
    found = row(log, world, M.quantile("page", value="amount", at=0.9, within="7 days"))
    expected = compare_means(*arms)
    names = ["difference", "ci_lower", "ci_upper", "p_value"]
    assert found[names].tolist() == pytest.approx([getattr(expected, name) for name in names], rel=1e-9)


def test_retention_counts_who_came_back_between_two_moments(log, world):
    exposures, events = world
    joined = events.merge(exposures.rename(columns={"timestamp": "at"}), on="user_id")
    since = joined["timestamp"] - joined["at"]
    back = set(joined.loc[(since > 7 * DAY) & (since <= 14 * DAY), "user_id"])
    found = row(log, world, M.retention(after="7 days", within="14 days"))
    values = np.array([user in back for user in exposures["user_id"]], dtype=float)
    treated, control = split(world, values)
    assert (found["variant_value"], found["control_value"]) == pytest.approx((treated.mean(), control.mean()))


def test_a_funnel_follows_the_steps_in_order_from_exposure(log, world):
    exposures, events = world
    done = []
    for user, at in zip(exposures["user_id"], exposures["timestamp"], strict=True):
        mine = events[(events["user_id"] == user) & (events["timestamp"] >= at) & (events["timestamp"] <= at + WEEK)]
        reached = at
        for step in ("visit", "order", "page"):
            times = mine.loc[(mine["event"] == step) & (mine["timestamp"] >= reached), "timestamp"]
            reached = times.min() if len(times) else None
            if reached is None:
                break
        done.append(reached is not None)
    treated, control = split(world, np.array(done, dtype=float))
    found = row(log, world, M.funnel(["visit", "order", "page"], within="7 days"))
    assert (found["variant_value"], found["control_value"]) == pytest.approx((treated.mean(), control.mean()))


def test_time_to_is_the_mean_days_without_it_up_to_the_window(log, world):
    first = after(world, "order").assign(wait=lambda t: (t["timestamp"] - t["at"]).dt.total_seconds())
    waits = first.groupby("user_id")["wait"].min().reindex(world[0]["user_id"])
    values = waits.fillna(7 * 86_400.0).to_numpy() / 86_400
    done = waits.notna().to_numpy()
    arms = [
        restricted_mean([(float(v), int(d), int(not d)) for v, d in zip(part, hit, strict=True)], 7.0)
        for part, hit in zip(split(world, values), split(world, done), strict=True)
    ]
    found = row(log, world, M.time_to("order", within="7 days"))
    assert found["variant_value"] == pytest.approx(arms[0].mean, abs=0.005)
    assert found["difference"] == pytest.approx(compare_means(*arms).difference, abs=0.007)
    assert found["p_value"] == pytest.approx(compare_means(*arms).p_value, abs=0.02)


def test_what_was_before_is_taken_out_and_both_are_shown(log, world):
    exposures, events = world
    joined = events.merge(exposures.rename(columns={"timestamp": "at"}), on="user_id")
    before = joined["at"] - joined["timestamp"]
    past = per_user(world, joined[(before > pd.Timedelta(0)) & (before <= 14 * DAY) & (joined["event"] == "order")])
    now = per_user(world, after(world, "order"))
    pairs = [Moments.of_values(part) for part in split(world, np.column_stack([now, past, past == 0]))]
    expected = adjusted(*pairs)
    found = row(log, world, M.count("order", within="7 days"), pre_period="14 days")
    same(found, expected.effect())
    assert found["variance_reduction"] == pytest.approx(expected.variance_reduction)
    assert found["variance_reduction"] > 0.01


def test_values_are_capped_at_one_height_for_all_variants(log, world):
    values = per_user(world, after(world, "order"), "amount")
    cap = np.quantile(values[values != 0], 0.95)
    arms = [Moments.of_values(np.minimum(part, cap)).arm([1.0]) for part in split(world, values)]
    same(row(log, world, M.mean("order", value="amount", within="7 days", cap=0.95)), compare_means(*arms))


def test_a_word_known_before_is_a_stratum_and_a_number_a_covariate(log, world):
    from pm_analytics.stats.stratification import post_stratified

    values = per_user(world, after(world, "order"))
    table = world[0].assign(value=values)
    strata = [
        tuple(
            Moments.of_values(part.loc[part["variant"] == name, "value"].to_numpy()).arm([1.0])
            for name in ("treatment", "control")
        )
        for _, part in table.groupby("country")
    ]
    same(
        row(log, world, M.count("order", within="7 days"), covariates=["country"]),
        compare_means(*post_stratified(strata)),
    )
    known = world[0]["tenure"].fillna(0.0).to_numpy()
    columns = np.column_stack([values, known, world[0]["tenure"].isna()])
    expected = adjusted(*(Moments.of_values(part) for part in split(world, columns)))
    same(row(log, world, M.count("order", within="7 days"), covariates=["tenure"]), expected.effect())


def test_groups_that_chance_decided_on_are_what_is_counted(log, world):
    values = world[0].assign(value=per_user(world, after(world, "order")))
    sums = values.groupby(["variant", "account_id"])["value"].agg(["sum", "size"]).reset_index()
    pairs = [
        Moments.of_values(sums.loc[sums["variant"] == name, ["sum", "size"]].to_numpy())
        for name in ("treatment", "control")
    ]
    found = ask(log, world, M.count("order", within="7 days"), cluster="account_id")
    same(found._numbers.iloc[0], compare_ratios(*pairs))


def test_only_units_that_met_the_trigger_are_compared_from_then_on(log, world):
    rows = after(world, "visit", end=60 * DAY)
    met = rows.groupby("user_id")["timestamp"].min()
    exposures = world[0][world[0]["user_id"].isin(met.index)].assign(timestamp=lambda t: t["user_id"].map(met))
    expected = row(log, (exposures, world[1]), M.count("order", within="7 days"))
    found = row(log, world, M.count("order", within="7 days"), trigger="visit")
    assert found["variant_users"] == expected["variant_users"] < 300
    assert found["difference"] == pytest.approx(expected["difference"])


def test_the_order_of_rows_does_not_matter(log, world):
    exposures, events = world
    mixed = (exposures.sample(frac=1, random_state=1), events.sample(frac=1, random_state=2))
    metric = M.mean("order", value="amount", within="7 days", cap=0.9)
    plan = {"pre_period": "14 days", "covariates": ["country"]}
    one = row(log, world, metric, **plan)
    two = row(pm.EventLog.from_frame(mixed[1]), mixed, metric, **plan)
    assert one["difference"] == pytest.approx(two["difference"], rel=1e-12)
    assert one["p_value"] == pytest.approx(two["p_value"], rel=1e-9)


def test_a_mean_that_is_large_against_its_spread_keeps_its_spread():
    """A billion and a bit: the variance is that of the bit."""
    rng = np.random.default_rng(5)
    bits = rng.normal(0, 1, 2_000).round(6)
    frame = pd.DataFrame({"user_id": range(2_000), "variant": ["control", "treatment"] * 1_000, "timestamp": START})
    results = [
        pm.experiment(None, frame.assign(x=bits + shift), pm.ExperimentPlan(M.recorded("x", kind="mean")))
        for shift in (0.0, 1e9)
    ]
    errors = [r.to_frame()["ci_upper"].iloc[0] - r.to_frame()["ci_lower"].iloc[0] for r in results]
    assert errors[0] == pytest.approx(errors[1], rel=1e-5)


def test_a_recorded_null_is_not_known_unless_it_is_said_to_be_zero():
    frame = pd.DataFrame(
        {
            "user_id": range(40),
            "variant": ["control", "treatment"] * 20,
            "timestamp": START,
            "x": [1.0, 2.0, None, None] * 10,
        }
    )
    unknown = pm.experiment(None, frame, pm.ExperimentPlan(M.recorded("x", kind="mean")))
    zero = pm.experiment(None, frame, pm.ExperimentPlan(M.recorded("x", kind="mean", missing="zero")))
    assert (unknown.to_frame()["control_users"].iloc[0], unknown.to_frame()["control_value"].iloc[0]) == (10, 1.0)
    assert (zero.to_frame()["control_users"].iloc[0], zero.to_frame()["control_value"].iloc[0]) == (20, 0.5)
    assert unknown.immature == {"x": 20}


def test_the_value_before_sharpens_a_recorded_metric_and_new_units_stay():
    rng = np.random.default_rng(6)
    before = rng.gamma(2, 5, 1_000)
    frame = pd.DataFrame({"user_id": range(1_000), "variant": ["control", "treatment"] * 500, "timestamp": START})
    frame = frame.assign(y=before + rng.normal(0, 1, 1_000), x=np.where(rng.random(1_000) < 0.2, np.nan, before))
    found = pm.experiment(None, frame, pm.ExperimentPlan(M.recorded("y", kind="mean", before="x"))).to_frame().iloc[0]
    assert found["variant_users"] == 500
    assert found["variance_reduction"] > 0.6


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: M.retention(after="7 days", within="7 days"), "must be shorter"),
        (lambda: M.funnel(["visit"]), "at least two"),
        (lambda: M.funnel(["visit", "visit"]), "twice"),
        (lambda: M.recorded("x", kind="quantile"), "cannot be recorded"),
        (lambda: M.mean("order", value="amount", cap=95), "is a share"),
        (lambda: M.count("order", direction="sideways"), "no choice"),
    ],
)
def test_a_metric_that_makes_no_sense_says_why(made, said):
    with pytest.raises(ParameterError, match=said):
        made()


@pytest.mark.parametrize(
    "metric", [M.time_to("order", within="7 days"), M.quantile("page", value="amount", at=0.9, within="7 days")]
)
def test_what_is_not_counted_over_groups_is_refused_where_chance_decided_on_groups(log, world, metric):
    """Over single units, half of all tests of nothing would find something."""
    found = row(log, world, metric, cluster="account_id")
    assert np.isnan(found["difference"])
    assert np.isnan(found["p_value"])
    assert "decided on groups" in found["reason"]
