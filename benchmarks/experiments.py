"""Time an experiment of ten adjusted metrics beside tea-tasting on the same engine, and ten metrics of a log.

    python benchmarks/experiments.py                       5 million users, one row each
    python benchmarks/experiments.py --log 10000000        also ten metrics of a log of so many events

Each side runs in a process of its own, in turns; quote the ratios. Ours does more in its time: the validity gate, with
exact counts of units, comes before any number.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

USERS, METRICS, ROUNDS = 5_000_000, 10, 5
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks_experiments.md"
NAMES = (
    "purchase",
    "view_item",
    "add_to_cart",
    "search",
    "login",
    "share",
    "save_item",
    "comment",
    "like",
    "export_csv",
)


def users(path: Path) -> None:
    """Write the table of users: a variant, and per metric a value before and after."""
    import duckdb

    columns = ", ".join(
        f"(hash(i * {2 * k + 3}) % 1000) / 100.0 AS x{k}, "
        f"(hash(i * {2 * k + 3}) % 1000) / 200.0 + (hash(i * {2 * k + 101}) % 1000) / 100.0 AS y{k}"
        for k in range(METRICS)
    )
    duckdb.sql(
        f"""COPY (SELECT i AS user_id, CASE WHEN hash(i) % 2 = 0 THEN 'treatment' ELSE 'control' END AS variant,
        {columns} FROM range({USERS}) AS r(i)) TO '{path}' (FORMAT parquet)"""
    )


def of_users(path: Path) -> Any:  # noqa: ANN401
    """Open the users in a connection to DuckDB: a table of a database, or a Parquet file."""
    import ibis

    if path.suffix == ".parquet":
        return ibis.duckdb.connect().read_parquet(str(path))
    return ibis.duckdb.connect(str(path), read_only=True).table("users")


def ours(path: Path) -> Any:  # noqa: ANN401
    """Run the experiment of this package."""
    import pm_analytics as pm

    table = of_users(path)
    metrics = [pm.Metric.recorded(f"y{k}", kind="mean", before=f"x{k}", name=f"m{k}") for k in range(METRICS)]
    plan = pm.ExperimentPlan(metrics)

    def work() -> list[float]:
        exposures = pm.Exposures.from_table(table, unit="user_id", variant="variant")
        found = pm.experiment(None, exposures, plan).despite_failed_checks()
        return [float(value) for value in found["difference"]]

    return work


def theirs(path: Path) -> Any:  # noqa: ANN401
    """Run the same with tea-tasting."""
    import tea_tasting as tt

    table = of_users(path)
    asked = tt.Experiment({f"m{k}": tt.Mean(f"y{k}", f"x{k}") for k in range(METRICS)}, variant="variant")

    def work() -> list[float]:
        found = asked.analyze(table, control="control")
        return [float(found[f"m{k}"].effect_size) for k in range(METRICS)]

    return work


def of_log(path: Path) -> Any:  # noqa: ANN401
    """Run ten metrics of a log, adjusted for the four weeks before."""
    import pm_analytics as pm
    from pm_analytics import engine

    engine.limit(memory="1GB")
    log = pm.read_events(path, timezone="UTC", copy=False)
    offered = engine.table(
        f"""SELECT user_id, CASE WHEN hash(user_id) % 2 = 0 THEN 'control' ELSE 'treatment' END AS variant,
        timestamptz '2025-04-01 00:00:00+00' + INTERVAL (hash(user_id, 1) % 1209600) SECOND AS moment FROM
        (SELECT DISTINCT user_id FROM '{path}' WHERE timestamp >= '2025-04-01' AND timestamp < '2025-04-15')""",
        "offered",
    )
    metrics = [pm.Metric.count(name, within="14 days") for name in NAMES]
    plan = pm.ExperimentPlan(metrics, pre_period="28 days")

    def work() -> list[float]:
        exposures = pm.Exposures.from_table(offered, unit="user_id", variant="variant", time="moment", timezone="UTC")
        found = pm.experiment(log, exposures, plan).despite_failed_checks()
        return [float(value) for value in found["difference"]]

    return work


def floor(path: Path) -> Any:  # noqa: ANN401
    """Scan the log once."""
    import methods

    return methods.floor(path)


SIDES = {"ours": ours, "tea-tasting": theirs, "log": of_log, "floor": floor}


def measure(side: str, path: Path) -> dict[str, Any]:
    """Time one side, the second time, in this process."""
    work = SIDES[side](path)
    work()
    start = time.perf_counter()
    answer = work()
    spent = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {"seconds": spent, "megabytes": peak, "answer": answer if side != "floor" else []}


def child(side: str, path: Path) -> dict[str, Any]:
    """Measure one side in a process of its own."""
    command = [sys.executable, __file__, "--child", side, "--path", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very script
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure in turns, print, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=lambda text: int(float(text)), default=0)
    parser.add_argument("--folder")
    parser.add_argument("--child")
    parser.add_argument("--path")
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(measure(asked.child, Path(asked.path))))
        return
    with tempfile.TemporaryDirectory(prefix="pm_analytics_bench_") as spare:
        lines = _users(Path(asked.folder or spare))
        if asked.log:
            lines += _log(asked.log, Path(asked.folder or spare))
    text = "\n".join(lines)
    print(text)
    PAGE.write_text(HEAD + text + "\n", encoding="utf-8")


HEAD = """# Benchmarks of experiments

Written by `benchmarks/experiments.py`. Ratios, not seconds; each side in a process of its own, in turns, asked a second
time in it. Synthetic data.

"""


def stored(path: Path, source: Path) -> None:
    """Write the same users as a table of a DuckDB database."""
    import duckdb

    with duckdb.connect(str(path)) as place:
        place.execute(f"CREATE TABLE users AS SELECT * FROM '{source}'")


def _users(folder: Path) -> list[str]:
    path = folder / f"users_{USERS}.parquet"
    if not path.exists():
        users(path)
    database = path.with_suffix(".duckdb")
    if not database.exists():
        stored(database, path)
    return [_beside(database, "a table of DuckDB"), _beside(path, "a Parquet file")]


def _beside(path: Path, what: str) -> str:
    rounds = [(child("ours", path), child("tea-tasting", path)) for _ in range(ROUNDS)]
    ratios = [mine["seconds"] / other["seconds"] for mine, other in rounds]
    apart = max(abs(a - b) for a, b in zip(rounds[0][0]["answer"], rounds[0][1]["answer"], strict=True))
    peak = max(mine["megabytes"] for mine, _ in rounds)
    middle = statistics.median(ratios)
    return (
        f"- {METRICS} adjusted metrics on {USERS:,} users, {what}: **{middle:.2f}** times the time of tea-tasting "
        f"({min(ratios):.2f} to {max(ratios):.2f} over {ROUNDS} rounds), {peak:,.0f} MB at most. Largest difference of "
        f"an effect: {apart:.1e}."
    )


def _log(events: int, folder: Path) -> list[str]:
    import generate

    path = folder / f"events_{events}.parquet"
    if not path.exists():
        generate.write(events, path)
    scan, found = child("floor", path), child("log", path)
    ratio = found["seconds"] / scan["seconds"]
    said = (
        f"- {len(NAMES)} adjusted metrics of a log of {events:,} events: **{ratio:.1f}** times one scan of it, "
        f"{found['megabytes']:,.0f} MB at most, the engine held to 1 GB."
    )
    return [said]


if __name__ == "__main__":
    main()
