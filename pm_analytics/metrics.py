"""A metric, defined once and used everywhere: what is counted per unit, for how long, and which way is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pm_analytics.errors import ParameterError
from pm_analytics.times import parse_duration, say_duration

if TYPE_CHECKING:
    from datetime import timedelta

Kind = Literal["conversion", "count", "mean"]
Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured per unit. Make one with :meth:`conversion`, :meth:`count`, :meth:`mean` or :meth:`recorded`.

    Attributes
    ----------
    name : str
        How it is called in tables and sentences.
    kind : {"conversion", "count", "mean"}
        Share of units that did it at all; events per unit; a property summed per unit.
    event : str or None
        The event counted; None for a recorded metric.
    value : str or None
        The property summed (kind "mean"), or the column recorded with the exposure.
    within : timedelta or None
        Time after exposure that counts, end included. Units not yet observed for so long are left out, and counted.
        None: up to the end of the data, which is only fair when all units were exposed at about the same time.
    direction : {"up", "down"}
        Which way is good.
    max_harm : float or None
        For a guardrail: the relative change in the bad direction that is tolerated, 0.05 = 5 %.
    """

    name: str
    kind: Kind
    event: str | None
    value: str | None = None
    within: timedelta | None = None
    direction: Direction = "up"
    max_harm: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no analysis could use."""
        if self.kind not in {"conversion", "count", "mean"}:
            raise ParameterError(f"kind={self.kind!r} is no kind of metric; write 'conversion', 'count' or 'mean'.")
        if self.direction not in {"up", "down"}:
            raise ParameterError(f"direction={self.direction!r} of {self.name!r} must be 'up' or 'down'.")
        if self.max_harm is not None and not 0 < self.max_harm < 1:
            raise ParameterError(f"max_harm={self.max_harm!r} of {self.name!r} is a share; write 0.05 for 5 %.")

    @classmethod
    def conversion(
        cls,
        event: str,
        *,
        within: str | timedelta | None = None,
        name: str | None = None,
        direction: Direction = "up",
        max_harm: float | None = None,
    ) -> Metric:
        """Share of units that did ``event`` at least once after exposure."""
        return cls(name or f"{event} (share of users)", "conversion", event, None, _window(within), direction, max_harm)

    @classmethod
    def count(
        cls,
        event: str,
        *,
        within: str | timedelta | None = None,
        name: str | None = None,
        direction: Direction = "up",
        max_harm: float | None = None,
    ) -> Metric:
        """How often a unit did ``event`` after exposure; units that never did count as 0."""
        return cls(name or f"{event} (per user)", "count", event, None, _window(within), direction, max_harm)

    @classmethod
    def mean(
        cls,
        event: str,
        *,
        value: str,
        within: str | timedelta | None = None,
        name: str | None = None,
        direction: Direction = "up",
        max_harm: float | None = None,
    ) -> Metric:
        """Sum of a property over a unit's events after exposure, such as revenue; units without any count as 0."""
        label = name or f"{value} of {event} (per user)"
        return cls(label, "mean", event, value, _window(within), direction, max_harm)

    @classmethod
    def recorded(
        cls,
        column: str,
        *,
        kind: Kind = "conversion",
        name: str | None = None,
        direction: Direction = "up",
        max_harm: float | None = None,
    ) -> Metric:
        """Take an outcome written beside each exposure: for a conversion any 1 counts, else it is summed per unit."""
        return cls(name or column, kind, None, column, None, direction, max_harm)

    @property
    def definition(self) -> str:
        """Say in one line how it is computed."""
        when = (
            "after exposure" if self.within is None else f"within {say_duration(self.within)} of exposure, end included"
        )
        what = {
            "conversion": f"share of units with at least one {self.event!r} {when}",
            "count": f"{self.event!r} events per unit {when}",
            "mean": f"{self.value!r} summed over {self.event!r} events per unit {when}",
        }[self.kind]
        return what if self.event is not None else f"{self.value!r} as recorded with the exposure"


def _window(within: str | timedelta | None) -> timedelta | None:
    return None if within is None else parse_duration(within, name="within")
