"""Retention in words: its cells, its definition line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm_analytics.analyses.retention.question import ROLLING_DAYS
from pm_analytics.asking import say_counted, say_events

if TYPE_CHECKING:
    from pm_analytics.analyses.retention.question import Question
    from pm_analytics.events import EventLog

ADVERBS = {"day": "daily", "week": "weekly", "month": "monthly"}


def say_when(number: int, question: Question) -> str:
    """Say when a column's units returned: 'in week 4', 'by week 4', 'in weeks 4 to 7'."""
    period = question.period
    if number == 0:
        return f"{_in(period)} the same {period}"
    there = f"{_in(period)} {period} {number}"
    if question.edges:
        return _say_bracket(number, question)
    return {
        "on_or_after": f"{there} or later",
        "on_or_before": f"by {period} {number}",
        "streak": there if number == 1 else f"{_in(period)} every {period} up to {period} {number}",
    }.get(question.measure, there)


def _in(period: str) -> str:
    return "on" if period == "day" else "in"


def _say_bracket(number: int, question: Question) -> str:
    place = question.columns.index(number)
    first = question.columns[place - 1] + 1 if place else 0
    period = question.period
    return f"{_in(period)} {period} {number}" if first == number else f"{_in(period)} {period}s {first} to {number}"


def say_entered(log: EventLog, question: Question) -> str:
    """Say what a cohort holds: each unit once, or once per cohort in which it started."""
    return f"entries of {say_counted(log)}" if question.recurring else say_counted(log)


def say_same(question: Question) -> bool:
    """Tell whether returning is doing the same again, or anything at all."""
    same = (question.start, question.start_where) == (question.returning, question.return_where)
    return same or question.returning is None


def definition(log: EventLog, question: Question, confidence: float) -> str:
    """Say in one line what was counted, and how."""
    parts = [
        f"Retention: {say_counted(log)} by {_say_cohort(question)}",
        _say_entries(log, question),
        _say_periods(question),
        _say_return(question),
        _say_period_0(question),
        "periods not over when the data ends are null",
        *(["the last diagonal is provisional: it has nothing after it yet"] * (question.measure == "on_or_after")),
        *([f"{question.value!r} summed over the returns of a period"] if question.value else []),
        _say_segments(question),
        f"curve pooled over complete cells; {confidence:.0%} Wilson intervals",
        *(["they take the entries of one unit for independent, so they are narrow"] * question.recurring),
        log.scope,
    ]
    return "; ".join(part for part in parts if part) + "."


def _say_period_0(question: Question) -> str:
    if question.same_period:
        return f"period 0 is who returned in the {question.period} of the entry, after it"
    return "period 0 is the size of the cohort"


def _say_segments(question: Question) -> str:
    if question.segments is None:
        return ""
    return f"split by {question.segments!r} at the entry, the largest {len(question.kept)} by name, the rest together"


def _say_cohort(question: Question) -> str:
    if question.recurring:
        start = say_events(question.start, question.start_where)
        return f"every {question.period} in which they did {start} (once per cohort)"
    start = say_events(question.start, question.start_where, anything="event of any kind")
    only = ", which must be the first ever" if question.start_where and question.cohorts == "first_time" else ""
    return f"the {question.period} of their first {start}{only}, looked up in the whole log"


def _say_entries(log: EventLog, question: Question) -> str:
    if question.entries is None:
        return ""
    start, end = question.entries
    return f"entries from {log.say(start)} to before {log.say(end)}"


def _say_periods(question: Question) -> str:
    weeks = f", calendar weeks begin on {question.week_start.title()}" if question.period == "week" else ""
    if question.rolling:
        return f"{question.period}s of {24 * ROLLING_DAYS[question.period]} hours since the entry of each{weeks}"
    return f"calendar {question.period}s{weeks.replace('calendar weeks', 'which')}"


def _say_return(question: Question) -> str:
    what = say_events(question.returning, question.return_where)
    often = f"at least {question.min_events} of {what}" if question.min_events > 1 else what
    how = {
        "on": "in that period",
        "on_or_after": "in that period or a later one that is over",
        "on_or_before": f"in any period from {question.from_number} to that one",
        "streak": "in every period from 1 to that one",
        "bracket": "in any period of the bracket",
    }[question.measure]
    within = " within one period" if question.min_events > 1 and question.measure != "on" else ""
    return f"returned = {often}{within} {how}"
