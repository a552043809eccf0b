"""The truth is known: how often the interval holds it, and whether it misses as often on either side."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from chance import arm, revenue
from study import STUDIES

from pm_analytics.stats.effects import Arm, compare_means, compare_shares, fieller
from pm_analytics.stats.proportions import normal_quantile
from pm_analytics.stats.uneven import steadied


def of_shares(times, rng, *, rate, lift, control, variant, scale):
    """Give the shares of intervals that hold the truth, that lie below it and that lie above it."""
    better = rate * (1 + lift)
    truth = better - rate if scale == "absolute" else lift
    pairs = zip(rng.binomial(variant, better, times), rng.binomial(control, rate, times), strict=True)
    ends = [_ends(compare_shares(int(v), variant, int(c), control), scale) for v, c in pairs]
    return _kept(ends, truth)


def of_revenue(times, rng, *, lift, n, scale, others=1):
    truth = 0.05 * math.exp(3 + 1.2**2 / 2) * (lift if scale == "absolute" else 1)
    truth = truth if scale == "absolute" else lift
    pairs = ((arm(revenue(n, rng) * (1 + lift)), arm(revenue(others * n, rng))) for _ in range(times))
    return _kept([_ends(compare_means(*steadied(*pair)), scale) for pair in pairs], truth)


def _ends(effect, scale):
    if scale == "absolute":
        return effect.ci_lower, effect.ci_upper
    return effect.lift_ci_lower, effect.lift_ci_upper


def _kept(ends, truth):
    known = [(low, high) for low, high in ends if not math.isnan(low)]
    lows, highs = np.array(known).T
    return (
        float(np.mean((lows <= truth) & (truth <= highs))),
        float(np.mean(highs < truth)),
        float(np.mean(lows > truth)),
    )


def held(measure, times, rng):
    return measure(times, rng)[0]


def missed(measure, side, times, rng):
    return measure(times, rng)[side]


SETTINGS = [
    ("rate 0.1, 2,000 each", {"rate": 0.1, "control": 2_000, "variant": 2_000}),
    ("rate 0.05, 2,000 against 100", {"rate": 0.05, "control": 2_000, "variant": 100}),
    ("rate 0.02, 500 each", {"rate": 0.02, "control": 500, "variant": 500}),
]


def _coverage():
    for name, parts in SETTINGS:
        enough = min(parts["control"], parts["variant"]) * parts["rate"] >= 50
        for lift in (0.0, 0.05, 0.3):
            for scale in ("absolute", "relative"):
                measure = partial(of_shares, lift=lift, scale=scale, **parts)
                least, most = (0.944, 0.956) if enough else (0.94, 1.0)
                yield f"{scale}, {name}, lift {lift:.0%}", (partial(held, measure), least, most)


STUDIES.add("Intervals of 95 % that hold the truth, shares", dict(_coverage()))
STUDIES.add(
    "Intervals of 95 % that hold the truth, revenue with 5 % payers",
    {
        f"{scale}, 5,000 each, lift {lift:.0%}": (
            partial(held, partial(of_revenue, lift=lift, n=5_000, scale=scale)), 0.94, 1.0,
        )
        for lift in (0.0, 0.05, 0.3)
        for scale in ("absolute", "relative")
    },
    repetitions=4_000,
)  # fmt: skip
STUDIES.add(
    "Intervals of 95 % that hold the truth, revenue with 5 % payers, one unit in ten in the variant",
    {
        f"{scale}, 1,000 against 9,000, lift {lift:.0%}": (
            partial(held, partial(of_revenue, lift=lift, n=1_000, others=9, scale=scale)), 0.94, 1.0,
        )
        for lift in (0.0, 0.05, 0.3)
        for scale in ("absolute", "relative")
    },
    repetitions=4_000,
)  # fmt: skip
STUDIES.add(
    "Intervals that miss on one side (of 5 %)",
    {
        f"{scale}, rate 0.1, 2,000 each, {side}": (
            partial(missed, partial(of_shares, rate=0.1, lift=0.05, control=2_000, variant=2_000, scale=scale), number),
            0.015, 0.035,
        )
        for scale in ("absolute", "relative")
        for side, number in (("below the truth", 1), ("above the truth", 2))
    },
)  # fmt: skip


def symmetric(times, rng, *, rate, n):
    """Follow the symmetric delta interval of the relative change, as it must not be used for few conversions."""
    kept, one_side = 0, 0
    for v, c in zip(rng.binomial(n, rate, times), rng.binomial(n, rate, times), strict=True):
        if c == 0:
            continue
        mine, theirs = v / n, c / n
        error = math.sqrt(mine * (1 - mine) / n / theirs**2 + theirs * (1 - theirs) / n * mine**2 / theirs**4)
        half = normal_quantile(0.95) * error
        kept += abs(mine / theirs - 1) <= half
        one_side += mine / theirs - 1 - half > 0
    return kept / times


def fieller_alone(times, rng, *, rate, n):
    """Give the coverage of Fieller's interval on the same draws."""
    kept = known = 0
    for v, c in zip(rng.binomial(n, rate, times), rng.binomial(n, rate, times), strict=True):
        arms = [Arm(n, k / n, k / n * (1 - k / n)) for k in (int(v), int(c))]
        found = fieller(*arms, quantile=normal_quantile(0.95))
        if not math.isnan(found.lower):
            known += 1
            kept += found.lower <= 0 <= found.upper
    return kept / known


STUDIES.add(
    "Relative change of few conversions (rate 0.02, 500 each)",
    {
        "Fieller, as used here": (partial(fieller_alone, rate=0.02, n=500), 0.94, 1.0),
        "symmetric delta interval (the fault)": (partial(symmetric, rate=0.02, n=500), 0.90, 0.94),
    },
)
