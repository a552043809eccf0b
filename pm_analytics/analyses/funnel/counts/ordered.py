"""Instants -> attempts, when steps have an order: every start looks ahead, jump by jump.

At each instant and for each level, two things are known beforehand: how far an attempt that is at this level gets
*here*, and *when* the next instant comes at which it gets on. So an attempt is at most as many jumps as there are
steps: look up when, check the time limits, look up how far. Each jump is one join on equal unit and instant, which
every engine does well, and the first occurrence of each later step is what counts within an attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.instants import NOW, bars, keys_of, optional_fills, rows_of, without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pm_analytics.analyses.funnel.question import Question

LEVEL = "level"
BARRED_AT = "barred_at"
STOPPED_AT = "stopped_at"

_UPCOMING = "upcoming"
_MOVED = "moved"
_NOTHING = ibis.null("int64")


def reached(level: int) -> str:
    """Name the column with the instant at which an attempt reached a level."""
    return f"reached_{level}"


def done(index: int) -> str:
    """Name the column with the instant at which an optional step happened in an attempt, by its index."""
    return f"done_{index}"


def ordered_attempts(moments: Any, question: Question) -> Any:  # noqa: ANN401 - Ibis tables
    """Give one row per attempt.

    Returns
    -------
    Ibis table
        The keys; ``level`` reached; ``reached_1`` (its entry) to ``reached_K``, null beyond the level; ``barred_at``,
        when an exclusion happened to it (null: none did); ``stopped_at``, when another event interrupted it (strict
        order only); ``done_...`` per optional step.
    """
    # In the embedded engine each part is kept: one long expression takes longer to write than several short ones.
    moments = engine.kept(look_ahead(moments, question), "ahead")
    attempts = engine.kept(_starts(moments, question), "starts")
    for least in range(1, question.last):
        attempts = engine.kept(_jump(attempts, moments, least, question), "jumps")
    for index in question.optional:
        attempts = _with_optional(attempts, moments, index, question)
    optional = list(map(done, question.optional))
    levels = [reached(level) for level in range(1, question.last + 1)]
    return attempts.select(*keys_of(question), LEVEL, *levels, BARRED_AT, STOPPED_AT, *optional)


def look_ahead(moments: Any, question: Question) -> Any:  # noqa: ANN401
    """Add to each instant, per level, how far an attempt gets here, and when the next chance or exclusion comes."""
    keys, levels = keys_of(question), range(1, question.last)
    moments = moments.mutate(**{_gets_to(level): _gets(moments, level, question) for level in range(question.last)})
    later = ibis.window(group_by=keys, order_by=NOW, rows=(1, None))
    ahead = {}
    for level in levels:
        gets_on = moments[_gets_to(level)] > level
        ahead[_next(level)] = _when(gets_on, moments).min().over(_chances(keys, later, question))
        barring = [moments[bars(number)] > 0 for number, bar in enumerate(question.bars) if bar.covers(level)]
        if barring:
            ahead[_next_bar(level)] = _when(engine.any_of(barring) & ~gets_on, moments).min().over(later)
    if question.order == "strict":
        # Whatever comes next decides: it is a step of the attempt, or it interrupts.
        following = moments[NOW].lead().over(ibis.window(group_by=keys, order_by=NOW))
        ahead |= {_next(level): following for level in levels}
    for index in question.optional:
        from_here = ibis.window(group_by=keys, order_by=NOW, rows=(0, None))
        ahead[optional_fills(index) + "_at"] = _when(moments[optional_fills(index)] > 0, moments).min().over(from_here)
    return moments.mutate(**ahead)


def _chances(keys: list[str], later: Any, question: Question) -> Any:  # noqa: ANN401
    """Say which instants may hold the next step: later ones, or, with a tolerance, those slightly earlier as well."""
    if not question.tolerance:
        return later
    return ibis.window(group_by=keys, order_by=NOW, range=(-question.tolerance, None))


def _when(condition: Any, moments: Any) -> Any:  # noqa: ANN401
    return ibis.ifelse(condition, moments[NOW], _NOTHING)


def _gets(moments: Any, level: int, question: Question) -> Any:  # noqa: ANN401
    """Write how far an attempt at ``level`` gets at this instant: it has events of its own for every step it passes."""
    # Steps that are told apart by a tolerance never share an event, and are made one by one.
    furthest = level + 1 if question.tolerance else question.last
    branches = [(_passes(moments, level, to, question), to) for to in range(furthest, level, -1)]
    return ibis.cases(*branches, else_=level).cast("int64")


def _passes(moments: Any, start: int, to: int, question: Question) -> Any:  # noqa: ANN401
    needs = question.kinds.needs(start, to)
    return ibis.and_(*(moments[rows_of(group)] >= times for group, times in needs.items()))


def _starts(moments: Any, question: Question) -> Any:  # noqa: ANN401
    """Give the attempts at their first instant."""
    keys = keys_of(question)
    starts = moments.filter(moments[_gets_to(0)] > 0)
    if question.entries is not None:
        starts = starts.filter(starts[NOW] >= question.entries[0], starts[NOW] < question.entries[1])
    if question.reentry == "first":
        first = starts[NOW].min().over(ibis.window(group_by=keys, rows=(None, None)))
        starts = starts.mutate(first=first)
        starts = starts.filter(starts[NOW] == starts["first"])
    level = starts[_gets_to(0)]
    times = {reached(n): ibis.ifelse(level >= n, starts[NOW], _NOTHING) for n in range(1, question.last + 1)}
    return _look_on(starts.mutate(**{LEVEL: level, BARRED_AT: _NOTHING, STOPPED_AT: _NOTHING}, **times), question)


def _jump(attempts: Any, moments: Any, least: int, question: Question) -> Any:  # noqa: ANN401
    """Move every attempt to the next instant at which it gets on; those that can are at level ``least`` or above."""
    keys = keys_of(question)
    there = moments.rename({f"{name}_there": name for name in moments.columns})
    same = [attempts[key] == there[f"{key}_there"] for key in keys]
    met = attempts.left_join(there, [*same, attempts[_UPCOMING] == there[f"{NOW}_there"]])
    getting = {level: met[f"{_gets_to(level)}_there"] for level in range(least, question.last)}
    level = ibis.ifelse(met[_UPCOMING].isnull(), met[LEVEL], _at_level(met[LEVEL], getting)).cast("int64")
    moved = level > met[LEVEL]
    times = {
        reached(n): ibis.ifelse(met[reached(n)].isnull() & (level >= n), met[_UPCOMING], met[reached(n)])
        for n in range(least + 1, question.last + 1)
    }
    # An attempt that does not get on where it was meant to has been interrupted: in strict order only.
    stopped = ibis.ifelse(met[_UPCOMING].notnull() & ~moved, met[_UPCOMING], met[STOPPED_AT])
    arrived = met.mutate(**{LEVEL: level, _MOVED: moved, STOPPED_AT: stopped}, **times)
    return _look_on(arrived, question, least + 1, suffix="_there")


def _look_on(attempts: Any, question: Question, least: int = 1, *, suffix: str = "") -> Any:  # noqa: ANN401
    """Add when each attempt gets on from where it is, if it does in time, and when an exclusion comes before that."""
    levels = range(least, question.last)
    upcoming, bar = (_from_here(attempts, name, levels, question, suffix) for name in (_next, _next_bar))
    if _MOVED in attempts.columns:
        upcoming, bar = (ibis.ifelse(attempts[_MOVED], when, _NOTHING) for when in (upcoming, bar))
    looked = attempts.mutate(**{_UPCOMING: upcoming, "bar": bar})
    barred = looked[BARRED_AT]
    # In strict order the next instant may itself be the exclusion; in loose order the two never coincide.
    first_bar = looked["bar"].notnull() & (looked[_UPCOMING].isnull() | (looked["bar"] <= looked[_UPCOMING]))
    barred_at = ibis.ifelse(barred.isnull() & first_bar, looked["bar"], barred) if question.bars else barred
    looked = looked.mutate(**{BARRED_AT: barred_at})
    if not question.remove:
        # An attempt that an exclusion ended goes nowhere; only a removal needs to know how far it would have got.
        looked = looked.mutate(**{_UPCOMING: ibis.ifelse(looked[BARRED_AT].isnull(), looked[_UPCOMING], _NOTHING)})
    times = [reached(n) for n in range(1, question.last + 1)]
    return looked.select(*keys_of(question), LEVEL, *times, BARRED_AT, STOPPED_AT, _UPCOMING)


def _from_here(
    attempts: Any,  # noqa: ANN401
    name: Callable[[int], str],
    levels: Iterable[int],
    question: Question,
    suffix: str,
) -> Any:  # noqa: ANN401
    """Choose by level among what an instant knows of the future, if it lies in reach."""
    entry, at = attempts[reached(1)], attempts[NOW + suffix]
    known = {n: name(n) + suffix for n in levels if name(n) + suffix in attempts.columns}
    in_reach = {n: _in_reach(attempts[column], at, n, entry, question) for n, column in known.items()}
    return _at_level(attempts[LEVEL], in_reach)


def _in_reach(moment: Any, at: Any, level: int, entry: Any, question: Question) -> Any:  # noqa: ANN401
    """Forget a moment that lies beyond the attempt's window, or beyond the time allowed for its next step."""
    gap = question.gap(level)
    limits = [] if question.window is None else [moment - entry <= question.window]
    limits += [] if gap is None else [moment - at <= gap]
    return ibis.ifelse(ibis.and_(*limits), moment, _NOTHING) if limits else moment


