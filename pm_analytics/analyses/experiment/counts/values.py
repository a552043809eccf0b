"""Events and exposures -> one row per unit, with its value of every metric and what it did before.

This table stands behind every view of an experiment, so that effects, segments, days and tests on the user's own data
agree. One pass over the events fills it: they are joined to the units and folded to one value per unit and metric.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts import near
from pm_analytics.analyses.experiment.counts.assignment import (
    AT,
    FITS,
    Assignment,
    exposure_rows,
    people_of,
    valid_rows,
)
from pm_analytics.filters import matches
from pm_analytics.metrics import ROWS
from pm_analytics.names import EVENT, TIME, UNIT, VARIANT
from pm_analytics.times import microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric
    from pm_analytics.shortcuts import Known

NOW = "now"
SUMMED = {"conversion", "count", "mean", "ratio"}
"""Kinds whose value is one sum (or two) over a unit's events; the others ask queries of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What the table of units is made of.

    Attributes
    ----------
    log : EventLog or None
        Events after (and before) exposure; None when all is recorded with the exposures.
    exposures : Assignment
        Who met what.
    metrics : sequence of Metric
        In order; their numbers name the columns.
    before : int or None
        Microseconds before exposure over which each metric is looked at as well.
    properties : sequence of str
        Properties of the first exposure to keep.
    trigger : str or None
        The event that a unit must meet after exposure to be compared.
    """

    log: EventLog | None
    exposures: Assignment
    metrics: Sequence[Metric]
    before: int | None = None
    properties: Sequence[str] = ()
    trigger: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What was asked for ahead: a row of sums per variant and stratum, and what was certain without asking."""

    sums: pd.DataFrame
    facts: Mapping[str, Known]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """One row per unit compared.

    Attributes
    ----------
    table : Ibis table
        ``unit``, ``variant``, ``at``, the properties, ``near_0`` (bits for events close to exposure), and per metric
        (by its number) ``value_0``; for a ratio also ``below_0``; over the time before exposure ``pre_0`` (and
        ``prebelow_0``); for a funnel ``step_0_1`` and so on.
        A value is null where the unit was not observed long enough, or where nothing is known.
    asked : Asked
        What it was made of.
    exposed : mapping
        Variant -> units exposed, also those that never met the trigger.
    ahead : Ahead or None
        The plain sums of the plan's metrics, where they were asked for together with the totals.
    """

    table: Any
    asked: Asked
    exposed: Mapping[str, int] = field(default_factory=dict)
    ahead: Ahead | None = None


def value(number: int) -> str:
    """Name the column of a metric's value."""
    return f"value_{number}"


def below(number: int) -> str:
    """Name the column of a ratio's lower half."""
    return f"below_{number}"


def pre(number: int) -> str:
    """Name the column of a metric's value before exposure."""
    return f"pre_{number}"


def prebelow(number: int) -> str:
    """Name the column of a ratio's lower half before exposure."""
    return f"prebelow_{number}"


def step(number: int, place: int) -> str:
    """Name the column that tells whether a unit reached a step of a funnel (from 1)."""
    return f"step_{number}_{place}"


def unit_values(asked: Asked) -> Any:  # noqa: ANN401 - an Ibis table
    """Give the table of units that :class:`Units` describes, as a query."""
    people = people_of(asked.exposures, asked.properties)
    people = _with_recorded(people, asked)
    if asked.log is None:
        return people
    people = beside_log(people, asked.log)
    if asked.trigger is not None:
        people = _triggered(people, asked.log, asked.trigger)
    happened = {i: m for i, m in enumerate(asked.metrics) if not m.is_recorded and m.kind in SUMMED}
    if happened:
        people = _left(people, _event_values(asked, people, happened))
        people = people.mutate(**_observed(people, asked, happened))
    for i, metric in enumerate(asked.metrics):
        if metric.kind == "funnel":
            people = _with_steps(people, asked.log, i, metric)
    return people


