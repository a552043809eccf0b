"""The Bayesian reading of a comparison: how likely it is better, what a wrong choice would cost, what to expect.

Stopping as soon as it looks good is not controlled here: these numbers are right for somebody who would have reported
whatever they were.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pm_analytics.errors import ParameterError
from pm_analytics.stats.betas import Beta, chance_above, difference_quantiles, mean_shortfall
from pm_analytics.stats.proportions import UNDEFINED, Interval, check_confidence, normal_quantile
from pm_analytics.stats.selection import WinnersCurse, unselected, unselected_interval, winners_curse

__all__ = [
    "USUAL_LIFT",
    "Posterior",
    "SharesPosterior",
    "WinnersCurse",
    "after_launch",
    "beta_posterior",
    "normal_posterior",
    "posterior_share",
    "unselected",
    "unselected_interval",
    "winners_curse",
]

USUAL_LIFT = 0.05
"""Standard deviation of the relative changes that tests usually bring: two in three change a metric by less."""
NO_ERROR = "the difference has no standard error, so nothing can be learned from it"
NO_SCALE = "the control value is zero, so a prior of relative changes says nothing; read it without one"


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed about a difference, variant minus control, after the data.

    Attributes
    ----------
    mean, sd : float
        Of the posterior; the mean is what to expect after launch.
    chance_to_win : float
        Probability that the difference is above zero.
    interval : Interval
        Credible interval, with equal tails.
    loss_if_shipped, loss_if_kept : float
        Expected loss of shipping the variant (what is lost on average, counting the cases in which it is worse), and of
        keeping the control.
    reason : str
        Why everything is NaN; empty when it is not.
    """

    mean: float
    sd: float
    chance_to_win: float
    interval: Interval
    loss_if_shipped: float
    loss_if_kept: float
    reason: str = ""

    def within(self, lower: float, upper: float) -> tuple[float, float, float]:
        """Give the probabilities that the difference lies below, inside and above a region of practical equivalence."""
        _check_region(lower, upper)
        return self._within(lower, upper)

    def _within(self, lower: float, upper: float) -> tuple[float, float, float]:
        from scipy.special import ndtr

        low, high = (lower - self.mean) / self.sd, (upper - self.mean) / self.sd
        # From the side where there is less, so that a small probability keeps its digits.
        inside = ndtr(high) - ndtr(low) if low < 0 else ndtr(-low) - ndtr(-high)
        return float(ndtr(low)), float(inside), float(ndtr(-high))


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesPosterior(Posterior):
    """What is believed about the difference of two shares.

    Attributes
    ----------
    variant, control : Beta
        What is believed about each share.
    """

    variant: Beta
    control: Beta

    def _within(self, lower: float, upper: float) -> tuple[float, float, float]:
        below, above = (
            chance_above(self.control, self.variant, -lower),
            chance_above(self.variant, self.control, upper),
        )
        return below, max(0.0, 1 - below - above), above


def normal_posterior(
    estimate: float,
    error: float,
    *,
    prior_mean: float = 0.0,
    prior_sd: float | None = None,
    baseline: float = 1.0,
    confidence: float = 0.95,
) -> Posterior:
    """Combine an estimated difference with a normal prior; ``prior_sd=None`` is no prior at all (flat).

    Losses are ``sd phi(m/sd) - m Phi(-m/sd)``, and that plus m.

    Parameters
    ----------
    estimate, error : float
        The difference and its standard error; or a relative change and its, for a prior of relative changes.
    prior_mean, prior_sd : float
        The prior, in multiples of the size of ``baseline``.
    baseline : float
        1 for a prior on the scale of the estimate; the control's mean for a difference whose prior is of relative
        changes.

    Returns
    -------
    Posterior
        All NaN, with a reason, without a standard error above 0, or when a prior is relative to a baseline of 0.

    Examples
    --------
    >>> found = normal_posterior(0.03, 0.0142513157)
    >>> round(found.chance_to_win, 4), round(found.loss_if_shipped, 8)
    (0.9824, 9.09e-05)
    >>> round(normal_posterior(0.03, 0.0142513157, prior_sd=0.3, baseline=0.1).mean, 4)
    0.0245
    """
    from scipy.special import ndtr

    check_confidence(confidence)
    if prior_sd is not None and not prior_sd > 0:
        raise ParameterError(f"prior_sd={prior_sd!r} must be above 0; None is no prior at all.")
    reason = _undefined(estimate, error, baseline if prior_sd is not None else 1.0)
    if reason:
        return Posterior(math.nan, math.nan, math.nan, UNDEFINED, math.nan, math.nan, reason)
    mean, sd = _combined(estimate, error, prior_mean, prior_sd, abs(baseline))
    half = normal_quantile(confidence) * sd
    shipped, kept = _loss(mean, sd), _loss(-mean, sd)
    return Posterior(mean, sd, float(ndtr(mean / sd)), Interval(mean - half, mean + half), shipped, kept)


