"""Launch impact -> charts. Read columns; compute nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.asking import check_word
from pm_analytics.names import (
    ACTUAL,
    CI_LOWER,
    CI_UPPER,
    CUMULATIVE,
    CUMULATIVE_CI_LOWER,
    CUMULATIVE_CI_UPPER,
    DIFFERENCE,
    EXPECTED,
    EXPECTED_CI_LOWER,
    EXPECTED_CI_UPPER,
    LENGTH,
    LIFT,
    LIFT_CI_LOWER,
    LIFT_CI_UPPER,
    MDE,
    METRIC,
    MIX_PART,
    PERIOD,
    PHASE,
    RATE_PART,
    SEGMENT,
    STATUS,
    UNITS,
    WAY,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pm_analytics.analyses.impact.adopters import Adopters
    from pm_analytics.analyses.impact.breaks import Began
    from pm_analytics.analyses.impact.mix import Mix
    from pm_analytics.analyses.impact.planning import LaunchPlanning
    from pm_analytics.analyses.impact.result import ImpactResult
    from pm_analytics.analyses.impact.robustness import Robustness

KINDS = ("forecast", "cumulative", "placebos", "forest")
SHOWN_BEFORE = 4
"""Lengths of history that are drawn before the launch; all of it would leave no room for what is asked."""
ROW = 34


def draw(result: Any, *, kind: str = "forecast") -> Any:  # noqa: ANN401 - each view its own chart
    """Draw what was against what was expected, one of its views, or a plan.

    Parameters
    ----------
    result : ImpactResult, a view of it, or LaunchPlanning
        What is drawn.
    kind : {"forecast", "cumulative", "placebos", "forest"}
        Actual against expected with its band; the difference added up; the launch among fake launches; every metric's
        relative change.
    """
    view = VIEWS.get(type(result).__name__)
    if view is not None:
        return view(result)
    check_word("kind", kind, KINDS)
    return {"forecast": _forecast, "cumulative": _cumulative, "placebos": _placebos, "forest": _forest}[kind](result)


def _near(result: ImpactResult) -> pd.DataFrame:
    table = result.path()
    window = result.window
    table = table.iloc[max(0, window.before - SHOWN_BEFORE * window.after) :].copy()
    table[PERIOD] = pd.to_datetime(table[PERIOD])
    return table


def _launch_line(result: ImpactResult) -> list[alt.Chart]:
    at = pd.DataFrame({PERIOD: [pd.Timestamp(result.window.timeline.start(result.window.before))], "said": ["launch"]})
    base = alt.Chart(at).encode(x=alt.X(f"{PERIOD}:T", title=None))
    words = base.mark_text(align="left", dx=4, dy=4, baseline="top", color=charting.INK)
    return [base.mark_rule(color=charting.INK, strokeDash=[4, 3]), words.encode(text="said:N", y=alt.value(0))]


def _forecast(result: ImpactResult) -> Any:  # noqa: ANN401
    table = _near(result)
    name = result.primary.subject.metric
    base = alt.Chart(table).encode(x=alt.X(f"{PERIOD}:T", title=None))
    scale = alt.Scale(zero=False)
    band = (
        base.transform_filter(alt.datum[PHASE] != "before")
        .mark_area(opacity=0.25, color=charting.BLUE)
        .encode(y=alt.Y(f"{EXPECTED_CI_LOWER}:Q", title=name, scale=scale), y2=f"{EXPECTED_CI_UPPER}:Q")
    )
    expected = base.mark_line(color=charting.BLUE, strokeDash=[5, 3], strokeWidth=1.5).encode(
        y=alt.Y(f"{EXPECTED}:Q", scale=scale)
    )
    counted = base.transform_filter(alt.datum[PHASE] != "left out")
    actual = counted.mark_line(color=charting.INK, strokeWidth=1.5).encode(
        y=alt.Y(f"{ACTUAL}:Q", scale=scale),
        tooltip=[
            alt.Tooltip(PERIOD, type="temporal", title="From"),
            alt.Tooltip(ACTUAL, format=",.4g", title="Actual"),
            alt.Tooltip(EXPECTED, format=",.4g", title="Expected"),
            alt.Tooltip(DIFFERENCE, format="+,.4g", title="Difference"),
        ],
    )
    lost = base.transform_filter(alt.datum[PHASE] == "left out")
    skipped = lost.mark_point(color=charting.LIGHT_GREY, shape="cross", size=30).encode(
        y=alt.Y(f"{ACTUAL}:Q", scale=scale)
    )
    chart = charting.layer(band, expected, actual, skipped, *_launch_line(result))
    chart = chart.properties(width=charting.WIDTH, height=charting.HEIGHT)
    words = f"Black: actual. Dashed blue: expected, with the interval of a single {result.window.timeline.step}."
    return charting.titled(
        chart,
        result.headline(),
        f"{words} {result.basis}",
        description=f"Line chart of {name} against its forecast around the launch. {result.summary()}",
    )


def _cumulative(result: ImpactResult) -> Any:  # noqa: ANN401
    table = _near(result)
    table = table[table[CUMULATIVE].notna()]
    base = alt.Chart(table).encode(x=alt.X(f"{PERIOD}:T", title=None))
    name = result.primary.subject.metric
    band = base.mark_area(opacity=0.25, color=charting.BLUE).encode(
        y=alt.Y(f"{CUMULATIVE_CI_LOWER}:Q", title=f"{name}, actual minus expected, added up"),
        y2=f"{CUMULATIVE_CI_UPPER}:Q",
    )
    line = base.mark_line(color=charting.BLUE, strokeWidth=2).encode(y=f"{CUMULATIVE}:Q")
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=charting.GREY).encode(y="y:Q")
    chart = charting.layer(band, line, zero).properties(width=charting.WIDTH, height=charting.HEIGHT)
    return charting.titled(
        chart,
        f"{name} since the launch, added up",
        f"Band: {result.question.confidence:.0%} interval at each time. {result.basis}",
        description=f"Line of the cumulative difference since the launch, with its interval. {result.summary()}",
    )


def _placebos(result: ImpactResult) -> Any:  # noqa: ANN401
    table = result.placebos()
    if len(table) < 2:
        return _nothing(result, "no fake launches")
    table[PERIOD] = pd.to_datetime(table[PERIOD])
    shades = alt.Scale(domain=["fake launch", "launch"], range=[charting.LIGHT_GREY, charting.VERMILION])
    base = alt.Chart(table).encode(
        x=alt.X(f"{PERIOD}:T", title=None),
        y=alt.Y(f"{DIFFERENCE}:Q", title="Actual minus expected, per period"),
        color=alt.Color(f"{PHASE}:N", scale=shades, title=None),
        tooltip=[alt.Tooltip(PERIOD, type="temporal"), PHASE, alt.Tooltip(DIFFERENCE, format="+,.4g")],
    )
    stems = base.mark_rule().encode(y2=alt.datum(0))
    dots = base.mark_point(filled=True, size=70)
    chart = charting.layer(stems, dots).properties(width=charting.WIDTH, height=charting.HEIGHT - 80)
    each = result.primary
    title = f"{each.larger} of {each.trials} ordinary dates moved as much as the launch did"
    return charting.titled(
        chart,
        title,
        f"Each grey dot: the same forecast from a date without a launch. {result.basis}",
        description=f"Dots of fake launches and the launch. {title}. {result.summary()}",
    )


def _forest(result: ImpactResult) -> Any:  # noqa: ANN401
    table = result.to_frame()
    table = table[table[LIFT_CI_LOWER].notna()]
    if table.empty:
        return _nothing(result, "no metric can be judged")
    return charting.titled(
        _intervals(table, METRIC),
        f"Change against what was expected, by metric: {result.primary.subject.metric} first",
        result.basis,
        description=f"Intervals of the relative change of {len(table)} metrics. {result.summary()}",
    )


def _intervals(table: pd.DataFrame, label: str) -> alt.LayerChart:
    base = alt.Chart(table).encode(y=alt.Y(f"{label}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    rule = base.mark_rule(strokeWidth=3, color=charting.BLUE).encode(
        x=alt.X(f"{LIFT_CI_LOWER}:Q", title="Relative to expected", axis=charting.PERCENT), x2=f"{LIFT_CI_UPPER}:Q"
    )
    dots = base.mark_point(filled=True, size=80, color=charting.BLUE).encode(
        x=f"{LIFT}:Q",
        tooltip=[
            label,
            alt.Tooltip(LIFT, format="+.1%"),
            alt.Tooltip(LIFT_CI_LOWER, format="+.1%"),
            alt.Tooltip(LIFT_CI_UPPER, format="+.1%"),
            STATUS,
        ],
    )
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=charting.GREY).encode(x="x:Q")
    chart: alt.LayerChart = charting.layer(zero, rule, dots).properties(
        width=charting.WIDTH - 120, height=ROW * len(table)
    )
    return chart


def _robustness(view: Robustness) -> Any:  # noqa: ANN401
    """Draw every way of asking under one another."""
    table = view.to_frame()
    table = table[table[LIFT_CI_LOWER].notna()]
    if table.empty:
        return _nothing(view, "no way of asking gives an interval")
    return charting.titled(
        _intervals(table, WAY), view.headline(), view.basis, description=f"Intervals by way of asking. {view.summary()}"
    )


def _plan(plan: LaunchPlanning) -> Any:  # noqa: ANN401
    """Draw the smallest visible change against the time after the launch."""
    table = plan.to_frame()
    table = table[[LENGTH, MDE]][table[MDE].notna()]
    if table.empty:
        return _nothing(plan, "the history is too short")
    base = alt.Chart(table).encode(
        x=alt.X(
            f"{LENGTH}:Q", title=f"{plan.timeline.step.capitalize()}s after the launch", scale=alt.Scale(zero=True)
        ),
        y=alt.Y(f"{MDE}:Q", title="Smallest change found in 8 of 10 cases", axis=charting.PERCENT),
        tooltip=[LENGTH, alt.Tooltip(MDE, format=".1%")],
    )
    chart = charting.layer(
        base.mark_line(color=charting.BLUE), base.mark_point(filled=True, size=80, color=charting.BLUE)
    )
    return charting.titled(
        chart.properties(width=charting.WIDTH, height=charting.HEIGHT),
        f"{plan.metric}: what a launch must move to be seen",
        plan.basis,
        description=plan.summary(),
    )


def _nothing(view: Any, why: str) -> Any:  # noqa: ANN401
    empty = alt.Chart(pd.DataFrame({"said": [why]})).mark_text(color=charting.GREY)
    chart = empty.encode(text="said:N").properties(height=2 * ROW, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"Nothing to show. {view.summary()}")


def _began(view: Began) -> Any:  # noqa: ANN401
    table = view.to_frame()
    table[PERIOD] = pd.to_datetime(table[PERIOD])
    base = alt.Chart(table).encode(x=alt.X(f"{PERIOD}:T", title=None))
    line = base.mark_line(color=charting.INK).encode(y=alt.Y(f"{DIFFERENCE}:Q", title="What the forecast leaves"))
    days = [(view.launch, "launch", charting.INK), (view.day, "change", charting.VERMILION)]
    marks = [
        alt.Chart(pd.DataFrame({PERIOD: [pd.Timestamp(day)], "said": [word]}))
        .mark_rule(color=colour, strokeDash=[4, 3])
        .encode(x=f"{PERIOD}:T", tooltip=["said"])
        for day, word, colour in days
        if day is not None
    ]
    chart = charting.layer(line, *marks).properties(width=charting.WIDTH, height=charting.HEIGHT - 80)
    return charting.titled(
        chart, view.headline(), view.basis, description=f"Line of what a forecast leaves. {view.summary()}"
    )


def _mix(view: Mix) -> Any:  # noqa: ANN401
    table = view.to_frame()
    parts = table.melt(SEGMENT, [RATE_PART, MIX_PART], var_name="said", value_name=DIFFERENCE)
    parts["said"] = parts["said"].map({RATE_PART: "what they do", MIX_PART: "who was there"})
    base = alt.Chart(parts).encode(y=alt.Y(f"{SEGMENT}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    shades = alt.Scale(domain=["what they do", "who was there"], range=[charting.BLUE, charting.LIGHT_GREY])
    bars = base.mark_bar().encode(
        x=alt.X(f"{DIFFERENCE}:Q", title=f"Part of the change of {view.metric}"),
        color=alt.Color("said:N", scale=shades, title=None),
        tooltip=[SEGMENT, "said", alt.Tooltip(DIFFERENCE, format="+.4g")],
    )
    chart = bars.properties(width=charting.WIDTH - 120, height=ROW * len(table))
    return charting.titled(chart, view.headline(), view.basis, description=f"Bars of rate and mix. {view.summary()}")


def _adopters(view: Adopters) -> Any:  # noqa: ANN401
    table = view.to_frame()
    table = table[table[CI_LOWER].notna()]
    if table.empty:
        return _nothing(view, "nobody to compare with")
    base = alt.Chart(table).encode(y=alt.Y(f"{WAY}:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)))
    rule = base.mark_rule(strokeWidth=3, color=charting.LIGHT_GREY).encode(
        x=alt.X(f"{CI_LOWER}:Q", title="Difference per unit: description, not effect"), x2=f"{CI_UPPER}:Q"
    )
    dots = base.mark_point(filled=True, size=80, color=charting.GREY).encode(
        x=f"{DIFFERENCE}:Q", tooltip=[WAY, alt.Tooltip(DIFFERENCE, format="+.4g"), UNITS]
    )
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color=charting.GREY).encode(x="x:Q")
    chart = charting.layer(zero, rule, dots).properties(width=charting.WIDTH - 180, height=ROW * len(table))
    title = f"Adopters and others, {view.metric}: description, not effect"
    return charting.titled(chart, title, view.basis, description=f"Differences by way of comparing. {view.summary()}")


VIEWS: dict[str, Callable[[Any], Any]] = {
    "Robustness": _robustness,
    "LaunchPlanning": _plan,
    "Began": _began,
    "Mix": _mix,
    "Adopters": _adopters,
}
