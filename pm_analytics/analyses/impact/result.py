"""What a launch moved, and the views that can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.analyses.impact import adopters, breaks, mix, robustness
from pm_analytics.analyses.impact.outcome import ImpactOutcome, table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.results import Result

__all__ = ["ImpactResult", "table_of"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ImpactResult(ImpactOutcome):
    """What a launch moved, against what was to be expected without it. See :func:`pm_analytics.impact`.

    ``to_frame()`` is described at :class:`ImpactOutcome`.
    """

    def robustness(self) -> Result:
        """Ask the same in other ways: other methods, lengths, histories and covariates."""
        return robustness.robustness(self)

    def began(self) -> Result:
        """Find the period in which the series changed most around the launch."""
        return breaks.began(self)

    def mix(self, by: str) -> Result:
        """Divide the change before and after among the values of a property: what they do, and who was there."""
        return mix.mix(self, by)

    def adopters(self, feature: str | Sequence[str]) -> Result:
        """Describe how units that took to a feature differ from those that did not: an association, no impact."""
        return adopters.adopters(self.question.source, self.question.launched_at, feature, self.question.metric)  # type: ignore[arg-type]
