"""The table of units -> units, means and covariances per variant (and segment, stratum, day): one small frame of sums.

Sums of what is left after taking an approximate mean away, so that the spread of a large number does not drown in
rounding (the variance of a billion and a bit is the variance of the bit).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.assignment import AT, people_of
from pm_analytics.analyses.experiment.counts.values import SUMMED, below, pre, prebelow, value
from pm_analytics.names import DAY, SEGMENT, UNIT, VARIANT
from pm_analytics.results import records
from pm_analytics.stats.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.counts.assignment import Assignment
    from pm_analytics.metrics import Metric

SAMPLE = 2_000
"""Units whose means are taken as what to subtract before summing, where nulls are in the way of a first sum."""
MISSING = "missing:"
"""Begins the name of a made-up column: 1 where another one is null."""
NONE_BEFORE = "none:"
"""Begins the name of a made-up column: 1 where a unit did nothing of the kind before exposure."""
UP_TO = "up_to"


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
    """Moments of one metric's columns in one group, and the smallest and the largest value of its target."""

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


def cap_of(table: Any, number: int, share: float) -> float:  # noqa: ANN401 - an Ibis table
    """Give the quantile of the non-zero values of all variants together; NaN when there are none."""
    column = table[value(number)]
    row = records(engine.run(table.aggregate(cap=column.quantile(share, where=column != 0))))[0]
    return _or_nan(row["cap"])


def capped(table: Any, caps: Mapping[int, float]) -> Any:  # noqa: ANN401
    """Cut values at a cap, the same in every variant."""
    cut = {
        value(number): ibis.ifelse(table[value(number)] > cap, ibis.literal(cap), table[value(number)])
        for number, cap in caps.items()
        if not math.isnan(cap)
    }
    return table.mutate(**cut) if cut else table


