"""Attempts -> how many units got how far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.attempts import ENTRY, LAST_ENTRY
from pm_analytics.analyses.funnel.counts.compiled import only_counts
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, done

if TYPE_CHECKING:
    import pandas as pd

    from pm_analytics.analyses.funnel.counts.attempts import Attempts
    from pm_analytics.analyses.funnel.question import Question

USERS = "users"


@dataclass(frozen=True, slots=True)
class Levels:
    """How many units got how far.

    Attributes
    ----------
    users : tuple of int
        Units whose counted attempt made each step (an optional step: in which it happened).
    excluded : tuple of int
        Units whose counted attempt an exclusion ended after each step (0 after an optional one and the last one).
    unfinished : int
        Units short of the last step whose latest attempt has its window still open when the data ends.
    """

    users: tuple[int, ...]
    excluded: tuple[int, ...]
    unfinished: int


def levels(attempts: Attempts, *, mature: bool = False, each: bool = False) -> Levels:
    """Count units (``each``: attempts) by how far they got; with ``mature`` only attempts whose time was over."""
    question = attempts.question
    if not each and only_counts(question) and attempts.compiled:
        return _compiled(attempts, mature=mature)
    table = attempts.owned() if each else None
    if mature:
        table = attempts.table if table is None else table
        table = table.filter(over(table, attempts))
    counted = table if each else attempts.counted(table)
    return fold(engine.run(by_level(counted, attempts).order_by(LEVEL)), question)


def _compiled(attempts: Attempts, *, mature: bool) -> Levels:
    """Count in one pass over the rows, once for all and for mature attempts."""
    found = attempts.compiled_levels[2 if mature else 0]
    reached_at_least = found[1:][::-1].cumsum()[::-1]
    unfinished = 0 if mature else int(attempts.compiled_levels[1].sum())
    return Levels(tuple(map(int, reached_at_least)), (0,) * len(reached_at_least), unfinished)


def by_level(counted: Any, attempts: Attempts, keys: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - Ibis tables
    """Count chosen attempts by level, and by further columns."""
    question = attempts.question
    short = counted[LEVEL] < question.last
    sums = {
        USERS: counted.count(),
        "excluded": _sum(short & counted[BARRED_AT].notnull()),
        "unfinished": _sum(short & _open(counted, attempts)),
    }
    sums |= {done(index): _sum(counted[done(index)].notnull()) for index in question.optional}
    return counted.group_by([*keys, LEVEL]).aggregate(**sums)


def fold(rows: pd.DataFrame, question: Question) -> Levels:
    """Add up who reached at least each step from who stopped where."""
    users, excluded, level = [], [], 0
    for index, step in enumerate(question.steps):
        if step.optional:
            users.append(int(rows[done(index)].sum()))
            excluded.append(0)
            continue
        level += 1
        users.append(int(rows.loc[rows[LEVEL] >= level, USERS].sum()))
        excluded.append(int(rows.loc[rows[LEVEL] == level, "excluded"].sum()))
    return Levels(tuple(users), tuple(excluded), int(rows["unfinished"].sum()))


def over(attempts_table: Any, attempts: Attempts) -> Any:  # noqa: ANN401
    """Write that an attempt's window was over when the data ended; without a window none ever is."""
    horizon = attempts.question.horizon
    if horizon is None:
        return ibis.literal(value=False)
    return attempts_table[ENTRY] + horizon < attempts.log.observed_until


def _open(counted: Any, attempts: Attempts) -> Any:  # noqa: ANN401
    """Write that a unit's latest attempt may still go on."""
    known = counted[LAST_ENTRY].notnull()
    horizon = attempts.question.horizon
    if horizon is None:
        return known
    return known & engine.surely(counted[LAST_ENTRY] + horizon >= attempts.log.observed_until)


def _sum(condition: Any) -> Any:  # noqa: ANN401
    return condition.cast("int64").sum()
