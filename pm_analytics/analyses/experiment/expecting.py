"""What to expect after launch: the Bayesian reading, shrunken towards nothing, and what it is worth over a year."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.parts import View, require_trusted
from pm_analytics.analyses.experiment.plan import PRIMARY
from pm_analytics.analyses.experiment.wording import say_metric
from pm_analytics.errors import DataError, ParameterError
from pm_analytics.names import (
    CHANCE_NEGLIGIBLE,
    CHANCE_TO_WIN,
    CHANCE_WORTHWHILE,
    CI_LOWER,
    CI_UPPER,
    DIFFERENCE,
    DILUTED_LIFT,
    EXPECTED_CI_LOWER,
    EXPECTED_CI_UPPER,
    EXPECTED_DIFFERENCE,
    KIND,
    LOSS_IF_KEPT,
    LOSS_IF_SHIPPED,
    METRIC,
    PER_YEAR,
    VARIANT,
)
from pm_analytics.results import Claim, records
from pm_analytics.stats.bayes import Posterior, beta_posterior, normal_posterior, winners_curse
from pm_analytics.stats.dilution import diluted, per_year
from pm_analytics.stats.proportions import Interval

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.outcome import Outcome

USUAL_LIFT = 0.05
"""Standard deviation of the relative changes that tests usually bring; most change little."""
PER_UNIT = ("conversion", "count", "mean", "funnel")
"""Kinds that are so much per unit, and add up over units; a quantile, a ratio or a time does not."""
NOT_FOR_STOPPING = (
    "These chances are right for data that would have been reported whatever it showed; they do not allow for looking "
    "until it looks good."
)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Expectation(View):
    """What to expect of each primary metric after launch. See :func:`expectation`."""

    curse: str

    def summary(self) -> str:
        """Say how likely it is better, what to expect, and how much findings exaggerate."""
        return " ".join([self.headline(), *([self.curse] if self.curse else []), NOT_FOR_STOPPING])

    def headline(self) -> str:
        """Say how likely it is better, and what to expect."""
        return " ".join(
            f"{row[METRIC]}, {row[VARIANT]}: {say_chance(row[CHANCE_TO_WIN])} likely better; expect "
            f"{say_metric(row[EXPECTED_DIFFERENCE], row[KIND], signed=True)} after launch rather than the "
            f"{say_metric(row[DIFFERENCE], row[KIND], signed=True)} that was seen."
            for row in records(self._table)
            if not math.isnan(row[CHANCE_TO_WIN])
        )

    def claims(self) -> list[Claim]:
        """List the expected differences."""
        return [
            Claim(
                id=f"experiment.expected.{row[VARIANT]}.{row[METRIC]}",
                value=float(row[EXPECTED_DIFFERENCE]),
                unit="difference",
                definition=self.definition,
                ci_lower=float(row[EXPECTED_CI_LOWER]),
                ci_upper=float(row[EXPECTED_CI_UPPER]),
            )
            for row in records(self._table)
            if not math.isnan(row[EXPECTED_DIFFERENCE])
        ]


def say_chance(chance: float) -> str:
    """Say a chance in percent; no data makes anything certain."""
    return ">99.9%" if chance > 0.999 else "<0.1%" if chance < 0.001 else f"{chance:.1%}"


def expectation(result: Outcome, *, usual_lift: float = USUAL_LIFT) -> Expectation:
    """Read the primary metrics as a Bayesian would.

    Parameters
    ----------
    usual_lift : float
        Standard deviation of the relative changes that such tests usually bring: 0.05 says that two in three change the
        metric by less than 5 %. It is the prior, around no change, of the expected difference.

    Returns
    -------
    Expectation
        ``to_frame()``: one row per primary metric and variant: ``chance_to_win`` (that it is better, with a flat prior;
        exact for plain shares), ``chance_worthwhile`` (that it is better by at least the change worth having),
        ``chance_negligible`` (that it changes by less than that, either way: the region of practical equivalence),
        ``expected_difference`` with its interval (with the prior: what to expect after launch), ``loss_if_shipped`` and
        ``loss_if_kept`` (what a wrong choice costs on average, in the metric's unit).

    Raises
    ------
    DataError, ParameterError
        The gate failed; ``usual_lift`` is not above 0.
    """
    require_trusted(result, "What to expect after launch")
    if not usual_lift > 0:
        raise ParameterError(f"usual_lift={usual_lift!r} must be above 0; write 0.05 for 5 %.")
    primary = [each for each in result._judged if each.estimate.role == PRIMARY]  # noqa: SLF001 - its own room
    rows = [_row(each.estimate, usual_lift, result.confidence) for each in primary]
    return Expectation(
        _table=pd.DataFrame(rows),
        definition=f"Bayesian reading, prior of relative changes N(0, {usual_lift:g}): {result.definition}",
        basis=result.basis,
        curse=_curse([each.estimate for each in primary if each.status == "better"], result.confidence),
    )


def _row(each: Estimate, usual_lift: float, confidence: float) -> dict[str, Any]:
    effect = each.effect(confidence)
    row = {
        METRIC: each.metric.name,
        KIND: each.metric.kind,
        VARIANT: each.variant,
        DIFFERENCE: effect.difference,
        CHANCE_TO_WIN: math.nan,
        CHANCE_WORTHWHILE: math.nan,
        CHANCE_NEGLIGIBLE: math.nan,
        EXPECTED_DIFFERENCE: math.nan,
        EXPECTED_CI_LOWER: math.nan,
        EXPECTED_CI_UPPER: math.nan,
        LOSS_IF_SHIPPED: math.nan,
        LOSS_IF_KEPT: math.nan,
    }
    if not effect.error > 0:
        return row
    flat = (
        beta_posterior(*each.shares) if each.shares is not None else normal_posterior(effect.difference, effect.error)
    )
    down = each.metric.direction == "down"
    row |= {
        CHANCE_TO_WIN: 1 - flat.chance_to_win if down else flat.chance_to_win,
        LOSS_IF_SHIPPED: flat.loss_if_kept if down else flat.loss_if_shipped,
        LOSS_IF_KEPT: flat.loss_if_shipped if down else flat.loss_if_kept,
        **_against_the_limit(each, flat, effect.control),
    }
    if effect.control != 0:
        shrunken = normal_posterior(
            effect.difference, effect.error, prior_sd=usual_lift * abs(effect.control), confidence=confidence
        )
        row |= {
            EXPECTED_DIFFERENCE: shrunken.mean,
            EXPECTED_CI_LOWER: shrunken.interval.lower,
            EXPECTED_CI_UPPER: shrunken.interval.upper,
        }
    return row


def _against_the_limit(each: Estimate, flat: Posterior, control: float) -> dict[str, float]:
    """Give the chances that the change is as large as would be worth having, and that it is less, either way.

    Nothing when no such change was named.
    """
    wanted = each.metric.min_effect
    if wanted is None or not control > 0:
        return {}
    limit = wanted * control
    below, inside, above = flat.within(-limit, limit)
    return {CHANCE_WORTHWHILE: below if each.metric.direction == "down" else above, CHANCE_NEGLIGIBLE: inside}


def _curse(winners: list[Estimate], confidence: float) -> str:
    """Say how much findings exaggerate when the test had little power for the change worth having."""
    for each in winners:
        effect = each.effect(confidence)
        if each.metric.min_effect is None or not effect.control > 0 or not effect.error > 0:
            continue
        found = winners_curse(each.metric.min_effect * effect.control, effect.error, alpha=1 - confidence)
        if found.power < 0.8:
            return (
                f"If {each.metric.name} truly changed by the {each.metric.min_effect:.1%} that would be worth having, "
                f"such data would find it {found.power:.0%} of the time, and what it then shows would be "
                f"{found.exaggeration:.1f} times the truth."
            )
    return ""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class BusinessImpact(View):
    """What an effect is worth over everybody and over a year. See :func:`business`."""

    units_per_year: float
    triggered_share: float

    def summary(self) -> str:
        """Say the effect over everybody, and per year."""
        said = []
        for row in records(self._table):
            if math.isnan(row[CI_LOWER]):
                continue
            everybody = f"{row[DILUTED_LIFT]:+.2%} over everybody, and " if not math.isnan(row[DILUTED_LIFT]) else ""
            said.append(
                f"{row[METRIC]}, {row[VARIANT]}: {everybody}about {row[PER_YEAR]:+,.0f} a year "
                f"({row[CI_LOWER]:+,.0f} to {row[CI_UPPER]:+,.0f}), if it lasts."
            )
        return " ".join(said) or "No primary metric has an effect with an interval."

    def claims(self) -> list[Claim]:
        """List the effects per year."""
        return [
            Claim.of_row(
                row,
                PER_YEAR,
                id=f"experiment.per_year.{row[VARIANT]}.{row[METRIC]}",
                unit="count",
                definition=self.definition,
            )
            for row in records(self._table)
        ]


def business(
    result: Outcome,
    *,
    units_per_year: float,
    value: float = 1.0,
    baseline: float | None = None,
    triggered_share: float | None = None,
) -> BusinessImpact:
    """Say what the primary effects come to over everybody, and over a year.

    Parameters
    ----------
    units_per_year : float
        Units that would be exposed in a year, triggered or not.
    value : float
        What one unit of the metric is worth: 1 for orders, 40 for orders of 40 euros.
    baseline : float, optional
        The metric per unit over all exposed units of the control, for the lift over everybody when only triggered units
        were compared; the compared control's value times the share triggered when not given.
    triggered_share : float, optional
        Share of the units of a year that would meet the change; that of the exposed units which were compared when not
        given. For exposures that hold the triggered units only.

    Returns
    -------
    BusinessImpact
        ``to_frame()``: one row per variant and primary metric that is so much per unit: ``difference`` over everybody,
        ``diluted_lift``, ``per_year`` with its interval. Ratios, quantiles and times are left out.

    Raises
    ------
    DataError, ParameterError
        The gate failed; no primary metric is so much per unit; numbers not above 0.
    """
    require_trusted(result, "What it is worth")
    units = result._units  # noqa: SLF001 - its own room
    met = sum(result.users.values()) / sum(units.exposed.values())
    triggered = met if triggered_share is None else triggered_share
    primary = [each for each in result._judged if each.estimate.role == PRIMARY]  # noqa: SLF001 - its own room
    summed = [each for each in primary if each.estimate.metric.kind in PER_UNIT]
    if not summed:
        raise DataError(
            "No primary metric is so much per unit, so it does not add up over a year: ratios, quantiles and times do "
            "not. Name a count, a sum or a conversion as primary in a plan."
        )
    rows = []
    for judged in summed:
        effect = judged.effect
        over = baseline if baseline is not None else effect.control * triggered
        spread = diluted(
            effect.difference, Interval(effect.ci_lower, effect.ci_upper), triggered=triggered, baseline=over
        )
        yearly, ends = per_year(spread.difference, spread.interval, units_per_year=units_per_year, value=value)
        rows.append(
            {
                METRIC: judged.estimate.metric.name,
                KIND: "count",
                VARIANT: judged.estimate.variant,
                DIFFERENCE: spread.difference,
                DILUTED_LIFT: spread.lift,
                PER_YEAR: yearly,
                CI_LOWER: ends.lower,
                CI_UPPER: ends.upper,
            }
        )
    share = "" if result.plan.trigger is None else f"; {met:.1%} of the exposed met {result.plan.trigger!r}"
    if triggered_share is not None:
        share = f"; {triggered:.1%} of them would meet the change"
    return BusinessImpact(
        _table=pd.DataFrame(rows),
        definition=f"Effect times {units_per_year:,.0f} units a year, worth {value:g} each{share}: {result.definition}",
        basis=result.basis,
        units_per_year=units_per_year,
        triggered_share=triggered,
    )
