"""Read a launch: compute what can be computed, grade it, let one rule decide, and hand out the report's sections."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.adoption import AdoptionResult, adoption
from pm_analytics.analyses.experiment import ExperimentPlan, ExperimentResult, experiment
from pm_analytics.analyses.funnel import FunnelComparison, FunnelResult, funnel
from pm_analytics.errors import PmAnalyticsWarning
from pm_analytics.names import LIFT_CI_LOWER, LIFT_CI_UPPER, STATUS
from pm_analytics.quality import QualityReport, check
from pm_analytics.verdicts import sections
from pm_analytics.verdicts.findings import LaunchFindings
from pm_analytics.verdicts.grades import Grade, grade_of
from pm_analytics.verdicts.periods import Periods, periods
from pm_analytics.verdicts.question import LaunchQuestion
from pm_analytics.verdicts.rules import Evidence, decide

if TYPE_CHECKING:
    from pathlib import Path

    from pm_analytics.events import EventLog
    from pm_analytics.verdicts.passages import Html, Section


@dataclass(frozen=True, kw_only=True, repr=False)
class LaunchReadout(LaunchFindings):
    """What was found out about a launch, and the sections of the report that say it."""

    def header(self) -> Html:
        """Give the strip at the top: launch, dates, grade, data quality."""
        return sections.header(self)

    def sections(self, truth: str | Path | None = None) -> list[Section]:
        """List the sections that have something to say, in the order of the report.

        ``truth`` is the file of a simulated product's known truth; with it the estimates are held against it.
        """
        return sections.all_sections(self, truth)

    def section(self, name: str) -> Section | None:
        """Give one section by name: verdict, adoption, effect, funnel, quality, definitions; None when it is absent."""
        return sections.one(self, name)

    def truth(self, path: str | Path | None) -> Section | None:
        """Hold the estimates against a simulated product's known truth; None without a file of it."""
        return sections.known_truth(self, path)

    def __repr__(self) -> str:
        """Say the verdict in one line."""
        return f"<{self.question.launch_name}: {self.verdict.state} (rule {self.verdict.rule}, grade {self.grade})>"


def launch_readout(log: EventLog, question: LaunchQuestion | None = None, /, **asked: Any) -> LaunchReadout:  # noqa: ANN401
    """Read a launch: who adopted it, what changed, and what may be said about why.

    Parameters
    ----------
    log : EventLog
        Events before and after the launch.
    question : LaunchQuestion, optional
        What is asked; or give its parts by name: ``launch_name``, ``launch_at``, ``feature_events``, ``exposures`` ...

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        The question cannot be answered from this log; the message says what to change.

    Examples
    --------
    >>> readout = launch_readout(log, launch_name="Bulk edit", launch_at="2026-03-16 09:00",
    ...                          feature_events=["bulk_edit_saved"])  # doctest: +SKIP
    """
    question = question if question is not None else LaunchQuestion(**asked)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PmAnalyticsWarning)
        readout = _read(log, question)
    for message in dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, PmAnalyticsWarning)):
        # The same funnel is run over several periods; what is odd about it is said once.
        warnings.warn(message, PmAnalyticsWarning, stacklevel=2)
    return readout


def _read(log: EventLog, question: LaunchQuestion) -> LaunchReadout:
    log = log.without(question.exclude) if question.exclude else log
    calendar = periods(log, question)
    known = log.as_of(calendar.end)
    adopted = _adoption(known, question, calendar)
    result = _experiment(known, question)
    whole = _whole_funnel(log, question)
    quality = check(log)
    grade = grade_of(result, described=adopted is not None or whole is not None)
    evidence = _evidence(question, calendar, quality, adopted, result, grade)
    return LaunchReadout(
        log=log,
        question=question,
        periods=calendar,
        quality=quality,
        adoption=adopted,
        funnel=whole,
        comparison=_before_and_after(known, question, calendar),
        experiment=result,
        grade=grade,
        verdict=decide(evidence),
    )


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
        confidence=question.confidence,
    )


def _experiment(log: EventLog, question: LaunchQuestion) -> ExperimentResult | None:
    if question.exposures is None:
        return None
    plan = ExperimentPlan(
        primary=question.primary(),
        control=question.control,
        guardrails=question.guardrails(),
        confidence=question.confidence,
    )
    return experiment(log, question.exposures, plan)


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
    grade: Grade,
) -> Evidence:
    lower, upper, judged = math.nan, math.nan, 1 if adopted is None else int(adopted.to_frame()["users"].iloc[0])
    guardrails: tuple[str, ...] = ()
    if result is not None and result.trusted:
        primary = result.rows("primary")[0]
        lower, upper = float(primary[LIFT_CI_LOWER]), float(primary[LIFT_CI_UPPER])
        guardrails = tuple(row[STATUS] for row in result.rows("guardrail"))
    return Evidence(
        grade=grade,
        broken=_broken(quality, result),
        lift_lower=lower,
        lift_upper=upper,
        guardrails=guardrails,
        days_after=calendar.days_after,
        adopt_window_days=question.adopt_window_days,
        judged=judged,
        wanted_lift=question.wanted_lift,
        min_worthwhile=question.min_worthwhile,
    )


def _broken(quality: QualityReport, result: ExperimentResult | None) -> str:
    """Say why a needed input cannot be used: a failed gate, or red data quality."""
    if result is not None and not result.trusted:
        return result.summary()
    red = [f"{finding.check}: {finding.evidence}" for finding in quality.findings if finding.severity == "red"]
    return "; ".join(red)
