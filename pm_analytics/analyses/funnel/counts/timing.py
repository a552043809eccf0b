"""Attempts -> how long each step took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.attempts import ENTRY
from pm_analytics.analyses.funnel.counts.chosen import chosen
from pm_analytics.analyses.funnel.counts.ordered import LEVEL, reached
from pm_analytics.times import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pm_analytics.analyses.funnel.counts.attempts import Attempts

FINENESS = 1_000
QUANTILES = {"p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}


def timed(attempts: Attempts, *, each: bool) -> Any:  # noqa: ANN401 - an Ibis table
    """Give the attempts that count with the times of their steps, kept for the questions that follow."""
    return engine.kept(attempts.with_times(chosen(attempts, each=each)), "counted")


def durations(counted: Any, pairs: Sequence[tuple[int, int]]) -> pd.DataFrame:  # noqa: ANN401
    """Summarise the seconds between pairs of levels, over the units that made both.

    Returns
    -------
    DataFrame
        ``users``, ``mean``, ``p25``, ``median``, ``p75``, ``p90``, ``shortest``, ``longest``; one row per pair.
    """
    import pandas as pd

    rows = []
    for start, end in pairs:
        made = counted.filter(counted[LEVEL] >= end)
        took = made.select(seconds=(made[reached(end)] - made[reached(start)]).cast("float64") / SECOND)
        # With a tolerance a step may lie slightly before the one it follows: no time passed then.
        took = took.mutate(seconds=ibis.ifelse(took["seconds"] < 0, 0.0, took["seconds"]))
        seconds = took["seconds"]
        sums = {"users": took.count(), "mean": seconds.mean(), "shortest": seconds.min(), "longest": seconds.max()}
        sums |= {name: seconds.quantile(share) for name, share in QUANTILES.items()}
        rows.append(engine.run(took.aggregate(**sums)))
    return pd.concat(rows, ignore_index=True)


def histogram(counted: Any, start: int, end: int, width: float, *, most: int) -> pd.DataFrame:  # noqa: ANN401
    """Count units per bin of ``width`` seconds: ``bin`` (from 0; the last one holds all that is longer), ``users``."""
    made = counted.filter(counted[LEVEL] >= end)
    seconds = (made[reached(end)] - made[reached(start)]).cast("float64") / SECOND
    number = (ibis.ifelse(seconds < 0, 0.0, seconds) / width).floor().cast("int64")
    bins = made.select(bin=ibis.ifelse(number < most, number, most - 1))
    return engine.run(bins.group_by("bin").aggregate(users=bins.count()).order_by("bin"))


def waits(counted: Any, attempts: Attempts, start: int, end: int) -> pd.DataFrame:  # noqa: ANN401
    """Count who made a step, and whose observation ended, by time since an earlier step.

    Times that differ by less than a thousandth are counted together, as the longest of them, so that the table stays
    small however many attempts there are.

    Returns
    -------
    DataFrame
        ``seconds``, ``converted``, ``censored``, in order.
    """
    horizon = attempts.question.horizon
    began = counted.filter(counted[LEVEL] >= start)
    made = began[LEVEL] >= end
    limit = ibis.literal(attempts.log.observed_until, "int64")
    if horizon is not None:
        close = began[ENTRY] + horizon
        limit = ibis.ifelse(close < limit, close, limit)
    until = ibis.ifelse(made, began[reached(end)], limit) - began[reached(start)]
    seconds = ibis.ifelse(until < 0, 0, until).cast("float64") / SECOND
    rows = began.select(seconds=seconds, bin=((seconds + 1).ln() * FINENESS).ceil(), made=made.cast("int64"))
    counts = rows.group_by("bin").aggregate(
        seconds=rows["seconds"].max(), converted=rows["made"].sum(), censored=(1 - rows["made"]).sum()
    )
    return engine.run(counts.order_by("bin")).drop(columns="bin")
