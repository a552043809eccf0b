"""The table of units -> one estimate per metric and variant, each kind of metric on its own way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.experiment import spread, waiting
from pm_analytics.analyses.experiment.counts import (
    ask_ahead,
    cap_of,
    capped,
    clustered,
    layout_of,
    moments,
    recorded_rows,
    strata_of,
)
from pm_analytics.analyses.experiment.counts.values import SUMMED
from pm_analytics.analyses.experiment.estimates import Estimate, estimate
from pm_analytics.stats.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.counts import Ahead, Asked, Layout, Summed, Units
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric

Numbered = list[tuple[int, "Metric", str]]


def estimates(units: Units, plan: ExperimentPlan, variants: Sequence[str], *, uncapped: bool = False) -> list[Estimate]:
    """Compare every variant with the control on every metric of the plan.

    ``uncapped`` leaves the values of capped metrics as they are.
    """
    numbered = [(number, metric, role) for number, (metric, role) in enumerate(plan.metrics())]
    summed = [each for each in numbered if each[1].kind in SUMMED | {"funnel"}]
    found = _summed(units, plan, variants, summed, uncapped=uncapped)
    for number, metric, role in numbered:
        if metric.kind == "quantile":
            found[number] = [e.over_groups(plan.cluster) for e in spread.estimates(units, plan, metric, role, variants)]
        elif metric.kind == "time":
            found[number] = [
                e.over_groups(plan.cluster) for e in waiting.estimates(units, plan, metric, role, variants)
            ]
    return [each for number, _, _ in numbered for each in found[number]]


def _summed(
    units: Units, plan: ExperimentPlan, variants: Sequence[str], numbered: Numbered, *, uncapped: bool
) -> dict[int, list[Estimate]]:
    table = units.table
    if not uncapped:
        table = capped(table, {n: cap_of(table, n, m.cap) for n, m, _ in numbered if m.cap is not None})
    layouts = layouts_of(table, plan, numbered)
    if plan.cluster:
        table, layouts = clustered(table, plan.cluster, layouts)
    strata = () if plan.cluster else strata_of(table, plan.covariates)
    ahead = units.ahead if table is units.table else None
    sums = moments(table, layouts, by=strata, ahead=ahead)
    return {
        number: compared(
            metric, role, variants, plan.control, layouts[place], at(sums, place, [plan.control, *variants])
        )
        for place, (number, metric, role) in enumerate(numbered)
    }


def ahead_of_judging(asked: Asked, plan: ExperimentPlan) -> Ahead | None:
    """Ask in one pass for what the gate and the estimates need, where nothing must be known before."""
    metrics = [metric for metric, _ in plan.metrics()]
    if asked.log is not None or plan.cluster is not None or any(metric.cap is not None for metric in metrics):
        return None
    rows = recorded_rows(asked)
    numbered = [(i, m, role) for i, (m, role) in enumerate(plan.metrics()) if m.kind in SUMMED]
    return ask_ahead(rows, asked.exposures, layouts_of(rows, plan, numbered), strata_of(rows, plan.covariates))


def layouts_of(table: Any, plan: ExperimentPlan, numbered: Numbered) -> list[Layout]:  # noqa: ANN401
    """Choose the columns of each metric: its value, and what is known from before."""
    numeric = [name for name in plan.covariates if name not in strata_of(table, plan.covariates)]
    before = plan.pre_period is not None
    return [layout_of(number, metric, before=before, covariates=numeric) for number, metric, _ in numbered]


def compared(
    metric: Metric, role: str, variants: Sequence[str], control: str, layout: Layout, groups: Mapping[str, list[Summed]]
) -> list[Estimate]:
    """Compare each variant with the control on one metric."""
    return [estimate(metric, role, variant, control, layout, groups) for variant in variants]


def at(
    sums: Mapping[tuple[Any, ...], Sequence[Summed]], place: int, variants: Sequence[str]
) -> dict[str, list[Summed]]:
    """Pick one metric's sums: variant -> its strata, the same ones in the same order; empty where nobody is."""
    strata = sorted({key[1:] for key in sums}, key=str)
    width = next((len(parts[place].moments.means) for parts in sums.values()), 1)
    return {
        variant: [
            sums[variant, *stratum][place] if (variant, *stratum) in sums else _nobody(width)
            for stratum in strata or [()]
        ]
        for variant in variants
    }


def _nobody(width: int) -> Summed:
    from pm_analytics.analyses.experiment.counts.moments import Summed

    return Summed(Moments.of_sums(0, [0.0] * width, [[0.0] * width] * width), math.nan, math.nan)
