"""Predicted against happened, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.verdicts.passages import Part, Section, listed, paragraph, table
from pm_analytics.verdicts.promises import beside
from pm_analytics.verdicts.wording import say

if TYPE_CHECKING:
    from pm_analytics.verdicts.findings import LaunchFindings

NEXT = {
    "KEEP & SCALE": "Roll it out to everybody who can use it, and keep watching the guardrails.",
    "KEEP": "Keep it. Before building on it, extend it to a part of those without it, and keep the rest without.",
    "ITERATE": "Keep it on, change the weakest step, and measure again.",
    "HOLD": "Leave it as it is, decide nothing, and read again on the date below.",
    "STOP": "Take it back, and find out what was harmed.",
    "STOP OR INVESTIGATE": "Look for what else changed at that time; if nothing did, take it back.",
    "CANNOT JUDGE": "Mend what is named in the verdict first; no decision can rest on this.",
}
CHANGE = {
    "KEEP & SCALE": "An interval that falls below the wanted change, or a guardrail beyond its limit.",
    "KEEP": "Another cause on the calendar, or a metric that returns to its forecast.",
    "ITERATE": "A later reading whose interval reaches the wanted change.",
    "HOLD": "An interval that leaves out either no change or the wanted change.",
    "STOP": "A fault in the data that explains the harm.",
    "STOP OR INVESTIGATE": "A rival cause that explains the fall.",
    "CANNOT JUDGE": "Data without the fault, or a comparison with users who do not have it.",
}


def predicted(found: LaunchFindings) -> Section | None:
    """Lay the card's predictions beside what was seen, and say where the report departs from the card."""
    card = found.question.card
    if card is None:
        return None
    pairs = beside(found)
    parts: list[Part] = []
    if card.hypothesis:
        parts.append(paragraph(f"Hypothesis: {card.hypothesis}"))
    if pairs:
        frame = pd.DataFrame(
            [
                (
                    each.what,
                    f"{each.low:.1%} / {each.middle:.1%} / {each.high:.1%}",
                    f"{each.seen:.1%} ({each.lower:.1%} to {each.upper:.1%})",
                    each.word,
                )
                for each in pairs
            ],
            columns=["what", "predicted (p10 / p50 / p90)", "seen", "word"],
        )
        parts.append(table(frame, caption="Predicted and happened"))
        parts += [paragraph(_said(each, found)) for each in pairs if each.word != "within the prediction"]
    if found.deviations:
        parts.append(listed([f"Differs from the card: {deviation}." for deviation in found.deviations]))
    parts.append(paragraph(f"Card {card.fingerprint}; {card.status(found.periods.before[1])}.", kind="note"))
    return Section("Predicted and happened", tuple(parts))


def _said(each: object, found: LaunchFindings) -> str:
    from pm_analytics.verdicts.promises import Beside

    assert isinstance(each, Beside)  # noqa: S101 - narrows the type
    return say(
        "beaten",
        found.grade,
        what=each.what.capitalize(),
        low=f"{each.low:.1%}",
        high=f"{each.high:.1%}",
        middle=f"{each.middle:.1%}",
        seen=f"{each.seen:.1%}",
        lower=f"{each.lower:.1%}",
        upper=f"{each.upper:.1%}",
        word=each.word,
    )


def decision(found: LaunchFindings) -> Section:
    """Say what to do, what would change our mind, and when to look again."""
    state, card = found.verdict.state, found.question.card
    points = [f"Recommended: {NEXT[state]}", f"What would change our mind: {CHANGE[state]}"]
    if card is not None and card.if_below and state in {"ITERATE", "STOP", "STOP OR INVESTIGATE"}:
        points.append(f"The launch card says for this case: {card.if_below}.")
    if card is not None and card.owner:
        points.append(f"Decides: {card.owner}.")
    if found.next_read() > found.periods.end:
        points.append(say("next_read", found.grade, date=str(found.next_read())))
    return Section("Decision and next steps", (listed(points),))
