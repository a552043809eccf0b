"""A funnel told a second time, slowly: one unit, one attempt, one event after another.

Nothing here is shared with the package: whether events of one instant suffice for some steps is tried out, assignment
by assignment, and attempts walk through the instants one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby


@dataclass
class Ask:
    """Steps are predicates on events; an event is a dict with ``t``, ``event`` and properties."""

    steps: list
    window: int | None = None
    order: str = "loose"
    reentry: str = "any"
    gaps: dict = field(default_factory=dict)  # level -> time allowed from it to the next
    bars: list = field(default_factory=list)  # (predicate, after, before)
    remove: bool = False
    entries: tuple | None = None
    optional: dict = field(default_factory=dict)  # name -> (predicate, level before it)


@dataclass
class Attempt:
    """One attempt: its entry, how far it got, when, and what ended it."""

    entry: int
    level: int
    times: list
    barred: int | None = None
    stopped: bool = False
    optional: dict = field(default_factory=dict)


def fits(events, steps):
    """Try whether every step can have an event of its own."""
    if not steps:
        return True
    return any(fits(events[:i] + events[i + 1 :], steps[1:]) for i, event in enumerate(events) if steps[0](event))


def matching(events, steps):
    """Give the largest number of steps that can each have an event of its own, by moving earlier choices aside."""
    taken = {}

    def place(step, tried):
        for i, event in enumerate(events):
            if i not in tried and steps[step](event):
                tried.add(i)
                if i not in taken or place(taken[i], tried):
                    taken[i] = step
                    return True
        return False

    return sum(place(step, set()) for step in range(len(steps)))


def gets_to(events, level, ask):
    """Say how far an attempt at ``level`` gets with the events of one instant."""
    return max(to for to in range(level, len(ask.steps) + 1) if fits(events, ask.steps[level:to]))


def instants(events):
    """Group events by time."""
    return [(t, list(group)) for t, group in groupby(sorted(events, key=lambda e: e["t"]), key=lambda e: e["t"])]


def may_begin(t, ask):
    return ask.entries is None or ask.entries[0] <= t < ask.entries[1]


def attempts(events, ask):
    """List the attempts of one unit (or of one held value)."""
    moments = instants(events)
    if ask.order in {"any", "first_then_any"}:
        found = [unordered(t, moments, ask) for t, here in moments if may_begin(t, ask) and opens(here, ask)]
    else:
        found = [walk(t, moments, ask) for t, here in moments if may_begin(t, ask) and gets_to(here, 0, ask) > 0]
    return found[:1] if ask.reentry == "first" else found


def walk(entry, moments, ask):
    """Follow one attempt from its first instant."""
    here = dict(moments)[entry]
    level = gets_to(here, 0, ask)
    attempt = Attempt(entry, level, [entry] * level)
    for t, events in moments:
        if t <= entry or attempt.level == len(ask.steps):
            continue
        if ask.window is not None and t - entry > ask.window:
            break
        if not step_on(t, events, attempt, ask):
            break
    for name, (predicate, after) in ask.optional.items():
        attempt.optional[name] = find_optional(attempt, moments, predicate, after, ask)
    return attempt


def step_on(t, events, attempt, ask):
    """Let one instant happen to an attempt; False when it ends it."""
    to = gets_to(events, attempt.level, ask)
    gap = ask.gaps.get(attempt.level)
    too_late = gap is not None and t - attempt.times[-1] > gap
    if to > attempt.level:
        if too_late:
            return False
        attempt.times += [t] * (to - attempt.level)
        attempt.level = to
        return True
    barred = any(p(e) for p, after, before in ask.bars if after <= attempt.level < before for e in events)
    if barred and not too_late and attempt.barred is None:
        attempt.barred = t
    if ask.order == "strict":
        attempt.stopped = not too_late
        return False
    return not (barred and not too_late and not ask.remove)


def find_optional(attempt, moments, predicate, after, ask):
    """Find an optional step between its neighbours."""
    if attempt.level < after:
        return None
    start = attempt.times[after - 1]
    ends = [attempt.times[after]] if attempt.level > after else []
    ends += [attempt.entry + ask.window] if ask.window is not None else []
    ends += [attempt.barred] if attempt.barred is not None else []
    times = [t for t, events in moments if t >= start and all(t <= end for end in ends) and any(map(predicate, events))]
    return times[0] if times else None


def opens(events, ask):
    steps = ask.steps[:1] if ask.order == "first_then_any" else ask.steps
    return any(step(event) for step in steps for event in events)


def unordered(entry, moments, ask):
    """Count what a window holds, up to the first instant that bars and holds no step."""
    inside, barred, times = [], None, []
    for t, events in moments:
        if t < entry or (ask.window is not None and t - entry > ask.window):
            continue
        matters = [e for e in events if any(step(e) for step in ask.steps)]
        if not matters and any(p(e) for p, _, _ in ask.bars for e in events):
            barred = t
            break
        inside += matters
        times += [t] * (matching(inside, ask.steps) - len(times))
    level = len(times)
    return Attempt(entry, level, times, barred if level < len(ask.steps) else None)


def choose(found, ask):
    """Choose the attempt that counts for a unit; None when it is removed, or never began."""
    ordered = ask.order in {"loose", "strict"}
    if ask.remove and ordered:
        barred = max((a.level for a in found if a.barred is not None), default=0)
        found = [a for a in found if a.barred is None]
        if barred > max((a.level for a in found), default=0):
            return None
    if not found:
        return None
    if ordered:
        return min(found, key=lambda a: (-a.level, a.times[a.level - 1], -a.entry))
    return min(found, key=lambda a: (-a.level, a.entry))


def owned_levels(events, ask):
    """Count attempts one event at a time, each later event serving the latest attempt it moves.

    A state machine: per level, the latest attempt that is there. Only for loose order without further rules.
    """
    waiting, levels = {}, {}
    for t, here in instants(events):
        moves = {}
        for level, entry in waiting.items():
            to = gets_to(here, level, ask)
            if to > level and (ask.window is None or t - entry <= ask.window):
                moves[level] = to
        fresh = gets_to(here, 0, ask) if may_begin(t, ask) else 0
        # Whoever moves to or past a level where a later attempt arrives at the same instant does not own that step.
        arrivals = sorted(((waiting[level], level, to) for level, to in moves.items()), reverse=True)
        if fresh:
            arrivals.insert(0, (t, 0, fresh))
            levels[t] = 0
        reached_now = set()
        for entry, level, to in arrivals:
            owned = [step for step in range(level + 1, to + 1) if step not in reached_now]
            levels[entry] = max([levels[entry], *owned])
            reached_now |= set(range(level + 1, to + 1))
        for level in moves:
            del waiting[level]
        waiting |= {to: entry for entry, _, to in sorted(arrivals)}
    return levels
