"""Engagement counts distinct people over exact windows, and never takes an unfinished period for a drop."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pm_analytics as pm
from pm_analytics import calendars
from pm_analytics.errors import DataError, ParameterError, PmAnalyticsWarning, UnknownNameError
from pm_analytics.stats.means import mean_interval

STATES = ["new", "returning", "resurrecting", "dormant"]


def users_of(result, window):
    table = result.to_frame()
    return table.loc[table["window_days"] == window, "users"].tolist()


def states(result):
    return result.to_frame()[["users", *STATES]].to_numpy().tolist()


# Active users


def test_each_window_counts_distinct_users_once(january):
    log = january("a open 1", "a open 1.2", "b open 1", "a open 3", "c open 4").as_of("2026-01-05")
    result = pm.active_users(log, windows=(1, 3))
    assert users_of(result, 1) == [2, 0, 1, 1]
    assert users_of(result, 3)[2:] == [2, 2]


def test_a_window_that_reaches_before_the_log_is_null_not_small(january):
    """A rolling count that starts at zero looks like growth; it is only the log that begins."""
    table = pm.active_users(january("a open 1", "a open 2", "a open 4").as_of("2026-01-05"), windows=(3,)).to_frame()
    assert table["users"].isna().tolist() == [True, True, False, False]
    assert table["complete"].tolist() == [False, False, True, True]


def test_the_open_last_day_is_flagged_and_in_no_ratio(january):
    result = pm.active_users(january("a open 1", "b open 1", "a open 2.5"), windows=(1, 2))
    assert result.to_frame()["complete"].tolist() == [True, False, False, False]
    assert result.ratio().to_frame()["ratio"].isna().all()
    assert "No day of this log has all its windows complete" in result.headline()
    assert "(not over)" in repr(result)


def test_days_before_a_feature_was_used_are_known_zeros(january):
    """The log began on day 1, so that nobody used it on days 1 to 3 is known."""
    result = pm.active_users(january("a open 1", "a use 4").as_of("2026-01-06"), "use", windows=(1, 2))
    assert users_of(result, 1) == [0, 0, 0, 1, 0]
    assert users_of(result, 2)[1:] == [0, 0, 1, 1]


def test_a_filter_of_activity_does_not_change_since_when_the_log_is_known(january):
    log = january("a open 1", "b open 3").as_of("2026-01-04")
    assert users_of(pm.active_users(log, where={"user_id": "b"}, windows=(2,)), 2)[1:] == [0, 1]


def test_dau_over_mau_is_the_mean_share_of_days(january):
    log = january("a open 1", "a open 2", "a open 3", "a open 4", "b open 2").as_of("2026-01-05")
    result = pm.active_users(log, windows=(1, 4))
    assert result.ratio().to_frame()["ratio"].iloc[-1] == pytest.approx(1 / 2)
    claims = {claim.id: claim for claim in result.claims()}
    assert claims["active_users.dau_mau"].value == pytest.approx((1 + 2 + 1 + 1) / 4 / 2)
    assert claims["active_users.dau_mau"].ci_lower is None
    assert "came on 2.5 of 4 days on average" in result.summary()


def test_the_mean_ratio_has_no_weekends_and_is_the_mean_share_of_days(january):
    """Two users over a window of two days: days with 2, 0, 1 and 1 of them."""
    log = january("a open 1", "b open 1", "a open 3", "b open 4").as_of("2026-01-05")
    result = pm.active_users(log, windows=(1, 2)).ratio()
    table = result.to_frame()
    assert list(table.columns) == ["day", "ratio", "mean_ratio", "mean_days"]
    # Days 1-2 hold both users, days 2-3 one, days 3-4 both.
    assert table["ratio"].tolist()[1:] == [0, 1, 0.5]
    assert table["mean_ratio"].tolist()[1:] == [0.5, 0.5, 0.5]
    assert table["mean_days"].tolist()[1:] == [1, 1, 1]
    assert table.iloc[0][["ratio", "mean_ratio", "mean_days"]].isna().all()
    assert (
        "DAU/2-day users 50.0% in the 2 days to 2026-01-04: who came at all came on 1.0 of 2 days" in result.headline()
    )
    assert "2 days earlier 50.0%" in result.summary()
    assert [claim.id for claim in result.claims()] == ["dau_2_day_users", "dau_2_day_users.mean_days"]


def test_a_ratio_of_weeks_has_no_days_and_open_days_no_ratio(january):
    log = january(*[f"u{n % 3} open {n}" for n in range(1, 40)], "z open 40.5")
    result = pm.active_users(log, windows=(1, 7, 28)).ratio(7, 28)
    table = result.to_frame()
    assert result.name == "WAU/MAU"
    assert table["mean_days"].isna().all()
    assert table.iloc[-1][["ratio", "mean_ratio"]].isna().all()
    assert table["ratio"].dropna().eq(1).all()
    drawn = result.plot().to_dict()
    assert not any(row["day"] == "2026-02-09" for rows in drawn["datasets"].values() for row in rows)


def test_a_ratio_is_told_per_segment_each_with_its_own_base():
    rows = [("a", "pro", day) for day in (1, 2)] + [("b", "free", 1), ("c", "free", 2), ("z", "free", 3)]
    frame = pd.DataFrame(rows, columns=["user", "plan", "day"])
    frame = frame.assign(event="open", time=[f"2026-01-0{day}T10:00Z" for day in frame["day"]])
    log = pm.EventLog.from_frame(frame[["user", "event", "time", "plan"]]).as_of("2026-01-03")
    result = pm.active_users(log, windows=(1, 2), segments="plan").ratio()
    last = result.to_frame().dropna().set_index("segment")["mean_ratio"]
    assert last.to_dict() == {"free": 0.5, "pro": 1.0}
    assert "by plan: 100.0% pro, 50.0% free" in result.headline()
    assert result.plot().to_dict()["description"]


def test_a_last_day_without_anybody_raises_the_question_of_the_recording(january):
    log = january(*[f"u{n} open {1 + n % 5}" for n in range(40)], "z open 7.5")
    assert "Nobody came on 2026-01-06: has the recording stopped?" in pm.active_users(log, windows=(1, 5)).summary()
    assert "recording" not in pm.active_users(log.as_of("2026-01-06"), windows=(1, 5)).summary()


def test_a_range_shows_its_days_and_still_looks_back_before_them(january):
    log = january("a open 1", "b open 3", "c open 5").as_of("2026-01-08")
    result = pm.active_users(log, windows=(1, 5), between=("2026-01-05", "2026-01-06"))
    assert users_of(result, 1) == [1, 0]
    assert users_of(result, 5) == [3, 2]


def test_units_count_in_every_segment_they_are_active_in():
    rows = [
        ("a", "free", 1), ("a", "pro", 2), ("b", None, 1), ("b", "", 2), ("c", "0", 2), ("z", "free", 4),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["user", "plan", "day"])
    frame = frame.assign(event="open", time=[f"2026-01-0{day}T10:00Z" for day in frame["day"]])
    log = pm.EventLog.from_frame(frame[["user", "event", "time", "plan"]]).as_of("2026-01-04")
    result = pm.active_users(log, windows=(2,), segments="plan")
    table = result.to_frame()
    last = table[table["day"] == "2026-01-02"].set_index("segment")["users"]
    assert last.to_dict() == {"(missing)": 1, "0": 1, "free": 1, "pro": 1}
    assert "may be in several segments" in result.definition
    assert "by plan" in result.headline()


def test_the_smaller_segments_are_counted_together_and_a_user_once():
    rows = [(f"u{n}", f"city{n % 12:02}", n) for n in range(36)] + [("both", "city10", 0), ("both", "city11", 1)]
    rows += [(f"more{n}", f"city{n:02}", n) for n in range(10)]
    frame = pd.DataFrame(rows, columns=["user", "city", "minute"])
    time = pd.Timestamp("2026-01-01T10:00Z") + pd.to_timedelta(frame["minute"], unit="min")
    log = pm.EventLog.from_frame(frame.assign(event="open", time=time)[["user", "event", "time", "city"]])
    table = pm.active_users(log.as_of("2026-01-02"), windows=(1,), segments="city").to_frame()
    counts = table.set_index("segment")["users"].to_dict()
    # Both cities have 4 with the one who was in both, and the alphabet decides the tie.
    assert len(counts) == 11
    assert counts["(other)"] == 7
    assert counts["city00"] == 4


# Stickiness


def test_the_criterion_counts_events_of_an_interval(january):
    log = january("a open 1", "a open 1.1", "a open 2", "b open 1", "b open 2").as_of("2026-01-03")
    found = {
        (least, most): pm.stickiness(log, min_events=least, max_events=most).to_frame()["users"].tolist()
        for least, most in [(1, None), (2, None), (1, 1), (2, 2)]
    }
    assert found == {(1, None): [0, 2], (2, None): [1, 0], (1, 1): [1, 1], (2, 2): [1, 0]}


def test_shares_are_of_those_active_at_all_with_wilson_intervals(january):
    log = january("a open 1", "a open 2", "b open 1", "z open 9").as_of("2026-01-03")
    result = pm.stickiness(log, mode="cumulative")
    table = result.to_frame()
    assert (table["users"].tolist(), table["rate"].tolist(), result.total_users) == ([2, 1], [1.0, 0.5], 2)
    assert table["ci_lower"].iloc[1] < 0.5 < table["ci_upper"].iloc[1]


def test_without_a_range_only_intervals_that_are_over_count(january):
    """The log ends in the middle of day 3: to count it would make everybody look less regular."""
    log = january("a open 1", "a open 2", "a open 3.5")
    assert len(pm.stickiness(log).to_frame()) == 2
    wider = pm.stickiness(log, between=("2026-01-01", "2026-01-05"))
    assert wider.span.unknown == 3
    assert "3 days are not fully known" in wider.summary()


def test_the_first_week_counts_only_when_the_log_has_all_of_it(january):
    """1 January 2026 is a Thursday."""
    log = january("a open 1", "a open 6", "a open 13").as_of("2026-01-19")
    assert pm.stickiness(log, interval="week").span.said == "2026-01-05 to 2026-01-18, both included"
    thursday = pm.stickiness(log, interval="week", week_start="thursday")
    assert thursday.span.said == "2026-01-01 to 2026-01-14, both included"


def test_stickiness_per_month_has_one_histogram_each_and_flags_the_open_one(january):
    log = january("a open 1", "a open 2", "b open 2", "a open 33")
    result = pm.stickiness(log, per="month")
    table = result.to_frame()
    assert table.groupby("period", sort=True).size().tolist() == [31, 28]
    assert table.groupby("period")["complete"].all().tolist() == [True, False]
    assert table[table["users"] > 0][["active_intervals", "users"]].to_numpy().tolist() == [[1, 1], [2, 1], [1, 1]]
    assert "1.5 days per month" in result.headline()


def test_hours_are_those_of_the_clock(january):
    log = january("a open 1", "a open 1.01", "a open 1.5").as_of("2026-01-02")
    table = pm.stickiness(log, interval="hour", between=("2026-01-01", "2026-01-01")).to_frame()
    assert len(table) == 24
    assert table.loc[table["users"] > 0, "active_intervals"].tolist() == [2]


def test_an_event_that_never_occurs_warns_and_counts_zero(january):
    log = january("a open 1", "b open 2").as_of("2026-01-31")
    with pytest.warns(PmAnalyticsWarning, match="'opne' never occurs .*did you mean 'open'"):
        result = pm.stickiness(log, "opne")
    assert (result.to_frame()["users"].sum(), result.total_users) == (0, 0)
    assert result.to_frame()["rate"].isna().all()
    for function in (pm.active_users, pm.power_users, pm.lifecycle):
        with pytest.warns(PmAnalyticsWarning, match="never occurs"):
            nobody = function(log, "opne")
        assert nobody.to_frame()["users"].fillna(0).sum() == 0
        assert nobody.summary()
        assert nobody.plot().to_dict()
    assert "Nobody was active" in result.summary()


# Power users


def test_the_power_user_curve_looks_back_over_complete_days(january):
    log = january("a open 1", "a open 3", "a open 4", "b open 4", "b open 5.5")
    result = pm.power_users(log, days=2)
    assert result.to_frame()["users"].tolist() == [1, 1]
    assert (f"{result.first:%d}", f"{result.last:%d}") == ("03", "04")
    averages = result.averages().iloc[0]
    assert (averages["users"], averages["mean_days"], averages["ratio"]) == (2, 1.5, 0.75)
    assert averages["ci_lower"] < 1.5 < averages["ci_upper"]
    earlier = pm.power_users(log, days=2, until="2026-01-03")
    assert earlier.to_frame()["users"].tolist() == [1, 0]


def test_the_mean_of_the_curve_is_dau_over_mau_of_the_same_days(january):
    lines = [f"u{n} open {1 + (n * k) % 28}" for n in range(1, 12) for k in range(n)]
    log = january("first open 1", *lines).as_of("2026-01-29")
    actives = {claim.id: claim.value for claim in pm.active_users(log).claims()}
    assert pm.power_users(log).averages()["ratio"][0] == pytest.approx(actives["active_users.dau_mau"])


def test_days_that_the_log_does_not_have_are_refused_with_what_to_write(january):
    log = january("a open 1", "a open 3.5")
    with pytest.raises(DataError, match="2 complete days up to then, not 28; write days=2 or fewer"):
        pm.power_users(log)
    with pytest.raises(DataError, match="Not all of these days are over"):
        pm.power_users(log, days=2, until="2026-01-03")


def test_a_mean_has_no_interval_where_chance_cannot_be_judged():
    assert math.isnan(mean_interval(1, 5, 25).lower)
    assert math.isnan(mean_interval(3, 0.3, 0.03).lower)
    assert mean_interval(3, 6, 14).lower == pytest.approx(2 - 4.302653 / math.sqrt(3), abs=1e-6)


# Lifecycle


def test_each_state_is_counted_once_and_dormant_only_in_the_first_missed_period(january):
    log = january("a open 1", "b open 1", "a open 2", "b open 4", "c open 4").as_of("2026-01-06")
    assert states(pm.lifecycle(log, period="day")) == [
        [2, 2, 0, 0, 0],
        [1, 0, 1, 0, -1],
        [0, 0, 0, 0, -1],
        [2, 1, 0, 1, 0],
        [0, 0, 0, 0, -2],
    ]


def test_who_is_new_depends_on_what_is_looked_at(january):
    """A known user who tries a feature is new to the feature, and resurrecting by the account's age."""
    log = january("a open 1", "a use 3", "b use 3", "z open 5")
    by_unit = pm.lifecycle(log, "use", period="day", between=("2026-01-03", "2026-01-03"))
    by_feature = pm.lifecycle(log, "use", period="day", between=("2026-01-03", "2026-01-03"), new_by="feature")
    assert states(by_unit) == [[2, 1, 0, 1, 0]]
    assert states(by_feature) == [[2, 2, 0, 0, 0]]
    assert "first event of any kind" in by_unit.definition
    assert "first event of these" in by_feature.definition


