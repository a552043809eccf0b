"""Retention has stated cohorts, counts returns once, and never turns "not observed yet" into 0."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import NotYetError, ParameterError, PmAnalyticsWarning, UnknownNameError
from pm_analytics.stats.proportions import newcombe, wilson

CDNOW = Path(__file__).resolve().parents[3] / "shared" / "data" / "cdnow" / "transactions.csv.gz"
NULL = None


def rows(result, of="users"):
    """Give a triangle as lists, oldest cohort first; null is None."""
    wide = result.triangle(of).drop(columns=["cohort", "cohort_users"])
    return [[NULL if math.isnan(value) else value for value in row] for row in wide.to_numpy().tolist()]


def ask(log, *events, **options):
    """Ask by day, which keeps micro logs small."""
    return pm.retention(log, *events, **{"period": "day", "periods": 3, **options})


@pytest.fixture
def small(january):
    """Two who start on the 1st, one on the 2nd; known until just after the start of the 5th."""
    return january("a open 1", "a open 2.5", "a open 4", "b open 1.9", "b open 3", "c open 2", "c open 4.1", "z x 5")


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("on", [[2, 1, 1, 1], [1, 0, 1, NULL]]),
        ("on_or_after", [[2, 2, 2, 1], [1, 1, 1, NULL]]),
        ("on_or_before", [[2, 1, 2, 2], [1, 0, 1, NULL]]),
        ("streak", [[2, 1, 0, 0], [1, 0, 0, NULL]]),
    ],
)
def test_each_measure_counts_who_it_says(small, measure, expected):
    assert rows(ask(small, "open", measure=measure)) == expected


def test_a_bracket_counts_a_unit_once_for_any_period_inside(small):
    result = ask(small, "open", measure="bracket", brackets=[1, 3])
    assert rows(result) == [[2, 1, 2], [1, 0, NULL]]
    assert result.to_frame()["period_number"].tolist() == [0, 1, 3] * 2
    assert result.to_frame()["bracket"].tolist() == ["0", "1", "2-3"] * 2
    assert list(result.triangle().columns)[2:] == ["day_0", "day_1", "day_2_to_3"]


def test_a_cell_that_is_not_over_is_null_never_zero(small):
    table = ask(small, "open").to_frame()
    unknown = table[~table["complete"]]
    assert len(unknown) == 1
    assert unknown[["users", "rate", "ci_lower", "ci_upper"]].isna().all(axis=None)
    assert (table[table["complete"]]["users"] >= 0).all()


def test_a_period_is_over_at_its_last_moment_and_not_before(january):
    log = january("a open 1", "a open 2", "z x 9")
    assert rows(ask(log.as_of("2026-01-03"), "open", periods=1)) == [[1, 1]]
    assert rows(ask(log.as_of("2026-01-02 23:59:59"), "open", periods=1)) == [[1, NULL]]
    assert rows(ask(log.as_of("2026-01-01 12:00"), "open", periods=1)) == [[NULL, NULL]]


def test_a_unit_is_new_once_looked_up_before_the_first_entry_that_counts(january):
    """A user whose first signup lies before the shown range is nobody's newcomer."""
    log = january("a in 1", "a in 3", "b in 3", "z x 9")
    span = ("2026-01-03", "2026-01-05")
    assert rows(ask(log, "in", entries=span, periods=1)) == [[1, 0], [0, 0]]
    assert rows(ask(log, "in", entries=span, periods=1, cohorts="recurring")) == [[2, 0], [0, 0]]


def test_a_first_start_must_itself_pass_the_filter_unless_the_first_that_passes_is_asked_for():
    frame = pd.DataFrame(
        [("a", "buy", "2026-01-01T00:00Z", 5), ("a", "buy", "2026-01-02T00:00Z", 50),
         ("b", "buy", "2026-01-02T00:00Z", 50), ("z", "x", "2026-01-05T00:00Z", None)],
        columns=["user", "event", "time", "price"],
    )  # fmt: skip
    log = pm.EventLog.from_frame(frame)
    large = {"start_where": {"price": 50}, "periods": 1}
    assert rows(ask(log, "buy", **large)) == [[1, 0]]
    assert rows(ask(log, "buy", cohorts="first_matching", **large)) == [[2, 0]]
    assert rows(ask(log, "buy", return_where={"price": 50}, periods=1)) == [[1, 1], [1, 0]]


def test_a_recurring_unit_is_in_every_cohort_in_which_it_started(january):
    log = january("a in 1", "a in 2", "a use 3", "z x 5")
    assert rows(ask(log, "in", "use", cohorts="recurring")) == [[1, 0, 1, 0], [1, 1, 0, NULL]]


