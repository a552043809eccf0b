"""Sentences about a launch's impact that stay within what the designs of this room can carry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pm_analytics.analyses.impact.estimates import Estimate
    from pm_analytics.analyses.impact.interrupted import Window

THOUSAND, HUNDRED = 1_000, 100


def say_amount(value: float, *, signed: bool = False) -> str:
    """Say an amount with three or four digits that matter: 2,960,000; 155.6; 0.131."""
    if math.isnan(value):
        return ""
    size = abs(value)
    if size >= THOUSAND:
        digits = max(0, len(str(int(size))) - 4)
        return f"{round(value, -digits):{'+' if signed else ''},.0f}"
    places = 0 if size == 0 else max(0, 3 - math.floor(math.log10(size)) - 1)
    return f"{value:{'+' if signed else ''}.{min(places, 6)}f}"


def say_share(value: float, *, signed: bool = True) -> str:
    """Say a relative change: +4.2%."""
    return f"{value:{'+' if signed else ''}.1%}"


def say_estimate(each: Estimate, window: Window, *, short: bool = False) -> str:
    """Say by how much a metric differs from what was to be expected, and whether that is more than usual."""
    line = window.timeline
    span = f"over {line.say(window.judged)} after the launch"
    amount = _amount(each)
    name = each.subject.metric
    if each.moved:
        said = f"{name} was {'higher' if each.difference > 0 else 'lower'} than expected {span} by {amount}"
        return said if short else f"{said}. {say_misses(each)}"
    said = f"{name}: no change can be told from the usual misses {span}; it lies between {_ends(each)}"
    return said if short else f"{said}. {say_sensitivity(each)} {say_misses(each)}"


def _amount(each: Estimate) -> str:
    if not math.isnan(each.lift):
        ends = sorted((abs(each.lift_lower), abs(each.lift_upper)))
        return f"{abs(each.lift):.1%} ({ends[0]:.1%} to {ends[1]:.1%})"
    ends = sorted((abs(each.ci_lower), abs(each.ci_upper)))
    return f"{say_amount(abs(each.difference))} per period ({say_amount(ends[0])} to {say_amount(ends[1])})"


def _ends(each: Estimate) -> str:
    if math.isnan(each.lift):
        return f"{say_amount(each.ci_lower, signed=True)} and {say_amount(each.ci_upper, signed=True)} per period"
    return f"{say_share(each.lift_lower)} and {say_share(each.lift_upper)}"


def say_sensitivity(each: Estimate) -> str:
    """Say the smallest change that could have been seen."""
    if math.isnan(each.mde):
        return ""
    relative = each.relative(each.mde)
    size = say_amount(each.mde) if math.isnan(relative) else f"{relative:.1%}"
    return f"The smallest change it could have seen (in 8 of 10 cases) is {size}."


def say_misses(each: Estimate) -> str:
    """Say how far the design is off where nothing was launched."""
    if not each.trials:
        return ""
    relative = each.relative(each.miss)
    size = say_amount(each.miss) if math.isnan(relative) else f"{relative:.1%}"
    where = "earlier dates without a launch" if each.design == "its" else "units without the launch"
    return (
        f"On {each.trials} {where} it was off by {size} on average; {each.larger} of them moved at least as much."
        if each.larger
        else f"On {each.trials} {where} it was off by {size} on average; none of them moved as much."
    )


def say_refusal(each: Estimate) -> str:
    """Say that nothing may be claimed, and why."""
    reasons = "; ".join(each.refused) or "there is no interval"
    return f"{each.subject.metric}: what the launch changed cannot be told, since {reasons}"
