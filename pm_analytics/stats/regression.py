"""The same effects from rows in memory, by regression: what the moments of adjustment.py are checked against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import DataError
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TOO_FEW_ROWS = "there are not more rows than coefficients"
NO_RESIDUALS = "the regression leaves no residuals, so chance cannot be judged"
ALONE = "a row alone decides a coefficient, so its error cannot be judged"
NO_ARMS = "all rows are of one arm, so there is nothing to compare"


@dataclass(frozen=True, slots=True)
class Regression:
    """The coefficient of being in the variant.

    Attributes
    ----------
    coefficient, error : float
        Difference in the unit of the target, and its HC2 standard error. NaN when undefined.
    ci_lower, ci_upper, p_value : float
        By Student's t with ``freedom`` degrees of freedom. NaN when undefined.
    freedom : int
        Rows minus coefficients.
    reason : str
        Why something is undefined; empty when all is defined.
    """

    coefficient: float
    error: float
    ci_lower: float
    ci_upper: float
    p_value: float
    freedom: int
    reason: str


def regression_adjusted(
    target: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike,
    *,
    interactions: bool = True,
    confidence: float = 0.95,
) -> Regression:
    """Regress a metric on the arm and on covariates centred at their mean, with HC2 standard errors.

    Parameters
    ----------
    target : array of shape (n,)
        The metric per unit.
    treated : array of shape (n,)
        1 or True for units of the variant, 0 for the control.
    covariates : array of shape (n,) or (n, k)
        Known before exposure, without gaps.
    interactions : bool
        With every covariate's product with the arm (Lin 2013, "Agnostic notes on regression adjustments"), the
        default; without, the analysis of covariance.
    confidence : float
        Of the interval.

    Returns
    -------
    Regression
        The variance is ``(X'X)^-1 X' diag(e² / (1 - h)) X (X'X)^-1`` (HC2: MacKinnon & White 1985).

    Raises
    ------
    DataError
        A value is missing or infinite.

    Examples
    --------
    >>> found = regression_adjusted([1, 2, 3, 5, 6, 8], [0, 0, 0, 1, 1, 1], [1, 2, 3, 1, 2, 3], interactions=False)
    >>> round(found.coefficient, 4), round(found.error, 4)
    (4.3333, 0.3162)
    """
    check_confidence(confidence)
    design, y = _design(target, treated, covariates, interactions=interactions)
    n, freedom = len(y), len(y) - int(np.linalg.matrix_rank(design))
    arms = np.unique(design[:, 1])
    if len(arms) < 2 or freedom < 1:
        return _undefined(TOO_FEW_ROWS if len(arms) == 2 else NO_ARMS, freedom)
    bread = np.linalg.pinv(design)  # (X'X)^-1 X'
    leverage = np.einsum("ij,ji->i", design, bread)
    coefficient = float(bread[1] @ y)
    if leverage.max() > 1 - 1e-10 * n:
        return _undefined(ALONE, freedom, coefficient)
    residuals = y - design @ (bread @ y)
    error = math.sqrt(float(bread[1] ** 2 @ (residuals**2 / (1 - leverage))))
    # What rounding leaves of a perfect fit is no error.
    return _judged(coefficient, error if error > 1e-12 * np.ptp(y) else 0.0, freedom, confidence)


def _design(
    target: ArrayLike, treated: ArrayLike, covariates: ArrayLike, *, interactions: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, arm = np.asarray(target, dtype=np.float64), np.asarray(treated, dtype=np.float64)
    past = np.asarray(covariates, dtype=np.float64).reshape(len(y), -1)
    if not all(np.isfinite(values).all() for values in (y, arm, past)):
        raise DataError(
            "a target, an arm or a covariate is missing or infinite, and a regression has no place for it; "
            "fill covariates with 0 and add a column that says so."
        )
    centred = past - past.mean(axis=0)
    parts = [np.ones((len(y), 1)), arm[:, None], centred]
    return np.hstack([*parts, centred * arm[:, None]] if interactions else parts), y


def _judged(coefficient: float, error: float, freedom: int, confidence: float) -> Regression:
    from scipy.special import stdtr, stdtrit

    if not error > 0:
        return _undefined(NO_RESIDUALS, freedom, coefficient)
    half = float(stdtrit(freedom, 0.5 + confidence / 2)) * error
    p_value = float(2 * stdtr(freedom, -abs(coefficient) / error))
    return Regression(coefficient, error, coefficient - half, coefficient + half, p_value, freedom, "")


def _undefined(reason: str, freedom: int, coefficient: float = math.nan) -> Regression:
    return Regression(coefficient, math.nan, math.nan, math.nan, math.nan, freedom, reason)
