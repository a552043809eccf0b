"""Attempts -> who: the units behind a number, the attempts of one unit, and its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.attempts import ENTRY, LAST_ENTRY
from pm_analytics.analyses.funnel.counts.instants import NOW, bars, fills, keys_of, optional_fills, step_rows
from pm_analytics.analyses.funnel.counts.levels import levels
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, STOPPED_AT, done, reached
from pm_analytics.names import EVENT, UNIT

if TYPE_CHECKING:
    import pandas as pd

    from pm_analytics.analyses.funnel.counts.attempts import Attempts


def units(attempts: Attempts, step: int, *, made: bool) -> pd.DataFrame:
    """List the units whose counted attempt made a step (by its index), or made the one before it but not this one.

    Returns
    -------
    DataFrame
        ``unit``, ``entered`` (UTC microseconds), sorted by unit.
    """
    question = attempts.question
    counted = attempts.counted()
    level = sum(not other.optional for other in question.steps[: step + 1])
    if question.steps[step].optional:
        happened = counted[done(step)].notnull()
        wanted = happened if made else ~happened & (counted[LEVEL] >= level)
    else:
        wanted = counted[LEVEL] >= level if made else counted[LEVEL] == level - 1
    found = counted.filter(wanted)
    named = attempts.log.with_ids(found.select(UNIT, entered=found[ENTRY]), UNIT)
    return engine.run(named.order_by(UNIT))


def attempt_rows(attempts: Attempts, *, most: int | None) -> pd.DataFrame:
    """List attempts by unit and entry: the keys, level, times, and what ended them. ``most`` limits the rows."""
    table = attempts.with_times(attempts.table)
    levels = [reached(n) for n in range(1, attempts.question.last + 1)]
    optional = [done(index) for index in attempts.question.optional]
    listed = table.select(*keys_of(attempts.question), LEVEL, *levels, BARRED_AT, STOPPED_AT, *optional)
    listed = attempts.log.with_ids(listed, UNIT).order_by([*keys_of(attempts.question), ENTRY])
    return engine.run(listed if most is None else listed.limit(most))


def counted_rows(attempts: Attempts) -> pd.DataFrame:
    """List the counted attempts: the keys, ``level``, ``reached_1``."""
    counted = attempts.counted()
    chosen = counted.select(*keys_of(attempts.question), LEVEL, ENTRY, LAST_ENTRY)
    return engine.run(attempts.log.with_ids(chosen, UNIT))


def reach(attempts: Attempts) -> tuple[list[int], int]:
    """Count the units whose counted attempt made each step, whatever the order, and those that entered."""
    question = attempts.question
    if question.ordered:
        users = levels(attempts).users
        return list(users), users[0]
    per_attempt = attempts.kinds_made(attempts.counted())
    order = question.kinds.order
    # The second of two equal steps needs a second event.
    made = {
        f"step_{index}": (per_attempt[f"kind_{kind}"] >= order[: index + 1].count(kind)).cast("int64").sum()
        for index, kind in enumerate(order)
    }
    found = engine.counts(per_attempt.aggregate(entered=per_attempt.count(), **made))
    return [found[name] for name in made], found["entered"]


def events_of(attempts: Attempts) -> pd.DataFrame:
    """List the events that matter, in order: the keys, ``now``, ``event``, and what each fills or bars."""
    question = attempts.question
    rows = step_rows(attempts.log, question, {EVENT: _event})
    flags = [fills(number) for number in range(len(question.kinds.kinds))]
    flags += [*map(optional_fills, question.optional), *(bars(number) for number in range(len(question.bars)))]
    return engine.run(rows.select(*keys_of(question), NOW, EVENT, *flags).order_by([*keys_of(question), NOW, EVENT]))


def _event(table: Any) -> Any:  # noqa: ANN401
    return table[EVENT]
