"""How often may the data be looked at? A reading knows how wide an interval must be on the day it is read.

``looks="fixed"``: read once, plain intervals. ``"anytime"``: an asymptotic confidence sequence, valid at every look.
A number of looks: alpha spending of the O'Brien-Fleming type, which gives little away early, and almost nothing at the
end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.plan import ANYTIME, FIXED
from pm_analytics.errors import ParameterError
from pm_analytics.stats import sequential
from pm_analytics.stats.proportions import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.stats.effects import Effect

PLANNED = "planned looks"
TOO_EARLY = (
    f"too early to look: at least {sequential.SMALLEST_ARM} units per variant, and {sequential.FEWEST_EVENTS} of what "
    "is counted, are needed before an interval that allows looking holds"
)
SAME_LOOK = 1e-3
"""Two looks closer than this share of the planned units are one look."""


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
        Share of the planned units at each look before this one, or at the planned ones when they were not given.
    weights : mapping
        Variant -> planned weight.
    control : str
        The variant that all others are compared with.
    """

    mode: str
    looks: int
    planned_units: int | None
    earlier: tuple[float, ...]
    weights: Mapping[str, float]
    control: str

    def effect(self, estimate: Estimate, confidence: float) -> Effect:
        """Give an effect with the interval that this way of looking allows."""
        plain = estimate.effect(confidence)
        if self.mode == FIXED or not plain.error > 0:
            return plain
        if self._too_early(estimate):
            return estimate.without_interval(TOO_EARLY)
        p_value = self.p_value(estimate, abs(plain.difference) / plain.error, confidence)
        return estimate.effect_at(self.quantile(estimate, confidence), p_value)

    def quantile(self, estimate: Estimate, confidence: float) -> float:
        """Give how many standard errors wide an interval is on each side."""
        alpha, share = 1 - confidence, self.information(estimate)
        if self.mode == ANYTIME:
            return sequential.sequence_multiplier(share, 1.0, alpha=alpha)
        if self.mode == PLANNED:
            return sequential.boundaries(self._times(share), alpha=alpha)[-1]
        return normal_quantile(confidence)

    def p_value(self, estimate: Estimate, z: float, confidence: float) -> float:
        """Give the two-sided p-value of an effect of so many standard errors."""
        if self.mode == ANYTIME:
            return sequential.anytime_p_value(z, self.information(estimate), 1.0, alpha=1 - confidence)
        if self.mode == PLANNED:
            return sequential.repeated_p_value(z, self._times(self.information(estimate)))
        return math.erfc(z / math.sqrt(2))

    def half_width(self, estimate: Estimate, error: float, confidence: float) -> float:
        """Give the half width of an interval for a contrast with this standard error."""
        from scipy.special import stdtrit

        freedom = estimate.effect(confidence).freedom
        if self.mode != FIXED or math.isinf(freedom):
            return self.quantile(estimate, confidence) * error
        return float(stdtrit(freedom, 0.5 + confidence / 2)) * error

    def one_sided(self, estimate: Estimate, beyond: float, error: float, confidence: float) -> float:
        """Give the one-sided p-value of a contrast below zero; ``confidence`` is that of the two-sided interval."""
        from scipy.special import stdtr

        if self.mode != FIXED:
            half = self.p_value(estimate, abs(beyond) / error, confidence) / 2
            return half if beyond < 0 else 1 - half
        freedom = min(1e9, estimate.effect(confidence).freedom)
        return float(stdtr(freedom, beyond / error))

    def information(self, estimate: Estimate) -> float:
        """Give the share of the planned units of these two variants that is in."""
        whole = sum(self.weights.values())
        both = (self.weights[estimate.variant] + self.weights[self.control]) / whole
        return estimate.users / ((self.planned_units or estimate.users) * both)

    @property
    def said(self) -> str:
        """Say it in a few words."""
        planned = f"planned end at {self.planned_units:,} units" if self.planned_units else "no planned size"
        return {
            FIXED: f"read once; {planned}",
            ANYTIME: f"may be read at any time; {planned}",
            PLANNED: f"{self.looks} looks; {planned}",
        }[self.mode]

    def next_look(self, arrived: int) -> int:
        """Give the units at the next planned look; the planned end when looks are not counted."""
        planned = self.planned_units or arrived
        steps = [math.ceil(planned * (look + 1) / self.looks) for look in range(self.looks)]
        return next((step for step in steps if step > arrived), planned)

    def _times(self, share: float) -> tuple[float, ...]:
        """List the looks up to this one; whatever comes after the planned end is the last look."""
        now = min(1.0, share)
        return (*(look for look in self.earlier if look < now - SAME_LOOK), now)

    def _too_early(self, estimate: Estimate) -> bool:
        smallest = min(estimate.control_users, estimate.variant_users)
        return smallest < sequential.SMALLEST_ARM or estimate.events < sequential.FEWEST_EVENTS


def reading_of(plan: ExperimentPlan, earlier: Sequence[int] | None, weights: Mapping[str, float]) -> Reading:
    """Read a plan's looks, and the looks that were taken.

    Raises
    ------
    ParameterError
        Earlier looks that do not rise, or are given for a plan without counted looks.
    """
    mode = str(plan.looks) if plan.looks in {FIXED, ANYTIME} else FIXED if plan.looks == 1 else PLANNED
    looks = int(plan.looks) if mode == PLANNED else 1
    if earlier is not None and mode != PLANNED:
        raise ParameterError(f"earlier_looks={list(earlier)!r} only fits a plan with a number of looks, not {mode!r}.")
    planned = plan.planned_units or 1
    taken = (
        tuple(units / planned for units in earlier)
        if earlier is not None
        else tuple(k / looks for k in range(1, looks))
    )
    if any(not 0 < look < 1 for look in taken) or list(taken) != sorted(set(taken)):
        raise ParameterError(
            f"earlier_looks={list(earlier or ())!r} must rise, and lie between 0 and planned_units={planned:,}."
        )
    return Reading(mode, looks, plan.planned_units, taken, weights, plan.control)