def test_period_0_is_the_cohort_even_if_nobody_returns_in_it(january):
    log = january("a in 1", "b in 1", "b use 1.5", "a use 2", "z x 4")
    result = ask(log, "in", "use", periods=1)
    assert rows(result) == [[2, 1]]
    assert result.to_frame().loc[0, ["ci_lower", "ci_upper"]].isna().all()


def test_several_events_or_any_may_start_and_return(january):
    log = january("a in 1", "a use 2", "b up 1", "b off 2", "z x 3")
    assert rows(ask(log, ["in", "up"], "use", periods=1)) == [[2, 1]]
    assert rows(ask(log, ["in", "up"], None, periods=1)) == [[2, 2]]


def test_a_return_may_need_several_events_within_one_period(january):
    log = january("a in 1", "a in 2", "a in 2.5", "b in 1", "b in 2", "b in 3", "z x 4")
    assert rows(ask(log, "in", min_events=2, periods=2)) == [[2, 1, 0]]


def test_a_rolling_period_begins_with_the_unit_itself(january):
    """Twenty-three hours later is the next calendar day, but still the first day since the entry."""
    log = january("a in 1.75", "a in 2.7", "b in 1.75", "b in 2.8", "z x 9")
    assert rows(ask(log, "in", periods=1)) == [[2, 2]]
    assert rows(ask(log, "in", periods=1, mode="rolling")) == [[2, 1]]


def test_a_rolling_cell_is_known_when_it_is_over_for_the_last_who_could_enter(january):
    log = january("a in 1.1", "a in 2.2", "z x 9")
    assert rows(ask(log.as_of("2026-01-04"), "in", periods=2, mode="rolling")) == [[1, 1, NULL]]
    assert rows(ask(log.as_of("2026-01-03 23:00"), "in", periods=2, mode="rolling")) == [[1, NULL, NULL]]


def test_weeks_begin_on_the_day_that_is_said_and_months_are_calendar_months(january):
    log = january("a in 4", "a in 5", "a in 32", "z x 120")  # Sunday 4 and Monday 5 January, 1 February
    by_sunday = pm.retention(log, "in", week_start="sunday", periods=1)
    by_monday = pm.retention(log, "in", periods=1)
    assert (rows(by_sunday), rows(by_monday)) == ([[1, 0]], [[1, 1]])
    assert by_sunday.to_frame()["cohort"][0] == date(2026, 1, 4)
    assert by_monday.to_frame()["cohort"][0] == date(2025, 12, 29)
    assert "calendar weeks, which begin on Sunday" in by_sunday.definition
    assert "calendar weeks begin on Monday" in pm.retention(log, "in", mode="rolling").definition
    assert rows(pm.retention(log, "in", period="month", periods=2)) == [[1, 1, 0]]


def test_days_are_those_of_the_logs_zone():
    rows_ = [("a", "in", "2026-01-10T22:30Z"), ("a", "in", "2026-01-10T23:30Z"), ("z", "x", "2026-01-14T00:00Z")]
    frame = pd.DataFrame(rows_, columns=["user", "event", "time"])
    found = {
        zone: rows(ask(pm.EventLog.from_frame(frame, timezone=zone), "in", periods=1))
        for zone in ("UTC", "Europe/Amsterdam")
    }
    assert found == {"UTC": [[1, 0]], "Europe/Amsterdam": [[1, 1]]}


def test_the_pooled_rate_is_users_over_users_not_a_mean_of_rates():
    """1,000 of whom 500, and 500 of whom 400, is 60 %; weighting twice by size would print 56 %."""
    first = [(f"a{n}", "in", "2026-01-01T08:00Z") for n in range(1000)]
    first += [(f"a{n}", "in", "2026-01-02T08:00Z") for n in range(500)]
    second = [(f"b{n}", "in", "2026-01-02T08:00Z") for n in range(500)]
    second += [(f"b{n}", "in", "2026-01-03T08:00Z") for n in range(400)]
    rows_ = [*first, *second, ("z", "x", "2026-01-04T00:00Z")]
    result = ask(pm.EventLog.from_frame(pd.DataFrame(rows_, columns=["user", "event", "time"])), "in", periods=2)
    row = result.curve().iloc[1]
    assert (row["users"], row["at_risk"], row["cohorts"]) == (900, 1500, 2)
    assert row["rate"] == 0.6
    interval = wilson(900, 1500)
    assert (row["ci_lower"], row["ci_upper"]) == (interval.lower, interval.upper)
    assert result.headline() == "60.0% of 1,500 users (57.5% to 62.5%) came back on day 1; 0.0% of 1,000 on day 2"


def test_the_curve_leaves_out_cells_that_are_not_over(small):
    curve = ask(small, "open").curve()
    assert curve["at_risk"].tolist() == [3, 3, 3, 2]
    assert curve["users"].tolist() == [3, 1, 2, 1]


