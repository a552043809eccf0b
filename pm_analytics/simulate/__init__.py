"""A simulated product with known truth: demo data, rehearsals and tests.

A project-management tool launches "Bulk edit", in three stages and as a randomised experiment. Those who
like the tool most adopt it most, so adopters and others differ greatly; what the launch really changed is
known, and written beside the data.

    plan.py       names, calendar, random streams
    people.py     accounts, users, onboarding
    behaviour.py  sessions, exposure, events; the model's rates
    truth.py      what is true, computed from those rates
    dirt.py       bots, logged-out visits, a tracking gap, duplicates
    files.py      Parquet and JSON
    record.py     what was asked for, launched and written
    run.py        day after day, from people to files

Nothing heavy is imported until `simulate` is called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import ParameterError
from pm_analytics.times import DAY, to_microseconds

if TYPE_CHECKING:
    from datetime import date, datetime

    from pm_analytics.simulate.plan import Plan

__all__ = ["SimulatedProduct", "simulate"]

_FILES = {"events": "events.parquet", "exposures": "exposures.parquet", "truth": "truth.json"}
_USERS = 20_000
_FEWEST_USERS = 100
_DAYS_BEFORE_LAUNCH = 14
_DAYS_AFTER_LAUNCH = 30  # the last stage opens after 14 days, and its users need a full window of 14 days


@dataclass(frozen=True, slots=True)
class SimulatedProduct:
    """Where the files of a simulated product are, what is true of it, and what its events are called.

    ``events`` has one row per event as delivered, dirt included; ``exposures`` has experiment, variant,
    user_id and timestamp; ``truth`` is what ``truth_path`` holds.
    """

    events: Path
    exposures: Path
    truth_path: Path
    truth: dict[str, Any]
    launch_at: str
    launch_name: str = "Bulk edit"
    experiment: str = "bulk_edit"
    feature_event: str = "bulk_edit_saved"
    interest_event: str = "bulk_edit_opened"
    primary_event: str = "report_exported"
    guardrail_events: tuple[str, ...] = ("support_ticket_opened", "error_shown")
    onboarding_steps: tuple[str, ...] = (
        "signed_up",
        "project_created",
        "item_added",
        "teammate_invited",
        "plan_upgraded",
    )


def simulate(
    into: str | Path,
    *,
    users: int | None = None,
    events: int | None = None,
    seed: int = 1,
    effect: float = 0.12,
    error_harm: float = 0.0,
    start: str | date | datetime = "2026-01-05",
    days: int = 112,
    launch_day: int = 70,
    overwrite: bool = False,
) -> SimulatedProduct:
    """Write the event log of a product whose truth is known.

    The same arguments give the same rows on any number of threads. Rows are in time order. Memory holds the
    people and half a million events, or one day's if those are more.

    Parameters
    ----------
    into : str or Path
        The folder for ``events.parquet``, ``exposures.parquet`` and ``truth.json``; made if missing.
    users : int, optional
        Number of users, 20,000 unless ``events`` is given; about 50 events each in 112 days.
    events : int, optional
        Roughly how many events to write, instead of ``users``.
    seed : int
        Which of all possible logs to write.
    effect : float
        Relative change that the launch really makes to the mean number of ``report_exported`` per user in the
        14 days after exposure, over everybody in treatment whether they adopt or not; 0 is no change at all.
        Only users who take to Bulk edit carry it, from their exposure on.
    error_harm : float
        Relative change of the rate of ``error_shown`` for the users who take to Bulk edit; 0 is none.
    start : str, date or datetime
        First day of the log, midnight UTC.
    days : int
        Length of the log; its last day stops at 15:00 UTC.
    launch_day : int
        Day of the launch, 09:00 UTC, counted from ``start``.
    overwrite : bool
        Write into a folder that already holds something.

    Returns
    -------
    SimulatedProduct
        Paths, names, and the truth.

    Raises
    ------
    ParameterError
        An argument makes no sense, or the folder is not empty.
    """
    from pm_analytics.simulate.plan import Plan
    from pm_analytics.simulate.run import users_for, write

    _check_size(users, events, seed)
    _check_calendar(days, launch_day)
    _check_share("effect", effect)
    _check_share("error_harm", error_harm)
    plan = Plan(users or _USERS, seed, float(effect), float(error_harm), _midnight(start), days, launch_day)
    if events is not None:
        plan = _resized(plan, users_for(events, plan), events)
    folder = _folder(Path(into), overwrite=overwrite)
    truth = write(plan, folder, _FILES)
    paths = {name: folder / file for name, file in _FILES.items()}
    return SimulatedProduct(paths["events"], paths["exposures"], paths["truth"], truth, truth["launch"]["at"])


def _check_size(users: int | None, events: int | None, seed: int) -> None:
    if users is not None and events is not None:
        raise ParameterError("users= and events= both say how large the log is; give one of them.")
    if users is not None and users < _FEWEST_USERS:
        raise ParameterError(f"users={users} is too few for shares and means to settle; use {_FEWEST_USERS} or more.")
    if seed < 0:
        raise ParameterError(f"seed={seed} must not be negative; use 0, 1, 2...")


def _check_calendar(days: int, launch_day: int) -> None:
    if launch_day < _DAYS_BEFORE_LAUNCH:
        raise ParameterError(
            f"launch_day={launch_day} leaves no history before the launch; use {_DAYS_BEFORE_LAUNCH} or more."
        )
    if days < launch_day + _DAYS_AFTER_LAUNCH:
        raise ParameterError(
            f"days={days} ends too soon to see 14 days of those exposed last: the last stage opens 14 days "
            f"after launch_day={launch_day}. Use days={launch_day + _DAYS_AFTER_LAUNCH} or more, or launch "
            "earlier."
        )


def _check_share(name: str, value: float) -> None:
    if not math.isfinite(value) or value < -1:
        raise ParameterError(
            f"{name}={value!r} is not a relative change; write 0.12 for 12 % more, -0.05 for 5 % less "
            "(nothing can fall by more than -1, which is all of it)."
        )


def _midnight(start: str | date | datetime) -> int:
    moment = to_microseconds(start, "UTC", name="start")
    if moment % DAY:
        raise ParameterError(f"start={start!r} is not midnight UTC; write a date, for example '2026-01-05'.")
    return moment


def _resized(plan: Plan, users: int, events: int) -> Plan:
    """Take the number of users that makes about so many events."""
    from dataclasses import replace

    if users < _FEWEST_USERS:
        raise ParameterError(
            f"events={events} is what about {users} users do, too few for shares and means to settle. "
            f"Ask for at least {events * _FEWEST_USERS // users + 1:,} events."
        )
    return replace(plan, users=users)


def _folder(into: Path, *, overwrite: bool) -> Path:
    """Make the folder; without leave, write only into an empty one."""
    if into.is_file():
        raise ParameterError(f"{str(into)!r} is a file, and a folder is needed; name another place.")
    if into.is_dir() and any(into.iterdir()) and not overwrite:
        raise ParameterError(
            f"The folder {str(into)!r} is not empty, and nothing is overwritten unasked. "
            "Name another folder, or say overwrite=True."
        )
    into.mkdir(parents=True, exist_ok=True)
    return into
