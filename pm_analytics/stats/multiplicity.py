"""Many tests at once: p-values, and intervals that say the same, which keep false findings in hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that those below a level hold, on average, no more than that share of false findings.

    The step-up procedure of Benjamini & Hochberg (1995), for tests that are independent or positively dependent.
    Undefined p-values stay undefined and are not counted as tests, here and in every function of this module.

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
    return _adjusted(p_values, lambda p, rank, m: -math.expm1((m - rank + 1) * math.log1p(-p)), step_down=True)


def hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values by Holm's levels from the largest down (Hochberg 1988); for independent tests."""
    return _adjusted(p_values, lambda p, rank, m: p * (m - rank + 1), step_down=False)


def holm_confidences(p_values: Sequence[float], *, confidence: float = 0.95) -> list[float]:
    """Give each test the confidence at which its interval excludes zero exactly when Holm's procedure finds it.

    With R of m found, Holm's next test is made at ``alpha / (m - R)``. What was found has a p-value of at most that,
    what was not has a larger one: intervals at this level never contradict the procedure. All hold at once with the
    stated confidence when nothing was found (they are then Bonferroni's); the more was found, the nearer they come to
    single intervals. Holm's promise is about which effects exist; intervals that were simultaneous after it would leave
    what was found without an end (Guilbaud 2008).
    """
    alpha = _level(confidence)
    known = [p for p in p_values if not math.isnan(p)]
    found = sum(p < alpha for p in holm(known))
    level = alpha / max(1, len(known) - found)
    return [confidence if math.isnan(p) else 1 - level for p in p_values]


def bh_confidences(p_values: Sequence[float], *, confidence: float = 0.95) -> list[float]:
    """Give each test the confidence at which its interval excludes zero exactly when Benjamini & Hochberg find it.

    What was found, R of m, has intervals at ``R * alpha / m``: of those, on average no more than ``alpha`` miss the
    truth (the false coverage rate; Benjamini & Yekutieli 2005). The rest are at ``(R + 1) * alpha / m``, since
    their p-values are above it, so that none of them excludes zero either.
    """
    alpha = _level(confidence)
    known = [p for p in p_values if not math.isnan(p)]
    adjusted = benjamini_hochberg(p_values)
    found, m = sum(p < alpha for p in adjusted if not math.isnan(p)), len(known)
    levels = {True: found, False: min(m, found + 1)}
    return [confidence if math.isnan(after) else 1 - levels[after < alpha] * alpha / max(1, m) for after in adjusted]


def preferential_levels(metrics: int, variants: int, *, share: float = 0.5, alpha: float = 0.05) -> tuple[float, float]:
    """Give the levels of the primary and of every other metric when the primary is preferred to the others.

    Preferential Bonferroni: of ``alpha``, the ``share`` goes to the primary metric over all ``variants``, the rest is
    divided among the other ``metrics - 1``.
    """
    others = math.nan if metrics < 2 else (1 - share) * alpha / (variants * (metrics - 1))
    return (alpha if metrics < 2 else share * alpha) / variants, others


def _level(confidence: float) -> float:
    check_confidence(confidence)
    return 1 - confidence


def _adjusted(p_values: Sequence[float], scale: Callable[[float, int, int], float], *, step_down: bool) -> list[float]:
    """Scale p-values by their rank (1 for the smallest) and keep them in order: from below, or from above."""
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
