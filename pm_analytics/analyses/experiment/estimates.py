"""Sums -> one comparison per metric and variant, in a form whose interval can be had at any confidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pm_analytics.stats.effects import Arm, Effect, compare_means, compare_shares, effect_at
from pm_analytics.stats.ratios import linearised
from pm_analytics.stats.uneven import steadied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from pm_analytics.analyses.experiment.counts import Layout
    from pm_analytics.analyses.experiment.counts.moments import Summed
    from pm_analytics.metrics import Metric
    from pm_analytics.stats.moments import Moments


COMMON_VARIANCE = "one variance for both arms, whose sizes differ much"
OF_GROUPS = (
    "chance decided on groups, and quantiles and waiting times are not counted over groups yet; intervals over single "
    "units would find what is not there"
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """One variant against the control, on one metric.

    Attributes
    ----------
    metric : Metric
        What is compared.
    role, variant : str
        Its role in the plan, and which variant.
    control_users, variant_users : int
        Units that were observed long enough.
    control_arm, variant_arm : Arm
        What is compared: adjusted, linearised or counted in clusters as ``method`` says.
    shares : (int, int, int, int) or None
        Conversions and units of the variant, then of the control, when the metric is a plain share.
    method : str
        How the arms were made, in words; empty when they are as counted.
    raw : (Arm, Arm) or None
        Variant and control before any adjustment, when there was one.
    notes : tuple of str
        What a reader should know about this comparison.
    before : tuple of (float, float, float)
        Per value known from before exposure: its mean in the variant and in the control, and the p-value of their
        difference.
    low : float
        The smallest value of the metric; NaN when there is none.
    broken : str
        Why nothing may be compared; empty when it may.
    """

    metric: Metric
    role: str
    variant: str
    control_users: int
    variant_users: int
    control_arm: Arm
    variant_arm: Arm
    shares: tuple[int, int, int, int] | None = None
    method: str = ""
    raw: tuple[Arm, Arm] | None = None
    notes: tuple[str, ...] = ()
    before: tuple[tuple[float, float, float], ...] = ()
    low: float = math.nan
    broken: str = ""

    def over_groups(self, cluster: str | None) -> Estimate:
        """Refuse a kind that is not counted over groups yet, when chance decided on groups: single units mislead."""
        return self if cluster is None else replace(self, broken=OF_GROUPS)

    def effect(self, confidence: float) -> Effect:
        """Give the effect with an interval of this confidence, read once."""
        if self.shares is not None:
            return compare_shares(*self.shares, confidence=confidence)
        return self._named(compare_means(self.variant_arm, self.control_arm, confidence=confidence))

    def effect_at(self, quantile: float, p_value: float) -> Effect:
        """Give the effect with an interval of so many standard errors, for looks before the end."""
        return self._named(effect_at(self.variant_arm, self.control_arm, quantile=quantile, p_value=p_value))

    def without_interval(self, reason: str) -> Effect:
        """Give the values and the difference alone, and say why there is no interval."""
        return replace(self.effect_at(math.nan, math.nan), reason=reason)

    def unadjusted(self, confidence: float) -> Effect | None:
        """Give the effect as it is before any adjustment; None when there was none."""
        return None if self.raw is None else compare_means(*self.raw, confidence=confidence)

    @property
    def variance_reduction(self) -> float:
        """Share of the variance of the difference that the adjustment took away; NaN without one."""
        if self.raw is None:
            return math.nan
        before, after = (_variance(*pair) for pair in (self.raw, (self.variant_arm, self.control_arm)))
        return 1 - after / before if before > 0 else math.nan

    @property
    def users(self) -> int:
        """Units of both arms."""
        return self.control_users + self.variant_users

    @property
    def events(self) -> float:
        """How often the counted thing happened in both arms, about: decides whether it is too early to look."""
        arms = self.raw or (self.variant_arm, self.control_arm)
        return sum(arm.n * abs(arm.mean) for arm in arms if arm.n)

    def _named(self, effect: Effect) -> Effect:
        return replace(effect, method=f"{self.method}; {effect.method}") if self.method else effect


def estimate(
    metric: Metric, role: str, variant: str, control: str, layout: Layout, groups: Mapping[str, list[Summed]]
) -> Estimate:
    """Compare one variant with the control from their sums.

    Parameters
    ----------
    groups : mapping
        Variant -> the sums of this metric, one per stratum and in the same order in every variant.
    """
    ours, theirs = groups[variant], groups[control]
    made = _steadied(
        _with_covariates(layout, ours, theirs) if layout.covariates or len(ours) > 1 else _plain(layout, ours, theirs)
    )
    found = Estimate(
        metric=metric,
        role=role,
        variant=variant,
        control_users=sum(part.moments.n for part in theirs),
        variant_users=sum(part.moments.n for part in ours),
        low=min((part.low for part in [*ours, *theirs] if not math.isnan(part.low)), default=math.nan),
        broken=_broken(metric, [*ours, *theirs]),
        **made,
    )
    plain = found.raw is None and len(layout.targets) == 1 and not found.broken
    if metric.kind in {"conversion", "funnel"} and plain:
        mine, other = _counts(ours), _counts(theirs)
        return replace(found, shares=(*mine, *other), variant_arm=_share_arm(*mine), control_arm=_share_arm(*other))
    return found


def _steadied(made: dict[str, Any]) -> dict[str, Any]:
    """Take one variance for arms of very different size, also for those before adjustment, where it is the larger."""
    ours, theirs = made["variant_arm"], made["control_arm"]
    variant, control = steadied(ours, theirs)
    if variant is ours:
        return made
    raw = {"raw": steadied(*made["raw"])} if made.get("raw") else {}
    method = "; ".join(part for part in (made["method"], COMMON_VARIANCE) if part)
    return made | raw | {"variant_arm": variant, "control_arm": control, "method": method}


def _share_arm(successes: int, trials: int) -> Arm:
    """Describe a share as a mean, with the binomial variance."""
    rate = successes / trials if trials else math.nan
    return Arm(trials, rate, rate * (1 - rate))


def _counts(parts: Sequence[Summed]) -> tuple[int, int]:
    n = sum(part.moments.n for part in parts)
    return round(sum(part.moments.n * part.moments.means[0] for part in parts if part.moments.n)), n


def _plain(layout: Layout, ours: Sequence[Summed], theirs: Sequence[Summed]) -> dict[str, Any]:
    variant, control = (_arm(layout)(parts[0].moments) for parts in (ours, theirs))
    method = "delta method over units" if len(layout.targets) == 2 else ""
    return {"variant_arm": variant, "control_arm": control, "method": method}


def arm_of(layout: Layout, moments: Moments) -> Arm:
    """Describe a metric's units by mean and variance; a ratio is linearised."""
    return _arm(layout)(moments)


