"""What a launch moved: the answer, how far it goes, and what it was judged on; what every view of it starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from pm_analytics.analyses.impact.question import names_of
from pm_analytics.analyses.impact.wording import say_amount, say_estimate, say_refusal
from pm_analytics.names import (
    ACTUAL,
    CI_LOWER,
    CI_UPPER,
    CUMULATIVE,
    CUMULATIVE_CI_LOWER,
    CUMULATIVE_CI_UPPER,
    DESIGN,
    DIFFERENCE,
    EXPECTED,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    MDE,
    MDE_ABSOLUTE,
    METRIC,
    REASON,
    ROLE,
    STATUS,
)
from pm_analytics.results import Claim, Result, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.estimates import Estimate
    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.analyses.impact.question import Question
    from pm_analytics.analyses.impact.series import Measured

Claimed = Literal["consistent with the launch", "moved, cause not separable", "not detectable", "refused"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ImpactOutcome(Result):
    """What a launch moved, against what was to be expected without it. See :func:`pm_analytics.impact`.

    ``to_frame()``: one row per metric, the primary one first: ``metric``, ``role``, ``design``; means per period after
    the launch, ``actual`` and ``expected``; their ``difference`` with ``ci_lower`` and ``ci_upper``; the same as a
    fraction of what was expected, ``lift`` with ``lift_ci_lower`` and ``lift_ci_upper`` (null where that is not above
    zero); added up, ``cumulative`` with ``cumulative_ci_lower`` and ``cumulative_ci_upper``; the smallest change that
    would have been found with power 0.8, ``mde_absolute`` and as a fraction ``mde``; ``status`` (moved, not detectable,
    cannot be judged; of guardrails safe, watch, harm) and ``reason``.

    Attributes
    ----------
    estimates : tuple of Estimate
        One per row.
    window : Window
        The periods before and after.
    design : str
        How it was estimated: its, did, synthetic or staggered.
    why : str
        Why this design.
    question : Question
        What was asked.
    measured : Measured
        The series.
    """

    estimates: tuple[Estimate, ...]
    window: Window
    design: str
    why: str
    question: Question
    measured: Measured

    @property
    def primary(self) -> Estimate:
        """The metric that the launch should move."""
        return self.estimates[0]

    @property
    def refused(self) -> tuple[str, ...]:
        """Why nothing may be claimed; empty when something may."""
        return self.primary.refused

    @property
    def grade(self) -> Literal["B", "C", "D"]:
        """The best evidence grade: B with units to compare, C without, D when nothing may be claimed."""
        if self.refused or not self.primary.known:
            return "D"
        return "C" if self.design == "its" else "B"

    @property
    def claim(self) -> Claimed:
        """What may be claimed at most."""
        if self.grade == "D":
            return "refused"
        if not self.primary.moved:
            return "not detectable"
        return "consistent with the launch" if self.grade == "B" else "moved, cause not separable"

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a reader must know beside the number."""
        return self.primary.doubts

    def headline(self) -> str:
        """Say the finding in one line."""
        return say_refusal(self.primary) if self.grade == "D" else say_estimate(self.primary, self.window, short=True)

    def summary(self) -> str:
        """Say by how much the metric differs from its forecast, what misses are usual, and what that allows to say."""
        if self.grade == "D":
            return f"{say_refusal(self.primary)}."
        return f"{say_estimate(self.primary, self.window)} {_say_role(self)}"

    def path(self, metric: str | None = None) -> pd.DataFrame:
        """Give a metric period by period: what was, what was expected, and the difference added up.

        ``period``, ``phase`` (before, left out, after), ``actual``, ``expected`` with ``expected_ci_lower`` and
        ``expected_ci_upper``, ``difference``, ``cumulative`` with its interval; the last ones null before the launch.
        """
        return self._of(metric).path.copy()

    def placebos(self, metric: str | None = None) -> pd.DataFrame:
        """List the fake launches, the true one last: ``period`` (its first day), ``phase`` and ``difference``."""
        from pm_analytics.analyses.impact.placebos import placebos

        return placebos(self._of(metric), self.window)

    def covariates(self) -> dict[str, NDArray[np.float64]]:
        """Give the series that help the forecast."""
        names = [name for name in names_of(self.question.covariates) if name in self.measured.columns]
        return {name: self.measured.columns[name] for name in names}

    def _of(self, metric: str | None) -> Estimate:
        if metric is None:
            return self.primary
        from pm_analytics.errors import UnknownNameError

        found = [each for each in self.estimates if each.subject.metric == metric]
        if not found:
            names = [each.subject.metric for each in self.estimates]
            raise UnknownNameError("metric", [metric], names, where="this result")
        return found[0]

    def claims(self) -> list[Claim]:
        """List the lift and the total of every metric that could be judged."""
        made = []
        for each in self.estimates:
            name = each.subject.metric
            judged = each.known and not each.refused
            after = self.window.judged
            made.append(
                Claim(
                    f"impact.{name}.lift",
                    known(each.lift) if judged else None,
                    "lift",
                    self.definition,
                    known(each.lift_lower) if judged else None,
                    known(each.lift_upper) if judged else None,
                    n=after,
                )
            )
            made.append(
                Claim(
                    f"impact.{name}.total",
                    known(each.total) if judged else None,
                    "difference",
                    self.definition,
                    known(each.total_lower) if judged else None,
                    known(each.total_upper) if judged else None,
                    n=after,
                )
            )
        return made

    def to_display(self) -> pd.DataFrame:
        """Give the table with numbers as people read them."""
        rows = []
        for each in self.estimates:
            row = {METRIC: each.subject.metric, ROLE: each.subject.role, ACTUAL: say_amount(each.actual)}
            row |= {
                EXPECTED: say_amount(each.expected),
                DIFFERENCE: say_amount(each.difference, signed=True),
                "interval": _between(each.ci_lower, each.ci_upper),
                LIFT: "" if math.isnan(each.lift) else f"{each.lift:+.1%}",
                MDE: "" if math.isnan(each.mde) else f"{abs(each.relative(each.mde)):.1%}",
                STATUS: each.status,
            }
            rows.append(row)
        return pd.DataFrame(rows)


