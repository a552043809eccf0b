"""A source report as text, so that a prepared file can say again what was read when it was made."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.intake import SourceReport
from pm_analytics.names import EVENT, ROWS
from pm_analytics.times import zone

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES = ("first", "last")


def written(report: SourceReport) -> dict[str, Any]:
    """Write a report in plain values."""
    facts = {name: value for name, value in asdict(report).items() if name != "event_counts"}
    return {
        **facts,
        **{name: None if facts[name] is None else facts[name].isoformat() for name in _TIMES},
        "event_counts": [[str(event), int(rows)] for event, rows in report.event_counts.itertuples(index=False)],
    }


def read(facts: Mapping[str, Any]) -> SourceReport:
    """Read a report back."""
    place = zone(facts["timezone"])
    times = {
        name: None if facts[name] is None else datetime.fromisoformat(facts[name]).astimezone(place) for name in _TIMES
    }
    events = pd.DataFrame(facts["event_counts"], columns=[EVENT, ROWS]).astype({EVENT: "str", ROWS: "int64"})
    return SourceReport(**{**facts, **times, "event_counts": events, "notes": tuple(facts["notes"])})
