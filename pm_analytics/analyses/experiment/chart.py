"""ExperimentResult -> chart. Reads columns; computes nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.experiment.wording import say_lift
from pm_analytics.names import CHECK, EVIDENCE, LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, METRIC, ROLE, STATUS, VARIANT
from pm_analytics.results import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.analyses.experiment.result import ExperimentResult

ROW_HEIGHT = 40


def draw(result: ExperimentResult) -> alt.LayerChart:
    """Draw the relative effects with intervals; the units per variant when the result is withheld."""
    return _forest(result) if result.trusted else _split(result)


def _forest(result: ExperimentResult) -> alt.LayerChart:
    table = result.to_frame()
    several = table[VARIANT].nunique() > 1
    table["label"] = [f"{m} · {v}" if several else m for m, v in zip(table[METRIC], table[VARIANT], strict=True)]
    table["said"] = [_words(row) for row in records(table)]
    colours = alt.Color(
        f"{ROLE}:N", scale=alt.Scale(domain=["primary", "guardrail"], range=[charting.BLUE, charting.GREY])
    )
    base = alt.Chart(table).encode(y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    change = alt.X(f"{LIFT}:Q", axis=alt.Axis(format="+.0%"), title="Relative change against control")
    spread = base.mark_rule(strokeWidth=3).encode(x=f"{LIFT_CI_LOWER}:Q", x2=f"{LIFT_CI_UPPER}:Q", color=colours)
    points = base.mark_point(size=90).encode(
        x=change,
        color=colours,
        tooltip=[METRIC, VARIANT, alt.Tooltip(LIFT, format="+.1%"), alt.Tooltip("said", title="In words"), STATUS],
    )
    words = charting.row_words(base, "said")
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=charting.INK, strokeDash=[3, 3]).encode(x="zero:Q")
    chart = charting.layer(zero, spread, points, words).properties(
        height=ROW_HEIGHT * len(table) + 20, width=charting.WIDTH
    )
    return charting.titled(
        chart, result.headline(), result.basis, description=f"Effects with intervals. {result.summary()}"
    )


def _words(row: Mapping[str, Any]) -> str:
    change = "no relative change" if math.isnan(row[LIFT_CI_LOWER]) else say_lift(row)
    return f"{change}: {row[STATUS]}"


def _split(result: ExperimentResult) -> alt.LayerChart:
    users = pd.DataFrame({VARIANT: list(result.users), "units": list(result.users.values())})
    base = alt.Chart(users).encode(y=alt.Y(f"{VARIANT}:N", title=None))
    bars = base.mark_bar(color=charting.VERMILION, size=22).encode(x=alt.X("units:Q", title="Units analysed"))
    words = base.mark_text(align="left", dx=4).encode(x="units:Q", text=alt.Text("units:Q", format=","))
    chart = charting.layer(bars, words).properties(height=ROW_HEIGHT * len(users), width=charting.WIDTH)
    gate = result.gate()
    failed = ", ".join(gate.loc[gate[STATUS] == "failed", CHECK])
    evidence = " ".join(gate.loc[gate[STATUS] == "failed", EVIDENCE])
    return charting.titled(
        chart, f"No result: the check {failed!r} failed", evidence, description=f"Units per variant. {result.summary()}"
    )
