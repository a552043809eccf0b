"""What a design found out about one metric; the same for every design."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pm_analytics.names import (
    ACTUAL,
    CUMULATIVE,
    CUMULATIVE_CI_LOWER,
    CUMULATIVE_CI_UPPER,
    DIFFERENCE,
    EXPECTED,
    EXPECTED_CI_LOWER,
    EXPECTED_CI_UPPER,
    PERIOD,
    PHASE,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

Design = Literal["its", "did", "synthetic", "staggered"]
Role = Literal["primary", "guardrail", "negative control"]

DESIGNS: dict[Design, str] = {
    "its": "interrupted time series, calibrated on fake launches",
    "did": "difference in differences",
    "synthetic": "synthetic control",
    "staggered": "staggered rollout (Callaway and Sant'Anna)",
}

NO_TOTAL = "the forecast total is not above zero, so no percentage can be given"


@dataclass(frozen=True, slots=True)
class Subject:
    """A metric and what is expected of it.

    Attributes
    ----------
    metric : str
        Its name.
    role : {"primary", "guardrail", "negative control"}
        A negative control is a metric that the launch cannot touch: it should not move.
    direction : {"up", "down"}
        Which way is good.
    max_harm : float or None
        For a guardrail: the relative change in the bad direction that is tolerated.
    """

    metric: str
    role: Role = "primary"
    direction: Literal["up", "down"] = "up"
    max_harm: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """One metric, before and after, against what was to be expected.

    Attributes
    ----------
    subject : Subject
        The metric.
    design : str
        How it was estimated.
    actual, expected : float
        Means per period after the launch.
    difference, ci_lower, ci_upper : float
        Actual minus expected, per period. The ends are NaN when undefined.
    total, total_lower, total_upper : float
        The same added up over the periods after the launch.
    mde : float
        Smallest difference per period that would be found with power 0.8; NaN when unknown.
    path : DataFrame
        One row per period: see :func:`path_of`.
    miss : float
        How far the design is usually off where nothing happened: the root mean square of fake launches, or a standard
        error.
    trials, larger : int
        Fake launches (or units without the launch) it was tried on, and how many moved at least as much.
    refused : tuple of str
        Why nothing may be claimed from it; empty when something may.
    doubts : tuple of str
        What a reader must know beside it.
    details : object
        What the design's mathematics gave.
    """

    subject: Subject
    design: Design
    actual: float
    expected: float
    difference: float
    ci_lower: float
    ci_upper: float
    total: float
    total_lower: float
    total_upper: float
    mde: float
    path: pd.DataFrame
    miss: float = math.nan
    trials: int = 0
    larger: int = 0
    refused: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    details: Any = field(default=None)

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return not (math.isnan(self.ci_lower) or math.isnan(self.ci_upper))

    @property
    def moved(self) -> bool:
        """Whether the interval leaves no change out."""
        return self.known and not self.ci_lower <= 0 <= self.ci_upper

    def relative(self, value: float) -> float:
        """Give a difference as a fraction of what was expected; NaN when that is not above zero."""
        return value / self.expected if self.expected > 0 else math.nan

    @property
    def lift(self) -> float:
        """Relative difference."""
        return self.relative(self.difference)

    @property
    def lift_lower(self) -> float:
        """Lower end of the relative difference."""
        return self.relative(self.ci_lower)

    @property
    def lift_upper(self) -> float:
        """Upper end of the relative difference."""
        return self.relative(self.ci_upper)

    @property
    def good(self) -> tuple[float, float]:
        """The relative interval with good changes positive; NaN when undefined."""
        ends = (self.lift_lower, self.lift_upper)
        return ends if self.subject.direction == "up" else (-ends[1], -ends[0])

    @property
    def status(self) -> str:
        """Say it in a word or three: for a guardrail by its limit, else whether it moved beyond the usual misses."""
        if self.refused or not self.known:
            return "cannot be judged"
        if self.subject.max_harm is not None:
            lower, upper = self.good
            limit = -self.subject.max_harm
            return "safe" if lower >= limit else "harm" if upper < limit else "watch"
        return "moved" if self.moved else "not detectable"


def described(subject: Subject, design: Design, actual: float, path: pd.DataFrame, refused: Sequence[str]) -> Estimate:
    """Describe without judging: what is known, and why no more can be said."""
    nothing = math.nan
    return Estimate(
        subject, design, actual, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, path,
        refused=tuple(refused),
    )  # fmt: skip


def path_of(
    starts: Sequence[date],
    phases: Sequence[str],
    actual: Sequence[float],
    expected: Sequence[float],
    **more: Sequence[float],
) -> pd.DataFrame:
    """Lay out a path: one row per period with what was, what was expected, and the difference added up.

    ``period`` (first day), ``phase`` (before, left out, after), ``actual``, ``expected`` with its interval,
    ``difference``, ``cumulative`` with its interval. Null where unknown, and before the launch for the cumulative ones.
    """
    table = pd.DataFrame({PERIOD: list(starts), PHASE: list(phases), ACTUAL: list(actual), EXPECTED: list(expected)})
    for name in (EXPECTED_CI_LOWER, EXPECTED_CI_UPPER, CUMULATIVE, CUMULATIVE_CI_LOWER, CUMULATIVE_CI_UPPER):
        table[name] = list(more.get(name, [math.nan] * len(table)))
    table.insert(6, DIFFERENCE, table[ACTUAL] - table[EXPECTED])
    return table


def held_against_controls(estimates: Sequence[Estimate]) -> Estimate:
    """Refuse the primary metric when something moved that the launch cannot touch."""
    first = estimates[0]
    moved = [each.subject.metric for each in estimates if each.subject.role == "negative control" and each.moved]
    if not moved:
        return first
    return replace(
        first,
        refused=(
            *first.refused,
            f"{', '.join(moved)} moved too, which the launch cannot touch: something else happened",
        ),
    )
