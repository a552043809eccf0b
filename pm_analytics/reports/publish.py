"""Put a finished report where people look for it, all at once, and never half of it.

A report lives at ``<into>/<template>/<slug>/``: ``report.html``, ``notebook.ipynb``, ``run.json``, and for
templates that say so ``report.json`` with every claim. The files are written and flushed in a hidden folder
beside their final place (the same disk, so a rename is atomic) and then renamed over the old ones, the page
last. A reader of the page therefore sees the old
report or the new one, whole: everything the page needs is inside it. Renaming the folder instead would
switch all three at one instant, but a full folder cannot be renamed over: for a moment there would be no
report at all, and a crash would leave it so. Should the machine stop between two renames, ``run.json``
holds the digests that show it, and the next run mends it.
"""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pm_analytics.errors import ReportError
from pm_analytics.reports.locks import take

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PAGE, NOTEBOOK, RECORD, HISTORY, FAILED = "report.html", "notebook.ipynb", "run.json", "runs.jsonl", "failed"
RECEIPT = "report.json"
_NAMING = ("launch_name", "title")
_LONGEST_SLUG = 60


def place(into: Path, template: str, parameters: Mapping[str, object]) -> Path:
    """Give the folder of a report: the template's name, and what the launch or report is called."""
    return into / template / (slug(name_of(parameters)) or template)


def name_of(parameters: Mapping[str, object]) -> str:
    """Say what a report is about, when a parameter says so."""
    return next((str(parameters[name]) for name in _NAMING if parameters.get(name)), "")


def slug(text: str) -> str:
    """Make a name fit for a folder, in any script.

    Examples
    --------
    >>> slug("Bulk edit: 2.0!"), slug("Éxport façade")
    ('bulk-edit-2-0', 'export-facade')
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", "-", letters).strip("-")[:_LONGEST_SLUG].strip("-")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the report's folder; a second run of the same report is refused rather than mixed in.

    Raises
    ------
    ReportError
        Another run holds it now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+b") as file:
        if not take(file):
            raise ReportError(
                f"The report in {folder} is being made by another run right now, so this one did not start. "
                "Wait for it to finish and run again."
            )
        yield


def publish(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replace the files of a folder, in the given order, each atomically."""
    staging = folder / f".staging-{os.getpid()}"
    staging.mkdir(parents=True, exist_ok=True)
    try:
        for name, data in files.items():
            _write(staging / name, data)
        for name in files:
            (staging / name).replace(folder / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def append(history: Path, line: str) -> None:
    """Add one line to the history of runs, in one write."""
    history.parent.mkdir(parents=True, exist_ok=True)
    with history.open("ab") as file:
        file.write(line.encode() + b"\n")


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
