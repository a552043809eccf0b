"""A log and a question -> everything that is found out about a launch. Computes through the rooms; says nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption import AdoptionResult, adoption
from pm_analytics.analyses.experiment import ExperimentPlan, ExperimentResult, experiment
from pm_analytics.analyses.funnel import FunnelComparison, FunnelResult, funnel
from pm_analytics.analyses.impact import ImpactResult, impact
from pm_analytics.analyses.impact.adopters import Adopters, adopters
from pm_analytics.errors import DataError
from pm_analytics.metrics import Metric
from pm_analytics.names import LIFT_CI_LOWER, LIFT_CI_UPPER, STATUS
from pm_analytics.quality import QualityReport, check
from pm_analytics.quality.counts import machine_units, units_per_day
from pm_analytics.verdicts.gaps import TrackingGap, bounds, gap_near
from pm_analytics.verdicts.grades import Grade, grade_of
from pm_analytics.verdicts.periods import Periods, periods
from pm_analytics.verdicts.reversal import Reversal, noun, reversal
from pm_analytics.verdicts.rules import Evidence, Verdict, decide

if TYPE_CHECKING:
    from pm_analytics.events import EventLog
    from pm_analytics.verdicts.question import LaunchQuestion

MACHINES = "machines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was found out; the fields of :class:`LaunchFindings` but for the log and the question."""

    periods: Periods
    quality: QualityReport
    adoption: AdoptionResult | None
    funnel: FunnelResult | None
    comparison: FunnelComparison | None
    experiment: ExperimentResult | None
    impact: ImpactResult | None
    reversal: Reversal | None
    gap: TrackingGap | None
    adopters: Adopters | None
    reasons: tuple[str, ...]
    grade: Grade
    verdict: Verdict


def read(log: EventLog, question: LaunchQuestion) -> Read:
    """Compute what can be computed, grade it, and let one rule decide."""
    calendar = periods(log, question)
    quality = check(
        log,
        launch_at=log.say_exactly(calendar.launch),
        feature_events=question.feature_events,
        may_change=_may_change(question),
    )
    found = _read(log, question, calendar, quality)
    return _held_without_machines(log, question, found)


def _may_change(question: LaunchQuestion) -> list[str]:
    """List the events that the launch may change: their jump is an answer, and no fault of the data."""
    asked = [*question.entry_events, *question.guardrail_events]
    return [*asked, *([question.primary_event] if question.primary_event else [])]


def _read(log: EventLog, question: LaunchQuestion, calendar: Periods, quality: QualityReport) -> Read:
    known = log.as_of(calendar.end)
    adopted = _adoption(known, question, calendar)
    gap = _gap(log, quality, calendar, adopted)
    result = _experiment(known, question)
    back = reversal(known, question, calendar.before[1])
    moved, reasons = _impact(known, question, calendar, gap)
    whole = _whole_funnel(log, question)
    degraded = [finding for finding in quality.findings if finding.acts == "degrade"]
    grade = grade_of(result, moved, described=adopted is not None or whole is not None, degraded=bool(degraded))
    reasons += [f"{finding.check}: {finding.evidence}" for finding in degraded]
    if moved is not None and grade not in {"B", "C"}:
        reasons += moved.refused
    evidence = _evidence(question, calendar, quality, adopted, result, moved, gap, grade)
    reasons += [evidence.broken] if evidence.broken else []
    return Read(
        periods=calendar,
        quality=quality,
        adoption=adopted,
        funnel=whole,
        comparison=_before_and_after(known, question, calendar),
        experiment=result,
        impact=moved,
        reversal=back,
        gap=gap,
        adopters=_adopters(known, question, calendar),
        reasons=tuple(reasons),
        grade=grade,
        verdict=decide(evidence),
    )


