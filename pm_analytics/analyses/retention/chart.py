"""RetentionResult -> charts. Reads columns; computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.retention import wording
from pm_analytics.analyses.retention.comparison import RetentionComparison
from pm_analytics.asking import check_word
from pm_analytics.names import (
    AT_RISK,
    BRACKET,
    CI_LOWER,
    CI_UPPER,
    COHORT,
    COHORT_USERS,
    COHORTS,
    COMPLETE,
    DIFFERENCE,
    PERIOD,
    PERIOD_NUMBER,
    PROVISIONAL,
    RATE,
    SEGMENT,
    USERS,
    VALUE,
    VALUE_PER_USER,
)

if TYPE_CHECKING:
    from pm_analytics.analyses.retention.question import Question
    from pm_analytics.analyses.retention.result import RetentionResult

    Chart = alt.LayerChart | alt.VConcatChart

KINDS = ("triangle", "curve", "over_time")
ROW_HEIGHT, LINE_HEIGHT = 22, 16
MOST_COHORTS = 26
MOST_LINES = len(charting.PALETTE)
WIDEST_CELL, NARROWEST_NUMBER = 46, 24
# Dark letters read well on all of these, so that one ink does for every cell.
PALE, DEEP = "#EEF5FA", "#5BA8D6"

WHAT = {RATE: "Share retained", USERS: "Units retained", VALUE: "Value", VALUE_PER_USER: "Value per unit of the cohort"}

_LABEL, _SAID = "label", "said"


def draw(
    result: RetentionResult | RetentionComparison,
    kind: Literal["triangle", "curve", "over_time"] = "triangle",
    *,
    of: str = RATE,
    average: str = "pooled",
    period_number: int = 1,
    per: str | None = None,
) -> Chart:
    """Draw the triangle of cohorts, the averaged curve, or one period number over time.

    Parameters
    ----------
    kind : {"triangle", "curve", "over_time"}
        "curve": one line per segment, if there are any, and those observed so long below. A comparison has one drawing.
    of : str
        Of the triangle: what is in its cells, as in :meth:`RetentionResult.triangle`.
    average : {"pooled", "simple"}
        Of the curve: as in :meth:`RetentionResult.curve`.
    period_number, per
        Over time: as in :meth:`RetentionResult.over_time`.
    """
    check_word("kind", kind, KINDS)
    if isinstance(result, RetentionComparison):
        return _comparison(result)
    if kind == "curve":
        return _curve(result, average)
    return _over_time(result, period_number, per) if kind == "over_time" else _triangle(result, of)


def _labelled(table: pd.DataFrame) -> pd.Series:
    return table[BRACKET if BRACKET in table.columns else PERIOD_NUMBER].astype(str)


def _triangle(result: RetentionResult, of: str) -> alt.LayerChart:
    """Draw a row per cohort and a coloured, numbered cell per period that is over; the others stay blank."""
    result.triangle(of)  # refuses what no cell holds
    cells, cut = _newest(result.to_frame())
    known = cells[cells[COMPLETE]].assign(**{_LABEL: _labelled})
    shown = known[PERIOD_NUMBER] >= result.question.from_number
    numbers, sizes = known[shown & known[of].notna()], known[known[PERIOD_NUMBER] == 0]
    top = float(numbers[of].max()) if numbers[of].max() > 0 else 1.0
    numbers = numbers.assign(
        **{_SAID: [_say_cell(of, *cell) for cell in zip(numbers[of], numbers[PROVISIONAL], strict=True)]}
    )
    sizes = sizes.assign(said=[f"{size:,}" for size in sizes[COHORT_USERS]], label="Size")
    labels = ["Size", *_labelled(cells[cells[PERIOD_NUMBER] >= result.question.from_number]).unique()]
    width = max(NARROWEST_NUMBER, min(WIDEST_CELL, 900 // len(labels)))
    top_axis = alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False)
    title, domain = _axis(result.question), alt.Scale(domain=labels)
    x = alt.X(f"{_LABEL}:O", sort=labels, scale=domain, title=title, axis=top_axis)
    y = alt.Y(f"{COHORT}:O", sort=sorted(cells[COHORT].unique()), title=f"Cohort ({result.question.period} from)")
    scale = alt.Scale(domain=[0, top], range=[PALE, DEEP])
    grid = alt.Chart(numbers).encode(x=x, y=y)
    squares = grid.mark_rect(stroke="white").encode(
        color=alt.Color(f"{of}:Q", scale=scale, legend=None), tooltip=_cell_tooltip(of)
    )
    small = 10 if width > 34 else 8
    words = grid.mark_text(fontSize=small).encode(text=f"{_SAID}:N")
    base = alt.Chart(sizes).mark_text(fontSize=small, color=charting.GREY).encode(x=x, y=y, text=f"{_SAID}:N")
    rows = max(1, cells[COHORT].nunique())
    chart = charting.layer(squares, words, base).properties(width=width * len(labels), height=ROW_HEIGHT * rows)
    return charting.titled(
        chart,
        result.headline() if of == RATE else f"{WHAT[of]} by cohort and {result.question.period}",
        _under_triangle(result, of, cut),
        description=f"Heat map of cohorts. {result.summary()}",
    )


def _say_cell(of: str, value: float, provisional: bool) -> str:
    said = f"{value:.0%}" if of == RATE else f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
    return f"{said}{'*' * provisional}"


def _newest(cells: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keep the newest cohorts, and say how many were cut."""
    cohorts = sorted(cells[COHORT].unique())
    cells = cells[cells[COHORT].isin(cohorts[-MOST_COHORTS:])]
    return cells.assign(**{COHORT: cells[COHORT].astype(str)}), max(0, len(cohorts) - MOST_COHORTS)