def _between(lower: float, upper: float) -> str:
    if math.isnan(lower) or math.isnan(upper):
        return ""
    return f"{say_amount(lower, signed=True)} to {say_amount(upper, signed=True)}"


def table_of(estimates: Sequence[Estimate]) -> pd.DataFrame:
    """Lay out the tidy table; see :class:`ImpactOutcome`."""
    return pd.DataFrame(
        [
            {
                METRIC: each.subject.metric,
                ROLE: each.subject.role,
                DESIGN: each.design,
                ACTUAL: each.actual,
                EXPECTED: each.expected,
                DIFFERENCE: each.difference,
                CI_LOWER: each.ci_lower,
                CI_UPPER: each.ci_upper,
                LIFT: each.lift,
                LIFT_CI_LOWER: each.lift_lower,
                LIFT_CI_UPPER: each.lift_upper,
                CUMULATIVE: each.total,
                CUMULATIVE_CI_LOWER: each.total_lower,
                CUMULATIVE_CI_UPPER: each.total_upper,
                MDE_ABSOLUTE: each.mde,
                MDE: each.relative(each.mde),
                STATUS: each.status,
                REASON: "; ".join(each.refused),
            }
            for each in estimates
        ]
    )


def _say_role(result: ImpactOutcome) -> str:
    """Say what the finding may be taken for."""
    if not result.primary.moved:
        return ""
    if result.grade == "B":
        return "This is what the launch did if both groups would otherwise have moved alike."
    others = ", ".join(str(each) for each in result.window.occasions) or "none recorded"
    return f"Other causes are not ruled out (on the calendar: {others})."
