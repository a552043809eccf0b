"""The funnel before and after, what else happened, and what users say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.verdicts.passages import Part, Section, listed, paragraph, table
from pm_analytics.verdicts.wording import say

if TYPE_CHECKING:
    from pm_analytics.verdicts.findings import LaunchFindings


def funnel(found: LaunchFindings) -> Section | None:
    """Show the funnel, and before beside after as a description."""
    if found.funnel is None:
        return None
    parts: list[Part] = [paragraph(found.funnel.summary()), found.funnel]
    if found.comparison is None:
        parts.append(
            paragraph(
                "Before and after cannot be compared yet: no attempt begun after the launch has had its full window.",
                kind="note",
            )
        )
    else:
        described = paragraph("Description, not effect: other things change with the calendar too.", kind="warning")
        shown = table(found.comparison.to_display(), caption="Conversion of attempts begun before and after the launch")
        parts += [described, paragraph(found.comparison.summary()), found.comparison, shown]
    return Section("The funnel, before and after", tuple(parts))


def timeline(found: LaunchFindings) -> Section | None:
    """List what else happened near the launch, as rivals to be named."""
    calendar = found.question.calendar
    rows = [] if calendar is None else calendar[["start", "end", "what"]].to_numpy().tolist()
    rows.append([str(found.periods.before[1]), "", f"{found.question.launch_name} (this launch)"])
    if found.reversal is not None:
        rows.append([str(found.reversal.day), "", f"{found.question.launch_name} rolled back"])
    rows += [[str(day), str(day), "tracking down"] for day in (found.gap.days if found.gap is not None else ())]
    if len(rows) == 1:
        return None
    frame = pd.DataFrame(sorted(rows, key=lambda row: str(row[0])), columns=["from", "until", "what"])
    frame = frame.astype(str).replace({"None": "", "nan": "", "NaT": ""})
    words = "What stayed near the launch cannot be told from it; what passed is left out of every forecast and mean."
    return Section("What else happened?", (table(frame, caption="Calendar"), paragraph(words, kind="note")))


def voices(found: LaunchFindings) -> Section:
    """Say that nobody asked, and what to ask."""
    return Section(
        "What do they say?",
        (
            paragraph(say("nobody_asked", found.grade)),
            listed(
                [
                    f"After using {found.question.launch_name}: how easy or hard was it? (1 very hard to 7 very easy)",
                    "What is the one thing you would change about it?",
                ]
            ),
        ),
    )
