"""Event log -> who was eligible, noticed, tried, adopted, and when. All queries of adoption, no arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.names import ADOPTED, CENSORED, ELIGIBLE, TIME, UNIT
from pm_analytics.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pm_analytics.events import EventLog

INTERESTED = "interested"
TRIED = "tried"
EARLY = "early"
IMMATURE = "immature"

_NOW = "now"
_SINCE = "since"


@dataclass(frozen=True, slots=True)
class Question:
    """What to count.

    Attributes
    ----------
    feature, interest : sequence of str
        Events that use the feature, and events that show it was noticed.
    released : int or None
        Instant from which it could be used.
    window : int
        Microseconds after becoming eligible within which each rung counts, end included.
    min_uses, min_days : int
        Uses, and distinct local days with a use, that make a unit an adopter.
    base : EventLog or None
        Log in which activity makes a unit eligible.
    listed : DataFrame or None
        Instead of a base: columns ``unit`` and ``since`` (UTC microseconds or null).
    """

    feature: Sequence[str]
    interest: Sequence[str]
    released: int | None
    window: int
    min_uses: int
    min_days: int
    base: EventLog | None
    listed: pd.DataFrame | None


def rungs(log: EventLog, question: Question) -> dict[str, int]:
    """Count eligible units by how far they got within the window.

    Returns
    -------
    dict
        ``eligible`` (window over), ``interested``, ``tried``, ``adopted`` among them; ``immature`` (window not over)
        and ``early`` (used the feature before they became eligible; in none of the other counts).
    """
    people = units(log, question)
    on_time = people.filter(~people[EARLY])
    mature = on_time[_SINCE] + question.window < log.observed_until
    within = {
        name: (mature & on_time[f"{name}_at"].notnull() & (on_time[f"{name}_at"] - on_time[_SINCE] <= question.window))
        for name in (INTERESTED, TRIED, ADOPTED)
    }
    sums = {name: condition.cast("int64").sum() for name, condition in within.items()}
    totals = on_time.aggregate(
        **{ELIGIBLE: mature.cast("int64").sum(), IMMATURE: (~mature).cast("int64").sum()}, **sums
    )
    early = people.aggregate(**{EARLY: people[EARLY].cast("int64").sum()})
    return engine.counts(totals) | engine.counts(early)


def waits(log: EventLog, question: Question) -> pd.DataFrame:
    """Count, per whole hour since becoming eligible, who adopted then and whose observation ended then.

    Returns
    -------
    DataFrame
        ``hours``, ``adopted``, ``censored``.
    """
    people = units(log, question).filter(lambda t: ~t[EARLY])
    adopted = people[f"{ADOPTED}_at"].notnull()
    end = ibis.ifelse(adopted, people[f"{ADOPTED}_at"], log.observed_until)
    hours = people.select(hours=((end - people[_SINCE]) // HOUR).cast("int64"), adopted=adopted)
    counted = hours.group_by("hours").aggregate(
        **{ADOPTED: hours["adopted"].cast("int64").sum(), CENSORED: (~hours["adopted"]).cast("int64").sum()}
    )
    return engine.run(counted.order_by("hours"))


def units(log: EventLog, question: Question) -> Any:  # noqa: ANN401 - an Ibis table
    """Give one row per eligible unit: ``since``, ``interested_at``, ``tried_at``, ``adopted_at``, ``early``."""
    eligible = engine.beside(_eligible(log, question), log.table)
    eligible = eligible.filter(eligible[_SINCE] < log.observed_until)
    uses = _joined(log, question.feature, eligible)
    early = uses.filter(uses[_NOW] < uses[_SINCE]).select(UNIT).distinct().mutate(**{EARLY: ibis.literal(value=True)})
    used = _first_uses(uses.filter(uses[_NOW] >= uses[_SINCE]), log, question)
    noticed = _joined(log, [*question.interest, *question.feature], eligible)
    noticed = noticed.filter(noticed[_NOW] >= noticed[_SINCE])
    noticed = noticed.group_by(UNIT).aggregate(**{f"{INTERESTED}_at": noticed[_NOW].min()})
    people = eligible
    for part in (early, used, noticed):
        people = people.left_join(part, UNIT).drop(f"{UNIT}_right")
    return people.mutate(**{EARLY: people[EARLY].fill_null(ibis.literal(value=False))})


def _eligible(log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Give each unit that could use the feature, and since when."""
    if question.listed is not None:
        listed = _as_unit_type(engine.store(question.listed, "eligible"), log)
        since = listed[_SINCE].cast("int64")
        if question.released is not None:
            since = ibis.greatest(since.fill_null(question.released), question.released)
        return listed.group_by(UNIT).aggregate(**{_SINCE: since.min()})
    base = question.base or log
    table = base.counted_events()
    if question.released is not None:
        table = table.filter(table[TIME] >= engine.moment_literal(question.released, table[TIME].type()))
    rows = table.select(**{UNIT: table[base.unit], _NOW: engine.epoch_microseconds(table[TIME])})
    return rows.group_by(UNIT).aggregate(**{_SINCE: rows[_NOW].min()})


def _as_unit_type(listed: Any, log: EventLog) -> Any:  # noqa: ANN401
    """Write listed units in the type of the log's unit, so that 7 and '7' are the same user."""
    return listed.mutate(**{UNIT: listed[UNIT].cast(log.table[log.unit].type())})


def _joined(log: EventLog, names: Sequence[str], eligible: Any) -> Any:  # noqa: ANN401
    """Give the events of these names by eligible units, with the instant since which each was eligible."""
    table = log.counted_events(names)
    rows = table.select(**{UNIT: table[log.unit], _NOW: engine.epoch_microseconds(table[TIME])})
    return rows.inner_join(eligible, UNIT)


def _first_uses(uses: Any, log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Find when each unit first used the feature, and when it had used it often enough, on days enough."""
    day = engine.local_day(uses[_NOW], log.timezone, log.observed_until)
    by_unit = ibis.window(group_by=UNIT, order_by=_NOW)
    ranked = uses.mutate(day=day).mutate(use=ibis.row_number().over(by_unit) + 1)
    ranked = ranked.mutate(day_number=ibis.dense_rank().over(ibis.window(group_by=UNIT, order_by="day")) + 1)
    often = ranked[_NOW].min(where=ranked["use"] == question.min_uses)
    long_enough = ranked[_NOW].min(where=ranked["day_number"] == question.min_days)
    found = ranked.group_by(UNIT).aggregate(**{f"{TRIED}_at": ranked[_NOW].min()}, often=often, long_enough=long_enough)
    both = found["often"].notnull() & found["long_enough"].notnull()
    later = ibis.ifelse(found["often"] > found["long_enough"], found["often"], found["long_enough"])
    adopted = ibis.ifelse(both, later, ibis.null("int64"))
    return found.select(UNIT, f"{TRIED}_at", **{f"{ADOPTED}_at": adopted})
