"""The sections of a launch report. One that has nothing to say is absent, not empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm_analytics.errors import UnknownNameError
from pm_analytics.verdicts.sections.closing import decision, predicted
from pm_analytics.verdicts.sections.course import funnel, timeline, voices
from pm_analytics.verdicts.sections.goal import effect, guardrails, segments
from pm_analytics.verdicts.sections.ground import definitions, known_truth, quality
from pm_analytics.verdicts.sections.people import adoption, stick
from pm_analytics.verdicts.sections.scorecard import scorecard
from pm_analytics.verdicts.sections.strip import header
from pm_analytics.verdicts.sections.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pm_analytics.verdicts.findings import LaunchFindings
    from pm_analytics.verdicts.passages import Section

__all__ = ["MAKERS", "all_sections", "header", "known_truth", "one"]

MAKERS: dict[str, Callable[[LaunchFindings], Section | None]] = {
    "verdict": verdict,
    "scorecard": scorecard,
    "adoption": adoption,
    "stick": stick,
    "effect": effect,
    "guardrails": guardrails,
    "segments": segments,
    "funnel": funnel,
    "voices": voices,
    "timeline": timeline,
    "predicted": predicted,
    "decision": decision,
    "quality": quality,
    "definitions": definitions,
}
"""Name -> what builds the section, in the order of the report."""


def all_sections(found: LaunchFindings, truth: str | Path | None) -> list[Section]:
    """List the sections that have something to say, in order."""
    sections = [*(one(found, name) for name in MAKERS), known_truth(found, truth)]
    return [section for section in sections if section is not None]


def one(found: LaunchFindings, name: str) -> Section | None:
    """Build one section by name."""
    if name not in MAKERS:
        raise UnknownNameError("section", [name], MAKERS, where="a launch report")
    return MAKERS[name](found)
