"""FunnelResult -> chart. Reads columns; computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.funnel.comparison import FunnelComparison
from pm_analytics.names import (
    CONVERSION_RATE,
    FIRST_RATE,
    FIRST_USERS,
    SECOND_RATE,
    SECOND_USERS,
    STEP,
)

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.analysis import FunnelResult


def draw(result: FunnelResult | FunnelComparison) -> alt.LayerChart:
    """Draw a funnel as one bar per step, or a comparison as two dots per step."""
    return _comparison(result) if isinstance(result, FunnelComparison) else _funnel(result)


def _funnel(result: FunnelResult) -> alt.LayerChart:
    """Draw one bar per step, in order, with its interval, its share of those who entered, and its count."""
    table = result.to_frame()
    # A step may occur twice in a funnel, so its row is named by number as well.
    table["label"] = [f"{number}. {step}" for number, step in enumerate(table[STEP], 1)]
    chart = charting.share_bars(table, label="label", share=CONVERSION_RATE, title="Share of those who entered")
    return charting.titled(
        chart, result.headline(), result.basis, description=f"Bar chart of a funnel. {result.summary()}"
    )


def _comparison(result: FunnelComparison) -> alt.LayerChart:
    """Draw, per step, the share of each funnel as a dot, joined by a line that is the difference."""
    table = result.to_frame().iloc[1:]
    labels = [f"{number}. {step}" for number, step in enumerate(table[STEP], 2)]
    joined = pd.DataFrame({"label": labels, "from": table[FIRST_RATE].to_numpy(), "to": table[SECOND_RATE].to_numpy()})
    dots = pd.concat(
        pd.DataFrame({"label": labels, "which": name, "rate": table[rate].to_numpy(), "count": table[users].to_numpy()})
        for name, rate, users in zip(result.labels, (FIRST_RATE, SECOND_RATE), (FIRST_USERS, SECOND_USERS), strict=True)
    )
    rows = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    lines = alt.Chart(joined).mark_rule(strokeWidth=2, color=charting.LIGHT_GREY).encode(y=rows, x="from:Q", x2="to:Q")
    points = (
        alt.Chart(dots)
        .mark_point(size=110)
        .encode(
            y=rows,
            x=alt.X(
                "rate:Q", axis=charting.PERCENT, scale=alt.Scale(domain=[0, 1]), title="Share of those who entered"
            ),
            color=alt.Color(
                "which:N", sort=list(result.labels), scale=alt.Scale(range=[charting.LIGHT_GREY, charting.BLUE])
            ),
            shape=alt.Shape("which:N", sort=list(result.labels), legend=None),
            tooltip=["label", "which", alt.Tooltip("rate", format=".1%"), alt.Tooltip("count", format=",")],
        )
    )
    chart = charting.layer(lines, points).properties(height=charting.ROW_HEIGHT * len(joined), width=charting.WIDTH)
    return charting.titled(chart, result.headline(), result.basis, description=f"Two funnels. {result.summary()}")
