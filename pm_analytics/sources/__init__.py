"""One reader per export format: a file, a frame or a table becomes an EventLog that can say what was read."""

from pm_analytics.sources.read import read_events
from pm_analytics.sources.warehouses import connect

__all__ = ["connect", "read_events"]
