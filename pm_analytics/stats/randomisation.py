"""The user's own units assigned by chance, again and again: how often something is found where nothing can be.

Each assignment gives every unit to the variant with the same chance, as a hash does. Units that are alike, such as the
many who bought nothing, are not drawn one by one: how many of them fall into the variant is binomial. The others are
drawn each by itself, many assignments at a time, as matrix products. So no unit is left out or put together with
others, and a thousand assignments of a million units take a few seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.designs import Design
from pm_analytics.stats.proportions import Interval, pooled_p_value, wilson
from pm_analytics.stats.proportions import share as share_of
from pm_analytics.stats.uneven import squared_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

FEWEST = 4
CROWD = 100
"""So many units that are alike are drawn at once; fewer are cheaper to draw one by one."""
CELLS = 4_000_000
"""Units times assignments that are held at a time: 16 MB."""
STEPS = 65_536
"""The share of the variant is met to one part in so many."""

ROUNDING = 1e-12
"""What is left of equal values after rounding is no spread."""
CONSTANT = "every unit has the same value, so no assignment can be judged"


@dataclass(frozen=True, slots=True, eq=False)
class Reassigned:
    """What came of assigning by chance.

    Attributes
    ----------
    repetitions : int
        Assignments.
    p_values, differences : array of shape (repetitions,)
        Of each assignment's test, and variant minus control. A p-value is NaN where the test could not be made.
    false_positive_rate : float
        Share of the tests that were made which found something at the level; ``interval`` is Wilson's, at 95 %. NaN
        without any.
    uniformity : float
        p-value of the Kolmogorov-Smirnov test that p-values spread evenly, as they should. A share of few events has
        but few possible p-values, which is no fault and found by it all the same.
    spread : float
        Standard deviation of the differences.
    error : float
        Median standard error of the test; about ``spread`` when the formula holds.
    detectable, detectable_by_formula : float
        The difference found with 80 % power (MDE), from ``spread`` and from ``error``: 2.80 times each for 5 %.
    reason : str
        Why it is undefined; empty when it is not.
    """

    repetitions: int
    p_values: Numbers
    differences: Numbers
    false_positive_rate: float
    interval: Interval
    uniformity: float
    spread: float
    error: float
    detectable: float
    detectable_by_formula: float
    reason: str = ""


def reassign(
    top: ArrayLike,
    bottom: ArrayLike | None = None,
    *,
    covariates: ArrayLike | None = None,
    test: Literal["welch", "shares"] = "welch",
    share: float = 0.5,
    repetitions: int = 1_000,
    alpha: float = 0.05,
    power: float = 0.8,
    seed: int = 1,
) -> Reassigned:
    """Assign units to two arms by chance, compare them as an experiment would, and see how often something is found.

    Parameters
    ----------
    top : array of shape (n,)
        Value of each unit.
    bottom : array of shape (n,), optional
        For a ratio of sums, what is below the line; without it the means are compared.
    covariates : array of shape (n,) or (n, k), optional
        From before, taken out once for all assignments (:func:`residuals`). For a ratio, they are taken out of its
        linearised values.
    test : {"welch", "shares"}
        Welch's t on means, or on linearised ratios; or the pooled z (Fisher's exact where it is due) on values 0 and 1.
    share : float
        Chance of a unit to fall into the variant.
    repetitions, seed : int
        How many assignments; the same seed gives the same ones.
    alpha, power : float
        Level of the test, two-sided, and the power of the detectable differences.

    Raises
    ------
    ParameterError
        Fewer than four units, arrays of different lengths, values that are not finite, a share that leaves an arm with
        fewer than two units on average, or values other than 0 and 1 for a test of shares.

    Examples
    --------
    >>> found = reassign(np.arange(200) % 2, test="shares", repetitions=500)
    >>> found.interval.lower < 0.05 < found.interval.upper, round(found.spread, 2)
    (True, 0.07)
    """
    design = Design(alpha=alpha, power=power)
    columns = _columns(top, bottom, covariates)
    _check(columns, share, repetitions, test, two=bottom is not None or covariates is not None)
    sums, whole = _assigned(columns, share, repetitions, np.random.default_rng(seed))
    difference, error, freedom = _compared(sums, whole)
    if test == "shares":
        p_values = _p_of_shares(sums, whole, float(columns[:, 0].mean()))
    else:
        p_values = _p_of_means(difference, error, freedom)
    return _summed_up(p_values, difference, error, design)


def residuals(values: ArrayLike, covariates: ArrayLike) -> Numbers:
    """Take covariates out of values: what a least-squares line leaves, around the mean of the values.

    The line is that of all units. A test that fits it anew in each assignment differs by order 1/n.
    """
    y = np.asarray(values, dtype=np.float64)
    x = np.asarray(covariates, dtype=np.float64).reshape(len(y), -1)
    centred = x - x.mean(axis=0)
    theta, *_ = np.linalg.lstsq(centred, y - y.mean(), rcond=None)
    left: Numbers = y - centred @ theta
    return left


# ------------------------------------------------------------------------------------------------------ what goes in


def _columns(top: ArrayLike, bottom: ArrayLike | None, covariates: ArrayLike | None) -> Numbers:
    """Put values side by side: above and below the line; ones below it for a mean."""
    above = np.asarray(top, dtype=np.float64)
    below = np.ones_like(above) if bottom is None else np.asarray(bottom, dtype=np.float64)
    if (
        above.ndim != 1
        or above.shape != below.shape
        or (covariates is not None and len(np.asarray(covariates)) != len(above))
    ):
        raise ParameterError("top, bottom and covariates must have one row per unit, and as many each.")
    if len(above) < FEWEST:
        raise ParameterError(f"{len(above)} units are too few to be assigned again and again; {FEWEST} are needed.")
    if covariates is not None:
        return _adjusted(above, below, covariates, ratio=bottom is not None)
    return np.column_stack([above, below])


def _adjusted(above: Numbers, below: Numbers, covariates: ArrayLike, *, ratio: bool) -> Numbers:
    """Take covariates out of a mean, or of a ratio linearised over all units; what is left is a mean."""
    if ratio:
        whole = above.sum() / below.sum()
        above = whole + (above - whole * below) / below.mean()
    return np.column_stack([residuals(above, covariates), np.ones_like(above)])


def _check(columns: Numbers, share: float, repetitions: int, test: str, *, two: bool) -> None:
    n = len(columns)
    if not np.isfinite(columns).all():
        raise ParameterError(
            "Values must be finite; leave units without a value out, or give them the value they have."
        )
    if not (0 < share < 1 and min(share, 1 - share) * n >= 2):
        raise ParameterError(f"share={share!r} leaves an arm of {n} units with fewer than two of them.")
    if repetitions < 1:
        raise ParameterError(f"repetitions={repetitions!r} must be at least 1.")
    if columns[:, 1].sum() <= 0:
        raise ParameterError("bottom sums to zero, so there is no ratio.")
    if test == "shares" and (two or not np.isin(columns[:, 0], (0.0, 1.0)).all()):
        raise ParameterError("A test of shares takes values 0 and 1, with nothing below the line and no covariates.")


# ------------------------------------------------------------------------------------------------------- assignments


def _assigned(columns: Numbers, share: float, repetitions: int, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Give units and sums of a, b, aa, ab and bb: of the variant in each assignment, and of all units.

    ``b`` is what is below the line and ``a`` what is above it less the overall ratio times ``b``, so that sums of
    squares lose nothing, and float32 is enough for what is added in portions.
    """
    alike, counts = _alike(columns)
    top, bottom = alike.T
    away = top - (counts @ top) / (counts @ bottom) * bottom
    if np.ptp(away) <= ROUNDING * np.abs(top).max():
        away[:] = 0.0
    rows = np.column_stack([np.ones_like(top), away, bottom, away * away, away * bottom, bottom * bottom])
    crowd = counts >= CROWD
    single = np.repeat(rows[~crowd], counts[~crowd], axis=0)
    sums = np.zeros((repetitions, rows.shape[1]))
    limit = min(STEPS - 1, max(1, round(share * STEPS)))
    for some, many in zip(_portions(rows[crowd], repetitions), _portions(counts[crowd], repetitions), strict=True):
        sums += rng.binomial(many, limit / STEPS, size=(repetitions, len(many))) @ some
    for some in _portions(single, repetitions):
        drawn = rng.integers(0, STEPS, size=(repetitions, len(some)), dtype=np.uint16) < limit
        sums += drawn.astype(np.float32) @ some.astype(np.float32)
    return sums, counts @ rows


