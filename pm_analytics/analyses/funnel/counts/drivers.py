"""Attempts -> what those who converted did between, and what those who did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.attempts import ENTRY, LAST_ENTRY
from pm_analytics.analyses.funnel.counts.instants import labels
from pm_analytics.analyses.funnel.counts.ordered import LEVEL, reached
from pm_analytics.analyses.funnel.counts.segments import at_entry
from pm_analytics.names import EVENT, SEGMENT, TIME, UNIT

if TYPE_CHECKING:
    import pandas as pd

    from pm_analytics.analyses.funnel.counts.attempts import Attempts

MOST_VALUES = 1_000
_MADE = "made"
_START, _END = "start", "end"


def judged(attempts: Attempts) -> Any:  # noqa: ANN401 - an Ibis table
    """Give the counted attempts that can be judged: ``unit``, ``made`` (1 or 0), ``start``, ``end``.

    Converted, or with their time over. The end is the last step of those who made it, else the end of the window.
    """
    question, until = attempts.question, attempts.log.observed_until
    counted = attempts.with_times(attempts.counted())
    made = counted[LEVEL] == question.last
    horizon = question.horizon
    close = ibis.literal(until, "int64") if horizon is None else counted[ENTRY] + horizon
    rows = counted.mutate(
        **{
            _MADE: made.cast("int64"),
            _START: counted[ENTRY],
            _END: ibis.ifelse(made, counted[reached(question.last)], close),
        }
    )
    over = ibis.literal(value=True) if horizon is None else rows[ENTRY] + horizon < until
    return engine.kept(rows.filter((rows[_MADE] == 1) | over).drop(LAST_ENTRY), "judged")


def sizes(people: Any) -> tuple[int, int]:  # noqa: ANN401
    """Count those who converted and those who did not."""
    found = engine.counts(people.aggregate(all=people.count(), made=people[_MADE].sum()))
    return found["made"], found["all"] - found["made"]


def events_between(attempts: Attempts, people: Any) -> pd.DataFrame:  # noqa: ANN401
    """Count, per other event, the units that did it during their attempt: ``event``, ``made``, ``missed``.

    The funnel's own events, exclusions included, are left out: that they go with its outcome is its definition.
    """
    log, question = attempts.log, attempts.question
    table = log.coded_events()
    own = [*question.steps, *(bar.kind for bar in question.bars)]
    for name in sorted({name for step in own for name in step.names}):
        table = table.filter(table[EVENT] != name)
    rows = table.select(**{UNIT: table[log.unit], EVENT: table[EVENT], "now": engine.epoch_microseconds(table[TIME])})
    joined = rows.inner_join(people.select(UNIT, _MADE, _START, _END), UNIT)
    during = joined.filter(joined["now"] >= joined[_START], joined["now"] <= joined[_END])
    once = during.select(UNIT, EVENT, _MADE).distinct()
    return _counted(once, EVENT)


def values_at_entry(attempts: Attempts, people: Any, name: str) -> pd.DataFrame:  # noqa: ANN401
    """Count, per value of a property at entry: ``segment``, ``made``, ``missed``; the 1,000 met most."""
    valued = at_entry(people, attempts, lambda table: labels(table, [name]))
    return _counted(valued, SEGMENT)


def _counted(rows: Any, by: str) -> pd.DataFrame:  # noqa: ANN401
    counts = rows.group_by(by).aggregate(made=rows[_MADE].sum(), missed=(1 - rows[_MADE]).sum(), size=rows.count())
    found = engine.run(counts.order_by([ibis.desc("size"), by]).limit(MOST_VALUES))
    return found.drop(columns="size")
