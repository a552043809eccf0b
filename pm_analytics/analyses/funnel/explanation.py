"""Why one unit counts where it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.funnel.counts import Attempts
from pm_analytics.analyses.funnel.counts import listing as queries
from pm_analytics.analyses.funnel.counts.instants import HELD, NOW, bars, fills, optional_fills
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, STOPPED_AT, reached
from pm_analytics.analyses.funnel.listing import as_table, local, optional_times
from pm_analytics.errors import DataError, did_you_mean
from pm_analytics.names import ATTEMPT, COUNTS, ENTERED_AT, EVENT, OUTCOME, ROLE, STEP, STEP_NUMBER, TIME
from pm_analytics.results import Claim, Result, records
from pm_analytics.times import parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        The furthest step at which it counts; 0 when it counts nowhere.
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
        raise DataError(_unheard_of(asked, own, unit))
    found = queries.attempt_rows(own, most=None, each=asked.each)
    listed = as_table(found, asked)
    did = _deeds(records(found), asked)
    roles = [_role(event, did.get(_place(event, asked), [])) for event in records(events)]
    columns: dict[str, Any] = {TIME: local(events[NOW], asked)}
    if asked.question.held:
        columns[str(asked.question.held)] = events[HELD]
    table = pd.DataFrame({**columns, EVENT: events[EVENT], ROLE: roles})
    counting = listed[listed[COUNTS]]
    return Explanation(
        _table=table,
        definition=asked.definition,
        basis=f"one {asked.unit}; {asked.log.basis}",
        unit=unit,
        step_number=0 if counting.empty else int(counting[STEP_NUMBER].max()),
        _attempts=listed,
        _said=_sentence(asked, unit, listed, counting),
    )


def _unheard_of(asked: Asked, own: Attempts, unit: object) -> str:
    """Say whether the log does not know the unit at all, or only nothing that matters here."""
    name = asked.log.unit
    if queries.has_events(own):
        return (
            f"{name} {unit!r} is in the log, but no event of it fills a step of this funnel in its time, so it counts "
            "nowhere. See its events with log.where({...}).event_counts()."
        )
    hint = did_you_mean(str(unit), queries.some_units(asked.log))
    return f"The log has no {name} {unit!r}{hint}; result.users(1) lists those that entered."


@dataclass(frozen=True, slots=True)
class _Deed:
    """What happened to an attempt at an instant: words, and a test of whether an event was part of it."""

    words: str
    attempt: int
    flags: tuple[str, ...]


def _place(row: dict[str, Any], asked: Asked) -> tuple[Any, int]:
    return (row[HELD] if asked.question.held else None), int(row[NOW])


def _deeds(attempts: list[dict[str, Any]], asked: Asked) -> dict[tuple[Any, int], list[_Deed]]:
    """List what happened to attempts, by held value and instant."""
    deeds: dict[tuple[Any, int], list[_Deed]] = {}
    for number, attempt in enumerate(attempts, 1):
        held = attempt[HELD] if asked.question.held else None
        for when, words, flags in _events_of(attempt, asked):
            deeds.setdefault((held, when), []).append(_Deed(words, number, flags))
    return deeds


def _events_of(attempt: dict[str, Any], asked: Asked) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Give what happened to one attempt: when, what, and the flags of which an event of it has one (none: any)."""
    question = asked.question
    needed = [number for number, step in enumerate(question.steps, 1) if not step.optional]
    any_kind = tuple(map(fills, range(len(question.kinds.kinds))))
    for level in range(1, int(attempt[LEVEL]) + 1):
        kind = (fills(question.kinds.order[level - 1]),) if question.ordered else any_kind
        if pd.isna(attempt[reached(level)]):
            continue
        yield int(attempt[reached(level)]), f"step {needed[level - 1]} of", kind
    for index, when in optional_times(attempt, asked).items():
        yield when, f"step {index + 1} of", (optional_fills(index),)
    if not pd.isna(attempt[BARRED_AT]):
        yield int(attempt[BARRED_AT]), "excludes", tuple(map(bars, range(len(question.bars))))
    if not pd.isna(attempt[STOPPED_AT]):
        yield int(attempt[STOPPED_AT]), "interrupts", ()


def _role(event: dict[str, Any], deeds: list[_Deed]) -> str:
    """Say what an event did: "step 2 of attempt 1"."""
    did: dict[str, list[int]] = {}
    for deed in deeds:
        if not deed.flags or any(event[flag] for flag in deed.flags):
            did.setdefault(deed.words, []).append(deed.attempt)
    return "; ".join(f"{words} {_numbered(numbers)}" for words, numbers in did.items())


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
        whom = "attempts" if asked.each else asked.counted
        return (
            f"{who} counts nowhere: an exclusion ended its furthest attempt, and the policy is to remove such {whom}."
        )
    if asked.each:
        return f"{who} counts with {_outcomes(listed)}."
    row = counting.iloc[0]
    of = f"attempt {row[ATTEMPT]} of {len(listed):,}" if len(listed) > 1 else "its one attempt"
    begun = f"{of}, begun {row[ENTERED_AT]:%Y-%m-%d %H:%M}"
    total = len(asked.titles)
    if row[OUTCOME] == "converted":
        return f"{who} counts at every step, up to {row[STEP]!r} ({total} of {total}): {begun}, made them all."
    place = f"{who} counts at step {row[STEP_NUMBER]} of {total}, {row[STEP]!r}"
    return f"{place}: {begun}, came that far{_why(row, asked)}."


def _why(row: pd.Series, asked: Asked) -> str:
    """Say why an attempt came no further."""
    if row[OUTCOME] != "dropped off":
        return {
            "excluded": "; an exclusion ended it",
            "interrupted": "; another event interrupted it",
            "still open": " and may still go on, since its time is not over",
        }[row[OUTCOME]]
    level = sum(not step.optional for step in asked.question.steps[: row[STEP_NUMBER]])
    own = asked.question.needed[level].within if asked.question.ordered else None
    limit = f" within {say_duration(parse_duration(own))}" if own is not None else asked.limit
    return f"; the next step did not follow{limit}"


def _outcomes(listed: pd.DataFrame) -> str:
    counting = listed[listed[COUNTS]]
    said = ", ".join(f"{count:,} {outcome}" for outcome, count in counting[OUTCOME].value_counts().items())
    return f"{len(counting):,} attempt{'' if len(counting) == 1 else 's'}: {said}"


def _when(asked: Asked) -> str:
    return f" ({asked.period})" if asked.period else ""
