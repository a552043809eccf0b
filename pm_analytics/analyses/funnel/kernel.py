"""The funnel in one pass over the rows, compiled: what counts/ asks of the query engine, done next to the data.

Rows come in any order. A counting sort by unit puts each unit's rows together, a sort of each unit's rows by time
follows, and then one walk per unit. Nothing here relies on the order in which an engine delivers rows.

A row is a unit's code and a mark: microseconds since 1970, times 256, plus what happened: in the four low bits the kind
of step that the event fills (from 1; 0 for none), in the four high ones the exclusions. So the order of marks is that
of time, and at equal times that of kinds.

Numba compiles the functions when they are first called, and keeps what it compiled for the next process.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

NO_TIME = np.iinfo(np.int64).min
"""Stands for "never" in an array of instants."""
FOREVER = np.iinfo(np.int64).max // 4
SHIFT = 256

_compiled = numba.njit(cache=True, nogil=True)


@_compiled  # type: ignore[untyped-decorator]
def by_unit(units: Any, marks: Any, many: int) -> tuple[Any, Any]:
    """Put the marks of each unit together, in order of time: where each unit's begin, and the marks."""
    begins = np.zeros(many + 1, np.int64)
    for row in range(len(units)):
        begins[units[row] + 1] += 1
    for unit in range(many):
        begins[unit + 1] += begins[unit]
    at = begins[:-1].copy()
    grouped = np.empty(len(marks), np.int64)
    for row in range(len(units)):
        unit = units[row]
        grouped[at[unit]] = marks[row]
        at[unit] += 1
    for unit in range(many):
        first, last = begins[unit], begins[unit + 1]
        for row in range(first + 1, last):
            if grouped[row] < grouped[row - 1]:
                grouped[first:last] = np.sort(grouped[first:last])
                break
    return begins, grouped


@_compiled  # type: ignore[untyped-decorator]
def count_levels(
    begins: Any, marks: Any, steps: int, window: int, entries: tuple[int, int], ripe: int, until: int
) -> Any:
    """Count units by level, for steps in loose order that are all of different kinds and have no further rules.

    Returns
    -------
    array
        Three rows by level: units; units of which an attempt may still go on; and units by their level when only
        attempts that began before ``ripe`` count.
    """
    counts = np.zeros((3, steps + 1), np.int64)
    state = np.empty(steps + 1, np.int64)
    old = np.empty(steps + 1, np.int64)
    for unit in range(len(begins) - 1):
        first, last = begins[unit], begins[unit + 1]
        turn = first
        while turn < last and (marks[turn] >> 8) < ripe:
            turn += 1
        state[:] = NO_TIME
        level = _pass(marks, first, turn, window, entries, state, 0)
        old[:] = state
        counts[2, _pass(marks, turn, last, window, (0, 0), old, level)] += 1
        level = _pass(marks, turn, last, window, entries, state, level)
        counts[0, level] += 1
        if 0 < level < steps and state[1] + window >= until:
            counts[1, level] += 1
    return counts


@_compiled  # type: ignore[untyped-decorator]
def _pass(marks: Any, first: int, last: int, window: int, entries: tuple[int, int], state: Any, level: int) -> int:
    """Let some of a unit's marks happen to its attempts, and give the level it has come to.

    The state is, per step, the entry of the latest attempt that has reached it. Marks of equal time come in the order
    of steps, so equal times convert; and no event is of two kinds, so none fills two steps.
    """
    for row in range(first, last):
        now, step = marks[row] >> 8, marks[row] & 15
        if step == 1:
            if entries[0] <= now < entries[1]:
                state[1] = now
                level = max(level, 1)
            continue
        entry = state[step - 1]
        if entry != NO_TIME and now - entry <= window:
            state[step] = entry
            level = max(level, step)
    return level


@_compiled  # type: ignore[untyped-decorator]
def _moments(marks: Any, first: int, last: int, times: Any, held: Any, barred: Any) -> int:
    """Fold a unit's marks into instants: their times, the events of each kind, the exclusions. Give their number."""
    many = -1
    for row in range(first, last):
        now, what = marks[row] >> 8, marks[row] & 255
        if many < 0 or times[many] != now:
            many += 1
            times[many] = now
            barred[many] = 0
            held[many, :] = 0
        if what & 15:
            held[many, (what & 15) - 1] += 1
        barred[many] |= what >> 4
    return many + 1


