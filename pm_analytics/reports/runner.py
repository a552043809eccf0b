"""Run a report: check, run apart, judge, publish or keep the failure, and always record."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import NotYetError, ParameterError, ReportError
from pm_analytics.reports import html
from pm_analytics.reports.execute import LOG, execute
from pm_analytics.reports.judge import Verdict, judge, where
from pm_analytics.reports.library import Template, find
from pm_analytics.reports.parameters import check
from pm_analytics.reports.publish import (
    FAILED,
    HISTORY,
    NOTEBOOK,
    PAGE,
    RECEIPT,
    RECORD,
    append,
    locked,
    place,
    publish,
)
from pm_analytics.reports.receipts import receipt_file
from pm_analytics.reports.record import RunRecord, begin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pm_analytics.reports.execute import Execution


@dataclass(frozen=True, slots=True)
class ReportRun:
    """A published report.

    Attributes
    ----------
    page, notebook : Path
        The one offline HTML file, and the executed notebook beside it.
    record : RunRecord
        What was run, with what, on what, when.
    """

    page: Path
    notebook: Path
    record: RunRecord

    def __repr__(self) -> str:
        """Say where the page is."""
        return f"Report {self.record.template!r}, run {self.record.run_id}: {self.page}"


@dataclass(frozen=True, slots=True)
class _Run:
    """What every step of one run needs to know."""

    template: Template
    values: dict[str, Any]
    into: Path
    folder: Path
    timeout: float | None


def run_report(
    name: str,
    parameters: Mapping[str, object] | None = None,
    *,
    into: str | Path = "reports",
    timeout: float | None = None,
    templates: Iterable[str | Path] = (),
) -> ReportRun:
    """Run a report template and publish one offline page.

    Relative paths among the parameters are read from the current folder. The page, the executed notebook
    and the run record appear together in ``<into>/<template>/<slug of launch_name or title>/``; every run
    adds a line to ``<into>/runs.jsonl``.

    Parameters
    ----------
    name : str
        A template's name, or the path of a notebook.
    parameters : mapping
        Values by name; ``pm-analytics params NAME`` lists them.
    into : path
        The folder of all reports.
    timeout : float, optional
        Seconds that the whole notebook may take. Without it there is no limit.
    templates : iterable of path
        More folders of templates.

    Raises
    ------
    UnknownNameError
        No such template.
    ParameterError
        The parameters will not do; nothing was started.
    ReportError
        The run failed; nothing was published, and the last good page is untouched.
    NotYetError
        The notebook found its data not fresh enough; nothing was published.
    """
    if timeout is not None and timeout <= 0:
        raise ParameterError(f"timeout={timeout!r} must be a number of seconds above zero, or None for no limit.")
    template = find(name, templates)
    values = check(template, parameters)
    into = Path(into).expanduser().resolve()
    folder = place(into, template.name, values)
    try:
        with locked(folder):
            return _run(_Run(template, values, into, folder, timeout))
    except OSError as error:
        raise ReportError(
            f"The report {name!r} could not be written to {folder}: {error}. "
            "Free some space or give another folder (into=, or --into)."
        ) from error


def _run(run: _Run) -> ReportRun:
    record = begin(run.template, run.values)
    # the kernel may still be dying when its folder is removed
    with TemporaryDirectory(prefix="pm_analytics_", ignore_cleanup_errors=True) as private:
        execution = execute(run.template.path.read_bytes(), run.values, folder=Path(private), timeout=run.timeout)
        log = (Path(private) / LOG).read_bytes()
    verdict = judge(execution, run.timeout)
    record = record.ended_as(verdict)
    files = {NOTEBOOK: _notebook(execution, record)}
    if verdict.status == "ok":
        files, record, verdict = _with_page(run, files, record)
    if verdict.status != "ok":
        raise _failed(run, {**files, "log.txt": log}, record, where(execution.notebook, verdict.cell))
    return _published(run, files, record)


def _with_page(run: _Run, files: dict[str, bytes], record: RunRecord) -> tuple[dict[str, bytes], RunRecord, Verdict]:
    """Make the page; a page that cannot be made is a failed run, not a traceback."""
    try:
        notebook = json.loads(files[NOTEBOOK])
        page = html.to_page(notebook, record, run.template)
        receipt = receipt_file(notebook, record.run_id)
    except Exception as error:  # noqa: BLE001 - nbconvert and notebooks can fail in many ways
        verdict = Verdict("failed", f"the page could not be made ({type(error).__name__}: {error})")
        return files, record.ended_as(verdict), verdict
    files = {**files, **({RECEIPT: receipt} if receipt else {}), PAGE: page.encode()}
    return files, record.with_files(files), Verdict("ok")


def _published(run: _Run, files: dict[str, bytes], record: RunRecord) -> ReportRun:
    # The page comes last: whoever reads it finds everything it speaks of beside it.
    beside = {name: data for name, data in files.items() if name != PAGE}
    publish(run.folder, {**beside, RECORD: record.to_json().encode(), PAGE: files[PAGE]})
    if RECEIPT not in files:
        (run.folder / RECEIPT).unlink(missing_ok=True)
    append(run.into / HISTORY, record.to_json(indent=None))
    shutil.rmtree(run.folder / FAILED, ignore_errors=True)  # what failed before has been put right
    return ReportRun(run.folder / PAGE, run.folder / NOTEBOOK, record)


def _failed(run: _Run, files: dict[str, bytes], record: RunRecord, place: str) -> Exception:
    """Keep the evidence apart from the last good page, and say in plain words what happened."""
    message = record.error["message"] if record.error else ""
    append(run.into / HISTORY, record.to_json(indent=None))
    if record.status == "not_yet":
        return NotYetError(message)
    kept = run.folder / FAILED
    publish(kept, {**files, RECORD: record.to_json().encode()})
    page = run.folder / PAGE
    still = f" The last good page is untouched: {page}" if page.exists() else ""
    return ReportError(
        f"The report {run.template.name!r} failed{place}: {message.rstrip('.')}.\n"
        f"Nothing was published.{still}\n"
        f"To see what happened, open {kept / NOTEBOOK}; the run record is {kept / RECORD}."
    )


def _notebook(execution: Execution, record: RunRecord) -> bytes:
    """Write the executed notebook without the paths of the private folder, and for anyone's Python kernel."""
    metadata = {key: value for key, value in execution.notebook.get("metadata", {}).items() if key != "papermill"}
    metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata["pm_analytics"] = {"run_id": record.run_id, "template": record.template, "status": record.status}
    return json.dumps({**execution.notebook, "metadata": metadata}, indent=1, ensure_ascii=False).encode()
