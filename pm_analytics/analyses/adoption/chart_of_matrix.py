"""The usage matrix -> a chart whose names keep clear of each other. Computes only where things stand on the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Literal

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.adoption.matrix import MEANINGS, UsageMatrixResult
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    DAYS_CI_LOWER,
    DAYS_CI_UPPER,
    FEATURE,
    MEAN_DAYS,
    QUADRANT,
    RATE,
    USERS,
)

if TYPE_CHECKING:
    Box = tuple[float, float, float, float]
    Side = Literal["left", "center", "right"]
    Place = tuple[Side, int, int]

MATRIX_SIDE = 420
LABEL_HEIGHT, LETTER, ORDERS = 12, 6.4, 20
LEAST_DAYS, DAY_TICKS = 0.9, (1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 100, 200, 300)
CORNERS = {
    "power": (4, 12),
    "core": (charting.WIDTH - 4, 12),
    "niche": (4, MATRIX_SIDE - 8),
    "one-off": (charting.WIDTH - 4, MATRIX_SIDE - 8),
}
# Where a label may stand beside its point, best first: alignment, and distance to the right and down. From the ninth
# place on, it stands too far away to be told whose it is without a line.
FIRST_FAR = 8
PLACES: tuple[Place, ...] = (
    ("left", 9, 0), ("right", -9, 0), ("center", 0, -13), ("center", 0, 14), ("left", 9, 13), ("left", 9, -13),
    ("right", -9, -13), ("right", -9, 13), ("center", 0, -27), ("center", 0, 28), ("left", 9, -27), ("left", 9, 27),
    ("right", -9, -27), ("right", -9, 27), ("center", 0, -41), ("center", 0, 42),
)  # fmt: skip


def matrix_chart(result: UsageMatrixResult) -> alt.LayerChart:
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
    chart: alt.LayerChart = charting.layer(*layers).properties(width=charting.WIDTH, height=MATRIX_SIDE)
    return charting.titled(
        chart,
        result.headline(),
        result.basis,
        description=f"Scatter of features by share of users and days of use. {result.summary()}",
    )


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
    """Write each feature's name beside its point, one layer per place; a far one is tied to its point."""
    at = [frame.place(rate, days) for rate, days in zip(table[RATE], table[MEAN_DAYS], strict=True)]
    chosen = _places(at, [len(name) * LETTER for name in table[FEATURE]], split is not None)
    ties = [_tie(x, y, PLACES[place][2]) for (x, y), place in zip(at, chosen, strict=True) if place >= FIRST_FAR]
    kept = table.assign(place=chosen)
    names = [
        points.properties(data=part)
        .mark_text(align=PLACES[place][0], dx=PLACES[place][1], dy=PLACES[place][2])
        .encode(text=f"{FEATURE}:N")
        for place, part in ((int(str(place)), part) for place, part in kept.groupby("place"))
    ]
    return [*ties, *names]


def _places(at: list[tuple[float, float]], widths: list[float], corners: bool) -> list[int]:
    """Choose a place for each label, so that labels cover as little as can be: the best of some orders of choosing."""
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in at]
    if corners:
        sides: list[Side] = ["left" if across < charting.WIDTH / 2 else "right" for across, _ in CORNERS.values()]
        taken += [_box(*at, 150, (side, 0, 0)) for side, at in zip(sides, CORNERS.values(), strict=True)]
    boxes = [[_box(x, y, width, place) for place in PLACES] for (x, y), width in zip(at, widths, strict=True)]
    order, shuffle = list(range(len(at))), Random(0)  # noqa: S311 - no secret: the same chart each time
    tried = []
    for _ in range(ORDERS):
        tried.append(_placed(order, boxes, list(taken)))
        shuffle.shuffle(order)
    return min(tried, key=lambda one: one[0])[1]


def _placed(order: list[int], boxes: list[list[Box]], taken: list[Box]) -> tuple[float, list[int]]:
    """Place labels one after the other where each covers least; give what is covered, and the places."""
    total, chosen = 0.0, [0] * len(order)
    for label in order:
        costs = [_covered(box, taken) + place for place, box in enumerate(boxes[label])]
        chosen[label] = costs.index(min(costs))
        total += min(costs)
        taken.append(boxes[label][chosen[label]])
    return total, chosen


def _tie(x: float, y: float, down: int) -> alt.Chart:
    """Draw the short line from a point to a name that stands far above or below it."""
    near = LABEL_HEIGHT / 2 if down < 0 else -LABEL_HEIGHT / 2
    line: alt.Chart = alt.Chart(pd.DataFrame({"tie": [1]})).mark_rule(color=charting.LIGHT_GREY)
    return line.encode(x=alt.value(x), y=alt.value(y), y2=alt.value(y + down + near))


def _box(x: float, y: float, width: float, place: Place) -> Box:
    align, across, down = place
    left = {"left": x + across, "right": x + across - width, "center": x - width / 2}[align]
    return left, y + down - LABEL_HEIGHT / 2, left + width, y + down + LABEL_HEIGHT / 2


def _covered(box: Box, taken: list[Box]) -> float:
    """Measure the area that a label would cover; beyond the edge of the chart is worst."""
    left, up, right, down = box
    outside = left < 0 or right > charting.WIDTH or up < 0 or down > MATRIX_SIDE
    covered = sum(
        max(0.0, min(right, b[2]) - max(left, b[0])) * max(0.0, min(down, b[3]) - max(up, b[1])) for b in taken
    )
    return covered + 1e6 * outside
