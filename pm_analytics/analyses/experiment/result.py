"""What an experiment answers, and the views of it: all of one table of units, so that they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.experiment import gate
from pm_analytics.analyses.experiment.outcome import Outcome
from pm_analytics.analyses.experiment.wording import say_confidence, say_effect, say_lift, say_metric
from pm_analytics.names import (
    ADJUSTED_P_VALUE,
    CI_LOWER,
    CI_UPPER,
    CONFIDENCE,
    CONTROL_USERS,
    CONTROL_VALUE,
    DETECTABLE_LIFT,
    DIFFERENCE,
    KIND,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    METHOD,
    METRIC,
    P_VALUE,
    REASON,
    ROLE,
    STATUS,
    VARIANCE_REDUCTION,
    VARIANT,
    VARIANT_USERS,
    VARIANT_VALUE,
)
from pm_analytics.results import Claim, records
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pm_analytics.analyses.experiment.alternatives import Alternatives
    from pm_analytics.analyses.experiment.days import EffectByDay
    from pm_analytics.analyses.experiment.expecting import BusinessImpact, Expectation
    from pm_analytics.analyses.experiment.exposures import Exposures
    from pm_analytics.analyses.experiment.novelty import EffectSinceExposure
    from pm_analytics.analyses.experiment.overlapping import OverlapResult
    from pm_analytics.analyses.experiment.segments import ExperimentSegments
    from pm_analytics.analyses.experiment.steps import StepEffects, WaitingCurves

SIGNED = (DIFFERENCE, CI_LOWER, CI_UPPER)
QUIET = [KIND, METHOD, P_VALUE, ADJUSTED_P_VALUE, CONFIDENCE, DETECTABLE_LIFT, VARIANCE_REDUCTION]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ExperimentResult(Outcome):
    """Variant against control, once the comparison can be trusted. See :func:`experiment` for the columns."""

    def gate(self) -> pd.DataFrame:
        """Give the validity gate: one row per check, with its status and evidence."""
        return gate.table(list(self.checks))

    def despite_failed_checks(self) -> pd.DataFrame:
        """Give the numbers even when the gate withholds them: to find the fault, never to decide."""
        return self._numbers.copy()

    @property
    def units_are_dated(self) -> bool:
        """Whether it is known when units were exposed."""
        return self._units.asked.exposures.dated

    def exposed_between(self) -> tuple[str, str] | tuple[None, None]:
        """Give the first and the last day of exposure, in the zone of the exposures; None when times are not known."""
        if not self.units_are_dated:
            return None, None
        exposures = self._units.asked.exposures
        first, last = (from_microseconds(exposures.found[end], exposures.log.timezone) for end in ("first", "last"))
        return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"

    def notes(self) -> list[str]:
        """List what a reader should know about single comparisons, such as an adjustment that turned a sign."""
        found = [f"{each.estimate.metric.name} ({each.estimate.variant}): {note}" for each in self._judged
                 for note in each.estimate.notes]  # fmt: skip
        return [f"{note}." for note in [*found, *self._left_out()]]

    def _left_out(self) -> list[str]:
        """Say who is in no number, once for all metrics of which it is the same."""
        metrics: dict[int, list[str]] = {}
        for name, n in self.immature.items():
            metrics.setdefault(n, []).append(name)
        return [
            f"{n:,} units are in no number of {', '.join(names)}: they were not observed for the whole window, or "
            "nothing is known of them"
            for n, names in metrics.items()
            if n
        ]

    def multiplicity_note(self) -> str:
        """Say how the number of comparisons was allowed for."""
        primary, exploratory = len(self.rows("primary")), len(self.rows("exploratory"))
        said = [
            f"{primary} primary comparisons share a {self.confidence_alpha:.3g} chance of a false finding (Holm), and "
            "their intervals are as wide as that asks for."
            if primary > 1
            else "One primary comparison, so nothing is taken off for looking at several."
        ]
        if self.rows("guardrail"):
            said.append(
                "Each guardrail is tested one-sided at full strength, since all of them must hold; its interval is the "
                f"{say_confidence(1 - 2 * self.confidence_alpha)} one."
            )
        if exploratory:
            said.append(
                f"Exploratory comparisons ({exploratory}) are ideas, not findings: of those called better or worse, "
                f"about {100 * self.confidence_alpha:.3g} % are false on average (Benjamini and Hochberg)."
            )
        return " ".join(said)

    def rows(self, role: str) -> list[dict[str, Any]]:
        """List the rows of one role, ``"primary"``, ``"guardrail"`` or ``"exploratory"``, as plain dictionaries."""
        return [row for row in records(self._table) if row[ROLE] == role]

    def by(self, segment: str, *, top: int = 10) -> ExperimentSegments:
        """Compare the variants within each value of a property of the exposures; see :func:`segments.by_segment`."""
        from pm_analytics.analyses.experiment.segments import by_segment

        return by_segment(self, segment, top=top)

    def over_time(self, metric: str | None = None) -> EffectByDay:
        """Follow the effect of everybody up to each day, with a band that allows looking; see :func:`days.by_day`."""
        from pm_analytics.analyses.experiment.days import by_day

        return by_day(self, metric)

    def by_day(self, metric: str | None = None) -> EffectByDay:
        """Give the effect on each day's units alone; see :func:`days.by_day`."""
        from pm_analytics.analyses.experiment.days import by_day

        return by_day(self, metric, cumulative=False)

    def since_exposure(self, metric: str | None = None, *, days: int = 28) -> EffectSinceExposure:
        """Follow the effect by days since exposure: does it fade? See :func:`novelty.since_exposure`."""
        from pm_analytics.analyses.experiment.novelty import since_exposure

        return since_exposure(self, metric, days=days)

    def alternatives(self) -> Alternatives:
        """Compute every effect in the other ways that its plan leaves open; see :func:`alternatives.alternatives`."""
        from pm_analytics.analyses.experiment.alternatives import alternatives

        return alternatives(self)

    def expect(self, *, usual_lift: float = 0.05) -> Expectation:
        """Say what to expect after launch, as a Bayesian would; see :func:`expecting.expectation`."""
        from pm_analytics.analyses.experiment.expecting import expectation

        return expectation(self, usual_lift=usual_lift)

    def business(
        self,
        *,
        units_per_year: float,
        value: float = 1.0,
        baseline: float | None = None,
        triggered_share: float | None = None,
    ) -> BusinessImpact:
        """Say what the effect comes to over everybody and a year; see :func:`expecting.business`."""
        from pm_analytics.analyses.experiment.expecting import business

        return business(
            self, units_per_year=units_per_year, value=value, baseline=baseline, triggered_share=triggered_share
        )

    def overlap(
        self, other: Exposures | pd.DataFrame, *, other_control: str = "control", metric: str | None = None
    ) -> OverlapResult:
        """Tell whether another experiment on the same units changes this one's effect; see :mod:`overlapping`."""
        from pm_analytics.analyses.experiment.overlapping import overlap

        return overlap(self, other, other_control=other_control, metric=metric)

    def steps(self, metric: str | None = None) -> StepEffects:
        """Compare the variants at each step of a funnel metric; see :func:`steps.step_effects`."""
        from pm_analytics.analyses.experiment.steps import step_effects

        return step_effects(self, metric)

    def curves(self, metric: str | None = None) -> WaitingCurves:
        """Give the curves of a time-to-event metric; see :func:`steps.waiting_curves`."""
        from pm_analytics.analyses.experiment.steps import waiting_curves

        return waiting_curves(self, metric)

    def summary(self) -> str:
        """Say the primary effects with their intervals and the guardrails' status; or why nothing may be read."""
        failed = [check for check in self.checks if check.status == "failed"]
        if failed:
            reasons = " ".join(f"{check.name}: {check.evidence}. {check.next_step}" for check in failed)
            return f"No result: this comparison cannot be trusted. {reasons}"
        sentences = [say_effect(row) for row in self.rows("primary")]
        sentences += [f"Guardrail {row[METRIC]}: {row[STATUS]}." for row in self.rows("guardrail")]
        return " ".join([*sentences, *self.deviations])

    def headline(self) -> str:
        """Say the primary effects in one short line."""
        primary = self.rows("primary")
        if not self.trusted or any(math.isnan(row[LIFT_CI_LOWER]) for row in primary):
            return self.summary()
        return "; ".join(f"{row[METRIC]}: {say_lift(row)} with {row[VARIANT]}" for row in primary)

    def claims(self) -> list[Claim]:
        """List each metric's lift, or its difference where a lift is undefined; nothing when the result is withheld."""
        if not self.trusted:
            return []
        return [_claim(row, self.definition) for row in records(self._table)]

    def to_display(self) -> pd.DataFrame:
        """Format the table for people: differences of shares in percentage points, and no column that says nothing.

        The p-values and the method stay in ``to_frame()``: an interval says the same and more.
        """
        rows = records(self._table)
        said = {
            column: [say_metric(row[column], row[KIND], signed=column in SIGNED) for row in rows]
            for column in (CONTROL_VALUE, VARIANT_VALUE, *SIGNED)
        }
        quiet = [REASON] if not any(row[REASON] for row in rows) else []
        return self._table.assign(**said).drop(columns=[*QUIET, *quiet])


def _claim(row: Mapping[str, Any], definition: str) -> Claim:
    relative = not math.isnan(row[LIFT_CI_LOWER])
    value, lower, upper = (
        (row[LIFT], row[LIFT_CI_LOWER], row[LIFT_CI_UPPER])
        if relative
        else (row[DIFFERENCE], row[CI_LOWER], row[CI_UPPER])
    )
    known = not math.isnan(lower)
    return Claim(
        id=f"experiment.{row[VARIANT]}.{row[METRIC]}",
        value=float(value) if known else None,
        unit="lift" if relative else "difference",
        definition=definition,
        ci_lower=float(lower) if known else None,
        ci_upper=float(upper) if known else None,
        n=int(row[VARIANT_USERS]),
        denominator=int(row[CONTROL_USERS]),
    )
