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
    files : tuple of Path
        The files.
    how : str
        Every option with which they were read.
    state : str
        Their sizes, dates of change, first and last bytes, when they were read.
    """

    files: tuple[Path, ...]
    how: str
    state: str

    @classmethod
    def seen(cls, files: Sequence[Path], how: str) -> Origin:
        """Note the state of files as they are now."""
        return cls(tuple(files), how, " ".join(map(_state, files)))

    def changed(self) -> bool:
        """Tell whether the files are no longer what they were."""
        try:
            return self.state != " ".join(map(_state, self.files))
        except OSError:
            return True

    @property
    def where(self) -> str:
        """Say where and how, whatever the state."""
        return f"{[str(file) for file in self.files]} {self.how}"


def _state(file: Path) -> str:
    """Give the size, the date of change, and what the first and last bytes hash to."""
    facts = file.stat()
    with file.open("rb") as content:
        digest = hashlib.sha256(content.read(_ENDS))
        content.seek(max(0, facts.st_size - _ENDS))
        digest.update(content.read(_ENDS))
    return f"{facts.st_size} {facts.st_mtime_ns} {digest.hexdigest()}"
