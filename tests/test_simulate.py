"""A simulated product: what it promises about its files, its dirt, and above all about its truth."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from pm_analytics.errors import ParameterError
from pm_analytics.simulate import files, simulate

SHORT = {"days": 60, "launch_day": 28}
WINDOW = pd.Timedelta(days=14)
FEW_STANDARD_ERRORS = 4


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("small") / "product", users=2_000, **SHORT)


@pytest.fixture(scope="module")
def events(product):
    return pd.read_parquet(product.events)


@pytest.fixture(scope="module")
def exposures(product):
    return pd.read_parquet(product.exposures)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("large"), users=30_000, effect=0.3, error_harm=0.5, **SHORT)


@pytest.fixture(scope="module")
def observed(large):
    """One row per user with a full window after exposure: variant, and counts of events in the window."""
    log = pd.read_parquet(large.events).drop_duplicates()
    seen = pd.read_parquet(large.exposures).set_index("user_id")
    seen = seen[seen["timestamp"] + WINDOW <= pd.Timestamp(large.truth["log"]["ends"])]
    log = log.join(seen["timestamp"].rename("exposed"), on="user_id", how="inner")
    inside = log["timestamp"].between(log["exposed"], log["exposed"] + WINDOW, inclusive="left")
    counts = pd.crosstab(log.loc[inside, "user_id"], log.loc[inside, "event"])
    return seen[["variant"]].join(counts, how="left").fillna(0)


def outcomes(observed):
    exports = observed["report_exported"]
    return {
        "report_exported_per_user": exports,
        "report_exported_by_share_of_users": (exports > 0).astype(float),
        "support_ticket_opened_per_user": observed["support_ticket_opened"],
        "error_shown_per_user": observed["error_shown"],
    }


# --- files ----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(product, tmp_path):
    threads = pa.cpu_count()
    pa.set_cpu_count(1)
    try:
        again = simulate(tmp_path, users=2_000, **SHORT)
    finally:
        pa.set_cpu_count(threads)
    assert again.events.read_bytes() == product.events.read_bytes()
    assert again.exposures.read_bytes() == product.exposures.read_bytes()
    assert again.truth == product.truth


def test_another_seed_gives_another_log(events, tmp_path):
    other = pd.read_parquet(simulate(tmp_path, users=2_000, seed=2, **SHORT).events)
    assert not other.head(100).equals(events.head(100))


def test_the_export_has_the_promised_columns_and_types(product, events):
    assert pa.parquet.read_schema(product.events).equals(files.SCHEMA)
    assert set(events["platform"]) == {"web", "ios", "android"}
    assert set(events["plan"].dropna()) == {"free", "pro", "team"}
    assert set(events["event"]) == set(product.truth["log"]["rows_by_event"])
    assert events["user_id"].dropna().str.fullmatch(r"u\d{6}").all()


def test_only_upgrades_have_an_amount(events):
    upgraded = events["event"] == "plan_upgraded"
    assert (events["amount"].notna() == upgraded).all()
    assert (events.loc[upgraded, "amount"] > 0).all()


def test_rows_are_in_time_order_and_inside_the_log(product, events):
    log = product.truth["log"]
    assert events["timestamp"].is_monotonic_increasing
    assert events["timestamp"].iloc[0] >= pd.Timestamp(log["starts"])
    assert events["timestamp"].iloc[-1] < pd.Timestamp(log["ends"])
    assert pd.Timestamp(log["ends"]).hour == 15


def test_the_truth_on_disk_is_the_truth_in_hand(product, events):
    assert json.loads(product.truth_path.read_text(encoding="utf-8")) == product.truth
    assert product.truth["log"]["rows"] == len(events)
    assert product.truth["log"]["rows_by_event"] == events["event"].value_counts().to_dict()
    assert product.launch_at == product.truth["launch"]["at"]
    assert product.launch_at.endswith("T09:00:00+00:00")


def test_a_folder_that_holds_something_is_left_alone_unless_told(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"not empty.*overwrite=True"):
        simulate(tmp_path, users=100, **SHORT)
    simulate(tmp_path, users=100, overwrite=True, **SHORT)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"mine.txt", "events.parquet", "exposures.parquet", "truth.json"}


def test_a_run_that_breaks_leaves_neither_a_truth_nor_an_unfinished_log(tmp_path, monkeypatch):
    simulate(tmp_path, users=100, **SHORT)

    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr(files, "table", full_disk)
    with pytest.raises(OSError, match="no space"):
        simulate(tmp_path, users=100, overwrite=True, **SHORT)
    assert {path.name for path in tmp_path.iterdir()} == {"events.parquet", "exposures.parquet"}


def test_a_target_number_of_events_is_met_roughly(tmp_path):
    target = 100_000
    rows = simulate(tmp_path, events=target, **SHORT).truth["log"]["rows"]
    assert abs(rows - target) < 0.25 * target


def test_importing_the_simulator_loads_nothing_heavy():
    heavy = "{'numpy', 'pandas', 'pyarrow', 'ibis', 'duckdb'}"
    code = f"import sys, pm_analytics.simulate; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- dirt -----------------------------------------------------------------------------------------


def test_every_kind_of_dirt_is_there_in_the_number_told(product, events):
    dirt = product.truth["dirt"]
    assert events.duplicated().sum() == events["event_id"].duplicated().sum() == dirt["duplicate_rows"] > 0
    assert events["user_id"].isna().sum() == dirt["rows_without_user"] > 0
    assert events["is_internal"].sum() == dirt["internal_rows"] > 0
    assert events["user_id"].isin(dirt["bot_user_ids"]).sum() == dirt["bot_rows"] > 0


def test_rows_without_a_user_are_logged_out_visits(events):
    nobody = events[events["user_id"].isna()]
    assert set(nobody["event"]) == {"app_opened"}
    assert nobody[["account_id", "plan"]].isna().all(axis=None)


def test_bots_open_the_app_like_clockwork(product, events):
    bots = events[events["user_id"].isin(product.truth["dirt"]["bot_user_ids"])].drop_duplicates()
    assert set(bots["event"]) == {"app_opened"}
    assert set(bots["platform"]) == {"web"}
    assert not bots["is_internal"].any()
    per_day = bots.groupby(["user_id", bots["timestamp"].dt.date]).size()
    assert per_day.median() > 200
    for _, times in bots.groupby("user_id")["timestamp"]:
        assert times.diff().mode().size == 1


def test_nothing_was_recorded_in_the_tracking_gap_before_the_launch(product, events):
    gap = product.truth["dirt"]["tracking_gap"]
    since, until = pd.Timestamp(gap["from"]), pd.Timestamp(gap["until"])
    assert until - since == pd.Timedelta(hours=10)
    assert until < pd.Timestamp(product.launch_at)
    assert not events["timestamp"].between(since, until, inclusive="left").any()
    assert gap["rows_lost"] > 0


# --- people ---------------------------------------------------------------------------------------


def test_every_user_has_one_account_and_the_dirt_has_accounts_of_its_own(product, events):
    known = events.dropna(subset="user_id")
    assert len(known[["user_id", "account_id"]].drop_duplicates()) == known["user_id"].nunique()
    bots = known["user_id"].isin(product.truth["dirt"]["bot_user_ids"])
    assert not set(known.loc[bots, "account_id"]) & set(known.loc[~bots, "account_id"])
    assert len(known[["account_id", "is_internal"]].drop_duplicates()) == known["account_id"].nunique()


def test_the_product_is_used_on_working_days_and_by_a_few_much_more_than_by_most(events):
    by_weekday = events.groupby(events["timestamp"].dt.day_of_week).size()
    assert by_weekday[[5, 6]].max() < 0.6 * by_weekday[[0, 1, 2, 3, 4]].min()
    per_user = events.groupby("user_id").size()
    assert per_user.quantile(0.99) > 5 * per_user.median()


def test_use_fades_in_the_weeks_after_signing_up(large):
    log = pd.read_parquet(large.events, columns=["user_id", "event", "timestamp"])
    joined = log[log["event"] == "signed_up"].groupby("user_id")["timestamp"].min()
    joined = joined[joined < pd.Timestamp(large.launch_at)]
    opened = log[log["event"] == "app_opened"].join(joined.rename("joined"), on="user_id", how="inner")
    week = (opened["timestamp"] - opened["joined"]).dt.days // 7
    users = opened.groupby(week)["user_id"].nunique()
    assert users[0] > users[1] > users[4]


def test_onboarding_loses_users_as_the_truth_says_and_some_take_steps_twice(large):
    log = pd.read_parquet(large.events, columns=["event_id", "user_id", "event", "timestamp"]).drop_duplicates()
    rows = log[log["event"].isin(large.onboarding_steps)]
    first = rows.groupby(["user_id", "event"])["timestamp"].min().unstack()  # noqa: PD010 - one column per step
    early = pd.Timestamp(large.truth["log"]["starts"]) + pd.Timedelta(days=14)
    new = first[first["signed_up"] < early][list(large.onboarding_steps)]
    reach = new.notna().mean()
    truth = pd.Series(large.truth["onboarding"])
    assert reach.is_monotonic_decreasing
    # weeks later nearly everybody who ever takes the early steps has taken them; upgrades take longer
    error = np.sqrt(truth * (1 - truth) / len(new))
    assert ((reach - truth).abs() < FEW_STANDARD_ERRORS * error + 0.02).all()
    assert rows.groupby(["user_id", "event"]).size().groupby("event").max().min() > 1


# --- the launch -----------------------------------------------------------------------------------


def test_each_user_is_exposed_once_and_half_of_them_to_each_variant(product, exposures):
    assert exposures["user_id"].is_unique
    assert set(exposures["experiment"]) == {product.experiment}
    arms = exposures["variant"].value_counts()
    assert stats.chisquare(arms).pvalue > 0.001
    told = product.truth["experiment"]
    assert arms["control"] == told["exposed_control"]
    assert arms["treatment"] == told["exposed_treatment"]


def test_neither_bots_nor_the_makers_take_part(product, events, exposures):
    outside = events[events["is_internal"] | events["user_id"].isin(product.truth["dirt"]["bot_user_ids"])]
    assert not set(outside["user_id"]) & set(exposures["user_id"])


def test_users_are_exposed_when_they_first_open_the_app_after_their_stage_opens(product, events, exposures):
    opened = events.loc[events["event"] == "app_opened", ["user_id", "timestamp"]].drop_duplicates()
    both = exposures.merge(opened, on=["user_id", "timestamp"])
    assert len(both) == len(exposures)
    assert exposures["timestamp"].min() >= pd.Timestamp(product.launch_at)


def test_the_rollout_opens_in_three_stages(large):
    stages = large.truth["launch"]["stages"]
    opens = [pd.Timestamp(stage["opens"]) for stage in stages]
    assert [after - before for before, after in pairwise(opens)] == [pd.Timedelta(days=7)] * 2
    log = pd.read_parquet(large.events, columns=["user_id", "event", "timestamp", "is_internal"])
    people = log[~log["is_internal"] & ~log["user_id"].isin(large.truth["dirt"]["bot_user_ids"])]
    exposed = pd.read_parquet(large.exposures).set_index("user_id")["timestamp"]
    for stage, opened, until in zip(stages, opens, [*opens[1:], None], strict=True):
        now = people["timestamp"].between(opened, until or opened + pd.Timedelta(days=7), inclusive="left")
        active = people.loc[now & (people["event"] == "app_opened"), "user_id"].dropna().unique()
        before = until or opened + pd.Timedelta(days=7)
        share = (exposed.reindex(active) < before).mean()
        wanted = stage["share_of_users"]
        error = np.sqrt(wanted * (1 - wanted) / len(active))
        assert abs(share - wanted) <= FEW_STANDARD_ERRORS * error


def test_only_exposed_treatment_users_touch_bulk_edit(product, events, exposures):
    bulk = events[events["event"].isin([product.interest_event, product.feature_event])]
    bulk = bulk.merge(exposures, on="user_id", how="left", suffixes=("", "_exposed"))
    assert len(bulk) > 0
    assert (bulk["variant"] == "treatment").all()
    assert (bulk["timestamp"] > bulk["timestamp_exposed"]).all()


def test_who_saves_has_opened_before_and_some_who_open_never_save(product, events):
    first = events.groupby(["user_id", "event"])["timestamp"].min().unstack()  # noqa: PD010 - one column per event
    opened, saved = first[product.interest_event], first[product.feature_event]
    assert (opened[saved.notna()] < saved[saved.notna()]).all()
    assert (opened.notna() & saved.isna()).any()


# --- the truth ------------------------------------------------------------------------------------


def test_the_effect_asked_for_is_the_true_lift(large):
    metrics = large.truth["metrics"]
    assert metrics["report_exported_per_user"]["lift"] == pytest.approx(0.3)
    assert 0 < metrics["report_exported_by_share_of_users"]["lift"] < 0.3
    assert metrics["support_ticket_opened_per_user"]["lift"] == 0
    assert 0 < metrics["error_shown_per_user"]["lift"] < 0.5


def test_a_null_launch_is_truly_null(tmp_path):
    truth = simulate(tmp_path, users=500, effect=0, **SHORT).truth
    for metric in truth["metrics"].values():
        assert metric["control"] == metric["treatment"]
        assert metric["lift"] == metric["difference"] == 0
    assert truth["self_selection"]["naive_lift"] > 0.5


def test_the_window_of_the_truth_is_the_window_observed(large, observed):
    assert len(observed) == large.truth["experiment"]["exposed_with_full_window"]


@pytest.mark.parametrize("arm", ["control", "treatment"])
def test_what_happens_in_each_arm_is_what_the_model_expects(large, observed, arm):
    for metric, values in outcomes(observed[observed["variant"] == arm]).items():
        distance = values.mean() - large.truth["metrics"][metric][arm]
        assert abs(distance) < FEW_STANDARD_ERRORS * values.sem(), metric


def test_the_experiment_finds_the_true_difference(large, observed):
    for metric, values in outcomes(observed).items():
        arms = values.groupby(observed["variant"])
        difference = arms.mean()["treatment"] - arms.mean()["control"]
        error = np.hypot(*arms.sem())
        assert abs(difference - large.truth["metrics"][metric]["difference"]) < FEW_STANDARD_ERRORS * error


def test_comparing_adopters_with_others_overstates_the_effect_many_times(large, observed):
    treated = observed[observed["variant"] == "treatment"]
    adopted = treated[large.feature_event] > 0
    exports = treated["report_exported"].groupby(adopted).mean()
    naive = exports[True] / exports[False] - 1
    assert naive > 3 * large.truth["metrics"]["report_exported_per_user"]["lift"]
    assert large.truth["self_selection"]["naive_lift"] > 1


def test_as_many_adopt_as_the_truth_says(large, observed):
    treated = observed[observed["variant"] == "treatment"]
    told = large.truth["adoption"]
    told = {large.interest_event: told["opened_in_window"], large.feature_event: told["saved_in_window"]}
    for event, share in told.items():
        error = np.sqrt(share * (1 - share) / len(treated))
        assert abs((treated[event] > 0).mean() - share) < FEW_STANDARD_ERRORS * error


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"users": 99}, "100 or more"),
        ({"users": 1_000, "events": 1_000}, "give one of them"),
        ({"events": 10}, "Ask for at least"),
        ({"seed": -1}, "must not be negative"),
        ({"effect": -1.1}, "not a relative change"),
        ({"effect": float("nan")}, "not a relative change"),
        ({"effect": -0.99}, "out of reach"),
        ({"error_harm": -2}, "error_harm"),
        ({"launch_day": 5}, "no history"),
        ({"days": 50, "launch_day": 40}, "Use days=70 or more"),
        ({"start": "next week"}, "not a date"),
        ({"start": "2026-01-05 12:00"}, "not midnight"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_with_a_next_step(tmp_path, arguments, words):
    with pytest.raises(ParameterError, match=words):
        simulate(tmp_path / "new", **(SHORT | arguments))


def test_a_refused_run_leaves_the_old_one_whole(tmp_path):
    old = simulate(tmp_path, users=100, **SHORT)
    with pytest.raises(ParameterError, match="out of reach"):
        simulate(tmp_path, users=100, effect=-0.99, overwrite=True, **SHORT)
    assert json.loads(old.truth_path.read_text(encoding="utf-8")) == old.truth


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    place = tmp_path / "taken"
    place.write_text("", encoding="utf-8")
    with pytest.raises(ParameterError, match="is a file"):
        simulate(place, **SHORT)
