"""What an exclusion is: an event that ends an attempt when it happens between two steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.funnel.steps import Step
from pm_analytics.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Exclusion:
    """An event that must not happen between two steps, such as a refund between paying and paying again.

    It counts when it comes later than step ``after``, before step ``before`` and while the attempt's window is open.
    What happens at the same instant as a step of the attempt is no "between".

    Attributes
    ----------
    event : str or sequence of str
        The event; or any of several.
    after, before : int
        Numbers of two steps, from 1, as the result's ``step_number`` gives them; the whole funnel when not given.
    where : mapping
        Property -> value or list of values that the event must have; None means missing.

    Examples
    --------
    >>> Exclusion("refunded", after=1, before=2).title
    'refunded'
    """

    event: str | Sequence[str]
    after: int = 1
    before: int | None = None
    where: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could never be between two steps."""
        if not self.step.names:
            raise ParameterError("An exclusion needs the name of an event, or several.")

    @property
    def step(self) -> Step:
        """Its event and properties, written as a step's."""
        return Step(self.event, self.where)

    @property
    def title(self) -> str:
        """How it is called."""
        return self.step.title


@dataclass(frozen=True, slots=True)
class Bar:
    """An exclusion, placed: ``kind`` of event, and the numbers of the needed steps it lies between (from 1)."""

    kind: Step
    after: int
    before: int

    def covers(self, level: int) -> bool:
        """Tell whether it ends an attempt that has reached so many needed steps."""
        return self.after <= level < self.before


def place(
    exclusions: str | Exclusion | Iterable[str | Exclusion], steps: Sequence[Step], *, whole: bool
) -> tuple[Bar, ...]:
    """Check exclusions against the steps, and count their places in needed steps only.

    Parameters
    ----------
    whole : bool
        Without an order there is no "between two steps", so only the whole funnel may be named.

    Raises
    ------
    ParameterError
        Outside the steps, at an optional step, or by an event that fills a step it lies between.
    """
    listed = [exclusions] if isinstance(exclusions, Exclusion | str) else list(exclusions)
    return tuple(_placed(_read(exclusion), steps, whole=whole) for exclusion in listed)


def _read(exclusion: str | Exclusion) -> Exclusion:
    """Read the name of an event as its exclusion from the whole funnel."""
    if isinstance(exclusion, str):
        return Exclusion(exclusion)
    if not isinstance(exclusion, Exclusion):
        raise ParameterError(f"exclude= takes pm.Exclusion('refund'), or several in a list; got {exclusion!r}.")
    return exclusion


def _placed(exclusion: Exclusion, steps: Sequence[Step], *, whole: bool) -> Bar:
    before = len(steps) if exclusion.before is None else exclusion.before
    after = exclusion.after
    said = f"The exclusion of {exclusion.title!r} lies after step {after} and before step {before}"
    if not all(type(number) is int for number in (after, before)) or not 1 <= after < before <= len(steps):
        raise ParameterError(
            f"{said}, but the steps are numbered 1 to {len(steps)}: write after= and before= with "
            f"1 <= after < before <= {len(steps)}."
        )
    if whole and (after, before) != (1, len(steps)):
        raise ParameterError(f"{said}, but in any order there is no between: leave out after= and before=.")
    if steps[after - 1].optional or steps[before - 1].optional:
        raise ParameterError(f"{said}, and one of those is optional; name steps that every attempt needs.")
    between = steps if whole else steps[after:before]
    filled = [step.title for step in between if step.may_share(exclusion.step)]
    if filled:
        raise ParameterError(
            f"{said}, but the same event could fill the step {filled[0]!r}. Exclude another event, or another "
            "value of a property."
        )
    needed = [sum(not step.optional for step in steps[:number]) for number in (after, before)]
    return Bar(exclusion.step, *needed)
