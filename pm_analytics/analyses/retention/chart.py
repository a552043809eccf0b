"""RetentionResult -> charts. Reads columns; computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.retention.comparison import RetentionComparison
from pm_analytics.errors import ParameterError, did_you_mean
from pm_analytics.names import (
    AT_RISK,
    BRACKET,
    CI_LOWER,
    CI_UPPER,
    COHORT,
    COHORT_USERS,
    COMPLETE,
    FIRST_COHORT,
    FIRST_RATE,
    FIRST_USERS,
    PERIOD_NUMBER,
    PROVISIONAL,
    RATE,
    SECOND_COHORT,
    SECOND_RATE,
    SECOND_USERS,
    SEGMENT,
    USERS,
)

if TYPE_CHECKING:
    from pm_analytics.analyses.retention.result import RetentionResult

KINDS = ("triangle", "curve")
ROW_HEIGHT = 22
MOST_COHORTS = 26
WIDEST_CELL, NARROWEST_NUMBER = 46, 24
PALE = "#EAF2F8"
# From this share of the darkest cell on, white letters read better on the blue than dark ones.
WHITE_FROM = 0.85

_LABEL, _SAID, _PALE_INK = "label", "said", "pale_ink"


def draw(
    result: RetentionResult | RetentionComparison, kind: Literal["triangle", "curve"] = "triangle"
) -> alt.LayerChart | alt.VConcatChart:
    """Draw the triangle of cohorts, or the pooled curve (one per segment, if asked for) with those observed so long."""
    if kind not in KINDS:
        raise ParameterError(
            f"kind={kind!r} is no chart of retention{did_you_mean(kind, KINDS)}; write {' or '.join(map(repr, KINDS))}."
        )
    if isinstance(result, RetentionComparison):
        return _comparison(result)
    return _curve(result) if kind == "curve" else _triangle(result)


def _labelled(table: pd.DataFrame) -> pd.Series:
    return table[BRACKET if BRACKET in table.columns else PERIOD_NUMBER].astype(str)


def _triangle(result: RetentionResult) -> alt.LayerChart:
    """Draw a row per cohort and a coloured, numbered cell per period that is over; the others stay blank."""
    cells, cut = _newest(result.to_frame())
    known = cells[cells[COMPLETE]].assign(**{_LABEL: _labelled})
    numbers, sizes = known[(known[PERIOD_NUMBER] > 0) & known[RATE].notna()], known[known[PERIOD_NUMBER] == 0]
    top = float(numbers[RATE].max()) if numbers[RATE].max() > 0 else 1.0
    said = [f"{rate:.0%}{'*' * mark}" for rate, mark in zip(numbers[RATE], numbers[PROVISIONAL], strict=True)]
    numbers = numbers.assign(**{_SAID: said})
    numbers[_PALE_INK] = numbers[RATE] >= WHITE_FROM * top
    sizes = sizes.assign(**{_SAID: sizes[COHORT_USERS].map("{:,}".format)})
    labels = list(_labelled(cells).unique())
    width = max(NARROWEST_NUMBER, min(WIDEST_CELL, 900 // max(1, len(labels))))
    x = alt.X(f"{_LABEL}:O", sort=labels, title=_axis(result), axis=alt.Axis(orient="top", labelAngle=0))
    y = alt.Y(f"{COHORT}:O", sort=sorted(cells[COHORT].unique()), title=f"Cohort ({result.question.period} from)")
    scale = alt.Scale(domain=[0, top], range=[PALE, charting.BLUE])
    grid = alt.Chart(numbers).encode(x=x, y=y)
    squares = grid.mark_rect(stroke="white").encode(
        color=alt.Color(f"{RATE}:Q", scale=scale, legend=None), tooltip=_cell_tooltip()
    )
    small = 10 if width > 34 else 8
    words = grid.mark_text(fontSize=small).encode(
        text=f"{_SAID}:N",
        color=alt.condition(f"datum.{_PALE_INK}", alt.value("white"), alt.value(charting.INK)),
    )
    base = alt.Chart(sizes).mark_text(fontSize=small, color=charting.GREY).encode(x=x, y=y, text=f"{_SAID}:N")
    rows = max(1, cells[COHORT].nunique())
    chart = charting.layer(squares, words, base).properties(width=width * max(1, len(labels)), height=ROW_HEIGHT * rows)
    return charting.titled(
        chart, result.headline(), _under_triangle(result, cut), description=f"Heat map of cohorts. {result.summary()}"
    )


def _newest(cells: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keep the newest cohorts, and say how many were cut."""
    cohorts = sorted(cells[COHORT].unique())
    cells = cells[cells[COHORT].isin(cohorts[-MOST_COHORTS:])]
    return cells.assign(**{COHORT: cells[COHORT].astype(str)}), max(0, len(cohorts) - MOST_COHORTS)


def _under_triangle(result: RetentionResult, cut: int) -> str:
    parts = ["0: size of the cohort; blank: not observed yet"]
    if result.to_frame()[PROVISIONAL].any():
        parts.append("*: provisional")
    if cut:
        parts.append(f"the {MOST_COHORTS} newest cohorts of {cut + MOST_COHORTS}")
    return "; ".join([*parts, result.basis])


