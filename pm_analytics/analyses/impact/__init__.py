"""What a launch moved, where nobody was kept without it at random."""

from pm_analytics.analyses.impact.analysis import impact
from pm_analytics.analyses.impact.planning import LaunchPlanning, plan_launch
from pm_analytics.analyses.impact.result import ImpactResult

__all__ = ["ImpactResult", "LaunchPlanning", "impact", "plan_launch"]
