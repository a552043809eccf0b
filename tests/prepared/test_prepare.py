"""A prepared log answers as the log it was made of, is found again, and is never wrong because it is old."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys

import ibis
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics import engine
from pm_analytics import errors as pm_errors
from pm_analytics.analyses.funnel.counts import Attempts, compiled, levels
from pm_analytics.analyses.funnel.question import Question
from pm_analytics.analyses.funnel.steps import as_steps
from pm_analytics.errors import ParameterError, SourceError
from pm_analytics.prepared import opening, place
from pm_analytics.prepared.progress import Progress
from pm_analytics.times import DAY

EVENTS = ["visit", "search", "view", "cart", "pay", "refund"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep every test's prepared files apart."""
    monkeypatch.setenv(place.FOLDER_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def events(seed=1, rows=600, users=40):
    """Draw a log with ties, repeats, several values of every property, gaps, and times over some weeks."""
    draw = random.Random(seed)
    start = pd.Timestamp("2026-02-20", tz="UTC")
    return pd.DataFrame(
        {
            "user_id": [f"u{draw.randrange(users)}" for _ in range(rows)],
            "event": [draw.choice(EVENTS) for _ in range(rows)],
            "timestamp": [start + pd.Timedelta(hours=draw.randrange(24 * 50)) for _ in range(rows)],
            "plan": [draw.choice(["free", "pro", "", None]) for _ in range(rows)],
            "price": [draw.choice([1.5, 2.0, None]) for _ in range(rows)],
            "note": [f"note {draw.randrange(10**9)}" for _ in range(rows)],
            "account_id": [draw.choice(["a", "b", "c", None]) for _ in range(rows)],
        }
    )


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "export.parquet"
    events().to_parquet(path, index=False)
    return path


@pytest.fixture
def both(export):
    log = pm.read_events(export, timezone="Europe/Amsterdam")
    return log, pm.prepare(log)


QUESTIONS = {
    "counts": pm.EventLog.event_counts,
    "names": lambda log: pd.Series(log.event_names()),
    "check": lambda log: pm.check(log).to_frame(),
    "funnel": lambda log: pm.funnel(log, ["visit", "cart", "pay"], within="9 days").to_frame(),
    "funnel, strict": lambda log: pm.funnel(log, ["visit", "cart"], order="strict").to_frame(),
    "funnel, any order": lambda log: pm.funnel(log, ["visit", "cart", "pay"], order="any", exclude="refund").to_frame(),
    "funnel, attempts": lambda log: pm.funnel(log, ["visit", "pay"], count="attempts", within="3 days").to_frame(),
    "funnel by plan": lambda log: pm.funnel(log, ["visit", "pay"], breakdown="plan").to_frame(),
    "funnel, users": lambda log: pm.funnel(log, ["visit", "cart", "pay"], within="5 days").users(3, "dropped"),
    "funnel, list of attempts": lambda log: pm.funnel(log, ["visit", "pay"], within="5 days").attempts(limit=20),
    "funnel, drivers": lambda log: pm.funnel(log, ["visit", "pay"]).drivers(properties=["plan"], smallest=1).to_frame(),
    "funnel, trend": lambda log: pm.funnel(log, ["visit", "pay"], within="5 days").trend("week").to_frame(),
    "retention": lambda log: pm.retention(log).to_frame(),
    "retention of days": lambda log: pm.retention(log, period="day", periods=60).to_frame(),
    "retention of months": lambda log: pm.retention(log, period="month").to_frame(),
    "retention on or after": lambda log: pm.retention(log, measure="on_or_after").to_frame(),
    "retention on or before": lambda log: pm.retention(log, measure="on_or_before").to_frame(),
    "retention, streak": lambda log: pm.retention(log, measure="streak", week_start="sunday").to_frame(),
    "retention, brackets": lambda log: pm.retention(log, measure="bracket", brackets=[1, 3]).to_frame(),
    "retention, recurring": lambda log: pm.retention(log, cohorts="recurring").to_frame(),
    "retention, often": lambda log: pm.retention(log, min_events=3).to_frame(),
    "retention, rolling": lambda log: pm.retention(log, mode="rolling").to_frame(),
    "retention of buyers": lambda log: pm.retention(log, "visit", "pay").to_frame(),
    "retention, entries": lambda log: pm.retention(log, entries=("2026-02-25", "2026-03-20")).to_frame(),
    "retention by plan": lambda log: pm.retention(log, segments="plan").segments(),
    "actives": lambda log: pm.active_users(log).to_frame(),
    "actives in March": lambda log: pm.active_users(log, between=("2026-03-01", "2026-03-20")).to_frame(),
    "actives by plan": lambda log: pm.active_users(log, segments="plan", windows=[1, 5]).to_frame(),
    "buyers": lambda log: pm.active_users(log, "pay").to_frame(),
    "lifecycle": lambda log: pm.lifecycle(log).to_frame(),
    "lifecycle of days": lambda log: pm.lifecycle(log, period="day").to_frame(),
    "lifecycle of buyers": lambda log: pm.lifecycle(log, "pay").to_frame(),
    "lifecycle of a feature": lambda log: pm.lifecycle(log, "pay", new_by="feature").to_frame(),
    "stickiness": lambda log: pm.stickiness(log).to_frame(),
    "stickiness, often": lambda log: pm.stickiness(log, min_events=2, max_events=4, every=2).to_frame(),
    "stickiness of hours": lambda log: pm.stickiness(log, interval="hour", between=("2026-03-01", "2026-03-02")).to_frame(),
    "stickiness of months": lambda log: pm.stickiness(log, per="month").to_frame(),
    "power users": lambda log: pm.power_users(log).to_frame(),
    "adoption": lambda log: pm.adoption(log, "pay", released_at="2026-03-01").to_frame(),
}  # fmt: skip

FILTERS = {
    "whole": lambda log: log,
    "where": lambda log: log.where(plan=["free", None]),
    "one user": lambda log: log.where(user_id=["u1", "u2", "u3"]),
    "without": lambda log: log.without(plan="pro", event="search"),
    "whole days": lambda log: log.between("2026-02-24", "2026-03-28"),
    "parts of days": lambda log: log.between("2026-02-24 09:00", "2026-03-28 17:30"),
    "as of a day": lambda log: log.as_of("2026-03-30"),
    "as of an hour": lambda log: log.as_of("2026-03-29 03:30"),
    "accounts": lambda log: log.with_unit("account_id"),
    "days, then a filter": lambda log: log.as_of("2026-03-30").where(plan="pro"),
}


ZONES = ("UTC", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe")


def assert_same_answers(plain, prepared, questions):
    for name in questions:
        try:
            expected = pd.DataFrame(QUESTIONS[name](plain))
        except pm_errors.PmAnalyticsError as error:
            with pytest.raises(type(error)):
                QUESTIONS[name](prepared)
            continue
        pd.testing.assert_frame_equal(expected, pd.DataFrame(QUESTIONS[name](prepared)), obj=name)


@pytest.mark.filterwarnings("ignore::pm_analytics.errors.PmAnalyticsWarning")
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_has_the_same_answer(both, question):
    assert_same_answers(*both, [question])


@pytest.mark.filterwarnings("ignore::pm_analytics.errors.PmAnalyticsWarning")
@pytest.mark.parametrize("narrow", FILTERS.values(), ids=FILTERS)
def test_a_narrowed_log_has_the_same_answers(both, narrow):
    plain, prepared = (narrow(log) for log in both)
    assert (plain.scope, plain.observed_until, plain.first_instant) == (
        prepared.scope,
        prepared.observed_until,
        prepared.first_instant,
    )
    assert_same_answers(plain, prepared, ["counts", "retention", "actives", "lifecycle"])


def test_a_funnel_counted_in_portions_of_users_is_the_same(both, monkeypatch):
    question = Question(as_steps(["visit", "cart", "pay"]), 9 * DAY)
    whole = levels(Attempts(both[1], question, "kernel"))
    monkeypatch.setattr(compiled, "PORTION", 77)
    assert levels(Attempts(both[1], question, "kernel")) == whole == levels(Attempts(both[0], question, "queries"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pm_analytics.errors.PmAnalyticsWarning")
@pytest.mark.parametrize(("name", "zone"), list(zip(FILTERS, itertools.cycle(ZONES), strict=False)))
def test_random_logs_have_the_same_answers(tmp_path, name, zone):
    narrow = FILTERS[name]
    draw = random.Random(f"{zone} {name}")
    path = tmp_path / "random.parquet"
    events(draw.randrange(10**6), rows=draw.choice([30, 300, 2_000]), users=draw.choice([3, 40, 500])).to_parquet(path)
    plain = pm.read_events(path, timezone=zone)
    assert_same_answers(narrow(plain), narrow(pm.prepare(plain)), QUESTIONS)


@pytest.mark.slow
def test_ten_million_events_on_several_threads_have_the_same_answers(tmp_path):
    """Five or more names of events, asked of many rows by several threads, once gave rows out of order."""
    path = tmp_path / "large.parquet"
    draw = "hash(i * 31 + {0}) % {1}"
    engine.fetch(
        f"""COPY (SELECT 'u' || {draw.format(1, 400_000)} AS user_id, 'e' || {draw.format(2, 8)} AS event,
            make_timestamp((1767225600000000 + (i // 40) * 10000000 + {draw.format(3, 5)} * 1000000)::BIGINT) AS timestamp
            FROM range(10000000) AS r(i)) TO '{path}' (FORMAT parquet)"""
    )
    plain = pm.read_events(path, timezone="UTC")
    prepared = pm.prepare(plain)
    engine.limit(threads=4)
    steps = ["e0", "e1", "e2", "e3", "e4"]
    asks = (
        lambda log: pm.funnel(log, steps, within="14 days").to_frame(),
        lambda log: pm.retention(log, steps, steps).to_frame(),
        lambda log: pm.retention(log).to_frame(),
        lambda log: pm.active_users(log).to_frame(),
        lambda log: pm.lifecycle(log, [*steps, "e5"]).to_frame(),
        pm.EventLog.event_counts,
    )
    for ask in asks:
        answers = [ask(log) for log in (plain, prepared, prepared)]
        pd.testing.assert_frame_equal(answers[0], answers[1])
        pd.testing.assert_frame_equal(answers[1], answers[2])
    # Nor do the kernel and the queries of a funnel trust an order.
    question = Question(as_steps(steps), 14 * DAY)
    by_kernel, by_queries = (levels(Attempts(prepared, question, path)) for path in ("kernel", "queries"))
    assert by_kernel == by_queries
    assert by_kernel.users[-1] > 0
    engine.limit(threads=os.cpu_count() or 1)


def rows(log):
    return sorted(engine.run(log.table).astype(str).itertuples(index=False, name=None))


def test_the_rows_and_their_types_are_those_of_the_log(both):
    plain, prepared = both
    assert prepared.table.schema() == plain.table.schema()
    assert rows(prepared) == rows(plain)
    assert prepared.properties == plain.properties


def test_users_are_numbered_without_a_gap_and_translated_back(both):
    plain, prepared = both
    coded = prepared.coded_events()
    numbers = set(engine.run(coded.select("user_id").distinct())["user_id"])
    assert numbers == set(range(prepared.codes))
    ids = engine.run(prepared.with_ids(coded.select("user_id").distinct(), "user_id"))["user_id"]
    assert set(ids) == set(engine.run(plain.table.select("user_id"))["user_id"])
    assert plain.codes is None
    assert plain.with_ids(plain.table, "user_id") is plain.table


def test_the_file_is_ordered_by_user_and_time(both):
    table = both[1].coded.events
    order = engine.fetch(
        f"""SELECT count(*) FILTER (code < before OR (code = before AND time < earlier)) FROM (
            SELECT pm_code AS code, time, lag(pm_code) OVER (ORDER BY row) AS before, lag(time) OVER (ORDER BY row) AS earlier
            FROM (SELECT *, row_number() OVER () AS row FROM {table.get_name()}))"""
    )
    assert order == [(0,)]


def test_units_of_a_cell_are_ids(both):
    plain, prepared = (pm.retention(log) for log in both)
    first = plain.to_frame()["cohort"].iloc[0]
    assert prepared.users(first, 1) == plain.users(first, 1)
    assert prepared.users(first, 0) == plain.users(first, 0)


def test_days_are_known_only_while_they_are_whole(both):
    prepared = both[1]
    known = {name: narrow(prepared).unit_days() is not None for name, narrow in FILTERS.items()}
    assert [name for name, whole in known.items() if whole] == ["whole", "whole days", "as of a day"]
    assert both[0].unit_days() is None


def test_days_are_those_of_the_logs_zone(both):
    prepared = both[1]
    days = engine.run(prepared.with_ids(prepared.unit_days(), "user_id"))
    raw = engine.run(both[0].table.select("user_id", "time"))
    local = raw["time"].dt.tz_convert("Europe/Amsterdam") if raw["time"].dt.tz else raw["time"].dt.tz_localize("UTC").dt.tz_convert("Europe/Amsterdam")  # fmt: skip
    raw["day"] = (local.dt.tz_localize(None).dt.normalize() - pd.Timestamp("1970-01-01")).dt.days
    expected = raw.groupby(["user_id", "day"]).size().to_dict()
    assert {(row.user_id, row.day): row.events for row in days.itertuples()} == expected


def test_no_days_are_kept_where_the_clocks_led_back_into_the_day_before():
    """In St. John's the clocks went from 00:01 back to 23:01: days do not follow each other there."""
    frame = pd.DataFrame(
        {"user_id": ["a", "b"], "event": "visit", "timestamp": ["2008-11-01T12:00Z", "2008-11-03T12:00Z"]}
    )
    log = pm.EventLog.from_frame(frame, timezone="America/St_Johns")
    assert pm.prepare(log).unit_days() is None
    assert pm.prepare(pm.EventLog.from_frame(frame, timezone="UTC")).unit_days() is not None


# ------------------------------------------------------------------------------------------------- found and stale


def test_it_is_found_again_without_reading(export, cache, monkeypatch):
    first = pm.prepare(export, timezone="UTC")
    del first
    monkeypatch.setattr("pm_analytics.prepared.preparing.read_events", None)
    again = pm.prepare(export, timezone="UTC")
    assert "nothing was read" in again.source.notes[-1]
    assert len(list(cache.iterdir())) == 1
    assert again.source.rows_kept == 600
    assert again.event_names() == sorted(EVENTS)


def test_another_way_of_reading_is_another_file(export, cache):
    one, two = pm.prepare(export, timezone="UTC"), pm.prepare(export, timezone="Europe/Amsterdam")
    assert len(list(cache.iterdir())) == 2
    assert (one.timezone, two.timezone) == ("UTC", "Europe/Amsterdam")


def test_a_changed_file_is_prepared_anew_and_the_old_one_goes(export, cache):
    pm.prepare(export, timezone="UTC")
    old = list(cache.iterdir())
    events(seed=2, rows=700).to_parquet(export, index=False)
    again = pm.prepare(export, timezone="UTC")
    assert "built" in again.source.notes[-1]
    assert again.source.rows_read == 700
    assert len(list(cache.iterdir())) == 1
    assert list(cache.iterdir()) != old


def test_a_file_that_changed_after_it_was_read_is_refused(export):
    log = pm.read_events(export, timezone="UTC")
    events(seed=2, rows=700).to_parquet(export, index=False)
    with pytest.raises(SourceError, match="has changed since it was read"):
        pm.prepare(log)


@pytest.mark.parametrize("damage", ["cut short", "empty", "not whole", "another layout"])
def test_a_damaged_file_is_built_anew(export, cache, damage):
    log = pm.prepare(export, timezone="UTC")
    file = cache / log.coded.place
    expected = log.event_counts()
    del log
    spoil(file, damage)
    again = pm.prepare(export, timezone="UTC")
    assert "built" in again.source.notes[-1]
    pd.testing.assert_frame_equal(again.event_counts(), expected)


def spoil(file, damage):
    if damage == "cut short":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif damage == "empty":
        file.write_bytes(b"")
    else:
        sql = (
            "DROP TABLE {0}.about"
            if damage == "not whole"
            else "UPDATE {0}.about SET facts = replace(facts, '\"format\": 1', '\"format\": 0')"
        )
        attached = engine.attach(file, writable=True)
        engine.fetch(sql.format(attached))
        engine.fetch(f"DETACH {attached}")


def test_a_crash_while_building_leaves_nothing(export, cache, monkeypatch):
    log = pm.read_events(export, timezone="UTC")
    monkeypatch.setattr("pm_analytics.prepared.build._write_days", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pm.prepare(log)
    assert list(cache.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv(place.FOLDER_VARIABLE, str(cache))
    assert pm.prepare(log).source.rows_kept == 600


def test_what_a_killed_process_left_goes_after_a_day(export, tmp_path):
    file = tmp_path / "mine.duckdb"
    old, young = (tmp_path / f"mine.duckdb.{pid}.part" for pid in (1, 2))
    for left in (old, young):
        left.write_text("half")
    os.utime(old, (0, 0))
    pm.prepare(export, timezone="UTC", into=file)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_file_more_that_fits_a_pattern_makes_it_new(tmp_path, cache):
    for number in (1, 2):
        events(seed=number).to_parquet(tmp_path / f"part{number}.parquet", index=False)
        log = pm.prepare(tmp_path / "part*.parquet", timezone="UTC")
        assert log.source.rows_read == 600 * number
        assert len(list(cache.iterdir())) == 1


def test_a_frame_is_told_by_its_rows(cache):
    one = pm.prepare(pm.EventLog.from_frame(events()))
    two = pm.prepare(pm.EventLog.from_frame(events().iloc[::-1]))
    assert len(list(cache.iterdir())) == 1
    assert "found" in two.source.notes[-1]
    changed = events().assign(plan="pro")
    three = pm.prepare(pm.EventLog.from_frame(changed))
    assert len(list(cache.iterdir())) == 2
    assert [len(engine.run(log.where(plan="pro").table)) for log in (one, three)] == [
        (events()["plan"] == "pro").sum(),
        600,
    ]


def test_a_filtered_log_keeps_its_filter_and_what_it_knows(both):
    plain = both[0].where(plan="pro").between("2026-02-24", "2026-03-28")
    prepared = pm.prepare(plain)
    assert prepared.filters == plain.filters
    assert prepared.observed_until == plain.observed_until
    assert prepared.coded is not None
    pd.testing.assert_frame_equal(pm.retention(prepared).to_frame(), pm.retention(plain).to_frame())


def test_a_table_of_another_engine_is_copied(tmp_path):
    elsewhere = ibis.duckdb.connect()
    elsewhere.create_table("events", events())
    plain = pm.EventLog.from_table(elsewhere.table("events"), time="timestamp")
    prepared = pm.prepare(plain)
    assert prepared.source.rows_kept == 600
    pd.testing.assert_frame_equal(prepared.event_counts(), plain.event_counts())
    assert "built" in pm.prepare(plain, into=tmp_path / "again.duckdb").source.notes[-1]


@pytest.mark.parametrize("ids", [[3, 1, 3, 7], ["3", "1", "3", "x"]], ids=["numbers", "texts"])
def test_ids_keep_their_kind(ids):
    frame = pd.DataFrame({"user_id": ids, "event": "visit", "timestamp": pd.Timestamp("2026-01-01", tz="UTC")})
    log = pm.EventLog.from_frame(frame)
    prepared = pm.prepare(log)
    assert prepared.table["user_id"].type() == log.table["user_id"].type()
    assert rows(prepared) == rows(log)


def test_a_prepared_log_is_not_prepared_again(both):
    assert pm.prepare(both[1]) is both[1]


# ------------------------------------------------------------------------------------------------------- the place


def test_the_place_can_be_named(export, tmp_path):
    file = tmp_path / "mine.duckdb"
    log = pm.prepare(export, timezone="UTC", into=file)
    assert file.exists()
    assert str(file) in log.source.notes[-1]
    assert "mine.duckdb" in repr(log)
    assert "found" in pm.prepare(export, timezone="UTC", into=file).source.notes[-1]


def test_a_file_that_is_something_else_is_not_overwritten(export, tmp_path):
    file = tmp_path / "mine.duckdb"
    file.write_text("dear diary")
    with pytest.raises(ParameterError, match="is no prepared log"):
        pm.prepare(export, timezone="UTC", into=file)
    assert file.read_text() == "dear diary"


def test_a_file_in_use_by_another_log_is_not_replaced(export, tmp_path):
    file = tmp_path / "mine.duckdb"
    log = pm.prepare(export, timezone="UTC", into=file)
    with pytest.raises(ParameterError, match="in use by another log"):
        pm.prepare(export, timezone="Europe/Amsterdam", into=file)
    assert log.source.rows_kept == 600
    del log
    assert pm.prepare(export, timezone="Europe/Amsterdam", into=file).timezone == "Europe/Amsterdam"


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(export, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="PM_ANALYTICS_CACHE"):
        pm.prepare(export, timezone="UTC", into=tmp_path / "file" / "mine.duckdb")


def test_options_of_reading_belong_to_a_path(both):
    with pytest.raises(ParameterError, match="has been read already"):
        pm.prepare(both[0], timezone="UTC")


@pytest.mark.parametrize(
    ("system", "variables", "ending"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, ("x", "pm_analytics")),
        ("linux", {}, (".cache", "pm_analytics")),
        ("darwin", {}, ("Caches", "pm_analytics")),
        ("win32", {"LOCALAPPDATA": "/local"}, ("local", "pm_analytics", "cache")),
    ],
)
def test_the_folder_is_where_a_system_keeps_such_things(monkeypatch, system, variables, ending):
    for name in (place.FOLDER_VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    assert place.folder().parts[-len(ending) :] == ending


def test_a_second_session_finds_it(export, cache):
    code = (
        "import pm_analytics as pm, sys; log = pm.prepare(sys.argv[1], timezone='UTC'); "
        "print(log.source.notes[-1]); print(len(pm.retention(log).to_frame()))"
    )
    command = [sys.executable, "-c", code, str(export)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = [subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout for _ in range(2)]
    assert "built" in said[0]
    assert "nothing was read" in said[1]
    assert said[0].splitlines()[1] == said[1].splitlines()[1]


def test_a_file_is_closed_when_no_log_needs_it(export, cache):
    log = pm.prepare(export, timezone="UTC")
    file = cache / log.coded.place
    assert file in opening._open
    del log
    assert file not in opening._open
    attached = engine.attach(file, writable=True)
    engine.fetch(f"DETACH {attached}")


def test_progress_is_silent_unless_it_is_wanted(export, capfd):
    pm.prepare(export, timezone="UTC")
    assert capfd.readouterr() == ("", "")


def test_progress_says_what_is_done(capfd, monkeypatch):
    monkeypatch.setattr("pm_analytics.prepared.progress.PATIENCE", 0.0)
    monkeypatch.setattr("pm_analytics.prepared.progress._BEAT", 0.01)
    import time

    told = Progress("Preparing", 2, shown=True)
    with told.step("one"):
        time.sleep(0.1)
    with told.step("two"):
        time.sleep(0.1)
    told.end()
    err = capfd.readouterr().err
    assert "Preparing [........................] one" in err
    assert "Preparing [############............] two" in err
