"""Units with the launch and units without: one metric per unit and period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pm_analytics.analyses.impact.series import by_group, days_of, launch_of, name_of, numbers_of, require
from pm_analytics.analyses.impact.timeline import Timeline, timeline_of
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.events import EventLog
from pm_analytics.metrics import Metric

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.question import Question

WITHOUT = "units without the launch"


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One metric per unit and period.

    Attributes
    ----------
    timeline : Timeline
        The periods.
    units : tuple of str
        Names, in order.
    cells : array of shape (periods, units)
        NaN where a unit is not known.
    got_it : mapping
        Unit -> day on which it got the launch; units that never did are absent.
    scope : str
        What was read.
    """

    timeline: Timeline
    units: tuple[str, ...]
    cells: NDArray[np.float64]
    got_it: dict[str, date]
    scope: str

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Which units got it at some time."""
        return np.array([unit in self.got_it for unit in self.units], dtype=bool)

    @property
    def first(self) -> date:
        """The day on which the first unit got it."""
        return min(self.got_it.values())


def panel_of(asked: Question) -> Panel:
    """Measure the metric for each unit.

    Raises
    ------
    DataError, UnknownNameError, ParameterError
        Units that are not there; a unit with two rows for a period; nobody without the launch, at any time.
    """
    timeline, wide, scope = _wide(asked)
    units = tuple(str(name) for name in wide.columns)
    got_it = _got_it(asked, units)
    return Panel(timeline, units, wide.to_numpy(dtype=float), got_it, scope)


def _wide(asked: Question) -> tuple[Timeline, pd.DataFrame, str]:
    source, unit = asked.source, str(asked.unit)
    if isinstance(source, EventLog):
        if not isinstance(asked.metric, Metric):
            raise ParameterError(f"A log is counted: write pm_analytics.Metric.count({asked.metric!r}).")
        timeline, wide = by_group(source, asked.metric, unit, asked.period)
        return timeline, wide, source.scope
    if not isinstance(source, pd.DataFrame):
        raise ParameterError("Units are compared in a table with a row for each unit and period, or in a log.")
    name = name_of(asked.metric)
    require(source, [name, unit, *([asked.time] if asked.time else [])])
    days = days_of(source.index if asked.time is None else source[asked.time], asked.time or "the index")
    table = pd.DataFrame({"day": days, "unit": source[unit].to_numpy(), "value": numbers_of(source, name)})
    table = table[table["day"].notna() & table["unit"].notna()]
    table["unit"] = table["unit"].astype(str)
    twice = table.duplicated(["unit", "day"])
    if twice.any():
        row = table[twice].iloc[0]
        raise DataError(f"{unit} {row['unit']!r} has more than one row for {row['day']}; add or average them first.")
    timeline = timeline_of(sorted(set(table["day"])), what="the table")
    table["place"] = [timeline.place(day) for day in table["day"]]
    wide = table.set_index(["place", "unit"])["value"].unstack("unit").reindex(range(timeline.count))  # noqa: PD010
    return timeline, wide, f"{wide.shape[1]:,} units over {timeline.say(timeline.count)} of a table"


def _got_it(asked: Question, units: tuple[str, ...]) -> dict[str, date]:
    if isinstance(asked.launched_at, dict | pd.Series):
        dates = dict(asked.launched_at.items())
        found = {str(unit): launch_of(asked.source, day)[0] for unit, day in dates.items() if not _never(day)}
    else:
        day, _ = launch_of(asked.source, asked.launched_at)
        found = {str(unit): day for unit in asked.treated}
    missing = [unit for unit in found if unit not in units]
    if missing:
        raise UnknownNameError("unit", missing, units, where=f"{asked.unit}")
    if not found:
        raise ParameterError("No unit got the launch; name at least one in treated= or launched_at=.")
    return found


def _never(day: Any) -> bool:  # noqa: ANN401
    return day is None or day == "" or bool(pd.isna(day))
