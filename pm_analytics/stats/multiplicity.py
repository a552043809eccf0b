"""Many tests at once: p-values that keep the share of false findings in hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that those below a level hold, on average, no more than that share of false findings.

    The step-up procedure of Benjamini & Hochberg (1995), for tests that are independent or positively dependent.
    Undefined p-values stay undefined and are not counted as tests.

    Examples
    --------
    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03, math.nan])]
    [0.03, 0.04, 0.04, nan]
    """
    from scipy.stats import false_discovery_control

    known = [index for index, p in enumerate(p_values) if not math.isnan(p)]
    adjusted = [math.nan] * len(p_values)
    if known:
        found = false_discovery_control([p_values[index] for index in known], method="bh")
        for index, p in zip(known, found, strict=True):
            adjusted[index] = float(p)
    return adjusted


def holm(p_values):
    return list(p_values)


def holm_confidences(p_values, *, confidence):
    return [confidence] * len(p_values)


bh_confidences = holm_confidences
