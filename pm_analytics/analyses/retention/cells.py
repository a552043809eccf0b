"""Counts -> the tidy table of cells and the pooled curve. Pure arithmetic; what is not observed stays null."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics import calendars
from pm_analytics.analyses.retention.counts import MISSING, OTHER, SIZE
from pm_analytics.names import (
    AT_RISK,
    BRACKET,
    CI_LOWER,
    CI_UPPER,
    COHORT,
    COHORT_USERS,
    COHORTS,
    COMPLETE,
    PERIOD_NUMBER,
    PROVISIONAL,
    RATE,
    SEGMENT,
    USERS,
    VALUE,
)
from pm_analytics.results import records
from pm_analytics.stats.proportions import UNDEFINED, Interval, share, wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from pm_analytics.analyses.retention.question import Question

Row = dict[str, Any]


def cohorts_shown(counted: pd.DataFrame, question: Question) -> range:
    """Give the numbers of the cohorts: all that ``entries`` touches, else from the first with a unit to the last."""
    if question.entries is not None:
        start, end = question.entries[0], min(question.entries[1], question.until)
        return range(question.number_at(start), question.number_at(end - 1) + 1) if end > start else range(0)
    seen = counted[COHORT]
    return range(int(seen.min()), int(seen.max()) + 1) if len(seen) else range(0)


def table(counted: pd.DataFrame, cohorts: Iterable[int], question: Question, confidence: float) -> pd.DataFrame:
    """Lay the counts out as one row per cohort and period number."""
    users = _sums(counted, USERS)
    values = _sums(counted, VALUE) if question.value else None
    rows = [row for cohort in cohorts for row in _cohort(cohort, users, values, question, confidence)]
    columns = [COHORT, COHORT_USERS, PERIOD_NUMBER, *([BRACKET] if question.edges else []), USERS, RATE]
    columns += [CI_LOWER, CI_UPPER, COMPLETE, PROVISIONAL, *([VALUE] if question.value else [])]
    return pd.DataFrame(rows, columns=columns).astype(
        {COHORT_USERS: "int64", PERIOD_NUMBER: "int64", USERS: "float64", COMPLETE: "bool", PROVISIONAL: "bool"}
    )


def _sums(counted: pd.DataFrame, column: str) -> dict[tuple[int, int], float]:
    """Add up over segments, if there are any; a sum of nothing known is nothing."""
    totals: dict[tuple[int, int], float] = {}
    for row in records(counted.dropna(subset=column)):
        cell = int(row[COHORT]), int(row[PERIOD_NUMBER])
        totals[cell] = totals.get(cell, 0) + row[column]
    return totals


def _cohort(
    cohort: int,
    users: Mapping[tuple[int, int], float],
    values: Mapping[tuple[int, int], float] | None,
    question: Question,
    confidence: float,
) -> list[Row]:
    size = int(users.get((cohort, SIZE), 0))
    begins = calendars.start(cohort, question.period, week_start=question.week_start)
    counts = _cells([int(users.get((cohort, number), 0)) for number in question.columns], question.measure)
    rows = []
    for number, count, bracket in zip(question.columns, [size, *counts[1:]], brackets(question), strict=True):
        known = question.is_known(cohort, number)
        # That a cohort has its own size is a definition, not an estimate.
        interval = wilson(count, size, confidence=confidence) if known and number else UNDEFINED
        row = _row(begins, size, number, count, interval) if known else _unknown(begins, size, number)
        grows = question.measure == "on_or_after" and known and not question.is_known(cohort, number + 1)
        row |= {BRACKET: bracket, COMPLETE: known, PROVISIONAL: grows}
        row[VALUE] = values.get((cohort, number), 0.0) if values is not None and known else math.nan
        rows.append(row)
    return rows


def _cells(found: Sequence[int], measure: str) -> list[int]:
    """Turn where units were found into cells: those found there, there or later, or there or before."""
    if measure == "on_or_after":
        return [sum(found[number:]) for number in range(len(found))]
    if measure == "on_or_before":
        return [sum(found[1 : number + 1]) for number in range(len(found))]
    return list(found)


def _row(begins: date, size: int, number: int, count: int, interval: Interval) -> Row:
    return {
        COHORT: begins,
        COHORT_USERS: size,
        PERIOD_NUMBER: number,
        USERS: count,
        RATE: share(count, size),
        CI_LOWER: interval.lower,
        CI_UPPER: interval.upper,
    }


def _unknown(begins: date, size: int, number: int) -> Row:
    nothing = dict.fromkeys((USERS, RATE, CI_LOWER, CI_UPPER), math.nan)
    return {COHORT: begins, COHORT_USERS: size, PERIOD_NUMBER: number, **nothing}


def brackets(question: Question) -> list[str]:
    """Name each column as people read it: '0', '1', '2-3'."""
    firsts = [0, *(number + 1 for number in question.columns[:-1])]
    pairs = zip(firsts, question.columns, strict=True)
    return [str(last) if first == last else f"{first}-{last}" for first, last in pairs]


def curve(cells: pd.DataFrame, question: Question, confidence: float) -> pd.DataFrame:
    """Pool the complete cells of each period number: units retained over units observed so long."""
    known = cells[cells[COMPLETE] & (cells[COHORT_USERS] > 0)]
    by_number = {number: list(rows) for number, rows in groupby(_by_number(known), key=lambda row: row[PERIOD_NUMBER])}
    rows = [_pooled(number, by_number.get(number, []), confidence) for number in question.columns]
    columns = [PERIOD_NUMBER, USERS, AT_RISK, COHORTS, RATE, CI_LOWER, CI_UPPER]
    pooled = pd.DataFrame(rows, columns=[*columns, *([VALUE] if question.value else [])])
    if question.edges:
        pooled.insert(1, BRACKET, brackets(question))
    return pooled


def _by_number(cells: pd.DataFrame) -> list[Row]:
    return sorted(records(cells), key=lambda row: int(row[PERIOD_NUMBER]))


def _pooled(number: int, rows: Sequence[Row], confidence: float) -> Row:
    at_risk, users = sum(int(row[COHORT_USERS]) for row in rows), sum(int(row[USERS]) for row in rows)
    interval = wilson(users, at_risk, confidence=confidence) if number else UNDEFINED
    return {
        PERIOD_NUMBER: number,
        USERS: users if rows else math.nan,
        AT_RISK: at_risk,
        COHORTS: len(rows),
        RATE: share(users, at_risk),
        CI_LOWER: interval.lower,
        CI_UPPER: interval.upper,
        VALUE: sum(float(row.get(VALUE, math.nan)) for row in rows) if rows else math.nan,
    }


def segment_curves(
    counted: pd.DataFrame, cohorts: Sequence[int], question: Question, confidence: float
) -> pd.DataFrame:
    """Pool each segment on its own: the largest first, then "Other" and "Missing"."""
    found = set(counted[SEGMENT])
    ordered = [name for name in (*question.kept, OTHER, MISSING) if name in found]
    parts = []
    for name in dict.fromkeys(ordered):
        cells = table(counted[counted[SEGMENT] == name], cohorts, question, confidence)
        part = curve(cells, question, confidence)
        part.insert(0, SEGMENT, name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[SEGMENT, PERIOD_NUMBER])
