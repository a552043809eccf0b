"""Why one unit counts where it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.funnel.counts import Attempts
from pm_analytics.analyses.funnel.counts import listing as queries
from pm_analytics.analyses.funnel.counts.instants import HELD, NOW, bars, fills, optional_fills
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, STOPPED_AT, reached
from pm_analytics.analyses.funnel.listing import attempts as list_attempts
from pm_analytics.analyses.funnel.listing import local, optional_times
from pm_analytics.errors import DataError
from pm_analytics.names import ATTEMPT, COUNTS, ENTERED_AT, EVENT, OUTCOME, ROLE, STEP, STEP_NUMBER, TIME
from pm_analytics.results import Claim, Result, records
from pm_analytics.times import say_duration

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.asking import Asked

MOST_NAMED = 3


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Explanation(Result):
    """What a unit did, event by event. One row per event that matters to the funnel (in strict order: every event).

    ``to_frame()``: ``time`` (local), what is held constant (if asked), ``event``, and ``role``: what the event did for
    which attempt; empty when it did nothing.

    Attributes
    ----------
    unit : object
        The unit, as it was asked for.
    step_number : int
        The step at which it counts; 0 when it counts nowhere.
    """

    unit: object
    step_number: int
    _attempts: pd.DataFrame
    _said: str

    def summary(self) -> str:
        """Say where the unit counts, and why it got no further."""
        return self._said

    def claims(self) -> list[Claim]:
        """Make no claim: this is about one unit, and stays in the notebook."""
        return []

    def attempts(self) -> pd.DataFrame:
        """Give the unit's attempts, as :meth:`FunnelResult.attempts` lists them."""
        return self._attempts.copy()


def explain(asked: Asked, unit: object) -> Explanation:
    """Run the funnel on one unit's events, and tell what each of them did."""
    own = Attempts(asked.log.where({asked.log.unit: unit}), asked.question)
    events = queries.events_of(own)
    if events.empty:
        raise DataError(
            f"No event that matters to this funnel belongs to {asked.log.unit} {unit!r}. Check how it is written "
            "(result.users(1) lists those who entered), and that its events lie in the range."
        )
    listed = list_attempts(asked, own, None)
    rows = records(queries.attempt_rows(own, most=None))
    roles = [_role(event, rows, asked) for event in records(events)]
    columns: dict[str, Any] = {TIME: local(events[NOW], asked)}
    if asked.question.held:
        columns[str(asked.question.held)] = events[HELD]
    table = pd.DataFrame({**columns, EVENT: events[EVENT], ROLE: roles})
    counting = listed[listed[COUNTS]]
    return Explanation(
        _table=table,
        definition=asked.definition,
        basis=f"one unit; {asked.log.basis}",
        unit=unit,
        step_number=0 if counting.empty else int(counting[STEP_NUMBER].iloc[0]),
        _attempts=listed,
        _said=_sentence(asked, unit, listed, counting),
    )


def _role(event: dict[str, Any], attempts: list[dict[str, Any]], asked: Asked) -> str:
    """Say what an event did: "step 2 of attempt 1"."""
    did: dict[str, list[int]] = {}
    for number, attempt in enumerate(attempts, 1):
        if asked.question.held and attempt[HELD] != event[HELD]:
            continue
        for words in _did(event, attempt, asked):
            did.setdefault(words, []).append(number)
    return "; ".join(f"{words} {_numbered(numbers)}" for words, numbers in did.items())


def _did(event: dict[str, Any], attempt: dict[str, Any], asked: Asked) -> list[str]:
    question, now = asked.question, event[NOW]
    needed = [number for number, step in enumerate(question.steps, 1) if not step.optional]
    said = []
    for level in range(1, int(attempt[LEVEL]) + 1):
        made_here = attempt[reached(level)] == now
        fits = event[fills(question.kinds.order[level - 1])] if question.ordered else _fills_any(event, asked)
        if made_here and fits:
            said.append(f"step {needed[level - 1]} of")
    times = optional_times(attempt, asked)
    said += [f"step {i + 1} of" for i, when in times.items() if when == now and event[optional_fills(i)]]
    if attempt[BARRED_AT] == now and any(event[bars(number)] for number in range(len(question.bars))):
        said.append("excludes")
    if attempt[STOPPED_AT] == now:
        said.append("interrupts")
    return said


def _fills_any(event: dict[str, Any], asked: Asked) -> bool:
    return any(event[fills(kind)] for kind in range(len(asked.question.kinds.kinds)))


def _numbered(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"attempt {numbers[0]}"
    named = ", ".join(map(str, numbers[:MOST_NAMED]))
    return f"attempts {named}" + (f" and {len(numbers) - MOST_NAMED:,} more" if len(numbers) > MOST_NAMED else "")


def _sentence(asked: Asked, unit: object, listed: pd.DataFrame, counting: pd.DataFrame) -> str:
    who = f"{asked.log.unit} {unit!r}"
    if listed.empty:
        return f"{who} counts nowhere: no attempt began{_when(asked)}."
    if counting.empty:
        return f"{who} counts nowhere: an exclusion ended its furthest attempt, and the policy is to remove such users."
    row = counting.iloc[0]
    total = len(asked.titles)
    why = {
        "converted": "and so made all of them",
        "excluded": "where an exclusion ended it",
        "interrupted": "where another event interrupted it",
        "still open": "and may still go on: its time is not over",
        "dropped off": f"and the next step did not follow{_limit(asked)}",
    }[row[OUTCOME]]
    of = f"attempt {row[ATTEMPT]} of {len(listed)}" if len(listed) > 1 else "its one attempt"
    return (
        f"{who} counts at step {row[STEP_NUMBER]} of {total}, {row[STEP]!r}: {of}, begun "
        f"{row[ENTERED_AT]:%Y-%m-%d %H:%M}, got there, {why}."
    )


def _when(asked: Asked) -> str:
    return f" ({asked.period})" if asked.period else ""


def _limit(asked: Asked) -> str:
    return f" within {say_duration(asked.within)}" if asked.within else ""
