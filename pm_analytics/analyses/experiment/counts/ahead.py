"""Recorded exposures -> their totals and the plain sums of every metric, in one pass, before either is judged.

Where every outcome is written beside the exposures, the gate and the estimates read the same rows. So all is asked for
at once, on the hope that each unit has one row and fits; where that hope fails, the sums are not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics import engine, shortcuts
from pm_analytics.analyses.experiment.counts.assignment import ROWS, UNITS, total_sums
from pm_analytics.analyses.experiment.counts.moments import plain_sums
from pm_analytics.analyses.experiment.counts.values import Ahead
from pm_analytics.names import UNIT, VARIANT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pm_analytics.analyses.experiment.counts.assignment import Assignment
    from pm_analytics.analyses.experiment.counts.moments import Layout


def ask_ahead(rows: Any, exposures: Assignment, layouts: Sequence[Layout], strata: Sequence[str]) -> Ahead:  # noqa: ANN401
    """Ask for all at once, and let the exposures know their totals; ``rows`` as :func:`recorded_rows` gives them."""
    facts = shortcuts.known(rows, [UNIT, *dict.fromkeys(layout.targets[0] for layout in layouts)])
    totals = total_sums(exposures, rows)
    sums = totals | plain_sums(rows, layouts, facts)
    asked = shortcuts.with_distinct(rows, [VARIANT, *strata], sums, UNIT, UNITS, facts[UNIT])
    frame = engine.run(asked)
    exposures.learn(_folded(frame, totals))
    return Ahead(frame, facts)


def _folded(frame: pd.DataFrame, totals: Mapping[str, Any]) -> pd.DataFrame:
    """Fold the strata of each variant: their rows add up, the first and the last stay the first and the last."""
    how = dict.fromkeys(totals, "sum") | {"first": "min", "last": "max", ROWS: "sum", UNITS: "first"}
    return frame.groupby(VARIANT, as_index=False).agg({name: how[name] for name in how if name in frame.columns})
