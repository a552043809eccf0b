"""Two shares of which one believes a Beta distribution each: how they compare."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.stats.quadrature import panels

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PANELS = 24
_WIDEST = 4.0
_TAIL = 1e-16


@dataclass(frozen=True, slots=True)
class Beta:
    """A Beta distribution: ``a`` successes and ``b`` failures, those of the prior included."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        """Its mean."""
        return self.a / (self.a + self.b)

    @property
    def sd(self) -> float:
        """Its standard deviation."""
        whole = self.a + self.b
        return math.sqrt(self.a * self.b / (whole + 1)) / whole

    @property
    def sharpness(self) -> float:
        """About one over the variance of its log odds."""
        return self.a * self.b / (self.a + self.b)

    def below(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the probability to be below each x."""
        from scipy.special import betainc

        return np.asarray(betainc(self.a, self.b, np.clip(x, 0.0, 1.0)))

    def above(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the probability to be above each x; small ones keep their digits."""
        from scipy.special import betaincc

        return np.asarray(betaincc(self.a, self.b, np.clip(x, 0.0, 1.0)))

    def span(self) -> tuple[float, float]:
        """Give the log odds between which all but nothing of it lies."""
        from scipy.special import betaincinv, logit

        # The upper end from the failures: so near to 1 that 1 itself would be all that is left of it.
        low, high = betaincinv(self.a, self.b, _TAIL), betaincinv(self.b, self.a, _TAIL)
        return float(logit(max(low, 1e-300))), float(-logit(max(high, 1e-300)))

    def nodes(self, shift: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lay points over it by equal steps of the log odds, in which it is smooth up to 0 and 1; with its mass.

        Panels begin anew where ``x + shift`` is 0 or 1, since what another share's distribution says breaks off there.
        """
        from scipy.special import betaln, expit, log_expit

        odds, weights = _points(*self.span(), _log_odds(1 - shift if shift > 0 else -shift))
        # dx is x (1 - x) per step of the log odds, which puts one more into each power.
        log_density = self.a * log_expit(odds) + self.b * log_expit(-odds) - betaln(self.a, self.b)
        mass = weights * np.exp(log_density)
        return expit(odds), mass / mass.sum()


def chance_above(one: Beta, two: Beta, margin: float) -> float:
    """Give the probability that ``one`` exceeds ``two`` by more than ``margin``.

    Examples
    --------
    >>> round(chance_above(Beta(2, 1), Beta(1, 1), 0.0), 6)
    0.666667
    """
    # Over the one that is sharper in the log odds: to its points, the other is smooth.
    if one.sharpness > two.sharpness:
        x, mass = one.nodes(-margin)
        return min(1.0, float(mass @ two.below(x - margin)))
    x, mass = two.nodes(margin)
    return min(1.0, float(mass @ one.above(x + margin)))


def mean_shortfall(one: Beta, two: Beta) -> float:
    """Give the mean of what ``one`` falls short of ``two``, counting 0 where it does not.

    The integral of P(one < x) P(two > x): nothing in it cancels, however small it is.

    Examples
    --------
    >>> round(mean_shortfall(Beta(1, 1), Beta(1, 1)), 6)
    0.166667
    """
    from scipy.special import expit

    low, high = one.span()[0], two.span()[1]
    if not low < high:
        return 0.0
    # Panels begin anew where either distribution begins or ends, so both are smooth over each.
    odds, weights = _points(low, high, one.span()[1], two.span()[0])
    x = expit(odds)
    return float(weights @ (one.below(x) * two.above(x) * x * expit(-odds)))


def difference_quantiles(one: Beta, two: Beta, confidence: float) -> tuple[float, float]:
    """Give the ends of the interval of ``one`` less ``two`` that leaves out the same on both sides."""
    if one.sharpness > two.sharpness:
        lower, upper = difference_quantiles(two, one, confidence)
        return -upper, -lower
    from scipy.optimize import brentq

    def excess(difference: float, share: float) -> float:
        x, mass = two.nodes(difference)
        return float(mass @ one.below(x + difference)) - share

    tail = (1 - confidence) / 2
    low, high = (brentq(excess, -1.0, 1.0, args=(share,), xtol=1e-13) for share in (tail, 1 - tail))
    return float(low), float(high)


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share)) if 0 < share < 1 else math.nan


def _points(low: float, high: float, *broken_at: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ends = sorted({low, high, *(end for end in broken_at if low < end < high)})
    stretches = [panels(*pair, max(_PANELS, math.ceil((pair[1] - pair[0]) / _WIDEST))) for pair in pairwise(ends)]
    points, weights = (np.concatenate([part.ravel() for part in parts]) for parts in zip(*stretches, strict=True))
    return points, weights
