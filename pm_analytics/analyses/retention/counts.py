"""Event log -> units per cohort and period. All queries of retention, no arithmetic.

Events are folded at once into one row per unit and calendar period, which is all that calendar retention needs. A unit
that enters one cohort meets its own rows only, so the work stays in proportion to the log. A unit that may enter every
cohort meets each of its rows once per period shown, never all of them with all. Rolling periods are counted from an
instant, so there the return events themselves are read a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from pm_analytics import calendars, engine
from pm_analytics.asking import MISSING, OTHER
from pm_analytics.coded import MOST_PERIODS, patterns
from pm_analytics.events import matches
from pm_analytics.names import (
    COHORT,
    DAY,
    EVENT,
    EVENTS,
    PERIOD,
    PERIOD_NUMBER,
    SEGMENT,
    TIME,
    UNIT,
    USERS,
    VALUE,
)
from pm_analytics.times import DAY as MICROSECONDS_OF_A_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.retention.question import Question
    from pm_analytics.events import EventLog

SIZE = -1
"""Stands for the period number in the rows that count a whole cohort."""

_NOW = "now"
_STARTS, _ENTERS, _RETURNS = "starts", "enters", "returns"
_STARTED, _ENTERED = "started", "entered"
_ENTRY, _BACK = "entry", "back"
# The last return in a period that starts no cohort, and the last that does: the entry itself is no return.
_LAST_OTHER, _LAST_START = "last_other", "last_start"
# A rolling period may end some calendar periods later than its number says: it begins within one, days with a change
# of the clocks are no 24 hours, and months no 30 days.
_ROLLING_SLACK = 3


def counted(log: EventLog, question: Question) -> pd.DataFrame:
    """Count the units of each cohort, and of each cohort in each period.

    Returns
    -------
    DataFrame
        ``cohort`` (number of its period), ``period_number``, ``users``: with number -1 the cohort's size, else the
        units whose return falls there. Under "on_or_after" that is their last one, under "on_or_before" their first
        after the entry, so that sums of these rows are the cells; under "streak" each period up to the first miss.
        With ``value``: its sum; with ``segments``: a row per ``segment`` as well. Empty cells are absent.
    """
    days = _days(log, question)
    if days is not None and _fits_a_mask(log, question):
        return _counted_by_mask(days, log, question)
    rows = _rows(log, question)
    entrants = _entrants(rows, question)
    keys = [*([SEGMENT] if question.segments else []), COHORT, PERIOD_NUMBER]
    sizes = entrants.mutate(**{PERIOD_NUMBER: ibis.literal(SIZE, "int64")})
    both = [
        _count(sizes, keys, ibis.literal(0.0) if question.value else None),
        _count(found := _found(rows, entrants, question), keys, found[VALUE].sum() if question.value else None),
    ]
    return engine.run(ibis.union(*both).order_by(keys))


def _count(table: Any, keys: Sequence[str], value: Any) -> Any:  # noqa: ANN401 - Ibis tables
    columns = {USERS: table.count(), **({} if value is None else {VALUE: value})}
    return table.group_by(keys).aggregate(**columns)


def units(log: EventLog, question: Question, cohort: int, number: int) -> list[Any]:
    """List the units of a cohort that count in one of its periods; of period 0, the whole cohort."""
    rows = _rows(log, question)
    entrants = _entrants(rows, question)
    entrants = entrants.filter(entrants[COHORT] == cohort)
    if number < question.from_number:
        return _listed(log, entrants)
    found = _found(rows, entrants, question)
    there = found[PERIOD_NUMBER]
    inside = {"on_or_after": there >= number, "on_or_before": there <= number}.get(question.measure, there == number)
    return _listed(log, found.filter(inside))


def _listed(log: EventLog, found: Any) -> list[Any]:  # noqa: ANN401 - an Ibis table
    named = log.with_ids(found.select(UNIT), UNIT)
    return list(engine.run(named.order_by(UNIT))[UNIT])


def largest_segments(log: EventLog, question: Question, most: int) -> tuple[str, ...]:
    """List the values of the segment's property with the most entrants, largest first."""
    entrants = _entrants(_rows(log, question), question)
    named = entrants.filter(entrants[SEGMENT] != MISSING)
    ordered = _count(named, [SEGMENT], None).order_by([ibis.desc(USERS), SEGMENT]).limit(most)
    return tuple(engine.run(ordered)[SEGMENT])


