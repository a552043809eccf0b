"""Sums with covariates, or by stratum -> two arms that were made alike, and what a reader should know about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics.stats.adjustment import adjusted, imbalance
from pm_analytics.stats.ratios import linearised_moments
from pm_analytics.stats.stratification import post_stratified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pm_analytics.analyses.experiment.counts import Layout
    from pm_analytics.stats.effects import Arm
    from pm_analytics.stats.moments import Moments

SMALLEST_GAIN = -0.005
"""An adjustment that widens the interval by more than this is not worth having, and is left out."""


def adjusted_arms(
    layout: Layout, ours: Sequence[Moments], theirs: Sequence[Moments], arm: Callable[[Moments], Arm]
) -> dict[str, Any]:
    """Give the parts of an estimate: the arms after adjustment, those before, how it was done, and notes.

    ``ours`` and ``theirs`` hold one set of moments per stratum, the same strata in the same order.
    """
    raw = arm(_whole(ours)), arm(_whole(theirs))
    methods = ["delta method over units"] if len(layout.targets) == 2 else []
    plain = {"variant_arm": raw[0], "control_arm": raw[1], "method": "; ".join(methods)}
    if min(raw[0].n, raw[1].n) < 2 or any(each.mean != each.mean for each in raw):
        return plain
    pairs = [(_columns(layout, v), _columns(layout, c)) for v, c in zip(ours, theirs, strict=True)]
    if layout.covariates:
        made = adjusted(_whole([v for v, _ in pairs]), _whole([c for _, c in pairs]))
        methods.append(made.method)
        variant, control = made.variant, made.control
        pairs = [_residuals(v, c, made.theta) for v, c in pairs]
    if len(pairs) > 1:
        variant, control = post_stratified([(v.columns([0]).arm([1.0]), c.columns([0]).arm([1.0])) for v, c in pairs])
        methods.append("post-stratified")
    found = plain | {"variant_arm": variant, "control_arm": control, "method": "; ".join(methods), "raw": raw}
    return found | {"notes": _notes(raw, (variant, control)), "before": _before(layout, _whole(ours), _whole(theirs))}


def _before(layout: Layout, ours: Moments, theirs: Moments) -> tuple[tuple[float, float, float], ...]:
    """Compare what is known from before exposure: its means, and the p-value of their difference."""
    first = len(layout.targets)
    places = [first + at for at, name in enumerate(layout.covariates) if ":" not in name]
    effects = [imbalance(ours, theirs, place) for place in places]
    return tuple((effect.variant, effect.control, effect.p_value) for effect in effects)


def _whole(parts: Sequence[Moments]) -> Moments:
    return parts[0].merged(*parts[1:])


def _columns(layout: Layout, moments: Moments) -> Moments:
    """Put the outcome into one column: a ratio is linearised, by each arm's own ratio."""
    return linearised_moments(moments) if len(layout.targets) == 2 and moments.n else moments


def _residuals(variant: Moments, control: Moments, theta: Any) -> tuple[Moments, Moments]:  # noqa: ANN401
    """Take the covariates out within a stratum, around the stratum's own mean."""
    if variant.n == 0 or control.n == 0:
        return variant, control
    centre = float(theta @ variant.merged(control).means[1:])
    weights = [[1.0, *(-theta)]]
    return variant.transformed(weights, [centre]), control.transformed(weights, [centre])


def _notes(raw: tuple[Arm, Arm], made: tuple[Arm, Arm]) -> tuple[str, ...]:
    before, after = (pair[0].mean - pair[1].mean for pair in (raw, made))
    error = (made[0].variance / made[0].n + made[1].variance / made[1].n) ** 0.5
    if before * after < 0 and abs(after) > error:
        return ("the adjustment turned the direction of the difference; look at both in alternatives()",)
    return ()
