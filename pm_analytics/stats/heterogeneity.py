"""Is the effect the same in every segment? And what to expect in one, with the noise taken out of its own number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST_UNITS = 30
"""Segments with fewer units in an arm are left out of the test: their errors are not to be trusted."""
TOO_FEW_SEGMENTS = "fewer than two segments are large enough to be compared"


@dataclass(frozen=True, slots=True)
class Expected:
    """What to expect of the effect in one segment.

    Attributes
    ----------
    effect, error : float
        The segment's effect pulled towards the common one, and its standard error; NaN when its own is undefined.
    ci_lower, ci_upper : float
        Interval.
    weight : float
        How much of it is the segment's own number: 0 = none, 1 = all.
    """

    effect: float
    error: float
    ci_lower: float
    ci_upper: float
    weight: float


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Whether effects differ between segments, and by how much.

    Attributes
    ----------
    q, freedom, p_value : float
        Cochran's Q, its degrees of freedom (segments - 1) and the p-value of equal effects. NaN below two segments.
    i_squared : float
        Share of the variation of the segments' effects that is more than chance, 0 to 1 (Higgins & Thompson 2002).
    tau : float
        Standard deviation of the true effects between segments (DerSimonian & Laird 1986), in the metric's unit.
    mean, mean_error : float
        The effect common to the segments, and its standard error, between-segment variation included.
    expected : tuple of Expected
        One per segment, in the order given; also for those left out of the test.
    used : tuple of bool
        Whether the segment was large enough to be in the test.
    notes : tuple of str
        What a reader should know; empty when there is nothing to say.
    reason : str
        Why the test is undefined; empty when it is defined.
    """

    q: float
    freedom: int
    p_value: float
    i_squared: float
    tau: float
    mean: float
    mean_error: float
    expected: tuple[Expected, ...]
    used: tuple[bool, ...]
    notes: tuple[str, ...]
    reason: str


def heterogeneity(
    effects: Sequence[float],
    errors: Sequence[float],
    *,
    smallest_arms: Sequence[int] | None = None,
    confidence: float = 0.95,
) -> Heterogeneity:
    """Test whether independent effects are equal (Cochran 1954), and pull each towards what they have in common.

    Parameters
    ----------
    effects, errors : sequence of float
        Difference and its standard error per segment; NaN where undefined. Segments must not share units.
    smallest_arms : sequence of int, optional
        Units in the smaller arm of each segment; those with fewer than 30 are left out of the test.
    confidence : float
        Of the intervals of the expected effects.

    Returns
    -------
    Heterogeneity

    Notes
    -----
    With s the error of a segment and tau the spread of true effects, an effect is pulled towards the mean by
    ``b = s² / (s² + tau²) (k - 3) / (k - 1)``, k being the segments in the test, and the variance of the outcome is
    ``(1 - b) s² + b² (var(mean) + 2 / (k - 3) (effect - mean)²)``: the last term is for tau's being an estimate (Morris
    1983, "Parametric empirical Bayes inference"). With two or three segments, for which that does not exist, the factor
    of b is 1, and 4 / (k - 1) stands for 2 / (k - 3); the intervals were tried by simulation.

    Examples
    --------
    >>> found = heterogeneity([1.0, 2.0, 6.0], [1.0, 1.0, 1.0])
    >>> round(found.q, 6), found.freedom, round(found.p_value, 6), round(found.i_squared, 4), round(found.tau**2, 6)
    (14.0, 2, 0.000912, 0.8571, 6.0)
    >>> round(found.expected[2].effect, 4)
    5.5714
    """
    from scipy.special import chdtrc

    values, spreads = np.asarray(effects, dtype=np.float64), np.asarray(errors, dtype=np.float64) ** 2
    sizes = np.full(len(values), FEWEST_UNITS) if smallest_arms is None else np.asarray(smallest_arms)
    if not len(values) == len(spreads) == len(sizes):
        raise ParameterError(f"{len(values)} effects, {len(spreads)} errors and {len(sizes)} sizes; give one of each.")
    quantile = normal_quantile(confidence)
    defined = np.isfinite(values) & np.isfinite(spreads) & (spreads > 0)
    used = defined & (sizes >= FEWEST_UNITS)
    count = int(used.sum())
    q, tau_squared = _spread(values[used], spreads[used])
    mean, mean_variance = _common(values[used], spreads[used] + tau_squared) if count else (math.nan, math.nan)
    expected = [
        _expected(*each, tau_squared, mean, mean_variance, count, quantile)
        for each in zip(values.tolist(), spreads.tolist(), defined.tolist(), strict=True)
    ]
    enough = count >= 2
    return Heterogeneity(
        q=q if enough else math.nan,
        freedom=max(0, count - 1),
        p_value=float(chdtrc(count - 1, q)) if enough else math.nan,
        i_squared=(max(0.0, 1 - (count - 1) / q) if q > 0 else 0.0) if enough else math.nan,
        tau=math.sqrt(tau_squared) if enough else math.nan,
        mean=mean,
        mean_error=math.sqrt(mean_variance),
        expected=tuple(expected),
        used=tuple(used.tolist()),
        notes=_notes(int((defined & ~used).sum()), int((~defined).sum())),
        reason="" if enough else TOO_FEW_SEGMENTS,
    )


def _spread(values: NDArray[np.float64], spreads: NDArray[np.float64]) -> tuple[float, float]:
    """Give Cochran's Q and the variance between segments by DerSimonian & Laird (1986)."""
    if len(values) < 2:
        return 0.0, 0.0
    weights = 1 / spreads
    mean, _ = _common(values, spreads)
    q = float(weights @ (values - mean) ** 2)
    scale = float(weights.sum() - (weights @ weights) / weights.sum())
    return q, max(0.0, (q - len(values) + 1) / scale)


def _common(values: NDArray[np.float64], spreads: NDArray[np.float64]) -> tuple[float, float]:
    weights = 1 / spreads
    return float(weights @ values / weights.sum()), float(1 / weights.sum())


def _expected(
    effect: float,
    spread: float,
    defined: bool,
    tau_squared: float,
    mean: float,
    mean_variance: float,
    count: int,
    quantile: float,
) -> Expected:
    if not defined or not count:
        return Expected(math.nan, math.nan, math.nan, math.nan, math.nan)
    noise = spread / (tau_squared + spread)
    # Morris' correction exists from four segments on; below, the noise is pulled out in full and doubted the more.
    pull, doubt = (noise * (count - 3) / (count - 1), 2 / (count - 3)) if count > 3 else (noise, 4 / max(1, count - 1))
    away = effect - mean
    error = math.sqrt((1 - pull) * spread + pull**2 * (mean_variance + doubt * away**2))
    pulled = effect - pull * away
    return Expected(pulled, error, pulled - quantile * error, pulled + quantile * error, 1 - pull)


def _notes(sparse: int, undefined: int) -> tuple[str, ...]:
    said = []
    if sparse:
        said.append(f"{_segments(sparse)} with fewer than {FEWEST_UNITS} units in an arm left out of the test")
    if undefined:
        said.append(f"{_segments(undefined)} without a defined effect left out")
    return tuple(said)


def _segments(count: int) -> str:
    return "1 segment" if count == 1 else f"{count} segments"
