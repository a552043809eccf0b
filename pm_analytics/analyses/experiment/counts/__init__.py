"""Events and exposures -> small frames of counts and sums. All queries of the experiment, no arithmetic."""

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
from pm_analytics.analyses.experiment.counts.moments import (
    Layout,
    Summed,
    cap_of,
    capped,
    clustered,
    layout_of,
    moments,
    strata_of,
)
from pm_analytics.analyses.experiment.counts.values import Asked, Units, unit_values

__all__ = [
    "Asked",
    "Assignment",
    "Layout",
    "Summed",
    "Units",
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
    "strata_of",
    "unit_values",
    "units_per_variant",
    "values_of",
]
