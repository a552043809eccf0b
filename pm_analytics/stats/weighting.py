"""Those who chose a feature against those who did not: adjusted for what was known before, and only a description.

Who chooses differs in ways nobody recorded. So several answers are given side by side: their spread is the message.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from pm_analytics.errors import DataError
from pm_analytics.stats.proportions import check_confidence
from pm_analytics.stats.sensitivity import e_value_of_interval, ratio_of_means

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST_ADOPTERS = 20
TRIM = 0.1
"""Units whose chance to adopt lies outside of [0.1, 0.9] have hardly a like in the other group (Crump et al. 2009)."""
BALANCED = 0.1
"""Standardised mean difference below which a covariate counts as balanced."""
BINS = 10
RIDGE = 1e-3
ROUNDS = 50

FEW = "fewer than 20 of a kind, so those who adopted cannot be compared with those who did not"
APART = "hardly anybody who did not adopt resembles those who did, so there is nobody to compare with"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the difference, its interval, and how many units it rests on."""

    difference: float
    ci_lower: float
    ci_upper: float
    units: int


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Adopters against non-adopters.

    Attributes
    ----------
    naive : Answer
        Difference of means, unadjusted.
    weighted : Answer
        Non-adopters weighted to resemble adopters (``e / (1 - e)``, Hájek).
    adjusted, trimmed : Answer
        Augmented inverse-probability weighting over all units, and over those with a chance in [0.1, 0.9].
    placebo : Answer or None
        ``adjusted`` for an outcome from before anybody could adopt: it should be about 0.
    imbalance_before, imbalance_after : array of shape (covariates,)
        Standardised mean differences without and with weights.
    overlap : array of shape (10, 2)
        Units per tenth of the chance to adopt: adopters, non-adopters.
    effective : float
        Non-adopters that the weighted ones are worth.
    e_value : float
        How strong something unseen must be to explain ``trimmed``, by the nearer end of its interval; 1: nothing is
        needed.
    reason : str
        Why there is no answer; empty when there is one.
    """

    naive: Answer
    weighted: Answer
    adjusted: Answer
    trimmed: Answer
    placebo: Answer | None
    imbalance_before: NDArray[np.float64]
    imbalance_after: NDArray[np.float64]
    overlap: NDArray[np.int64]
    effective: float
    e_value: float
    reason: str

    @property
    def balanced(self) -> bool:
        """Whether the weights made all covariates alike."""
        return bool((np.abs(self.imbalance_after) < BALANCED).all())


def association(
    outcome: ArrayLike,
    adopted: ArrayLike,
    covariates: ArrayLike,
    *,
    placebo: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Association:
    """Compare adopters with non-adopters, adjusted for what was known before adopting.

    Parameters
    ----------
    outcome : array of shape (n,)
        What they did afterwards.
    adopted : array of bool of shape (n,)
        Who adopted.
    covariates : array of shape (n, k)
        Known before, the outcome's own past among them; without gaps.
    placebo : array of shape (n,), optional
        An outcome from before anybody could adopt.
    confidence : float
        Of the intervals.

    Returns
    -------
    Association
        AIPW: ``psi = m1 - m0 + t (y - m1) / e - (1 - t)(y - m0) / (1 - e)``, error ``sd(psi) / sqrt(n)`` (Robins,
        Rotnitzky & Zhao 1994), with linear outcome models and a logistic one for adopting.

    Raises
    ------
    DataError
        Arrays that do not match, or gaps.
    """
    check_confidence(confidence)
    y, chose, known = _checked(outcome, adopted, covariates)
    quantile = float(stats.norm.ppf(0.5 + confidence / 2))
    naive = _two_means(y, chose, quantile)
    chance = _chances(known, chose)
    overlap = np.column_stack([np.histogram(chance[mask], bins=BINS, range=(0, 1))[0] for mask in (chose, ~chose)])
    inside = (chance >= TRIM) & (chance <= 1 - TRIM)
    before = _imbalance(known, chose, np.ones(len(y)))
    weights = np.where(chose, 1.0, chance / (1 - chance))
    reason = _reason(chose, inside)
    if reason:
        nothing = Answer(math.nan, math.nan, math.nan, 0)
        empty = np.full(known.shape[1], math.nan)
        return Association(naive, nothing, nothing, nothing, None, before, empty, overlap, math.nan, math.nan, reason)
    trimmed = _aipw(y[inside], chose[inside], known[inside], chance[inside], quantile)
    return Association(
        naive=naive,
        weighted=_weighted(y, chose, weights, quantile),
        adjusted=_aipw(y, chose, known, chance, quantile),
        trimmed=trimmed,
        placebo=None if placebo is None else _aipw(np.asarray(placebo, dtype=float), chose, known, chance, quantile),
        imbalance_before=before,
        imbalance_after=_imbalance(known, chose, weights),
        overlap=overlap,
        effective=float(weights[~chose].sum() ** 2 / np.sum(weights[~chose] ** 2)),
        e_value=_e_value(trimmed, float(y.std(ddof=1))),
        reason="",
    )


def _checked(
    outcome: ArrayLike, adopted: ArrayLike, covariates: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    y, chose = np.asarray(outcome, dtype=float), np.asarray(adopted, dtype=bool)
    known = np.asarray(covariates, dtype=float).reshape(len(y), -1)
    if len(chose) != len(y):
        raise DataError(f"{len(y)} outcomes and {len(chose)} marks of who adopted do not match.")
    if not (np.isfinite(y).all() and np.isfinite(known).all()):
        raise DataError("An outcome or covariate has gaps; leave out those units, and say how many, first.")
    spread = known.std(axis=0)
    return y, chose, (known - known.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _reason(chose: NDArray[np.bool_], inside: NDArray[np.bool_]) -> str:
    if min(int(chose.sum()), int((~chose).sum())) < FEWEST_ADOPTERS:
        return FEW
    kept = min(int((chose & inside).sum()), int((~chose & inside).sum()))
    return APART if kept < FEWEST_ADOPTERS else ""


def _two_means(y: NDArray[np.float64], chose: NDArray[np.bool_], quantile: float) -> Answer:
    if chose.sum() < 2 or (~chose).sum() < 2:
        return Answer(math.nan, math.nan, math.nan, len(y))
    difference = float(y[chose].mean() - y[~chose].mean())
    error = math.sqrt(float(y[chose].var(ddof=1)) / chose.sum() + float(y[~chose].var(ddof=1)) / (~chose).sum())
    return Answer(difference, difference - quantile * error, difference + quantile * error, len(y))


def _chances(known: NDArray[np.float64], chose: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit a logistic regression by Newton's steps, with a slight penalty so that full separation has an end."""
    design = np.column_stack([np.ones(len(known)), known])
    weights, penalty = np.zeros(design.shape[1]), RIDGE * len(known) * np.eye(design.shape[1])
    penalty[0, 0] = 1e-8
    for _ in range(ROUNDS):
        chance = _logistic(design @ weights)
        gradient = design.T @ (chose - chance) - penalty @ weights
        step = np.linalg.solve((design * (chance * (1 - chance))[:, None]).T @ design + penalty, gradient)
        weights += np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            break
    return np.clip(_logistic(design @ weights), 1e-6, 1 - 1e-6)


