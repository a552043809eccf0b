"""What was found out about a launch, before a word is said about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from pm_analytics.analyses.adoption import AdoptionResult
    from pm_analytics.analyses.experiment import ExperimentResult
    from pm_analytics.analyses.funnel import FunnelComparison, FunnelResult
    from pm_analytics.analyses.impact import ImpactResult
    from pm_analytics.analyses.impact.adopters import Adopters
    from pm_analytics.events import EventLog
    from pm_analytics.quality import QualityReport
    from pm_analytics.results import Claim
    from pm_analytics.verdicts.gaps import TrackingGap
    from pm_analytics.verdicts.grades import Grade
    from pm_analytics.verdicts.periods import Periods
    from pm_analytics.verdicts.question import LaunchQuestion
    from pm_analytics.verdicts.reversal import Reversal
    from pm_analytics.verdicts.rules import Verdict


@dataclass(frozen=True, kw_only=True)
class LaunchFindings:
    """Everything that was found out about a launch. A part that could not be computed, or was not asked for, is None.

    Attributes
    ----------
    log : EventLog
        What was read, without what was excluded.
    question : LaunchQuestion
        What was asked.
    periods : Periods
        The calendar.
    quality : QualityReport
        Findings on the data.
    adoption : AdoptionResult or None
        Who could use the feature, and who does.
    funnel : FunnelResult or None
        The funnel over the whole log.
    comparison : FunnelComparison or None
        The funnel before and after the launch, over attempts that have had their window.
    experiment : ExperimentResult or None
        The randomised comparison.
    impact : ImpactResult or None
        Units compared, or the metric against its own past, when nobody was randomised.
    reversal : Reversal or None
        Whether the metric returned after the launch was rolled back.
    gap : TrackingGap or None
        Days without tracking around the launch, and what they could hide.
    adopters : Adopters or None
        How those who took to the feature differ from those who did not: a description.
    reasons : tuple of str
        Why the grade is not higher, or the effect not measured.
    deviations : tuple of str
        Where what was asked differs from the launch card.
    grade : str
        Strength of the evidence, A to E.
    verdict : Verdict
        What one rule decided.
    """

    log: EventLog
    question: LaunchQuestion
    periods: Periods
    quality: QualityReport
    adoption: AdoptionResult | None
    funnel: FunnelResult | None
    comparison: FunnelComparison | None
    experiment: ExperimentResult | None
    impact: ImpactResult | None = None
    reversal: Reversal | None = None
    gap: TrackingGap | None = None
    adopters: Adopters | None = None
    reasons: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    grade: Grade
    verdict: Verdict

    def claims(self) -> list[Claim]:
        """List every number that the report's sentences rest on."""
        parts = (self.adoption, self.funnel, self.comparison, self.experiment, self.impact, self.adopters)
        return [claim for part in parts if part is not None for claim in part.claims()]

    def next_read(self) -> date:
        """Give the first day on which rule 3 (too early) no longer holds; with too wide an interval, a later one."""
        settled = self.periods.after[0] + timedelta(days=max(14, self.question.adopt_window_days))
        looked_again = self.experiment.decision.until if self.experiment is not None else None
        longer = self.periods.after[0] + timedelta(days=self.question.post_days)
        dates = [settled]
        if self.verdict.rule == 7 and looked_again is not None:
            dates.append(looked_again)
        if self.verdict.rule == 7 and self.impact is not None:
            dates.append(longer if longer > self.periods.end else self.periods.end + timedelta(days=28))
        return max(dates)

    def names(self) -> list[str]:
        """List the words that are the user's: of the launch, its events and its calendar."""
        asked = self.question
        given = [asked.launch_name, asked.primary_event or "", asked.untouched, *asked.feature_events]
        return [*given, *asked.guardrail_events, *asked.funnel_steps, *asked.helper_events]
