"""A lock that the system takes back when its holder ends, however it ends: there are no stale locks."""

from __future__ import annotations

import sys
from typing import IO

if sys.platform == "win32":  # pragma: no cover - the suite runs on Linux
    import msvcrt

    def take(file: IO[bytes]) -> bool:
        """Lock an open file until it is closed; False when someone else has it."""
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def take(file: IO[bytes]) -> bool:
        """Lock an open file until it is closed; False when someone else has it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
