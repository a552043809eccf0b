"""Files of every format: what is read is what was written, and what was decided is said."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pm_analytics import engine, read_events
from pm_analytics.errors import DataError, ParameterError, SourceError, UnknownNameError

HEADER = "user_id,event,timestamp"
ROWS = ["ann,visit,2026-01-01T10:00:00Z", "007,pay,2026-01-01T10:05:00Z"]


def as_rows(log):
    """The log as (user, event, time, *properties), in order of time and user."""
    frame = engine.run(log.table).astype(object)
    frame = frame.where(frame.notna(), None)
    frame["time"] = [
        pd.Timestamp(t).tz_localize(None) if pd.Timestamp(t).tz is None else pd.Timestamp(t).tz_convert(None)
        for t in frame["time"]
    ]
    return sorted(map(tuple, frame.to_numpy().tolist()), key=lambda row: (row[2], str(row[0])))


TWO = [
    ("ann", "visit", pd.Timestamp("2026-01-01 10:00")),
    ("007", "pay", pd.Timestamp("2026-01-01 10:05")),
]


@pytest.fixture
def write(tmp_path):
    """A writer of files: ``write("e.csv", "line", "line")`` or ``write("e.csv", bytes)``; gives the path."""

    def to(name, *content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content[0] if isinstance(content[0], bytes) else ("\n".join(content) + "\n").encode()
        path.write_bytes(gzip.compress(data) if name.lower().endswith(".gz") else data)
        return path

    return to


# ------------------------------------------------------------------------------------------------------ delimited text


@pytest.mark.parametrize("name", ["e.csv", "e.csv.gz", "E.CSV", "E.Csv.GZ"])
def test_comma_separated_text_plain_or_packed(write, name):
    assert as_rows(read_events(write(name, HEADER, *ROWS))) == TWO


@pytest.mark.parametrize("name", ["e.tsv", "e.tsv.gz"])
def test_tab_separated_text(write, name):
    log = read_events(write(name, *(line.replace(",", "\t") for line in (HEADER, *ROWS))))
    assert (as_rows(log), log.source.form) == (TWO, "TSV")


@pytest.mark.parametrize("sign", [";", "\t", "|", "~"])
def test_other_delimiters_are_seen_in_the_header_or_said(write, sign):
    path = write("e.csv", *(line.replace(",", sign) for line in (HEADER, *ROWS)))
    assert as_rows(read_events(path, **({"delimiter": "~"} if sign == "~" else {}))) == TWO


def test_one_row_is_enough(write):
    assert as_rows(read_events(write("e.csv", HEADER, ROWS[0]))) == TWO[:1]


def test_the_last_line_needs_no_end(write):
    assert as_rows(read_events(write("e.csv", "\n".join([HEADER, *ROWS]).encode()))) == TWO


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_lines_may_end_as_on_any_system(write, end):
    assert as_rows(read_events(write("e.csv", (end.join([HEADER, *ROWS]) + end).encode()))) == TWO


def test_lines_may_even_end_in_two_ways_in_one_file(write):
    assert as_rows(read_events(write("e.csv", f"{HEADER}\n{ROWS[0]}\r\n{ROWS[1]}\n".encode()))) == TWO


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(write, encoding):
    assert as_rows(read_events(write("e.csv", "\n".join([HEADER, *ROWS, ""]).encode(encoding)))) == TWO


def test_a_quoted_header_after_a_byte_order_mark(write):
    assert as_rows(read_events(write("e.csv", "\ufeff" + HEADER.replace("user_id", '"user_id"'), *ROWS))) == TWO


def test_quoted_values_may_hold_delimiters_quotes_and_line_breaks(write):
    path = write("e.csv", f"{HEADER},note", f'{ROWS[0]},"a, ""b""\nc"', f"{ROWS[1]},")
    assert as_rows(read_events(path)) == [(*TWO[0], 'a, "b"\nc'), (*TWO[1], None)]


def test_quotes_may_be_escaped_by_a_backslash(write):
    path = write("e.csv", f"{HEADER},note", f'{ROWS[0]},"a, \\"b\\""', f"{ROWS[1]},x")
    assert as_rows(read_events(path)) == [(*TWO[0], 'a, "b"'), (*TWO[1], "x")]


def test_a_quote_inside_a_value_is_a_quote(write):
    path = write("e.csv", f"{HEADER},note", f'{ROWS[0]},5" screen', f"{ROWS[1]},x")
    assert as_rows(read_events(path))[0][3] == '5" screen'


def test_blank_lines_are_no_rows(write):
    log = read_events(write("e.csv", "", HEADER, "", *ROWS, "", ""))
    assert (as_rows(log), log.source.rows_read) == (TWO, 2)


def test_lines_above_the_header_are_left_out_and_that_is_said(write):
    log = read_events(write("e.csv", "# Export of events", "Made on Monday", "", HEADER, *ROWS))
    assert (as_rows(log), log.source.notes) == (TWO, ("3 lines above the header left out",))


def test_names_are_stripped_and_odd_ones_numbered(write):
    log = read_events(write("e.csv", " user_id , event,timestamp,,event,Event", *(f"{row},1,2,3" for row in ROWS)))
    assert log.properties == ["column3", "event_1", "Event_2"]


def test_brackets_and_quotes_in_a_file_name_are_not_a_pattern(write):
    for name in ("e [1].csv", "o'clock.csv", "what?.csv", "a*b.csv"):
        assert as_rows(read_events(write(name, HEADER, *ROWS))) == TWO


def test_columns_of_several_files_are_matched_by_name(write):
    write("part1.csv", HEADER, ROWS[0])
    path = write("part2.csv", "timestamp,event,user_id,plan", "2026-01-01T10:05:00Z,pay,007,pro")
    log = read_events(path.parent / "part*.csv")
    assert as_rows(log) == [(*TWO[0], None), (*TWO[1], "pro")]


# --------------------------------------------------------------------------------------------- what properties become


def property_of(write, *values, header=HEADER, sign=",", **options):
    lines = [
        f"{header}{sign}p",
        *(f"u{at}{sign}visit{sign}2026-01-01T10:00:00Z{sign}{value}" for at, value in enumerate(values)),
    ]
    if sign != ",":
        lines[0] = lines[0].replace(",", sign)
    log = read_events(write("e.csv", *lines), **options)
    return [row[3] for row in as_rows(log)], str(log.table["p"].type())


@pytest.mark.parametrize(
    ("written", "read", "kind"),
    [
        (["1", " 2", ""], [1, 2, None], "int64"),
        (["-3", "0"], [-3, 0], "int64"),
        (["007", "8"], ["007", "8"], "string"),
        (["12345678901234567890", "1"], ["12345678901234567890", "1"], "string"),
        (["1.5", "2"], [1.5, 2.0], "float64"),
        (["1e-05", ".5"], [1e-05, 0.5], "float64"),
        (["1.5", "nan"], ["1.5", "nan"], "string"),
        (["3,50", "1"], None, None),
        (["true", "False", ""], [True, False, None], "boolean"),
        (["yes", "no"], ["yes", "no"], "string"),
        (["2026-01-01", "2026-01-02"], ["2026-01-01", "2026-01-02"], "string"),
        (["", ""], [None, None], "string"),
        (["1", "x"], ["1", "x"], "string"),
    ],
)
def test_a_property_is_a_number_or_yes_and_no_only_if_every_value_is(write, written, read, kind):
    if read is None:
        written, read, kind = ['"3,50"', "1"], ["3,50", "1"], "string"
    assert property_of(write, *written) == (read, kind)


def test_one_odd_value_far_down_is_not_lost(write):
    values = [*range(5_000), "x"]
    read, kind = property_of(write, *values)
    assert (len(read), kind, "x" in read) == (5_001, "string", True)


def test_where_columns_are_cut_by_semicolons_a_comma_is_a_decimal_point(write):
    assert property_of(write, "3,50", "-1", "", sign=";") == ([3.5, -1.0, None], "float64")
    assert property_of(write, "1.234,5", "1", sign=";") == (["1.234,5", "1"], "string")


def test_ids_and_named_columns_keep_their_leading_zeros(write):
    path = write("e.csv", "case,account_id,did,when", "01,0002,visit,2026-01-01T10:00:00Z")
    log = read_events(path, user="case", event="did", time="when")
    assert as_rows(log) == [("01", "visit", TWO[0][2], "0002")]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("account_id", "string"), ("ID", "string"), ("accountId", "string"), ("paid", "int64"), ("is_valid", "int64")],
)
def test_columns_named_as_ids_stay_text_and_words_that_end_alike_do_not(write, name, kind):
    log = read_events(write("e.csv", f"{HEADER},{name}", f"{ROWS[0]},12"))
    assert str(log.table[name].type()) == kind


def test_a_column_called_rowid_does_not_mix_up_the_rows(write, tmp_path):
    lines = ["ann,visit,2026-01-01T10:00:00Z,5", "ann,visit,2026-01-01T10:00:00Z,5", "bob,visit,2026-01-01T10:00:00Z,5"]
    frame = pd.DataFrame([line.split(",") for line in lines], columns=["user_id", "event", "timestamp", "rowid"])
    csv = write("e.csv", f"{HEADER},rowid", *lines)
    frame.to_json(tmp_path / "e.jsonl", orient="records", lines=True)
    with duckdb.connect(str(tmp_path / "e.duckdb")) as connection:
        connection.execute('CREATE TABLE e AS SELECT * REPLACE ("timestamp"::TIMESTAMPTZ AS "timestamp") FROM frame')
    for path in (csv, tmp_path / "e.jsonl", tmp_path / "e.duckdb"):
        log = read_events(path)
        assert log.source.dropped == {"identical to an earlier row": 1}
        assert (log.source.users, log.properties) == (2, ["rowid"])


# ---------------------------------------------------------------------------------------------------------- JSON Lines


@pytest.mark.parametrize("name", ["e.jsonl", "e.ndjson", "e.jsonl.gz"])
def test_json_lines_keep_nested_objects_as_they_are(write, name):
    record = {"user_id": "ann", "event": "visit", "timestamp": "2026-01-01T10:00:00Z"}
    path = write(
        name, json.dumps({**record, "p": {"a": 1, "b": [{"c": 2}]}}), "", json.dumps({**record, "event": "pay"})
    )
    log = read_events(path)
    assert str(log.table["p"].type()) == "struct<a: int64, b: array<struct<c: int64>>>"
    assert log.source.rows_read == 2
    flat = engine.run(log.table.select("event", a=log.table["p"]["a"]))
    assert dict(flat.dropna().itertuples(index=False, name=None)) == {"visit": 1}


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        ([7, 8], [7, 8]),
        ([7, "007"], ["007", "7"]),
        ([2**70, 2**70 + 1], [str(2**70), str(2**70 + 1)]),
        ([7.0, None], ["7"]),
        (["550E8400-E29B-41D4-A716-446655440000"], ["550E8400-E29B-41D4-A716-446655440000"]),
        (["2026-01-01", "2026-01-02"], ["2026-01-01", "2026-01-02"]),
    ],
)
def test_json_ids_are_read_as_they_were_written(write, ids, read):
    lines = [json.dumps({"user_id": i, "event": "visit", "timestamp": 1767261600 + at}) for at, i in enumerate(ids)]
    log = read_events(write("e.jsonl", *lines))
    assert sorted(engine.run(log.table.select("user_id"))["user_id"]) == read


def test_json_times_of_mixed_precision_are_one_kind_of_time(write):
    stamps = ["2026-01-01T10:00:00Z", "2026-01-01T10:00:00.123456Z", "2026-01-01T12:00:00+02:00"]
    log = read_events(write("e.jsonl", *(json.dumps({"user": "a", "event": "v", "ts": stamp}) for stamp in stamps)))
    assert [row[2] for row in as_rows(log)] == [TWO[0][2], TWO[0][2], pd.Timestamp("2026-01-01 10:00:00.123456")]


def test_a_json_property_of_mixed_kinds_is_text_without_quotes(write):
    record = {"user_id": "ann", "event": "visit", "timestamp": "2026-01-01T10:00:00Z"}
    log = read_events(write("e.jsonl", json.dumps({**record, "p": "pro"}), json.dumps({**record, "p": 1})))
    assert sorted(row[3] for row in as_rows(log)) == ["1", "pro"]


# ------------------------------------------------------------------------------------------------------------- Parquet


def parquet(path, times, **columns):
    rows = len(times)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = {"user_id": [f"u{at}" for at in range(rows)], "event": ["visit"] * rows, "timestamp": times, **columns}
    pd.DataFrame(frame).to_parquet(path, index=False)
    return path


def test_parquet_stays_where_it_is(tmp_path):
    path = parquet(tmp_path / "e.parquet", pd.to_datetime(["2026-01-01 10:00"]).tz_localize("UTC"))
    log = read_events(path)
    names = {name for (name,) in engine.fetch("SELECT view_name FROM duckdb_views()")}
    assert log.table.get_name() in names
    assert str(log.table["time"].type()) == "timestamp('UTC', 6)"


def test_duplicates_are_dropped_from_parquet_without_storing_it(tmp_path):
    times = pd.to_datetime(["2026-01-01 10:00"] * 3).tz_localize("UTC")
    path = parquet(tmp_path / "e.parquet", times, user_id=["ann", "ann", "bob"])
    log = read_events(path)
    assert log.source.dropped == {"identical to an earlier row": 1}
    assert as_rows(log) == [("ann", "visit", TWO[0][2]), ("bob", "visit", TWO[0][2])]
    assert log.table.get_name() in {name for (name,) in engine.fetch("SELECT view_name FROM duckdb_views()")}
    assert read_events(path, duplicates="keep").source.rows_kept == 3


def test_a_pattern_reads_several_files_and_a_missing_column_is_null(tmp_path):
    stamp = pd.to_datetime(["2026-01-01 10:00"]).tz_localize("UTC")
    parquet(tmp_path / "day=1" / "a.parquet", stamp, user_id=["ann"])
    parquet(tmp_path / "day=2" / "b.parquet", stamp, user_id=["bob"], plan=["pro"])
    log = read_events(tmp_path / "day=*" / "*.parquet")
    assert engine.run(log.table.select("user_id", "plan").order_by("user_id")).fillna("none").to_numpy().tolist() == [
        ["ann", "none"],
        ["bob", "pro"],
    ]
    assert read_events(tmp_path / "**" / "*.parquet").source.rows_read == 2


def test_the_same_row_in_two_files_is_one_event(tmp_path):
    stamp = pd.to_datetime(["2026-01-01 10:00"]).tz_localize("UTC")
    for name in ("a", "b"):
        parquet(tmp_path / f"{name}.parquet", stamp)
    assert read_events(tmp_path / "*.parquet").source.dropped == {"identical to an earlier row": 1}


def test_files_that_disagree_whether_a_time_has_a_zone_are_refused(tmp_path):
    parquet(tmp_path / "a.parquet", pd.to_datetime(["2026-01-01 10:00"]))
    parquet(tmp_path / "b.parquet", pd.to_datetime(["2026-01-01 10:00"]).tz_localize("UTC"))
    with pytest.raises(DataError, match=r"disagree about column 'timestamp'.*such as a\.parquet"):
        read_events(tmp_path / "*.parquet", timezone="Europe/Amsterdam")


def test_naive_times_in_parquet_are_read_in_the_zone_on_both_sides_of_summer_time(tmp_path):
    clocks = pd.to_datetime(["2026-01-01 10:00", "2026-03-29 03:00", "2026-07-01 10:00", "2026-10-25 02:30"])
    path = parquet(tmp_path / "e.parquet", clocks)
    log = read_events(path, timezone="Europe/Amsterdam")
    expected = pd.to_datetime(["2026-01-01 09:00", "2026-03-29 01:00", "2026-07-01 08:00", "2026-10-25 00:30"])
    assert [row[2] for row in as_rows(log)] == list(expected)
    with pytest.raises(DataError, match="carry no UTC offset"):
        read_events(path)


def test_parquet_may_hold_times_as_text(tmp_path):
    path = parquet(tmp_path / "e.parquet", ["2026-01-01T10:00:00Z", "2026-01-01 11:05:00 +0100"])
    assert [row[2] for row in as_rows(read_events(path))] == [TWO[0][2], TWO[1][2]]


def test_numbers_in_parquet_stay_numbers(tmp_path):
    stamp = [1767261600000, 1767261600000]
    assert as_rows(read_events(parquet(tmp_path / "a.parquet", stamp, user_id=[39, 40])))[0][0] == 39
    assert as_rows(read_events(parquet(tmp_path / "b.parquet", stamp, user_id=[39.0, np.nan])))[0][0] == 39
    assert as_rows(read_events(parquet(tmp_path / "c.parquet", stamp, user_id=["039", "40"])))[0][0] == "039"


def test_an_outlying_time_in_parquet_is_counted_not_kept(tmp_path):
    clocks = pd.to_datetime(["2026-01-01 10:00", "9999-12-31 00:00"]).tz_localize("UTC")
    log = read_events(parquet(tmp_path / "e.parquet", clocks), bad_times="drop")
    assert log.source.dropped == {"time not readable": 1}
    assert len(as_rows(log)) == 1


def test_a_column_of_nothing_in_parquet_is_text(tmp_path):
    log = read_events(parquet(tmp_path / "e.parquet", [1767261600], plan=[None]))
    assert log.table["plan"].type().is_string()


def test_a_log_stays_readable_when_the_working_folder_changes(tmp_path, monkeypatch):
    parquet(tmp_path / "e.parquet", [1767261600])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    log = read_events("e.parquet")
    os.chdir(tmp_path / "elsewhere")  # monkeypatch.chdir returns to where it was
    assert log.event_names() == ["visit"]


def test_a_column_that_this_reader_needs_is_named(tmp_path):
    with pytest.raises(DataError, match="has a column 'filename'"):
        read_events(parquet(tmp_path / "e.parquet", [1767261600], Filename=["x"]))


# -------------------------------------------------------------------------------------------------------------- DuckDB


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """CREATE TABLE events AS SELECT 'ann' AS user_id, 'visit' AS event, TIMESTAMPTZ '2026-01-01 10:00+00' AS time;
            CREATE VIEW late AS SELECT 'bob' AS user_id, event, time FROM events;
            CREATE TABLE users AS SELECT 'ann' AS user_id;
            CREATE SCHEMA raw; CREATE TABLE raw."odd.name" AS FROM events"""
        )
    return path


def test_a_table_of_a_duckdb_file_is_chosen_by_name(database):
    assert as_rows(read_events(database, table="events")) == TWO[:1]
    assert as_rows(read_events(database, table="raw.odd.name")) == TWO[:1]
    assert as_rows(read_events(database, table="late")) == [("bob", *TWO[0][1:])]


def test_the_only_table_of_a_duckdb_file_needs_no_name(tmp_path):
    with duckdb.connect(str(tmp_path / "e.db")) as connection:
        connection.execute(
            "CREATE TABLE e AS SELECT 1 AS user_id, 'visit' AS event, TIMESTAMPTZ '2026-01-01 10:00+00' AS ts"
        )
    log = read_events(tmp_path / "e.db")
    assert (as_rows(log), log.source.name) == ([(1, "visit", TWO[0][2])], "e.db, table e")


def test_several_tables_are_listed_to_choose_from(database):
    with pytest.raises(
        DataError, match=r"holds 4 tables and views\. Say which with table=.*: 'events', 'late', 'users', "
    ):
        read_events(database)
    with pytest.raises(UnknownNameError, match=r"No table 'event' \(did you mean 'events'"):
        read_events(database, table="event")


def test_a_duckdb_file_is_scanned_read_only_and_let_go(database):
    log = read_events(database, table="events")
    assert log.table.get_name() in {name for (name,) in engine.fetch("SELECT view_name FROM duckdb_views()")}
    attached = "SELECT readonly FROM duckdb_databases() WHERE path = " + engine.literal(str(database))
    assert engine.fetch(attached) == [(True,)]
    del log
    import gc

    gc.collect()
    assert engine.fetch(attached) == []
    with duckdb.connect(str(database)) as connection:
        connection.execute("DROP TABLE users")


def test_a_failed_reading_lets_the_file_go_too(database):
    for options in ({}, {"table": "none"}, {"table": "users"}):
        with pytest.raises((DataError, UnknownNameError)):
            read_events(database, **options)
    assert engine.fetch(f"SELECT 1 FROM duckdb_databases() WHERE path = {engine.literal(str(database))}") == []


# -------------------------------------------------------------------------------------------------------------- frames


def test_a_frame_is_read_with_the_same_options_and_identical_rows_are_dropped():
    frame = pd.DataFrame({"user": ["ann"] * 2, "event": ["visit"] * 2, "time": ["2026-01-01T10:00Z"] * 2})
    assert read_events(frame).source.dropped == {"identical to an earlier row": 1}
    with pytest.raises(ParameterError, match=r"'delimiter' is no option for a pandas frame"):
        read_events(frame, delimiter=";")


# --------------------------------------------------------------------------------------------------- size, and order


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Five million events in no order of time: a user and a number that tells when."""
    path = tmp_path_factory.mktemp("large") / "large.parquet"
    rows = 5_000_000
    numbers = np.random.default_rng(7).permutation(rows)
    start = np.datetime64("2026-01-01", "us")
    table = pa.table(
        {
            "user_id": pa.array(numbers % 50_000),
            "event": pa.DictionaryArray.from_arrays(pa.array((numbers % 7).astype("int8")), list("abcdefg")),
            "timestamp": pa.array(start + numbers.astype("timedelta64[s]")).cast(pa.timestamp("us", tz="UTC")),
        }
    )
    pq.write_table(table, path, row_group_size=250_000)
    return path, numbers


