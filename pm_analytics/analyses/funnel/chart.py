"""A funnel and its views -> charts. Reads columns; computes nothing. What is not final is hollow and dashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.funnel.breakdown import FunnelBreakdown
from pm_analytics.analyses.funnel.comparison import FunnelComparison
from pm_analytics.analyses.funnel.drivers import FunnelDrivers
from pm_analytics.analyses.funnel.explanation import Explanation
from pm_analytics.analyses.funnel.timing import ConversionTimes
from pm_analytics.analyses.funnel.trend import FunnelTrend
from pm_analytics.errors import ParameterError, did_you_mean
from pm_analytics.names import (
    ADJUSTED_P_VALUE,
    AT_RISK,
    CI_LOWER,
    CI_UPPER,
    COMPLETE,
    CONVERSION_RATE,
    CONVERTED,
    CONVERTED_SHARE,
    DIFFERENCE,
    ENTERED,
    FIRST_RATE,
    FIRST_USERS,
    KIND,
    PERIOD,
    RATE_WITH,
    RATE_WITHOUT,
    SECOND_RATE,
    SECOND_USERS,
    SECONDS,
    SEGMENT,
    STEP,
    UNTIL_SECONDS,
    USERS,
    VALUE,
)
from pm_analytics.results import SMALL_GROUP

if TYPE_CHECKING:
    from collections.abc import Callable

    from pm_analytics.analyses.funnel.analysis import FunnelResult
    from pm_analytics.results import Result

MOST_PERIODS = 120
MOST_POINTS = 400
MOST_DRIVERS = 16
KINDS = ("histogram", "curve")
_DATES = {"hour": "%d %b %H:%M", "day": "%d %b", "week": "%d %b", "month": "%b %Y"}
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


def draw(result: Result, kind: str = "histogram") -> alt.LayerChart:
    """Draw a funnel as a bar per step, and each of its views in its own way.

    Parameters
    ----------
    kind : {"histogram", "curve"}
        Of conversion times only: how long it took those who converted, or the share converted by then of all who began.

    Raises
    ------
    ParameterError
        No such kind; or an explanation, which is a sentence and a table.
    """
    if kind not in KINDS:
        hint = did_you_mean(str(kind), KINDS)
        raise ParameterError(f"kind={kind!r} is no chart of a funnel{hint}; write {' or '.join(map(repr, KINDS))}.")
    if isinstance(result, Explanation):
        raise ParameterError("An explanation is a sentence and a table about one unit; it has no chart.")
    if isinstance(result, ConversionTimes) and kind == "curve":
        return _curve(result)
    return next((drawn(result) for of, drawn in _CHARTS.items() if isinstance(result, of)), None) or _funnel(result)


def _funnel(result: Any) -> alt.LayerChart:  # noqa: ANN401 - a FunnelResult; its type is for the checker only
    """Draw one bar per step with its interval, its share of those who entered, and its count; or the segments."""
    funnel: FunnelResult = result
    if funnel.segments is not None:
        return _breakdown(funnel.segments)
    table = funnel.to_frame()
    # A step may occur twice in a funnel, so its row is named by number as well.
    table["label"] = [f"{number}. {step}" for number, step in enumerate(table[STEP], 1)]
    chart = charting.share_bars(table, label="label", share=CONVERSION_RATE, title="Share of those who entered")
    return charting.titled(
        chart, funnel.headline(), funnel.basis, description=f"Bar chart of a funnel. {funnel.summary()}"
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
    rows = _rows("label")
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


def _trend(result: FunnelTrend) -> alt.LayerChart:
    """Draw a line with its band; periods too young to judge are hollow points apart from it, never a drop of it."""
    table = result.to_frame().tail(MOST_PERIODS)
    form = "%Y-%m-%dT%H:%M:%SZ" if result.unit_of_time == "hour" else "%Y-%m-%dT00:00:00Z"
    table["when"] = [str(when) for when in table[PERIOD]]
    table[PERIOD] = [when.strftime(form) for when in table[PERIOD]]
    final = table[table[COMPLETE]]
    axis = alt.Axis(values=list(table[PERIOD]), format=_DATES[result.unit_of_time], labelOverlap=True, grid=False)
    # Without utc, a browser in another zone would show the day before.
    utc = alt.Scale(type="utc")
    period = alt.X(f"{PERIOD}:T", title=f"{result.unit_of_time.title()} of entry", scale=utc, axis=axis)
    share = alt.Y(f"{CONVERSION_RATE}:Q", axis=charting.PERCENT, title="Share that converted", scale=_upto(table))
    tips = [
        alt.Tooltip("when:N", title=result.unit_of_time.title()),
        alt.Tooltip(f"{ENTERED}:Q", title="Entered", format=","),
        alt.Tooltip(f"{CONVERTED}:Q", title="Converted", format=","),
        *_share_tips(CONVERSION_RATE, "Share"),
    ]
    band = alt.Chart(final).mark_area(opacity=0.18).encode(x=period, y=alt.Y(f"{CI_LOWER}:Q"), y2=f"{CI_UPPER}:Q")
    line = alt.Chart(final).mark_line().encode(x=period, y=share)
    faded = alt.condition(f"datum.{ENTERED} < {SMALL_GROUP}", alt.value(0.35), alt.value(1))
    dots = alt.Chart(final).mark_point(filled=True).encode(x=period, y=share, opacity=faded, tooltip=tips)
    # Without a time limit every period is open, and a line tells which point follows which.
    dashed = alt.Chart(table if result.endless else table.head(0)).mark_line(
        strokeDash=[4, 4], color=charting.LIGHT_GREY
    )
    hollow = alt.Chart(table[~table[COMPLETE]].dropna(subset=[CONVERSION_RATE])).mark_point(
        filled=False, size=70, color=charting.GREY
    )
    chart = charting.layer(
        band, dashed.encode(x=period, y=share), line, dots, hollow.encode(x=period, y=share, tooltip=tips)
    )
    young = "without a time limit, can still rise" if result.endless else "too young to judge, can still rise"
    note = "" if table[COMPLETE].all() else f"hollow: {young}; "
    note += f"pale: fewer than {SMALL_GROUP} entered; " if (final[ENTERED] < SMALL_GROUP).any() else ""
    return charting.titled(
        chart.properties(width=charting.WIDTH, height=charting.HEIGHT),
        result.headline(),
        f"{note}{'' if final.empty else f'band: {result.confidence:.0%} intervals; '}{result.basis}",
        description=f"Line of conversion by {result.unit_of_time} of entry. {result.summary()}",
    )


def _histogram(result: ConversionTimes) -> alt.LayerChart:
    """Draw how many took how long; the last bar, paler, holds all that took longer."""
    bars, unit, length = _in_units(result.histogram(), UNTIL_SECONDS)
    width = float(bars[UNTIL_SECONDS].iloc[0]) if len(bars) else 1.0
    bars["from"], bars["to"] = bars[SECONDS] / length, (bars[SECONDS] + width) / length
    bars["floor"] = 0
    bars["open"] = bars[UNTIL_SECONDS] - bars[SECONDS] > 1.001 * width
    chart = (
        alt.Chart(bars)
        .mark_rect(stroke="white", color=charting.BLUE)
        .encode(
            x=alt.X("from:Q", title=f"{unit.title()} from {result.between[0]} to {result.between[1]}"),
            x2="to:Q",
            y=alt.Y(f"{USERS}:Q", title=result.counted.capitalize(), axis=alt.Axis(tickMinStep=1, format=",d")),
            y2="floor:Q",
            opacity=alt.condition("datum.open", alt.value(0.45), alt.value(1)),
            tooltip=[
                alt.Tooltip("from:Q", title=f"From ({unit})", format=",.3~r"),
                alt.Tooltip(f"{USERS}:Q", title="Count", format=","),
            ],
        )
    )
    note = "pale: this long or longer; " if bars["open"].any() else ""
    return charting.titled(
        charting.layer(chart).properties(width=charting.WIDTH, height=charting.HEIGHT),
        result.headline(),
        f"{note}only those who converted; {result.basis}",
        description=f"Histogram of conversion times. {result.summary()}",
    )


def _curve(result: ConversionTimes) -> alt.LayerChart:
    """Draw the share converted by time since the first step, those still under way counted while observed."""
    curve = result.curve()
    made = curve[CONVERTED].gt(0)
    # After the last conversion the curve only goes on flat, for as long as attempts have time.
    end = int(made[made].index[-1]) + 1 if made.any() else 0
    curve, unit, length = _in_units(curve.iloc[: end + 1], SECONDS, rows=end)
    curve = curve.iloc[:: max(1, -(-len(curve) // MOST_POINTS))]
    curve["time"] = curve[SECONDS] / length
    time = alt.X("time:Q", title=f"{unit.title()} since {result.between[0]}")
    base = alt.Chart(curve).encode(x=time)
    share = alt.Y(f"{CONVERTED_SHARE}:Q", axis=charting.PERCENT, title="Converted so far", scale=_upto(curve))
    band = base.mark_area(interpolate="step-after", opacity=0.18).encode(y=alt.Y(f"{CI_LOWER}:Q"), y2=f"{CI_UPPER}:Q")
    line = base.mark_line(interpolate="step-after").encode(
        y=share,
        tooltip=[
            alt.Tooltip("time:Q", title=unit.title(), format=",.3~r"),
            *_share_tips(CONVERTED_SHARE, "Converted"),
            alt.Tooltip(f"{AT_RISK}:Q", title="Not yet, still observed", format=","),
        ],
    )
    return charting.titled(
        charting.layer(band, line).properties(width=charting.WIDTH, height=charting.HEIGHT),
        result.headline(),
        f"Kaplan-Meier estimate of all that began, with its band; {result.basis_of_curve}",
        description=f"Curve of the share that converted by time since {result.between[0]}. {result.summary()}",
    )


def _breakdown(result: FunnelBreakdown) -> alt.LayerChart:
    """Draw each segment's overall conversion as a dot with its interval; small segments are hollow and in counts."""
    table = result.ends()
    table["small"] = table[ENTERED] < SMALL_GROUP
    numbers = zip(table[USERS], table[ENTERED], table[CONVERSION_RATE], table["small"], strict=True)
    table["said"] = [
        f"{made:,} of {entered:,}" if small else f"{rate:.1%}  ({made:,} of {entered:,})"
        for made, entered, rate, small in numbers
    ]
    tips = [f"{SEGMENT}:N", alt.Tooltip("said:N", title="Converted"), *_share_tips(CONVERSION_RATE, "Share")]
    base = alt.Chart(table).encode(y=_rows(SEGMENT))
    share = alt.X(
        f"{CONVERSION_RATE}:Q", axis=charting.PERCENT, scale=_upto(table), title="Share that made the last step"
    )
    spread = base.mark_rule(strokeWidth=2, color=charting.LIGHT_GREY).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    full = base.transform_filter("!datum.small").mark_point(size=110, opacity=1).encode(x=share, tooltip=tips)
    hollow = base.transform_filter("datum.small").mark_point(filled=False, size=110, color=charting.GREY)
    chart = charting.layer(spread, full, hollow.encode(x=share, tooltip=tips), charting.row_words(base, "said"))
    note = f"hollow: fewer than {SMALL_GROUP} entered; " if table["small"].any() else ""
    return charting.titled(
        chart.properties(height=charting.ROW_HEIGHT * max(1, len(table)), width=charting.WIDTH),
        result.headline(),
        f"{note}{result.basis}. {result.reconciled()}",
        description=f"Dots of conversion by segment, with intervals. {result.summary()}",
    )


