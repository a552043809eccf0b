"""The same effects, computed otherwise: what was decided beside what else might have been."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment import comparing
from pm_analytics.analyses.experiment.parts import View, require_trusted, variants_of
from pm_analytics.analyses.experiment.plan import FIXED
from pm_analytics.analyses.experiment.roles import UNCLEAR, direction_of
from pm_analytics.analyses.experiment.wording import say_metric
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
    from collections.abc import Mapping

    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.stats.effects import Effect

AS_DECIDED, UNCAPPED, UNADJUSTED, READ_ONCE = "as decided", "uncapped", "not adjusted", "as if read once"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Alternatives(View):
    """The same effects, computed otherwise. See :func:`alternatives`."""

    def summary(self) -> str:
        """Say whether any other way would have another status, or point the other way."""
        decided = {(row[METRIC], row[VARIANT]): row for row in records(self._table) if row[WAY] == AS_DECIDED}
        pairs = [(row, decided[row[METRIC], row[VARIANT]]) for row in records(self._table)]
        moved = [f"{_head(row)} it would be {row[STATUS]}" for row, as_is in pairs if row[STATUS] != as_is[STATUS]]
        turned = [_say_turned(row, as_is) for row, as_is in pairs if row[DIFFERENCE] * as_is[DIFFERENCE] < 0]
        said = [
            f"Computed otherwise, some effects have another status. {'; '.join(moved)}."
            if moved
            else "Computed otherwise, every effect has the same status."
        ]
        if turned:
            said.append(f"The difference changes its direction: {'; '.join(turned)}.")
        return " ".join(said)

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


def _head(row: Mapping[str, Any]) -> str:
    return f"{row[METRIC]}, {row[VARIANT]}: {row[WAY]}"


def _say_turned(row: Mapping[str, Any], as_is: Mapping[str, Any]) -> str:
    """Say both differences, and whether either is more than chance."""
    ours, theirs = (say_metric(each[DIFFERENCE], row[KIND], signed=True) for each in (row, as_is))
    chance = ", both within chance" if row[STATUS] == as_is[STATUS] == UNCLEAR else ""
    return f"{_head(row)} {ours}, as decided {theirs}{chance}"


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
        ways: list[tuple[str, Effect]] = [(AS_DECIDED, judged.effect)]
        if (each.metric.name, each.variant) in whole:
            uncapped = whole[each.metric.name, each.variant]
            ways.append((UNCAPPED, result.reading.effect(uncapped, level)))
        if each.raw is not None:
            ways.append((UNADJUSTED, result.reading.effect(_unadjusted(each), level)))
        if result.reading.mode != FIXED:
            ways.append((READ_ONCE, each.effect(level)))
        rows += [_row(each, way, effect) for way, effect in ways]
    return Alternatives(_table=pd.DataFrame(rows), definition=result.definition, basis=result.basis)


def _unadjusted(each: Estimate) -> Estimate:
    """Take the adjustment away, so that looks allow the interval that they allow anything."""
    variant, control = each.raw or (each.variant_arm, each.control_arm)
    return replace(each, variant_arm=variant, control_arm=control, raw=None, method="")


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
