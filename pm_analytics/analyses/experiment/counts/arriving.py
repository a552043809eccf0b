"""The table of units -> how many were first exposed on each local day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.assignment import AT
from pm_analytics.results import records

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.counts.values import Units

_EPOCH = date(1970, 1, 1)


def arrivals(units: Units) -> list[tuple[date, int]]:
    """List the local days from the first to the last exposure, each with the units first exposed on it, also 0."""
    log = units.asked.exposures.log
    day = engine.local_day(units.table[AT], log.timezone, units.asked.exposures.found["last"])
    counted = units.table.group_by(day.name("day")).aggregate(n=units.table.count())
    found = {int(row["day"]): int(row["n"]) for row in records(engine.run(counted))}
    if not found:
        return []
    return [(_EPOCH + timedelta(days=d), found.get(d, 0)) for d in range(min(found), max(found) + 1)]