@_compiled  # type: ignore[untyped-decorator]
def _gets_to(held: Any, level: int, order: Any, furthest: int) -> int:
    """Say how far an attempt at ``level`` gets with the events of one instant: each step needs one of its own."""
    start = level
    while level < furthest:
        kind, used = order[level], 0
        for before in range(start, level):
            used += order[before] == kind
        if held[kind] <= used:
            break
        level += 1
    return level


@_compiled  # type: ignore[untyped-decorator]
def _look_ahead(many: int, held: Any, barred: Any, order: Any, covers: Any, ahead: Any, bar: Any) -> None:
    """Find, per instant and level, the number of the next instant at which an attempt gets on, and of the next bar."""
    for level in range(1, len(order)):
        coming, barring = many, many
        for at in range(many - 1, -1, -1):
            ahead[at, level], bar[at, level] = coming, barring
            if held[at, order[level]]:
                coming = at
            elif barred[at] & covers[level]:
                barring = at


@_compiled  # type: ignore[untyped-decorator]
def _look_around(many: int, times: Any, held: Any, order: Any, tolerance: int, ahead: Any) -> None:
    """Find the same with a tolerance: the next step may lie slightly before an instant, or in it."""
    for level in range(1, len(order)):
        coming, behind = many, many - 1
        # From the last instant on: the first one with this step that is not too long before it.
        for at in range(many - 1, -1, -1):
            while behind >= 0 and times[behind] >= times[at] - tolerance:
                if held[behind, order[level]]:
                    coming = behind
                behind -= 1
            ahead[at, level] = coming


@_compiled  # type: ignore[untyped-decorator]
def _largest(begins: Any) -> int:
    """Give the number of marks of the unit that has most."""
    largest = 0
    for unit in range(len(begins) - 1):
        largest = max(largest, begins[unit + 1] - begins[unit])
    return largest


@_compiled  # type: ignore[untyped-decorator]
def _starts(marks: Any, kind: int) -> int:
    """Count the events of a kind: no more attempts than that can begin."""
    many = 0
    for row in range(len(marks)):
        many += (marks[row] & 15) - 1 == kind
    return many


@_compiled  # type: ignore[untyped-decorator]
def find_attempts(
    begins: Any,
    marks: Any,
    order: Any,
    kinds: int,
    covers: Any,
    gaps: Any,
    limits: tuple[int, int, int, int],
    flags: tuple[bool, bool, bool],
) -> tuple[Any, Any, Any, Any, Any]:
    """Find every attempt when steps have an order.

    Parameters
    ----------
    order : array
        Kind of each needed step, from 0.
    kinds : int
        Number of kinds.
    covers : array
        Per level, the exclusions that end an attempt there, as bits.
    gaps : array
        Per level, the time allowed from it to the next.
    limits : (window, entries start, entries end, tolerance)
        In microseconds.
    flags : (strict, first, remove)
        As in the question.

    Returns
    -------
    arrays
        Unit, level, times of the levels (one row per attempt; ``NO_TIME`` beyond its level), when an exclusion came,
        when another event interrupted.
    """
    largest, most, steps = _largest(begins), _starts(marks, order[0]), len(order)
    times, barred = np.empty(largest, np.int64), np.empty(largest, np.int64)
    held = np.empty((largest, kinds), np.int64)
    ahead, bar = np.empty((largest, steps), np.int64), np.empty((largest, steps), np.int64)
    whose, levels = np.empty(most, np.int64), np.empty(most, np.int64)
    reached = np.full((most, steps), NO_TIME, np.int64)
    ended, stopped = np.full(most, NO_TIME, np.int64), np.full(most, NO_TIME, np.int64)
    found = 0
    for unit in range(len(begins) - 1):
        many = _moments(marks, begins[unit], begins[unit + 1], times, held, barred)
        _look_ahead(many, held, barred, order, covers, ahead, bar)
        if limits[3]:
            _look_around(many, times, held, order, limits[3], ahead)
        for here in range(many):
            if held[here, order[0]] == 0 or times[here] < limits[1] or times[here] >= limits[2]:
                continue
            whose[found] = unit
            levels[found], ended[found], stopped[found] = _walk(
                here, many, times[:many], held, order, (ahead, bar), gaps, limits, flags, reached[found]
            )
            found += 1
            if flags[1]:
                break
    return whose[:found], levels[:found], reached[:found], ended[:found], stopped[:found]


