"""For whom? The effect in each segment, whether segments differ at all, and what to expect of one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment.comparing import layouts_of
from pm_analytics.analyses.experiment.counts import cap_of, capped, clustered, moments
from pm_analytics.analyses.experiment.counts.grouping import sizes_of, with_property, with_segment
from pm_analytics.analyses.experiment.counts.values import SUMMED
from pm_analytics.analyses.experiment.estimates import Estimate, estimate
from pm_analytics.analyses.experiment.parts import View, require_trusted, say_p, variants_of
from pm_analytics.analyses.experiment.plan import PRIMARY
from pm_analytics.analyses.experiment.roles import direction_of
from pm_analytics.asking import MISSING, OTHER, check_whole, in_order
from pm_analytics.errors import DataError, UnknownNameError
from pm_analytics.names import (
    ADJUSTED_P_VALUE,
    CI_LOWER,
    CI_UPPER,
    CONFIDENCE,
    CONTROL_USERS,
    CONTROL_VALUE,
    DIFFERENCE,
    EXPECTED_CI_LOWER,
    EXPECTED_CI_UPPER,
    EXPECTED_DIFFERENCE,
    KIND,
    LIFT,
    METRIC,
    P_VALUE,
    REASON,
    SEGMENT,
    STATUS,
    VARIANT,
    VARIANT_USERS,
    VARIANT_VALUE,
)
from pm_analytics.results import Claim, records
from pm_analytics.stats.heterogeneity import FEWEST_UNITS, Heterogeneity, heterogeneity
from pm_analytics.stats.multiplicity import benjamini_hochberg, bh_confidences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.experiment.counts import Summed
    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.stats.effects import Effect

DIFFERS = 0.05
"""Below this p-value of equal effects, segments are said to differ."""
COLUMNS = (
    METRIC, KIND, VARIANT, SEGMENT, CONTROL_USERS, VARIANT_USERS, CONTROL_VALUE, VARIANT_VALUE, DIFFERENCE, CI_LOWER,
    CI_UPPER, LIFT, P_VALUE, ADJUSTED_P_VALUE, CONFIDENCE, EXPECTED_DIFFERENCE, EXPECTED_CI_LOWER, EXPECTED_CI_UPPER,
    STATUS, REASON,
)  # fmt: skip
NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ExperimentSegments(View):
    """The effect on each segment. See :func:`by_segment` for the columns.

    Attributes
    ----------
    segment : str
        The property.
    declared : bool
        Whether the plan named it before.
    differences : mapping
        (metric, variant) -> whether effects differ between segments at all.
    """

    segment: str
    declared: bool
    differences: Mapping[tuple[str, str], Heterogeneity]

    def summary(self) -> str:
        """Say whether the effect differs between segments; never that there is one in a single segment."""
        said = [self._say(metric, variant, found) for (metric, variant), found in self.differences.items()]
        label = "" if self.declared else f" ({self.segment} was not declared in the plan, so this is for ideas only.)"
        return " ".join(said) + label

    def claims(self) -> list[Claim]:
        """List the difference in each segment."""
        return [
            Claim.of_row(
                row,
                DIFFERENCE,
                id=f"experiment.segment.{row[VARIANT]}.{row[METRIC]}.{row[SEGMENT]}",
                unit="difference",
                definition=f"{self.segment} {row[SEGMENT]}: {self.definition}",
                n=int(row[VARIANT_USERS]),
                denominator=int(row[CONTROL_USERS]),
            )
            for row in records(self._table)
        ]

    def _say(self, metric: str, variant: str, found: Heterogeneity) -> str:
        head = f"{metric}, {variant}"
        if found.reason:
            return f"{head}: {found.reason}."
        notes = f" ({'; '.join(found.notes)})" if found.notes else ""
        if found.p_value >= DIFFERS:
            return (
                f"{head}: no reliable difference between the values of {self.segment} ({say_p(found.p_value)}); "
                f"what differs in the table is within what chance does{notes}."
            )
        rows = [row for row in records(self._table) if (row[METRIC], row[VARIANT]) == (metric, variant)]
        tested = [row for row in rows if row[STATUS] != NOT_TESTED]
        ends = sorted(tested, key=lambda row: float(row[EXPECTED_DIFFERENCE]))
        return (
            f"{head}: the effect differs between the values of {self.segment} ({say_p(found.p_value)}), from "
            f"{ends[0][SEGMENT]} (lowest) to {ends[-1][SEGMENT]} (highest){notes}."
        )


def by_segment(result: Outcome, segment: str, *, top: int = 10) -> ExperimentSegments:
    """Compare the variants within each value of a property of the exposures.

    Parameters
    ----------
    segment : str
        A property known before exposure. One that the plan did not declare is marked as such.
    top : int
        So many values are named, the largest; the rest are together under "(other)".

    Returns
    -------
    ExperimentSegments
        ``to_frame()``: one row per primary metric, variant and segment, with ``difference``, its interval (by
        Benjamini and Hochberg over the segments) and p-values; ``expected_difference`` with its interval: the segment's
        own number pulled towards what all have in common, as far as it is noise. Segments with fewer than 30 units in
        an arm are shown and not tested.

    Raises
    ------
    UnknownNameError, DataError
        No such property; the gate failed.
    """
    require_trusted(result, "The effect by segment")
    check_whole("top", top)
    table, named = _segmented(result, segment, top)
    numbered = [
        (number, metric, role)
        for number, (metric, role) in enumerate(result.plan.metrics())
        if role == PRIMARY and metric.kind in SUMMED | {"funnel"}
    ]
    if not numbered:
        raise DataError("No primary metric of this plan can be shown by segment: quantiles and times are not sums.")
    layouts = layouts_of(result._units.table, result.plan, numbered)  # noqa: SLF001 - its own room
    table = capped(table, {n: cap_of(table, n, m.cap) for n, m, _ in numbered if m.cap is not None})
    if result.plan.cluster:
        table, layouts = clustered(table, result.plan.cluster, layouts, [SEGMENT])
    sums = moments(table, layouts, by=[SEGMENT])
    segments = in_order([*named, *(str(key[1]) for key in sums)])
    rows: list[dict[str, Any]] = []
    found: dict[tuple[str, str], Heterogeneity] = {}
    for place, (_, metric, role) in enumerate(numbered):
        for variant in variants_of(result):
            estimates = {
                name: estimate(metric, role, variant, result.control, layouts[place], pair)
                for name in segments
                if (pair := _pair(sums, place, variant, result.control, name)) is not None
            }
            tested = _tested(list(estimates.values()), result.confidence)
            found[metric.name, variant] = tested
            rows += _rows(estimates, tested, result.confidence)
    return ExperimentSegments(
        _table=pd.DataFrame(rows, columns=list(COLUMNS)),
        definition=f"By {segment}, as it was at first exposure: {result.definition}",
        basis=result.basis,
        segment=segment,
        declared=segment in result.plan.segments,
        differences=found,
    )


def _segmented(result: Outcome, segment: str, top: int) -> tuple[Any, list[str]]:
    """Add the segment to the table of units; a property that was not kept is fetched from the exposures."""
    units = result._units  # noqa: SLF001 - its own room
    table, exposures = units.table, units.asked.exposures
    if segment not in exposures.log.properties:
        raise UnknownNameError("property", [segment], exposures.log.properties, where="the exposures")
    table = with_property(table, exposures, segment)
    named = list(sizes_of(table, segment))[:top]
    return with_segment(table, segment, named, missing=MISSING, other=OTHER), named


def _pair(
    sums: Mapping[tuple[Any, ...], Sequence[Summed]], place: int, variant: str, control: str, segment: str
) -> dict[str, list[Summed]] | None:
    """Pick the sums of two variants in one segment; None where one of them has nobody."""
    if (variant, segment) not in sums or (control, segment) not in sums:
        return None
    return {name: [sums[name, segment][place]] for name in (variant, control)}


def _tested(estimates: Sequence[Estimate], confidence: float) -> Heterogeneity:
    effects = [each.effect(confidence) for each in estimates]
    return heterogeneity(
        [effect.difference for effect in effects],
        [effect.error for effect in effects],
        smallest_arms=[min(each.control_users, each.variant_users) for each in estimates],
        confidence=confidence,
    )


def _rows(estimates: Mapping[str, Estimate], tested: Heterogeneity, confidence: float) -> list[dict[str, Any]]:
    p_values = [
        each.effect(confidence).p_value if used else math.nan
        for each, used in zip(estimates.values(), tested.used, strict=True)
    ]
    levels = bh_confidences(p_values, confidence=confidence)
    adjusted = benjamini_hochberg(p_values)
    rows = []
    for (name, each), level, p_value, after, expected, used in zip(
        estimates.items(), levels, p_values, adjusted, tested.expected, tested.used, strict=True
    ):
        effect = each.effect(level)
        rows.append(
            {
                METRIC: each.metric.name,
                KIND: each.metric.kind,
                VARIANT: each.variant,
                SEGMENT: name,
                CONTROL_USERS: each.control_users,
                VARIANT_USERS: each.variant_users,
                CONTROL_VALUE: effect.control,
                VARIANT_VALUE: effect.variant,
                DIFFERENCE: effect.difference,
                CI_LOWER: effect.ci_lower,
                CI_UPPER: effect.ci_upper,
                LIFT: effect.lift,
                P_VALUE: p_value,
                ADJUSTED_P_VALUE: after,
                CONFIDENCE: level,
                EXPECTED_DIFFERENCE: expected.effect,
                EXPECTED_CI_LOWER: expected.ci_lower,
                EXPECTED_CI_UPPER: expected.ci_upper,
                STATUS: direction_of(each.metric, effect) if used else NOT_TESTED,
                REASON: effect.reason if used else _why_not(each, effect),
            }
        )
    return rows


def _why_not(each: Estimate, effect: Effect) -> str:
    """Say why a segment is not in the test."""
    if min(each.control_users, each.variant_users) < FEWEST_UNITS:
        return f"fewer than {FEWEST_UNITS} units in an arm"
    return effect.reason or "all units have the same value, so there is nothing to test"
