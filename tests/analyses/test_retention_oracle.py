"""Retention agrees with the definition followed unit by unit, on random units over a change of the clocks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pm_analytics as pm

UNITS_PER_EXAMPLE = 30
ZONE = ZoneInfo("Europe/Amsterdam")
# The clocks change on 29 March 2026, within every log below.
START = datetime(2026, 3, 20, 22, tzinfo=UTC)
HOURS = {"day": 14 * 24, "week": 50 * 24, "month": 200 * 24}
LENGTHS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
EDGES = [1, 3, 4]
MEASURES = ["on", "on_or_after", "on_or_before", "streak", "bracket"]


@dataclass(frozen=True)
class Asked:
    """One random question."""

    period: str
    measure: str
    cohorts: str
    mode: str
    min_events: int
    week_start: str
    start: str | None
    returning: str | None
    filtered: bool
    entries: tuple[datetime, datetime] | None
    until: datetime
    same_period: bool = False

    @property
    def columns(self):
        """List the period numbers shown."""
        return [0, *EDGES] if self.measure == "bracket" else [0, 1, 2, 3]

    def number(self, day):
        """Give the number of a local day's period; the next period has the next number."""
        if self.period == "month":
            return day.year * 12 + day.month
        weekday = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].index(self.week_start)
        return day.toordinal() if self.period == "day" else (day.toordinal() - 1 - weekday) // 7

    def at(self, moment):
        """Give the number of the period of an instant."""
        return self.number(moment.astimezone(ZONE).date())

    @cache  # noqa: B019 - questions are few and small
    def end(self, number):
        """Find the midnight with which a period ends, by walking the days."""
        day = START.date() - timedelta(days=70)
        while self.number(day) <= number:
            day += timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)

    def known(self, cohort, number):
        """Tell whether a cell is over for everybody in the cohort."""
        if self.mode == "calendar" or (number == 0 and not self.same_period):
            return self.end(cohort + number) <= self.until
        return self.end(cohort) + (number + 1) * LENGTHS[self.period] <= self.until


def entries_of(events, asked):
    """Give the entry of a unit into each cohort it is in."""
    starts = [(when, ok) for name, ok, when in events if asked.start in {None, name}]
    passing = sorted(when for when, ok in starts if ok or not asked.filtered)
    first_ever = min((when for when, _ in starts), default=None)
    span = asked.entries or (START - timedelta(days=1), asked.until)
    if asked.cohorts == "recurring":
        inside = [when for when in passing if span[0] <= when < span[1]]
        return {asked.at(when): when for when in reversed(inside)}
    first = passing[0] if passing else None
    if first is None or (asked.cohorts == "first_time" and first != first_ever) or not span[0] <= first < span[1]:
        return {}
    return {asked.at(first): first}


