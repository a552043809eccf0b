"""The process that runs one notebook with papermill: started by the runner, ended by it at the deadline.

What papermill writes about success is not believed (after a timeout or a dead kernel it says "completed");
this process only reports which exception came out, if any, and the runner judges.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from pm_analytics.reports.processes import end_recorded

INPUT, OUTPUT, ORDER, OUTCOME, KERNEL_PID = (
    "input.ipynb",
    "output.ipynb",
    "order.json",
    "outcome.json",
    "kernel.pid",
)
KERNEL_NAME = "pm_analytics_report"


def main() -> None:
    """Run the notebook of the private folder named on the command line; leave the outcome beside it."""
    folder = Path(sys.argv[1])
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    error = _run(folder)
    said = None if error is None else {"type": type(error).__name__, "message": str(error)}
    (folder / OUTCOME).write_text(json.dumps(said), encoding="utf-8")


def _run(folder: Path) -> Exception | None:
    import papermill

    order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    try:
        papermill.execute_notebook(
            folder / INPUT,
            folder / OUTPUT,
            parameters=order["parameters"],
            kernel_name=KERNEL_NAME,
            language="python",
            progress_bar=False,
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, it goes into the run record
        return error
    return None


def _end_with_parent(folder: Path) -> None:
    """Stop when the runner is gone: its end of the pipe closes, however it ended."""
    while os.read(0, 1):  # unbuffered: a thread that holds sys.stdin would trouble the interpreter's end
        pass
    end_recorded(folder / KERNEL_PID)
    os._exit(1)