def growth_by_plan(*rows, **options):
    """Ask a lifecycle by day and plan, of (user, plan, day) rows; the log is known to 10 January."""
    frame = pd.DataFrame(rows, columns=["user", "plan", "day"])
    time = pd.Timestamp("2025-12-31T10:00Z") + pd.to_timedelta(frame.pop("day"), unit="D")
    log = pm.EventLog.from_frame(frame.assign(event="open", time=time)).as_of("2026-01-10")
    return pm.lifecycle(log, period="day", **options, segments="plan")


def test_a_unit_stays_in_the_segment_of_its_first_sight():
    """A user who upgrades is not lost to one plan and new in the other; the segments add up to the whole."""
    result = growth_by_plan(("a", "free", 1), ("a", "pro", 2), ("b", "pro", 1), ("b", "pro", 2), ("c", None, 2))
    by_day = result.to_frame().set_index(["segment", "period"])
    assert by_day.loc[("free", "2026-01-02"), ["users", *STATES]].tolist() == [1, 0, 1, 0, 0]
    assert by_day.loc[("pro", "2026-01-02"), ["users", *STATES]].tolist() == [1, 0, 1, 0, 0]
    assert by_day.loc[("(missing)", "2026-01-02"), ["users", *STATES]].tolist() == [1, 1, 0, 0, 0]
    assert "each unit in the segment of its 'plan' at that first event" in result.definition
    assert {claim.id for claim in result.claims()} >= {"lifecycle.free.new", "lifecycle.pro.quick_ratio"}
    assert result.headline() == "Active on the day of 2026-01-09, by plan: 0 free (+0), 0 pro (+0), 0 (missing) (+0)"
    drawn = result.plot().to_dict()
    assert drawn["facet"]["row"]["sort"] == ["free", "pro", "(missing)"]
    assert repr(result)


