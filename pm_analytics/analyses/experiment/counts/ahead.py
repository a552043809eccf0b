"""Recorded exposures -> their totals and the plain sums of every metric, in one pass, before either is judged.

Where every outcome is written beside the exposures, the gate and the estimates read the same rows. So all is asked for
at once, on the hope that each unit has one row and fits; where that hope fails, the sums are not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.experiment.counts.assignment import distinct_units, total_sums
from pm_analytics.analyses.experiment.counts.moments import plain_names, plain_sums
from pm_analytics.analyses.experiment.counts.values import Ahead
from pm_analytics.names import UNIT, VARIANT
from pm_analytics.shortcuts import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pm_analytics.analyses.experiment.counts.assignment import Assignment
    from pm_analytics.analyses.experiment.counts.moments import Layout


def ask_ahead(table: Any, exposures: Assignment, layouts: Sequence[Layout], strata: Sequence[str]) -> Ahead:  # noqa: ANN401
    """Ask for all at once, and let the exposures know their totals; the table as :func:`recorded_rows` gives it."""
    rows = Rows.of(table)
    facts = rows.known([UNIT, *plain_names(layouts)])
    totals = total_sums(exposures, rows.table)
    sums = totals | plain_sums(rows.table, layouts, facts)
    frame = rows.run(rows.table.group_by([VARIANT, *strata]).aggregate(**sums))
    exposures.learn(_folded(frame, totals), distinct_units(rows, facts[UNIT]))
    return Ahead(frame, facts)


def _folded(frame: pd.DataFrame, totals: Mapping[str, Any]) -> pd.DataFrame:
    """Fold the strata of each variant: their rows add up, the first and the last stay the first and the last."""
    how = dict.fromkeys(totals, "sum") | {"first": "min", "last": "max"}
    return frame.groupby(VARIANT, as_index=False).agg({name: how[name] for name in totals})
