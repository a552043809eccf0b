"""The whole way: a plan, its data, one rule, and how often it ships what it should, and what it should not."""

from __future__ import annotations

from functools import partial

import numpy as np
from study import STUDIES

from pm_analytics.analyses.experiment.decision import decide, found_of
from pm_analytics.analyses.experiment.estimates import Estimate
from pm_analytics.analyses.experiment.looks import Reading
from pm_analytics.analyses.experiment.plan import ExperimentPlan
from pm_analytics.analyses.experiment.roles import judge
from pm_analytics.metrics import Metric
from pm_analytics.stats.effects import Arm

N, RATE, GUARD, MARGIN, WANTED = 10_000, 0.2, 0.10, 0.15, 0.08
PRIMARY = Metric.conversion("pay", name="primary", min_effect=WANTED)
GUARDRAIL = Metric.conversion("ticket", name="guard", direction="down", max_harm=MARGIN)
PLAN = ExperimentPlan(PRIMARY, guardrails=[GUARDRAIL], planned_units=2 * N)
READING = Reading("fixed", 1, 2 * N, (), {"control": 1.0, "treatment": 1.0}, "control")


def estimate(metric, role, variant, control):
    arms = [Arm(N, k / N, k / N * (1 - k / N)) for k in (int(variant), int(control))]
    return Estimate(metric, role, "treatment", N, N, arms[1], arms[0], (int(variant), N, int(control), N))


def states(times, rng, *, lift, harm):
    """Draw experiments with a true lift of the goal and a true rise of the guardrail; give what each decides."""
    goals = zip(rng.binomial(N, RATE * (1 + lift), times), rng.binomial(N, RATE, times), strict=True)
    guards = zip(rng.binomial(N, GUARD * (1 + harm), times), rng.binomial(N, GUARD, times), strict=True)
    found = []
    for goal, guard in zip(goals, guards, strict=True):
        judged = judge([estimate(PRIMARY, "primary", *goal), estimate(GUARDRAIL, "guardrail", *guard)], PLAN, READING)
        rows = [each.row(0.8, 0.05) for each in judged]
        evidence = found_of("treatment", rows, PLAN, broken="", at_end=True, weeks_more=np.inf)
        found.append(decide({"treatment": evidence}, None).state)
    return np.array(found)


def shipped(times, rng, *, lift, harm):
    """Count every decision to ship, watched or not."""
    return np.mean(np.char.startswith(states(times, rng, lift=lift, harm=harm), "SHIP"))


def shipped_unwatched(times, rng, *, lift, harm):
    return np.mean(states(times, rng, lift=lift, harm=harm) == "SHIP")


def stopped(times, rng, *, lift, harm):
    return np.mean(states(times, rng, lift=lift, harm=harm) == "STOP")


STUDIES.add(
    "Decisions (10,000 per variant, rate 0.2, worth having +8 %, guardrail limit +15 %)",
    {
        "shipped, nothing changed (at most half of 5 %)": (partial(shipped, lift=0.0, harm=0.0), 0.0, 0.031),
        "shipped, goal +8 %": (partial(shipped, lift=WANTED, harm=0.0), 0.78, 1.0),
        "shipped, goal -8 %": (partial(shipped, lift=-WANTED, harm=0.0), 0.0, 0.001),
        "stopped, goal -8 %": (partial(stopped, lift=-WANTED, harm=0.0), 0.78, 1.0),
        "called safe and shipped, goal +8 %, guardrail at its limit": (
            partial(shipped_unwatched, lift=WANTED, harm=MARGIN), 0.0, 0.056,
        ),
    },
)  # fmt: skip