def test_a_curve_that_nobody_has_reached_is_null(january):
    curve = ask(january("a open 1", "a open 2", "z x 3"), "open").curve()
    assert curve["at_risk"].tolist() == [1, 1, 0, 0]
    assert curve.loc[2:, ["users", "rate", "ci_lower", "ci_upper"]].isna().all(axis=None)


def test_the_last_diagonal_of_on_or_after_is_provisional(small):
    result = ask(small, "open", measure="on_or_after", periods=4)
    table = result.to_frame()
    marked = table[table["provisional"]][["cohort", "period_number"]]
    assert marked.to_numpy().tolist() == [[date(2026, 1, 1), 3], [date(2026, 1, 2), 2]]
    assert "provisional" in result.definition
    assert "50.0%*" in repr(result)
    assert not ask(small, "open").to_frame()["provisional"].any()


def test_every_cell_has_wilsons_interval(small):
    row = ask(small, "open").to_frame().iloc[1]
    interval = wilson(1, 2)
    assert (row["rate"], row["ci_lower"], row["ci_upper"]) == (0.5, interval.lower, interval.upper)


def test_what_a_cell_is_worth_is_the_sum_over_its_returns():
    frame = pd.DataFrame(
        [("a", "buy", "2026-01-01T00:00Z", 5.0), ("a", "buy", "2026-01-02T00:00Z", 7.0),
         ("a", "buy", "2026-01-02T09:00Z", None), ("b", "buy", "2026-01-01T00:00Z", 1.5),
         ("b", "buy", "2026-01-03T00:00Z", 2.0), ("z", "x", "2026-01-04T00:00Z", 100.0)],
        columns=["user", "event", "time", "amount"],
    )  # fmt: skip
    log = pm.EventLog.from_frame(frame)
    result = ask(log, "buy", value="amount")
    assert rows(result, "value") == [[6.5, 7.0, 2.0, NULL]]
    assert rows(result, "value_per_user") == [[3.25, 3.5, 1.0, NULL]]
    assert result.curve()["value_per_user"].tolist()[:3] == [3.25, 3.5, 1.0]
    assert "Value per unit" in " ".join(result.plot(of="value_per_user").to_dict()["title"]["text"])
    assert result.curve()["value"].tolist()[:3] == [6.5, 7.0, 2.0]
    assert rows(ask(log, "buy", value="amount", measure="bracket", brackets=[2]), "value") == [[6.5, 9.0]]
    assert rows(ask(log, "buy", value="amount", mode="rolling", periods=1), "value") == [[6.5, 7.0]]


def test_a_cell_tells_who_is_in_it(small):
    result = ask(small, "open")
    assert result.users("2026-01-01", 0) == ["a", "b"]
    assert result.users(date(2026, 1, 1), 1) == ["a"]
    assert ask(small, "open", measure="on_or_after").users("2026-01-01", 2) == ["a", "b"]
    assert ask(small, "open", measure="on_or_before").users("2026-01-01", 2) == ["a", "b"]
    assert ask(small, "open", measure="streak").users("2026-01-01", 1) == ["a"]
    with pytest.raises(NotYetError, match="not over"):
        result.users("2026-01-02", 3)
    with pytest.raises(ParameterError, match="from 2026-01-01 to 2026-01-02; period numbers: 0, 1, 2, 3"):
        result.users("2026-01-09", 1)


def test_two_cohorts_compare_with_newcombes_interval_and_no_cause(small):
    comparison = ask(small, "open").compare_cohorts("2026-01-01", date(2026, 1, 2))
    table = comparison.to_frame()
    row, interval = table.iloc[0], newcombe(0, 1, 1, 2)
    assert (row["first_rate"], row["second_rate"], row["difference"]) == (0.5, 0, -0.5)
    assert (row["first_users"], row["first_at_risk"], row["second_users"], row["second_at_risk"]) == (1, 2, 0, 1)
    assert (row["ci_lower"], row["ci_upper"]) == (interval.lower, interval.upper)
    # Day 3 of the second cohort is not over: its share and the difference are null, not 0.
    assert table.iloc[2][["second_users", "second_rate", "difference", "ci_lower", "ci_upper"]].isna().all()
    assert "does not show what caused it" in comparison.summary()
    assert "cohort of 2026-01-01 1 of 2 users; cohort of 2026-01-02 0 of 1 users" in comparison.summary()
    assert comparison.claims()[0].id == "retention_comparison.period_1"
    assert comparison.claims()[2].value is None
    assert "-50.0 pp" in repr(comparison)
    assert "Two curves" in comparison.plot().to_dict()["description"]


