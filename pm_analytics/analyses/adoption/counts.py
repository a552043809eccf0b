"""Event log -> who was eligible, noticed, tried, adopted, came back, and when. Queries only, no arithmetic.

What adopters did with the feature afterwards is counted next door, in ``counts_of_use``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.names import ACCOUNTS, ADOPTED, BASE, CENSORED, ELIGIBLE, EVENT, IMMATURE, SEGMENT, TIME, UNIT, USERS
from pm_analytics.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pm_analytics.events import EventLog

AWARE, INTERESTED, TRIED, RETAINED = "aware", "interested", "tried", "retained"
EARLY = "early"
JUDGED = "judged"
JUDGED_ADOPTED = "judged_adopted"
EVERYBODY, ACTIVE = "everybody", "active"
MISSING, OTHER = "(missing)", "(other)"

NOW = "now"
SINCE = "since"
LOCAL_DAY = "local_day"
_MARK, _DAY_BACK, _USE_BACK = "mark", "day_back", "use_back"


@dataclass(frozen=True, slots=True)
class Span:
    """How close together the uses of an adopter must lie.

    Attributes
    ----------
    reach : int
        Largest distance from the first to the last of them: microseconds, or local days (6 for a span of 7 days).
    calendar : bool
        Whether it is counted in local days.
    """

    reach: int
    calendar: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What to count.

    Attributes
    ----------
    feature, interest, awareness : sequence of str
        Events that use the feature, that show it was noticed closely, and that show it was seen at all.
    released : int or None
        Instant from which it could be used.
    window : int or None
        Microseconds after becoming eligible within which each rung counts, end included; None for as long as known.
    min_uses, min_days : int
        Uses, and distinct local days with a use, that make a unit an adopter.
    span : Span or None
        How close together those must lie; None for anywhere in the window.
    retained : int or None
        Microseconds after adopting within which another use makes an adopter retained, end included.
    base : EventLog or None
        Log in which activity makes a unit eligible.
    listed : DataFrame or None
        Instead of a base: columns ``unit`` and ``since`` (UTC microseconds or null), and those of ``properties``.
    properties : mapping
        Property of the list -> its column there.
    """

    feature: Sequence[str]
    interest: Sequence[str]
    released: int | None
    window: int | None
    min_uses: int
    min_days: int
    base: EventLog | None
    listed: pd.DataFrame | None
    awareness: Sequence[str] = ()
    span: Span | None = None
    retained: int | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