@_compiled  # type: ignore[untyped-decorator]
def _walk(
    at: int,
    many: int,
    times: Any,
    held: Any,
    order: Any,
    nexts: tuple[Any, Any],
    gaps: Any,
    limits: tuple[int, int, int, int],
    flags: tuple[bool, bool, bool],
    reached: Any,
) -> tuple[int, int, int]:
    """Follow one attempt, jump by jump: its level, when an exclusion came, when another event interrupted."""
    entry, ended, steps, one_by_one = times[at], NO_TIME, len(order), limits[3] > 0
    level = _gets_to(held[at], 0, order, 1 if one_by_one else steps)
    reached[:level] = entry
    while level < steps:
        reach = min(entry + limits[0], times[at] + gaps[level])
        coming = at + 1 if flags[0] else nexts[0][at, level]
        in_reach = coming < many and times[coming] <= reach
        barring = nexts[1][at, level]
        is_barred = barring < many and times[barring] <= reach and (not in_reach or barring <= coming)
        if is_barred and ended == NO_TIME:
            ended = times[barring]
            if not flags[2]:
                break
        if not in_reach:
            break
        to = _gets_to(held[coming], level, order, level + 1 if one_by_one else steps)
        if to == level:
            return level, ended, times[coming]
        reached[level:to] = times[coming]
        level, at = to, coming
    return level, ended, NO_TIME


@_compiled  # type: ignore[untyped-decorator]
def find_windows(
    begins: Any, marks: Any, needed: Any, limits: tuple[int, int, int], first_kind: int, only_first: bool
) -> tuple[Any, Any, Any, Any]:
    """Find every attempt when steps have no order: each step event opens a window, in which the steps are counted.

    Parameters
    ----------
    needed : array
        How many steps each kind fills.
    limits : (window, entries start, entries end)
        In microseconds.
    first_kind : int
        Kind that must open a window; -1 for any.

    Returns
    -------
    arrays
        Unit, level, entry, and when an exclusion ended it (``NO_TIME``: none did).
    """
    largest, most, kinds = _largest(begins), len(marks), len(needed)
    times, barred = np.empty(largest, np.int64), np.empty(largest, np.int64)
    held, inside = np.empty((largest, kinds), np.int64), np.empty(kinds, np.int64)
    whose, levels = np.empty(most, np.int64), np.empty(most, np.int64)
    entered, ended = np.empty(most, np.int64), np.full(most, NO_TIME, np.int64)
    found = 0
    for unit in range(len(begins) - 1):
        many = _moments(marks, begins[unit], begins[unit + 1], times, held, barred)
        inside[:] = 0
        right = 0
        for here in range(many):
            right = _widen(max(right, here), many, times[here] + limits[0], times, held, barred, inside)
            opens = held[here].sum() if first_kind < 0 else held[here, first_kind]
            if opens and limits[1] <= times[here] < limits[2]:
                whose[found], entered[found] = unit, times[here]
                levels[found] = np.minimum(inside, needed).sum()
                # What stopped the window before its time can only have been an exclusion.
                if right < many and times[right] <= times[here] + limits[0] and levels[found] < needed.sum():
                    ended[found] = times[right]
                found += 1
                if only_first:
                    break
            if right > here:
                inside -= held[here]
    return whose[:found], levels[:found], entered[:found], ended[:found]


@_compiled  # type: ignore[untyped-decorator]
def _widen(right: int, many: int, reach: int, times: Any, held: Any, barred: Any, inside: Any) -> int:
    """Take instants into a window up to its end, or to an exclusion that happened at an instant without a step."""
    while right < many and times[right] <= reach and (barred[right] == 0 or held[right].sum() > 0):
        inside += held[right]
        right += 1
    return right