def test_an_empty_cohort_has_no_rate_and_compares_with_nothing(january):
    result = ask(january("a open 1", "b open 3", "z x 9"), "open", periods=1)
    assert rows(result) == [[1, 0], [0, 0], [1, 0]]
    assert math.isnan(rows_of(result, date(2026, 1, 2))["rate"].iloc[0])
    comparison = result.compare_cohorts("2026-01-01", "2026-01-02")
    assert "no period that somebody of both has reached" in comparison.summary()
    assert comparison.headline() == "There is no comparison"
    assert comparison.claims()[0].value is None
    assert comparison.plot().to_dict()
    with pytest.raises(ParameterError, match="no cell of cohort '2026-01-09'"):
        result.compare_cohorts("2026-01-01", "2026-01-09")


def test_those_who_entered_before_a_release_compare_with_those_after(january):
    """Before: a and b enter, a returns next day. After: c, d, e enter, c and d return; e is too new for day 2."""
    log = january("a in 1", "a in 2", "b in 2", "c in 5", "c in 6", "d in 5", "d in 6", "e in 6", "z x 8")
    before = ask(log, "in", entries=("2026-01-01", "2026-01-05"), periods=2)
    after = ask(log, "in", entries=("2026-01-05", "2026-01-07"), periods=2)
    table = before.compare(after).to_frame()
    assert table[["first_users", "first_at_risk"]].to_numpy().tolist() == [[1, 2], [0, 2]]
    assert table[["second_users", "second_at_risk"]].to_numpy().tolist() == [[2, 3], [0, 2]]
    assert table["difference"].tolist() == pytest.approx([2 / 3 - 1 / 2, 0])
    comparison = before.compare(after, labels=("January", "release"))
    assert comparison.labels == ("January", "release")
    assert "release: users" in repr(comparison)
    assert comparison.sides()["segment"].unique().tolist() == ["January", "release"]
    assert "no unit may be in both" in comparison.definition
    assert "entries from 2026-01-05 to before 2026-01-07" in comparison.definition
    assert comparison.basis == (
        "January: 2 users in 4 daily cohorts; release: 3 users in 2 daily cohorts; data known until 2026-01-08; zone UTC"
    )
    assert comparison.definition.count("calendar days") == 1
    with pytest.raises(ParameterError, match="do not ask the same: columns"):
        before.compare(ask(log, "in", periods=3))
    with pytest.raises(ParameterError, match="do not ask the same: measure is 'on' in one and 'streak'"):
        before.compare(ask(log, "in", periods=2, measure="streak"))
    with pytest.raises(ParameterError, match="two different names"):
        before.compare(after, labels=("x", "x"))


def test_a_difference_between_two_segments_has_an_interval():
    rows_ = [(f"{plan}{n}", "in", 1, plan) for plan, size in (("free", 30), ("pro", 20)) for n in range(size)]
    rows_ += [(f"free{n}", "in", 2, "free") for n in range(6)] + [(f"pro{n}", "in", 2, "pro") for n in range(9)]
    frame = pd.DataFrame([*rows_, ("z", "x", 4, "pro")], columns=["user", "event", "day", "plan"])
    frame["time"] = pd.Timestamp("2025-12-31", tz="UTC") + pd.to_timedelta(frame.pop("day"), unit="D")
    result = ask(pm.EventLog.from_frame(frame), "in", segments="plan", periods=2)
    row = result.compare_segments("free", "pro").to_frame().iloc[0]
    assert (row["first_rate"], row["second_rate"]) == (6 / 30, 9 / 20)
    assert (row["ci_lower"], row["ci_upper"]) == (newcombe(9, 20, 6, 30).lower, newcombe(9, 20, 6, 30).upper)
    assert result.headline() == "By plan, came back on day 1: 45.0% of pro, 20.0% of free"
    assert "retention.pro.period_1" in {claim.id for claim in result.claims()}
    with pytest.raises(ParameterError, match="did you mean 'free'"):
        result.compare_segments("fre", "pro")


def test_the_simple_mean_lets_each_cohort_weigh_the_same(january):
    """One cohort of four with 1 back, one of one with 1 back: pooled 2 of 5, simple mean of 25 % and 100 %."""
    log = january("a in 1", "b in 1", "c in 1", "d in 1", "a in 2", "e in 2", "e in 3", "z x 4")
    result = ask(log, "in", periods=1)
    assert result.curve()["rate"].iloc[1] == 2 / 5
    simple = result.curve("simple").iloc[1]
    assert (simple["rate"], simple["users"], simple["at_risk"], simple["cohorts"]) == (0.625, 2, 5, 2)
    assert (simple["ci_lower"], simple["ci_upper"]) == (0, 1)  # two cohorts know next to nothing; shares end at 1
    assert result.say_period(1, "simple") == "62.5% came back on day 1, as the simple mean of 2 cohorts"
    assert math.isnan(ask(log.as_of("2026-01-03"), "in", periods=1).curve("simple")["ci_lower"].iloc[1])
    drawn = result.plot(kind="curve", average="simple").to_dict()
    assert "Simple mean of cohorts" in " ".join(drawn["title"]["subtitle"])
    with pytest.raises(ParameterError, match="did you mean 'simple'"):
        result.curve("simpel")


