"""Nothing is there: how often is something found? And p-values that spread evenly."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import stats
from study import STUDIES

from pm_analytics.stats.adjustment import adjusted
from pm_analytics.stats.effects import Arm, compare_means, compare_shares
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.quantiles import quantile_arm
from pm_analytics.stats.ratios import compare_ratios
from pm_analytics.stats.uneven import steadied

LEAST, MOST = 0.044, 0.056


def arm(values):
    return Arm(len(values), float(values.mean()), float(values.var(ddof=1)))


def shares(times, rng, *, rate, control, variant):
    pairs = zip(rng.binomial(variant, rate, times), rng.binomial(control, rate, times), strict=True)
    return np.array([compare_shares(int(v), variant, int(c), control).p_value for v, c in pairs])


def revenue(n, rng):
    return rng.lognormal(3, 1.2, n) * (rng.random(n) < 0.05)


def counts(n, rng):
    return rng.poisson(0.4, n)


def means(times, rng, *, draw, control, variant, make=steadied):
    pairs = ((arm(draw(variant, rng)), arm(draw(control, rng))) for _ in range(times))
    return np.array([compare_means(*make(*pair)).p_value for pair in pairs])


def as_they_are(variant, control):
    return variant, control


def sessions(n, rng):
    """Give clicks and sessions of users who differ: 1 to 19 sessions, each with the user's own rate Beta(0.5, 2)."""
    many = rng.integers(1, 20, n)
    return np.column_stack([rng.binomial(many, rng.beta(0.5, 2, n)), many]).astype(float)


def ratios(times, rng, *, n):
    pairs = ((Moments.of_values(sessions(n, rng)), Moments.of_values(sessions(n, rng))) for _ in range(times))
    return np.array([compare_ratios(variant, control).p_value for variant, control in pairs])


def naive_sessions(times, rng, *, n):
    """Take every session for a unit of its own, as one must not."""
    found = []
    for _ in range(times):
        sums = [sessions(n, rng).sum(axis=0).astype(int) for _ in range(2)]
        found.append(compare_shares(sums[0][0], sums[0][1], sums[1][0], sums[1][1]).p_value)
    return np.array(found)


def with_past(n, rng, rho, missing):
    """Give an outcome, what it was before (0 where nothing is known), and whether nothing is known."""
    before = rng.gamma(2, 1, n)
    after = rho * before + np.sqrt(1 - rho**2) * rng.gamma(2, 1, n)
    gone = rng.random(n) < missing
    return np.column_stack([after, np.where(gone, 0, before), gone])


def adjusted_p_values(times, rng, *, rho, missing=0.0, n=1000, control=None):
    found = []
    for _ in range(times):
        pair = [Moments.of_values(with_past(size, rng, rho, missing)) for size in (n, control or n)]
        found.append(adjusted(*pair).effect().p_value)
    return np.array(found)


def events(n, rng):
    """Give load times of n users with 1 to 11 events each, alike within a user."""
    many = rng.integers(1, 12, n)
    user = np.repeat(np.arange(n), many)
    return np.exp(2 + rng.normal(0, 0.6, n)[user] + rng.normal(0, 0.5, len(user))), user


def quantiles(times, rng, *, share, n):
    found = []
    for _ in range(times):
        arms = [quantile_arm(*_values_first(events(n, rng), share)).arm for _ in range(2)]
        found.append(compare_means(*arms).p_value)
    return np.array(found)


def _values_first(drawn, share):
    values, user = drawn
    return values, share, user


def found_in(p_values, times, rng):
    return np.mean(np.nan_to_num(p_values(times, rng), nan=1.0) < 0.05)


def uniform(p_values, times, rng):
    return stats.kstest(p_values(times, rng), "uniform").pvalue


def _share_settings():
    for rate in (0.005, 0.02, 0.1, 0.5):
        for n in (200, 1_000, 10_000):
            for split in (1, 9):
                control, variant = (n, n) if split == 1 else (round(1.8 * n), round(0.2 * n))
                enough = min(control, variant) * min(rate, 1 - rate) >= 20
                yield f"rate {rate:g}, {variant:,} against {control:,}", rate, control, variant, enough


STUDIES.add(
    "False findings, shares",
    {
        name: (partial(found_in, partial(shares, rate=rate, control=c, variant=v)), LEAST if enough else 0.0, MOST)
        for name, rate, c, v, enough in _share_settings()
    },
)
STUDIES.add(
    "False findings, means",
    {
        f"{kind}, {n:,} per variant": (
            partial(found_in, partial(means, draw=draw, control=n, variant=n)), LEAST if n >= least else 0.0, MOST,
        )
        for kind, draw, least in (
            ("revenue with 5 % payers", revenue, 10_000), ("counts", counts, 200),
        )
        for n in (200, 1_000, 10_000)
    },
)  # fmt: skip
STUDIES.add(
    "False findings, means, one unit in ten in the variant",
    {
        f"{kind}, {n // 5:,} against {9 * n // 5:,}": (
            partial(found_in, partial(means, draw=draw, control=9 * n // 5, variant=n // 5)), least, MOST,
        )
        for kind, draw, least in (("revenue with 5 % payers", revenue, 0.0), ("counts", counts, 0.02))
        for n in (200, 1_000, 10_000)
    } | {
        "revenue, 200 against 1,800, Welch's test (the fault)": (
            partial(found_in, partial(means, draw=revenue, control=1_800, variant=200, make=as_they_are)), 0.12, 0.18,
        )
    },
)  # fmt: skip
STUDIES.add(
    "False findings, ratio over units that differ",
    {
        "clicks per session, 1,000 users": (partial(found_in, partial(ratios, n=1_000)), LEAST, MOST),
        "the same, every session taken for a unit (the fault)": (
            partial(found_in, partial(naive_sessions, n=1_000)), 0.30, 0.40,
        ),
    },
)  # fmt: skip
STUDIES.add(
    "False findings, adjusted for the time before",
    {
        f"correlation {rho:g}, {missing:.0%} without a past": (
            partial(found_in, partial(adjusted_p_values, rho=rho, missing=missing)), LEAST, MOST,
        )
        for rho in (0.0, 0.5, 0.9)
        for missing in (0.0, 0.3)
    }
    | {
        "correlation 0.5, 300 against 2,700": (
            partial(found_in, partial(adjusted_p_values, rho=0.5, n=300, control=2_700)), LEAST, 0.057,
        )
    },
)  # fmt: skip
STUDIES.add(
    "False findings, quantile of events that cluster in users",
    {
        f"p{round(100 * share)}, {n:,} users per variant": (
            partial(found_in, partial(quantiles, share=share, n=n)), 0.0 if share > 0.95 else 0.038, MOST,
        )
        for share, n in ((0.5, 500), (0.9, 500), (0.99, 800))
    },
)  # fmt: skip
STUDIES.add(
    "Even p-values (Kolmogorov-Smirnov p)",
    {
        "shares, rate 0.1": (partial(uniform, partial(shares, rate=0.1, control=5_000, variant=5_000)), 0.001, 1.0),
        "means, counts": (
            partial(uniform, partial(means, draw=lambda n, rng: rng.poisson(0.4, n), control=5_000, variant=5_000)),
            0.001, 1.0,
        ),
        "ratio": (partial(uniform, partial(ratios, n=5_000)), 0.001, 1.0),
        "adjusted": (partial(uniform, partial(adjusted_p_values, rho=0.5, n=5_000)), 0.001, 1.0),
    },
    share=False,
)  # fmt: skip
