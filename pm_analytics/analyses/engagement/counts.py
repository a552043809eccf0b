"""Event log -> how many came, how often, and who came back. All queries of engagement, none of its arithmetic.

Every count begins with the distinct pairs of unit and period. The rolling windows are counted in one pass over those of
days: a unit enters a window of W days on an active day that no other one precedes by W days or less, and leaves it W
days after an active day that no other one follows by W days or less. Running sums of both, by day, are exact for any W.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import calendars, engine
from pm_analytics.asking import MISSING, OTHER
from pm_analytics.coded import AFTER, BEFORE, MOST_PERIODS, patterns
from pm_analytics.events import matches
from pm_analytics.names import (
    ACTIVE_INTERVALS,
    COHORT,
    DAY,
    EVENT,
    EVENTS,
    NEW,
    PERIOD,
    RESURRECTING,
    RETURNING,
    SEGMENT,
    TIME,
    UNIT,
    USERS,
)
from pm_analytics.times import day_begun_at, from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pm_analytics.events import EventLog

LEAVING = "leaving"

_ACTIVE = "active"
_BEFORE = "before"
_AFTER = "after"
_FIRST = "first"
_NOW, _SIGHT = "now", "sight"


@dataclass(frozen=True, slots=True)
class Question:
    """What to count.

    Attributes
    ----------
    log : EventLog
        Events to read.
    events : sequence of str, optional
        Names of the events that make a unit active; None for any event.
    where : mapping, optional
        Properties that those events must have.
    until : int
        Instant (UTC microseconds) up to which events are known.
    segments : str, optional
        Property by whose value at the event units are counted apart.
    """

    log: EventLog
    events: Sequence[str] | None
    where: Mapping[str, Any]
    until: int
    segments: str | None = None


@dataclass(frozen=True, slots=True)
class Ruler:
    """How time is cut: the kind of period, the day on which weeks begin, and the instants ``[start, end)`` to read."""

    period: str
    week_start: str
    start: int | None
    end: int


@dataclass(frozen=True, slots=True)
class Often:
    """When an interval counts as active: ``every`` periods from period ``anchor`` on, with so many events."""

    anchor: int
    every: int
    min_events: int
    max_events: int | None
    per: str | None


def first_instant(log: EventLog) -> int | None:
    """Find the first event of a log (UTC microseconds); None when it has no events."""
    return log.first_instant


def turnover(question: Question, ruler: Ruler, windows: Sequence[int], *, most: int) -> pd.DataFrame:
    """Count, per local day, the units that enter and that leave each rolling window.

    Returns
    -------
    DataFrame
        ``segment`` (if asked), ``day`` (number of a last active day or of an entry), and per window of W days
        ``entered_W``: units active that day and on none of the W days before; ``last_W``: units active that day and on
        none of the W days after, which leave the window W days later.
    """
    keys = _keys(question)
    known = _days(question, ruler)
    rows = _rows(question, ruler, most=most) if known is None else known
    days = rows.select(*keys, UNIT, **{DAY: rows[PERIOD]})
    days = days.distinct() if known is None else days
    by_unit = ibis.window(group_by=[*keys, UNIT], order_by=DAY)
    # Lag and lead look at one neighbour, whatever the frame.
    near = days.mutate(**{_BEFORE: days[DAY].lag().over(by_unit), _AFTER: days[DAY].lead().over(by_unit)})
    since, ahead = near[DAY] - near[_BEFORE], near[_AFTER] - near[DAY]
    sums = {}
    for window in windows:
        sums[f"entered_{window}"] = _count(since.isnull() | (since > window))
        sums[f"last_{window}"] = _count(ahead.isnull() | (ahead > window))
    return engine.run(near.group_by([*keys, DAY]).aggregate(**sums).order_by([*keys, DAY]))


def frequencies(question: Question, ruler: Ruler, often: Often, *, most: int) -> pd.DataFrame:
    """Count units by the number of their active intervals.

    Returns
    -------
    DataFrame
        ``segment`` and ``period`` (if asked), ``active_intervals`` (1 or more), ``users``. Numbers of intervals that
        no unit has are absent.
    """
    rows = _rows(question, ruler, most=most, per=often.per)
    keys = [*_keys(question), *(["per"] if often.per else [])]
    rows = rows.mutate(interval=((rows[PERIOD] - often.anchor) // often.every).cast("int64"))
    counted = rows.group_by([*keys, UNIT, "interval"]).aggregate(**{EVENTS: rows[EVENTS].sum()})
    counted = counted.filter(counted[EVENTS] >= often.min_events)
    if often.max_events is not None:
        counted = counted.filter(counted[EVENTS] <= often.max_events)
    units = counted.group_by([*keys, UNIT]).aggregate(**{ACTIVE_INTERVALS: counted.count()})
    found = units.group_by([*keys, ACTIVE_INTERVALS]).aggregate(**{USERS: units.count()})
    named = found.rename(**{PERIOD: "per"}) if often.per else found
    return engine.run(named.order_by([*_keys(question), *([PERIOD] if often.per else []), ACTIVE_INTERVALS]))


def movements(question: Question, ruler: Ruler, *, first_of_any: bool, most: int) -> pd.DataFrame:
    """Count, per period, the active units by what they did before, and those that are gone in the next period.

    Parameters
    ----------
    first_of_any : bool
        A unit is new in the period of its first event of any kind; else in that of its first matching event.

    Returns
    -------
    DataFrame
        ``segment`` (if asked: of the unit at its first sight), ``period`` (its number), ``users``, ``new``,
        ``returning``, ``resurrecting``, ``leaving``. Periods in which nobody was active are absent.
    """
    span = _span(question, ruler)
    days = _days(question, ruler)
    if days is not None and span is not None:
        return _movements_of_patterns(patterns(days, UNIT, *span))
    rows = _states(question, ruler, first_of_any=first_of_any)
    seen = rows.group_by([UNIT, PERIOD]).aggregate(**{_ACTIVE: rows[_ACTIVE].max()})
    by_unit = ibis.window(group_by=UNIT, order_by=PERIOD)
    if first_of_any and _choosy(question):
        seen = seen.mutate(**{_FIRST: seen[PERIOD].lag().over(by_unit).isnull()})
        active = seen.filter(seen[_ACTIVE] == 1)
    else:
        active = seen
    near = active.mutate(**{_BEFORE: active[PERIOD].lag().over(by_unit), _AFTER: active[PERIOD].lead().over(by_unit)})
    first = near[_FIRST] if _FIRST in near.columns else near[_BEFORE].isnull()
    follows = engine.surely(near[_BEFORE] == near[PERIOD] - 1)
    stays = engine.surely(near[_AFTER] == near[PERIOD] + 1)
    keys = [*_keys(question), PERIOD]
    if question.segments:
        near = near.inner_join(_at_first_sight(rows, most), UNIT)
    counted = near.group_by(keys).aggregate(
        **{
            USERS: near.count(),
            NEW: _count(first),
            RETURNING: _count(~first & follows),
            RESURRECTING: _count(~first & ~follows),
            LEAVING: _count(~stays),
        }
    )
    return engine.run(counted.order_by(keys))


def _span(question: Question, ruler: Ruler) -> tuple[int, int] | None:
    """Give the log's first period and how many there are up to the ruler's end; None when that is too many."""
    begins = question.log.first_instant
    if begins is None:
        return None
    days = (from_microseconds(at, question.log.timezone).date() for at in (begins, ruler.end - 1))
    first, last = (calendars.number_of(day, ruler.period, week_start=ruler.week_start) for day in days)
    return (first, last - first + 1) if first <= last < first + MOST_PERIODS else None


def _movements_of_patterns(there: Any) -> pd.DataFrame:  # noqa: ANN401 - an Ibis table
    """Count as :func:`movements` does, from what :func:`pm_analytics.coded.patterns` gives."""
    new = there[PERIOD] == there[COHORT]
    states = {
        NEW: new,
        RETURNING: there[BEFORE],
        RESURRECTING: ~new & ~there[BEFORE],
        LEAVING: ~there[AFTER],
    }
    users = there[USERS]
    sums = {name: users.sum(where=state).fill_null(0).cast("int64") for name, state in states.items()}
    counted = there.group_by(PERIOD).aggregate(**{USERS: users.sum().cast("int64")}, **sums)
    return engine.run(counted.order_by(PERIOD))


def _states(question: Question, ruler: Ruler, *, first_of_any: bool) -> Any:  # noqa: ANN401 - an Ibis table
    """Give the events with their unit and period, and whether each makes its unit active."""
    days = _days(question, ruler)
    if days is not None:
        return days.mutate(**{_ACTIVE: ibis.literal(1, "int64")})
    table = _within(question.log.coded_events(), ruler)
    if not first_of_any:
        table = table.filter(_matching(table, question))
    segment = (
        {_NOW: engine.epoch_microseconds(table[TIME]), SEGMENT: _value(table, question)} if question.segments else {}
    )
    return table.select(
        **{
            UNIT: table[question.log.unit],
            PERIOD: _number(table, question, ruler.period, ruler.week_start),
            _ACTIVE: engine.surely(_matching(table, question)).cast("int64"),
            **segment,
        }
    )


def _days(question: Question, ruler: Ruler, per: str | None = None) -> Any | None:  # noqa: ANN401
    """Give what a prepared log knows of its units' days, where any event counts; else None, and events are read.

    The instants of the ruler begin days, so days can be told by their number.
    """
    days = question.log.unit_days()
    if days is None or ruler.period == "hour" or _choosy(question) or question.segments:
        return None
    ends = [None if end is None else day_begun_at(end, question.log.timezone) for end in (ruler.start, ruler.end)]
    if ends[1] is None or (ruler.start is not None and ends[0] is None):
        return None
    days = days.filter(days[DAY] < ends[1])
    days = days if ends[0] is None else days.filter(days[DAY] >= ends[0])
    number = partial(calendars.number_of_day, days[DAY], week_start=ruler.week_start)
    longer = {"per": number(per)} if per else {}
    return days.select(EVENTS, **{UNIT: days[question.log.unit], PERIOD: number(ruler.period), **longer})


def _keys(question: Question) -> list[str]:
    return [SEGMENT] if question.segments else []


def _choosy(question: Question) -> bool:
    """Tell whether only some events make a unit active."""
    return question.events is not None or bool(question.where)


def _count(condition: Any) -> Any:  # noqa: ANN401 - Ibis values
    return condition.cast("int64").sum()


def _rows(question: Question, ruler: Ruler, *, most: int, per: str | None = None) -> Any:  # noqa: ANN401
    """Give the matching events: their unit, the number of their period, segment, the longer period they are in.

    One row per event, or one for all of a unit's day: ``events`` says how many it stands for.
    """
    days = _days(question, ruler, per)
    if days is not None:
        return days
    table = _within(question.log.coded_events(), ruler)
    table = table.filter(_matching(table, question))
    columns = {UNIT: table[question.log.unit], PERIOD: _number(table, question, ruler.period, ruler.week_start)}
    columns[EVENTS] = ibis.literal(1, "int64")
    if question.segments:
        columns[SEGMENT] = _segment(table, question, most)
    if per:
        columns["per"] = _number(table, question, per, ruler.week_start)
    return table.select(**columns)


def _matching(table: Any, question: Question) -> Any:  # noqa: ANN401
    """Write the condition that an event makes its unit active."""
    conditions = [matches(table[name], value) for name, value in question.where.items()]
    if question.events is not None:
        conditions.append(table[EVENT].isin(list(question.events)))
    return ibis.and_(*conditions) if conditions else ibis.literal(value=True)


def _within(table: Any, ruler: Ruler) -> Any:  # noqa: ANN401
    """Read no more of the time than needed; the bounds reach the storage."""
    kind = table[TIME].type()
    table = table.filter(table[TIME] < engine.moment_literal(ruler.end, kind))
    return table if ruler.start is None else table.filter(table[TIME] >= engine.moment_literal(ruler.start, kind))


def _number(table: Any, question: Question, period: str, week_start: str) -> Any:  # noqa: ANN401
    moment = engine.epoch_microseconds(table[TIME])
    return calendars.number(moment, period, question.log.timezone, question.until, week_start=week_start)


def _value(table: Any, question: Question) -> Any:  # noqa: ANN401
    """Give the segment of each event by the property's own value; no value is a segment as well."""
    text = table[question.segments].cast("string")
    return ibis.cases((text.isnull() | (text == ""), MISSING), else_=text)


