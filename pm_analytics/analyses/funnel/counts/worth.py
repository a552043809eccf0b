"""Attempts -> the sum of a property at each step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.chosen import chosen
from pm_analytics.analyses.funnel.counts.instants import NOW, fills, keys_of, step_rows
from pm_analytics.analyses.funnel.counts.ordered import LEVEL, reached
from pm_analytics.names import VALUE

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.counts.attempts import Attempts


def worth(attempts: Attempts, name: str, *, each: bool) -> list[tuple[float | None, int]]:
    """Give, per needed step, the sum of a property over the events that made it, and the attempts it is known of.

    Where several events of one instant could have made the step, the largest value stands for them: a purchase sent
    twice is one purchase.
    """
    counted = chosen(attempts, each=each)
    rows = step_rows(attempts.log, attempts.question, {VALUE: lambda table: table[name].cast("float64")})
    return [_at(counted, rows, level, attempts) for level in range(1, attempts.question.last + 1)]


def _at(counted: Any, rows: Any, level: int, attempts: Attempts) -> tuple[float | None, int]:  # noqa: ANN401
    question = attempts.question
    keys = keys_of(question)
    filled = rows.filter(rows[fills(question.kinds.order[level - 1])])
    values = filled.group_by([*keys, NOW]).aggregate(**{VALUE: filled[VALUE].max()})
    there = values.rename({f"{key}_there": key for key in keys})
    made = counted.filter(counted[LEVEL] >= level)
    same = [made[key] == there[f"{key}_there"] for key in keys]
    joined = made.inner_join(there, [*same, made[reached(level)] == there[NOW]])
    row = engine.run(joined.aggregate(total=joined[VALUE].sum(), known=joined[VALUE].count())).iloc[0]
    known = int(row["known"])
    return (float(row["total"]) if known else None), known
