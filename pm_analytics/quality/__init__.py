"""Checks on a log: findings that a verdict must act on."""

from pm_analytics.quality.checks import Finding, QualityReport, check

__all__ = ["Finding", "QualityReport", "check"]