def _under_triangle(result: RetentionResult, of: str, cut: int) -> str:
    parts = [f"Cells: {WHAT[of].lower()}; blank: not observed yet"]
    if result.to_frame()[PROVISIONAL].any():
        parts.append("*: provisional")
    if cut:
        parts.append(f"the {MOST_COHORTS} newest cohorts of {cut + MOST_COHORTS}")
    return "; ".join([*parts, result.basis])


def _axis(question: Question) -> str:
    period = question.period
    there = f"Returned {'on' if period == 'day' else 'in'}"
    return {
        "on": f"{there} {period}",
        "on_or_after": f"{there} {period} or later",
        "on_or_before": f"Returned by {period}",
        "streak": f"{there} every {period} so far, up to",
        "bracket": f"{there} {period}s",
    }[question.measure]


def _cell_tooltip(of: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{COHORT}:O", title="Cohort"),
        alt.Tooltip(f"{_LABEL}:O", title="Period"),
        alt.Tooltip(f"{USERS}:Q", title="Retained", format=","),
        alt.Tooltip(f"{COHORT_USERS}:Q", title="Of", format=","),
        *_share_tooltip(),
        *([] if of in {RATE, USERS} else [alt.Tooltip(f"{of}:Q", format=",.3~f")]),
    ]


def _share_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{RATE}:Q", title="Share", format=".1%"),
        alt.Tooltip(f"{CI_LOWER}:Q", title="Interval from", format=".1%"),
        alt.Tooltip(f"{CI_UPPER}:Q", title="to", format=".1%"),
    ]


def _curve(result: RetentionResult, average: str) -> alt.VConcatChart:
    """Draw the averaged share by period with its band, and under it how many have been observed so long."""
    split = result.question.segments is not None
    table = result.segments() if split else result.curve(average)
    table, cut = _fewest(table) if split else (table, 0)
    simple = average == "simple" and not split
    how = "Simple mean of" if simple else "Pooled over"
    more = f"; {cut} smaller segments are in the table" if cut else ""
    charts = _lines(table, result.question)
    return charting.titled(
        alt.vconcat(*charts, spacing=6),
        result.say_period(result.question.columns[result.question.from_number], average)
        if simple
        else result.headline(),
        f"{how} cohorts observed so long, {result.confidence:.0%} band{more}; {result.basis}",
        description=f"Curve of the share retained by period. {result.summary()}",
    )


