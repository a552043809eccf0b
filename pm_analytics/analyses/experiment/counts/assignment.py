"""Exposures -> which unit met which variant, and when; and what in them does not fit together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from pm_analytics import engine
from pm_analytics.names import EVENT, TIME, UNIT, USERS, VARIANT
from pm_analytics.results import records
from pm_analytics.shortcuts import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.events import EventLog
    from pm_analytics.shortcuts import Known

AT = "at"
"""When a unit was first exposed: UTC microseconds."""
FITS = "fits"
ROWS = "rows"
OWN = {UNIT, VARIANT, AT, FITS}


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
    dated : bool
        Whether the time of exposure is known; without it, only what was recorded beside the exposure can be compared.
    """

    log: EventLog
    shown: str | None = None
    expected: Mapping[str, Any] = field(default_factory=dict)
    dated: bool = True

    @cached_property
    def totals(self) -> list[dict[str, Any]]:
        """Rows of each variant, their first and last instant, and those that were shown what another should see."""
        rows = exposure_rows(self)
        return records(engine.run(rows.group_by(VARIANT).aggregate(**total_sums(self, rows))))

    @cached_property
    def units(self) -> int:
        """Distinct units of all variants together."""
        return distinct_units(Rows.of(exposure_rows(self)))

    def learn(self, totals: pd.DataFrame, units: int) -> None:
        """Take over the totals from questions that asked for them among other things."""
        self.__dict__.update(totals=records(totals), units=units)

    @cached_property
    def found(self) -> dict[str, int]:
        """What does not fit together, before anything is left out; see :func:`contradictions`."""
        return contradictions(self)


def no_time() -> Any:  # noqa: ANN401 - an Ibis value
    """Give the one instant that stands for a time that is not known."""
    return ibis.timestamp("1970-01-01 00:00:00")


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
        one row); ``crossed`` units (more than one variant); ``crossed_after`` (still so without mismatched rows);
        ``first`` and ``last``, the instants of the first and the last exposure.
    """
    rows, totals = exposure_rows(exposures), exposures.totals
    counted = {
        "rows": sum(int(row[ROWS]) for row in totals),
        "units": exposures.units,
        "mismatched": sum(int(row.get("mismatched", 0)) for row in totals),
        "first": min((int(row.get("first", 0)) for row in totals), default=0),
        "last": max((int(row.get("last", 0)) for row in totals), default=0),
    }
    if counted["rows"] == counted["units"]:
        return counted | {"repeated": 0, "crossed": 0, "crossed_after": 0}
    by_unit = _variants_of(rows)
    again = by_unit.aggregate(
        repeated=(by_unit["n"] > 1).cast("int64").sum(), crossed=by_unit["several"].cast("int64").sum()
    )
    after = _variants_of(rows.filter(rows[FITS]))
    crossed_after = after.aggregate(crossed_after=after["several"].cast("int64").sum())
    return counted | engine.counts(again) | engine.counts(crossed_after)


def total_sums(exposures: Assignment, rows: Any) -> dict[str, Any]:  # noqa: ANN401
    """Write the totals of an assignment, which are asked for per variant; see :attr:`Assignment.totals`."""
    sums = {ROWS: rows.count()}
    if exposures.dated:
        sums |= {"first": rows[AT].min(), "last": rows[AT].max()}
    if exposures.shown is not None:
        sums["mismatched"] = (~rows[FITS]).cast("int64").sum()
    return sums


def distinct_units(rows: Rows, ends: Known | None = None) -> int:
    """Count the distinct units of exposures; ``ends`` is what is known of their column, if that was asked before."""
    marked = rows.distinct_numbers(UNIT, rows.known([UNIT])[UNIT] if ends is None else ends)
    return engine.counts(rows.plain.aggregate(units=rows.plain[UNIT].nunique()))["units"] if marked is None else marked


def exposed_units(exposures: Assignment) -> dict[str, int]:
    """Count the units of each variant that met no other."""
    found = exposures.found
    if found["repeated"] or found["mismatched"]:
        return units_per_variant(people_of(exposures))
    return {str(row[VARIANT]): int(row[ROWS]) for row in sorted(exposures.totals, key=lambda row: str(row[VARIANT]))}


def people_of(exposures: Assignment, properties: Sequence[str] = ()) -> Any:  # noqa: ANN401 - an Ibis table
    """Give a row per unit that met one variant: ``unit``, ``variant``, ``at``, properties of its first exposure."""
    rows = valid_rows(exposures, properties)
    kept = [UNIT, VARIANT, AT, *properties]
    if exposures.found["repeated"] == 0:
        return rows.select(*kept)
    if not properties:
        return rows.group_by(UNIT).aggregate(**{VARIANT: rows[VARIANT].min(), AT: rows[AT].min()})
    # Of rows at the same instant the smallest values count, so that the order of the rows does not.
    order = ibis.window(group_by=UNIT, order_by=[AT, *properties])
    ranked = rows.select(*kept).mutate(place=ibis.row_number().over(order))
    return ranked.filter(ranked["place"] == 0).drop("place")


def units_per_variant(people: Any) -> dict[str, int]:  # noqa: ANN401
    """Count the units of each variant."""
    counted = engine.run(people.group_by(VARIANT).aggregate(**{USERS: people.count()}).order_by(VARIANT))
    return {str(row[VARIANT]): int(row[USERS]) for row in records(counted)}


def first_exposures(exposures: Assignment, *, without: str | None) -> pd.DataFrame:
    """Give ``unit`` and ``since`` (UTC) of each unit's first exposure, but for those of one variant."""
    first = people_of(exposures)
    if without is not None:
        first = first.filter(first[VARIANT] != without)
    frame = engine.run(first.select(UNIT, AT))
    return frame.assign(since=pd.to_datetime(frame[AT], unit="us", utc=True)).drop(columns=AT)


def valid_rows(exposures: Assignment, keep: Sequence[str] = ()) -> Any:  # noqa: ANN401
    """Leave out rows that do not fit, and units that then still met more than one variant; ``keep`` also columns."""
    rows = exposure_rows(exposures, keep)
    if exposures.found["mismatched"]:
        rows = rows.filter(rows[FITS])
    if not exposures.found["crossed_after"]:
        return rows
    by_unit = _variants_of(rows)
    return rows.semi_join(by_unit.filter(~by_unit["several"]), UNIT)


def _variants_of(rows: Any) -> Any:  # noqa: ANN401
    return rows.group_by(UNIT).aggregate(n=rows.count(), several=rows[VARIANT].min() != rows[VARIANT].max())


def exposure_rows(exposures: Assignment, keep: Sequence[str] = ()) -> Any:  # noqa: ANN401
    """Give every exposure of a known unit: unit, variant, at, whether it fits, and what is kept beside it."""
    log = exposures.log
    table = log.counted_events()
    fits = ibis.literal(value=True)
    if exposures.shown is not None:
        seen = table[exposures.shown].cast("string")
        fits = ibis.cases(
            *((table[EVENT] == name, seen == str(what)) for name, what in exposures.expected.items()), else_=False
        ).fill_null(ibis.literal(value=False))
    recorded = {name: table[name] for name in keep if name not in OWN}
    named = {UNIT: table[log.unit], VARIANT: table[EVENT], AT: engine.epoch_microseconds(table[TIME]), FITS: fits}
    return table.select(**named, **recorded)