def test_daily_cohorts_pool_into_one_line_of_weeks(january):
    """5 January 2026 is a Monday: two cohorts in its week, one in the next, whose Sunday is not observed yet."""
    log = january("a in 5", "a in 6", "b in 6", "c in 6", "c in 7", "d in 12", "d in 13", "z x 15")
    result = ask(log, "in", periods=2)
    table = result.over_time(1, per="week")
    assert table["period"].tolist() == [date(2026, 1, 5), date(2026, 1, 12)]
    assert table[["cohorts", "users", "at_risk"]].to_numpy().tolist() == [[2, 2, 3], [1, 1, 1]]
    assert table["complete"].tolist() == [True, False]
    assert table["rate"].tolist() == pytest.approx([2 / 3, 1])
    assert (table["ci_lower"][0], table["ci_upper"][0]) == (wilson(2, 3).lower, wilson(2, 3).upper)
    assert result.over_time(1)["at_risk"].tolist() == [1, 2, 0, 0, 0, 0, 0, 1]
    assert result.over_time(2, per="month")["complete"].tolist() == [False]
    drawn = result.plot(kind="over_time", per="week").to_dict()
    line, rest = (drawn["datasets"][drawn["layer"][n]["data"]["name"]] for n in (1, 2))
    assert ([row["period"] for row in line], [row["period"] for row in rest]) == (["2026-01-05"], ["2026-01-12"])
    with pytest.raises(ParameterError, match="write one of 'day', 'week', 'month'"):
        result.over_time(1, per="year")
    with pytest.raises(ParameterError, match="not among those asked for: 0, 1, 2"):
        result.over_time(7)


def test_a_return_on_the_day_of_the_entry_can_be_seen(january):
    """User a uses it later that day, b used it only before entering, c at the same instant, d the day after."""
    log = january(
        "a in 1.2", "a use 1.3", "b use 1.1", "b in 1.2", "c in 1.4", "c use 1.4", "d in 1", "d use 2", "z x 9"
    )
    assert rows(ask(log, "in", "use", periods=1)) == [[4, 1]]
    result = ask(log, "in", "use", periods=1, same_period=True)
    assert rows(result) == [[2, 1]]
    assert result.users("2026-01-01", 0) == ["a", "c"]
    assert result.to_frame()["cohort_users"].tolist() == [4, 4]
    assert (result.to_frame()["ci_lower"][0], result.to_frame()["ci_upper"][0]) == (
        wilson(2, 4).lower,
        wilson(2, 4).upper,
    )
    assert rows(ask(log, "in", "use", periods=1, same_period=True, measure="on_or_before")) == [[2, 3]]
    assert rows(ask(log, "in", "use", periods=1, same_period=True, mode="rolling")) == [[2, 1]]
    assert result.claims()[0].id == "retention.period_0"
    assert result.headline().startswith("2 of 4 users did 'use' on the same day")
    assert "period 0 is who returned in the day of the entry, after it" in result.definition


def test_the_entry_itself_is_no_return_of_its_day(january):
    log = january("a in 1.2", "b in 1.2", "b in 1.5", "z x 9")
    assert rows(ask(log, "in", periods=1, same_period=True)) == [[1, 0]]
    assert rows(ask(log, "in", periods=1, same_period=True, mode="rolling")) == [[1, 0]]


def test_old_cohorts_are_seen_to_the_last_day_that_is_known(january):
    """The range chooses who enters; what they did after its end still counts."""
    log = january("a in 1", "a in 8", "b in 2", "z x 30")
    result = ask(log, "in", entries=("2026-01-01", "2026-01-03"), periods=14)
    assert rows(result) == [[1, *[0] * 6, 1, *[0] * 7], [1, *[0] * 14]]


def rows_of(result, cohort):
    table = result.to_frame()
    return table[table["cohort"] == cohort]


