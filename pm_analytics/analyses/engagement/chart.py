"""Results of engagement -> charts. Reads columns; computes nothing. What is not final is grey or dashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.engagement.actives import ActiveUsersResult
from pm_analytics.analyses.engagement.frequency import StickinessResult
from pm_analytics.analyses.engagement.growth import STATES, LifecycleResult
from pm_analytics.analyses.engagement.power import PowerUsersResult
from pm_analytics.analyses.engagement.ratios import RatioResult
from pm_analytics.names import (
    ACTIVE_DAYS,
    ACTIVE_INTERVALS,
    CI_LOWER,
    CI_UPPER,
    COMPLETE,
    DAY,
    DORMANT,
    MEAN_DAYS,
    MEAN_RATIO,
    NEW,
    PERIOD,
    RATE,
    RATIO,
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
MOST_NUMBERED, MOST_ROWS = 180, 14
MOST_LINES = len(charting.PALETTE)
PALE, DEEP = "#EEF5FA", "#5BA8D6"
STATE_COLOURS = {
    NEW: charting.BLUE,
    RETURNING: charting.LIGHT_GREY,
    RESURRECTING: charting.GREEN,
    DORMANT: charting.VERMILION,
}
OPEN_OPACITY = 0.35
PANEL_HEIGHT = 120
PANEL_HEADER = alt.Header(labelAngle=0, labelAnchor="start", labelOrient="top", labelFontWeight="bold")


def draw(result: Result, window: int | None = None) -> alt.LayerChart | alt.FacetChart:
    """Draw active users and ratios as lines, stickiness as bars, a lifecycle as bars above and below zero.

    Parameters
    ----------
    window : int, optional
        Of active users by segment: the window to draw, the longest when not given.
    """
    if isinstance(result, ActiveUsersResult):
        return _actives(result, window)
    if isinstance(result, LifecycleResult):
        return _lifecycle(result)
    if isinstance(result, RatioResult):
        return _ratio(result)
    if isinstance(result, PowerUsersResult) and SEGMENT in result.to_frame():
        return _means(result)
    if isinstance(result, StickinessResult) and PERIOD in result.to_frame():
        return _over_time(result)
    return _histogram(result)


def _actives(result: ActiveUsersResult, window: int | None) -> alt.LayerChart:
    """Draw a line per window, or per segment; the day that is not over is a hollow grey point, no drop of a line."""
    table = result.to_frame()
    table = table[table[DAY] > table[DAY].max() - pd.Timedelta(days=MOST_DAYS)].dropna(subset=[USERS])
    if result.segments:
        table = table[table[WINDOW_DAYS] == (result.windows[-1] if window is None else window)]
        table, order, cut = _fewest(table)
        table = table.assign(line=table[SEGMENT])
    else:
        cut = ""
        order = [_days(length) for length in result.windows]
        table = table.assign(line=[_days(length) for length in table[WINDOW_DAYS]])
    table[DAY] = table[DAY].dt.strftime("%Y-%m-%d")
    shade = _shade("line", order)
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
        f"{note}{cut}{result.basis}",
        description=f"Lines of active {result.counted} per day. {result.summary()}",
    )


def _fewest(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str], str]:
    """Keep as many segments as there are colours, largest first, and say how many were cut."""
    names = list(table[SEGMENT].unique())
    cut = f"{len(names) - MOST_LINES} smaller segments are in the table; " if len(names) > MOST_LINES else ""
    return table[table[SEGMENT].isin(names[:MOST_LINES])], names[:MOST_LINES], cut


def _shade(column: str, order: list[str]) -> alt.Color:
    scale = alt.Scale(domain=order, range=list(charting.PALETTE[: len(order)]))
    return alt.Color(f"{column}:N", scale=scale, title=None, legend=alt.Legend(symbolType="stroke", symbolOpacity=1))


def _ratio(result: RatioResult) -> alt.LayerChart:
    """Draw the mean ratio as a line (per segment), and each day's own behind it, if it is over."""
    table = result.to_frame()
    table = table[table[DAY] > table[DAY].max() - pd.Timedelta(days=MOST_DAYS)]
    table, order, cut = _fewest(table) if result.segments else (table, [], "")
    table[DAY] = table[DAY].dt.strftime("%Y-%m-%d")
    x, title = alt.X(f"{DAY}:T", title=None), result.name
    tips = [
        *([alt.Tooltip(f"{SEGMENT}:N", title="Of")] if result.segments else []),
        alt.Tooltip(f"{DAY}:T", title="Day"),
        alt.Tooltip(f"{RATIO}:Q", title="That day", format=".1%"),
        alt.Tooltip(f"{MEAN_RATIO}:Q", title=f"Mean of {result.long} days", format=".1%"),
        *([alt.Tooltip(f"{MEAN_DAYS}:Q", title="Mean active days", format=".1f")] if result.short == 1 else []),
    ]
    means = alt.Chart(table[table[MEAN_RATIO].notna()]).encode(x=x, tooltip=tips)
    line = means.mark_line().encode(y=alt.Y(f"{MEAN_RATIO}:Q", axis=charting.PERCENT, title=title))
    days = alt.Chart(table[table[RATIO].notna()]).mark_line(strokeWidth=1, color=charting.LIGHT_GREY, opacity=0.6)
    daily = days.encode(x=x, y=alt.Y(f"{RATIO}:Q", title=title), tooltip=tips)
    layers = [line.encode(color=_shade(SEGMENT, order))] if result.segments else [daily, line]
    note = f"mean of {result.long} days; " + ("" if result.segments else "grey: day by day; ")
    return charting.titled(
        charting.layer(*layers).properties(width=charting.WIDTH, height=charting.HEIGHT),
        result.headline(),
        f"{note}{cut}{result.basis}",
        description=f"Lines of {result.name} per day. {result.summary()}",
    )


