"""Two groups side by side: what every comparison of a room has in common. A description, never an effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.names import CI_LOWER, CI_UPPER, DIFFERENCE, FIRST_RATE, FIRST_USERS, SECOND_RATE, SECOND_USERS
from pm_analytics.results import Result, say_points, say_value
from pm_analytics.stats.proportions import newcombe, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

NOT_AN_EFFECT = "This describes a difference; it does not show what caused it."


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Comparison(Result):
    """How two groups differ: one row per thing compared, with the columns of :func:`side_by_side`.

    Attributes
    ----------
    labels : (str, str)
        How the two are called.
    confidence : float
        Coverage of the intervals.
    """

    labels: tuple[str, str]
    confidence: float

    def to_display(self) -> pd.DataFrame:
        """Format the table for people: both groups by their names, differences in percentage points."""
        table = self._table
        said = {name: [say_points(value) for value in table[name]] for name in (DIFFERENCE, CI_LOWER, CI_UPPER)}
        said |= {name: [say_value(name, value) for value in table[name]] for name in (FIRST_RATE, SECOND_RATE)}
        named = {
            column: f"{label}: {column.removeprefix(place).replace('_', ' ')}"
            for place, label in zip(("first_", "second_"), self.labels, strict=True)
            for column in table.columns
            if column.startswith(place)
        }
        return table.assign(**said).rename(columns=named)


def side_by_side(
    first: Sequence[tuple[int, int]], second: Sequence[tuple[int, int]], *, confidence: float
) -> dict[str, list[float]]:
    """Compare pairs of counts (units, and the units they are a share of), one by one.

    Returns
    -------
    dict
        Columns: ``first_users``, ``first_rate``, ``second_users``, ``second_rate``; ``difference`` = second minus
        first, with Newcombe's ``ci_lower`` and ``ci_upper``, which take the two groups for different units. Rates are
        null without units to be a share of, and so are a difference and its interval when either rate is.
    """
    pairs = list(zip(first, second, strict=True))
    around = [newcombe(*two, *one, confidence=confidence) for one, two in pairs]
    return {
        FIRST_USERS: [one[0] for one in first],
        FIRST_RATE: [share(*one) for one in first],
        SECOND_USERS: [two[0] for two in second],
        SECOND_RATE: [share(*two) for two in second],
        DIFFERENCE: [share(*two) - share(*one) for one, two in pairs],
        CI_LOWER: [interval.lower for interval in around],
        CI_UPPER: [interval.upper for interval in around],
    }
