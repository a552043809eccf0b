"""The same counts by the compiled kernel, where the log is local and large enough for that to pay.

The engine still reads, filters and marks the rows; only unit and mark come over, and the kernel does the rest. Steps
that could share an event, and optional ones, stay with the queries. A property test holds the two paths equal.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.instants import NOW, bars, fills, keys_of, step_rows
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, STOPPED_AT, reached
from pm_analytics.arrays import arrays, arrays_by_hash
from pm_analytics.names import EVENT, TIME, UNIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pm_analytics.analyses.funnel.question import Question
    from pm_analytics.arrays import Keys
    from pm_analytics.events import EventLog

SMALLEST = 200_000
"""Rows from which on starting the kernel costs less than it saves."""
PORTION = 30_000_000
"""Rows of a prepared log that are looked at together: enough to be fast, few enough for a gigabyte."""
MOST_KINDS, MOST_BARS = 15, 4
"""What the eight low bits of a mark have room for; more is left to the queries."""
_MARK = "mark"


def may_compile(log: EventLog, question: Question) -> bool:
    """Tell whether the kernel can answer this question, and is worth starting."""
    return can_compile(question) and find_spec("numba") is not None and _is_large(log)


def _is_large(log: EventLog) -> bool:
    """Tell whether a log is here, and large; filters are not looked at, so that this costs nothing."""
    return (log.codes or 0) >= SMALLEST or engine.rows_here(log.whole.table, SMALLEST) >= SMALLEST


def can_compile(question: Question) -> bool:
    """Tell whether the kernel can answer this question: steps never share an event, and each is needed."""
    kinds = question.kinds
    apart = all(len(family) == 1 for family in kinds.families)
    return apart and not question.optional and len(kinds.kinds) <= MOST_KINDS and len(question.bars) <= MOST_BARS


def only_counts(question: Question) -> bool:
    """Tell whether the shortest kernel will do: loose order, all steps different, and no further rule."""
    gaps = any(question.gap(level) is not None for level in range(1, question.last))
    plain = question.order == "loose" and question.reentry == "any" and not question.tolerance
    alone = not (question.bars or question.held or question.apart or gaps)
    return plain and alone and len(question.kinds.kinds) == question.last


def count_levels(log: EventLog, question: Question) -> Any:  # noqa: ANN401 - an array
    """Count units by level: all, of them those still under way, and by level of mature attempts."""
    from pm_analytics.analyses.funnel import kernel

    until = log.observed_until
    window = kernel.FOREVER if question.window is None else question.window
    entries = question.entries or (-kernel.FOREVER, kernel.FOREVER)
    ripe = -kernel.FOREVER if question.horizon is None else until - question.horizon
    counts = np.zeros((3, question.last + 1), np.int64)
    for rows in _portions(log, _marked(log, question, kernel.SHIFT)):
        begins, marks = _to_count(rows, question)
        counts += kernel.count_levels(begins, marks, question.last, window, entries, ripe, until)
    return counts


def _portions(log: EventLog, rows: Any) -> Iterator[Any]:  # noqa: ANN401 - Ibis tables
    """Cut the rows of a prepared log into portions of units, which lie together there: memory then has a bound."""
    if log.codes is None:
        yield rows
        return
    many = -(-log.whole.source.rows_kept // PORTION)
    size = max(1, -(-log.codes // max(1, many)))
    for first in range(0, log.codes, size):
        yield rows.filter(rows[UNIT] >= first, rows[UNIT] < first + size)


def find_attempts(log: EventLog, question: Question) -> Any:  # noqa: ANN401 - an Ibis table
    """Give the attempt table, kept in the embedded engine."""
    from pm_analytics.analyses.funnel import kernel

    begins, marks, names = _grouped(log, question)
    window = kernel.FOREVER if question.window is None else question.window
    start, end = question.entries or (-kernel.FOREVER, kernel.FOREVER)
    order = np.array(question.kinds.order, np.int64)
    first = question.reentry == "first"
    if question.ordered:
        whose, levels, times, ended, stopped = kernel.find_attempts(
            begins,
            marks,
            order,
            len(question.kinds.kinds),
            _covers(question),
            _gaps(question, kernel.FOREVER),
            (window, start, end, question.tolerance),
            (question.order == "strict", first, question.remove),
        )
    else:
        needed = np.array([question.kinds.order.count(kind) for kind in range(len(question.kinds.kinds))], np.int64)
        opening = int(order[0]) if question.order == "first_then_any" else -1
        whose, levels, entered, ended = kernel.find_windows(begins, marks, needed, (window, start, end), opening, first)
        times, stopped = entered.reshape(-1, 1), np.full(len(entered), kernel.NO_TIME)
    columns = {LEVEL: levels, **{reached(n + 1): times[:, n] for n in range(times.shape[1])}}
    columns |= {BARRED_AT: ended, STOPPED_AT: stopped}
    return _table(whose, names, columns, kernel.NO_TIME)


def _covers(question: Question) -> Any:  # noqa: ANN401
    covers = [
        sum(1 << number for number, bar in enumerate(question.bars) if bar.covers(level))
        for level in range(question.last)
    ]
    return np.array(covers, np.int64)


def _gaps(question: Question, forever: int) -> Any:  # noqa: ANN401
    gaps = [question.gap(level) if level else None for level in range(question.last)]
    return np.array([forever if gap is None else gap for gap in gaps], np.int64)


def _grouped(log: EventLog, question: Question) -> tuple[Any, Any, Keys]:
    """Fetch the rows, give each key a code, and put each code's marks together."""
    from pm_analytics.analyses.funnel import kernel

    return _together(_marked(log, question, kernel.SHIFT), question)