@pytest.mark.slow
def test_five_million_events_are_read_and_counted_in_half_a_gigabyte(large):
    path, numbers = large
    before = engine.fetch("SELECT current_setting('memory_limit')")[0][0]
    engine.limit(memory="512MB")
    try:
        log = read_events(path)
        assert (log.source.rows_kept, log.source.users) == (len(numbers), 50_000)
        assert log.source.first == datetime(2026, 1, 1, tzinfo=UTC)
        assert log.source.last == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=len(numbers) - 1)
        assert engine.fetch("SELECT count(*) FROM duckdb_tables() WHERE estimated_size > 1000000") == [(0,)]
    finally:
        engine.limit(memory=before)


@pytest.mark.slow
def test_a_scan_by_several_threads_is_never_trusted_to_keep_an_order(large):
    path, numbers = large
    log = read_events(path, duplicates="keep").where(event=["a", "b", "c", "d", "e", "f"])
    first = log.table.group_by("user_id").aggregate(first=log.table["event"].argmin(log.table["time"]))
    found = engine.run(first.order_by("user_id"))["first"].to_numpy()
    wanted = np.sort(numbers[numbers % 7 != 6])
    users, at = np.unique(wanted % 50_000, return_index=True)
    assert users.tolist() == list(range(50_000))
    assert found.tolist() == np.array(list("abcdefg"))[wanted[at] % 7].tolist()


