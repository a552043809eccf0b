"""Adoptions side by side: two groups and their difference, or several features in one table. Never an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption.asking import same_question
from pm_analytics.analyses.adoption.ladder import claims_of, shares
from pm_analytics.analyses.adoption.parts import AdoptionPart
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    ADOPTED,
    BASE,
    CI_LOWER,
    CI_UPPER,
    DIFFERENCE,
    ELIGIBLE,
    FEATURE,
    FIRST_RATE,
    FIRST_USERS,
    MEDIAN_DAYS,
    RATE,
    SECOND_RATE,
    SECOND_USERS,
    SEGMENT,
    USERS,
)
from pm_analytics.results import Claim, Result, known, records, say_points, say_share
from pm_analytics.stats.proportions import newcombe, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.analyses.adoption.result import AdoptionResult

NOT_AN_EFFECT = "This describes a difference; it does not show what caused it."


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
        high = _say(ranked[0], f"eligible {self.counted}")
        if len(ranked) == 1:
            return f"{ranked[0][FEATURE]}: {high} adopted it"
        return (
            f"{ranked[0][FEATURE]} was adopted most: {high}; "
            f"{ranked[-1][FEATURE]} least: {_say(ranked[-1], f'eligible {self.counted}')}"
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


def compare(first: AdoptionResult, second: AdoptionResult, names: tuple[str, str]) -> AdoptionPart:
    """Set two adoptions of the same question side by side."""
    if not same_question(first.question, second.question):
        raise ParameterError(
            "The two adoptions ask for different windows, uses, days or spans, so their rates mean different things; "
            "ask both with the same within, min_uses, min_days and span."
        )
    if len(set(names)) != 2:
        raise ParameterError(f"names={names!r} must be two different names, like ('before', 'after').")
    (a, n), (b, m) = ((one.count(ADOPTED), one.count(ELIGIBLE)) for one in (first, second))
    around = newcombe(b, m, a, n, confidence=first.confidence)
    difference = share(b, m) - share(a, n)
    table = shares([(names[0], a, n), (names[1], b, m)], SEGMENT, first.confidence)
    definition = (
        f"Difference of two adoption rates, {names[1]} minus {names[0]}, with Newcombe's {first.confidence:.0%} "
        f"interval, which takes the two to be different {first.counted}. {names[0]}: {first.definition} "
        f"{names[1]}: {second.definition}"
    )
    title, said = _say_difference(table, difference, (around.lower, around.upper), first.counted)
    claim = Claim(
        "adoption.compare", known(difference), "difference", definition,
        known(around.lower), known(around.upper), b, m,
    )  # fmt: skip
    row = {
        FIRST_USERS: a, FIRST_RATE: share(a, n), SECOND_USERS: b, SECOND_RATE: share(b, m),
        DIFFERENCE: difference, CI_LOWER: around.lower, CI_UPPER: around.upper,
    }  # fmt: skip
    return AdoptionComparison(
        _table=pd.DataFrame([row]),
        definition=definition,
        basis=f"{names[0]}: {first.basis}; {names[1]}: {second.basis}",
        kind="comparison",
        title=title,
        said=f"{said} {NOT_AN_EFFECT}",
        stated=(claim,),
        _rates=table,
    )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AdoptionComparison(AdoptionPart):
    """Two adoption rates and their difference. One row; see :meth:`AdoptionResult.compare`."""

    _rates: pd.DataFrame

    def rates(self) -> pd.DataFrame:
        """Give the two rates: ``segment``, ``users``, ``base``, ``rate``, ``ci_lower``, ``ci_upper``."""
        return self._rates.copy()

    def to_display(self) -> pd.DataFrame:
        """Format the table for people: the difference in percentage points."""
        said = {name: [say_points(value) for value in self._table[name]] for name in (DIFFERENCE, CI_LOWER, CI_UPPER)}
        return self._table.assign(**said)


def _say(row: Mapping[str, Any], counted: str) -> str:
    return say_share(int(row[USERS]), int(row[BASE]), row[CI_LOWER], row[CI_UPPER], counted)


def _say_difference(table: pd.DataFrame, difference: float, ends: tuple[float, float], counted: str) -> tuple[str, str]:
    if math.isnan(difference):
        said = "There is no comparison: one of the two has nobody observed long enough"
        return said, f"{said}."
    rows = records(table)
    both = "; ".join(f"{row[SEGMENT]}: {_say(row, f'eligible {counted}')}" for row in rows)
    points = f"{say_points(difference)} ({say_points(ends[0])} to {say_points(ends[1])})"
    title = f"Adoption, {rows[1][SEGMENT]} against {rows[0][SEGMENT]}: {points}"
    return title, f"{both}. Difference {points}."
