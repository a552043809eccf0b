"""Measure this package and its peers against a floor: one scan of the same file by an embedded engine.

    python benchmarks/run.py 1000000 10000000             (also: make bench EVENTS="1000000 10000000")
    python benchmarks/run.py 100000000 --folder /data --memory 2GB --only retention

Each method runs in a process of its own, once per round, in turns, with the floor before and after it: a busy minute of
the machine then hits both alike. Quote the ratios to the floor, never the seconds: those belong to this machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import generate
import methods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 3
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
PEERS = ("duckdb", "chdb", "polars", "pandas", "retentioneering", "numba")
NEEDS = {
    "ClickHouse (chdb), windowFunnel": "chdb",
    "Polars": "polars",
    "Retentioneering 5, no window": "retentioneering",
}

Measured = dict[str, Any]


def main() -> None:
    """Generate what is missing, measure in turns, print, write the page."""
    asked = arguments()
    if asked.child:
        print(json.dumps(measure(asked.child, Path(asked.path), asked.events[0], asked.memory)))
        return
    with tempfile.TemporaryDirectory(prefix="pm_analytics_bench_") as spare:
        folder = Path(asked.folder or spare)
        os.environ["PM_ANALYTICS_CACHE"] = str(folder / "prepared")
        tables = [table(events, folder, asked) for events in asked.events]
    text = "\n\n".join(tables)
    print(text)
    if not asked.only:
        PAGE.write_text(page(text, asked), encoding="utf-8")
        print(f"\nWritten to {PAGE}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", nargs="*", type=lambda text: int(float(text)), default=[1_000_000])
    parser.add_argument("--folder", help="where generated and prepared files are kept for the next time")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--memory", help="a limit for this package's engine, such as 2GB; peers have none")
    parser.add_argument("--only", default="", help="questions and methods whose name holds this; writes no page")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    return parser.parse_args()


def table(events: int, folder: Path, asked: argparse.Namespace) -> str:
    """Measure one size; give its table."""
    path = generated(events, folder)
    wanted = [name for name in names(events) if asked.only.lower() in f"{name[0]} {name[1]}".lower()]
    first_of_ours = next((name for name in wanted if "prepared" in name[1]), None)
    if first_of_ours is not None:
        child(first_of_ours, path, events, asked)  # writes the prepared file, which is then only found
    rounds: list[dict[tuple[str, str], Measured]] = []
    # Long runs hardly differ from each other: a large file gets one round.
    many = asked.rounds if events <= methods.LARGEST_FOR_PANDAS else 1
    for number in range(many):
        print(f"{events:,} events, round {number + 1} of {many} ...", file=sys.stderr, flush=True)
        rounds.append({name: child(name, path, events, asked) for name in wanted})
    return "\n".join(
        [f"## {events:,} events ({path.stat().st_size / 1e6:,.0f} MB of Parquet)", "", *rows(wanted, rounds)]
    )


def names(events: int) -> Iterator[tuple[str, str]]:
    """List question and method of all that can run here."""
    for question, ways in methods.methods(events).items():
        for way in ways:
            if way not in NEEDS or importlib.util.find_spec(NEEDS[way]):
                yield question, way


def generated(events: int, folder: Path) -> Path:
    """Generate the file unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events_{events}.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        generate.write(events, part)
        part.rename(path)
    return path


def child(name: tuple[str, str], path: Path, events: int, asked: argparse.Namespace) -> Measured:
    """Measure a method in a process of its own; one that fails says so and stops nothing."""
    command = [sys.executable, __file__, str(events), "--child", "|".join(name), "--path", str(path)]
    command += ["--memory", asked.memory] if asked.memory else []
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - this very script
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return {"failed": said[:100]}
    found: Measured = json.loads(lines[-1])
    return found


def measure(name: str, path: Path, events: int, memory: str | None) -> Measured:
    """Time one method twice, with the floor before and after it."""
    methods.limit(memory)
    question, way = name.split("|")
    scan = methods.floor(path)
    scan()
    work = methods.methods(events)[question][way](path)
    before, _ = timed(scan)
    first, answer = timed(work)
    again, _ = timed(work) if question != "done once" else (first, None)
    after, _ = timed(scan)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {"floor": (before + after) / 2, "first": first, "again": again, "megabytes": peak, "answer": answer}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Give the seconds that some work takes, and its answer."""
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def rows(wanted: list[tuple[str, str]], rounds: list[dict[tuple[str, str], Measured]]) -> Iterator[str]:
    """Write a table: ratios to the floor as medians over the rounds, their range, peak memory, and who agrees."""
    yield "| question | method | first time | again | range | peak memory | answer |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    for name in wanted:
        runs = [each[name] for each in rounds]
        failed = next((run["failed"] for run in runs if "failed" in run), None)
        if failed is not None:
            yield f"| {name[0]} | {name[1]} | did not run: {failed} | | | | |"
            continue
        first, again = ([run[which] / run["floor"] for run in runs] for which in ("first", "again"))
        peak = max(run["megabytes"] for run in runs)
        yield (
            f"| {name[0]} | {name[1]} | {statistics.median(first):.1f}x | **{statistics.median(again):.1f}x** | "
            f"{min(again):.1f} to {max(again):.1f} | {peak:,.0f} MB | {said(runs[0]['answer'])} |"
        )
    floors = [run["floor"] for each in rounds for run in each.values() if "floor" in run]
    if floors:
        yield ""
        yield f"Floor here: {statistics.median(floors):.2f} s ({min(floors):.2f} to {max(floors):.2f})."


def said(answer: object) -> str:
    """Say the counts of a funnel; of other questions, only we answer."""
    return " / ".join(f"{count:,}" for count in answer) if isinstance(answer, list) else ""


def page(text: str, asked: argparse.Namespace) -> str:
    """Write the page: what was measured, how, and what was left out."""
    versions = ", ".join(f"{name} {found}" for name in PEERS if (found := _version(name)))
    bound = f", with a memory limit of {asked.memory} for this package" if asked.memory else ""
    return f"""# Benchmarks

Written by `make bench`. All times are **ratios**: how many times as long as the floor, one scan of the same Parquet
file by DuckDB (rows, last time, roughly how many users, one event). The floor is timed before and after each method,
in its process; each method has a process of its own per round, and the methods take turns. Medians over the rounds,
of which there were {asked.rounds} (one where the file is so large that pandas is left out).

{text}

## What to read out of it, and what not

- **First time** holds what a fresh process compiles and loads once; **again** is the same question asked a second time.
- **Prepared**: the log was prepared before (`pm.prepare`); **read**: `pm.read_events` only; **unread**: `copy=False`.
- Left out of the times: importing, starting a process, reading (for *read*), preparing (for *prepared*), building
  Retentioneering's stream. Those have rows of their own where they are ours. For Polars, pandas, ClickHouse and the
  hand-written SQL the file is scanned each time, as for the floor.
- Same answer: all funnels count whoever reaches a step within 7 days of some first step, ties included.
  Retentioneering's has no window, so it counts more; that is its definition, not a fault.
- pandas and Retentioneering hold all rows in memory, and are left out above {methods.LARGEST_FOR_PANDAS:,} events.
- The data is **synthetic** (`benchmarks/generate.py`): the same on every machine, with ties, cut seconds and users who
  come all the time; its conversion and its compression are no one's.
- A funnel of ours also reports who has not finished yet, medians and intervals; peers were asked for counts only.

Measured with {platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores{bound}; {versions}.
"""


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
