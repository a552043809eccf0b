"""Instants -> attempts, when steps have no order: every step event opens a window, and the window is counted.

The level of an attempt is the largest number of steps that could each be given an event of its own from its window. By
Hall's theorem, in the form for deficits, that is the least, over all sets of kinds of step, of the steps outside the
set plus the events that could fill a step of it: sums over a sliding window, and a minimum of them.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.instants import NOW, bars, keys_of, rows_of
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, STOPPED_AT, reached
from pm_analytics.times import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pm_analytics.analyses.funnel.question import Question

_STRETCH = "stretch"
_NEXT_BAR = "next_bar"
_PROBE = "probe"
_NOTHING = ibis.null("int64")


def unordered_attempts(moments: Any, question: Question) -> Any:  # noqa: ANN401 - Ibis tables
    """Give one row per instant that may open an attempt: the keys, ``level``, ``reached_1``, ``barred_at``."""
    opened = _windows(_stretches(moments, question), question)
    if question.entries is not None:
        start, end = question.entries
        opened = opened.filter(opened[reached(1)] >= start, opened[reached(1)] < end)
    if question.order == "first_then_any":
        opened = opened.filter(opened["first"] > 0)
    opened = opened.mutate(**{LEVEL: _level(opened, question)})
    if question.reentry == "first":
        earliest = opened[reached(1)].min().over(ibis.window(group_by=keys_of(question), rows=(None, None)))
        opened = opened.mutate(earliest=earliest)
        opened = opened.filter(opened[reached(1)] == opened["earliest"])
    barred = opened[_NEXT_BAR].notnull() & (opened[LEVEL] < question.last)
    if question.window is not None:
        barred &= opened[_NEXT_BAR] - opened[reached(1)] <= question.window
    ended = {BARRED_AT: ibis.ifelse(barred, opened[_NEXT_BAR], _NOTHING), STOPPED_AT: _NOTHING}
    return opened.select(*keys_of(question), LEVEL, reached(1), **ended)


def with_times(attempts: Any, moments: Any, question: Question) -> Any:  # noqa: ANN401
    """Add ``reached_2`` and so on: when each attempt's number of distinct steps came to so many.

    Meant for a few attempts per unit: each is joined with the instants of its window.
    """
    keys = keys_of(question)
    inside = _joined(attempts, moments, question)
    running = ibis.window(group_by=[*keys, reached(1)], order_by=NOW, rows=(None, 0))
    sums = {rows_of(group): inside[rows_of(group)].sum().over(running) for group in question.kinds.groups()}
    counted = inside.select(*keys, reached(1), NOW, **sums)
    counted = counted.mutate(**{LEVEL: _level(counted, question)})
    when = {reached(n): counted[NOW].min(where=counted[LEVEL] >= n) for n in range(2, question.last + 1)}
    times = counted.group_by([*keys, reached(1)]).aggregate(**when)
    found = attempts.left_join(times, [*keys, reached(1)])
    cut = {reached(n): ibis.ifelse(found[LEVEL] >= n, found[reached(n)], _NOTHING) for n in range(2, question.last + 1)}
    levels = [reached(n) for n in range(1, question.last + 1)]
    return found.mutate(**cut).select(*attempts.columns, *levels[1:])


def kinds_made(attempts: Any, moments: Any, question: Question) -> Any:  # noqa: ANN401
    """Count, per attempt, the events in it that could fill each kind of step: ``kind_0`` and so on."""
    inside = _joined(attempts, moments, question)
    sums = {f"kind_{n}": inside[rows_of(frozenset([n]))].sum() for n in range(len(question.kinds.kinds))}
    return inside.group_by([*keys_of(question), reached(1)]).aggregate(**sums)


def _joined(attempts: Any, moments: Any, question: Question) -> Any:  # noqa: ANN401
    keys = keys_of(question)
    inside = attempts.select(*keys, reached(1), BARRED_AT).inner_join(moments, keys)
    inside = inside.filter(inside[NOW] >= inside[reached(1)])
    if question.window is not None:
        inside = inside.filter(inside[NOW] - inside[reached(1)] <= question.window)
    return inside.filter(inside[BARRED_AT].isnull() | (inside[NOW] < inside[BARRED_AT]))


def _stretches(moments: Any, question: Question) -> Any:  # noqa: ANN401
    """Give a number to the stretches between exclusions: no attempt goes on from one to the next."""
    keys = keys_of(question)
    barring = _barring(moments, question)
    before = ibis.window(group_by=keys, order_by=NOW, rows=(None, 0))
    later = ibis.window(group_by=keys, order_by=NOW, rows=(1, None))
    numbered = moments.mutate(
        **{
            _STRETCH: barring.cast("int64").sum().over(before),
            _NEXT_BAR: ibis.ifelse(barring, moments[NOW], _NOTHING).min().over(later),
        }
    )
    return numbered.filter(_fills_any(numbered, question))


def _barring(moments: Any, question: Question) -> Any:  # noqa: ANN401
    """Tell whether an exclusion happened at an instant that holds no step: what happens together bars nothing."""
    if not question.bars:
        return ibis.literal(value=False) & moments[NOW].notnull()
    happened = engine.any_of(moments[bars(number)] > 0 for number in range(len(question.bars)))
    return happened & ~_fills_any(moments, question)


def _fills_any(moments: Any, question: Question) -> Any:  # noqa: ANN401
    return engine.any_of(moments[rows_of(frozenset([kind]))] > 0 for kind in range(len(question.kinds.kinds)))


def _first_kind(moments: Any, question: Question) -> Any:  # noqa: ANN401
    return moments[rows_of(frozenset([question.kinds.order[0]]))]


def _windows(stretches: Any, question: Question) -> Any:  # noqa: ANN401
    """Give every instant as the beginning of a window, with the events of each set of kinds that the window holds.

    A window's sum is a running sum at its end less one before its beginning. Its end need not be an instant, so it is
    put among them as a row of its own, behind those of its time. That every engine can do; frames by time, not all.
    """
    keys, groups = [*keys_of(question), _STRETCH], [rows_of(group) for group in question.kinds.groups()]
    order = [NOW, _PROBE]
    earlier = ibis.window(group_by=keys, order_by=NOW, rows=(None, -1))
    so_far = ibis.window(group_by=keys, order_by=order, rows=(None, 0))
    zero = ibis.literal(0, "int64")
    began = stretches.mutate(
        **{_PROBE: zero, reached(1): stretches[NOW], "first": _first_kind(stretches, question).cast("int64")},
        **{_before(name): stretches[name].sum().over(earlier).fill_null(zero).cast("int64") for name in groups},
        **{name: stretches[name].cast("int64") for name in groups},
    )
    began = began.select(*keys, *order, reached(1), "first", _NEXT_BAR, *map(_before, groups), *groups)
    end = ibis.literal(LATEST, "int64") if question.window is None else began[NOW] + question.window
    ends = began.mutate(**{NOW: end, _PROBE: ibis.literal(1, "int64")}, **dict.fromkeys(groups, zero))
    rows = began.union(ends.select(*began.columns))
    rows = rows.mutate(**{name: rows[name].sum().over(so_far) - rows[_before(name)] for name in groups})
    opened = rows.filter(rows[_PROBE] == 1)
    return opened.select(*keys_of(question), reached(1), "first", _NEXT_BAR, *groups)


def _before(name: str) -> str:
    return f"{name}_before"


def _level(counted: Any, question: Question) -> Any:  # noqa: ANN401
    """Write how many steps could each have an event of its own."""
    families = [_matched(counted, family, question) for family in question.kinds.families]
    total = families[0]
    for other in families[1:]:
        total += other
    return total.cast("int64")


def _matched(counted: Any, family: tuple[int, ...], question: Question) -> Any:  # noqa: ANN401
    times = question.kinds.order.count
    bounds = [
        sum(times(kind) for kind in family if kind not in group) + (counted[rows_of(group)] if group else 0)
        for group in _subsets(family)
    ]
    # None is ever null, so no engine's rule for nulls in least() matters; the first is a plain number.
    return ibis.least(ibis.literal(bounds[0], "int64"), *bounds[1:])


def _subsets(family: tuple[int, ...]) -> Iterator[frozenset[int]]:
    for size in range(len(family) + 1):
        yield from map(frozenset, combinations(family, size))
