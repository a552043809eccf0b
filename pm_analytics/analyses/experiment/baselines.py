"""What each metric is without the change: its value, and how much one unit tells about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment import comparing
from pm_analytics.analyses.experiment.counts.spread import watched
from pm_analytics.analyses.experiment.wording import SHARES
from pm_analytics.errors import ParameterError, UnknownNameError
from pm_analytics.times import say_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.effects import Arm

    Given = Mapping[str, float | tuple[float, float]]

FEWEST_UNITS = 100
"""A baseline of fewer units is a rough guess, and that is said."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known of a metric before the experiment.

    Attributes
    ----------
    metric : Metric
        Which one.
    role : str
        Its role in the plan.
    value : float
        A share, or a mean, ratio or quantile; NaN when nothing is known.
    variance : float
        Of one unit: that of the metric's estimate over n units, times n. It holds what the time before takes away, and
        what groups of like units add.
    users : int
        Units it was taken from, of a quantile those that had the event; 0 when it was given.
    share : bool
        Whether it is a plain share, whose spread follows from its value.
    variance_reduction : float
        Share of the variance that what was known before takes away; NaN without.
    design_effect : float
        How many times as large the variance is as if units of a group had nothing in common; 1 without groups.
    reason : str
        Why nothing can be planned; empty when it can.
    """

    metric: Metric
    role: str
    value: float
    variance: float
    users: int = 0
    share: bool = False
    variance_reduction: float = math.nan
    design_effect: float = 1.0
    reason: str = ""

    @property
    def deviation(self) -> float:
        """Standard deviation of one unit."""
        return math.sqrt(self.variance) if self.variance >= 0 else math.nan

    @property
    def thin(self) -> bool:
        """Whether it rests on so few units that it is a rough guess."""
        return 0 < self.users < FEWEST_UNITS


def baselines_of(units: Units | None, plan: ExperimentPlan, given: Given | None) -> list[Baseline]:
    """Take every metric's baseline from the table of units, all in the control, or as given.

    Raises
    ------
    UnknownNameError, ParameterError
        A baseline of a metric that the plan has not; a value that it cannot have; nothing known of a metric.
    """
    given = given or {}
    names = [metric.name for metric, _ in plan.metrics()]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise UnknownNameError("metric", unknown, names, where="the plan")
    if units is None:
        missing = [name for name in names if name not in given]
        if missing:
            raise ParameterError(
                f"Without a log, nothing is known of {missing[0]!r}; say baseline={{{missing[0]!r}: 0.05}} for a "
                "share, or (mean, standard deviation) for anything else."
            )
        return [said(metric, role, given[metric.name]) for metric, role in plan.metrics()]
    found = seen(units, plan)
    return [
        said(each.metric, each.role, given[each.metric.name]) if each.metric.name in given else each for each in found
    ]


def said(metric: Metric, role: str, value: float | tuple[float, float]) -> Baseline:
    """Take a baseline from the caller: a share, or (mean, standard deviation) per unit."""
    if isinstance(value, tuple | list):
        mean, deviation = map(float, value)
        if not deviation > 0 or math.isnan(mean):
            raise ParameterError(f"baseline of {metric.name!r}: ({mean:g}, {deviation:g}) needs a spread above 0.")
        return Baseline(metric, role, mean, deviation**2)
    if metric.kind not in SHARES:
        raise ParameterError(
            f"baseline of {metric.name!r}: {value!r} says no spread. Write (mean, standard deviation) per unit"
            f"{', of the ratio linearised per unit' if metric.kind == 'ratio' else ''}."
        )
    share = float(value)
    if not 0 < share < 1:
        raise ParameterError(f"baseline of {metric.name!r}: {value!r} is no share; write 0.05 for 5 %.")
    return Baseline(metric, role, share, share * (1 - share), share=True)


def seen(units: Units, plan: ExperimentPlan) -> list[Baseline]:
    """Take every metric's baseline from units that are all in the control.

    The control is compared with itself: that gives its arm, adjusted, capped and counted in groups as the experiment
    will be.
    """
    counted = comparing.estimates(units, replace(plan, cluster=None), [plan.control])
    sizes = [_watched(units, each) for each in counted]
    if plan.cluster is None:
        return [_baseline(each, n) for each, n in zip(counted, sizes, strict=True)]
    grouped = comparing.estimates(units, plan, [plan.control])
    return [_grouped(*three) for three in zip(grouped, counted, sizes, strict=True)]


def _watched(units: Units, estimate: Estimate) -> int:
    """Count the units that were watched for the whole window; a quantile is told by those alone that had the event."""
    if estimate.metric.kind != "quantile":
        return estimate.control_users
    return watched(units, estimate.metric)


def _grouped(grouped: Estimate, alone: Estimate, units: int) -> Baseline:
    """Spread the variance over groups to the units in them."""
    plain, found = _baseline(alone, units), _baseline(grouped, units)
    # Against units on their own before any adjustment: both may be adjusted, and differently.
    apart = _variance(_raw(alone), units)
    effect = _variance(_raw(grouped), units) / apart if apart > 0 else math.nan
    return replace(found, share=False, users=plain.users, design_effect=effect, reason=plain.reason or found.reason)


def _baseline(estimate: Estimate, units: int) -> Baseline:
    arm = estimate.control_arm
    variance = _variance(arm, units)
    return Baseline(
        metric=estimate.metric,
        role=estimate.role,
        value=arm.mean,
        variance=variance,
        users=estimate.control_users,
        share=estimate.shares is not None,
        variance_reduction=estimate.variance_reduction,
        reason=estimate.broken or _reason(estimate.metric, arm, variance, estimate.control_users),
    )


def _variance(arm: Arm, units: int) -> float:
    """Give the variance of one unit: what is compared may be groups or events, whose number per unit stays as it is."""
    return arm.variance / arm.n * units if arm.n else math.nan


def _raw(estimate: Estimate) -> Arm:
    return estimate.control_arm if estimate.raw is None else estimate.raw[1]


def _reason(metric: Metric, arm: Arm, variance: float, users: int) -> str:
    if users < 2:
        window = f" for {say_duration(metric.within)}" if metric.within is not None else ""
        return f"fewer than two units of the past were watched{window}; take a longer history"
    if arm.mean == 0 and not variance > 0:
        return "it was zero for every unit of the past; say what it should be with baseline="
    if not variance > 0:
        return "it was the same for every unit of the past, so its spread is not known"
    return ""
