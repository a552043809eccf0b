"""Does use last once a feature is no longer new: use per adopter, week by week since adopting."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption import counts_of_use as counts
from pm_analytics.analyses.adoption.parts import AdoptionPart
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    AT_RISK,
    CI_LOWER,
    CI_UPPER,
    MEAN_USES,
    RATE,
    USERS,
    USES_CI_LOWER,
    USES_CI_UPPER,
    WEEK,
)
from pm_analytics.results import SMALL_GROUP, Claim, known, records
from pm_analytics.stats.means import mean_interval
from pm_analytics.stats.proportions import UNDEFINED, share, wilson

if TYPE_CHECKING:
    from pm_analytics.analyses.adoption.standing import Standing


def novelty(result: Standing, *, weeks: int) -> AdoptionPart:
    """Follow use per adopter by week since adopting, and compare the first week with the last."""
    if weeks < 2:
        raise ParameterError(f"weeks={weeks!r} must be 2 or more: one week shows no change.")
    observed, found = counts.weekly(result.log, result.question, weeks)
    table = _table(observed, found, weeks, result.confidence)
    definition = (
        f"Uses of {result.feature} per adopter by week (seven times 24 hours) since adopting, without the use that "
        f"made them adopters, over those for whom the week is over; {result.confidence:.0%} intervals: Wilson's for "
        f"shares, Student's for means; first and last week compared over the same adopters. {result.definition}"
    )
    last = _last_week(table)
    title, said, change = _too_early() if last is None else _change(result, last)
    claims = [_claim(row, definition) for row in records(table)]
    if change is not None:
        value, lower, upper, n = change
        claims.append(Claim("adoption.novelty.change", value, "difference", definition, lower, upper, n))
    return AdoptionPart(
        _table=table,
        definition=definition,
        basis=result.basis,
        kind="novelty",
        title=title,
        said=said,
        stated=tuple(claims),
    )


def _table(observed: pd.DataFrame, found: pd.DataFrame, weeks: int, confidence: float) -> pd.DataFrame:
    """Lay out the weeks that somebody has behind them; one without a use counts zeros, not nothing."""
    known_for = dict(zip(observed[counts.COMPLETE_WEEKS], observed[USERS], strict=True))
    used = {int(row[WEEK]): row for row in records(found)}
    rows = []
    for week in range(weeks):
        at_risk = int(sum(users for complete, users in known_for.items() if complete > week))
        if at_risk == 0:
            break
        row = used.get(week, {USERS: 0, counts.TOTAL: 0, counts.SQUARES: 0})
        users, total, squares = int(row[USERS]), float(row[counts.TOTAL]), float(row[counts.SQUARES])
        around = wilson(users, at_risk, confidence=confidence)
        mean = mean_interval(at_risk, total, squares, confidence=confidence)
        rows.append(
            (week + 1, at_risk, users, share(users, at_risk), around.lower, around.upper,
             share(total, at_risk), mean.lower, mean.upper)
        )  # fmt: skip
    names = [WEEK, AT_RISK, USERS, RATE, CI_LOWER, CI_UPPER, MEAN_USES, USES_CI_LOWER, USES_CI_UPPER]
    return pd.DataFrame(rows, columns=names)


def _last_week(table: pd.DataFrame) -> int | None:
    """Give the last week (from 0) with adopters enough to speak of; None when that is the first one, or none."""
    enough = table[table[AT_RISK] >= SMALL_GROUP]
    return len(enough) - 1 if len(enough) > 1 else None


def _too_early() -> tuple[str, str, None]:
    title = "It is too early to say whether use lasts"
    return title, f"{title}: fewer than {SMALL_GROUP} adopters have two whole weeks behind them.", None


def _change(result: Standing, last: int) -> tuple[str, str, Any]:
    """Compare two weeks of the same adopters, by the mean of each one's difference."""
    found = counts.two_weeks(result.log, result.question, last)
    n, first, final = found[USERS], found[counts.FIRST_WEEK], found[counts.LAST_WEEK]
    change = (final - first) / n
    around = mean_interval(n, final - first, found[counts.BOTH_WEEKS], confidence=result.confidence)
    if around == UNDEFINED or math.isnan(around.lower):
        verb = "did not change for anybody" if final == first else "changed alike for everybody"
    else:
        verb = "fell" if around.upper < 0 else "grew" if around.lower > 0 else "held, as far as these data can tell"
    by = f" by {abs(change) / (first / n):.0%}" if verb in {"fell", "grew"} and first else ""
    title = f"Use per adopter {verb}{by} from week 1 to week {last + 1} after adopting"
    ends = "" if math.isnan(around.lower) else f" ({around.lower:+.2f} to {around.upper:+.2f})"
    said = (
        f"{title}: {first / n:.2f} uses in the first, {final / n:.2f} in the last, {change:+.2f} per adopter{ends}, "
        f"over the {n:,} adopters observed for both."
    )
    return title, said, (change, known(around.lower), known(around.upper), n)


def _claim(row: dict[str, Any], definition: str) -> Claim:
    return Claim(
        id=f"adoption.novelty.week_{row[WEEK]}",
        value=known(row[MEAN_USES]),
        unit="mean",
        definition=definition,
        ci_lower=known(row[USES_CI_LOWER]),
        ci_upper=known(row[USES_CI_UPPER]),
        denominator=int(row[AT_RISK]),
    )
