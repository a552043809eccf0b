"""The Bayesian reading of a comparison: how likely it is better, what a wrong choice would cost, what to expect.

Stopping as soon as it looks good is not controlled here: these numbers are right for somebody who would have reported
whatever they were.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.stats.proportions import Interval, normal_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
        Credible interval.
    loss_if_shipped, loss_if_kept : float
        Expected loss of shipping the variant (what is lost on average, counting the cases in which it is worse), and of
        keeping the control.
    """

    mean: float
    sd: float
    chance_to_win: float
    interval: Interval
    loss_if_shipped: float
    loss_if_kept: float

    def within(self, lower: float, upper: float) -> tuple[float, float, float]:
        """Give the probabilities that the difference lies below, inside and above a region of practical equivalence."""
        from scipy.special import ndtr

        if not lower < upper:
            raise ParameterError(f"The region from {lower!r} to {upper!r} is empty; give its lower end first.")
        if self.sd == 0:
            return float(self.mean < lower), float(lower <= self.mean <= upper), float(self.mean > upper)
        below, above = float(ndtr((lower - self.mean) / self.sd)), float(ndtr((self.mean - upper) / self.sd))
        return below, 1 - below - above, above


def normal_posterior(
    estimate: float,
    error: float,
    *,
    prior_mean: float = 0.0,
    prior_sd: float | None = None,
    confidence: float = 0.95,
) -> Posterior:
    """Combine an estimated difference with a normal prior; ``prior_sd=None`` is no prior at all (flat).

    The prior is on the scale of the difference. One that was thought of as a relative change is multiplied by the size
    of the control's mean first. Losses are ``sd phi(m/sd) - m Phi(-m/sd)``, and that plus m.

    Examples
    --------
    >>> found = normal_posterior(0.03, 0.0142513157)
    >>> round(found.chance_to_win, 4), round(found.loss_if_shipped, 8)
    (0.9824, 9.09e-05)
    """
    from scipy.special import ndtr

    if not error > 0 or (prior_sd is not None and not prior_sd > 0):
        raise ParameterError(f"error={error!r} and prior_sd={prior_sd!r} must be above 0.")
    if prior_sd is None:
        mean, sd = estimate, error
    else:
        precision = 1 / error**2 + 1 / prior_sd**2
        mean, sd = (estimate / error**2 + prior_mean / prior_sd**2) / precision, math.sqrt(1 / precision)
    half = normal_quantile(confidence) * sd
    density = math.exp(-((mean / sd) ** 2) / 2) / math.sqrt(2 * math.pi)
    shipped = max(0.0, sd * density - mean * float(ndtr(-mean / sd)))
    return Posterior(
        mean, sd, float(ndtr(mean / sd)), Interval(mean - half, mean + half), shipped, max(0.0, mean + shipped)
    )


def beta_posterior(
    variant_successes: int,
    variant_trials: int,
    control_successes: int,
    control_trials: int,
    *,
    prior: tuple[float, float] = (1.0, 1.0),
    confidence: float = 0.95,
) -> Posterior:
    """Compare two shares with Beta priors, exactly: by integration over the variant's share.

    ``P(variant > control)`` is the integral of the variant's density times the control's distribution (the closed form
    of Evan Miller is the same number); expected losses follow from it with one more success in the prior.

    Examples
    --------
    >>> round(beta_posterior(7, 42, 3, 40).chance_to_win, 6)
    0.88734
    """
    mine = prior[0] + variant_successes, prior[1] + variant_trials - variant_successes
    theirs = prior[0] + control_successes, prior[1] + control_trials - control_successes
    if min(*mine, *theirs) <= 0:
        raise ParameterError(f"prior={prior!r} must be above 0, and successes lie between 0 and trials.")
    mean, variance = _moments(*mine), _moments(*theirs)
    chance = _greater(mine, theirs)
    # E[max(control - variant, 0)] = E[control; control > variant] - E[variant; control > variant].
    lost = variance[0] * _greater((theirs[0] + 1, theirs[1]), mine) - mean[0] * (
        1 - _greater((mine[0] + 1, mine[1]), theirs)
    )
    difference, sd = mean[0] - variance[0], math.sqrt(mean[1] + variance[1])
    lower, upper = _difference_quantiles(mine, theirs, confidence)
    lost = max(0.0, lost)
    return Posterior(difference, sd, chance, Interval(lower, upper), lost, max(0.0, difference + lost))