def _at_level(level: Any, choices: dict[int, Any]) -> Any:  # noqa: ANN401
    """Choose by level; null where nothing is said of it."""
    if not choices:
        return _NOTHING
    return ibis.cases(*((level == number, value) for number, value in choices.items()), else_=_NOTHING)


def _with_optional(attempts: Any, moments: Any, index: int, question: Question) -> Any:  # noqa: ANN401
    """Find when an optional step happened: not before the needed step before it, nor after the one behind it."""
    after = question.optional[index]
    there = moments.select(
        *(moments[key].name(f"{key}_there") for key in keys_of(question)),
        now_there=moments[NOW],
        found=moments[optional_fills(index) + "_at"],
    )
    same = [attempts[key] == there[f"{key}_there"] for key in keys_of(question)]
    met = attempts.left_join(there, [*same, attempts[reached(after)] == there["now_there"]])
    bounds = [met[BARRED_AT], met[reached(after + 1)]]
    if question.window is not None:
        bounds.append(met[reached(1)] + question.window)
    in_time = ibis.and_(met["found"].notnull(), *(bound.isnull() | (met["found"] <= bound) for bound in bounds))
    timed = met.mutate(**{done(index): ibis.ifelse(in_time, met["found"], _NOTHING)})
    return without(timed, *there.columns)


def _gets_to(level: int) -> str:
    return f"gets_to_{level}"


def _next(level: int) -> str:
    return f"next_{level}"


def _next_bar(level: int) -> str:
    return f"next_bar_{level}"
