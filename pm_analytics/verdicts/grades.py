"""How strong is the evidence? The grade decides which words a sentence may use.

    A  users were assigned at random, and the split is sound
    B  a comparison group that would have moved alike
    C  the metric against its own past, with false-alarm rates from that past
    D  a description: who uses it, and what was there before and after
    E  it cannot be measured with this data

B and C need estimators that the launch report does not offer yet; it never grades above what it computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment import ExperimentResult

Grade = Literal["A", "B", "C", "D", "E"]

MEANINGS: dict[Grade, str] = {
    "A": "randomised comparison",
    "B": "comparison group",
    "C": "against its own past",
    "D": "description only",
    "E": "not measurable with this data",
}


def grade_of(experiment: ExperimentResult | None, *, described: bool) -> Grade:
    """Grade the evidence at hand.

    Parameters
    ----------
    experiment : ExperimentResult or None
        The randomised comparison, when there was one.
    described : bool
        Whether adoption or a funnel could be described.
    """
    if experiment is not None and experiment.trusted:
        return "A"
    return "D" if described else "E"
