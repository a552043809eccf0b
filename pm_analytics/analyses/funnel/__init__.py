"""Funnel: how far people get."""

from pm_analytics.analyses.funnel.analysis import FunnelResult, funnel
from pm_analytics.analyses.funnel.comparison import FunnelComparison
from pm_analytics.analyses.funnel.exclusions import Exclusion
from pm_analytics.analyses.funnel.steps import Step

__all__ = ["Exclusion", "FunnelComparison", "FunnelResult", "Step", "funnel"]