def active_in(events, cohort, entry, asked):
    """List the periods after an entry, over for the unit, in which it returned often enough."""
    returns = [when for name, _, when in events if asked.returning in {None, name}]
    if asked.mode == "calendar":
        found = Counter(asked.at(when) - cohort for when in returns)
        over = {number for number in found if asked.end(cohort + number) <= asked.until}
    else:
        length = LENGTHS[asked.period]
        found = Counter((when - entry) // length for when in returns if when >= entry)
        over = {number for number in found if entry + (number + 1) * length <= asked.until}
    return {number for number in over if found[number] >= asked.min_events and number >= 1}


def came_at_once(events, cohort, entry, asked):
    """Tell whether a unit returned after its entry in the same period; what starts a cohort must be later than it."""
    span = asked.entries if asked.entries and asked.cohorts == "recurring" else (START - timedelta(days=1), asked.until)
    for name, ok, when in events:
        starts = asked.start in {None, name} and (ok or not asked.filtered) and span[0] <= when < span[1]
        later = when > entry or (when == entry and not starts)
        inside = asked.at(when) == cohort if asked.mode == "calendar" else when - entry < LENGTHS[asked.period]
        if asked.returning in {None, name} and later and inside:
            return True
    return False


def counts_in(active, number, asked):
    """Tell whether a unit counts in a column."""
    if asked.measure == "bracket":
        earlier = asked.columns[asked.columns.index(number) - 1]
        return any(earlier < n <= number for n in active)
    return {
        "on": number in active,
        "on_or_after": any(n >= number for n in active),
        "on_or_before": any(n <= number for n in active),
        "streak": all(n in active for n in range(1, number + 1)),
    }[asked.measure]


def by_hand(units, asked):
    """Count every cell unit by unit: users by (cohort, number), and the size of each cohort."""
    cells, sizes = Counter(), Counter()
    for events in units:
        seen = [event for event in events if event[2] < asked.until]
        for cohort, entry in entries_of(seen, asked).items():
            sizes[cohort] += 1
            active = active_in(seen, cohort, entry, asked)
            at_once = asked.same_period and came_at_once(seen, cohort, entry, asked)
            for number in asked.columns:
                cells[cohort, number] += (
                    at_once
                    if number == 0 and asked.same_period
                    else (
                        number == 0 or counts_in(active, number, asked) or (at_once and asked.measure == "on_or_before")
                    )
                )
    return cells, sizes


def ask(units, asked):
    rows = [(f"u{n}", name, when, "yes" if ok else "no") for n, events in enumerate(units) for name, ok, when in events]
    rows += [("nobody", "x", START, "no"), ("nobody", "x", asked.until + timedelta(hours=1), "no")]
    frame = pd.DataFrame(rows, columns=["user", "event", "time", "ok"])
    log = pm.EventLog.from_frame(frame, timezone="Europe/Amsterdam").as_of(asked.until)
    return pm.retention(
        log,
        asked.start,
        asked.returning,
        period=asked.period,
        periods=3,
        measure=asked.measure,
        brackets=EDGES if asked.measure == "bracket" else None,
        cohorts=asked.cohorts,
        min_events=asked.min_events,
        week_start=asked.week_start,
        mode=asked.mode,
        start_where={"ok": "yes"} if asked.filtered else None,
        entries=asked.entries,
        same_period=asked.same_period,
    )


@st.composite
def questions(draw):
    period = draw(st.sampled_from(sorted(LENGTHS)))
    hours = st.integers(1, HOURS[period])
    start, length = draw(hours), draw(hours)
    span = (START + timedelta(hours=start), START + timedelta(hours=start + length))
    measure, min_events = draw(st.sampled_from(MEASURES)), draw(st.integers(1, 2))
    asked = Asked(
        period=period,
        measure=measure,
        cohorts=draw(st.sampled_from(["first_time", "recurring", "first_matching"])),
        mode=draw(st.sampled_from(["calendar", "rolling"])),
        min_events=min_events,
        week_start=draw(st.sampled_from(["monday", "sunday", "thursday"])),
        start=draw(st.sampled_from(["a", "b", None])),
        returning=draw(st.sampled_from(["a", "b", None])),
        filtered=draw(st.booleans()),
        entries=draw(st.sampled_from([None, span])),
        until=START + timedelta(hours=draw(st.integers(HOURS[period] // 2, HOURS[period]))),
        same_period=measure in {"on", "on_or_before"} and min_events == 1 and draw(st.booleans()),
    )
    # Hours on either side of local midnight are the likeliest, so that edges of days are common.
    hour = st.one_of(hours, st.integers(0, HOURS[period] // 24).map(lambda day: day * 24 + 1))
    event = st.tuples(st.sampled_from("ab"), st.booleans(), hour.map(lambda h: START + timedelta(hours=h)))
    units = draw(st.lists(st.lists(event, max_size=9), min_size=UNITS_PER_EXAMPLE, max_size=UNITS_PER_EXAMPLE))
    return asked, units


def check(asked, units):
    # "nobody" is in the log too: with start=None it enters like anybody else.
    everybody = [*units, [("x", False, START)]]
    cells, sizes = by_hand(everybody, asked)
    numbered = {}
    for row in ask(units, asked).to_frame().to_dict("records"):
        cohort, number = asked.number(row["cohort"]), row["period_number"]
        numbered[cohort] = row["cohort_users"]
        known = asked.known(cohort, number)
        assert row["complete"] == known
        assert (row["users"] == cells[cohort, number]) if known else pd.isna(row["users"])
        grows = number and asked.measure == "on_or_after" and known and not asked.known(cohort, number + 1)
        assert row["provisional"] == grows
    assert {cohort: size for cohort, size in numbered.items() if size} == dict(sizes)


@pytest.mark.filterwarnings("ignore:The event .* never occurs")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(questions())
def test_every_cell_counts_the_units_that_the_definition_puts_there(question):
    """30 random questions of 30 random units each: every measure, cohort, mode and period, with filters and entries."""
    check(*question)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The event .* never occurs")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(questions())
def test_many_more_cells_agree(question):
    """The large suite of the same property."""
    check(*question)


def test_the_oracle_itself_numbers_weeks_by_their_first_day():
    asked = Asked("week", "on", "recurring", "calendar", 1, "sunday", None, None, False, None, START)
    assert asked.number(date(2026, 3, 22)) == asked.number(date(2026, 3, 28)) == asked.number(date(2026, 3, 29)) - 1
