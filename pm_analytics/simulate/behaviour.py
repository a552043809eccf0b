"""What people do: sessions, exposure to the launch, and the events of each session.

Sessions of a person are a Poisson process: rate = activity x pace of the day x time since arrival x hour of
the day. Within a session, counts of events are independent of everything else given the person. So the
expectations in `truth` are sums, not simulations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.simulate.plan import (
    APP_OPENED,
    BULK_EDIT_OPENED,
    BULK_EDIT_SAVED,
    ERROR_SHOWN,
    ITEM_EDITED,
    NEVER,
    REPORT_EXPORTED,
    SUPPORT_TICKET_OPENED,
    Stream,
    time_of_day,
)
from pm_analytics.times import DAY, SECOND

if TYPE_CHECKING:
    from pm_analytics.simulate.people import People
    from pm_analytics.simulate.plan import Codes, Flags, Numbers, Plan, Times

EDITS, TICKETS, ERRORS = 1.8, 0.012, 0.05  # expected per session
OPENS_WILLING, OPENS_CURIOUS = 0.5, 0.06  # the chance per session to open Bulk edit, while it is new
SAVES = 0.8  # the chance that a willing person who opened it saves
_MORE_SAVES = 0.7
_PAUSE = 10 * SECOND
_MINUTES = 60 * SECOND
_SESSION_MOST = 40 * _MINUTES

_SETTLED, _SETTLING_DAYS = 0.4, 21.0
_PLATEAU, _NOVELTY_DAYS = 0.65, 10.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions of one day: who, and when the app was opened."""

    person: Times
    start: Times


@dataclass(frozen=True, slots=True)
class Rows:
    """Events: who, in which session (numbered from 0), what, when, and whether logged in."""

    person: Times
    session: Times
    event: Codes
    time: Times
    known: Flags

    def take(self, which: Times | Flags) -> Rows:
        """Pick rows."""
        return Rows(*(getattr(self, name)[which] for name in self.__slots__))

    @staticmethod
    def join(parts: list[Rows]) -> Rows:
        """Put rows under each other."""
        return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__slots__))


def rows(person: Times, session: Times, event: int | Codes, time: Times, *, known: bool = True) -> Rows:
    """Make rows; one event or one per row."""
    codes = np.broadcast_to(np.asarray(event, dtype=np.int8), person.shape)
    return Rows(person, session, codes, time, np.full(len(person), known))


def day_of(plan: Plan, moment: Times) -> Times:
    """Count the days since the start of the log."""
    return (moment - plan.start) // DAY


def session_rate(plan: Plan, people: People, person: Times, day: int | Times) -> Numbers:
    """Expect so many sessions of each person on a day (a whole day): busy at first, then settled."""
    age = day - day_of(plan, people.arrived[person])
    fade = _SETTLED + (1 - _SETTLED) * np.exp(-np.maximum(age, 0) / _SETTLING_DAYS)
    rate: Numbers = people.activity[person] * plan.pace(np.asarray(day)) * fade * (age >= 0)
    return rate


def novelty(age: Times) -> Numbers:
    """Say how keen people are on Bulk edit some days after exposure, from 1 down to a plateau."""
    keen: Numbers = _PLATEAU + (1 - _PLATEAU) * np.exp(-age / _NOVELTY_DAYS)
    return keen


def sessions(plan: Plan, people: People, day: int) -> Sessions:
    """Draw the sessions of a day; a person's first is on arrival."""
    rng = plan.rng(Stream.SESSIONS, day)
    everybody = np.arange(len(people.arrived))
    person = np.repeat(everybody, rng.poisson(session_rate(plan, people, everybody, day)))
    start = plan.midnight(day) + time_of_day(rng.random(len(person)))
    later = start > people.arrived[person]
    first = np.flatnonzero(day_of(plan, people.arrived) == day)
    person, start = np.append(person[later], first), np.append(start[later], people.arrived[first])
    inside = start < plan.end
    return Sessions(person[inside], start[inside])


def exposures(plan: Plan, people: People) -> Times:
    """Find when each person was exposed: the first app_opened at or after their stage opened; else `NEVER`.

    The makers of the product and bots take no part in the experiment.
    """
    exposed = np.full(len(people.arrived), NEVER)
    opens = np.where(people.internal | people.bot, NEVER, plan.stage_opens[people.stage])
    for day in range(plan.launch_day, plan.days):
        seen = sessions(plan, people, day)
        counts = seen.start >= opens[seen.person]
        np.minimum.at(exposed, seen.person[counts], seen.start[counts])
    return exposed


@dataclass(frozen=True, slots=True)
class World:
    """Everything that does not change from day to day."""

    plan: Plan
    people: People
    exposed: Times
    multiplier: float  # of the exports of willing, treated people from their exposure on


def actions(world: World, day: int, seen: Sessions) -> Rows:
    """Draw the events of a day's sessions."""
    plan, people, person = world.plan, world.people, seen.person
    rng = plan.rng(Stream.ACTIONS, day)
    reached = people.treated[person] & (seen.start >= world.exposed[person])
    willing = reached & people.willing[person]
    counts = {
        ITEM_EDITED: rng.poisson(EDITS, len(person)),
        REPORT_EXPORTED: rng.poisson(people.exports[person] * np.where(willing, world.multiplier, 1.0)),
        SUPPORT_TICKET_OPENED: rng.poisson(TICKETS, len(person)),
        ERROR_SHOWN: rng.poisson(ERRORS * np.where(willing, 1 + plan.error_harm, 1.0)),
    }
    number = np.arange(len(person))
    drawn = [rows(person, number, APP_OPENED, seen.start)]
    drawn += [_within(rng, seen, event, np.repeat(number, count)) for event, count in counts.items()]
    return Rows.join([*drawn, *_bulk_edit(world, rng, day, seen, np.flatnonzero(reached))])


def _within(rng: np.random.Generator, seen: Sessions, event: int, at: Times) -> Rows:
    """Place one event into each of the listed sessions, some minutes after its start."""
    return rows(seen.person[at], at, event, seen.start[at] + _delay(rng, len(at), 6))


def _delay(rng: np.random.Generator, count: int, minutes: float) -> Times:
    """Draw delays of so many minutes on average, at least a few seconds."""
    return _PAUSE + np.minimum(rng.exponential(minutes * _MINUTES, count), _SESSION_MOST).astype(np.int64)


def _bulk_edit(world: World, rng: np.random.Generator, day: int, seen: Sessions, reached: Times) -> list[Rows]:
    """Let exposed, treated people open Bulk edit; the willing among them save, some more than once."""
    person = seen.person[reached]
    willing = world.people.willing[person]
    keen = novelty(day - day_of(world.plan, world.exposed[person]))
    opened = rng.random(len(person)) < keen * np.where(willing, OPENS_WILLING, OPENS_CURIOUS)
    at, willing = reached[opened], willing[opened]
    opened_at = seen.start[at] + _delay(rng, len(at), 4)
    saves = np.where(willing & (rng.random(len(at)) < SAVES), 1 + rng.poisson(_MORE_SAVES, len(at)), 0)
    saved = np.repeat(at, saves)
    saved_at = np.repeat(opened_at, saves) + _delay(rng, len(saved), 3)
    return [
        rows(seen.person[at], at, BULK_EDIT_OPENED, opened_at),
        rows(seen.person[saved], saved, BULK_EDIT_SAVED, saved_at),
    ]
