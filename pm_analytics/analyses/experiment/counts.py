"""Events and exposures -> units, means and variances per variant. All queries of the experiment, no arithmetic.

One pass over the events serves all metrics: they are joined to each unit's first exposure, folded to one value per unit
and metric, and only then to one row per variant.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from pm_analytics import engine
from pm_analytics.names import EVENT, TIME, UNIT, USERS, VARIANT
from pm_analytics.results import records
from pm_analytics.times import microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric


@dataclass(frozen=True, eq=False)
class Assignment:
    """Which unit met which variant, and when: one row per exposure, as assigned and (if known) as shown.

    Attributes
    ----------
    log : EventLog
        The exposures as events: the event name is the variant.
    shown : str or None
        Property that says what the unit was actually shown.
    expected : mapping
        Variant -> what it should have been shown.
    """

    log: EventLog
    shown: str | None = None
    expected: Mapping[str, Any] = field(default_factory=dict)


_AT = "at"
_NOW = "now"
_FITS = "fits"


def exposure_log(log: EventLog, event: str, variant: str) -> EventLog:
    """Turn one event's rows into exposures: the event name becomes the variant."""
    rows = log.table.filter(log.table[EVENT] == event, log.table[variant].notnull())
    return replace(log, table=rows.mutate(**{EVENT: rows[variant].cast("string")}), _whole=log)


def values_of(log: EventLog, column: str) -> list[str]:
    """List the distinct values of a property."""
    return sorted(map(str, engine.run(log.table.select(column).distinct())[column].dropna()))


def contradictions(exposures: Assignment) -> dict[str, int]:
    """Count what does not fit together, before anything is left out.

    Returns
    -------
    dict
        ``rows``; ``units``; ``mismatched`` rows (shown what another variant should see); ``repeated`` units (more than
        one row); ``crossed`` units (more than one variant); ``crossed_after`` (still so without
        mismatched rows).
    """
    rows = _rows(exposures)
    fits = rows.filter(rows[_FITS])
    totals = rows.aggregate(rows=rows.count(), mismatched=(~rows[_FITS]).cast("int64").sum())
    by_unit = rows.group_by(UNIT).aggregate(n=rows.count(), variants=rows[VARIANT].nunique())
    units = by_unit.aggregate(
        units=by_unit.count(),
        repeated=(by_unit["n"] > 1).cast("int64").sum(),
        crossed=(by_unit["variants"] > 1).cast("int64").sum(),
    )
    after = fits.group_by(UNIT).aggregate(variants=fits[VARIANT].nunique())
    crossed_after = after.aggregate(crossed_after=(after["variants"] > 1).cast("int64").sum())
    return engine.counts(totals) | engine.counts(units) | engine.counts(crossed_after)


def units_per_variant(exposures: Assignment) -> dict[str, int]:
    """Count the units that met exactly one variant."""
    first = _first_exposures(exposures)
    counted = engine.run(first.group_by(VARIANT).aggregate(**{USERS: first.count()}).order_by(VARIANT))
    return {str(row[VARIANT]): int(row[USERS]) for row in records(counted)}


def first_exposures(exposures: Assignment, *, without: str | None) -> pd.DataFrame:
    """Give ``unit`` and ``since`` (UTC) of each unit's first exposure, but for those of one variant."""
    first = _first_exposures(exposures)
    if without is not None:
        first = first.filter(first[VARIANT] != without)
    frame = engine.run(first.select(UNIT, _AT))
    return frame.assign(since=pd.to_datetime(frame[_AT], unit="us", utc=True)).drop(columns=_AT)


