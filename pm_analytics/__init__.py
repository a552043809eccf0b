"""Find out what a launch really changed, and say so in words that the evidence can carry.

    import pm_analytics as pm

    log = pm.read_events("export.csv.gz")
    pm.funnel(log, ["visit", "cart", "pay"], within="14 days")

The names below are the public ones; each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Not lazily: the function shares its name with its folder, and whoever comes last keeps it. It loads nothing heavy.
from pm_analytics.simulate import simulate
from pm_analytics.version import VERSION

if TYPE_CHECKING:
    from pm_analytics.analyses.adoption import (
        AdoptionResult,
        AdoptionsResult,
        UsageMatrixResult,
        adoption,
        adoptions,
        usage_matrix,
    )
    from pm_analytics.analyses.engagement import (
        ActiveUsersResult,
        LifecycleResult,
        PowerUsersResult,
        StickinessResult,
        active_users,
        lifecycle,
        power_users,
        stickiness,
    )
    from pm_analytics.analyses.experiment import (
        AATestResult,
        ExperimentPlan,
        ExperimentPlanning,
        ExperimentResult,
        Exposures,
        aa_test,
        experiment,
        plan_experiment,
        switchback,
    )
    from pm_analytics.analyses.funnel import Exclusion, FunnelResult, Step, funnel
    from pm_analytics.analyses.impact import ImpactResult, LaunchPlanning, impact, plan_launch
    from pm_analytics.analyses.retention import RetentionResult, retention
    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric
    from pm_analytics.prepared import prepare
    from pm_analytics.quality import QualityReport, check
    from pm_analytics.reports import run_report, templates, verify
    from pm_analytics.sources import connect, read_events
    from pm_analytics.verdicts import LaunchCard, experiment_readout, launch_readout

_HOMES = {
    "EventLog": "events",
    "Metric": "metrics",
    "connect": "sources",
    "read_events": "sources",
    "prepare": "prepared",
    "check": "quality",
    "QualityReport": "quality",
    "funnel": "analyses.funnel",
    "FunnelResult": "analyses.funnel",
    "Step": "analyses.funnel",
    "Exclusion": "analyses.funnel",
    "retention": "analyses.retention",
    "RetentionResult": "analyses.retention",
    "adoption": "analyses.adoption",
    "AdoptionResult": "analyses.adoption",
    "adoptions": "analyses.adoption",
    "AdoptionsResult": "analyses.adoption",
    "usage_matrix": "analyses.adoption",
    "UsageMatrixResult": "analyses.adoption",
    "active_users": "analyses.engagement",
    "ActiveUsersResult": "analyses.engagement",
    "stickiness": "analyses.engagement",
    "StickinessResult": "analyses.engagement",
    "power_users": "analyses.engagement",
    "PowerUsersResult": "analyses.engagement",
    "lifecycle": "analyses.engagement",
    "LifecycleResult": "analyses.engagement",
    "experiment": "analyses.experiment",
    "ExperimentPlan": "analyses.experiment",
    "ExperimentResult": "analyses.experiment",
    "Exposures": "analyses.experiment",
    "plan_experiment": "analyses.experiment",
    "ExperimentPlanning": "analyses.experiment",
    "aa_test": "analyses.experiment",
    "AATestResult": "analyses.experiment",
    "switchback": "analyses.experiment",
    "impact": "analyses.impact",
    "ImpactResult": "analyses.impact",
    "plan_launch": "analyses.impact",
    "LaunchPlanning": "analyses.impact",
    "launch_readout": "verdicts",
    "experiment_readout": "verdicts",
    "run_report": "reports",
    "templates": "reports",
    "verify": "reports",
    "LaunchCard": "verdicts",
}

__version__ = VERSION

__all__ = [
    "AATestResult",
    "ActiveUsersResult",
    "AdoptionResult",
    "AdoptionsResult",
    "EventLog",
    "Exclusion",
    "ExperimentPlan",
    "ExperimentPlanning",
    "ExperimentResult",
    "Exposures",
    "FunnelResult",
    "ImpactResult",
    "LaunchCard",
    "LaunchPlanning",
    "LifecycleResult",
    "Metric",
    "PowerUsersResult",
    "QualityReport",
    "RetentionResult",
    "Step",
    "StickinessResult",
    "UsageMatrixResult",
    "aa_test",
    "active_users",
    "adoption",
    "adoptions",
    "check",
    "connect",
    "experiment",
    "experiment_readout",
    "funnel",
    "impact",
    "launch_readout",
    "lifecycle",
    "plan_experiment",
    "plan_launch",
    "power_users",
    "prepare",
    "read_events",
    "retention",
    "run_report",
    "simulate",
    "stickiness",
    "switchback",
    "templates",
    "usage_matrix",
    "verify",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever lives under that name
    """Load a public name from its home the first time it is used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pm_analytics' has no attribute {name!r}")
    return getattr(import_module(f"pm_analytics.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Offer the public names to completion before they are loaded."""
    return [*__all__, "__version__"]
