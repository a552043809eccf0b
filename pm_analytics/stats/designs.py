"""How units are divided and how sure one wants to be: what every question of size, power or change has in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypedDict

from pm_analytics.errors import ParameterError


class Options(TypedDict, total=False):
    """What may be said of a :class:`Design`, by name; each has its default there."""

    alpha: float
    power: float
    sides: int
    kappa: float
    comparisons: int
    critical: float | None
    inflation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How two arms are compared.

    Attributes
    ----------
    alpha : float
        Chance to find something where nothing is, over all ``comparisons``.
    power : float
        Chance to find what is there, in its direction.
    sides : {1, 2}
        2 looks for a change both ways, 1 for one way only.
    kappa : float
        Units of the variant over units of the control: 1 for an even split, 1/9 for 10 % in the variant.
    comparisons : int
        Tests that share ``alpha`` evenly (Bonferroni): variants times primary metrics. It is the level of Holm's first
        step, so who plans by it has at least the power with Holm, too.
    critical : float, optional
        How many standard errors count as a finding, in place of what ``alpha`` says: the last boundary of planned
        looks, or the multiplier of a confidence sequence. The power is then that of the last look alone: a lower bound.
    inflation : float
        How many times as many units are needed for reasons of their own, multiplied: ``1 - rho^2`` for an adjustment
        that correlates by rho with the metric (Deng et al. 2013), :func:`design_effect` for groups that are assigned
        as a whole, the factor of a group-sequential plan.

    Raises
    ------
    ParameterError
        A number that makes no sense.
    """

    alpha: float = 0.05
    power: float = 0.8
    sides: int = 2
    kappa: float = 1.0
    comparisons: int = 1
    critical: float | None = None
    inflation: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no chance and no division."""
        if not 0 < self.alpha < 1:
            raise ParameterError(f"alpha={self.alpha!r} must lie between 0 and 1; write 0.05 for 5 %.")
        if not self.alpha < self.power < 1:
            raise ParameterError(
                f"power={self.power!r} must lie between alpha={self.alpha!r} and 1, or guessing would do as well; "
                "write 0.8 for 80 %."
            )
        if self.sides not in {1, 2}:
            raise ParameterError(f"sides={self.sides!r} must be 1 or 2.")
        if self.comparisons < 1:
            raise ParameterError(f"comparisons={self.comparisons!r} must be at least 1.")
        self._check_positive()

    def _check_positive(self) -> None:
        for name in ("kappa", "inflation", "critical"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ParameterError(f"{name}={value!r} must be a number above 0; leave it out for an ordinary test.")

    @property
    def level(self) -> float:
        """The level of one tail of one test."""
        return self.alpha / self.sides / self.comparisons

    @property
    def z_alpha(self) -> float:
        """How many standard errors count as a finding: 1.96 for 5 % and two sides."""
        from scipy.special import ndtri

        return self.critical if self.critical is not None else -float(ndtri(self.level))

    @property
    def z_power(self) -> float:
        """The normal quantile of the power: 0.84 for 80 %."""
        from scipy.special import ndtri

        return float(ndtri(self.power))


@dataclass(frozen=True, slots=True)
class Sizes:
    """Whole units: of the control, of each variant, and of all together."""

    control: int
    variant: int
    total: int


def sizes(control: float, *, kappa: float = 1.0, variants: int = 1) -> Sizes | None:
    """Round the control's units up, and give those of the variants that go with them; None when no number is enough.

    Examples
    --------
    >>> sizes(31233.4, kappa=0.5, variants=2)
    Sizes(control=31234, variant=15617, total=62468)
    """
    if not math.isfinite(control):
        return None
    # What rounding left of a whole number is no unit more.
    mine, theirs = (max(2, math.ceil(n - 1e-9 * n)) for n in (control, kappa * control))
    return Sizes(mine, theirs, mine + variants * theirs)


def design_effect(size: float, icc: float, *, variation: float = 0.0) -> float:
    """Give how many times as many units are needed when whole groups of them are assigned.

    ``1 + ((1 + CV^2) size - 1) ICC`` (Eldridge, Ashby & Kerry 2006), which is ``1 + (size - 1) ICC`` for equal groups.

    Parameters
    ----------
    size : float
        Mean number of units of a group, at least 1.
    icc : float
        Intraclass correlation: how alike the units of a group are, 0 to 1.
    variation : float
        Coefficient of variation of the groups' numbers of units.

    Examples
    --------
    >>> round(design_effect(20, 0.02), 2), round(design_effect(20, 0.02, variation=0.5), 2)
    (1.38, 1.48)
    """
    if not (size >= 1 and 0 <= icc <= 1 and variation >= 0):
        raise ParameterError(
            f"size={size!r}, icc={icc!r}, variation={variation!r}: a group has at least one unit, an intraclass "
            "correlation lies between 0 and 1, and a coefficient of variation is not negative."
        )
    return 1 + ((1 + variation**2) * size - 1) * icc


def power_for_all(power: float, guardrails: int) -> float:
    """Give the power that a primary metric and each guardrail need, so that all pass together with ``power``.

    Shipping asks that all of them pass, so the chance to miss is shared: ``1 - (1 - power) / (guardrails + 1)``
    (Schultzberg, Ankargren & Frånberg 2024).

    Examples
    --------
    >>> power_for_all(0.8, 3)
    0.95
    """
    if not (0 < power < 1 and guardrails >= 0):
        raise ParameterError(f"power={power!r} must lie between 0 and 1, and guardrails={guardrails!r} be at least 0.")
    return 1 - (1 - power) / (guardrails + 1)
