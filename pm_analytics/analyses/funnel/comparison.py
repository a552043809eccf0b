"""Two funnels side by side: before and after, or one segment and another. A description, never an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONVERSION_RATE,
    DIFFERENCE,
    FIRST_RATE,
    FIRST_USERS,
    SECOND_RATE,
    SECOND_USERS,
    STEP,
    STEP_NUMBER,
    USERS,
)
from pm_analytics.results import Claim, Result, say_share
from pm_analytics.stats.proportions import UNDEFINED, Interval, newcombe, share

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.analysis import FunnelResult

NOT_AN_EFFECT = "This describes a change; it does not show what caused it."


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FunnelComparison(Result):
    """How two funnels of the same steps differ. One row per step; see :func:`compare` for the columns.

    Attributes
    ----------
    labels : (str, str)
        How the two are called.
    confidence : float
        Coverage of the intervals.
    """

    labels: tuple[str, str]
    confidence: float

    def summary(self) -> str:
        """Say the overall conversion of both, and the difference with its interval."""
        last, first = self._table.iloc[-1], self._table.iloc[0]
        if math.isnan(last[DIFFERENCE]):
            empty = self.labels[0] if first[FIRST_USERS] == 0 else self.labels[1]
            return f"There is no comparison: nobody entered {empty}."
        said = [
            f"{label} {say_share(int(last[users]), int(first[users]), math.nan, math.nan)}"
            for label, users in zip(self.labels, (FIRST_USERS, SECOND_USERS), strict=True)
        ]
        return (
            f"Reached {last[STEP]!r}: {said[0]}; {said[1]}. Difference {100 * last[DIFFERENCE]:+.1f} percentage points "
            f"({100 * last[CI_LOWER]:+.1f} to {100 * last[CI_UPPER]:+.1f}). {NOT_AN_EFFECT}"
        )

    def claims(self) -> list[Claim]:
        """List each step's difference in conversion."""
        return [
            Claim(
                id=f"funnel_comparison.step_{row.step_number}",
                value=None if math.isnan(row.difference) else row.difference,
                unit="difference",
                definition=self.definition,
                ci_lower=None if math.isnan(row.ci_lower) else row.ci_lower,
                ci_upper=None if math.isnan(row.ci_upper) else row.ci_upper,
                n=int(row.second_users),
                denominator=int(self._table[SECOND_USERS].iloc[0]),
            )
            for row in self._table.itertuples(index=False)
        ]


def compare(first: FunnelResult, second: FunnelResult, *, labels: tuple[str, str]) -> FunnelComparison:
    """Compare two funnels of the same steps and window, step by step.

    Returns
    -------
    FunnelComparison
        ``to_frame()``: one row per step: ``step_number``, ``step``, ``first_users``, ``first_rate``, ``second_users``,
        ``second_rate`` (shares of those who entered each), ``difference`` = second minus first, with Newcombe's
        ``ci_lower`` and ``ci_upper`` (null at step 1, and when nobody entered one of them).

    Raises
    ------
    ParameterError
        The two differ in steps or window, so their rates do not compare.
    """
    if (first.steps, first.within) != (second.steps, second.within):
        raise ParameterError("Only funnels of the same steps and window compare; run both with the same ones.")
    one, two = first.to_frame(), second.to_frame()
    entered = int(one[USERS].iloc[0]), int(two[USERS].iloc[0])
    intervals = [UNDEFINED, *(_interval(a, b, entered, first.confidence) for a, b in _pairs(one, two))]
    table = pd.DataFrame(
        {
            STEP_NUMBER: one[STEP_NUMBER],
            STEP: one[STEP],
            FIRST_USERS: one[USERS],
            FIRST_RATE: one[CONVERSION_RATE],
            SECOND_USERS: two[USERS],
            SECOND_RATE: two[CONVERSION_RATE],
            DIFFERENCE: [share(b, entered[1]) - share(a, entered[0]) for a, b in zip(one[USERS], two[USERS], strict=True)],
            CI_LOWER: [interval.lower for interval in intervals],
            CI_UPPER: [interval.upper for interval in intervals],
        }
    )
    definition = (
        f"{labels[0]}: {first.period or 'all attempts'}; {labels[1]}: {second.period or 'all attempts'}; "
        f"{first.confidence:.0%} Newcombe intervals. {second.definition}"
    )
    return FunnelComparison(table, definition, labels, first.confidence)


def _pairs(one: pd.DataFrame, two: pd.DataFrame) -> list[tuple[int, int]]:
    """Pair the counts of the steps after the first: that everybody who entered has entered is no estimate."""
    return [(int(a), int(b)) for a, b in zip(one[USERS].iloc[1:], two[USERS].iloc[1:], strict=True)]


def _interval(before: int, after: int, entered: tuple[int, int], confidence: float) -> Interval:
    return newcombe(after, entered[1], before, entered[0], confidence=confidence)
