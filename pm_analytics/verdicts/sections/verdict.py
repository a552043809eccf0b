"""The verdict: one rule, what happened, what may be said about why, and what could move the answer."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from pm_analytics.verdicts.passages import Html, Section, listed, paragraph
from pm_analytics.verdicts.sections.causes import causes
from pm_analytics.verdicts.sections.goal import GUARDRAIL_WORDS, guardrail_words
from pm_analytics.verdicts.wording import say

if TYPE_CHECKING:
    from pm_analytics.verdicts.findings import LaunchFindings

SMALL = 100
"""Eligible units below which nothing is split."""
YEAR = 365


def verdict(found: LaunchFindings) -> Section:
    """Build the section."""
    ruled = found.verdict
    slug = ruled.state.split(" ", maxsplit=1)[0].lower()
    badge = (
        f'<p class="pm-verdict pm-verdict-{slug}"><strong>{html.escape(ruled.state)}</strong> '
        f"<span>{html.escape(ruled.why)} (rule {ruled.rule}).</span></p>"
    )
    head = Html(badge, f"{ruled.state}: {ruled.why} (rule {ruled.rule}).")
    lead = paragraph(" ".join(_sentences(found)), kind="lead")
    points = caveats(found)
    return Section("Verdict", (head, lead, *([listed(points)] if points else [])))


def _sentences(found: LaunchFindings) -> list[str]:
    """Say what happened, then what may be said about why, in that order."""
    said = [f"{found.adoption.headline()}."] if found.adoption is not None else []
    said += causes(found)
    if found.verdict.rule == 3:
        needed = max(14, found.question.adopt_window_days)
        said.append(say("too_early", found.grade, days=str(found.periods.days_after), needed=str(needed)))
    if found.verdict.rule in {3, 7}:
        said.append(say("next_read", found.grade, date=str(found.next_read())))
    return said


def caveats(found: LaunchFindings) -> list[str]:
    """List what could move the answer, what could move it most first."""
    points = [
        f"Guardrail {name}: {status}. {GUARDRAIL_WORDS[status]}."
        for name, status in guardrail_words(found)
        if status != "safe"
    ]
    points += _of_gap(found)
    if found.impact is not None:
        points += [f"{doubt[0].upper()}{doubt[1:]}." for doubt in found.impact.doubts]
        points += _of_season(found)
    points += [f"Differs from the launch card: {deviation}." for deviation in found.deviations]
    doubts = [finding.check for finding in found.quality.findings if finding.severity != "green"]
    if doubts:
        points.append(f"Data quality is {found.quality.worst}: {', '.join(doubts)}. See below what that does.")
    if found.comparison is not None:
        points += [
            f"The step {step!r} hardly occurs in one of the two periods: the process or its tracking changed."
            for step in found.comparison.changed_steps()
        ]
    if found.adoption is not None and 0 < found.adoption.count("eligible") < SMALL:
        count = f"{found.adoption.count('eligible'):,}"
        points.append(say("small", found.grade, users=count, label=found.adoption.counted))
    if found.experiment is None:
        points.append(say("recipe", found.grade))
    return points


def _of_gap(found: LaunchFindings) -> list[str]:
    gap = found.gap
    if gap is None:
        return []
    days = ", ".join(map(str, gap.days[:3])) + (" ..." if len(gap.days) > 3 else "")
    said = f"Tracking was down at the launch ({days}); those days are in no forecast and no mean."
    if gap.lower == gap.lower:
        said += (
            f" If nobody adopted unseen then, adoption is {gap.lower:.1%}; if everybody who was usually there did, "
            f"{gap.upper:.1%}."
        )
    return [said]


def _of_season(found: LaunchFindings) -> list[str]:
    """Warn where the history is too short to know the season and nobody wrote down what else happened."""
    window = found.impact.window if found.impact is not None else None
    if window is None or found.grade != "C" or found.question.calendar is not None or window.before >= YEAR:
        return []
    return ["Less than a year of history and no calendar: a season or a holiday cannot be told from the launch."]
