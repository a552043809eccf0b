"""Counts per step -> the tidy table of a funnel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONVERSION_RATE,
    EXCLUDED,
    MATURE_CI_LOWER,
    MATURE_CI_UPPER,
    MATURE_RATE,
    MATURE_USERS,
    STEP,
    STEP_CI_LOWER,
    STEP_CI_UPPER,
    STEP_CONVERSION_RATE,
    STEP_NUMBER,
    USERS,
)
from pm_analytics.stats.proportions import UNDEFINED, Interval, share, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.counts import Levels


def rates(asked: Asked, every: Levels, mature: Levels | None) -> pd.DataFrame:
    """Turn counts per step into the tidy table; see :func:`pm_analytics.funnel` for its columns."""
    users, confidence = every.users, asked.confidence
    before = _before(users, [step.optional for step in asked.question.steps])
    of_before = [wilson(n, b, confidence=confidence) for n, b in zip(users, before, strict=True)]
    overall = _of_entered(users, confidence)
    return pd.DataFrame(
        {
            STEP_NUMBER: range(1, len(users) + 1),
            STEP: list(asked.titles),
            USERS: list(users),
            CONVERSION_RATE: [share(n, users[0]) for n in users],
            CI_LOWER: [interval.lower for interval in overall],
            CI_UPPER: [interval.upper for interval in overall],
            STEP_CONVERSION_RATE: [share(n, b) for n, b in zip(users, before, strict=True)],
            STEP_CI_LOWER: [interval.lower for interval in of_before],
            STEP_CI_UPPER: [interval.upper for interval in of_before],
            **_mature(mature, len(users), confidence),
            EXCLUDED: list(every.excluded),
        }
    )


def _before(users: Sequence[int], optional: Sequence[bool]) -> list[int]:
    """Give each step's base: the users of the needed step before it; nobody before the first."""
    bases, last = [], 0
    for count, skips in zip(users, optional, strict=True):
        bases.append(last)
        last = last if skips else count
    return bases


def _of_entered(users: Sequence[int], confidence: float) -> list[Interval]:
    # Everybody who entered has entered: that share is a definition, not an estimate.
    return [UNDEFINED, *(wilson(n, users[0], confidence=confidence) for n in users[1:])]


def _mature(mature: Levels | None, steps: int, confidence: float) -> dict[str, Any]:
    """Give the same for attempts whose time was over; null when it never is."""
    if mature is None:
        nothing = [math.nan] * steps
        unknown = dict.fromkeys((MATURE_RATE, MATURE_CI_LOWER, MATURE_CI_UPPER), nothing)
        return {MATURE_USERS: pd.array([None] * steps, dtype="Int64"), **unknown}
    intervals = _of_entered(mature.users, confidence)
    return {
        MATURE_USERS: pd.array(mature.users, dtype="Int64"),
        MATURE_RATE: [share(n, mature.users[0]) for n in mature.users],
        MATURE_CI_LOWER: [interval.lower for interval in intervals],
        MATURE_CI_UPPER: [interval.upper for interval in intervals],
    }
