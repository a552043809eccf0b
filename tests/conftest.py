"""Small things many tests need: logs of a few lines, files of a few rows, and what lies beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pm_analytics import EventLog

ROOT = Path(__file__).resolve().parents[1]


def write_log(*lines, timezone="UTC", **columns):
    """Write a log as 'user event minute' lines; minute 0 is the start of 2026 in UTC."""
    rows = [line.split() for line in lines]
    start = pd.Timestamp("2026-01-01", tz="UTC")
    times = [start + pd.Timedelta(minutes=float(minute)) for _, _, minute in rows]
    frame = pd.DataFrame(
        {"user": [user for user, _, _ in rows], "event": [event for _, event, _ in rows], "time": times}
    )
    return EventLog.from_frame(frame.assign(**columns), timezone=timezone)


@pytest.fixture(scope="session")
def log_of():
    """A writer of logs: ``log_of("ann visit 0", "ann pay 5", plan=["free", "pro"])``."""
    return write_log


@pytest.fixture(scope="session")
def shared():
    """The folder ``shared`` beside the checkout, with vectors of published and recomputed values."""
    found = next((folder / "shared" for folder in ROOT.parents if (folder / "shared" / "vectors").is_dir()), None)
    if found is None:
        pytest.skip("no folder 'shared' with vectors beside the checkout")
    return found