def _days(log: EventLog, question: Question) -> Any | None:  # noqa: ANN401
    """Give what a prepared log knows of its units' days, where any event starts and any returns; else None.

    A row stands for all events of a unit's day, so ``returns`` is their number, and midnight stands for their instant.
    """
    days = log.unit_days()
    chooses = question.start or question.returning or question.start_where or question.return_where
    # Within a day, and by the clock, only the events themselves tell.
    by_event = question.value or question.segments or question.rolling or question.entries or question.same_period
    if days is None or chooses or by_event:
        return None
    columns = {
        UNIT: days[log.unit],
        _NOW: days[DAY].cast("int64") * MICROSECONDS_OF_A_DAY,
        PERIOD: calendars.number_of_day(days[DAY], question.period, week_start=question.week_start),
        _ENTERS: ibis.literal(value=True),
        _RETURNS: days[EVENTS],
    }
    return days.select(**columns)


def _fits_a_mask(log: EventLog, question: Question) -> bool:
    """Tell whether one bit per period says it all: who came in it, from a first period not too far back."""
    simple = question.measure == "on" and question.min_events == 1 and not question.recurring
    first = log.first_instant
    return simple and first is not None and _span(question, first) <= MOST_PERIODS


def _span(question: Question, first: int) -> int:
    """Count the periods from an instant to the end of the data."""
    return question.number_at(question.until - 1) - question.number_at(first) + 1


def _counted_by_mask(days: Any, log: EventLog, question: Question) -> pd.DataFrame:  # noqa: ANN401
    """Count as :func:`counted` does, from one bit per unit and period: units with the same bits are counted as one."""
    first = log.first_instant or 0
    there = patterns(days, UNIT, question.number_at(first), _span(question, first))
    there = there.mutate(**{PERIOD_NUMBER: there[PERIOD] - there[COHORT]})
    found = engine.run(there.group_by([COHORT, PERIOD_NUMBER]).aggregate(**{USERS: there[USERS].sum().cast("int64")}))
    sizes = found[found[PERIOD_NUMBER] == 0].assign(**{PERIOD_NUMBER: SIZE})
    over = found[COHORT] + found[PERIOD_NUMBER] <= question.last_over
    cells = found[over & (found[PERIOD_NUMBER] <= question.last)]
    return pd.concat([sizes, cells]).sort_values([COHORT, PERIOD_NUMBER], ignore_index=True)


