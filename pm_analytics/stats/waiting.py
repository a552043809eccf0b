"""Groups waiting for something, compared: how soon at any time, how long on average, and how many by then.

A group is given as rows of (time, events, censored): units for whom it happened at that time, and units that were
watched no longer than that. Units whose watch ends at a time were at risk then; events come first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.stats.effects import EMPTY, Arm, Effect, compare_means, compare_shares
from pm_analytics.stats.proportions import Interval
from pm_analytics.stats.survival import CurvePoint, at, kaplan_meier, quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Counts = Sequence[tuple[float, int, int]]

ONE_GROUP = "fewer than two groups have units, so there is nothing to compare"
NO_EVENTS = "it happened to nobody, so chance cannot be judged"
NONE_IN_ARM = "it happened to nobody in an arm before the horizon, so the spread of its mean time is not known"
TOO_SHORT = "no unit of an arm was watched as long as the horizon, so what happened until then is not known"


@dataclass(frozen=True, slots=True)
class LogRank:
    """The log-rank test of whether groups differ in how soon it happens, at any time.

    Attributes
    ----------
    statistic : float
        Chi-square; NaN when undefined.
    freedom : int
        Groups with units, less one.
    p_value : float
        NaN when undefined.
    expected : tuple of float
        Events in each group if all waited alike, in the order given.
    reason : str
        Why it is undefined; empty when it is not.
    """

    statistic: float
    freedom: int
    p_value: float
    expected: tuple[float, ...] = ()
    reason: str = ""


def log_rank(groups: Sequence[Counts]) -> LogRank:
    """Test that two or more groups wait alike (Mantel 1966), from rows of (time, events, censored) per group.

    A group without events takes part; one without units does not.

    Examples
    --------
    >>> round(log_rank([[(1, 1, 0), (3, 1, 0)], [(2, 0, 1), (4, 1, 0)]]).statistic, 3)
    2.0
    """
    from scipy.special import chdtrc

    events, at_risk = _by_time(groups)
    present = at_risk[:, 0] > 0 if at_risk.shape[1] else np.zeros(len(groups), dtype=bool)
    freedom = max(0, int(present.sum()) - 1)
    if freedom == 0:
        return LogRank(math.nan, 0, math.nan, reason=ONE_GROUP)
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    shares = at_risk / n
    expected = shares @ d
    # The variance of the hypergeometric count at each time; with one unit left, nothing can vary.
    weights = d * (n - d) / np.maximum(n - 1, 1)
    covariance = np.diag(shares @ weights) - (shares * weights) @ shares.T
    if not np.trace(covariance) > 0:
        return LogRank(math.nan, freedom, math.nan, tuple(expected.tolist()), NO_EVENTS)
    kept = np.flatnonzero(present)[:-1]
    excess = (events.sum(axis=1) - expected)[kept]
    statistic = float(excess @ np.linalg.pinv(covariance[np.ix_(kept, kept)]) @ excess)
    return LogRank(statistic, freedom, float(chdtrc(freedom, statistic)), tuple(expected.tolist()))


def _by_time(groups: Sequence[Counts]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give events, and units at risk, of each group (rows) at each time (columns) of any group."""
    times = sorted({time for group in groups for time, events, censored in group if events + censored})
    place = {time: column for column, time in enumerate(times)}
    events, left = np.zeros((2, len(groups), len(times)))
    for row, group in enumerate(groups):
        for time, happened, censored in group:
            if happened + censored:
                events[row, place[time]] += happened
                left[row, place[time]] += happened + censored
    return events, np.cumsum(left[:, ::-1], axis=1)[:, ::-1]


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
    n = _units(rows)
    curve = [point for point in kaplan_meier(rows) if point.time <= horizon]
    if not _known(rows, horizon):
        return Arm(n, math.nan, math.nan)
    return Arm(n, *_area(curve, horizon, n))


def compare_restricted_means(variant: Counts, control: Counts, horizon: float, *, confidence: float = 0.95) -> Effect:
    """Compare the mean times without the event up to a horizon: it assumes nothing about hazards.

    Less is sooner. The test is Welch's on the means and variances of :func:`restricted_mean`.

    Returns
    -------
    Effect
        Undefined, with the reason, when an arm is empty, was not watched up to the horizon, or saw no event before it.
    """
    arms = restricted_mean(variant, horizon), restricted_mean(control, horizon)
    reason = _why_not(variant, control, horizon)
    if not reason and not all(any(events and time < horizon for time, events, _ in arm) for arm in (variant, control)):
        reason = NONE_IN_ARM
    return _named(compare_means(*arms, confidence=confidence), "restricted mean, Kaplan-Meier; Welch; Fieller", reason)


