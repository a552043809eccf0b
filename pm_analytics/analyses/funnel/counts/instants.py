"""Event log -> one row per unit and instant: what could happen to its attempts there.

Equal times convert in either order, so the events of one instant are one thing: a row with the number of events that
fill each set of kinds of step, and with the exclusions that happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.events import matches
from pm_analytics.names import EVENT, TIME, UNIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pm_analytics.analyses.funnel.question import Question
    from pm_analytics.analyses.funnel.steps import Step
    from pm_analytics.events import EventLog

NOW = "now"
HELD = "held"
APART = "apart"
MISSING = ""
JOINED = " / "


def keys_of(question: Question) -> list[str]:
    """Name the columns within which an attempt lives: the unit, what is held constant, what is told apart."""
    held = [HELD] if question.held else []
    return [UNIT, *held, *([APART] if question.apart else [])]


def without(table: Any, *columns: str) -> Any:  # noqa: ANN401
    """Leave out columns, and keep the order of the others: the text of a query stays the same from run to run."""
    return table.select(*(name for name in table.columns if name not in columns))


def rows_of(group: frozenset[int]) -> str:
    """Name the column that counts an instant's events that fill any of a set of kinds."""
    return "rows_of_" + "_".join(map(str, sorted(group)))


def fills(kind: int) -> str:
    """Name the column that says whether an event fills a kind of step."""
    return f"fills_{kind}"


def optional_fills(index: int) -> str:
    """Name the column that says whether an event (or an instant's) fills an optional step, by its index."""
    return f"optional_{index}"


def bars(number: int) -> str:
    """Name the column that says whether an exclusion happened, by its number."""
    return f"bars_{number}"


def instants(log: EventLog, question: Question) -> Any:  # noqa: ANN401 - an Ibis table
    """Fold the events into one row per key and instant.

    Returns
    -------
    Ibis table
        The keys, ``now``, ``rows_of_...`` per set of kinds that could share an event, ``optional_...`` and
        ``bars_...`` (whether an optional step or an exclusion happened). In strict order also the instants at which
        nothing of this happened: they interrupt.
    """
    rows = step_rows(log, question)
    counts = {
        rows_of(group): engine.any_of(rows[fills(kind)] for kind in sorted(group)).cast("int64").sum()
        for group in question.kinds.groups()
    }
    flags = [*map(optional_fills, question.optional), *(bars(number) for number in range(len(question.bars)))]
    happened = {flag: rows[flag].cast("int64").max() for flag in flags}
    return rows.group_by([*keys_of(question), NOW]).aggregate(**counts, **happened)


def step_rows(log: EventLog, question: Question, carry: Mapping[str, Callable[[Any], Any]] | None = None) -> Any:  # noqa: ANN401
    """Give the events that matter, one row each: the keys, ``now``, and whether it fills or bars what.

    ``carry`` adds columns: name -> function of the event table.
    """
    kinds = question.kinds.kinds
    optional = {index: question.steps[index] for index in question.optional}
    rare = [*kinds, *optional.values(), *(bar.kind for bar in question.bars)]
    table = log.coded_events(_names(rare, question))
    now = engine.epoch_microseconds(table[TIME])
    columns = {UNIT: table[log.unit], NOW: now}
    columns |= {fills(number): _filled(table, log, now, kind) for number, kind in enumerate(kinds)}
    columns |= {optional_fills(index): _filled(table, log, now, step) for index, step in optional.items()}
    columns |= {bars(number): _filled(table, log, now, bar.kind) for number, bar in enumerate(question.bars)}
    columns |= _extra_keys(table, question)
    matter = [name for name in columns if name.startswith(("fills_", "optional_", "bars_"))]
    columns |= {name: make(table) for name, make in (carry or {}).items()}
    rows = _in_time(table.select(**columns), question)
    if question.held:
        rows = rows.filter(rows[HELD].notnull(), rows[HELD] != MISSING)
    if question.order == "strict":
        return rows
    return rows.filter(engine.any_of(rows[name] for name in matter))


def _names(kinds: Sequence[Step], question: Question) -> list[str] | None:
    """List the event names to read: all of them when order is strict, or when any event fills a step."""
    if question.order == "strict" or not all(kind.names for kind in kinds):
        return None
    return list(dict.fromkeys(name for kind in kinds for name in kind.names))


def _extra_keys(table: Any, question: Question) -> dict[str, Any]:  # noqa: ANN401
    keys = {}
    if question.held:
        keys[HELD] = table[question.held].cast("string")
    if question.apart:
        keys[APART] = labels(table, question.apart)
    return keys


def labels(table: Any, properties: Sequence[str]) -> Any:  # noqa: ANN401
    """Write the values of properties as one text; a missing value is an empty one."""
    texts = [table[name].cast("string").fill_null(MISSING) for name in properties]
    label = texts[0]
    for text in texts[1:]:
        label = label + JOINED + text
    return label


def _filled(table: Any, log: EventLog, now: Any, kind: Step) -> Any:  # noqa: ANN401
    """Write whether an event fills a kind of step."""
    named = filled_by_name(table, kind)
    having = [engine.surely(matches(table[name], value)) for name, value in kind.where.items()]
    filled = ibis.and_(named, *having) if having else named
    if kind.first == "no":
        return filled
    among = named if kind.first == "ever" else filled
    whole_unit = ibis.window(group_by=table[log.unit], rows=(None, None))
    first = ibis.ifelse(among, now, ibis.null("int64")).min().over(whole_unit)
    return filled & engine.surely(now == first)


def filled_by_name(table: Any, kind: Step) -> Any:  # noqa: ANN401
    """Write whether an event has one of a step's names."""
    return engine.any_of(table[EVENT] == name for name in kind.names) if kind.names else ibis.literal(value=True)


def _in_time(rows: Any, question: Question) -> Any:  # noqa: ANN401
    """Keep events that could be part of an attempt that may begin."""
    if question.entries is None:
        return rows
    start, end = question.entries
    rows = rows.filter(rows[NOW] >= start - question.tolerance)
    return rows if question.window is None else rows.filter(rows[NOW] < end + question.window)
