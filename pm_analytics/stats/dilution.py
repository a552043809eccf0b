"""From the units that could notice a change to everybody, and from an effect per unit to the business's own units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import UNDEFINED, Interval


@dataclass(frozen=True, slots=True)
class Diluted:
    """An effect over everybody. NaN where undefined."""

    difference: float
    interval: Interval
    lift: float
    lift_interval: Interval


def diluted(difference: float, interval: Interval, *, triggered: float, baseline: float) -> Diluted:
    """Spread the effect on those who met the change over all who were in the experiment.

    Parameters
    ----------
    difference, interval : float, Interval
        Absolute effect per triggered unit.
    triggered : float
        Share of all units that met the change; taken as known.
    baseline : float
        The metric per unit over everybody in the control. The lift is ``difference * triggered / baseline``.

    Raises
    ------
    ParameterError
        ``triggered`` is no share.
    """
    if not 0 < triggered <= 1:
        raise ParameterError(f"triggered={triggered!r} must be above 0 and at most 1: the share of units that met it.")
    spread = Interval(interval.lower * triggered, interval.upper * triggered)
    if not baseline > 0:
        return Diluted(difference * triggered, spread, math.nan, UNDEFINED)
    relative = Interval(spread.lower / baseline, spread.upper / baseline)
    return Diluted(difference * triggered, spread, difference * triggered / baseline, relative)


def per_year(
    difference: float, interval: Interval, *, units_per_year: float, value: float = 1.0
) -> tuple[float, Interval]:
    """Give an effect in units of the business: per unit, times units a year, times what one is worth.

    It takes the effect to last, and the units to come as they did; a year has 365 days.
    """
    if units_per_year <= 0:
        raise ParameterError(f"units_per_year={units_per_year!r} must be above 0.")
    factor = units_per_year * value
    ends = (
        sorted((interval.lower * factor, interval.upper * factor)) if not math.isnan(interval.lower) else [math.nan] * 2
    )
    return difference * factor, Interval(*ends)
