"""One offline page from an executed notebook: live charts, folded code, provenance, not one request."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics.reports.bundle import javascript
from pm_analytics.reports.figures import figure_of
from pm_analytics.reports.provenance import provenance
from pm_analytics.reports.publish import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.reports.library import Template
    from pm_analytics.reports.record import RunRecord

PAGE_FOLDER = Path(__file__).parent / "page"
_HEADING = re.compile(r"<(/?)h1\b")
_FIRST_HEADING = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.DOTALL)
_SECTION = re.compile(r'<h2\b[^>]*\bid="([^"]+)"[^>]*>(.*?)</h2>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_ANCHOR = re.compile(r'<a class="anchor-link"[^>]*>.*?</a>')  # headings keep their ids, the ¶ goes
_REMOTE_SCRIPT = re.compile(r"<script\b[^>]*\bsrc\s*=[^>]*>\s*</script>", re.IGNORECASE)
_WARNING = re.compile(r"^\S[^\n]*?:\d+: (\w*Warning): (.*)\n(?:[ \t]+\S.*\n?)?", re.MULTILINE)
_SECTIONS_WORTH_A_LIST = 3


def to_page(notebook: dict[str, Any], record: RunRecord, template: Template) -> str:
    """Turn an executed notebook into one HTML file that needs nothing else.

    Parameters
    ----------
    notebook : dict
        As read from its file; without errors among its outputs.
    record : RunRecord
        The run, for the foot of the page.
    template : Template
        Gives the title if the notebook shows no heading, and the folder of its pictures.
    """
    content = _one_heading(_content(notebook, template.path.parent), template.title)
    content = _with_name(content, name_of(record.parameters))
    page: str = _shell().render(
        title=_text(_FIRST_HEADING.findall(content)[0]),
        content=content,
        sections=_sections(content),
        has_code=' class="code"' in content,
        provenance=provenance(record, template),
        style=(PAGE_FOLDER / "page.css").read_text(encoding="utf-8"),
        script=(PAGE_FOLDER / "page.js").read_text(encoding="utf-8"),
        **_vega(content),
    )
    return page


def _content(notebook: Mapping[str, Any], folder: Path) -> str:
    """Write the cells as HTML. Scripts from elsewhere are dropped: they could not load, and need not."""
    import nbformat
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name=PAGE_FOLDER.name,
        extra_template_basedirs=[str(PAGE_FOLDER.parent)],
        filters={"figure_of": figure_of, "script_json": script_json, "tidy_warnings": tidy_warnings},
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        embed_images=True,
    )
    node = nbformat.reads(json.dumps(notebook), as_version=4)
    body, _ = exporter.from_notebook_node(node, resources={"metadata": {"path": str(folder)}})
    return _REMOTE_SCRIPT.sub("", _ANCHOR.sub("", str(body)))


def script_json(value: object) -> str:
    """Write JSON for the inside of a ``<script>``: nothing in it can end the script or start a comment."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)  # ASCII, so U+2028 and U+2029 are escaped too
    return text.replace("<", "\\u003c")


def tidy_warnings(text: str) -> str:
    r"""Show a warning's sentence without the file, line and code it came from, which help no reader.

    Examples
    --------
    >>> print(tidy_warnings("/lib/x.py:3: UserWarning: Few users.\n  warn(x)\n"), end="")
    Few users.
    """
    return _WARNING.sub(lambda found: f"{found[2]}\n", text)


def _one_heading(content: str, title: str) -> str:
    """Keep exactly one h1: the first; later ones become h2, and a page without one gets its title."""
    first = _FIRST_HEADING.search(content)
    if first is None:
        return f"<h1>{html.escape(title)}</h1>\n{content}"
    return content[: first.end()] + _HEADING.sub(r"<\1h2", content[first.end() :])


def _with_name(content: str, name: str) -> str:
    """Add what was launched to the heading; a template's own heading is the same for every launch."""
    heading = _FIRST_HEADING.findall(content)[0]
    if not name or name.casefold() in _text(heading).casefold():
        return content
    return content.replace("</h1>", f": {html.escape(name)}</h1>", 1)


def _sections(content: str) -> list[tuple[str, str]]:
    found = [(html.unescape(anchor), _text(heading)) for anchor, heading in _SECTION.findall(content)]
    return found if len(found) >= _SECTIONS_WORTH_A_LIST else []


def _text(fragment: str) -> str:
    return html.unescape(_TAG.sub("", fragment)).strip()


def _vega(content: str) -> dict[str, str]:
    """Give the chart library to a page with charts, once, and tell Altair's own output that it is there."""
    if 'class="chart"' not in content and "vegaEmbed" not in content:
        return {"bundle": "", "versions": ""}
    from pm_analytics.charting import VEGA_VERSIONS

    return {"bundle": javascript(), "versions": script_json(VEGA_VERSIONS)}


@cache
def _shell() -> Any:  # noqa: ANN401 - a Jinja template
    from jinja2 import Environment, FileSystemLoader

    loader = FileSystemLoader(PAGE_FOLDER)
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "shell.html.j2"
    )