def _means(result: PowerUsersResult) -> alt.LayerChart:
    """Draw each segment's mean of active days with its interval, largest segment first."""
    table = result.averages()
    table = table.assign(said=[f"{mean:.1f} of {result.days} days" for mean in table[MEAN_DAYS]])
    base = alt.Chart(table).encode(y=alt.Y(f"{SEGMENT}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    tips = [
        alt.Tooltip(f"{SEGMENT}:N", title="Of"),
        _count_tip(USERS),
        alt.Tooltip(f"{MEAN_DAYS}:Q", title="Mean active days", format=".2f"),
        alt.Tooltip(f"{CI_LOWER}:Q", title="Interval from", format=".2f"),
        alt.Tooltip(f"{CI_UPPER}:Q", title="to", format=".2f"),
    ]
    days = alt.X(f"{MEAN_DAYS}:Q", title=f"Mean active days of {result.days}", scale=alt.Scale(domainMin=0))
    spread = base.mark_rule(strokeWidth=2, color=charting.BLUE).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    dots = base.mark_point(opacity=1).encode(x=days, tooltip=tips)
    words = base.mark_text(dy=-10, fontSize=10, color=charting.GREY).encode(x=f"{MEAN_DAYS}:Q", text="said:N")
    return charting.titled(
        charting.layer(spread, dots, words).properties(width=charting.WIDTH, height=36 * max(1, len(table))),
        result.headline(),
        f"{result.confidence:.0%} intervals; {result.basis}",
        description=f"Dots of mean active days per segment. {result.summary()}",
    )


def _histogram(result: Result) -> alt.LayerChart:
    """Draw one bar per number of intervals with its interval, or one line per segment."""
    table = result.to_display()
    column = ACTIVE_DAYS if ACTIVE_DAYS in table else ACTIVE_INTERVALS
    numbers = alt.X(f"{column}:O", title=_axis(result, column), axis=alt.Axis(labelAngle=0, labelOverlap=True))
    share = alt.Y(f"{RATE}:Q", axis=charting.PERCENT, title="Share of the active", scale=alt.Scale(domainMin=0))
    tips = [alt.Tooltip(f"{column}:O", title="Active in"), _count_tip(USERS), _share_tip()]
    table, order, cut = _fewest(table) if SEGMENT in table else (table.head(MOST_BARS), [], "")
    base = alt.Chart(table).encode(x=numbers)
    if SEGMENT in table:
        lines = base.mark_line(point=alt.OverlayMarkDef(opacity=1))
        marks = [lines.encode(y=share, color=_shade(SEGMENT, order), tooltip=[f"{SEGMENT}:N", *tips])]
    else:
        spread = base.mark_rule(color=charting.INK, strokeWidth=2).encode(y=f"{CI_LOWER}:Q", y2=f"{CI_UPPER}:Q")
        marks = [base.mark_bar().encode(y=share, tooltip=tips), spread]
    chart = charting.layer(*marks).properties(width=charting.WIDTH, height=charting.HEIGHT)
    return charting.titled(
        chart,
        result.headline(),
        f"{cut}{result.basis}",
        description=f"Histogram of how often they came. {result.summary()}",
    )


def _over_time(result: StickinessResult) -> alt.LayerChart:
    """Draw a field of periods by number of intervals, darker where more of the active are; open periods are framed."""
    table = result.to_display()
    shown = max(1, MOST_FIELDS // int(table[ACTIVE_INTERVALS].max()))
    table = table[table[PERIOD].isin(sorted(table[PERIOD].unique())[-shown:])]
    base = alt.Chart(table).encode(
        x=alt.X(f"{PERIOD}:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy")),
        y=alt.Y(f"{ACTIVE_INTERVALS}:O", sort="descending", title=_axis(result, ACTIVE_INTERVALS)),
    )
    tips = [alt.Tooltip(f"{PERIOD}:O", title="Period"), f"{ACTIVE_INTERVALS}:O", _count_tip(USERS), _share_tip()]
    scale = alt.Scale(domain=[0, float(table[RATE].max()) or 1.0], range=[PALE, DEEP])
    shade = alt.Color(f"{RATE}:Q", scale=scale, legend=alt.Legend(format=".0%"))
    faded = alt.condition(f"datum.{COMPLETE}", alt.value(1), alt.value(OPEN_OPACITY))
    layers = [base.mark_rect(stroke="white").encode(color=shade, opacity=faded, tooltip=tips)]
    if len(table) <= MOST_NUMBERED and table[ACTIVE_INTERVALS].max() <= MOST_ROWS:
        layers = [layers[0].encode(color=alt.Color(f"{RATE}:Q", scale=scale, legend=None))]
        layers += [base.mark_text(fontSize=9).encode(text=alt.Text(f"{RATE}:Q", format=".0%"), opacity=faded)]
    chart = charting.layer(*layers).properties(width=charting.WIDTH, height=charting.HEIGHT)
    return charting.titled(
        chart,
        result.headline(),
        f"pale: periods not fully known; {result.basis}",
        description=f"Field of how often they came, per period. {result.summary()}",
    )


def _lifecycle(result: LifecycleResult) -> alt.LayerChart | alt.FacetChart:
    """Draw the active above zero and the dormant below, per period; what is not final is pale with a dashed edge."""
    table = result.to_frame()
    seen = table.loc[table[USERS] > 0, PERIOD]
    shown = table[PERIOD].drop_duplicates().sort_values().tail(MOST_PERIODS)
    # A feature that nobody used before its release would begin with an empty field.
    table = table[(table[PERIOD] >= shown.min()) & (table[PERIOD] >= seen.min())] if len(seen) else table
    table, _, cut = _fewest(table) if result.segments else (table, [], "")
    table = table.assign(**{PERIOD: [f"{first:%Y-%m-%d}" for first in table[PERIOD]]})
    keys = [PERIOD, COMPLETE, *([SEGMENT] if result.segments else [])]
    chart = _movements(table.melt(keys, list(STATES), "state", "count"), result)
    note = "" if table[COMPLETE].all() else "dashed: not final (where the log begins, or not over); "
    described = f"Bars of new, returning, resurrecting and dormant {result.counted}. {result.summary()}"
    if not result.segments:
        chart = chart.properties(width=charting.WIDTH, height=charting.HEIGHT)
        return charting.titled(chart, result.headline(), f"{note}{result.basis}", description=described)
    panels = chart.properties(width=charting.WIDTH, height=PANEL_HEIGHT).facet(
        row=alt.Row(f"{SEGMENT}:N", title=None, sort=list(table[SEGMENT].unique()), header=PANEL_HEADER), spacing=8
    )
    own: alt.FacetChart = panels.resolve_scale(y="independent")
    return charting.titled(
        own, result.headline(), f"{note}{cut}each panel has its own scale; {result.basis}", description=described
    )


def _movements(long: pd.DataFrame, result: LifecycleResult) -> alt.LayerChart:
    colours = alt.Scale(domain=list(STATE_COLOURS), range=list(STATE_COLOURS.values()))
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy")
    base = alt.Chart(long)
    bars = base.mark_bar().encode(
        x=alt.X(f"{PERIOD}:O", title=f"{result.length.title()} from", axis=axis),
        y=alt.Y("count:Q", title=result.counted.capitalize()),
        color=alt.Color("state:N", scale=colours, title=None, legend=alt.Legend(symbolStrokeWidth=0)),
        opacity=alt.condition(f"datum.{COMPLETE}", alt.value(1), alt.value(OPEN_OPACITY)),
        stroke=alt.condition(f"datum.{COMPLETE}", alt.value(None), alt.value(charting.INK)),
        strokeDash=alt.value([3, 2]),
        tooltip=[alt.Tooltip(f"{PERIOD}:O", title="From"), "state:N", _count_tip("count")],
    )
    zero = base.mark_rule(color=charting.INK).encode(y=alt.datum(0))
    return charting.layer(bars, zero)


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