def _arm(layout: Layout) -> Callable[[Moments], Arm]:
    """Give what makes an arm of moments: the mean, or the linearised ratio of the first two columns."""
    if len(layout.targets) == 2:
        return lambda moments: linearised(moments.columns([0, 1]))
    return lambda moments: moments.columns([0]).arm([1.0])


def _with_covariates(layout: Layout, ours: Sequence[Summed], theirs: Sequence[Summed]) -> dict[str, Any]:
    from pm_analytics.analyses.experiment.adjusting import adjusted_arms

    return adjusted_arms(layout, [part.moments for part in ours], [part.moments for part in theirs], _arm(layout))


def _broken(metric: Metric, parts: Sequence[Summed]) -> str:
    """Say what makes a metric's values impossible."""
    lows = [part.low for part in parts if not math.isnan(part.low)]
    highs = [part.high for part in parts if not math.isnan(part.high)]
    if any(math.isinf(end) for end in (*lows, *highs)):
        return "a value is infinite; look for a division by zero where the data was made"
    if metric.kind == "conversion" and metric.is_recorded and lows and (min(lows) < 0 or max(highs) > 1):
        return (
            f"a conversion is 0 or 1, and {metric.value!r} goes from {min(lows):g} to {max(highs):g}; "
            "write kind='mean' if it is an amount"
        )
    return ""


def _variance(variant: Arm, control: Arm) -> float:
    if min(variant.n, control.n) < 1:
        return math.nan
    return variant.variance / variant.n + control.variance / control.n
