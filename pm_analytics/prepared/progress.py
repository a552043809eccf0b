"""One line on a terminal that says what is being done and for how long already; silent anywhere else."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 1.0
"""Seconds of silence: what is done by then need not be announced."""
_BEAT = 0.5
_WIDTH = 24
_LINE = 100


class Progress:
    """Steps of a longer work, told while they run."""

    def __init__(self, what: str, steps: int, *, shown: bool | None) -> None:
        self._what, self._steps = what, steps
        self._shown = sys.stderr.isatty() if shown is None else shown
        self._done, self._name, self._began = 0, "", time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Do one step."""
        self._name = name
        over = threading.Event()
        teller = threading.Thread(target=self._tell, args=(over,), daemon=True)
        if self._shown:
            teller.start()
        try:
            yield
        finally:
            over.set()
            if self._shown:
                teller.join()
        self._done += 1

    def end(self) -> None:
        """Clear the line."""
        if self._shown and time.monotonic() - self._began >= PATIENCE:
            _overwrite(" " * _LINE + "\r")

    def _tell(self, over: threading.Event) -> None:
        while not over.wait(_BEAT):
            seconds = time.monotonic() - self._began
            if seconds >= PATIENCE:
                _overwrite(self._line(seconds))

    def _line(self, seconds: float) -> str:
        filled = _WIDTH * self._done // self._steps
        bar = "#" * filled + "." * (_WIDTH - filled)
        return f"{self._what} [{bar}] {self._name}, {seconds:,.0f} s".ljust(_LINE)


def _overwrite(line: str) -> None:
    sys.stderr.write(f"\r{line}")
    sys.stderr.flush()
