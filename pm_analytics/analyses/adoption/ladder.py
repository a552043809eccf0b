"""The ladder of adoption, the denominators it could stand on, and TARS: counts in, tables and parts out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption import counts
from pm_analytics.analyses.adoption.counts import (
    ACTIVE,
    AWARE,
    EVERYBODY,
    INTERESTED,
    JUDGED,
    JUDGED_ADOPTED,
    RETAINED,
    TRIED,
)
from pm_analytics.analyses.adoption.parts import AdoptionPart
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    ADOPTED,
    BASE,
    CI_LOWER,
    CI_UPPER,
    DENOMINATOR,
    ELIGIBLE,
    RATE,
    RUNG,
    STEP_BASE,
    STEP_CI_LOWER,
    STEP_CI_UPPER,
    STEP_RATE,
    USERS,
)
from pm_analytics.results import NOTHING, Claim, records, say_share
from pm_analytics.stats.proportions import UNDEFINED, Interval, share, wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pm_analytics.analyses.adoption.counts import Question
    from pm_analytics.analyses.adoption.standing import Standing

TARGET, SATISFIED = "target", "satisfied"


def ladder(counted: Mapping[str, int], question: Question, confidence: float) -> pd.DataFrame:
    """Lay the rungs out: each a share of the eligible, and of the rung before."""
    names = [
        *([AWARE] if question.awareness else []),
        *([INTERESTED] if question.interest else []),
        *([TRIED] if question.min_uses > 1 else []),
        ADOPTED,
    ]
    eligible, before = counted[ELIGIBLE], counted[ELIGIBLE]
    rows = [_rung(ELIGIBLE, (eligible, eligible), None, confidence)]
    for name in names:
        rows.append(_rung(name, (counted[name], eligible), before, confidence))
        before = counted[name]
    if question.retained is not None:
        # Without a window nobody can say which of the eligible are old enough, so there is no share of them.
        base = counted[JUDGED] if question.window is not None else None
        rows.append(_rung(RETAINED, (counted[RETAINED], base), counted[JUDGED_ADOPTED], confidence))
    return pd.DataFrame(rows).astype({BASE: "Int64", STEP_BASE: "Int64"})


def _rung(name: str, of: tuple[int, int | None], before: int | None, confidence: float) -> dict[str, Any]:
    users, base = of
    around = wilson(users, base, confidence=confidence) if base and name != ELIGIBLE else UNDEFINED
    step = UNDEFINED if before is None else wilson(users, before, confidence=confidence)
    return {
        RUNG: name,
        USERS: users,
        BASE: base,
        RATE: share(users, base or 0),
        CI_LOWER: around.lower,
        CI_UPPER: around.upper,
        STEP_BASE: before,
        STEP_RATE: share(users, before or 0),
        STEP_CI_LOWER: step.lower,
        STEP_CI_UPPER: step.upper,
    }


def shares(rows: Iterable[tuple[str, int, int]], label: str, confidence: float) -> pd.DataFrame:
    """Lay out shares: (label, part, whole) each with Wilson's interval."""
    table = pd.DataFrame([*rows], columns=[label, USERS, BASE])
    pairs = list(zip(table[USERS], table[BASE], strict=True))
    around = [wilson(int(part), int(whole), confidence=confidence) for part, whole in pairs]
    return table.assign(
        **{
            RATE: [share(part, whole) for part, whole in pairs],
            CI_LOWER: [one.lower for one in around],
            CI_UPPER: [one.upper for one in around],
        }
    )


def claims_of(table: pd.DataFrame, label: str, stem: str, definition: str) -> tuple[Claim, ...]:
    """Claim the share of each row."""
    return tuple(
        Claim.of_row(
            row,
            RATE,
            id=f"{stem}.{row[label]}",
            unit="share",
            definition=definition,
            n=None if pd.isna(row[USERS]) else int(row[USERS]),
            denominator=None if pd.isna(row[BASE]) else int(row[BASE]),
        )
        for row in records(table)
    )


def denominators(result: Standing) -> AdoptionPart:
    """Set the same adopters against three groups they could be a share of."""
    found = counts.populations(result.log, result.question)
    adopted, eligible = result.count(ADOPTED), result.count(ELIGIBLE)
    bases = ((EVERYBODY, found[EVERYBODY]), (ACTIVE, found[ACTIVE]), (ELIGIBLE, eligible))
    table = shares([(name, adopted, base) for name, base in bases], DENOMINATOR, result.confidence)
    definition = (
        f"The same adopters as a share of {EVERYBODY}: {result.counted} with any event in the log, or on the list; "
        f"{ACTIVE}: with any event {result.since_release}; {ELIGIBLE}: those judged. "
        f"{_also_there(result)}{result.confidence:.0%} Wilson intervals. {result.definition}"
    )
    words = {EVERYBODY: result.counted, ACTIVE: f"active {result.counted}", ELIGIBLE: f"eligible {result.counted}"}
    said = "; ".join(_say_rate(row, words[row[DENOMINATOR]]) for row in records(table))
    return AdoptionPart(
        _table=table,
        definition=definition,
        basis=result.basis,
        kind="denominators",
        title=f"{adopted:,} adopters are {_spread(table[RATE].tolist())}, by who is asked about",
        said=f"The same {adopted:,} adopters are {said}.",
        stated=claims_of(table, DENOMINATOR, "adoption.denominators", definition),
    )


