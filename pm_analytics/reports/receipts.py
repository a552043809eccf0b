"""The report for machines: taken out of the executed notebook, published beside the page."""

from __future__ import annotations

import json
from typing import Any

MIME = "application/vnd.pm-analytics.report+json"
"""How a notebook carries it; ``readout.receipt()`` shows itself so."""


def receipt_in(notebook: dict[str, Any]) -> dict[str, Any] | None:
    """Find what a notebook says for machines; None when it says nothing."""
    for cell in reversed(notebook.get("cells", [])):
        for output in reversed(cell.get("outputs", [])):
            found = output.get("data", {}).get(MIME)
            if isinstance(found, dict):
                return found
    return None


def receipt_file(notebook: dict[str, Any], run_id: str) -> bytes | None:
    """Write it as a file, with the run that made it; None when there is none."""
    found = receipt_in(notebook)
    if found is None:
        return None
    return json.dumps({"run_id": run_id, **found}, indent=2, ensure_ascii=False).encode()
