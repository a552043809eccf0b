"""Time until something happens, compared: the mean time without it up to the metric's window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.counts import waiting as counts
from pm_analytics.analyses.experiment.estimates import Estimate
from pm_analytics.stats.effects import Arm
from pm_analytics.stats.waiting import restricted_mean
from pm_analytics.times import DAY, microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric

NOT_THERE_YET = "no unit of an arm has been watched for the whole window yet, so the mean time up to it is not known"


def estimates(units: Units, plan: ExperimentPlan, metric: Metric, role: str, variants: Sequence[str]) -> list[Estimate]:
    """Compare the mean days without the event, up to the window, of each variant with the control's."""
    waits = counts.waits(units, metric)
    horizon = microseconds(metric.within) if metric.within is not None else DAY
    arms = {variant: _in_days(restricted_mean(rows, horizon)) for variant, rows in waits.items()}
    nobody = Arm(0, math.nan, math.nan)
    control = arms.get(plan.control, nobody)
    return [
        Estimate(
            metric=metric,
            role=role,
            variant=variant,
            control_users=control.n,
            variant_users=arms.get(variant, nobody).n,
            control_arm=control,
            variant_arm=arms.get(variant, nobody),
            method="restricted mean, Kaplan-Meier",
            broken=NOT_THERE_YET if math.isnan(control.mean + arms.get(variant, nobody).mean) else "",
        )
        for variant in variants
    ]


def _in_days(arm: Arm) -> Arm:
    return Arm(arm.n, arm.mean / DAY, arm.variance / DAY**2)
