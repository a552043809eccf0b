"""What an experiment found, as its views read it: the table of units, what was judged, and whether to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pm_analytics.analyses.experiment.checks import Check
    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.decision import Decision
    from pm_analytics.analyses.experiment.looks import Reading
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.analyses.experiment.roles import Judged


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Outcome(Result):
    """Variant against control, before a word is said about it.

    Attributes
    ----------
    plan : ExperimentPlan
        What was asked.
    checks : tuple of Check
        The validity gate.
    users : mapping
        Variant -> units analysed.
    immature : mapping
        Metric -> units left out because they have not been observed for its window yet, or nothing is known of them.
    deviations : tuple of str
        What differs from the plan as it was first written, and what in the data does, one sentence each.
    reading : Reading
        How often the data may be looked at, and how far it has come.
    decision : Decision
        What to do: SHIP, SHIP WITH WATCH, ITERATE, STOP, RERUN or EXTEND; the rule that says so; when to look again.
    """

    _numbers: pd.DataFrame
    _judged: tuple[Judged, ...]
    _units: Units
    plan: ExperimentPlan
    checks: tuple[Check, ...]
    users: Mapping[str, int]
    immature: Mapping[str, int]
    deviations: tuple[str, ...]
    reading: Reading
    decision: Decision

    @property
    def control(self) -> str:
        """Name of the control."""
        return self.plan.control

    @property
    def confidence(self) -> float:
        """Coverage that the plan asks of the intervals."""
        return self.plan.confidence

    @property
    def trusted(self) -> bool:
        """Whether no check of the gate failed."""
        return all(check.status != "failed" for check in self.checks)

    @property
    def confidence_alpha(self) -> float:
        """One minus the confidence that the plan asks for."""
        return self.plan.confidence_alpha
