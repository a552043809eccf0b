"""Retention: of those who started, who came back, period by period."""

from pm_analytics.analyses.retention.analysis import RetentionResult, retention

__all__ = ["RetentionResult", "retention"]
