"""The kernel of a report run: this interpreter's ipykernel, which first says who it is.

jupyter_client starts a kernel in a session of its own, so ending the process that asked for it does not end a
kernel that is busy. With its process id on record, the runner can end it, and whatever it started.
"""

from __future__ import annotations

import os
from pathlib import Path

PID_VARIABLE = "PM_ANALYTICS_KERNEL_PID"


def main() -> None:
    """Write down the process id, then be a kernel."""
    Path(os.environ[PID_VARIABLE]).write_text(str(os.getpid()), encoding="utf-8")
    from ipykernel.kernelapp import launch_new_instance  # type: ignore[import-untyped,unused-ignore]

    launch_new_instance()