def moments(log: EventLog | None, exposures: Assignment, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Give one row per variant: ``n``, ``mean``, ``variance`` and ``total`` of each metric by its number (``n_0``)."""
    values = _unit_values(log, exposures, metrics)
    sums: dict[str, Any] = {}
    for i in range(len(metrics)):
        value = values[_value(i)]
        sums |= {
            f"n_{i}": value.count(),
            f"mean_{i}": value.mean(),
            f"variance_{i}": value.var(how="sample"),
            f"total_{i}": value.sum(),
        }
    return engine.run(values.group_by(VARIANT).aggregate(**sums).order_by(VARIANT))


def _value(number: int) -> str:
    return f"value_{number}"


def _rows(exposures: Assignment) -> Any:  # noqa: ANN401
    """Give every exposure of a known unit: unit, variant, at, whether it fits, and what was recorded beside it."""
    log = exposures.log
    table = log.counted_events()
    fits = ibis.literal(value=True)
    if exposures.shown is not None:
        seen = table[exposures.shown].cast("string")
        fits = ibis.cases(
            *((table[EVENT] == name, seen == str(what)) for name, what in exposures.expected.items()), else_=False
        ).fill_null(ibis.literal(value=False))
    recorded = {name: table[name] for name in log.properties if name not in {UNIT, VARIANT, _AT, _FITS}}
    named = {UNIT: table[log.unit], VARIANT: table[EVENT], _AT: engine.epoch_microseconds(table[TIME]), _FITS: fits}
    return table.select(**named, **recorded)


def _valid_rows(exposures: Assignment) -> Any:  # noqa: ANN401
    """Leave out rows that do not fit, and units that then still met more than one variant."""
    rows = _rows(exposures)
    rows = rows.filter(rows[_FITS])
    by_unit = rows.group_by(UNIT).aggregate(variants=rows[VARIANT].nunique())
    return rows.semi_join(by_unit.filter(by_unit["variants"] == 1), UNIT)


def _first_exposures(exposures: Assignment) -> Any:  # noqa: ANN401
    rows = _valid_rows(exposures)
    return rows.group_by(UNIT).aggregate(**{VARIANT: rows[VARIANT].min(), _AT: rows[_AT].min()})


def _unit_values(log: EventLog | None, exposures: Assignment, metrics: Sequence[Metric]) -> Any:  # noqa: ANN401
    """Give one row per unit with one value per metric; null where the unit was not observed long enough."""
    people = _first_exposures(exposures)
    recorded = {_value(i): m for i, m in enumerate(metrics) if m.event is None}
    happened = {_value(i): m for i, m in enumerate(metrics) if m.event is not None}
    if recorded:
        people = _left(people, _recorded_values(exposures, recorded))
    if happened and log is not None:
        if people[UNIT].type() != log.table[log.unit].type():
            # 7 in one source and '7' in the other are the same user: as text, both are.
            people = people.mutate(**{UNIT: people[UNIT].cast("string")})
        people = engine.beside(people, log.table)
        people = _left(people, _event_values(log, people, happened))
        people = people.mutate(**{name: _observed(people, name, m, log) for name, m in happened.items()})
    return people


def _left(people: Any, part: Any) -> Any:  # noqa: ANN401
    return people.left_join(part, UNIT).drop(f"{UNIT}_right")


def _recorded_values(exposures: Assignment, metrics: dict[str, Metric]) -> Any:  # noqa: ANN401
    rows = _valid_rows(exposures)
    fold = {
        name: rows[metric.value].cast("float64").max()
        if metric.kind == "conversion"
        else rows[metric.value].cast("float64").sum()
        for name, metric in metrics.items()
    }
    return rows.group_by(UNIT).aggregate(**fold)


def _event_values(log: EventLog, people: Any, metrics: dict[str, Metric]) -> Any:  # noqa: ANN401
    """Fold the events after exposure to one value per unit and metric."""
    events = log.counted_events(dict.fromkeys(str(metric.event) for metric in metrics.values()))
    columns = {metric.value: events[metric.value] for metric in metrics.values() if metric.value}
    rows = events.select(
        **{UNIT: events[log.unit], _NOW: engine.epoch_microseconds(events[TIME]), EVENT: events[EVENT]}, **columns
    )
    rows = rows.mutate(**{UNIT: rows[UNIT].cast(people[UNIT].type())})
    joined = rows.inner_join(people.select(UNIT, _AT), UNIT)
    joined = joined.filter(joined[_NOW] >= joined[_AT])
    return joined.group_by(UNIT).aggregate(**{name: _fold(joined, metric) for name, metric in metrics.items()})


def _fold(rows: Any, metric: Metric) -> Any:  # noqa: ANN401
    counts = rows[EVENT] == metric.event
    if metric.within is not None:
        counts &= rows[_NOW] - rows[_AT] <= microseconds(metric.within)
    if metric.kind == "mean":
        return rows[metric.value].cast("float64").sum(where=counts)
    happened = counts.cast("float64")
    return happened.max() if metric.kind == "conversion" else happened.sum()


def _observed(people: Any, name: str, metric: Metric, log: EventLog) -> Any:  # noqa: ANN401
    """Read "no such event" as 0, but only for units whose window is over."""
    value = people[name].fill_null(0.0)
    if metric.within is None:
        return value
    over = people[_AT] + microseconds(metric.within) < log.observed_until
    return ibis.ifelse(over, value, ibis.null("float64"))
