"""Who uses the simulated product: accounts, users, their habits, and their way through onboarding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pm_analytics.simulate.plan import (
    NEVER,
    ONBOARDING,
    PLAN_UPGRADED,
    SIGNED_UP,
    STAGES,
    Stream,
    time_of_day,
)
from pm_analytics.times import DAY, HOUR, SECOND

if TYPE_CHECKING:
    from pm_analytics.simulate.plan import Codes, Flags, Numbers, Plan, Times

BOTS: Final = 3
PLATFORMS: Final = ("web", "ios", "android")
COUNTRIES: Final = ("US", "GB", "DE", "NL", "FR", "IN", "BR", "CA", "AU", "ES", "PL", "SE")
PLANS: Final = ("free", "pro", "team")
FREE, PRO, TEAM = range(3)

SESSIONS_PER_DAY: Final = 0.19  # of the median user on an average day, once settled in
SIGN_UP_TO_FIRST_OPEN: Final = 30 * SECOND

_HISTORY_DAYS = 365
_ARRIVALS_GROWTH = 0.001
_INTERNAL_SHARE = 0.005
# Of those who took the step before: the log-odds of going on, and the median hours until then
_ONWARD = ((1.6, 0.3), (1.9, 0.2), (-0.2, 20.0), (-0.7, 110.0))
_REPEATED = (0.03, 0.35, 0.6, 0.4, 0.05)  # the share of each step's takers who do it again


@dataclass(frozen=True, slots=True)
class People:
    """One row per person, bots last; ``willing`` people use Bulk edit if they are given it."""

    account: Times
    arrived: Times  # the first app_opened, just after signing up
    activity: Numbers  # sessions per day, before calendar and age
    exports: Numbers  # reports exported per session
    platform: Codes
    country: Codes
    lag: Codes  # days until a new app version is installed
    plan: Codes
    plan_after: Codes
    upgraded: Times
    bill: Numbers
    internal: Flags
    bot: Flags
    treated: Flags
    stage: Codes
    willingness: Numbers
    willing: Flags


@dataclass(frozen=True, slots=True)
class Steps:
    """Onboarding events in time order."""

    time: Times
    person: Times
    event: Codes


def meet(plan: Plan) -> People:
    """Draw everybody: `plan.users` people in accounts, and a handful of bots with accounts of their own."""
    rng = plan.rng(Stream.PEOPLE)
    count = plan.users + BOTS
    bot = np.arange(count) >= plan.users
    account, size = _accounts(rng, count)
    paid = _plans(rng, account, size)
    zeal = 0.9 * rng.standard_normal(count) + 0.4 * rng.standard_normal(account[-1] + 1)[account] + 0.3 * paid
    willingness = np.where(bot, 0.0, 1 / (1 + np.exp(0.9 - 1.5 * zeal)))
    platform = np.where(bot, 0, _choose(rng, [0.62, 0.21, 0.17], count)).astype(np.int8)
    return People(
        account=account,
        arrived=np.where(bot, NEVER, _arrivals(rng, plan, account)),
        activity=np.where(bot, 0.0, SESSIONS_PER_DAY * np.exp(zeal)),
        exports=np.minimum(0.25 * (1 + 0.2 * paid) * np.exp(0.5 * rng.standard_normal(count)), 2.0),
        platform=platform,
        country=_choose(rng, [0.72**rank for rank in range(len(COUNTRIES))], account[-1] + 1)[account],
        lag=np.where(platform > 0, rng.integers(0, 21, count), 0).astype(np.int8),
        plan=paid,
        plan_after=np.minimum(paid + 1, TEAM).astype(np.int8),
        upgraded=np.full(count, NEVER),
        bill=np.array([0.0, 12.0, 30.0])[np.minimum(paid + 1, TEAM)] * rng.choice([1, 1, 1, 10], count) * size,
        internal=_internal(rng, account) & ~bot,
        bot=bot,
        treated=rng.random(count) < 0.5,
        stage=np.searchsorted([share for _, share in STAGES], rng.random(count), side="right").astype(np.int8),
        willingness=willingness,
        willing=rng.random(count) < willingness,
    )


def _choose(rng: np.random.Generator, weights: list[float], count: int) -> Codes:
    """Draw codes with the given weights."""
    steps = np.cumsum(weights) / np.sum(weights)
    return np.searchsorted(steps[:-1], rng.random(count), side="right").astype(np.int8)


def _accounts(rng: np.random.Generator, count: int) -> tuple[Times, Times]:
    """Seat people in accounts of one to a few dozen; give each person's account and its number of seats."""
    sizes = np.ceil(rng.pareto(1.6, count) + 0.3).clip(1, 40).astype(np.int64)
    account = np.repeat(np.arange(count), sizes)[: count - BOTS]
    account = np.concatenate([account, account[-1] + 1 + np.arange(BOTS)])
    return account, np.bincount(account)[account]


