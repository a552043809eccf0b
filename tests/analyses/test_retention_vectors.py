"""The acceptance cases of retention, through the public function.

The cases lie beside the project, not in it; the test skips with a reason where they are absent.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics import calendars

CASES = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "events.json"


def retention_cases():
    if not CASES.exists():
        return []
    cases = json.loads(CASES.read_text())
    return [pytest.param(case, id=case["name"]) for case in cases if case["kind"] == "retention"]


def properties(event):
    assert all(wanted["op"] == "eq" for wanted in event.get("filters", []))
    return {wanted["key"]: wanted["value"] for wanted in event.get("filters", [])}


def run(case):
    """Translate a case's vocabulary: its last date is rounded up to the end of its period, and all is known then."""
    asked = case["params"]
    period, week_start, columns = asked["period"], asked["week_start"], asked["n_periods"]
    last = calendars.number_of(date.fromisoformat(asked["date_to"]), period, week_start=week_start)
    first_day, end = (calendars.start(n, period, week_start=week_start) for n in (last - columns + 1, last + 1))
    rows = [{"user": e["user"], "event": e["event"], "time": e["time"], **e["props"]} for e in case["events"]]
    log = pm.EventLog.from_frame(pd.DataFrame(rows), user="user", event="event", time="time", timezone=asked["tz"])
    return pm.retention(
        log.as_of(end),
        asked["start"]["event"],
        asked["return"]["event"],
        period=period,
        periods=columns - 1,
        measure=asked["measure"],
        cohorts=asked["cohort_type"],
        min_events=asked["min_occurrences"],
        week_start=week_start,
        start_where=properties(asked["start"]),
        return_where=properties(asked["return"]),
        entries=(first_day, end),
    )


@pytest.mark.skipif(not CASES.exists(), reason="the acceptance cases do not lie beside this checkout")
def test_there_are_retention_cases_to_run():
    assert len(retention_cases()) >= 7


@pytest.mark.parametrize("case", retention_cases())
def test_a_retention_case_gives_its_published_triangle(case):
    expected, table = case["expected"], run(case).to_frame()
    assert str(table["cohort"].min()) == expected["first_period"]
    rows = [cohort["users"].dropna().tolist() for _, cohort in table.groupby("cohort")]
    assert rows == expected["triangle"]
