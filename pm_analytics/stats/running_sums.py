"""A sum that grows with the data and is looked at now and then: where it is likely to be, if no look has stopped it.

A difference in standard errors, times the root of the information, moves as a Brownian motion. Its density over the
courses that no look has stopped follows from look to look by integration (Armitage, McPherson & Rowe 1969). Here that
is done on panels of Gauss-Legendre nodes, as narrow as the shorter of the steps beside them asks for: five looks far
apart cost almost nothing, and two looks close together lose no digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.stats.quadrature import panels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

REACH = 9.0
"""Standard deviations beyond which nothing of weight lies: 1e-19 of a normal distribution."""
_PANEL = 2.0
"""Width of a panel in standard deviations of the shorter step: 16 nodes then integrate to about 1e-13."""


@dataclass(frozen=True, slots=True, eq=False)
class RunningSum:
    """The courses that no look has stopped.

    Attributes
    ----------
    time : float
        Information at the last look; 0 before the first.
    drift : float
        How far the sum moves, on average, per unit of information.
    points : array of shape (n,)
        Where the sum may stand, rising.
    masses : array of shape (n,)
        Probability that belongs to each point; together the chance not to have been stopped.
    """

    time: float
    drift: float
    points: NDArray[np.float64]
    masses: NDArray[np.float64]

    @classmethod
    def start(cls, drift: float = 0.0) -> RunningSum:
        """Stand at zero, for certain, with nothing seen."""
        return cls(0.0, drift, np.zeros(1), np.ones(1))

    def above(self, score: float, time: float) -> float:
        """Give the chance of not having been stopped, and of being above ``score`` at the look at ``time``."""
        return self._beyond(score, time, 1)

    def below(self, score: float, time: float) -> float:
        """Give the chance of not having been stopped, and of being below ``score`` at the look at ``time``."""
        return self._beyond(score, time, -1)

    def _beyond(self, score: float, time: float, sign: int) -> float:
        from scipy.special import ndtr

        step = time - self.time
        return float(self.masses @ ndtr(sign * (self.points + self.drift * step - score) / math.sqrt(step)))

    def kept(self, time: float, lower: float, upper: float, next_time: float) -> RunningSum:
        """Look at ``time`` and keep the courses between ``lower`` and ``upper``; the look after it is at ``next_time``.

        Bounds may be infinite.
        """
        step, reach = time - self.time, REACH * math.sqrt(time)
        low, high = max(lower, self.drift * time - reach), min(upper, self.drift * time + reach)
        if not low < high:
            return RunningSum(time, self.drift, np.empty(0), np.empty(0))
        width = _PANEL * math.sqrt(min(step, next_time - time))
        points, weights = panels(low, high, math.ceil((high - low) / width))
        return RunningSum(time, self.drift, points.ravel(), (weights * self._density(points, step)).ravel())

    def _density(self, points: NDArray[np.float64], step: float) -> NDArray[np.float64]:
        """Give the density after one more step, panel by panel, from the points that are near enough to matter."""
        from_, near = self.points + self.drift * step, REACH * math.sqrt(step)
        begins = np.searchsorted(from_, points[:, 0] - near)
        ends = np.searchsorted(from_, points[:, -1] + near)
        density = np.empty_like(points)
        for row, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            apart = points[row][:, None] - from_[None, begin:end]
            density[row] = np.exp(-(apart**2) / (2 * step)) @ self.masses[begin:end]
        return density / math.sqrt(2 * math.pi * step)


@dataclass(frozen=True, slots=True)
class Stopping:
    """How a plan with looks is likely to end.

    Attributes
    ----------
    crossed : float
        Chance to cross a boundary at any look: of a false finding without an effect, else the power.
    by_look : tuple of float
        Chance to cross first at each look.
    wrong_side : float
        The part of ``crossed`` that is against the direction of the drift; half of it without a drift, 0 one-sided.
    information : float
        Mean share of the planned units that was seen at the end.
    """

    crossed: float
    by_look: tuple[float, ...]
    wrong_side: float
    information: float


def stopping(
    information: Sequence[float], z_values: Sequence[float], *, drift: float = 0.0, sides: int = 2
) -> Stopping:
    """Follow a plan with any boundaries: of planned looks, or the multipliers of a confidence sequence.

    Parameters
    ----------
    information : sequence of float
        Share of the planned units at each look, rising.
    z_values : sequence of float
        Boundary at each look.
    drift : float
        The true effect in standard errors at full information: 2.80 is what one look at the end finds in 80 %.

    Examples
    --------
    >>> round(stopping([0.5, 1.0], [1.96, 1.96]).crossed, 3)
    0.083
    """
    times = tuple(map(float, information))
    state, up, down = RunningSum.start(drift), [], []
    for (time, next_time), z in zip(with_next(times), z_values, strict=True):
        score = z * math.sqrt(time)
        low = -score if sides == 2 else -math.inf
        up.append(state.above(score, time))
        down.append(state.below(low, time) if sides == 2 else 0.0)
        state = state.kept(time, low, score, next_time)
    by_look = tuple(a + b for a, b in zip(up, down, strict=True))
    crossed = sum(by_look)
    seen = sum(chance * time for chance, time in zip(by_look, times, strict=True)) + (1 - crossed) * times[-1]
    return Stopping(crossed, by_look, sum(down if drift >= 0 else up), seen)


def crossing(information: Sequence[float], z_values: Sequence[float], *, drift: float = 0.0, sides: int = 2) -> float:
    """Give the chance that a boundary is crossed at any look; see :func:`stopping`."""
    return stopping(information, z_values, drift=drift, sides=sides).crossed


def with_next(times: Sequence[float]) -> zip[tuple[float, float]]:
    """Pair each look with the next one; after the last there is none, ever."""
    return zip(times, (*times[1:], math.inf), strict=True)
