"""Report notebooks as files: checked parameters, an honest record, one offline page, nothing half done.

papermill and nbconvert are loaded when a report is run, never on import.
"""

from __future__ import annotations

from pm_analytics.reports.library import Template, find, templates
from pm_analytics.reports.parameters import Parameter, check, parameters
from pm_analytics.reports.record import RunRecord
from pm_analytics.reports.runner import ReportRun, run_report
from pm_analytics.reports.verify import Verification, verify

__all__ = [
    "Parameter",
    "ReportRun",
    "RunRecord",
    "Template",
    "Verification",
    "check",
    "find",
    "parameters",
    "run_report",
    "templates",
    "verify",
]
