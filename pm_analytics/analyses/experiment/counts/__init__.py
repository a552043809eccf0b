"""Events and exposures -> small frames of counts and sums. All queries of the experiment, no arithmetic."""

from pm_analytics.analyses.experiment.counts.ahead import ask_ahead
from pm_analytics.analyses.experiment.counts.assignment import (
    Assignment,
    exposed_units,
    exposure_log,
    first_exposures,
    no_time,
    people_of,
    units_per_variant,
    values_of,
)
from pm_analytics.analyses.experiment.counts.grouping import cap_of, capped, clustered, strata_of
from pm_analytics.analyses.experiment.counts.moments import Layout, Summed, layout_of, moments
from pm_analytics.analyses.experiment.counts.values import Ahead, Asked, Units, recorded_rows, unit_values

__all__ = [
    "Ahead",
    "Asked",
    "Assignment",
    "Layout",
    "Summed",
    "Units",
    "ask_ahead",
    "cap_of",
    "capped",
    "clustered",
    "exposed_units",
    "exposure_log",
    "first_exposures",
    "layout_of",
    "moments",
    "no_time",
    "people_of",
    "recorded_rows",
    "strata_of",
    "unit_values",
    "units_per_variant",
    "values_of",
]
