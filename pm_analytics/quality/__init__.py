"""Checks on a log: findings that a verdict must act on."""

from pm_analytics.quality.checks import QualityReport, check
from pm_analytics.quality.findings import Finding

__all__ = ["Finding", "QualityReport", "check"]
