"""How broadly, deeply and often adopters use a feature: histograms in, measures with intervals out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption import counts_of_use as counts
from pm_analytics.analyses.adoption.counts import TRIED
from pm_analytics.analyses.adoption.parts import AdoptionPart
from pm_analytics.errors import ParameterError
from pm_analytics.names import ADOPTED, BASE, CI_LOWER, CI_UPPER, ELIGIBLE, KIND, MEASURE, USERS, VALUE
from pm_analytics.results import Claim, records, say_share
from pm_analytics.stats.means import mean_interval
from pm_analytics.stats.medians import median, median_interval
from pm_analytics.stats.proportions import Interval, share, wilson

if TYPE_CHECKING:
    from pm_analytics.analyses.adoption.standing import Standing

    Histogram = list[tuple[int, int]]

BREADTH, HABIT = "breadth", "habit"
WHICH = ("first", "last")


def usage(result: Standing, *, weeks: int, habit_weeks: int, which: str) -> AdoptionPart:
    """Measure breadth, depth, frequency and habit."""
    _check(weeks, habit_weeks, which)
    level = result.confidence
    deep = counts.depth(result.log, result.question)
    often = counts.habits(result.log, result.question, weeks, last=which == "last")
    used = _histogram(often, counts.WEEKS_USED)
    base = sum(users for _, users in used)
    habitual = sum(users for value, users in used if value >= habit_weeks)
    tried = result.tried
    rows = [
        _share(BREADTH, tried, result.count(ELIGIBLE), level),
        *_averages("uses per adopter", _histogram(deep, counts.USES), level),
        *_averages("days of use per adopter", _histogram(deep, counts.DAYS_USED), level),
        *_averages("uses per week", _histogram(often, counts.WEEKLY_USES), level, per=weeks),
        *_averages("days of use per week", _histogram(often, counts.WEEKLY_DAYS), level, per=weeks),
        _share(HABIT, habitual, base, level),
    ]
    table = pd.DataFrame(rows, columns=[MEASURE, VALUE, CI_LOWER, CI_UPPER, BASE, KIND])
    definition = _definition(result, weeks, habit_weeks, which)
    habit_said = _say_habit(habitual, base, table.iloc[-1], weeks, habit_weeks, which)
    return AdoptionPart(
        _table=table,
        definition=definition,
        basis=result.basis,
        kind="usage",
        title=habit_said,
        said=f"{_say_breadth(result, tried, table.iloc[0])}{_say_depth(result, table)} {habit_said}.",
        stated=_claims(table, definition),
    )


def _check(weeks: int, habit_weeks: int, which: str) -> None:
    if which not in WHICH:
        raise ParameterError(f"which={which!r} is not a choice; write 'first' or 'last'.")
    if not 1 <= habit_weeks <= weeks:
        raise ParameterError(f"habit_weeks={habit_weeks!r} must lie between 1 and weeks={weeks!r}.")


def _histogram(found: pd.DataFrame, measure: str) -> Histogram:
    part = found[found[MEASURE] == measure]
    return [(int(value), int(users)) for value, users in zip(part[VALUE], part[USERS], strict=True)]


def _share(name: str, part: int, whole: int, confidence: float) -> tuple[Any, ...]:
    around = wilson(part, whole, confidence=confidence)
    return name, share(part, whole), around.lower, around.upper, whole, "share"


def _averages(name: str, found: Histogram, confidence: float, *, per: int = 1) -> list[tuple[Any, ...]]:
    """Give the mean and the median of a histogram, divided by a number of weeks."""
    n = sum(users for _, users in found)
    total = float(sum(value * users for value, users in found))
    squares = float(sum(value * value * users for value, users in found))
    around = mean_interval(n, total, squares, confidence=confidence)
    middle = median_interval(found, confidence=confidence)
    return [
        (f"mean {name}", share(total, n * per), *_ends(around, per), n, "mean"),
        (f"median {name}", median(found) / per, *_ends(middle, per), n, "median"),
    ]


def _ends(interval: Interval, per: int) -> tuple[float, float]:
    return interval.lower / per, interval.upper / per


def _say_breadth(result: Standing, tried: int, row: pd.Series) -> str:
    eligible = result.count(ELIGIBLE)
    if eligible == 0:
        return "Nobody eligible has been observed long enough, so there is no breadth."
    said = say_share(tried, eligible, row[CI_LOWER], row[CI_UPPER], f"eligible {result.counted}")
    return f"{said} {TRIED} {result.feature} {result.say_window()}."


def _say_depth(result: Standing, table: pd.DataFrame) -> str:
    values = table.set_index(MEASURE)[VALUE]
    uses, days = values["median uses per adopter"], values["median days of use per adopter"]
    if math.isnan(uses):
        return ""
    return f" The median adopter used it {uses:g} times on {days:g} days {result.say_window()}."


def _say_habit(habitual: int, base: int, row: pd.Series, weeks: int, habit_weeks: int, which: str) -> str:
    if base == 0:
        return f"No adopter's first use lies {weeks} weeks back yet, so it cannot be said for whom it is a habit"
    said = say_share(habitual, base, row[CI_LOWER], row[CI_UPPER], "adopters")
    return f"{said} used it in at least {habit_weeks} of their {which} {weeks} weeks"


def _claims(table: pd.DataFrame, definition: str) -> tuple[Claim, ...]:
    return tuple(
        Claim.of_row(
            row,
            VALUE,
            id=f"adoption.usage.{row[MEASURE].replace(' ', '_')}",
            unit="share" if row[KIND] == "share" else "mean" if row[KIND] == "mean" else "median",
            definition=definition,
            denominator=int(row[BASE]),
        )
        for row in records(table)
    )


def _definition(result: Standing, weeks: int, habit_weeks: int, which: str) -> str:
    start = "from each adopter's first use" if which == "first" else "up to the end of the data"
    window = "so far" if result.within is None else f"{result.say_window()} of becoming eligible"
    return (
        f"Breadth: {TRIED} / eligible. Uses and local days of use per {ADOPTED} unit: {window}. "
        f"Per week: over the {which} {weeks} weeks (of seven times 24 hours) {start}, days of 24 hours, over "
        f"adopters whose first use is so long ago. Habit: a use in at least {habit_weeks} of them. "
        f"{result.confidence:.0%} intervals: Wilson's for shares, Student's for means, order statistics for medians. "
        f"{result.definition}"
    )
