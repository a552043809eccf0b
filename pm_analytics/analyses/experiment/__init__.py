"""Experiment: did the variant do better than the control, and can the comparison be trusted?"""

from pm_analytics.analyses.experiment.analysis import ExperimentResult, experiment
from pm_analytics.analyses.experiment.exposures import Exposures
from pm_analytics.analyses.experiment.plan import ExperimentPlan

__all__ = ["ExperimentPlan", "ExperimentResult", "Exposures", "experiment"]
