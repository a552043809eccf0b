"""Many units got the launch and many did not: difference in differences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.analyses.impact.estimates import Estimate
from pm_analytics.analyses.impact.panel import WITHOUT
from pm_analytics.analyses.impact.panel_paths import counted_after, means_of, path_around, smallest
from pm_analytics.analyses.impact.wording import say_amount
from pm_analytics.stats.did import FEW_UNITS, did

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.estimates import Subject
    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.analyses.impact.panel import Panel
    from pm_analytics.analyses.impact.question import Question
    from pm_analytics.stats.did import Did


def _judged_periods(panel: Panel, window: Window) -> NDArray[np.float64]:
    """Give the cells up to the end of the window, with the periods that do not count unknown."""
    cells = panel.cells[: window.timeline.count].copy()
    cells[window.left_out] = np.nan
    return cells


def by_did(
    asked: Question, subject: Subject, panel: Panel, window: Window
) -> tuple[Estimate, dict[str, NDArray[np.float64]]]:
    """Compare the changes of the units with the launch and of those without."""
    cells = _judged_periods(panel, window)
    found = did(cells, panel.treated, window.before, confidence=asked.confidence)
    ours, theirs = means_of(panel, window)
    shift = np.nanmean(ours[: window.before]) - np.nanmean(theirs[: window.before])
    refused = [found.reason] if found.reason else []
    expected = theirs + shift
    periods = counted_after(window)
    quantile = (found.ci_upper - found.effect) / found.error if found.error > 0 else math.nan
    estimate = Estimate(
        subject=subject,
        design="did",
        actual=found.base + found.effect,
        expected=found.base,
        difference=found.effect,
        ci_lower=found.ci_lower,
        ci_upper=found.ci_upper,
        total=found.effect * periods,
        total_lower=found.ci_lower * periods,
        total_upper=found.ci_upper * periods,
        mde=smallest(found.error, found.freedom, asked.confidence),
        path=path_around(window, ours, expected, quantile * found.path_errors, found.error * quantile),
        miss=found.error,
        refused=tuple(refused),
        doubts=tuple(_doubts(found, window)),
        details=found,
    )
    return estimate, {subject.metric: ours, WITHOUT: theirs}


def _doubts(found: Did, window: Window) -> list[str]:
    """Say how well moving alike before could be tested, what drift would explain the effect, and how few units are."""
    leads, said = found.leads, []
    if math.isfinite(leads.power):
        said.append(
            f"the test that the groups moved alike before (p = {leads.p_value:.2f}) would find a drift that explains "
            f"the whole effect in {leads.power:.0%} of cases"
        )
    else:
        said.append("too few periods lie before to test whether the groups moved alike")
    if math.isfinite(leads.breakdown):
        said.append(
            f"a drift apart of {say_amount(leads.breakdown)} per {window.timeline.step} would explain it; it was "
            f"{say_amount(leads.slope, signed=True)} before (standard error {say_amount(leads.slope_error)})"
        )
    if min(found.treated, found.untreated) * 2 < FEW_UNITS:
        said.append(f"with few units, read also the permutation test: p = {found.permutation_p_value:.3f}")
    return said
