"""Adoption results -> charts. Reads columns; computes nothing but where things stand on the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.adoption.accounts import AdoptionAccounts
from pm_analytics.analyses.adoption.comparison import AdoptionComparison, AdoptionsResult
from pm_analytics.analyses.adoption.matrix import MEANINGS, UsageMatrixResult
from pm_analytics.analyses.adoption.result import AdoptionResult
from pm_analytics.errors import ParameterError, did_you_mean
from pm_analytics.names import (
    ACCOUNTS,
    ADOPTED_SHARE,
    AT_RISK,
    BASE,
    CI_LOWER,
    CI_UPPER,
    DAYS,
    DAYS_CI_LOWER,
    DAYS_CI_UPPER,
    DENOMINATOR,
    FEATURE,
    KIND,
    MEAN_DAYS,
    MEAN_USES,
    MEASURE,
    QUADRANT,
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
    Box = tuple[float, float, float, float]
    Side = Literal["left", "center", "right"]
    Place = tuple[Side, int, int]

MOST_POINTS = 300
AT_RISK_MARKS = 8
DOT_ROW = 34
MATRIX_SIDE = 420
LABEL_HEIGHT, LETTER = 14, 6.4
LEAST_DAYS, DAY_TICKS = 0.9, (1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 100, 200, 300)
CORNERS = {
    "power": (4, 12),
    "core": (charting.WIDTH - 4, 12),
    "niche": (4, MATRIX_SIDE - 8),
    "one-off": (charting.WIDTH - 4, MATRIX_SIDE - 8),
}
# Where a label may stand beside its point, best first: alignment, and distance to the right and down.
PLACES: tuple[Place, ...] = (
    ("left", 9, 0), ("right", -9, 0), ("center", 0, -13), ("center", 0, 14), ("left", 9, 13), ("left", 9, -13),
    ("right", -9, -13), ("right", -9, 13), ("center", 0, -27), ("center", 0, 28), ("left", 9, -27), ("left", 9, 27),
    ("right", -9, -27), ("right", -9, 27), ("center", 0, -41), ("center", 0, 42),
)  # fmt: skip


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
        return {"matrix": _matrix}
    if isinstance(result, AdoptionComparison):
        return {"comparison": _comparison}
    if isinstance(result, AdoptionAccounts):
        return {"accounts": _segments, "spread": _spread}
    kinds: dict[str, dict[str, Any]] = {
        "denominators": {"denominators": _denominators},
        "segments": {"segments": _segments},
        "tars": {"tars": _tars},
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
    line = base.mark_line(point=True).encode(y=y, tooltip=[f"{name}:Q" for name in (WEEK, value, lower, upper, AT_RISK)])
    spread = base.mark_rule(strokeWidth=2).encode(y=f"{lower}:Q", y2=f"{upper}:Q")
    panel = charting.layer(spread, line).properties(width=charting.WIDTH, height=220)
    below = base.mark_text(fontSize=10, color=charting.GREY).encode(
        x=alt.X(f"{WEEK}:O", axis=None), text=alt.Text(f"{AT_RISK}:Q", format=",")
    )
    below = below.properties(width=charting.WIDTH, height=16, title=_under("Adopters for whom that week is over"))
    return _told(result, alt.vconcat(panel, below, spacing=6), "Line chart of use by week since adopting")


def _under(text: str) -> alt.TitleParams:
    return alt.TitleParams(text, fontSize=10, offset=2)


def _matrix(result: UsageMatrixResult) -> Drawn:
    """Draw features by breadth and frequency, the lines between the quadrants, and labels that keep clear."""
    table = result.to_frame().dropna(subset=MEAN_DAYS)
    frame = _Frame.around(table)
    # Days are drawn by ratio: most features are used on one to three days, and would lie on top of one another.
    days = alt.Scale(type="log", domain=[LEAST_DAYS, frame.top], nice=False)
    x = alt.X(f"{RATE}:Q", title=f"Share of active {result.counted}", axis=charting.PERCENT,
              scale=alt.Scale(domain=[0, frame.right], nice=False))  # fmt: skip
    y = alt.Y(f"{MEAN_DAYS}:Q", title="Mean days of use per user of it (each step is a ratio)", scale=days,
              axis=alt.Axis(grid=False, format="d", values=[day for day in DAY_TICKS if day < frame.top]))  # fmt: skip
    points = alt.Chart(table).encode(x=x, y=y)
    layers = [
        points.mark_rule(color=charting.LIGHT_GREY).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q"),
        points.transform_filter(f"isValid(datum.{DAYS_CI_LOWER})")
        .transform_calculate(low=f"max({LEAST_DAYS}, datum.{DAYS_CI_LOWER})")
        .mark_rule(color=charting.LIGHT_GREY)
        .encode(y="low:Q", y2=f"{DAYS_CI_UPPER}:Q"),
        points.mark_point(size=80, opacity=1).encode(
            tooltip=[
                f"{FEATURE}:N",
                alt.Tooltip(f"{RATE}:Q", format=".1%"),
                alt.Tooltip(f"{MEAN_DAYS}:Q", format=".2f"),
                f"{USERS}:Q",
                f"{QUADRANT}:N",
            ]
        ),
        *_labels(table, points, frame, result.split),
    ]
    if result.split is not None:
        layers = [*_quadrants(result.split), *layers]
    chart = charting.layer(*layers).properties(width=charting.WIDTH, height=MATRIX_SIDE)
    return _told(result, chart, "Scatter of features by share of users and days of use")


@dataclass(frozen=True, slots=True)
class _Frame:
    """The matrix on the page: the share at its right edge, and the days at its upper one."""

    right: float
    top: float

    @classmethod
    def around(cls, table: pd.DataFrame) -> _Frame:
        """Leave room for the widest interval and the names beside it."""
        if table.empty:
            return cls(1.0, 10.0)
        right, top = (float(table[list(pair)].max().max()) for pair in ((RATE, CI_UPPER), (MEAN_DAYS, DAYS_CI_UPPER)))
        return cls(min(1.0, 1.15 * right), 1.25 * max(top, 2.0))

    def place(self, rate: float, days: float) -> tuple[float, float]:
        """Give the point of the page, in pixels from the upper left corner."""
        up = math.log(max(days, LEAST_DAYS) / LEAST_DAYS) / math.log(self.top / LEAST_DAYS)
        return rate / self.right * charting.WIDTH, MATRIX_SIDE * (1 - up)


def _quadrants(split: tuple[float, float]) -> list[alt.Chart]:
    """Draw the lines between the quadrants, and name each in its corner."""
    lines = alt.Chart(pd.DataFrame({RATE: [split[0]], MEAN_DAYS: [max(split[1], LEAST_DAYS)]}))
    named = [
        alt.Chart(pd.DataFrame({"said": [f"{name}: {MEANINGS[name]}"]}))
        .mark_text(align="left" if across < charting.WIDTH / 2 else "right", color=charting.GREY, fontStyle="italic")
        .encode(x=alt.value(across), y=alt.value(down), text="said:N")
        for name, (across, down) in CORNERS.items()
    ]
    dashed = lines.mark_rule(strokeDash=[4, 3], color=charting.GREY)
    return [dashed.encode(x=f"{RATE}:Q"), dashed.encode(y=f"{MEAN_DAYS}:Q"), *named]


def _labels(
    table: pd.DataFrame, points: alt.Chart, frame: _Frame, split: tuple[float, float] | None
) -> list[alt.Chart]:
    """Write each feature's name where it covers neither a point nor another name; one layer per place."""
    at = [frame.place(rate, days) for rate, days in zip(table[RATE], table[MEAN_DAYS], strict=True)]
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in at]
    if split is not None:
        taken += [_box(across, down, 150, ("left" if across < charting.WIDTH / 2 else "right", 0, 0))
                  for across, down in CORNERS.values()]  # fmt: skip
    chosen = []
    for (x, y), name in zip(at, table[FEATURE], strict=True):
        boxes = [_box(x, y, len(name) * LETTER, place) for place in PLACES]
        clashes = [_clashes(box, taken) for box in boxes]
        best = clashes.index(min(clashes))
        taken.append(boxes[best])
        chosen.append(best)
    kept = table.assign(place=chosen)
    return [
        points.properties(data=part)
        .mark_text(align=PLACES[place][0], dx=PLACES[place][1], dy=PLACES[place][2])
        .encode(text=f"{FEATURE}:N")
        for place, part in ((int(str(place)), part) for place, part in kept.groupby("place"))
    ]


def _box(x: float, y: float, width: float, place: Place) -> Box:
    align, across, down = place
    left = {"left": x + across, "right": x + across - width, "center": x - width / 2}[align]
    return left, y + down - LABEL_HEIGHT / 2, left + width, y + down + LABEL_HEIGHT / 2


def _clashes(box: Box, taken: list[Box]) -> float:
    """Measure the area that a label would cover; beyond the edge of the chart is worst."""
    left, up, right, down = box
    outside = left < 0 or right > charting.WIDTH or up < 0 or down > MATRIX_SIDE
    covered = sum(
        max(0.0, min(right, b[2]) - max(left, b[0])) * max(0.0, min(down, b[3]) - max(up, b[1])) for b in taken
    )
    return covered + 1e6 * outside


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
