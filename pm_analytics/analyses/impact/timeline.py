"""The periods of a series, one after the other without gaps: days, weeks, months or years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from pm_analytics.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Step = Literal["day", "week", "month", "year"]

EPOCH = date(1970, 1, 1)
LENGTHS: dict[Step, int] = {"day": 28, "week": 13, "month": 6, "year": 12}
"""Periods after a launch that are judged when nobody says how many: long enough to settle, short enough to forecast."""
LOOKBACKS: dict[Step, tuple[int, ...]] = {
    "day": (0, 7, 14, 28, 56),
    "week": (0, 2, 4, 8),
    "month": (0, 3, 6),
    "year": (0, 2, 4),
}
TRAINING: dict[Step, int] = {"day": 180, "week": 52, "month": 24, "year": 8}
PERIODS_OF_TWO_YEARS: dict[Step, int] = {"day": 730, "week": 104, "month": 24, "year": 2}
CYCLES: dict[Step, int] = {"day": 28, "week": 16, "month": 16, "year": 8}
"""Fewest periods before a launch: four weeks of days, so that each weekday has been seen four times."""
DAYS: dict[Step, int] = {"day": 1, "week": 7, "month": 30, "year": 365}


@dataclass(frozen=True, slots=True)
class Timeline:
    """Periods of one kind, numbered from 0.

    Attributes
    ----------
    step : {"day", "week", "month", "year"}
        Their kind.
    first : date
        First day of the first one.
    count : int
        How many.
    """

    step: Step
    first: date
    count: int

    def start(self, place: int) -> date:
        """Give the first day of a period; one past the last gives the end."""
        if self.step in {"day", "week"}:
            return self.first + timedelta(days=place * DAYS[self.step])
        months = self.first.year * 12 + self.first.month - 1 + place * (1 if self.step == "month" else 12)
        return date(months // 12, months % 12 + 1, 1)

    def starts(self) -> list[date]:
        """List the first days of all periods."""
        return [self.start(place) for place in range(self.count)]

    def place(self, day: date) -> int:
        """Give the number of the period that holds a day; outside of 0 to ``count`` for days outside."""
        if self.step in {"day", "week"}:
            return (day - self.first).days // DAYS[self.step]
        months = (day.year - self.first.year) * 12 + day.month - self.first.month
        return months if self.step == "month" else months // 12

    def day_numbers(self) -> NDArray[np.int64]:
        """Give the first days of all periods as days since 1970-01-01."""
        return np.array([(day - EPOCH).days for day in self.starts()], dtype=np.int64)

    def say(self, count: int) -> str:
        """Say a number of periods: "28 days"."""
        return f"{count:,} {self.step}{'' if count == 1 else 's'}"


def timeline_of(days: Sequence[date], *, what: str) -> Timeline:
    """Find out what the periods of a series are from the days that name them.

    Raises
    ------
    DataError
        Fewer than two days, a day twice, or days that are neither days, weeks, months nor years.
    """
    ordered = sorted(set(days))
    if len(ordered) < 2:
        raise DataError(f"{what} has {len(ordered)} dated values; a launch is judged against a history of many.")
    if len(ordered) < len(days):
        again = next(day for day in ordered if days.count(day) > 1)
        raise DataError(
            f"{what} has more than one row for {again}. Add or average the rows of a date first, or say unit= if each "
            "row is of another region or group."
        )
    step = _step(ordered, what)
    made = Timeline(step, _first(ordered[0], step), 1)
    return Timeline(step, made.first, made.place(ordered[-1]) + 1)


def _first(day: date, step: Step) -> date:
    """Begin where the first period begins: a month may be named by its last day."""
    if step == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if step == "year" else day


def _step(ordered: Sequence[date], what: str) -> Step:
    gaps = [(later - earlier).days for earlier, later in pairwise(ordered)]
    usual = sorted(gaps)[len(gaps) // 2]
    if usual == 1:
        return "day"
    if usual == 7 and all(gap % 7 == 0 for gap in gaps):
        return "week"
    if 28 <= usual <= 31 and len({(day.year, day.month) for day in ordered}) == len(ordered):
        return "month"
    if 365 <= usual <= 366 and len({day.year for day in ordered}) == len(ordered):
        return "year"
    raise DataError(
        f"The dates of {what} are neither days, weeks, months nor years (most lie {usual} days apart). Add them up "
        "to one of these first."
    )
