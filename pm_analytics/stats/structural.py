"""Bayesian structural time series: level, season and helpers drift within limits that a prior sets.

A second opinion on one series, as R's CausalImpact gives it. Its interval is right where what the model leaves is noise
without memory; elsewhere it is too narrow, and :func:`structural` says so.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pm_analytics.errors import DataError
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SHARE_EXPLAINED, FREEDOM_NOISE, FREEDOM_LEVEL = 0.8, 50, 32
"""R's defaults: the expected R² of the regression, and how heavily the priors of the two variances weigh."""
G_PRIOR = 0.01
WIDEST_NOISE, WIDEST_LEVEL = 1.2, 1.0
NEAR_WHITE = 0.2
"""Correlation of residuals one period apart up to which they count as noise without memory."""
FEWEST = 10

CONSTANT = "the series does not vary before the launch"
MEMORY = "what the model leaves has a memory ({found:+.2f} from one period to the next), so its interval is too narrow"


@dataclass(frozen=True, slots=True, eq=False)
class Structural:
    """Actual against the draws of a structural model.

    Attributes
    ----------
    effect, ci_lower, ci_upper : float
        Mean difference per known period after the launch.
    total, total_lower, total_upper, total_sd : float
        The difference added up, with the standard deviation of its draws.
    lift, lift_lower, lift_upper : float
        Total actual over total expected, minus 1, per draw.
    tail : float
        Share of the draws on the far side of the actual total, at least 1 / (draws + 1).
    expected, expected_lower, expected_upper : array of shape (after,)
        Draws of each period after the launch.
    memory : float
        Correlation of neighbouring residuals before the launch.
    reason : str
        Why there is nothing, or why the interval is not to be trusted; empty otherwise.
    """

    effect: float
    ci_lower: float
    ci_upper: float
    total: float
    total_lower: float
    total_upper: float
    total_sd: float
    lift: float
    lift_lower: float
    lift_upper: float
    tail: float
    expected: NDArray[np.float64]
    expected_lower: NDArray[np.float64]
    expected_upper: NDArray[np.float64]
    memory: float
    reason: str


def structural(
    values: ArrayLike,
    before: int,
    covariates: ArrayLike | None = None,
    *,
    season: int | None = None,
    prior_level_sd: float = 0.01,
    draws: int = 1_200,
    burn: int = 200,
    seed: int = 1,
    confidence: float = 0.95,
) -> Structural:
    """Draw what a series would have been, from a local level, helpers and a season.

    Parameters
    ----------
    values : array of shape (n,)
        NaN where unknown; unknown periods after the launch are left out of both sums.
    before : int
        Periods before the launch.
    covariates : array of shape (n, k), optional
        Without gaps.
    season : int, optional
        Periods of a season, 7 for days.
    prior_level_sd : float
        How much the level may wander per period, in standard deviations of the series: 0.01 tight, 0.1 loose.
    draws, burn, seed
        Of Gibbs sampling; the first ``burn`` are not used.
    confidence : float
        Of the intervals.

    Returns
    -------
    Structural
        Model and priors of Brodersen et al. (2015); sampling of states by Durbin & Koopman (2002). Intervals of totals
        are quantiles of sums of draws, never sums of daily ends.

    Raises
    ------
    DataError
        Too few periods, or helpers with gaps.
    """
    check_confidence(confidence)
    series, helpers = _checked(values, before, covariates)
    past = series[:before]
    middle, spread = float(np.nanmean(past)), float(np.nanstd(past, ddof=1))
    if not spread > 0:
        return _nothing(len(series) - before, CONSTANT)
    model = _Model((past - middle) / spread, _scaled(helpers, before), season)
    sampled, memory = model.sample(len(series) - before, prior_level_sd, draws, burn, seed)
    return _summary(series[before:], sampled * spread + middle, memory, confidence)