def _rows(log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Give the events that matter, each with its unit, instant and period, and what it does: start, enter, return."""
    days = _days(log, question)
    if days is not None:
        return days
    either = [] if question.start is None or question.returning is None else [*question.start, *question.returning]
    table = _bounded(log.coded_events(dict.fromkeys(either) or None), question)
    now = engine.epoch_microseconds(table[TIME])
    starts = _named(table, question.start)
    enters = starts & _having(table, question.start_where)
    if question.recurring and question.entries:
        enters &= (now >= question.entries[0]) & (now < question.entries[1])
    columns = {
        UNIT: table[log.unit],
        _NOW: now,
        PERIOD: calendars.number(
            now, question.period, question.timezone, question.until, week_start=question.week_start
        ),
        _ENTERS: enters,
        _RETURNS: _named(table, question.returning) & _having(table, question.return_where),
    }
    if question.first_ever:
        columns[_STARTS] = starts
    if question.value:
        columns[VALUE] = table[question.value].cast("float64")
    if question.segments:
        text = table[question.segments].cast("string")
        columns[SEGMENT] = ibis.cases((text.isnull() | (text == ""), MISSING), else_=text)
    return table.select(**columns)


def _bounded(table: Any, question: Question) -> Any:  # noqa: ANN401
    """Leave out, where the storage can, what lies before the first entry or after the last cell."""
    if question.entries is None:
        return table
    kind = table[TIME].type()
    first, last = (question.number_at(moment) for moment in (question.entries[0], question.entries[1] - 1))
    if question.recurring:
        table = table.filter(table[TIME] >= engine.moment_literal(question.begins(first), kind))
    if question.measure == "on_or_after":
        return table
    end = question.begins(min(last + question.last + _ROLLING_SLACK, question.last_over + 1) + 1)
    return table.filter(table[TIME] < engine.moment_literal(end, kind))


def _named(table: Any, events: Sequence[str] | None) -> Any:  # noqa: ANN401
    if events is None:
        return ibis.literal(value=True)
    return engine.any_of(table[EVENT] == event for event in events)


def _having(table: Any, properties: Mapping[str, Any]) -> Any:  # noqa: ANN401
    conditions = [engine.surely(matches(table[name], value)) for name, value in properties.items()]
    return ibis.and_(ibis.literal(value=True), *conditions)


def _activity(rows: Any, question: Question) -> Any:  # noqa: ANN401
    """Fold the events into one row per unit and calendar period."""
    columns = {
        _ENTERED: rows[_NOW].min(where=rows[_ENTERS]),
        _RETURNS: rows[_RETURNS].cast("int64").sum(),
    }
    if question.same_period:
        columns[_LAST_OTHER] = rows[_NOW].max(where=rows[_RETURNS] & ~rows[_ENTERS])
        columns[_LAST_START] = rows[_NOW].max(where=rows[_RETURNS] & rows[_ENTERS])
    if question.first_ever:
        columns[_STARTED] = rows[_NOW].min(where=rows[_STARTS])
    if question.value:
        columns[VALUE] = rows[VALUE].sum(where=rows[_RETURNS])
    return rows.group_by([UNIT, PERIOD]).aggregate(**columns)


def _entrants(rows: Any, question: Question) -> Any:  # noqa: ANN401
    """Give one row per unit and cohort it is in: ``unit``, ``cohort``, the instant of ``entry``, its ``segment``."""
    entrants = _recurring(rows, question) if question.recurring else _once(rows, question)
    if not question.segments:
        return entrants
    entering = rows.filter(rows[_ENTERS]).select(UNIT, SEGMENT, **{_ENTRY: rows[_NOW]})
    at_entry = entering.inner_join(entrants, [UNIT, _ENTRY])
    # Two entries at one instant may differ in the property: the first in the alphabet stands for both.
    named = at_entry.group_by([UNIT, COHORT, _ENTRY]).aggregate(**{SEGMENT: at_entry[SEGMENT].min()})
    if not question.kept:
        return named
    is_kept = engine.any_of(named[SEGMENT] == value for value in (*question.kept, MISSING))
    return named.mutate(**{SEGMENT: ibis.ifelse(is_kept, named[SEGMENT], OTHER)})


def _recurring(rows: Any, question: Question) -> Any:  # noqa: ANN401
    activity = _activity(rows, question)
    entering = activity.filter(activity[_ENTERED].notnull())
    return entering.select(UNIT, **{COHORT: entering[PERIOD], _ENTRY: entering[_ENTERED]})


def _once(rows: Any, question: Question) -> Any:  # noqa: ANN401
    """Find each unit's one entry: its first ever start, which must itself pass the filter, or its first that does."""
    activity = _activity(rows, question)
    columns = {COHORT: activity[PERIOD].min(where=activity[_ENTERED].notnull()), _ENTRY: activity[_ENTERED].min()}
    if question.first_ever:
        columns[_STARTED] = activity[_STARTED].min()
    firsts = activity.group_by(UNIT).aggregate(**columns)
    firsts = firsts.filter(firsts[_ENTRY].notnull())
    if question.first_ever:
        firsts = firsts.filter(firsts[_ENTRY] == firsts[_STARTED]).drop(_STARTED)
    if question.entries:
        firsts = firsts.filter(firsts[_ENTRY] >= question.entries[0], firsts[_ENTRY] < question.entries[1])
    return firsts


def _found(rows: Any, entrants: Any, question: Question) -> Any:  # noqa: ANN401
    """Give one row per unit, cohort and period number in which it counts, as the measure says."""
    pairs = _rolling(rows, entrants, question) if question.rolling else _calendar(rows, entrants, question)
    number = pairs[PERIOD_NUMBER]
    who = [name for name in (UNIT, COHORT, SEGMENT) if name in pairs.columns]
    if question.measure == "on":
        return pairs
    if question.measure == "bracket":
        return _bracketed(pairs, who, question)
    later = pairs.filter(number >= question.from_number)
    number = later[PERIOD_NUMBER]
    if question.measure == "streak":
        nth = ibis.row_number().over(ibis.window(group_by=[UNIT, COHORT], order_by=PERIOD_NUMBER)) + 1
        ranked = later.mutate(nth=nth)
        return ranked.filter(ranked["nth"] == ranked[PERIOD_NUMBER])
    only = number.min() if question.measure == "on_or_before" else ibis.least(number.max(), question.last)
    return later.group_by(who).aggregate(**{PERIOD_NUMBER: only})


def _bracketed(pairs: Any, who: Sequence[str], question: Question) -> Any:  # noqa: ANN401
    number = pairs[PERIOD_NUMBER]
    edge = ibis.cases(*((number <= edge, ibis.literal(edge, "int64")) for edge in question.columns))
    placed = pairs.mutate(**{PERIOD_NUMBER: edge})
    value = {VALUE: placed[VALUE].sum()} if question.value else {}
    grouped = placed.group_by([*who, PERIOD_NUMBER])
    return grouped.aggregate(**value) if value else placed.select(*who, PERIOD_NUMBER).distinct()


def _calendar(rows: Any, entrants: Any, question: Question) -> Any:  # noqa: ANN401
    """Pair entries with the calendar periods in which the unit returned often enough, by the number of the period."""
    activity = _activity(rows, question)
    often = activity.filter(activity[_RETURNS] >= question.min_events, activity[PERIOD] <= question.last_over)
    if question.measure == "on_or_after":
        # The last return says it all, however far away it lies.
        often = often.group_by(UNIT).aggregate(**{PERIOD: often[PERIOD].max()})
        pairs = entrants.inner_join(often, UNIT)
    else:
        at_once = [_LAST_OTHER, _LAST_START] if question.same_period else []
        often = often.select(UNIT, PERIOD, *([VALUE] if question.value else []), *at_once)
        pairs = _met(often, entrants, question, reach=question.last)
    pairs = pairs.mutate(**{PERIOD_NUMBER: pairs[PERIOD] - pairs[COHORT]})
    within = pairs[PERIOD_NUMBER] >= 0
    if question.measure != "on_or_after":
        within &= pairs[PERIOD_NUMBER] <= question.last
    if question.same_period:
        # An event that starts no cohort may lie at the instant of the entry: dates have no order within a day.
        after = (pairs[_LAST_OTHER] >= pairs[_ENTRY]) | (pairs[_LAST_START] > pairs[_ENTRY])
        within &= (pairs[PERIOD_NUMBER] > 0) | engine.surely(after)
    return pairs.filter(within)


def _rolling(rows: Any, entrants: Any, question: Question) -> Any:  # noqa: ANN401
    """Pair entries with the periods since their instant, over for the unit, in which it returned often enough."""
    read = [UNIT, PERIOD, _NOW, _ENTERS, *([VALUE] if question.value else [])]
    returns = rows.filter(rows[_RETURNS]).select(read)
    reach = None if question.measure == "on_or_after" else question.last + _ROLLING_SLACK
    pairs = _met(returns, entrants, question, reach=reach)
    pairs = pairs.filter(pairs[_NOW] >= pairs[_ENTRY])
    if question.same_period:
        pairs = pairs.filter((pairs[_NOW] > pairs[_ENTRY]) | ~pairs[_ENTERS])
    pairs = pairs.mutate(**{PERIOD_NUMBER: ((pairs[_NOW] - pairs[_ENTRY]) // question.length).cast("int64")})
    over = pairs[_ENTRY] + (pairs[PERIOD_NUMBER] + 1) * question.length <= question.until
    if reach is not None:
        over &= pairs[PERIOD_NUMBER] <= question.last
    pairs = pairs.filter(over)
    who = [name for name in (UNIT, COHORT, SEGMENT, PERIOD_NUMBER) if name in pairs.columns]
    columns = {_RETURNS: pairs.count(), **({VALUE: pairs[VALUE].sum()} if question.value else {})}
    folded = pairs.group_by(who).aggregate(**columns)
    return folded.filter(folded[_RETURNS] >= question.min_events)


def _met(returns: Any, entrants: Any, question: Question, *, reach: int | None) -> Any:  # noqa: ANN401
    """Join returns to the entries of their unit, up to ``reach`` periods before them."""
    if not question.recurring or reach is None:
        return returns.inner_join(entrants, UNIT)
    spread = returns.mutate(**{_BACK: ibis.range(0, reach + 1).unnest()})
    spread = spread.mutate(**{COHORT: spread[PERIOD] - spread[_BACK].cast("int64")})
    return spread.inner_join(entrants, [UNIT, COHORT])
