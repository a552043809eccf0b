"""Event log -> what adopters did with a feature, week by week, and how several features are used. Queries only.

Weeks here are seven times 24 hours, counted from an adopter's own beginning, so that everybody's are equally long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import calendars, engine
from pm_analytics.analyses.adoption.counts import (
    EARLY,
    LOCAL_DAY,
    NOW,
    SINCE,
    TRIED,
    adopters,
    counted,
    mature,
    reached,
    units,
    uses_of,
)
from pm_analytics.names import (
    ACTIVE_DAYS,
    ADOPTED,
    BASE,
    EVENT,
    FEATURE,
    IMMATURE,
    MEASURE,
    PERIOD,
    TIME,
    UNIT,
    USERS,
    VALUE,
    WEEK,
)
from pm_analytics.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pm_analytics.analyses.adoption.counts import Question
    from pm_analytics.events import EventLog

USES, DAYS_USED, WEEKLY_USES, WEEKLY_DAYS, WEEKS_USED = "uses", "days_used", "weekly_uses", "weekly_days", "weeks_used"
TOTAL, SQUARES, COMPLETE_WEEKS = "total", "squares", "complete_weeks"
FIRST_WEEK, LAST_WEEK, BOTH_WEEKS = "first_week", "last_week", "both_weeks"
WEEK_LENGTH = 7 * DAY

_SPENT = "spent"


def depth(log: EventLog, question: Question) -> pd.DataFrame:
    """Count adopters by their uses, and by their days of use, inside the window.

    Returns
    -------
    DataFrame
        ``measure`` ("uses" or "days_used"), ``value``, ``users``.
    """
    rows = uses_of(log, question, adopters(log, question))
    rows = rows.filter(rows[NOW] >= rows[SINCE])
    if question.window is not None:
        rows = rows.filter(rows[NOW] - rows[SINCE] <= question.window)
    each = rows.group_by(UNIT).aggregate(**{USES: rows.count(), DAYS_USED: rows[LOCAL_DAY].nunique()})
    return _histograms(each, (USES, DAYS_USED))


def habits(log: EventLog, question: Question, weeks: int, *, last: bool) -> pd.DataFrame:
    """Count adopters by their uses, 24-hour days of use and weeks of use, in so many weeks of each.

    Only adopters whose first use lies at least so many weeks back are counted.

    Parameters
    ----------
    last : bool
        The weeks up to the end of what is known; else those from each adopter's first use.

    Returns
    -------
    DataFrame
        ``measure`` ("weekly_uses", "weekly_days" or "weeks_used"), ``value`` = number in those weeks (0 is a value),
        ``users``.
    """
    people = adopters(log, question)
    began = people[f"{TRIED}_at"]
    people = people.filter(began + weeks * WEEK_LENGTH <= log.observed_until)
    rows = uses_of(log, question, people)
    # Counted from one end or the other, the time spent is 0 or more, and below the length of the weeks asked for.
    spent = log.observed_until - 1 - rows[NOW] if last else rows[NOW] - rows[f"{TRIED}_at"]
    rows = rows.mutate(**{_SPENT: spent})
    rows = rows.filter((rows[_SPENT] >= 0) & (rows[_SPENT] < weeks * WEEK_LENGTH) & (rows[NOW] >= rows[SINCE]))
    rows = rows.mutate(day=rows[_SPENT] // DAY, week=rows[_SPENT] // WEEK_LENGTH)
    each = rows.group_by(UNIT).aggregate(
        **{WEEKLY_USES: rows.count(), WEEKLY_DAYS: rows["day"].nunique(), WEEKS_USED: rows["week"].nunique()}
    )
    joined = people.select(UNIT).left_join(each, UNIT)
    names = (WEEKLY_USES, WEEKLY_DAYS, WEEKS_USED)
    return _histograms(joined.select(UNIT, **{name: joined[name].fill_null(0) for name in names}), names)


def weekly(log: EventLog, question: Question, weeks: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count what adopters did in each whole week since adopting; the use that made them adopters is not counted.

    Returns
    -------
    DataFrame, DataFrame
        Adopters by ``complete_weeks`` observed (at most ``weeks``) as ``users``; and per ``week`` (from 0) of those
        for whom it is complete: ``users`` with a use, ``total`` uses, ``squares`` of each one's uses.
    """
    people = _observed(log, question, weeks)
    observed = people.group_by(COMPLETE_WEEKS).aggregate(**{USERS: people.count()})
    each = _uses_per_week(log, question, people)
    found = each.group_by(WEEK).aggregate(
        **{USERS: each.count(), TOTAL: each[USES].sum(), SQUARES: (each[USES] * each[USES]).sum()}
    )
    return engine.run(observed.order_by(COMPLETE_WEEKS)), engine.run(found.order_by(WEEK))


def two_weeks(log: EventLog, question: Question, last: int) -> dict[str, int]:
    """Sum up the first week since adopting and week ``last`` (from 0), over those for whom both are complete.

    Returns
    -------
    dict
        ``users``; ``first_week`` and ``last_week``: their uses; ``both_weeks``: sum of the squares of each one's
        difference between the two.
    """
    people = _observed(log, question, last + 1)
    people = people.filter(people[COMPLETE_WEEKS] == last + 1)
    each = _uses_per_week(log, question, people)
    pair = each.group_by(UNIT).aggregate(
        first=ibis.ifelse(each[WEEK] == 0, each[USES], 0).sum(),
        last=ibis.ifelse(each[WEEK] == last, each[USES], 0).sum(),
    )
    change = pair["last"] - pair["first"]
    sums = pair.aggregate(
        **{FIRST_WEEK: pair["first"].sum(), LAST_WEEK: pair["last"].sum(), BOTH_WEEKS: (change * change).sum()}
    )
    return engine.counts(people.aggregate(**{USERS: people.count()})) | engine.counts(sums)


