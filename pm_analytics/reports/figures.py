"""Find the chart in a cell's output, whoever drew it, and what a reader who cannot see it gets instead."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pm_analytics.results import html_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

MOST_ROWS = 50
_MIME = re.compile(r"application/vnd\.(vega|vegalite)\.v\d+[+.]json")
_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)T00:00:00(?:\.0+)?Z?")
_MORE_THAN_A_TABLE_CELL = (dict, list)


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart of the page: specification, alternative text, a picture if there is one, its data as tables."""

    spec: dict[str, Any]
    alt: str
    png: str
    tables: tuple[str, ...]

    @property
    def mode(self) -> str:
        """The language of the specification, by its own word."""
        return "vega" if "/vega/v" in str(self.spec.get("$schema", "")) else "vega-lite"


def figure_of(output: Mapping[str, Any]) -> Figure | None:
    """Read the chart of an output: our bundle, another Vega-Lite bundle, or Altair's own HTML; else None."""
    data = output.get("data", {})
    spec = next((data[mime] for mime in data if _MIME.fullmatch(mime)), None) or _from_html(data)
    if not isinstance(spec, dict):
        return None
    from pm_analytics.charting import alt_text

    return Figure(spec, alt_text(spec), data.get("image/png", ""), tuple(_tables(spec)))


def _from_html(data: Mapping[str, Any]) -> object:
    """Take the specification out of the HTML that plain Altair writes.

    Altair does not escape it, so a label with ``</script>`` in it would end the page's script there.
    """
    page = str(data.get("text/html", ""))
    start = page.rfind('})({"')
    if "altair-viz-" not in page or start < 0:
        return None
    try:
        return json.JSONDecoder(parse_constant=lambda _: None).raw_decode(page, start + 3)[0]
    except ValueError:
        return None


def _tables(spec: Mapping[str, Any]) -> Iterator[str]:
    """Write the chart's data as tables, when it is small enough to be read."""
    import pandas as pd

    inline = spec.get("data") or {}
    values = inline.get("values") if isinstance(inline, dict) else None
    for rows in [*spec.get("datasets", {}).values(), values]:
        if isinstance(rows, list) and 0 < len(rows) <= MOST_ROWS and all(isinstance(row, dict) for row in rows):
            table = pd.DataFrame.from_records([_flat(row) for row in rows])
            if table.shape[1]:
                yield html_table(table[_words_first(table)])


def _words_first(table: pd.DataFrame) -> list[str]:
    """Put what names a row before its numbers; a notebook file has sorted its keys by the alphabet."""
    from pandas.api.types import is_numeric_dtype

    return sorted(table.columns, key=lambda column: is_numeric_dtype(table[column]))


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in row.items() if not isinstance(value, _MORE_THAN_A_TABLE_CELL)}


def _plain(value: object) -> object:
    """Show a day as a day: charts carry every date as a time."""
    whole_day = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    return whole_day[1] if whole_day else value
