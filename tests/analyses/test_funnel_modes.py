"""Every order and rule of the funnel agrees with the slow telling in funnel_oracle, on thousands of random logs."""

from __future__ import annotations

import random
from dataclasses import replace

import funnel_oracle as oracle
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics import engine
from pm_analytics.analyses.funnel.counts import Attempts, levels
from pm_analytics.analyses.funnel.counts.compiled import only_counts
from pm_analytics.analyses.funnel.exclusions import place
from pm_analytics.analyses.funnel.question import Question
from pm_analytics.analyses.funnel.steps import as_steps

MINUTE = 60_000_000
START = int(pd.Timestamp("2026-01-01", tz="UTC").timestamp() * 1_000_000)
LOGS = 60


def fills(step):
    """Read a step as a predicate on the oracle's events."""
    return lambda e: (
        (not step.names or e["event"] in step.names)
        and all(e[name] in (value if isinstance(value, list) else [value]) for name, value in step.where.items())
    )


def random_log(rng, names="abcxy"):
    return [
        {"t": rng.randint(0, 9), "event": rng.choice(names), "p": rng.choice("uv"), "h": rng.choice(["1", "2", None])}
        for _ in range(rng.randint(0, 11))
    ]


def event_log(logs):
    rows = [(f"u{n}", e["event"], START + e["t"] * MINUTE, e["p"], e["h"]) for n, log in enumerate(logs) for e in log]
    rows.append(("nobody", "z", START, "u", None))
    return pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time", "p", "h"]))


def random_steps(rng, *, simple=False):
    names = [rng.choice("abc") for _ in range(rng.randint(2, 4))]
    if simple:
        return [pm.Step(name) for name in rng.sample("abc", rng.randint(2, 3))]
    return [
        rng.choice(
            [pm.Step(name), pm.Step(name), pm.Step(name, {"p": "u"}), pm.Step([name, "c"]), pm.Step(None, {"p": "v"})]
        )
        for name in names
    ]


def scaled(times):
    return None if times is None else tuple(START + t * MINUTE for t in times)


