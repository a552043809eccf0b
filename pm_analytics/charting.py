"""The house look of every chart, and the renderer that shows it live in JupyterLab and in offline pages.

Importing this module switches the theme and the renderer on. Only the rooms' ``chart`` modules and the
report page may import it, so that ``import pm_analytics`` never loads Altair.
"""

from __future__ import annotations

import base64
import math
import os
import sys
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypeVar

from pm_analytics.errors import ParameterError
from pm_analytics.names import CI_LOWER, CI_UPPER, USERS

# In a report kernel, jsonschema's optional format checker would cost two of the three seconds of Altair's
# import (it builds a grammar that no chart needs). A missing module is skipped. Elsewhere nothing is hidden.
_SLOW_OPTIONAL = "rfc3987_syntax"
_HIDE_SLOW = os.environ.get("PM_ANALYTICS_REPORT_KERNEL") == "1" and _SLOW_OPTIONAL not in sys.modules
if _HIDE_SLOW:
    sys.modules[_SLOW_OPTIONAL] = None  # type: ignore[assignment]
import altair as alt  # noqa: E402 - the lines above must come first

if _HIDE_SLOW:
    del sys.modules[_SLOW_OPTIONAL]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

# Okabe and Ito's colours that keep 3:1 contrast on white (WCAG 1.4.11); their orange and sky blue do not.
BLUE, VERMILION, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
INK, GREY, LIGHT_GREY, GRID = "#1A1A1A", "#595959", "#8C8C8C", "#E4E4E4"
PALETTE = (BLUE, VERMILION, GREEN, PINK, INK, LIGHT_GREY)

# vl-convert draws with DejaVu where nothing else is installed; the next are as wide, so no legend is clipped.
FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
WIDTH, HEIGHT = 600, 300
ROW_HEIGHT = 46
TITLE_WRAP, SUBTITLE_WRAP = 72, 96
SHORTEST_DESCRIPTION = 20

PERCENT = alt.Axis(format=".0%")

# What Altair's own notebook output asks for; the report page seeds these, so that it finds everything loaded.
VEGA_VERSIONS = {
    "vega_version": str(alt.VEGA_VERSION),
    "vegalite_version": str(alt.VEGALITE_VERSION),
    "vegaembed_version": str(alt.VEGAEMBED_VERSION),
}
VEGALITE_SHORT = ".".join(str(alt.VEGALITE_VERSION).split(".")[:2])

# JupyterLab 4 knows the Vega-Lite types up to v5, and draws a v6 specification under the v5 type as well.
_MIMES = {"vega-lite": "application/vnd.vegalite.v5+json", "vega": "application/vnd.vega.v5+json"}

Chart = TypeVar("Chart", alt.Chart, alt.LayerChart, alt.HConcatChart, alt.VConcatChart, alt.ConcatChart, alt.FacetChart)


def titled(chart: Chart, title: str, subtitle: str = "", *, description: str) -> Chart:
    """Give a chart its finding as title, its definition as subtitle, and its alternative text.

    Parameters
    ----------
    title : str
        The finding, as a sentence: "One in three eligible accounts adopted Bulk edit".
    subtitle : str
        What is drawn: unit, window, base. Both are wrapped, never cut.
    description : str
        What a person who cannot see the chart should know; at least 20 characters.

    Raises
    ------
    ParameterError
        The description is too short to tell anything.
    """
    if len(description.strip()) < SHORTEST_DESCRIPTION:
        raise ParameterError(
            f"The chart {title!r} needs a description of at least {SHORTEST_DESCRIPTION} characters, for "
            f"readers who cannot see it; say what is drawn and what it shows. Got {description!r}."
        )
    heading = alt.TitleParams(text=_lines(title, TITLE_WRAP), subtitle=_lines(subtitle, SUBTITLE_WRAP))
    return chart.properties(title=heading, description=description.strip())


def layer(*charts: alt.Chart) -> alt.LayerChart:
    """Draw charts over one another."""
    return alt.LayerChart(layer=list(charts))


