"""Planned with the package's own sizes: how often what is there is found, and whether beliefs come true."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from chance import arm, sessions
from study import STUDIES

from pm_analytics.stats.adjustment import adjusted
from pm_analytics.stats.bayes import normal_posterior
from pm_analytics.stats.effects import compare_means, compare_shares
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.power import size_for_means, size_for_shares
from pm_analytics.stats.ratios import compare_ratios, linearised


def two_shares(times, rng, *, rate, better, power, kappa=1.0):
    n = math.ceil(size_for_shares(rate, better, power=power, kappa=kappa))
    m = math.ceil(kappa * n)
    draws = zip(rng.binomial(m, better, times), rng.binomial(n, rate, times), strict=True)
    return np.mean([compare_shares(int(v), m, int(c), n).p_value < 0.05 for v, c in draws])


def two_means(times, rng, *, power):
    n = math.ceil(size_for_means(0.06, 0.8, power=power))
    return np.mean(
        [compare_means(arm(rng.poisson(0.83, n)), arm(rng.poisson(0.77, n))).p_value < 0.05 for _ in range(times)]
    )


def a_ratio(times, rng, *, power):
    pilot = linearised(Moments.of_values(sessions(200_000, rng)))
    better = 1.2  # of every click count, so the spread grows with it
    sized = size_for_means(0.2 * pilot.mean, pilot.variance, variant_variance=better**2 * pilot.variance, power=power)
    n = math.ceil(sized)
    found = 0
    for _ in range(times):
        theirs, mine = sessions(n, rng), sessions(n, rng)
        mine[:, 0] *= better
        found += compare_ratios(Moments.of_values(mine), Moments.of_values(theirs)).p_value < 0.05
    return found / times


def with_the_past(times, rng, *, power, rho=0.7):
    n = math.ceil(size_for_means(0.1, 1 - rho**2, power=power))
    found = 0
    for _ in range(times):
        arms = []
        for shift in (0.1, 0.0):
            before = rng.normal(0, 1, n)
            arms.append(
                Moments.of_values(
                    np.column_stack([shift + rho * before + math.sqrt(1 - rho**2) * rng.normal(0, 1, n), before])
                )
            )
        found += adjusted(*arms).effect().p_value < 0.05
    return found / times


SETTINGS = {
    "shares, 10 % to 12 %": partial(two_shares, rate=0.1, better=0.12),
    "shares, 10 % to 12 %, three in the variant for one": partial(two_shares, rate=0.1, better=0.12, kappa=3.0),
    "means of counts": two_means,
    "ratio over users": a_ratio,
    "adjusted for the time before, correlation 0.7": with_the_past,
}
STUDIES.add(
    "Found with the planned size (planned power within 2 points)",
    {
        f"{name}, power {power:.0%}": (partial(run, power=power), power - 0.02, power + 0.02)
        for name, run in SETTINGS.items()
        for power in (0.8, 0.9)
    },
    repetitions=4_000,
)


def belief(times, rng, *, low, high):
    """Draw effects from the prior, and see how often those believed to win with this chance truly do."""
    truth = rng.normal(0, 1, times * 20)
    seen = truth + rng.normal(0, 0.8, len(truth))
    chances = np.array([normal_posterior(float(x), 0.8, prior_sd=1.0).chance_to_win for x in seen])
    chosen = (chances >= low) & (chances < high)
    return abs(float(np.mean(truth[chosen] > 0)) - float(chances[chosen].mean()))


def expected_loss(times, rng):
    """Compare the mean loss of shipping with what was expected, as a share of it."""
    truth = rng.normal(0, 1, times * 20)
    seen = truth + rng.normal(0, 0.8, len(truth))
    expected = np.mean([normal_posterior(float(x), 0.8, prior_sd=1.0).loss_if_shipped for x in seen])
    return abs(float(np.mean(np.maximum(0, -truth))) / expected - 1)


STUDIES.add(
    "Beliefs that come true (distance from the stated chance)",
    {
        f"chance to win between {low:.0%} and {high:.0%}": (partial(belief, low=low, high=high), 0.0, 0.02)
        for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9), (0.9, 1.0))
    }
    | {"expected loss of shipping, relative": (expected_loss, 0.0, 0.05)},
    repetitions=2_000,
)