def random_case(rng):
    """Make up a question, for the package and for the oracle."""
    order = rng.choice(["loose", "loose", "strict", "any", "first_then_any"])
    steps = random_steps(rng, simple=order == "first_then_any")
    window = rng.choice([None, 2, 4, 7])
    entries = rng.choice([None, None, (1, 6)])
    reentry = rng.choice(["any", "any", "first"])
    ordered = order in {"loose", "strict"}
    if ordered and rng.random() < 0.3:
        steps = [steps[0], *(pm.Step(s.event, s.where, within=f"{rng.randint(1, 4)} minutes") for s in steps[1:])]
    remove = rng.random() < 0.4
    exclusions = []
    if rng.random() < 0.6 and not any(step.event is None or "x" in step.names for step in steps):
        after = rng.randint(1, len(steps) - 1) if ordered else 1
        before = rng.randint(after + 1, len(steps)) if ordered else None
        exclusions = [pm.Exclusion("x", after, before)]
        if rng.random() < 0.3:
            exclusions.append(pm.Exclusion("y", where={"p": "u"}))
    bars = place(exclusions, steps, whole=not ordered)
    optional = {}
    if order == "loose" and rng.random() < 0.3 and all(s.names for s in steps):
        at = rng.randint(1, len(steps) - 1)
        steps = [*steps[:at], pm.Step("y", optional=True), *steps[at:]]
        bars = [bar for bar in bars if bar.kind.names != ("y",)]
        optional = {at: (lambda e: e["event"] == "y", at)}
    question = Question(
        steps=as_steps(steps),
        window=None if window is None else window * MINUTE,
        entries=scaled(entries),
        order=order,
        reentry=reentry,
        bars=tuple(bars),
        remove=remove,
    )
    needed = question.needed
    ask = oracle.Ask(
        steps=[fills(step) for step in needed],
        window=window,
        order=order,
        reentry=reentry,
        gaps={n: question.gap(n) // MINUTE for n in range(1, len(needed)) if question.gap(n)},
        bars=[(fills(bar.kind), bar.after, bar.before) for bar in bars],
        remove=remove and ordered,
        entries=entries,
        optional=optional,
    )
    return question, ask


def counted(attempts):
    """List the counted attempts: unit -> (level, times, barred, optional times), in minutes."""
    question = attempts.question
    frame = engine.run(attempts.with_times(attempts.counted()))
    found = {}
    for row in frame.to_dict("records"):
        level = int(row["level"])
        times = [(int(row[f"reached_{n}"]) - START) // MINUTE for n in range(1, level + 1)]
        optional = {i: at(row[f"done_{i}"]) for i in question.optional}
        found[row["unit"]] = (level, times, at(row["barred_at"]), optional)
    return found


def at(moment):
    return None if pd.isna(moment) else (int(moment) - START) // MINUTE


def told(log, ask):
    """Give the oracle's counted attempt in the same words."""
    chosen = oracle.choose(oracle.attempts(log, ask), ask)
    return None if chosen is None else (chosen.level, chosen.times, chosen.barred, chosen.optional)


def check(rng, logs=LOGS):
    question, ask = random_case(rng)
    logs = [random_log(rng) for _ in range(logs)]
    whole = event_log(logs)
    by_queries = counted(Attempts(whole, question, "queries"))
    by_kernel = counted(Attempts(whole, question, "kernel"))
    for n, log in enumerate(logs):
        unit, expected = f"u{n}", told(log, ask)
        assert by_queries.get(unit) == expected, (question, sorted(log, key=lambda e: e["t"]))
        assert by_kernel.get(unit) == expected, (question, sorted(log, key=lambda e: e["t"]))


@pytest.mark.parametrize("seed", range(12))
def test_every_mode_agrees_with_the_slow_telling(seed):
    """720 random logs (12 questions of 60), by queries and by the kernel, over orders, exclusions, re-entry, own limits and optional steps."""
    check(random.Random(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_every_mode_agrees_with_the_slow_telling_at_length(seed):
    """6,000 more, so that the whole comes to well over 5,000."""
    check(random.Random(seed))


@pytest.mark.parametrize("seed", range(8))
def test_each_later_event_serves_one_attempt(seed):
    """Counting attempts agrees with a machine that keeps, per level, only the latest attempt."""
    rng = random.Random(seed)
    window = rng.choice([None, 2, 4])
    steps = random_steps(rng)
    question = Question(as_steps(steps), None if window is None else window * MINUTE)
    ask = oracle.Ask([fills(step) for step in steps], window)
    logs = [random_log(rng) for _ in range(LOGS)]
    frame = engine.run(Attempts(event_log(logs), question).owned().select("unit", "reached_1", "level"))
    for n, log in enumerate(logs):
        mine = frame[frame["unit"] == f"u{n}"]
        assert {at(e): int(level) for e, level in zip(mine["reached_1"], mine["level"], strict=True)} == (
            oracle.owned_levels(log, ask)
        ), (question, sorted(log, key=lambda e: e["t"]))


@pytest.mark.parametrize("seed", range(8))
def test_a_held_property_splits_a_unit_into_one_funnel_per_value(seed):
    rng = random.Random(seed)
    question, ask = random_case(rng)
    question = replace(question, held="h", remove=False)
    ask.remove = False
    logs = [random_log(rng) for _ in range(LOGS)]
    whole = event_log(logs)
    found, by_kernel = (counted(Attempts(whole, question, path)) for path in ("queries", "kernel"))
    assert by_kernel == found
    for n, log in enumerate(logs):
        parts = {value: [e for e in log if e["h"] == value] for value in ("1", "2")}
        attempts = [a for part in parts.values() for a in oracle.attempts(part, ask)]
        chosen = oracle.choose(attempts, ask)
        mine = found.get(f"u{n}")
        assert (mine and mine[0]) == (chosen and chosen.level), (question, log)


def longest_within(events, steps, tolerance, window):
    """Search every chain in which a step may come up to ``tolerance`` before the one it follows."""

    def best(step, now, entry):
        reach = step
        if step < len(steps):
            for e in events:
                in_time = e["t"] >= now - tolerance and (window is None or e["t"] - entry <= window)
                if e["event"] == steps[step] and in_time:
                    reach = max(reach, best(step + 1, e["t"], entry))
        return reach

    return max((best(1, e["t"], e["t"]) for e in events if e["event"] == steps[0]), default=0)


@pytest.mark.parametrize("seed", range(10))
def test_a_tolerance_lets_a_step_come_slightly_before_the_one_it_follows(seed):
    rng = random.Random(seed)
    steps = rng.sample("abc", rng.randint(2, 3))
    window, tolerance = rng.choice([None, 3, 6]), rng.randint(1, 2)
    question = Question(as_steps(steps), window and window * MINUTE, tolerance=tolerance * MINUTE)
    logs = [random_log(rng) for _ in range(LOGS)]
    whole = event_log(logs)
    found, by_kernel = (counted(Attempts(whole, question, path)) for path in ("queries", "kernel"))
    assert by_kernel == found
    for n, log in enumerate(logs):
        mine = found.get(f"u{n}", (0,))[0]
        assert mine == longest_within(log, steps, tolerance, window), (steps, window, tolerance, log)


@pytest.mark.parametrize("seed", range(12))
def test_the_shortest_kernel_counts_what_the_attempt_table_counts(seed):
    """Levels, maturity and open windows, for steps that are all different and have no further rule."""
    rng = random.Random(seed)
    steps = rng.sample(["a", "b", "c", "x"], rng.randint(2, 4))
    window = rng.choice([None, 2, 4, 7])
    question = Question(as_steps(steps), window and window * MINUTE, scaled(rng.choice([None, (1, 6)])))
    log = event_log([random_log(rng) for _ in range(300)])
    by_queries, by_kernel = (Attempts(log, question, path) for path in ("queries", "kernel"))
    assert only_counts(question)
    for mature in (False, True):
        assert levels(by_kernel, mature=mature) == levels(by_queries, mature=mature)


def test_units_whose_hashes_are_equal_are_still_told_apart(monkeypatch):
    """Texts are counted by two hashes: where the first fails to tell two apart, the second notices."""
    rng = random.Random(1)
    question = Question(as_steps(["a", "b"]), 4 * MINUTE)
    log = event_log([random_log(rng) for _ in range(50)])
    expected = levels(Attempts(log, question, "queries"))
    honest = engine.hashes
    assert levels(Attempts(log, question, "kernel")) == expected
    monkeypatch.setattr(engine, "hashes", lambda text: (honest(text.substr(0, 2))[0], honest(text)[1]))
    assert levels(Attempts(log, question, "kernel")) == expected
