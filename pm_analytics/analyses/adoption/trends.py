"""Adoption by cohort, adoption now, and who is still at risk: how it stands, and how it goes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics import calendars
from pm_analytics.analyses.adoption import counts_of_use as counts
from pm_analytics.analyses.adoption.counts import first_instant
from pm_analytics.analyses.adoption.ladder import claims_of, shares
from pm_analytics.analyses.adoption.parts import AdoptionPart
from pm_analytics.names import (
    ADOPTED,
    ADOPTED_SHARE,
    AT_RISK,
    BASE,
    CENSORED,
    CI_LOWER,
    CI_UPPER,
    COHORT,
    COMPLETE,
    DAYS,
    IMMATURE,
    MEDIAN_DAYS,
    PERIOD,
    RATE,
    SEGMENT,
    USERS,
)
from pm_analytics.results import SMALL_GROUP, records, say_share
from pm_analytics.stats.medians import median
from pm_analytics.stats.survival import at
from pm_analytics.times import microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from pm_analytics.analyses.adoption.standing import Standing
    from pm_analytics.stats.survival import CurvePoint

HOURS_PER_DAY = 24


def cohorts(result: Standing, period: str, week_start: str) -> AdoptionPart:
    """Part the eligible by the period in which they became eligible; who is too new is counted, not judged."""
    calendars.check_period(period, week_start)
    found = counts.cohorts(result.log, result.question, period, week_start)
    parts = [(int(str(number)), part) for number, part in found.groupby(PERIOD, sort=True)]
    rows = [
        (calendars.start(number, period, week_start=week_start).isoformat(), *_judged(part)) for number, part in parts
    ]
    table = shares(rows, COHORT, result.confidence)
    until, zone = result.log.observed_until, result.log.timezone
    young = [int(part[IMMATURE].sum()) for _, part in parts]
    over = [calendars.is_over(number, period, zone, until, week_start=week_start) for number, _ in parts]
    table[COHORT] = pd.to_datetime(table[COHORT])
    table[IMMATURE] = young
    table[MEDIAN_DAYS] = [_median_days(part) for _, part in parts]
    table[COMPLETE] = [ended and new == 0 for ended, new in zip(over, young, strict=True)]
    definition = (
        f"By the {period} in which a unit became eligible; {COMPLETE}: that {period} and all its windows are over; "
        f"median days over those who adopted in the window, in whole hours; {result.confidence:.0%} Wilson intervals. "
        f"{result.definition}"
    )
    title, said = _say_cohorts(result, table, period)
    named = table.assign(**{COHORT: table[COHORT].dt.strftime("%Y-%m-%d")})
    return AdoptionPart(
        _table=table,
        definition=definition,
        basis=result.basis,
        kind="cohorts",
        title=title,
        said=said,
        stated=claims_of(named, COHORT, "adoption.cohorts", definition),
    )


def _judged(part: pd.DataFrame) -> tuple[int, int]:
    return int(part.loc[part["hours"].notna(), BASE].sum()), int(part[BASE].sum())


def _median_days(part: pd.DataFrame) -> float:
    took = part[part["hours"].notna()]
    return median(zip(took["hours"].astype(float), took[BASE].astype(int), strict=True)) / HOURS_PER_DAY


def _say_cohorts(result: Standing, table: pd.DataFrame, period: str) -> tuple[str, str]:
    whole = records(table[table[COMPLETE]])
    if not whole:
        said = f"No {period} of newly eligible {result.counted} can be judged yet"
        return said, f"{said}."
    ends = [whole[0]] if len(whole) == 1 else [whole[0], whole[-1]]
    shown = [f"{_short(row)} from {row[COHORT]:%Y-%m-%d}" for row in ends]
    full = [
        f"{say_share(row[USERS], row[BASE], row[CI_LOWER], row[CI_UPPER], result.counted)} from {row[COHORT]:%Y-%m-%d}"
        for row in ends
    ]
    young = int(table[IMMATURE].sum())
    more = f" {young:,} more are too new to judge." if young else ""
    about = f"Adopted {result.say_window()}, by {period} of becoming eligible"
    return f"{about}: {', '.join(shown)}", f"{about}: {'; '.join(full)}.{more}"


def _short(row: dict[str, Any]) -> str:
    return f"{row[USERS]} of {row[BASE]}" if row[BASE] < SMALL_GROUP else f"{row[RATE]:.1%}"


def now(result: Standing, days: str | timedelta) -> AdoptionPart:
    """Say how many of the eligible who are active now use the feature now, and how it was just before."""
    length = parse_duration(days, name="days")
    end, span = result.log.observed_until, microseconds(length)
    begins = max(first_instant(result.log), result.question.released or 0)
    rows = []
    for name, start in (("before", end - 2 * span), ("now", end - span)):
        # A stretch that reaches back before the log, or before the release, would look like little use.
        if start >= begins or name == "now":
            found = counts.in_use(result.log, result.question, start, start + span)
            rows.append((name, found[USERS], found[BASE]))
    table = shares(rows, SEGMENT, result.confidence)
    definition = (
        f"Now: of the eligible {result.counted} with any event in the last {say_duration(length)} of the data, those "
        f"who used {result.feature} in them; before: the same for as long before that, unless the log or the release "
        f"is younger; {result.confidence:.0%} Wilson intervals. {result.definition}"
    )
    row = records(table)[-1]
    title = f"Nobody eligible was active in the last {say_duration(length)}"
    if row[BASE]:
        who = f"eligible {result.counted} active in the last {say_duration(length)}"
        title = f"{say_share(row[USERS], row[BASE], row[CI_LOWER], row[CI_UPPER], who)} used {result.feature} in them"
    before = (
        f" In the {say_duration(length)} before it was "
        f"{say_share(int(table[USERS][0]), int(table[BASE][0]), math.nan, math.nan, result.counted)}."
        if len(table) > 1
        else ""
    )
    return AdoptionPart(
        _table=table,
        definition=definition,
        basis=result.basis,
        kind="segments",
        title=title,
        said=f"{title}.{before}",
        stated=claims_of(table, SEGMENT, "adoption.now", definition),
    )


def at_risk(curve: Sequence[CurvePoint], days: Sequence[float]) -> pd.DataFrame:
    """Read a curve at some days: who is still watched then, and what is known up to then."""
    rows: list[dict[str, Any]] = []
    for day in days:
        hours = day * HOURS_PER_DAY
        past = [point for point in curve if point.time <= hours]
        point = at(list(curve), hours)
        rows.append(
            {
                DAYS: day,
                AT_RISK: next((one.at_risk for one in curve if one.time >= hours), 0),
                ADOPTED: sum(one.events for one in past),
                CENSORED: sum(one.censored for one in past),
                ADOPTED_SHARE: 0.0 if point is None else point.share,
                CI_LOWER: math.nan if point is None else point.ci_lower,
                CI_UPPER: math.nan if point is None else point.ci_upper,
            }
        )
    return pd.DataFrame(rows)
