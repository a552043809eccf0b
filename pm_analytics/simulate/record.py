"""The record of a run: what was asked for, what was launched, and what was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pm_analytics.simulate.plan import EVENTS, EXPERIMENT, NEVER, STAGES, WINDOW_DAYS
from pm_analytics.times import DAY, from_microseconds

if TYPE_CHECKING:
    from pm_analytics.simulate.behaviour import Rows, World
    from pm_analytics.simulate.files import Labels
    from pm_analytics.simulate.people import People
    from pm_analytics.simulate.plan import Plan, Times


@dataclass(slots=True)
class Counts:
    """What was written, in rows as delivered, and what was lost in the tracking gap."""

    sessions: int = 0
    distinct: int = 0
    rows: int = 0
    without_user: int = 0
    internal: int = 0
    bots: int = 0
    lost: int = 0
    events: Times = field(default_factory=lambda: np.zeros(len(EVENTS), dtype=np.int64))

    def add(self, people: People, rows: Rows) -> None:
        """Count delivered rows."""
        self.rows += len(rows.time)
        self.without_user += int((~rows.known).sum())
        self.internal += int((people.internal[rows.person] & rows.known).sum())
        self.bots += int(people.bot[rows.person].sum())
        self.events += np.bincount(rows.event, minlength=len(EVENTS))


def facts(world: World, labels: Labels, counts: Counts) -> dict[str, Any]:
    """State everything that is known from the arguments and from what was written."""
    return {
        "parameters": _parameters(world.plan),
        "log": _log(world, counts),
        "dirt": _dirt(world, labels, counts),
        "launch": _launch(world.plan),
        "experiment": _experiment(world),
    }


def _parameters(plan: Plan) -> dict[str, Any]:
    start = from_microseconds(plan.start).date().isoformat()
    names = ("users", "seed", "effect", "error_harm", "days", "launch_day")
    return {name: getattr(plan, name) for name in names} | {"start": start}


def _log(world: World, counts: Counts) -> dict[str, Any]:
    people = world.people
    return {
        "starts": _say(world.plan.start),
        "ends": _say(world.plan.end),
        "rows": counts.rows,
        "accounts": int(people.account[~people.bot].max()) + 1,
        "rows_by_event": dict(zip(EVENTS, counts.events.tolist(), strict=True)),
    }


def _dirt(world: World, labels: Labels, counts: Counts) -> dict[str, Any]:
    since, until = world.plan.gap
    return {
        "duplicate_rows": counts.rows - counts.distinct,
        "rows_without_user": counts.without_user,
        "internal_rows": counts.internal,
        "internal_users": int(world.people.internal.sum()),
        "bot_rows": counts.bots,
        "bot_user_ids": [labels.users[int(bot)].as_py() for bot in np.flatnonzero(world.people.bot)],
        "tracking_gap": {"from": _say(since), "until": _say(until), "rows_lost": counts.lost},
        "last_day_stops_at": _say(world.plan.end),
    }


def _launch(plan: Plan) -> dict[str, Any]:
    stages = zip(plan.stage_opens, STAGES, strict=True)
    return {
        "at": _say(plan.launch),
        "stages": [{"opens": _say(opens), "share_of_users": share} for opens, (_, share) in stages],
    }


def _experiment(world: World) -> dict[str, Any]:
    exposed, treated = world.exposed != NEVER, world.people.treated
    return {
        "name": EXPERIMENT,
        "window_days": WINDOW_DAYS,
        "exposed_control": int((exposed & ~treated).sum()),
        "exposed_treatment": int((exposed & treated).sum()),
        "exposed_with_full_window": int((world.exposed <= world.plan.end - WINDOW_DAYS * DAY).sum()),
    }


def _say(moment: int) -> str:
    return from_microseconds(moment).isoformat()
