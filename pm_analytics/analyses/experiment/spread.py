"""A quantile of a property, compared: order statistics from the engine, their spread over units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.counts import spread as counts
from pm_analytics.analyses.experiment.estimates import Estimate
from pm_analytics.stats.quantiles import QuantileArm, bounds_of, fewest_values, spread_over_units, too_few

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric


def estimates(units: Units, plan: ExperimentPlan, metric: Metric, role: str, variants: Sequence[str]) -> list[Estimate]:
    """Compare a quantile of each variant with the control's."""
    share = metric.quantile_at or 0.5
    arms, users = _arms(units, metric, share)
    nobody = QuantileArm(0, math.nan, math.nan, math.nan)
    control = arms.get(plan.control, nobody)
    return [
        Estimate(
            metric=metric,
            role=role,
            variant=variant,
            control_users=users.get(plan.control, 0),
            variant_users=users.get(variant, 0),
            control_arm=control.arm,
            variant_arm=arms.get(variant, nobody).arm,
            method="order statistics, spread over units",
            broken=too_few(share) if min(control.n, arms.get(variant, nobody).n) < fewest_values(share) else "",
        )
        for variant in variants
    ]


def _arms(units: Units, metric: Metric, share: float) -> tuple[dict[str, QuantileArm], Mapping[str, int]]:
    rows = counts.valued_events(units, metric)
    events = counts.counted(rows)
    if not events:
        return {}, {}
    at = {variant: (share, *bounds_of(share, n)) for variant, n in events.items()}
    found = counts.quantiles(rows, at)
    below = counts.below_quantile(rows, {variant: three[0] for variant, three in found.items()})
    arms = {}
    for variant, n in events.items():
        value, lower, upper = found[variant]
        arms[variant] = QuantileArm(n, value, lower, upper, spread_over_units(below[variant], share))
    return arms, {variant: moments.n for variant, moments in below.items()}