def tars(result: Standing, satisfied: float | tuple[int, int] | None) -> AdoptionPart:
    """Lay out target, adopted, retained and satisfied users, each as a share of the one before."""
    found = counts.populations(result.log, result.question)
    target = result.count(ELIGIBLE) + result.immature + result.early
    retained = result.rung(RETAINED)
    rows: list[tuple[str, int | None, int | None, float, Interval]] = [
        _tars_row(TARGET, target, found[EVERYBODY], result.confidence),
        _tars_row(ADOPTED, result.count(ADOPTED), result.count(ELIGIBLE), result.confidence),
        (RETAINED, None, None, math.nan, UNDEFINED)
        if retained is None
        else _tars_row(RETAINED, int(retained[USERS]), int(retained[STEP_BASE]), result.confidence),
        _satisfied(satisfied, result.confidence),
    ]
    table = pd.DataFrame(
        [(name, users, base, rate, around.lower, around.upper) for name, users, base, rate, around in rows],
        columns=[RUNG, USERS, BASE, RATE, CI_LOWER, CI_UPPER],
    ).astype({USERS: "Int64", BASE: "Int64"})
    absent = _absent(retained is None, satisfied is None)
    definition = (
        f"TARS: target = eligible / everybody with an event or on the list; adopted = of the target whose window is "
        f"over; retained = of the adopters judged for it; satisfied = as given; {result.confidence:.0%} Wilson "
        f"intervals. {result.definition}"
    )
    said = "; ".join(f"{row[RUNG]} {_percent(row[RATE])}" for row in records(table))
    return AdoptionPart(
        _table=table,
        definition=definition,
        basis=result.basis,
        kind="tars",
        title=f"TARS: {said}",
        said=f"Target of all, adopted of target, retained of adopted, satisfied of retained: {said}.{absent}",
        stated=claims_of(table, RUNG, "adoption.tars", definition),
    )


def _tars_row(name: str, users: int, base: int, confidence: float) -> tuple[str, int, int, float, Interval]:
    return name, users, base, share(users, base), wilson(users, base, confidence=confidence)


def _satisfied(
    satisfied: float | tuple[int, int] | None, confidence: float
) -> tuple[str, int | None, int | None, float, Interval]:
    """Read a share (which has no interval), or a number of answers and how many of them were satisfied."""
    if satisfied is None:
        return SATISFIED, None, None, math.nan, UNDEFINED
    if isinstance(satisfied, tuple):
        if len(satisfied) != 2 or not 0 <= satisfied[0] <= satisfied[1]:
            raise ParameterError(f"satisfied={satisfied!r} must be (satisfied answers, answers), like (41, 60).")
        return _tars_row(SATISFIED, int(satisfied[0]), int(satisfied[1]), confidence)
    if not 0 <= satisfied <= 1:
        raise ParameterError(f"satisfied={satisfied!r} is a share from 0 to 1, or (satisfied answers, answers).")
    return SATISFIED, None, None, float(satisfied), UNDEFINED


def _absent(no_retained: bool, no_satisfied: bool) -> str:
    parts = [
        *(["Retained is not known: ask pm.adoption(..., retained_within='28 days')."] if no_retained else []),
        *(["Satisfied is not known: give satisfied=(41, 60) from a survey."] if no_satisfied else []),
    ]
    return "".join(f" {part}" for part in parts)


def _also_there(result: Standing) -> str:
    """Say whom the wider denominators hold besides those judged."""
    others = [
        *([f"{result.immature:,} too new to judge"] if result.immature else []),
        *([f"{result.early:,} who used it early"] if result.early else []),
    ]
    return f"the first two also hold {' and '.join(others)}; " if others else ""


def _say_rate(row: Mapping[str, Any], name: str) -> str:
    return say_share(int(row[USERS]), int(row[BASE]), row[CI_LOWER], row[CI_UPPER], name)


def _percent(rate: float) -> str:
    return NOTHING if math.isnan(rate) else f"{rate:.0%}"


def _spread(rates: Sequence[float]) -> str:
    there = [rate for rate in rates if not math.isnan(rate)]
    return f"{min(there):.1%} to {max(there):.1%}" if there else "a share of nobody"