def test_an_unknown_option_offers_the_nearest(write):
    with pytest.raises(
        ParameterError, match=r"'delimitr' is no option for a text table \(did you mean 'delimiter'\?\)"
    ):
        read_events(write("e.csv", HEADER, *ROWS), delimitr=";")


def test_what_is_neither_file_nor_frame_is_refused():
    for data in (None, 5, ["e.csv"]):
        with pytest.raises(SourceError, match=r"Cannot read a \w+\. Give the path of a file"):
            read_events(data)


# Files that are pointed at, unread


INSTANTS = pd.to_datetime(["2026-01-01T10:00Z", "2026-01-01T10:00Z", "2026-01-01T10:05Z", None])


@pytest.fixture
def clean(tmp_path):
    path = tmp_path / "clean.parquet"
    who = ["ann", "ann", "007", "bob"]
    pd.DataFrame({"user_id": who, "event": "visit", "timestamp": INSTANTS, "plan": "pro"}).to_parquet(path)
    return path


def test_a_file_that_is_only_pointed_at_keeps_repeats_and_says_so(clean):
    log = read_events(clean, copy=False)
    assert (log.source.rows_read, log.source.rows_kept) == (4, 3)
    assert (log.source.name, log.source.form) == ("clean.parquet", "Parquet")
    assert "not checked: identical rows (kept)" in log.source.notes[0]
    assert read_events(clean).source.rows_kept == 2
    ann, other = (("ann", "visit", INSTANTS[0], "pro"), ("007", "visit", INSTANTS[2], "pro"))
    assert as_rows(log) == [(*row[:2], row[2].tz_localize(None), row[3]) for row in (ann, ann, other)]


def test_a_table_of_a_duckdb_file_can_be_pointed_at(tmp_path, clean):
    path = tmp_path / "clean.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE events AS SELECT * FROM '{clean}'")
    assert as_rows(read_events(path, copy=False)) == as_rows(read_events(clean, copy=False))


def test_pointing_at_a_file_reads_no_row(clean, monkeypatch):
    monkeypatch.setattr(engine, "run", None)
    assert read_events(clean, copy=False).event_names


def test_a_text_table_cannot_be_pointed_at(write):
    with pytest.raises(ParameterError, match=r"must be read first.*pm\.prepare"):
        read_events(write("e.csv", HEADER, *ROWS), copy=False)


def test_what_only_reading_can_do_is_refused(clean):
    with pytest.raises(ParameterError, match="duplicates= asks for work"):
        read_events(clean, copy=False, duplicates="keep")


def test_times_of_another_kind_must_be_read(tmp_path):
    path = tmp_path / "texts.parquet"
    pd.DataFrame({"user_id": ["a"], "event": "visit", "timestamp": ["2026-01-01"]}).to_parquet(path)
    with pytest.raises(DataError, match="not a timestamp"):
        read_events(path, copy=False)
