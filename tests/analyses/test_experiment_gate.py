"""The gate finds what is broken before a number is read, and says it in words that lead to the fault."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import DataError

START = pd.Timestamp("2026-03-02", tz="UTC")
M = pm.Metric
RNG = np.random.default_rng(8)


def frame_of(n, *, odd=None, **columns):
    """Give n exposures, every second one of the treatment, over twenty days; every user is seen once."""
    variant = np.where(np.arange(n) % 2 == 0, "control", "treatment")
    at = START + pd.to_timedelta(np.sort(RNG.integers(0, 20 * 86_400, n)), unit="s")
    frame = pd.DataFrame(
        {"user_id": [f"u{i}" for i in range(n)], "variant": variant, "timestamp": at, "y": RNG.normal(5, 1, n)}
    )
    return frame.assign(**columns) if odd is None else odd(frame.assign(**columns))


def run(frame, *, log=None, metric=None, **plan):
    plan.setdefault("split", {"control": 1, "treatment": 1})
    return pm.experiment(
        log, pm.Exposures.from_frame(frame), pm.ExperimentPlan(metric or M.recorded("y", kind="mean"), **plan)
    )


def check(result, name):
    rows = {row.check: row for row in result.gate().itertuples()}
    return rows[name].status, rows[name].evidence


def test_a_sound_experiment_passes_every_check_or_says_why_it_was_not_made():
    result = run(frame_of(2_000, platform=RNG.choice(["web", "ios"], 2_000)))
    assert result.trusted
    assert set(result.gate()["status"]) <= {"passed", "not checked"}
    assert check(result, "sample ratio by property")[0] == "passed"


def test_who_explains_a_broken_split_is_named():
    """As in the case of Yammer: all new users were in the control."""
    frame = frame_of(2_000, joined="2026-01-01")
    new = frame_of(600, joined="2026-03-09").assign(variant="control", user_id=[f"n{i}" for i in range(600)])
    result = run(pd.concat([frame, new]))
    assert check(result, "sample ratio")[0] == "failed"
    assert "All 600 units with joined" in result.summary()
    assert "without them the split is 1,000 to 1,000" in result.summary()
    assert "left out of all of them" in result.summary()


def test_new_users_of_the_log_are_found_when_the_exposures_know_nothing():
    frame = frame_of(1_000)
    new = frame_of(400).assign(variant="control", user_id=[f"n{i}" for i in range(400)])
    old = [(user, "open", START - pd.Timedelta(days=9)) for user in frame["user_id"]]
    rows = [*old, *((user, "open", START + pd.Timedelta(days=21)) for user in new["user_id"])]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp"]))
    result = run(pd.concat([frame, new]), log=log, metric=M.conversion("open"))
    assert "All 400 units new since the first exposure are in control" in result.summary()


def test_a_split_that_changed_on_one_day_fails_though_the_whole_looks_right():
    frame = frame_of(4_000)
    day = frame["timestamp"].dt.day
    frame.loc[day == 5, "variant"] = "control"
    frame.loc[day == 9, "variant"] = "treatment"
    result = run(frame)
    assert check(result, "no missing days")[0] == "failed"
    assert check(result, "sample ratio by day")[0] == "failed"
    assert "2026-03-05" in check(result, "sample ratio by day")[1]
    assert not result.trusted


def test_a_property_that_goes_to_one_variant_fails():
    frame = frame_of(2_000, browser=RNG.choice(["a", "b"], 2_000))
    hit = frame.index[frame["browser"] == "b"]
    frame.loc[hit, "variant"] = np.where(RNG.random(len(hit)) < 0.8, "control", "treatment")
    rest = frame.index[frame["browser"] == "a"]
    frame.loc[rest, "variant"] = np.where(RNG.random(len(rest)) < 0.2, "control", "treatment")
    status, evidence = check(run(frame), "sample ratio by property")
    assert (status, "browser" in evidence) == ("failed", True)


def test_looking_daily_is_allowed_for_in_the_sample_ratio():
    result = run(frame_of(1_000), looks="anytime", planned_units=2_000)
    assert check(result, "sample ratio")[0] == "passed"
    assert "valid at every look" in check(result, "sample ratio")[1]


def test_an_outcome_just_before_its_exposure_fails():
    frame = frame_of(1_000)
    rows = [
        (user, "buy", at - pd.Timedelta(minutes=5))
        for user, at in zip(frame["user_id"], frame["timestamp"], strict=True)
    ]
    rows.append(("x", "open", START + pd.Timedelta(days=60)))
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp"]))
    result = run(frame, log=log, metric=M.conversion("buy", within="7 days"))
    status, evidence = check(result, "exposure before outcome")
    assert status == "failed"
    assert "1,000 units did 'buy' in the hour before" in evidence


def test_events_close_to_exposure_are_counted_by_unit_for_each_of_many_outcomes():
    """More events than have two bits each in one number; the hour itself counts, a minute more does not."""
    frame = frame_of(400)
    minutes = {-61: 0, -60: 1, -1: 1, 0: 2, 60: 2, 61: 0}
    names = [f"event_{k}" for k in range(35)]
    rows, expected = [], {name: [set(), set()] for name in names}
    for user, at in zip(frame["user_id"], frame["timestamp"], strict=True):
        for name, minute in zip(RNG.choice(names, 12), RNG.choice([*minutes, 0, 60], 12), strict=True):
            rows.append((user, name, at + pd.Timedelta(minutes=int(minute))))
            if minutes[int(minute)]:
                expected[name][minutes[int(minute)] - 1].add(user)
    rows += [("x", name, START + pd.Timedelta(days=60)) for name in names]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp"]))
    result = run(frame, log=log, metric=[M.count(name, within="30 minutes") for name in names])
    _, evidence = check(result, "exposure before outcome")
    for name in names:
        before, after = map(len, expected[name])
        assert f"{name!r}: {before:,} units in the hour before, {after:,} in the hour after" in evidence


def test_groups_that_differed_before_fail():
    frame = frame_of(2_000)
    frame["x"] = RNG.normal(5, 1, 2_000) + (frame["variant"] == "treatment") * 0.5
    result = run(frame, metric=M.recorded("y", kind="mean", before="x"))
    assert check(result, "alike before")[0] == "failed"
    assert "not alike before" in result.summary()


def test_values_that_are_missing_in_one_variant_more_than_in_the_other_fail():
    frame = frame_of(2_000)
    gone = (frame["variant"] == "treatment") & (RNG.random(2_000) < 0.3)
    result = run(frame.assign(y=frame["y"].mask(gone)))
    assert check(result, "missing values")[0] == "failed"
    even = run(frame.assign(y=frame["y"].mask(RNG.random(2_000) < 0.1)))
    assert check(even, "missing values")[0] == "noted"


def test_values_below_zero_are_noted_and_counted_as_they_are():
    frame = frame_of(400)
    frame.loc[3, "y"] = -40.0
    status, evidence = check(run(frame), "values below zero")
    assert status == "noted"
    assert "-40" in evidence


def test_chance_on_groups_is_found_out_and_named():
    frame = frame_of(2_000)
    frame["account_id"] = [f"{variant[0]}{i % 97}" for i, variant in enumerate(frame["variant"])]
    result = run(frame)
    assert check(result, "unit of chance")[0] == "failed"
    assert "cluster='account_id'" in result.summary()
    assert check(run(frame, cluster="account_id"), "unit of chance")[0] == "passed"


def test_a_cluster_that_was_not_what_chance_decided_on_fails():
    frame = frame_of(2_000, account_id=RNG.integers(0, 90, 2_000))
    assert check(run(frame, cluster="account_id"), "unit of chance")[0] == "failed"


def test_variants_that_differ_in_case_only_fail():
    frame = frame_of(900)
    frame.loc[frame.index[::3], "variant"] = "Control"
    result = pm.experiment(None, frame, pm.ExperimentPlan(M.recorded("y", kind="mean")))
    assert check(result, "as planned")[0] == "failed"


def test_a_plan_that_the_data_contradicts_is_noted():
    result = run(frame_of(1_000), starts="2026-03-05", ends="2026-03-12", planned_units=5_000)
    status, evidence = check(result, "as planned")
    assert status == "noted"
    for said in ("before the planned start", "after the planned end", "read early: 1,000 of 5,000"):
        assert said in evidence


def test_a_trigger_that_one_variant_meets_more_often_fails():
    frame = frame_of(2_000)
    met = frame[(frame["variant"] == "treatment") | (RNG.random(2_000) < 0.5)]
    rows = [
        (user, "opened", at + pd.Timedelta(minutes=1))
        for user, at in zip(met["user_id"], met["timestamp"], strict=True)
    ]
    rows.append(("x", "buy", START + pd.Timedelta(days=60)))
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp"]))
    result = run(frame, log=log, metric=M.conversion("buy"), trigger="opened")
    assert check(result, "trigger met alike")[0] == "failed"


def test_exposures_without_a_time_compare_what_was_recorded_beside_them():
    frame = frame_of(600).drop(columns="timestamp")
    result = run(frame)
    assert result.trusted
    assert check(result, "sample ratio by day")[0] == "not checked"
    assert result.exposed_between() == (None, None)
    with pytest.raises(DataError, match="no time"):
        result.over_time()


def test_a_table_is_pointed_at_and_not_copied():
    from pm_analytics import engine

    frame = frame_of(500)
    table = engine.store(frame.drop(columns="timestamp"), "given")
    exposures = pm.Exposures.from_table(table, unit="user_id", variant="variant")
    plan = pm.ExperimentPlan(M.recorded("y", kind="mean"))
    one = pm.experiment(None, exposures, plan).to_frame()
    two = pm.experiment(None, frame.drop(columns="timestamp"), plan).to_frame()
    assert one["difference"].iloc[0] == pytest.approx(two["difference"].iloc[0])


def test_every_view_is_withheld_with_the_numbers():
    frame = frame_of(900)
    frame.loc[frame.index[:300], "variant"] = "control"
    result = run(frame)
    for view in (result.over_time, result.alternatives, result.expect, lambda: result.by("variant")):
        with pytest.raises(DataError, match=r"withheld.*result.gate"):
            view()


@pytest.mark.parametrize("values", [[0, 0], [1, 1]])
def test_no_conversions_at_all_has_a_reason_and_never_a_bare_nan(values):
    frame = frame_of(400)
    frame["c"] = np.where(frame["variant"] == "control", *values)
    row = run(frame, metric=M.recorded("c")).to_frame().iloc[0]
    assert row["reason"]
    assert np.isnan(row["lift_ci_lower"])


@pytest.mark.parametrize("bad", [np.inf, 7.0])
def test_impossible_values_take_the_numbers_away_and_say_why(bad):
    frame = frame_of(400)
    frame["c"] = (RNG.random(400) < 0.3).astype(float)
    frame.loc[5, "c"] = bad
    row = run(frame, metric=M.recorded("c")).to_frame().iloc[0]
    assert np.isnan(row["difference"])
    assert "infinite" in row["reason"] or "0 or 1" in row["reason"]


def test_a_control_of_nothing_but_zeros_has_no_relative_change():
    """Sums are taken around a rough mean; what rounding leaves of a zero must not be divided by."""
    frame = frame_of(400)
    row = run(frame.assign(y=np.where(frame["variant"] == "control", 0.0, frame["y"]))).to_frame().iloc[0]
    assert row["control_value"] == 0
    assert np.isnan(row["lift"])
    assert "control value is zero" in row["reason"]


def test_a_metric_that_may_miss_nothing_stops_where_something_is_missing():
    frame = frame_of(400)
    frame.loc[7, "y"] = np.nan
    with pytest.raises(DataError, match=r"no value for 1 units of treatment and 0 of control.*refuse"):
        run(frame, metric=M.recorded("y", kind="mean", missing="refuse"))


def test_an_outcome_that_is_text_is_refused():
    with pytest.raises(DataError, match="holds string, not numbers"):
        run(frame_of(400, paid="yes"), metric=M.recorded("paid"))


def test_a_metric_of_which_nothing_is_known_has_a_reason():
    row = run(frame_of(400, z=np.nan), metric=M.recorded("z", kind="mean")).to_frame().iloc[0]
    assert row["reason"] == "an arm has no units"
