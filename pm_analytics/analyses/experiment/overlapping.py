"""Two experiments on the same units, and whether one changes what the other does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.comparing import layouts_of
from pm_analytics.analyses.experiment.counts import cap_of, capped, clustered, moments
from pm_analytics.analyses.experiment.counts.grouping import with_other
from pm_analytics.analyses.experiment.counts.values import SUMMED
from pm_analytics.analyses.experiment.estimates import arm_of
from pm_analytics.analyses.experiment.exposures import Exposures
from pm_analytics.analyses.experiment.parts import View, chosen, require_trusted, say_p
from pm_analytics.analyses.experiment.wording import say_metric
from pm_analytics.errors import DataError, UnknownNameError
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONTROL_USERS,
    DIFFERENCE,
    KIND,
    METRIC,
    P_VALUE,
    SEGMENT,
    VARIANT,
    VARIANT_USERS,
)
from pm_analytics.results import Claim
from pm_analytics.stats.effects import Arm, Effect
from pm_analytics.stats.interactions import Independence, Interaction, independence, interaction

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.counts import Layout
    from pm_analytics.analyses.experiment.outcome import Outcome

CLASHES = 0.01
"""Below this p-value two experiments are said to change each other's effects."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class OverlapResult(View):
    """How the effect of one experiment changes with another. See :func:`overlap`.

    Attributes
    ----------
    found : Interaction
        The contrast between the effects, with its interval.
    drawn : Independence
        Whether the two assignments have to do with each other.
    kind : str
        Kind of the metric.
    """

    found: Interaction
    drawn: Independence
    kind: str

    def summary(self) -> str:
        """Say whether the effects change each other, and whether the experiments were drawn apart."""
        if self.found.reason:
            return f"The two experiments cannot be compared: {self.found.reason}."
        ends = [say_metric(end, self.kind, signed=True) for end in (self.found.ci_lower, self.found.ci_upper)]
        change = say_metric(abs(self.found.contrast), self.kind, signed=True).lstrip("+")
        way = "larger" if self.found.contrast > 0 else "smaller"
        verdict = "change" if self.found.p_value < CLASHES else "do not reliably change"
        apart = (
            " The two were not drawn independently of each other, so read neither alone."
            if self.drawn.p_value < CLASHES / 10
            else ""
        )
        return (
            f"The two experiments {verdict} each other's effects: with the other one on, the effect is {change} {way} "
            f"(change {ends[0]} to {ends[1]}; {say_p(self.found.p_value)}).{apart}"
        )

    def claims(self) -> list[Claim]:
        """List the contrast."""
        known = not math.isnan(self.found.ci_lower)
        return [
            Claim(
                id="experiment.interaction",
                value=self.found.contrast if known else None,
                unit="difference",
                definition=self.definition,
                ci_lower=self.found.ci_lower if known else None,
                ci_upper=self.found.ci_upper if known else None,
            )
        ]


def overlap(
    result: Outcome,
    other: Exposures | pd.DataFrame,
    *,
    other_control: str = "control",
    metric: str | None = None,
) -> OverlapResult:
    """Tell whether another experiment on the same units changes the effect of this one.

    Parameters
    ----------
    result : ExperimentResult
        This experiment; its first variant against its control.
    other : Exposures or DataFrame
        Exposures of the other one. Units that it never exposed are left out.
    other_control : str
        Its control; all its other variants count together.
    metric : str, optional
        Name of a metric of the plan; the first primary one when not given.

    Returns
    -------
    OverlapResult
        ``to_frame()``: the effect of this experiment among units in the other's control, and among the rest.

    Raises
    ------
    UnknownNameError, DataError
        No such metric or control; the gate failed; no unit was in both.
    """
    require_trusted(result, "The overlap of two experiments")
    exposures = other if isinstance(other, Exposures) else Exposures.from_frame(other)
    if other_control not in exposures.variants():
        raise UnknownNameError("control variant", [other_control], exposures.variants(), where="the other experiment")
    number, asked, role = chosen(result, metric, sorted(SUMMED | {"funnel"}))
    units = result._units  # noqa: SLF001 - its own room
    table = units.table if asked.cap is None else capped(units.table, {number: cap_of(units.table, number, asked.cap)})
    table = with_other(table, exposures, other_control)
    plain = [layout.without_covariates() for layout in layouts_of(units.table, result.plan, [(number, asked, role)])]
    variant = next(name for name in result.users if name != result.control)
    places = [(result.control, "off"), (variant, "off"), (result.control, "on"), (variant, "on")]
    people = _cells(table, plain, places)
    if not any(cell.n for cell in people):
        raise DataError("No unit was exposed to both experiments, so neither can change the other.")
    cells = people
    if result.plan.cluster:
        cells = _cells(*clustered(table, result.plan.cluster, plain, [SEGMENT]), places)
    found = interaction(*cells, confidence=result.confidence)
    rows = [
        _row(asked.name, asked.kind, variant, f"the other {where}", effect, (mine.n, theirs.n))
        for where, effect, mine, theirs in (
            ("off", found.first_alone, people[1], people[0]),
            ("on", found.first_with_second, people[3], people[2]),
        )
    ]
    return OverlapResult(
        _table=pd.DataFrame(rows),
        definition=f"Effect by the other experiment, its control {other_control!r}: {result.definition}",
        basis=result.basis,
        found=found,
        drawn=independence([[people[0].n, people[2].n], [people[1].n, people[3].n]]),
        kind=asked.kind,
    )


def _cells(table: Any, layouts: list[Layout], places: list[tuple[str, str]]) -> list[Arm]:  # noqa: ANN401
    """Describe the units of each variant and side of the other experiment."""
    sums = {key: arm_of(layouts[0], parts[0].moments) for key, parts in moments(table, layouts, by=[SEGMENT]).items()}
    return [sums.get(place, Arm(0, math.nan, math.nan)) for place in places]


def _row(metric: str, kind: str, variant: str, where: str, effect: Effect, users: tuple[int, int]) -> dict[str, object]:
    return {
        METRIC: metric,
        KIND: kind,
        VARIANT: variant,
        SEGMENT: where,
        CONTROL_USERS: users[1],
        VARIANT_USERS: users[0],
        DIFFERENCE: effect.difference,
        CI_LOWER: effect.ci_lower,
        CI_UPPER: effect.ci_upper,
        P_VALUE: effect.p_value,
    }