def test_a_property_with_thousands_of_values_has_ten_segments_and_the_rest():
    result = growth_by_plan(*[(f"u{n}", f"p{n}", 1) for n in range(3_000)])
    table = result.to_frame()
    assert table["segment"].nunique() == 11
    assert table.groupby("segment")["new"].sum()["(other)"] == 2_990
    assert "5 smaller segments are in the table" in " ".join(result.plot().to_dict()["title"]["subtitle"])


def test_a_segment_of_nothing_is_missing_and_an_absent_event_gives_no_segment(january):
    log = january("a open 1", "b open 2").as_of("2026-01-05")
    frame = pd.DataFrame(
        {"user": ["a", "b"], "event": "open", "plan": [None, ""], "time": ["2026-01-01", "2026-01-02"]}
    )
    empty = pm.EventLog.from_frame(frame.astype({"plan": "string"}), timezone="UTC").as_of("2026-01-05")
    for function in (pm.active_users, pm.stickiness, pm.lifecycle, lambda *a, **k: pm.power_users(*a, days=4, **k)):
        assert function(empty, segments="plan").to_frame()["segment"].unique().tolist() == ["(missing)"]
        with pytest.warns(PmAnalyticsWarning, match="never occurs"):
            nobody = function(log, "opne", segments="event")
        assert nobody.to_frame().empty
        assert repr(nobody)
        assert nobody.plot().to_dict()


