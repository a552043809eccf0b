"""Before the experiment: how many units it takes, how long that is, and what could be found in how many weeks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.analysis import adjustments
from pm_analytics.analyses.experiment.arriving import Arriving, arriving_from
from pm_analytics.analyses.experiment.baselines import baselines_of
from pm_analytics.analyses.experiment.past import in_one_variant, past_of
from pm_analytics.analyses.experiment.plan import FIXED
from pm_analytics.analyses.experiment.planning_words import capitalised, say_arrivals, say_need, say_small_baselines
from pm_analytics.analyses.experiment.sizing import Need, need_of, split_of, terms_of
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    BASELINE,
    CONTROL_USERS,
    DESIGN_EFFECT,
    MDE,
    MDE_ABSOLUTE,
    METRIC,
    MIN_EFFECT,
    POWER_FOR_MIN_EFFECT,
    READ_ON,
    REASON,
    ROLE,
    STANDARD_DEVIATION,
    UNITS,
    VARIANCE_REDUCTION,
    VARIANT_USERS,
    WEEK,
    WEEKS,
)
from pm_analytics.results import NOTHING, Claim, Result, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.baselines import Given
    from pm_analytics.analyses.experiment.exposures import Exposures
    from pm_analytics.analyses.experiment.past import History, Past
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.events import EventLog

MOST_WEEKS = 52
COLUMNS = (METRIC, ROLE, WEEK, UNITS, READ_ON, MDE, MDE_ABSOLUTE, POWER_FOR_MIN_EFFECT)


def plan_experiment(
    log: EventLog | None,
    plan: ExperimentPlan,
    *,
    eligible: str | Sequence[str] | None = None,
    weeks: int = 12,
    history: History = None,
    exposures: Exposures | pd.DataFrame | None = None,
    baseline: Given | None = None,
    units_per_week: float | None = None,
    looks: str | int | None = None,
) -> ExperimentPlanning:
    """Say how many units an experiment needs, how long it must run, and what it could find in how many weeks.

    The past is read as if it had been the experiment, with everybody in the control: whoever met the exposing event in
    ``history`` is exposed at the first such moment, and each metric is computed as it will be. Arrivals are the units
    exposed for the first time on each day: the same users come back, so two weeks bring less than twice one.

    Parameters
    ----------
    log : EventLog or None
        What happened so far; None when everything is said by ``baseline`` and ``units_per_week``, or recorded with
        ``exposures``.
    plan : ExperimentPlan
        Primary metrics with the change worth having (``min_effect``), guardrails with the harm tolerated
        (``max_harm``); split, confidence, power, looks, ``pre_period``, ``cluster`` and ``trigger`` count.
    eligible : str or sequence of str, optional
        The event, or events, that will expose a unit, such as opening the page that changes. Anything at all when not
        given.
    weeks : int
        How many weeks to lay out.
    history : (first day, day after the last), or a length such as ``"8 weeks"``, optional
        Which past to learn from; the last eight weeks of the log when not given.
    exposures : Exposures or DataFrame, optional
        Exposures of an earlier experiment, or a list of units with times, instead of ``eligible``; variants are put
        together.
    baseline : mapping, optional
        Metric -> a share, or (mean, standard deviation per unit), where the past is no guide or there is none.
    units_per_week : float, optional
        New units a week, always as many; instead of the arrivals of the past.
    looks : "fixed", "anytime" or int, optional
        Instead of the plan's: a plan that will be looked at before its end cannot be written before its size is known.

    Returns
    -------
    ExperimentPlanning
        ``to_frame()``: one row per metric and week: ``metric``, ``role``, ``week`` (weeks of taking in units),
        ``units`` (in all variants, by then), ``read_on`` (the first day on which it can be read: the last unit's window
        is over), ``mde`` (the smallest relative change found with the planned power; of a guardrail, the smallest harm
        that can be ruled out when there is none), ``mde_absolute``, ``power_for_min_effect``.
        ``requirements()``: what each metric needs. ``plan``: the plan, with size and dates.
        Primary metrics share the level over metrics and variants (the first step of Holm); a guardrail is tested
        one-sided at the full level, with a power of ``1 - (1 - power) / (guardrails + 1)`` (Schultzberg et al. 2024).

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        Nothing to learn from; an event or a metric that is not there; a history without a whole day.

    Notes
    -----
    Formulas are those of :mod:`pm_analytics.stats.power`, arrivals those of :mod:`pm_analytics.stats.arrivals`. The
    changed variant is taken to vary as the control does; where a change makes large values larger still, plan a little
    more. Planned looks are evenly spaced; ``"anytime"`` is judged at the planned end, so it is a lower bound.

    Examples
    --------
    >>> import pm_analytics as pm
    >>> plan = pm.ExperimentPlan(pm.Metric.conversion("buy", within="7 days", name="buyers", min_effect=0.10))
    >>> planning = pm.plan_experiment(None, plan, baseline={"buyers": 0.05}, units_per_week=20_000)
    >>> planning.summary()
    'With about 20,000 new units a week, a change of 10.0% in buyers can be found (80% power) after 4 weeks. \
After 3 weeks 10.3%.'
    """
    if not isinstance(weeks, int) or not 1 <= weeks <= MOST_WEEKS:
        raise ParameterError(f"weeks={weeks!r} must be a whole number from 1 to {MOST_WEEKS}.")
    asked = _asked(plan, looks)
    past = None
    if log is not None or exposures is not None:
        past = past_of(log, in_one_variant(asked), eligible=eligible, exposures=exposures, history=history)
    found = baselines_of(None if past is None else past.units, in_one_variant(asked), baseline)
    arriving = arriving_from(past, asked, units_per_week)
    needs = [need_of(each, terms_of(asked, each.role), arriving) for each in found]
    return ExperimentPlanning(
        _table=_table(needs, arriving, weeks),
        definition=_definition(asked, past),
        basis=_basis(past, arriving),
        asked=asked,
        needs=tuple(needs),
        arriving=arriving,
        horizon=weeks,
    )


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ExperimentPlanning(Result):
    """How long an experiment must run, and what it could find. See :func:`plan_experiment` for the columns.

    Attributes
    ----------
    asked : ExperimentPlan
        The plan as it was given.
    needs : tuple of Need
        What each metric needs.
    arriving : Arriving
        How many units come in how many weeks.
    horizon : int
        Weeks laid out.
    """

    asked: ExperimentPlan
    needs: tuple[Need, ...]
    arriving: Arriving
    horizon: int

    @property
    def weeks(self) -> int | None:
        """Weeks of taking in units until every metric with a size has enough; None when not in the weeks laid out."""
        wanted = [need for need in self.needs if need.effect is not None]
        reached = [need.weeks for need in wanted if need.weeks is not None]
        longest = max(reached, default=self.horizon + 1)
        return longest if len(reached) == len(wanted) and longest <= self.horizon else None

    @property
    def plan(self) -> ExperimentPlan:
        """The plan with its size and its days, ready to freeze.

        Raises
        ------
        ParameterError
            What is wanted is out of reach, or nothing says what is wanted; :meth:`plan_for` takes the weeks.
        """
        if self.weeks is None:
            raise ParameterError(
                f"{self.summary()} So no week can be chosen for you: write planning.plan_for(weeks=4), or ask for a "
                "larger change with min_effect=."
            )
        return self.plan_for(weeks=self.weeks)

    def plan_for(self, *, weeks: int) -> ExperimentPlan:
        """Give the plan with the size and the days of so many weeks of taking in units, as a plan of its own.

        Raises
        ------
        ParameterError
            Less than one week; or arrivals that nobody knows.
        """
        if weeks < 1 or not self.arriving.known:
            raise ParameterError(
                f"weeks={weeks!r} must be at least 1, and arrivals must be known: say units_per_week=2_000."
            )
        return replace(
            self.asked,
            planned_units=max(2, math.floor(self.arriving.units(weeks))),
            starts=self.arriving.starts,
            ends=self.arriving.last_day(weeks),
            _frozen=None,
            frozen_on=None,
            _original=None,
        )

    def requirements(self) -> pd.DataFrame:
        """List what each metric needs, one row each.

        ``baseline`` and ``standard_deviation`` (of one unit, after what the time before takes away), ``min_effect`` (of
        a guardrail, the harm tolerated), ``control_users`` and ``variant_users`` (of each other variant, the smallest
        when they differ), ``units`` in all, ``weeks``, ``read_on``, ``variance_reduction``, ``design_effect``, and the
        ``reason`` why something is null.
        """
        return pd.DataFrame([_requirement(need) for need in self.needs])

    def summary(self) -> str:
        """Say for each metric whether the change worth having can be found, when, and what else could be."""
        first, *others = (say_need(need, self.arriving, self.horizon) for need in self.needs)
        sentences = [say_arrivals(self.needs, self.arriving, self.horizon) + first, *others]
        rough = [f"A rough guess: {self.arriving.rough}."] if self.arriving.rough else []
        together = self._say_together()
        return " ".join([*map(capitalised, sentences), *together, *say_small_baselines(self.needs), *rough])

    def power_of_all(self, *, weeks: int) -> float:
        """Give the least chance that every change worth having is found and every guardrail shown safe, all together.

        The chances to miss added up (Bonferroni): metrics go together, so the truth is more. NaN when nothing is
        wanted, or a power is not known.
        """
        powers = [need.power_at(self.arriving.units(weeks)) for need in self.needs if need.effect is not None]
        return max(0.0, 1 - sum(1 - power for power in powers)) if powers else math.nan

    def _say_together(self) -> list[str]:
        wanted = [need for need in self.needs if need.effect is not None]
        if self.weeks is None or len(wanted) < 2:
            return []
        return [f"All of it together comes out with a chance of at least {self.power_of_all(weeks=self.weeks):.0%}."]

    def headline(self) -> str:
        """Say the primary metric's answer in one line."""
        return capitalised(say_need(self.needs[0], self.arriving, self.horizon))

    def say_end(self) -> str:
        """Say the chosen week in a few words, for a chart."""
        if self.weeks is None:
            return ""
        read_on = max((need.read_on for need in self.needs if need.read_on is not None), default=None)
        return f"{self.weeks} week{'s' if self.weeks > 1 else ''}" + ("" if read_on is None else f", read {read_on}")

    def claims(self) -> list[Claim]:
        """List the units that each metric needs in all."""
        return [
            Claim(
                id=f"planning.{need.baseline.metric.name}.units",
                value=known(need.units if math.isfinite(need.units) else math.nan),
                unit="count",
                definition=self.definition,
                n=need.baseline.users or None,
            )
            for need in self.needs
        ]

    def to_display(self) -> pd.DataFrame:
        """Format relative changes and powers as percents."""
        shares = (MDE, POWER_FOR_MIN_EFFECT)
        return self._table.assign(
            **{name: [NOTHING if math.isnan(x) else f"{x:.1%}" for x in self._table[name]] for name in shares}
        )


