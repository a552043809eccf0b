"""Planning for guardrails: how many units show that a metric is not harmed by more than a margin, and how surely.

The test is one-sided, of ``variant - (1 - margin) control`` above zero (``(1 + margin) control - variant`` where more
is harm). The control is multiplied, so its noise is, too; a margin in the metric's own unit leaves it as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError
from pm_analytics.stats.designs import Design, Options
from pm_analytics.stats.power import NO_UNITS, Contrast, Detectable, check_share, power_of, units_needed

if TYPE_CHECKING:
    from typing import Unpack

NO_MARGIN = "no margin can be shown with so few units: the control value itself is hardly told from zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """A metric that is to be shown not to be harmed by more than a margin.

    Attributes
    ----------
    baseline : float
        The control's value.
    margin : float
        Harm that is tolerated, above 0: a part of the baseline (0.02 = 2 %), or with ``relative=False`` in the metric's
        own unit.
    variance : float, optional
        Per unit; for a ratio of sums, of its linearised values. Without it the metric is a share.
    variant_variance : float, optional
        The variant's, when it differs; that of a share follows from ``true_change``.
    relative : bool
        How ``margin`` and ``true_change`` are counted.
    true_change : float
        The change that is assumed, up positive; 0 for none. What has to be shown is the margin plus what is gained, or
        less what is lost.
    harm_is_up : bool
        Whether more is harm, as it is for waiting times.

    Raises
    ------
    ParameterError
        A number that makes no sense.
    """

    baseline: float
    margin: float
    variance: float | None = None
    variant_variance: float | None = None
    relative: bool = True
    true_change: float = 0.0
    harm_is_up: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no margin, no share and no variance."""
        if not self.margin > 0 or (self.relative and self.margin >= 1):
            raise ParameterError(
                f"margin={self.margin!r} must be above 0, and a relative one below 1: it is the harm that is tolerated."
            )
        if self.relative and not self.baseline > 0:
            raise ParameterError(
                f"baseline={self.baseline!r} must be above 0 for a relative margin; give it in the metric's own unit, "
                "with relative=False."
            )
        if self.variance is None:
            check_share(self.baseline, "baseline")
            check_share(self.baseline + self.change, "baseline after true_change")
        elif min(self.variance, self.variant_variance or 0.0) < 0:
            raise ParameterError(f"variance={self.variance!r} must not be negative.")

    @property
    def change(self) -> float:
        """The assumed change in the metric's own unit."""
        return self.true_change * (self.baseline if self.relative else 1.0)

    @property
    def distance(self) -> float:
        """How far the assumed value lies inside the margin, in the metric's own unit."""
        tolerated = self.margin * (self.baseline if self.relative else 1.0)
        return tolerated - self.change if self.harm_is_up else tolerated + self.change

    @property
    def variances(self) -> tuple[float, float]:
        """Those of the control and of the variant."""
        if self.variance is None:
            shares = self.baseline, self.baseline + self.change
            return shares[0] * (1 - shares[0]), shares[1] * (1 - shares[1])
        return self.variance, self.variance if self.variant_variance is None else self.variant_variance

    def contrast(self, kappa: float) -> Contrast:
        """Describe what is to be shown, with ``kappa`` times as many units in the variant as in the control."""
        kept = (1 + self.margin if self.harm_is_up else 1 - self.margin) if self.relative else 1.0
        control, variant = self.variances
        spread = math.sqrt(kept**2 * control + variant / kappa)
        return Contrast(self.distance, spread, spread)


def size_for_guardrail(guardrail: Guardrail, **options: Unpack[Options]) -> float:
    """Give the control's units that show a guardrail safe; infinite when the assumed value is not inside the margin.

    One-sided unless ``sides=2`` is given.

    Examples
    --------
    A tenth convert, and a loss of a tenth of those is tolerated:

    >>> round(size_for_guardrail(Guardrail(baseline=0.1, margin=0.1)))
    10071
    >>> round(size_for_guardrail(Guardrail(baseline=0.1, margin=0.01, relative=False)))
    11129
    """
    options.setdefault("sides", 1)
    return units_needed(guardrail.contrast(Design(**options).kappa), **options)


def power_for_guardrail(guardrail: Guardrail, n: float, **options: Unpack[Options]) -> float:
    """Give the chance that ``n`` units in the control show a guardrail safe; NaN without units or spread.

    One-sided unless ``sides=2`` is given. Below the level it is when the assumed value lies outside the margin.
    """
    options.setdefault("sides", 1)
    return power_of(guardrail.contrast(Design(**options).kappa), n, **options)


def detectable_margin(
    baseline: float, variance: float, n: float, *, harm_is_up: bool = False, **options: Unpack[Options]
) -> Detectable:
    """Give the smallest relative harm that ``n`` units in the control can rule out where there is none.

    One-sided unless ``sides=2`` is given.

    Returns
    -------
    Detectable
        ``lift`` is the margin, above 0, and ``difference`` the same in the metric's own unit. NaN when no margin below
        1 can be shown.
    """
    options.setdefault("sides", 1)
    design = Design(**options)
    if not n > 0:
        return Detectable(math.nan, math.nan, NO_UNITS)
    # The margin m solves (m baseline)^2 = noise ((1 -+ m)^2 + 1 / kappa): a quadratic with one root above 0.
    noise = (design.z_alpha + design.z_power) ** 2 * design.inflation * variance / n
    square, half = baseline**2 - noise, noise if harm_is_up else -noise
    if not (baseline > 0 and square > 0):
        return Detectable(math.nan, math.nan, NO_MARGIN)
    margin = (half + math.sqrt(half**2 + square * noise * (1 + 1 / design.kappa))) / square
    if not margin < 1:
        return Detectable(math.nan, math.nan, NO_MARGIN)
    return Detectable(margin * baseline, margin)
