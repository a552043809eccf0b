"""Estimates -> one row per metric and variant: the role decides which test, which interval and which words.

Primary metrics share the chance of a false finding over all variants (Holm). A guardrail is tested against the harm
that is tolerated, each at full strength, since all must hold (intersection-union). Exploratory metrics are controlled
for the share of false findings (Benjamini & Hochberg). The interval of a row always says what its p-value says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.experiment.plan import EXPLORATORY, GUARDRAIL, PRIMARY
from pm_analytics.names import (
    ADJUSTED_P_VALUE,
    CI_LOWER,
    CI_UPPER,
    CONFIDENCE,
    CONTROL_USERS,
    CONTROL_VALUE,
    DETECTABLE_LIFT,
    DIFFERENCE,
    KIND,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    METHOD,
    METRIC,
    P_VALUE,
    REASON,
    ROLE,
    STATUS,
    VARIANCE_REDUCTION,
    VARIANT,
    VARIANT_USERS,
    VARIANT_VALUE,
)
from pm_analytics.stats.multiplicity import benjamini_hochberg, bh_confidences, holm, holm_confidences
from pm_analytics.stats.proportions import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.looks import Reading
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.effects import Effect

NUMBERS = (
    "control", "variant", "difference", "ci_lower", "ci_upper", "lift", "lift_ci_lower", "lift_ci_upper", "p_value",
    "error",
)  # fmt: skip
BETTER, WORSE, UNCLEAR = "better", "worse", "unclear"
SAFE, WATCH, HARM = "safe", "watch", "harm"


@dataclass(frozen=True, slots=True)
class Judged:
    """An estimate with the interval, the p-value and the status that its role asks for."""

    estimate: Estimate
    effect: Effect
    p_value: float
    adjusted: float
    confidence: float
    status: str

    def row(self, power: float, alpha: float) -> dict[str, Any]:
        """Lay it out as a row of the result's table."""
        estimate, effect = self.estimate, self.effect
        return {
            METRIC: estimate.metric.name,
            KIND: estimate.metric.kind,
            ROLE: estimate.role,
            VARIANT: estimate.variant,
            CONTROL_USERS: estimate.control_users,
            VARIANT_USERS: estimate.variant_users,
            CONTROL_VALUE: effect.control,
            VARIANT_VALUE: effect.variant,
            DIFFERENCE: effect.difference,
            CI_LOWER: effect.ci_lower,
            CI_UPPER: effect.ci_upper,
            LIFT: effect.lift,
            LIFT_CI_LOWER: effect.lift_ci_lower,
            LIFT_CI_UPPER: effect.lift_ci_upper,
            P_VALUE: self.p_value,
            ADJUSTED_P_VALUE: self.adjusted,
            CONFIDENCE: self.confidence,
            DETECTABLE_LIFT: detectable(effect, alpha, power),
            VARIANCE_REDUCTION: estimate.variance_reduction,
            STATUS: self.status,
            METHOD: effect.method,
            REASON: effect.reason,
        }


def judge(estimates: Sequence[Estimate], plan: ExperimentPlan, reading: Reading) -> list[Judged]:
    """Judge every estimate by its role, in the order given."""
    judged: dict[int, Judged] = {}
    for role, of_role in ((PRIMARY, _primaries), (GUARDRAIL, _guardrails), (EXPLORATORY, _exploratory)):
        places = [place for place, each in enumerate(estimates) if each.role == role]
        judged |= dict(zip(places, of_role([estimates[place] for place in places], plan, reading), strict=True))
    return [judged[place] for place in range(len(estimates))]


def _primaries(estimates: Sequence[Estimate], plan: ExperimentPlan, reading: Reading) -> list[Judged]:
    p_values = [_p_value(each, plan, reading) for each in estimates]
    levels = holm_confidences(p_values, confidence=plan.confidence)
    return _two_sided(estimates, p_values, holm(p_values), levels, reading)


