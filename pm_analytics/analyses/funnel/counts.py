"""Event log -> how far each unit got. All of the funnel's queries, none of its arithmetic.

The state of a unit is one number per step: the entry time of the latest attempt that has reached it. Events are folded
into one row per unit and instant, because equal times convert in either order. From one instant to the next,

    reached[i] = the latest of reached-before[j] over steps j < i, where this instant holds, for every step from j+1 to
                 i, an event of its own, and the attempt's window is not over (j = 0 starts an attempt now)

so an attempt may pass several steps at one instant, and no event ever fills two steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.steps import Step, kinds_of
from pm_analytics.events import matches
from pm_analytics.names import EVENT, TIME, UNIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pm_analytics.events import EventLog

_NOW = "now"
_LEVEL = "level"
_ENTRY = "entry"


@dataclass(frozen=True, slots=True)
class Question:
    """What to count.

    Attributes
    ----------
    steps : tuple of Step
        What fills each step, in order.
    window : int or None
        Microseconds from an attempt's entry within which each later step must fall, end included; None for no limit.
    entries : (int, int) or None
        Instants ``[start, end)`` between which an attempt may begin; later steps may fall after it.
    """

    steps: tuple[Step, ...]
    window: int | None
    entries: tuple[int, int] | None


def units_by_level(log: EventLog, question: Question) -> pd.DataFrame:
    """Count units by the furthest step they reached, and how many of those could still get further.

    Returns
    -------
    DataFrame
        ``level`` (1 = entered, no more), ``users``, ``unfinished`` (units short of the last step whose latest attempt
        at their level has its window still open when the data ends). Levels that nobody stopped at are absent.
    """
    reached = attempts(log, question)
    open_window = (
        ibis.literal(value=True)
        if question.window is None
        else (reached[_ENTRY] + question.window >= log.observed_until)
    )
    short = reached[_LEVEL] < len(question.steps)
    counted = reached.group_by(_LEVEL).aggregate(
        users=reached.count(), unfinished=(short & open_window).cast("int64").sum()
    )
    return engine.run(counted.order_by(_LEVEL))


def attempts(log: EventLog, question: Question) -> Any:  # noqa: ANN401 - an Ibis table
    """Give one row per unit that entered: ``unit``, the furthest ``level`` reached, the ``entry`` of its last start.

    ``entry`` is the entry time (UTC microseconds) of the unit's latest attempt, the one that may still go on.
    """
    moments = _moments(log, question)
    for step in range(1, len(question.steps) + 1):
        moments = _reach(moments, step, question)
    furthest = ibis.cases(
        *((moments[_reached(step)].notnull(), step) for step in range(len(question.steps), 0, -1)), else_=0
    )
    by_unit = moments.group_by(UNIT).aggregate(**{_LEVEL: furthest.max(), _ENTRY: moments[_reached(1)].max()})
    return by_unit.filter(by_unit[_LEVEL] > 0)


def _reached(step: int) -> str:
    return f"reached_{step}"


def _before(step: int) -> str:
    return f"before_{step}"


def _rows_of(group: frozenset[int]) -> str:
    return "rows_of_" + "_".join(map(str, sorted(group)))


def _fills(kind: int) -> str:
    return f"fills_{kind}"


def _moments(log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Fold the step events into one row per unit and instant, with the number of rows that fill each set of kinds."""
    kinds = kinds_of(question.steps)
    rows = _rows(log, kinds.kinds)
    rows = _in_time(rows, question)
    rows = rows.filter(engine.any_of(rows[_fills(kind)] for kind in range(len(kinds.kinds))))
    counts = {
        _rows_of(group): engine.any_of(rows[_fills(kind)] for kind in sorted(group)).cast("int64").sum()
        for group in kinds.groups()
    }
    return rows.group_by([UNIT, _NOW]).aggregate(**counts)


def _rows(log: EventLog, kinds: Sequence[Step]) -> Any:  # noqa: ANN401
    """Give the events of the steps: unit, instant, and whether each fills each kind of step."""
    names = [name for kind in kinds for name in kind.names]
    table = log.counted_events(dict.fromkeys(names) if all(kind.names for kind in kinds) else None)
    rows = table.mutate(**{_NOW: engine.epoch_microseconds(table[TIME]), UNIT: table[log.unit]})
    rows = rows.mutate(**{f"named_{n}": _named(rows, kind) for n, kind in enumerate(kinds)})
    rows = rows.mutate(**{_fills(n): rows[f"named_{n}"] & _having(rows, kind) for n, kind in enumerate(kinds)})
    for n, kind in enumerate(kinds):
        if kind.first != "no":
            among = rows[f"named_{n}"] if kind.first == "ever" else rows[_fills(n)]
            whole_unit = ibis.window(group_by=UNIT, rows=(None, None))
            first = ibis.ifelse(among, rows[_NOW], ibis.null("int64")).min().over(whole_unit)
            rows = rows.mutate(**{_fills(n): rows[_fills(n)] & engine.surely(rows[_NOW] == first)})
    return rows.select(UNIT, _NOW, *map(_fills, range(len(kinds))))


def _named(rows: Any, kind: Step) -> Any:  # noqa: ANN401
    return engine.any_of(rows[EVENT] == name for name in kind.names) if kind.names else ibis.literal(value=True)


def _having(rows: Any, kind: Step) -> Any:  # noqa: ANN401
    conditions = [engine.surely(matches(rows[name], value)) for name, value in kind.where.items()]
    return ibis.and_(*conditions) if conditions else ibis.literal(value=True)


def _in_time(rows: Any, question: Question) -> Any:  # noqa: ANN401
    """Keep events that could be part of an attempt that may begin."""
    if question.entries is None:
        return rows
    start, end = question.entries
    rows = rows.filter(rows[_NOW] >= start)
    return rows if question.window is None else rows.filter(rows[_NOW] < end + question.window)


def _reach(moments: Any, step: int, question: Question) -> Any:  # noqa: ANN401
    """Add the entry of the latest attempt that is at ``step`` after this instant, and of the latest one before it."""
    candidates = [
        ibis.ifelse(_passes(moments, start, step, question), _carried(moments, start, question), ibis.null("int64"))
        for start in range(step - 1, -1, -1)
    ]
    # With one candidate there is nothing to compare, and no engine's rule for nulls in greatest() matters.
    latest = candidates[0]
    for candidate in candidates[1:]:
        latest = ibis.cases((latest.isnull() | (candidate > latest), candidate), else_=latest)
    reached = moments.mutate(**{_reached(step): latest})
    if step == len(question.steps):
        return reached
    earlier = ibis.window(group_by=UNIT, order_by=_NOW, rows=(None, -1))
    return reached.mutate(**{_before(step): reached[_reached(step)].max().over(earlier)})


def _carried(moments: Any, start: int, question: Question) -> Any:  # noqa: ANN401
    """Give the entry of the attempt that goes on from step ``start``, if its window is not over; 0 begins one now."""
    now = moments[_NOW]
    if start == 0:
        if question.entries is None:
            return now
        return ibis.ifelse(now < question.entries[1], now, ibis.null("int64"))
    entry = moments[_before(start)]
    if question.window is None:
        return entry
    return ibis.ifelse(now - entry <= question.window, entry, ibis.null("int64"))


def _passes(moments: Any, start: int, step: int, question: Question) -> Any:  # noqa: ANN401
    """Write the condition that this instant holds an event of its own for each step from ``start + 1`` to ``step``."""
    needs = kinds_of(question.steps).needs(start, step)
    return ibis.and_(*(moments[_rows_of(group)] >= times for group, times in needs.items()))
