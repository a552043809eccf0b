"""Adoption: who could use a feature, who does, how soon, how often, and who stays."""

from pm_analytics.analyses.adoption.analysis import (
    AdoptionResult,
    AdoptionsResult,
    UsageMatrixResult,
    adoption,
    adoptions,
    usage_matrix,
)

__all__ = ["AdoptionResult", "AdoptionsResult", "UsageMatrixResult", "adoption", "adoptions", "usage_matrix"]
