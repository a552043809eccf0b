"""Retention: of those who started, who came back, period by period."""

from pm_analytics.analyses.retention.analysis import retention
from pm_analytics.analyses.retention.result import RetentionResult

__all__ = ["RetentionResult", "retention"]