def _together(rows: Any, question: Question) -> tuple[Any, Any, Keys]:  # noqa: ANN401
    from pm_analytics.analyses.funnel import kernel

    codes, marks, names = arrays(rows, keys_of(question), _MARK)
    begins, grouped = kernel.by_unit(codes, marks, len(names))
    return begins, grouped, names


def _to_count(rows: Any, question: Question) -> tuple[Any, Any]:  # noqa: ANN401
    """Put marks together by unit where nobody asks for names: ids that are texts then need not leave the engine."""
    from pm_analytics.analyses.funnel import kernel

    if rows[UNIT].type().is_string():
        one, other = engine.hashes(rows[UNIT])
        found = arrays_by_hash(rows.select(one=one, other=other, **{_MARK: rows[_MARK]}), _MARK)
        if found is not None:
            codes, marks, many = found
            begins, grouped = kernel.by_unit(codes, marks, many)
            return begins, grouped
    begins, grouped, _ = _together(rows, question)
    return begins, grouped


def _marked(log: EventLog, question: Question, shift: int) -> Any:  # noqa: ANN401 - an Ibis table
    """Give the rows that matter with their keys and mark."""
    if _by_name_only(question):
        return _marked_by_name(log, question, shift)
    rows = step_rows(log, question)
    return rows.select(*keys_of(question), **{_MARK: rows[NOW] * shift + _what(rows, question)})


def _by_name_only(question: Question) -> bool:
    """Tell whether an event's name says all: then the engine looks at each name once, which is most of its work."""
    kinds = question.kinds.kinds
    plain = all(kind.names and not kind.where and kind.first == "no" for kind in kinds)
    return plain and only_counts(question)


def _marked_by_name(log: EventLog, question: Question, shift: int) -> Any:  # noqa: ANN401
    kinds = {name: number + 1 for number, kind in enumerate(question.kinds.kinds) for name in kind.names}
    table = log.coded_events(kinds)
    if question.entries is not None:
        kind = table[TIME].type()
        table = table.filter(table[TIME] >= engine.moment_literal(question.entries[0], kind))
        if question.window is not None:
            last = question.entries[1] + question.window
            table = table.filter(table[TIME] < engine.moment_literal(last, kind))
    what = table[EVENT].cases(*kinds.items(), else_=0).cast("int64")
    now = engine.epoch_microseconds(table[TIME])
    return table.select(**{UNIT: table[log.unit], _MARK: now * shift + what})


def _what(rows: Any, question: Question) -> Any:  # noqa: ANN401
    """Write what an event does: its kind from 1 in the low bits, its exclusions in the high ones."""
    kinds = [(rows[fills(kind)], kind + 1) for kind in range(len(question.kinds.kinds))]
    what = ibis.cases(*kinds, else_=0).cast("int64")
    for number in range(len(question.bars)):
        what += rows[bars(number)].cast("int64") * (16 << number)
    return what


def _table(whose: Any, names: Keys, columns: dict[str, Any], nothing: int) -> Any:  # noqa: ANN401
    """Store attempts under the names of their keys; "never" becomes null."""
    import pyarrow as pa

    found = names.take(whose)
    for name, values in columns.items():
        found[name] = pa.array(values, pa.int64(), mask=values == nothing)
    return engine.store(pa.table(found), "attempts")