def beside_log(people: Any, log: EventLog) -> Any:  # noqa: ANN401
    """Bring the units to the engine of the log, with ids of the log's kind."""
    if people[UNIT].type() != log.table[log.unit].type():
        # 7 in one source and '7' in the other are the same user: as text, both are.
        people = people.mutate(**{UNIT: people[UNIT].cast("string")})
    return engine.beside(people, log.table)


def joined_events(
    log: EventLog,
    people: Any,  # noqa: ANN401 - an Ibis table
    names: Sequence[str] | None,
    *,
    reach: tuple[int, int | None],
    keep: Sequence[str] = (),
) -> Any:  # noqa: ANN401
    """Give the events of the units, each with its unit's exposure: ``unit``, ``now``, ``event``, ``at``, ``variant``.

    ``reach`` is how far before the first exposure, and after the last one, anything may count (microseconds; None for
    no end): it bounds what is read at all.
    """
    events = log.counted_events(names)
    moment = engine.epoch_microseconds(events[TIME])
    rows = events.select(
        **{UNIT: events[log.unit], NOW: moment, EVENT: events[EVENT]}, **{name: events[name] for name in keep}
    )
    rows = rows.mutate(**{UNIT: rows[UNIT].cast(people[UNIT].type())})
    early, late = reach
    rows = rows.filter(rows[NOW] >= early) if late is None else rows.filter(rows[NOW] >= early, rows[NOW] <= late)
    return rows.inner_join(people.select(UNIT, VARIANT, AT), UNIT)


def reach_of(asked: Asked, metrics: Sequence[Metric], before: int | None) -> tuple[int, int | None]:
    """Give the earliest and the latest instant at which an event can count for any of the metrics."""
    first, last = asked.exposures.found["first"], asked.exposures.found["last"]
    windows = [metric.within for metric in metrics]
    if asked.trigger is not None or any(window is None for window in windows):
        return first - (before or 0), None
    return first - (before or 0), last + max(microseconds(window) for window in windows if window is not None)


def _left(people: Any, part: Any) -> Any:  # noqa: ANN401
    return people.left_join(part, UNIT).drop(f"{UNIT}_right")


def recorded_rows(asked: Asked) -> Any:  # noqa: ANN401
    """Give every exposure with its recorded values, before it is known what fits; not-a-numbers are left in."""
    recorded = _of_exposures(asked)
    rows = exposure_rows(asked.exposures, [*asked.properties, *_written(recorded.values())])
    columns = _columns(rows, recorded, as_they_are=True)
    return rows.select(UNIT, VARIANT, AT, FITS, *asked.properties, **columns)


def _with_recorded(people: Any, asked: Asked) -> Any:  # noqa: ANN401
    """Add what was written beside the exposures, summed over a unit's rows."""
    recorded = _of_exposures(asked)
    if not recorded:
        return people
    rows = valid_rows(asked.exposures, [*asked.properties, *_written(recorded.values())])
    columns = _columns(rows, recorded)
    if asked.exposures.found["repeated"] == 0:
        return rows.select(UNIT, VARIANT, AT, *asked.properties, **columns)
    each = rows.select(UNIT, **columns)
    return _left(people, each.group_by(UNIT).aggregate(**{name: _folded(each, name, recorded) for name in columns}))


def _of_exposures(asked: Asked) -> dict[int, Metric]:
    return {i: m for i, m in enumerate(asked.metrics) if m.is_recorded}


def _written(metrics: Iterable[Metric]) -> list[str]:
    """List the columns that recorded metrics are read from."""
    named = [name for metric in metrics for name in (metric.value, metric.per, metric.before)]
    return list(dict.fromkeys(name for name in named if name is not None and name != ROWS))