def test_segments_split_by_the_value_at_the_entry_and_keep_the_rest():
    lines = [("a", "pro", 1), ("a", "free", 2), ("b", "pro", 1), ("c", None, 1), ("c", None, 2), ("d", "free", 1),
             ("e", "odd", 1), ("z", "free", 9)]  # fmt: skip
    frame = pd.DataFrame(
        [(user, "open", f"2026-01-0{day}T10:00Z", plan) for user, plan, day in lines],
        columns=["user", "event", "time", "plan"],
    )
    result = ask(pm.EventLog.from_frame(frame), "open", segments="plan", most_segments=2, periods=1)
    found = result.segments().query("period_number == 1")[["segment", "users", "at_risk"]]
    # Free is larger than pro only with z, whose cohort is not over: it counts for the order, in no rate.
    assert sorted(found.to_numpy().tolist()) == [["(missing)", 1, 1], ["(other)", 0, 1], ["free", 0, 1], ["pro", 1, 2]]
    assert result.segments()["segment"].unique().tolist()[2:] == ["(other)", "(missing)"]
    assert result.curve()["at_risk"].tolist() == [5, 5]
    assert "split by 'plan' at the entry, the largest 2 by name, the rest together" in result.definition
    spec = json.dumps(result.plot(kind="curve").to_dict())
    assert '"segment"' in spec


def test_without_segments_there_is_no_split(small):
    with pytest.raises(ParameterError, match="segments='plan'"):
        ask(small, "open").segments()


def test_rows_come_in_order_of_cohort_and_period_and_every_one_is_there(small):
    table = ask(small, "open").to_frame()
    keys = table[["cohort", "period_number"]]
    assert keys.equals(keys.sort_values(["cohort", "period_number"]))
    assert len(table) == 2 * 4
    assert list(table.columns) == [
        *("cohort", "cohort_users", "period_number", "users", "rate", "ci_lower", "ci_upper"),
        *("complete", "provisional"),
    ]


def test_entries_show_every_cohort_they_touch_even_empty_ones(january):
    log = january("a open 2", "z x 9")
    result = ask(log, "open", entries=("2026-01-01", "2026-01-04"), periods=1)
    assert result.to_frame()["cohort"].astype(str).unique().tolist() == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert rows(result) == [[0, 0], [1, 0], [0, 0]]


def test_more_periods_than_there_will_ever_be_are_just_not_observed(january):
    result = ask(january("a open 1", "z x 9"), "open", periods=5_000, entries=("2026-01-01", "2026-01-02"))
    assert result.curve()["at_risk"].sum() == 8
    bracket = ask(january("a open 1", "z x 9"), "open", measure="bracket", brackets=[1, 10**9])
    assert rows(bracket) == [[1, 0, NULL]]


def test_a_clock_in_a_far_future_is_named_instead_of_drawn(january):
    """One event of 2099 would make a table of 27,000 daily cohorts, nearly all of them empty."""
    log = january("a open 1", "odd open 27000")
    with pytest.raises(ParameterError, match=r"27,000 cohorts from 2026-01-01 to 2099-12-03: is the clock .* wrong"):
        ask(log, "open")
    assert rows(ask(log, "open", entries=("2026-01-01", "2026-01-02"))) == [[1, 0, 0, 0]]
    assert rows(ask(log.between("2026-01-01", "2026-01-05"), "open")) == [[1, 0, 0, 0]]


def test_a_property_of_thousands_of_values_has_a_few_curves_and_the_rest_together():
    frame = pd.DataFrame({"user": [f"u{n}" for n in range(3_000)], "event": "in", "time": "2026-01-01T10:00Z"})
    frame["city"] = [f"c{n}" for n in range(3_000)]
    result = ask(pm.EventLog.from_frame(frame).as_of("2026-01-05"), "in", segments="city", most_segments=8)
    curves = result.segments()
    assert curves["segment"].nunique() == 9
    assert curves.loc[curves["segment"] == "(other)", "at_risk"].tolist() == [2_992] * 4
    drawn = result.plot(kind="curve").to_dict()
    assert "3 smaller segments are in the table" in " ".join(drawn["title"]["subtitle"])


def test_a_property_that_nobody_has_is_one_segment_of_nothing():
    frame = pd.DataFrame({"user": ["a", "b"], "event": "in", "time": "2026-01-01T10:00Z", "city": [None, ""]})
    log = pm.EventLog.from_frame(frame.astype({"city": "string"})).as_of("2026-01-05")
    assert ask(log, "in", segments="city").segments()["segment"].unique().tolist() == ["(missing)"]


@pytest.mark.slow
def test_one_unit_with_a_million_events_is_counted_in_proportion_to_them():
    """A robot, one event a minute for 694 days: to meet each event with each entry would take a trillion rows."""
    time = pd.date_range("2024-01-01", periods=1_000_000, freq="min", tz="UTC")
    log = pm.EventLog.from_frame(pd.DataFrame({"user": "robot", "event": "open", "time": time}))
    for options in ({}, {"mode": "rolling"}, {"measure": "on_or_before"}, {"measure": "streak"}):
        curve = ask(log, "open", cohorts="recurring", periods=30, **options).curve()
        assert curve["rate"].tolist() == [1.0] * 31
    actives = pm.active_users(log).to_frame()
    assert actives.loc[actives["complete"], "users"].eq(1).all()
    assert pm.lifecycle(log, period="day").to_frame()["returning"].sum() == 694
    assert pm.power_users(log).averages()["mean_days"].tolist() == [28]


