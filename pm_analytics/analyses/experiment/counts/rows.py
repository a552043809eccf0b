"""The table of units -> rows of sums for one metric: one row per unit, per group, or per bucket of very many units.

What is drawn anew a thousand times must lie in memory. A row says how many units it holds, the sums of their columns and
of the columns' products; of a single unit these are the values themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from pm_analytics import engine
from pm_analytics.analyses.experiment.counts.moments import MISSING, NONE_BEFORE, moments
from pm_analytics.names import UNIT, VARIANT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pm_analytics.analyses.experiment.counts.moments import Layout
    from pm_analytics.stats.moments import Moments

    Numbers = NDArray[np.float64]

MOST_ROWS = 2_000_000
"""More units than this are not fetched one by one: they are added up in buckets, by a hash of their id, in the engine."""
BUCKETS = 20_000
"""Buckets of about equal size, drawn by chance: what holds of units drawn one by one holds of them, too."""
BUCKET = "bucket"


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of sums of one metric.

    Attributes
    ----------
    units : array of shape (rows,)
        Units whose target is known.
    sums : array of shape (rows, k)
        Sums of the metric's columns, as the layout orders them, each with ``centre`` taken away.
    products : array of shape (rows, k, k)
        Sums of products of the same.
    centre : array of shape (k,)
        Means over all units.
    """

    units: Numbers
    sums: Numbers
    products: Numbers
    centre: Numbers

    @classmethod
    def of_values(cls, columns: Numbers) -> Rows:
        """Make a row of each unit's values: array of shape (rows, k)."""
        centre = columns.mean(axis=0) if len(columns) else np.zeros(columns.shape[1])
        away = columns - centre
        return cls(np.ones(len(columns)), away, away[:, :, None] * away[:, None, :], centre)


def in_memory(table: Any) -> bool:  # noqa: ANN401 - an Ibis table
    """Tell whether the rows of a table are few enough to be fetched."""
    return int(engine.run(table.aggregate(n=table.count())).iloc[0, 0]) <= MOST_ROWS


def rows_of_units(table: Any, layouts: Sequence[Layout], key: str) -> Iterator[Rows]:  # noqa: ANN401
    """Fetch the columns of the metrics, and no others, as one row per unit (or group), in the order of ``key``.

    A row whose target is null is left out; a null covariate counts as 0. One metric's rows are made at a time.
    """
    wanted = sorted({_plain(name) for layout in layouts for name in layout.columns})
    # In one order whatever the engine, so that the same seed draws the same rows.
    frame = engine.run(table.order_by(key).select(*wanted))
    held = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in wanted}
    for layout in layouts:
        known = ~np.isnan(held[layout.targets[0]])
        yield Rows.of_values(np.column_stack([_column(held, name)[known] for name in layout.columns]))


def rows_of_buckets(table: Any, layouts: Sequence[Layout], key: str = UNIT) -> Iterator[Rows]:  # noqa: ANN401
    """Add the units (or groups) up in buckets by a hash of their id, where the table lies."""
    hashed = table[key].cast("string").hash()
    bucketed = table.mutate(**{BUCKET: (hashed % BUCKETS + BUCKETS) % BUCKETS})
    return rows_of_groups(bucketed, layouts, BUCKET)


def rows_of_groups(table: Any, layouts: Sequence[Layout], key: str) -> Iterator[Rows]:  # noqa: ANN401
    """Add the units of each group up, where the table lies: one row per group, in the order of ``key``."""
    groups = moments(table.mutate(**{VARIANT: ibis.literal("all")}), layouts, by=(key,))
    for place, layout in enumerate(layouts):
        parts = [group[place].moments for group in groups.values() if group[place].moments.n]
        yield _of_moments(parts) if parts else Rows.of_values(np.zeros((0, len(layout.columns))))


def _of_moments(parts: Sequence[Moments]) -> Rows:
    """Write the moments of groups as their sums around the mean of all units."""
    n = np.array([part.n for part in parts], dtype=np.float64)
    means = np.array([part.means for part in parts])
    centre = n @ means / n.sum()
    away = means - centre
    # A group of one has no spread within it.
    within = np.array([(part.n - 1) * np.nan_to_num(part.covariances) for part in parts])
    between = n[:, None, None] * away[:, :, None] * away[:, None, :]
    return Rows(n, n[:, None] * away, within + between, centre)


def _plain(name: str) -> str:
    return name.rpartition(":")[2]


def _column(held: dict[str, Numbers], name: str) -> Numbers:
    values = held[_plain(name)]
    if name.startswith(MISSING):
        return np.isnan(values).astype(np.float64)
    if name.startswith(NONE_BEFORE):
        return (np.nan_to_num(values) == 0).astype(np.float64)
    return np.nan_to_num(values)
