"""Adoption results -> charts. Reads columns; computes nothing but where things stand on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.adoption.accounts import AdoptionAccounts
from pm_analytics.analyses.adoption.chart_of_matrix import matrix_chart
from pm_analytics.analyses.adoption.comparison import AdoptionComparison
from pm_analytics.analyses.adoption.features import AdoptionsResult
from pm_analytics.analyses.adoption.matrix import UsageMatrixResult
from pm_analytics.analyses.adoption.result import AdoptionResult
from pm_analytics.errors import ParameterError, did_you_mean
from pm_analytics.names import (
    ACCOUNTS,
    ADOPTED_SHARE,
    AT_RISK,
    BASE,
    CI_LOWER,
    CI_UPPER,
    COHORT,
    COMPLETE,
    DAYS,
    DENOMINATOR,
    FEATURE,
    IMMATURE,
    KIND,
    MEAN_USES,
    MEASURE,
    MEDIAN_DAYS,
    RATE,
    RUNG,
    SEGMENT,
    USERS,
    USES_CI_LOWER,
    USES_CI_UPPER,
    VALUE,
    WEEK,
)
from pm_analytics.results import SMALL_GROUP, say_value

if TYPE_CHECKING:
    from pm_analytics.analyses.adoption.parts import AdoptionPart

    Drawn = alt.LayerChart | alt.VConcatChart

MOST_POINTS = 300
AT_RISK_MARKS = 8
DOT_ROW = 34


def draw(result: AdoptionResult | AdoptionPart | AdoptionsResult | UsageMatrixResult, kind: str | None = None) -> Drawn:
    """Draw a result.

    Of an adoption: ``kind="ladder"`` (unless told otherwise), or ``"curve"``, the time to adopt with those at risk.
    Of novelty: ``"uses"`` per adopter, or ``"users"``, the share who came. Of accounts: ``"accounts"``, the largest
    ones, or ``"spread"``, all of them by the share that adopted.
    """
    kinds = _kinds(result)
    name = next(iter(kinds)) if kind is None else kind
    if name not in kinds:
        hint = did_you_mean(name, kinds)
        raise ParameterError(f"kind={kind!r} is no chart of this{hint}; write {' or '.join(map(repr, kinds))}.")
    drawn: Drawn = kinds[name](result)
    return drawn


def _kinds(result: Any) -> dict[str, Any]:  # noqa: ANN401 - one of the results above
    """Give the ways to draw a result, the usual one first."""
    if isinstance(result, AdoptionResult):
        return {"ladder": _ladder, "curve": _curve}
    if isinstance(result, AdoptionsResult):
        return {"features": _side_by_side}
    if isinstance(result, UsageMatrixResult):
        return {"matrix": matrix_chart}
    if isinstance(result, AdoptionComparison):
        return {"comparison": _comparison}
    if isinstance(result, AdoptionAccounts):
        return {"accounts": _segments, "spread": _spread}
    kinds: dict[str, dict[str, Any]] = {
        "denominators": {"denominators": _denominators},
        "segments": {"segments": _segments},
        "tars": {"tars": _tars},
        "cohorts": {"cohorts": _cohorts},
        "usage": {"usage": _usage},
        "novelty": {"uses": _novelty, "users": _novelty_users},
    }
    return kinds[result.kind]


def _told(result: Any, chart: Any, what: str, *, note: str = "") -> Drawn:  # noqa: ANN401
    """Give a chart its finding, its basis, and its words for those who cannot see it."""
    under = f"{note}; {result.basis}" if note else result.basis
    drawn: Drawn = charting.titled(chart, result.headline(), under, description=f"{what}. {result.summary()}")
    return drawn


def _ladder(result: AdoptionResult) -> Drawn:
    return _told(result, _bars(result, RUNG, "Share of the eligible"), "Bar chart of the adoption ladder")


def _denominators(result: AdoptionPart) -> Drawn:
    return _told(result, _bars(result, DENOMINATOR, "Share that adopted"), "The same adopters by denominator")


def _segments(result: AdoptionPart) -> Drawn:
    return _told(result, _dots(result.to_frame(), SEGMENT, "Share of the eligible"), "Adoption by segment, intervals")


def _cohorts(result: AdoptionPart) -> Drawn:
    """Draw one dot per cohort; those that are not complete are hollow, and no line leads to them."""
    table = result.to_frame().dropna(subset=RATE)
    table = table.assign(said=table[COHORT].dt.strftime("%Y-%m-%d"))
    top = table[[RATE, CI_UPPER]].max().max()
    scale = alt.Scale(domain=[0, 1 if pd.isna(top) else min(1.0, 1.1 * float(top) + 0.02)], nice=False)
    days = alt.Axis(labelAngle=0, labelOverlap=True)
    base = alt.Chart(table).encode(x=alt.X("said:O", title="Became eligible in the period from", axis=days))
    shade = alt.condition(f"datum.{COMPLETE}", alt.value(charting.BLUE), alt.value("white"))
    dots = base.mark_point(size=80, opacity=1, stroke=charting.BLUE).encode(
        y=alt.Y(f"{RATE}:Q", axis=charting.PERCENT, title="Adopted, of those judged", scale=scale),
        fill=shade,
        tooltip=["said:O", *(f"{name}:Q" for name in (RATE, USERS, BASE, IMMATURE, MEDIAN_DAYS))],
    )
    spread = base.mark_rule(color=charting.GREY).encode(y=f"{CI_LOWER}:Q", y2=f"{CI_UPPER}:Q")
    line = base.transform_filter(f"datum.{COMPLETE}").mark_line().encode(y=f"{RATE}:Q")
    chart = charting.layer(spread, line, dots).properties(width=charting.WIDTH, height=240)
    return _told(result, chart, "Adoption by cohort with intervals", note="hollow: not all of them can be judged yet")


def _tars(result: AdoptionPart) -> Drawn:
    return _told(result, _bars(result, RUNG, "Share of the row above"), "Bar chart of TARS")


def _comparison(result: AdoptionComparison) -> Drawn:
    return _told(result, _dots(result.rates(), SEGMENT, "Share of the eligible"), "Two adoption rates with intervals")


def _side_by_side(result: AdoptionsResult) -> Drawn:
    chart = _dots(result.to_frame(), FEATURE, "Share of the eligible")
    return _told(result, chart, "Adoption of several features with intervals")


def _bars(result: AdoptionPart | AdoptionResult, label: str, title: str) -> alt.LayerChart:
    """Draw shares with their bases in words; what is not known has no bar."""
    table = result.to_frame()
    said = [_say_row(*row) for row in table[[USERS, BASE, RATE]].itertuples(index=False)]
    plain = table.astype(dict.fromkeys((USERS, BASE, RATE), "float64"))
    return charting.share_bars(plain, label=label, share=RATE, title=title, said=said)


def _dots(table: pd.DataFrame, label: str, title: str) -> alt.LayerChart:
    """Draw one dot per row with its interval, and its numbers at the right."""
    said = [_say_row(*row) for row in table[[USERS, BASE, RATE]].itertuples(index=False)]
    top = table[[RATE, CI_UPPER]].max().max()
    scale = alt.Scale(domain=[0, 1 if pd.isna(top) else min(1.0, float(top) * 1.05 + 0.02)], nice=False)
    rows = alt.Chart(table.assign(said=said)).encode(
        y=alt.Y(f"{label}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
    )
    dots = rows.mark_point(size=80).encode(
        x=alt.X(f"{RATE}:Q", axis=charting.PERCENT, scale=scale, title=title),
        tooltip=[alt.Tooltip(f"{label}:N"), alt.Tooltip("said:N", title="Rate")],
    )
    spread = rows.mark_rule(color=charting.GREY, strokeWidth=2).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    words = rows.mark_text(align="left", dx=10, color=charting.GREY).encode(x=alt.value(charting.WIDTH), text="said:N")
    chart: alt.LayerChart = charting.layer(spread, dots, words)
    return chart.properties(width=charting.WIDTH, height=DOT_ROW * max(1, len(table)))


def _say_row(users: Any, base: Any, rate: Any) -> str:  # noqa: ANN401 - numbers, some of them missing
    if pd.isna(rate):
        return "not known"
    if pd.isna(users) or pd.isna(base):
        return f"{rate:.1%}"
    said = f"{int(users):,} of {int(base):,}"
    return said if base < SMALL_GROUP else f"{rate:.1%}  ({said})"


def _spread(result: AdoptionAccounts) -> Drawn:
    rows = alt.Chart(result.spread()).encode(y=alt.Y(f"{SEGMENT}:N", sort=None, title="Eligible users who adopted"))
    bars = rows.mark_bar(size=20).encode(
        x=alt.X(f"{ACCOUNTS}:Q", title="Accounts", axis=alt.Axis(format=",d", tickMinStep=1)),
        tooltip=[f"{SEGMENT}:N", *(f"{name}:Q" for name in (ACCOUNTS, BASE, USERS))],
    )
    words = rows.mark_text(align="left", dx=4, color=charting.GREY).encode(
        x=f"{ACCOUNTS}:Q", text=alt.Text(f"{ACCOUNTS}:Q", format=",")
    )
    chart = charting.layer(bars, words).properties(width=charting.WIDTH, height=DOT_ROW * len(result.spread()))
    return _told(result, chart, "Accounts by the share of their users that adopted")


def _usage(result: AdoptionPart) -> Drawn:
    """Draw shares, numbers per adopter, and numbers per week, each over an axis of its own."""
    table = result.to_frame()
    shares = table[table[KIND] == "share"]
    weekly = table[(table[KIND] != "share") & table[MEASURE].str.endswith("week")]
    others = table[(table[KIND] != "share") & ~table[MEASURE].str.endswith("week")]
    panels = [
        _measures(shares, "Share", charting.PERCENT, "share"),
        _measures(others, "Per adopter", alt.Axis(), "value"),
        _measures(weekly, "Per adopter and week", alt.Axis(), "value"),
    ]
    return _told(result, alt.vconcat(*panels, spacing=14), "Breadth, depth, frequency and habit with intervals")


def _measures(table: pd.DataFrame, title: str, axis: alt.Axis, column: str) -> alt.LayerChart:
    said = [say_value(column, value) if pd.notna(value) else "not known" for value in table[VALUE]]
    ends = table[[VALUE, CI_UPPER]].max().max()
    top = 1.0 if column == "share" or pd.isna(ends) else float(ends) * 1.1
    rows = alt.Chart(table.assign(said=said)).encode(
        y=alt.Y(f"{MEASURE}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, minExtent=190))
    )
    dots = rows.mark_point(size=80).encode(
        x=alt.X(f"{VALUE}:Q", title=title, axis=axis, scale=alt.Scale(domain=[0, top], nice=False))
    )
    spread = rows.mark_rule(color=charting.GREY, strokeWidth=2).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    words = rows.mark_text(align="left", dx=10, color=charting.GREY).encode(x=alt.value(charting.WIDTH), text="said:N")
    chart: alt.LayerChart = charting.layer(spread, dots, words)
    return chart.properties(width=charting.WIDTH, height=26 * len(table))


def _novelty(result: AdoptionPart) -> Drawn:
    return _weeks(result, (MEAN_USES, USES_CI_LOWER, USES_CI_UPPER), "Uses per adopter", alt.Axis())


def _novelty_users(result: AdoptionPart) -> Drawn:
    return _weeks(result, (RATE, CI_LOWER, CI_UPPER), "Adopters who used it", charting.PERCENT)


def _weeks(result: AdoptionPart, columns: tuple[str, str, str], title: str, axis: alt.Axis) -> Drawn:
    value, lower, upper = columns
    table = result.to_frame()
    weeks = alt.X(f"{WEEK}:O", title="Week since adopting, over", axis=alt.Axis(labelAngle=0))
    base = alt.Chart(table).encode(x=weeks)
    y = alt.Y(f"{value}:Q", title=title, axis=axis, scale=alt.Scale(zero=True))
    line = base.mark_line(point=True).encode(
        y=y, tooltip=[f"{name}:Q" for name in (WEEK, value, lower, upper, AT_RISK)]
    )
    spread = base.mark_rule(strokeWidth=2).encode(y=f"{lower}:Q", y2=f"{upper}:Q")
    panel = charting.layer(spread, line).properties(width=charting.WIDTH, height=220)
    below = base.mark_text(fontSize=10, color=charting.GREY).encode(
        x=alt.X(f"{WEEK}:O", axis=None), text=alt.Text(f"{AT_RISK}:Q", format=",")
    )
    below = below.properties(width=charting.WIDTH, height=16, title=_under("Adopters for whom that week is over"))
    return _told(result, alt.vconcat(panel, below, spacing=6), "Line chart of use by week since adopting")


def _under(text: str) -> alt.TitleParams:
    return alt.TitleParams(text, fontSize=10, offset=2)


def _curve(result: AdoptionResult) -> Drawn:
    curve = _thinned(result.curve())
    base = alt.Chart(curve).encode(x=alt.X(f"{DAYS}:Q", title="Days since becoming eligible"))
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
    layers = [band, line]
    if result.within is not None:
        window = alt.Chart(curve.head(1).assign(window=result.within.total_seconds() / 86_400))
        layers.append(window.mark_rule(strokeDash=[4, 3]).encode(x="window:Q"))
    upper = charting.layer(*layers).properties(width=charting.WIDTH, height=240)
    dashed = "" if result.within is None else f"; dashed: the window of {result.within.days} days"
    return charting.titled(
        alt.vconcat(upper, _at_risk(curve), spacing=6),
        _finding(result),
        f"Kaplan-Meier, {result.confidence:.0%} band{dashed}; {result.basis}",
        description=f"Curve of the share that adopted by days since becoming eligible. {_finding(result)}",
    )


def _at_risk(curve: pd.DataFrame) -> alt.Chart:
    """Write the number still at risk under the curve."""
    marks = curve.iloc[:: max(1, len(curve) // AT_RISK_MARKS)]
    words = alt.Chart(marks).mark_text(fontSize=10, color=charting.GREY, align="left")
    numbers: alt.Chart = words.encode(x=alt.X(f"{DAYS}:Q", axis=None), text=alt.Text(f"{AT_RISK}:Q", format=","))
    return numbers.properties(width=charting.WIDTH, height=16, title=_under("Not yet adopted and still observed"))


def _finding(result: AdoptionResult) -> str:
    soon = result.say_median()
    return f"Half of those who adopt do so within {soon}" if soon else "Nobody has adopted yet"


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Keep the curve small enough for a page: every row of a short one, evenly chosen rows of a long one."""
    every = max(1, len(curve) // MOST_POINTS)
    kept = curve.iloc[::every]
    return kept if len(curve) == 0 or kept.index[-1] == curve.index[-1] else curve.loc[[*kept.index, curve.index[-1]]]
