"""Launches whose truth is known: what is found where nothing happened, and how often what happened is found."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from deciding import GUARDRAIL, PLAN, PRIMARY, RATE, READING, N, estimate
from scipy import stats
from study import STUDIES

import pm_analytics as pm
from pm_analytics.analyses.experiment.roles import judge
from pm_analytics.names import LIFT_CI_LOWER, LIFT_CI_UPPER
from pm_analytics.stats.calibrated import calibrated
from pm_analytics.stats.fakes import terms_of
from pm_analytics.verdicts.rules import Evidence, decide
from pm_analytics.verdicts.series import series_readout
from pm_analytics.verdicts.wording import lint

DAYS, AFTER = 730, 28
WEEK = 1000 * np.array([0, 0.02, 0.03, 0.02, 0, -0.06, -0.05])
WIDTHS = {"A": 19.0, "B": 42.0, "C": 54.0, "D": 59.0}
"""Mean widths that the intervals were first measured at; wider than 1.15 times that is wider than needed."""
WORLDS = {
    "A": "independent noise",
    "B": "noise that lingers (0.7 from day to day)",
    "C": "a level that drifts",
    "D": "a yearly season that nobody wrote down",
}
WANTED = 0.02


def lingering(rng, share, spread, days=DAYS):
    noise = spread * rng.standard_normal(days + 100)
    for day in range(1, len(noise)):
        noise[day] += share * noise[day - 1]
    return noise[100:]


def world(kind, rng):
    """A metric with three helpers, two years of days; nothing ever happens."""
    day = np.arange(DAYS)
    week = WEEK[day % 7]
    helpers = np.column_stack(
        [
            500 + lingering(rng, 0.8, 8) + 0.4 * week,
            300 + lingering(rng, 0.95, 4) + 0.03 * day,
            200 + lingering(rng, 0.5, 10),
        ]
    )
    base = 200 + helpers @ np.array([0.6, 0.8, 0.3]) + 0.3 * week
    noise = {
        "A": lambda: 20 * rng.standard_normal(DAYS),
        "B": lambda: lingering(rng, 0.7, 14),
        "C": lambda: np.cumsum(3 * rng.standard_normal(DAYS)) + 15 * rng.standard_normal(DAYS),
        "D": lambda: 30 * np.sin(2 * np.pi * day / 365.25 + rng.uniform(0, 2 * np.pi)) + lingering(rng, 0.5, 14),
    }
    return base + noise[kind](), helpers


def judged(kind, rng):
    values, helpers = world(kind, rng)
    return calibrated(values, terms_of(20_000 + np.arange(DAYS), covariates=helpers), DAYS - AFTER)


def covered(times, rng, *, kind):
    found = [judged(kind, rng) for _ in range(times)]
    return np.mean([each.ci_lower <= 0 <= each.ci_upper for each in found])


def width(times, rng, *, kind):
    found = [judged(kind, rng) for _ in range(times)]
    return np.mean([each.ci_upper - each.ci_lower for each in found]) / (1.15 * WIDTHS[kind])


STUDIES.add(
    "Interval of a launch against its own past, 28 days after two years (95 %)",
    {f"{kind}: {words}": (partial(covered, kind=kind), 0.92, 0.995) for kind, words in WORLDS.items()},
    repetitions=2_000,
)
STUDIES.add(
    "Its mean width, as a share of what is allowed",
    {f"{kind}: {words}": (partial(width, kind=kind), 0.3, 1.0) for kind, words in WORLDS.items()},
    repetitions=2_000,
    share=False,
)


def product(rng, *, days=400, after=AFTER, lingers=0.5, lift=0.0, trend=0.05):
    """A metric as a product has it: a mild trend, a week, noise that lingers."""
    day = np.arange(days)
    values = 1000 * (1 + trend * day / days) + WEEK[day % 7] + lingering(rng, lingers, 25, days)
    values[days - after :] *= 1 + lift
    return pd.Series(values, pd.date_range("2025-01-01", periods=days), name="metric")


def naive(times, rng, *, lingers):
    """Compare the days before with the days after, as if they were so many users."""
    found = []
    for _ in range(times):
        values = product(rng, days=112, lingers=lingers, trend=0.03).to_numpy()
        found.append(stats.ttest_ind(values[84:], values[:84], equal_var=False).pvalue < 0.05)
    return np.mean(found)


STUDIES.add(
    "Something found where nothing happened (the fault): days before against days after, 84 and 28",
    {f"noise that lingers {share:g} (the fault)": (partial(naive, lingers=share), 0.2, 0.6) for share in (0, 0.4, 0.8)},
    repetitions=2_000,
)


def verdict(grade, lower, upper):
    evidence = Evidence(
        grade=grade,
        lift_lower=lower,
        lift_upper=upper,
        days_after=40,
        adopt_window_days=14,
        judged=500,
        wanted_lift=WANTED,
        min_worthwhile=WANTED,
    )
    return decide(evidence).state


def kept(found):
    """Tell whether a result would be kept or scaled."""
    if found.grade == "D":
        return False
    return verdict(found.grade, *found.primary.good).startswith("KEEP")


def of_series(rng):
    series = product(rng, lingers=rng.uniform(0, 0.8))
    return pm.impact(series, series.index[-AFTER])


def regions(rng, *, treated, waves=1):
    days, units = 90, 26
    shared = np.cumsum(rng.standard_normal((days, 2)), axis=0) @ rng.uniform(0.5, 1.5, (2, units))
    values = 100 + 5 * rng.standard_normal(units) + shared + 2 * rng.standard_normal((days, units))
    dates, names = pd.date_range("2025-01-01", periods=days), [f"r{i}" for i in range(units)]
    frame = pd.DataFrame(values, dates, names).rename_axis("day").reset_index().melt("day", var_name="region")
    when = {name: dates[-AFTER + 7 * (i % waves)] for i, name in enumerate(names[:treated])}
    if waves > 1:
        return pm.impact(frame, when, "value", time="day", unit="region")
    return pm.impact(frame, dates[-AFTER], "value", time="day", unit="region", treated=names[:treated])


def scaled_null(times, rng, *, make):
    return np.mean([kept(make(rng)) for _ in range(times)])


def scaled_experiments(times, rng):
    """Randomised launches that change nothing, by the rules of the launch report."""
    found = []
    draws = zip(rng.binomial(N, RATE, times), rng.binomial(N, RATE, times), strict=True)
    for goal in draws:
        judged_now = judge(
            [estimate(PRIMARY, "primary", *goal), estimate(GUARDRAIL, "guardrail", N // 10, N // 10)], PLAN, READING
        )
        row = judged_now[0].row(0.8, 0.05)
        found.append(verdict("A", row[LIFT_CI_LOWER], row[LIFT_CI_UPPER]).startswith("KEEP"))
    return np.mean(found)


STUDIES.add(
    "Launches that change nothing and would be kept or scaled (wanted +2 %; at most half of 5 %)",
    {
        "grade A, randomised": (scaled_experiments, 0.0, 0.025),
        "grade B, difference in differences": (partial(scaled_null, make=partial(regions, treated=12)), 0.0, 0.03),
        "grade B, synthetic control": (partial(scaled_null, make=partial(regions, treated=2)), 0.0, 0.03),
        "grade B, waves": (partial(scaled_null, make=partial(regions, treated=14, waves=3)), 0.0, 0.03),
        "grade C, its own past": (partial(scaled_null, make=of_series), 0.0, 0.025),
    },
    repetitions=1_000,
    fewest=100,
)


def claimed_without_evidence(times, rng):
    """Too short a history: count the reports that say more than that it cannot be measured."""
    found = []
    for _ in range(times):
        series = product(rng, days=60, lift=rng.choice([0.0, 0.3])).rename_axis("date").reset_index()
        readout = series_readout(
            series, launch_name="x", launch_at=str(series["date"].iloc[-AFTER]), value_column="metric"
        )
        words = " ".join(repr(section) for section in readout.sections())
        found.append(readout.grade != "E" or bool(lint(words, "E")))
    return np.mean(found)


STUDIES.add(
    "Reports without enough data that say something about cause",
    {"32 days before, 28 after": (claimed_without_evidence, 0.0, 0.001)},
    repetitions=400,
    fewest=40,
)


def found_at_mde(times, rng, *, lingers):
    """Plan before, inject the smallest change that was promised to be visible, and look after."""
    found = []
    for _ in range(times):
        series = product(rng, days=500, lingers=lingers)
        start = series.index[-AFTER]
        plan = pm.plan_launch(series, launch_on=start, lengths=(AFTER,)).to_frame().iloc[0]
        series.iloc[-AFTER:] += plan["mde_absolute"]
        found.append(pm.impact(series, start).primary.moved)
    return np.mean(found)


STUDIES.add(
    "Changes of the planned size that are found (power 0.8)",
    {f"noise that lingers {share:g}": (partial(found_at_mde, lingers=share), 0.72, 0.92) for share in (0, 0.4, 0.8)},
    repetitions=600,
    fewest=60,
)
