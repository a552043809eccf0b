"""Views of an experiment against a slow telling over rows in memory, also where chance decided on groups."""

from __future__ import annotations

import math
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import DataError
from pm_analytics.stats.effects import compare_means
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.ratios import compare_ratios
from pm_analytics.stats.waiting import compare_restricted_means

START = pd.Timestamp("2026-03-02", tz="UTC")
END = START + pd.Timedelta(days=24)
DAY, WEEK = pd.Timedelta(days=1), pd.Timedelta(days=7)
M = pm.Metric
SPLIT = {"control": 1, "treatment": 1}
SAVES = M.count("save", within="7 days")


@pytest.fixture(scope="module")
def world():
    """1,200 users of 80 accounts, exposed over ten days, saving things for three weeks; the data end before all do."""
    rng = np.random.default_rng(8)
    n, accounts = 1_200, 80
    account = rng.integers(0, accounts, n)
    keen = rng.gamma(4, 0.1, accounts)
    exposures = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(n)],
            "variant": np.where(account % 2 == 0, "control", "treatment"),
            "timestamp": START + pd.to_timedelta(rng.integers(0, 10 * 86_400, n), unit="s"),
            "country": rng.choice(["NL", "DE"], n),
            "account": [f"a{i}" for i in account],
            "y": rng.normal(10, 1, n),
        }
    )
    rows = [
        (user, event, at + day * DAY + pd.Timedelta(minutes=int(rng.integers(0, 1_440))))
        for user, at, who in zip(exposures["user_id"], exposures["timestamp"], account, strict=True)
        for day in range(20)
        for event in ("save", "open", "pay")
        if rng.random() < keen[who] * (1 if event == "save" else 0.3)
    ]
    events = pd.DataFrame([*rows, ("late", "save", END)], columns=["user_id", "event", "timestamp"])
    return exposures, events[events["timestamp"] <= END].reset_index(drop=True)


@pytest.fixture(scope="module")
def log(world):
    return pm.EventLog.from_frame(world[1])


def ask(log, exposures, metric=SAVES, **plan):
    frame = exposures if "cluster" in plan else exposures.drop(columns="account")
    return pm.experiment(log, pm.Exposures.from_frame(frame), pm.ExperimentPlan(metric, split=SPLIT, **plan))


def since(world):
    """Every event after its unit's exposure, with the time since then."""
    joined = world[1].merge(world[0].rename(columns={"timestamp": "at"}), on="user_id")
    joined["since"] = joined["timestamp"] - joined["at"]
    return joined[joined["since"] >= pd.Timedelta(0)]


def with_saves(world):
    """Units whose week is over, with what they saved in it, and the day on which it was over."""
    saves = since(world).query("event == 'save' and since <= @WEEK").groupby("user_id").size()
    table = world[0].assign(value=saves.reindex(world[0]["user_id"]).fillna(0).to_numpy())
    table["over"] = table["timestamp"] + WEEK
    return table[table["over"] <= END].assign(day=lambda t: t["over"].dt.date)


def of_values(table):
    return [
        Moments.of_values(table.loc[table["variant"] == name, "value"].to_numpy()).arm([1.0])
        for name in ("treatment", "control")
    ]


def of_groups(table, top="value", bottom=None):
    """One row per account and variant: the sum of what was done, and of what it is a share of."""
    table = table.assign(below=1.0 if bottom is None else table[bottom])
    sums = table.groupby(["variant", "account"])[[top, "below"]].sum()
    return [Moments.of_values(sums.loc[name].to_numpy(dtype=float)) for name in ("treatment", "control")]


def test_each_day_holds_everybody_whose_window_was_over_by_then(world, log):
    found = ask(log, world[0]).over_time().to_frame()
    table = with_saves(world)
    assert len(found) == table["day"].nunique()
    for row in found.itertuples():
        expected = compare_means(*of_values(table[table["day"] <= row.day]))
        assert row.difference == pytest.approx(expected.difference, nan_ok=True)
        assert (row.ci_lower, row.ci_upper) == pytest.approx((expected.ci_lower, expected.ci_upper), nan_ok=True)


def test_single_days_are_those_of_exposure(world, log):
    found = ask(log, world[0]).by_day().to_frame()
    table = with_saves(world).assign(day=lambda t: t["timestamp"].dt.date)
    assert found["day"].tolist() == sorted(table["day"].unique())
    for row in found.itertuples():
        expected = compare_means(*of_values(table[table["day"] == row.day]))
        assert row.difference == pytest.approx(expected.difference)
        assert row.ci_upper == pytest.approx(expected.ci_upper)
        assert math.isnan(row.safe_ci_lower)


