"""The fake launches behind an interval, as a small table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.names import DIFFERENCE, PERIOD, PHASE
from pm_analytics.stats.calibrated import Calibrated

if TYPE_CHECKING:
    from pm_analytics.analyses.impact.estimates import Estimate
    from pm_analytics.analyses.impact.interrupted import Window


def placebos(each: Estimate, window: Window) -> pd.DataFrame:
    """List the fake launches of a series, the earliest first, and the true one last.

    ``period``, ``phase``, ``difference``; empty for designs that do not have any.
    """
    found = each.details
    if not isinstance(found, Calibrated):
        return pd.DataFrame({PERIOD: [], PHASE: [], DIFFERENCE: []})
    means = list(found.fakes.means()[:, found.fakes.chosen()]) if len(found.fakes.starts) else []
    rows = [
        (window.timeline.start(int(start)), "fake launch", float(mean))
        for start, mean in zip(found.fakes.starts, means, strict=True)
    ]
    rows.reverse()
    rows.append((window.timeline.start(window.before), "launch", each.difference))
    return pd.DataFrame(rows, columns=[PERIOD, PHASE, DIFFERENCE])
