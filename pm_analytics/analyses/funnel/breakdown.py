"""A funnel by the value of a property."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.funnel.counts import OTHER, segments
from pm_analytics.analyses.funnel.rates import rates
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    ADJUSTED_P_VALUE,
    CI_LOWER,
    CI_UPPER,
    CONVERSION_RATE,
    DIFFERENCE,
    ENTERED,
    EXCLUDED,
    P_VALUE,
    RATE,
    SEGMENT,
    STEP_NUMBER,
    USERS,
)
from pm_analytics.results import SMALL_GROUP, Claim, Result, records
from pm_analytics.stats.multiplicity import benjamini_hochberg
from pm_analytics.stats.proportions import newcombe, pooled_p_value, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.counts import Attempts

MOST_SEGMENTS = 100
_STEP = re.compile(r"step\s*\(?\s*(\d+)\s*\)?", re.IGNORECASE)
_WORDS = {
    "entry": "the value at the entry of the counted attempt",
    "first": "the first value over the step events that is not missing",
    "last": "the last value over the step events that is not missing",
    "all": "one funnel per value, on its events only",
}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FunnelBreakdown(Result):
    """A funnel by segment. One row per segment and step, the largest segment first.

    ``to_frame()`` has the funnel's columns behind ``segment``; the shares of a segment are of those who entered in it.

    Attributes
    ----------
    properties : str
        By what, in words.
    counted : str
        What is counted, in words.
    entered : int
        Units that entered the whole funnel.
    others : int
        Number of values counted together as "(other)".
    confidence : float
        Coverage of the intervals.
    """

    properties: str
    counted: str
    entered: int
    others: int
    confidence: float

    @property
    def in_segments(self) -> int:
        """Entries of all segments together."""
        return int(self._table.loc[self._table[STEP_NUMBER] == 1, USERS].sum())

    def summary(self) -> str:
        """Say the largest segments' conversion, and whether the segments add up to the funnel."""
        ends = self.ends()
        if ends.empty:
            return "There are no segments to tell apart: nobody is in one."
        said = ", ".join(_say(row) for row in records(ends.head(3)))
        more = f" and {len(ends) - 3:,} more" if len(ends) > 3 else ""
        return f"By segment: {said}{more}. {self.reconciled()}"

    def reconciled(self) -> str:
        """Say whether the segments add up to the funnel, and why not when they do not."""
        together = self.in_segments
        if together == self.entered:
            return f"The segments add up to the {self.entered:,} {self.counted} that entered."
        if together > self.entered:
            return (
                f"The segments add up to {together:,}, more than the {self.entered:,} {self.counted} that entered: "
                "who did steps with several values is in several segments."
            )
        return (
            f"The segments add up to {together:,} of the {self.entered:,} {self.counted} that entered: the others did "
            "not make that step, and are in no segment."
        )

    def headline(self) -> str:
        """Say what is told apart."""
        return f"Conversion by {self.properties}: {len(self.ends()):,} segments of {self.entered:,} {self.counted}"

    def claims(self) -> list[Claim]:
        """List each segment's overall conversion."""
        return [
            Claim.of_row(
                row,
                CONVERSION_RATE,
                id=f"funnel.segment.{row[SEGMENT]}",
                unit="share",
                definition=f"{row[SEGMENT]}: {self.definition}",
                n=int(row[USERS]),
                denominator=int(row[ENTERED]),
            )
            for row in records(self.ends())
        ]

    def to_display(self) -> pd.DataFrame:
        """Leave out exclusions when none ended any attempt."""
        return self._table if self._table[EXCLUDED].any() else self._table.drop(columns=[EXCLUDED])

    def against_rest(self) -> pd.DataFrame:
        """Compare each segment's overall conversion with that of all the others together.

        Returns
        -------
        DataFrame
            ``segment``, ``users`` that entered in it, ``rate``, ``difference`` from the rest with Newcombe's
            ``ci_lower`` and ``ci_upper``, ``p_value`` and, adjusted for the number of segments (Benjamini-Hochberg),
            ``adjusted_p_value``. A description of who converts: no segment is a cause. Null where there is no rest.

        Raises
        ------
        ParameterError
            Units are in several segments (``attribution="all"``), so the rest is not another group.
        """
        if self.in_segments > self.entered:
            raise ParameterError(
                "Here a unit may be in several segments, so no segment has a rest to compare with. "
                "Break down by attribution='entry', 'first' or 'last'."
            )
        ends = self.ends()
        entered, converted = int(ends[ENTERED].sum()), int(ends[USERS].sum())
        rows = []
        for row in records(ends):
            size, made = int(row[ENTERED]), int(row[USERS])
            rest, others = entered - size, converted - made
            interval = newcombe(made, size, others, rest, confidence=self.confidence)
            difference = share(made, size) - share(others, rest)
            p_value, _ = pooled_p_value(made, size, others, rest)
            rows.append((row[SEGMENT], size, share(made, size), difference, interval.lower, interval.upper, p_value))
        table = pd.DataFrame(rows, columns=[SEGMENT, USERS, RATE, DIFFERENCE, CI_LOWER, CI_UPPER, P_VALUE])
        return table.assign(**{ADJUSTED_P_VALUE: benjamini_hochberg(table[P_VALUE].tolist())})

    def ends(self) -> pd.DataFrame:
        """Give each segment's last row, and how many entered in it."""
        last = self._table[STEP_NUMBER].max()
        entered = self._table.loc[self._table[STEP_NUMBER] == 1, USERS].to_numpy()
        ends: pd.DataFrame = self._table[self._table[STEP_NUMBER] == last].assign(**{ENTERED: entered})
        return ends


