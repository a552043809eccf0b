"""The files of a simulated product: events as one Parquet export in time order, exposures, and the truth."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # ships no types
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pm_analytics.simulate.people import COUNTRIES, PLANS, PLATFORMS, bill, plan_at
from pm_analytics.simulate.plan import EVENTS, EXPERIMENT, NEVER
from pm_analytics.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pm_analytics.simulate.behaviour import Rows, World
    from pm_analytics.simulate.people import People
    from pm_analytics.simulate.plan import Plan, Times

_MOMENT = pa.timestamp("us", tz="UTC")
_COLUMNS = {
    "event_id": pa.string(),
    "user_id": pa.string(),
    "account_id": pa.string(),
    "session_id": pa.string(),
    "event": pa.string(),
    "timestamp": _MOMENT,
    "platform": pa.string(),
    "app_version": pa.string(),
    "country": pa.string(),
    "plan": pa.string(),
    "amount": pa.float64(),
    "is_internal": pa.bool_(),
}
SCHEMA = pa.schema(list(_COLUMNS.items()))
_ROW_GROUP = 500_000
_RELEASE_DAYS = 14


class Labels:
    """Texts of users and accounts, made once: making them per row would take most of the time."""

    def __init__(self, people: People) -> None:
        self.users = numbered("u", np.arange(len(people.account)), 6)
        self.accounts = numbered("a", people.account, 5)


def numbered(letter: str, numbers: Times, digits: int) -> Any:  # noqa: ANN401 - Arrow ships no types
    """Write numbers as texts like 'u000123'."""
    digits = max(digits, len(str(int(numbers.max(initial=0)))))
    padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), digits, "0")
    return pc.binary_join_element_wise(letter, padded, "")


def table(world: World, labels: Labels, rows: Rows, number: Times) -> Any:  # noqa: ANN401
    """Lay rows out as the export shows them; a row without a login hides who it was."""
    people, person = world.people, rows.person
    who = pa.array(person, mask=~rows.known)
    plan_code = pa.array(plan_at(people, person, rows.time), mask=~rows.known)
    columns = [
        numbered("e", number, 10),
        labels.users.take(who),
        labels.accounts.take(who),
        numbered("s", rows.session, 9),
        _texts(EVENTS).take(pa.array(rows.event)),
        pa.array(rows.time).cast(_MOMENT),
        _texts(PLATFORMS).take(pa.array(people.platform[person])),
        _version(world.plan, people, rows),
        _texts(COUNTRIES).take(pa.array(people.country[person])),
        _texts(PLANS).take(plan_code),
        pa.array(bill(people, person, rows.event), from_pandas=True),
        pa.array(people.internal[person] & rows.known),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _texts(names: tuple[str, ...]) -> Any:  # noqa: ANN401
    return pa.array(names, pa.string())


def _version(plan: Plan, people: People, rows: Rows) -> Any:  # noqa: ANN401
    """Give the app version: a release every other week, which phones install late."""
    installed = (rows.time - plan.start) // DAY - people.lag[rows.person] + 2 * _RELEASE_DAYS
    names = tuple(f"4.{release}" for release in range(plan.days // _RELEASE_DAYS + 3))
    return _texts(names).take(pa.array(installed // _RELEASE_DAYS))


class Export:
    """Writes events in row groups of a size that readers like."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        self._waiting: list[Any] = []

    def add(self, part: Any) -> None:  # noqa: ANN401
        """Take the next rows; write once there are enough for a row group."""
        self._waiting.append(part)
        if sum(len(waiting) for waiting in self._waiting) >= _ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=2 * _ROW_GROUP)
        self._waiting = []

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


@contextmanager
def exporting(path: Path) -> Iterator[Export]:
    """Write the events beside their place, and put them there only when they are complete."""
    unfinished = path.with_suffix(".unfinished")
    export = Export(unfinished)
    try:
        yield export
        export.flush()
        export.close()
        unfinished.replace(path)
    finally:
        export.close()
        unfinished.unlink(missing_ok=True)


def write_exposures(path: Path, world: World, labels: Labels) -> None:
    """Write one row per exposed person, in time order."""
    person = np.flatnonzero(world.exposed != NEVER)
    person = person[np.argsort(world.exposed[person], kind="stable")]
    variant = _texts(("control", "treatment")).take(pa.array(world.people.treated[person].astype(np.int8)))
    frame = pa.table(
        {
            "experiment": pa.array([EXPERIMENT] * len(person), pa.string()),
            "variant": variant,
            "user_id": labels.users.take(pa.array(person)),
            "timestamp": pa.array(world.exposed[person]).cast(_MOMENT),
        }
    )
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(frame, unfinished, compression="zstd")
    unfinished.replace(path)


def write_truth(path: Path, truth: dict[str, Any]) -> None:
    """Write the truth last and in one move: where it is, everything else is complete."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)