def moments(
    table: Any,  # noqa: ANN401 - an Ibis table
    layouts: Sequence[Layout],
    *,
    by: Sequence[str] = (),
    quick: Any = None,  # noqa: ANN401
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
    quick : Ibis table, optional
        A twin of the table that is tried first; see :class:`Units`.

    Returns
    -------
    dict
        (variant, *groups) -> one :class:`Summed` per layout. A unit whose target is null counts for none of it.
    """
    if not layouts:
        return {}
    shifts: dict[str, float] = {}
    frame = _run(table if quick is None else quick, layouts, by, shifts, masked=False)
    masked = not _complete(frame)
    shifts = _shifts(frame, layouts) if not masked else _sampled(table, layouts)
    if masked or shifts:
        frame = _run(table, layouts, by, shifts, masked=masked)
    return {
        (str(row[VARIANT]), *(row[name] for name in by)): [_summed(row, layout, shifts) for layout in layouts]
        for row in records(frame)
    }


def _run(
    table: Any,  # noqa: ANN401
    layouts: Sequence[Layout],
    by: Sequence[str],
    shifts: Mapping[str, float],
    *,
    masked: bool,
) -> pd.DataFrame:
    sums: dict[str, Any] = {} if masked else {"rows": table.count(), "incomplete": _any_null(table, layouts)}
    for layout in layouts:
        sums |= _sums(table, layout, shifts, masked=masked)
    return engine.run(table.group_by([VARIANT, *by]).aggregate(**sums).order_by([VARIANT, *by]))


def _any_null(table: Any, layouts: Sequence[Layout]) -> Any:  # noqa: ANN401
    """Count the units of whom anything is not known."""
    names = dict.fromkeys(name for layout in layouts for name in layout.columns if ":" not in name)
    return engine.any_of([table[name].isnull() for name in names]).cast("int64").sum()


def _complete(frame: pd.DataFrame) -> bool:
    """Tell whether nothing is missing anywhere: then plain sums, which are much faster, are right.

    What is no number shows in the sums that it is part of.
    """
    sums = frame.drop(columns=frame.columns[0]).select_dtypes("number")
    return bool((frame["incomplete"] == 0).all() and not sums.isna().any(axis=None))


def strata_of(table: Any, covariates: Sequence[str]) -> tuple[str, ...]:  # noqa: ANN401
    """Pick the covariates that are words, yes or no: their values are strata."""
    kinds = {name: table[name].type() for name in covariates}
    return tuple(name for name in covariates if kinds[name].is_string() or kinds[name].is_boolean())


def clustered(
    table: Any,  # noqa: ANN401
    cluster: str,
    layouts: Sequence[Layout],
    by: Sequence[str] = (),
) -> tuple[Any, list[Layout]]:
    """Add the units of each group together, and make every metric a ratio of the group's sums.

    A mean over units is a sum over a number of units, both of which differ from group to group.
    """
    columns: dict[str, Any] = {}
    made = []
    for layout in layouts:
        target, known = layout.targets[0], table[layout.targets[0]].notnull()
        count = known.cast("float64").sum()
        columns[target] = table[target].sum()
        columns[below(layout.number)] = table[layout.targets[1]].sum(where=known) if len(layout.targets) == 2 else count
        columns[f"size_{layout.number}"] = count
        past = tuple(name for name in layout.covariates if ":" not in name)
        columns |= {name: table[name].sum(where=known) for name in past}
        covariates = (*past, f"size_{layout.number}") if past else ()
        made.append(Layout(layout.number, (target, below(layout.number)), covariates, shifted=True))
    return table.group_by([VARIANT, cluster, *by]).aggregate(**columns), made


def clustered_so_far(
    table: Any,  # noqa: ANN401
    cluster: str,
    layouts: Sequence[Layout],
    days: Sequence[int],
) -> tuple[Any, list[Layout]]:
    """Add the units of each group together that are there by each of the days, in the column ``day``.

    A group whose units come on several days stays one group: its days by themselves would look like so many groups.
    """
    each, made = clustered(table, cluster, layouts, [DAY])
    calendar = engine.beside(engine.store(pd.DataFrame({UP_TO: list(days)}), "calendar"), table)
    joined = each.inner_join(calendar, each[DAY] <= calendar[UP_TO])
    columns = {name: joined[name].sum() for layout in made for name in layout.columns}
    grown = joined.group_by([VARIANT, cluster, UP_TO]).aggregate(**columns)
    return grown.rename({DAY: UP_TO}), made


def days_of(table: Any) -> list[int]:  # noqa: ANN401
    """List the days of the column ``day``."""
    return sorted(int(row[DAY]) for row in records(engine.run(table.select(DAY).distinct())) if row[DAY] is not None)


def with_property(table: Any, exposures: Assignment, prop: str) -> Any:  # noqa: ANN401
    """Add a property of the first exposure that the table of units does not hold yet."""
    if prop in table.columns:
        return table
    people = people_of(exposures, [prop])
    more = people.select(prop, **{UNIT: people[UNIT].cast(table[UNIT].type())})
    return table.left_join(engine.beside(more, table), UNIT).drop(f"{UNIT}_right")


def with_segment(table: Any, prop: str, named: Sequence[str], *, missing: str, other: str) -> Any:  # noqa: ANN401
    """Add the column ``segment``: a property as text, its smaller values together."""
    text = table[prop].cast("string")
    kept = ibis.ifelse(text.isin(list(named)), text, ibis.literal(other)) if named else ibis.literal(other)
    return table.mutate(**{SEGMENT: ibis.ifelse(text.isnull(), ibis.literal(missing), kept)})


def sizes_of(table: Any, prop: str) -> dict[str, int]:  # noqa: ANN401
    """Count the units of each value of a property, the largest first; missing ones are not among them."""
    counted = table.filter(table[prop].notnull()).group_by(table[prop].cast("string").name("value"))
    rows = records(engine.run(counted.aggregate(n=ibis._.count())))
    return {str(r["value"]): int(r["n"]) for r in sorted(rows, key=lambda r: (-int(r["n"]), str(r["value"])))}


def with_day(table: Any, after: int, timezone: str, until: int) -> Any:  # noqa: ANN401
    """Add the column ``day``: the local day (days since 1970) so many microseconds after exposure."""
    return table.mutate(**{DAY: engine.local_day(table[AT] + after, timezone, until)})


def with_other(table: Any, other: Assignment, control: str) -> Any:  # noqa: ANN401
    """Add the column ``segment``: "off" in the control of another experiment, "on" in any other of its variants."""
    people = people_of(other)
    told = people.select(**{UNIT: people[UNIT].cast(table[UNIT].type()), "other": people[VARIANT]})
    joined = table.inner_join(engine.beside(told, table), UNIT)
    return joined.mutate(**{SEGMENT: ibis.ifelse(joined["other"] == control, "off", "on")})


LARGE = 1e4
"""A mean so many standard deviations from zero is taken away before summing; else nothing is lost to rounding."""


def _shifts(frame: pd.DataFrame, layouts: Sequence[Layout]) -> dict[str, float]:
    """Find the columns that are large against their spread, with their means, from sums that were not shifted."""
    found: dict[str, float] = {}
    n = float(frame["rows"].sum())
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


def _sums(table: Any, layout: Layout, shifts: Mapping[str, float], *, masked: bool) -> dict[str, Any]:  # noqa: ANN401
    """Write the sums of one metric: plain ones with a count of each column, or ones that leave nulls out."""
    target = table[layout.targets[0]]
    known, stem = target.notnull(), f"m{layout.number}"
    sums = {f"{stem}_low": target.min()}
    if masked:
        sums[f"{stem}_n"] = target.count()
    if layout.bounded:
        sums[f"{stem}_high"] = target.max()
    columns: dict[int, Any] = {}
    for i, name in enumerate(layout.columns):
        if masked:
            columns[i] = _column(table, name, shifts.get(name, 0.0), known)
        elif not name.startswith(MISSING):
            columns[i] = _plain_column(table, name, shifts.get(name, 0.0))
    sums |= {f"{stem}_s{i}": column.sum() for i, column in columns.items()}
    for i, j in combinations_with_replacement(columns, 2):
        sums[f"{stem}_p{i}_{j}"] = (columns[i] * columns[j]).sum()
    return sums


def _plain_column(table: Any, name: str, shift: float) -> Any:  # noqa: ANN401
    kind, _, plain = name.rpartition(":")
    column = table[plain].cast("float64")
    if kind:
        return (column == 0).cast("float64")
    return column - shift if shift else column


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


def _summed(row: Mapping[str, Any], layout: Layout, shifts: Mapping[str, float]) -> Summed:
    stem, count = f"m{layout.number}", len(layout.columns)
    n = int(row[f"{stem}_n"] if f"{stem}_n" in row else row["rows"])
    # A column that is not there is an indicator of nulls of which there are none.
    sums = [_or_zero(row.get(f"{stem}_s{i}")) for i in range(count)]
    products = np.zeros((count, count))
    for i, j in combinations_with_replacement(range(count), 2):
        products[i, j] = products[j, i] = _or_zero(row.get(f"{stem}_p{i}_{j}"))
    found = Moments.of_sums(n, sums, products, [shifts.get(name, 0.0) for name in layout.columns])
    # Where the largest value was not asked for, a sum that is infinite tells that it is.
    high = _or_nan(row.get(f"{stem}_high")) if layout.bounded else math.nan if math.isfinite(sums[0]) else math.inf
    return Summed(found, _or_nan(row[f"{stem}_low"]), high)


def _or_zero(number: Any) -> float:  # noqa: ANN401
    return 0.0 if number is None or number != number else float(number)  # noqa: PLR0124


def _or_nan(number: Any) -> float:  # noqa: ANN401
    return math.nan if number is None else float(number)