def _asked(plan: ExperimentPlan, looks: str | int | None) -> ExperimentPlan:
    """Take other looks, with a size that only lets the plan be made: the real one is what is being looked for."""
    if looks is None:
        return plan
    placeholder = plan.planned_units if looks in {FIXED, 1} or plan.planned_units else 2
    return replace(plan, looks=looks, planned_units=placeholder)


def _table(needs: Sequence[Need], arriving: Arriving, weeks: int) -> pd.DataFrame:
    if not arriving.known:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.DataFrame(
        [_row(need, week, arriving) for need in needs for week in range(1, weeks + 1)], columns=list(COLUMNS)
    )


def _row(need: Need, week: int, arriving: Arriving) -> dict[str, Any]:
    units = arriving.units(week)
    relative, absolute = need.detectable(units)
    return {
        METRIC: need.baseline.metric.name,
        ROLE: need.baseline.role,
        WEEK: week,
        UNITS: math.floor(units),
        READ_ON: arriving.read_on(week, need.baseline.metric),
        MDE: relative,
        MDE_ABSOLUTE: absolute,
        POWER_FOR_MIN_EFFECT: need.power_at(units),
    }


def _requirement(need: Need) -> dict[str, Any]:
    base, terms = need.baseline, need.terms
    reachable = math.isfinite(need.units)
    return {
        METRIC: base.metric.name,
        ROLE: base.role,
        BASELINE: base.value,
        STANDARD_DEVIATION: base.deviation,
        MIN_EFFECT: math.nan if need.effect is None else need.effect,
        CONTROL_USERS: _whole(need.units * terms.control) if reachable else math.nan,
        VARIANT_USERS: _whole(need.units * terms.variant) if reachable else math.nan,
        UNITS: need.units if reachable else math.nan,
        WEEKS: math.nan if need.weeks is None else need.weeks,
        READ_ON: need.read_on,
        VARIANCE_REDUCTION: base.variance_reduction,
        DESIGN_EFFECT: base.design_effect,
        REASON: need.reason,
    }


