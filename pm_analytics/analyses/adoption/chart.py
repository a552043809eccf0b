"""AdoptionResult -> charts. Reads columns; computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import altair as alt

from pm_analytics import charting
from pm_analytics.names import ADOPTED_SHARE, AT_RISK, CI_LOWER, CI_UPPER, DAYS, RATE, RUNG

if TYPE_CHECKING:
    import pandas as pd

    from pm_analytics.analyses.adoption.analysis import AdoptionResult

MOST_POINTS = 300
AT_RISK_MARKS = 8


def draw(result: AdoptionResult, kind: Literal["ladder", "curve"] = "ladder") -> alt.LayerChart | alt.VConcatChart:
    """Draw the ladder of rungs, or the curve of time to adopt with the number still at risk under it."""
    return _curve(result) if kind == "curve" else _ladder(result)


def _ladder(result: AdoptionResult) -> alt.LayerChart:
    chart = charting.share_bars(result.to_frame(), label=RUNG, share=RATE, title="Share of the eligible")
    return charting.titled(
        chart, result.headline(), result.basis, description=f"Bar chart of the adoption ladder. {result.summary()}"
    )


def _curve(result: AdoptionResult) -> alt.VConcatChart:
    curve = _thinned(result.curve())
    days = alt.X(f"{DAYS}:Q", title="Days since becoming eligible")
    base = alt.Chart(curve).encode(x=days)
    top = max(0.05, float(curve[[ADOPTED_SHARE, CI_UPPER]].max().max()) * 1.08)
    share = alt.Y(
        f"{ADOPTED_SHARE}:Q", axis=charting.PERCENT, title="Adopted so far", scale=alt.Scale(domain=[0, min(1, top)])
    )
    band = base.mark_area(interpolate="step-after", opacity=0.18).encode(y=alt.Y(f"{CI_LOWER}:Q"), y2=f"{CI_UPPER}:Q")
    line = base.mark_line(interpolate="step-after").encode(
        y=share,
        tooltip=[
            alt.Tooltip(DAYS, title="Days", format=".1f"),
            alt.Tooltip(ADOPTED_SHARE, title="Adopted", format=".1%"),
            alt.Tooltip(AT_RISK, title="Not yet, still observed", format=","),
        ],
    )
    window = alt.Chart(curve.head(1).assign(window=result.within.total_seconds() / 86_400))
    mark = window.mark_rule(strokeDash=[4, 3]).encode(x="window:Q")
    upper = charting.layer(band, line, mark).properties(width=charting.WIDTH, height=240)
    marks = curve.iloc[:: max(1, len(curve) // AT_RISK_MARKS)]
    lower = (
        alt.Chart(marks)
        .mark_text(fontSize=10, color=charting.GREY, align="left")
        .encode(x=alt.X(f"{DAYS}:Q", axis=None), text=alt.Text(f"{AT_RISK}:Q", format=","))
        .properties(
            width=charting.WIDTH,
            height=16,
            title=alt.TitleParams("Not yet adopted and still observed", fontSize=10, offset=2),
        )
    )
    return charting.titled(
        alt.vconcat(upper, lower, spacing=6),
        _finding(result),
        f"Kaplan-Meier, {result.confidence:.0%} band; dashed: the window of {result.within.days} days; {result.basis}",
        description=f"Curve of the share that adopted by days since becoming eligible. {_finding(result)}",
    )


def _finding(result: AdoptionResult) -> str:
    soon = result.say_median()
    return f"Half of those who adopt do so within {soon}" if soon else "Nobody has adopted yet"


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Keep the curve small enough for a page: every row of a short one, evenly chosen rows of a long one."""
    every = max(1, len(curve) // MOST_POINTS)
    kept = curve.iloc[::every]
    return kept if len(curve) == 0 or kept.index[-1] == curve.index[-1] else curve.loc[[*kept.index, curve.index[-1]]]
