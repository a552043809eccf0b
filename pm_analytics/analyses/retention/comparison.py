"""Two cohorts at the same age, side by side. A description, never an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    COHORT,
    COHORT_USERS,
    DIFFERENCE,
    FIRST_COHORT,
    FIRST_COHORT_USERS,
    FIRST_RATE,
    FIRST_USERS,
    PERIOD_NUMBER,
    RATE,
    SECOND_COHORT,
    SECOND_COHORT_USERS,
    SECOND_RATE,
    SECOND_USERS,
    USERS,
)
from pm_analytics.results import Claim, Result, known, records, say_points, say_share
from pm_analytics.stats.proportions import newcombe

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_AN_EFFECT = "This describes a difference; it does not show what caused it."


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RetentionComparison(Result):
    """How two cohorts differ at one age. One row; see :func:`one_row` for the columns.

    Attributes
    ----------
    when : str
        The age, in words: ``"in week 4"``.
    counted : str
        What is counted, in words.
    """

    when: str
    counted: str

    def summary(self) -> str:
        """Say both shares, and the difference with its interval."""
        row = records(self._table)[0]
        if math.isnan(row[DIFFERENCE]):
            return "There is no comparison: one of the two cohorts is empty."
        said = [
            f"{row[cohort]}: {say_share(int(row[users]), int(row[size]), math.nan, math.nan, self.counted)}"
            for cohort, users, size in (
                (FIRST_COHORT, FIRST_USERS, FIRST_COHORT_USERS),
                (SECOND_COHORT, SECOND_USERS, SECOND_COHORT_USERS),
            )
        ]
        return (
            f"Retained {self.when}, cohort of {said[0]}; cohort of {said[1]}. Difference "
            f"{say_points(row[DIFFERENCE])} ({say_points(row[CI_LOWER])} to {say_points(row[CI_UPPER])}). "
            f"{NOT_AN_EFFECT}"
        )

    def headline(self) -> str:
        """Say both shares, in one short line."""
        row = records(self._table)[0]
        if math.isnan(row[DIFFERENCE]):
            return "There is no comparison"
        return (
            f"Retained {self.when}: {row[FIRST_RATE]:.1%} of the cohort of {row[FIRST_COHORT]}, "
            f"{row[SECOND_RATE]:.1%} of that of {row[SECOND_COHORT]} (a description)"
        )

    def claims(self) -> list[Claim]:
        """List the difference."""
        row = records(self._table)[0]
        return [
            Claim(
                id=f"retention_comparison.period_{row[PERIOD_NUMBER]}",
                value=known(row[DIFFERENCE]),
                unit="difference",
                definition=self.definition,
                ci_lower=known(row[CI_LOWER]),
                ci_upper=known(row[CI_UPPER]),
                n=int(row[SECOND_USERS]),
                denominator=int(row[SECOND_COHORT_USERS]),
            )
        ]

    def to_display(self) -> pd.DataFrame:
        """Format the table for people: the difference in percentage points."""
        said = {name: [say_points(value) for value in self._table[name]] for name in (DIFFERENCE, CI_LOWER, CI_UPPER)}
        return self._table.assign(**said)


def one_row(first: Mapping[str, Any], second: Mapping[str, Any], *, confidence: float) -> pd.DataFrame:
    """Set two cells of the tidy table side by side: ``difference`` = second minus first, with Newcombe's interval."""
    counts = [int(cell[name]) for cell in (second, first) for name in (USERS, COHORT_USERS)]
    interval = newcombe(*counts, confidence=confidence)
    return pd.DataFrame(
        {
            PERIOD_NUMBER: [int(first[PERIOD_NUMBER])],
            FIRST_COHORT: [first[COHORT]],
            FIRST_COHORT_USERS: [int(first[COHORT_USERS])],
            FIRST_USERS: [int(first[USERS])],
            FIRST_RATE: [first[RATE]],
            SECOND_COHORT: [second[COHORT]],
            SECOND_COHORT_USERS: [int(second[COHORT_USERS])],
            SECOND_USERS: [int(second[USERS])],
            SECOND_RATE: [second[RATE]],
            DIFFERENCE: [second[RATE] - first[RATE]],
            CI_LOWER: [interval.lower],
            CI_UPPER: [interval.upper],
        }
    )
