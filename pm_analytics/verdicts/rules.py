"""The verdict: exactly one rule fires, and its number is printed.

Rules are tried in order; the first whose condition holds gives the verdict. They look at numbers only, never at words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pm_analytics.verdicts.grades import Grade

State = Literal["KEEP & SCALE", "KEEP", "ITERATE", "HOLD", "STOP", "STOP OR INVESTIGATE", "CANNOT JUDGE"]

SETTLED_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rules may look at.

    Attributes
    ----------
    grade : str
        A to E.
    broken : str
        Why a needed input cannot be used (a failed validity gate, red data quality); empty when all can.
    lift_lower, lift_upper : float
        Interval of the primary metric's relative change, positive = good; NaN when there is none.
    guardrails : tuple of str
        Status of each guardrail.
    days_after : int
        Full days of data after the launch.
    adopt_window_days : int
        Window a unit needs to be judged.
    judged : int
        Units whose window is over.
    wanted_lift, min_worthwhile : float
        The success and the smallest change that matters.
    """

    grade: Grade
    broken: str = ""
    lift_lower: float = math.nan
    lift_upper: float = math.nan
    guardrails: tuple[str, ...] = ()
    days_after: int
    adopt_window_days: int
    judged: int
    wanted_lift: float
    min_worthwhile: float

    @property
    def compared(self) -> bool:
        """Whether units with the launch were compared with units without it."""
        return self.grade in {"A", "B"}

    @property
    def adverse(self) -> bool:
        """Whether a guardrail is harmed even in the best case, or the primary metric got worse."""
        return "harm" in self.guardrails or (self.has_effect and self.lift_upper < 0)

    @property
    def has_effect(self) -> bool:
        """Whether there is an effect with an interval to judge."""
        return self.grade in {"A", "B", "C"} and not math.isnan(self.lift_lower)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict: a state, the number of the rule that gave it, and why."""

    state: State
    rule: int
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its number, the state it gives, when it holds, and what it then says."""

    number: int
    state: State
    holds: Callable[[Evidence], bool]
    why: str


RULES: tuple[Rule, ...] = (
    Rule(1, "CANNOT JUDGE", lambda e: bool(e.broken), "a needed input cannot be trusted"),
    Rule(
        2,
        "STOP",
        lambda e: e.compared and e.adverse,
        "a guardrail is harmed beyond its limit even in the best case, or the primary metric got worse",
    ),
    Rule(
        9,
        "STOP OR INVESTIGATE",
        lambda e: e.adverse,
        "a guardrail or the primary metric moved the wrong way by more than usual, and its cause is not separable",
    ),
    Rule(
        3,
        "HOLD",
        lambda e: e.days_after < max(SETTLED_DAYS, e.adopt_window_days) or e.judged == 0,
        "too little time has passed since the launch",
    ),
    Rule(
        8,
        "CANNOT JUDGE",
        lambda e: not e.has_effect,
        "nothing shows what would have happened without the launch, so its effect is not judged",
    ),
    Rule(
        4,
        "KEEP & SCALE",
        lambda e: e.compared and e.lift_lower >= e.wanted_lift,
        "even the lower end of the interval reaches the wanted change",
    ),
    Rule(
        10,
        "KEEP",
        lambda e: e.lift_lower >= e.wanted_lift,
        "even the lower end of the interval reaches the wanted change; its cause is not separable from the calendar",
    ),
    Rule(
        5,
        "ITERATE",
        lambda e: e.lift_upper < e.wanted_lift or max(abs(e.lift_lower), abs(e.lift_upper)) < e.min_worthwhile,
        "the wanted change is ruled out",
    ),
    Rule(
        6,
        "ITERATE",
        lambda e: e.lift_lower > 0,
        "the change is positive, but it may be smaller than wanted",
    ),
    Rule(7, "HOLD", lambda _: True, "the interval holds both no change and the wanted change: too wide to decide"),
)


def decide(evidence: Evidence) -> Verdict:
    """Apply the rules in order; the first that holds gives the verdict."""
    rule = next(rule for rule in RULES if rule.holds(evidence))
    return Verdict(rule.state, rule.number, rule.why)
