"""Whether it moved the goal, hurt anything, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.names import LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, METRIC, STATUS
from pm_analytics.verdicts.passages import Part, Section, listed, paragraph, table
from pm_analytics.verdicts.wording import say

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment import ExperimentResult
    from pm_analytics.analyses.impact import ImpactResult
    from pm_analytics.verdicts.findings import LaunchFindings

GUARDRAIL_WORDS = {
    "safe": "Even the worst case inside the interval stays within the tolerated harm",
    "watch": "The interval reaches beyond the tolerated harm, so harm is not ruled out yet",
    "harm": "Even the best case inside the interval lies beyond the tolerated harm",
    "unclear": "Its change has no interval, so harm can be neither seen nor ruled out",
    "cannot be judged": "Its change cannot be judged, so harm can be neither seen nor ruled out",
}
LIMITS = (
    "Safe: the whole interval stays within the tolerated harm. Harm: all of it lies beyond. Watch: anything between."
)
FEW = 100


def effect(found: LaunchFindings) -> Section | None:
    """Show the randomised comparison, or the metric against what was to be expected; else say why there is nothing."""
    title = "Did it move the goal?"
    if found.experiment is not None:
        return Section(title, _of_experiment(found.experiment))
    if found.impact is not None:
        return Section(title, _of_impact(found, found.impact))
    if found.question.primary_event is None or not found.reasons:
        return None
    reason = "; ".join(found.reasons)
    return Section(title, (paragraph(f"Not measurable, because {reason}.", kind="warning"), _recipe(found)))


def _of_experiment(result: ExperimentResult) -> tuple[Part, ...]:
    return (
        paragraph(result.summary()),
        result,
        table(result.gate(), caption="Checks that come before any number"),
    )


def _of_impact(found: LaunchFindings, result: ImpactResult) -> tuple[Part, ...]:
    if found.grade not in {"B", "C"} or found.verdict.rule == 1:
        reason = "; ".join(found.reasons) or "there is no interval"
        return (
            paragraph(f"Not measurable, because {reason}.", kind="warning"),
            paragraph("Description, not effect: what was before and after, without a judgement.", kind="note"),
            result,
            _recipe(found),
        )
    others = result.robustness()
    parts: list[Part] = [paragraph(result.summary()), result, (result, "cumulative")]
    if result.design == "its":
        parts += [(result, "placebos"), paragraph(result.began().summary())]
    if len(others.to_frame()) > 1:
        parts += [paragraph(others.summary()), others]
    if found.grade == "C":
        parts.append(_recipe(found))
    return tuple(parts)


def _recipe(found: LaunchFindings) -> Part:
    """Say what a holdout would give, as three steps to take next time."""
    return listed(
        [
            say("recipe", found.grade),
            "Keep that tenth for at least four weeks, and longer where few units come a day.",
            "Pass the file of exposures to this report: the answer is then of grade A, and smaller changes are seen.",
        ]
    )


def guardrail_words(found: LaunchFindings) -> list[tuple[str, str]]:
    """List each guardrail with its word, of what the grade rests on."""
    if found.grade == "A" and found.experiment is not None:
        return [(str(row[METRIC]), str(row[STATUS])) for row in found.experiment.rows("guardrail")]
    if found.grade in {"B", "C"} and found.impact is not None:
        each = [one for one in found.impact.estimates if one.subject.role == "guardrail"]
        return [(one.subject.metric, one.status) for one in each]
    return []


def guardrails(found: LaunchFindings) -> Section | None:
    """Show each guardrail against the harm that is tolerated."""
    words = guardrail_words(found)
    if not words:
        return None
    title, limit = "Did it hurt anything?", paragraph(LIMITS, kind="note")
    if found.grade == "A" and found.experiment is not None:
        return Section(title, (_say_statuses(words), (found.experiment, "guardrails"), limit))
    rows = [one for one in found.impact.estimates if one.subject.role == "guardrail"] if found.impact else []
    frame = pd.DataFrame(
        {
            METRIC: [one.subject.metric for one in rows],
            LIFT: [one.lift for one in rows],
            LIFT_CI_LOWER: [one.lift_lower for one in rows],
            LIFT_CI_UPPER: [one.lift_upper for one in rows],
            STATUS: [one.status for one in rows],
        }
    )
    return Section(title, (_say_statuses(words), table(frame, caption="Guardrails against what was expected"), limit))


def _say_statuses(words: list[tuple[str, str]]) -> Part:
    return listed([f"{name}: {status}. {GUARDRAIL_WORDS[status]}." for name, status in words])


def segments(found: LaunchFindings) -> Section | None:
    """Split a randomised effect by the segments that were asked for, unless few could use it."""
    result = found.experiment
    few = found.adoption is not None and found.adoption.count("eligible") < FEW
    if result is None or not result.trusted or not found.question.segments or few:
        return None
    parts: list[Part] = []
    for name in found.question.segments:
        view = result.by(name)
        parts += [paragraph(view.summary()), view]
    return Section("For whom?", tuple(parts))
