"""Logs small enough to count by hand."""

from __future__ import annotations

import pandas as pd
import pytest

import pm_analytics as pm


def write(*lines, timezone=None):
    """Write a log as 'user event when' lines; when is a day of January 2026, such as 1 or 1.5, in UTC."""
    rows = []
    for line in lines:
        user, event, day = line.split()
        rows.append((user, event, pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=float(day) - 1)))
    return pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time"]), timezone=timezone)


@pytest.fixture
def january():
    """A writer of logs by day of January 2026."""
    return write
