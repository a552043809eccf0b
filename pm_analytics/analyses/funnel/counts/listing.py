"""Attempts -> who: the units behind a number, the attempts of one unit, and its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.attempts import ENTRY
from pm_analytics.analyses.funnel.counts.chosen import chosen
from pm_analytics.analyses.funnel.counts.instants import NOW, bars, fills, keys_of, optional_fills, step_rows
from pm_analytics.analyses.funnel.counts.levels import levels
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, STOPPED_AT, done, reached
from pm_analytics.names import EVENT, UNIT

if TYPE_CHECKING:
    import pandas as pd

    from pm_analytics.analyses.funnel.counts.attempts import Attempts
    from pm_analytics.events import EventLog

MOST_UNITS = 2_000
MOST_TIMED = 1_000
"""Attempts of one unit whose step times are worked out without an order; of more, only those of the counted one."""


def units(attempts: Attempts, step: int, *, made: bool, each: bool) -> pd.DataFrame:
    """List the units whose counted attempt made a step (by its index), or made the one before it but not this one.

    With ``each`` these are attempts, and a unit may be listed more than once.

    Returns
    -------
    DataFrame
        ``unit``, ``entered`` (UTC microseconds), sorted by unit.
    """
    question = attempts.question
    counted = chosen(attempts, each=each)
    level = sum(not other.optional for other in question.steps[: step + 1])
    if question.steps[step].optional:
        happened = counted[done(step)].notnull()
        wanted = happened if made else ~happened & (counted[LEVEL] >= level)
    else:
        wanted = counted[LEVEL] >= level if made else counted[LEVEL] == level - 1
    found = counted.filter(wanted)
    named = attempts.log.with_ids(found.select(UNIT, entered=found[ENTRY]), UNIT)
    return engine.run(named.order_by([UNIT, "entered"]))


def attempt_rows(attempts: Attempts, *, most: int | None, each: bool) -> pd.DataFrame:
    """List attempts by unit and entry: the keys, level, times, what ended them, and ``counts``. ``most`` limits them.

    ``counts`` says whether it is its unit's counted attempt; with ``each`` every one counts, at the level it owns.
    Without an order the times after the entry are null for units with very many attempts, but for the counted one.
    """
    question = attempts.question
    keys = [*keys_of(question), ENTRY]
    there = chosen(attempts, each=each)
    there = there.select(**{f"{key}_there": there[key] for key in keys}, level_there=there[LEVEL])
    rows = attempts.table
    joined = rows.left_join(there, [rows[key] == there[f"{key}_there"] for key in keys])
    counts = joined["level_there"].notnull()
    listed = joined.mutate(counts=counts, **{LEVEL: ibis.coalesce(joined["level_there"], joined[LEVEL])})
    listed = listed.select(*rows.columns, "counts")
    if question.ordered:
        # Names come before the limit, so that the first rows are the same whether or not there is one.
        listed = attempts.log.with_ids(listed, UNIT)
    listed = listed.order_by(keys)
    if most is not None:
        listed = engine.kept(listed.limit(most), "listed")
    optional = [done(index) for index in question.optional]
    columns = [*keys_of(question), LEVEL, *map(reached, range(1, question.last + 1)), BARRED_AT, STOPPED_AT, *optional]
    timed = _timed(listed, attempts).select(*columns, "counts")
    timed = timed if question.ordered else attempts.log.with_ids(timed, UNIT)
    return engine.run(timed.order_by(keys))


def _timed(listed: Any, attempts: Attempts) -> Any:  # noqa: ANN401
    """Add the times of steps; without an order not for all attempts of a unit that has very many.

    Each takes all events of its window: for a machine among the users that would be no end of work.
    """
    if attempts.question.ordered:
        return listed
    whole = ibis.window(group_by=UNIT, rows=(None, None))
    sized = listed.mutate(few=listed["counts"] | (listed.count().over(whole) <= MOST_TIMED))
    times = {reached(n): ibis.null("int64") for n in range(2, attempts.question.last + 1)}
    timed = attempts.with_times(sized.filter(sized["few"]))
    rest = sized.filter(~sized["few"]).mutate(**times)
    return timed.union(rest.select(*timed.columns))


def reach(attempts: Attempts, *, each: bool) -> tuple[list[int], int]:
    """Count the units whose counted attempt made each step, whatever the order, and those that entered."""
    question = attempts.question
    if question.ordered:
        users = levels(attempts, each=each).users
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


def has_events(attempts: Attempts) -> bool:
    """Tell whether the log holds any event at all."""
    return len(engine.run(attempts.log.counted_events().select(EVENT).limit(1))) > 0


def some_units(log: EventLog) -> list[str]:
    """List some units by name, among which the one that was meant may be."""
    table = log.counted_events()
    units = table.select(**{UNIT: table[log.unit].cast("string")}).distinct()
    return [str(unit) for unit in engine.run(units.order_by(UNIT).limit(MOST_UNITS))[UNIT]]


def events_of(attempts: Attempts) -> pd.DataFrame:
    """List the events that matter, in order: the keys, ``now``, ``event``, and what each fills or bars."""
    question = attempts.question
    rows = step_rows(attempts.log, question, {EVENT: _event})
    flags = [fills(number) for number in range(len(question.kinds.kinds))]
    flags += [*map(optional_fills, question.optional), *(bars(number) for number in range(len(question.bars)))]
    return engine.run(rows.select(*keys_of(question), NOW, EVENT, *flags).order_by([*keys_of(question), NOW, EVENT]))


def _event(table: Any) -> Any:  # noqa: ANN401
    return table[EVENT]