def rungs(log: EventLog, question: Question) -> dict[str, int]:
    """Count eligible units by how far they got within the window.

    Returns
    -------
    dict
        ``eligible`` (window over), ``aware``, ``interested``, ``tried``, ``adopted`` among them; ``immature`` (window
        not over) and ``early`` (used the feature before they became eligible; in none of the other counts). With
        ``retained`` also: ``judged`` (eligible, and the time to come back is over too), ``judged_adopted`` and
        ``retained`` among them.
    """
    people = units(log, question)
    on_time, old_enough = ~people[EARLY], mature(people, log, question)
    sums = {ELIGIBLE: old_enough, IMMATURE: ~old_enough}
    sums |= {name: reached(people, name, log, question) for name in (AWARE, INTERESTED, TRIED, ADOPTED)}
    if question.retained is not None:
        judged = _judged(people, log, question)
        adopted = judged & reached(people, ADOPTED, log, question)
        back = engine.surely(people[f"{RETAINED}_at"] - people[f"{ADOPTED}_at"] <= question.retained)
        sums |= {JUDGED: judged, JUDGED_ADOPTED: adopted, RETAINED: adopted & back}
    totals = {name: counted(on_time & condition) for name, condition in sums.items()}
    return engine.counts(people.aggregate(**totals, **{EARLY: counted(people[EARLY])}))


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
    hours = people.select(hours=((end - people[SINCE]) // HOUR).cast("int64"), adopted=adopted)
    found = hours.group_by("hours").aggregate(
        **{ADOPTED: counted(hours["adopted"]), CENSORED: counted(~hours["adopted"])}
    )
    return engine.run(found.order_by("hours"))


def first_instant(log: EventLog) -> int:
    """Find the first event of a log (UTC microseconds)."""
    moments = engine.epoch_microseconds(log.table[TIME])
    return engine.counts(log.table.aggregate(first=moments.min()))["first"]


def populations(log: EventLog, question: Question) -> dict[str, int]:
    """Count the units a rate could be a share of, whether they can be judged or not.

    Returns
    -------
    dict
        ``everybody`` (with any event in the log, or on the list), ``active`` (with any event at or after the release).
    """
    table = log.counted_events()
    seen = table.select(**{UNIT: table[log.unit]})
    if question.listed is not None:
        seen = ibis.union(seen, _listed(log, question).select(UNIT))
    since = table
    if question.released is not None:
        since = table.filter(table[TIME] >= engine.moment_literal(question.released, table[TIME].type()))
    everybody = engine.counts(seen.aggregate(**{EVERYBODY: seen[UNIT].nunique()}))
    return everybody | engine.counts(since.aggregate(**{ACTIVE: since[log.unit].nunique()}))


def segments(log: EventLog, question: Question, by: str, *, most: int) -> pd.DataFrame:
    """Count eligible units whose window is over, and the adopters among them, per value of a property.

    Returns
    -------
    DataFrame
        ``segment``, ``base``, ``users``: the ``most`` largest values, largest first; then the rest together, then
        units without a value.
    """
    people = _judged_with(log, question, by)
    found = people.group_by(SEGMENT).aggregate(**{BASE: people.count(), USERS: counted(people[ADOPTED])})
    missing = (found[SEGMENT] == MISSING).cast("int64")
    order = ibis.window(order_by=[missing, ibis.desc(found[BASE]), found[SEGMENT]])
    ranked = found.mutate(place=ibis.row_number().over(order), missing=missing)
    name = ibis.cases((ranked[SEGMENT] == MISSING, MISSING), (ranked["place"] < most, ranked[SEGMENT]), else_=OTHER)
    place = ibis.cases((ranked["missing"] == 1, most + 1), (ranked["place"] < most, ranked["place"]), else_=most)
    named = ranked.select(BASE, USERS, **{SEGMENT: name, "place": place.cast("int64")})
    table = named.group_by([SEGMENT, "place"]).aggregate(**{BASE: named[BASE].sum(), USERS: named[USERS].sum()})
    return engine.run(table.order_by("place").select(SEGMENT, BASE, USERS))


def account_sizes(log: EventLog, question: Question, by: str) -> pd.DataFrame:
    """Count accounts by how many eligible users they have, and how many of those adopted.

    Returns
    -------
    DataFrame
        ``base``, ``users``, ``accounts``; users without an account are in none.
    """
    people = _judged_with(log, question, by)
    people = people.filter(people[SEGMENT] != MISSING)
    sizes = people.group_by(SEGMENT).aggregate(**{BASE: people.count(), USERS: counted(people[ADOPTED])})
    return engine.run(sizes.group_by([BASE, USERS]).aggregate(**{ACCOUNTS: sizes.count()}).order_by([BASE, USERS]))


def units(log: EventLog, question: Question) -> Any:  # noqa: ANN401 - an Ibis table
    """Give one row per eligible unit: ``since``, ``early``, and when it came to each rung; with the list's properties.

    Whoever tried was interested, and whoever was interested was aware, whether or not the event was seen.
    """
    eligible = engine.beside(_eligible(log, question), log.table)
    eligible = eligible.filter(eligible[SINCE] < log.observed_until)
    uses = _joined(log, question.feature, eligible)
    early = uses.filter(uses[NOW] < uses[SINCE]).select(UNIT).distinct().mutate(**{EARLY: ibis.literal(value=True)})
    used = _first_uses(uses.filter(uses[NOW] >= uses[SINCE]), log, question)
    noticed = _noticed(log, question, eligible) if question.interest or question.awareness else None
    if noticed is None:
        used = used.mutate(**{f"{AWARE}_at": used[f"{TRIED}_at"], f"{INTERESTED}_at": used[f"{TRIED}_at"]})
    parts = [early, used] if noticed is None else [early, used, noticed]
    if question.retained is not None:
        parts.append(_back(uses, used))
    people = eligible
    for part in parts:
        people = people.left_join(part, UNIT).drop(f"{UNIT}_right")
    return people.mutate(**{EARLY: engine.surely(people[EARLY])})


def uses_of(log: EventLog, question: Question, people: Any) -> Any:  # noqa: ANN401 - Ibis tables
    """Give the uses by some people, with their columns, the instant ``now`` and its ``local_day``."""
    rows = _joined(log, question.feature, people)
    return rows.mutate(**{LOCAL_DAY: engine.local_day(rows[NOW], log.timezone, log.observed_until)})


def adopters(log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Give those on the rung "adopted": ``unit``, ``since``, ``tried_at``, ``adopted_at``."""
    people = units(log, question)
    people = people.filter(~people[EARLY] & reached(people, ADOPTED, log, question))
    return people.select(UNIT, SINCE, f"{TRIED}_at", f"{ADOPTED}_at")


def mature(people: Any, log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Write the condition that a unit's window is over; without a window, everybody is judged on what is known."""
    if question.window is None:
        return people[SINCE].notnull()
    return people[SINCE] + question.window < log.observed_until


def reached(people: Any, rung: str, log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Write the condition that a unit's window is over, and that it came to a rung inside it."""
    when = people[f"{rung}_at"]
    there = mature(people, log, question) & when.notnull()
    return there if question.window is None else there & engine.surely(when - people[SINCE] <= question.window)


def counted(condition: Any) -> Any:  # noqa: ANN401
    """Write the number of rows for which a condition holds."""
    return condition.cast("int64").sum()


def _judged(people: Any, log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Write the condition that even who adopted at the end of the window has had the whole time to come back.

    Not the own time of adopting: early on, only the fastest adopters would be judged, and those are the keenest.
    Without a window there is no such end, and each adopter's own time must do.
    """
    retained = question.retained or 0
    if question.window is None:
        return engine.surely(people[f"{ADOPTED}_at"] + retained < log.observed_until)
    return people[SINCE] + question.window + retained < log.observed_until


def _judged_with(log: EventLog, question: Question, by: str) -> Any:  # noqa: ANN401
    """Give units whose window is over: ``segment``, and whether ``adopted``."""
    people = units(log, question)
    people = people.filter(~people[EARLY] & mature(people, log, question))
    if by in question.properties:
        value = people[question.properties[by]]
    else:
        people = people.left_join(_first_values(log, people, by), UNIT).drop(f"{UNIT}_right")
        value = people[SEGMENT]
    name = ibis.cases((value.isnull() | (value == ""), MISSING), else_=value)
    return people.select(UNIT, **{SEGMENT: name, ADOPTED: reached(people, ADOPTED, log, question)})


def _first_values(log: EventLog, people: Any, by: str) -> Any:  # noqa: ANN401
    """Give each unit's first value of a property at or after it became eligible; of several at once, the first one."""
    table = log.counted_events()
    rows = table.select(
        **{UNIT: table[log.unit], SEGMENT: table[by].cast("string"), NOW: engine.epoch_microseconds(table[TIME])}
    )
    rows = rows.filter(rows[SEGMENT].notnull() & (rows[SEGMENT] != ""))
    rows = rows.inner_join(people.select(UNIT, SINCE), UNIT)
    rows = rows.filter(rows[NOW] >= rows[SINCE])
    order = ibis.window(group_by=UNIT, order_by=[rows[NOW], rows[SEGMENT]])
    ranked = rows.mutate(place=ibis.row_number().over(order))
    return ranked.filter(ranked["place"] == 0).select(UNIT, SEGMENT)


def _eligible(log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Give each unit that could use the feature, and since when."""
    if question.listed is not None:
        listed = _listed(log, question)
        since = listed[SINCE].cast("int64")
        if question.released is not None:
            since = ibis.greatest(since.fill_null(question.released), question.released)
        others = {column: listed[column].min() for column in question.properties.values()}
        return listed.group_by(UNIT).aggregate(**{SINCE: since.min()}, **others)
    base = question.base or log
    table = base.counted_events()
    if question.released is not None:
        table = table.filter(table[TIME] >= engine.moment_literal(question.released, table[TIME].type()))
    rows = table.select(**{UNIT: table[base.unit], NOW: engine.epoch_microseconds(table[TIME])})
    return rows.group_by(UNIT).aggregate(**{SINCE: rows[NOW].min()})


def _listed(log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Write listed units in the type of the log's unit, so that 7 and '7' are the same user."""
    listed = engine.store(question.listed, "eligible")
    return listed.mutate(**{UNIT: listed[UNIT].cast(log.table[log.unit].type())})


def _joined(log: EventLog, names: Sequence[str], people: Any) -> Any:  # noqa: ANN401
    """Give the events of these names by some units, with those units' columns."""
    table = log.counted_events(names)
    rows = table.select(**{UNIT: table[log.unit], EVENT: table[EVENT], NOW: engine.epoch_microseconds(table[TIME])})
    return rows.inner_join(people, UNIT)


def _noticed(log: EventLog, question: Question, eligible: Any) -> Any:  # noqa: ANN401
    """Find when each unit first saw the feature, and first showed interest."""
    close = [*question.interest, *question.feature]
    rows = _joined(log, [*question.awareness, *close], eligible)
    rows = rows.filter(rows[NOW] >= rows[SINCE])
    interested = engine.any_of(rows[EVENT] == name for name in close)
    return rows.group_by(UNIT).aggregate(
        **{f"{AWARE}_at": rows[NOW].min(), f"{INTERESTED}_at": rows[NOW].min(where=interested)}
    )


def _back(uses: Any, used: Any) -> Any:  # noqa: ANN401
    """Find each adopter's next use: the first one after the use that made it an adopter."""
    rows = uses.select(UNIT, NOW).inner_join(used.select(UNIT, f"{ADOPTED}_at"), UNIT)
    later = rows.filter(rows[NOW] > rows[f"{ADOPTED}_at"])
    return later.group_by(UNIT).aggregate(**{f"{RETAINED}_at": later[NOW].min()})


def _first_uses(uses: Any, log: EventLog, question: Question) -> Any:  # noqa: ANN401
    """Find when each unit first used the feature, and when it had used it often enough, on days enough."""
    uses = uses.mutate(**{LOCAL_DAY: engine.local_day(uses[NOW], log.timezone, log.observed_until)})
    if question.span is not None:
        tried = uses.group_by(UNIT).aggregate(**{f"{TRIED}_at": uses[NOW].min()})
        return tried.left_join(_close_together(uses, question.span, question), UNIT).drop(f"{UNIT}_right")
    by_unit = ibis.window(group_by=UNIT, order_by=NOW)
    ranked = uses.mutate(use=ibis.row_number().over(by_unit) + 1)
    ranked = ranked.mutate(day_number=ibis.dense_rank().over(ibis.window(group_by=UNIT, order_by=LOCAL_DAY)) + 1)
    often = ranked[NOW].min(where=ranked["use"] == question.min_uses)
    long_enough = ranked[NOW].min(where=ranked["day_number"] == question.min_days)
    found = ranked.group_by(UNIT).aggregate(**{f"{TRIED}_at": ranked[NOW].min()}, often=often, long_enough=long_enough)
    both = found["often"].notnull() & found["long_enough"].notnull()
    later = ibis.ifelse(found["often"] > found["long_enough"], found["often"], found["long_enough"])
    adopted = ibis.ifelse(both, later, ibis.null("int64"))
    return found.select(UNIT, f"{TRIED}_at", **{f"{ADOPTED}_at": adopted})


def _close_together(uses: Any, span: Span, question: Question) -> Any:  # noqa: ANN401
    """Find the first use that ends a span with uses enough on days enough.

    Looking back from a use, the last ``min_uses`` of them lie in the span when the first of those does; the last
    ``min_days`` days do when the last use of the first of those days does.
    """
    uses = uses.select(UNIT, NOW, LOCAL_DAY, **{_MARK: uses[LOCAL_DAY] if span.calendar else uses[NOW]})
    by_unit = ibis.window(group_by=UNIT, order_by=NOW)
    uses = uses.mutate(**{_USE_BACK: _back_by(uses[_MARK], question.min_uses - 1, by_unit)})
    days = uses.group_by([UNIT, LOCAL_DAY]).aggregate(last=uses[_MARK].max())
    by_day = ibis.window(group_by=UNIT, order_by=LOCAL_DAY)
    days = days.mutate(**{_DAY_BACK: _back_by(days["last"], question.min_days - 1, by_day)})
    both = uses.inner_join(days.select(UNIT, LOCAL_DAY, _DAY_BACK), [UNIT, LOCAL_DAY])
    begins = both[_MARK] - span.reach
    enough = both.filter((both[_USE_BACK] >= begins) & (both[_DAY_BACK] >= begins))
    return enough.group_by(UNIT).aggregate(**{f"{ADOPTED}_at": enough[NOW].min()})


def _back_by(column: Any, steps: int, window: Any) -> Any:  # noqa: ANN401
    return column.lag(steps).over(window) if steps else column
