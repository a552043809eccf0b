"""Which files a log was read from, in which state they were, and how they were read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ENDS = 65_536


@dataclass(frozen=True, slots=True)
class Origin:
    """Files, and what tells one state of them from another.

    Attributes
    ----------
    path : Path
        The file, or the pattern that gave several.
    files : tuple of Path
        The files.
    how : str
        Every option with which they were read.
    state : str
        Their sizes, dates of change, first and last bytes, when they were read.
    """

    path: Path
    files: tuple[Path, ...]
    how: str
    state: str

    @classmethod
    def seen(cls, path: Path, files: Sequence[Path], how: str) -> Origin:
        """Note the state of files as they are now."""
        return cls(path, tuple(files), how, _states(files))

    def changed(self) -> bool:
        """Tell whether the files are no longer what they were."""
        try:
            return self.state != _states(self.files)
        except OSError:
            return True

    @property
    def where(self) -> str:
        """Say where and how, whatever the state."""
        return f"{self.path} {self.how}"


def _states(files: Sequence[Path]) -> str:
    return " ".join(f"{file.name} {_state(file)}" for file in files)


def _state(file: Path) -> str:
    """Give the size, the date of change, and what the first and last bytes hash to."""
    facts = file.stat()
    with file.open("rb") as content:
        digest = hashlib.sha256(content.read(_ENDS))
        content.seek(max(0, facts.st_size - _ENDS))
        digest.update(content.read(_ENDS))
    return f"{facts.st_size} {facts.st_mtime_ns} {digest.hexdigest()}"
