"""The validity gate: checks that come before any number. One that fails withholds the result and says where to look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.experiment import balance_checks, data_checks
from pm_analytics.analyses.experiment.checks import Check
from pm_analytics.analyses.experiment.counts import gate as counts
from pm_analytics.names import CHECK, EVIDENCE, STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.counts import Assignment, Units
    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.plan import ExperimentPlan

__all__ = ["Check", "checks", "table"]

FOLLOW = {"sample ratio by day", "sample ratio by property", "no missing days"}
"""What a broken split in all shows in as well."""
MOST_CROSSED = 0.10
"""Above this share of units in more than one variant the assignment itself is in doubt."""


def checks(
    units: Units,
    plan: ExperimentPlan,
    users: Mapping[str, int],
    weights: Mapping[str, float],
    estimates: Sequence[Estimate],
) -> list[Check]:
    """Judge an assignment and its data, before any number is read."""
    exposures = units.asked.exposures
    counted = exposures.found
    days = counts.by_day(exposures) if exposures.dated else {}
    ratio = balance_checks.whole(units.exposed, weights, days, plan)
    if ratio.status == "failed":
        ratio = balance_checks.with_cause(ratio, units, units.exposed, weights, plan)
    found = [
        ratio,
        balance_checks.by_day(days, weights),
        balance_checks.by_property(units, weights, plan),
        _mismatched(counted),
        _crossed(counted),
        _repeated(counted, exposures),
        balance_checks.gaps(days, weights),
        data_checks.right_unit(units, plan),
        data_checks.exposure_before_outcome(units, plan),
        data_checks.alike_before(estimates),
        data_checks.nothing_missing(estimates, users, plan),
        data_checks.below_zero(estimates),
        data_checks.as_planned(units, plan, users, days),
    ]
    if ratio.status == "failed":
        found = [_follows(check) if check.name in FOLLOW else check for check in found]
    if plan.trigger is not None:
        found.insert(1, _triggered(users, units, plan))
    return found


def _follows(check: Check) -> Check:
    """Say once that the split is broken; where it shows is told beside it."""
    return replace(check, status="noted", next_step="") if check.status == "failed" else check


def table(found: list[Check]) -> pd.DataFrame:
    """Lay the checks out: one row each, with ``check``, ``status``, ``evidence``."""
    return pd.DataFrame([(c.name, c.status, c.evidence) for c in found], columns=[CHECK, STATUS, EVIDENCE])


def _triggered(users: Mapping[str, int], units: Units, plan: ExperimentPlan) -> Check:
    """Check that the variants met the trigger alike: one that changes who meets it must not be analysed by it."""
    found = balance_checks.whole(users, {variant: float(n) for variant, n in units.exposed.items() if n}, {}, plan)
    said = ", ".join(f"{users.get(v, 0):,} of {n:,} in {v}" for v, n in units.exposed.items())
    if found.status != "failed":
        return Check("trigger met alike", "passed", f"met {plan.trigger!r}: {said}")
    return Check(
        "trigger met alike",
        "failed",
        f"met {plan.trigger!r}: {said}; {found.evidence.rpartition('; ')[2]}",
        "The variant changes who meets the trigger, so those who did no longer compare. Compare all exposed units.",
    )


def _mismatched(counted: Mapping[str, int]) -> Check:
    rows = counted["mismatched"]
    evidence = f"{rows:,} of {counted['rows']:,} exposures were shown what another variant should see"
    return Check("shown as assigned", "noted" if rows else "passed", evidence + ("; left out" if rows else ""))


def _crossed(counted: Mapping[str, int]) -> Check:
    crossed, after = counted["crossed"], counted["crossed_after"]
    evidence = f"{crossed:,} of {counted['units']:,} units met more than one variant"
    if after:
        evidence += f"; {after:,} of them left out"
    elif crossed:
        evidence += "; none once mismatched exposures are left out"
    if after > MOST_CROSSED * max(1, counted["units"]):
        return Check(
            "one variant each", "failed", evidence, "Assignment is not stable: check the id that is randomised."
        )
    return Check("one variant each", "noted" if crossed else "passed", evidence)


def _repeated(counted: Mapping[str, int], exposures: Assignment) -> Check:
    evidence = (
        f"{counted['repeated']:,} of {counted['units']:,} units have more than one exposure row; the first counts"
    )
    again = counts.identical_rows(exposures) if counted["repeated"] else 0
    evidence += f"; {again:,} rows say the same as another" if again else ""
    return Check("one exposure each", "noted" if counted["repeated"] else "passed", evidence)
