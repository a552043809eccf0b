"""From the units that could notice a change to everybody, and from an effect per unit to the business's own units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pm_analytics.errors import ParameterError
from pm_analytics.stats.effects import NEGATIVE_BASELINE, NO_BASELINE
from pm_analytics.stats.proportions import UNDEFINED, Interval, normal_quantile

DAYS_PER_YEAR = 365.0
WEEKS_PER_YEAR = DAYS_PER_YEAR / 7
"""52.14: a year has 365 days, whatever the calendar says, so that years compare."""


@dataclass(frozen=True, slots=True)
class Diluted:
    """An effect over everybody.

    Attributes
    ----------
    difference : float
        Per unit, triggered or not.
    interval : Interval
        Of ``difference``.
    lift : float
        Relative to the baseline over everybody, 0 = no change; NaN where that is not above zero.
    lift_interval : Interval
        Of ``lift``.
    reason : str
        Why something is undefined; empty when all is defined.
    """

    difference: float
    interval: Interval
    lift: float
    lift_interval: Interval
    reason: str = ""


def diluted(
    difference: float,
    interval: Interval,
    *,
    triggered: float,
    baseline: float,
    units: float = math.inf,
    baseline_error: float = 0.0,
    confidence: float = 0.95,
) -> Diluted:
    """Spread the effect on those who met the change over all who were in the experiment.

    The effect over everybody is ``difference * triggered``, and the lift that over ``baseline`` (the global lift of
    Eppo's documentation). With ``units`` and ``baseline_error``, the noise of the share triggered and of the baseline
    is added by the delta method (independent of the effect, so variances add in relative terms); without them they are
    taken as known, as they nearly are against the noise of an effect.

    Parameters
    ----------
    difference, interval : float, Interval
        Absolute effect per triggered unit.
    triggered : float
        Share of all units that met the change. It must not depend on the variant.
    baseline : float
        The metric per unit over everybody in the control.
    units : float
        Units from which the share was estimated; infinite when it is known.
    baseline_error : float
        Standard error of the baseline; 0 when it is known.
    confidence : float
        That of ``interval``; only needed with ``units`` or ``baseline_error``.

    Raises
    ------
    ParameterError
        ``triggered`` is no share above 0, or ``units`` or ``baseline_error`` makes no sense.

    Examples
    --------
    A fifth of all units met the change and bought 0.5 more each, where a unit buys 2:

    >>> diluted(0.5, Interval(0.1, 0.9), triggered=0.2, baseline=2.0).lift
    0.05
    """
    if not 0 < triggered <= 1:
        raise ParameterError(f"triggered={triggered!r} must be above 0 and at most 1: the share of units that met it.")
    if not (units > 0 and baseline_error >= 0):
        raise ParameterError(f"units={units!r} must be above 0, and baseline_error={baseline_error!r} not below.")
    quantile = normal_quantile(confidence)
    of_share = quantile * math.sqrt((1 - triggered) / (triggered * units)) if triggered < 1 else 0.0
    over_all = difference * triggered
    spread = _widened(over_all, interval.lower * triggered, interval.upper * triggered, of_share)
    if not baseline > 0:
        return Diluted(over_all, spread, math.nan, UNDEFINED, NO_BASELINE if baseline == 0 else NEGATIVE_BASELINE)
    relative = _widened(
        over_all / baseline, spread.lower / baseline, spread.upper / baseline, quantile * baseline_error / baseline
    )
    return Diluted(over_all, spread, over_all / baseline, relative)


def _widened(value: float, lower: float, upper: float, relative_half: float) -> Interval:
    """Add the noise of a factor to an interval, each side by itself: squares of half-widths add."""
    more = abs(value) * relative_half
    return Interval(value - math.hypot(value - lower, more), value + math.hypot(upper - value, more))


def per_year(
    difference: float,
    interval: Interval,
    *,
    units_per_year: float,
    value: float = 1.0,
) -> tuple[float, Interval]:
    """Give an effect in units of the business: per unit, times units a year, times what one is worth.

    It takes the effect to last, and the units to come as they did; a year has 365 days.

    Parameters
    ----------
    difference, interval : float, Interval
        Effect per unit.
    units_per_year : float
        Above 0; see :func:`units_per_year`.
    value : float
        What one unit of the metric is worth: 1 for orders, 40 for orders of 40 euros; negative for a cost.

    Examples
    --------
    >>> per_year(0.01, Interval(0.0, 0.02), units_per_year=100_000, value=40)
    (40000.0, Interval(lower=0.0, upper=80000.0))
    """
    if not 0 < units_per_year < math.inf:
        raise ParameterError(f"units_per_year={units_per_year!r} must be above 0.")
    factor = units_per_year * value
    ends = interval.lower * factor, interval.upper * factor
    return difference * factor, Interval(*(ends if factor > 0 else reversed(ends)))


def units_per_year(units: float, days: float) -> float:
    """Give the units that come in a year, when so many came (as often as they came) within so many days.

    Count what the effect is per: visits for an effect per visit. For an effect per user who comes again, a year's users
    are fewer than twelve times a month's; see :mod:`~pm_analytics.stats.arrivals`.

    Examples
    --------
    >>> units_per_year(14_000, 14)
    365000.0
    """
    if not (units >= 0 and days > 0):
        raise ParameterError(f"units={units!r} must not be negative and days={days!r} above 0.")
    return units / days * DAYS_PER_YEAR
