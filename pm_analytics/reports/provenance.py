"""What the foot of a page says about where it came from, and how to make it again."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pm_analytics.reports.parameters import REQUIRED, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pm_analytics.reports.library import Template
    from pm_analytics.reports.record import RunRecord


def provenance(record: RunRecord, template: Template) -> dict[str, Any]:
    """Give what the page's foot shows, as texts."""
    return {
        "template": record.template,
        "digest": record.template_sha256,
        "run_id": record.run_id,
        "made": said_moment(record.ended or record.started),
        "seconds": f"{record.seconds:.0f}",
        "versions": ", ".join(f"{name} {number}" for name, number in record.versions.items()),
        "package": record.versions.get("pm_analytics", ""),
        "parameters": [(name, said(value)) for name, value in record.parameters.items()],
        "inputs": [{**one, "size": f"{one['bytes']:,} bytes"} for one in record.inputs],
        "command": command(record, template),
    }


def said_moment(iso: str) -> str:
    """Say a time as people read it: '23 November 2026, 13:49 UTC'."""
    moment = datetime.fromisoformat(iso)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def said(value: object) -> str:
    """Write a value as the command line reads it back: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def command(record: RunRecord, template: Template) -> str:
    """Write the command that makes this page again; what equals a default is left out."""
    lines = [f"pm-analytics run {shlex.quote(record.template)}", *_options(record, template)]
    return " \\\n  ".join(lines)


def _options(record: RunRecord, template: Template) -> Iterator[str]:
    defaults = {parameter.name: parameter.default for parameter in parameters(template)}
    for name, value in record.parameters.items():
        if defaults.get(name, REQUIRED) != value:
            yield f"-p {shlex.quote(f'{name}={said(value)}')}"
