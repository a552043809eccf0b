"""Few units got the launch: a weighted mean of those without it stands in for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.analyses.impact.estimates import Estimate
from pm_analytics.analyses.impact.panel_paths import path_around
from pm_analytics.analyses.impact.wording import say_amount
from pm_analytics.stats.synthetic import (
    GOOD_FIT,
    WORST_FIT,
    Conformal,
    InSpace,
    Synthetic,
    conformal,
    in_space,
    leave_one_out,
    synthetic,
    synthetic_did,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.estimates import Subject
    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.analyses.impact.panel import Panel
    from pm_analytics.analyses.impact.question import Question


def by_synthetic(
    asked: Question, subject: Subject, panel: Panel, window: Window
) -> tuple[Estimate, dict[str, NDArray[np.float64]]]:
    """Compare the units with the launch with their synthetic control."""
    known = ~window.left_out
    cells = panel.cells[: window.timeline.count]
    whole = np.asarray(np.isfinite(cells[known]).all(axis=0))
    lost = int((~whole).sum())
    ours = cells[known][:, panel.treated & whole].mean(axis=1)
    donors = cells[known][:, ~panel.treated & whole]
    before = int(known[: window.before].sum())
    fit = synthetic(ours, donors, before)
    if GOOD_FIT < fit.scaled_distance <= WORST_FIT:
        fit = synthetic(ours, donors, before, ridge=True)
    tested = conformal(ours, donors, before, confidence=asked.confidence)
    space = in_space(ours, donors, before)
    others = synthetic_did(ours, donors, before)
    names = [unit for unit, used in zip(panel.units, ~panel.treated & whole, strict=True) if used]
    doubts = _doubts(fit, names, in_space(ours, donors, before), leave_one_out(ours, donors, before))
    doubts.append(f"by synthetic difference in differences it is {say_amount(others.effect, signed=True)}")
    if tested.block_p_value < 1 - asked.confidence and tested.ci_lower <= 0 <= tested.ci_upper:
        doubts.append(
            f"no constant effect fits these days (p = {tested.block_p_value:.3f} for none): it changed over time"
        )
    if lost:
        doubts.append(f"{lost} units are not known in every period and were left out")
    column, expected = (np.full(window.timeline.count, np.nan) for _ in range(2))
    column[known], expected[known] = ours, fit.expected
    periods, count = len(ours) - before, int((panel.treated & whole).sum())
    half = (tested.ci_upper - tested.ci_lower) / 2
    estimate = Estimate(
        subject=subject,
        design="synthetic",
        actual=float(ours[before:].mean()),
        expected=float(fit.expected[before:].mean()),
        difference=fit.effect,
        ci_lower=tested.ci_lower,
        ci_upper=tested.ci_upper,
        total=fit.total * count,
        total_lower=tested.ci_lower * periods * count,
        total_upper=tested.ci_upper * periods * count,
        mde=math.nan,
        path=path_around(window, column, expected, np.full(len(column), half), half),
        miss=fit.miss,
        trials=space.units - 1,
        larger=space.rank - 1,
        refused=tuple(([fit.reason] if fit.reason else []) + _endless(tested)),
        doubts=tuple(doubts),
        details=fit,
    )
    return estimate, {subject.metric: column}


def _endless(tested: Conformal) -> list[str]:
    if math.isfinite(tested.ci_lower) and math.isfinite(tested.ci_upper):
        return []
    return ["there are too few periods to bound the effect by shifting them"]


def _doubts(fit: Synthetic, names: list[str], space: InSpace, left_out: tuple[float, float]) -> list[str]:
    """Say how good the fit is and of whom, where the launch ranks among all units, and who decides the answer."""
    heavy = sorted(zip(fit.weights, names, strict=True), reverse=True)[:3]
    said = ", ".join(f"{name} ({weight:.0%})" for weight, name in heavy)
    word = "good" if fit.scaled_distance <= GOOD_FIT else "fair"
    low, high = (say_amount(end, signed=True) for end in left_out)
    place = f"among {space.units} units as if each had got it, its place is {space.rank}"
    return [
        f"the fit before is {word} (scaled L2 {fit.scaled_distance:.2f}), mostly of {said}",
        f"{place} (p = {space.p_value:.3f}, at least {space.floor:.3f})",
        f"leaving one unit out, the effect lies between {low} and {high}",
    ]