def _plans(rng: np.random.Generator, account: Times, size: Times) -> Codes:
    """Give each account a plan; the larger, the likelier it pays."""
    luck = rng.random(account[-1] + 1)[account] ** (1 / (1 + 0.2 * (size - 1)))
    plan: Codes = np.searchsorted([0.66, 0.9], luck).astype(np.int8)
    return plan


def _internal(rng: np.random.Generator, account: Times) -> Flags:
    """Mark the accounts of the makers themselves; the first one always is."""
    mark = rng.random(account[-1] + 1) < _INTERNAL_SHARE
    mark[0] = True
    flags: Flags = mark[account]
    return flags


def _arrivals(rng: np.random.Generator, plan: Plan, account: Times) -> Times:
    """Say when each person first opened the app: an account's founder first, the others mostly soon after.

    Some arrived in the year before the log starts. Arrivals grow, and come on weekdays at office hours.
    """
    day = np.arange(-_HISTORY_DAYS, plan.days)
    weight = plan.pace(day) * np.exp(_ARRIVALS_GROWTH * day)
    founded = rng.random(account[-1] + 1)[account]
    joined = founded + (1 - founded) * rng.beta(0.5, 3.0, len(account))
    founder = np.diff(account, prepend=-1) > 0
    share = np.where(founder, founded, joined)
    of_day = np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), share), len(day) - 1)
    arrived: Times = plan.start + day[of_day] * DAY + time_of_day(rng.random(len(account)))
    return arrived


def chances(people: People) -> Numbers:
    """Give each person's probability to go on from each onboarding step to the next, given enough time."""
    habit = 0.3 * np.log(np.maximum(people.activity, 1e-9) / SESSIONS_PER_DAY) - 0.35 * (people.platform > 0)
    odds = np.array([[onward] for onward, _ in _ONWARD]) + habit
    chance: Numbers = 1 / (1 + np.exp(-odds))
    chance[-1] *= people.plan < TEAM  # there is nothing above the team plan
    return chance


def onboard(plan: Plan, people: People) -> tuple[People, Steps]:
    """Send everybody through onboarding: give the people with their upgrades, and the steps that the log saw.

    Some take a step again days later: they sign up twice, or start a second project.
    """
    rng = plan.rng(Stream.ONBOARDING)
    person = np.flatnonzero(~people.bot)
    at = people.arrived[person] - SIGN_UP_TO_FIRST_OPEN
    chance = chances(people)
    taken = []
    for event in range(len(ONBOARDING)):
        if event > SIGNED_UP:
            goes_on = rng.random(len(person)) < chance[event - 1, person]
            person, at = person[goes_on], at[goes_on]
            at = at + (_ONWARD[event - 1][1] * HOUR * rng.lognormal(0.0, 1.2, len(at))).astype(np.int64)
        again = rng.random(len(person)) < _REPEATED[event]
        later = at[again] + rng.exponential(9 * DAY, int(again.sum())).astype(np.int64)
        taken.append((np.append(at, later), np.append(person, person[again]), event))
    upgraded = np.full(len(people.arrived), NEVER)
    upgraded[person] = at  # who is left took the last step
    return replace(people, upgraded=upgraded), _in_log(plan, taken)


def _in_log(plan: Plan, taken: list[tuple[Times, Times, int]]) -> Steps:
    """Keep what falls between the start and the end of the log, in time order."""
    time = np.concatenate([at for at, _, _ in taken])
    person = np.concatenate([who for _, who, _ in taken])
    event = np.repeat(np.arange(len(taken), dtype=np.int8), [len(at) for at, _, _ in taken])
    inside = np.flatnonzero((time >= plan.start) & (time < plan.end))
    order = inside[np.argsort(time[inside], kind="stable")]
    return Steps(time[order], person[order], event[order])


def plan_at(people: People, person: Times, time: Times) -> Codes:
    """Give the plan each person was on at a time."""
    upgraded = time >= people.upgraded[person]
    return np.where(upgraded, people.plan_after[person], people.plan[person])


def bill(people: People, person: Times, event: Codes) -> Numbers:
    """Give the revenue of each event: what was paid for an upgrade, else not a number."""
    return np.where(event == PLAN_UPGRADED, people.bill[person], np.nan)