def after_launch(
    estimate: float, error: float, control: float, *, usual_lift: float = USUAL_LIFT, confidence: float = 0.95
) -> Posterior:
    """Say what to expect after launch: the difference, shrunken towards none as far as the data leave room.

    The prior is ``N(0, (usual_lift * |control|)^2)``: what tests usually bring. A large and noisy difference is mostly
    luck, and this says how much of it.

    Examples
    --------
    >>> round(after_launch(0.03, 0.0142513157, 0.1).mean / 0.1, 3)
    0.033
    """
    return normal_posterior(estimate, error, prior_sd=usual_lift, baseline=control, confidence=confidence)


def _undefined(estimate: float, error: float, baseline: float) -> str:
    if math.isnan(estimate) or not 0 < error < math.inf:
        return NO_ERROR
    return NO_SCALE if baseline == 0 or math.isnan(baseline) else ""


def _combined(estimate: float, error: float, mean: float, sd: float | None, scale: float) -> tuple[float, float]:
    """Weigh estimate and prior by their precision."""
    if sd is None:
        return estimate, error
    trust = (sd * scale) ** 2 / (error**2 + (sd * scale) ** 2)
    return trust * estimate + (1 - trust) * mean * scale, math.sqrt(trust) * error


def _loss(mean: float, sd: float) -> float:
    """Give the mean of what a normal difference falls short of zero."""
    from scipy.special import erfcx, ndtr

    z = mean / sd
    density = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    if z < 0:
        return sd * density - mean * float(ndtr(-z))
    # The same, with the density taken out: far out, both terms are tiny and nearly equal.
    return max(0.0, sd * density * (1 - z * math.sqrt(math.pi / 2) * float(erfcx(z / math.sqrt(2)))))


def beta_posterior(
    variant_successes: int,
    variant_trials: int,
    control_successes: int,
    control_trials: int,
    *,
    prior: tuple[float, float] = (1.0, 1.0),
    confidence: float = 0.95,
) -> SharesPosterior:
    """Compare two shares with Beta priors, exactly, for up to millions of trials.

    Everything is an integral over one share of what the other's distribution says, in which no terms cancel. The chance
    to win agrees with Evan Miller's closed form (2014) to twelve digits, and keeps them where that sum gets long.

    Parameters
    ----------
    prior : (float, float)
        Parameters of the Beta prior of both shares: successes and failures that were seen before, so to say. Below 0.1,
        and where nobody or everybody converted, three digits are right.

    Raises
    ------
    ParameterError
        Successes outside 0 to trials, or a prior that is not above 0.

    Examples
    --------
    >>> round(beta_posterior(7, 42, 3, 40).chance_to_win, 6)
    0.88734
    """
    check_confidence(confidence)
    variant = _updated(variant_successes, variant_trials, prior)
    control = _updated(control_successes, control_trials, prior)
    lower, upper = difference_quantiles(variant, control, confidence)
    return SharesPosterior(
        mean=variant.mean - control.mean,
        sd=math.hypot(variant.sd, control.sd),
        chance_to_win=chance_above(variant, control, 0.0),
        interval=Interval(lower, upper),
        loss_if_shipped=mean_shortfall(variant, control),
        loss_if_kept=mean_shortfall(control, variant),
        variant=variant,
        control=control,
    )


def posterior_share(successes: int, trials: int, *, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """Give the mean of what is believed about one share.

    Examples
    --------
    >>> round(posterior_share(3, 40), 6)
    0.095238
    """
    return _updated(successes, trials, prior).mean


def _updated(successes: int, trials: int, prior: tuple[float, float]) -> Beta:
    if not min(prior) > 0:
        raise ParameterError(f"prior={prior!r} must be above 0; (1, 1) takes every share for as likely as another.")
    if not 0 <= successes <= trials:
        raise ParameterError(f"There are {successes} successes of {trials} trials; they must lie between 0 and trials.")
    return Beta(prior[0] + successes, prior[1] + trials - successes)


def _check_region(lower: float, upper: float) -> None:
    if not lower < upper:
        raise ParameterError(f"The region from {lower!r} to {upper!r} is empty; give its lower end first.")
