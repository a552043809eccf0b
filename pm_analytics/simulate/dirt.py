"""What makes a real export dirty: bots, logged-out visits, hours without tracking, rows delivered twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pm_analytics.simulate.behaviour import Rows, rows
from pm_analytics.simulate.people import BOTS
from pm_analytics.simulate.plan import APP_OPENED, time_of_day
from pm_analytics.times import DAY, SECOND

if TYPE_CHECKING:
    from pm_analytics.simulate.behaviour import Sessions
    from pm_analytics.simulate.plan import Plan, Times

DUPLICATED: Final = 0.003
LOGGED_OUT: Final = 0.02  # visits per session
BOT_DAYS: Final = 10
_BOT_SECONDS = (180, 240, 300)  # from one visit to the next, day and night: 288 to 480 visits a day


def bots(plan: Plan, day: int) -> Rows:
    """Let each bot open the app like clockwork on its ten days, spread over the log."""
    ticks = [np.arange(0, DAY * _works(plan, bot, day), seconds * SECOND) for bot, seconds in enumerate(_BOT_SECONDS)]
    time = plan.midnight(day) + np.concatenate(ticks)
    person = np.repeat(plan.users + np.arange(BOTS), [len(each) for each in ticks])
    return rows(person, np.arange(len(time)), APP_OPENED, time)


def _works(plan: Plan, bot: int, day: int) -> bool:
    """Say whether this is one of a bot's days."""
    begins = (plan.days - BOT_DAYS) * bot // (BOTS - 1)
    return begins <= day < begins + BOT_DAYS


def logged_out(plan: Plan, rng: np.random.Generator, day: int, seen: Sessions) -> Rows:
    """Let some of the day's people look in without logging in, so that nobody knows who they were."""
    person = seen.person[rng.random(len(seen.person)) < LOGGED_OUT]
    time = plan.midnight(day) + time_of_day(rng.random(len(person)))
    return rows(person, np.arange(len(person)), APP_OPENED, time, known=False)


def untracked(plan: Plan, time: Times) -> Times:
    """List the rows that fall into the hours without tracking."""
    since, until = plan.gap
    return np.flatnonzero((time >= since) & (time < until))


def delivered(rng: np.random.Generator, count: int) -> Times:
    """List the rows as delivered: in order, a few of them twice."""
    return np.repeat(np.arange(count), 1 + (rng.random(count) < DUPLICATED))