def test_a_clock_in_a_far_future_does_not_flood_the_answer(january):
    """One event of 2099 makes the log known until then: the answer stays a table, and names the odd day."""
    log = january("a open 1", "b open 1", "a open 2", "odd open 27000")
    assert len(pm.lifecycle(log, period="month").to_frame()) < 1_000
    assert "2099" in pm.active_users(log, windows=(1,)).definition
    assert len(json.dumps(pm.lifecycle(log, period="day").plot().to_dict())) < 100_000


def test_the_quick_ratio_is_null_where_nobody_was_lost_and_where_it_is_not_final(january):
    log = january("a open 1", "a open 2", "b open 2", "b open 3", "c open 3", "d open 3", "b open 4")
    table = pm.lifecycle(log, period="day").to_frame()
    assert table["complete"].tolist() == [False, True, True, False]
    assert table["quick_ratio"].isna().tolist() == [True, True, False, True]
    assert table["quick_ratio"][2] == 2.0
    assert table["retained_rate"].tolist()[1:3] == [1.0, 0.5]
    assert table["retained_rate"].isna().tolist() == [True, False, False, True]


def test_a_period_after_one_that_the_log_has_half_is_not_final(january):
    """1 January 2026 is a Thursday: who came on the Monday before is unknown, so the next week's new may be old."""
    log = january("a open 1", "a open 6", "a open 13").as_of("2026-01-19")
    assert pm.lifecycle(log).to_frame()["complete"].tolist() == [False, False, True]
    assert pm.lifecycle(log, week_start="thursday").to_frame()["complete"].tolist() == [False, True, False]