def _logistic(score: NDArray[np.float64]) -> NDArray[np.float64]:
    chance: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
    return chance


def _imbalance(
    known: NDArray[np.float64], chose: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    ours = np.average(known[chose], axis=0, weights=weights[chose])
    theirs = np.average(known[~chose], axis=0, weights=weights[~chose])
    spread = np.sqrt((known[chose].var(axis=0) + known[~chose].var(axis=0)) / 2)
    found: NDArray[np.float64] = (ours - theirs) / np.where(spread > 0, spread, 1.0)
    return found


def _weighted(
    y: NDArray[np.float64], chose: NDArray[np.bool_], weights: NDArray[np.float64], quantile: float
) -> Answer:
    others = weights[~chose]
    theirs = float(np.average(y[~chose], weights=others))
    difference = float(y[chose].mean()) - theirs
    spread = float(np.sum((others * (y[~chose] - theirs)) ** 2) / others.sum() ** 2)
    error = math.sqrt(float(y[chose].var(ddof=1)) / chose.sum() + spread)
    return Answer(difference, difference - quantile * error, difference + quantile * error, len(y))


def _aipw(
    y: NDArray[np.float64],
    chose: NDArray[np.bool_],
    known: NDArray[np.float64],
    chance: NDArray[np.float64],
    quantile: float,
) -> Answer:
    design = np.column_stack([np.ones(len(known)), known])
    ours, theirs = (design @ np.linalg.lstsq(design[mask], y[mask], rcond=None)[0] for mask in (chose, ~chose))
    part = chose * (y - ours) / chance - ~chose * (y - theirs) / (1 - chance)
    each = ours - theirs + part
    error = float(each.std(ddof=1)) / math.sqrt(len(each))
    middle = float(each.mean())
    return Answer(middle, middle - quantile * error, middle + quantile * error, len(y))


def _e_value(found: Answer, deviation: float) -> float:
    ends = [ratio_of_means(end, deviation) for end in (found.ci_lower, found.ci_upper)]
    return math.nan if any(math.isnan(end) for end in ends) else e_value_of_interval(*ends)
