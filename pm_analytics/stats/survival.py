"""Time until something happens, when for some it has not happened yet: the Kaplan-Meier estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.stats.proportions import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One moment of a Kaplan-Meier curve.

    Attributes
    ----------
    time : float
        Time since the start of being at risk.
    at_risk, events, censored : int
        Units still watched just before, for which it happened then, and whose watch ended then.
    share : float
        Share for whom it has happened by then (one minus survival).
    ci_lower, ci_upper : float
        Interval of ``share``; NaN before the first event.
    """

    time: float
    at_risk: int
    events: int
    censored: int
    share: float
    ci_lower: float
    ci_upper: float


def kaplan_meier(counts: Iterable[tuple[float, int, int]], *, confidence: float = 0.95) -> list[CurvePoint]:
    """Estimate the share for whom it has happened by each time (Kaplan & Meier 1958).

    Parameters
    ----------
    counts : iterable of (time, events, censored)
        Units for whom it happened, and whose watch ended, at each time. Events come before censorings at equal times.
    confidence : float
        Coverage of the pointwise interval (Greenwood's variance on the log-minus-log scale, Kalbfleisch & Prentice).

    Returns
    -------
    list of CurvePoint
        One per distinct time, in order.
    """
    rows = _by_time(counts)
    z = normal_quantile(confidence)
    at_risk = sum(events + censored for _, events, censored in rows)
    survival, greenwood, curve = 1.0, 0.0, []
    for time, events, censored in rows:
        survival *= 1 - events / at_risk if at_risk else 1.0
        if events and at_risk > events:
            greenwood += events / (at_risk * (at_risk - events))
        lower, upper = _log_log(survival, greenwood, z)
        curve.append(CurvePoint(time, at_risk, events, censored, 1 - survival, lower, upper))
        at_risk -= events + censored
    return curve


def _by_time(counts: Iterable[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """Put rows of the same time together, in order: else units that leave then would not be at risk then."""
    together: dict[float, tuple[int, int]] = {}
    for time, events, censored in counts:
        done, left = together.get(time, (0, 0))
        together[time] = (done + events, left + censored)
    return [(time, *together[time]) for time in sorted(together)]


def _log_log(survival: float, greenwood: float, z: float) -> tuple[float, float]:
    """Interval of one minus survival; undefined at the ends, where the transform has no value."""
    if not 0 < survival < 1:
        return math.nan, math.nan
    half = z * math.sqrt(greenwood) / abs(math.log(survival))
    return 1 - survival ** math.exp(-half), 1 - survival ** math.exp(half)


def quantile(curve: list[CurvePoint], share: float) -> float:
    """Give the first time by which at least ``share`` of the units did it; NaN when the curve never gets there."""
    return next((point.time for point in curve if point.share >= share - 1e-12), math.nan)


def at(curve: list[CurvePoint], time: float) -> CurvePoint | None:
    """Give the last point at or before ``time``; None before the first."""
    return next((point for point in reversed(curve) if point.time <= time), None)
