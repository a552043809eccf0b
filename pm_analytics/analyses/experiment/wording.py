"""How the experiment says its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONFIDENCE,
    CONTROL_VALUE,
    DETECTABLE_LIFT,
    DIFFERENCE,
    KIND,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    METRIC,
    REASON,
    ROLE,
    STATUS,
    VARIANT,
    VARIANT_VALUE,
)
from pm_analytics.results import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARES = {"conversion", "funnel"}


def say_metric(value: float, kind: str, *, signed: bool = False) -> str:
    """Say a metric's value or difference: shares in percent (differences in percentage points), means as numbers."""
    if math.isnan(value):
        return NOTHING
    sign = "+" if signed else ""
    if kind in SHARES:
        return f"{100 * value:{sign}.2f} pp" if signed else f"{value:.2%}"
    return f"{value:{sign},.3f}" if abs(value) < 1000 else f"{value:{sign},.0f}"


def say_lift(row: Mapping[str, Any]) -> str:
    """Say a relative change with its interval."""
    return f"{row[LIFT]:+.1%} ({row[LIFT_CI_LOWER]:+.1%} to {row[LIFT_CI_UPPER]:+.1%})"


def say_effect(row: Mapping[str, Any]) -> str:
    """Say one effect: the direction if the interval allows one, both values, and the interval."""
    interval = (
        f"{say_metric(row[CI_LOWER], row[KIND], signed=True)} to {say_metric(row[CI_UPPER], row[KIND], signed=True)}"
    )
    values = f"{say_metric(row[VARIANT_VALUE], row[KIND])} against {say_metric(row[CONTROL_VALUE], row[KIND])}"
    head = f"{row[METRIC]}: {row[VARIANT]} {values}"
    if math.isnan(row[CI_LOWER]):
        return f"{head}; {row[REASON]}."
    lift = f"; {row[REASON]}" if row[REASON] else ""
    if not math.isnan(row[LIFT_CI_LOWER]):
        lift = f", {row[LIFT]:+.1%} relative ({row[LIFT_CI_LOWER]:+.1%} to {row[LIFT_CI_UPPER]:+.1%})"
    return (
        f"{head}, a difference of {say_metric(row[DIFFERENCE], row[KIND], signed=True)} "
        f"({say_confidence(row[CONFIDENCE])} interval {interval}){lift}: {row[STATUS]}{_could_have_seen(row)}."
    )


def say_confidence(confidence: float) -> str:
    """Say a confidence in percent, with a digit after the point only where it is needed: 95%, 97.5%."""
    return f"{100 * confidence:.4g}%"


def _could_have_seen(row: Mapping[str, Any]) -> str:
    """Say beside "unclear" how large a change this data would have shown."""
    if row[ROLE] != "primary" or row[STATUS] != "unclear" or math.isnan(row[DETECTABLE_LIFT]):
        return ""
    return f" (a change of {row[DETECTABLE_LIFT]:.1%} would probably have shown)"
