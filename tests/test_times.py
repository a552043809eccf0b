"""Durations, instants and zones: held against the standard library, instant by instant."""

from __future__ import annotations

import bisect
import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.times import (
    DAY,
    EARLIEST,
    HOUR,
    LATEST,
    SECOND,
    day_begun_at,
    from_microseconds,
    microseconds,
    offsets,
    parse_duration,
    say_duration,
    to_microseconds,
    zone,
)

ODD_ZONES = (
    "Europe/Amsterdam",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Africa/Casablanca",  # summer time interrupted by Ramadan
    "Pacific/Apia",  # 30 December 2011 did not happen
    "UTC",
)
SINCE_1990 = st.datetimes(datetime(1990, 1, 2), datetime(2037, 12, 30))  # noqa: DTZ001 - hypothesis adds the zone itself


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("14 days", timedelta(days=14)),
        ("36 hours", timedelta(hours=36)),
        ("1 week", timedelta(days=7)),
        ("1 day 12 hours", timedelta(hours=36)),
        ("1 day, 12 hours and 30 min", timedelta(hours=36.5)),
        ("1.5 Days", timedelta(hours=36)),
        ("90s", timedelta(seconds=90)),
        (" 2 h", timedelta(hours=2)),
        (timedelta(minutes=3), timedelta(minutes=3)),
    ],
)
def test_durations_are_read_as_people_write_them(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "14", "days", "1 month", "2 years", "a week", "1 day x", "x 1 day", "5 m", "-1 day"]
)
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ParameterError, match=r"within=.*14 days"):
        parse_duration(text, name="within")


@pytest.mark.parametrize("text", ["0 days", timedelta(0), timedelta(days=-1)])
def test_a_duration_is_longer_than_zero(text):
    with pytest.raises(ParameterError, match="must be longer than zero"):
        parse_duration(text)


def test_a_duration_beyond_all_bounds_is_an_error_of_ours():
    with pytest.raises(ParameterError, match="longer than any log"):
        parse_duration("99999999999999 days")


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (None, "any time"),
        (timedelta(days=14), "14 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=1.5), "1.5 seconds"),
    ],
)
def test_durations_are_said_in_their_largest_whole_unit(length, words):
    assert say_duration(length) == words


@given(
    st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=3_000)).map(lambda t: timedelta(t.days + 1))
)
def test_a_duration_that_is_said_can_be_read_again(length):
    assert parse_duration(say_duration(length).replace(",", "")) == length


def test_a_wrong_zone_name_offers_near_ones():
    with pytest.raises(UnknownNameError, match="'Europe/Amsterdam'"):
        zone("Europe/Amsterdm")


@pytest.mark.parametrize("name", ["", "Europe", "../etc/passwd", None, 5])
def test_whatever_is_no_zone_is_refused_alike(name):
    with pytest.raises(UnknownNameError, match="No time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("moment", "timezone", "expected"),
    [
        ("2026-03-01", "UTC", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01", "Europe/Amsterdam", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026-07-01 09:30", "Europe/Amsterdam", datetime(2026, 7, 1, 7, 30, tzinfo=UTC)),
        ("2026-07-01T09:30:00.000001Z", "Europe/Amsterdam", datetime(2026, 7, 1, 9, 30, 0, 1, tzinfo=UTC)),
        (date(2026, 3, 1), "America/New_York", datetime(2026, 3, 1, 5, tzinfo=UTC)),
        (datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("Asia/Kolkata")), "UTC", datetime(2026, 3, 1, 6, 30, tzinfo=UTC)),
        (pd.Timestamp("2026-03-01 12:00"), "UTC", datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ],
)
def test_dates_and_times_become_instants_in_the_zone_of_the_log(moment, timezone, expected):
    assert from_microseconds(to_microseconds(moment, timezone)) == expected


@pytest.mark.parametrize("moment", ["yesterday", "2026-02-30", "", None, 1767261600, pd.NaT])
def test_what_is_no_moment_is_refused_with_an_example(moment):
    with pytest.raises(ParameterError, match=r"start=.*2026-03-01 09:30"):
        to_microseconds(moment, "UTC", name="start")


