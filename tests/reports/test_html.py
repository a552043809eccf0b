"""The page as text; tests/browser opens it."""

import json
import re
from dataclasses import replace

import altair as alt
import pandas as pd
import pytest

from pm_analytics import charting
from pm_analytics.errors import ParameterError
from pm_analytics.reports import bundle
from pm_analytics.reports.figures import figure_of
from pm_analytics.reports.html import script_json, tidy_warnings, to_page
from pm_analytics.reports.library import find, read_notebook
from pm_analytics.reports.record import begin

ALT = "Bar chart of two steps: visit 100%, pay 31%."
NASTY = "</script><script>alert(1)</script><!-- "


@pytest.fixture
def template(tmp_path, write_template):
    write_template(tmp_path, "page", "# Launch & impact\n\nText.", "1", "# Second *title*", parameters="weeks: int = 6")
    return find("page", [tmp_path])


@pytest.fixture
def page_of(template):
    """Make a page whose code cell has the given outputs."""

    def make(*outputs, **changes):
        notebook = read_notebook(template.path)
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        code[-1]["outputs"] = list(outputs)
        record = replace(begin(template, {"weeks": 8}), status="ok", seconds=3.2, **changes)
        return to_page(notebook, record, template)

    return make


def output(data):
    return {"output_type": "display_data", "metadata": {}, "data": data}


def chart(label="visit"):
    rows = pd.DataFrame({"rate": [1, 0.31], "step": [label, "pay"], "day": pd.to_datetime(["2026-03-01"] * 2)})
    bars = alt.Chart(rows).mark_bar().encode(x="rate", y="step", tooltip="day")
    return charting.titled(bars, "A third pay", "Users of March", description=ALT)


def figures(page):
    return re.findall(r'<figure\b[^>]*class="chart".*?</figure>', page, re.DOTALL)


def test_one_document_with_one_heading_a_title_and_a_language(page_of):
    page = page_of(output({"text/html": "<h1>third</h1>"}))
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert len(re.findall(r"<h1\b", page)) == 1
    assert "<title>Launch &amp; impact</title>" in page
    assert "<h2>third</h2>" in page
    assert page.count("<main") == 1


def test_a_notebook_without_heading_gets_its_title(page_of, template):
    bare = replace(template, title="Numbers & more")
    notebook = {**read_notebook(template.path), "cells": []}
    page = to_page(notebook, begin(bare, {}), bare)
    assert "<h1>Numbers &amp; more</h1>" in page


def test_the_heading_says_which_launch_it_is(page_of):
    page = page_of(parameters={"launch_name": "Bulk <edit>"})
    assert "<title>Launch &amp; impact: Bulk &lt;edit&gt;</title>" in page
    assert "Launch &amp; impact: Bulk &lt;edit&gt;</h1>" in page
    assert "impact</h1>" in page_of(parameters={"launch_name": "launch & impact"})


