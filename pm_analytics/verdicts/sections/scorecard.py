"""The scorecard: at most seven rows, each with what was, what was expected, the change and its word."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.adoption.result import RETAINED
from pm_analytics.names import (
    ADOPTED,
    BASE,
    CI_LOWER,
    CI_UPPER,
    CONTROL_USERS,
    CONTROL_VALUE,
    KIND,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    METRIC,
    RATE,
    ROLE,
    STATUS,
    STEP_BASE,
    STEP_CI_LOWER,
    STEP_CI_UPPER,
    STEP_RATE,
    VARIANT_USERS,
    VARIANT_VALUE,
)
from pm_analytics.results import NOTHING, records
from pm_analytics.verdicts.passages import Section, paragraph, table

if TYPE_CHECKING:
    from pm_analytics.verdicts.findings import LaunchFindings

MOST_ROWS = 7
COLUMNS = ("metric", "with it", "expected", "change", "target", "word", "n")


def scorecard(found: LaunchFindings) -> Section | None:
    """Build the section; absent when there is nothing to score."""
    rows = [*_effects(found), *_people(found)][:MOST_ROWS]
    if not rows:
        return None
    words = (
        "met: all of the interval reaches the target; moving: it moved, maybe short of it; unclear: too wide to say."
    )
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return Section("Scorecard", (table(frame, caption="What the verdict rests on"), paragraph(words, kind="note")))


def word(lower: float, upper: float, target: float, worthwhile: float) -> str:
    """Say in a word how an interval of a good change stands to its target."""
    if math.isnan(lower):
        return "unclear"
    if lower >= target:
        return "met"
    if upper < worthwhile:
        return "worse" if upper < 0 else "no worthwhile change"
    return "moving" if lower > 0 else "unclear"


def _effects(found: LaunchFindings) -> list[tuple[str, ...]]:
    asked = found.question
    if found.grade == "A" and found.experiment is not None:
        rows = records(found.experiment.to_frame())
        return [_of_experiment(row, found) for row in rows if row[ROLE] in {"primary", "guardrail"}]
    if found.grade not in {"B", "C"} or found.impact is None:
        return []
    made: list[tuple[str, ...]] = []
    for each in found.impact.estimates:
        primary = each.subject.role == "primary"
        said = word(*each.good, asked.wanted_lift, asked.min_worthwhile) if primary else each.status
        target = f"{asked.wanted_lift:+.1%}" if primary else _limit(each.subject.max_harm)
        change = f"{each.lift:+.1%} ({each.lift_lower:+.1%} to {each.lift_upper:+.1%})" if each.known else NOTHING
        n = found.impact.window.timeline.say(found.impact.window.judged)
        made.append((each.subject.metric, f"{each.actual:,.4g}", f"{each.expected:,.4g}", change, target, said, n))
    return made


def _of_experiment(row: dict[str, object], found: LaunchFindings) -> tuple[str, ...]:
    asked = found.question
    ends = float(row[LIFT_CI_LOWER]), float(row[LIFT_CI_UPPER])  # type: ignore[arg-type]
    primary = row[ROLE] == "primary"
    change = f"{row[LIFT]:+.1%} ({ends[0]:+.1%} to {ends[1]:+.1%})" if not math.isnan(ends[0]) else NOTHING
    share = row[KIND] in {"conversion", "funnel"}
    values = [f"{row[name]:.1%}" if share else f"{row[name]:,.4g}" for name in (VARIANT_VALUE, CONTROL_VALUE)]
    return (
        str(row[METRIC]),
        *values,
        change,
        f"{asked.wanted_lift:+.1%}" if primary else _limit(asked.max_harm),
        word(*ends, asked.wanted_lift, asked.min_worthwhile) if primary else str(row[STATUS]),
        f"{row[VARIANT_USERS]:,} / {row[CONTROL_USERS]:,}",
    )


def _limit(harm: float | None) -> str:
    return NOTHING if harm is None else f"at most {harm:.0%} worse"


def _people(found: LaunchFindings) -> list[tuple[str, ...]]:
    if found.adoption is None:
        return []
    card = found.question.card
    expected = card.predicted.get("adoption") if card is not None else None
    rows: list[tuple[str, ...]] = []
    adopted, kept = found.adoption.rung(ADOPTED), found.adoption.rung(RETAINED)
    if adopted is not None and not math.isnan(adopted[RATE]):
        share = _share(adopted[RATE], adopted[CI_LOWER], adopted[CI_UPPER], int(adopted[BASE]))
        said = NOTHING if expected is None else "met" if adopted[CI_LOWER] >= expected[1] else "unclear"
        target = NOTHING if expected is None else f"{expected[1]:.0%}"
        rows.append(("adopted", share, NOTHING, NOTHING, target, said, f"{int(adopted[BASE]):,}"))
    if kept is not None and kept[STEP_BASE] and not math.isnan(kept[STEP_RATE]):
        share = _share(kept[STEP_RATE], kept[STEP_CI_LOWER], kept[STEP_CI_UPPER], int(kept[STEP_BASE]))
        rows.append(("adopters who came back", share, NOTHING, NOTHING, NOTHING, NOTHING, f"{int(kept[STEP_BASE]):,}"))
    return rows


def _share(rate: float, lower: float, upper: float, n: int) -> str:
    return f"{round(rate * n):,} of {n:,}" if n < 20 else f"{rate:.1%} ({lower:.1%} to {upper:.1%})"
