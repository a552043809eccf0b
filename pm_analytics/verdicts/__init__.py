"""From results to words: the evidence grade, exactly one verdict rule, and sentences no stronger than the grade."""

from pm_analytics.verdicts.card import LaunchCard
from pm_analytics.verdicts.experiments import ExperimentReadout, experiment_readout
from pm_analytics.verdicts.question import LaunchQuestion
from pm_analytics.verdicts.readout import LaunchReadout, launch_readout
from pm_analytics.verdicts.wording import lint

__all__ = [
    "ExperimentReadout",
    "LaunchCard",
    "LaunchQuestion",
    "LaunchReadout",
    "experiment_readout",
    "launch_readout",
    "lint",
]
