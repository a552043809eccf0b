"""Measure analyses against a floor: one scan of the same file by the embedded engine.

    python benchmarks/funnel.py [EVENTS]        (one million by default; also: make bench EVENTS=10000000)

Each measurement runs in a process of its own, in turns, so that a busy minute of the machine hits all alike.
Quote the ratios, never the seconds: those belong to this machine. Importing is not timed, and neither is
reading the file, except in the tasks that are about it.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pm_analytics as pm

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS = 1_000_000
ROUNDS = 5
STEPS = ["signed_up", "project_created", "item_added", "teammate_invited", "plan_upgraded"]
BUSY_STEPS = ["app_opened", "item_edited", "report_exported"]
FEATURE = "bulk_edit_saved"


def main() -> None:
    """Simulate the events, measure in turns, print the table."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory(prefix="pm_analytics_bench_") as folder:
        print(f"Simulating about {events:,} events ...")
        path = pm.simulate(folder, events=events).events
        print(f"{path.stat().st_size / 1e6:,.0f} MB of Parquet; {ROUNDS} rounds, in turns")
        rounds = [{name: measured(name, path) for name in TASKS} for _ in range(ROUNDS)]
    report(rounds)


def measured(name: str, path: Path) -> dict[str, float]:
    """Run one task in a process of its own; it prints its seconds and its peak memory."""
    command = [sys.executable, __file__, "--task", name, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very script
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(rounds: list[dict[str, dict[str, float]]]) -> None:
    """Print each task as a ratio to the floor (medians, and the range over rounds), and peak memory."""
    floor = statistics.median(each["floor"]["again"] for each in rounds)
    print(f"\n{'task':<28}{'first time':>11}{'again':>8}{'(range)':>16}{'peak memory':>14}{'again here':>13}")
    for name in TASKS:
        first = statistics.median(each[name]["first"] for each in rounds)
        again = statistics.median(each[name]["again"] for each in rounds)
        ratios = [each[name]["again"] / each["floor"]["again"] for each in rounds]
        spread = f"({min(ratios):.1f} to {max(ratios):.1f})"
        memory = max(each[name]["megabytes"] for each in rounds)
        times = f"{first / floor:>10.1f}x{again / floor:>7.1f}x{spread:>16}"
        print(f"{name:<28}{times}{memory:>11,.0f} MB{again:>11.2f} s")
    print("\nx: times as long as the floor, one scan that counts rows, users (roughly) and an event")
    print("first time: in a fresh process, so with what is compiled and loaded once; again: the same question")


def run_task(name: str, path: Path) -> None:
    """Run one task twice in this process and print what it took."""
    action = TASKS[name](path)
    seconds = {"first": timed(action), "again": timed(action)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**seconds, "megabytes": peak / (1e6 if sys.platform == "darwin" else 1e3)}))


def timed(action: Callable[[], object]) -> float:
    """Give the seconds that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _floor(path: Path) -> Callable[[], object]:
    from pm_analytics import engine

    engine.fetch("SELECT 1")
    return lambda: engine.fetch(
        f"""SELECT count(*), epoch_us(max(timestamp)), approx_count_distinct(user_id),
            count(*) FILTER (event = '{FEATURE}')
        FROM read_parquet({engine.literal(str(path))})"""
    )


def _read(path: Path) -> Callable[[], object]:
    from pm_analytics import engine

    engine.fetch("SELECT 1")
    return lambda: pm.read_events(path)


def _rare_funnel(path: Path) -> Callable[[], object]:
    log = pm.read_events(path)
    return lambda: pm.funnel(log, STEPS)


def _busy_funnel(path: Path) -> Callable[[], object]:
    log = pm.read_events(path)
    return lambda: pm.funnel(log, BUSY_STEPS)


def _adoption(path: Path) -> Callable[[], object]:
    log = pm.read_events(path)
    return lambda: pm.adoption(log, FEATURE)


TASKS: dict[str, Callable[[Path], Callable[[], object]]] = {
    "floor": _floor,
    "read_events": _read,
    "funnel, 5 rare steps": _rare_funnel,
    "funnel, 3 frequent steps": _busy_funnel,
    "adoption": _adoption,
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        run_task(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
