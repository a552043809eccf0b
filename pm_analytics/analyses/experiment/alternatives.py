"""The same effects, computed otherwise: what was decided beside what else might have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment import comparing
from pm_analytics.analyses.experiment.parts import View, require_trusted, variants_of
from pm_analytics.analyses.experiment.plan import FIXED
from pm_analytics.analyses.experiment.roles import direction_of
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    DIFFERENCE,
    KIND,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    METRIC,
    P_VALUE,
    ROLE,
    STATUS,
    VARIANT,
    WAY,
)
from pm_analytics.results import Claim, records

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.stats.effects import Effect

AS_DECIDED, UNCAPPED, UNADJUSTED, READ_ONCE = "as decided", "uncapped", "not adjusted", "as if read once"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Alternatives(View):
    """The same effects, computed otherwise. See :func:`alternatives`."""

    def summary(self) -> str:
        """Say whether any other way would have pointed the other way."""
        decided = {(row[METRIC], row[VARIANT]): row for row in records(self._table) if row[WAY] == AS_DECIDED}
        turned = [
            f"{row[METRIC]}, {row[VARIANT]}: {row[WAY]} it would be {row[STATUS]}"
            for row in records(self._table)
            if row[STATUS] != decided[row[METRIC], row[VARIANT]][STATUS]
        ]
        if not turned:
            return "Computed otherwise, every effect has the same status."
        return f"Computed otherwise, some effects have another status. {'; '.join(turned)}."

    def claims(self) -> list[Claim]:
        """List every difference."""
        return [
            Claim.of_row(
                row,
                DIFFERENCE,
                id=f"experiment.{row[WAY].replace(' ', '_')}.{row[VARIANT]}.{row[METRIC]}",
                unit="difference",
                definition=f"{row[WAY]}: {self.definition}",
            )
            for row in records(self._table)
        ]


def alternatives(result: Outcome) -> Alternatives:
    """Compute every effect in the other ways that its plan leaves open.

    Returns
    -------
    Alternatives
        ``to_frame()``: one row per metric, variant and ``way``: "as decided", "uncapped" (a capped metric), "not
        adjusted" (for what was before), "as if read once" (a plan with looks).

    Raises
    ------
    DataError
        The gate failed.
    """
    require_trusted(result, "What else it might have been")
    plan = result.plan
    whole: dict[tuple[str, str], Estimate] = {}
    if any(metric.cap is not None for metric, _ in plan.metrics()):
        found = comparing.estimates(result._units, plan, variants_of(result), uncapped=True)  # noqa: SLF001 - its own room
        whole = {(each.metric.name, each.variant): each for each in found if each.metric.cap is not None}
    rows: list[dict[str, Any]] = []
    for judged in result._judged:  # noqa: SLF001 - its own room
        each, level = judged.estimate, judged.confidence
        ways: list[tuple[str, Effect | None]] = [(AS_DECIDED, judged.effect)]
        if (each.metric.name, each.variant) in whole:
            uncapped = whole[each.metric.name, each.variant]
            ways.append((UNCAPPED, result.reading.effect(uncapped, level)))
        if result.reading.mode == FIXED:
            ways.append((UNADJUSTED, each.unadjusted(level)))
        else:
            ways.append((READ_ONCE, each.effect(level)))
        rows += [_row(each, way, effect) for way, effect in ways if effect is not None]
    return Alternatives(_table=pd.DataFrame(rows), definition=result.definition, basis=result.basis)


def _row(each: Estimate, way: str, effect: Effect) -> dict[str, Any]:
    return {
        METRIC: each.metric.name,
        KIND: each.metric.kind,
        ROLE: each.role,
        VARIANT: each.variant,
        WAY: way,
        DIFFERENCE: effect.difference,
        CI_LOWER: effect.ci_lower,
        CI_UPPER: effect.ci_upper,
        LIFT: effect.lift,
        LIFT_CI_LOWER: effect.lift_ci_lower,
        LIFT_CI_UPPER: effect.lift_ci_upper,
        P_VALUE: effect.p_value,
        STATUS: direction_of(each.metric, effect),
    }
