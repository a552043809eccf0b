"""Looking before the end: intervals that hold at every look, and looks that are planned.

An asymptotic confidence sequence may be read at any time, as often as one likes, and costs width for it. Alpha spending
divides the chance of a false finding over looks at planned amounts of information, and costs almost nothing at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import Interval, check_confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

SMALLEST_ARM = 100
FEWEST_EVENTS = 20
"""Units per arm, and events in both, from which a confidence sequence is read: the normal law must have set in."""

Spending = Literal["obrien_fleming", "pocock", "kim_demets"]


def rho_squared(planned: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Tune a confidence sequence to be narrowest at ``planned`` units (Waudby-Smith et al. 2021, eq. 9 and app. B).

    A one-sided sequence is tuned with twice the level.

    Examples
    --------
    >>> round(rho_squared(10_000), 10)
    0.0007936155
    """
    level = _level(alpha) * (1 if sides == 2 else 2)
    inside = -2 * math.log(level)
    if planned <= 0:
        raise ParameterError(f"planned={planned!r} must be above 0: the units of both arms at the planned end.")
    return (inside + math.log1p(inside)) / planned


def sequence_multiplier(n: float, planned: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Give how many standard errors wide a confidence sequence is on each side after ``n`` units of both arms.

    Two-sided: ``sqrt((n r + 1)/(n r) ln((n r + 1)/alpha^2))`` with r = rho squared; one-sided: eq. 134 of
    Waudby-Smith et al. (2021). It depends on ``n / planned`` only. Never re-tune ``planned`` to what came in.

    Examples
    --------
    >>> round(sequence_multiplier(10_000, 20_000), 4)
    3.0836
    """
    if n <= 0:
        return math.inf
    grown = n * rho_squared(planned, alpha=alpha, sides=sides)
    inside = math.log((grown + 1) / alpha**2) if sides == 2 else 2 * math.log1p(math.sqrt(grown + 1) / (2 * alpha))
    return math.sqrt((grown + 1) / grown * inside)


def sequence_interval(estimate: float, error: float, n: float, planned: float, *, confidence: float = 0.95) -> Interval:
    """Give the interval of a confidence sequence: all looks together miss the truth no more often than stated."""
    check_confidence(confidence)
    half = sequence_multiplier(n, planned, alpha=1 - confidence) * error
    return Interval(estimate - half, estimate + half)


def e_value(z: float, n: float, planned: float, *, alpha: float = 0.05) -> float:
    """Give the evidence against no effect: a bet that on average does not win if there is none.

    ``exp(r n z^2 / (2 (n r + 1))) / sqrt(n r + 1)``, z being the effect in standard errors. Its interval counterpart is
    :func:`sequence_interval` at the same ``alpha``: the interval excludes zero exactly when this is at least 1 / alpha.
    """
    grown = n * rho_squared(planned, alpha=alpha)
    return math.exp(min(700.0, grown * z**2 / (2 * (grown + 1)))) / math.sqrt(grown + 1)


def anytime_p_value(z: float, n: float, planned: float, *, alpha: float = 0.05) -> float:
    """Give a p-value that may be read at every look: one over the e-value, at most 1."""
    return min(1.0, 1 / e_value(z, n, planned, alpha=alpha))


def mixture_p_value(z: float, variance: float, tau_squared: float) -> float:
    """Give the p-value of the mixture sequential ratio test at one look (Johari et al. 2017).

    ``variance`` is that of the estimated difference now; ``tau_squared`` is that of the differences one expects, fixed
    before the start. A tau that shrinks with the data, as some manuals have it, is no longer valid at every look.
    """
    ratio = math.sqrt(variance / (variance + tau_squared)) * math.exp(
        min(700.0, tau_squared * z**2 / (2 * (variance + tau_squared)))
    )
    return min(1.0, 1 / ratio)


# ------------------------------------------------------------------------------------------------ planned looks


def spent(
    information: float, *, alpha: float = 0.05, spending: Spending = "obrien_fleming", power: float = 2.0
) -> float:
    """Give how much of a two-sided ``alpha`` may be spent by a share of the information (Lan & DeMets 1983).

    ``"obrien_fleming"``: ``4 - 4 Phi(z_{alpha/4} / sqrt(t))``; ``"pocock"``: ``alpha ln(1 + (e - 1) t)``;
    ``"kim_demets"``: ``alpha t^power`` (1987). All of it from t = 1 on.
    """
    from scipy.special import ndtr, ndtri

    share = min(1.0, max(0.0, information))
    if share == 0:
        return 0.0
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * share)
    if spending == "kim_demets":
        return float(alpha * share**power)
    return float(4 * ndtr(float(ndtri(alpha / 4)) / math.sqrt(share)))


def boundaries(
    information: Sequence[float],
    *,
    alpha: float = 0.05,
    spending: Spending = "obrien_fleming",
    power: float = 2.0,
) -> list[float]:
    """Give the z-value beyond which to stop at each look, two-sided.

    Parameters
    ----------
    information : sequence of float
        Share of the planned units that is in at each look, rising, the last at most 1; looks need not be equally far
        apart, and need not be where they were planned, as long as their times do not depend on what was seen.
    alpha, spending, power
        See :func:`spent`.

    Returns
    -------
    list of float
        Infinite where nothing may be spent yet. The boundaries are found by numerical integration look by look
        (Armitage, McPherson & Rowe 1969).

    Raises
    ------
    ParameterError
        Shares that do not rise, or lie outside (0, 1].

    Examples
    --------
    >>> [round(z, 3) for z in boundaries([0.2, 0.4, 0.6, 0.8, 1.0])]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    times = tuple(float(t) for t in information)
    if any(not 0 < t <= 1 + 1e-12 for t in times) or any(b <= a for a, b in pairwise(times)):
        raise ParameterError(f"information={list(times)} must rise from above 0 to at most 1.")
    budget = tuple(spent(t, alpha=alpha, spending=spending, power=power) for t in times)
    return list(_boundaries(times, budget))


def repeated_p_value(z: float, information: Sequence[float]) -> float:
    """Give the level at which an effect of ``z`` standard errors would just lie on the boundary of its (last) look.

    It is below a level exactly when the repeated confidence interval of that level excludes zero (Jennison & Turnbull
    1984), whatever the looks before found.
    """
    from scipy.optimize import brentq

    def beyond(log_level: float) -> float:
        return boundaries(information, alpha=math.exp(log_level))[-1] - abs(z)

    least, most = math.log(1e-12), math.log(0.9999)
    if beyond(most) > 0:
        return 1.0
    return math.exp(least) if beyond(least) < 0 else math.exp(float(brentq(beyond, least, most, xtol=1e-7)))


def boundary_for_spending(information: Sequence[float], budget: Sequence[float]) -> list[float]:
    """Give the boundaries when the alpha spent by each look, cumulated, is given as numbers."""
    return list(_boundaries(tuple(map(float, information)), tuple(map(float, budget))))


GRID = 601
_TAIL = 1e-14


@lru_cache(maxsize=4_096)
def _boundaries(times: tuple[float, ...], budget: tuple[float, ...]) -> tuple[float, ...]:
    """Follow the distribution of the score process through the looks; each look spends what it may."""
    from scipy.special import ndtri

    first = budget[0] / 2
    found = [math.inf if first < _TAIL else float(-ndtri(first))]
    state = _State.start(times[0], found[0])
    for at in range(1, len(times)):
        allowed = (budget[at] - budget[at - 1]) / 2
        step = times[at] - times[at - 1]
        score = state.quantile_above(allowed, step, times[at])
        found.append(score / math.sqrt(times[at]))
        state = state.moved(step, score, times[at])
    return tuple(found)


@dataclass(frozen=True)
class _State:
    """Density of the score (Brownian motion) over the region where nobody has stopped, on a grid."""

    points: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def start(cls, time: float, z: float) -> _State:
        points, simpson = _grid(min(z, 8.5) * math.sqrt(time))
        density = np.exp(-(points**2) / (2 * time)) / math.sqrt(2 * math.pi * time)
        return cls(points, simpson * density)

    def above(self, score: float, step: float) -> float:
        """Give the chance to be above a score after one more step, without having stopped before."""
        from scipy.special import ndtr

        return float(self.weights @ ndtr((self.points - score) / math.sqrt(step)))

    def quantile_above(self, allowed: float, step: float, time: float) -> float:
        from scipy.optimize import brentq

        top = 9.0 * math.sqrt(time)
        if allowed < _TAIL or self.above(top, step) > allowed:
            return math.inf if allowed < _TAIL else top
        if self.above(0.0, step) < allowed:
            return 0.0
        return float(brentq(lambda score: self.above(score, step) - allowed, 0.0, top, xtol=1e-10))

    def moved(self, step: float, score: float, time: float) -> _State:
        points, simpson = _grid(min(score, 8.5 * math.sqrt(time)))
        apart = points[:, None] - self.points[None, :]
        density = np.exp(-(apart**2) / (2 * step)) @ self.weights / math.sqrt(2 * math.pi * step)
        return _State(points, simpson * density)


def _grid(end: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay points over [-end, end], with Simpson's weights."""
    points = np.linspace(-end, end, GRID)
    weights = np.full(GRID, 2.0)
    weights[1::2] = 4.0
    weights[0] = weights[-1] = 1.0
    return points, weights * (points[1] - points[0]) / 3


def pocock_constant(looks: int, *, alpha: float = 0.05) -> float:
    """Give the one z-value of all equally spaced looks (Pocock 1977): 2.413 for five."""
    return _constant(looks, alpha, lambda _: 1.0)


def obrien_fleming_constant(looks: int, *, alpha: float = 0.05) -> float:
    """Give C of the boundaries ``C sqrt(K / k)`` of O'Brien & Fleming (1979): 2.040 for five looks."""
    return _constant(looks, alpha, lambda t: 1 / math.sqrt(t))


def _constant(looks: int, alpha: float, shape: Callable[[float], float]) -> float:
    from scipy.optimize import brentq

    times = [(k + 1) / looks for k in range(looks)]
    return float(brentq(lambda c: crossing(times, [c * shape(t) for t in times]) - _level(alpha), 0.5, 8.0, xtol=1e-8))


def crossing(information: Sequence[float], z_values: Sequence[float], *, drift: float = 0.0) -> float:
    """Give the chance that a two-sided boundary is crossed at any look.

    ``drift`` is the effect in standard errors at full information: 0 for the chance of a false finding, else the power.
    """
    from scipy.special import ndtr

    # Before the first look the score is certain: a grid of one point.
    inside, before, outside = _State(np.zeros(1), np.ones(1)), 0.0, 0.0
    for time, z in zip(information, z_values, strict=True):
        score, step = min(z, 9.0) * math.sqrt(time), time - before
        mean = inside.points + drift * step
        up, down = (mean - score) / math.sqrt(step), (-score - mean) / math.sqrt(step)
        outside += float(inside.weights @ (ndtr(up) + ndtr(down)))
        points, simpson = _grid(score)
        apart = points[:, None] - mean[None, :]
        density = np.exp(-(apart**2) / (2 * step)) @ inside.weights / math.sqrt(2 * math.pi * step)
        inside, before = _State(points, simpson * density), time
    return outside


def sample_size_inflation(looks: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Give how many times as many units planned looks need for the same power, against reading once at the end."""
    from scipy.optimize import brentq
    from scipy.special import ndtri

    times = [(k + 1) / looks for k in range(looks)]
    z_values = boundaries(times, alpha=alpha)
    fixed = float(ndtri(1 - alpha / 2) + ndtri(power))
    drift = brentq(lambda d: crossing(times, z_values, drift=d) - power, 0.5, 3 * fixed)
    return float((drift / fixed) ** 2)


def _level(alpha: float) -> float:
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha={alpha!r} must lie between 0 and 1; write 0.05 for 5 %.")
    return alpha