def _held_without_machines(log: EventLog, question: LaunchQuestion, found: Read) -> Read:
    """Read the launch again without the units that no person could be; a verdict that turns with them is none."""
    noticed = [finding for finding in found.quality.findings if finding.check == MACHINES]
    if not noticed or noticed[0].severity == "green":
        return found
    without = log.without({log.unit: machine_units(log)})
    quality = replace(found.quality, findings=tuple(f for f in found.quality.findings if f.check != MACHINES))
    other = _read(without, question, found.periods, quality)
    states = [_state_without_machines(found, quality, question), other.verdict.state]
    if states[0] == states[1]:
        return found
    why = f"the verdict would be {states[0]} with units that behave like machines, and {states[1]} without them"
    return replace(found, verdict=Verdict("CANNOT JUDGE", 1, why), reasons=(*found.reasons, why))


def _state_without_machines(found: Read, quality: QualityReport, question: LaunchQuestion) -> str:
    """Give the verdict with the machines, were they not held against it as such."""
    evidence = _evidence(
        question, found.periods, quality, found.adoption, found.experiment, found.impact, found.gap, found.grade
    )
    return decide(evidence).state


def _adoption(log: EventLog, question: LaunchQuestion, calendar: Periods) -> AdoptionResult | None:
    """Measure adoption over those who were offered the feature: the exposed, or everybody active since the launch."""
    if not question.feature_events:
        return None
    offered = None if question.exposures is None else question.exposures.first(without=question.control)
    return adoption(
        log,
        question.feature_events,
        eligible=offered,
        released_at=log.say_exactly(calendar.launch),
        within=timedelta(days=question.adopt_window_days),
        min_uses=question.adopt_uses,
        min_days=question.adopt_days,
        interest=question.entry_events,
        retained_within=timedelta(days=question.retained_days),
        confidence=question.confidence,
    )


def _gap(
    log: EventLog, quality: QualityReport, calendar: Periods, adopted: AdoptionResult | None
) -> TrackingGap | None:
    days = gap_near(quality, calendar.before[1])
    if not days:
        return None
    daily = units_per_day(log)
    usual = float(daily["units"].median()) if len(daily) else 0.0
    return bounds(days, adopted, usual)


def _experiment(log: EventLog, question: LaunchQuestion) -> ExperimentResult | None:
    if question.exposures is None:
        return None
    plan = ExperimentPlan(
        primary=question.primary(),
        control=question.control,
        guardrails=question.guardrails(),
        segments=tuple(question.segments),
        confidence=question.confidence,
    )
    return experiment(log, question.exposures, plan)


def _impact(
    log: EventLog, question: LaunchQuestion, calendar: Periods, gap: TrackingGap | None
) -> tuple[ImpactResult | None, list[str]]:
    """Judge a launch that nobody was randomised to; give the result, and why there is none."""
    if question.exposures is not None or question.primary_event is None:
        return None, []
    try:
        return impact(
            log, log.say_exactly(calendar.launch), question.daily_primary(noun(log)), **_asked(log, question, gap)
        ), []
    except DataError as error:
        return None, [str(error).rstrip(".")]


def _adopters(log: EventLog, question: LaunchQuestion, calendar: Periods) -> Adopters | None:
    """Describe adopters beside others, where nobody was randomised and the log reaches far enough."""
    asked = question.feature_events and question.primary_event is not None and question.primary_kind == "count"
    if question.exposures is not None or not asked:
        return None
    metric = Metric.count(str(question.primary_event))
    try:
        return adopters(log, log.say_exactly(calendar.launch), question.feature_events, metric)
    except DataError:
        return None


def _asked(log: EventLog, question: LaunchQuestion, gap: TrackingGap | None) -> dict[str, Any]:
    rows: list[Any] = []
    if question.calendar is not None:
        rows += question.calendar[["start", "end", "what"]].to_numpy().tolist()
    rows += [] if gap is None else gap.calendar()
    asked: dict[str, Any] = {
        "calendar": pd.DataFrame(rows, columns=["start", "end", "what"]),
        "length": _days_on(log, question),
        "confidence": question.confidence,
        "per": "unit",
    }
    others = asked | {
        "guardrails": question.daily_guardrails(noun(log)),
        "negative_controls": question.daily(question.negative_control_events, noun(log)),
    }
    if question.compare_by is not None:
        return others | {"unit": question.compare_by, "treated": question.compare_with}
    helping = {"covariates": question.daily(question.helper_events, noun(log)), "untouched": question.untouched}
    return others | helping