def _drivers(result: FunnelDrivers) -> alt.LayerChart:
    """Draw differences in conversion with and without each, with intervals; grey where chance may explain it."""
    table = result.to_frame().head(MOST_DRIVERS)
    table["label"] = [
        str(value) if kind == "event" else f"{kind}: {value}"
        for kind, value in zip(table[KIND], table[VALUE], strict=True)
    ]
    table["clear"] = table[ADJUSTED_P_VALUE] <= result.level
    table["colour"] = [
        (charting.BLUE if difference > 0 else charting.VERMILION) if clear else charting.LIGHT_GREY
        for difference, clear in zip(table[DIFFERENCE], table["clear"], strict=True)
    ]
    # The biggest difference on top reads better than the smallest p-value.
    base = alt.Chart(table.sort_values(DIFFERENCE, ascending=False)).encode(
        y=_rows("label"), color=alt.Color("colour:N", scale=None)
    )
    tips = [
        alt.Tooltip("label:N", title="What"),
        alt.Tooltip(f"{USERS}:Q", title="Have it", format=","),
        alt.Tooltip(f"{RATE_WITH}:Q", title="Converted with it", format=".1%"),
        alt.Tooltip(f"{RATE_WITHOUT}:Q", title="without", format=".1%"),
    ]
    points = alt.X(
        f"{DIFFERENCE}:Q",
        axis=alt.Axis(format="+.0%"),
        title="Difference in conversion with and without it (percentage points)",
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=charting.LIGHT_GREY).encode(x="zero:Q")
    spread = base.mark_rule(strokeWidth=2).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    chart = charting.layer(zero, spread, base.mark_point(size=90, opacity=1).encode(x=points, tooltip=tips))
    more = f"{MOST_DRIVERS} of {len(result.to_frame())} shown; " if len(result.to_frame()) > MOST_DRIVERS else ""
    return charting.titled(
        chart.properties(height=28 * max(1, len(table)), width=charting.WIDTH),
        result.headline(),
        f"{result.caution} Grey: may be chance; {more}{result.basis}",
        description=f"Differences in conversion with and without events and properties. {result.summary()}",
    )


