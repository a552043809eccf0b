"""What else changed with a launch: found where it did, and seldom where it did not."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.quality.launch import Around, tracking

sys.path.insert(0, str(Path(__file__).resolve().parent / "verdicts"))
from made_up import LAUNCH, events_of


def log_of(frame, **options):
    return pm.EventLog.from_frame(frame, user="user_id", event="event", time="timestamp", timezone="UTC", **options)


def finding(frame, name, **asked):
    options = {"launch_at": LAUNCH, "feature_events": ["bulk"], "may_change": ["export"]} | asked
    found = {each.check: each for each in pm.check(log_of(frame), **options).findings}
    return found[name]


@pytest.fixture(scope="module")
def plain():
    return events_of(before=80, after=35)


def test_a_quiet_launch_is_green_in_every_check(plain):
    found = pm.check(log_of(plain), launch_at=LAUNCH, feature_events=["bulk"], may_change=["export"]).findings
    assert {each.severity for each in found} == {"green"}
    assert len(found) == 17


def test_without_a_launch_only_the_general_checks_are_made(plain):
    assert len(pm.check(log_of(plain)).findings) == 8


def test_an_event_that_jumps_though_the_launch_leaves_it_alone_is_named_with_its_day():
    plain = events_of(before=80, after=35, users=400)
    after = plain["timestamp"] >= pd.Timestamp(LAUNCH, tz="UTC")
    more = plain[after & (plain["event"] == "error")]
    doubled = pd.concat([plain, more, more])
    found = finding(doubled, "tracking at the launch")
    assert (found.severity, found.acts) == ("red", "degrade")
    assert "'error' per active unit changed by" in found.evidence
    assert f"its level changed most on {LAUNCH}" in found.evidence
    assert finding(doubled, "tracking at the launch", may_change=["export", "error"]).severity == "green"


def test_an_event_that_was_renamed_stops_and_starts(plain):
    renamed = plain.copy()
    after = renamed["timestamp"] >= pd.Timestamp(LAUNCH, tz="UTC")
    renamed.loc[after & (renamed["event"] == "error"), "event"] = "failure"
    found = finding(renamed, "event names")
    assert found.severity == "amber"
    assert "'error' stopped; 'failure' started" in found.evidence


@pytest.mark.parametrize(
    ("shift", "severity", "words"),
    [
        (0, "green", "first seen on 2026-02-01"),
        (-10, "amber", "before the launch"),
        (6, "red", "days after the launch"),
    ],
)
def test_the_feature_should_begin_with_the_launch(plain, shift, severity, words):
    first = plain["event"] == "bulk"
    moved = plain.copy()
    if shift > 0:
        moved = moved[~(first & (moved["timestamp"] < pd.Timestamp(LAUNCH, tz="UTC") + pd.Timedelta(days=shift)))]
    else:
        moved.loc[first, "timestamp"] += pd.Timedelta(days=shift)
    found = finding(moved, "feature event")
    assert found.severity == severity
    assert words in found.evidence


def test_a_feature_that_never_occurs_is_said(plain):
    assert finding(plain[plain["event"] != "bulk"], "feature event").acts == "degrade"


def test_days_without_tracking_are_listed_for_programs():
    found = finding(events_of(before=80, gap=(0, 1)), "tracking gap at launch")
    assert found.severity == "amber"
    assert found.days == ("2026-02-01", "2026-02-02")


def test_ids_that_change_at_the_launch_are_seen(plain):
    changed = plain.copy()
    after = changed["timestamp"] >= pd.Timestamp(LAUNCH, tz="UTC")
    day = changed["timestamp"].dt.strftime("%d")
    changed.loc[after, "user_id"] += "-" + day[after]
    found = finding(changed, "new ids")
    assert (found.severity, found.acts) == ("red", "degrade")
    assert finding(changed, "units with one event").severity != "green"


def test_a_property_that_goes_missing_is_named(plain):
    gone = plain.copy()
    gone.loc[gone["timestamp"] >= pd.Timestamp(LAUNCH, tz="UTC"), "region"] = None
    assert "'region' is missing on 0% before, 100% after" in finding(gone, "properties").evidence


@pytest.mark.parametrize(("late", "severity"), [(0.0, "green"), (0.03, "amber"), (0.3, "red")])
def test_events_that_arrive_late_are_counted(plain, late, severity):
    waited = np.where(np.arange(len(plain)) < late * len(plain), 5, 0)
    arrived = plain.assign(received_at=plain["timestamp"] + pd.to_timedelta(waited, unit="D"))
    assert finding(arrived, "late arrivals").severity == severity


def test_sampled_events_are_no_counts(plain):
    rate = np.where(np.arange(len(plain)) % 2, 1.0, 0.5)
    found = finding(plain.assign(sample_rate=rate), "sampling")
    assert found.acts == "degrade"
    assert finding(plain.assign(sample_rate=1.0), "sampling").severity == "green"


@pytest.mark.parametrize(("share", "severity"), [(1.0, "green"), (1.1, "amber"), (2.0, "red")])
def test_trusted_counts_are_held_against_the_log(plain, share, severity):
    truth = int((plain["event"] == "export").sum())
    assert finding(plain, "trusted counts", expected={"export": truth * share}).severity == severity


def test_the_day_of_a_launch_late_in_the_evening_is_local():
    frame = events_of(before=80, after=35)
    frame["timestamp"] = frame["timestamp"].dt.tz_convert("America/New_York")
    log = pm.EventLog.from_frame(frame, user="user_id", event="event", time="timestamp", timezone="America/New_York")
    found = {each.check: each for each in pm.check(log, launch_at="2026-01-31 23:30", feature_events=["bulk"]).findings}
    assert found["feature event"].severity == "green"


def test_a_stable_product_is_seldom_suspected():
    """200 products in which nothing changes, six events each."""
    rng = np.random.default_rng(5)
    place, begin = Around(day=100, after=100, end=128, first=0), 100 - 56
    days, alarms = 84, 0
    for _ in range(200):
        units = rng.poisson(400, days).astype(float)
        table = {"": units}
        for i in range(6):
            drift = np.exp(np.cumsum(0.01 * rng.standard_normal(days)))
            table[f"e{i}"] = rng.poisson(units * rng.uniform(0.2, 2) * drift).astype(float)
        alarms += tracking(table, place, begin, []).severity != "green"
    assert alarms <= 10


def test_the_break_of_the_yammer_clicks_is_found_by_its_date(shared):
    mails = pd.read_csv(shared / "data" / "yammer_case" / "emails.csv.gz")
    log = pm.EventLog.from_frame(mails, user="user_id", event="action", time="occurred_at", timezone="UTC")
    clicks = pm.Metric.ratio("email_clickthrough", per="email_open", name="clicks per open")
    began = pm.impact(log, "2014-08-04", clicks).began()
    assert str(began.day) == "2014-08-04"
    assert began.with_launch
    assert "fell most on 2014-08-04" in began.summary()
    assert not pm.impact(log, "2014-07-10", clicks, length=21).began().with_launch
