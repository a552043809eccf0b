"""Many comparisons, groups that must match, and guardrails at their limit."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import ndtr
from study import STUDIES

from pm_analytics.analyses.experiment.estimates import Estimate
from pm_analytics.analyses.experiment.looks import Reading
from pm_analytics.analyses.experiment.plan import ExperimentPlan
from pm_analytics.analyses.experiment.roles import judge
from pm_analytics.metrics import Metric
from pm_analytics.stats.balance import sample_ratio_p_value
from pm_analytics.stats.effects import Arm
from pm_analytics.stats.multiplicity import benjamini_hochberg, holm, holm_confidences
from pm_analytics.stats.proportions import normal_quantile

VARIANTS, METRICS = 3, 10


def z_values(times, rng, *, rho, true):
    """Give z-values of 3 variants x 10 metrics that share a part of their noise; the first ``true`` have an effect."""
    count = VARIANTS * METRICS
    shared = rng.normal(0, 1, (times, 1))
    z = np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.normal(0, 1, (times, count))
    z[:, :true] += 4.0
    return z


def p_of(z):
    return 2 * ndtr(-np.abs(z))


def any_false(times, rng, *, rho, true):
    rows = p_of(z_values(times, rng, rho=rho, true=true))
    return np.mean([min(holm(list(row))[true:]) < 0.05 for row in rows])


def false_share(times, rng, *, rho, true):
    found = []
    for row in p_of(z_values(times, rng, rho=rho, true=true)):
        said = np.array(benjamini_hochberg(list(row))) < 0.05
        found.append(said[true:].sum() / max(1, said.sum()))
    return np.mean(found)


def any_interval_misses(times, rng, *, true):
    """Count how often any of the intervals that go with Holm's procedure misses its truth."""
    missed = 0
    effects = np.array([4.0] * true + [0.0] * (VARIANTS - true))
    for _ in range(times):
        z = rng.normal(effects, 1)
        level = holm_confidences(list(p_of(z)))[0]
        missed += bool((np.abs(z - effects) > normal_quantile(level)).any())
    return missed / times


STUDIES.add(
    "Any false finding among 3 variants x 10 metrics (Holm)",
    {
        f"correlation {rho:g}, {true} true": (partial(any_false, rho=rho, true=true), 0.0, 0.055)
        for rho in (0.0, 0.5)
        for true in (0, 3)
    },
)
STUDIES.add(
    "Share of false findings among 3 variants x 10 metrics (Benjamini and Hochberg)",
    {
        f"correlation {rho:g}, {true} true": (partial(false_share, rho=rho, true=true), 0.0, 0.055)
        for rho in (0.0, 0.5)
        for true in (0, 3)
    },
)
STUDIES.add(
    "Any of 3 intervals that go with Holm's procedure misses",
    {
        "no effect": (partial(any_interval_misses, true=0), 0.0, 0.055),
        "1 of 3 has an effect (stated: more than 5 %)": (partial(any_interval_misses, true=1), 0.0, 0.12),
    },
)


def unbalanced(times, rng, *, n, ratio):
    observed = rng.binomial(n, ratio, times)
    return np.mean([sample_ratio_p_value([int(k), n - int(k)], [1, 1]) < 0.001 for k in observed])


STUDIES.add(
    "Sample-ratio mismatch called, 50:50 planned",
    {
        "as planned, 100,000 units": (partial(unbalanced, n=100_000, ratio=0.5), 0.0003, 0.0017),
        "one variant 1 % larger, 500,000 units": (partial(unbalanced, n=500_000, ratio=1.01 / 2.01), 0.55, 0.63),
        "one variant 1 % larger, 1,000,000 units": (partial(unbalanced, n=1_000_000, ratio=1.01 / 2.01), 0.94, 1.0),
    },
)


def guardrail(times, rng, *, rate, margin, n, direction):
    """Put the truth right at the tolerated harm, and count how often the guardrail is called safe."""
    worse = rate * (1 + margin) if direction == "down" else rate * (1 - margin)
    metric = Metric.conversion("x", name="guard", direction=direction, max_harm=margin)
    plan = ExperimentPlan(Metric.conversion("y"), guardrails=[metric])
    reading = Reading("fixed", 1, None, (), {"control": 1.0, "treatment": 1.0}, "control")
    safe = 0
    for v, c in zip(rng.binomial(n, worse, times), rng.binomial(n, rate, times), strict=True):
        arms = [Arm(n, k / n, k / n * (1 - k / n)) for k in (int(v), int(c))]
        estimate = Estimate(metric, "guardrail", "treatment", n, n, arms[1], arms[0], (int(v), n, int(c), n))
        safe += judge([estimate], plan, reading)[0].status == "safe"
    return safe / times


STUDIES.add(
    "A guardrail called safe when the truth is the tolerated harm",
    {
        "share that must not rise by 10 %, 5,000 each": (
            partial(guardrail, rate=0.1, margin=0.1, n=5_000, direction="down"), 0.044, 0.056,
        ),
        "share that must not fall by 5 %, 5,000 each": (
            partial(guardrail, rate=0.3, margin=0.05, n=5_000, direction="up"), 0.044, 0.056,
        ),
    },
)  # fmt: skip
