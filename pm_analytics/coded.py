"""The same events once more, as a prepared file holds them: users as dense whole numbers, and the days they came.

A number stands for a user as well as the id does wherever users are only counted, and whole numbers are counted faster
than text. What leaves a query, or meets ids from elsewhere, needs the id again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pm_analytics.names import DAY, EVENTS, USER_ID

if TYPE_CHECKING:
    from collections.abc import Callable

CODE: Final = "pm_code"
"""The column with the number of the user, from 0, beside the columns of the log."""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """The events of one log, with the number of each user.

    Attributes
    ----------
    table : Ibis table
        The log's own table; whoever puts another in its place has left these behind.
    events : Ibis table
        The same rows and columns, and the number of the user.
    users : Ibis table
        Each user's number and id; of all users of the file, also after a filter.
    days : Ibis table or None
        Per user and local day with events: how many. None when that is no longer the same as counting the events.
    codes : int
        How many numbers there are: they run from 0 to one less.
    place : str
        The file, for people.
    """

    table: Any
    events: Any
    users: Any
    days: Any | None
    codes: int
    place: str

    def narrowed(self, table: Any, keep: Callable[[Any], Any], days: tuple[int | None, int | None] | None) -> Coded:  # noqa: ANN401 - an Ibis table
        """Filter like the log; ``days`` = the days ``[first, end)`` that stay whole, None when days are cut."""
        kept = None if self.days is None or days is None else _between(self.days, *days)
        return replace(self, table=table, events=self.events.filter(keep(self.events)), days=kept)

    def by_number(self) -> Any:  # noqa: ANN401
        """Give the events with the user's number in place of the id."""
        return self.events.mutate(**{USER_ID: self.events[CODE]}).drop(CODE)

    def user_days(self) -> Any | None:  # noqa: ANN401
        """Give the days with the user's number in place of the id."""
        return None if self.days is None else self.days.select(DAY, EVENTS, **{USER_ID: self.days[CODE]})

    def with_ids(self, table: Any, column: str) -> Any:  # noqa: ANN401
        """Put ids back in place of the numbers in a column."""
        users = self.users.select(**{CODE: self.users[CODE], "pm_id": self.users[USER_ID]})
        joined = table.inner_join(users, table[column] == users[CODE])
        return joined.select(**{name: joined["pm_id" if name == column else name] for name in table.columns})


def _between(days: Any, first: int | None, end: int | None) -> Any:  # noqa: ANN401
    days = days if first is None else days.filter(days[DAY] >= first)
    return days if end is None else days.filter(days[DAY] < end)
