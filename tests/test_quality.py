"""Checks on a log: each one green, amber and red on logs made for it, and silent about what is no fault."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pm_analytics as pm
from pm_analytics import EventLog
from pm_analytics.quality.gaps import low_days, silences

DAYS = 70
START = pd.Timestamp("2026-01-05", tz="UTC")  # a Monday


def finding(log, check):
    return next(f for f in pm.check(log).findings if f.check == check)


def log_from(stamps, users=None, *, timezone="UTC", **columns):
    users = [f"u{at % 97}" for at in range(len(stamps))] if users is None else users
    frame = pd.DataFrame({"user": users, "event": "visit", "time": stamps, **columns})
    return EventLog.from_frame(frame, timezone=timezone)


def rhythm(*, growth=1.0, weekend=1.0, drop=(), night=True, days=DAYS):
    """Events of a product: so many a day, growing, fewer at weekends and none at night; some days or hours taken out."""
    stamps = []
    for day in range(days):
        busy = 120 * growth ** (day / days) * (weekend if day % 7 >= 5 else 1)
        hours = range(7, 23) if night else range(24)
        per_hour = max(1, round(busy / len(hours)))
        stamps += [
            START + pd.Timedelta(days=day, hours=hour, seconds=3_600 * n / per_hour)
            for hour in hours
            for n in range(per_hour)
            if day not in drop and (day, hour) not in drop
        ]
    return pd.DatetimeIndex(stamps)


# --------------------------------------------------------------------------------------------------------- the report


def test_a_healthy_log_is_green_throughout():
    report = pm.check(log_from(rhythm()))
    assert report.worst == "green"
    assert report.summary() == "All 8 data-quality checks are green."
    assert report.to_frame()["check"].tolist() == [
        "duplicates",
        "events without a user",
        "days with few events",
        "silent hours",
        "last day complete",
        "clock",
        "machines",
        "internal traffic",
    ]
    assert list(report.to_frame().columns) == ["check", "severity", "evidence", "effect"]
    assert report.claims() == []
    assert report.plot() is None


def test_the_worst_finding_speaks_for_the_log(log_of):
    log = log_of(*["ann visit 0"] * 3, "bob visit 1", is_internal=[True, False, False, False])
    report = pm.check(log)
    assert report.worst == "red"
    assert report.summary().startswith("2 of 8 data-quality checks found something. duplicates (red): ")
    assert pm.check(log.where(is_internal=False)).worst == "red"  # what was read does not get better by a filter


def test_a_log_of_nothing_is_checked_without_a_crash(log_of):
    report = pm.check(log_of("ann visit 0").where(event="never"))
    assert report.worst == "green"


@pytest.mark.parametrize("minutes", [(0, 2_000), (0, 10_000), (0,), (0, 1, 5_000, 5_001)])
def test_a_handful_of_events_says_nothing_about_silence(log_of, minutes):
    assert pm.check(log_of(*(f"u{m} visit {m}" for m in minutes))).worst == "green"


# ------------------------------------------------------------------------------------------------------- duplicates


@pytest.mark.parametrize(
    ("copies", "severity", "effect"), [(0, "green", False), (5, "green", False), (6, "amber", True), (21, "red", True)]
)
def test_duplicates_are_weighed_by_their_share(copies, severity, effect):
    stamps = rhythm()[: 1_000 - copies]
    log = log_from(stamps.append(stamps[:copies]), [f"u{at}" for at in [*range(1_000 - copies), *range(copies)]])
    found = finding(log, "duplicates")
    assert (found.severity, bool(found.effect)) == (severity, effect)
    assert found.evidence == f"{copies} identical rows ({copies / 1000:.2%}), kept"


def test_duplicates_that_were_left_out_count_as_well(tmp_path):
    frame = pd.DataFrame({"user": ["ann"] * 2, "event": "visit", "time": ["2026-01-01T10:00Z"] * 2})
    frame.to_csv(tmp_path / "e.csv", index=False)
    found = finding(pm.read_events(tmp_path / "e.csv"), "duplicates")
    assert (found.severity, found.evidence) == ("red", "1 identical rows (50.00%), left out")


# ------------------------------------------------------------------------------------------------------------ nobody


@pytest.mark.parametrize(
    ("missing", "severity"), [(0, "green"), (10, "green"), (11, "amber"), (200, "amber"), (201, "red")]
)
def test_events_of_nobody_are_weighed_by_their_share(missing, severity):
    users = [None] * missing + [f"u{at}" for at in range(1_000 - missing)]
    found = finding(log_from(rhythm()[:1_000], users), "events without a user")
    assert (found.severity, found.evidence) == (severity, f"{missing} rows ({missing / 1000:.2%}), left out")


def test_a_user_called_null_is_noticed_however_rare():
    found = finding(log_from(rhythm()[:1_000], ["null", *(f"u{at}" for at in range(999))]), "events without a user")
    assert found.severity == "amber"
    assert found.evidence == "0 rows (0.00%), left out; 1 rows whose user is called 'null', 'nan' or the like, kept"
    assert "count as one user" in found.effect


def test_users_called_null_who_are_many_are_red():
    users = ["NaN"] * 300 + [f"u{at}" for at in range(700)]
    assert finding(log_from(rhythm()[:1_000], users), "events without a user").severity == "red"


# -------------------------------------------------------------------------------------------------------------- gaps


def test_a_gap_day_in_a_growing_product_is_found():
    found = finding(log_from(rhythm(growth=4, drop=[31])), "days with few events")
    assert found.severity == "amber"
    assert found.evidence == "1 of 68 whole days have under half of what their weekday usually has (2026-02-05)"


def test_many_gap_days_are_red():
    found = finding(log_from(rhythm(drop=range(30, 38))), "days with few events")
    assert found.severity == "red"
    assert "8 of 68 whole days" in found.evidence
    assert "(2026-02-04, 2026-02-05, 2026-02-06 ...)" in found.evidence


@pytest.mark.parametrize("shape", [{"growth": 8}, {"growth": 0.2}, {"weekend": 0.05}, {"growth": 5, "weekend": 0.2}])
def test_growth_decline_and_weekends_are_no_gaps(shape):
    report = pm.check(log_from(rhythm(**shape)))
    assert report.worst == "green", report.summary()


def test_the_day_is_the_one_of_the_zone():
    log = log_from(
        rhythm(night=False, drop=[(30, hour) for hour in range(15, 24)] + [(31, hour) for hour in range(15)]),
        timezone="Asia/Tokyo",
    )
    assert "(2026-02-05)" in finding(log, "days with few events").evidence


def test_a_short_log_says_that_weekdays_could_not_be_compared():
    found = finding(log_from(rhythm(days=20, drop=[10])), "days with few events")
    assert found.evidence == "none of 18 whole days; too short a log to hold a weekday against its like"


def test_few_events_a_day_are_too_few_to_judge():
    assert low_days({day: 20 if day != 30 else 0 for day in range(60)}) == []
    assert low_days({}) == []


def test_a_log_of_very_few_events_has_no_low_days():
    """Weeks of nothing once came out of the trend as less than nothing, whose root there is not."""
    assert low_days({9: 1, 17: 1, 24: 3, 58: 3}) == []


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_chance_alone_makes_no_gap_day(seed):
    counts = np.random.default_rng(seed).poisson(200, 120)
    assert low_days(dict(enumerate(map(int, counts)))) == []


def test_a_quiet_holiday_is_an_amber_silence():
    christmas = [(day, hour) for day in (30, 31) for hour in range(7, 23)]
    found = finding(log_from(rhythm(drop=christmas)), "silent hours")
    assert found.severity == "amber"
    assert found.evidence == (
        "1 unusual silence of 4 hours or more, the longest from 2026-02-03 23:00 to 2026-02-06 07:00"
    )
    assert "tracking was down, or it was a holiday" in found.effect


def test_an_afternoon_without_events_is_found_in_hours_though_the_day_looks_fine():
    log = log_from(rhythm(drop=[(31, hour) for hour in range(13, 18)]))
    assert finding(log, "days with few events").severity == "green"
    assert finding(log, "silent hours").evidence.endswith("from 2026-02-05 13:00 to 2026-02-05 18:00")


def test_three_hours_of_silence_are_not_reported_and_nights_never():
    assert silences({hour: 5 for hour in range(24 * 60) if not 720 < hour < 724}) == []
    assert silences({hour: 5 for hour in range(24 * 60) if hour % 24 > 7}) == []
    assert silences({}) == []


# ------------------------------------------------------------------------------------------------ clock and last day


@pytest.mark.parametrize(("ahead", "severity"), [(0.5, "green"), (3.5, "amber")])
def test_events_of_the_future_mean_a_wrong_clock(ahead, severity):
    now = pd.Timestamp.now(tz="UTC").floor("us")
    log = log_from([now - pd.Timedelta(days=1), now + pd.Timedelta(days=ahead)])
    found = finding(log, "clock")
    assert found.severity == severity
    assert found.evidence == (
        "no event lies in the future" if ahead < 1 else "the last event lies 3 days in the future"
    )


def test_looking_as_of_a_later_day_is_no_wrong_clock(log_of):
    assert finding(log_of("ann visit 0").as_of("2190-01-01"), "clock").severity == "green"


@pytest.mark.parametrize(
    ("stamp", "timezone", "whole"),
    [
        ("2026-01-10 23:30", "UTC", True),
        ("2026-01-10 12:00", "UTC", False),
        ("2026-01-10 22:30", "Europe/Amsterdam", True),
        ("2026-01-10 23:30", "Europe/Amsterdam", False),
    ],
)
def test_the_last_day_is_whole_if_its_last_hour_has_events_in_the_zone(stamp, timezone, whole):
    log = log_from([START, pd.Timestamp(stamp, tz="UTC")], timezone=timezone)
    found = finding(log, "last day complete")
    assert found.severity == "green"
    assert found.evidence.startswith("data runs to" if whole else "data stops at")


# ---------------------------------------------------------------------------------------------- machines and insiders


@pytest.mark.parametrize(("robots", "hours", "severity"), [(1, 21, "green"), (1, 24, "amber"), (12, 24, "red")])
def test_units_that_never_sleep_are_machines(robots, hours, severity):
    people = rhythm()[:1_000]
    awake = pd.DatetimeIndex([START + pd.Timedelta(hours=hour) for hour in range(hours)] * robots)
    users = [*(f"u{at % 97}" for at in range(1_000)), *(f"robot{at // hours}" for at in range(hours * robots))]
    found = finding(log_from(people.append(awake), users), "machines")
    assert found.severity == severity
    machines = robots if hours >= 22 else 0
    assert found.evidence.startswith(f"{machines} of {97 + robots} units were active in 22 or more hours of one day;")


@pytest.mark.parametrize(
    ("column", "values", "rows"),
    [
        ("is_internal", ["true", "False"], 1),
        ("is_internal", [True, False], 1),
        ("is_internal", [1, 0], 1),
        ("is_internal", [1.0, None], 1),
        ("is_internal", ["Yes ", None], 1),
        ("internal", ["no", None], 0),
        ("is_test", ["1", "0"], 1),
        ("colleague", ["true", "true"], None),
    ],
)
def test_events_of_colleagues_are_found_however_the_flag_is_written(column, values, rows, log_of):
    log = log_of("ann visit 0", "bob visit 1", **{column: values})
    found = finding(log, "internal traffic")
    if rows is None:
        assert found.evidence == "the log has no column that marks it"
        return
    assert found.evidence == f"{rows} events of colleagues are in the numbers"
    assert found.severity == ("amber" if rows else "green")
    if rows and values != ["Yes ", None]:
        assert f"log.without({column}=True)" in found.effect
        assert finding(log.without({column: True}), "internal traffic").severity == "green"


def test_a_table_is_not_said_to_have_no_duplicates_when_nobody_looked(log_of):
    rows = log_of("ann visit 0", "ann visit 0", "bob visit 5").table
    unknown = rows.mutate(user_id=rows["user_id"].nullif("bob"))
    log = pm.EventLog.from_table(unknown, user="user_id", event="event", time="time", timezone="UTC")
    evidence = pm.check(log).to_frame().set_index("check")["evidence"]
    assert evidence["duplicates"] == "identical rows were not looked for in this table"
    assert evidence["events without a user"].startswith("1 rows (33.33%)")