def _columns(rows: Any, recorded: Mapping[int, Metric], *, as_they_are: bool = False) -> dict[str, Any]:  # noqa: ANN401
    """Write the columns of recorded metrics: value, for a ratio what is below the line, what lay before exposure."""
    columns: dict[str, Any] = {}
    for number, metric in recorded.items():

        def read(column: str, metric: Metric = metric) -> Any:  # noqa: ANN401
            return _number(rows, column, metric, as_it_is=as_they_are)

        columns[value(number)] = read(str(metric.value))
        if metric.per == ROWS:
            columns[below(number)] = columns[value(number)].notnull().cast("float64")
        elif metric.per is not None:
            columns[below(number)] = read(metric.per)
            # Half a ratio is no ratio: where one side is not known, neither counts.
            known = columns[below(number)].notnull()
            columns[value(number)] = ibis.ifelse(known, columns[value(number)], ibis.null("float64"))
        if metric.before is not None:
            columns[pre(number)] = read(metric.before)
    return columns


def _number(rows: Any, column: str, metric: Metric, *, as_it_is: bool) -> Any:  # noqa: ANN401
    """Read a column as numbers; not-a-number is a null, and a null is 0 only when the metric says so."""
    found = rows[column].cast("float64")
    if rows[column].type().is_floating() and not as_it_is:
        found = ibis.ifelse(found.isnan(), ibis.null("float64"), found)
    zero = metric.missing == "zero" and column != metric.before
    return found.fill_null(0.0) if zero else found


def _folded(rows: Any, name: str, recorded: Mapping[int, Metric]) -> Any:  # noqa: ANN401
    """Fold a unit's rows: any conversion, the sum of anything else; what lay before exposure is the same in each."""
    part, number = name.split("_")
    if part == "pre":
        return rows[name].min()
    return rows[name].max() if recorded[int(number)].kind == "conversion" else rows[name].sum()


def _triggered(people: Any, log: EventLog, trigger: str) -> Any:  # noqa: ANN401
    """Keep the units that met the trigger after exposure; from then on they count."""
    rows = joined_events(log, people, [trigger], reach=(0, None))
    rows = rows.filter(rows[NOW] >= rows[AT])
    met = rows.group_by(UNIT).aggregate(met=rows[NOW].min())
    joined = people.inner_join(met, UNIT)
    return joined.mutate(**{AT: joined["met"]}).drop("met")


def _event_values(asked: Asked, people: Any, metrics: Mapping[int, Metric]) -> Any:  # noqa: ANN401
    """Fold the events around exposure to one value per unit and metric."""
    log = asked.log
    listed = list(metrics.values())
    names = None if any(m.event is None for m in listed) else _names(listed)
    keep = sorted({name for m in listed for name in (m.value, m.per_value, *m.where) if name})
    early, late = reach_of(asked, listed, max(asked.before or 0, near.NEAR))
    late = None if late is None else max(late, asked.exposures.found["last"] + near.NEAR)
    rows = joined_events(log, people, names, keep=keep, reach=(early, late))  # type: ignore[arg-type]
    columns = near.marks(rows, rows[NOW] - rows[AT], watched_events(asked))
    for i, metric in metrics.items():
        columns |= _folds(rows, i, metric, asked.before)
    return rows.group_by(UNIT).aggregate(**columns)


def watched_events(asked: Asked) -> list[str]:
    """List the events that are looked for close to exposure: those of which one is an outcome by itself."""
    counted = (m for m in asked.metrics if not m.is_recorded and m.kind in {"conversion", "count"})
    return list(dict.fromkeys(str(m.event) for m in counted if m.event is not None))


def _names(metrics: Sequence[Metric]) -> list[str]:
    return list(dict.fromkeys(str(name) for m in metrics for name in (m.event, m.per) if name is not None))


