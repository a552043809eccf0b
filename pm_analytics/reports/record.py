"""The record of one run: what was run, with what, on what, when, and how it ended."""

from __future__ import annotations

import hashlib
import json
import platform
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pm_analytics.reports.judge import Verdict
    from pm_analytics.reports.library import Template

LIBRARIES = (
    "altair",
    "duckdb",
    "ibis-framework",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "scipy",
    "statsmodels",
)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. Times are UTC in ISO text; ``status`` is ok, failed, timeout, killed or not_yet.

    Attributes
    ----------
    inputs : list of dict
        Parameter, file name, size and SHA-256 of every parameter that is the path of an existing file, as
        it was when the run began.
    files : dict
        Name and SHA-256 of what was published. A page beside a record with another digest is a torn
        publication.
    error : dict or None
        Message, and number of the cell.
    """

    run_id: str
    template: str
    template_sha256: str
    parameters: dict[str, Any]
    inputs: list[dict[str, Any]]
    started: str
    versions: dict[str, str]
    status: str = "running"
    ended: str = ""
    seconds: float = 0.0
    error: dict[str, Any] | None = None
    files: dict[str, str] = field(default_factory=dict)

    def ended_as(self, verdict: Verdict) -> RunRecord:
        """Close the record."""
        now = _now()
        error = {"message": verdict.message, "cell": verdict.cell} if verdict.message else None
        seconds = (now - datetime.fromisoformat(self.started)).total_seconds()
        return replace(self, status=verdict.status, ended=_said(now), seconds=round(seconds, 3), error=error)

    def with_files(self, files: Mapping[str, bytes]) -> RunRecord:
        """Add the digests of what is published."""
        return replace(self, files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()})

    def to_json(self, *, indent: int | None = 2) -> str:
        """Write it as JSON text."""
        return json.dumps(asdict(self), indent=indent, ensure_ascii=False)


def begin(template: Template, parameters: dict[str, Any]) -> RunRecord:
    """Open the record of a run that starts now."""
    now = _now()
    return RunRecord(
        run_id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        template=template.name,
        template_sha256=template.sha256,
        parameters=parameters,
        inputs=fingerprints(parameters),
        started=_said(now),
        versions=_versions(),
    )


def fingerprints(parameters: Mapping[str, object]) -> list[dict[str, Any]]:
    """Fingerprint the files that parameters point to."""
    return [
        {"parameter": name, "file": path.name, "bytes": path.stat().st_size, "sha256": _digest(path)}
        for name, value in parameters.items()
        if (path := _file(value)) is not None
    ]


def _file(value: object) -> Path | None:
    """Take a value for a path if there is such a file; text too long or too odd for a path is none."""
    try:
        path = Path(value) if isinstance(value, str) and value else None
        return path if path is not None and path.is_file() else None
    except (OSError, ValueError):
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _versions() -> dict[str, str]:
    known = {"pm_analytics": VERSION, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            continue
    return known


def _now() -> datetime:
    return datetime.now(UTC)


def _said(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
