"""A test of the test: assignments drawn anew on one's own data, where nothing can be found but chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.analysis import adjustments
from pm_analytics.analyses.experiment.drawing import Drawn, Draws, drawn_anew
from pm_analytics.analyses.experiment.past import in_one_variant, past_of
from pm_analytics.analyses.experiment.planning_words import capitalised
from pm_analytics.analyses.experiment.sizing import split_of
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    FALSE_POSITIVE_RATE,
    FALSE_POSITIVES,
    MDE,
    MDE_ABSOLUTE,
    MDE_BY_FORMULA,
    METHOD,
    METRIC,
    REASON,
    REPETITIONS,
    ROLE,
    UNIFORM_P_VALUE,
    VERDICT,
)
from pm_analytics.results import NOTHING, Claim, Result, records
from pm_analytics.stats.proportions import Interval, share, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.exposures import Exposures
    from pm_analytics.analyses.experiment.past import History
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.events import EventLog

FEWEST, MOST = 100, 100_000
CONFIDENCE = 0.99
"""Of the interval of a false-positive rate: with ten metrics, one in twenty would often look odd by chance."""
ODD = 0.001
"""Below this p-value, p-values are not uniform; with few conversions they cannot be, and that is no fault."""
RIGHT, TOO_MANY, CAUTIOUS, UNEVEN, UNKNOWN = "as it should be", "too many", "cautious", "uneven", "not tested"


def aa_test(
    log: EventLog | None,
    exposures: Exposures | pd.DataFrame | None,
    plan: ExperimentPlan,
    *,
    repetitions: int = 1000,
    seed: int = 1,
    history: History = None,
    eligible: str | Sequence[str] | None = None,
) -> AATestResult:
    """Assign your own units by chance a thousand times, and count how often the analysis finds something.

    Nothing can be found, so at a level of 5 % it should be found in 5 % of the draws. Data of which that is not true
    (a few huge values, units that are alike, a unit of analysis that is not what chance decided on) shows here.

    Parameters
    ----------
    log, exposures, plan : as for :func:`experiment`
        The metrics, split, ``pre_period``, numeric ``covariates``, ``cluster`` and caps of the plan count. Whatever the
        variants were, they are put together first. Without exposures, the past is read as in :func:`plan_experiment`.
    repetitions : int
        How many assignments are drawn, 100 to 100,000.
    seed : int
        The same one gives the same draws.
    history, eligible : optional
        Which past, and what exposed a unit; as for :func:`plan_experiment`.

    Returns
    -------
    AATestResult
        ``to_frame()``: one row per metric and analysis: ``metric``, ``role``, ``method``, ``repetitions`` in which it
        could be made, ``false_positives``, ``false_positive_rate`` with ``ci_lower`` and ``ci_upper`` (Wilson, 99 %),
        ``uniform_p_value`` (that p-values are uniform: Kolmogorov & Smirnov), ``mde`` (the smallest relative change
        that would have been found with the planned power, by the spread of the drawn differences), ``mde_absolute``,
        ``mde_by_formula`` (relative, by the standard error of the analysis), ``verdict`` and ``reason``.
        Every metric is analysed as the experiment would, read once, two-sided. For a ratio of counts, and for groups
        assigned as a whole, the usual shortcut stands beside it.

    Raises
    ------
    ParameterError
        Too few repetitions, or too many.

    Notes
    -----
    Each unit (or group) falls into the variant by itself, with the chance that the split gives it. Up to 2 million
    units are fetched, only the columns that are needed; more are added up in 20,000 buckets by a hash of their id where
    they lie, and buckets are assigned: the same in the long run, since chance fills them.
    The draws are those of :func:`pm_analytics.stats.randomisation.reassign`.
    """
    if not isinstance(repetitions, int) or not FEWEST <= repetitions <= MOST:
        raise ParameterError(f"repetitions={repetitions!r} must be a whole number from {FEWEST} to {MOST:,}.")
    asked = in_one_variant(plan)
    past = past_of(log, asked, eligible=eligible, exposures=exposures, history=history)
    weights = split_of(plan)
    others = [weight for name, weight in weights.items() if name != plan.control]
    part = min(others) / (min(others) + weights[plan.control])
    drawn = drawn_anew(past.units, asked, Draws(part, repetitions, seed, plan.confidence_alpha, plan.power))
    table = pd.DataFrame([_row(each, plan.confidence_alpha) for each in drawn])
    return AATestResult(
        _table=table,
        definition=_definition(plan, repetitions, part),
        basis=f"{past.said}; {past.log.basis}",
        alpha=plan.confidence_alpha,
        drawn=tuple(drawn),
    )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AATestResult(Result):
    """What the analysis says when there is nothing to find. See :func:`aa_test` for the columns.

    Attributes
    ----------
    alpha : float
        The level: how often chance may look like an effect.
    drawn : tuple of Drawn
        Per metric and analysis, what all draws said.
    """

    alpha: float
    drawn: tuple[Drawn, ...]

    def summary(self) -> str:
        """Say of each metric whether chance is found as often as it should be, and what a shortcut would have done."""
        rows = records(self._table)
        return " ".join(_say(row, each, self.alpha) for row, each in zip(rows, self.drawn, strict=True))

    def headline(self) -> str:
        """Say whether all metrics are as they should be."""
        planned = [row for row, each in zip(records(self._table), self.drawn, strict=True) if each.planned]
        odd = [f"{row[METRIC]} ({row[VERDICT]})" for row in planned if row[VERDICT] not in {RIGHT, CAUTIOUS}]
        if odd:
            return f"Not as it should be: {', '.join(odd)}"
        return f"Chance is found in about {self.alpha:.0%} of the draws, as it should be"

    def claims(self) -> list[Claim]:
        """List the false-positive rate of each metric as it is analysed."""
        return [
            Claim.of_row(
                row,
                FALSE_POSITIVE_RATE,
                id=f"aa.{row[METRIC]}",
                unit="share",
                definition=self.definition,
                n=int(row[FALSE_POSITIVES]),
                denominator=int(row[REPETITIONS]),
            )
            for row, each in zip(records(self._table), self.drawn, strict=True)
            if each.planned and not math.isnan(row[FALSE_POSITIVE_RATE])
        ]

    def to_display(self) -> pd.DataFrame:
        """Format relative changes as percents, and leave out reasons when there are none."""
        shares = (MDE, MDE_BY_FORMULA)
        shown = self._table.assign(
            **{name: [NOTHING if math.isnan(x) else f"{x:.1%}" for x in self._table[name]] for name in shares}
        )
        return shown if shown[REASON].any() else shown.drop(columns=REASON)


def _row(drawn: Drawn, alpha: float) -> dict[str, Any]:
    interval = wilson(drawn.found, drawn.made, confidence=CONFIDENCE)
    positive = drawn.value > 0
    return {
        METRIC: drawn.metric.name,
        ROLE: drawn.role,
        METHOD: drawn.method,
        REPETITIONS: drawn.made,
        FALSE_POSITIVES: drawn.found,
        FALSE_POSITIVE_RATE: share(drawn.found, drawn.made),
        CI_LOWER: interval.lower,
        CI_UPPER: interval.upper,
        UNIFORM_P_VALUE: drawn.uniformity,
        MDE: drawn.detectable / drawn.value if positive else math.nan,
        MDE_ABSOLUTE: drawn.detectable,
        MDE_BY_FORMULA: drawn.by_formula / drawn.value if positive else math.nan,
        VERDICT: verdict(interval, drawn.uniformity, alpha),
        REASON: drawn.reason,
    }


def verdict(rate: Interval, uniformity: float, alpha: float) -> str:
    """Say in a word or two whether chance is found as often as it should be."""
    if math.isnan(rate.lower):
        return UNKNOWN
    if rate.lower > alpha:
        return TOO_MANY
    if rate.upper < alpha:
        return CAUTIOUS
    return UNEVEN if uniformity < ODD else RIGHT


def _say(row: dict[str, Any], drawn: Drawn, alpha: float) -> str:
    """Say one row in a sentence."""
    if row[VERDICT] == UNKNOWN:
        return f"{capitalised(UNKNOWN)}: {row[METRIC]}; {row[REASON]}."
    rate = f"{row[FALSE_POSITIVE_RATE]:.1%} of {row[REPETITIONS]:,} draws"
    if not drawn.planned:
        return f"By the {drawn.method}, it would have been {row[FALSE_POSITIVE_RATE]:.1%}."
    what = {
        RIGHT: f"as it should be ({alpha:.0%})",
        TOO_MANY: f"too many for a level of {alpha:.0%}: do not trust its intervals on this data; look for units that "
        "are no people, cap it (cap=0.99), or take more units",
        CAUTIOUS: f"fewer than {alpha:.0%}: cautious, as with few conversions or few large values; a real change is "
        "found less often",
        UNEVEN: f"about {alpha:.0%}, but p-values are not spread evenly, as with few different values",
    }[row[VERDICT]]
    least = "" if math.isnan(row[MDE]) else f"; a change of {row[MDE]:.1%} would probably have been found"
    return f"In {row[METRIC]}, something is found in {rate}, {what}{least}."


def _definition(plan: ExperimentPlan, repetitions: int, part: float) -> str:
    metrics = "; ".join(f"{metric.name} = {metric.definition}" for metric, _ in in_one_variant(plan).metrics())
    parts = [
        f"A/A test: {repetitions:,} assignments drawn by chance, {part:.0%} of units into the variant",
        metrics,
        f"level {plan.confidence_alpha:.3g}, two-sided, read once",
        *adjustments(plan),
    ]
    return "; ".join(parts) + "."
