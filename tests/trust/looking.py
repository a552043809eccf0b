"""Looking again and again: how often something is found where nothing is, and how soon what is there."""

from __future__ import annotations

from functools import partial

import numpy as np
from study import STUDIES

from pm_analytics.stats.sequential import boundaries, sequence_multiplier

PLANNED = 10_000


def walks(times, rng, looks, drift=0.0):
    """Give z-values at equally spaced looks; ``drift`` is the effect in standard errors at the last one."""
    steps = rng.normal(0, 1, (times, looks))
    share = np.arange(1, looks + 1) / looks
    return (np.cumsum(steps, axis=1) / np.sqrt(looks) + drift * share) / np.sqrt(share)


def fixed(times, rng, *, looks, drift=0.0):
    return np.mean((np.abs(walks(times, rng, looks, drift)) > 1.96).any(axis=1))


def sequence(times, rng, *, looks, drift=0.0):
    share = np.arange(1, looks + 1) / looks
    limit = np.array([sequence_multiplier(PLANNED * t, PLANNED) for t in share])
    z = walks(times, rng, looks, drift)
    return np.mean((np.abs(z) > limit)[:, share >= 0.02].any(axis=1))


def spending(times, rng, *, looks, drift=0.0):
    limit = np.array(boundaries([(k + 1) / looks for k in range(looks)]))
    return np.mean((np.abs(walks(times, rng, looks, drift)) > limit).any(axis=1))


def skewed(times, rng, *, looks):
    """Look from 20 units on at revenue with 5 % payers, the sequence's worst case."""
    found = 0
    for _ in range(times):
        n = np.unique(np.linspace(20, 2_000, looks).astype(int))
        arms = [rng.lognormal(3, 1.2, 2_000) * (rng.random(2_000) < 0.05) for _ in range(2)]
        sums = [np.cumsum(a)[n - 1] for a in arms]
        squares = [np.cumsum(a**2)[n - 1] for a in arms]
        variance = [(q - s**2 / n) / (n - 1) for s, q in zip(sums, squares, strict=True)]
        error = np.sqrt(sum(variance) / n)
        limit = np.array([sequence_multiplier(2 * k, 4_000) for k in n])
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.abs(sums[0] - sums[1]) / n / error
        found += bool(np.nan_to_num(z > limit).any())
    return found / times


def mean_stop(times, rng, *, looks, drift):
    """Give the share of the planned units that were seen when the boundary was crossed, or all of them."""
    limit = np.array(boundaries([(k + 1) / looks for k in range(looks)]))
    crossed = np.abs(walks(times, rng, looks, drift)) > limit
    first = np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, looks)
    return float(np.mean(first) / looks)


FIXED_TARGETS = {14: (0.19, 0.25), 28: (0.24, 0.31), 90: (0.34, 0.42), 1_000: (0.48, 0.58)}
STUDIES.add(
    "False findings when looking many times",
    {f"confidence sequence, {n:,} looks": (partial(sequence, looks=n), 0.0, 0.05) for n in FIXED_TARGETS}
    | {f"alpha spending, {n} planned looks": (partial(spending, looks=n), 0.044, 0.056) for n in (5, 14, 28)}
    | {
        f"plain test at every look, {n:,} looks (the fault)": (partial(fixed, looks=n), *band)
        for n, band in FIXED_TARGETS.items()
    },
)
STUDIES.add(
    "False findings when looking many times, skewed from the start",
    {"confidence sequence, 50 looks from 20 units": (partial(skewed, looks=50), 0.0, 0.05)},
    repetitions=4_000,
)
DRIFT = 2.8016
STUDIES.add(
    "Found at 14 looks, where one look at the end finds 80 %",
    {
        "confidence sequence": (partial(sequence, looks=14, drift=DRIFT), 0.45, 1.0),
        "alpha spending, 5 looks": (partial(spending, looks=5, drift=DRIFT), 0.78, 0.81),
        "share of the planned units seen, alpha spending, 5 looks": (
            partial(mean_stop, looks=5, drift=DRIFT),
            0.6,
            0.9,
        ),
    },
)