def test_the_band_of_the_last_day_is_the_interval_of_a_plan_that_allows_looking(world, log):
    found = ask(log, world[0], looks="anytime", planned_units=2_000)
    last, row = found.over_time().to_frame().iloc[-1], found.to_frame().iloc[0]
    assert (last["safe_ci_lower"], last["safe_ci_upper"]) == pytest.approx((row["ci_lower"], row["ci_upper"]))
    claim = found.over_time().claims()[0]
    assert (claim.ci_lower, claim.ci_upper) == (last["safe_ci_lower"], last["safe_ci_upper"])


def test_a_group_that_comes_on_several_days_stays_one_group(world, log):
    result = ask(log, world[0], cluster="account")
    found = result.over_time().to_frame()
    table = with_saves(world)
    for row in found.iloc[4:].itertuples():
        expected = compare_ratios(*of_groups(table[table["day"] <= row.day]))
        assert row.difference == pytest.approx(expected.difference)
        assert (row.ci_lower, row.ci_upper) == pytest.approx((expected.ci_lower, expected.ci_upper))
    last = result.to_frame().iloc[0]
    assert (found["ci_lower"].iloc[-1], found["ci_upper"].iloc[-1]) == pytest.approx(
        (last["ci_lower"], last["ci_upper"])
    )


@pytest.mark.parametrize(
    "plan", [{"covariates": ["country"]}, {"pre_period": "7 days"}, {"covariates": ["country", "y"]}]
)
def test_the_last_day_is_adjusted_as_the_result_is(world, log, plan):
    result = ask(log, world[0], **plan)
    last, row = result.over_time().to_frame().iloc[-1], result.to_frame().iloc[0]
    for column in ("difference", "ci_lower", "ci_upper", "variant_users"):
        assert last[column] == pytest.approx(row[column])


