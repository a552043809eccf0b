"""Prepare once, ask many times: a log rewritten into one file that is fast to ask, and kept for the next time."""

from pm_analytics.prepared.preparing import prepare

__all__ = ["prepare"]