_CHARTS: dict[type, Callable[[Any], alt.LayerChart]] = {
    FunnelComparison: _comparison,
    FunnelTrend: _trend,
    ConversionTimes: _histogram,
    FunnelBreakdown: _breakdown,
    FunnelDrivers: _drivers,
}


def _rows(column: str) -> alt.Y:
    return alt.Y(f"{column}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260))


def _upto(table: pd.DataFrame) -> alt.Scale:
    """Let an axis of shares end a little over the highest interval: a rare event needs no empty page above it."""
    top = float(table[CI_UPPER].max()) if table[CI_UPPER].notna().any() else 1.0
    return alt.Scale(domain=[0, min(1.0, max(0.01, 1.08 * top))])


def _share_tips(column: str, title: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{column}:Q", title=title, format=".1%"),
        alt.Tooltip(f"{CI_LOWER}:Q", title="Interval from", format=".1%"),
        alt.Tooltip(f"{CI_UPPER}:Q", title="to", format=".1%"),
    ]


def _in_units(table: pd.DataFrame, column: str, *, rows: int | None = None) -> tuple[pd.DataFrame, str, int]:
    """Choose the unit of time that suits the longest of some times."""
    longest = float(table[column].iloc[:rows].max()) if len(table) else 0.0
    unit, length = next((pair for pair in _UNITS if longest >= 2 * pair[1]), _UNITS[-1])
    return table.copy(), unit, length
