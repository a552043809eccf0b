"""Experiment: whether a variant did better than the control, and whether the comparison can be trusted."""

from pm_analytics.analyses.experiment.analysis import experiment
from pm_analytics.analyses.experiment.exposures import Exposures
from pm_analytics.analyses.experiment.plan import ExperimentPlan
from pm_analytics.analyses.experiment.result import ExperimentResult
from pm_analytics.analyses.experiment.switching import switchback

__all__ = ["ExperimentPlan", "ExperimentResult", "Exposures", "experiment", "switchback"]
