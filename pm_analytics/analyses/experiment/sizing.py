"""One metric's baseline and the plan's terms -> the units it needs, the change that units find, and how surely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.looks import PLANNED, reading_of
from pm_analytics.analyses.experiment.plan import ANYTIME, GUARDRAIL
from pm_analytics.stats import power, sequential
from pm_analytics.stats.designs import Options, power_for_all
from pm_analytics.stats.noninferiority import Guardrail, detectable_margin, power_for_guardrail, size_for_guardrail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pm_analytics.analyses.experiment.arriving import Arriving
    from pm_analytics.analyses.experiment.baselines import Baseline
    from pm_analytics.analyses.experiment.plan import ExperimentPlan

NO_BASELINE = "its baseline is not above zero, so a relative change has no meaning"
OVER_EVERYBODY = "so large a change would take it beyond 100 %"
ROUNDING = 1e-9
"""What rounding leaves of a whole number of units is no unit more."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How units are divided, and how sure one wants to be.

    Attributes
    ----------
    control, variant : float
        Shares of all units that go into the control, and into the smallest of the other variants.
    options : Options
        Level, power and way of looking, as :class:`~pm_analytics.stats.designs.Design` takes them.
    """

    control: float
    variant: float
    options: Options

    @property
    def power(self) -> float:
        """Chance to find what is there."""
        return self.options["power"]


@dataclass(frozen=True, slots=True)
class Need:
    """What one metric needs.

    Attributes
    ----------
    baseline : Baseline
        The metric, and what it is without the change.
    terms : Terms
        How units are divided, and how sure one wants to be.
    effect : float or None
        The relative change worth having; of a guardrail, the harm tolerated. None when the plan does not say.
    units : float
        Units of all variants together; NaN when there is nothing to find, or ``reason`` says why not.
    weeks : int or None
        Whole weeks until they are in; None when that takes more than a year.
    read_on : date or None
        The first day on which it can be read, when days are known.
    reason : str
        Why something is missing; empty when nothing is.
    """

    baseline: Baseline
    terms: Terms
    effect: float | None
    units: float = math.nan
    weeks: int | None = None
    read_on: date | None = None
    reason: str = ""

    @property
    def guards(self) -> bool:
        """Whether it is a guardrail, which is to be shown not to be harmed."""
        return self.baseline.role == GUARDRAIL

    def detectable(self, units: float) -> tuple[float, float]:
        """Give the smallest change that so many units find, relative and absolute; NaN when there is none."""
        base, n = self.baseline, units * self.terms.control
        if base.reason or not n > 0:
            return math.nan, math.nan
        if self.guards:
            found = detectable_margin(base.value, base.variance, n, harm_is_up=_falls(base), **self.terms.options)
        elif base.share:
            found = power.detectable_share(base.value, n, falls=_falls(base), **self.terms.options)
        else:
            found = power.detectable_difference(base.variance, n, baseline=base.value, **self.terms.options)
        return abs(found.lift), abs(found.difference)

    def power_at(self, units: float) -> float:
        """Give the chance that so many units find the change worth having; NaN when the plan names none."""
        base, n = self.baseline, units * self.terms.control
        if self.effect is None or self.reason or not n > 0:
            return math.nan
        if self.guards:
            return power_for_guardrail(_guardrail(base, self.effect), n, **self.terms.options)
        if base.share:
            return power.power_for_shares(base.value, _changed(base, self.effect), n, **self.terms.options)
        return power.power_for_means(self.effect * base.value, base.variance, n, **self.terms.options)


def terms_of(plan: ExperimentPlan, role: str) -> Terms:
    """Read from a plan how its units are divided, and how sure a metric of a role is to be.

    Each variant is compared with the control; the smallest one decides. Primary metrics share the level over metrics
    and variants, as Holm's first step does. A guardrail is tested one-sided at the full level, and since all of them
    must pass, each with more power (Schultzberg et al. 2024).
    """
    weights = split_of(plan)
    whole = sum(weights.values())
    others = [weight for name, weight in weights.items() if name != plan.control]
    options = Options(alpha=plan.confidence_alpha, power=plan.power, kappa=min(others) / weights[plan.control])
    if role == GUARDRAIL:
        options |= Options(sides=1, power=power_for_all(plan.power, len(plan.guardrails)))
    else:
        options |= Options(comparisons=len(plan.primaries) * len(others))
    return Terms(weights[plan.control] / whole, min(others) / whole, options | _looking(plan, options))


def split_of(plan: ExperimentPlan) -> Mapping[str, float]:
    """Give the planned weights; one variant beside the control when the plan names none."""
    return plan.split or {plan.control: 1.0, "treatment" if plan.control != "treatment" else "variant": 1.0}


def need_of(baseline: Baseline, terms: Terms, arriving: Arriving) -> Need:
    """Say what a metric needs, and when that is in."""
    metric = baseline.metric
    effect = metric.max_harm if baseline.role == GUARDRAIL else metric.min_effect
    reason = baseline.reason or _no_change(baseline, effect)
    if effect is None or reason:
        return Need(baseline, terms, effect, reason=reason)
    # Of whole units: what is left of a unit in either arm is one more.
    control = _size(baseline, terms, effect)
    units = math.ceil(control / terms.control * (1 - ROUNDING))
    weeks = arriving.weeks_for(units)
    return Need(baseline, terms, effect, units, weeks, None if weeks is None else arriving.read_on(weeks, metric))


def _size(baseline: Baseline, terms: Terms, effect: float) -> float:
    """Give the control's units."""
    if baseline.role == GUARDRAIL:
        return size_for_guardrail(_guardrail(baseline, effect), **terms.options)
    if baseline.share:
        return power.size_for_shares(baseline.value, _changed(baseline, effect), **terms.options)
    return power.size_for_means(effect * baseline.value, baseline.variance, **terms.options)


def _guardrail(baseline: Baseline, margin: float) -> Guardrail:
    return Guardrail(baseline=baseline.value, margin=margin, variance=baseline.variance, harm_is_up=_falls(baseline))


def _changed(baseline: Baseline, effect: float) -> float:
    """Give a share after a relative change for the better."""
    return baseline.value * (1 - effect if _falls(baseline) else 1 + effect)


def _falls(baseline: Baseline) -> bool:
    """Whether less is better."""
    return baseline.metric.direction == "down"


def _looking(plan: ExperimentPlan, options: Options) -> Options:
    """Give what the way of looking asks: standard errors at the planned end, or how many times as many units."""
    reading = reading_of(plan, None, split_of(plan))
    # The two-sided level whose upper half is that of one tail.
    alpha = 2 * options["alpha"] / options.get("sides", 2) / options.get("comparisons", 1)
    if reading.mode == ANYTIME:
        # Of the planned end alone: who may stop earlier has more power than this, so it is a lower bound.
        return Options(critical=sequential.sequence_multiplier(1.0, 1.0, alpha=alpha))
    if reading.mode == PLANNED:
        more = sequential.sample_size_inflation(reading.looks, alpha=alpha, power=options["power"])
        return Options(inflation=more)
    return Options()


def _no_change(baseline: Baseline, effect: float | None) -> str:
    """Say why a relative change cannot be: nothing to be relative to, or more than everybody."""
    if effect is None:
        return ""
    if not baseline.value > 0:
        return NO_BASELINE
    rises = baseline.share and baseline.role != GUARDRAIL and _changed(baseline, effect) > 1
    return OVER_EVERYBODY if rises else ""
