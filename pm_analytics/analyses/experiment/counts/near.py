"""Which events a unit had within an hour before or after its exposure: one bit for each, in the pass that sums them.

An outcome that lies before exposure may have led to it. Few events lie so near, so that marking them costs little; a
question of its own would read the log a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics.names import EVENT
from pm_analytics.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NEAR = HOUR
"""How close to its exposure a unit's outcome is looked at, on either side."""
IN_A_COLUMN = 31
"""Events whose two bits fit into one whole number."""


def marks(rows: Any, since: Any, events: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401 - Ibis table, Ibis column
    """Write the columns of bits: per event one for "within the hour before exposure", one for "within the hour after".

    Parameters
    ----------
    rows : Ibis table
        Events of units, to be folded to one row per unit.
    since : Ibis column
        Microseconds from exposure to the event.
    events : sequence of str
        Which events, in an order that :func:`seen` is told again.
    """
    columns: dict[str, Any] = {}
    nearby = (since >= -NEAR) & (since <= NEAR)
    for first in range(0, len(events), IN_A_COLUMN):
        listed = list(enumerate(events[first : first + IN_A_COLUMN]))
        before = ibis.cases(*((rows[EVENT] == name, _bit(2 * i)) for i, name in listed), else_=_bit(None))
        after = ibis.cases(*((rows[EVENT] == name, _bit(2 * i + 1)) for i, name in listed), else_=_bit(None))
        found = ibis.ifelse(nearby, ibis.ifelse(since < 0, before, after), _bit(None))
        columns[_column(first)] = found.bit_or()
    return columns


def columns_of(events: Sequence[str]) -> list[str]:
    """List the columns of bits."""
    return [_column(first) for first in range(0, len(events), IN_A_COLUMN)]


def seen(people: Any, events: Sequence[str]) -> Mapping[str, Any]:  # noqa: ANN401 - an Ibis table of units
    """Write how many units have each bit, as ``before_0``, ``after_0`` for the first event and so on."""
    counted: dict[str, Any] = {}
    for number in range(len(events)):
        place = number % IN_A_COLUMN
        bits = people[_column(number - place)]
        for when, bit in (("before", 2 * place), ("after", 2 * place + 1)):
            counted[f"{when}_{number}"] = ((bits & _bit(bit)) != 0).cast("int64").sum()
    return counted


def _bit(place: int | None) -> Any:  # noqa: ANN401
    return ibis.literal(0 if place is None else 1 << place, "int64")


def _column(first: int) -> str:
    return f"near_{first}"
