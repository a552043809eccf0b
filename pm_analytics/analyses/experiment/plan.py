"""What is asked of an experiment, written before its data is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError
from pm_analytics.metrics import Metric
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What is asked of an experiment.

    Attributes
    ----------
    primary : Metric or sequence of Metric
        What the decision hangs on.
    control : str
        Name of the variant that changed nothing.
    guardrails : sequence of Metric
        What must not get worse than its ``max_harm``.
    split : mapping, optional
        Variant -> planned weight, such as ``{"control": 1, "treatment": 1}``. Equal over the variants seen when not
        given; name it whenever a variant might have received nobody.
    confidence : float
        Coverage of the intervals.
    """

    primary: Metric | Sequence[Metric]
    control: str = "control"
    guardrails: Sequence[Metric] = ()
    split: Mapping[str, float] | None = None
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Refuse a plan that could not be decided."""
        check_confidence(self.confidence)
        if not self.primaries:
            raise ParameterError(
                "A plan needs a primary metric, such as Metric.conversion('purchase', within='14 days')."
            )
        without = [metric.name for metric in self.guardrails if metric.max_harm is None]
        if without:
            raise ParameterError(f"Guardrail {without[0]!r} needs the harm you would tolerate: max_harm=0.05 for 5 %.")
        if self.split is not None and (self.control not in self.split or min(self.split.values()) <= 0):
            raise ParameterError(
                f"split={dict(self.split)!r} must give {self.control!r} and each variant a weight above 0."
            )
        names = [metric.name for metric, _ in self.metrics()]
        if len(set(names)) < len(names):
            raise ParameterError(f"Two metrics of the plan have one name: {names}. Say name='...' for one of them.")

    @property
    def primaries(self) -> tuple[Metric, ...]:
        """The primary metrics, as a tuple."""
        return (self.primary,) if isinstance(self.primary, Metric) else tuple(self.primary)

    def metrics(self) -> list[tuple[Metric, str]]:
        """List every metric with its role, ``"primary"`` or ``"guardrail"``."""
        return [*((m, "primary") for m in self.primaries), *((m, "guardrail") for m in self.guardrails)]
