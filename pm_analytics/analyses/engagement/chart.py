"""Results of engagement -> charts. Reads columns; computes nothing. What is not final is grey or dashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.engagement.actives import ActiveUsersResult
from pm_analytics.analyses.engagement.frequency import StickinessResult
from pm_analytics.analyses.engagement.growth import STATES, LifecycleResult
from pm_analytics.names import (
    ACTIVE_DAYS,
    ACTIVE_INTERVALS,
    CI_LOWER,
    CI_UPPER,
    COMPLETE,
    DAY,
    DORMANT,
    NEW,
    PERIOD,
    RATE,
    RESURRECTING,
    RETURNING,
    SEGMENT,
    USERS,
    WINDOW_DAYS,
)

if TYPE_CHECKING:
    from pm_analytics.results import Result

MOST_DAYS = 180
MOST_PERIODS = 60
MOST_BARS = 120
MOST_FIELDS = 500
STATE_COLOURS = {
    NEW: charting.BLUE,
    RETURNING: charting.LIGHT_GREY,
    RESURRECTING: charting.GREEN,
    DORMANT: charting.VERMILION,
}
OPEN_OPACITY = 0.35


def draw(result: Result, window: int | None = None) -> alt.LayerChart:
    """Draw active users as lines, stickiness and power users as bars, a lifecycle as bars above and below zero.

    Parameters
    ----------
    window : int, optional
        Of active users by segment: the window to draw, the longest when not given.
    """
    if isinstance(result, ActiveUsersResult):
        return _actives(result, window)
    if isinstance(result, LifecycleResult):
        return _lifecycle(result)
    if isinstance(result, StickinessResult) and PERIOD in result.to_frame():
        return _over_time(result)
    return _histogram(result)


def _actives(result: ActiveUsersResult, window: int | None) -> alt.LayerChart:
    """Draw a line per window, or per segment; the day that is not over is a hollow grey point, no drop of a line."""
    table = result.to_frame()
    table = table[table[DAY] > table[DAY].max() - pd.Timedelta(days=MOST_DAYS)].dropna(subset=[USERS])
    if result.segments:
        table = table[table[WINDOW_DAYS] == (result.windows[-1] if window is None else window)]
        table = table.assign(line=table[SEGMENT])
        order = sorted(table["line"].unique())
    else:
        order = [_days(length) for length in result.windows]
        table = table.assign(line=[_days(length) for length in table[WINDOW_DAYS]])
    table[DAY] = table[DAY].dt.strftime("%Y-%m-%d")
    shade = alt.Color("line:N", sort=order, title=None)
    tips = [alt.Tooltip(f"{DAY}:T", title="Day"), alt.Tooltip("line:N", title="Of"), _count_tip(USERS)]
    day = alt.X(f"{DAY}:T", title=None)
    count = alt.Y(f"{USERS}:Q", title=f"Active {result.counted}", scale=alt.Scale(zero=True))
    lines = alt.Chart(table[table[COMPLETE]]).mark_line().encode(x=day, y=count, color=shade, tooltip=tips)
    unfinished = alt.Chart(table[~table[COMPLETE]]).mark_point(filled=False, color=charting.GREY)
    chart = charting.layer(lines, unfinished.encode(x=day, y=count, tooltip=tips)).properties(
        width=charting.WIDTH, height=charting.HEIGHT
    )
    note = "grey: a day that is not over; " if not table[COMPLETE].all() else ""
    return charting.titled(
        chart,
        result.headline(),
        f"{note}{result.basis}",
        description=f"Lines of active {result.counted} per day. {result.summary()}",
    )


def _histogram(result: Result) -> alt.LayerChart:
    """Draw one bar per number of intervals with its interval, or one line per segment."""
    table = result.to_display()
    column = ACTIVE_DAYS if ACTIVE_DAYS in table else ACTIVE_INTERVALS
    numbers = alt.X(f"{column}:O", title=_axis(result, column), axis=alt.Axis(labelAngle=0, labelOverlap=True))
    share = alt.Y(f"{RATE}:Q", axis=charting.PERCENT, title="Share of the active", scale=alt.Scale(domainMin=0))
    tips = [alt.Tooltip(f"{column}:O", title="Active in"), _count_tip(USERS), _share_tip()]
    base = alt.Chart(table.head(MOST_BARS) if SEGMENT not in table else table).encode(x=numbers)
    if SEGMENT in table:
        shade = alt.Color(f"{SEGMENT}:N", title=None)
        marks = [base.mark_line(point=True).encode(y=share, color=shade, tooltip=[f"{SEGMENT}:N", *tips])]
    else:
        spread = base.mark_rule(color=charting.INK, strokeWidth=2).encode(y=f"{CI_LOWER}:Q", y2=f"{CI_UPPER}:Q")
        marks = [base.mark_bar().encode(y=share, tooltip=tips), spread]
    chart = charting.layer(*marks).properties(width=charting.WIDTH, height=charting.HEIGHT)
    return charting.titled(
        chart, result.headline(), result.basis, description=f"Histogram of how often they came. {result.summary()}"
    )


def _over_time(result: StickinessResult) -> alt.LayerChart:
    """Draw a field of periods by number of intervals, darker where more of the active are; open periods are framed."""
    table = result.to_display()
    shown = max(1, MOST_FIELDS // int(table[ACTIVE_INTERVALS].max()))
    table = table[table[PERIOD].isin(sorted(table[PERIOD].unique())[-shown:])]
    base = alt.Chart(table).encode(
        x=alt.X(f"{PERIOD}:O", title=None),
        y=alt.Y(f"{ACTIVE_INTERVALS}:O", sort="descending", title=_axis(result, ACTIVE_INTERVALS)),
    )
    tips = [alt.Tooltip(f"{PERIOD}:O", title="Period"), f"{ACTIVE_INTERVALS}:O", _count_tip(USERS), _share_tip()]
    shade = alt.Color(f"{RATE}:Q", scale=alt.Scale(scheme="blues"), legend=alt.Legend(format=".0%"))
    faded = alt.condition(f"datum.{COMPLETE}", alt.value(1), alt.value(OPEN_OPACITY))
    fields = base.mark_rect(stroke="white").encode(color=shade, opacity=faded, tooltip=tips)
    chart = charting.layer(fields).properties(width=charting.WIDTH, height=charting.HEIGHT)
    return charting.titled(
        chart,
        result.headline(),
        f"pale: periods not fully known; {result.basis}",
        description=f"Field of how often they came, per period. {result.summary()}",
    )


def _lifecycle(result: LifecycleResult) -> alt.LayerChart:
    """Draw the active above zero and the dormant below, per period; what is not final is pale with a dashed edge."""
    table = result.to_frame().tail(MOST_PERIODS)
    table[PERIOD] = table[PERIOD].dt.strftime("%Y-%m-%d")
    long = table.melt([PERIOD, COMPLETE], list(STATES), "state", "count")
    colours = alt.Scale(domain=list(STATE_COLOURS), range=list(STATE_COLOURS.values()))
    bars = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X(f"{PERIOD}:O", title=f"{result.length.title()} from", axis=alt.Axis(labelOverlap=True)),
            y=alt.Y("count:Q", title=result.counted.capitalize()),
            color=alt.Color("state:N", scale=colours, title=None),
            opacity=alt.condition(f"datum.{COMPLETE}", alt.value(1), alt.value(OPEN_OPACITY)),
            stroke=alt.condition(f"datum.{COMPLETE}", alt.value(None), alt.value(charting.INK)),
            strokeDash=alt.value([3, 2]),
            tooltip=[alt.Tooltip(f"{PERIOD}:O", title="From"), "state:N", _count_tip("count")],
        )
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=charting.INK).encode(y="zero:Q")
    chart = charting.layer(bars, zero).properties(width=charting.WIDTH, height=charting.HEIGHT)
    note = "" if table[COMPLETE].all() else "dashed: not final (where the log begins, or not over); "
    return charting.titled(
        chart,
        result.headline(),
        f"{note}{result.basis}",
        description=f"Bars of new, returning, resurrecting and dormant {result.counted}. {result.summary()}",
    )


def _axis(result: Result, column: str) -> str:
    if isinstance(result, StickinessResult):
        at_least = "At least so many" if result.mode == "cumulative" else "Active"
        length = f"intervals of {result.span.every} {result.span.interval}s"
        return f"{at_least} {length}" if result.span.every > 1 else f"{at_least} {result.span.interval}s"
    return column.replace("_", " ").capitalize()


def _days(window: int) -> str:
    return "1 day" if window == 1 else f"{window} days"


def _count_tip(column: str) -> Any:  # noqa: ANN401 - one of Altair's tooltip types
    return alt.Tooltip(f"{column}:Q", title="Count", format=",")


def _share_tip() -> Any:  # noqa: ANN401 - as above
    return alt.Tooltip(f"{RATE}:Q", title="Share", format=".1%")
