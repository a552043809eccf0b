"""The run: day after day, from people to files; and what the truth says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pm_analytics.simulate import behaviour, dirt, files, record, truth
from pm_analytics.simulate import people as crowd
from pm_analytics.simulate.behaviour import Rows, World
from pm_analytics.simulate.plan import Stream
from pm_analytics.simulate.record import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pm_analytics.simulate.files import Export, Labels
    from pm_analytics.simulate.people import Steps
    from pm_analytics.simulate.plan import Plan, Times

_PILOT_USERS = 20_000


def users_for(events: int, plan: Plan) -> int:
    """Find how many users make about so many events, from what is expected of a pilot crowd."""
    pilot = replace(plan, users=_PILOT_USERS)
    people, steps = crowd.onboard(pilot, crowd.meet(pilot))
    everybody = np.arange(len(people.arrived))
    visits = ((people.arrived >= pilot.start) & (people.arrived < pilot.end)).astype(float)
    for day in range(pilot.days):
        visits += behaviour.session_rate(pilot, people, everybody, day)
    per_visit = 1 + people.exports + behaviour.EDITS + behaviour.TICKETS + behaviour.ERRORS + dirt.LOGGED_OUT
    per_user = (float(np.sum(visits * per_visit)) + len(steps.time)) / _PILOT_USERS
    return max(round(events / per_user), 1)


def write(plan: Plan, into: Path, names: dict[str, str]) -> dict[str, Any]:
    """Simulate into a folder; return the truth."""
    people, steps = crowd.onboard(plan, crowd.meet(plan))
    exposed = behaviour.exposures(plan, people)
    seen = truth.window(plan, people, exposed)
    world = World(plan, people, exposed, truth.multiplier(plan, seen))
    labels = files.Labels(people)
    (into / names["truth"]).unlink(missing_ok=True)  # an old truth must not stand beside new events
    with files.exporting(into / names["events"]) as export:
        counts = _export(world, steps, labels, export)
    files.write_exposures(into / names["exposures"], world, labels)
    known = record.facts(world, labels, counts) | truth.expected(plan, people, seen, world.multiplier)
    files.write_truth(into / names["truth"], known)
    return known


def _export(world: World, steps: Steps, labels: Labels, export: Export) -> Counts:
    """Write the log a day at a time, so that memory holds one day and the people."""
    counts = Counts()
    for day, rows in _days(world, steps, counts):
        tracked = np.delete(np.arange(len(rows.time)), dirt.untracked(world.plan, rows.time))
        copies = dirt.delivered(world.plan.rng(Stream.DIRT, world.plan.days + day), len(tracked))
        delivered = rows.take(tracked[copies])
        counts.lost += len(rows.time) - len(tracked)
        export.add(files.table(world, labels, delivered, counts.distinct + copies))
        counts.distinct += len(tracked)
        counts.add(world.people, delivered)
    return counts


def _days(world: World, steps: Steps, counts: Counts) -> Iterator[tuple[int, Rows]]:
    """Give each day's rows in time order; what a late session does after midnight waits for the next day."""
    plan = world.plan
    late: list[Rows] = []
    for day in range(plan.days):
        rows = Rows.join([*late, *_of_day(world, steps, day, counts)])
        until = min(plan.midnight(day + 1), plan.end)
        late = [rows.take(rows.time >= until)]
        now = rows.take(rows.time < until)
        yield day, now.take(np.argsort(now.time, kind="stable"))


def _of_day(world: World, steps: Steps, day: int, counts: Counts) -> Iterator[Rows]:
    """Make everything that begins on a day, numbering sessions over the whole log."""
    plan, rng = world.plan, world.plan.rng(Stream.DIRT, day)
    seen = behaviour.sessions(plan, world.people, day)
    parts = (
        behaviour.actions(world, day, seen),
        _onboarding(plan, steps, day),
        dirt.logged_out(plan, rng, day, seen),
        dirt.bots(plan, day),
    )
    for part in parts:
        yield replace(part, session=part.session + counts.sessions)
        counts.sessions += int(part.session.max(initial=-1)) + 1


def _onboarding(plan: Plan, steps: Steps, day: int) -> Rows:
    """Give a day's onboarding steps; those of one person are one session."""
    since, until = np.searchsorted(steps.time, [plan.midnight(day), plan.midnight(day + 1)])
    person = steps.person[since:until]
    session: Times = np.searchsorted(np.unique(person), person)
    return behaviour.rows(person, session, steps.event[since:until], steps.time[since:until])