def test_nothing_is_asked_of_the_network(page_of):
    page = page_of(output(charting.render(chart().to_dict())[0]))
    head = page[: page.index("<script>")]
    assert "default-src 'none'" in head
    assert not re.search(r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//", page)
    assert "require.min.js" not in page
    assert "MathJax" not in page


def test_a_chart_is_a_figure_with_its_words_and_its_numbers(page_of):
    page = page_of(output(charting.render(chart().to_dict())[0]))
    (figure,) = figures(page)
    assert f'aria-label="{ALT}"' in figure
    spec = json.loads(re.search(r'class="spec"[^>]*>(.*?)</script>', figure, re.DOTALL)[1])
    assert spec["description"] == ALT
    assert re.findall(r'<th scope="col">(.*?)</th>', figure) == ["step", "day", "rate"]
    assert "<td>2026-03-01</td>" in figure
    assert "<td>31.0%</td>" in figure
    assert page.count("vegaEmbed=") + page.count("vegaEmbed =") == 1, "the library is there once"


def test_a_page_without_charts_carries_no_library(page_of):
    page = page_of()
    assert len(page) < 40_000
    assert "VEGA_DEBUG" not in page


def test_a_label_cannot_break_out_of_its_script(page_of):
    page = page_of(output(charting.render(chart(NASTY).to_dict())[0]))
    assert "<script>alert(1)" not in page
    assert json.loads(script_json({"a": NASTY + "\u2028"})) == {"a": NASTY + "\u2028"}
    assert "<" not in script_json(NASTY)
    assert "\u2028" not in script_json("\u2028")


def test_a_spec_with_nan_is_refused_rather_than_written_as_broken_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json({"a": float("nan")})


def test_plain_altair_output_becomes_a_figure_too(page_of):
    plain = chart(NASTY).to_html(fullhtml=False, template="universal", output_div="altair-viz-1")
    page = page_of(output({"text/html": plain, "text/plain": "alt.Chart(...)"}))
    (figure,) = figures(page)
    assert ALT in figure
    assert "cdn.jsdelivr.net/npm/vega@" not in page
    assert "<script>alert(1)" not in page


def test_what_looks_like_altair_but_is_not_is_left_alone():
    assert figure_of(output({"text/html": "<div id='altair-viz-1'></div>"})) is None
    assert figure_of(output({"text/html": 'altair-viz- })({"a": '})) is None
    assert figure_of(output({"text/plain": "1"})) is None


def test_a_chart_of_many_rows_has_no_table():
    rows = pd.DataFrame({"x": range(51)})
    assert figure_of(output(charting.render(alt.Chart(rows).mark_bar().encode(x="x").to_dict())[0])).tables == ()


def test_code_is_folded_away_and_scripts_from_elsewhere_are_dropped(page_of):
    page = page_of(output({"text/html": '<script src="https://example.org/x.js"></script><b>kept</b>'}))
    assert page.count('<div class="code" hidden') == 2
    assert "Show the code" in page
    assert "example.org" not in page
    assert "<b>kept</b>" in page


def test_a_warning_is_shown_without_the_machine_it_was_made_on(page_of):
    text = "/home/someone/lib/x.py:12: PmAnalyticsWarning: Only 40 accounts.\n  warnings.warn(\n"
    assert tidy_warnings(text) == "Only 40 accounts.\n"
    page = page_of({"output_type": "stream", "name": "stderr", "text": text})
    assert "Only 40 accounts." in page
    assert "/home/someone" not in page


def test_the_foot_says_where_the_page_came_from_and_how_to_make_it_again(page_of, template):
    inputs = [{"parameter": "data", "file": "<events>.csv", "bytes": 1234, "sha256": "ab" * 32}]
    page = page_of(inputs=inputs, parameters={"weeks": 8, "name": "Bulk's edit", "steps": ["a", "b"]})
    foot = page[page.index("<footer") :]
    assert template.sha256 in foot
    assert "&lt;events&gt;.csv" in foot
    assert "1,234 bytes" in foot
    assert "pm-analytics run page" in foot
    assert "-p weeks=8" in foot


def test_the_command_leaves_out_defaults(page_of):
    assert "-p weeks" not in page_of(parameters={"weeks": 6})


def test_the_library_is_built_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(bundle, "cache_folder", lambda: tmp_path / "pm_analytics")
    first = bundle.javascript.__wrapped__()
    (kept,) = (tmp_path / "pm_analytics").iterdir()
    assert "</script" not in first
    kept.write_text("vegaEmbed /* kept */", encoding="utf-8")
    assert bundle.javascript.__wrapped__() == "vegaEmbed /* kept */"


def test_a_home_that_cannot_be_written_to_is_no_obstacle(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setattr(bundle, "cache_folder", lambda: blocked / "pm_analytics")
    monkeypatch.setattr("vl_convert.javascript_bundle", lambda *_, **__: "vegaEmbed")
    assert bundle.javascript.__wrapped__() == "vegaEmbed"


def test_a_chart_without_description_is_refused():
    with pytest.raises(ParameterError, match="at least 20 characters"):
        charting.titled(alt.Chart(), "A third pay", description="chart")


def test_the_renderer_shows_a_chart_live_and_in_words(monkeypatch):
    monkeypatch.delenv("PM_ANALYTICS_PNG", raising=False)
    data, _ = chart()._repr_mimebundle_()
    assert set(data) == {"application/vnd.vegalite.v5+json", "text/plain"}
    assert data["text/plain"] == f"[chart: {ALT}]"
    monkeypatch.setenv("PM_ANALYTICS_PNG", "1")
    data, metadata = chart()._repr_mimebundle_()
    assert data["image/png"].startswith("iVBOR")
    assert metadata["image/png"]["alt"] == ALT


def test_colours_of_the_house_pass_on_white():
    """WCAG 1.4.11 asks for 3:1 of anything that carries meaning."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    assert all(1.05 / (luminance(colour) + 0.05) >= 3 for colour in charting.PALETTE)