def break_down(
    asked: Asked,
    attempts: Attempts,
    properties: str | Sequence[str],
    attribution: str | int,
    top: int,
    *,
    whole: pd.DataFrame,
) -> FunnelBreakdown:
    """Count by segment; see :meth:`FunnelResult.by`."""
    names = (properties,) if isinstance(properties, str) else tuple(properties)
    if not names:
        raise ParameterError("A breakdown needs a property, or several: breakdown='country'.")
    asked.log.require_columns(names)
    rule = _rule(asked, attribution)
    if type(top) is not int or not 1 <= top <= MOST_SEGMENTS:
        raise ParameterError(f"top={top!r} must be a whole number from 1 to {MOST_SEGMENTS}: segments shown by name.")
    found = segments(attempts, names, rule, top=top, each=asked.each)
    tables = [rates(asked, levels, None).assign(**{SEGMENT: name}) for name, levels in found.levels.items()]
    table = pd.concat(tables, ignore_index=True) if tables else whole.head(0).assign(**{SEGMENT: []})
    table = table[[SEGMENT, *(name for name in table.columns if name != SEGMENT and not name.startswith("mature"))]]
    named = " and ".join(names)
    of_many = f"; {OTHER} stands for {found.others:,} more values" if found.others else ""
    words = _WORDS.get(str(rule), f"the value of the event that made step {attribution}")
    return FunnelBreakdown(
        table,
        definition=f"By {named}: {words}{of_many}. {asked.definition}",
        basis=f"attempts {asked.period or 'starting at any time'}; {asked.log.basis}",
        properties=named,
        counted=asked.counted,
        entered=int(whole[USERS].iloc[0]),
        others=found.others,
        confidence=asked.confidence,
    )


def _rule(asked: Asked, attribution: str | int) -> str | int:
    """Read whose value counts: a word, or the number of a step turned into that of a needed step."""
    if attribution in _WORDS:
        return attribution
    steps = asked.question.steps
    found = _STEP.fullmatch(attribution) if isinstance(attribution, str) else None
    number = int(found[1]) if found else attribution
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= len(steps):
        raise ParameterError(
            f"attribution={attribution!r} is not a choice; write one of {', '.join(_WORDS)}, or the number of a step "
            f"from 1 to {len(steps)}."
        )
    if steps[number - 1].optional or not asked.question.ordered:
        raise ParameterError(f"attribution={attribution!r} needs a step that every attempt makes, in an order.")
    return sum(not step.optional for step in steps[:number])


def _say(row: dict[str, object]) -> str:
    entered, made = int(str(row[ENTERED])), int(str(row[USERS]))
    of = f"{made:,} of {entered:,}"
    return f"{row[SEGMENT]} {of}" if entered < SMALL_GROUP else f"{row[SEGMENT]} {made / entered:.1%} ({of})"