def _fewest(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keep as many segments as there are colours, largest first, and say how many were cut."""
    names = list(table[SEGMENT].unique())
    return table[table[SEGMENT].isin(names[:MOST_LINES])], max(0, len(names) - MOST_LINES)


def _lines(table: pd.DataFrame, question: Question) -> list[Any]:
    """Draw one line with a band per segment (one without segments), and the units at risk under them."""
    table = table[table[PERIOD_NUMBER] >= question.from_number].assign(**{_LABEL: _labelled})
    labels = list(table[_LABEL].unique())
    shown = table[table[RATE].notna()]
    top = min(1.0, float(shown[CI_UPPER].fillna(shown[RATE]).max()) * 1.08) if len(shown) else 1.0
    scale = alt.Scale(domain=labels)
    x = alt.X(f"{_LABEL}:O", sort=labels, title=_axis(question), axis=alt.Axis(labelAngle=0), scale=scale)
    share = alt.Y(f"{RATE}:Q", axis=charting.PERCENT, title="Retained", scale=alt.Scale(domain=[0, top or 1.0]))
    base = alt.Chart(shown).encode(x=x)
    if SEGMENT in table:
        base = base.encode(color=_shade(table))
    band = base.mark_area(opacity=0.15).encode(y=alt.Y(f"{CI_LOWER}:Q"), y2=f"{CI_UPPER}:Q")
    dots = base.mark_point(opacity=1).encode(y=share, tooltip=_line_tooltip(split=SEGMENT in table))
    chart = charting.layer(band, base.mark_line().encode(y=share), dots)
    return [chart.properties(width=charting.WIDTH, height=240), _observed(table, labels)]


def _shade(table: pd.DataFrame) -> alt.Color:
    names = list(table[SEGMENT].unique())
    scale = alt.Scale(domain=names, range=list(charting.PALETTE[: len(names)]))
    return alt.Color(f"{SEGMENT}:N", scale=scale, legend=alt.Legend(symbolOpacity=1, symbolType="stroke"))


def _line_tooltip(*, split: bool) -> list[alt.Tooltip]:
    return [
        *([alt.Tooltip(f"{SEGMENT}:N", title="Of")] if split else []),
        alt.Tooltip(f"{_LABEL}:O", title="Period"),
        alt.Tooltip(f"{USERS}:Q", title="Retained", format=","),
        alt.Tooltip(f"{AT_RISK}:Q", title="Observed so long", format=","),
        *_share_tooltip(),
    ]


def _observed(table: pd.DataFrame, labels: list[str]) -> alt.Chart:
    """Write the units at risk in one row per line of the chart above, in its colour."""
    few = len(labels) <= 14
    words = alt.Chart(table).mark_text(fontSize=10 if few else 8, color=charting.GREY)
    words = words.encode(
        x=alt.X(f"{_LABEL}:O", sort=labels, axis=None, scale=alt.Scale(domain=labels)),
        text=alt.Text(f"{AT_RISK}:Q", format="," if few else ".3s"),
    )
    rows = 1
    if SEGMENT in table:
        rows = table[SEGMENT].nunique()
        order = list(table[SEGMENT].unique())
        words = words.encode(y=alt.Y(f"{SEGMENT}:N", sort=order, title=None), color=_shade(table))
    title = alt.TitleParams("Observed so long", fontSize=10, fontWeight="normal", color=charting.GREY, offset=2)
    placed: alt.Chart = words.properties(width=charting.WIDTH, height=LINE_HEIGHT * rows, title=title)
    return placed


def _over_time(result: RetentionResult, period_number: int, per: str | None) -> alt.LayerChart:
    """Draw one period number by when the cohorts entered; what is not final is a hollow point off the line."""
    table = result.over_time(period_number, per)
    table = table[table[RATE].notna()].assign(**{PERIOD: table[PERIOD].astype(str)})
    final = alt.Chart(table[table[COMPLETE]])
    x = alt.X(f"{PERIOD}:T", title=f"Entered in the {per or result.question.period} from")
    top = min(1.0, float(table[CI_UPPER].fillna(table[RATE]).max()) * 1.08) if len(table) else 1.0
    when = wording.say_when(period_number, result.question)
    y = alt.Y(f"{RATE}:Q", axis=charting.PERCENT, title=f"Retained {when}", scale=alt.Scale(domain=[0, top or 1.0]))
    tips = [
        alt.Tooltip(f"{PERIOD}:T", title="From"),
        alt.Tooltip(f"{COHORTS}:Q", title="Cohorts"),
        alt.Tooltip(f"{AT_RISK}:Q", title="Entered", format=","),
        *_share_tooltip(),
    ]
    band = final.mark_area(opacity=0.15).encode(x=x, y=alt.Y(f"{CI_LOWER}:Q"), y2=f"{CI_UPPER}:Q")
    line = final.mark_line(point=alt.OverlayMarkDef(opacity=1)).encode(x=x, y=y, tooltip=tips)
    rest = alt.Chart(table[~table[COMPLETE]]).mark_point(filled=False, color=charting.GREY)
    chart = charting.layer(band, line, rest.encode(x=x, y=y, tooltip=tips))
    note = "grey: not all of its cohorts observed yet; " if not table[COMPLETE].all() else ""
    return charting.titled(
        chart.properties(width=charting.WIDTH, height=240),
        result.say_period(period_number),
        f"{note}{result.confidence:.0%} band; {result.basis}",
        description=f"Line of the share retained {when}, by when the cohorts entered. {result.summary()}",
    )


def _comparison(result: RetentionComparison) -> alt.VConcatChart:
    """Draw both curves with their bands and units at risk, and below them the difference with its interval."""
    lines, observed = _lines(result.sides(), result.question)
    table = result.to_frame().assign(**{_LABEL: _labelled})
    labels = list(table[_LABEL])
    x = alt.X(f"{_LABEL}:O", sort=labels, title=None, axis=alt.Axis(labels=False), scale=alt.Scale(domain=labels))
    shown = alt.Chart(table[table[DIFFERENCE].notna()]).encode(x=x)
    title = f"{result.labels[1]} minus {result.labels[0]}"
    points = alt.Axis(labelExpr="format(100 * datum.value, '+d') + ' pp'", tickCount=4)
    spread = shown.mark_rule(color=charting.INK, strokeWidth=2).encode(
        y=alt.Y(f"{CI_LOWER}:Q", title="Difference", axis=points), y2=f"{CI_UPPER}:Q"
    )
    tips = [
        alt.Tooltip(f"{_LABEL}:O", title="Period"),
        alt.Tooltip(f"{DIFFERENCE}:Q", title="Difference", format="+.1%"),
        alt.Tooltip(f"{CI_LOWER}:Q", title="Interval from", format="+.1%"),
        alt.Tooltip(f"{CI_UPPER}:Q", title="to", format="+.1%"),
    ]
    dots = shown.mark_point(color=charting.INK, opacity=1).encode(y=alt.Y(f"{DIFFERENCE}:Q"), tooltip=tips)
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(strokeDash=[3, 3]).encode(y="zero:Q")
    heading = alt.TitleParams(f"{title[0].upper()}{title[1:]}", fontSize=11, fontWeight="normal", offset=4)
    lower = charting.layer(zero, spread, dots).properties(width=charting.WIDTH, height=90, title=heading)
    return charting.titled(
        alt.vconcat(lines, observed, lower, spacing=10),
        result.headline(),
        f"{result.confidence:.0%} bands; {result.basis}",
        description=f"Two curves of the share retained by period, and their difference. {result.summary()}",
    )