def _exploratory(estimates: Sequence[Estimate], plan: ExperimentPlan, reading: Reading) -> list[Judged]:
    p_values = [_p_value(each, plan, reading) for each in estimates]
    levels = bh_confidences(p_values, confidence=plan.confidence)
    return _two_sided(estimates, p_values, benjamini_hochberg(p_values), levels, reading)


def _p_value(estimate: Estimate, plan: ExperimentPlan, reading: Reading) -> float:
    """Give the p-value of a comparison; one that may not be read is no test, and takes nothing from the others."""
    return math.nan if estimate.broken else reading.effect(estimate, plan.confidence).p_value


def _two_sided(
    estimates: Sequence[Estimate],
    p_values: Sequence[float],
    adjusted: Sequence[float],
    levels: Sequence[float],
    reading: Reading,
) -> list[Judged]:
    found = []
    for estimate, p_value, after, level in zip(estimates, p_values, adjusted, levels, strict=True):
        effect = reading.effect(estimate, level)
        found.append(Judged(estimate, effect, p_value, after, level, direction_of(estimate.metric, effect)))
    return found


def _guardrails(estimates: Sequence[Estimate], plan: ExperimentPlan, reading: Reading) -> list[Judged]:
    """Each at the full level, one-sided: its two-sided interval is the one of twice the level."""
    level = 1 - 2 * plan.confidence_alpha
    return [_guardrail(each, level if level > 0 else plan.confidence, reading) for each in estimates]


def _guardrail(estimate: Estimate, level: float, reading: Reading) -> Judged:
    effect = reading.effect(estimate, level)
    least, most, p_value = worst_harm(estimate, effect, level, reading)
    status = UNCLEAR
    if not math.isnan(most):
        status = SAFE if most < 0 else HARM if least > 0 else WATCH
    return Judged(estimate, effect, p_value, p_value, level, status)


def worst_harm(estimate: Estimate, effect: Effect, level: float, reading: Reading) -> tuple[float, float, float]:
    """Give how far harm goes beyond what is tolerated: least and most (below 0: within it), and the p-value.

    The tolerated value is a multiple of the control's, so the contrast ``variant - (1 - margin) * control`` (or, where
    less is better, ``(1 + margin) * control - variant``) is tested itself: nothing is divided by a noisy baseline.
    """
    metric, variant, control = estimate.metric, estimate.variant_arm, estimate.control_arm
    margin = metric.max_harm or 0.0
    if math.isnan(effect.error) or math.isnan(effect.ci_lower) or effect.error == 0:
        return math.nan, math.nan, math.nan
    keep = 1 - margin if metric.direction == "up" else 1 + margin
    sign = 1 if metric.direction == "up" else -1
    beyond = -sign * (variant.mean - keep * control.mean)
    error = math.sqrt(variant.variance / variant.n + keep**2 * control.variance / control.n)
    half = reading.half_width(estimate, error, level)
    return beyond - half, beyond + half, reading.one_sided(estimate, beyond, error, level)


def direction_of(metric: Metric, effect: Effect) -> str:
    """Name the direction of an effect, if its interval excludes no difference."""
    if math.isnan(effect.ci_lower) or effect.ci_lower <= 0 <= effect.ci_upper:
        return UNCLEAR
    return BETTER if (effect.ci_lower > 0) == (metric.direction == "up") else WORSE


def detectable(effect: Effect, alpha: float, power: float) -> float:
    """Give the relative change that such data finds with the planned power; NaN without a positive control value."""
    from scipy.special import ndtri

    if math.isnan(effect.error) or not effect.control > 0:
        return math.nan
    return (normal_quantile(1 - alpha) + float(ndtri(power))) * effect.error / effect.control


def blank(judged: Judged, status: str, reason: str) -> Judged:
    """Take every number away, and say why."""
    blanks: dict[str, Any] = dict.fromkeys(NUMBERS, math.nan)
    nothing = replace(judged.effect, **blanks, reason=reason)
    return replace(judged, effect=nothing, p_value=math.nan, adjusted=math.nan, status=status)
