"""The metrics of an A/A test: each analysed on assignments drawn anew, and by the shortcut that it is not."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pm_analytics.analyses.experiment import comparing
from pm_analytics.analyses.experiment.counts import cap_of, capped
from pm_analytics.analyses.experiment.counts.rows import rows_of
from pm_analytics.analyses.experiment.counts.values import SUMMED
from pm_analytics.analyses.experiment.wording import SHARES
from pm_analytics.metrics import ROWS
from pm_analytics.stats.proportions import normal_quantile
from pm_analytics.stats.randomisation import FEWEST, reassign

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.counts.rows import Rows
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.randomisation import Reassigned

NOT_DRAWN = "a quantile or a waiting time would need the events of every draw, so it is not drawn anew"
TOO_FEW = "too few units of the past were watched for its whole window"
NOTHING_BELOW = "nothing of what it is divided by ever happened"


class Draws(NamedTuple):
    """How assignments are drawn and judged: chance to fall into the variant, how often, seed, level, power."""

    share: float
    repetitions: int
    seed: int
    alpha: float
    power: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one analysis of one metric said in all draws.

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
    made, found : int
        Draws in which it could be analysed, and those of them in which something was found.
    uniformity : float
        p-value of p-values being uniform; NaN for a shortcut.
    detectable, by_formula : float
        The difference found with the planned power, by the spread of the differences and by their standard error.
    value : float
        The metric over all units.
    reason : str
        Why there are no draws; empty when there are.
    """

    metric: Metric
    role: str
    method: str = ""
    planned: bool = True
    made: int = 0
    found: int = 0
    uniformity: float = math.nan
    detectable: float = math.nan
    by_formula: float = math.nan
    value: float = math.nan
    reason: str = ""


def drawn_anew(units: Units, plan: ExperimentPlan, draws: Draws) -> list[Drawn]:
    """Analyse every metric of a plan in each draw, and beside it by its usual shortcut, if it has one.

    Strata are left out: they would sharpen the comparison a little, and change nothing of what chance does.
    """
    numbered = [(number, metric, role) for number, (metric, role) in enumerate(plan.metrics())]
    summed = [each for each in numbered if each[1].kind in SUMMED | {"funnel"}]
    table = capped(units.table, {n: cap_of(units.table, n, m.cap) for n, m, _ in summed if m.cap is not None})
    found = {number: [Drawn(metric, role, reason=NOT_DRAWN)] for number, metric, role in numbered}
    apart = _errors_apart(units, plan, draws) if plan.cluster is not None else {}
    rows = rows_of(table, comparing.layouts_of(units.table, plan, summed), plan.cluster)
    for (number, metric, role), each in zip(summed, rows, strict=True):
        found[number] = _drawn(Drawn(metric, role), each, plan.cluster, apart.get(metric.name), draws)
    return [each for number, _, _ in numbered for each in found[number]]


def _drawn(asked: Drawn, rows: Rows, cluster: str | None, apart: float | None, draws: Draws) -> list[Drawn]:
    """Analyse one metric as the experiment does, and by the shortcut."""
    if len(rows.top) < FEWEST or min(draws.share, 1 - draws.share) * len(rows.top) < 2:
        return [replace(asked, reason=TOO_FEW)]
    if rows.bottom is not None and not rows.bottom.sum() > 0:
        return [replace(asked, reason=NOTHING_BELOW)]
    shares = asked.metric.kind in SHARES and rows.bottom is None and rows.covariates is None
    how = draws._asdict()
    made = reassign(rows.top, rows.bottom, covariates=rows.covariates, test="shares" if shares else "welch", **how)
    value = float(rows.top.mean() if rows.bottom is None else rows.top.sum() / rows.bottom.sum())
    planned = _as_planned(replace(asked, value=value, method=_method(rows, cluster, shares=shares)), made, draws)
    error, method = _per_row(asked.metric, rows, draws) if cluster is None else (apart, "shortcut: units one by one")
    if error is None:
        return [planned]
    # The shortcut looks at the same differences, before any adjustment, with another standard error.
    raw = made if rows.covariates is None else reassign(rows.top, rows.bottom, **how)
    return [planned, _by_shortcut(replace(planned, method=method), raw, error, draws)]


def _as_planned(asked: Drawn, made: Reassigned, draws: Draws) -> Drawn:
    tested = made.p_values[~np.isnan(made.p_values)]
    return replace(
        asked,
        made=len(tested),
        found=int((tested < draws.alpha).sum()),
        uniformity=made.uniformity,
        detectable=made.detectable,
        by_formula=made.detectable_by_formula,
        reason=made.reason,
    )


def _by_shortcut(asked: Drawn, raw: Reassigned, error: float, draws: Draws) -> Drawn:
    seen = raw.differences[np.isfinite(raw.differences)]
    found = int((np.abs(seen) > normal_quantile(1 - draws.alpha) * error).sum())
    factor = raw.detectable_by_formula / raw.error if raw.error > 0 else math.nan
    return replace(
        asked, planned=False, made=len(seen), found=found, uniformity=math.nan,
        detectable=raw.detectable, by_formula=factor * error,
    )  # fmt: skip


def _per_row(metric: Metric, rows: Rows, draws: Draws) -> tuple[float | None, str]:
    """Give the standard error of a ratio of counts whose rows below the line are taken for units; None for others."""
    counted = metric.value is None and metric.per_value is None
    if metric.kind != "ratio" or rows.bottom is None or not (counted or metric.per == ROWS):
        return None, ""
    rate, below = float(rows.top.sum() / rows.bottom.sum()), float(rows.bottom.sum())
    whole = bool((rows.top == np.round(rows.top)).all())
    if whole and rows.top.min() >= 0 and (rows.top <= rows.bottom).all():
        variance = rate * (1 - rate)
    elif counted:
        variance = rate  # of a count, as Poisson has it
    else:
        return None, ""
    named = "row" if metric.per == ROWS else repr(metric.per)
    return _error(variance, below, draws), f"shortcut: each {named} by itself"


def _errors_apart(units: Units, plan: ExperimentPlan, draws: Draws) -> dict[str, float]:
    """Give the standard error of each metric as if units, not groups of them, had been assigned."""
    alone = replace(plan, cluster=None, pre_period=None, covariates=())
    arms = {each.metric.name: each.control_arm for each in comparing.estimates(units, alone, [plan.control])}
    return {name: _error(arm.variance, arm.n, draws) for name, arm in arms.items() if arm.variance > 0}


def _error(variance: float, n: float, draws: Draws) -> float:
    """Give the standard error of a difference of two arms that share n between them."""
    return math.sqrt(variance / (n * draws.share * (1 - draws.share)))


def _method(rows: Rows, cluster: str | None, *, shares: bool) -> str:
    """Say how a metric is analysed."""
    tested = "pooled z or Fisher" if shares else "Welch"
    over = f"over {cluster}" if cluster is not None else "delta method over units" if rows.bottom is not None else ""
    before = "adjusted for the time before" if rows.covariates is not None else ""
    return "; ".join(part for part in (over, before, tested) if part)
