"""The page as a stakeholder gets it: one file, opened by a browser that can reach nothing."""

import json
from dataclasses import replace

import altair as alt
import pandas as pd
import pytest

from pm_analytics import charting
from pm_analytics.reports.html import to_page
from pm_analytics.reports.library import Template
from pm_analytics.reports.record import begin
from pm_analytics.reports.runner import run_report

pytestmark = pytest.mark.browser

ALT = "Bar chart of two steps: visit 100%, pay 31%."
NASTY = "</script><script>window.broken = true</script>"
PLAIN = """import altair as alt, pandas as pd
alt.Chart(pd.DataFrame({"x": ["a </script>", "b"], "y": [1, 2]})).mark_bar().encode(x="x", y="y")"""


def chart(label="visit"):
    rows = pd.DataFrame({"step": [label, "pay"], "rate": [1, 0.31]})
    bars = alt.Chart(rows).mark_bar().encode(x=alt.X("rate", axis=charting.PERCENT), y="step", tooltip="rate")
    return charting.titled(bars, "A third pay", "Users of March", description=ALT)


def notebook_of(*outputs, code="draw()"):
    shown = [{"output_type": "display_data", "metadata": {}, "data": data} for data in outputs]
    cells = [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": "# A report\n\n## One\n\n## Two\n\n## Three",
        },
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "source": code,
            "execution_count": 1,
            "outputs": shown,
        },
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def write_page(tmp_path):
    """Write the page of a notebook with these outputs."""

    def write(*outputs):
        notebook = notebook_of(*outputs)
        source = tmp_path / "made.ipynb"
        source.write_text(json.dumps(notebook), encoding="utf-8")
        template = Template("made", source, "A report", "", "0" * 64)
        record = replace(begin(template, {"launch": "x"}), status="ok")
        path = tmp_path / "report.html"
        path.write_text(to_page(notebook, record, template), encoding="utf-8")
        return path

    return write


def test_every_chart_draws_and_nothing_is_asked_of_the_network(write_page, open_page):
    opened = open_page(write_page(charting.render(chart().to_dict())[0], charting.render(chart(NASTY).to_dict())[0]))
    assert opened.drawn() == ["yes", "yes"]
    assert (opened.requests, opened.problems) == ([], [])
    assert opened.page.locator("figure svg.marks").count() == 2
    assert opened.page.evaluate("window.broken") is None
    assert opened.page.locator("figure").first.get_attribute("aria-label") == ALT


def test_altair_output_of_any_kind_draws_offline(write_page, open_page):
    """Plain Altair loads its library from the network unless it finds it; here it finds it."""
    ours = chart(NASTY).to_html(fullhtml=False, template="universal", output_div="altair-viz-1")
    seeded = chart().to_html(fullhtml=False, template="universal", output_div="other")
    standard = chart().to_html(fullhtml=False, output_div="third")
    opened = open_page(write_page(*({"text/html": text} for text in (ours, seeded, standard))))
    assert opened.drawn() == ["yes"]
    opened.page.wait_for_function("document.querySelectorAll('svg.marks').length === 3", timeout=20_000)
    assert (opened.requests, opened.problems) == ([], [])
    assert opened.page.evaluate("window.broken") is None


def test_a_tooltip_shows_and_the_chart_can_be_saved(write_page, open_page):
    opened = open_page(write_page(charting.render(chart().to_dict())[0]))
    opened.drawn()
    opened.page.locator("figure .mark-rect path").first.hover()
    opened.page.wait_for_selector("#vg-tooltip-element.visible")
    opened.page.locator("figure").hover()
    opened.page.locator("figure .vega-embed summary").click()
    with opened.page.expect_download() as download:
        opened.page.get_by_text("Save as SVG").click()
    assert download.value.suggested_filename == "chart.svg"
    assert opened.problems == []


def test_code_is_folded_away_until_asked_for(write_page, open_page):
    opened = open_page(write_page())
    code = opened.page.locator(".code")
    assert not code.is_visible()
    opened.page.get_by_role("button", name="Show the code").click()
    assert code.is_visible()
    opened.page.get_by_role("button", name="Hide the code").click()
    assert not code.is_visible()


def test_sections_are_listed_and_lead_there(write_page, open_page):
    opened = open_page(write_page(), viewport={"width": 1400, "height": 500})
    opened.page.get_by_role("navigation").get_by_role("link", name="Three").click()
    assert opened.page.url.endswith("#Three")
    assert opened.page.locator("h1").count() == 1


def test_a_phone_gets_no_sideways_scrolling(write_page, open_page):
    wide = pd.DataFrame({f"a_rather_long_column_{i}": [i] for i in range(20)})
    page = write_page({"text/html": wide._repr_html_()}, charting.render(chart().to_dict())[0])
    opened = open_page(page, viewport={"width": 380, "height": 700})
    opened.drawn()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 380


def test_without_javascript_the_words_remain(write_page, open_page):
    opened = open_page(write_page(charting.render(chart().to_dict())[0]), java_script_enabled=False)
    assert opened.page.locator("figure noscript").inner_text() == ALT


def test_a_notebook_of_ones_own_with_plain_altair_runs_and_draws(tmp_path, open_page):
    """From a kernel to the browser: no house chart, no kernel spec of that name, the default renderer."""
    path = tmp_path / "own" / "own.ipynb"
    path.parent.mkdir()
    notebook = notebook_of(code=PLAIN)
    notebook["cells"][1].update(execution_count=None)
    notebook["metadata"] = {"kernelspec": {"name": "not_installed", "display_name": "x", "language": "python"}}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    run = run_report("own", into=tmp_path / "reports", templates=[tmp_path])
    opened = open_page(run.page)
    assert opened.drawn() == ["yes"]
    assert (opened.requests, opened.problems) == ([], [])
