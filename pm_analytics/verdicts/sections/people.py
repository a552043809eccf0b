"""Who found it and started, and whether it stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm_analytics.analyses.adoption.result import RETAINED
from pm_analytics.names import ADOPTED
from pm_analytics.verdicts.passages import Part, Section, paragraph
from pm_analytics.verdicts.wording import say

if TYPE_CHECKING:
    from pm_analytics.verdicts.findings import LaunchFindings

FEWEST_ADOPTERS = 20
"""Adopters below which use by week is not drawn."""
WEEKS_TO_FOLLOW = 2


def adoption(found: LaunchFindings) -> Section | None:
    """Show the ladder and the curve of time to adopt."""
    result = found.adoption
    if result is None:
        return None
    parts: list[Part] = [paragraph(result.summary()), result]
    if len(result.curve()) > 1:
        parts.append((result, "curve"))
    return Section("Did people find it and start?", tuple(parts))


def stick(found: LaunchFindings) -> Section | None:
    """Show whether adopters came back, and whether use per adopter held."""
    result = found.adoption
    row = None if result is None else result.rung(ADOPTED)
    if result is None or row is None or int(row["users"]) < FEWEST_ADOPTERS:
        return None
    parts: list[Part] = []
    if result.rung(RETAINED) is not None:
        parts.append(paragraph(result.summary().rpartition("Retained: ")[2] and _retained(result.summary())))
    weeks = (found.periods.days_after - found.question.adopt_window_days) // 7
    if weeks >= WEEKS_TO_FOLLOW:
        use = result.novelty(weeks=min(8, weeks))
        parts += [paragraph(use.summary()), use]
    if found.experiment is None:
        parts.append(paragraph(say("adopters.D", "D", launch=found.question.launch_name), kind="warning"))
    if found.adopters is not None and not found.adopters.found.reason:
        parts += [paragraph(found.adopters.summary()), found.adopters]
    return Section("Did it stick?", tuple(parts)) if len(parts) > (0 if found.experiment is not None else 1) else None


def _retained(summary: str) -> str:
    """Take the sentence on who came back out of the summary."""
    return f"Retained: {summary.rpartition('Retained: ')[2]}" if "Retained: " in summary else summary
