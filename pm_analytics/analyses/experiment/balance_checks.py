"""Whether units fell into the variants as planned: in all, by day, by what is known of them; if not, who is why."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.checks import Check
from pm_analytics.analyses.experiment.counts import gate as counts
from pm_analytics.analyses.experiment.plan import FIXED
from pm_analytics.stats.balance import SAMPLE_RATIO_ALPHA, running_ratio, sample_ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from pm_analytics.analyses.experiment.counts import Units
    from pm_analytics.analyses.experiment.plan import ExperimentPlan

SMALLEST_EXPECTED = 5
FITS = 0.05
"""Above this p-value the units that are left fit the plan: what was left out explains the mismatch."""
MOST_OF_IT = 0.9
"""A group is said to lie in one variant when at least this share of it does."""
LOOK = (
    "Something removed or added users after they were assigned. Compare the variants by day, platform and new against "
    "existing users, and look for redirects, crashes or filters that hit one variant only."
)


CAUSE = (
    "A group that can be in one variant only must be left out of all of them before anything is compared. Find out how "
    "these users were assigned, then compare the others, and say so in the plan."
)


def whole(
    users: Mapping[str, int], weights: Mapping[str, float], days: Mapping[date, Mapping[str, int]], plan: ExperimentPlan
) -> Check:
    """Check the split over all units; for a plan with several looks, at every day so far."""
    observed = [users.get(variant, 0) for variant in weights]
    found = sample_ratio(observed, list(weights.values()))
    p_value, how = found.p_value, found.method
    if plan.looks not in {FIXED, 1} and days:
        p_value, how = _at_any_look(days, weights), "valid at every look"
    total, sum_of = sum(observed), sum(weights.values())
    said = ", ".join(
        f"{variant} {n:,} (planned {total * weight / sum_of:,.0f})"
        for (variant, weight), n in zip(weights.items(), observed, strict=True)
    )
    failed = p_value < SAMPLE_RATIO_ALPHA
    return Check(
        "sample ratio", "failed" if failed else "passed", f"{said}; p = {p_value:.2g} ({how})", LOOK if failed else ""
    )


def with_cause(
    check: Check, units: Units, users: Mapping[str, int], weights: Mapping[str, float], plan: ExperimentPlan
) -> Check:
    """Add to a failed check who explains it: the group without whom the rest fits the plan."""
    exposures = units.asked.exposures
    grouped: list[tuple[str, Mapping[str, Mapping[str, int]]]] = [
        (name, counts.by_value(exposures, name)) for name in counts.properties_of(exposures, plan.segments)
    ]
    if units.asked.log is not None and exposures.dated:
        grouped.append(("", counts.by_first_event(units, units.asked.log)))
    causes = [cause for name, groups in grouped for cause in _causes(name, groups, users, weights)]
    if not causes:
        return check
    _, said = max(causes)
    return Check(check.name, check.status, f"{check.evidence}. {said}", CAUSE)


def by_day(days: Mapping[date, Mapping[str, int]], weights: Mapping[str, float]) -> Check:
    """Check the split on each day of first exposure."""
    name = "sample ratio by day"
    tested = {day: n for day, n in days.items() if _enough(n, weights)}
    if len(tested) < 2:
        return Check(name, "not checked", "fewer than two days have enough units")
    off = _off({f"{day}": n for day, n in tested.items()}, weights)
    if not off:
        return Check(name, "passed", f"none of {len(tested)} days is off")
    return Check(
        name,
        "failed",
        f"{len(off)} of {len(tested)} days are off: {'; '.join(off[:3])}",
        "The split changed while the experiment ran, or one variant broke on these days. Compare whole days with one "
        "split only, or leave these days out and say so in the plan.",
    )


def by_property(units: Units, weights: Mapping[str, float], plan: ExperimentPlan) -> Check:
    """Check the split within each value of what is known of the units."""
    name = "sample ratio by property"
    exposures = units.asked.exposures
    groups = {
        f"{prop} {value}" if not value.startswith(prop) else value: n
        for prop in counts.properties_of(exposures, plan.segments)
        for value, n in counts.by_value(exposures, prop).items()
        if _enough(n, weights)
    }
    if not groups:
        return Check(name, "not checked", "the exposures carry no property with a few values")
    off = _off(groups, weights)
    if not off:
        return Check(name, "passed", f"none of {len(groups)} values is off")
    return Check(
        name,
        "failed",
        f"off: {'; '.join(off[:3])}",
        "Chance splits every kind of user as planned. Find out what sends these users to one variant.",
    )


def gaps(days: Mapping[date, Mapping[str, int]], weights: Mapping[str, float]) -> Check:
    """Check that every variant got units on every day between the first and the last exposure."""
    name = "no missing days"
    listed = list(days)
    if not listed:
        return Check(name, "not checked", "the exposures have no time")
    span = (listed[-1] - listed[0]).days + 1
    lonely = [
        f"{variant} got nobody on {day}"
        for day, n in days.items()
        for variant in weights
        if n.get(variant, 0) == 0 and _enough(n, weights)
    ]
    empty = span - len(listed)
    if lonely:
        return Check(
            name, "failed", f"{len(lonely)}: {'; '.join(lonely[:3])}",
            "A variant was switched off, or its exposures were not recorded. Leave these days out for all variants.",
        )  # fmt: skip
    if empty:
        return Check(name, "noted", f"{empty} of {span} days have no exposure in any variant")
    return Check(name, "passed", f"every variant got units on each of {span} days")


def _at_any_look(days: Mapping[date, Mapping[str, int]], weights: Mapping[str, float]) -> float:
    """Give the smallest p-value so far of the test that may be read every day."""
    so_far = accumulate(days.values(), lambda a, b: {v: a.get(v, 0) + b.get(v, 0) for v in weights})
    return min(running_ratio([n.get(v, 0) for v in weights], list(weights.values())).p_value for n in so_far)


def _enough(n: Mapping[str, int], weights: Mapping[str, float]) -> bool:
    total, whole_weight = sum(n.get(v, 0) for v in weights), sum(weights.values())
    return min(total * w / whole_weight for w in weights.values()) >= SMALLEST_EXPECTED


def _off(groups: Mapping[str, Mapping[str, int]], weights: Mapping[str, float]) -> list[str]:
    """List the groups whose split is off, the worst first, allowing for how many there are (Bonferroni)."""
    found = []
    for name, n in groups.items():
        p_value = sample_ratio([n.get(v, 0) for v in weights], list(weights.values())).p_value
        if p_value * len(groups) < SAMPLE_RATIO_ALPHA:
            split = " to ".join(f"{n.get(v, 0):,}" for v in weights)
            found.append((p_value, f"{name} ({' to '.join(weights)}: {split})"))
    return [said for _, said in sorted(found)]


def _causes(
    name: str, groups: Mapping[str, Mapping[str, int]], users: Mapping[str, int], weights: Mapping[str, float]
) -> Iterable[tuple[float, str]]:
    """Find the groups without whom the rest fits the plan, with how well it then fits."""
    for value, n in groups.items():
        rest = {v: users.get(v, 0) - n.get(v, 0) for v in weights}
        if not any(n.values()) or min(rest.values()) < 1:
            continue
        p_value = sample_ratio(list(rest.values()), list(weights.values())).p_value
        if p_value < FITS:
            continue
        label = value if value.startswith(name) or not name else f"{name} {value}"
        yield p_value, f"{_where(label, n)}; without them the split is {_split(rest)} (p = {p_value:.2g})"


def _where(label: str, n: Mapping[str, int]) -> str:
    total = sum(n.values())
    most = max(n, key=lambda v: n[v])
    units = label if label.startswith("units") else f"units with {label}"
    if n[most] == total:
        return f"All {total:,} {units} are in {most}"
    if n[most] >= MOST_OF_IT * total:
        return f"{n[most]:,} of {total:,} {units} are in {most}"
    return f"The {total:,} {units} are split {_split(n)}"


def _split(n: Mapping[str, int]) -> str:
    return " to ".join(f"{count:,}" for count in n.values()) + f" ({' to '.join(n)})"
