"""The strip at the top: launch, dates, grade, data quality, card."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from pm_analytics.verdicts.grades import MEANINGS
from pm_analytics.verdicts.passages import Html

if TYPE_CHECKING:
    from pm_analytics.verdicts.findings import LaunchFindings


def header(found: LaunchFindings) -> Html:
    """Build the strip."""
    log, days, card = found.log, found.periods, found.question.card
    facts = {
        "Launched": log.say(days.launch),
        "Data": f"{log.source.first:%Y-%m-%d} to before {days.end} ({days.days_after} full days after launch)",
        "Zone": log.timezone,
        "Evidence": f"grade {found.grade}, {MEANINGS[found.grade]}",
        "Data quality": found.quality.worst,
        "Next honest read": "this one" if found.next_read() <= days.end else str(found.next_read()),
        "Launch card": "none" if card is None else card.status(days.before[1]),
    }
    if found.reversal is not None:
        facts["Rolled back"] = str(found.reversal.day)
    if card is not None and card.owner:
        facts["Owner"] = card.owner
    chips = {"Evidence": f"pm-grade-{found.grade.lower()}", "Data quality": f"pm-{found.quality.worst}"}
    items = "".join(
        f'<div class="pm-fact {chips.get(name, "")}"><dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd></div>'
        for name, text in facts.items()
    )
    words = "; ".join(f"{name}: {text}" for name, text in facts.items())
    return Html(f'<dl class="pm-header">{items}</dl>', words)
