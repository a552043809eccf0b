"""From a judged table to the decision: how far the data has come, and when to look again."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.experiment.counts.arriving import arrivals
from pm_analytics.analyses.experiment.decision import DAYS_OF_A_WEEK, Decision, decide, found_of
from pm_analytics.analyses.experiment.plan import FIXED
from pm_analytics.names import CI_LOWER, CI_UPPER, CONTROL_USERS, CONTROL_VALUE, METRIC, ROLE, VARIANT, VARIANT_USERS
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.gate import Check
    from pm_analytics.analyses.experiment.looks import Reading
    from pm_analytics.analyses.experiment.plan import ExperimentPlan

WANTED_PRECISION = 0.7
"""An interval with a half width of 0.7 of a change finds it with a power of 80 %: 1.96 / (1.96 + 0.84)."""


def decision_of(
    units: Units, plan: ExperimentPlan, reading: Reading, rows: Sequence[Mapping[str, Any]], checks: Sequence[Check]
) -> Decision:
    """Decide by the rules; for the answer "wait", also until when."""
    broken = ", ".join(check.name for check in checks if check.status == "failed")
    variants = list(dict.fromkeys(row[VARIANT] for row in rows))
    days = arrivals(units) if units.asked.exposures.dated else []
    pace = _pace([n for _, n in days])
    more = _more_units(rows, plan)
    weeks = math.inf if not pace or not math.isfinite(more) else max(1, math.ceil(more / pace / DAYS_OF_A_WEEK))
    ended = at_end(units, plan, sum(n for _, n in days))
    found = {
        variant: found_of(variant, rows, plan, broken=broken, at_end=ended, weeks_more=weeks) for variant in variants
    }
    return decide(found, _until(units, plan, reading, days, weeks, ended=ended))


def at_end(units: Units, plan: ExperimentPlan, arrived: int) -> bool:
    """Tell whether the planned end is reached: the units are in, or the last day is over. Without either: yes."""
    if plan.planned_units is not None and arrived >= plan.planned_units:
        return True
    if plan.ends is not None:
        return known_until(units) > _as_date(plan.ends)
    return plan.planned_units is None


def known_until(units: Units) -> date:
    """Give the local day on which the data ends."""
    log = units.asked.log or units.asked.exposures.log
    return from_microseconds(log.observed_until, log.timezone).date()


def _until(
    units: Units,
    plan: ExperimentPlan,
    reading: Reading,
    days: Sequence[tuple[date, int]],
    weeks: float,
    *,
    ended: bool,
) -> date | None:
    """Give the day of the next look: the next planned one, the planned end, or when enough units will be in."""
    if not ended and plan.looks == FIXED and plan.ends is not None:
        return _as_date(plan.ends) + timedelta(days=1) + _longest_window(plan)
    pace = _pace([n for _, n in days])
    arrived = sum(n for _, n in days)
    if not ended and plan.planned_units is not None and pace:
        lacking = reading.next_look(arrived) - arrived
        return known_until(units) + timedelta(days=math.ceil(max(0, lacking) / pace)) + _longest_window(plan)
    return known_until(units) + timedelta(weeks=weeks) if math.isfinite(weeks) else None


def _longest_window(plan: ExperimentPlan) -> timedelta:
    """Give the time that the last units still need before they count."""
    windows = [metric.within for metric in plan.primaries if metric.within is not None]
    return timedelta(days=math.ceil(max(windows, default=timedelta(0)) / timedelta(days=1)))


def _pace(arrived: Sequence[int]) -> float:
    """Give the units per day over the last seven days."""
    last = arrived[-DAYS_OF_A_WEEK:]
    return sum(last) / len(last) if last else 0.0


def _more_units(rows: Sequence[Mapping[str, Any]], plan: ExperimentPlan) -> float:
    """Give how many more units would tell the change worth having from nothing, on every primary metric."""
    wanted = {metric.name: metric.min_effect for metric in plan.primaries}
    return max((_lacking(row, wanted[row[METRIC]]) for row in rows if row[ROLE] == "primary"), default=math.inf)


def _lacking(row: Mapping[str, Any], wanted: float | None) -> float:
    """Follow the root of n: half the width needs four times the units."""
    half, baseline = (row[CI_UPPER] - row[CI_LOWER]) / 2, row[CONTROL_VALUE]
    if wanted is None or not (half > 0 and baseline > 0):
        return math.inf
    units = float(row[CONTROL_USERS] + row[VARIANT_USERS])
    return max(0.0, units * float(half / (WANTED_PRECISION * wanted * baseline)) ** 2 - units)


def _as_date(day: Any) -> date:  # noqa: ANN401 - a plan's days are dates once it is made
    found: date = day
    return found