def share_bars(
    table: pd.DataFrame, *, label: str, share: str, title: str, said: Sequence[str] | None = None
) -> alt.LayerChart:
    """Draw one bar per row, in order, with its interval, and its share and count in words.

    Parameters
    ----------
    table : DataFrame
        With the columns ``users``, ``ci_lower`` and ``ci_upper`` beside the two named.
    label, share : str
        Columns that name a row and give its share.
    title : str
        What the share is of.
    said : sequence of str, optional
        The words of each row, where share and count are not what is to be said.
    """
    pairs = zip(table[USERS], table[share], strict=True)
    rows = alt.Chart(table.assign(said=said or [say_bar(*pair) for pair in pairs])).encode(
        y=alt.Y(f"{label}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    )
    bars = rows.mark_bar(size=22).encode(
        x=alt.X(f"{share}:Q", axis=PERCENT, scale=alt.Scale(domain=[0, 1]), title=title),
        tooltip=[
            alt.Tooltip(label, title="What"),
            alt.Tooltip(USERS, title="Count", format=","),
            alt.Tooltip(share, title=title, format=".1%"),
            alt.Tooltip(CI_LOWER, title="Interval from", format=".1%"),
            alt.Tooltip(CI_UPPER, title="to", format=".1%"),
        ],
    )
    spread = rows.mark_rule(color=INK, strokeWidth=2).encode(x=f"{CI_LOWER}:Q", x2=f"{CI_UPPER}:Q")
    chart: alt.LayerChart = layer(bars, spread, row_words(rows, "said"))
    return chart.properties(height=ROW_HEIGHT * len(table), width=WIDTH)


def row_words(rows: alt.Chart, column: str) -> alt.Chart:
    """Write each row's numbers over its right end, where no bar or interval can hide them."""
    words = rows.mark_text(align="right", dx=-4, dy=-17, color=GREY)
    placed: alt.Chart = words.encode(x=alt.value(WIDTH), text=f"{column}:N")
    return placed


def say_bar(count: int, share: float) -> str:
    """Say what a bar stands for: its share and its count, or the count alone where there is no share."""
    return f"{count:,}" if math.isnan(share) else f"{share:.1%}  ({count:,})"


def _lines(text: str, width: int) -> list[str]:
    """Wrap, because Vega cuts or overflows long titles and never wraps them."""
    return [line for part in text.splitlines() for line in wrap(part, width)]


def theme() -> alt.theme.ThemeConfig:
    """Describe the house theme: quiet axes, no frame, titles on the left, colours that pass on white."""
    axis = {
        "domainColor": LIGHT_GREY,
        "gridColor": GRID,
        "labelColor": GREY,
        "labelFontSize": 11,
        "labelPadding": 4,
        "tickColor": LIGHT_GREY,
        "titleColor": GREY,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    }
    return alt.theme.ThemeConfig(
        config={
            "background": "white",
            "font": FONT,
            "padding": 6,
            "title": _title_style(),
            "axis": axis,  # type: ignore[typeddict-item]
            "axisX": {"grid": False},
            "axisY": {"domain": False, "ticks": False},
            "legend": _legend_style(),
            "header": {"labelColor": GREY, "labelFontSize": 11, "titleColor": GREY, "titleFontSize": 11},
            "range": {"category": list(PALETTE)},
            "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": HEIGHT},
            "bar": {"color": BLUE},
            "line": {"color": BLUE, "strokeWidth": 2.25},
            "area": {"color": BLUE, "opacity": 0.18},
            "point": {"color": BLUE, "filled": True, "size": 55},
            "rule": {"color": GREY},
            "text": {"color": INK, "fontSize": 11},
        }
    )


def _title_style() -> Any:  # noqa: ANN401 - one of Altair's many typed dictionaries
    return {
        "anchor": "start",
        "frame": "bounds",
        "color": INK,
        "fontSize": 15,
        "fontWeight": "bold",
        "lineHeight": 20,
        "offset": 14,
        "subtitleColor": GREY,
        "subtitleFontSize": 12,
        "subtitleLineHeight": 16,
        "subtitlePadding": 5,
    }


def _legend_style() -> Any:  # noqa: ANN401 - as above
    return {
        "labelColor": GREY,
        "labelFontSize": 11,
        "labelLimit": 320,
        "orient": "top",
        "symbolSize": 90,
        "title": None,
        "titleColor": GREY,
        "titleFontSize": 11,
    }


def alt_text(spec: Mapping[str, Any]) -> str:
    """Say what a chart shows: its description, else its title, else just that it is a chart."""
    title = spec.get("title") or ""
    text = title.get("text", "") if isinstance(title, dict) else title
    return str(spec.get("description") or (" ".join(text) if isinstance(text, list) else text) or "Chart")


def render(spec: dict[str, Any], **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Show a chart everywhere: live where Vega-Lite is known, a picture if asked for, and always in words.

    A picture (for GitHub and mail) costs a quarter of a second and 100 kB; ``PM_ANALYTICS_PNG=1`` adds it.
    """
    mode = "vega" if "/vega/v" in str(spec.get("$schema", "")) else "vega-lite"
    text = alt_text(spec)
    bundle: dict[str, Any] = {_MIMES[mode]: spec, "text/plain": f"[chart: {text}]"}
    if os.environ.get("PM_ANALYTICS_PNG") == "1":
        bundle["image/png"] = base64.b64encode(_png(spec, mode)).decode()
    return bundle, {"image/png": {"alt": text}} if "image/png" in bundle else {}


def _png(spec: dict[str, Any], mode: str) -> bytes:
    import vl_convert

    if mode == "vega":
        return bytes(vl_convert.vega_to_png(spec, scale=1.5))
    return bytes(vl_convert.vegalite_to_png(spec, vl_version=VEGALITE_SHORT, scale=1.5))


alt.theme.register("pm_analytics", enable=True)(theme)
alt.renderers.register("pm", render)
alt.renderers.enable("pm")
