"""The validity gate: checks that come before any number. One that fails withholds the result and says where to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from pm_analytics.names import CHECK, EVIDENCE, STATUS
from pm_analytics.stats.balance import SAMPLE_RATIO_ALPHA, sample_ratio_p_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.plan import ExperimentPlan

MOST_CROSSED = 0.10
"""Above this share of units in more than one variant the assignment itself is in doubt."""

Status = Literal["passed", "noted", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the gate.

    Attributes
    ----------
    name : str
        What was checked.
    status : {"passed", "noted", "failed"}
        ``"noted"``: something was left out or is worth knowing; ``"failed"``: no result may be read.
    evidence : str
        The numbers.
    next_step : str
        What to look at when it failed.
    """

    name: str
    status: Status
    evidence: str
    next_step: str = ""


def checks(
    units: Units,
    plan: ExperimentPlan,
    users: Mapping[str, int],
    weights: Mapping[str, float],
    estimates: Sequence[Estimate],
) -> list[Check]:
    """Judge an assignment, before any number is read."""
    del plan, estimates
    counted = units.asked.exposures.found
    return [
        sample_ratio(users, weights),
        _mismatched(counted),
        _crossed(counted),
        _repeated(counted),
    ]


def sample_ratio(users: Mapping[str, int], weights: Mapping[str, float]) -> Check:
    """Check that units fell into the variants as planned (chi-square, fails below p = 0.001)."""
    observed = [users.get(variant, 0) for variant in weights]
    p_value = sample_ratio_p_value(observed, list(weights.values()))
    total, whole = sum(observed), sum(weights.values())
    counts = ", ".join(
        f"{variant} {n:,} (planned {total * weight / whole:,.0f})"
        for (variant, weight), n in zip(weights.items(), observed, strict=True)
    )
    failed = p_value < SAMPLE_RATIO_ALPHA
    return Check(
        "sample ratio",
        "failed" if failed else "passed",
        f"{counts}; p = {p_value:.2g}",
        "Something removed or added users after they were assigned. Compare the variants by day, platform and new "
        "against existing users, and look for redirects, crashes or filters that hit one variant only."
        if failed
        else "",
    )


def table(found: list[Check]) -> pd.DataFrame:
    """Lay the checks out: one row each, with ``check``, ``status``, ``evidence``."""
    return pd.DataFrame([(c.name, c.status, c.evidence) for c in found], columns=[CHECK, STATUS, EVIDENCE])


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


def _repeated(counted: Mapping[str, int]) -> Check:
    evidence = (
        f"{counted['repeated']:,} of {counted['units']:,} units have more than one exposure row; the first counts"
    )
    return Check("one exposure each", "noted" if counted["repeated"] else "passed", evidence)
