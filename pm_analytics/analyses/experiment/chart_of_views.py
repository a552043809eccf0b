"""Views of an experiment -> charts. Read columns; compute nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from pm_analytics import charting
from pm_analytics.analyses.experiment.expecting import say_chance
from pm_analytics.analyses.experiment.steps import OF_STEP
from pm_analytics.names import (
    CHANCE_TO_WIN,
    CI_LOWER,
    CI_UPPER,
    CONTROL_USERS,
    CONVERTED_SHARE,
    DAY,
    DAYS_SINCE,
    DIFFERENCE,
    ERROR,
    EXPECTED_CI_LOWER,
    EXPECTED_CI_UPPER,
    EXPECTED_DIFFERENCE,
    METRIC,
    PER_YEAR,
    PERIOD,
    SAFE_CI_LOWER,
    SAFE_CI_UPPER,
    SEGMENT,
    STATUS,
    STEP,
    STEP_NUMBER,
    VARIANT,
    VARIANT_USERS,
    WAY,
)

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment.alternatives import Alternatives
    from pm_analytics.analyses.experiment.days import EffectByDay
    from pm_analytics.analyses.experiment.expecting import BusinessImpact, Expectation
    from pm_analytics.analyses.experiment.novelty import EffectSinceExposure
    from pm_analytics.analyses.experiment.segments import ExperimentSegments
    from pm_analytics.analyses.experiment.steps import StepEffects, WaitingCurves

ROW = 34
TICKS = 7
"""About so many numbers on an axis: they do not run into each other."""
BARS_AND_BAND = "Bars: interval of a single reading. Shaded: band that stays right however often one looks."
SHARES = {"conversion", "funnel"}


def nothing(view: Any) -> Any:  # noqa: ANN401
    """Draw an empty field with the sentence that says why."""
    empty = alt.Chart(pd.DataFrame({"said": ["nothing to show yet"]})).mark_text(color=charting.GREY)
    chart = empty.encode(text="said:N").properties(height=2 * ROW, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"Nothing to show. {view.summary()}")


def segments(view: ExperimentSegments) -> Any:  # noqa: ANN401 - one of Altair's charts
    """Draw the effect in each segment, raw and pulled towards the common one."""
    table = _rows(view)
    table["label"] = table[SEGMENT] + _several(table, METRIC) + _several(table, VARIANT)
    base = alt.Chart(table).encode(y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    raw = base.mark_rule(color=charting.LIGHT_GREY, strokeWidth=2).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    spots = base.mark_point(color=charting.LIGHT_GREY, size=60, filled=False).encode(
        x=f"{DIFFERENCE}:Q",
        tooltip=[SEGMENT, VARIANT, CONTROL_USERS, VARIANT_USERS, alt.Tooltip(DIFFERENCE, format="+.4g"), STATUS],
    )
    pulled = base.mark_rule(strokeWidth=4, color=charting.BLUE, yOffset=6).encode(
        x=alt.X(
            f"{EXPECTED_CI_LOWER}:Q",
            title=_title(view, "Difference: as seen (open), and to expect (blue)"),
            axis=_axis(view),
        ),
        x2=f"{EXPECTED_CI_UPPER}:Q",
    )
    points = base.mark_point(size=80, color=charting.BLUE, yOffset=6).encode(x=f"{EXPECTED_DIFFERENCE}:Q")
    chart = charting.layer(_zero(), raw, spots, pulled, points).properties(
        height=ROW * len(table) + 20, width=charting.WIDTH
    )
    return charting.titled(
        chart, view.headline(), view.basis, description=f"Effect by {view.segment}. {view.summary()}"
    )


def days(view: EffectByDay) -> Any:  # noqa: ANN401
    """Draw the effect over the days: the plain interval inside the band that allows looking."""
    table = _rows(view)
    table[DAY] = pd.to_datetime(table[DAY])
    x = alt.X(f"{DAY}:T", title=None, axis=alt.Axis(format="%d %b", tickCount="day" if len(table) < 15 else 10))
    y = alt.Y(f"{DIFFERENCE}:Q", title=_title(view, "Difference, variant minus control"), axis=_axis(view))
    base = alt.Chart(table).encode(x=x, color=_variants(table))
    band = base.mark_area(opacity=0.14).encode(y=f"{SAFE_CI_LOWER}:Q", y2=f"{SAFE_CI_UPPER}:Q")
    plain = base.mark_rule(strokeWidth=2, opacity=0.7).encode(y=f"{CI_LOWER}:Q", y2=f"{CI_UPPER}:Q")
    shown = [
        DAY, VARIANT, CONTROL_USERS, VARIANT_USERS,
        *(alt.Tooltip(column, format="+.4g") for column in (DIFFERENCE, CI_LOWER, CI_UPPER)),
    ]  # fmt: skip
    line = base.mark_line(point=True).encode(y=y, tooltip=shown)
    layers = (
        [_zero("y"), band, plain, line]
        if view.cumulative
        else [_zero("y"), plain, base.mark_point(size=60).encode(y=y, tooltip=shown)]
    )
    chart = charting.layer(*layers).properties(height=charting.HEIGHT, width=charting.WIDTH)
    note = BARS_AND_BAND if view.cumulative else "By day of exposure, each day alone."
    return charting.titled(
        chart, view.summary(), f"{note} {view.basis}", description=f"Effect over time. {view.summary()}"
    )


def novelty(view: EffectSinceExposure) -> Any:  # noqa: ANN401
    """Draw the effect by days since exposure, with the line through it."""
    table = _rows(view)
    lines = pd.DataFrame(
        [
            {VARIANT: variant, DAYS_SINCE: day, DIFFERENCE: value}
            for variant, found in view.trends.items()
            if not found.reason
            for day, value in zip(_ends_of_line(table, variant), (found.start, found.end), strict=True)
        ],
        columns=[VARIANT, DAYS_SINCE, DIFFERENCE],
    )
    x = alt.X(f"{DAYS_SINCE}:Q", title="Days since exposure", axis=alt.Axis(tickMinStep=1))
    y = alt.Y(f"{DIFFERENCE}:Q", title=_title(view, "Difference on that day"), axis=_axis(view))
    base = alt.Chart(table).encode(x=x, color=_variants(table))
    spread = base.mark_rule(opacity=0.5).encode(y=f"{CI_LOWER}:Q", y2=f"{CI_UPPER}:Q")
    points = base.mark_point(size=60).encode(y=y, tooltip=[VARIANT, DAYS_SINCE, alt.Tooltip(DIFFERENCE, format="+.4g")])
    line = alt.Chart(lines).mark_line(strokeDash=[6, 3]).encode(x=x, y=f"{DIFFERENCE}:Q", color=_variants(table))
    chart = charting.layer(_zero("y"), spread, points, line).properties(height=charting.HEIGHT, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"Effect since exposure. {view.summary()}")


def _ends_of_line(table: pd.DataFrame, variant: str) -> tuple[int, int]:
    """Find the first and the last day that the line goes through: those whose effect has an error."""
    days = table.loc[(table[VARIANT] == variant) & (table[ERROR] > 0), DAYS_SINCE]
    return int(days.min()), int(days.max())


def steps(view: StepEffects) -> Any:  # noqa: ANN401
    """Draw the effect on each step, given the step before."""
    table = _rows(view)
    table = table[table[WAY] == OF_STEP].assign(label=lambda t: t[STEP_NUMBER].astype(str) + ". " + t[STEP])
    return _forest(view, table, f"Difference {OF_STEP}")


def alternatives(view: Alternatives) -> Any:  # noqa: ANN401
    """Draw the relative effects computed in every way."""
    table = _rows(view).assign(label=lambda t: t[METRIC] + _several(t, VARIANT) + ": " + t[WAY])
    base = alt.Chart(table).encode(y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)))
    x = alt.X("lift:Q", axis=alt.Axis(format="+.0%", tickCount=TICKS), title="Relative change against control")
    spread = base.mark_rule(strokeWidth=3, color=charting.BLUE).encode(x="lift_ci_lower:Q", x2="lift_ci_upper:Q")
    chart = charting.layer(_zero(), spread, base.mark_point(size=80).encode(x=x))
    chart = chart.properties(height=ROW * len(table) + 20, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"Other ways. {view.summary()}")


def expectation(view: Expectation) -> Any:  # noqa: ANN401
    """Draw what was seen beside what to expect."""
    table = _rows(view)
    table = table.assign(
        label=table[METRIC] + _several(table, VARIANT),
        said=[f"{say_chance(chance)} likely better" for chance in table[CHANCE_TO_WIN]],
    )
    base = alt.Chart(table).encode(y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    x = alt.X(
        f"{EXPECTED_DIFFERENCE}:Q", title=_title(view, "Difference: to expect (blue), as seen (open)"), axis=_axis(view)
    )
    spread = base.mark_rule(strokeWidth=4, color=charting.BLUE).encode(
        x=f"{EXPECTED_CI_LOWER}:Q", x2=f"{EXPECTED_CI_UPPER}:Q"
    )
    points = base.mark_point(size=90).encode(x=x)
    seen = base.mark_point(size=90, filled=False, color=charting.GREY).encode(x=f"{DIFFERENCE}:Q")
    chart = charting.layer(_zero(), spread, points, seen, charting.row_words(base, "said"))
    chart = chart.properties(height=46 * len(table) + 20, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"What to expect. {view.summary()}")


def business(view: BusinessImpact) -> Any:  # noqa: ANN401
    """Draw the effect per year with its interval."""
    table = _rows(view)
    table = table.assign(label=table[METRIC] + _several(table, VARIANT))
    base = alt.Chart(table).encode(y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    spread = base.mark_rule(strokeWidth=4, color=charting.BLUE).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    x = alt.X(f"{PER_YEAR}:Q", title="Change per year", axis=alt.Axis(format="+,.0f", tickCount=TICKS))
    chart = charting.layer(_zero(), spread, base.mark_point(size=90).encode(x=x))
    chart = chart.properties(height=46 * len(table) + 20, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"Effect per year. {view.summary()}")


def curves(view: WaitingCurves) -> Any:  # noqa: ANN401
    """Draw who did it by when, per variant."""
    table = _rows(view)
    base = alt.Chart(table).encode(
        x=alt.X(f"{DAYS_SINCE}:Q", title="Days since exposure"), color=alt.Color(f"{VARIANT}:N", title=None)
    )
    band = base.mark_area(opacity=0.15, interpolate="step-after").encode(y=f"{CI_LOWER}:Q", y2=f"{CI_UPPER}:Q")
    y = alt.Y(f"{CONVERTED_SHARE}:Q", axis=charting.PERCENT, title="Share that has done it")
    line = base.mark_line(interpolate="step-after").encode(y=y)
    chart = charting.layer(band, line).properties(height=charting.HEIGHT, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"Waiting curves. {view.summary()}")


def overlap(view: Any) -> Any:  # noqa: ANN401
    """Draw the effect with the other experiment off and on."""
    return _forest(view, _rows(view).assign(label=lambda t: t[SEGMENT], status=""), "Effect of this experiment")


def switchback(view: Any) -> Any:  # noqa: ANN401
    """Draw the value of each period, by variant."""
    table = view.to_frame()
    base = alt.Chart(table).encode(x=alt.X(f"{PERIOD}:T", title=None), color=alt.Color(f"{VARIANT}:N", title=None))
    points = base.mark_point(size=60).encode(y=alt.Y("value:Q", title="Value per unit in the period"))
    chart = charting.layer(points).properties(height=charting.HEIGHT, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"Periods by variant. {view.summary()}")


def _forest(view: Any, table: pd.DataFrame, title: str) -> Any:  # noqa: ANN401
    table = table.assign(label=table["label"] + _several(table, VARIANT))
    base = alt.Chart(table).encode(y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    spread = base.mark_rule(strokeWidth=3, color=charting.BLUE).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    x = alt.X(f"{DIFFERENCE}:Q", title=_title(view, title), axis=_axis(view))
    points = base.mark_point(size=90).encode(x=x, tooltip=["label", alt.Tooltip(DIFFERENCE, format="+.4g"), STATUS])
    chart = charting.layer(_zero(), spread, points).properties(height=ROW * len(table) + 20, width=charting.WIDTH)
    return charting.titled(chart, view.headline(), view.basis, description=f"{title}. {view.summary()}")


def _rows(view: Any) -> pd.DataFrame:  # noqa: ANN401
    table: pd.DataFrame = view.to_frame()
    return table.drop(columns=[column for column in table.columns if column.startswith("_")])


def _several(table: pd.DataFrame, column: str) -> Any:  # noqa: ANN401
    """Name a column's value behind a label where there are several."""
    return " · " + table[column] if table[column].nunique() > 1 else ""


def _is_share(view: Any) -> bool:  # noqa: ANN401
    return bool(set(view.to_frame()["kind"]) <= SHARES)


def _axis(view: Any) -> alt.Axis:  # noqa: ANN401
    return alt.Axis(format="+.1%" if _is_share(view) else "+.3~g", tickCount=TICKS)


def _title(view: Any, title: str) -> str:  # noqa: ANN401
    return f"{title} (percentage points)" if _is_share(view) else title


def _zero(channel: str = "x") -> alt.Chart:
    mark = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=charting.INK, strokeDash=[3, 3])
    placed: alt.Chart = mark.encode(x="zero:Q") if channel == "x" else mark.encode(y="zero:Q")
    return placed


def _variants(table: pd.DataFrame) -> alt.Color:
    legend = alt.Legend() if table[VARIANT].nunique() > 1 else None
    return alt.Color(f"{VARIANT}:N", title=None, legend=legend)
