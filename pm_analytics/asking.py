"""What the questions of several rooms have in common: words and numbers checked, events and segments said."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from pm_analytics.errors import ParameterError, PmAnalyticsWarning, did_you_mean
from pm_analytics.events import say_filter
from pm_analytics.names import USER_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pm_analytics.events import EventLog

MISSING, OTHER = "(missing)", "(other)"
"""Segments that stand for no value at all, and for the values too small to be named; written as no value is."""


def check_word(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ParameterError unless a word is one of the choices."""
    if value not in choices:
        hint = did_you_mean(str(value), choices)
        raise ParameterError(f"{name}={value!r} is not a choice{hint}; write one of {', '.join(map(repr, choices))}.")


def check_whole(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:  # noqa: ANN401
    """Give a whole number of at least ``least`` and at most ``most``, or raise ParameterError."""
    if not is_whole(value) or value < least:
        raise ParameterError(f"{name}={value!r} must be a whole number of {least} or more.")
    if most is not None and value > most:
        raise ParameterError(f"{name}={value!r} is more than anybody could read; write {most} or less.")
    return int(value)


def is_whole(value: object) -> bool:
    """Tell a whole number; yes and no are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def event_names(events: str | Sequence[str] | None, *, name: str) -> tuple[str, ...] | None:
    """Read an event name, several, or None for any event.

    Raises
    ------
    ParameterError
        An empty list, or something that is no name.
    """
    if events is None:
        return None
    listed = (events,) if isinstance(events, str) else tuple(events)
    if not listed or any(not isinstance(event, str) or not event.strip() for event in listed):
        raise ParameterError(f"{name}={events!r} must be the name of an event, a list of names, or None for any event.")
    return tuple(dict.fromkeys(listed))


def warn_of_absent(log: EventLog, names: Iterable[str], *, stacklevel: int) -> None:
    """Warn instead of raising: a report that runs every week must survive the week in which nobody came."""
    wanted = dict.fromkeys(names)
    present = log.event_names() if wanted else []
    for event in wanted:
        if event not in present:
            warnings.warn(
                f"The event {event!r} never occurs in this log, so it counts zero{did_you_mean(event, present)}.",
                PmAnalyticsWarning,
                stacklevel=stacklevel + 1,
            )


def say_counted(log: EventLog) -> str:
    """Say what is counted: 'users', or 'values of account_id'."""
    return "users" if log.unit == USER_ID else f"values of {log.unit}"


def say_events(events: Sequence[str] | None, where: Mapping[str, Any], *, anything: str = "any event") -> str:
    """Say what was done: "'signup' with plan = 'pro'"."""
    named = anything if events is None else " or ".join(map(repr, events))
    having = " and ".join(f"{name} {say_filter(value)}" for name, value in where.items())
    return f"{named} with {having}" if having else named


def say_most(said: Sequence[str], *, most: int = 3) -> str:
    """Say the first few of many: 'a, b, c and 4 more'."""
    more = f" and {len(said) - most} more" if len(said) > most else ""
    return f"{', '.join(said[:most])}{more}"


def in_order(segments: Iterable[str]) -> list[str]:
    """Put what stands for the rest, and for nothing, behind the segments that have a name."""
    return sorted(dict.fromkeys(segments), key=lambda name: (name in {OTHER, MISSING}, name == MISSING))