def _segment(table: Any, question: Question, most: int) -> Any:  # noqa: ANN401
    """Name the segment of each event: the values with the most units by name, the rest together, missing ones apart."""
    value = _value(table, question)
    units = table.select(**{SEGMENT: value, UNIT: table[question.log.unit]})
    return _largest(units, value, most)


def _largest(units: Any, value: Any, most: int) -> Any:  # noqa: ANN401
    """Keep the names of the segments with the most units, and put the others together."""
    counted = units.group_by(SEGMENT).aggregate(**{USERS: units[UNIT].nunique()})
    largest = engine.run(counted.order_by([ibis.desc(USERS), SEGMENT]).limit(most + 1))[SEGMENT].tolist()
    if len(largest) <= most:
        return value
    return ibis.cases((value.isin(largest[:most]), value), else_=OTHER)


def _at_first_sight(rows: Any, most: int) -> Any:  # noqa: ANN401
    """Give each unit the segment of its first event, so that it stays in one for good; ties by the alphabet."""
    firsts = rows.group_by(UNIT).aggregate(**{_SIGHT: rows[_NOW].min()})
    there = rows.select(UNIT, _NOW, SEGMENT).inner_join(firsts, UNIT)
    there = there.filter(there[_NOW] == there[_SIGHT])
    units = there.group_by(UNIT).aggregate(**{SEGMENT: there[SEGMENT].min()})
    return units.mutate(**{SEGMENT: _largest(units, units[SEGMENT], most)})
