"""Funnel: how far people get."""

from pm_analytics.analyses.funnel.analysis import FunnelResult, funnel
from pm_analytics.analyses.funnel.comparison import FunnelComparison

__all__ = ["FunnelComparison", "FunnelResult", "funnel"]
