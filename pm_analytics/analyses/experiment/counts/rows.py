"""The table of units -> what chance divides, as arrays in memory: units, groups of them, or buckets of very many.

Only the columns of the metrics leave the query, and nothing that says who a unit is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.grouping import clustered
from pm_analytics.analyses.experiment.counts.moments import MISSING, NONE_BEFORE
from pm_analytics.names import UNIT, VARIANT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pm_analytics.analyses.experiment.counts.moments import Layout

    Numbers = NDArray[np.float64]

MOST_ROWS = 2_000_000
"""More units than this are not fetched singly: they are added up in buckets by a hash of their id, where they lie."""
BUCKETS = 20_000
"""Buckets of about equal size, filled by chance: what holds of units drawn one by one holds of them, too."""
BUCKET = "bucket"


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows that chance divides, with the values of one metric; rows without a known value are left out.

    Attributes
    ----------
    top : array of shape (rows,)
        The value; of a ratio, or of groups, what is above the line.
    bottom : array of shape (rows,) or None
        What is below the line; None for one value per unit.
    covariates : array of shape (rows, k) or None
        What is known from before; None when nothing is.
    """

    top: Numbers
    bottom: Numbers | None
    covariates: Numbers | None


def rows_of(table: Any, layouts: Sequence[Layout], cluster: str | None) -> Iterator[Rows]:  # noqa: ANN401
    """Fetch the rows of each metric, one metric after the other."""
    many = cluster is None and engine.counts(table.aggregate(n=table.count()))["n"] > MOST_ROWS
    if many:
        hashed = table[UNIT].cast("string").hash()
        table, cluster = table.mutate(**{BUCKET: (hashed % BUCKETS + BUCKETS) % BUCKETS}), BUCKET
    if cluster is not None:
        table, layouts = clustered(table.mutate(**{VARIANT: ibis.literal("all")}), cluster, layouts)
    wanted = sorted({_plain(name) for layout in layouts for name in layout.columns})
    # In one order whatever the engine, so that the same seed draws the same rows.
    frame = engine.run(table.order_by(cluster or UNIT).select(*wanted))
    held = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in wanted}
    for layout in layouts:
        known = ~np.isnan(held[layout.targets[0]])
        yield Rows(
            held[layout.targets[0]][known],
            held[layout.targets[1]][known] if len(layout.targets) == 2 else None,
            np.column_stack([_covariate(held, name)[known] for name in layout.covariates])
            if layout.covariates
            else None,
        )


def _plain(name: str) -> str:
    return name.rpartition(":")[2]


def _covariate(held: dict[str, Numbers], name: str) -> Numbers:
    """Give a covariate as the experiment takes it: 0 where nothing is known, or the mark that says so."""
    values = held[_plain(name)]
    if name.startswith(MISSING):
        return np.isnan(values).astype(np.float64)
    filled: Numbers = np.nan_to_num(values)
    return (filled == 0).astype(np.float64) if name.startswith(NONE_BEFORE) else filled