def compare_shares_by(variant: Counts, control: Counts, horizon: float, *, confidence: float = 0.95) -> Effect:
    """Compare the shares for whom it happened by a horizon, read off two Kaplan-Meier curves.

    Each share counts as one of so many units as would give it its Greenwood variance (Rothman 1978), and these are
    compared as shares are: without censoring before the horizon it is exactly
    :func:`~pm_analytics.stats.effects.compare_shares`, and it holds for few events. ``error`` is Greenwood's.

    Returns
    -------
    Effect
        Undefined, with the reason, when an arm is empty or was not watched up to the horizon.
    """
    reason = _why_not(variant, control, horizon)
    if reason:
        return _named(compare_shares(0, 0, 0, 0, confidence=confidence), "Kaplan-Meier", reason)
    (p, n, v), (q, m, w) = (_share_by(sorted(arm), horizon) for arm in (variant, control))
    # Counts that are whole but for rounding are whole: whether a test is exact or not depends on it.
    effect = compare_shares(*(round(count, 9) for count in (p * n, n, q * m, m)), confidence=confidence)
    return replace(effect, error=math.sqrt(v + w), method=f"Kaplan-Meier, effective units; {effect.method}")


@dataclass(frozen=True, slots=True)
class MedianWait:
    """The time by which half did it; NaN when fewer than half did. An end of the interval without bound is NaN."""

    value: float
    interval: Interval


def median_wait(counts: Counts, *, confidence: float = 0.95) -> MedianWait:
    """Give the time by which half of a group did it, with the interval of Brookmeyer & Crowley (1982).

    It holds the times at which the pointwise interval of the curve (log-log) holds one half.
    """
    curve = kaplan_meier(counts, confidence=confidence)
    lower = next((point.time for point in curve if point.ci_upper >= 0.5), math.nan)
    upper = next((point.time for point in curve if point.ci_lower > 0.5), math.nan)
    return MedianWait(quantile(curve, 0.5), Interval(lower, upper))


def medians(groups: Mapping[str, Counts]) -> dict[str, float]:
    """Give the time by which half of each group did it; NaN where fewer than half did."""
    return {name: quantile(kaplan_meier(group), 0.5) for name, group in groups.items()}


def _units(counts: Counts) -> int:
    return sum(events + censored for _, events, censored in counts)


def _known(counts: Counts, horizon: float) -> bool:
    """Tell whether a curve is known up to the horizon: somebody was watched so long, or everybody did it before."""
    curve = kaplan_meier(counts)
    return bool(curve) and (curve[-1].time >= horizon or curve[-1].share >= 1)


def _why_not(variant: Counts, control: Counts, horizon: float) -> str:
    if not (_units(variant) and _units(control)):
        return EMPTY
    return "" if _known(variant, horizon) and _known(control, horizon) else TOO_SHORT


def _named(effect: Effect, method: str, reason: str) -> Effect:
    """Name the method, and take away what is undefined for a reason."""
    if not reason:
        return replace(effect, method=method)
    nan = math.nan
    return replace(
        effect,
        ci_lower=nan,
        ci_upper=nan,
        lift_ci_lower=nan,
        lift_ci_upper=nan,
        p_value=nan,
        error=nan,
        method=method,
        reason=reason,
    )


def _share_by(rows: Counts, horizon: float) -> tuple[float, float, float]:
    """Give the share by a horizon, the units that would give it its variance, and the variance (Greenwood 1926)."""
    curve = kaplan_meier(rows)
    passed = [point for point in curve if point.time <= horizon]
    last = at(curve, horizon)
    share = last.share if last else 0.0
    variance = (1 - share) ** 2 * _greenwood(passed)
    if variance > 0:
        return share, share * (1 - share) / variance, variance
    # Nobody, or everybody: as many as are not lost before the horizon.
    return share, float(_units(rows) - sum(point.censored for point in passed if point.time < horizon)), 0.0


def _greenwood(curve: Sequence[CurvePoint]) -> float:
    return sum(p.events / (p.at_risk * (p.at_risk - p.events)) for p in curve if p.at_risk > p.events)


def _area(curve: Sequence[CurvePoint], horizon: float, n: int) -> tuple[float, float]:
    """Add the steps under the curve, and the variance of their sum."""
    if not curve:
        return horizon, 0.0
    ends = [point.time for point in curve[1:]] + [horizon]
    steps = [(1 - point.share) * (end - point.time) for point, end in zip(curve, ends, strict=True)]
    mean = curve[0].time + sum(steps)
    variance, remaining = 0.0, sum(steps)
    for point, step in zip(curve, steps, strict=True):
        d, r = point.events, point.at_risk
        if d and r > d:
            variance += remaining**2 * d / (r * (r - d))
        remaining -= step
    return mean, variance * n
