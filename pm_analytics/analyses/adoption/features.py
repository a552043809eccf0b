"""Adoption of several features side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.analyses.adoption.comparison import say_rate
from pm_analytics.analyses.adoption.ladder import claims_of, shares
from pm_analytics.names import ADOPTED, ELIGIBLE, FEATURE, MEDIAN_DAYS, RATE
from pm_analytics.results import Claim, Result, records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.analyses.adoption.result import AdoptionResult


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AdoptionsResult(Result):
    """Adoption of several features. One row per feature; see :func:`pm_analytics.adoptions`.

    Attributes
    ----------
    results : mapping
        Feature -> its AdoptionResult.
    counted : str
        What is counted, in words.
    """

    results: Mapping[str, AdoptionResult]
    counted: str

    def __getitem__(self, feature: str) -> AdoptionResult:
        """Give one feature's adoption."""
        return self.results[feature]

    def headline(self) -> str:
        """Name the features adopted most and least."""
        ranked = records(self._table.dropna(subset=RATE).sort_values(RATE, ascending=False))
        if not ranked:
            return "Nobody eligible has been observed long enough yet"
        high = say_rate(ranked[0], f"eligible {self.counted}")
        if len(ranked) == 1:
            return f"{ranked[0][FEATURE]}: {high} adopted it"
        return (
            f"{ranked[0][FEATURE]} was adopted most: {high}; "
            f"{ranked[-1][FEATURE]} least: {say_rate(ranked[-1], f'eligible {self.counted}')}"
        )

    def summary(self) -> str:
        """Name the features adopted most and least, and say what the rows share."""
        unlike = (
            " The rows have different bases: who used a feature before becoming eligible is left out of its row."
            if any(one.early for one in self.results.values())
            else ""
        )
        return f"{self.headline()}. The same {self.counted} may stand behind several rows.{unlike}"

    def claims(self) -> list[Claim]:
        """List each feature's rate."""
        return list(claims_of(self._table, FEATURE, "adoptions", self.definition))


def side_by_side(results: Mapping[str, AdoptionResult], confidence: float) -> AdoptionsResult:
    """Lay several features' adoption out, one row each, in the order given."""
    rows = [(name, one.count(ADOPTED), one.count(ELIGIBLE)) for name, one in results.items()]
    table = shares(rows, FEATURE, confidence).assign(**{MEDIAN_DAYS: [one.median_days() for one in results.values()]})
    first = next(iter(results.values()))
    features = "; ".join(f"{name} = {one.feature}" for name, one in results.items())
    return AdoptionsResult(
        _table=table,
        definition=f"Each feature as if asked for alone ({features}); for the first: {first.definition}",
        basis=first.basis,
        results=dict(results),
        counted=first.counted,
    )
