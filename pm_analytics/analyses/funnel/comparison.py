"""Two funnels side by side: before and after, or one segment and another. A description, never an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from pm_analytics.comparisons import NOT_AN_EFFECT, Comparison, side_by_side
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    DIFFERENCE,
    FIRST_RATE,
    FIRST_USERS,
    SECOND_RATE,
    SECOND_USERS,
    STEP,
    STEP_NUMBER,
    USERS,
)
from pm_analytics.results import Claim, records, say_points, say_share

CHANGED_FACTOR = 10
"""A step whose rate differs this many times between two funnels is another step by the same name."""
SMALLEST_BASE = 20


@dataclass(frozen=True, slots=True)
class Side:
    """One of two funnels: its table, when its attempts began, what it says of itself, and how it is called."""

    label: str
    table: pd.DataFrame
    period: str
    definition: str
    basis: str
    counted: str
    unfinished: int

    @property
    def entered(self) -> int:
        """Units at the first step."""
        return int(self.table[USERS].iloc[0])


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FunnelComparison(Comparison):
    """How two funnels of the same steps differ. One row per step; see :func:`compare` for the columns.

    Attributes
    ----------
    counted : str
        What is counted, in words.
    unfinished : (int, int)
        Units of each whose time is not over: they may still convert.
    """

    counted: str
    unfinished: tuple[int, int]

    def summary(self) -> str:
        """Say the overall conversion of both, and the difference with its interval."""
        last, first = self._table.iloc[-1], self._table.iloc[0]
        if math.isnan(last[DIFFERENCE]):
            empty = self.labels[0] if first[FIRST_USERS] == 0 else self.labels[1]
            return f"There is no comparison: nobody entered {empty}."
        said = [
            f"{label} {say_share(int(last[users]), int(first[users]), math.nan, math.nan, self.counted)}"
            for label, users in zip(self.labels, (FIRST_USERS, SECOND_USERS), strict=True)
        ]
        return (
            f"Reached {last[STEP]!r}: {said[0]}; {said[1]}. Difference {say_points(last[DIFFERENCE])} "
            f"({say_points(last[CI_LOWER])} to {say_points(last[CI_UPPER])}). "
            f"{self._not_comparable()}{self._too_young()}{NOT_AN_EFFECT}"
        )

    def changed_steps(self) -> list[str]:
        """List steps that one period hardly knows: the process or its tracking changed; the rates do not compare."""
        table = self._table
        rates = [table[users] / table[users].shift() for users in (FIRST_USERS, SECOND_USERS)]
        bases = pd.concat([table[users].shift() for users in (FIRST_USERS, SECOND_USERS)], axis=1).min(axis=1)
        both = pd.concat(rates, axis=1)
        changed = (both.min(axis=1) * CHANGED_FACTOR < both.max(axis=1)) & (bases >= SMALLEST_BASE)
        return list(table.loc[changed, STEP])

    def _not_comparable(self) -> str:
        steps = self.changed_steps()
        if not steps:
            return ""
        named = " and ".join(map(repr, steps))
        return (
            f"But {named} hardly occurs in one of the two: the process or its tracking changed, "
            "so these rates do not compare. "
        )

    def _too_young(self) -> str:
        """Say when one side could still rise: a young funnel beside an old one looks worse than it is."""
        young = [f"{n:,} of {label}" for n, label in zip(self.unfinished, self.labels, strict=True) if n]
        return f"Still with time to go further: {' and '.join(young)}, so these shares can rise. " if young else ""

    def headline(self) -> str:
        """Say the difference in overall conversion, in one short line."""
        last = self._table.iloc[-1]
        if math.isnan(last[DIFFERENCE]):
            return "There is no comparison"
        return (
            f"Reached {last[STEP]!r}: {last[FIRST_RATE]:.1%} {self.labels[0]}, "
            f"{last[SECOND_RATE]:.1%} {self.labels[1]} "
            "(a description)"
        )

    def claims(self) -> list[Claim]:
        """List each step's difference in conversion."""
        return [
            Claim.of_row(
                row,
                DIFFERENCE,
                id=f"funnel_comparison.step_{row[STEP_NUMBER]}",
                unit="difference",
                definition=self.definition,
                n=int(row[SECOND_USERS]),
                denominator=int(self._table[SECOND_USERS].iloc[0]),
            )
            for row in records(self._table)
        ]


def compare(first: Side, second: Side, *, confidence: float) -> FunnelComparison:
    """Compare two funnels of the same steps and window, step by step.

    Returns
    -------
    FunnelComparison
        ``to_frame()``: one row per step: ``step_number``, ``step``, ``first_users``, ``first_rate``, ``second_users``,
        ``second_rate`` (shares of those who entered each), ``difference`` = second minus first, with Newcombe's
        ``ci_lower`` and ``ci_upper`` (null at step 1, and when nobody entered one of them).
    """
    pairs = [[(int(users), side.entered) for users in side.table[USERS]] for side in (first, second)]
    columns = side_by_side(*pairs, confidence=confidence)
    # That everybody who entered has entered is no estimate: the first step has no interval.
    columns[CI_LOWER][0] = columns[CI_UPPER][0] = math.nan
    steps = {name: first.table[name] for name in (STEP_NUMBER, STEP)}
    table = pd.DataFrame({**steps, **columns})
    spans = "; ".join(f"{side.label}: {side.period or 'all attempts'}" for side in (first, second))
    basis = "; ".join(f"{side.label}: {side.basis}" for side in (first, second))
    definition = f"{spans}; {confidence:.0%} Newcombe intervals. {second.definition}"
    return FunnelComparison(
        table,
        definition,
        basis,
        labels=(first.label, second.label),
        confidence=confidence,
        counted=first.counted,
        unfinished=(first.unfinished, second.unfinished),
    )
