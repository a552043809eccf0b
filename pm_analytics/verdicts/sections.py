"""The sections of a launch report. One that has nothing to say is absent, not empty."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.names import (
    CONTROL_USERS,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    METRIC,
    STATUS,
    VARIANT_USERS,
)
from pm_analytics.verdicts.grades import MEANINGS
from pm_analytics.verdicts.passages import Html, Part, Section, listed, paragraph, table
from pm_analytics.verdicts.rules import RULES
from pm_analytics.verdicts.truth import against_truth
from pm_analytics.verdicts.wording import say

if TYPE_CHECKING:
    from pathlib import Path

    from pm_analytics.verdicts.findings import LaunchFindings


def all_sections(found: LaunchFindings, truth: str | Path | None) -> list[Section]:
    """List the sections that have something to say, in order."""
    names = ("verdict", "adoption", "effect", "funnel", "quality", "definitions")
    sections = [*(one(found, name) for name in names), known_truth(found, truth)]
    return [section for section in sections if section is not None]


def one(found: LaunchFindings, name: str) -> Section | None:
    """Build one section by name."""
    makers = {
        "verdict": _verdict,
        "adoption": _adoption,
        "effect": _effect,
        "funnel": _funnel,
        "quality": _quality,
        "definitions": _definitions,
    }
    return makers[name](found)


def header(found: LaunchFindings) -> Html:
    """Build the strip at the top: dates, zone, grade and data-quality chips."""
    log, days = found.log, found.periods
    facts = {
        "Launched": log.say(days.launch),
        "Data": f"{log.source.first:%Y-%m-%d} to before {days.end} ({days.days_after} full days after launch)",
        "Zone": log.timezone,
        "Evidence": f"grade {found.grade}, {MEANINGS[found.grade]}",
        "Data quality": found.quality.worst,
    }
    chips = {"Evidence": f"pm-grade-{found.grade.lower()}", "Data quality": f"pm-{found.quality.worst}"}
    items = "".join(
        f'<div class="pm-fact {chips.get(name, "")}"><dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd></div>'
        for name, text in facts.items()
    )
    words = "; ".join(f"{name}: {text}" for name, text in facts.items())
    return Html(f'<dl class="pm-header">{items}</dl>', words)


def _verdict(found: LaunchFindings) -> Section:
    verdict = found.verdict
    slug = verdict.state.split(" ", maxsplit=1)[0].lower()
    badge = (
        f'<p class="pm-verdict pm-verdict-{slug}"><strong>{html.escape(verdict.state)}</strong> '
        f"<span>{html.escape(verdict.why)} (rule {verdict.rule}).</span></p>"
    )
    head = Html(badge, f"{verdict.state}: {verdict.why} (rule {verdict.rule}).")
    lead = paragraph(" ".join(_verdict_sentences(found)), kind="lead")
    points = _caveats(found)
    return Section("Verdict", (head, lead, *([listed(points)] if points else [])))


def _verdict_sentences(found: LaunchFindings) -> list[str]:
    """Say what happened, then what may be said about why, in that order."""
    said = [f"{found.adoption.headline()}."] if found.adoption is not None else []
    said += _cause(found)
    if found.verdict.rule == 3:
        needed = max(14, found.question.adopt_window_days)
        said.append(say("too_early", found.grade, days=str(found.periods.days_after), needed=str(needed)))
        said.append(say("next_read", found.grade, date=str(found.next_read())))
    return said


def _cause(found: LaunchFindings) -> list[str]:
    result = found.experiment
    if result is None:
        return [say("nothing.D", found.grade, launch=found.question.launch_name)]
    if not result.trusted:
        return [say("broken", found.grade, reason=result.summary())]
    row = result.rows("primary")[0]
    if math.isnan(row[LIFT_CI_LOWER]):
        return [result.summary()]
    slots = {
        "metric": row[METRIC],
        "lower": f"{row[LIFT_CI_LOWER]:+.1%}",
        "upper": f"{row[LIFT_CI_UPPER]:+.1%}",
    }
    wanted = f"{found.question.wanted_lift:+.1%}"
    if row[STATUS] == "unclear":
        ruled_out = row[LIFT_CI_UPPER] < found.question.wanted_lift
        return [say("no_change.A" if ruled_out else "unclear.A", "A", wanted=wanted, **slots)]
    effect = say(
        "impact.A",
        "A",
        launch=found.question.launch_name,
        lift=f"{row[LIFT]:+.1%}",
        confidence=f"{result.confidence:.0%}",
        variant_n=f"{row[VARIANT_USERS]:,}",
        control_n=f"{row[CONTROL_USERS]:,}",
        **slots,
    )
    return [effect]


def _caveats(found: LaunchFindings) -> list[str]:
    """List what could move the answer: guardrails not safe, data-quality findings, what a holdout would give."""
    points = []
    if found.experiment is not None and found.experiment.trusted:
        points += [
            f"Guardrail {row[METRIC]}: {row[STATUS]}. {GUARDRAIL_WORDS[row[STATUS]]}"
            for row in found.experiment.rows("guardrail")
        ]
    doubts = [finding.check for finding in found.quality.findings if finding.severity != "green"]
    if doubts:
        points.append(f"Data quality is {found.quality.worst}: {', '.join(doubts)}. See below what that does.")
    if found.comparison is not None:
        points += [
            f"The step {step!r} hardly occurs in one of the two periods: the process or its tracking changed."
            for step in found.comparison.changed_steps()
        ]
    if found.experiment is None:
        points.append(say("recipe", found.grade))
    return points


GUARDRAIL_WORDS = {
    "safe": "Even the worst case inside the interval stays within the tolerated harm.",
    "watch": "The interval reaches beyond the tolerated harm, so harm is not ruled out yet.",
    "harm": "Even the best case inside the interval lies beyond the tolerated harm.",
    "unclear": "Its change has no interval, so harm can be neither seen nor ruled out.",
}


def _adoption(found: LaunchFindings) -> Section | None:
    result = found.adoption
    if result is None:
        return None
    parts: list[Part] = [paragraph(result.summary()), result]
    if len(result.curve()) > 1:
        parts.append((result, "curve"))
    return Section("Did people find it and start?", tuple(parts))


def _effect(found: LaunchFindings) -> Section | None:
    result = found.experiment
    if result is None:
        return None
    parts: tuple[Part, ...] = (
        paragraph(result.summary()),
        result,
        table(result.gate(), caption="Checks that come before any number"),
    )
    return Section("Did it move the goal, and did it hurt anything?", parts)


def _funnel(found: LaunchFindings) -> Section | None:
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


def _quality(found: LaunchFindings) -> Section:
    source = found.log.source
    lines = pd.DataFrame(source.lines(), columns=["what", "found"])
    return Section(
        "Can the data carry this?",
        (
            paragraph(found.quality.summary()),
            table(found.quality.to_frame(), caption="Data-quality checks"),
            table(lines, caption="What was read"),
        ),
    )


def _definitions(found: LaunchFindings) -> Section:
    parts = (found.adoption, found.funnel, found.comparison, found.experiment)
    defined = [part.definition for part in parts if part is not None]
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
