"""What an experiment could find, by how long it runs -> chart. Reads columns; computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.names import MDE, METRIC, MIN_EFFECT, POWER_FOR_MIN_EFFECT, READ_ON, ROLE, UNITS, WEEK

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.planning import ExperimentPlanning

TALLEST = 3.0
"""The axis ends at so many times what is wanted: what the first days could find would flatten all else."""


def planning_chart(result: ExperimentPlanning) -> alt.LayerChart:
    """Draw the smallest change that can be found against weeks, one line per metric, with the change worth having.

    A dashed line is the change worth having (of a guardrail: the harm that is tolerated); the upright line is the week
    at which the plan would stop taking in units.
    """
    table = result.to_frame().dropna(subset=[MDE]).astype({READ_ON: str})
    wanted = result.requirements()[[METRIC, MIN_EFFECT]].dropna()
    names = list(dict.fromkeys(table[METRIC]))
    colours = alt.Color(f"{METRIC}:N", sort=names, scale=alt.Scale(domain=names))
    weeks = alt.X(f"{WEEK}:Q", title="Weeks of taking in units", axis=alt.Axis(tickMinStep=1, format="d"))
    change = alt.Y(
        f"{MDE}:Q",
        axis=charting.PERCENT if table[MDE].max() >= 0.1 else alt.Axis(format=".1%"),
        scale=alt.Scale(domain=[0, _top(table, wanted)], clamp=True),
        title="Smallest relative change that can be found",
    )
    tips = [
        alt.Tooltip(f"{METRIC}:N", title="Metric"),
        alt.Tooltip(f"{ROLE}:N", title="Role"),
        alt.Tooltip(f"{WEEK}:Q", title="Weeks"),
        alt.Tooltip(f"{UNITS}:Q", title="Units in all", format=","),
        alt.Tooltip(f"{READ_ON}:N", title="Read it on"),
        alt.Tooltip(f"{MDE}:Q", title="Can find", format=".1%"),
        alt.Tooltip(f"{POWER_FOR_MIN_EFFECT}:Q", title="Power for the change worth having", format=".0%"),
    ]
    base = alt.Chart(table)
    lines = base.mark_line().encode(x=weeks, y=change, color=colours)
    dots = base.mark_point(filled=True).encode(x=weeks, y=change, color=colours, tooltip=tips)
    limits = (
        alt.Chart(wanted)
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.5)
        .encode(y=alt.Y(f"{MIN_EFFECT}:Q"), color=colours)
    )
    layers = [limits, lines, dots]
    if result.weeks is not None:
        chosen = pd.DataFrame({WEEK: [result.weeks], "said": [result.say_end()]})
        rule = alt.Chart(chosen).mark_rule(color=charting.GREY, strokeWidth=1.5).encode(x=f"{WEEK}:Q")
        words = alt.Chart(chosen).mark_text(align="left", dx=5, dy=8, baseline="top", color=charting.GREY)
        layers += [rule, words.encode(x=f"{WEEK}:Q", y=alt.value(0), text="said:N")]
    chart = charting.layer(*layers).properties(width=charting.WIDTH, height=charting.HEIGHT)
    return charting.titled(
        chart,
        result.headline(),
        f"dashed: the change worth having, or the harm tolerated; {result.basis}",
        description=f"Lines of the smallest change that can be found, by week. {result.summary()}",
    )


def _top(table: pd.DataFrame, wanted: pd.DataFrame) -> float:
    highest = float(table[MDE].max())
    return min(highest, TALLEST * float(wanted[MIN_EFFECT].max())) * 1.05 if len(wanted) else highest * 1.05