def _checked(
    values: ArrayLike, before: int, covariates: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    series = np.asarray(values, dtype=float)
    if int(np.isfinite(series[:before]).sum()) < FEWEST or len(series) <= before:
        raise DataError(f"A structural model needs at least {FEWEST} known periods before a launch, and one after it.")
    if covariates is None:
        return series, None
    helpers = np.asarray(covariates, dtype=float).reshape(len(series), -1)
    if not np.isfinite(helpers).all():
        raise DataError("A helper has gaps; a structural model needs it in every period.")
    return series, helpers


def _scaled(helpers: NDArray[np.float64] | None, before: int) -> NDArray[np.float64] | None:
    if helpers is None:
        return None
    spread = helpers[:before].std(axis=0, ddof=1)
    scaled: NDArray[np.float64] = (helpers - helpers[:before].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


class _Model:
    """A local level with helpers in the state, so that level and coefficients are drawn together."""

    def __init__(self, past: NDArray[np.float64], helpers: NDArray[np.float64] | None, season: int | None) -> None:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        self.past, self.helpers = past, helpers
        self.count = 0 if helpers is None else helpers.shape[1]
        options: dict[str, Any] = {}
        if helpers is not None:
            options |= {"exog": helpers[: len(past)], "mle_regression": False}
        if season is not None and season > 1:
            options |= {"seasonal": season, "stochastic_seasonal": False}
        with warnings.catch_warnings():
            # The model is never fitted by maximum likelihood, which is what it warns about.
            warnings.simplefilter("ignore")
            self.model = UnobservedComponents(past, "local level", **options)
        self._initialise()

    def _initialise(self) -> None:
        states = self.model.ssm.k_states
        start, spread = np.zeros(states), np.eye(states)
        start[0] = self.past[np.isfinite(self.past)][0]
        if self.helpers is not None:
            used = self.helpers[: len(self.past)]
            inner = used.T @ used
            precision = G_PRIOR / len(self.past) * 0.5 * (inner + np.diag(np.diag(inner)))
            spread[-self.count :, -self.count :] = np.linalg.pinv(precision) * (1 - SHARE_EXPLAINED)
        self.model.ssm.initialize_known(start, spread)

    def sample(
        self, length: int, prior_level_sd: float, draws: int, burn: int, seed: int
    ) -> tuple[NDArray[np.float64], float]:
        """Draw futures; give them (draws after the burn-in, periods) and the memory of what is left before."""
        rng = np.random.default_rng(seed)
        noise, level = 1 - SHARE_EXPLAINED, prior_level_sd**2
        self.model.update(np.array([noise, level]))
        smoother = self.model.ssm.simulation_smoother()
        futures, memories = np.empty((draws, length)), []
        for draw in range(draws):
            self.model.update(np.array([noise, level]))
            smoother.simulate(rng=rng)
            states = np.array(smoother.simulated_state)
            left = self.past - self._fitted(states)
            known = left[np.isfinite(left)]
            steps = np.diff(states[0])
            noise = _variance(rng, known, math.sqrt(1 - SHARE_EXPLAINED), FREEDOM_NOISE, WIDEST_NOISE)
            level = _variance(rng, steps, prior_level_sd, FREEDOM_LEVEL, WIDEST_LEVEL)
            futures[draw] = self._future(states[:, -1], length, noise, level, rng)
            if draw >= burn:
                memories.append(_memory(left))
        return futures[burn:], float(np.mean(memories))

    def _fitted(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        design = np.asarray(self.model.ssm["design"])
        row = design[0] if design.ndim == 3 else np.repeat(design.reshape(1, -1).T, states.shape[1], axis=1)
        fitted: NDArray[np.float64] = (row * states).sum(axis=0)
        return fitted

    def _future(
        self, state: NDArray[np.float64], length: int, noise: float, level: float, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        kept = len(state) - self.count
        design, moves = np.asarray(self.model.ssm["design"]), np.asarray(self.model.ssm["transition"])
        moves = (moves[..., 0] if moves.ndim == 3 else moves)[:kept, :kept]
        shown = (design[..., 0] if design.ndim == 3 else design).reshape(-1)[:kept]
        now, future = state[:kept].copy(), np.empty(length)
        for period in range(length):
            now = moves @ now
            now[0] += rng.normal() * math.sqrt(level)
            future[period] = shown @ now
        if self.helpers is not None:
            future += self.helpers[len(self.past) :] @ state[kept:]
        drawn: NDArray[np.float64] = future + rng.standard_normal(length) * math.sqrt(noise)
        return drawn


def _variance(rng: np.random.Generator, left: NDArray[np.float64], guess: float, freedom: int, widest: float) -> float:
    """Draw a variance from its inverse gamma distribution, cut at a widest standard deviation."""
    shape, scale = (freedom + len(left)) / 2, (freedom * guess**2 + float(left @ left)) / 2
    for _ in range(100):
        drawn = scale / float(rng.gamma(shape))
        if drawn <= widest**2:
            return drawn
    return widest**2


def _memory(left: NDArray[np.float64]) -> float:
    pairs = np.isfinite(left[1:]) & np.isfinite(left[:-1])
    if pairs.sum() < 3:
        return 0.0
    first, second = left[:-1][pairs], left[1:][pairs]
    scale = float(np.sqrt(np.sum((first - first.mean()) ** 2) * np.sum((second - second.mean()) ** 2)))
    return float(np.sum((first - first.mean()) * (second - second.mean())) / scale) if scale > 0 else 0.0


def _summary(after: NDArray[np.float64], futures: NDArray[np.float64], memory: float, confidence: float) -> Structural:
    known = np.isfinite(after)
    if not known.any():
        return _nothing(len(after), "no period after the launch is known")
    ends = [0.5 - confidence / 2, 0.5 + confidence / 2]
    actual, totals = float(after[known].sum()), futures[:, known].sum(axis=1)
    effects, relative = actual - totals, actual / totals - 1
    lower, upper = np.quantile(effects, ends)
    count, daily = int(known.sum()), np.quantile(futures, ends, axis=0)
    beyond = min(int(np.sum(totals >= actual)), int(np.sum(totals <= actual)))
    positive = bool((totals > 0).all())
    lifts = np.quantile(relative, ends) if positive else (math.nan, math.nan)
    return Structural(
        effect=float(effects.mean()) / count,
        ci_lower=float(lower) / count,
        ci_upper=float(upper) / count,
        total=float(effects.mean()),
        total_lower=float(lower),
        total_upper=float(upper),
        total_sd=float(effects.std(ddof=1)),
        lift=float(relative.mean()) if positive else math.nan,
        lift_lower=float(lifts[0]),
        lift_upper=float(lifts[1]),
        tail=(beyond + 1) / (len(totals) + 1),
        expected=futures.mean(axis=0),
        expected_lower=daily[0],
        expected_upper=daily[1],
        memory=memory,
        reason=MEMORY.format(found=memory) if abs(memory) > NEAR_WHITE else "",
    )


def _nothing(length: int, reason: str) -> Structural:
    empty, nan = np.full(length, math.nan), math.nan
    return Structural(nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, empty, empty, empty, nan, reason)
