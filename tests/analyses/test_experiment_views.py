"""Views of an experiment agree with each other, and with a slow telling over rows in memory."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import pm_analytics as pm
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.stats.effects import compare_means, compare_shares
from pm_analytics.stats.moments import Moments

START = pd.Timestamp("2026-03-02", tz="UTC")
DAY = pd.Timedelta(days=1)
M = pm.Metric
PLAN = {"split": {"control": 1, "treatment": 1}, "segments": ["country"]}


@pytest.fixture(scope="module")
def world():
    """2,000 users over two weeks; the variant helps in NL only, and its effect fades over a week."""
    rng = np.random.default_rng(11)
    n = 2_000
    exposures = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(n)],
            "variant": np.where(np.arange(n) % 2 == 0, "control", "treatment"),
            "timestamp": START + pd.to_timedelta(rng.integers(0, 14 * 86_400, n), unit="s"),
            "country": rng.choice(["NL", "DE", "FR"], n),
        }
    )
    rows = []
    for user, variant, at, country in exposures.itertuples(index=False):
        for day in range(10):
            better = variant == "treatment" and country == "NL"
            if rng.random() < 0.25 + (0.25 * max(0, 1 - day / 7) if better else 0):
                rows.append((user, "save", at + day * DAY + pd.Timedelta(minutes=5)))
        if rng.random() < 0.6:
            rows.append((user, "open", at + pd.Timedelta(minutes=1)))
            if rng.random() < (0.7 if variant == "treatment" else 0.5):
                rows.append((user, "pay", at + pd.Timedelta(minutes=9)))
    rows.append(("late", "save", START + 40 * DAY))
    return exposures, pd.DataFrame(rows, columns=["user_id", "event", "timestamp"])


@pytest.fixture(scope="module")
def result(world):
    plan = pm.ExperimentPlan(
        M.count("save", within="7 days", min_effect=0.05),
        exploratory=[
            M.funnel(["open", "pay"], within="1 day", name="paying"),
            M.time_to("pay", within="2 days", name="wait"),
        ],
        **PLAN,
    )
    return pm.experiment(pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(world[0]), plan)


def values(world):
    exposures, events = world
    joined = events.merge(exposures.rename(columns={"timestamp": "at"}), on="user_id")
    since = joined["timestamp"] - joined["at"]
    saves = joined[(joined["event"] == "save") & (since >= pd.Timedelta(0)) & (since <= 7 * DAY)]
    return exposures.assign(value=saves.groupby("user_id").size().reindex(exposures["user_id"]).fillna(0).to_numpy())


def arms(table):
    return [
        Moments.of_values(table.loc[table["variant"] == name, "value"].to_numpy()).arm([1.0])
        for name in ("treatment", "control")
    ]


def test_each_segment_has_the_effect_of_its_own_units(result, world):
    table = values(world)
    found = result.by("country").to_frame().set_index("segment")
    for country, part in table.groupby("country"):
        expected = compare_means(*arms(part))
        assert found.loc[country, "difference"] == pytest.approx(expected.difference)
        assert found.loc[country, "variant_users"] == (part["variant"] == "treatment").sum()


def test_a_segment_is_only_spoken_of_when_segments_differ(result):
    view = result.by("country")
    assert "the effect differs between the values of country" in view.summary()
    assert "NL (highest)" in view.summary()
    assert view.declared
    rows = view.to_frame().set_index("segment")
    assert abs(rows.loc["DE", "expected_difference"]) < rows.loc["NL", "expected_difference"]


def test_chance_differences_between_segments_are_called_that(world):
    rng = np.random.default_rng(2)
    exposures = world[0].assign(coin=rng.choice(["a", "b", "c", "d"], len(world[0])))
    plan = pm.ExperimentPlan(M.count("save", within="7 days"), split={"control": 1, "treatment": 1})
    found = pm.experiment(pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(exposures), plan).by("coin")
    assert "no reliable difference" in found.summary()
    assert "not declared in the plan" in found.summary()


def test_small_segments_are_shown_and_not_tested(world):
    exposures = world[0].assign(rare=["yes"] * 20 + ["no"] * (len(world[0]) - 20))
    plan = pm.ExperimentPlan(M.count("save", within="7 days"), split={"control": 1, "treatment": 1})
    found = pm.experiment(pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(exposures), plan).by("rare")
    rows = found.to_frame().set_index("segment")
    assert rows.loc["yes", "status"] == "not tested"
    assert "fewer than 30" in rows.loc["yes", "reason"]


def test_a_segment_in_which_nothing_happens_says_so(world):
    quiet = set(world[0].loc[world[0]["country"] == "FR", "user_id"])
    events = world[1][~world[1]["user_id"].isin(quiet)]
    plan = pm.ExperimentPlan(M.conversion("pay", within="7 days"), **PLAN)
    view = pm.experiment(pm.EventLog.from_frame(events), pm.Exposures.from_frame(world[0]), plan).by("country")
    row = view.to_frame().set_index("segment").loc["FR"]
    assert (row["status"], row["reason"]) == (
        "not tested",
        "nobody converted in either arm, so chance cannot be judged",
    )
    assert "without a defined effect" in view.summary()


def test_the_last_day_of_the_cumulative_effect_is_the_effect(result):
    last = result.over_time().to_frame().iloc[-1]
    row = result.to_frame().iloc[0]
    assert last["difference"] == pytest.approx(row["difference"])
    assert (last["ci_lower"], last["variant_users"]) == pytest.approx((row["ci_lower"], row["variant_users"]))
    assert last["safe_ci_lower"] < last["ci_lower"] < last["ci_upper"] < last["safe_ci_upper"]


def test_days_by_themselves_add_up_to_everybody(result):
    days = result.by_day().to_frame()
    assert days["variant_users"].sum() == result.to_frame()["variant_users"].iloc[0]
    assert len(days) == len(result.over_time().to_frame())


def test_an_effect_that_fades_is_seen_to_fade(world):
    exposures = world[0][world[0]["country"] == "NL"].drop(columns="country")
    plan = pm.ExperimentPlan(M.count("save", within="10 days"), split={"control": 1, "treatment": 1})
    view = pm.experiment(pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(exposures), plan).since_exposure()
    assert "the effect fades" in view.summary()
    first = view.to_frame().iloc[0]
    assert first["difference"] == pytest.approx(0.25, abs=0.1)
    assert view.trends["treatment"].slope < 0


def test_a_funnel_names_the_step_where_the_difference_arises(result):
    view = result.steps()
    assert "arises at step 2, 'pay'" in view.summary()
    rows = view.to_frame()
    second = rows[(rows["step_number"] == 2) & (rows["way"] == "of those who made the step before")].iloc[0]
    expected = compare_shares(
        round(second["variant_value"] * second["variant_users"]), second["variant_users"],
        round(second["control_value"] * second["control_users"]), second["control_users"],
    )  # fmt: skip
    assert second["ci_lower"] == pytest.approx(expected.ci_lower)


def test_waiting_curves_end_at_the_share_that_did_it(result, world):
    view = result.curves()
    share = view.to_frame().groupby("variant")["converted_share"].last()
    payers = set(world[1].loc[world[1]["event"] == "pay", "user_id"])
    table = world[0].assign(paid=world[0]["user_id"].isin(payers))
    assert share.to_dict() == pytest.approx(table.groupby("variant")["paid"].mean().to_dict())
    assert view.test.p_value < 0.01
    assert "differ" in view.summary()


def test_alternatives_show_the_effect_as_decided_first(result):
    rows = result.alternatives().to_frame()
    decided = rows[rows["way"] == "as decided"]
    assert decided["difference"].tolist() == result.to_frame()["difference"].tolist()


def test_alternatives_tell_when_an_adjustment_turns_the_direction():
    rng = np.random.default_rng(6)
    n = 4_000
    treated = np.arange(n) % 2
    before = rng.normal(10, 1, n) + 0.06 * treated
    frame = pd.DataFrame(
        {
            "user_id": np.arange(n),
            "variant": np.where(treated, "treatment", "control"),
            "timestamp": START,
            "before": before,
            "y": before - 0.04 * treated + rng.normal(0, 0.05, n),
        }
    )
    metric = M.recorded("y", kind="mean", before="before")
    for looks in ({}, {"looks": "anytime", "planned_units": n}):
        plan = pm.ExperimentPlan(metric, split={"control": 1, "treatment": 1}, **looks)
        view = pm.experiment(None, frame, plan).alternatives()
        rows = view.to_frame().set_index("way")
        assert rows.loc["not adjusted", "difference"] > 0 > rows.loc["as decided", "difference"]
        assert "changes its direction: y, treatment: not adjusted +" in view.summary()
        assert ("as if read once" in rows.index) == bool(looks)
    # Whoever looks often pays for it, with the adjustment or without.
    assert rows.loc["not adjusted", "ci_upper"] - rows.loc["not adjusted", "ci_lower"] > 2 * 1.96 * 0.0316


def test_an_expectation_lies_between_nothing_and_what_was_seen(result):
    row = result.expect().to_frame().iloc[0]
    assert 0 < row["expected_difference"] < row["difference"]
    assert 0.9 < row["chance_to_win"] <= 1
    assert row["loss_if_shipped"] < row["loss_if_kept"]
    effect = result._judged[0].effect
    limit = 0.05 * effect.control
    inside = norm.cdf([-limit, limit], effect.difference, effect.error)
    assert row["chance_negligible"] == pytest.approx(inside[1] - inside[0])
    assert row["chance_worthwhile"] == pytest.approx(1 - inside[1])
    assert result.expect(usual_lift=10).to_frame()["expected_difference"].iloc[0] == pytest.approx(
        row["difference"], rel=1e-3
    )
    with pytest.raises(ParameterError, match="usual_lift"):
        result.expect(usual_lift=0)


def test_a_metric_that_should_fall_wins_by_falling(world):
    plan = pm.ExperimentPlan(M.count("save", within="7 days", direction="down"), **PLAN)
    log, exposures = pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(world[0])
    row = pm.experiment(log, exposures, plan).expect().to_frame().iloc[0]
    assert row["chance_to_win"] < 0.1
    assert row["loss_if_shipped"] > row["loss_if_kept"]


def test_business_units_are_the_effect_times_the_units(result):
    row = result.business(units_per_year=10_000, value=3).to_frame().iloc[0]
    assert row["per_year"] == pytest.approx(result.to_frame()["difference"].iloc[0] * 30_000)


def test_only_what_is_so_much_per_unit_adds_up_over_a_year(world):
    log, exposures = pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(world[0])
    ratio, count = M.ratio("pay", per="open", within="7 days", name="rate"), M.count("save", within="7 days")
    both = pm.experiment(log, exposures, pm.ExperimentPlan([ratio, count], **PLAN))
    whole = both.business(units_per_year=1_000).to_frame()
    assert whole["metric"].tolist() == ["save (per user)"]
    half = both.business(units_per_year=1_000, triggered_share=0.5).to_frame()
    assert half["per_year"].iloc[0] == pytest.approx(whole["per_year"].iloc[0] / 2)
    with pytest.raises(DataError, match="so much per unit"):
        pm.experiment(log, exposures, pm.ExperimentPlan(ratio, **PLAN)).business(units_per_year=1_000)


def test_the_effect_over_everybody_is_diluted_by_those_who_never_met_it(world):
    plan = pm.ExperimentPlan(M.count("save", within="7 days"), trigger="open", split={"control": 1, "treatment": 1})
    found = pm.experiment(
        pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(world[0].drop(columns="country")), plan
    )
    row, share = found.business(units_per_year=1_000).to_frame().iloc[0], sum(found.users.values()) / 2_000
    assert row["difference"] == pytest.approx(found.to_frame()["difference"].iloc[0] * share)


def test_two_experiments_that_clash_are_seen_to_clash(world):
    rng = np.random.default_rng(4)
    other = world[0][["user_id", "timestamp"]].assign(variant=rng.choice(["control", "b"], len(world[0])))
    plan = pm.ExperimentPlan(M.recorded("y", kind="mean"), split={"control": 1, "treatment": 1})
    both = (world[0]["variant"] == "treatment") & (other["variant"] == "b")
    frame = world[0].drop(columns="country").assign(y=rng.normal(10, 1, len(both)) + 0.8 * both)
    view = pm.experiment(None, frame, plan).overlap(other)
    assert "change each other's effects" in view.summary()
    assert view.found.contrast == pytest.approx(0.8, abs=0.25)
    quiet = pm.experiment(None, frame.assign(y=rng.normal(10, 1, len(both))), plan).overlap(other)
    assert "do not reliably change" in quiet.summary()


def test_what_cannot_be_shown_says_what_can(result):
    with pytest.raises(UnknownNameError, match="paying"):
        result.over_time("payin")
    with pytest.raises(DataError, match="of the kind"):
        result.steps("wait")
    with pytest.raises(UnknownNameError, match="property"):
        result.by("planet")


def test_every_view_says_claims_defines_and_draws_itself(result):
    views = [
        result, result.by("country"), result.over_time(), result.by_day(), result.since_exposure(), result.alternatives(),
        result.expect(), result.business(units_per_year=1_000), result.steps(), result.curves(),
    ]  # fmt: skip
    for view in views:
        assert len(view.summary()) > 30
        assert view.definition.endswith(".")
        assert all(claim.value is None or math.isfinite(claim.value) for claim in view.claims())
        assert view._repr_html_().startswith("<p>")
        assert view.plot().to_dict()["description"]
    assert {"effects", "guardrails", "split"} == {
        kind for kind in ("effects", "guardrails", "split") if result.plot(kind=kind)
    }


def test_views_of_hardly_any_units_say_that_there_is_nothing_yet(world):
    plan = pm.ExperimentPlan(
        M.count("save", within="7 days"),
        exploratory=[M.funnel(["open", "pay"], within="1 day"), M.time_to("pay", within="2 days")],
        **PLAN,
    )
    result = pm.experiment(pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(world[0].head(1)), plan)
    for view in (
        result.by("country"), result.over_time(), result.by_day(), result.since_exposure(), result.steps(),
        result.curves(), result.alternatives(), result.expect(), result.business(units_per_year=1_000),
    ):  # fmt: skip
        assert "kind" in view.to_frame().columns
        assert view.summary()
        assert view._repr_html_().startswith("<p>")
        assert view.plot().to_dict()["description"]
        assert not [claim for claim in view.claims() if claim.value is not None and math.isnan(claim.value)]


def test_no_view_shows_numbers_that_may_not_be_read(world):
    exposures = world[0].assign(variant=["control"] * 600 + ["treatment"] * 1_400)
    plan = pm.ExperimentPlan(
        M.count("save", within="7 days"),
        exploratory=[M.funnel(["open", "pay"], within="1 day"), M.time_to("pay", within="2 days")],
        **PLAN,
    )
    result = pm.experiment(pm.EventLog.from_frame(world[1]), pm.Exposures.from_frame(exposures), plan)
    for view in (
        lambda: result.by("country"), result.over_time, result.by_day, result.since_exposure, result.steps,
        result.curves, result.alternatives, result.expect, lambda: result.business(units_per_year=1_000),
        lambda: result.overlap(exposures),
    ):  # fmt: skip
        with pytest.raises(DataError, match=r"result\.gate\(\)"):
            view()


def test_a_switchback_compares_stretches_of_time():
    rng = np.random.default_rng(5)
    schedule, rows = [], []
    for block in range(30):
        for half, variant in enumerate(rng.permutation(["control", "treatment"])):
            start = START + pd.Timedelta(hours=6 * (2 * block + half))
            schedule.append((start, start + pd.Timedelta(hours=6), variant, block))
            for user in range(60):
                at = start + pd.Timedelta(minutes=int(rng.integers(0, 360)))
                rows.append((f"{block}-{half}-{user}", "ask", at))
                if rng.random() < (0.5 if variant == "treatment" else 0.4):
                    rows.append((f"{block}-{half}-{user}", "ride", at))
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp"]))
    plan = pd.DataFrame(schedule, columns=["start", "end", "variant", "block"])
    found = pm.switchback(log, plan, M.conversion("ride"), block="block")
    assert found.found.difference == pytest.approx(0.1, abs=0.04)
    assert found.found.p_value < 0.01
    assert len(found.to_frame()) == 60
    washed = pm.switchback(log, plan, M.conversion("ride"), block="block", washout="1 hour")
    assert washed.to_frame()["base"].sum() < found.to_frame()["base"].sum()
    assert "periods" in found.summary()
    assert found.plot().to_dict()["description"]
    with pytest.raises(DataError, match="overlap"):
        pm.switchback(log, plan.assign(end=plan["end"] + pd.Timedelta(hours=1)), M.conversion("ride"))
