"""The funnel agrees with a brute-force search for chains of events, on thousands of random logs."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pm_analytics as pm
from pm_analytics import engine
from pm_analytics.analyses.funnel.counts import Attempts
from pm_analytics.analyses.funnel.question import Question
from pm_analytics.analyses.funnel.steps import as_steps

MINUTE = 60_000_000
START = int(pd.Timestamp("2026-01-01", tz="UTC").timestamp() * 1_000_000)
LOGS_PER_EXAMPLE = 40

# Few names and few instants, so that ties, repeats and exact window edges are common.
EVENTS = st.lists(st.tuples(st.sampled_from("abcx"), st.integers(0, 6)), max_size=9)
STEPS = st.lists(st.sampled_from("abc"), min_size=2, max_size=5)
WINDOWS = st.one_of(st.none(), st.integers(1, 6))
ENTRIES = st.one_of(st.none(), st.tuples(st.integers(0, 4), st.integers(1, 4)).map(lambda p: (p[0], p[0] + p[1])))


def furthest(events, steps, window, entries):
    """Search every chain of different events: equal times count as in order, the window's end as inside."""

    def longest(step, used, now, entry):
        best = step
        if step == len(steps):
            return best
        for i, (name, minute) in enumerate(events):
            if i in used or name != steps[step] or minute < now:
                continue
            if window is not None and minute - entry > window:
                continue
            best = max(best, longest(step + 1, used | {i}, minute, entry))
        return best

    starts = [
        (i, minute)
        for i, (name, minute) in enumerate(events)
        if name == steps[0] and (entries is None or entries[0] <= minute < entries[1])
    ]
    return max((longest(1, {i}, minute, minute) for i, minute in starts), default=0)


def log_of_logs(logs):
    """Make one event log in which each random log is a user of its own."""
    rows = [
        (f"u{number}", name, START + minute * MINUTE) for number, log in enumerate(logs) for name, minute in log
    ] + [("nobody", "x", START)]
    return pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time"]))


def levels(log, question):
    frame = engine.run(Attempts(log, question).counted().select("unit", "level"))
    return dict(zip(frame["unit"], frame["level"], strict=True))


def check(logs, steps, window, entries):
    question = Question(
        as_steps(steps),
        None if window is None else window * MINUTE,
        None if entries is None else tuple(START + minute * MINUTE for minute in entries),
    )
    found = levels(log_of_logs(logs), question)
    expected = {f"u{n}": furthest(log, steps, window, entries) for n, log in enumerate(logs)}
    assert {user: found.get(user, 0) for user in expected} == expected


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(EVENTS, min_size=LOGS_PER_EXAMPLE, max_size=LOGS_PER_EXAMPLE), STEPS, WINDOWS, ENTRIES)
def test_every_unit_gets_as_far_as_the_longest_chain_of_its_events(logs, steps, window, entries):
    """2,000 random logs (50 examples of 40), with ties, repeated steps, exact window edges and entry ranges."""
    check(logs, steps, window, entries)


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(EVENTS, min_size=LOGS_PER_EXAMPLE, max_size=LOGS_PER_EXAMPLE), STEPS, WINDOWS, ENTRIES)
def test_ten_thousand_more_random_logs_agree_with_the_search(logs, steps, window, entries):
    """The large suite of the same property."""
    check(logs, steps, window, entries)


FILTERED = st.lists(
    st.builds(
        pm.Step,
        event=st.sampled_from(["a", "b", ("a", "b"), None]),
        where=st.sampled_from([{}, {"color": "red"}, {"color": ["red", "blue"]}, {"size": "1"}, {"color": None}]),
        first=st.sampled_from(["no", "no", "no", "ever", "matching"]),
    ),
    min_size=2,
    max_size=4,
)
COLOURED = st.lists(
    st.tuples(st.sampled_from("abx"), st.integers(0, 5), st.sampled_from(["red", "blue", None]), st.sampled_from("12")),
    max_size=7,
)


def fills(step, event, log):
    """Tell whether an event fills a step, reading the definition word by word."""

    def named(e):
        return not step.names or e[0] in step.names

    def having(e):
        seen = {"color": e[2], "size": e[3]}
        return all(seen[k] in (v if isinstance(v, list) else [v]) for k, v in step.where.items())

    if not (named(event) and having(event)):
        return False
    among = [e for e in log if named(e) and (step.first == "ever" or having(e))]
    return step.first == "no" or event[1] == min(e[1] for e in among)


def furthest_filtered(log, steps, window):
    def longest(step, used, now, entry):
        best = step
        for i, event in enumerate(log if step < len(steps) else ()):
            late = window is not None and event[1] - entry > window
            if i not in used and event[1] >= now and not late and fills(steps[step], event, log):
                best = max(best, longest(step + 1, used | {i}, event[1], entry))
        return best

    starts = [(i, event[1]) for i, event in enumerate(log) if fills(steps[0], event, log)]
    return max((longest(1, {i}, minute, minute) for i, minute in starts), default=0)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(COLOURED, min_size=30, max_size=30), FILTERED, WINDOWS)
def test_steps_with_properties_alternatives_and_first_times_agree_with_the_search(logs, steps, window):
    """Steps that one event could fill overlap freely here; each still needs an event of its own."""
    rows = [(f"u{n}", e[0], START + e[1] * MINUTE, e[2], e[3]) for n, log in enumerate(logs) for e in log]
    rows.append(("nobody", "x", START, "red", "9"))
    frame = pd.DataFrame(rows, columns=["user", "event", "time", "color", "size"])
    question = Question(as_steps(steps), None if window is None else window * MINUTE, None)
    found = levels(pm.EventLog.from_frame(frame), question)
    expected = {f"u{n}": furthest_filtered(log, steps, window) for n, log in enumerate(logs)}
    assert {user: found.get(user, 0) for user in expected} == expected


@pytest.mark.parametrize(
    ("events", "steps", "expected"),
    [
        pytest.param([("a", 0), ("b", 0)], "ab", 2, id="equal times convert"),
        pytest.param([("b", 0), ("a", 0)], "ab", 2, id="whatever the file order"),
        pytest.param([("a", 0)], "aa", 1, id="one event never fills two steps"),
        pytest.param([("a", 0), ("a", 0)], "aa", 2, id="two events at one instant do"),
        pytest.param([("a", 0), ("b", 1), ("b", 1), ("b", 2)], "abb", 3, id="a repeated step may tie"),
        pytest.param([("a", 0), ("b", 1), ("a", 1)], "aba", 3, id="a tie may close a loop"),
        pytest.param([("a", 1), ("b", 1)], "aba", 2, id="but not with the event that opened it"),
        pytest.param([("a", 0), ("a", 5), ("b", 7)], "ab", 2, id="a later attempt may succeed"),
        pytest.param(
            [("a", 0), ("b", 1), ("a", 2), ("c", 6)], "abc", 2, id="a later start does not renew an older attempt"
        ),
    ],
)
def test_ties_repeats_and_re_entry_count_as_the_definition_says(events, steps, expected):
    assert furthest(events, list(steps), 5, None) == expected
    check([events], list(steps), 5, None)
