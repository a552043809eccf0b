"""What else happened: outages and holidays that pass, and other changes that stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.errors import ParameterError, UnknownNameError
from pm_analytics.results import records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pm_analytics.analyses.impact.timeline import Timeline

COLUMNS = ("start", "end", "what")


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something beside the launch.

    Attributes
    ----------
    start : date
        First day.
    end : date or None
        Last day of what passed (an outage, a campaign, a holiday): its days are left out of every forecast and every
        mean. None for what stayed (another launch, a new price): no fake launch may straddle it, and near the launch it
        is a rival.
    what : str
        How people call it.
    """

    start: date
    end: date | None
    what: str

    @property
    def lasting(self) -> bool:
        """Whether it changed things for good."""
        return self.end is None

    def __str__(self) -> str:
        """Say it with its dates."""
        return f"{self.what} ({self.start}{'' if self.end in {None, self.start} else f' to {self.end}'})"


def occasions_of(calendar: pd.DataFrame | Iterable[tuple[Any, ...]] | None) -> tuple[Occasion, ...]:
    """Read a calendar: a frame with ``start``, ``end`` (empty for what stays) and ``what``, or such triples.

    Raises
    ------
    UnknownNameError, ParameterError
        A column is missing; a day cannot be read, or ends before it starts.
    """
    if calendar is None:
        return ()
    table = calendar if isinstance(calendar, pd.DataFrame) else pd.DataFrame(list(calendar), columns=list(COLUMNS))
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise UnknownNameError("column", missing, map(str, table.columns), where="the calendar")
    found = [Occasion(_day(r["start"]), _day_or_none(r["end"]), str(r["what"])) for r in records(table)]
    for each in found:
        if each.end is not None and each.end < each.start:
            raise ParameterError(f"{each.what!r} in the calendar ends ({each.end}) before it starts ({each.start}).")
    return tuple(sorted(found, key=lambda each: (each.start, each.what)))


def passing_days(occasions: Iterable[Occasion], timeline: Timeline) -> list[bool]:
    """Tell of each period whether something that passed touched it."""
    touched = [False] * timeline.count
    for each in occasions:
        if each.end is None:
            continue
        for place in range(max(0, timeline.place(each.start)), min(timeline.count - 1, timeline.place(each.end)) + 1):
            touched[place] = True
    return touched


def _day(value: Any) -> date:  # noqa: ANN401 - whatever a cell holds
    read = pd.to_datetime(value, errors="coerce")
    if pd.isna(read):
        raise ParameterError(f"The calendar has {value!r} where a day is needed; write '2026-03-16'.")
    return as_day(read)


def _day_or_none(value: Any) -> date | None:  # noqa: ANN401
    return None if value is None or value == "" or pd.isna(value) else _day(value)


def as_day(moment: Any) -> date:  # noqa: ANN401
    """Give the calendar day of a date or an instant, as its own clock shows it."""
    return moment.date() if isinstance(moment, datetime) else moment
