"""What to do with an experiment: exactly one rule fires, and its number is printed.

Rules are tried in order; the first that holds decides. They look at statuses and intervals only, never at words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pm_analytics.names import LIFT_CI_LOWER, LIFT_CI_UPPER, METRIC, ROLE, STATUS, VARIANT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from pm_analytics.analyses.experiment.plan import ExperimentPlan

State = Literal["SHIP", "SHIP WITH WATCH", "ITERATE", "STOP", "RERUN", "EXTEND"]
DAYS_OF_A_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the rules may look at, for one variant.

    Attributes
    ----------
    broken : str
        Names of the gate's failed checks; empty when none failed.
    primary, guardrails : tuple of str
        Statuses.
    best, worst : tuple of float
        Per primary metric, the best and the worst case inside its interval, relative and turned so that up is good;
        NaN when undefined.
    min_effects : tuple of (float or None)
        Per primary metric, the change worth having.
    at_end : bool
        Whether the planned end is reached: units, or the last day.
    may_stop : bool
        Whether a look before the end may decide.
    weeks_more : float
        Weeks until enough units would be in to tell ``min_effect`` from nothing; infinite when unknown.
    """

    broken: str = ""
    primary: tuple[str, ...]
    guardrails: tuple[str, ...] = ()
    best: tuple[float, ...] = ()
    worst: tuple[float, ...] = ()
    min_effects: tuple[float | None, ...] = ()
    at_end: bool = True
    may_stop: bool = False
    weeks_more: float = math.inf

    @property
    def early(self) -> bool:
        """Whether the plan says not to read yet."""
        return not self.at_end and not self.may_stop

    @property
    def wins(self) -> bool:
        """Whether a primary metric is better and none is worse."""
        return "better" in self.primary and "worse" not in self.primary

    @property
    def worthwhile(self) -> bool:
        """Whether a primary metric that is better may still reach the change worth having."""
        better = [i for i, status in enumerate(self.primary) if status == "better"]
        return any(self.min_effects[i] is None or not self.best[i] < (self.min_effects[i] or 0) for i in better)

    @property
    def ruled_out(self) -> bool:
        """Whether every primary metric's best case lies below the change worth having."""
        return bool(self.best) and all(
            wanted is not None and best < wanted for best, wanted in zip(self.best, self.min_effects, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its number, what it decides, when it holds, and why."""

    number: int
    state: State
    holds: Callable[[Found], bool]
    why: str


RULES: tuple[Rule, ...] = (
    Rule(1, "RERUN", lambda f: bool(f.broken), "the comparison cannot be trusted: find the fault, mend it, run again"),
    Rule(2, "STOP", lambda f: "harm" in f.guardrails, "a guardrail is harmed by more than the plan tolerates"),
    Rule(3, "EXTEND", lambda f: f.early, "the plan says to read at its end, and it has not come"),
    Rule(4, "STOP", lambda f: "worse" in f.primary, "a primary metric got worse"),
    Rule(
        5, "ITERATE", lambda f: f.wins and not f.worthwhile,
        "it got better, but even the best case is less than the change worth having",
    ),
    Rule(
        6, "SHIP", lambda f: f.wins and all(g == "safe" for g in f.guardrails),
        "a primary metric got better, none got worse, and every guardrail is safe",
    ),
    Rule(
        7, "SHIP WITH WATCH", lambda f: f.wins,
        "a primary metric got better, but a guardrail is not shown to be safe yet",
    ),
    Rule(8, "ITERATE", lambda f: f.ruled_out, "no change worth having: even the best case lies below it"),
    Rule(9, "EXTEND", lambda f: not f.at_end, "nothing is decided yet, and the planned end has not come"),
    Rule(
        10, "EXTEND", lambda f: f.weeks_more <= MOST_WEEKS_MORE,
        "the interval holds both nothing and a change worth having, and a few more weeks would tell them apart",
    ),
    Rule(
        11, "ITERATE", lambda _: True,
        "no difference was found, and a few more weeks of such data would not settle it",
    ),
)  # fmt: skip

MOST_WEEKS_MORE = 8.0
"""Extending is offered up to so many weeks; a test that needs longer is better run with a larger change."""
ORDER: tuple[State, ...] = ("RERUN", "SHIP", "SHIP WITH WATCH", "EXTEND", "ITERATE", "STOP")
"""Which variant's decision stands for the experiment when there are several: the first of these that any has."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do.

    Attributes
    ----------
    state : str
        SHIP, SHIP WITH WATCH, ITERATE, STOP, RERUN or EXTEND.
    rule : int
        The number of the rule that fired.
    why : str
        The rule, in words.
    variant : str
        Which variant is meant.
    until : date or None
        The day on which to look again, when the answer is to wait.
    """

    state: State
    rule: int
    why: str
    variant: str
    until: date | None = None

    def __str__(self) -> str:
        """Say it in one sentence."""
        what = f"{self.state} {self.variant}" if self.state.startswith("SHIP") else self.state
        until = f" Look again on {self.until:%Y-%m-%d}." if self.until is not None else ""
        return f"{what}: {self.why} (rule {self.rule}).{until}"


def decide(found: Mapping[str, Found], until: date | None) -> Decision:
    """Let exactly one rule fire for every variant; the most favourable one speaks for the experiment."""
    decisions = []
    for variant, evidence in found.items():
        rule = next(rule for rule in RULES if rule.holds(evidence))
        when = until if rule.state == "EXTEND" else None
        decisions.append(Decision(rule.state, rule.number, rule.why, variant, when))
    return min(decisions, key=lambda each: ORDER.index(each.state))


def found_of(
    variant: str,
    rows: Sequence[Mapping[str, Any]],
    plan: ExperimentPlan,
    *,
    broken: str,
    at_end: bool,
    weeks_more: float,
) -> Found:
    """Collect what the rules may look at, for one variant, from the rows of the result."""
    metrics = {metric.name: metric for metric, _ in plan.metrics()}
    primary = [row for row in rows if row[ROLE] == "primary" and row[VARIANT] == variant]
    guardrails = [row for row in rows if row[ROLE] == "guardrail" and row[VARIANT] == variant]
    ends = [_ends(row, metrics[row[METRIC]].direction) for row in primary]
    return Found(
        broken=broken,
        primary=tuple(row[STATUS] for row in primary),
        guardrails=tuple(row[STATUS] for row in guardrails),
        best=tuple(end[1] for end in ends),
        worst=tuple(end[0] for end in ends),
        min_effects=tuple(metrics[row[METRIC]].min_effect for row in primary),
        at_end=at_end,
        may_stop=plan.looks not in {"fixed", 1},
        weeks_more=weeks_more,
    )


def _ends(row: Mapping[str, Any], direction: str) -> tuple[float, float]:
    lower, upper = float(row[LIFT_CI_LOWER]), float(row[LIFT_CI_UPPER])
    return (lower, upper) if direction == "up" else (-upper, -lower)
