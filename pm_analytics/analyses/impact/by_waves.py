"""Units got the launch in waves: each wave against those that do not have it yet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.analyses.impact.estimates import Estimate
from pm_analytics.analyses.impact.panel_paths import means_of, path_around, smallest
from pm_analytics.analyses.impact.wording import say_amount
from pm_analytics.stats.staggered import NEVER, staggered

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.estimates import Subject
    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.analyses.impact.panel import Panel
    from pm_analytics.analyses.impact.question import Question
    from pm_analytics.stats.staggered import Staggered


def by_waves(
    asked: Question, subject: Subject, panel: Panel, window: Window
) -> tuple[Estimate, dict[str, NDArray[np.float64]]]:
    """Compare each wave with the units that do not have it yet."""
    cells = panel.cells[: window.timeline.count][~window.left_out]
    whole = np.asarray(np.isfinite(cells).all(axis=0))
    places = np.array([_place(panel, unit, window) for unit in panel.units])
    found = staggered(cells[:, whole], places[whole], confidence=asked.confidence)
    each = found.overall
    after = [cells[place:, column] for column, place in enumerate(places) if whole[column] and 0 < place < len(cells)]
    actual = float(np.mean(np.concatenate(after))) if after else math.nan
    early = [one for one in found.events if one.label < -1]
    apart = [one for one in early if one.error > 0 and abs(one.effect) > found.band * one.error]
    sizes = ", ".join(f"{window.timeline.start(wave)}: {size}" for wave, size in found.sizes)
    usual = f"a regression with unit and period effects would say {say_amount(found.two_way, signed=True)}"
    doubts = [
        f"waves and their units: {sizes}; compared with {found.controls}",
        f"{usual}; {found.forbidden:.0%} of its weights compare with units that had it before, so it is not used",
    ]
    refused = [
        f"the waves did not move as the others before they got it ({len(apart)} of {len(early)} periods stand out)"
    ]
    count = sum(len(part) for part in after)
    estimate = Estimate(
        subject=subject,
        design="staggered",
        actual=actual,
        expected=actual - each.effect,
        difference=each.effect,
        ci_lower=each.ci_lower,
        ci_upper=each.ci_upper,
        total=each.effect * count,
        total_lower=each.ci_lower * count,
        total_upper=each.ci_upper * count,
        mde=smallest(each.error, math.inf, asked.confidence),
        path=_eventpath_around(window, panel, found),
        miss=each.error,
        refused=tuple(refused if apart else []),
        doubts=tuple(doubts),
        details=found,
    )
    return estimate, {}


def _place(panel: Panel, unit: str, window: Window) -> int:
    day = panel.got_it.get(unit)
    return NEVER if day is None else min(panel.timeline.place(day), window.timeline.count)


def _eventpath_around(window: Window, panel: Panel, found: Staggered) -> pd.DataFrame:
    """Lay the means of units with and without it on the timeline; effects by time since launch are in the details."""
    ours, theirs = means_of(panel, window)
    shift = (
        np.nanmean(ours[: window.before]) - np.nanmean(theirs[: window.before]) if np.isfinite(theirs).any() else 0.0
    )
    empty = np.full(len(ours), np.nan)
    return path_around(window, ours, theirs + shift, empty, found.overall.error)
