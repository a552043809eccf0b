"""Looks that are planned: the chance of a false finding is divided over them, and costs almost nothing at the end.

``information`` is the share of the planned units that is in at a look. A spending function says how much of ``alpha``
may have been spent by then, so looks need not fall where they were planned, as long as what was seen did not choose
them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pm_analytics.errors import ParameterError
from pm_analytics.stats.running_sums import REACH, RunningSum, crossing, with_next

if TYPE_CHECKING:
    from collections.abc import Sequence

Spending = Literal["obrien_fleming", "pocock", "kim_demets"]
Shape = Literal["obrien_fleming", "pocock"]

LEAST = 1e-15
"""The smallest level that boundaries are computed for; a p-value below it is given as this, so never as 0."""
END = 1 - 1e-9
"""From this share of the planned units on, a look is at the planned end."""
SAME_LOOK = 1e-6
"""Looks closer than this share of what is in are one look."""


def spent(
    information: float,
    *,
    alpha: float = 0.05,
    spending: Spending = "obrien_fleming",
    power: float = 2.0,
    sides: int = 2,
) -> float:
    """Give how much of ``alpha`` may be spent by a share of the information (Lan & DeMets 1983).

    Per side, with a the level of that side: ``"obrien_fleming"`` is ``2 - 2 Phi(z_{a/2} / sqrt(t))``; ``"pocock"`` is
    ``a ln(1 + (e - 1) t)``; ``"kim_demets"`` is ``a t^power`` (1987). All of it from t = 1 on.

    Examples
    --------
    >>> round(spent(0.5), 5), spent(1.0)
    (0.00305, 0.05)
    """
    from scipy.special import ndtr, ndtri

    _check_level(alpha, sides)
    share = min(1.0, max(0.0, information))
    if share in {0.0, 1.0}:
        return alpha * share
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * share)
    if spending == "kim_demets":
        return float(alpha * share**power)
    if spending == "obrien_fleming":
        return float(2 * sides * ndtr(float(ndtri(alpha / (2 * sides))) / math.sqrt(share)))
    raise ParameterError(f"spending={spending!r} is unknown; write 'obrien_fleming', 'pocock' or 'kim_demets'.")


def boundaries(
    information: Sequence[float],
    *,
    alpha: float = 0.05,
    spending: Spending = "obrien_fleming",
    power: float = 2.0,
    sides: int = 2,
    final: bool = False,
) -> list[float]:
    """Give the z-value beyond which to stop at each look; one-sided, only above it.

    Parameters
    ----------
    information : sequence of float
        Share of the planned units that was in at each look so far, rising. Only the last may be 1 or more: it spends
        whatever is left, so nothing is left for a look after it.
    alpha, spending, power, sides
        See :func:`spent`.
    final : bool
        The last look is the end although fewer units came than planned: it spends what is left. Only for an end that
        what was seen did not choose.

    Returns
    -------
    list of float
        Infinite where nothing may be spent yet. A look's boundary does not depend on the looks after it.

    Raises
    ------
    ParameterError
        Shares that do not rise from above 0, or a look after the planned end.

    Examples
    --------
    >>> [round(z, 3) for z in boundaries([0.2, 0.4, 0.6, 0.8, 1.0])]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    times = checked(information)
    budget = [spent(t, alpha=alpha, spending=spending, power=power, sides=sides) for t in times]
    if final or times[-1] >= END:
        budget[-1] = alpha
    return list(_boundaries(times, tuple(budget), sides))


def boundary_for_spending(information: Sequence[float], budget: Sequence[float], *, sides: int = 2) -> list[float]:
    """Give the boundaries when the alpha spent by each look, cumulated, is given as numbers."""
    times = checked(information)
    if len(budget) != len(times) or any(b < a for a, b in pairwise((0.0, *budget))) or budget[-1] >= 1:
        raise ParameterError(f"budget={list(budget)} must give one number below 1 for each look, none below another.")
    return list(_boundaries(times, tuple(map(float, budget)), sides))


@lru_cache(maxsize=1_024)
def _boundaries(times: tuple[float, ...], budget: tuple[float, ...], sides: int) -> tuple[float, ...]:
    """Follow the sum through the looks; each look spends what it may."""
    state, found = RunningSum.start(), []
    for (before, after), (time, next_time) in zip(pairwise((0.0, *budget)), with_next(times), strict=True):
        score = _score(state, (after - before) / sides, time, two_sided=sides == 2)
        found.append(score / math.sqrt(time))
        state = state.kept(time, -score if sides == 2 else -math.inf, score, next_time)
    return tuple(found)


