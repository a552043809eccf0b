"""The same events once more, as a prepared file holds them: users as dense whole numbers, and the days they came.

A number stands for a user as well as the id does wherever users are only counted, and whole numbers are counted faster
than text. What leaves a query, or meets ids from elsewhere, needs the id again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import ibis

from pm_analytics.names import COHORT, DAY, EVENTS, PERIOD, USER_ID, USERS

if TYPE_CHECKING:
    from collections.abc import Callable

CODE: Final = "pm_code"
"""The column with the number of the user, from 0, beside the columns of the log."""

MOST_PERIODS: Final = 62
"""So many periods fit into one whole number, one bit each."""

BEFORE, AFTER = "before", "after"


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


def patterns(rows: Any, unit: str, first: int, periods: int) -> Any:  # noqa: ANN401
    """Count units by the pattern of periods in which they came, and lay each pattern out again.

    A unit's pattern is one whole number with one bit per period, so units are folded in one pass, whatever their number
    of periods, and all that follows is done once per pattern.

    Parameters
    ----------
    rows : Ibis table
        The unit, and the number of a ``period`` in which it came; repeats do no harm.
    unit : str
        Its column.
    first, periods : int
        Number of the first period, and how many there are: at most :data:`MOST_PERIODS`.

    Returns
    -------
    Ibis table
        Per pattern and period in it: ``cohort`` (the pattern's first period), ``period``, ``users``, and whether the
        period ``before`` and the one ``after`` are in the pattern.
    """
    bit = ibis.literal(1, "int64") << (rows[PERIOD] - first)
    masks = rows.group_by(unit).aggregate(mask=bit.bit_or(), **{COHORT: rows[PERIOD].min()})
    alike = masks.group_by([COHORT, "mask"]).aggregate(**{USERS: masks.count()})
    spread = alike.mutate(at=ibis.range(0, periods).unnest().cast("int64"))
    mask, at = spread["mask"], spread["at"]
    laid = spread.select(
        COHORT,
        USERS,
        there=_bit(mask, at),
        **{PERIOD: at + first, BEFORE: (at > 0) & _bit(mask, ibis.greatest(at - 1, 0)), AFTER: _bit(mask, at + 1)},
    )
    return laid.filter(laid["there"]).drop("there")


def _bit(mask: Any, at: Any) -> Any:  # noqa: ANN401
    return ((mask >> at) & 1) == 1
