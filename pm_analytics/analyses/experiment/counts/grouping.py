"""The table of units -> the same with capped values, or groups of units: clusters, segments, days, other variants."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.assignment import AT, people_of
from pm_analytics.analyses.experiment.counts.moments import Layout
from pm_analytics.analyses.experiment.counts.values import below, value
from pm_analytics.names import DAY, SEGMENT, UNIT, VARIANT
from pm_analytics.results import records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.counts.assignment import Assignment

UP_TO = "up_to"


def cap_of(table: Any, number: int, share: float) -> float:  # noqa: ANN401 - an Ibis table
    """Give the quantile of the non-zero values of all variants together; NaN when there are none."""
    column = table[value(number)]
    row = records(engine.run(table.aggregate(cap=column.quantile(share, where=column != 0))))[0]
    return math.nan if row["cap"] is None else float(row["cap"])


def capped(table: Any, caps: Mapping[int, float]) -> Any:  # noqa: ANN401
    """Cut values at a cap, the same in every variant."""
    cut = {
        value(number): ibis.ifelse(table[value(number)] > cap, ibis.literal(cap), table[value(number)])
        for number, cap in caps.items()
        if not math.isnan(cap)
    }
    return table.mutate(**cut) if cut else table


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
