"""Real logs with known traps give their published figures. They lie beside the project; absent, the tests skip."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import pm_analytics as pm

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CLAIM_STEPS = [
    "Declaration SUBMITTED by EMPLOYEE",
    "Declaration APPROVED by ADMINISTRATION",
    "Declaration FINAL_APPROVED by SUPERVISOR",
    "Request Payment",
    "Payment Handled",
]


def needs(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} does not lie beside this checkout")
    return path


@pytest.fixture(scope="module")
def claims():
    path = needs("bpi2020_domestic/events.csv.gz")
    return pm.read_events(path, user="case_id", timezone="Europe/Amsterdam")


def test_mixed_offsets_are_read_as_the_instants_they_are(claims):
    assert claims.source.rows_kept == 55_628
    assert claims.source.noticed["same user and time as another event"] == 20


def test_the_five_steps_of_travel_claims_give_their_known_counts(claims):
    result = pm.funnel(claims, CLAIM_STEPS, within=None)
    assert result.to_frame()["users"].tolist() == [10222, 7847, 7789, 7788, 7788]


def test_the_rollout_of_the_claims_system_is_described_not_judged(claims):
    """The approval step came with the rollout: a jump from 1 % to 97 % that no reader should take for a success."""
    readout = pm.launch_readout(
        claims, launch_name="Rollout", launch_at="2018-01-01", funnel_steps=CLAIM_STEPS,
        conversion_window_days=60, pre_days=180, post_days=180,
    )  # fmt: skip
    assert (readout.grade, readout.verdict.rule) == ("D", 8)
    assert readout.comparison.changed_steps() == [CLAIM_STEPS[1]]


def test_a_landing_page_test_is_cleaned_as_stated_and_shows_nothing():
    frame = pd.read_csv(needs("landing_page_ab/ab_data.csv.gz"))
    exposures = pm.Exposures.from_frame(
        frame, unit="user_id", variant="group", time="timestamp", timezone="UTC",
        shown="landing_page", expected={"control": "old_page", "treatment": "new_page"},
    )  # fmt: skip
    result = pm.experiment(None, exposures, pm.ExperimentPlan(pm.Metric.recorded("converted")))
    row = result.to_frame().iloc[0]
    assert (row["control_users"], row["variant_users"]) == (145_274, 145_310)
    assert row["p_value"] == pytest.approx(0.1899, abs=5e-5)
    assert row["status"] == "unclear"
    evidence = " ".join(result.gate()["evidence"])
    assert "3,893 of 294,478" in evidence
    assert "1,895 of 290,584" in evidence


def test_a_homepage_win_is_withheld_because_the_split_is_broken():
    log = pm.read_events(needs("homepage_actions/homepage_actions.csv.gz"), user="id", event="action", timezone="UTC")
    exposures = pm.Exposures.from_events(log, "view", variant="group")
    result = pm.experiment(log, exposures, pm.ExperimentPlan(pm.Metric.conversion("click")))
    assert not result.trusted
    assert result.to_frame()["p_value"].isna().all()
    assert "p = 2.4e-05" in result.summary()
    assert result.despite_failed_checks()["p_value"][0] == pytest.approx(0.0088, abs=1e-4)


def test_a_lopsided_publisher_test_is_withheld():
    exposures = pm.Exposures.from_frame(pd.read_csv(needs("yammer_case/experiments.csv.gz")), timezone="UTC")
    log = pm.read_events(needs("yammer_case/emails.csv.gz"), timezone="UTC")
    plan = pm.ExperimentPlan(pm.Metric.count("email_open"), control="control_group")
    result = pm.experiment(log, exposures, plan)
    assert not result.trusted
    assert dict(result.users) == {"control_group": 1746, "test_group": 849}


def test_purchases_dated_by_day_keep_their_repeats():
    """Identical rows of a day are as likely two purchases as one sent twice; all 69,659 are published ones."""
    log = pm.read_events(needs("cdnow/transactions.csv.gz"), event="number_of_cds", timezone="America/New_York")
    assert log.source.rows_kept == 69_659
    assert log.source.noticed["identical to an earlier row, kept"] == 255
    assert log.source.users == 23_570


def test_rows_without_a_user_are_nobodys():
    log = pm.read_events(needs("sparkify_nov2018/events.csv.gz"))
    assert log.source.users == 97
    assert log.source.dropped == {"no user (empty or missing)": 286}
    users = log.event_counts().set_index("event")["users"]
    assert users[["NextSong", "Upgrade", "Submit Upgrade", "Submit Downgrade"]].tolist() == [96, 15, 8, 1]


@pytest.fixture(scope="module")
def logins():
    """A log in which every row is a login, and the accounts it belongs to; times of day are lost."""
    path = needs("relax_logins/logins.csv.gz")
    log = pm.read_events(path, user="user_id", time="login_date", event_name="login", timezone="UTC")
    accounts = pd.read_csv(needs("relax_logins/users.csv.gz"), usecols=["user_id", "creation_time", "creation_source"])
    since = pd.to_datetime(accounts.pop("creation_time")).dt.normalize()
    return log, accounts.assign(since=since)


def adopted_users(logins, span):
    return pm.adoption(logins[0], "login", eligible=logins[1], within=None, min_days=3, span=span)


@pytest.mark.parametrize(("span", "adopters"), [("7 calendar days", 1_602), ("7 days", 1_656)])
def test_both_readings_of_three_days_within_seven_give_their_known_counts(logins, span, adopters):
    """Both circulate: "within seven days" of the calendar, or at most seven times 24 hours apart."""
    result = adopted_users(logins, span)
    assert result.count("adopted") == adopters
    assert result.denominators().to_frame()["base"].tolist() == [12_000, 8_823, 12_000]


def test_the_adopted_share_by_source_is_the_known_one(logins):
    table = adopted_users(logins, "7 calendar days").by("creation_source").to_frame().set_index("segment")
    assert table["base"].sum() == 12_000
    assert table["rate"].round(4).to_dict() == {
        "GUEST_INVITE": 0.1664, "ORG_INVITE": 0.1300, "PERSONAL_PROJECTS": 0.0777, "SIGNUP": 0.1404,
        "SIGNUP_GOOGLE_AUTH": 0.1675,
    }  # fmt: skip


def test_a_second_purchase_is_an_adoption_counted_as_pandas_counts_it():
    """All customers of this shop began in one quarter; those who bought on another day within 90 days adopted."""
    path = needs("cdnow/transactions.csv.gz")
    log = pm.read_events(path, user="customer_id", time="date", event_name="purchase", timezone="UTC")
    result = pm.adoption(log, "purchase", within="90 days", min_days=2, retained_within="180 days")
    frame = pd.read_csv(path, usecols=["customer_id", "date"], dtype={"customer_id": "string"}, parse_dates=["date"])
    days = frame.drop_duplicates().sort_values(["customer_id", "date"])
    first, second = (
        days.groupby("customer_id")["date"].nth(n).set_axis(days.groupby("customer_id")["customer_id"].nth(n))
        for n in (0, 1)
    )
    soon = (second - first.reindex(second.index)).dt.days <= 90
    third = days.groupby("customer_id")["date"].nth(2).set_axis(days.groupby("customer_id")["customer_id"].nth(2))
    back = (third - second.reindex(third.index)).dt.days <= 180
    assert result.count("eligible") == 23_570
    assert result.count("adopted") == int(soon.sum())
    assert (result.immature, result.early, result.unjudged) == (0, 0, 0)
    assert result.count("retained") == int((back & soon.reindex(third.index)).sum())
