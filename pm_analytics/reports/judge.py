"""Whether a run was a success. papermill is not asked: it calls half-run notebooks completed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pm_analytics.errors import NotYetError, PmAnalyticsError
from pm_analytics.reports.library import cell_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pm_analytics.reports.execute import Execution

Status = Literal["ok", "failed", "timeout", "killed", "not_yet"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended, in a word and in a sentence.

    Attributes
    ----------
    message : str
        What went wrong and what to do, empty when nothing did.
    cell : int or None
        The number of the cell where it stopped, as counted in the notebook from 1.
    """

    status: Status
    message: str = ""
    cell: int | None = None


def judge(execution: Execution, timeout: float | None) -> Verdict:
    """Judge a run by its notebook and its ending. Every code cell must have run, and none with an error."""
    if execution.ending == "timeout":
        return _at_last_cell(
            "timeout",
            execution,
            f"it did not finish within {timeout:g} seconds and was stopped. "
            "Give it more time (timeout=, or --timeout), or less data",
        )
    if execution.ending == "killed" or (execution.exception and execution.exception[0] == "DeadKernelError"):
        return _at_last_cell(
            "killed",
            execution,
            "its process ended without a word, most often because memory "
            "ran out. Try a shorter period or fewer columns",
        )
    errors = list(_errors(execution.notebook))
    if errors:
        return _of_error(*errors[0])
    if execution.exception:
        return Verdict("failed", "{}: {}".format(*execution.exception))
    return _all_ran(execution.notebook)


def where(notebook: dict[str, Any], cell: int | None) -> str:
    """Say where a cell is: by its number and by the heading above it."""
    if cell is None:
        return ""
    above = [cell_text(one) for one in notebook["cells"][:cell] if one.get("cell_type") == "markdown"]
    headings = [line.lstrip("#").strip() for text in above for line in text.splitlines() if line.startswith("#")]
    return f" in cell {cell}" + (f', under "{headings[-1]}"' if headings else "")


def _code_cells(notebook: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Go through the cells that must run; an empty one is skipped by every runner."""
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell.get("cell_type") == "code" and cell_text(cell).strip():
            yield number, cell


def _errors(notebook: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, cell in _code_cells(notebook):
        for output in cell.get("outputs", []):
            if output.get("output_type") == "error":
                yield number, output


def _of_error(cell: int, output: dict[str, Any]) -> Verdict:
    name, message = output.get("ename", "Error"), output.get("evalue", "")
    if name == NotYetError.__name__:
        return Verdict("not_yet", message, cell)
    if name == "SystemExit":
        return Verdict("failed", "the notebook stopped itself with sys.exit, so the cells after it never ran", cell)
    return Verdict("failed", message if name in _own_errors() else f"{name}: {message}", cell)


def _own_errors() -> set[str]:
    """Name the package's errors: their messages say what to do, and need no class name in front."""
    names, todo = set(), [PmAnalyticsError]
    while todo:
        kind = todo.pop()
        names.add(kind.__name__)
        todo.extend(kind.__subclasses__())
    return names


def _all_ran(notebook: dict[str, Any]) -> Verdict:
    for number, cell in _code_cells(notebook):
        if cell.get("execution_count") is None:
            return Verdict("failed", "this cell and those after it never ran; the notebook was left early", number)
    return Verdict("ok")


def _at_last_cell(status: Status, execution: Execution, message: str) -> Verdict:
    """Point at the cell that was running: the last one that was begun."""
    begun = [number for number, cell in _code_cells(execution.notebook) if _was_begun(cell)]
    return Verdict(status, message, begun[-1] if begun else None)


def _was_begun(cell: dict[str, Any]) -> bool:
    """Trust the time papermill notes at a cell's start; a kernel can die before it says that it began."""
    noted = cell.get("metadata", {}).get("papermill", {})
    return cell.get("execution_count") is not None or bool(noted.get("start_time"))
