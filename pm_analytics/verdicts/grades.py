"""How strong is the evidence? The grade decides which words a sentence may use.

    A  users were assigned at random, and the split is sound
    B  a comparison group that would have moved alike
    C  the metric against its own past, with false-alarm rates from that past
    D  a description: who uses it, and what was there before and after
    E  it cannot be measured with this data

A report never grades above what it computed, and what the data-quality checks found can take a grade away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment import ExperimentResult
    from pm_analytics.analyses.impact import ImpactResult

Grade = Literal["A", "B", "C", "D", "E"]

MEANINGS: dict[Grade, str] = {
    "A": "randomised comparison",
    "B": "comparison group",
    "C": "against its own past",
    "D": "description only",
    "E": "not measurable with this data",
}


def grade_of(
    experiment: ExperimentResult | None, impact: ImpactResult | None, *, described: bool, degraded: bool = False
) -> Grade:
    """Grade the evidence at hand.

    Parameters
    ----------
    experiment : ExperimentResult or None
        The randomised comparison, when there was one.
    impact : ImpactResult or None
        Units compared, or the metric against its own past, when nobody was randomised.
    described : bool
        Whether adoption or a funnel could be described.
    degraded : bool
        Whether the data changed at the launch in a way that makes before and after not comparable. What was
        randomised stays comparable: both variants saw the same change.
    """
    if experiment is not None and experiment.trusted:
        return "A"
    if experiment is None and impact is not None and impact.grade in {"B", "C"} and not degraded:
        return impact.grade
    return "D" if described else "E"
