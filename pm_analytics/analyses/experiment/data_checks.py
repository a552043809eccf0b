"""Can the outcomes be compared? What lies before exposure, what is missing, who was randomised, what the plan said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.checks import Check
from pm_analytics.analyses.experiment.counts import gate as counts
from pm_analytics.analyses.experiment.plan import FIXED
from pm_analytics.stats.proportions import pooled_p_value
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.estimates import Estimate
    from pm_analytics.analyses.experiment.plan import ExperimentPlan

ALPHA = 0.001
FEWEST_AROUND = 20
FEWEST_GROUPS = 10
MOST_MIXED = 0.01


def exposure_before_outcome(units: Units, plan: ExperimentPlan) -> Check:
    """Check that outcomes do not lie just before exposure: then the outcome, or its page, may have led to exposure."""
    name = "exposure before outcome"
    primary = {
        metric.event: None
        for metric, role in plan.metrics()
        if role == "primary" and not metric.is_recorded and metric.kind in {"conversion", "count"}
    }
    events = [event for event in primary if event is not None]
    if units.asked.log is None or not events:
        return Check(name, "not checked", "no primary metric counts events of its own")
    around = counts.around_exposure(units, events)
    for event, seen in around.items():
        if seen["before"] >= FEWEST_AROUND and seen["before"] > seen["after"]:
            return Check(
                name,
                "failed",
                f"{seen['before']:,} units did {event!r} in the hour before their exposure, and "
                f"{seen['after']:,} in the hour after it",
                "Exposure seems to be recorded at or after the outcome, so that what counts comes too early to count. "
                "Record it when the variant is assigned, before anything can differ.",
            )
    said = "; ".join(
        f"{event!r}: {seen['before']:,} units in the hour before, {seen['after']:,} in the hour after"
        for event, seen in around.items()
    )
    return Check(name, "passed", said)


def alike_before(estimates: Sequence[Estimate]) -> Check:
    """Check that the variants did not differ before the experiment."""
    name = "alike before"
    if not any(each.before for each in estimates):
        return Check(name, "not checked", "the plan names no pre_period, and no recorded metric a column with before=")
    off = [
        f"{each.metric.name}: {each.variant} {mine:,.4g} against {theirs:,.4g} before exposure (p = {p_value:.1g})"
        for each in estimates
        for mine, theirs, p_value in each.before
        if p_value < ALPHA
    ]
    if off:
        return Check(
            name,
            "failed",
            "; ".join(off[:3]),
            "The groups were not alike before anything was changed, so chance did not make them. Look at how units "
            "were assigned, and whether an earlier experiment used the same split.",
        )
    return Check(
        name, "passed", f"{sum(len(each.before) for each in estimates)} comparisons of the time before, none off"
    )


def nothing_missing(estimates: Sequence[Estimate], users: Mapping[str, int], plan: ExperimentPlan) -> Check:
    """Check that as much is known of every variant."""
    name = "missing values"
    control = plan.control
    if plan.cluster is not None:
        return Check(name, "not checked", f"groups of {plan.cluster} are counted, not units")
    recorded = [each for each in estimates if each.metric.is_recorded]
    if not recorded:
        return Check(name, "not checked", "no metric is recorded with the exposures; a unit without events counts 0")
    lacking, off = [], []
    for each in recorded:
        gone = users.get(each.variant, 0) - each.variant_users, users.get(control, 0) - each.control_users
        if any(gone):
            lacking.append(f"{each.metric.name}: {gone[0]:,} of {each.variant}, {gone[1]:,} of {control}")
            p_value, _ = pooled_p_value(gone[0], users.get(each.variant, 0), gone[1], users.get(control, 0))
            if p_value < ALPHA:
                off.append(lacking[-1])
    if off:
        return Check(
            name,
            "failed",
            f"nothing is known of unequal shares of the variants: {'; '.join(off[:3])}",
            "What makes a value missing differs between the variants, so those that are left do not compare. If a null "
            "means none, say missing='zero'; else find out why values are lost.",
        )
    if lacking:
        return Check(name, "noted", f"left out, since a null is not a zero: {'; '.join(lacking[:3])}")
    return Check(name, "passed", "every unit has a value of every recorded metric")


def below_zero(estimates: Sequence[Estimate]) -> Check:
    """Note values below zero of what is summed: refunds, or a sign that got lost."""
    summed = [each for each in estimates if each.metric.kind in {"mean", "ratio"}]
    low = [f"{each.metric.name}: down to {each.low:,.4g}" for each in summed if each.low < 0]
    name = "values below zero"
    if not summed:
        return Check(name, "not checked", "no metric sums a value")
    if low:
        return Check(name, "noted", f"{'; '.join(dict.fromkeys(low))}; they count as they are (refunds?)")
    return Check(name, "passed", "no summed value is below zero")


def right_unit(units: Units, plan: ExperimentPlan) -> Check:
    """Check that what is counted is what chance decided on."""
    name = "unit of chance"
    exposures = units.asked.exposures
    if plan.cluster is not None:
        return _cluster(units, plan.cluster)
    for prop in exposures.log.properties:
        if prop in {exposures.shown, "experiment"}:
            continue
        kind = exposures.log.table[prop].type()
        if not (kind.is_string() or kind.is_integer()):
            continue
        found = counts.nesting(exposures, prop)
        if found.shared >= FEWEST_GROUPS and found.mixed == 0:
            return Check(
                name,
                "failed",
                f"each of the {found.shared:,} values of {prop} with several units lies in one variant only",
                f"Chance seems to have decided on whole values of {prop}, and units of one value are alike: intervals "
                f"over single units would be too narrow. Say cluster={prop!r} in the plan.",
            )
    rows, people = exposures.found["rows"], exposures.found["units"]
    if rows > 1.05 * people and any(metric.is_recorded for metric, _ in plan.metrics()):
        return Check(name, "noted", f"{rows / people:.2f} rows per unit; they are put together, and units are compared")
    return Check(name, "passed", "units are compared as they were assigned")


def _cluster(units: Units, cluster: str) -> Check:
    name = "unit of chance"
    found = counts.nesting(units.asked.exposures, cluster)
    groups = counts.clusters(units, cluster)
    if found.mixed > MOST_MIXED * max(1, found.values):
        return Check(
            name,
            "failed",
            f"{found.mixed:,} of {found.values:,} values of {cluster} have units in more than one variant",
            f"Chance did not decide on whole values of {cluster}. Leave cluster out of the plan, or mend who got what.",
        )
    said = ", ".join(f"{variant} {n:,}" for variant, n in groups.items())
    if min(groups.values(), default=0) < FEWEST_GROUPS:
        return Check(name, "noted", f"few groups of {cluster}: {said}; intervals of so few are rough")
    return Check(name, "passed", f"groups of {cluster}: {said}")


def as_planned(
    units: Units, plan: ExperimentPlan, users: Mapping[str, int], days: Mapping[date, Mapping[str, int]]
) -> Check:
    """Hold the data against the plan: its dates, its size, its variants."""
    said = _outside_dates(plan, days)
    arrived = sum(units.exposed.values())
    if plan.looks in {FIXED, 1} and plan.planned_units is not None and arrived < plan.planned_units:
        said.append(
            f"read early: {arrived:,} of {plan.planned_units:,} planned units are in, and the plan says to read once"
        )
    elif plan.looks in {FIXED, 1} and plan.ends is not None and (today := _today(units)) <= f"{plan.ends}":
        said.append(f"read early: the data ends on {today}, and the plan says to read after {plan.ends}")
    said += [f"nobody was exposed to {variant}" for variant in plan.split or {} if users.get(variant, 0) == 0]
    folded: dict[str, list[str]] = {}
    for variant in users:
        folded.setdefault(variant.strip().casefold(), []).append(variant)
    twins = [" and ".join(map(repr, names)) for names in folded.values() if len(names) > 1]
    if twins:
        return Check(
            "as planned", "failed", f"variants that differ in case or blanks only: {'; '.join(twins)}",
            "They are most likely one variant written in two ways. Write them alike where the exposures are made.",
        )  # fmt: skip
    return Check(
        "as planned", "noted" if said else "passed", "; ".join(said) or "dates, size and variants fit the plan"
    )


def _today(units: Units) -> str:
    """Give the local day on which the data ends."""
    log = units.asked.log or units.asked.exposures.log
    return f"{from_microseconds(log.observed_until, log.timezone):%Y-%m-%d}"


def _outside_dates(plan: ExperimentPlan, days: Mapping[date, Mapping[str, int]]) -> list[str]:
    early = sum(sum(n.values()) for day, n in days.items() if plan.starts is not None and f"{day}" < f"{plan.starts}")
    late = sum(sum(n.values()) for day, n in days.items() if plan.ends is not None and f"{day}" > f"{plan.ends}")
    said = [f"{early:,} units were exposed before the planned start {plan.starts}"] if early else []
    return [*said, *([f"{late:,} units were exposed after the planned end {plan.ends}"] if late else [])]
