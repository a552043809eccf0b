"""Many tests at once: p-values, and intervals that say the same, which keep false findings in hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that those below a level hold, on average, no more than that share of false findings.

    The step-up procedure of Benjamini & Hochberg (1995), for tests that are independent or positively dependent.
    Undefined p-values stay undefined and are not counted as tests, here and in every function of this module.

    Raises
    ------
    ParameterError
        A p-value outside 0 to 1, here and in every function of this module.

    Examples
    --------
    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03, math.nan])]
    [0.03, 0.04, 0.04, nan]
    """
    return _adjusted(p_values, lambda p, rank, m: p * m / rank, step_down=False)


def benjamini_yekutieli(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values as :func:`benjamini_hochberg`, for tests that depend on each other in any way (2001)."""
    return _adjusted(p_values, lambda p, rank, m: p * m / rank * sum(1 / k for k in range(1, m + 1)), step_down=False)


def bonferroni(p_values: Sequence[float]) -> list[float]:
    """Multiply each p-value by the number of tests: the chance of any false finding stays below the level."""
    return _adjusted(p_values, lambda p, _, m: p * m, step_down=True)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the chance of any false finding stays below the level (Holm 1979).

    It holds whatever way the tests depend on each other, and never finds less than :func:`bonferroni`.

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    return _adjusted(p_values, lambda p, rank, m: p * (m - rank + 1), step_down=True)


def holm_sidak(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values as :func:`holm`, a little less strictly, for independent tests (Sidak's levels)."""
    return _adjusted(p_values, _sidak, step_down=True)


def hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values by Holm's levels from the largest down (Hochberg 1988).

    It never finds less than :func:`holm`, and holds for tests that are independent or positively dependent.
    """
    return _adjusted(p_values, lambda p, rank, m: p * (m - rank + 1), step_down=False)


def bonferroni_confidences(p_values: Sequence[float], *, confidence: float = 0.95) -> list[float]:
    """Give each test the confidence ``1 - alpha / m``: all intervals hold at once with the stated confidence.

    An interval excludes zero exactly when :func:`bonferroni` finds it, apart from the boundary itself.
    """
    return _confidences(p_values, confidence, bonferroni, lambda _, m: (1 / m, 1 / m))


def holm_confidences(p_values: Sequence[float], *, confidence: float = 0.95) -> list[float]:
    """Give each test the confidence at which its interval excludes zero exactly when Holm's procedure finds it.

    With R of m found, every interval is at level ``alpha / (m - R)``, at ``alpha`` when all are found. That agrees:
    what was found passed at a level of at most ``alpha / (m - R + 1)``, which is smaller, and the first that was not
    found failed at ``alpha / (m - R)`` itself.

    How often do all intervals hold at once? With the stated confidence where there is no effect, and less the more is
    found. By simulation, for 95 % and three independent tests: 95.1 % without effects; 94.2, 92.2 and 90.4 % when one,
    two or three effects are two standard errors large; 92.7, 85.7 and 85.7 % when they are so large that they are
    surely found, ``(1 - alpha / max(1, m - R))^m``, which falls to 60 % with nine of ten. Each interval by itself holds
    with at least the stated confidence. Holm's promise is about which effects exist, and that is kept: that any
    interval of no effect excludes zero happens in at most ``alpha`` of all cases. Where all ends must hold at once, use
    :func:`bonferroni_confidences`; no intervals with two ends can do both (Guilbaud 2008).

    Examples
    --------
    >>> [round(level, 4) for level in holm_confidences([0.01, 0.04, 0.03])]
    [0.975, 0.975, 0.975]
    """
    return _confidences(p_values, confidence, holm, _after_stepping)


def hochberg_confidences(p_values: Sequence[float], *, confidence: float = 0.95) -> list[float]:
    """Give each test the confidence at which its interval excludes zero exactly when :func:`hochberg` finds it.

    The levels are those of :func:`holm_confidences`, by what Hochberg's procedure finds; so are their limits.
    """
    return _confidences(p_values, confidence, hochberg, _after_stepping)


def bh_confidences(p_values: Sequence[float], *, confidence: float = 0.95) -> list[float]:
    """Give each test the confidence at which its interval excludes zero exactly when Benjamini & Hochberg find it.

    What was found, R of m, has intervals at ``R * alpha / m``: of those, on average no more than ``alpha`` miss the
    truth (the false coverage rate; Benjamini & Yekutieli 2005). The rest are at ``(R + 1) * alpha / m``, since
    their p-values are above it, so that none of them excludes zero either.

    Examples
    --------
    >>> [round(level, 4) for level in bh_confidences([0.001, 0.2, 0.9])]
    [0.9833, 0.9667, 0.9667]
    """
    return _confidences(p_values, confidence, benjamini_hochberg, lambda found, m: (found / m, (found + 1) / m))


def preferential_levels(metrics: int, variants: int, *, share: float = 0.5, alpha: float = 0.05) -> tuple[float, float]:
    """Give the levels of the primary and of every other metric when the primary is preferred to the others.

    Preferential Bonferroni: of ``alpha``, the ``share`` goes to the primary metric over all ``variants``, the rest is
    divided among the other ``metrics - 1``. The intervals that go with it have 1 less these as their confidence.

    Returns
    -------
    (float, float)
        Level of the primary metric, and of each other one, for each variant; the second is NaN without other metrics,
        and the primary metric has all of ``alpha`` then.

    Examples
    --------
    >>> [round(level, 6) for level in preferential_levels(11, 2)]
    [0.0125, 0.00125]
    """
    if metrics < 1 or variants < 1:
        raise ParameterError(f"metrics={metrics!r} and variants={variants!r} must be at least 1.")
    if not 0 < share < 1 or not 0 < alpha < 1:
        raise ParameterError(f"share={share!r} and alpha={alpha!r} must lie between 0 and 1.")
    others = math.nan if metrics < 2 else (1 - share) * alpha / (variants * (metrics - 1))
    return (alpha if metrics < 2 else share * alpha) / variants, others


def _confidences(
    p_values: Sequence[float],
    confidence: float,
    adjust: Callable[[Sequence[float]], list[float]],
    parts: Callable[[int, int], tuple[float, float]],
) -> list[float]:
    """Give intervals their confidence by the part of alpha that what was found, and what was not, is tested at."""
    check_confidence(confidence)
    alpha = 1 - confidence
    adjusted = adjust(p_values)
    tests = sum(not math.isnan(p) for p in adjusted)
    found = sum(p < alpha for p in adjusted)
    if not tests:
        return [confidence] * len(adjusted)
    of_found, of_others = parts(found, tests)
    return [1 - alpha * (of_found if p < alpha else 1.0 if math.isnan(p) else of_others) for p in adjusted]


def _after_stepping(found: int, tests: int) -> tuple[float, float]:
    part = 1 / max(1, tests - found)
    return part, part


def _sidak(p: float, rank: int, m: int) -> float:
    return 1.0 if p == 1 else -math.expm1((m - rank + 1) * math.log1p(-p))


def _adjusted(p_values: Sequence[float], scale: Callable[[float, int, int], float], *, step_down: bool) -> list[float]:
    """Scale p-values by their rank (1 for the smallest) and keep them in order: from below, or from above."""
    if any(not 0 <= p <= 1 for p in p_values if not math.isnan(p)):
        raise ParameterError(f"p_values={list(p_values)} must lie between 0 and 1; NaN stands for an undefined one.")
    known = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [math.nan] * len(p_values)
    m = len(known)
    scaled = [min(1.0, scale(p, rank, m)) for rank, (p, _) in enumerate(known, start=1)]
    order = range(m) if step_down else range(m - 1, -1, -1)
    so_far = 0.0 if step_down else 1.0
    for rank in order:
        so_far = max(so_far, scaled[rank]) if step_down else min(so_far, scaled[rank])
        adjusted[known[rank][1]] = so_far
    return adjusted