def _axis(result: RetentionResult) -> str:
    period = result.question.period
    there = f"Returned {'on' if period == 'day' else 'in'}"
    return {
        "on": f"{there} {period}",
        "on_or_after": f"{there} {period} or later",
        "on_or_before": f"Returned by {period}",
        "streak": f"{there} every {period} so far, up to",
        "bracket": f"{there} {period}s",
    }[result.question.measure]


def _cell_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{COHORT}:O", title="Cohort"),
        alt.Tooltip(f"{_LABEL}:O", title="Period"),
        alt.Tooltip(f"{USERS}:Q", title="Retained", format=","),
        alt.Tooltip(f"{COHORT_USERS}:Q", title="Of", format=","),
        *_share_tooltip(),
    ]


def _share_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{RATE}:Q", title="Share", format=".1%"),
        alt.Tooltip(f"{CI_LOWER}:Q", title="Interval from", format=".1%"),
        alt.Tooltip(f"{CI_UPPER}:Q", title="to", format=".1%"),
    ]


def _curve(result: RetentionResult) -> alt.VConcatChart:
    """Draw the pooled share by period with its band, and under it how many have been observed so long."""
    split = result.question.segments is not None
    pooled = result.curve()
    table = result.segments() if split else pooled
    shown = table[(table[PERIOD_NUMBER] > 0) & table[RATE].notna()].assign(**{_LABEL: _labelled})
    labels = list(_labelled(pooled))[1:]
    x = alt.X(
        f"{_LABEL}:O", sort=labels, title=_axis(result), axis=alt.Axis(labelAngle=0), scale=alt.Scale(domain=labels)
    )
    top = min(1.0, float(shown[CI_UPPER].max()) * 1.08) if len(shown) else 1.0
    share = alt.Y(f"{RATE}:Q", axis=charting.PERCENT, title="Retained", scale=alt.Scale(domain=[0, top]))
    base = alt.Chart(shown).encode(x=x)
    if split:
        base = base.encode(color=alt.Color(f"{SEGMENT}:N", sort=list(table[SEGMENT].unique())))
    band = base.mark_area(opacity=0.12).encode(y=alt.Y(f"{CI_LOWER}:Q"), y2=f"{CI_UPPER}:Q")
    line = base.mark_line().encode(y=share)
    dots = base.mark_point().encode(
        y=share,
        tooltip=[
            *([alt.Tooltip(f"{SEGMENT}:N", title="Segment")] if split else []),
            alt.Tooltip(f"{_LABEL}:O", title="Period"),
            alt.Tooltip(f"{USERS}:Q", title="Retained", format=","),
            alt.Tooltip(f"{AT_RISK}:Q", title="Observed so long", format=","),
            *_share_tooltip(),
        ],
    )
    upper = charting.layer(band, line, dots).properties(width=charting.WIDTH, height=240)
    return charting.titled(
        alt.vconcat(upper, _observed(pooled, labels), spacing=6),
        result.headline(),
        f"Pooled over cohorts observed so long, {result.confidence:.0%} band; {result.basis}",
        description=f"Curve of the share retained by period. {result.summary()}",
    )


def _observed(pooled: pd.DataFrame, labels: list[str]) -> alt.Chart:
    rows = pooled[pooled[PERIOD_NUMBER] > 0].assign(**{_LABEL: _labelled})
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_text(fontSize=10, color=charting.GREY)
        .encode(
            x=alt.X(f"{_LABEL}:O", sort=labels, axis=None, scale=alt.Scale(domain=labels)),
            text=alt.Text(f"{AT_RISK}:Q", format=",.3~s" if len(labels) > 12 else ","),
        )
        .properties(width=charting.WIDTH, height=16, title=alt.TitleParams("Observed so long", fontSize=10, offset=2))
    )
    return chart


def _comparison(result: RetentionComparison) -> alt.LayerChart:
    """Draw a bar per cohort."""
    row = result.to_frame().iloc[0]
    pairs = ((FIRST_COHORT, FIRST_USERS, FIRST_RATE), (SECOND_COHORT, SECOND_USERS, SECOND_RATE))
    bars = pd.DataFrame(
        [
            {COHORT: str(row[cohort]), RATE: row[rate], _SAID: charting.say_bar(int(row[users]), row[rate])}
            for cohort, users, rate in pairs
        ]
    )
    base = alt.Chart(bars).encode(y=alt.Y(f"{COHORT}:N", sort=None, title="Cohort"))
    share = alt.X(f"{RATE}:Q", axis=charting.PERCENT, scale=alt.Scale(domain=[0, 1]), title=f"Retained {result.when}")
    chart = charting.layer(base.mark_bar(size=22).encode(x=share), charting.row_words(base, _SAID))
    return charting.titled(
        chart.properties(height=46 * len(bars), width=charting.WIDTH),
        result.headline(),
        result.basis,
        description=f"Two cohorts. {result.summary()}",
    )
