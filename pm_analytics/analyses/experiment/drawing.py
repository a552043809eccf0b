"""One metric of an A/A test: the analysis itself on assignments drawn anew, and the shortcut that it is not."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pm_analytics.analyses.experiment import comparing
from pm_analytics.analyses.experiment.counts import Summed, cap_of, capped, clustered
from pm_analytics.analyses.experiment.counts.rows import in_memory, rows_of_buckets, rows_of_groups, rows_of_units
from pm_analytics.analyses.experiment.counts.values import SUMMED
from pm_analytics.analyses.experiment.estimates import estimate
from pm_analytics.metrics import ROWS
from pm_analytics.names import UNIT
from pm_analytics.stats.effects import Arm, compare_means, compare_shares
from pm_analytics.stats.relabelling import relabelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from numpy.typing import NDArray

    from pm_analytics.analyses.experiment.counts import Layout, Units
    from pm_analytics.analyses.experiment.counts.rows import Rows
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.effects import Effect
    from pm_analytics.stats.moments import Moments

    Analysis = Callable[[Moments, Moments], Effect]

ONE, OTHER = "control", "variant"
NOT_DRAWN = "a quantile or a waiting time would need the events of every draw, so it is not drawn anew"
NOBODY = "no unit of the past was watched for the metric's whole window"


class Draws(NamedTuple):
    """How assignments are drawn: the chance to fall into the variant, how often, from which seed."""

    share: float
    number: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What one analysis of one metric said in every draw.

    Attributes
    ----------
    metric : Metric
        Which one.
    role : str
        Its role in the plan.
    method : str
        How it was analysed, in words.
    planned : bool
        Whether the experiment analyses it so; else it is a shortcut, shown for comparison.
    p_values, differences, errors : arrays of shape (draws,)
        Two-sided p-value, difference and its standard error in each draw.
    value : float
        The metric over all units.
    reason : str
        Why there are no draws; empty when there are.
    """

    metric: Metric
    role: str
    method: str = ""
    planned: bool = True
    p_values: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    differences: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    errors: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    value: float = math.nan
    reason: str = ""


def drawn_anew(units: Units, plan: ExperimentPlan, draws: Draws) -> list[Drawn]:
    """Analyse every metric of a plan in each draw; also by the shortcut, where there is a usual one.

    Strata are left out: they would sharpen the comparison a little, and change nothing of what chance does.
    """
    numbered = [(number, metric, role) for number, (metric, role) in enumerate(plan.metrics())]
    summed = [each for each in numbered if each[1].kind in SUMMED | {"funnel"}]
    table = capped(units.table, {n: cap_of(units.table, n, m.cap) for n, m, _ in summed if m.cap is not None})
    layouts = comparing.layouts_of(units, plan, summed)
    found = {number: [Drawn(metric, role, reason=NOT_DRAWN)] for number, metric, role in numbered}
    made, rows = _rows(table, layouts, plan.cluster)
    for (number, metric, role), layout, each in zip(summed, made, rows, strict=True):
        found[number] = [_drawn(metric, role, each, _as_planned(metric, role, layout), draws)]
        shortcut = _per_row(metric, each) if plan.cluster is None else None
        if shortcut is not None:
            by_row = _drawn(metric, role, each, shortcut, draws)
            found[number].append(replace(by_row, planned=False, method=f"shortcut: each {_row(metric)} taken by itself"))
    if plan.cluster is not None:
        for number, shortcut in _one_by_one(table, layouts, plan, summed, draws):
            found[number].append(shortcut)
    return [each for number, _, _ in numbered for each in found[number]]


def _rows(table: Any, layouts: list[Layout], cluster: str | None) -> tuple[list[Layout], Iterator[Rows]]:  # noqa: ANN401
    """Give what chance divides: groups, units, or buckets of very many units."""
    key = UNIT
    if cluster is not None:
        table, layouts = clustered(table, cluster, layouts)
        key = cluster
    if in_memory(table):
        return layouts, rows_of_units(table, layouts, key)
    return layouts, rows_of_buckets(table, layouts, key)


def _one_by_one(
    table: Any,  # noqa: ANN401
    layouts: list[Layout],
    plan: ExperimentPlan,
    summed: comparing.Numbered,
    draws: Draws,
) -> Iterator[tuple[int, Drawn]]:
    """Analyse groups that were assigned as a whole as if each unit had been assigned by itself."""
    plain = [replace(layout, covariates=()) for layout in layouts]
    rows = rows_of_groups(table, plain, str(plan.cluster))
    for (number, metric, role), layout, each in zip(summed, plain, rows, strict=True):
        found = _drawn(metric, role, each, _as_planned(metric, role, layout), draws)
        method = f"shortcut: units taken one by one, not by {plan.cluster}"
        yield number, replace(found, planned=False, method=method)


def _drawn(metric: Metric, role: str, rows: Rows, analysis: Analysis, draws: Draws) -> Drawn:
    if rows.units.sum() < 2:
        return Drawn(metric, role, reason=NOBODY)
    effects = [
        analysis(variant, control)
        for variant, control in relabelled(
            rows.units, rows.sums, rows.products, rows.centre,
            share=draws.share, draws=draws.number, seed=draws.seed,
        )
    ]  # fmt: skip
    p_values = np.array([effect.p_value for effect in effects])
    reason = "" if not np.isnan(p_values).all() else next(effect.reason for effect in effects if effect.reason)
    return Drawn(
        metric=metric,
        role=role,
        method=effects[0].method,
        p_values=p_values,
        differences=np.array([effect.difference for effect in effects]),
        errors=np.array([effect.error for effect in effects]),
        value=float(np.mean([effect.control for effect in effects])),
        reason=reason,
    )


def _as_planned(metric: Metric, role: str, layout: Layout) -> Analysis:
    """Analyse two arms as the experiment does."""

    def analysis(variant: Moments, control: Moments) -> Effect:
        groups = {OTHER: [Summed(variant, math.nan, math.nan)], ONE: [Summed(control, math.nan, math.nan)]}
        return estimate(metric, role, OTHER, ONE, layout, groups).effect(0.95)

    return analysis


def _per_row(metric: Metric, rows: Rows) -> Analysis | None:
    """Give the usual shortcut for a ratio of counts: take each row below the line for a unit. None for other metrics."""
    counted = metric.value is None and metric.per_value is None
    if metric.kind != "ratio" or not (counted or metric.per == ROWS):
        return None
    above, below = (rows.sums + rows.units[:, None] * rows.centre)[:, :2].T
    if (above >= 0).all() and (above <= below).all() and np.allclose(above, np.round(above)):
        return _as_shares
    return _as_counts if counted else None


def _as_shares(variant: Moments, control: Moments) -> Effect:
    tops, bottoms = zip(*((arm.n * arm.means[0], arm.n * arm.means[1]) for arm in (variant, control)), strict=True)
    return compare_shares(round(tops[0]), round(bottoms[0]), round(tops[1]), round(bottoms[1]))


def _as_counts(variant: Moments, control: Moments) -> Effect:
    """Take counts for Poisson: their variance is their mean."""
    arms = []
    for arm in (variant, control):
        rate = float(arm.means[0] / arm.means[1])
        arms.append(Arm(round(arm.n * arm.means[1]), rate, rate))
    return compare_means(*arms)


def _row(metric: Metric) -> str:
    return "row" if metric.per == ROWS else repr(metric.per)
