"""What goes with converting, and what with dropping off: a description, never a cause."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.funnel.counts import drivers as queries
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    ADJUSTED_P_VALUE,
    CI_LOWER,
    CI_UPPER,
    DIFFERENCE,
    KIND,
    ODDS_CI_LOWER,
    ODDS_CI_UPPER,
    ODDS_RATIO,
    P_VALUE,
    RATE_WITH,
    RATE_WITHOUT,
    USERS,
    VALUE,
)
from pm_analytics.results import Claim, Result, records, say_points
from pm_analytics.stats.multiplicity import benjamini_hochberg
from pm_analytics.stats.odds import odds_ratio
from pm_analytics.stats.proportions import newcombe, pooled_p_value, share

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.counts import Attempts

SMALLEST_SHARE = 0.02
ASSOCIATION_ONLY = "This is an association only: it does not show that anything here moves conversion."
WATCHED_LONGER = (
    "Who dropped off was watched for longer than who converted, so frequent events lean towards dropping off."
)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FunnelDrivers(Result):
    """Events and property values, and conversion with and without them. One row each, the clearest difference first.

    ``to_frame()``: ``kind`` (``"event"``, done between entry and the end of the attempt; or the property's name, its
    value at entry), ``value``, ``users`` that have it, ``rate_with`` and ``rate_without`` (shares that converted),
    ``difference`` with Newcombe's ``ci_lower`` and ``ci_upper``, ``odds_ratio`` (1 added to every cell) with
    ``odds_ci_lower`` and ``odds_ci_upper``, ``p_value``, and ``adjusted_p_value`` for their number
    (Benjamini-Hochberg). Only attempts that converted or whose time is over are compared.

    Attributes
    ----------
    converted, dropped : int
        Units compared: those that made all steps, and those that did not.
    counted : str
        What is counted, in words.
    level : float
        Share of false findings that is accepted among those said to differ.
    with_events : bool
        Whether events are compared, and not only properties.
    """

    converted: int
    dropped: int
    counted: str
    level: float
    with_events: bool

    def summary(self) -> str:
        """Say what goes most with converting and with dropping off, among what is not likely to be chance."""
        size = self.converted + self.dropped
        if not size:
            return "No attempt has converted or had all its time yet, so there is nothing to compare."
        base = f"Of {size:,} {self.counted} that converted or had all their time, {self.converted:,} converted"
        clear = self._table[self._table[ADJUSTED_P_VALUE] <= self.level]
        if clear.empty:
            return f"{base}; nothing looked at tells them from the others beyond chance. {ASSOCIATION_ONLY}"
        said = [self._say(clear[sign * clear[DIFFERENCE] > 0], words) for sign, words in _SIDES.items()]
        return f"{base}. {' '.join(filter(None, said))} {self.caution}"

    @property
    def caution(self) -> str:
        """What a reader must know before taking a difference for more than it is."""
        return f"{ASSOCIATION_ONLY} {WATCHED_LONGER}" if self.with_events else ASSOCIATION_ONLY

    def headline(self) -> str:
        """Say what is shown."""
        return "What goes with converting, and what with dropping off"

    def claims(self) -> list[Claim]:
        """List the difference in conversion with and without each."""
        return [
            Claim.of_row(
                row,
                DIFFERENCE,
                id=f"funnel.driver.{row[KIND]}.{row[VALUE]}",
                unit="difference",
                definition=f"with and without {row[VALUE]}: {self.definition}",
                n=int(row[USERS]),
                denominator=self.converted + self.dropped,
            )
            for row in records(self._table)
        ]

    def to_display(self) -> pd.DataFrame:
        """Say differences in percentage points."""
        points = {name: [say_points(value) for value in self._table[name]] for name in (DIFFERENCE, CI_LOWER, CI_UPPER)}
        odds = [ODDS_CI_LOWER, ODDS_CI_UPPER, P_VALUE]
        return self._table.assign(**points).drop(columns=odds)

    def _say(self, rows: pd.DataFrame, words: str) -> str:
        if rows.empty:
            return ""
        row = rows.iloc[int(rows[DIFFERENCE].abs().argmax())]
        what = f"{row[VALUE]!r}" if row[KIND] == "event" else f"{row[KIND]} {row[VALUE]!r}"
        return (
            f"{words} {what}: {row[RATE_WITH]:.1%} converted with it, {row[RATE_WITHOUT]:.1%} without "
            f"(difference {say_points(row[DIFFERENCE])}, {say_points(row[CI_LOWER])} to {say_points(row[CI_UPPER])})."
        )


_SIDES = {1: "Most with converting goes", -1: "Most with dropping off goes"}


def find_drivers(
    asked: Asked, attempts: Attempts, properties: tuple[str, ...], smallest: int, *, events: bool
) -> FunnelDrivers:
    """Compare; see :meth:`FunnelResult.drivers`."""
    asked.log.require_columns(properties)
    if asked.each:
        raise ParameterError(
            "Drivers compare units, and attempts of one unit resemble each other; ask a funnel with count='users'."
        )
    if type(smallest) is not int or smallest < 1:
        raise ParameterError(f"smallest={smallest!r} must be a whole number of at least 1.")
    if not events and not properties:
        raise ParameterError("There is nothing to compare: leave events=True, or name properties=.")
    people = queries.judged(attempts)
    converted, dropped = queries.sizes(people)
    parts = [_rows("event", queries.events_between(attempts, people), "event")] if events else []
    parts += [_rows(name, queries.values_at_entry(attempts, people, name), "segment") for name in properties]
    least = min(smallest, math.ceil(SMALLEST_SHARE * (converted + dropped)))
    rows = [
        _compared(row, converted, dropped, asked.confidence) for part in parts for row in part if _met(row) >= least
    ]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table[ADJUSTED_P_VALUE] = benjamini_hochberg([float(p) for p in table[P_VALUE]])
    table = table.sort_values([ADJUSTED_P_VALUE, P_VALUE, KIND, VALUE], ignore_index=True)
    return FunnelDrivers(
        table,
        definition=(
            f"Drivers: {_looked_at(properties, events=events)}; those met in fewer than {least:,} left out; "
            f"{asked.confidence:.0%} Newcombe and Woolf intervals; p-values adjusted by Benjamini-Hochberg. "
            f"{asked.definition}"
        ),
        basis=f"{asked.counted} that converted or whose time is over; {asked.log.basis}",
        converted=converted,
        dropped=dropped,
        counted=asked.counted,
        level=1 - asked.confidence,
        with_events=events,
    )


def _looked_at(properties: tuple[str, ...], *, events: bool) -> str:
    done = ["events done between entry and the last step, or the end of the time allowed"] if events else []
    return " and ".join([*done, *([f"{', '.join(properties)} at entry"] if properties else [])])


_COLUMNS = [
    KIND, VALUE, USERS, RATE_WITH, RATE_WITHOUT, DIFFERENCE, CI_LOWER, CI_UPPER,
    ODDS_RATIO, ODDS_CI_LOWER, ODDS_CI_UPPER, P_VALUE,
]  # fmt: skip


def _rows(kind: str, found: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    return [
        {KIND: kind, VALUE: row[column], "made": int(row["made"]), "missed": int(row["missed"])}
        for row in records(found)
    ]


def _met(row: dict[str, Any]) -> int:
    return int(row["made"] + row["missed"])


def _compared(row: dict[str, Any], converted: int, dropped: int, confidence: float) -> tuple[object, ...]:
    """Compare conversion with and without it."""
    made, size = row["made"], _met(row)
    others, rest = converted - made, converted + dropped - size
    interval = newcombe(made, size, others, rest, confidence=confidence)
    odds = odds_ratio(made, size, others, rest, confidence=confidence)
    with_it, without = share(made, size), share(others, rest)
    p_value, _ = pooled_p_value(made, size, others, rest)
    return (
        *(row[KIND], row[VALUE], size, with_it, without, with_it - without, interval.lower, interval.upper),
        *(odds.value, odds.interval.lower, odds.interval.upper, p_value),
    )
