"""What a step is: which events fill it. Two steps may be filled by the same kind of event; no event fills both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from pm_analytics.errors import ParameterError
from pm_analytics.events import say_filter
from pm_analytics.times import microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

First = Literal["no", "ever", "matching"]
MOST_OVERLAPPING = 8


@dataclass(frozen=True)
class Step:
    """A step of a funnel.

    Attributes
    ----------
    event : str, sequence of str or None
        The event that fills it; any of several; or any event at all.
    where : mapping
        Property -> value or list of values that the event must have; None means missing.
    first : {"no", "ever", "matching"}
        ``"ever"``: only the unit's first such event counts, and it must itself have the properties. ``"matching"``: the
        first among those that have them. Both look at the whole log, before any entry range; what shares the first
        instant is first, too.
    label : str, optional
        How it is called; made of event and properties when not given.
    within : str or timedelta, optional
        Time allowed from the step before to this one, end included; beside the window of the whole funnel. Both steps
        count from their first occurrence in the attempt.
    optional : bool
        Later steps do not need it. Its row counts the attempts in which it happened between its neighbours.
    """

    event: str | Sequence[str] | None
    where: Mapping[str, Any] = field(default_factory=dict)
    first: First = "no"
    label: str | None = None
    within: str | timedelta | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        """Refuse a step that nothing could fill."""
        if not isinstance(self.event, str | Iterable | None):
            raise ParameterError(f"A step is the name of an event, or several; got {self.event!r}.")
        odd = [name for name in self.names if not isinstance(name, str) or not name.strip()]
        if odd or (self.event is not None and not self.names):
            raise ParameterError(f"A step is the name of an event, or several; got {self.event!r}.")
        if self.first not in {"no", "ever", "matching"}:
            raise ParameterError(f"first={self.first!r} is not a choice; write 'ever' or 'matching', or leave it out.")
        if self.within is not None:
            parse_duration(self.within, name="within")

    @property
    def gap(self) -> int | None:
        """Microseconds allowed from the step before; None for no limit of its own."""
        return None if self.within is None else microseconds(parse_duration(self.within, name="within"))

    @property
    def names(self) -> tuple[str, ...]:
        """The event names that fill it; empty for any event."""
        if self.event is None:
            return ()
        return (self.event,) if isinstance(self.event, str) else tuple(self.event)

    @property
    def title(self) -> str:
        """How it is called."""
        if self.label is not None:
            return self.label
        what = " or ".join(self.names) or "any event"
        having = ", ".join(f"{name} {say_filter(value)}" for name, value in self.where.items())
        first = {"no": "", "ever": "first ever ", "matching": "first matching "}[self.first]
        return f"{first}{what}" + (f" ({having})" if having else "")

    @property
    def row_title(self) -> str:
        """How its row is called: an optional step says so."""
        return f"{self.title} (optional)" if self.optional else self.title

    @property
    def limit(self) -> str:
        """Say its own time limit; empty when it has none."""
        if self.within is None:
            return ""
        return f"{self.title!r} within {say_duration(parse_duration(self.within))} of the step before"

    @property
    def key(self) -> tuple[Any, ...]:
        """What decides which events fill it, and nothing else: equal for two steps that the same events fill."""
        having = tuple(sorted((name, repr(_values(value))) for name, value in self.where.items()))
        return (tuple(sorted(self.names)), having, self.first)

    def may_share(self, other: Step) -> bool:
        """Tell whether one event could fill either: not when names differ, or one property would need two values."""
        if self.names and other.names and not set(self.names) & set(other.names):
            return False
        both = set(self.where) & set(other.where)
        return all(_overlap(_values(self.where[name]), _values(other.where[name])) for name in both)


def as_steps(steps: Iterable[str | Step]) -> tuple[Step, ...]:
    """Read names and steps alike.

    Raises
    ------
    ParameterError
        Fewer than two, or something that is neither; an optional first or last step; a first step with a time limit.
    """
    if isinstance(steps, str | Step) or len(listed := list(steps)) < 2:
        raise ParameterError(f"A funnel needs at least two steps in a list, like ['visit', 'pay']; got {steps!r}.")
    for step in listed:
        if not isinstance(step, str | Step):
            raise ParameterError(f"A step is the name of an event, or pm.Step(...) for more than a name; got {step!r}.")
    asked = tuple(step if isinstance(step, Step) else Step(step) for step in listed)
    for step in (asked[0], asked[-1]):
        if step.optional:
            raise ParameterError(
                f"The step {step.title!r} cannot be optional: the first one begins an attempt, the last one ends it."
            )
    if asked[0].within is not None:
        raise ParameterError(f"The first step {asked[0].title!r} has no step before it, so it takes no within=.")
    _check_optional(asked)
    return asked


def _check_optional(steps: Sequence[Step]) -> None:
    """Refuse an optional step that another step's event could fill: which of the two it was would be a guess."""
    for step in (step for step in steps if step.optional):
        sharing = [other.title for other in steps if other is not step and other.may_share(step)]
        if sharing:
            raise ParameterError(
                f"The optional step {step.title!r} could be filled by the same event as {sharing[0]!r}. "
                "Give it an event, or a property value, of its own."
            )
        if step.within is not None:
            raise ParameterError(f"The optional step {step.title!r} takes no within=; put it on the step after it.")


@dataclass(frozen=True, slots=True)
class Kinds:
    """The different kinds of step in a funnel, and which of them one event could fill.

    Attributes
    ----------
    kinds : tuple of Step
        The different ones, in order of first use.
    order : tuple of int
        Number of the kind of each step.
    families : tuple of tuple of int
        Kinds that may share events, directly or through another.
    """

    kinds: tuple[Step, ...]
    order: tuple[int, ...]
    families: tuple[tuple[int, ...], ...]

    def groups(self) -> Iterator[frozenset[int]]:
        """List every set of kinds whose events must be counted together."""
        for family in self.families:
            for size in range(1, len(family) + 1):
                yield from map(frozenset, combinations(family, size))

    def needs(self, start: int, end: int) -> dict[frozenset[int], int]:
        """Say how many events steps ``start + 1`` to ``end`` need of each set of kinds, for one of its own each.

        By Hall's theorem (1935) that is possible exactly when every set of kinds has at least as many events as the
        steps that only they can fill.
        """
        wanted = self.order[start:end]
        used = set(wanted)
        return {group: sum(kind in group for kind in wanted) for group in self.groups() if group <= used}


def kinds_of(steps: Sequence[Step]) -> Kinds:
    """Find the different kinds of step and their families.

    Raises
    ------
    ParameterError
        Too many kinds could share an event for the count to stay exact.
    """
    kinds = list({step.key: step for step in steps}.values())
    numbers = {kind.key: number for number, kind in enumerate(kinds)}
    families: list[set[int]] = []
    for number, kind in enumerate(kinds):
        near = [f for f in families if any(kind.may_share(kinds[other]) for other in f)]
        families = [f for f in families if f not in near] + [set().union({number}, *near)]
    largest = max(families, key=len)
    if len(largest) > MOST_OVERLAPPING:
        raise ParameterError(
            f"{len(largest)} steps could be filled by the same event ({kinds[min(largest)].title!r} and others). "
            f"Give them different events, or different values of one property; up to {MOST_OVERLAPPING} may overlap."
        )
    return Kinds(tuple(kinds), tuple(numbers[step.key] for step in steps), tuple(tuple(sorted(f)) for f in families))


def _values(value: Any) -> tuple[Any, ...]:  # noqa: ANN401
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)


def _overlap(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return bool({str(v) for v in one} & {str(v) for v in other})