def test_what_is_asked_outside_of_the_log_is_left_out_and_said(january):
    log = january("a open 3", "a open 5")
    with pytest.warns(PmAnalyticsWarning, match="not known, and left out"):
        result = pm.lifecycle(log, period="day", between=("2026-01-01", "2026-01-09"))
    assert result.to_frame()["period"].dt.day.tolist() == [3, 4, 5]
    with pytest.raises(ParameterError, match="lies outside the log"):
        pm.lifecycle(log, between=("2025-01-01", "2025-02-01"))


# All of them


def test_every_answer_says_its_definition_its_base_and_its_alternative_text(january):
    log = january(*[f"u{n} open {1 + n % 20}" for n in range(60)], "u1 open 20", "z open 31")
    answers = [
        pm.active_users(log, windows=(1, 7)),
        pm.active_users(log, segments="event"),
        pm.stickiness(log),
        pm.stickiness(log, segments="event", every=2),
        pm.stickiness(log, per="week"),
        pm.power_users(log),
        pm.power_users(log, segments="event", days=14),
        pm.lifecycle(log),
    ]
    for answer in answers:
        assert answer.definition.endswith("zone UTC.")
        assert "any event" in answer.definition
        assert "data known until 2026-01-31" in answer.basis
        assert answer.headline()
        assert answer.claims()
        drawn = answer.plot().to_dict()
        assert len(drawn["description"]) > 20
        assert answer.summary() in drawn["description"]
        assert sum(map(len, drawn["datasets"].values())) < 1_000
        assert answer._repr_html_()


def test_a_day_that_is_not_over_is_drawn_apart(january):
    log = january("a open 1", "b open 2", "a open 3.5")
    drawn = pm.active_users(log, windows=(1,)).plot().to_dict()
    line, point = (drawn["datasets"][layer["data"]["name"]] for layer in drawn["layer"])
    assert [row["day"] for row in line] == ["2026-01-01", "2026-01-02"]
    assert [row["day"] for row in point] == ["2026-01-03"]


def test_accounts_are_counted_when_they_are_the_unit():
    frame = pd.DataFrame(
        [("a", "open", "2026-01-01", "x"), ("b", "open", "2026-01-01", "x"), ("c", "open", "2026-01-01", None)],
        columns=["user", "event", "time", "account"],
    )
    log = pm.EventLog.from_frame(frame, timezone="UTC").with_unit("account").as_of("2026-01-02")
    assert users_of(pm.active_users(log, windows=(1,)), 1) == [1]
    assert pm.stickiness(log).counted == "values of account"


