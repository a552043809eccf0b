"""From a raw table to a clean one: which rows are events, when they happened, and what is said about the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pm_analytics import EventLog, engine
from pm_analytics.errors import DataError, ParameterError, UnknownNameError

NEW_YEAR = "2026-01-01T10:00Z"


def frame_of(times, **columns):
    rows = len(times)
    return pd.DataFrame(
        {"user": [f"u{row}" for row in range(rows)], "event": ["visit"] * rows, "time": times, **columns}
    )


def instants(log):
    """The instants of a log, in order of user, as aware datetimes."""
    table = log.table.select("user_id", now=engine.epoch_microseconds(log.table["time"]))
    rows = engine.run(table).sort_values("user_id")["now"]
    return [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(now)) for now in rows]


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------- times, as text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-05T10:00:00Z", utc(2026, 1, 5, 10)),
        ("2026-01-05t10:00:00z", utc(2026, 1, 5, 10)),
        ("2026-01-05 10:00:00 UTC", utc(2026, 1, 5, 10)),
        ("2026-01-05 10:00:00.123 UTC", utc(2026, 1, 5, 10, 0, 0, 123_000)),
        ("2026-01-05T10:00:00+02:00", utc(2026, 1, 5, 8)),
        ("2026-01-05T10:00:00+0200", utc(2026, 1, 5, 8)),
        ("2026-01-05 10:00:00 +0200", utc(2026, 1, 5, 8)),
        ("2026-01-05 10:00:00 -03:30", utc(2026, 1, 5, 13, 30)),
        ("2026-01-05 10:00+05", utc(2026, 1, 5, 5)),
        ("2026-1-5 9:05Z", utc(2026, 1, 5, 9, 5)),
        ("2026/01/05 10:00Z", utc(2026, 1, 5, 10)),
        ("2026-01-05 10:00:00,250Z", utc(2026, 1, 5, 10, 0, 0, 250_000)),
        ("  2026-01-05T10:00:00.123456Z ", utc(2026, 1, 5, 10, 0, 0, 123_456)),
        ("2026-01-05T10:00:00.123456789Z", utc(2026, 1, 5, 10, 0, 0, 123_456)),
    ],
)
def test_text_with_an_offset_is_an_instant(text, instant):
    log = EventLog.from_frame(frame_of([text]))
    assert instants(log) == [instant]
    assert log.source.noticed == {}


@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "now", "epoch", "infinity", "05/01/2026", "2026-02-30", "2026-01-05 10:60", "2026-W02", "2026-01",
        "2026-01-05 10:00 AM", "2026-01-05 10:00:00 EST", "2026-01-05 10:00:00 America/New_York", "2026-01-05 (BC)",
        "9999-12-31", "0001-01-01 00:00:00Z", "2026-01-05Z",
    ],
)  # fmt: skip
def test_text_that_is_no_plain_moment_is_counted_and_shown_not_guessed(text):
    with pytest.raises(DataError) as raised:
        EventLog.from_frame(frame_of([NEW_YEAR, text]), timezone="Europe/Amsterdam")
    assert (
        f"1 of 2 times in column 'time' of a pandas frame cannot be read as a date and time (row 1: {text!r})"
        in str(raised.value)
    )
    kept = EventLog.from_frame(frame_of([NEW_YEAR, text]), timezone="Europe/Amsterdam", bad_times="drop")
    assert kept.source.dropped == {"time not readable": 1}


def test_times_with_and_without_offsets_may_stand_in_one_column():
    texts = ["2026-07-01 10:00", "2026-07-01T10:00Z", "2026-01-01 10:00", "2026-07-01T10:00:00+05:30", "2026-07-01"]
    log = EventLog.from_frame(frame_of(texts), timezone="Europe/Amsterdam")
    assert instants(log) == [
        utc(2026, 7, 1, 8), utc(2026, 7, 1, 10), utc(2026, 1, 1, 9), utc(2026, 7, 1, 4, 30), utc(2026, 6, 30, 22),
    ]  # fmt: skip
    assert log.source.noticed == {"time without an offset": 3}
    assert "times without an offset were read as Europe/Amsterdam" in log.source.notes


@pytest.mark.parametrize(
    "times",
    [
        ["2026-01-01 10:00"],
        ["2026-01-01"],
        [date(2026, 1, 1)],
        pd.to_datetime(["2026-01-01 10:00"]),
        [NEW_YEAR, "2026-01-01 10:00"],
    ],
)
def test_a_time_without_a_zone_is_an_error_that_says_what_to_write(times):
    with pytest.raises(DataError, match=r"carry no UTC offset \(for example '2026-01-01.*timezone='Europe/Amsterdam'"):
        EventLog.from_frame(frame_of(times))


def test_the_zone_of_the_times_may_differ_from_that_of_the_calendar():
    log = EventLog.from_frame(
        frame_of(["2026-07-01 10:00"]), timezone="Europe/Amsterdam", source_timezone="America/New_York"
    )
    assert instants(log) == [utc(2026, 7, 1, 14)]
    assert log.source.timezone == "Europe/Amsterdam"
    assert log.source.first.isoformat() == "2026-07-01T16:00:00+02:00"


ODD_ZONES = st.sampled_from(
    [
        "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca",
        "Pacific/Apia",
    ]
)  # fmt: skip
CLOCKS = st.lists(st.datetimes(datetime(2005, 1, 1), datetime(2037, 1, 1)), min_size=1, max_size=15)  # noqa: DTZ001


@settings(max_examples=20, deadline=None)
@given(CLOCKS, ODD_ZONES, st.booleans())
def test_naive_times_are_read_as_the_standard_library_reads_them(clocks, name, as_text):
    clocks = [clocks[0], *clocks]  # never dates only
    times = [clock.isoformat(sep=" ") for clock in clocks] if as_text else pd.to_datetime(clocks)
    users = [f"u{row:03d}" for row in range(len(clocks))]
    log = EventLog.from_frame(pd.DataFrame({"user": users, "event": "visit", "time": times}), timezone=name)
    assert instants(log) == [clock.replace(tzinfo=ZoneInfo(name)).astimezone(UTC) for clock in clocks]


@pytest.mark.parametrize(
    ("clock", "instant"),
    [
        ("2026-03-29 01:59:59", utc(2026, 3, 29, 0, 59, 59)),
        ("2026-03-29 02:30", utc(2026, 3, 29, 1, 30)),  # the hour that is skipped: as if the clock had not moved
        ("2026-03-29 03:00", utc(2026, 3, 29, 1)),
        ("2026-10-25 01:59:59", utc(2026, 10, 24, 23, 59, 59)),
        ("2026-10-25 02:30", utc(2026, 10, 25, 0, 30)),  # the hour that comes twice: the first time
        ("2026-10-25 03:00", utc(2026, 10, 25, 2)),
    ],
)
def test_both_changes_of_the_clock_in_amsterdam(clock, instant):
    assert instants(EventLog.from_frame(frame_of([clock]), timezone="Europe/Amsterdam")) == [instant]
    assert datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo("Europe/Amsterdam")).astimezone(UTC) == instant


# ------------------------------------------------------------------------------------------------- times, as numbers


@pytest.mark.parametrize(
    ("number", "microsecond", "unit"),
    [
        (1767261600, 0, "seconds"),
        (1767261600.123456, 123_456, "seconds"),
        (1767261600123, 123_000, "milliseconds"),
        (1767261600123456, 123_456, "microseconds"),
        (1767261600123456789, 123_456, "nanoseconds"),
        ("1767261600", 0, "seconds"),
        ("1.7672616e9", 0, "seconds"),
        ("1.767261600123E+12", 123_000, "milliseconds"),
        (Decimal("1767261600.5"), 500_000, "seconds"),
    ],
)
def test_numbers_are_counted_from_1970_in_the_unit_their_size_tells(number, microsecond, unit):
    log = EventLog.from_frame(frame_of([number]))
    assert instants(log) == [utc(2026, 1, 1, 10, 0, 0, microsecond)]
    assert log.source.notes == (f"times are numbers, read as {unit} since 1970 in UTC",)


@given(st.datetimes(datetime(2001, 9, 10), datetime(2100, 1, 1)))  # noqa: DTZ001
@settings(max_examples=15, deadline=None)
def test_whole_nanoseconds_keep_every_microsecond(moment):
    microseconds = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001
    log = EventLog.from_frame(frame_of([microseconds * 1000 + 999]))
    assert instants(log) == [moment.replace(tzinfo=UTC)]


@pytest.mark.parametrize("odd", [0, -1, 1767261600000])
def test_a_number_of_another_size_than_the_rest_is_not_silently_a_day_in_1970(odd):
    with pytest.raises(
        DataError, match=rf"1 of 3 times .* \(times are numbers, read as seconds.*\) \(row 1: '{odd}'\)"
    ):
        EventLog.from_frame(frame_of([1767261600, odd, 1767261601]))


def test_small_numbers_are_refused_with_both_ways_out():
    with pytest.raises(DataError, match=r"numbers such as 20260102, .*time_unit='s'.*time_format='%Y%m%d'"):
        EventLog.from_frame(frame_of([20260101, 20260102]))


@pytest.mark.parametrize("digits", [20260102, "20260102"])
def test_dates_written_as_digits_are_read_by_their_pattern(digits):
    log = EventLog.from_frame(frame_of([digits]), time_format="%Y%m%d", timezone="UTC")
    assert instants(log) == [utc(2026, 1, 2)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_unit_that_is_said_is_taken_at_its_word(unit):
    number = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit] * 86_401
    assert instants(EventLog.from_frame(frame_of([number]), time_unit=unit)) == [utc(1970, 1, 2, 0, 0, 1)]


@pytest.mark.parametrize("times", [[True], pd.to_timedelta(["1s"])])
def test_a_column_that_holds_no_moments_is_refused_by_its_kind(times):
    with pytest.raises(DataError, match=r"Column 'time' is \w+, which holds no moments"):
        EventLog.from_frame(frame_of(times))


# --------------------------------------------------------------------------------------------- times, by a pattern


def test_a_pattern_is_used_where_times_are_not_iso():
    log = EventLog.from_frame(frame_of(["31/12/2025 23:30"]), time_format="%d/%m/%Y %H:%M", timezone="Europe/Amsterdam")
    assert instants(log) == [utc(2025, 12, 31, 22, 30)]


def test_a_pattern_with_an_offset_gives_instants_that_are_not_shifted_again():
    log = EventLog.from_frame(
        frame_of(["31/12/2025 23:30 +0500"]), time_format="%d/%m/%Y %H:%M %z", timezone="Europe/Amsterdam"
    )
    assert instants(log) == [utc(2025, 12, 31, 18, 30)]


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(ParameterError, match=r"time_format='%Q' is no pattern"):
        EventLog.from_frame(frame_of(["x"]), time_format="%Q", timezone="UTC")


# ------------------------------------------------------------------------------------------- times, as pandas has them


@pytest.mark.parametrize(
    "times",
    [
        pd.to_datetime(["2026-01-01 10:00:00.123456789"]),
        pd.to_datetime(["2026-01-01 10:00:00.123456"]).tz_localize("UTC"),
        pd.to_datetime(["2026-01-01 11:00:00.123456789"]).tz_localize("Europe/Amsterdam"),
        pd.Series([datetime(2026, 1, 1, 10, 0, 0, 123456)], dtype=object),  # noqa: DTZ001
        pd.Series([datetime(2026, 1, 1, 12, 0, 0, 123456, timezone(timedelta(hours=2)))], dtype=object),
    ],
)
def test_every_kind_of_pandas_time_keeps_its_microseconds(times):
    assert instants(EventLog.from_frame(frame_of(times), timezone="UTC")) == [utc(2026, 1, 1, 10, 0, 0, 123_456)]


# ------------------------------------------------------------------------------------------------------- dates only


@pytest.mark.parametrize("text", ["2026-01-02", "2026-01-02 00:00:00", "2026-01-02T00:00:00Z"])
def test_where_no_time_of_day_was_recorded_identical_rows_are_kept_and_that_is_said(text):
    frame = pd.DataFrame({"user": ["ann"] * 2, "event": ["pay"] * 2, "time": [text] * 2})
    source = EventLog.from_frame(frame, timezone="UTC", duplicates="drop").source
    assert (source.rows_kept, source.dropped) == (2, {})
    assert source.noticed["identical to an earlier row, kept"] == 1
    assert "no time of day was recorded, so identical rows may be real repeats and were kept" in source.notes
    assert "times are dates only: order within a day is unknown, and a whole day counts as one moment" in source.notes


# ------------------------------------------------------------------------------------------------------------- rows


def dirty():
    return pd.DataFrame(
        {
            "user": ["ann", "", "  ", None, "bob", "bob", "bob", "ann", "ann", "cat", "007"],
            "event": ["visit", "visit", None, "visit", "", None, "pay", "visit", "visit", "visit", "visit"],
            "time": [NEW_YEAR, NEW_YEAR, None, "x", NEW_YEAR, "x", None, NEW_YEAR, "  ", "x", NEW_YEAR],
        }
    )


def test_every_row_is_counted_once_under_its_first_fault():
    source = EventLog.from_frame(dirty(), duplicates="drop", bad_times="drop").source
    assert (source.rows_read, source.rows_kept, source.users) == (11, 2, 2)
    assert source.dropped == {
        "no user (empty or missing)": 3,
        "no event name": 2,
        "no time": 2,
        "time not readable": 1,
        "identical to an earlier row": 1,
    }
    assert source.noticed == {}


def test_identical_rows_of_a_frame_are_kept_and_counted():
    source = EventLog.from_frame(dirty(), bad_times="drop").source
    assert source.rows_kept == 3
    assert source.noticed == {"identical to an earlier row, kept": 1, "same user and time as another event": 2}


def test_rows_that_differ_in_one_property_are_not_identical():
    frame = frame_of([NEW_YEAR] * 3, user=["ann"] * 3, plan=["free", "free", None])
    source = EventLog.from_frame(frame, duplicates="drop").source
    assert source.dropped == {"identical to an earlier row": 1}
    assert source.noticed == {"same user and time as another event": 2}


def test_nulls_are_alike_when_rows_are_compared():
    frame = frame_of([NEW_YEAR] * 2, user=["ann"] * 2, plan=[None, None], price=[np.nan, np.nan])
    assert EventLog.from_frame(frame, duplicates="drop").source.rows_kept == 1


def test_ties_are_counted_by_instant_not_by_spelling():
    frame = frame_of([NEW_YEAR, "2026-01-01T11:00+01:00", "2026-01-01T10:01Z"], user=["ann"] * 3)
    assert EventLog.from_frame(frame).source.noticed == {"same user and time as another event": 2}


CELLS = {
    "user": st.sampled_from(["ann", "bob", "", " ", None, "null"]),
    "event": st.sampled_from(["visit", "pay", "", None]),
    "time": st.sampled_from([NEW_YEAR, "2026-01-01 11:00", "2026-01-02", "never", "", None]),
    "plan": st.sampled_from(["free", None]),
}


@settings(max_examples=35, deadline=None)
@given(st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=12), st.sampled_from(["drop", "keep"]))
def test_what_was_read_is_what_was_kept_and_what_was_left_out(rows, duplicates):
    frame = pd.DataFrame(rows, columns=list(CELLS))
    good = [
        row for row in rows if (row["user"] or "").strip() and row["event"] and row["time"] not in {None, "", "never"}
    ]
    options = {"timezone": "Europe/Amsterdam", "duplicates": duplicates, "bad_times": "drop"}
    if not good:
        with pytest.raises(DataError, match="No event is left"):
            EventLog.from_frame(frame, **options)
        return
    log = EventLog.from_frame(frame, **options)
    source = log.source
    assert source.rows_read - source.rows_kept == sum(source.dropped.values())
    dates_only = all(row["time"] == "2026-01-02" for row in rows if row["time"] not in {None, "", "never"})
    distinct = len({tuple(row[name] for name in CELLS) for row in good})
    assert source.rows_kept == (distinct if duplicates == "drop" and not dates_only else len(good))
    assert source.users == len({row["user"] for row in good})
    assert int(log.event_counts()["events"].sum()) == source.rows_kept
    assert source.noticed.get("user called 'null', 'nan' or the like", 0) == sum(row["user"] == "null" for row in good)


def test_nothing_left_is_an_error_with_the_account():
    with pytest.raises(DataError, match=r"(?s)No event is left.*Left out: no user \(empty or missing\) 1"):
        EventLog.from_frame(frame_of([NEW_YEAR], user=[None]))


# ------------------------------------------------------------------------------------------------------------ users


def users(frame, **options):
    return sorted(engine.run(EventLog.from_frame(frame, **options).table.select("user_id"))["user_id"])


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        (["007", "7"], ["007", "7"]),
        ([39.0, np.nan], [39]),
        ([39, 40], [39, 40]),
        ([39.5, 40.0], ["39.5", "40.0"]),
        (["39.0", None], ["39"]),
        (["39.0", "x"], ["39.0", "x"]),
        ([2**53 + 1, 2**53 + 3], [2**53 + 1, 2**53 + 3]),
        ([UUID(int=1), None], ["00000000-0000-0000-0000-000000000001"]),
        (pd.Categorical(["ann", "bob"]), ["ann", "bob"]),
        (pd.array(["ann", None], dtype="string"), ["ann"]),
        (pd.array([1, None], dtype="Int64"), [1]),
        ([Decimal(7), Decimal(8)], ["7", "8"]),
        (["Zoë", "日本"], ["Zoë", "日本"]),
    ],
)
def test_ids_are_what_they_were_before_a_gap_or_a_type_touched_them(ids, read):
    assert users(frame_of([NEW_YEAR] * 2, user=ids)) == read


def test_words_for_nobody_are_kept_and_noticed():
    frame = frame_of([NEW_YEAR] * 5, user=["null", "NaN", " None ", "Nandi", "undefined"])
    source = EventLog.from_frame(frame).source
    assert source.noticed == {"user called 'null', 'nan' or the like": 4}


def test_objects_and_lists_are_no_users():
    with pytest.raises(DataError, match=r"Column 'user' holds objects or lists \(STRUCT"):
        EventLog.from_frame(frame_of([NEW_YEAR], user=[{"id": 1}]))


# ---------------------------------------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    "names",
    [
        ("user_id", "event", "timestamp"),
        ("distinct_id", "$event", "time"),
        ("USER_ID", "Event_Name", "Event_Time"),
        ("user_pseudo_id", "event_name", "event_timestamp"),
    ],
)
def test_usual_names_are_guessed(names):
    frame = frame_of([NEW_YEAR]).set_axis(list(names), axis=1)
    assert dict(EventLog.from_frame(frame).source.columns) == dict(zip(("user", "event", "time"), names, strict=True))


def test_what_cannot_be_guessed_is_asked_for():
    frame = frame_of([NEW_YEAR]).rename(columns={"user": "wer", "time": "wann"})
    with pytest.raises(DataError, match=r"holds the user and the time\. Say it with user='\.\.\.', time='\.\.\.'"):
        EventLog.from_frame(frame)


def test_one_column_cannot_play_two_roles():
    with pytest.raises(ParameterError, match=r"must be three columns, but user='event', event='event'"):
        EventLog.from_frame(frame_of([NEW_YEAR]), user="event")


def test_a_source_column_with_a_name_of_ours_is_kept_under_another():
    frame = pd.DataFrame(
        {
            "case_id": ["c1"], "user_id": ["ann"], "user_id_": ["x"], "USER_ID__": ["y"],
            "event": ["visit"], "at": [NEW_YEAR], "Time": ["noon"],
        }
    )  # fmt: skip
    log = EventLog.from_frame(frame, user="case_id", time="at")
    row = engine.run(log.table).iloc[0].to_dict()
    assert row["user_id"] == "c1"
    assert (row["user_id___"], row["user_id_"], row["USER_ID__"], row["Time_"]) == ("ann", "x", "y", "noon")
    assert "columns with a name of ours were renamed: user_id -> user_id___, Time -> Time_" in log.source.notes


@pytest.mark.parametrize("name", ["rowid", "pair", "copy", "row", "value", "bad", 'a"b', "o'clock", "select", "ünï"])
def test_a_property_may_have_any_name(name):
    frame = frame_of([NEW_YEAR] * 2, user=["ann", "ann"], **{name: ["x", "x"]})
    log = EventLog.from_frame(frame, duplicates="drop")
    assert log.properties == [name]
    assert log.where({name: "x"}).source.rows_kept == 1


# ----------------------------------------------------------------------------------------------------------- frames


def test_a_named_index_is_a_column_like_any_other():
    frame = frame_of([NEW_YEAR]).set_index(["user", "time"])
    assert EventLog.from_frame(frame).source.users == 1


def test_an_index_without_a_name_is_left_out():
    assert EventLog.from_frame(frame_of([NEW_YEAR]).set_index(pd.Index([7]))).properties == []


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame(), "has no rows"),
        (frame_of([]), "has no rows"),
        (frame_of([NEW_YEAR]).set_axis(["user", "event", "event"], axis=1), r"same name .*\['event', 'event'\]"),
        (frame_of([NEW_YEAR], Event=["x"]), r"same name .*\['Event', 'event'\]"),
        (frame_of([NEW_YEAR], **{"": ["x"]}), "without a name"),
        (frame_of([NEW_YEAR]).T.set_index([[0, 1, 2], [0, 1, 2]]).T, "several levels"),
        (
            frame_of([NEW_YEAR] * 2, user=[1, "x"]),
            r"column 'user' holds values of kind 'mixed-integer'.*astype\('string'\)",
        ),
        (frame_of([NEW_YEAR], price=[1j]), r"column 'price' holds values of kind 'complex'"),
    ],
)
def test_a_frame_that_is_no_table_is_refused_by_name_of_the_column(frame, words):
    with pytest.raises(DataError, match=words):
        EventLog.from_frame(frame)


def test_columns_without_any_value_become_text():
    log = EventLog.from_frame(frame_of([NEW_YEAR] * 2, plan=[None, None], none=[pd.NA, None]))
    assert log.table["plan"].type().is_string()
    assert log.where(plan=None).event_counts()["events"].tolist() == [2]


@pytest.mark.parametrize("values", [np.array([1.5, 60_000], dtype="float16"), pd.array([1.5, None], dtype="Float64")])
def test_floats_of_every_width_are_numbers(values):
    assert EventLog.from_frame(frame_of([NEW_YEAR] * 2, p=values)).table["p"].type().is_floating()


# ------------------------------------------------------------------------------------------------------------ words


def test_a_word_that_is_no_choice_is_refused_before_any_work():
    with pytest.raises(ParameterError, match=r"duplicates='remove' is not a choice; write one of 'drop', 'keep'\."):
        EventLog.from_frame(frame_of([NEW_YEAR]), duplicates="remove")


def test_a_wrong_zone_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'Europe/Amsterdam'"):
        EventLog.from_frame(frame_of(["2026-01-01"]), timezone="Europe/Amsterdm")


def test_the_account_reads_well_as_text_and_html():
    source = EventLog.from_frame(frame_of([NEW_YEAR, None], event=["<b>", "x"])).source
    assert str(source) == (
        "Read:     a pandas frame (pandas), 2 rows\n"
        "Kept:     1 events of 1 users\n"
        "Left out: no time 1\n"
        "Dates:    2026-01-01 10:00 to 2026-01-01 10:00\n"
        "Zone:     UTC (not declared; say timezone='...')\n"
        "Columns:  user = 'user', event = 'event', time = 'time'\n"
        "Events:   <b> 1"
    )
    assert "&lt;b&gt; 1" in source._repr_html_()
