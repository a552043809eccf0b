"""What the caller writes -> a question, checked, and the same question in words."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.funnel.exclusions import place
from pm_analytics.analyses.funnel.question import Order, Question
from pm_analytics.analyses.funnel.steps import as_steps
from pm_analytics.errors import ParameterError, PmAnalyticsWarning, did_you_mean
from pm_analytics.names import USER_ID
from pm_analytics.stats.proportions import check_confidence
from pm_analytics.times import microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from pm_analytics.analyses.funnel.exclusions import Exclusion
    from pm_analytics.analyses.funnel.steps import Step
    from pm_analytics.events import EventLog

    Moment = str | date | datetime

ORDERS = ("loose", "strict", "any", "first_then_any")
_CHOICES = {
    "order": ORDERS,
    "reentry": ("any", "first"),
    "exclusion_policy": ("drop_off", "remove_user"),
    "count": ("users", "attempts"),
}
_ORDER_WORDS = {
    "loose": "steps in this order, other events may come between",
    "strict": "steps in this order with no other event between",
    "any": "steps in any order, from the first of them on",
    "first_then_any": "the first step first, the others in any order",
}


@dataclass(frozen=True)
class Asked:
    """A funnel's question, and what of it only the wording needs.

    Attributes
    ----------
    log : EventLog
        Events to read.
    question : Question
        What to count.
    within : timedelta or None
        The window, as it is said.
    each : bool
        Attempts are counted, not units.
    confidence : float
        Coverage of the intervals.
    value : str or None
        Property that is added up at each step.
    """

    log: EventLog
    question: Question
    within: timedelta | None
    each: bool
    confidence: float
    value: str | None

    @property
    def titles(self) -> tuple[str, ...]:
        """How the rows are called."""
        steps = self.question.steps
        if self.question.ordered:
            return tuple(step.row_title for step in steps)
        numbers = range(1, len(steps) + 1)
        return tuple(f"completed {n} step{'' if n == 1 else 's'}" for n in numbers)

    @property
    def counted(self) -> str:
        """What is counted, in words."""
        if self.each:
            return "attempts"
        return "users" if self.log.unit == USER_ID else f"values of {self.log.unit}"

    @property
    def unit(self) -> str:
        """One of those that attempts belong to, in words."""
        return "user" if self.log.unit == USER_ID else self.log.unit

    def title(self, level: int) -> str:
        """Say the needed step at which an attempt has come so far, as it stands in a sentence."""
        if self.question.ordered:
            return repr(self.question.needed[level - 1].title)
        return f"{level} step{'' if level == 1 else 's'} completed"

    @property
    def entering(self) -> str:
        """What begins an attempt, in a sentence."""
        names = [repr(step.title) for step in self.question.steps]
        return f"any of {_listed(names)}" if self.question.order == "any" else names[0]

    @property
    def way(self) -> str:
        """What those who converted did, in a sentence."""
        names = [repr(step.title) for step in self.question.steps]
        if self.question.order == "any":
            return f"did all of {_listed(names)}, in any order,"
        if self.question.order == "first_then_any":
            between = " and then, in any order, " if len(names) > 2 else " and then "
            return f"did {names[0]}{between}{_listed(names[1:])}"
        return f"went from {names[0]} to {names[-1]}"

    @property
    def limit(self) -> str:
        """Say the time allowed to an attempt: ``" within 14 days"``; empty without a limit on the whole."""
        return f" within {say_duration(self.within)}" if self.within else ""

    @property
    def period(self) -> str:
        """When attempts could begin, in words; empty for any time."""
        entries = self.question.entries
        return "" if entries is None else f"starting {self.log.say(entries[0])} to before {self.log.say(entries[1])}"

    @property
    def definition(self) -> str:
        """Say the whole question in one line."""
        parts = [self.counted, *self._rules(), f"attempts {self.period or 'starting at any time'}"]
        # Attempts of one unit resemble each other, so the intervals of shares of attempts are somewhat too narrow.
        alike = ", as if attempts were independent" if self.each else ""
        return f"Funnel: {'; '.join(parts)}; {self.confidence:.0%} Wilson intervals{alike}; {self.log.scope}."

    def _rules(self) -> Iterable[str]:
        question = self.question
        yield _ORDER_WORDS[question.order]
        yield from self._say_reentry()
        yield self._say_window()
        yield from (step.limit for step in question.steps if step.limit)
        yield "equal times convert"
        if question.tolerance:
            slack = say_duration(timedelta(microseconds=question.tolerance))
            yield f"a step may come up to {slack} before the one it follows"
        yield from self._say_bars()
        if question.held:
            yield f"the same {question.held} through all steps (events without one left out)"
        if question.optional:
            yield "optional steps count where they happened, and no later share is of them"
        if self.value:
            yield f"{self.value} summed over the events that made each step"

    def _say_reentry(self) -> Iterable[str]:
        if self.question.reentry == "first":
            yield f"only the first attempt of each {self._key} counts"
        elif self.each:
            yield "every start is an attempt, and every later event serves one: the latest it moves"
        else:
            yield "any attempt may succeed"

    @property
    def _key(self) -> str:
        return f"{self.unit} and {self.question.held}" if self.question.held else self.unit

    def _say_window(self) -> str:
        if self.within is None:
            return "no time limit" if self.question.horizon is None else "no time limit on the whole"
        return f"each step within {say_duration(self.within)} of the first, end included"

    def _say_bars(self) -> Iterable[str]:
        question = self.question
        for bar in question.bars:
            start, end = question.needed[bar.after - 1].title, question.needed[bar.before - 1].title
            between = f"between {start!r} and {end!r}" if question.ordered else "before the last step"
            yield f"{bar.kind.title!r} {between} {self._consequence()}"

    def _consequence(self) -> str:
        if not self.question.ordered:
            return "ends the attempt, whose steps so far still count"
        if self.question.remove:
            return f"removes {'the attempt' if self.each else 'whom it stopped'} from all steps"
        return "ends the attempt, which still counts at the steps it made"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of :func:`pm_analytics.funnel`, as the caller wrote them."""

    within: str | timedelta | None
    order: Order
    reentry: str
    tie_tolerance: str | timedelta | None
    exclude: str | Exclusion | Iterable[str | Exclusion]
    exclusion_policy: str
    hold: str | None
    count: str
    value: str | None
    entries: tuple[Moment, Moment] | None
    confidence: float
    breakdown: str | Sequence[str] | None = None


