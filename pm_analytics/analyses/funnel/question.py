"""What a funnel counts, in numbers: everything the queries need, and nothing they do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pm_analytics.analyses.funnel.steps import Kinds, kinds_of

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.exclusions import Bar
    from pm_analytics.analyses.funnel.steps import Step

Order = Literal["loose", "strict", "any", "first_then_any"]
Reentry = Literal["any", "first"]


@dataclass(frozen=True)
class Question:
    """What to count.

    Attributes
    ----------
    steps : tuple of Step
        What fills each step, in order.
    window : int or None
        Microseconds from an attempt's entry within which each later step must fall, end included; None for no limit.
    entries : (int, int) or None
        Instants ``[start, end)`` between which an attempt may begin; later steps may fall after it.
    order : {"loose", "strict", "any", "first_then_any"}
        Other events may come between; nothing may; no order; the first step first, and no order after it.
    reentry : {"any", "first"}
        Every start begins an attempt, or only the first one does.
    tolerance : int
        Microseconds by which a step may come before the one it follows; 0 for equal times only.
    bars : tuple of Bar
        Events that end an attempt between two steps.
    remove : bool
        A unit whose furthest attempt such an event ended is in no count at all.
    held : str or None
        Property that must stay the same through an attempt; events without it are in none.
    apart : tuple of str
        Properties by whose values the events are told apart, one funnel for each value, missing ones included.
    """

    steps: tuple[Step, ...]
    window: int | None = None
    entries: tuple[int, int] | None = None
    order: Order = "loose"
    reentry: Reentry = "any"
    tolerance: int = 0
    bars: tuple[Bar, ...] = ()
    remove: bool = False
    held: str | None = None
    apart: tuple[str, ...] = ()

    @cached_property
    def needed(self) -> tuple[Step, ...]:
        """The steps that every attempt needs, in order; levels count these."""
        return tuple(step for step in self.steps if not step.optional)

    @cached_property
    def optional(self) -> dict[int, int]:
        """Index of each optional step -> the level an attempt must have reached before it."""
        return {
            index: sum(not other.optional for other in self.steps[:index])
            for index, step in enumerate(self.steps)
            if step.optional
        }

    @cached_property
    def kinds(self) -> Kinds:
        """The different kinds of the needed steps."""
        return kinds_of(self.needed)

    @property
    def last(self) -> int:
        """The level of an attempt that has made all steps it needs."""
        return len(self.needed)

    @property
    def ordered(self) -> bool:
        """Whether the steps have an order."""
        return self.order in {"loose", "strict"}

    def gap(self, level: int) -> int | None:
        """Microseconds allowed from this level to the next; None for no limit of its own."""
        return self.needed[level].gap if level < self.last else None

    @property
    def horizon(self) -> int | None:
        """Microseconds after its entry at which nothing more can happen to an attempt; None when something always can.

        That is the window, or the sum of the limits of all steps when every step has one and they come to less.
        """
        gaps = [self.gap(level) for level in range(1, self.last)]
        together = sum(gap for gap in gaps if gap is not None) if None not in gaps else None
        limits = [limit for limit in (self.window, together) if limit is not None]
        return min(limits, default=None)

    def without_tolerance(self) -> Question:
        """Ask the same with equal times only."""
        return replace(self, tolerance=0)
