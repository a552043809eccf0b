"""Open a prepared file as a log: only one that is whole, and made of exactly what was asked for."""

from __future__ import annotations

import json
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.coded import CODE, Coded
from pm_analytics.errors import ParameterError, PmAnalyticsError
from pm_analytics.prepared.layout import ABOUT_TABLE, DAYS_TABLE, EVENTS_TABLE, FORMAT, USERS_TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# The engine opens a file once per process: a second log of it shares the tables of the first.
_open: weakref.WeakValueDictionary[Path, Any] = weakref.WeakValueDictionary()
_facts: dict[Path, tuple[Mapping[str, Any], str]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A prepared file that is open.

    Attributes
    ----------
    file : Path
        The file.
    facts : mapping
        What it says about itself.
    coded : Coded
        Its tables.
    """

    file: Path
    facts: Mapping[str, Any]
    coded: Coded


def opened(file: Path, fingerprint: str) -> Opened | None:
    """Open a prepared file of that fingerprint; None when there is none, or it is not whole, or of something else.

    Raises
    ------
    ParameterError
        It is open in this process as the file of another log, so it can be neither used nor replaced.
    """
    if file in _open:
        known, name = _facts[file]
        if known["fingerprint"] != fingerprint:
            raise ParameterError(
                f"{file} is in use by another log of this session. Name another file with into='...', or drop that log."
            )
        return _as_opened(file, known, name, _open[file].to_expr())
    attached = _attached(file)
    if attached is None:
        return None
    facts = _read_facts(attached)
    whole = engine.is_whole(attached, file.stat().st_size)
    if facts is None or not whole or facts["fingerprint"] != fingerprint:
        engine.clear(f"DETACH {attached}")
        return None
    texts = engine.columns_of(f"{attached}.{EVENTS_TABLE}")
    columns = ", ".join(
        f"{engine.identifier(name)}::VARCHAR AS {engine.identifier(name)}"
        if kind.startswith("ENUM")
        else engine.identifier(name)
        for name, kind in texts.items()
    )
    events = engine.view(f"SELECT {columns} FROM {attached}.{EVENTS_TABLE}", "prepared", then=(f"DETACH {attached}",))
    _open[file], _facts[file] = events.op(), (facts, attached)
    return _as_opened(file, facts, attached, events)


def is_ours(file: Path) -> bool:
    """Tell whether a file that exists was prepared by us, so that it may be replaced."""
    if file in _open:
        return True
    attached = _attached(file)
    if attached is None:
        return False
    ours = _read_facts(attached, any_format=True) is not None
    engine.clear(f"DETACH {attached}")
    return ours


def _attached(file: Path) -> str | None:
    if not file.is_file():
        return None
    try:
        return engine.attach(file)
    except PmAnalyticsError:  # damaged, cut short, or written by an engine that this one does not know
        return None


def _read_facts(attached: str, *, any_format: bool = False) -> Mapping[str, Any] | None:
    try:
        facts: Mapping[str, Any] = json.loads(engine.fetch(f"SELECT facts FROM {attached}.{ABOUT_TABLE}")[0][0])
    except (PmAnalyticsError, ValueError, IndexError):
        return None
    return facts if facts.get("complete") and (any_format or facts.get("format") == FORMAT) else None


def _as_opened(file: Path, facts: Mapping[str, Any], attached: str, events: Any) -> Opened:  # noqa: ANN401
    users = engine.pointer(f"{attached}.{USERS_TABLE}")
    days = engine.pointer(f"{attached}.{DAYS_TABLE}") if facts["days"] else None
    return Opened(file, facts, Coded(events.drop(CODE), events, users, days, int(facts["users"]), file.name))