def by_day_since(world, event="save", days=7):
    """Per unit and day since exposure that was observed in full: whether, and how often, it was done."""
    counted = since(world)
    counted = counted[counted["event"] == event].assign(day=lambda t: t["since"] // DAY)
    each = counted.groupby(["user_id", "day"]).size()
    rows = []
    for unit in world[0].itertuples():
        whole = min(days, (END - unit.timestamp + pd.Timedelta(microseconds=1)) // DAY)
        rows += [
            (unit.user_id, unit.variant, unit.account, day, float(each.get((unit.user_id, day), 0)))
            for day in range(whole)
        ]
    return pd.DataFrame(rows, columns=["user_id", "variant", "account", "day", "value"])


def test_a_day_since_exposure_is_of_the_units_that_were_watched_for_all_of_it(world, log):
    metric = M.count("save", within="21 days")
    found = ask(log, world[0], metric).since_exposure().to_frame().set_index("days_since_exposure")
    table = by_day_since(world, days=21)
    sizes = found["variant_users"].tolist()
    assert sizes[0] > sizes[-1], "later days have fewer units behind them"
    for day, part in table.groupby("day"):
        expected = compare_means(*of_values(part))
        if min(expected.control, expected.variant) >= 0 and day in found.index:
            assert found.loc[day, "variant_users"] == (part["variant"] == "treatment").sum()
            assert found.loc[day, "difference"] == pytest.approx(expected.difference)
            assert found.loc[day, "error"] == pytest.approx(expected.error)


def test_days_since_exposure_end_with_the_window_and_begin_after_what_does_not_count(world, log):
    days = ask(log, world[0]).since_exposure().to_frame()["days_since_exposure"]
    assert days.tolist() == list(range(7))
    back = M.retention("save", after="3 days", within="6 days")
    assert ask(log, world[0], back).since_exposure().to_frame()["days_since_exposure"].tolist() == [3, 4, 5]
    with pytest.raises(DataError, match="No whole day"):
        ask(log, world[0], M.count("save", within="20 hours")).since_exposure()


def test_days_since_exposure_take_their_spread_from_groups(world, log):
    found = ask(log, world[0], cluster="account").since_exposure().to_frame().set_index("days_since_exposure")
    for day, part in by_day_since(world).groupby("day"):
        expected = compare_ratios(*of_groups(part))
        assert found.loc[day, "difference"] == pytest.approx(expected.difference)
        assert found.loc[day, "error"] == pytest.approx(expected.error)


def funnel(world, events, within=WEEK):
    """Per unit whose window is over: which steps it got to, in order."""
    counted = since(world)
    counted = counted[counted["since"] <= within]
    table = world[0][world[0]["timestamp"] + within <= END].copy()
    reached = table.set_index("user_id")["timestamp"]
    for place, event in enumerate(events, start=1):
        rows = counted[counted["event"] == event].merge(reached.rename("reached"), left_on="user_id", right_index=True)
        reached = rows[rows["timestamp"] >= rows["reached"]].groupby("user_id")["timestamp"].min()
        table[f"step_{place}"] = table["user_id"].isin(reached.index).astype(float)
    return table


def test_steps_count_units_in_order_and_take_their_spread_from_groups(world, log):
    metric = M.funnel(["open", "pay"], within="7 days", name="paying")
    table = funnel(world, ["open", "pay"])
    found = ask(log, world[0], metric, cluster="account").steps().to_frame()
    for place, way, top, bottom in (
        (1, "of all exposed", "step_1", None),
        (2, "of all exposed", "step_2", None),
        (2, "of those who made the step before", "step_2", "step_1"),
    ):
        row = found[(found["step_number"] == place) & (found["way"] == way)].iloc[0]
        expected = compare_ratios(*of_groups(table, top, bottom))
        assert row["difference"] == pytest.approx(expected.difference)
        assert (row["ci_lower"], row["ci_upper"]) == pytest.approx((expected.ci_lower, expected.ci_upper))
        treated = table[table["variant"] == "treatment"]
        assert row["variant_users"] == (len(treated) if bottom is None else treated[bottom].sum())


def test_the_more_steps_the_more_it_takes_to_name_one():
    rows, exposures = [("z", "a", END)], []
    for i in range(400):
        treated, place, at = i % 2, i // 2, START + pd.Timedelta(minutes=i)
        exposures.append((f"u{i}", "treatment" if treated else "control", at))
        passed = 1 + (place < (121 if treated else 100)) * (1 + (place % 2) * (1 + place // 2 % 2))
        rows += [(f"u{i}", event, at + (1 + k) * DAY / 24) for k, event in enumerate("abcd"[:passed])]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp"]))
    people = pm.Exposures.from_frame(pd.DataFrame(exposures, columns=["user_id", "variant", "timestamp"]))
    short, long = (
        pm.experiment(log, people, pm.ExperimentPlan(M.funnel(steps, within="1 day"), split=SPLIT)).steps()
        for steps in (["a", "b"], ["a", "b", "c", "d"])
    )
    p_values = long.to_frame().query("way == 'of those who made the step before'")["p_value"].tolist()
    assert 0.05 / 3 < p_values[1] < 0.05 < min(p_values[2:])
    assert "arises at step 2" in short.summary()
    assert "no step by itself" in long.summary()


def test_curves_begin_at_exposure_end_with_the_window_and_give_the_mean_of_the_result(world, log):
    metric = M.time_to("pay", within="7 days", name="wait")
    result = ask(log, world[0], metric)
    view = result.curves()
    row = result.to_frame().iloc[0]
    for _, curve in view.to_frame().groupby("variant"):
        first, last = curve.iloc[0], curve.iloc[-1]
        assert (first["days_since_exposure"], first["converted_share"]) == (0, 0)
        assert last["days_since_exposure"] == pytest.approx(7)
        assert curve["converted_share"].is_monotonic_increasing
        assert (curve["ci_lower"] <= curve["converted_share"]).all()
    assert view.means["treatment"].difference == row["difference"]
    first = since(world).query("event == 'pay'").groupby("user_id")["since"].min()
    waits = {}
    for name, part in world[0].groupby("variant"):
        done = first.reindex(part["user_id"]).dt.total_seconds().to_numpy() / 86_400
        watched = np.minimum((END - part["timestamp"]).dt.total_seconds().to_numpy() / 86_400, 7)
        waits[name] = [
            (min(d, w), int(d <= w), int(not d <= w)) for d, w in zip(np.nan_to_num(done, nan=99), watched, strict=True)
        ]
    expected = compare_restricted_means(waits["treatment"], waits["control"], 7)
    assert view.means["treatment"].difference == pytest.approx(expected.difference, abs=0.01)
    assert f"{expected.difference:+.2f}" in view.summary()


def test_curves_over_groups_are_shown_and_not_tested(world, log):
    view = ask(log, world[0], SAVES, exploratory=[M.time_to("pay", within="7 days")], cluster="account").curves()
    assert "not tested: chance decided on account" in view.summary()
    assert math.isnan(view.test.p_value)
    assert not view.means
    assert view.to_frame()["ci_lower"].isna().all()
    assert view.plot().to_dict()["description"]


def test_two_experiments_are_compared_with_the_values_that_were_decided_on(world, log):
    rng = np.random.default_rng(1)
    other = world[0][["user_id", "timestamp"]].assign(variant=rng.choice(["control", "b"], len(world[0])))
    table = with_saves(world).merge(other[["user_id", "variant"]].rename(columns={"variant": "other"}), on="user_id")
    positive = table.loc[table["value"] > 0, "value"]
    capped = ask(log, world[0], SAVES.but(cap=0.8)).overlap(other)
    part = table.assign(value=table["value"].clip(upper=positive.quantile(0.8)))
    for side, where in (("control", "the other off"), ("b", "the other on")):
        row = capped.to_frame().set_index("segment").loc[where]
        expected = compare_means(*of_values(part[part["other"] == side]))
        assert row["difference"] == pytest.approx(expected.difference)
        assert row["ci_lower"] == pytest.approx(expected.ci_lower)
    groups = ask(log, world[0], cluster="account").overlap(other)
    expected = compare_ratios(*of_groups(table[table["other"] == "control"]))
    first = groups.to_frame().iloc[0]
    assert first["ci_lower"] == pytest.approx(expected.ci_lower)
    assert first["variant_users"] == ((table["other"] == "control") & (table["variant"] == "treatment")).sum()
    direction = "smaller" if groups.found.contrast < 0 else "larger"
    assert f" {direction} (change " in groups.summary()


def test_views_of_a_log_that_lies_elsewhere_bring_the_exposures_there(world, log):
    frame = world[1].assign(timestamp=world[1]["timestamp"].dt.tz_localize(None))
    there = ibis.duckdb.connect().create_table("events", frame)
    elsewhere = pm.EventLog.from_table(there, user="user_id", event="event", time="timestamp", timezone="UTC")
    other = world[0][["user_id", "timestamp"]].assign(
        variant=np.where(np.arange(len(world[0])) % 3 == 0, "control", "b")
    )
    for plan in ({}, {"cluster": "account"}):
        for view in (
            lambda r: r.by("country"), lambda r: r.over_time(), lambda r: r.since_exposure(), lambda r: r.overlap(other),
        ):  # fmt: skip
            here, far = (view(ask(each, world[0], **plan)).to_frame() for each in (log, elsewhere))
            pd.testing.assert_frame_equal(here, far)


@pytest.fixture(scope="module")
def switched():
    """Forty periods of three hours, in which users ask for rides and pay for some."""
    rng = np.random.default_rng(2)
    starts = [START + pd.Timedelta(hours=3 * k) for k in range(40)]
    schedule = pd.DataFrame(
        {
            "start": starts,
            "end": [start + pd.Timedelta(hours=3) for start in starts],
            "variant": rng.permutation(["control", "treatment"] * 20),
        }
    )
    rows = [
        (f"u{rng.integers(80)}", rng.choice(["ask", "ride"]), START + pd.Timedelta(seconds=int(second)), round(fare, 2))
        for second, fare in zip(rng.integers(0, 40 * 10_800, 3_000), rng.gamma(2, 5, 3_000), strict=True)
    ]
    return schedule, pd.DataFrame(rows, columns=["user_id", "event", "timestamp", "fare"])


@pytest.mark.parametrize("washout", [None, "40 minutes"])
@pytest.mark.parametrize(
    ("metric", "top", "bottom"),
    [
        (
            M.conversion("ride"),
            lambda t: t[t["event"] == "ride"]["user_id"].nunique(),
            lambda t: t["user_id"].nunique(),
        ),
        (M.count("ride"), lambda t: (t["event"] == "ride").sum(), lambda t: t["user_id"].nunique()),
        (
            M.mean("ride", value="fare"),
            lambda t: t[t["event"] == "ride"]["fare"].sum(),
            lambda t: t["user_id"].nunique(),
        ),
        (M.ratio("ride", per="ask"), lambda t: (t["event"] == "ride").sum(), lambda t: (t["event"] == "ask").sum()),
    ],
    ids=["conversion", "count", "mean", "ratio"],
)
def test_a_switchback_counts_what_happened_in_each_period(switched, metric, top, bottom, washout):
    schedule, events = switched
    found = pm.switchback(pm.EventLog.from_frame(events), schedule, metric, washout=washout).to_frame()
    out = pd.Timedelta(washout or 0)
    for row, period in zip(found.itertuples(), schedule.itertuples(), strict=True):
        part = events[(events["timestamp"] >= period.start + out) & (events["timestamp"] < period.end)]
        assert (row.variant, row.base) == (period.variant, bottom(part))
        assert row.value == pytest.approx(top(part) / bottom(part))


def test_a_switchback_says_when_its_two_ways_of_judging_chance_disagree(switched):
    found = pm.switchback(pm.EventLog.from_frame(switched[1]), switched[0], M.count("ride"))
    assert "take it as unclear" not in found.summary()
    only = replace(
        found,
        found=replace(found.found, ci_lower=0.1, ci_upper=0.2, permutation_ci_lower=-0.1, permutation_ci_upper=0.3),
    )
    assert "Only the interval finds a difference, and not the permutation test: take it as unclear." in only.summary()
