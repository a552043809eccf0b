"""Two groups waiting for something: the log-rank test, and the mean time without it up to a horizon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.stats.effects import Arm
from pm_analytics.stats.survival import kaplan_meier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.stats.survival import CurvePoint

    Counts = Sequence[tuple[float, int, int]]


@dataclass(frozen=True, slots=True)
class LogRank:
    """The log-rank test: do groups differ in how soon it happens, at any time? NaN when it happened to nobody."""

    statistic: float
    freedom: int
    p_value: float


def log_rank(groups: Sequence[Counts]) -> LogRank:
    """Test that all groups wait alike (Mantel 1966), from rows of (time, events, watched no longer) per group.

    Examples
    --------
    >>> round(log_rank([[(1, 1, 0), (3, 1, 0)], [(2, 0, 1), (4, 1, 0)]]).statistic, 3)
    2.0
    """
    import numpy as np
    from scipy.special import chdtrc

    times = sorted({time for group in groups for time, events, _ in group if events})
    rows = [sorted(group) for group in groups]
    k = len(rows)
    excess, covariance = np.zeros(k), np.zeros((k, k))
    for time in times:
        at_risk = np.array([sum(e + c for t, e, c in group if t >= time) for group in rows], dtype=float)
        events = np.array([sum(e for t, e, _ in group if t == time) for group in rows], dtype=float)
        n, d = at_risk.sum(), events.sum()
        share = at_risk / n
        excess += events - d * share
        if n > 1:
            covariance += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    if not times or k < 2 or not np.diag(covariance).sum() > 0:
        return LogRank(math.nan, k - 1, math.nan)
    statistic = float(excess[:-1] @ np.linalg.pinv(covariance[:-1, :-1]) @ excess[:-1])
    return LogRank(statistic, k - 1, float(chdtrc(k - 1, statistic)))


def restricted_mean(counts: Counts, horizon: float) -> Arm:
    """Give the mean time without the event up to a horizon, the area under the Kaplan-Meier curve.

    The restricted mean of Royston & Parmar (2013).

    Returns
    -------
    Arm
        ``variance / n`` is the variance of the mean (Greenwood's, summed over the areas that remain). NaN when nobody
        is watched as long as the horizon and not everybody has done it: the curve then has no known end.
    """
    rows = sorted(counts)
    n = sum(events + censored for _, events, censored in rows)
    if n == 0:
        return Arm(0, math.nan, math.nan)
    curve = [point for point in kaplan_meier(rows) if point.time <= horizon]
    known_to_end = any(time >= horizon for time, _, _ in rows)
    if not known_to_end and curve and curve[-1].share < 1:
        return Arm(n, math.nan, math.nan)
    return Arm(n, *_area(curve, horizon, n))


def _area(curve: Sequence[CurvePoint], horizon: float, n: int) -> tuple[float, float]:
    """Add the steps under the curve, and the variance of their sum."""
    ends = [point.time for point in curve[1:]] + [horizon]
    steps = [(1 - point.share) * (end - point.time) for point, end in zip(curve, ends, strict=True)]
    mean = (curve[0].time if curve else horizon) + sum(steps)
    variance, remaining = 0.0, sum(steps)
    for point, step in zip(curve, steps, strict=True):
        d, r = point.events, point.at_risk
        if d and r > d:
            variance += remaining**2 * d / (r * (r - d))
        remaining -= step
    return mean, variance * n


def medians(groups: Mapping[str, Counts]) -> dict[str, float]:
    """Give the time by which half of each group did it; NaN where fewer than half did."""
    from pm_analytics.stats.survival import quantile

    return {name: quantile(kaplan_meier(group), 0.5) for name, group in groups.items()}
