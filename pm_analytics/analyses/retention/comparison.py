"""Two curves at the same ages: two cohorts, two segments, or before and after. A description, never an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.retention import wording
from pm_analytics.comparisons import NOT_AN_EFFECT, Comparison, side_by_side
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    AT_RISK,
    BRACKET,
    CI_LOWER,
    CI_UPPER,
    DIFFERENCE,
    FIRST_AT_RISK,
    FIRST_RATE,
    FIRST_USERS,
    PERIOD_NUMBER,
    SECOND_AT_RISK,
    SECOND_RATE,
    SECOND_USERS,
    SEGMENT,
    USERS,
)
from pm_analytics.results import SMALL_GROUP, Claim, records, say_points, say_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.retention.question import Question

# What must be alike for two curves to be of the same thing. Who starts may differ: that is what is compared.
ALIKE = (
    "period",
    "columns",
    "measure",
    "min_events",
    "week_start",
    "rolling",
    "same_period",
    "returning",
    "return_where",
)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two curves: how it is called, its rows as :meth:`RetentionResult.curve` gives them, its definition."""

    label: str
    curve: pd.DataFrame
    definition: str
    basis: str


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RetentionComparison(Comparison):
    """How two curves differ. One row per period number; see :func:`compare` for the columns.

    Attributes
    ----------
    counted : str
        What is counted, in words.
    question : Question
        What was asked of both; who started may differ.
    """

    _sides: pd.DataFrame
    counted: str
    question: Question

    def sides(self) -> pd.DataFrame:
        """Give both curves below one another: the columns of :meth:`RetentionResult.curve` behind ``segment``."""
        return self._sides.copy()

    def headline(self) -> str:
        """Say both shares in the first period that both have reached, in one short line."""
        rows = self._reached()
        if not rows:
            return "There is no comparison"
        row = rows[0]
        return (
            f"Retained {self._when(row)}: {self.labels[0]} {row[FIRST_RATE]:.1%}, {self.labels[1]} "
            f"{row[SECOND_RATE]:.1%} (a description)"
        )

    def summary(self) -> str:
        """Say both shares and their difference, in the first period and in the last that enough have reached."""
        rows = self._reached()
        if not rows:
            return "There is no comparison: there is no period that somebody of both has reached."
        first, far = rows[0], [row for row in rows[1:] if min(row[FIRST_AT_RISK], row[SECOND_AT_RISK]) >= SMALL_GROUP]
        later = f" {self._when(far[-1]).capitalize()}: {_say_difference(far[-1])}." if far else ""
        said = [
            f"{label} {say_share(int(first[users]), int(first[base]), math.nan, math.nan, self.counted)}"
            for label, users, base in zip(
                self.labels, (FIRST_USERS, SECOND_USERS), (FIRST_AT_RISK, SECOND_AT_RISK), strict=True
            )
        ]
        return (
            f"Retained {self._when(first)}: {said[0]}; {said[1]}. Difference {_say_difference(first)}.{later} "
            f"{NOT_AN_EFFECT}"
        )

    def claims(self) -> list[Claim]:
        """List the difference of each period."""
        return [
            Claim.of_row(
                row,
                DIFFERENCE,
                id=f"retention_comparison.period_{row[PERIOD_NUMBER]}",
                unit="difference",
                definition=self.definition,
                n=int(row[SECOND_USERS]) if row[SECOND_AT_RISK] else None,
                denominator=int(row[SECOND_AT_RISK]),
            )
            for row in records(self._table)
        ]

    def _reached(self) -> list[dict[str, Any]]:
        return [row for row in records(self._table) if not math.isnan(row[DIFFERENCE])]

    def _when(self, row: dict[str, Any]) -> str:
        return wording.say_when(int(row[PERIOD_NUMBER]), self.question)


def _say_difference(row: dict[str, Any]) -> str:
    return f"{say_points(row[DIFFERENCE])} ({say_points(row[CI_LOWER])} to {say_points(row[CI_UPPER])})"


def compare(first: Side, second: Side, question: Question, *, counted: str, confidence: float) -> RetentionComparison:
    """Compare two curves, period by period.

    Returns
    -------
    RetentionComparison
        ``to_frame()``: one row per period number: ``period_number`` (and ``bracket``); ``first_at_risk``,
        ``second_at_risk``, ``first_users``, ``first_rate``, ``second_users``, ``second_rate``; ``difference`` = second
        minus first, with Newcombe's ``ci_lower`` and ``ci_upper``. Null where nobody has been observed so long.
    """
    curves = [side.curve[side.curve[PERIOD_NUMBER] >= question.from_number] for side in (first, second)]
    columns: dict[str, Any] = {PERIOD_NUMBER: list(curves[0][PERIOD_NUMBER])}
    if question.edges:
        columns[BRACKET] = list(curves[0][BRACKET])
    columns |= dict(zip((FIRST_AT_RISK, SECOND_AT_RISK), (list(curve[AT_RISK]) for curve in curves), strict=True))
    columns |= side_by_side(*(_pairs(curve) for curve in curves), confidence=confidence)
    columns |= dict(zip((FIRST_USERS, SECOND_USERS), (list(curve[USERS]) for curve in curves), strict=True))
    labelled = [curve.assign(**{SEGMENT: side.label}) for curve, side in zip(curves, (first, second), strict=True)]
    return RetentionComparison(
        _table=pd.DataFrame(columns),
        definition=(
            f"{_say_both(first, second, first.definition, second.definition)} {confidence:.0%} Newcombe intervals, "
            "each on its own; no unit may be in both."
        ),
        basis=_say_both(first, second, first.basis, second.basis),
        labels=(first.label, second.label),
        confidence=confidence,
        _sides=pd.concat(labelled, ignore_index=True),
        counted=counted,
        question=question,
    )


def _say_both(first: Side, second: Side, one: str, two: str) -> str:
    """Say what holds for each side, and once what holds for both: the parts in which their lines end alike."""
    if one == two:
        return one
    mine, theirs = one.split("; "), two.split("; ")
    alike = 0
    while alike < min(len(mine), len(theirs)) - 1 and mine[-1 - alike] == theirs[-1 - alike]:
        alike += 1
    apart = [
        f"{side.label}: {'; '.join(parts[: len(parts) - alike])}" for side, parts in ((first, mine), (second, theirs))
    ]
    return "; ".join([*apart, *mine[len(mine) - alike :]])


def check_alike(first: Question, second: Question) -> None:
    """Raise ParameterError unless two results answer one question about different units."""
    for name in ALIKE:
        mine, theirs = getattr(first, name), getattr(second, name)
        if mine != theirs:
            raise ParameterError(
                f"These two do not ask the same: {name} is {mine!r} in one and {theirs!r} in the other. Ask both with "
                "the same period, measure and returns; let only who starts, and when, differ."
            )


def check_labels(labels: Sequence[str]) -> tuple[str, str]:
    """Give two different labels, or raise ParameterError."""
    if isinstance(labels, str) or len(labels) != 2 or labels[0] == labels[1] or not all(map(str.strip, labels)):
        raise ParameterError(f"labels={labels!r} must be two different names, like ('before', 'after').")
    return labels[0], labels[1]


def _pairs(curve: pd.DataFrame) -> list[tuple[int, int]]:
    """List users and those observed so long; nobody where nobody is, which makes the rate null."""
    users = curve[USERS].fillna(0)
    return [(int(part), int(whole)) for part, whole in zip(users, curve[AT_RISK], strict=True)]