def test_another_unit_may_be_counted():
    frame = pd.DataFrame(
        [("a", "open", "2026-01-01T00:00Z", "acme"), ("b", "open", "2026-01-02T00:00Z", "acme"),
         ("c", "open", "2026-01-02T00:00Z", None), ("z", "x", "2026-01-05T00:00Z", "zeta")],
        columns=["user", "event", "time", "account"],
    )  # fmt: skip
    result = ask(pm.EventLog.from_frame(frame).with_unit("account"), "open", periods=1)
    assert rows(result) == [[1, 1]]
    assert "values of account" in result.definition


def test_the_definition_says_all_that_the_numbers_depend_on(small):
    said = ask(small, "open", None, min_events=2, entries=("2026-01-01", "2026-01-03")).definition
    for part in (
        "users by the day of their first 'open', looked up in the whole log",
        "entries from 2026-01-01 to before 2026-01-03",
        "calendar days",
        "returned = at least 2 of any event in that period",
        "period 0 is the size of the cohort",
        "periods not over when the data ends are null",
        "pooled over complete cells",
        "95% Wilson",
        "data known until 2026-01-05",
        "zone UTC",
    ):
        assert part in said
    assert "24 hours since the entry" in ask(small, "open", mode="rolling").definition
    assert "once per cohort" in ask(small, "open", cohorts="recurring").definition


def test_claims_carry_each_period_with_its_base(small):
    claims = ask(small, "open").claims()
    assert [claim.id for claim in claims] == [f"retention.period_{n}" for n in (1, 2, 3)]
    assert (claims[0].n, claims[0].denominator, claims[0].unit) == (1, 3, "share")
    assert claims[0].definition.startswith("retained on day 1: ")


def test_the_words_fit_the_measure(small):
    said = {
        measure: ask(small, "open", measure=measure, brackets=[3] if measure == "bracket" else None).headline()
        for measure in ("on", "on_or_after", "on_or_before", "streak", "bracket")
    }
    assert said == {
        "on": "1 of 3 users came back on day 1",
        "on_or_after": "3 of 3 users came back on day 1 or later",
        "on_or_before": "1 of 3 users came back by day 1",
        "streak": "1 of 3 users came back on day 1",
        "bracket": "2 of 2 users came back on days 1 to 3",
    }


def test_nobody_entering_gives_no_rates_and_a_sentence(january):
    """A report that runs every week must survive the week in which nobody signed up."""
    with pytest.warns(PmAnalyticsWarning, match=r"'opn' never occurs .*did you mean 'open'"):
        result = ask(january("a open 1", "z x 5"), "opn")
    assert "Nobody entered" in result.summary()
    assert result.to_frame().empty
    assert result.curve()["rate"].isna().all()
    for kind in ("triangle", "curve"):
        result.plot(kind=kind).to_dict()
    with pytest.warns(PmAnalyticsWarning):
        shown = ask(january("a open 1", "z x 5"), "opn", entries=("2026-01-01", "2026-01-03"), periods=1)
    assert rows(shown) == [[0, 0], [0, 0]]
    assert shown.to_frame()["rate"].isna().all()