def cohorts(log: EventLog, question: Question, period: str, week_start: str) -> pd.DataFrame:
    """Count units by the period in which they became eligible, and by the hours that adopters took.

    Returns
    -------
    DataFrame
        ``period`` (its number), ``hours`` (whole hours until adopting, inside the window; null for the others),
        ``base`` (units whose window is over), ``immature`` (not over).
    """
    people = units(log, question)
    people = people.filter(~people[EARLY])
    number = calendars.number(people[SINCE], period, log.timezone, log.observed_until, week_start=week_start)
    waited = ((people[f"{ADOPTED}_at"] - people[SINCE]) // HOUR).cast("int64")
    adopted = reached(people, ADOPTED, log, question)
    rows = people.select(
        **{
            PERIOD: number,
            "hours": ibis.ifelse(adopted, waited, ibis.null("int64")),
            BASE: mature(people, log, question),
        }
    )
    found = rows.group_by([PERIOD, "hours"]).aggregate(**{BASE: counted(rows[BASE]), IMMATURE: counted(~rows[BASE])})
    return engine.run(found.order_by([PERIOD, "hours"]))


def in_use(log: EventLog, question: Question, start: int, end: int) -> dict[str, int]:
    """Count eligible units with any event in ``[start, end)``, and those of them that used the feature in it.

    Returns
    -------
    dict
        ``base``, ``users``. Units that used the feature before they became eligible are in neither.
    """
    people = units(log, question)
    people = people.filter(~people[EARLY] & (people[SINCE] < end)).select(UNIT, SINCE)
    table = log.counted_events()
    now = engine.epoch_microseconds(table[TIME])
    used = engine.any_of(table[EVENT] == name for name in question.feature).cast("int64")
    rows = table.select(**{UNIT: table[log.unit], NOW: now, USERS: used})
    rows = rows.filter((rows[NOW] >= start) & (rows[NOW] < end)).inner_join(people, UNIT)
    rows = rows.filter(rows[NOW] >= rows[SINCE])
    each = rows.group_by(UNIT).aggregate(**{USERS: rows[USERS].max()})
    return engine.counts(each.aggregate(**{BASE: each.count(), USERS: each[USERS].sum()}))


def features_used(log: EventLog, features: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Count, per feature, the units by the number of their local days with a use.

    Returns
    -------
    DataFrame
        ``feature`` (its place in the mapping), ``active_days``, ``users``, ``total`` uses of those units.
    """
    names = list(dict.fromkeys(name for events in features.values() for name in events))
    table = log.counted_events(names)
    now = engine.epoch_microseconds(table[TIME])
    rows = table.select(
        **{
            UNIT: table[log.unit],
            EVENT: table[EVENT],
            LOCAL_DAY: engine.local_day(now, log.timezone, log.observed_until),
        }
    )
    seen = rows.group_by([UNIT, EVENT, LOCAL_DAY]).aggregate(**{USES: rows.count()})
    parts = [
        seen.filter(engine.any_of(seen[EVENT] == name for name in events)).select(
            UNIT, LOCAL_DAY, USES, **{FEATURE: ibis.literal(place, "int64")}
        )
        for place, events in enumerate(features.values())
    ]
    used = ibis.union(*parts) if len(parts) > 1 else parts[0]
    each = used.group_by([FEATURE, UNIT]).aggregate(**{ACTIVE_DAYS: used[LOCAL_DAY].nunique(), TOTAL: used[USES].sum()})
    found = each.group_by([FEATURE, ACTIVE_DAYS]).aggregate(**{USERS: each.count(), TOTAL: each[TOTAL].sum()})
    return engine.run(found.order_by([FEATURE, ACTIVE_DAYS]))


def active_units(log: EventLog) -> int:
    """Count the units with any event."""
    table = log.counted_events()
    return engine.counts(table.aggregate(**{USERS: table[log.unit].nunique()}))[USERS]


def _observed(log: EventLog, question: Question, weeks: int) -> Any:  # noqa: ANN401
    """Give adopters with the number of whole weeks since adopting that are over, at most ``weeks``."""
    people = adopters(log, question)
    over = ((log.observed_until - 1 - people[f"{ADOPTED}_at"]) // WEEK_LENGTH).cast("int64")
    return people.mutate(**{COMPLETE_WEEKS: ibis.ifelse(over > weeks, weeks, over)})


def _uses_per_week(log: EventLog, question: Question, people: Any) -> Any:  # noqa: ANN401
    """Count each adopter's uses in each week since adopting that is over; a week without a use has no row.

    The end of a week belongs to it, its beginning does not: so the first week, too, has seven days where only days are
    known.
    """
    rows = uses_of(log, question, people)
    rows = rows.filter(rows[NOW] > rows[f"{ADOPTED}_at"])
    rows = rows.mutate(**{WEEK: ((rows[NOW] - rows[f"{ADOPTED}_at"] - 1) // WEEK_LENGTH).cast("int64")})
    rows = rows.filter(rows[WEEK] < rows[COMPLETE_WEEKS])
    return rows.group_by([UNIT, WEEK]).aggregate(**{USES: rows.count()})


def _histograms(each: Any, names: Sequence[str]) -> pd.DataFrame:  # noqa: ANN401
    """Count units by each of some numbers, in one table."""
    parts = [each.select(**{MEASURE: ibis.literal(name), VALUE: each[name].cast("int64")}) for name in names]
    stacked = ibis.union(*parts)
    found = stacked.group_by([MEASURE, VALUE]).aggregate(**{USERS: stacked.count()})
    return engine.run(found.order_by([MEASURE, VALUE]))
