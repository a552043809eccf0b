"""The door to the engine: limits, plain errors, tables that come and go."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pm_analytics import EventLog, engine
from pm_analytics.errors import ParameterError, SourceError
from pm_analytics.times import to_microseconds

EPOCH_DAY = datetime(1970, 1, 1).date().toordinal()  # noqa: DTZ001 - a date


def names_of(stem):
    return {
        name
        for (name,) in engine.fetch(
            "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
        )
        if name.startswith(f"pm_{stem}_")
    }


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"memory": "banana"}, "is not a size"),
        ({"memory": "1GB'; DROP TABLE x; --"}, "is not a size"),
        ({"threads": 0}, "at least 1"),
        ({"threads": "two"}, "at least 1"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        engine.limit(**wrong)


def test_limits_are_set():
    before = engine.fetch("SELECT current_setting('memory_limit'), current_setting('threads')")[0]
    try:
        engine.limit(memory="1500 MB", threads=1)
        assert engine.fetch("SELECT current_setting('memory_limit'), current_setting('threads')") == [("1.3 GiB", 1)]
    finally:
        engine.limit(memory=before[0], threads=before[1])


def test_the_session_clock_is_utc():
    assert engine.fetch("SELECT epoch_us('2026-01-01 00:00:00'::TIMESTAMPTZ)") == [
        (to_microseconds("2026-01-01", "UTC"),)
    ]


@pytest.mark.parametrize("sql", ["SELECT nothing FROM nowhere", "SELEC 1", "SELECT 'x'::INT"])
def test_what_the_engine_says_to_wrong_sql_arrives_as_an_error_of_ours_in_one_line(sql):
    with pytest.raises(SourceError) as raised:
        engine.fetch(sql)
    assert len(str(raised.value).splitlines()) == 1
    assert isinstance(raised.value.__cause__, duckdb.Error)


def test_a_file_that_goes_away_while_a_log_stands_on_it_is_an_error_of_ours(tmp_path):
    path = tmp_path / "e.parquet"
    pd.DataFrame({"user": ["ann"], "event": ["visit"], "time": [pd.Timestamp("2026-01-01", tz="UTC")]}).to_parquet(path)
    log = EventLog.from_raw(*_raw(path))
    path.unlink()
    with pytest.raises(SourceError, match=r"e\.parquet"):
        log.event_counts()


def _raw(path):
    from pm_analytics.intake import Wanted
    from pm_analytics.sources.files import raw_file

    return raw_file(path, {}), Wanted()


def test_a_table_goes_when_the_last_expression_over_it_does():
    table = engine.table("SELECT 1 AS a", "coming")
    (name,) = names_of("coming")
    doubled = table.mutate(b=table.a * 2)
    del table
    gc.collect()
    assert names_of("coming") == {name}
    assert engine.run(doubled)["b"].tolist() == [2]
    del doubled
    gc.collect()
    assert names_of("coming") == set()


def test_a_view_takes_along_what_stands_behind_it():
    behind = engine.stored("SELECT 1 AS a", "behind")
    view = engine.view(f"SELECT * FROM {behind}", "front", then=[f"DROP TABLE {behind}"])
    assert engine.run(view)["a"].tolist() == [1]
    del view
    gc.collect()
    assert names_of("front") == names_of("behind") == set()


def test_many_logs_leave_nothing_behind(log_of, tmp_path):
    frame = pd.DataFrame({"user": ["ann"] * 2, "event": ["x"] * 2, "time": ["2026-01-01T00:00Z"] * 2})
    frame.to_csv(tmp_path / "e.csv", index=False)
    frame.to_parquet(tmp_path / "e.parquet")
    from pm_analytics import read_events

    gc.collect()
    before = engine.fetch("SELECT count(*) FROM duckdb_tables()")[0][0]
    kept = log_of("ann visit 0")
    for _ in range(5):
        log_of("ann visit 0", "bob visit 0").where(event="visit").event_counts()
        read_events(tmp_path / "e.csv").event_names()
        read_events(tmp_path / "e.parquet").event_names()
    gc.collect()
    assert engine.fetch("SELECT count(*) FROM duckdb_tables()")[0][0] == before + 1
    assert kept.event_names() == ["visit"]


def test_clearing_away_what_has_gone_already_is_fine():
    engine.clear("DROP TABLE pm_never_was", "DROP VIEW pm_never_was_either")


def test_an_answer_that_is_being_fetched_is_not_disturbed_by_clearing_away():
    answer = engine.local().con.execute("SELECT range FROM range(3)")
    engine.clear(f"DROP TABLE {engine.stored('SELECT 1 AS a', 'gone')}")
    engine.local().con.execute("SELECT range FROM range(3)")
    assert answer.fetchall() == [(0,), (1,), (2,)]


def test_several_threads_may_ask_at_once(log_of):
    def ask(number):
        log = log_of(f"u{number} visit 0", f"u{number} pay 1")
        return log.event_names(), log.source.users, log.observed_until

    with ThreadPoolExecutor(6) as pool:
        assert len({str(answer) for answer in pool.map(ask, range(24))}) == 1


def test_counts_of_nothing_are_zero():
    empty = ibis.memtable({"a": pd.Series([], dtype="int64")})
    assert engine.counts(empty.aggregate(n=empty.count(), total=empty.a.sum())) == {"n": 0, "total": 0}


def test_text_and_names_are_quoted():
    text, name = "o'clock", 'a "b"'
    assert engine.columns_of(f"(SELECT {engine.literal(text)} AS {engine.identifier(name)})") == {name: "VARCHAR"}
    assert engine.fetch(f"SELECT {engine.literal(text)}") == [(text,)]


ZONES = st.sampled_from(
    ["Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]
)


@settings(max_examples=40)
@given(st.lists(st.datetimes(datetime(1990, 1, 2), datetime(2037, 12, 30)), min_size=1, max_size=20), ZONES)  # noqa: DTZ001
def test_local_days_are_numbered_as_python_numbers_them(moments, name):
    instants = [to_microseconds(moment, "UTC") for moment in moments]
    table = ibis.memtable({"now": instants})
    days = engine.run(table.select(day=engine.local_day(table.now, name, max(instants))))["day"].tolist()
    local = [moment.replace(tzinfo=UTC).astimezone(ZoneInfo(name)) for moment in moments]
    assert days == [there.date().toordinal() - EPOCH_DAY for there in local]


def test_a_date_that_means_never_does_not_break_the_calendar():
    table = ibis.memtable({"now": [0]})
    never = to_microseconds("9999-12-31", "UTC")
    assert engine.run(table.select(day=engine.local_day(table.now, "Europe/Amsterdam", never)))["day"].tolist() == [0]
