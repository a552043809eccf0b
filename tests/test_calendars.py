"""Periods are numbered alike in a query and in Python, in every zone and over every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pm_analytics import calendars, engine
from pm_analytics.errors import ParameterError

ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
MOMENTS = st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LATE = int(datetime(2035, 1, 2, tzinfo=UTC).timestamp() * 1_000_000)


def numbered(moments, period, zone, week_start="monday"):
    micros = [(m - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for m in moments]
    table = engine.store(pd.DataFrame({"row": range(len(micros)), "now": micros}), "moments")
    found = calendars.number(table["now"], period, zone, LATE, week_start=week_start)
    return engine.run(table.select("row", n=found).order_by("row"))["n"].tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(MOMENTS, min_size=20, max_size=20), st.sampled_from(ZONES), st.sampled_from(calendars.WEEKDAYS))
def test_a_query_and_python_number_days_weeks_and_months_alike(moments, zone, week_start):
    days = [m.astimezone(ZoneInfo(zone)).date() for m in moments]
    for period in ("day", "week", "month"):
        expected = [calendars.number_of(day, period, week_start=week_start) for day in days]
        assert numbered(moments, period, zone, week_start) == expected


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(calendars.WEEKDAYS))
def test_a_period_begins_on_its_first_day_and_the_next_one_where_it_ends(day, week_start):
    for period in ("day", "week", "month"):
        found = calendars.number_of(day, period, week_start=week_start)
        first = calendars.start(found, period, week_start=week_start)
        after = calendars.start(found + 1, period, week_start=week_start)
        assert first <= day < after
        if period == "week":
            assert calendars.WEEKDAYS[first.weekday()] == week_start
            assert (after - first).days == 7


def test_a_day_with_a_change_of_the_clocks_is_one_period_of_23_hours():
    first = calendars.number_of(date(2026, 3, 29), "day")
    begins, ends = (calendars.start_instant(n, "day", "Europe/Amsterdam") for n in (first, first + 1))
    assert (ends - begins) / 3_600_000_000 == 23


def test_a_period_is_over_only_when_its_last_moment_is_known():
    march = calendars.number_of(date(2026, 3, 1), "month")
    april_first = calendars.start_instant(march + 1, "month", "Europe/Amsterdam")
    assert calendars.is_over(march, "month", "Europe/Amsterdam", april_first)
    assert not calendars.is_over(march, "month", "Europe/Amsterdam", april_first - 1)


@pytest.mark.parametrize(("period", "week_start", "said"), [("wek", "monday", "'week'"), ("week", "mon", "'monday'")])
def test_a_word_that_is_no_period_is_refused_with_the_nearest(period, week_start, said):
    with pytest.raises(ParameterError, match=said):
        calendars.check_period(period, week_start)
