"""What the answer stands on: data quality, definitions, rules, and for a simulated product the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.verdicts.passages import Section, listed, paragraph, table
from pm_analytics.verdicts.rules import RULES
from pm_analytics.verdicts.truth import against_truth

if TYPE_CHECKING:
    from pathlib import Path

    from pm_analytics.verdicts.findings import LaunchFindings


def quality(found: LaunchFindings) -> Section:
    """Show every data-quality check with what it does to the verdict."""
    lines = pd.DataFrame(found.log.source.lines(), columns=["what", "found"])
    return Section(
        "Can the data carry this?",
        (
            paragraph(found.quality.summary()),
            table(found.quality.to_frame(), caption="Data-quality checks"),
            table(lines, caption="What was read"),
        ),
    )


def definitions(found: LaunchFindings) -> Section:
    """Say how each number was computed, why the grade is what it is, and which rules were tried."""
    parts = (found.adoption, found.funnel, found.comparison, found.experiment, found.impact)
    defined = [part.definition for part in parts if part is not None]
    if found.impact is not None:
        defined.append(f"Design: {found.impact.why}.")
    defined += [f"Why the grade is not higher: {reason}." for reason in found.reasons]
    rules = pd.DataFrame([(r.number, r.state, r.why) for r in RULES], columns=["rule", "verdict", "when"])
    words = f"The first rule that holds gives the verdict; here rule {found.verdict.rule} held."
    return Section(
        "Definitions and rules", (listed(defined), paragraph(words), table(rules, caption="Verdict rules, in order"))
    )


def known_truth(found: LaunchFindings, path: str | Path | None) -> Section | None:
    """Hold the estimates against a simulated product's known truth; None without a file of it."""
    if path is None:
        return None
    held = against_truth(found, path)
    words = (
        "This product is simulated, so the truth is known. Each 95 % interval should hold the truth in 19 of 20 such "
        "products; it does not always."
    )
    return Section(
        "Truth beside estimate",
        (paragraph(words), table(held, caption="The simulator's truth and what the report said")),
    )
