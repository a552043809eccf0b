"""A ratio of two sums over units, such as clicks per session: its spread over units, by linearisation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.stats.effects import Arm, Effect, compare_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pm_analytics.stats.moments import Moments

NO_DENOMINATOR = "what is below the line sums to zero in an arm, so there is no ratio"


def linear_weights(moments: Moments) -> tuple[NDArray[np.float64], float]:
    """Give the weights of ``R + (N - R D) / mean(D)``, whose mean is the ratio R and whose variance is the ratio's.

    The first two columns are N and D; NaN when the mean of D is not above zero.
    """
    top, bottom = float(moments.means[0]), float(moments.means[1])
    if not bottom > 0:
        return np.array([math.nan, math.nan]), math.nan
    ratio = top / bottom
    return np.array([1 / bottom, -ratio / bottom]), ratio


def linearised(moments: Moments) -> Arm:
    """Describe a ratio of sums as a mean over units (Deng, Knoblich & Lu 2018).

    The mean is sum(N) / sum(D); the variance is ``var(N - R D) / mean(D)^2``. NaN when D sums to zero.
    """
    weights, ratio = linear_weights(moments.columns([0, 1]))
    if math.isnan(ratio):
        return Arm(moments.n, math.nan, math.nan)
    return Arm(moments.n, ratio, moments.columns([0, 1]).arm(weights).variance)


def linearised_moments(moments: Moments) -> Moments:
    """Replace the columns N and D, which come first, by the linearised ratio; the columns after them stay."""
    weights, ratio = linear_weights(moments)
    rest = len(moments.means) - 2
    matrix = np.zeros((1 + rest, 2 + rest))
    matrix[0, :2] = weights
    matrix[1:, 2:] = np.eye(rest)
    # The weighted sum of the means is zero, so that the constant is the ratio itself.
    return moments.transformed(matrix, np.array([ratio] + [0.0] * rest))


def compare_ratios(variant: Moments, control: Moments, *, confidence: float = 0.95) -> Effect:
    """Compare two ratios of sums: Welch's test over units on the linearised values, Fieller for the lift.

    ``variant`` and ``control`` have the columns N and D.
    """
    from dataclasses import replace

    arms = linearised(variant), linearised(control)
    effect = compare_means(*arms, confidence=confidence)
    empty = any(math.isnan(arm.mean) and arm.n > 0 for arm in arms)
    return replace(effect, reason=NO_DENOMINATOR) if empty else effect