def _alike(columns: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Give the pairs of values that occur, and how many units have each."""
    pairs = np.ascontiguousarray(columns).view(np.complex128).ravel()  # sorted by both parts, faster than rows are
    distinct, counts = np.unique(pairs, return_counts=True)
    return np.column_stack([distinct.real, distinct.imag]), counts.astype(np.int64)


def _portions(rows: NDArray[Any], repetitions: int) -> Iterator[NDArray[Any]]:
    size = max(1, CELLS // repetitions)
    return (rows[begun : begun + size] for begun in range(0, len(rows), size))


# -------------------------------------------------------------------------------------------------------- what comes


def _compared(variant: Numbers, whole: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Give differences, standard errors and Welch's degrees of freedom."""
    with np.errstate(divide="ignore", invalid="ignore"):
        (mine, v, n), (theirs, w, m) = _arm(variant), _arm(whole - variant)
        v, w = squared_errors(v, n, w, m)
        freedom = (v + w) ** 2 / (v**2 / (n - 1) + w**2 / (m - 1))
    return mine - theirs, np.sqrt(v + w), freedom


def _arm(sums: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Give how far an arm's ratio lies from that of all, its variance by linearisation, and the units."""
    n, a, b, aa, ab, bb = sums.T
    far = a / b
    left = np.maximum(0.0, aa - 2 * far * ab + far**2 * bb)
    return far, n * left / (n - 1) / b**2, n


def _p_of_means(difference: Numbers, error: Numbers, freedom: Numbers) -> Numbers:
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        p: Numbers = 2 * stdtr(freedom, -np.abs(difference) / error)
    return np.where(error > 0, p, np.nan)


def _p_of_shares(variant: Numbers, whole: Numbers, rate: float) -> Numbers:
    """Test successes out of units, each as they are in an assignment."""
    n = np.rint(variant[:, 0])
    successes, total = np.rint(variant[:, 1] + rate * n), round(whole[0])
    hits = round(rate * total)
    return np.array(
        [
            pooled_p_value(int(x), int(units), hits - int(x), total - int(units))[0]
            for x, units in zip(successes, n, strict=True)
        ]
    )


def _summed_up(p_values: Numbers, difference: Numbers, error: Numbers, design: Design) -> Reassigned:
    from scipy.stats import kstest

    made = p_values[~np.isnan(p_values)]
    hits, reach = int((made < design.alpha).sum()), design.z_alpha + design.z_power
    usable = np.isfinite(difference) & (error > 0)
    spread = float(difference[usable].std(ddof=1)) if usable.sum() > 1 else math.nan
    middle = float(np.median(error[usable])) if usable.any() else math.nan
    return Reassigned(
        repetitions=len(p_values),
        p_values=p_values,
        differences=difference,
        false_positive_rate=share_of(hits, len(made)),
        interval=wilson(hits, len(made)),
        uniformity=float(kstest(made, "uniform").pvalue) if len(made) else math.nan,
        spread=spread,
        error=middle,
        detectable=reach * spread,
        detectable_by_formula=reach * middle,
        reason="" if len(made) else CONSTANT,
    )