def posterior_share(successes: int, trials: int, *, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """Give the mean of what is believed about one share."""
    return (prior[0] + successes) / (prior[0] + prior[1] + trials)


def _moments(a: float, b: float) -> tuple[float, float]:
    return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))


_NODES = 400


def _density(a: float, b: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay Gauss-Legendre nodes over where a Beta distribution lies, with its weights there."""
    from scipy.special import betaln

    low, high = _span(a, b)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    x = low + (high - low) * (nodes + 1) / 2
    log_density = (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - betaln(a, b)
    mass = weights * (high - low) / 2 * np.exp(log_density)
    return x, mass / mass.sum()


def _span(a: float, b: float) -> tuple[float, float]:
    """Give the ends between which all but nothing of a Beta distribution lies."""
    from scipy.special import betaincinv

    return max(1e-300, float(betaincinv(a, b, 1e-15))), min(1 - 1e-16, float(betaincinv(a, b, 1 - 1e-15)))


def _greater(one: tuple[float, float], two: tuple[float, float]) -> float:
    """Give the probability that a draw of one Beta distribution exceeds a draw of another."""
    from scipy.special import betainc

    x, mass = _density(*one)
    return float(mass @ betainc(two[0], two[1], x))


def _difference_quantiles(
    mine: tuple[float, float], theirs: tuple[float, float], confidence: float
) -> tuple[float, float]:
    from scipy.optimize import brentq
    from scipy.special import betainc

    x, mass = _density(*mine)

    def beyond(d: float, share: float) -> float:
        return float(mass @ (1 - betainc(*theirs, np.clip(x - d, 0.0, 1.0)))) - share

    tail = (1 - confidence) / 2
    lower, upper = (float(brentq(beyond, -1.0, 1.0, args=(share,), xtol=1e-12)) for share in (tail, 1 - tail))
    return lower, upper


@dataclass(frozen=True, slots=True)
class WinnersCurse:
    """What selection does to findings of a given true effect (Gelman & Carlin 2014).

    Attributes
    ----------
    power : float
        Chance that something is found.
    exaggeration : float
        How many times as large, on average, a finding looks as the truth.
    wrong_sign : float
        Share of findings that point the wrong way.
    """

    power: float
    exaggeration: float
    wrong_sign: float


def winners_curse(true_effect: float, error: float, *, alpha: float = 0.05) -> WinnersCurse:
    """Say how much findings exaggerate when only they are looked at.

    Examples
    --------
    >>> found = winners_curse(2.8, 1.0)
    >>> round(found.power, 2), round(found.exaggeration, 2)
    (0.8, 1.13)
    """
    from scipy.special import ndtr

    if true_effect == 0 or not error > 0:
        raise ParameterError(f"true_effect={true_effect!r} must not be 0, and error={error!r} must be above 0.")
    z, shift = normal_quantile(1 - alpha), abs(true_effect) / error
    up, down = float(ndtr(shift - z)), float(ndtr(-shift - z))
    # Mean of |Z| over both tails, Z ~ N(shift, 1).
    tails = [math.exp(-((z - s) ** 2) / 2) / math.sqrt(2 * math.pi) for s in (shift, -shift)]
    mean = shift * up + tails[0] - shift * down + tails[1]
    return WinnersCurse(up + down, mean / (up + down) / shift, down / (up + down))


def unselected(estimate: float, error: float, *, alpha: float = 0.05) -> float:
    """Give what a finding would be had it not been selected for being one: its median-unbiased estimate.

    The true effect at which a finding (beyond the critical value on either side) is as often larger as smaller than the
    one that was made (Zhong & Prentice 2008). What was only just found shrinks towards zero; clear findings stay.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    z, limit = abs(estimate) / error, normal_quantile(1 - alpha)
    if z <= limit:
        return estimate

    def excess(shift: float) -> float:
        found = float(ndtr(shift - limit) + ndtr(-shift - limit))
        return float(ndtr(shift - z)) / found - 0.5

    low = -1.0
    if excess(low) > 0:
        return 0.0
    return math.copysign(max(0.0, float(brentq(excess, low, z + 1))) * error, estimate)
