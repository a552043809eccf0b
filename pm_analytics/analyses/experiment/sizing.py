"""One metric's baseline and the plan's terms -> the units it needs, the change that so many units find, and how surely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.looks import PLANNED, reading_of
from pm_analytics.analyses.experiment.plan import ANYTIME, GUARDRAIL
from pm_analytics.stats import sequential
from pm_analytics.stats.detectable import (
    LARGEST,
    Contrast,
    Design,
    of_margin,
    of_means,
    of_shares,
    power_of,
    smallest,
    units_needed,
)
from pm_analytics.stats.proportions import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pm_analytics.analyses.experiment.arriving import Arriving
    from pm_analytics.analyses.experiment.baselines import Baseline
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric

NO_BASELINE = "its baseline is not above zero, so a relative change has no meaning; read the absolute one"
OVER_EVERYBODY = "so large a change would take it beyond 100 %"


@dataclass(frozen=True, slots=True)
class Need:
    """What one metric needs.

    Attributes
    ----------
    baseline : Baseline
        The metric, and what it is without the change.
    terms : Design
        How units are divided, and how sure one wants to be.
    effect : float or None
        The relative change worth having; of a guardrail, the harm tolerated. None when the plan does not say.
    units : float
        Units of all variants together; NaN when there is nothing to find, or ``reason`` says why not.
    weeks : int or None
        Whole weeks until they are in; None when they never will be.
    read_on : date or None
        The first day on which it can be read, when days are known.
    reason : str
        Why something is missing; empty when nothing is.
    """

    baseline: Baseline
    terms: Design
    effect: float | None
    units: float = math.nan
    weeks: int | None = None
    read_on: date | None = None
    reason: str = ""

    def detectable(self, units: float) -> tuple[float, float]:
        """Give the smallest change that so many units find, relative and absolute; NaN when there is none."""
        base = self.baseline
        if base.reason:
            return math.nan, math.nan
        if not base.value > 0:
            spread = of_means(base.variance, 0.0, self.terms)
            alone = partial(_of_difference, spread)
            return math.nan, smallest(alone, units, self.terms, largest=LARGEST * base.deviation)
        found = smallest(partial(contrast, base, self.terms), units, self.terms, largest=_largest(base))
        return found, found * base.value

    def power_at(self, units: float) -> float:
        """Give the chance that so many units find the change worth having; NaN when the plan names none."""
        if self.effect is None or self.reason:
            return math.nan
        return power_of(contrast(self.baseline, self.terms, self.effect), units, self.terms)


def terms_of(plan: ExperimentPlan, role: str) -> Design:
    """Read from a plan how its units are divided, and how sure a metric of a role is to be.

    Each variant is compared with the control; the smallest one decides. Primary metrics share the level over metrics and
    variants, as Holm's first step does. A guardrail is tested one-sided at the full level, and since all of them must
    pass, each with more power (Schultzberg et al. 2024).
    """
    weights = split_of(plan)
    whole = sum(weights.values())
    others = [weight for name, weight in weights.items() if name != plan.control]
    alpha, power = plan.confidence_alpha, plan.power
    if role == GUARDRAIL:
        alpha, power = 2 * alpha, 1 - (1 - power) / (len(plan.guardrails) + 1)
    else:
        alpha /= len(plan.primaries) * len(others)
    quantile, inflation = _looking(plan, alpha, power)
    return Design(weights[plan.control] / whole, min(others) / whole, quantile, power, inflation)


def split_of(plan: ExperimentPlan) -> Mapping[str, float]:
    """Give the planned weights; one variant beside the control when the plan names none."""
    return plan.split or {plan.control: 1.0, "treatment" if plan.control != "treatment" else "variant": 1.0}


def need_of(baseline: Baseline, terms: Design, arriving: Arriving) -> Need:
    """Say what a metric needs, and when that is in."""
    metric = baseline.metric
    effect = metric.max_harm if baseline.role == GUARDRAIL else metric.min_effect
    reason = baseline.reason or _no_change(baseline, effect)
    if effect is None or reason:
        return Need(baseline, terms, effect, reason=reason)
    units = math.ceil(units_needed(contrast(baseline, terms, effect), terms) - 1e-9)
    weeks = arriving.weeks_for(units)
    return Need(baseline, terms, effect, units, weeks, None if weeks is None else arriving.read_on(weeks, metric))


def contrast(baseline: Baseline, terms: Design, change: float) -> Contrast:
    """Describe a relative change in the good direction; of a guardrail, a harm that is to be ruled out."""
    up = baseline.metric.direction == "up"
    if baseline.role == GUARDRAIL:
        return of_margin(baseline.value, baseline.variance, change, terms, harm_is_up=not up)
    if not baseline.share:
        return of_means(baseline.variance, change * baseline.value, terms)
    changed = baseline.value * (1 + change if up else 1 - change)
    return of_shares(baseline.value, min(1.0, max(0.0, changed)), terms)


def _of_difference(spread: Contrast, difference: float) -> Contrast:
    return Contrast(difference, spread.null, spread.deviation)


def _looking(plan: ExperimentPlan, alpha: float, power: float) -> tuple[float, float]:
    """Give what the way of looking asks: standard errors at the planned end, and how many times as many units."""
    reading = reading_of(plan, None, split_of(plan))
    if reading.mode == ANYTIME:
        # At the planned end only: whoever stops earlier had more power than this, so it is a lower bound.
        return sequential.sequence_multiplier(1.0, 1.0, alpha=alpha), 1.0
    more = sequential.sample_size_inflation(reading.looks, alpha=alpha, power=power) if reading.mode == PLANNED else 1.0
    return normal_quantile(1 - alpha), more


def _no_change(baseline: Baseline, effect: float | None) -> str:
    if not baseline.value > 0:
        return NO_BASELINE
    rises = baseline.metric.direction == "up" and baseline.role != GUARDRAIL
    return OVER_EVERYBODY if effect is not None and rises and baseline.share and effect > _largest(baseline) else ""


def _largest(baseline: Baseline) -> float:
    """Give the largest change that can be: down to nothing, or up to everybody."""
    metric: Metric = baseline.metric
    falls = (metric.direction == "up") == (baseline.role == GUARDRAIL)
    if falls:
        return 1.0
    return (1 - baseline.value) / baseline.value if baseline.share and baseline.role != GUARDRAIL else LARGEST
