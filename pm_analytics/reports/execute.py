"""Run a notebook in a private folder, in a process of its own, with one deadline for all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pm_analytics.errors import SourceError
from pm_analytics.reports import child, kernel
from pm_analytics.reports.library import PACKAGE, read_notebook
from pm_analytics.reports.processes import end_group, end_recorded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

LOG = "log.txt"
_BANNER = "papermill-error-cell-tag"


@dataclass(frozen=True, slots=True)
class Execution:
    """What came back from a run, before anyone judged it.

    Attributes
    ----------
    ending : {"finished", "timeout", "killed"}
        Whether papermill's process ended by itself, was ended at the deadline, or was ended by someone else.
    exception : tuple of str, or None
        Class name and message of what papermill raised.
    """

    ending: Literal["finished", "timeout", "killed"]
    exception: tuple[str, str] | None
    notebook: dict[str, Any]


def execute(notebook: bytes, parameters: Mapping[str, object], *, folder: Path, timeout: float | None) -> Execution:
    """Run a notebook; whatever happens inside it, this returns.

    Parameters
    ----------
    folder : Path
        Private to this run: papermill writes its output before, during and after the run, and not atomically.
    timeout : float or None
        Seconds for the whole notebook, kernel start included.
    """
    _prepare(notebook, parameters, folder)
    command = [*_python(child), str(folder)]
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - this interpreter and a module of this package
            command,
            stdin=subprocess.PIPE,  # its closing tells the child that this process is gone
            stdout=log,
            stderr=log,
            env=_environment(folder),
            start_new_session=True,
        )
        with process:
            on_time = _wait(process, folder, timeout)
    return _execution(folder, on_time=on_time)


def _wait(process: subprocess.Popen[bytes], folder: Path, timeout: float | None) -> bool:
    """Wait for the end or the deadline. Nothing is left running, not even after Ctrl-C."""
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            end_recorded(folder / child.KERNEL_PID)
            end_group(process.pid)
    return True


def _execution(folder: Path, *, on_time: bool) -> Execution:
    outcome, notebook = folder / child.OUTCOME, _as_far_as_it_ran(folder)
    if not on_time:
        return Execution("timeout", None, notebook)
    if not outcome.exists():
        return Execution("killed", None, notebook)
    said = json.loads(outcome.read_text(encoding="utf-8"))
    return Execution("finished", (said["type"], said["message"]) if said else None, notebook)


def _as_far_as_it_ran(folder: Path) -> dict[str, Any]:
    """Read what papermill wrote last; what was cut off in the middle of writing is as good as nothing."""
    try:
        return _without_banners(read_notebook(folder / child.OUTPUT))
    except SourceError:
        return read_notebook(folder / child.INPUT)


def _without_banners(notebook: dict[str, Any]) -> dict[str, Any]:
    """Drop the cells that papermill adds on an error, so that cells keep their numbers."""
    cells = [cell for cell in notebook["cells"] if _BANNER not in cell.get("metadata", {}).get("tags", [])]
    return {**notebook, "cells": cells}


def _prepare(notebook: bytes, parameters: Mapping[str, object], folder: Path) -> None:
    """Lay out the notebook, the parameters and a kernel spec for this very interpreter.

    The user's own ``python3`` spec may point anywhere, or nowhere.
    """
    (folder / child.INPUT).write_bytes(notebook)
    (folder / child.ORDER).write_text(json.dumps({"parameters": dict(parameters)}), encoding="utf-8")
    argv = [*_python(kernel), "-f", "{connection_file}", "--HistoryManager.enabled=False"]
    spec = {"argv": argv, "display_name": "pm_analytics report", "language": "python"}
    home = folder / "jupyter" / "kernels" / child.KERNEL_NAME
    home.mkdir(parents=True)
    (home / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def _python(module: ModuleType) -> list[str]:
    """Start this interpreter in a module's ``main``; a file of the current folder shadows no library."""
    return [sys.executable, "-P", "-c", f"from {module.__name__} import main; main()"]


def _environment(folder: Path) -> dict[str, str]:
    """Give the run its own Jupyter and IPython folders: start-up files of a user would change a report."""
    return {
        **os.environ,
        "PM_ANALYTICS_REPORT_KERNEL": "1",
        kernel.PID_VARIABLE: str(folder / child.KERNEL_PID),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PATH": _joined(folder / "jupyter", "JUPYTER_PATH"),
        **_import_path(),
    }


def _import_path() -> dict[str, str]:
    """Let the processes of a checkout find the package too; from site-packages they will anyway."""
    installed = PACKAGE.parent.name in {"site-packages", "dist-packages"}
    return {} if installed else {"PYTHONPATH": _joined(PACKAGE.parent, "PYTHONPATH")}


def _joined(first: Path, variable: str) -> str:
    rest = os.environ.get(variable)
    return f"{first}{os.pathsep}{rest}" if rest else str(first)