def _days_on(log: EventLog, question: LaunchQuestion) -> int:
    """Give the days that are judged: those asked for, or fewer when the launch was rolled back."""
    if question.rolled_back_at is None:
        return question.post_days
    microseconds = log.moment(question.rolled_back_at) - log.moment(question.launch_at)
    return max(1, min(question.post_days, microseconds // 86_400_000_000))


def _window(question: LaunchQuestion) -> timedelta | None:
    days = question.conversion_window_days
    return None if days is None else timedelta(days=days)


def _whole_funnel(log: EventLog, question: LaunchQuestion) -> FunnelResult | None:
    if not question.funnel_steps:
        return None
    return funnel(log, question.funnel_steps, within=_window(question), confidence=question.confidence)


def _before_and_after(log: EventLog, question: LaunchQuestion, calendar: Periods) -> FunnelComparison | None:
    """Compare attempts begun before and after the launch, each with its full window over by now."""
    if not question.funnel_steps:
        return None
    spans = [calendar.judged(span, question.conversion_window_days) for span in (calendar.before, calendar.after)]
    if spans[0] is None or spans[1] is None:
        return None
    before, after = (
        funnel(log, question.funnel_steps, within=_window(question), entries=span, confidence=question.confidence)
        for span in spans
        if span is not None
    )
    return before.compare(after)


def _evidence(
    question: LaunchQuestion,
    calendar: Periods,
    quality: QualityReport,
    adopted: AdoptionResult | None,
    result: ExperimentResult | None,
    moved: ImpactResult | None,
    gap: TrackingGap | None,
    grade: Grade,
) -> Evidence:
    judged = 1 if adopted is None else int(adopted.to_frame()["users"].iloc[0])
    lower, upper, guardrails = _effect(result, moved, grade)
    return Evidence(
        grade=grade,
        broken=_broken(quality, result, gap),
        lift_lower=lower,
        lift_upper=upper,
        guardrails=guardrails,
        days_after=calendar.days_after,
        adopt_window_days=question.adopt_window_days,
        judged=judged,
        wanted_lift=question.wanted_lift,
        min_worthwhile=question.min_worthwhile,
    )


def _effect(
    result: ExperimentResult | None, moved: ImpactResult | None, grade: Grade
) -> tuple[float, float, tuple[str, ...]]:
    """Give the interval of the primary metric (good is positive) and the guardrails' words, by the grade."""
    if grade == "A" and result is not None:
        primary = result.rows("primary")[0]
        guardrails = tuple(row[STATUS] for row in result.rows("guardrail"))
        return float(primary[LIFT_CI_LOWER]), float(primary[LIFT_CI_UPPER]), guardrails
    if grade in {"B", "C"} and moved is not None:
        guardrails = tuple(each.status for each in moved.estimates if each.subject.role == "guardrail")
        return (*moved.primary.good, guardrails)
    return math.nan, math.nan, ()


def _broken(quality: QualityReport, result: ExperimentResult | None, gap: TrackingGap | None) -> str:
    """Say why a needed input cannot be used: a failed gate, or data that no verdict may rest on."""
    if result is not None and not result.trusted:
        return result.summary()
    red = [f"{finding.check}: {finding.evidence}" for finding in quality.findings if finding.acts == "withhold"]
    if gap is not None and gap.too_long:
        red.append(f"tracking was down on {len(gap.days)} days at the launch ({gap.days[0]} to {gap.days[-1]})")
    return "; ".join(red)
