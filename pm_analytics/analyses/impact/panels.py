"""Units with the launch and units without: which design they allow, and the estimate it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.analyses.impact import interrupted
from pm_analytics.analyses.impact.by_did import by_did
from pm_analytics.analyses.impact.by_synthetic import by_synthetic
from pm_analytics.analyses.impact.by_waves import by_waves
from pm_analytics.analyses.impact.designs import Units, choose
from pm_analytics.analyses.impact.estimates import Estimate, Subject, held_against_controls
from pm_analytics.analyses.impact.panel import WITHOUT, Panel, panel_of
from pm_analytics.analyses.impact.panel_paths import means_of
from pm_analytics.analyses.impact.result import ImpactResult, table_of
from pm_analytics.analyses.impact.series import Measured, name_of
from pm_analytics.analyses.impact.timeline import LENGTHS
from pm_analytics.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.analyses.impact.question import Question
    from pm_analytics.metrics import Metric


def judged_panel(asked: Question) -> ImpactResult:
    """Answer a question about units with and without the launch."""
    panel = panel_of(asked)
    before = panel.timeline.place(panel.first)
    if not 0 < before < panel.timeline.count:
        raise DataError(
            f"The launch ({panel.first}) does not lie inside the table, which runs from {panel.timeline.first} to "
            f"{panel.timeline.start(panel.timeline.count - 1)}."
        )
    treated = panel.treated
    counted = Units(int(treated.sum()), int((~treated).sum()), len(set(panel.got_it.values())), before)
    choice = choose(asked, counted)
    window = window_of_panel(asked, panel, before, whole=choice.design == "staggered")
    judge = JUDGES[choice.design]
    subjects = asked.subjects()
    found, columns = judge(asked, subjects[0][0], panel, window)
    others = [judge(asked, subject, _panel_of(asked, metric, panel), window)[0] for subject, metric in subjects[1:]]
    estimates = [found, *others]
    estimates[0] = held_against_controls(estimates)
    return ImpactResult(
        _table=table_of(estimates),
        definition=_definition(subjects[0][0], panel, window, choice.design),
        basis=f"{counted.treated} units with the launch, {counted.untreated} without; {panel.scope}",
        estimates=tuple(estimates),
        window=window,
        design=found.design,
        why=choice.why,
        question=asked,
        measured=Measured(panel.timeline, columns, panel.scope),
    )


def _panel_of(asked: Question, metric: Metric | str, first: Panel) -> Panel:
    """Measure another metric for the same units and periods."""
    other = panel_of(replace(asked, metric=metric))
    places = [other.units.index(unit) for unit in first.units if unit in other.units]
    if len(places) < len(first.units) or other.timeline != first.timeline:
        raise DataError(
            f"{name_of(metric)!r} is not known for the same units and periods as {name_of(asked.metric)!r}."
        )
    return replace(other, units=first.units, cells=other.cells[:, places])


def window_of_panel(asked: Question, panel: Panel, before: int, *, whole: bool) -> Window:
    """Place the launch on the panel's timeline; ``whole``: all periods after it are judged, if no length is given."""
    partial = panel.timeline.start(before) != panel.first
    usual = panel.timeline.count if whole else LENGTHS[panel.timeline.step]
    return interrupted.window_of(
        panel.timeline, before, asked.length or usual, partial=partial, occasions=asked.occasions
    )


def _definition(subject: Subject, panel: Panel, window: Window, design: str) -> str:
    line = window.timeline
    ways = {
        "its": "actual minus a forecast helped by the units without it",
        "did": "change of the units with it minus change of those without it; interval over units",
        "synthetic": "actual minus a weighted mean of units without it that moved alike; interval by shifting in time",
        "staggered": "each wave against the units that do not have it yet; interval over units",
    }
    return (
        f"{subject.metric} around the launch of {panel.first}, by {line.step}: {ways[design]}; over "
        f"{line.say(window.judged)}; {panel.scope}."
    )


def _by_forecast(
    asked: Question, subject: Subject, panel: Panel, window: Window
) -> tuple[Estimate, dict[str, NDArray[np.float64]]]:
    """Judge the mean of the units with the launch by its forecast, helped by the mean of those without."""
    ours, theirs = means_of(panel, window)
    helping = {WITHOUT: theirs} if np.isfinite(theirs).any() else {}
    found = interrupted.estimate(subject, ours, helping, window, confidence=asked.confidence)
    return found, {subject.metric: ours, **helping}


Judge = Callable[["Question", Subject, Panel, "Window"], tuple[Estimate, dict[str, "NDArray[np.float64]"]]]
JUDGES: dict[str, Judge] = {
    "its": _by_forecast,
    "did": by_did,
    "synthetic": by_synthetic,
    "staggered": by_waves,
}
