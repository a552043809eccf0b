"""How many units an experiment takes in, week by week, and the days that follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pm_analytics import calendars
from pm_analytics.errors import ParameterError
from pm_analytics.names import USER_ID
from pm_analytics.stats.arrivals import fit

if TYPE_CHECKING:
    from datetime import date

    from pm_analytics.analyses.experiment.past import Past
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.arrivals import Arrivals

DAYS = 7
FARTHEST = 52
"""Nobody knows what comes after a year."""
STEADY = 0.85
"""Arrivals are called steady when so many weeks bring at least this share of as many times the first one."""
LEVEL = 0.05
"""They level off when a second year brings less than this part of all that came in the first."""


@dataclass(frozen=True, slots=True, eq=False)
class Arriving:
    """Units by week.

    Attributes
    ----------
    curve : Arrivals or None
        Different units by day, learnt from the past; None when it was not.
    per_week : float
        Units a week as they were given; NaN when they were not.
    starts : date or None
        First day; None when it is not known.
    word : str
        What a unit is called.
    """

    curve: Arrivals | None
    per_week: float
    starts: date | None
    word: str = "units"

    @property
    def known(self) -> bool:
        """Whether anything is known of arrivals."""
        return self.curve is not None or not math.isnan(self.per_week)

    @property
    def ceiling(self) -> float:
        """Where arrivals level off; infinite when they do not."""
        year, another = self.units(FARTHEST), self.units(2 * FARTHEST)
        return another if another <= (1 + LEVEL) * year else math.inf

    @property
    def rough(self) -> str:
        """Why arrivals are a rough guess; empty when they are not."""
        return "" if self.curve is None else self.curve.reason

    def units(self, weeks: int) -> float:
        """Give the units that came in so many weeks; NaN when nobody knows."""
        return weeks * self.per_week if self.curve is None else self.curve.by(DAYS * weeks)

    def weeks_for(self, units: float) -> int | None:
        """Give the whole weeks, at least one, in which so many units come; None when that takes over a year."""
        return next((week for week in range(1, FARTHEST + 1) if self.units(week) >= units), None)

    def is_steady(self, weeks: int) -> bool:
        """Tell whether so many weeks bring about as many times the units of the first."""
        return self.units(weeks) >= STEADY * weeks * self.units(1)

    def last_day(self, weeks: int) -> date | None:
        """Give the last day on which units are taken in."""
        return None if self.starts is None else self.starts + timedelta(days=DAYS * weeks - 1)

    def read_on(self, weeks: int, metric: Metric) -> date | None:
        """Give the first day on which a metric can be read of all units: the window of the last one is over."""
        last = self.last_day(weeks)
        window = math.ceil((metric.within or timedelta(0)) / timedelta(days=1))
        return None if last is None else last + timedelta(days=1 + window)


def arriving_from(past: Past | None, plan: ExperimentPlan, units_per_week: float | None) -> Arriving:
    """Take the arrivals from the past, or as they are given.

    Raises
    ------
    ParameterError
        Fewer units a week than none.
    """
    if units_per_week is not None and not units_per_week > 0:
        raise ParameterError(f"units_per_week={units_per_week!r} must be above 0.")
    people = plan.unit == USER_ID and (past is None or past.log.unit == USER_ID)
    given = math.nan if units_per_week is None else float(units_per_week)
    curve = fit(past.days.tolist()) if past is not None and len(past.days) and units_per_week is None else None
    starts: Any = plan.starts
    if starts is None and past is not None:
        starts = _next_monday(past)
    return Arriving(curve, given, starts, "users" if people else "units")


def _next_monday(past: Past) -> date:
    """Give the first Monday after the last day of the data."""
    week = calendars.number_at(past.log.observed_until, "week", past.log.timezone)
    return calendars.start(week + 1, "week")
