"""An experiment's result -> chart. Reads columns; computes nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.experiment import chart_of_views
from pm_analytics.analyses.experiment.chart_of_aa import aa_chart
from pm_analytics.analyses.experiment.chart_of_planning import planning_chart
from pm_analytics.analyses.experiment.plan import EXPLORATORY, GUARDRAIL, PRIMARY
from pm_analytics.analyses.experiment.wording import say_lift
from pm_analytics.asking import check_word
from pm_analytics.names import CHECK, EVIDENCE, LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, METRIC, ROLE, STATUS, VARIANT
from pm_analytics.results import records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pm_analytics.analyses.experiment.result import ExperimentResult

ROW_HEIGHT = 40
EFFECTS, GUARDRAILS, SPLIT = "effects", "guardrails", "split"
LIMIT = "limit"


def draw(result: Any, *, kind: str = EFFECTS) -> Any:  # noqa: ANN401 - each view its own chart
    """Draw an experiment, one of its views, how long one would take, or what it says when there is nothing to find.

    Parameters
    ----------
    result : ExperimentResult or a view of it
        What was found; when it is withheld, every kind shows the units per variant.
    kind : {"effects", "guardrails", "split"}
        Of the result itself: the relative effects with intervals; the guardrails against the harm that is tolerated;
        the units per variant against the plan.
    """
    view = VIEWS.get(type(result).__name__)
    if view is not None:
        return view(result) if len(result.to_frame()) else chart_of_views.nothing(result)
    check_word("kind", kind, (EFFECTS, GUARDRAILS, SPLIT))
    if not result.trusted or kind == SPLIT:
        return _split(result)
    return _guardrails(result) if kind == GUARDRAILS else _effects(result)


VIEWS: dict[str, Callable[[Any], Any]] = {
    "ExperimentSegments": chart_of_views.segments,
    "EffectByDay": chart_of_views.days,
    "EffectSinceExposure": chart_of_views.novelty,
    "StepEffects": chart_of_views.steps,
    "WaitingCurves": chart_of_views.curves,
    "Alternatives": chart_of_views.alternatives,
    "Expectation": chart_of_views.expectation,
    "BusinessImpact": chart_of_views.business,
    "ExperimentPlanning": planning_chart,
    "AATestResult": aa_chart,
    "OverlapResult": chart_of_views.overlap,
    "SwitchbackResult": chart_of_views.switchback,
}


def _effects(result: ExperimentResult) -> alt.LayerChart:
    rows = result.rows(PRIMARY) + result.rows(GUARDRAIL) + result.rows(EXPLORATORY)
    chart = _forest(rows, "Relative change against control")
    return charting.titled(
        chart, result.headline(), result.basis, description=f"Effects with intervals. {result.summary()}"
    )


def _guardrails(result: ExperimentResult) -> alt.LayerChart:
    """Draw each guardrail's change with the line that its interval must not cross."""
    metrics = {metric.name: metric for metric, _ in result.plan.metrics()}
    rows = result.rows(GUARDRAIL)
    for row in rows:
        metric = metrics[row[METRIC]]
        row[LIMIT] = (1 if metric.direction == "down" else -1) * (metric.max_harm or 0.0)
    said = "; ".join(f"{row[METRIC]}: {row[STATUS]}" for row in rows) or "The plan names no guardrail"
    limits = (
        alt.Chart(_labelled(rows))
        .mark_tick(color=charting.VERMILION, thickness=3, size=26)
        .encode(x=alt.X(f"{LIMIT}:Q"), y=alt.Y("label:N", sort=None))
    )
    chart = _forest(rows, "Relative change against control; the red line is the harm that is tolerated", limits)
    return charting.titled(chart, said, result.basis, description=f"Guardrails with their limits. {said}.")


def _forest(rows: Sequence[Mapping[str, Any]], title: str, *more: alt.Chart) -> alt.LayerChart:
    table = _labelled(rows)
    colours = alt.Color(
        f"{ROLE}:N",
        scale=alt.Scale(
            domain=[PRIMARY, GUARDRAIL, EXPLORATORY], range=[charting.BLUE, charting.GREY, charting.LIGHT_GREY]
        ),
        legend=alt.Legend() if len({row[ROLE] for row in rows}) > 1 else None,
    )
    base = alt.Chart(table).encode(y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    change = alt.X(f"{LIFT}:Q", axis=alt.Axis(format="+.0%"), title=title)
    spread = base.mark_rule(strokeWidth=3).encode(x=f"{LIFT_CI_LOWER}:Q", x2=f"{LIFT_CI_UPPER}:Q", color=colours)
    points = base.mark_point(size=90).encode(
        x=change,
        color=colours,
        tooltip=[METRIC, VARIANT, alt.Tooltip(LIFT, format="+.1%"), alt.Tooltip("said", title="In words"), STATUS],
    )
    words = charting.row_words(base, "said")
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=charting.INK, strokeDash=[3, 3]).encode(x="zero:Q")
    return charting.layer(zero, spread, points, words, *more).properties(
        height=ROW_HEIGHT * max(1, len(table)) + 20, width=charting.WIDTH
    )


def _labelled(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Name each row by its metric, and by its variant where there are several."""
    several = len({row[VARIANT] for row in rows}) > 1
    table = pd.DataFrame(list(rows))
    if table.empty:
        return pd.DataFrame(
            columns=[METRIC, ROLE, VARIANT, LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, STATUS, "label", "said"]
        )
    table["label"] = [f"{row[METRIC]} · {row[VARIANT]}" if several else row[METRIC] for row in rows]
    table["said"] = [_words(row) for row in records(table)]
    return table


def _words(row: Mapping[str, Any]) -> str:
    change = "no relative change" if math.isnan(row[LIFT_CI_LOWER]) else say_lift(row)
    return f"{change}: {row[STATUS]}"


def _split(result: ExperimentResult) -> alt.LayerChart:
    users = pd.DataFrame({VARIANT: list(result.users), "units": list(result.users.values())})
    base = alt.Chart(users).encode(y=alt.Y(f"{VARIANT}:N", title=None))
    colour = charting.BLUE if result.trusted else charting.VERMILION
    bars = base.mark_bar(color=colour, size=22).encode(x=alt.X("units:Q", title="Units analysed"))
    words = base.mark_text(align="left", dx=4).encode(x="units:Q", text=alt.Text("units:Q", format=","))
    chart = charting.layer(bars, words).properties(height=ROW_HEIGHT * len(users), width=charting.WIDTH)
    gate = result.gate()
    failed = gate.loc[gate[STATUS] == "failed"]
    title = f"No result: the check {', '.join(failed[CHECK])!r} failed" if len(failed) else "The split is as planned"
    evidence = " ".join(failed[EVIDENCE]) if len(failed) else str(gate[EVIDENCE].iloc[0])
    return charting.titled(chart, title, evidence, description=f"Units per variant. {result.summary()}")