def test_no_cohort_observed_long_enough_gives_null_rates_and_a_sentence(january):
    result = pm.retention(january("a open 1", "a open 1.5"), "open")
    assert result.to_frame()["rate"].isna().all()
    assert "No cohort has been observed for a whole week after its own yet" in result.summary()
    assert result.headline() == "No cohort has been observed long enough yet"
    for kind in ("triangle", "curve"):
        result.plot(kind=kind).to_dict()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"period": "weeks"}, ParameterError, "period='weeks' is not a choice .did you mean 'week'"),
        ({"measure": "on_or_aftr"}, ParameterError, "did you mean 'on_or_after'"),
        ({"cohorts": "first"}, ParameterError, "did you mean 'first_time'"),
        ({"mode": "calender"}, ParameterError, "did you mean 'calendar'"),
        ({"week_start": "mon"}, ParameterError, "'monday'"),
        ({"periods": 0}, ParameterError, "periods=0 must be a whole number of 1 or more"),
        ({"min_events": 0}, ParameterError, "min_events=0"),
        ({"min_events": 1.5}, ParameterError, "min_events=1.5"),
        ({"measure": "bracket"}, ParameterError, "brackets=.1, 3, 7."),
        ({"brackets": [1, 3]}, ParameterError, "belong together"),
        ({"measure": "bracket", "brackets": [3, 1]}, ParameterError, "rising whole numbers"),
        ({"measure": "bracket", "brackets": []}, ParameterError, "rising whole numbers"),
        ({"value": "price", "measure": "streak"}, ParameterError, "write measure='on' or 'bracket'"),
        ({"value": "prise"}, UnknownNameError, "No property 'prise'"),
        ({"start_where": {"plam": 1}}, UnknownNameError, "No property 'plam'"),
        ({"segments": "plam"}, UnknownNameError, "No property 'plam'"),
        ({"entries": ("2026-02-01", "2026-01-01")}, ParameterError, "must end after it starts"),
        ({"start": []}, ParameterError, "or None for any event"),
        ({"start": ["open", ""]}, ParameterError, "or None for any event"),
        ({"confidence": 95}, ParameterError, "between 0 and 1"),
        ({"segments": "event", "most_segments": 0}, ParameterError, "most_segments=0"),
        ({"segments": "event", "most_segments": 10_000}, ParameterError, "write 20 or less"),
        ({"periods": -3}, ParameterError, "periods=-3 must be a whole number of 1 or more"),
        ({"same_period": True, "measure": "streak"}, ParameterError, "write measure='on' or 'on_or_before'"),
        ({"same_period": True, "min_events": 2}, ParameterError, "min_events=1"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_what_to_write(january, options, error, said):
    start = options.pop("start", "open")
    with pytest.raises(error, match=said):
        pm.retention(january("a open 1", "a open 9"), start, **options)


def test_a_view_that_does_not_exist_is_refused_with_the_nearest(small):
    with pytest.raises(ParameterError, match="did you mean 'users'"):
        ask(small, "open").triangle("user")
    with pytest.raises(ParameterError, match="did you mean 'curve'"):
        ask(small, "open").plot(kind="curv")


def test_editing_a_frame_does_not_edit_the_result(small):
    result = ask(small, "open")
    for frame in (result.to_frame(), result.curve()):
        frame["users"] = 99
    assert 99 not in [*result.to_frame()["users"], *result.curve()["users"]]


def test_the_triangle_draws_no_cell_that_is_not_observed(small):
    """An unobserved cell shown as 0 % tells of a loss that has not happened."""
    spec = ask(small, "open").plot().to_dict()
    drawn = [row for rows_ in spec["datasets"].values() for row in rows_]
    assert all(row["complete"] for row in drawn)
    assert ("2026-01-02", 3) not in {(row["cohort"], row["period_number"]) for row in drawn}
    said = {(row["cohort"], row["period_number"]): row["said"] for row in drawn}
    assert (said["2026-01-01", 1], said["2026-01-01", 0]) == ("50%", "2")
    assert "Heat map of cohorts" in spec["description"]
    assert "blank: not observed yet" in " ".join(spec["title"]["subtitle"])


def test_the_triangle_marks_what_is_provisional(small):
    spec = ask(small, "open", measure="on_or_after").plot().to_dict()
    said = {row["said"] for rows_ in spec["datasets"].values() for row in rows_}
    assert "50%*" in said
    assert "provisional" in " ".join(spec["title"]["subtitle"])


def test_the_curve_chart_begins_after_the_entry_and_says_who_is_behind_it(small):
    spec = ask(small, "open").plot(kind="curve").to_dict()
    drawn = [row for rows_ in spec["datasets"].values() for row in rows_]
    assert {row["period_number"] for row in drawn} == {1, 2, 3}
    assert "Curve of the share retained" in spec["description"]


def test_a_long_triangle_shows_the_newest_cohorts_and_says_so(january):
    log = january(*[f"u{n} open {n}" for n in range(1, 41)], "z x 50")
    spec = ask(log, "open", periods=1).plot().to_dict()
    assert "the 26 newest cohorts of 40" in " ".join(spec["title"]["subtitle"])
    assert len({row["cohort"] for rows_ in spec["datasets"].values() for row in rows_}) == 26
    assert repr(ask(log, "open", periods=1)).count("2026-") < 40


@pytest.mark.skipif(not CDNOW.exists(), reason="the purchase log does not lie beside this checkout")
def test_a_music_shop_keeps_the_customers_it_is_known_to_have_kept():
    log = pm.read_events(CDNOW, event="number_of_cds", timezone="America/New_York")
    result = pm.retention(log, period="month", periods=12)
    table = result.to_frame()
    assert table.drop_duplicates("cohort")["cohort_users"].tolist() == [7_846, 8_476, 7_248]
    assert table[table["period_number"] == 1]["users"].tolist() == [1_157, 1_312, 1_032]
    assert table[table["period_number"] == 12]["users"].tolist() == [528, 568, 678]
    assert result.curve()["rate"].iloc[1] == (1_157 + 1_312 + 1_032) / 23_570
