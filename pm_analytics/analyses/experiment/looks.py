"""How often may the data be looked at? A reading knows how wide an interval must be on the day it is read.

``looks="fixed"``: read once, plain intervals. ``"anytime"``: an asymptotic confidence sequence, valid at every look.
A number of looks: alpha spending of the O'Brien-Fleming type, which gives little away early and almost nothing at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.plan import ANYTIME, FIXED
from pm_analytics.stats import sequential
from pm_analytics.stats.proportions import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.stats.effects import Effect

PLANNED = "planned looks"
TOO_EARLY = (
    f"too early to look: at least {sequential.SMALLEST_ARM} units per variant and {sequential.FEWEST_EVENTS} of what is "
    "counted are needed before intervals that allow looking hold"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How often the data may be looked at, and how far it has come.

    Attributes
    ----------
    mode : str
        ``"fixed"``, ``"anytime"`` or ``"planned looks"``.
    looks : int
        Planned looks.
    planned_units : int or None
        Units of all variants together at the planned end.
    earlier : tuple of float
        Information (share of the planned units) at the looks before this one; None for the planned ones.
    weights : mapping
        Variant -> planned weight.
    """

    mode: str
    looks: int
    planned_units: int | None
    earlier: tuple[float, ...] | None
    weights: Mapping[str, float]
    control: str

    def effect(self, estimate: Estimate, confidence: float) -> Effect:
        """Give an effect with the interval that this way of looking allows."""
        plain = estimate.effect(confidence)
        if self.mode == FIXED or not plain.error > 0:
            return plain
        if estimate.too_early:
            return estimate.without_interval(TOO_EARLY)
        p_value = self.p_value(estimate, abs(plain.difference) / plain.error)
        return estimate.effect_at(self.quantile(estimate, confidence), p_value)

    def quantile(self, estimate: Estimate, confidence: float) -> float:
        """Give how many standard errors wide an interval is on each side."""
        if self.mode == ANYTIME:
            return sequential.multiplier(self.information(estimate), confidence)
        if self.mode == PLANNED:
            return sequential.boundary(self.passed(estimate), self.information(estimate), confidence)
        return normal_quantile(confidence)

    def half_width(self, estimate: Estimate, error: float, confidence: float) -> float:
        """Give the half width of an interval for a contrast with this standard error."""
        from scipy.special import stdtrit

        if self.mode != FIXED:
            return self.quantile(estimate, confidence) * error
        freedom = estimate.effect(confidence).freedom
        return (
            normal_quantile(confidence) * error
            if math.isinf(freedom)
            else float(stdtrit(freedom, 0.5 + confidence / 2)) * error
        )

    def information(self, estimate: Estimate) -> float:
        """Give the share of the planned units of these two variants that is in."""
        whole = sum(self.weights.values())
        both = (self.weights[estimate.variant] + self.weights[self.control]) / whole
        return estimate.users / ((self.planned_units or estimate.users) * both)

    def p_value(self, estimate: Estimate, z: float) -> float:
        """Give the p-value that belongs to an effect of so many standard errors."""
        return math.erfc(z / math.sqrt(2))

    def one_sided(self, estimate: Estimate, beyond: float, error: float) -> float:
        """Give the one-sided p-value that the harm goes beyond what is tolerated."""
        from scipy.special import ndtr

        return float(ndtr(beyond / error))

    def next_look(self, arrived: int) -> int:
        """Give the units at the next planned look; the planned end when looks are not counted."""
        planned = self.planned_units or arrived
        steps = [math.ceil(planned * (look + 1) / self.looks) for look in range(self.looks)]
        return next((step for step in steps if step > arrived), planned)


def reading_of(plan: ExperimentPlan, earlier: Sequence[int] | None, weights: Mapping[str, float]) -> Reading:
    """Read a plan's looks."""
    mode = str(plan.looks) if plan.looks in {FIXED, ANYTIME} else FIXED if plan.looks == 1 else PLANNED
    looks = int(plan.looks) if mode == PLANNED else 1
    return Reading(mode, looks, plan.planned_units, None, weights, plan.control)
