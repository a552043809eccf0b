"""The units and attempts behind a funnel's numbers, as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.funnel.counts import listing as queries
from pm_analytics.analyses.funnel.counts.instants import HELD
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, STOPPED_AT, done, reached
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    ATTEMPT,
    CI_LOWER,
    CI_UPPER,
    CONVERSION_RATE,
    COUNTS,
    ENDED_AT,
    ENTERED_AT,
    OUTCOME,
    STEP,
    STEP_NUMBER,
    UNIT,
    USERS,
)
from pm_analytics.results import records
from pm_analytics.stats.proportions import UNDEFINED, share, wilson
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.counts import Attempts


def users(asked: Asked, attempts: Attempts, step: int, which: str) -> pd.DataFrame:
    """List the units behind a number; see :meth:`FunnelResult.users`."""
    steps = asked.question.steps
    if type(step) is not int or not 1 <= step <= len(steps):
        raise ParameterError(f"step={step!r} must be the number of a step, from 1 to {len(steps)}.")
    if which not in {"converted", "dropped"}:
        raise ParameterError(f"which={which!r} is not a choice; write 'converted' or 'dropped'.")
    if which == "dropped" and step == 1:
        raise ParameterError("Nobody drops off before the first step; ask for step=2 or later.")
    found = queries.units(attempts, step - 1, made=which == "converted", each=asked.each)
    return pd.DataFrame({asked.log.unit: found[UNIT], ENTERED_AT: local(found["entered"], asked)})


def attempts(asked: Asked, table: Attempts, limit: int | None) -> pd.DataFrame:
    """List attempts; see :meth:`FunnelResult.attempts`."""
    if limit is not None and (type(limit) is not int or limit < 1):
        raise ParameterError(f"limit={limit!r} must be a whole number of at least 1, or None for all.")
    return as_table(queries.attempt_rows(table, most=limit, each=asked.each), asked)


def as_table(found: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """Write attempts in the words of the funnel."""
    needed = [number for number, step in enumerate(asked.question.steps, 1) if not step.optional]
    levels = [int(level) for level in found[LEVEL]]
    return pd.DataFrame(
        {
            asked.log.unit: found[UNIT],
            **({str(asked.question.held): found[HELD]} if asked.question.held else {}),
            ATTEMPT: found.groupby(UNIT, sort=False).cumcount() + 1,
            STEP_NUMBER: [needed[level - 1] for level in levels],
            STEP: [asked.titles[needed[level - 1] - 1] for level in levels],
            ENTERED_AT: local(found[reached(1)], asked),
            ENDED_AT: local([row[reached(level)] for row, level in zip(records(found), levels, strict=True)], asked),
            OUTCOME: [outcome(row, asked) for row in records(found)],
            COUNTS: found["counts"].astype(bool),
        }
    )


def outcome(row: dict[str, Any], asked: Asked) -> str:
    """Say how an attempt ended."""
    question = asked.question
    if not pd.isna(row[BARRED_AT]) and (question.remove or row[LEVEL] < question.last):
        return "excluded"
    if row[LEVEL] == question.last:
        return "converted"
    if not pd.isna(row[STOPPED_AT]):
        return "interrupted"
    horizon = question.horizon
    still = horizon is None or int(row[reached(1)]) + horizon >= asked.log.observed_until
    return "still open" if still else "dropped off"


def reach(asked: Asked, table: Attempts) -> pd.DataFrame:
    """Give the units per step, in whatever order; see :meth:`FunnelResult.reach`."""
    counts, entered = queries.reach(table, each=asked.each)
    # With an order everybody who entered has made the first step: that is no estimate.
    estimated = [not (asked.question.order != "any" and number == 0) for number in range(len(counts))]
    intervals = [
        wilson(n, entered, confidence=asked.confidence) if of else UNDEFINED
        for n, of in zip(counts, estimated, strict=True)
    ]
    return pd.DataFrame(
        {
            STEP_NUMBER: range(1, len(counts) + 1),
            STEP: [step.row_title for step in asked.question.steps],
            USERS: counts,
            CONVERSION_RATE: [share(n, entered) for n in counts],
            CI_LOWER: [interval.lower for interval in intervals],
            CI_UPPER: [interval.upper for interval in intervals],
        }
    )


def local(moments: Iterable[Any], asked: Asked) -> list[datetime | None]:
    """Turn UTC microseconds into local times."""
    return [None if pd.isna(when) else from_microseconds(int(when), asked.log.timezone) for when in moments]


def optional_times(row: dict[str, Any], asked: Asked) -> dict[int, int]:
    """Give when optional steps happened in an attempt, by their index."""
    found = {index: row[done(index)] for index in asked.question.optional}
    return {index: int(when) for index, when in found.items() if not pd.isna(when)}
