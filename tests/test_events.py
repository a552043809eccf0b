"""EventLog: doors, filters, periods, and what is known until when."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime

import ibis
import numpy as np
import pandas as pd
import pytest

from pm_analytics import EventLog, engine
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.intake import Raw
from pm_analytics.names import USER_ID
from pm_analytics.times import to_microseconds


def counts(log):
    """Rows per event name."""
    return dict(zip(log.event_counts()["event"], log.event_counts()["events"], strict=True))


def rows(log):
    return sorted(engine.run(log.table.select("user_id", "event")).itertuples(index=False, name=None))


def micros(text, zone="UTC"):
    return to_microseconds(text, zone)


@pytest.fixture(scope="module")
def people(log_of):
    return log_of(
        "ann visit 0",
        "ann pay 5",
        "bob visit 10",
        "cat visit 20",
        "dan visit 30",
        plan=["free", "pro", "pro", None, ""],
        price=[None, 3.5, 2.0, 1.0, 0.5],
        seats=[1, 2, 3, None, 5],
        internal=[True, True, False, None, False],
        flag=["true", "TRUE", "False", None, "no"],
        born=[date(1990, 1, 1), date(1990, 1, 1), date(1991, 2, 2), None, None],
    )


# ------------------------------------------------------------------------------------------------------ immutability


def test_editing_the_frame_afterwards_changes_nothing():
    frame = pd.DataFrame({"user": ["ann"], "event": ["visit"], "time": [pd.Timestamp("2026-01-01", tz="UTC")]})
    log = EventLog.from_frame(frame)
    frame.loc[0, "event"] = "changed"
    assert log.event_names() == ["visit"]


def test_editing_an_answer_changes_nothing(people):
    answer = people.event_counts()
    answer.loc[0, "events"] = -1
    assert counts(people) == {"visit": 4, "pay": 1}


def test_a_log_cannot_be_changed(people):
    with pytest.raises(FrozenInstanceError):
        people.unit = "plan"


def test_a_filter_makes_a_new_log(people):
    filtered = people.where(plan="pro")
    assert (people.filters, filtered.filters) == ((), ("plan = 'pro'",))
    assert counts(people) == {"visit": 4, "pay": 1}


# ----------------------------------------------------------------------------------------------------------- filters


@pytest.mark.parametrize(
    ("wanted", "users"),
    [
        ({"plan": "pro"}, {"ann", "bob"}),
        ({"plan": ["pro", "free"]}, {"ann", "bob"}),
        ({"plan": ("free",)}, {"ann"}),
        ({"plan": {"pro"}}, {"ann", "bob"}),
        ({"plan": None}, {"cat"}),
        ({"plan": [None, "free"]}, {"ann", "cat"}),
        ({"plan": ""}, {"dan"}),
        ({"plan": []}, set()),
        ({"plan": "nobody has it"}, set()),
        ({"price": 3.5}, {"ann"}),
        ({"price": "3.5"}, {"ann"}),
        ({"price": 2}, {"bob"}),
        ({"price": None}, {"ann"}),
        ({"seats": 2}, {"ann"}),
        ({"seats": "2"}, {"ann"}),
        ({"seats": 2.0}, {"ann"}),
        ({"seats": np.int64(2)}, {"ann"}),
        ({"seats": ["1", 5, None]}, {"ann", "dan", "cat"}),
        ({"internal": True}, {"ann"}),
        ({"internal": False}, {"bob", "dan"}),
        ({"internal": "true"}, {"ann"}),
        ({"internal": "No"}, {"bob", "dan"}),
        ({"internal": 1}, {"ann"}),
        ({"internal": np.True_}, {"ann"}),
        ({"flag": True}, {"ann"}),
        ({"flag": False}, {"bob", "dan"}),
        ({"flag": "true"}, {"ann"}),
        ({"born": date(1991, 2, 2)}, {"bob"}),
        ({"born": "1991-02-02"}, {"bob"}),
        ({"user_id": "ann"}, {"ann"}),
        ({"event": ["pay", "visit"], "plan": "pro"}, {"ann", "bob"}),
    ],
)
def test_where_keeps_the_events_with_one_of_the_values(people, wanted, users):
    assert {user for user, _ in rows(people.where(wanted))} == users


@pytest.mark.parametrize(
    ("unwanted", "events"),
    [
        ({"plan": "pro"}, 3),
        ({"plan": ["pro", None]}, 2),
        ({"plan": None}, 4),
        ({"internal": True}, 3),
        ({"flag": True}, 3),
        ({"internal": True, "plan": "pro"}, 2),
        ({"price": []}, 5),
    ],
)
def test_without_leaves_out_only_what_surely_has_the_value(people, unwanted, events):
    assert len(rows(people.without(unwanted))) == events


@pytest.mark.parametrize("values", [["free"], ["pro"], [None], ["free", None], []])
def test_where_and_without_share_the_log_between_them(people, values):
    assert sorted(rows(people.where(plan=values)) + rows(people.without(plan=values))) == rows(people)


def test_names_that_are_no_python_words_are_given_in_a_mapping(log_of):
    log = log_of("ann visit 0", "bob visit 1", **{"$browser": ["Chrome", "Safari"]})
    assert rows(log.where({"$browser": "Chrome"})) == [("ann", "visit")]
    assert rows(log.without({"$browser": "Chrome"}, event="pay")) == [("bob", "visit")]


def test_an_unknown_property_offers_the_nearest(people):
    for method in (people.where, people.without):
        with pytest.raises(
            UnknownNameError, match=r"No property 'plam' \(did you mean 'plan' or 'flag'\?\) in this event log"
        ):
            method(plam="pro")
    with pytest.raises(UnknownNameError, match="No property 'accont'"):
        people.with_unit("accont")


@pytest.mark.parametrize(
    ("wanted", "words"), [({"internal": "maybe"}, "neither yes nor no"), ({"seats": "x"}, "is no number")]
)
def test_a_value_that_cannot_be_of_the_kind_is_refused(people, wanted, words):
    with pytest.raises(ParameterError, match=words):
        people.where(wanted)


def test_ids_longer_than_a_float_are_told_apart_even_as_text():
    ids = [2**53, 2**53 + 1]
    frame = pd.DataFrame({"user": ids, "event": "visit", "time": [pd.Timestamp("2026-01-01", tz="UTC")] * 2})
    log = EventLog.from_frame(frame)
    assert rows(log.where(user_id=str(ids[1]))) == rows(log.where(user_id=ids[1])) == [(ids[1], "visit")]


def test_filters_are_said_in_words(people):
    log = people.where(plan=["pro", "free"]).without(internal=True).where(price=None).with_unit("plan")
    assert log.filters == (
        "plan in 'pro', 'free'",
        "without internal = True",
        "price is missing",
        "unit plan (events without one left out)",
    )
    assert log.scope.startswith("plan in 'pro', 'free'; without internal = True; ")
    assert log.scope.endswith("data known until 2026-01-01 00:30; zone UTC")


# ----------------------------------------------------------------------------------------------------------- periods


def test_between_keeps_its_start_and_leaves_out_its_end(log_of):
    log = log_of("ann at 0", "ann before 1439.999", "ann end 1440", "ann after 1441")
    assert counts(log.between("2026-01-01", "2026-01-02")) == {"at": 1, "before": 1}
    assert counts(log.between("2026-01-02", "2026-01-03")) == {"end": 1, "after": 1}


@pytest.mark.parametrize(
    ("day", "after", "hours"),
    [("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25), ("2026-05-01", "2026-05-02", 24)],
)
def test_a_day_has_as_many_hours_as_the_clocks_of_its_zone_give_it(day, after, hours):
    stamps = pd.date_range(f"{day} 00:00", f"{after} 12:00", freq="h", tz="UTC") - pd.Timedelta(hours=6)
    frame = pd.DataFrame({"user": "ann", "event": "visit", "time": stamps})
    log = EventLog.from_frame(frame, timezone="Europe/Amsterdam")
    assert counts(log.between(day, after)) == {"visit": hours}


def test_an_instant_with_an_offset_is_taken_as_it_stands(log_of):
    log = log_of("ann a 0", "ann b 60", timezone="America/New_York")
    assert counts(log.between("2026-01-01T00:30Z", datetime(2026, 1, 2, tzinfo=UTC))) == {"b": 1}


@pytest.mark.parametrize("end", ["2026-01-01", "2025-12-31", "2026-01-01T00:00Z"])
def test_a_period_must_end_after_it_starts(people, end):
    with pytest.raises(ParameterError, match="must come after start='2026-01-01'"):
        people.between("2026-01-01", end)


# ------------------------------------------------------------------------------------------------------- known until


def test_a_log_is_known_until_just_after_its_last_event(people):
    assert people.observed_until == micros("2026-01-01 00:30") + 1


def test_what_is_known_does_not_shrink_because_fewer_rows_are_looked_at(people):
    assert people.where(plan="free").observed_until == people.observed_until
    assert people.where(plan="nobody").observed_until == people.observed_until
    assert people.without(event="visit").where(event="pay").with_unit("plan").observed_until == people.observed_until


def test_nothing_after_the_end_of_a_period_is_known(people):
    assert people.between("2026-01-01", "2026-01-01 00:10").observed_until == micros("2026-01-01 00:10")
    assert people.between("2026-01-01", "2027-01-01").observed_until == people.observed_until
    assert people.where(plan="free").between("2026-01-01", "2027-01-01").observed_until == people.observed_until


def test_as_of_forgets_what_came_later_and_says_so(people):
    log = people.as_of("2026-01-01 00:10")
    assert counts(log) == {"visit": 1, "pay": 1}
    assert log.observed_until == micros("2026-01-01 00:10")
    assert log.where(plan="free").observed_until == micros("2026-01-01 00:10")


def test_as_of_a_later_day_says_that_nothing_happened_until_then(people):
    assert people.as_of("2026-01-08").observed_until == micros("2026-01-08")
    assert people.as_of("2026-01-08").as_of("2026-01-05").observed_until == micros("2026-01-05")


def test_as_of_does_not_know_more_than_the_period_does(people):
    assert people.between("2026-01-01", "2026-01-01 00:10").as_of("2026-02-01").observed_until == micros(
        "2026-01-01 00:10"
    )


def test_as_of_means_midnight_in_the_zone_of_the_log(log_of):
    log = log_of("ann a 0", "ann b 2000", timezone="Europe/Amsterdam")
    assert log.as_of("2026-01-02").observed_until == micros("2026-01-01 23:00")
    assert log.as_of("2026-01-02").basis == "data known until 2026-01-02; zone Europe/Amsterdam"


def test_moments_are_said_in_the_zone(log_of):
    log = log_of("ann a 0", timezone="Europe/Amsterdam")
    assert log.say(micros("2026-01-01")) == "2026-01-01 01:00"
    assert log.say(micros("2026-01-01", "Europe/Amsterdam")) == "2026-01-01"
    assert log.say_exactly(micros("2026-07-01") + 1) == "2026-07-01T02:00:00.000001+02:00"


# ------------------------------------------------------------------------------------------------- units and counts


def test_another_unit_counts_others_and_leaves_out_events_without_one(people):
    plans = people.with_unit("plan")
    assert sorted(engine.run(plans.counted_events().select("plan"))["plan"]) == ["free", "pro", "pro"]
    assert plans.event_counts().set_index("event")["users"].to_dict() == {"visit": 3, "pay": 1}


def test_counted_events_may_be_those_of_some_names_only(people):
    assert engine.run(people.counted_events(["pay", "never"]).count().name("n").as_table())["n"][0] == 1


def test_events_are_counted_with_their_users_most_frequent_first(log_of):
    log = log_of("ann visit 0", "ann visit 1", "bob visit 2", "bob pay 3", "ann again 4")
    assert log.event_counts().to_dict("list") == {
        "event": ["visit", "again", "pay"],
        "events": [3, 1, 1],
        "users": [2, 1, 1],
    }
    assert log.event_names() == ["again", "pay", "visit"]


def test_properties_are_all_columns_that_are_not_ours(people):
    assert people.properties == ["plan", "price", "seats", "internal", "flag", "born"]


def test_pipe_calls_a_function_with_the_log_first(people):
    assert people.pipe(lambda log, more, *, times: (log is people, more * times), "ab", times=2) == (True, "abab")


def test_a_log_says_what_it_is_without_a_query(people, monkeypatch):
    monkeypatch.setattr(engine, "run", lambda _: pytest.fail("a query ran"))
    assert repr(people.where(plan="pro")) == (
        "<EventLog: unit user_id, zone UTC; plan = 'pro'; log.source tells what was read>"
    )


# ------------------------------------------------------------------------------------------- tables of other engines


@pytest.fixture
def warehouse():
    """An Ibis connection of its own, with a table of five rows of which two are no events."""
    connection = ibis.duckdb.connect()
    connection.raw_sql(
        """CREATE TABLE events AS SELECT * FROM (VALUES
            (1, 'ann', 'visit', TIMESTAMPTZ '2026-01-01 10:00+00', 'x'),
            (2, 'ann', 'pay', TIMESTAMPTZ '2026-01-01 10:05+00', 'y'),
            (3, '  ', 'visit', TIMESTAMPTZ '2026-01-01 10:00+00', 'x'),
            (4, 'bob', NULL, TIMESTAMPTZ '2026-01-01 10:00+00', 'x'),
            (5, 'bob', 'visit', TIMESTAMPTZ '2026-01-03 10:00+00', NULL)
        ) AS t(nr, who, event, "at", user_id)"""
    )
    yield connection
    connection.disconnect()


def test_a_table_of_another_engine_is_used_where_it_lies(warehouse):
    log = EventLog.from_table(warehouse.table("events"), user="who", time="at", timezone="Europe/Amsterdam")
    assert rows(log.between("2026-01-01", "2026-01-02").without(nr=2)) == [("ann", "visit")]
    assert log.observed_until == micros("2026-01-03 10:00") + 1
    assert warehouse.raw_sql("SELECT table_name FROM duckdb_tables()").fetchall() == [("events",)]
    assert int(warehouse.table("events").count().execute()) == 5
    source = log.source
    assert (source.rows_read, source.rows_kept, source.users) == (5, 3, 2)
    assert source.dropped == {"no user, event or time": 2}
    assert str(source.first) == "2026-01-01 11:00:00+01:00"


def test_a_column_of_the_table_with_a_name_of_ours_is_kept_under_another(warehouse):
    log = EventLog.from_table(warehouse.table("events"), user="who", time="at")
    assert log.properties == ["nr", "user_id_"]
    assert rows(log.where(user_id_="y")) == [("ann", "pay")]


def test_whole_numbers_of_a_table_stay_numbers(warehouse):
    log = EventLog.from_table(warehouse.table("events"), user="nr", time="at")
    assert log.table[USER_ID].type().is_integer()
    assert rows(log.where(user_id=1)) == [(1, "visit")]


def test_a_table_whose_times_have_no_zone_must_say_that_they_are_utc(warehouse):
    table = warehouse.table("events").mutate(at=ibis._["at"].cast("timestamp"))
    for zone in (None, "Europe/Amsterdam"):
        with pytest.raises(DataError, match=r"timestamp without a zone.*timezone='UTC'"):
            EventLog.from_table(table, user="who", time="at", timezone=zone)
    assert EventLog.from_table(table, user="who", time="at", timezone="UTC").event_names() == ["pay", "visit"]


def test_a_table_whose_time_is_no_timestamp_is_refused(warehouse):
    with pytest.raises(DataError, match=r"Column 'nr' is int32, not a timestamp"):
        EventLog.from_table(warehouse.table("events"), user="who", time="nr")


def test_a_table_without_such_a_column_offers_the_nearest(warehouse):
    with pytest.raises(UnknownNameError, match="did you mean 'who'"):
        EventLog.from_table(warehouse.table("events"), user="whoo", time="at")


def test_an_empty_table_is_an_error_of_ours_once_it_is_asked(warehouse):
    log = EventLog.from_table(warehouse.table("events").filter(ibis._["nr"] > 9), user="who", time="at")
    assert log.source.rows_kept == 0
    with pytest.raises(DataError, match="has no events"):
        _ = log.observed_until


def test_a_log_made_of_an_expression_has_no_account():
    log = EventLog(ibis.memtable({"user_id": ["ann"]}), "UTC")
    with pytest.raises(DataError, match="no source report"):
        _ = log.source


def test_a_raw_table_says_where_its_rows_are():
    raw = Raw("t", "rowid", {}, "t", "pandas", first_row=2)
    assert raw.say_rows([0, 4]) == ["row 2", "row 6"]
