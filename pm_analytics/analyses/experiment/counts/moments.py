"""The table of units -> units, means and covariances per variant (and segment, stratum, day): one small frame of sums.

Sums of what is left after taking an approximate mean away, so that the spread of a large number does not drown in
rounding (the variance of a billion and a bit is the variance of the bit).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.assignment import ROWS
from pm_analytics.analyses.experiment.counts.values import SUMMED, below, pre, prebelow, value
from pm_analytics.names import VARIANT
from pm_analytics.results import records
from pm_analytics.shortcuts import NOTHING
from pm_analytics.stats.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.counts.values import Ahead
    from pm_analytics.metrics import Metric
    from pm_analytics.shortcuts import Known

SAMPLE = 2_000
"""Units whose means are taken as what to subtract before summing, where nulls are in the way of a first sum."""
MISSING = "missing:"
"""Begins the name of a made-up column: 1 where another one is null."""
NONE_BEFORE = "none:"
"""Begins the name of a made-up column: 1 where a unit did nothing of the kind before exposure."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns of the table of units belong to one metric.

    Attributes
    ----------
    number : int
        The metric's number.
    targets : tuple of str
        The value, and for a ratio what is below the line.
    covariates : tuple of str
        What is known from before exposure; ``"missing:x"`` and ``"none:x"`` are indicators made of the column x.
    shifted : bool
        Whether means may have to be taken away before summing; not needed for zeros and ones.
    bounded : bool
        Whether the largest value is asked for, too: a recorded conversion must be 0 or 1.
    """

    number: int
    targets: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    shifted: bool = True
    bounded: bool = False

    def without_covariates(self) -> Layout:
        """Give the same metric by itself."""
        return replace(self, covariates=())

    @property
    def columns(self) -> tuple[str, ...]:
        """Targets, then covariates: the order of the moments."""
        return self.targets + self.covariates


@dataclass(frozen=True, slots=True, eq=False)
class Summed:
    """Moments of one metric's columns in one group, and the smallest and the largest value of its target.

    Where nothing lies below zero, the smallest may be a bound that does not occur.
    """

    moments: Moments
    low: float
    high: float


def layout_of(
    number: int, metric: Metric, *, before: bool, covariates: Sequence[str] = (), target: str | None = None
) -> Layout:
    """Choose the columns of a metric; ``before``: also what it was before exposure."""
    targets = (target or value(number), below(number)) if metric.kind == "ratio" else (target or value(number),)
    past: tuple[str, ...] = ()
    if metric.is_recorded and metric.before is not None:
        past = (pre(number), f"{MISSING}{pre(number)}")
    elif before and not metric.is_recorded and metric.kind in SUMMED:
        past = (pre(number),)
        if metric.kind == "ratio":
            past += (prebelow(number),)
        if metric.kind != "conversion":
            past += (f"{NONE_BEFORE}{pre(number)}",)
    extra = tuple(name for column in covariates for name in (column, f"{MISSING}{column}"))
    shifted = metric.kind in {"mean", "ratio"} or metric.is_recorded
    bounded = metric.is_recorded and metric.kind == "conversion"
    return Layout(number, targets, past + extra, shifted, bounded)


def moments(
    table: Any,  # noqa: ANN401 - an Ibis table
    layouts: Sequence[Layout],
    *,
    by: Sequence[str] = (),
    ahead: Ahead | None = None,
) -> dict[tuple[Any, ...], list[Summed]]:
    """Give the moments of every metric for each variant, or each variant and group.

    Parameters
    ----------
    table : Ibis table
        One row per unit.
    layouts : sequence of Layout
        The metrics.
    by : sequence of str
        Further columns to group by.
    ahead : Ahead, optional
        The plain sums of the same units, metrics and groups, where they were asked for already.

    Returns
    -------
    dict
        (variant, *groups) -> one :class:`Summed` per layout. A unit whose target is null counts for none of it.
    """
    if not layouts:
        return {}
    facts = {} if ahead is None else ahead.facts
    frame = _run(table, by, plain_sums(table, layouts, facts)) if ahead is None else ahead.sums
    masked = not _complete(frame)
    shifts = _shifts(frame, layouts) if not masked else _sampled(table, layouts)
    if masked or shifts:
        sums = _masked_sums(table, layouts, shifts) if masked else plain_sums(table, layouts, facts, shifts)
        frame = _run(table, by, sums)
    return {
        (str(row[VARIANT]), *(row[name] for name in by)): [_summed(row, layout, shifts, facts) for layout in layouts]
        for row in records(frame)
    }


def _run(table: Any, by: Sequence[str], sums: Mapping[str, Any]) -> pd.DataFrame:  # noqa: ANN401
    return engine.run(table.group_by([VARIANT, *by]).aggregate(**sums))


def plain_sums(
    table: Any,  # noqa: ANN401
    layouts: Sequence[Layout],
    facts: Mapping[str, Known],
    shifts: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Any]:
    """Write the sums that are right where nothing is missing, with a count of units of whom something is.

    What is known for certain is not asked for: nulls where there are none, the smallest of values not below zero.
    """
    sums = {ROWS: table.count()} | _any_null(table, layouts, facts)
    for layout in layouts:
        columns = {
            i: _plain_column(table, name, shifts.get(name, 0.0))
            for i, name in enumerate(layout.columns)
            if not name.startswith(MISSING)
        }
        sums |= _ends(table, layout, facts.get(layout.targets[0], NOTHING)) | _products(layout, columns)
    return sums


def _masked_sums(table: Any, layouts: Sequence[Layout], shifts: Mapping[str, float]) -> dict[str, Any]:  # noqa: ANN401
    """Write the sums that leave nulls out, each with the count of its own units."""
    sums: dict[str, Any] = {}
    for layout in layouts:
        target = table[layout.targets[0]]
        columns = {
            i: _column(table, name, shifts.get(name, 0.0), target.notnull()) for i, name in enumerate(layout.columns)
        }
        sums[f"m{layout.number}_n"] = target.count()
        sums |= _ends(table, layout, NOTHING) | _products(layout, columns)
    return sums


def _ends(table: Any, layout: Layout, known: Known) -> dict[str, Any]:  # noqa: ANN401
    target, stem = table[layout.targets[0]], f"m{layout.number}"
    low = {f"{stem}_low": target.min()} if known.low < 0 else {}
    return low | ({f"{stem}_high": target.max()} if layout.bounded else {})


def _products(layout: Layout, columns: Mapping[int, Any]) -> dict[str, Any]:
    stem = f"m{layout.number}"
    sums = {f"{stem}_s{i}": column.sum() for i, column in columns.items()}
    pairs = combinations_with_replacement(columns, 2)
    return sums | {f"{stem}_p{i}_{j}": (columns[i] * columns[j]).sum() for i, j in pairs}


def plain_names(layouts: Sequence[Layout]) -> list[str]:
    """List the columns that are summed as they are."""
    return list(dict.fromkeys(name for layout in layouts for name in layout.columns if ":" not in name))


def _any_null(table: Any, layouts: Sequence[Layout], facts: Mapping[str, Known]) -> dict[str, Any]:  # noqa: ANN401
    """Count the units of whom anything is not known, unless nothing can be."""
    names = [name for name in plain_names(layouts) if not facts.get(name, NOTHING).no_null]
    empty = [table[name].isnull() for name in names]
    return {"incomplete": engine.any_of(empty).cast("int64").sum()} if empty else {}


def _complete(frame: pd.DataFrame) -> bool:
    """Tell whether nothing is missing anywhere: then plain sums, which are much faster, are right.

    What is no number shows in the sums that it is part of.
    """
    sums = frame.drop(columns=frame.columns[0]).select_dtypes("number")
    return bool((frame.get("incomplete", pd.Series(dtype=int)) == 0).all() and not sums.isna().any(axis=None))


LARGE = 1e4
"""A mean so many standard deviations from zero is taken away before summing; else nothing is lost to rounding."""


def _shifts(frame: pd.DataFrame, layouts: Sequence[Layout]) -> dict[str, float]:
    """Find the columns that are large against their spread, with their means, from sums that were not shifted."""
    found: dict[str, float] = {}
    n = float(frame[ROWS].sum())
    for layout in layouts:
        for i, name in enumerate(layout.columns):
            if not layout.shifted or ":" in name or n == 0:
                continue
            total, squares = (float(frame[f"m{layout.number}_{part}"].sum()) for part in (f"s{i}", f"p{i}_{i}"))
            mean = total / n
            if math.isfinite(squares) and squares / n - mean**2 < mean**2 / LARGE**2 and mean != 0:
                found[name] = _finite(mean)
    return found


def _sampled(table: Any, layouts: Sequence[Layout]) -> dict[str, float]:  # noqa: ANN401
    """Take rough means of the columns that may be large against their spread, where nulls are in the way."""
    names = sorted({name for layout in layouts if layout.shifted for name in layout.columns if ":" not in name})
    if not names:
        return {}
    some = table.select(*names).limit(SAMPLE)
    found = engine.run(some.aggregate(**{name: some[name].mean() for name in names})).iloc[0]
    return {name: _finite(found[name]) for name in names}


def _finite(number: Any) -> float:  # noqa: ANN401
    """Round to three digits: what is subtracted need not be exact, but must be the same in sums and products."""
    if number is None or not math.isfinite(number):
        return 0.0
    return float(f"{float(number):.3g}")


def _plain_column(table: Any, name: str, shift: float) -> Any:  # noqa: ANN401
    kind, _, plain = name.rpartition(":")
    column = table[plain].cast("float64")
    if kind:
        return (column == 0).cast("float64")
    # Taking nothing away is not idle: DuckDB then lays a column out once that it keeps as references to few values.
    return column - shift


def _column(table: Any, name: str, shift: float, known: Any) -> Any:  # noqa: ANN401
    """Write a column as what is summed: of known targets only, nulls of covariates as 0, the shift taken away."""
    kind, _, plain = name.rpartition(":")
    column = table[plain]
    if f"{kind}:" == MISSING:
        found = column.isnull().cast("float64")
    elif f"{kind}:" == NONE_BEFORE:
        found = (column.fill_null(0.0) == 0).cast("float64")
    else:
        found = column.cast("float64").fill_null(0.0)
        found = found - shift if shift else found
    return ibis.ifelse(known, found, ibis.null("float64"))


def _summed(row: Mapping[str, Any], layout: Layout, shifts: Mapping[str, float], facts: Mapping[str, Known]) -> Summed:
    stem, count = f"m{layout.number}", len(layout.columns)
    n = int(row[f"{stem}_n"] if f"{stem}_n" in row else row[ROWS])
    # A column that is not there is an indicator of nulls of which there are none.
    sums = [_or_zero(row.get(f"{stem}_s{i}")) for i in range(count)]
    products = np.zeros((count, count))
    for i, j in combinations_with_replacement(range(count), 2):
        products[i, j] = products[j, i] = _or_zero(row.get(f"{stem}_p{i}_{j}"))
    found = Moments.of_sums(n, sums, products, [shifts.get(name, 0.0) for name in layout.columns])
    # Where the largest value was not asked for, a sum that is infinite tells that it is.
    high = _or_nan(row.get(f"{stem}_high")) if layout.bounded else math.nan if math.isfinite(sums[0]) else math.inf
    low = row.get(f"{stem}_low", facts.get(layout.targets[0], NOTHING).low)
    return Summed(found, _or_nan(low), high)


def _or_zero(number: Any) -> float:  # noqa: ANN401
    return 0.0 if number is None or number != number else float(number)  # noqa: PLR0124


def _or_nan(number: Any) -> float:  # noqa: ANN401
    return math.nan if number is None else float(number)