def _folds(rows: Any, number: int, metric: Metric, before: int | None) -> dict[str, Any]:  # noqa: ANN401
    counts = after_exposure(rows, metric)
    found = {value(number): _fold(rows, metric, metric.event, metric.value, counts)}
    if metric.kind == "ratio":
        found[below(number)] = _fold(rows, metric, metric.per, metric.per_value, counts)
    if before is not None:
        counts = _before(rows, before)
        found[pre(number)] = _fold(rows, metric, metric.event, metric.value, counts)
        if metric.kind == "ratio":
            found[prebelow(number)] = _fold(rows, metric, metric.per, metric.per_value, counts)
    return found


def after_exposure(rows: Any, metric: Metric) -> Any:  # noqa: ANN401
    """Write the condition that an event falls into the metric's window after its unit's exposure."""
    since = rows[NOW] - rows[AT]
    counts = since >= 0 if metric.after is None else since > microseconds(metric.after)
    return counts if metric.within is None else counts & (since <= microseconds(metric.within))


def _before(rows: Any, before: int) -> Any:  # noqa: ANN401
    """Strictly before exposure: what comes after it could be an effect, and would take the effect away."""
    return (rows[NOW] < rows[AT]) & (rows[NOW] >= rows[AT] - before)


def _fold(rows: Any, metric: Metric, event: str | None, summed: str | None, counts: Any) -> Any:  # noqa: ANN401
    """Fold the events of one name to one value: any at all, how many, or the sum of a property."""
    if event is not None:
        counts &= rows[EVENT] == event
    if event == metric.event or event is None:
        for name, wanted in metric.where.items():
            counts &= matches(rows[name], wanted)
    if summed is not None:
        return rows[summed].cast("float64").sum(where=counts)
    happened = engine.surely(counts).cast("float64")
    return happened.max() if metric.kind == "conversion" else happened.sum()


def _observed(people: Any, asked: Asked, metrics: Mapping[int, Metric]) -> dict[str, Any]:  # noqa: ANN401
    """Read "no such event" as 0, but only for units whose window is over."""
    columns = {name: people[name].fill_null(0) for name in near.columns_of(watched_events(asked))}
    for i, metric in metrics.items():
        for name in (value(i), below(i)):
            if name in people.columns:
                columns[name] = mature(people, people[name].fill_null(0.0), metric, asked.log)  # type: ignore[arg-type]
        for name in (pre(i), prebelow(i)):
            if name in people.columns:
                columns[name] = people[name].fill_null(0.0)
    return columns


def mature(people: Any, found: Any, metric: Metric, log: EventLog) -> Any:  # noqa: ANN401
    """Keep a value where the unit's window is over; null where it is not."""
    if metric.within is None:
        return found
    over = people[AT] + microseconds(metric.within) < log.observed_until
    return ibis.ifelse(over, found, ibis.null("float64"))


def _with_steps(people: Any, log: EventLog, number: int, metric: Metric) -> Any:  # noqa: ANN401
    """Follow a funnel from exposure on: the earliest time of each step at or after the step before."""
    so_far = people.select(UNIT, VARIANT, AT, reached=people[AT])
    for place, event in enumerate(metric.steps, start=1):
        events = log.counted_events([event])
        rows = events.select(**{UNIT: events[log.unit], NOW: engine.epoch_microseconds(events[TIME])})
        rows = rows.mutate(**{UNIT: rows[UNIT].cast(people[UNIT].type())}).inner_join(so_far, UNIT)
        rows = rows.filter(rows[NOW] >= rows["reached"])
        if metric.within is not None:
            rows = rows.filter(rows[NOW] - rows[AT] <= microseconds(metric.within))
        so_far = rows.group_by([UNIT, VARIANT, AT]).aggregate(reached=rows[NOW].min())
        people = _left(people, so_far.select(UNIT, **{step(number, place): ibis.literal(1.0)}))
        done = people[step(number, place)].fill_null(0.0)
        people = people.mutate(**{step(number, place): mature(people, done, metric, log)})
    last = people[step(number, len(metric.steps))]
    return people.mutate(**{value(number): last})
