"""From a raw table of the embedded engine to a clean event table, with an account of every row on the way."""

from pm_analytics.intake.columns import resolve_columns, usual_column
from pm_analytics.intake.frames import raw_frame
from pm_analytics.intake.origin import Origin
from pm_analytics.intake.raw import Raw, Wanted
from pm_analytics.intake.report import Known, SourceReport
from pm_analytics.intake.tables import Pointed, point_at
from pm_analytics.intake.take import take_in

__all__ = [
    "Known",
    "Origin",
    "Pointed",
    "Raw",
    "SourceReport",
    "Wanted",
    "point_at",
    "raw_frame",
    "resolve_columns",
    "take_in",
    "usual_column",
]