@pytest.mark.parametrize(
    ("function", "options", "error", "said"),
    [
        ("active_users", {"windows": (0, 7)}, ParameterError, "windows=0 must be a whole number of 1 or more"),
        ("active_users", {"windows": ()}, ParameterError, "list of lengths"),
        ("active_users", {"windows": 28}, ParameterError, "list of lengths"),
        ("active_users", {"windows": (1.5,)}, ParameterError, "whole number"),
        ("active_users", {"windows": (1, 500)}, ParameterError, "more than 400"),
        ("active_users", {"segments": "plam"}, UnknownNameError, "No property 'plam'"),
        ("active_users", {"where": {"plam": 1}}, UnknownNameError, "No property 'plam'"),
        ("active_users", {"event": []}, ParameterError, "name of an event"),
        ("stickiness", {"interval": "dya"}, ParameterError, "interval='dya'.*did you mean 'day'"),
        ("stickiness", {"mode": "cumulativ"}, ParameterError, "did you mean 'cumulative'"),
        ("stickiness", {"every": 0}, ParameterError, "every=0"),
        ("stickiness", {"min_events": 0}, ParameterError, "min_events=0"),
        ("stickiness", {"min_events": 3, "max_events": 2}, ParameterError, "max_events=2 .* 3 or more"),
        ("stickiness", {"per": "mnth"}, ParameterError, "did you mean 'month'"),
        ("stickiness", {"per": "month", "interval": "week"}, ParameterError, "fit into no longer period"),
        ("stickiness", {"per": "month", "every": 2}, ParameterError, "do not go together"),
        ("stickiness", {"per": "month", "segments": "event"}, ParameterError, "ask once per segment"),
        ("stickiness", {"week_start": "mon"}, ParameterError, "did you mean 'monday'"),
        ("stickiness", {"between": ("2026-01-05", "2026-01-01")}, ParameterError, "ends before it starts"),
        ("stickiness", {"between": ("2026-01-05 10:00", "2026-01-06")}, ParameterError, "whole days"),
        ("stickiness", {"between": "2026-01-05"}, ParameterError, "a first and a last day"),
        ("stickiness", {"between": ("2000-01-01", "2026-01-01"), "interval": "hour"}, ParameterError, "shorter"),
        ("stickiness", {"confidence": 95}, ParameterError, "write 0.95"),
        ("power_users", {"days": 0}, ParameterError, "days=0"),
        ("lifecycle", {"period": "hour"}, ParameterError, "write one of 'day', 'week', 'month'"),
        ("lifecycle", {"new_by": "units"}, ParameterError, "did you mean 'unit'"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_what_to_write(january, function, options, error, said):
    with pytest.raises(error, match=said):
        getattr(pm, function)(january("a open 1", "a open 2"), **options)


def test_an_empty_log_is_refused_with_what_emptied_it(january):
    empty = january("a open 1").where(event="nothing")
    for function in (pm.active_users, pm.stickiness, pm.power_users, pm.lifecycle):
        with pytest.raises(DataError, match=r"No event is left.*event = 'nothing'"):
            function(empty)


def test_a_ratio_needs_two_windows_of_the_answer(january):
    result = pm.active_users(january("a open 1", "a open 2"), windows=(1, 2))
    with pytest.raises(ParameterError, match="shorter and a longer window of 1, 2 days; got 1 and 28"):
        result.ratio(1, 28)


def test_a_day_that_begins_at_one_o_clock_is_a_day():
    """In Sao Paulo, 4 November 2018 had no midnight; its date is still a whole day."""
    rows = [("a", "open", "2018-11-04T12:00Z"), ("a", "open", "2018-11-05T12:00Z"), ("b", "open", "2018-11-06T12:00Z")]
    frame = pd.DataFrame(rows, columns=["user", "event", "time"])
    log = pm.EventLog.from_frame(frame, timezone="America/Sao_Paulo")
    assert pm.stickiness(log, between=("2018-11-04", "2018-11-05")).to_frame()["users"].tolist() == [0, 1]


def test_the_order_of_rows_does_not_matter():
    frame, _ = random_log(random.Random(3), 24 * 40, "UTC")
    for function in (pm.active_users, pm.stickiness, pm.lifecycle, pm.power_users):
        one = function(pm.EventLog.from_frame(frame)).to_frame()
        other = function(pm.EventLog.from_frame(frame.sample(frac=1, random_state=1))).to_frame()
        pd.testing.assert_frame_equal(one, other)


# Against plain Python: random users over changes of the clocks, many in one log

ZONES = ["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
START = datetime(2026, 2, 24, tzinfo=UTC)
SEEDS = st.integers(0, 2**32)
WEEKDAYS = st.sampled_from(calendars.WEEKDAYS)


def random_log(chance, hours, zone, start=START):
    """Make a log of 40 users, some busy and some rare, and list its (user, event, local time)."""
    rows = [("first", "open", 0), ("last", "open", hours)]
    for n in range(40):
        rows += [
            (f"u{n}", chance.choice(["open", "use"]), chance.randrange(hours)) for _ in range(chance.choice([1, 3, 12]))
        ]
    at = [start + timedelta(hours=hour) for _, _, hour in rows]
    frame = pd.DataFrame({"user": [r[0] for r in rows], "event": [r[1] for r in rows], "time": at})
    return frame, [(r[0], r[1], moment.astimezone(ZoneInfo(zone))) for r, moment in zip(rows, at, strict=True)]


def periods(events, period, week_start, names=("open", "use")):
    """Give each user's periods with one of the events, counted."""
    found = {}
    for user, name, local in events:
        if name in names:
            number = calendars.number_of(local.date(), period, week_start=week_start)
            number += local.hour if period == "hour" else 0
            found.setdefault(user, Counter())[number] += 1
    return found


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.sampled_from(ZONES), st.lists(st.integers(1, 40), min_size=1, max_size=3, unique=True))
def test_rolling_windows_agree_with_sets_of_users(seed, zone, windows):
    frame, events = random_log(random.Random(seed), 24 * 50, zone)
    result = pm.active_users(pm.EventLog.from_frame(frame, timezone=zone), "use", windows=windows)
    days = periods(events, "day", "monday", ["use"])
    first, last = (calendars.number_of(events[n][2].date(), "day") for n in (0, 1))
    expected = [
        (n, w, None if n - w + 1 < first else sum(any(n - w < day <= n for day in user) for user in days.values()))
        for n in range(first, last + 1)
        for w in sorted(windows)
    ]
    found = result.to_frame()
    numbers = [calendars.number_of(day.date(), "day") for day in found["day"]]
    users = [None if math.isnan(n) else n for n in found["users"]]
    assert list(zip(numbers, found["window_days"], users, strict=True)) == expected
    assert found["complete"].tolist() == [users is not None and n < last for n, _, users in expected]


@settings(max_examples=16, deadline=None)
@given(
    SEEDS,
    st.sampled_from(ZONES),
    st.sampled_from([("hour", 24 * 3), ("day", 24 * 40), ("week", 24 * 60), ("month", 24 * 200)]),
    st.integers(1, 3),
    st.sampled_from([(1, None), (2, None), (1, 1), (2, 2), (1, 3)]),
    WEEKDAYS,
    st.tuples(st.integers(0, 10), st.integers(0, 50)),
)
def test_stickiness_agrees_with_counting_by_hand(seed, zone, scale, every, needed, week_start, range_of_days):
    (interval, hours), (least, most) = scale, needed
    start = datetime(2026, 3, 28, tzinfo=UTC) if interval == "hour" else START
    frame, events = random_log(random.Random(seed), hours, zone, start)
    days = [start.date() + timedelta(days=n) for n in (range_of_days[0], sum(range_of_days))]
    log = pm.EventLog.from_frame(frame, timezone=zone)
    options = {"interval": interval, "every": every, "between": (str(days[0]), days[1]), "week_start": week_start}
    first, last = (calendars.number_of(day, interval, week_start=week_start) for day in days)
    last += 23 if interval == "hour" else 0
    number = -(-(last - first + 1) // every)
    exact = [0] * number
    for seen in periods(events, interval, week_start).values():
        buckets = Counter()
        for n, times in seen.items():
            buckets[(n - first) // every] += times
        good = [b for b, n in buckets.items() if 0 <= b < number and least <= n <= (most or n)]
        if good:
            exact[len(good) - 1] += 1
    for mode in ("exact", "cumulative"):
        result = pm.stickiness(log, mode=mode, min_events=least, max_events=most, **options)
        counted = exact if mode == "exact" else [sum(exact[k:]) for k in range(number)]
        assert result.to_frame()["users"].tolist() == counted
        assert result.total_users == sum(exact)


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.sampled_from(ZONES), st.sampled_from([("hour", "day"), ("day", "week"), ("day", "month")]), WEEKDAYS)
def test_stickiness_over_time_is_that_of_each_period_alone(seed, zone, pair, week_start):
    interval, per = pair
    frame, _ = random_log(random.Random(seed), 24 * 4 if interval == "hour" else 24 * 70, zone)
    log = pm.EventLog.from_frame(frame, timezone=zone)
    table = pm.stickiness(log, interval=interval, per=per, week_start=week_start).to_frame()
    for first, part in list(table.groupby("period"))[:3]:
        number = calendars.number_of(first.date(), per, week_start=week_start)
        last = calendars.start(number + 1, per, week_start=week_start) - timedelta(days=1)
        alone = pm.stickiness(log, interval=interval, between=(first.date(), last), week_start=week_start).to_frame()
        assert part["users"].tolist() == alone["users"].tolist()


@settings(max_examples=18, deadline=None)
@given(
    SEEDS,
    st.sampled_from(ZONES),
    st.sampled_from([("day", 24 * 15), ("week", 24 * 60), ("month", 24 * 250)]),
    st.sampled_from([None, "use"]),
    st.sampled_from(["unit", "feature"]),
    WEEKDAYS,
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_lifecycle_agrees_with_following_each_user(seed, zone, scale, event, new_by, week_start, cut):
    period, hours = scale
    frame, events = random_log(random.Random(seed), hours, zone)
    any_kind = periods(events, period, week_start)
    active = periods(events, period, week_start, [event] if event else ["open", "use"])
    sight = any_kind if new_by == "unit" else active
    begin, end = min(map(min, any_kind.values())), max(map(max, any_kind.values()))
    first = begin + cut[0] % (end - begin + 1)
    last = max(first, end - cut[1])
    days = [calendars.start(n, period, week_start=week_start) for n in (first, last)]
    log = pm.EventLog.from_frame(frame, timezone=zone)
    result = pm.lifecycle(log, event, period=period, between=tuple(days), new_by=new_by, week_start=week_start)
    expected = []
    for p in range(first, last + 1):
        row = Counter()
        for user, seen in active.items():
            now, before = p in seen, p - 1 in seen
            row["users"] += now
            row["new"] += now and p == min(sight[user])
            row["returning"] += now and before
            row["resurrecting"] += now and not before and p != min(sight[user])
            row["dormant"] -= before and not now
        expected.append([row[name] for name in ("users", *STATES)])
    assert states(result) == expected
    table = result.to_frame()
    assert (table["new"] + table["returning"] + table["resurrecting"]).tolist() == table["users"].tolist()
    change = table["new"] + table["resurrecting"] + table["dormant"]
    assert change.tolist() == table["net_change"].tolist()
    assert table["users"].diff()[1:].tolist() == change[1:].tolist()


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.sampled_from([None, "use"]), st.sampled_from(["unit", "feature"]))
def test_growth_by_segment_adds_up_and_each_segment_is_that_of_its_units_alone(seed, event, new_by):
    chance = random.Random(seed)
    frame, _ = random_log(chance, 24 * 30, "UTC")
    frame["plan"] = [chance.choice(["free", "pro", "team"]) for _ in range(len(frame))]
    log = pm.EventLog.from_frame(frame, timezone="UTC")
    options = {"period": "day", "new_by": new_by}
    whole = pm.lifecycle(log, event, **options).to_frame()
    parts = pm.lifecycle(log, event, segments="plan", **options).to_frame()
    names = ["users", *STATES, "net_change"]
    added = parts.groupby("period", sort=True)[names].sum()
    assert added.to_numpy().tolist() == whole[names].to_numpy().tolist()
    sighted = frame if new_by == "unit" or event is None else frame[frame["event"] == event]
    ordered = sighted.sort_values(["time", "plan"], kind="stable")
    plan_of = ordered.drop_duplicates("user").set_index("user")["plan"]
    for plan, part in parts.groupby("segment"):
        members = list(plan_of.index[plan_of == plan])
        alone = (
            pm.lifecycle(
                log.where(user_id=members), event, between=(whole["period"][0], whole["period"].iloc[-1]), **options
            ).to_frame()
            if set(members) & set(frame.loc[frame["time"] == START, "user"])
            else None
        )
        active = part["new"] + part["returning"] + part["resurrecting"]
        assert active.tolist() == part["users"].tolist()
        assert part["users"].diff()[1:].tolist() == part["net_change"][1:].tolist()
        if alone is not None:
            assert alone[names].to_numpy().tolist() == part[names].to_numpy().tolist()
