"""Counts -> the tidy table of cells and the pooled curve. Pure arithmetic; what is not observed stays null."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics import calendars
from pm_analytics.analyses.retention.counts import SIZE
from pm_analytics.asking import MISSING, OTHER
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    AT_RISK,
    BRACKET,
    CI_LOWER,
    CI_UPPER,
    COHORT,
    COHORT_USERS,
    COHORTS,
    COMPLETE,
    PERIOD,
    PERIOD_NUMBER,
    PROVISIONAL,
    RATE,
    SEGMENT,
    USERS,
    VALUE,
    VALUE_PER_USER,
)
from pm_analytics.results import records
from pm_analytics.stats.means import mean_interval
from pm_analytics.stats.proportions import UNDEFINED, Interval, share, wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from pm_analytics.analyses.retention.question import Question

Row = dict[str, Any]

MOST_COHORTS = 10_000
"""Daily cohorts of 27 years. More than that were not meant: a clock was wrong, and one event lies in a far year."""


def cohorts_shown(counted: pd.DataFrame, question: Question) -> range:
    """Give the numbers of the cohorts: all that ``entries`` touches, else from the first with a unit to the last."""
    if question.entries is not None:
        start, end = question.entries[0], min(question.entries[1], question.until)
        shown = range(question.number_at(start), question.number_at(end - 1) + 1) if end > start else range(0)
    else:
        seen = counted[COHORT]
        shown = range(int(seen.min()), int(seen.max()) + 1) if len(seen) else range(0)
    if len(shown) > MOST_COHORTS:
        first, last = (
            calendars.start(n, question.period, week_start=question.week_start) for n in (shown[0], shown[-1])
        )
        raise ParameterError(
            f"There are {len(shown):,} cohorts from {first} to {last}: is the clock of an event wrong? pm.check(log) "
            "tells; leave it out with log.between(...), or choose with entries=."
        )
    return shown


def table(counted: pd.DataFrame, cohorts: Iterable[int], question: Question, confidence: float) -> pd.DataFrame:
    """Lay the counts out as one row per cohort and period number."""
    users = _sums(counted, USERS)
    values = _sums(counted, VALUE) if question.value else None
    rows = [row for cohort in cohorts for row in _cohort(cohort, users, values, question, confidence)]
    columns = [COHORT, COHORT_USERS, PERIOD_NUMBER, *([BRACKET] if question.edges else []), USERS, RATE]
    columns += [CI_LOWER, CI_UPPER, COMPLETE, PROVISIONAL, *_worth(question)]
    return pd.DataFrame(rows, columns=columns).astype(
        {COHORT_USERS: "int64", PERIOD_NUMBER: "int64", USERS: "float64", COMPLETE: "bool", PROVISIONAL: "bool"}
    )


def _worth(question: Question) -> list[str]:
    return [VALUE, VALUE_PER_USER] if question.value else []


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
    found = [int(users.get((cohort, number), 0)) for number in question.columns]
    rows = []
    for number, count, bracket in zip(question.columns, _cells(found, size, question), brackets(question), strict=True):
        known, is_share = question.is_known(cohort, number), number >= question.from_number
        # That a cohort has its own size is a definition, not an estimate.
        interval = wilson(count, size, confidence=confidence) if known and is_share else UNDEFINED
        row = _row(begins, size, number, count, interval) if known else _unknown(begins, size, number)
        can_grow = question.measure == "on_or_after" and is_share and known
        row |= {BRACKET: bracket, COMPLETE: known, PROVISIONAL: can_grow and not question.is_known(cohort, number + 1)}
        row[VALUE] = values.get((cohort, number), 0.0) if values is not None and known else math.nan
        row[VALUE_PER_USER] = share(row[VALUE], size)
        rows.append(row)
    return rows


def _cells(found: Sequence[int], size: int, question: Question) -> list[int]:
    """Turn where units were found into cells: those found there, there or later, or there or before."""
    cells, first = list(found), question.from_number
    if question.measure == "on_or_after":
        cells = [sum(found[number:]) for number in range(len(found))]
    if question.measure == "on_or_before":
        cells = [sum(found[first : number + 1]) for number in range(len(found))]
    return cells if question.same_period else [size, *cells[1:]]


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


def curve(cells: pd.DataFrame, question: Question, confidence: float, *, average: str = "pooled") -> pd.DataFrame:
    """Average the complete cells of each period number: units retained over units observed so long, or their mean."""
    known = cells[cells[COMPLETE] & (cells[COHORT_USERS] > 0)]
    by_number = {number: list(rows) for number, rows in groupby(_by_number(known), key=lambda row: row[PERIOD_NUMBER])}
    rows = [_averaged(number, by_number.get(number, []), question, confidence, average) for number in question.columns]
    columns = [PERIOD_NUMBER, USERS, AT_RISK, COHORTS, RATE, CI_LOWER, CI_UPPER]
    pooled = pd.DataFrame(rows, columns=[*columns, *_worth(question)])
    if question.edges:
        pooled.insert(1, BRACKET, brackets(question))
    return pooled


def _by_number(cells: pd.DataFrame) -> list[Row]:
    return sorted(records(cells), key=lambda row: int(row[PERIOD_NUMBER]))


def _averaged(number: int, rows: Sequence[Row], question: Question, confidence: float, average: str) -> Row:
    at_risk, users = sum(int(row[COHORT_USERS]) for row in rows), sum(int(row[USERS]) for row in rows)
    rates = [float(row[RATE]) for row in rows]
    simple = average == "simple"
    interval = _around(rates, confidence) if simple else wilson(users, at_risk, confidence=confidence)
    interval = interval if number >= question.from_number else UNDEFINED
    value = sum(float(row.get(VALUE, math.nan)) for row in rows) if rows else math.nan
    return {
        PERIOD_NUMBER: number,
        USERS: users if rows else math.nan,
        AT_RISK: at_risk,
        COHORTS: len(rows),
        RATE: share(sum(rates), len(rates)) if simple else share(users, at_risk),
        CI_LOWER: interval.lower,
        CI_UPPER: interval.upper,
        VALUE: value,
        VALUE_PER_USER: share(value, at_risk),
    }


def _around(rates: Sequence[float], confidence: float) -> Interval:
    """Student's interval around the mean of cohorts' rates; no share lies outside of 0 and 1."""
    around = mean_interval(len(rates), sum(rates), sum(rate**2 for rate in rates), confidence=confidence)
    return around if math.isnan(around.lower) else Interval(max(0.0, around.lower), min(1.0, around.upper))


def over_time(cells: pd.DataFrame, number: int, per: str, question: Question, confidence: float) -> pd.DataFrame:
    """Pool the cells of one period number over the cohorts of each longer period."""
    there = cells[cells[PERIOD_NUMBER] == number]
    groups = [calendars.number_of(cohort, per, week_start=question.week_start) for cohort in there[COHORT]]
    rows = [
        _group(int(group), part, number, per, question, confidence)
        for group, part in there.groupby(pd.Series(groups, index=there.index, dtype="int64"), sort=True)
    ]
    return pd.DataFrame(rows, columns=[PERIOD, COHORTS, USERS, AT_RISK, RATE, CI_LOWER, CI_UPPER, COMPLETE])


def _group(group: int, part: pd.DataFrame, number: int, per: str, question: Question, confidence: float) -> Row:
    known = [row for row in records(part[part[COMPLETE]]) if row[COHORT_USERS] > 0]
    row = _averaged(number, known, question, confidence, "pooled")
    starts = [calendars.start(n, per, week_start=question.week_start) for n in (group, group + 1)]
    last = calendars.number_of(starts[1] - timedelta(days=1), question.period, week_start=question.week_start)
    return {**row, PERIOD: starts[0], COMPLETE: question.is_known(last, number)}


def segment_curves(
    counted: pd.DataFrame, cohorts: Sequence[int], question: Question, confidence: float
) -> pd.DataFrame:
    """Pool each segment on its own: the largest first, then the rest, then those without a value."""
    found = set(counted[SEGMENT])
    ordered = [name for name in (*question.kept, OTHER, MISSING) if name in found]
    parts = []
    for name in dict.fromkeys(ordered):
        cells = table(counted[counted[SEGMENT] == name], cohorts, question, confidence)
        part = curve(cells, question, confidence)
        part.insert(0, SEGMENT, name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[SEGMENT, PERIOD_NUMBER])
