"""Two adoptions of the same question side by side, and their difference. Never an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption.asking import same_question
from pm_analytics.analyses.adoption.ladder import shares
from pm_analytics.analyses.adoption.parts import AdoptionPart
from pm_analytics.comparisons import NOT_AN_EFFECT
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    ADOPTED,
    BASE,
    CI_LOWER,
    CI_UPPER,
    DIFFERENCE,
    ELIGIBLE,
    FIRST_RATE,
    FIRST_USERS,
    SECOND_RATE,
    SECOND_USERS,
    SEGMENT,
    USERS,
)
from pm_analytics.results import Claim, known, records, say_points, say_share
from pm_analytics.stats.proportions import newcombe, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.analyses.adoption.standing import Standing


def compare(first: Standing, second: Standing, names: tuple[str, str]) -> AdoptionPart:
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


def say_rate(row: Mapping[str, Any], counted: str) -> str:
    """Say a row's rate with its interval and base."""
    return say_share(int(row[USERS]), int(row[BASE]), row[CI_LOWER], row[CI_UPPER], counted)


def _say_difference(table: pd.DataFrame, difference: float, ends: tuple[float, float], counted: str) -> tuple[str, str]:
    if math.isnan(difference):
        said = "There is no comparison: one of the two has nobody observed long enough"
        return said, f"{said}."
    rows = records(table)
    both = "; ".join(f"{row[SEGMENT]}: {say_rate(row, f'eligible {counted}')}" for row in rows)
    points = f"{say_points(difference)} ({say_points(ends[0])} to {say_points(ends[1])})"
    title = f"Adoption, {rows[1][SEGMENT]} against {rows[0][SEGMENT]}: {points}"
    return title, f"{both}. Difference {points}."
