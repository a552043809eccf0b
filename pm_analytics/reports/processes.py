"""End a process that will not end, together with everything it started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def end_group(pid: int) -> None:
    """Kill a process that leads its own group, and the group; one that is gone already is fine."""
    if os.name == "nt":
        command = ["taskkill", "/F", "/T", "/PID", str(pid)]
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - a fixed command and a number
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def end_recorded(file: Path) -> None:
    """Kill the process whose id stands in ``file``, if it got as far as writing it."""
    with suppress(OSError, ValueError):
        end_group(int(file.read_text(encoding="utf-8")))