def _whole(units: float) -> float:
    """Give whole units, up; what rounding leaves over is none."""
    return math.ceil(units - 1e-9)


def _definition(plan: ExperimentPlan, past: Past | None) -> str:
    metrics = "; ".join(f"{metric.name} = {metric.definition}" for metric, _ in in_one_variant(plan).metrics())
    split = ", ".join(f"{name} {weight:g}" for name, weight in split_of(plan).items())
    shared = len(plan.primaries) * (len(split_of(plan)) - 1)
    parts = [
        f"Planning: {metrics}",
        f"split {split}",
        f"{plan.confidence_alpha:.3g} two-sided" + (f", shared by {shared} comparisons" if shared > 1 else ""),
        *([f"guardrails one-sided, {len(plan.guardrails)} that must all pass"] if plan.guardrails else []),
        {FIXED: "read once"}.get(str(plan.looks), f"looks: {plan.looks}"),
        *adjustments(plan),
        *([f"learnt from {past.said}", past.log.scope] if past is not None else ["baselines as given"]),
    ]
    return "; ".join(parts) + "."


def _basis(past: Past | None, arriving: Arriving) -> str:
    learnt = "as given" if past is None else f"learnt from {past.said}; {past.log.basis}"
    return learnt if arriving.starts is None else f"start {arriving.starts}; {learnt}"
