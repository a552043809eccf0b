"""Experiment: whether a variant did better than the control, and whether the comparison can be trusted."""

from pm_analytics.analyses.experiment.aa import AATestResult, aa_test
from pm_analytics.analyses.experiment.analysis import experiment
from pm_analytics.analyses.experiment.exposures import Exposures
from pm_analytics.analyses.experiment.plan import ExperimentPlan
from pm_analytics.analyses.experiment.planning import ExperimentPlanning, plan_experiment
from pm_analytics.analyses.experiment.result import ExperimentResult
from pm_analytics.analyses.experiment.switching import switchback

__all__ = [
    "AATestResult",
    "ExperimentPlan",
    "ExperimentPlanning",
    "ExperimentResult",
    "Exposures",
    "aa_test",
    "experiment",
    "plan_experiment",
    "switchback",
]