def ask(log: EventLog, steps: Sequence[str | Step], options: Options) -> Asked:
    """Check what the caller wrote.

    Raises
    ------
    ParameterError, UnknownNameError
        As for :func:`pm_analytics.funnel`.
    """
    for name in _CHOICES:
        _check_choice(name, getattr(options, name))
    check_confidence(options.confidence)
    asked = as_steps(steps)
    window = None if options.within is None else parse_duration(options.within, name="within")
    question = Question(
        steps=asked,
        window=None if window is None else microseconds(window),
        entries=_entry_span(log, options.entries),
        order=options.order,
        reentry="first" if options.reentry == "first" else "any",
        tolerance=_tolerance(options.tie_tolerance),
        bars=place(options.exclude, asked, whole=options.order not in {"loose", "strict"}),
        remove=options.exclusion_policy == "remove_user",
        held=options.hold,
    )
    _check_together(question, options)
    properties = [name for kind in (*asked, *(bar.kind for bar in question.bars)) for name in kind.where]
    log.require_columns([*properties, *filter(None, (options.hold, options.value))])
    _check_value(log, options)
    return Asked(log, question, window, options.count == "attempts", options.confidence, options.value)


def _tolerance(asked: str | timedelta | None) -> int:
    return 0 if asked is None else microseconds(parse_duration(asked, name="tie_tolerance"))


def _check_choice(name: str, word: Any) -> None:  # noqa: ANN401 - whatever the caller wrote
    choices = _CHOICES[name]
    if word not in choices:
        hint = did_you_mean(str(word), choices)
        raise ParameterError(f"{name}={word!r} is not a choice{hint}; write one of {', '.join(choices)}.")


def _check_value(log: EventLog, options: Options) -> None:
    """Refuse to add up what is no number, or where no event stands for a row."""
    if options.value is None:
        return
    kind = log.table[options.value].type()
    if not kind.is_numeric():
        raise ParameterError(
            f"value={options.value!r} holds {kind} in this log, and only numbers add up. Name a numeric property, or "
            "turn this one into numbers before the log is read."
        )
    if options.order not in {"loose", "strict"}:
        raise ParameterError(
            f"value={options.value!r} needs an order: without one, no row stands for one step. Write order='loose'."
        )
    if options.breakdown is not None:
        raise ParameterError(
            "value= and breakdown= do not go together: ask once for each, or run the funnel with value= on each "
            "segment, as in log.where(country='NL')."
        )


def _check_together(question: Question, options: Options) -> None:
    """Refuse what has no meaning together, and say which of the two to drop."""
    steps, order, count = question.steps, question.order, options.count
    refused = None
    if not question.ordered and (question.optional or any(step.within for step in steps)):
        refused = "optional steps, or a step's own within=, need an order: write order='loose'"
    elif order == "strict" and question.optional:
        refused = "in strict order nothing may come between, so no step is optional: write order='loose'"
    elif not question.ordered and count == "attempts":
        refused = "without an order there is no telling where one attempt ends: write order='loose' or count='users'"
    elif question.tolerance and order != "loose":
        refused = "tie_tolerance= is for loose order: write order='loose'"
    elif question.tolerance and _share_events(question):
        refused = "tie_tolerance= needs steps that no event could fill two of: give each an event of its own"
    elif order == "first_then_any" and _first_shares(question):
        refused = "the first step must have events that fill no other kind of step, since the others may come as any"
    if refused:
        raise ParameterError(f"This funnel cannot be counted: {refused}.")


def _listed(names: Sequence[str]) -> str:
    """Write a list as people do: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _share_events(question: Question) -> bool:
    kinds = question.kinds
    return len(kinds.kinds) < len(question.needed) or any(len(family) > 1 for family in kinds.families)


def _first_shares(question: Question) -> bool:
    kinds = question.kinds
    return any(kinds.order[0] in family and len(family) > 1 for family in kinds.families)


def _entry_span(log: EventLog, entries: tuple[Moment, Moment] | None) -> tuple[int, int] | None:
    if entries is None:
        return None
    if isinstance(entries, str) or len(entries) != 2:
        raise ParameterError(f"entries={entries!r} must be two moments: entries=('2026-01-01', '2026-02-01').")
    start, end = (log.moment(when, name="entries") for when in entries)
    if end <= start:
        raise ParameterError(f"entries={entries!r} must end after it starts: [start, end).")
    return start, end


def warn_of_absent_steps(log: EventLog, steps: tuple[Step, ...]) -> None:
    """Warn instead of raising: a report that runs every week must survive the week in which nobody paid.

    Only where a step counted nobody: listing the names of all events takes as long as counting.
    """
    names = log.event_names()
    for step in {step.key: step for step in steps}.values():
        if step.names and not set(step.names) & set(names):
            hint = did_you_mean(step.names[0], names)
            warnings.warn(
                f"The step {step.title!r} never occurs in this log, so it counts zero{hint}.",
                PmAnalyticsWarning,
                stacklevel=3,
            )
