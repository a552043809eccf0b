"""What an A/A test found -> chart. Reads columns; computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.names import CI_LOWER, CI_UPPER, FALSE_POSITIVE_RATE, METHOD, METRIC, REPETITIONS, VERDICT

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.aa import AATestResult


def aa_chart(result: AATestResult) -> alt.LayerChart:
    """Draw how often each analysis found something where there is nothing, against the level; shortcuts in red."""
    table = result.to_frame()
    table["planned"] = [each.planned for each in result.drawn]
    table = table.dropna(subset=[FALSE_POSITIVE_RATE])
    table["label"] = [
        metric if planned else method
        for metric, method, planned in zip(table[METRIC], table[METHOD], table["planned"], strict=True)
    ]
    table["said"] = [
        f"{rate:.1%}: {verdict}" for rate, verdict in zip(table[FALSE_POSITIVE_RATE], table[VERDICT], strict=True)
    ]
    base = alt.Chart(table).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)),
        color=alt.condition("datum.planned", alt.value(charting.BLUE), alt.value(charting.VERMILION)),
    )
    highest = float(table[CI_UPPER].max()) if len(table) else 0.0
    rate = alt.X(
        f"{FALSE_POSITIVE_RATE}:Q",
        axis=charting.PERCENT,
        scale=alt.Scale(domain=[0, min(1.0, max(2 * result.alpha, 1.05 * highest))]),
        title="Draws in which something was found, though nothing is there",
    )
    tips = [
        alt.Tooltip(f"{METRIC}:N", title="Metric"),
        alt.Tooltip(f"{METHOD}:N", title="Analysis"),
        alt.Tooltip(f"{FALSE_POSITIVE_RATE}:Q", title="Found in", format=".1%"),
        alt.Tooltip(f"{CI_LOWER}:Q", title="Interval from", format=".1%"),
        alt.Tooltip(f"{CI_UPPER}:Q", title="to", format=".1%"),
        alt.Tooltip(f"{REPETITIONS}:Q", title="Draws", format=","),
    ]
    spread = base.mark_rule(strokeWidth=3).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    points = base.mark_point(size=90, opacity=1).encode(x=rate, tooltip=tips)
    level = (
        alt.Chart(pd.DataFrame({"level": [result.alpha]}))
        .mark_rule(color=charting.INK, strokeDash=[3, 3])
        .encode(x="level:Q")
    )
    chart = charting.layer(level, spread, points, charting.row_words(base, "said"))
    return charting.titled(
        chart.properties(height=charting.ROW_HEIGHT * max(1, len(table)), width=charting.WIDTH),
        result.headline(),
        f"dashed: the level; red: shortcuts that are not used; {result.basis}",
        description=f"False-positive rates with intervals. {result.summary()}",
    )