@pytest.mark.parametrize("name", ODD_ZONES)
@given(moment=SINCE_1990)
def test_the_offset_table_of_a_zone_is_the_one_of_the_standard_library(name, moment):
    instant = to_microseconds(moment, "UTC")
    table = offsets(name, instant - 400 * DAY, instant + 400 * DAY)
    found = table.offsets[bisect.bisect_right(table.starts, instant) - 1]
    assert timedelta(microseconds=found) == moment.replace(tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset()


@pytest.mark.parametrize("name", ODD_ZONES)
@given(moment=SINCE_1990)
def test_naive_times_are_read_as_the_standard_library_reads_them(name, moment):
    clock = to_microseconds(moment, "UTC")
    table = offsets(name, clock - 400 * DAY, clock + 400 * DAY)
    shift = table.offsets[bisect.bisect_right(table.local_starts(), clock, lo=1) - 1]
    # In UTC: Python calls a time that a zone skips, or has twice, unequal to every other.
    assert from_microseconds(clock - shift) == moment.replace(tzinfo=ZoneInfo(name)).astimezone(UTC)


def test_the_changes_of_a_zone_are_found_to_the_second():
    first, last = to_microseconds("2026-01-01", "UTC"), to_microseconds("2027-01-01", "UTC")
    table = offsets("Europe/Amsterdam", first, last)
    assert [from_microseconds(start).isoformat() for start in table.starts[1:]] == [
        "2026-03-29T01:00:00+00:00",
        "2026-10-25T01:00:00+00:00",
    ]
    assert table.offsets == (HOUR, 2 * HOUR, HOUR)


def test_a_span_of_centuries_means_misread_times():
    with pytest.raises(DataError, match="more than 400 years"):
        offsets("UTC", 0, 500 * 366 * DAY)


def test_the_range_of_believable_times_is_what_it_says():
    assert from_microseconds(EARLIEST) == datetime(1900, 1, 1, tzinfo=UTC)
    assert from_microseconds(LATEST) == datetime(2200, 1, 1, tzinfo=UTC)


@given(SINCE_1990, st.sampled_from(ODD_ZONES))
def test_an_instant_survives_the_way_through_a_zone(moment, name):
    instant = to_microseconds(moment, "UTC")
    assert to_microseconds(from_microseconds(instant, name), "UTC") == instant


def test_microseconds_are_whole():
    assert microseconds(timedelta(seconds=1)) == SECOND
    assert pickle.loads(pickle.dumps(offsets("UTC", 0, 1))).offsets == (0,)  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-03-29", "Europe/Amsterdam", "2026-03-29"),
        ("2026-03-30", "Europe/Amsterdam", "2026-03-30"),
        ("2026-03-29 00:00:01", "Europe/Amsterdam", None),
        ("2026-03-28 23:59:59.999999", "Europe/Amsterdam", None),
        ("2026-04-24 01:00", "Africa/Cairo", "2026-04-24"),  # midnight was skipped
        ("2026-03-29", "Asia/Kathmandu", "2026-03-29"),
    ],
)
def test_a_day_begins_at_its_first_instant(moment, zone, day):
    expected = None if day is None else (date.fromisoformat(day) - date(1970, 1, 1)).days
    assert day_begun_at(to_microseconds(moment, zone), zone) == expected


@pytest.mark.parametrize(
    ("zone", "year", "never"),
    [
        ("America/St_Johns", 2008, False),
        ("America/St_Johns", 2014, True),
        ("Europe/Amsterdam", 2008, True),
        ("UTC", 2008, True),
    ],
)
def test_a_zone_whose_clocks_led_back_into_the_day_before_is_told(zone, year, never):
    span = [to_microseconds(f"{at}-01-01", "UTC") for at in (year, year + 1)]
    assert offsets(zone, *span).dates_never_return() is never