def _score(state: RunningSum, allowed: float, time: float, *, two_sided: bool) -> float:
    """Give the sum above which a look stops with the chance that it may spend."""
    from scipy.optimize import brentq

    top = REACH * math.sqrt(time)
    bottom = 0.0 if two_sided else -top
    if allowed < LEAST / 10:
        return math.inf
    if state.above(bottom, time) <= allowed:
        return bottom

    def excess(score: float) -> float:
        return math.log(max(state.above(score, time), 1e-300) / allowed)

    return float(brentq(excess, bottom, top, xtol=1e-12))


def shaped_boundaries(
    information: Sequence[float], shape: Shape = "obrien_fleming", *, alpha: float = 0.05, sides: int = 2
) -> list[float]:
    """Give the classic boundaries: equal z-values (Pocock 1977), or ``C / sqrt(t)`` (O'Brien & Fleming 1979).

    All looks must be known beforehand, the last being the end: their constant depends on all of them.

    Examples
    --------
    >>> [round(z, 3) for z in shaped_boundaries([1, 2, 3, 4, 5])]
    [4.562, 3.226, 2.634, 2.281, 2.04]
    """
    from scipy.optimize import brentq

    _check_level(alpha, sides)
    if not information or information[-1] <= 0:
        raise ParameterError(f"information={list(information)} must rise from above 0.")
    times = checked([t / information[-1] for t in information])
    widths = [1.0 if shape == "pocock" else 1 / math.sqrt(t) for t in times]

    def excess(constant: float) -> float:
        return crossing(times, [constant * width for width in widths], sides=sides) - alpha

    constant = float(brentq(excess, 0.0, REACH, xtol=1e-10))
    return [constant * width for width in widths]


def pocock_constant(looks: int, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Give the one z-value of all equally spaced looks (Pocock 1977): 2.413 for five."""
    return shaped_boundaries(range(1, looks + 1), "pocock", alpha=alpha, sides=sides)[-1]


def obrien_fleming_constant(looks: int, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Give C of the boundaries ``C sqrt(K / k)`` of O'Brien & Fleming (1979): 2.040 for five looks."""
    return shaped_boundaries(range(1, looks + 1), alpha=alpha, sides=sides)[-1]


def nominal_p_value(z: float, *, sides: int = 2) -> float:
    """Give the p-value that a z-value has by itself; of a boundary, the level at which its look is made."""
    return math.erfc(z / math.sqrt(2)) * sides / 2


def sample_size_inflation(
    looks: int,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    spending: Spending = "obrien_fleming",
    exponent: float = 2.0,
    sides: int = 2,
) -> float:
    """Give how many times as many units planned looks need for the same power, against reading once at the end.

    The looks are equally spaced; ``exponent`` is the power of ``spending="kim_demets"``.

    Examples
    --------
    >>> round(sample_size_inflation(5), 3), round(sample_size_inflation(5, spending="pocock"), 3)
    (1.025, 1.212)
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    if looks < 1 or not alpha < power < 1:
        raise ParameterError(f"looks={looks!r} must be at least 1, and power={power!r} lie between alpha and 1.")
    times = [(k + 1) / looks for k in range(looks)]
    z_values = boundaries(times, alpha=alpha, spending=spending, power=exponent, sides=sides)
    fixed = float(ndtri(1 - alpha / sides) + ndtri(power))
    needed = float(brentq(lambda d: crossing(times, z_values, drift=d, sides=sides) - power, 0.0, 4 + 4 * fixed))
    return (needed / fixed) ** 2


def checked(information: Sequence[float]) -> tuple[float, ...]:
    """Give the looks as numbers, if they can be looks: rising, apart, and none after the planned end."""
    times = tuple(map(float, information))
    if not times or not times[0] > 0 or not math.isfinite(times[-1]):
        raise ParameterError(f"information={list(times)} must name at least one look, the first above 0.")
    if any(not later - earlier > SAME_LOOK * later for earlier, later in pairwise(times)):
        raise ParameterError(
            f"information={list(times)} must rise; looks that add nothing are one look, so leave one out."
        )
    if any(time >= END for time in times[:-1]):
        raise ParameterError(
            f"information={list(times)} looks again after the planned end, where nothing is left to spend; "
            "keep the first look at 1 or more, and leave out what comes after it."
        )
    return times


def _check_level(alpha: float, sides: int) -> None:
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha={alpha!r} must lie between 0 and 1; write 0.05 for 5 %.")
    if sides not in {1, 2}:
        raise ParameterError(f"sides={sides!r} must be 1 or 2.")
