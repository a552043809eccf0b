"""The plan of a simulated product: its names, its calendar, and where its randomness comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from pm_analytics.times import DAY, HOUR

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Times: TypeAlias = NDArray[np.int64]
    Numbers: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]
    Codes: TypeAlias = NDArray[np.int8]

EVENTS: Final = (
    "signed_up",
    "project_created",
    "item_added",
    "teammate_invited",
    "plan_upgraded",
    "app_opened",
    "item_edited",
    "report_exported",
    "support_ticket_opened",
    "error_shown",
    "bulk_edit_opened",
    "bulk_edit_saved",
)
ONBOARDING: Final = EVENTS[:5]
SIGNED_UP, PLAN_UPGRADED, APP_OPENED, ITEM_EDITED, REPORT_EXPORTED = 0, 4, 5, 6, 7
SUPPORT_TICKET_OPENED, ERROR_SHOWN, BULK_EDIT_OPENED, BULK_EDIT_SAVED = 8, 9, 10, 11

EXPERIMENT: Final = "bulk_edit"
STAGES: Final = ((0, 0.2), (7, 0.6), (14, 1.0))  # days after the launch, share of users covered from then on
WINDOW_DAYS: Final = 14
NEVER: Final = np.iinfo(np.int64).max

_LAUNCH_HOUR, _LAST_HOUR = 9, 15
_GAP_DAYS_BEFORE_LAUNCH, _GAP_HOURS = 13, (8, 18)
_WEEKDAYS = np.array([1.05, 1.1, 1.1, 1.05, 0.95, 0.35, 0.4])  # Monday first
_GROWTH_PER_DAY = 0.001
_HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 10, 12, 13, 13, 11, 8, 6, 5, 5, 4, 3, 2], dtype=float)
_DAY_SHAPE = np.concatenate([[0.0], np.cumsum(_HOURS) / _HOURS.sum()])
_CLOCK = np.linspace(0.0, 1.0, len(_DAY_SHAPE))


class Stream(IntEnum):
    """What a random stream is for: each (seed, purpose, day) has its own, so no draw shifts another."""

    PEOPLE = 1
    ONBOARDING = 2
    SESSIONS = 3
    ACTIONS = 4
    DIRT = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate. Times are UTC microseconds since 1970; days are counted from ``start``."""

    users: int
    seed: int
    effect: float
    error_harm: float
    start: int
    days: int
    launch_day: int

    def rng(self, stream: Stream, day: int = 0) -> np.random.Generator:
        """Open the random stream of one purpose and one day."""
        return np.random.default_rng([self.seed, stream, day])

    def midnight(self, day: int) -> int:
        """Give the first instant of a day."""
        return self.start + day * DAY

    @property
    def launch(self) -> int:
        """The instant at which the first stage opens."""
        return self.midnight(self.launch_day) + _LAUNCH_HOUR * HOUR

    @property
    def stage_opens(self) -> Times:
        """The instants at which the stages of the rollout open."""
        return np.array([self.launch + after * DAY for after, _ in STAGES], dtype=np.int64)

    @property
    def end(self) -> int:
        """The instant before which the log stops: in the afternoon of its last day."""
        return self.midnight(self.days - 1) + _LAST_HOUR * HOUR

    @property
    def gap(self) -> tuple[int, int]:
        """The hours before the launch in which tracking was down, as ``[from, until)``."""
        midnight = self.midnight(self.launch_day - _GAP_DAYS_BEFORE_LAUNCH)
        return midnight + _GAP_HOURS[0] * HOUR, midnight + _GAP_HOURS[1] * HOUR

    def pace(self, day: Times) -> Numbers:
        """Say how busy a day is: weekdays strong, weekends weak, mild growth."""
        weekday = (self.start // DAY + day + 3) % 7  # 1970 began on a Thursday
        pace: Numbers = _WEEKDAYS[weekday] * (1 + _GROWTH_PER_DAY * day)
        return pace


def share_of_day_before(moment: Times) -> Numbers:
    """Give the share of its day's traffic that comes before an instant."""
    share: Numbers = np.interp(moment % DAY / DAY, _CLOCK, _DAY_SHAPE)
    return share


def time_of_day(share: Numbers) -> Times:
    """Give the time of day by which that share of the traffic has come; inverts `share_of_day_before`."""
    return (np.interp(share, _DAY_SHAPE, _CLOCK) * DAY).astype(np.int64)
