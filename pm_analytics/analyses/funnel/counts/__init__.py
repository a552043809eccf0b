"""Event log -> how far each unit got. All of the funnel's queries, none of its arithmetic."""

from pm_analytics.analyses.funnel.counts.attempts import Attempts
from pm_analytics.analyses.funnel.counts.chosen import removed
from pm_analytics.analyses.funnel.counts.levels import Levels, levels
from pm_analytics.analyses.funnel.counts.segments import MISSING, OTHER, Segments, segments
from pm_analytics.analyses.funnel.counts.trends import trend
from pm_analytics.analyses.funnel.counts.worth import worth

__all__ = ["MISSING", "OTHER", "Attempts", "Levels", "Segments", "levels", "removed", "segments", "trend", "worth"]
