"""Did people do more of it, or were others there? The change of a rate, divided among segments to the last digit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.impact.counts import bottom, per_period, top
from pm_analytics.analyses.impact.series import full_periods
from pm_analytics.analyses.impact.wording import say_amount
from pm_analytics.errors import ParameterError
from pm_analytics.events import EventLog
from pm_analytics.metrics import Metric
from pm_analytics.names import (
    MIX_PART,
    PERIOD_NUMBER,
    RATE_AFTER,
    RATE_BEFORE,
    RATE_PART,
    SEGMENT,
    SHARE_AFTER,
    SHARE_BEFORE,
    UNITS,
)
from pm_analytics.results import Claim, Result, records
from pm_analytics.stats.decomposition import Decomposition, decompose

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.outcome import ImpactOutcome

MOST = 30
OTHER = "(other)"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Mix(Result):
    """Before against after, by segment; a description, since other things change with the calendar too.

    ``to_frame()``: one row per segment: ``segment``; ``rate_before``, ``rate_after`` (null where nobody was there);
    ``share_before``, ``share_after`` of the base; ``rate_part`` and ``mix_part``. All parts together are the change of
    the overall rate.
    """

    found: Decomposition
    metric: str

    def summary(self) -> str:
        """Say how the change divides, and which segments' own rate changed."""
        found = self.found
        most = max(records(self._table), key=lambda row: abs(row[RATE_PART] + row[MIX_PART]))
        part = say_amount(most[RATE_PART] + most[MIX_PART], signed=True)
        return (
            f"{self.metric} went from {say_amount(found.before)} to {say_amount(found.after)}: "
            f"{say_amount(float(found.rate.sum()), signed=True)} from what segments do, "
            f"{say_amount(float(found.mix.sum()), signed=True)} from who was there. The largest part is that of "
            f"{most[SEGMENT]} ({part}). Description, not effect."
        )

    def claims(self) -> list[Claim]:
        """List the change and its two parts."""
        parts = {"change": self.found.change, "rate": self.found.rate.sum(), "mix": self.found.mix.sum()}
        return [
            Claim(f"mix.{self.metric}.{name}", float(value), "difference", self.definition)
            for name, value in parts.items()
        ]


def mix(result: ImpactOutcome, by: str) -> Mix:
    """Divide the change of a log's metric, from as many periods before the launch as after, into rate and mix.

    Raises
    ------
    ParameterError
        The result is not of a log, or of a metric that is a share of units (units come back on other days).
    """
    asked = result.question
    if not isinstance(asked.source, EventLog) or not isinstance(asked.metric, Metric):
        raise ParameterError("Only a log can be divided by a property; a table has no units to tell apart.")
    asked.source.require_columns([by])
    _, first = full_periods(asked.source, asked.period)
    window = result.window
    table = per_period(asked.source, [asked.metric], asked.period, by=by)
    table = table.assign(
        place=table[PERIOD_NUMBER] - first, base=table[bottom(0)] if asked.metric.kind == "ratio" else table[UNITS]
    )
    usable = ~table["place"].isin([place for place, out in enumerate(window.left_out) if out])
    spans = ((window.before - window.after, window.before), (window.before, window.timeline.count))
    sums = [
        table[usable & (table["place"] >= low) & (table["place"] < high)].groupby(SEGMENT)[[top(0), "base"]].sum()
        for low, high in spans
    ]
    whole = sums[0].add_suffix("_before").join(sums[1].add_suffix("_after"), how="outer").fillna(0.0)
    whole = _fewer(whole)
    columns = [
        whole[f"{name}_{when}"].to_numpy(dtype=float) for when in ("before", "after") for name in (top(0), "base")
    ]
    found = decompose(*columns)
    return Mix(
        _table=_table(whole, found, columns),
        definition=f"Rate and mix by {by} (Kitagawa), {result.window.timeline.say(window.after)} before and after; "
        f"description, not effect; {result.definition}",
        basis=result.basis,
        found=found,
        metric=asked.metric.name,
    )


def _fewer(whole: pd.DataFrame) -> pd.DataFrame:
    """Add the smallest segments together."""
    order = whole[["base_before", "base_after"]].sum(axis=1).sort_values(ascending=False, kind="stable").index
    kept = whole.loc[list(order[:MOST])].sort_index()
    if len(order) <= MOST:
        return kept
    rest = whole.loc[list(order[MOST:])].sum().to_frame(OTHER).T
    return pd.concat([kept, rest])


def _table(whole: pd.DataFrame, found: Decomposition, columns: Sequence[NDArray[np.float64]]) -> pd.DataFrame:
    tops_before, bases_before, tops_after, bases_after = (pd.Series(part, dtype=float) for part in columns)
    return pd.DataFrame(
        {
            SEGMENT: [str(name) for name in whole.index],
            RATE_BEFORE: (tops_before / bases_before.where(bases_before > 0)).to_numpy(),
            RATE_AFTER: (tops_after / bases_after.where(bases_after > 0)).to_numpy(),
            SHARE_BEFORE: (bases_before / bases_before.sum()).to_numpy(),
            SHARE_AFTER: (bases_after / bases_after.sum()).to_numpy(),
            RATE_PART: found.rate,
            MIX_PART: found.mix,
        }
    )
