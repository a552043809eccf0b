"""Adoption: who could use a feature, who does, and how soon."""

from pm_analytics.analyses.adoption.analysis import AdoptionResult, adoption

__all__ = ["AdoptionResult", "adoption"]
