"""Attempts -> how many units got how far, by the value of a property."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.attempts import ENTRY, Attempts
from pm_analytics.analyses.funnel.counts.chosen import chosen
from pm_analytics.analyses.funnel.counts.instants import APART, NOW, fills, keys_of, labels, step_rows, without
from pm_analytics.analyses.funnel.counts.levels import Levels, by_level, fold
from pm_analytics.analyses.funnel.counts.ordered import LEVEL, reached
from pm_analytics.names import SEGMENT, UNIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MISSING, OTHER = "(missing)", "(other)"


@dataclass(frozen=True, slots=True)
class Segments:
    """Levels by segment, the largest segment first, "other" last.

    Attributes
    ----------
    levels : dict
        Segment -> its levels.
    others : int
        Number of further values that "other" stands for.
    """

    levels: dict[str, Levels]
    others: int


def segments(
    attempts: Attempts, properties: Sequence[str], attribution: str | int, *, top: int, each: bool
) -> Segments:
    """Count by segment.

    Parameters
    ----------
    attribution : {"entry", "first", "last", "all"} or int
        Whose value counts: that of the event which began the counted attempt; the first or last one that is not empty,
        over all the unit's step events; of each event its own, one funnel per value; of the event that made a step,
        by the number of the needed step.
    top : int
        Segments kept by name: those with the most units.
    each : bool
        Count attempts instead of units.
    """
    counted, attempts = _with_segment(attempts, properties, attribution, each=each)
    sizes = counted.group_by(SEGMENT).aggregate(size=counted.count())
    largest = engine.run(sizes.order_by([ibis.desc("size"), SEGMENT]).limit(top))[SEGMENT].tolist()
    distinct = engine.counts(sizes.aggregate(n=sizes.count()))["n"]
    if distinct > len(largest):
        is_large = engine.any_of(counted[SEGMENT] == value for value in largest)
        counted = counted.mutate(**{SEGMENT: ibis.ifelse(is_large, counted[SEGMENT], OTHER)})
        largest.append(OTHER)
    rows = engine.run(by_level(counted, attempts, (SEGMENT,)))
    found = {name: fold(rows[rows[SEGMENT] == name], attempts.question) for name in largest}
    return Segments(found, max(0, distinct - top))


def _with_segment(
    attempts: Attempts, properties: Sequence[str], attribution: str | int, *, each: bool
) -> tuple[Any, Attempts]:
    """Give the counted attempts with their segment; "all" is a funnel of its own."""
    if attribution == "all":
        attempts = Attempts(attempts.log, replace(attempts.question, apart=tuple(properties)))
        counted = attempts.owned() if each else attempts.counted(by=(UNIT, APART))
        return _named(counted.rename({SEGMENT: APART})), attempts
    counted = chosen(attempts, each=each)
    if attribution == "entry":
        return at_entry(counted, attempts, partial(labels, properties=properties)), attempts
    rows = step_rows(attempts.log, attempts.question, {SEGMENT: partial(labels, properties=properties)})
    if attribution in {"first", "last"}:
        found = _touch(rows, str(attribution), attempts)
        return _named(counted.left_join(found, UNIT).drop(f"{UNIT}_right")), attempts
    level = int(attribution)
    counted = counted.filter(counted[LEVEL] >= level)
    return _named(_joined(counted, _at_step(rows, level, attempts), level, attempts)), attempts


def at_entry(counted: Any, attempts: Attempts, label: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Add to attempts the value of the event that began them; missing values by that name."""
    rows = step_rows(attempts.log, attempts.question, {SEGMENT: label})
    return _named(_joined(counted, _at_step(rows, 1, attempts), 1, attempts))


def _named(counted: Any) -> Any:  # noqa: ANN401
    """Call the empty value by its name."""
    missing = counted[SEGMENT].isnull() | (counted[SEGMENT] == "")
    return counted.mutate(**{SEGMENT: ibis.ifelse(missing, MISSING, counted[SEGMENT])})


def _touch(rows: Any, which: str, attempts: Attempts) -> Any:  # noqa: ANN401
    """Find each unit's first or last value that is not empty, over all events that fill a step."""
    kinds = range(len(attempts.question.kinds.kinds))
    rows = rows.filter(engine.any_of(rows[fills(kind)] for kind in kinds), rows[SEGMENT] != "")
    when = rows[NOW] if which == "first" else -rows[NOW]
    nth = ibis.row_number().over(ibis.window(group_by=UNIT, order_by=[when, SEGMENT]))
    ranked = rows.select(UNIT, SEGMENT, nth=nth)
    return ranked.filter(ranked["nth"] == 0).drop("nth")


def _at_step(rows: Any, level: int, attempts: Attempts) -> Any:  # noqa: ANN401
    """Give the value of the events that could have made a step, per key and instant; of several the first in order."""
    question = attempts.question
    # Without an order any step begins an attempt.
    kinds = range(len(question.kinds.kinds)) if question.order == "any" else [question.kinds.order[level - 1]]
    rows = rows.filter(engine.any_of(rows[fills(kind)] for kind in kinds))
    value = ibis.ifelse(rows[SEGMENT] == "", ibis.null("string"), rows[SEGMENT]).min()
    return rows.group_by([*keys_of(question), NOW]).aggregate(**{SEGMENT: value})


def _joined(counted: Any, values: Any, level: int, attempts: Attempts) -> Any:  # noqa: ANN401
    keys = keys_of(attempts.question)
    there = values.rename({f"{name}_there": name for name in [*keys, NOW]})
    same = [counted[key] == there[f"{key}_there"] for key in keys]
    when = counted[ENTRY if level == 1 else reached(level)]
    joined = counted.left_join(there, [*same, when == there[f"{NOW}_there"]])
    return without(joined, *(f"{name}_there" for name in [*keys, NOW]))
