"""The questions, each as a method: what is done before the clock starts, and what is timed.

A method is given the path of a Parquet file and returns the work to time; the work returns its answer, so that those
who count the same can be held against each other. Peers are written as their manuals say.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generate import FEATURE, FIVE, THREE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Work = Callable[[], Any]
    Method = Callable[[Path], Work]

WINDOW = 7 * 86_400 * 1_000_000


def floor(path: Path) -> Work:
    """Scan the file once: rows, last time, users (roughly), one event."""
    import duckdb

    connection = duckdb.connect()
    query = f"""SELECT count(*), max(timestamp), approx_count_distinct(user_id),
        count(*) FILTER (event = 'purchase') FROM '{path}'"""
    return lambda: connection.execute(query).fetchall()


# ------------------------------------------------------------------------------------------------------- this package


def _read(path: Path) -> Any:  # noqa: ANN401
    import pm_analytics as pm

    return pm.read_events(path, timezone="UTC")


def _unread(path: Path) -> Any:  # noqa: ANN401
    import pm_analytics as pm

    return pm.read_events(path, timezone="UTC", copy=False)


def _prepared(path: Path) -> Any:  # noqa: ANN401
    import pm_analytics as pm

    return pm.prepare(path, timezone="UTC")


def ours(opened: Callable[[Path], Any], ask: Callable[[Any], Any], path: Path) -> Work:
    """Ask a log of ours."""
    log = opened(path)
    return lambda: ask(log)


def _funnel(log: Any, steps: Sequence[str]) -> list[int]:  # noqa: ANN401
    import pm_analytics as pm

    return [int(users) for users in pm.funnel(log, list(steps), within="7 days").to_frame()["users"]]


def _frame(name: str, log: Any, *names: str) -> int:  # noqa: ANN401
    import pm_analytics as pm

    return len(getattr(pm, name)(log, *names).to_frame())


def reading(path: Path) -> Work:
    """Read the file."""
    import pm_analytics as pm
    from pm_analytics import engine

    engine.fetch("SELECT 1")
    return lambda: pm.read_events(path, timezone="UTC").source.rows_read


def preparing(path: Path) -> Work:
    """Prepare a log that was read: the file is written each time."""
    import pm_analytics as pm

    log = _read(path)

    def work() -> int:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            return int(pm.prepare(log, into=Path(folder) / "prepared.duckdb").codes or 0)

    return work


# -------------------------------------------------------------------------------------------------------------- peers


def duckdb_windows(steps: Sequence[str], path: Path) -> Work:
    """Chain running maxima in hand-written SQL, dropping at each step what cannot matter any more."""
    import duckdb

    connection = duckdb.connect()
    cases = " ".join(f"WHEN '{step}' THEN {at}" for at, step in enumerate(steps, 1))
    named = " OR ".join(f"event = '{step}'" for step in steps)
    parts = [
        f"""s AS (SELECT user_id AS u, epoch_us(timestamp) AS t, CASE event {cases} END AS step FROM '{path}'
        WHERE {named})""",
        "l1 AS (SELECT u, t, step, CASE WHEN step = 1 THEN t END AS st FROM s)",
    ]
    for at in range(2, len(steps) + 1):
        parts += [
            f"""r{at} AS (SELECT u, t, step, max(st) OVER (PARTITION BY u ORDER BY t, step
            ROWS UNBOUNDED PRECEDING) AS m FROM l{at - 1})""",
            f"""l{at} AS (SELECT u, t, step, CASE WHEN step = {at} THEN m END AS st FROM r{at}
            WHERE step >= {at} AND t - m <= {WINDOW})""",
        ]
    counts = ", ".join(f"(SELECT count(DISTINCT u) FROM l{at} WHERE step = {at})" for at in range(1, len(steps) + 1))
    query = f"WITH {', '.join(parts)} SELECT {counts}"
    return lambda: list(connection.execute(query).fetchone() or ())


def clickhouse(steps: Sequence[str], path: Path) -> Work:
    """ClickHouse, embedded: its own windowFunnel."""
    import chdb

    conditions = ", ".join(f"event = '{step}'" for step in steps)
    names = ", ".join(f"'{step}'" for step in steps)
    reached = ", ".join(f"countIf(level >= {at})" for at in range(1, len(steps) + 1))
    query = f"""SELECT {reached} FROM (
        SELECT user_id, windowFunnel({WINDOW})(toUInt64(toUnixTimestamp64Micro(timestamp)), {conditions}) AS level
        FROM file('{path}', Parquet) WHERE event IN ({names}) GROUP BY user_id)"""
    return lambda: [int(count) for count in str(chdb.query(query, "CSV")).strip().split(",")]


def polars(steps: Sequence[str], path: Path) -> Work:
    """Polars: running maxima over each user, streamed."""
    import polars as pl

    def work() -> list[int]:
        rows = pl.scan_parquet(path).select("user_id", "event", t=pl.col("timestamp").dt.epoch("us"))
        step = pl.col("event").replace_strict({name: at for at, name in enumerate(steps, 1)}, default=None)
        rows = rows.filter(pl.col("event").is_in(steps)).with_columns(step=step.cast(pl.Int8)).drop("event")
        rows = rows.sort("t", "step").with_columns(s1=pl.when(pl.col("step") == 1).then(pl.col("t")))
        for at in range(2, len(steps) + 1):
            best = pl.col(f"s{at - 1}").cum_max().forward_fill().over("user_id")
            kept = (pl.col("step") == at) & (pl.col("t") - best <= WINDOW)
            rows = rows.with_columns(pl.when(kept).then(best).alias(f"s{at}"))
        reached = [pl.col(f"s{at}").is_not_null().any() for at in range(1, len(steps) + 1)]
        found = rows.group_by("user_id").agg(reached).select(pl.exclude("user_id").sum())
        return [int(count) for count in found.collect(engine="streaming").row(0)]

    return work


def pandas(steps: Sequence[str], path: Path) -> Work:
    """Run the same running maxima in pandas, vectorised; reading the file is part of it, as for the others."""
    import pandas as pd

    def work() -> list[int]:
        rows = pd.read_parquet(path, columns=["user_id", "event", "timestamp"], filters=[("event", "in", list(steps))])
        rows = rows.assign(
            user=pd.factorize(rows["user_id"])[0],
            t=rows["timestamp"].astype("datetime64[us]").astype("int64"),
            step=rows["event"].map({name: at for at, name in enumerate(steps, 1)}).astype("int8"),
        )[["user", "t", "step"]].sort_values(["t", "step"], kind="stable")
        start, found = rows["t"].where(rows["step"] == 1), []
        found.append(rows.loc[start.notna(), "user"].nunique())
        for at in range(2, len(steps) + 1):
            best = start.groupby(rows["user"]).cummax().groupby(rows["user"]).ffill()
            start = best.where((rows["step"] == at) & (rows["t"] - best <= WINDOW))
            found.append(rows.loc[start.notna(), "user"].nunique())
        return [int(count) for count in found]

    return work


def retentioneering(steps: Sequence[str], path: Path) -> Work:
    """Retentioneering 5: its own funnel, which has no window; building its stream is not timed."""
    import pandas as pd
    from retentioneering import Eventstream

    frame = pd.read_parquet(path, columns=["user_id", "event", "timestamp"])
    stream = Eventstream(frame, {"path_cols": ["user_id"], "event_col": "event", "timestamp_col": "timestamp"})
    return lambda: [int(step["unique_paths"]) for step in stream.funnel_data(list(steps))["steps"]]


LARGEST_FOR_PANDAS = 20_000_000


def methods(events: int) -> dict[str, dict[str, Method]]:
    """Give the questions, and for each who answers it."""
    funnels = {f"funnel of {len(steps)} steps, 7 days": _funnel_methods(steps, events) for steps in (THREE, FIVE)}
    asked: dict[str, Callable[[Any], Any]] = {
        "weekly retention": partial(_frame, "retention"),
        "rolling 1, 7 and 28 day actives": partial(_frame, "active_users"),
        "weekly lifecycle": partial(_frame, "lifecycle"),
        "adoption": lambda log: _frame("adoption", log, FEATURE),
        "data quality": partial(_frame, "check"),
    }
    others = {
        question: {
            "pm_analytics, prepared": partial(ours, _prepared, ask),
            "pm_analytics, read": partial(ours, _read, ask),
        }
        for question, ask in asked.items()
    }
    once = {"done once": {"read_events": reading, "prepare": preparing}}
    return {**funnels, **others, **once}


def _funnel_methods(steps: Sequence[str], events: int) -> dict[str, Method]:
    ask = partial(_funnel, steps=steps)
    found: dict[str, Method] = {
        "pm_analytics, prepared": partial(ours, _prepared, ask),
        "pm_analytics, read": partial(ours, _read, ask),
        "pm_analytics, unread (copy=False)": partial(ours, _unread, ask),
        "DuckDB, hand-written windows": partial(duckdb_windows, steps),
        "ClickHouse (chdb), windowFunnel": partial(clickhouse, steps),
        "Polars": partial(polars, steps),
    }
    if events <= LARGEST_FOR_PANDAS:
        found["pandas, vectorised"] = partial(pandas, steps)
        found["Retentioneering 5, no window"] = partial(retentioneering, steps)
    return found


def limit(memory: str | None) -> None:
    """Bound the engine of this package."""
    if memory:
        os.environ.setdefault("PM_ANALYTICS_BENCH_MEMORY", memory)
        from pm_analytics import engine

        engine.limit(memory=memory)
