"""The acceptance cases of funnels in loose order, through the public functions.

The cases live beside the project, not in it; the test skips with a reason where they are absent.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

import pm_analytics as pm

CASES = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "events.json"
KNOWN_PARAMETERS = {"steps", "order", "window", "date_from", "date_to", "tz", "count_by"}
USERS = {"user", "user_id"}


def loose_cases():
    """Pick the funnels in loose order."""
    if not CASES.exists():
        return []
    cases = json.loads(CASES.read_text())
    return [
        pytest.param(case, id=case["name"])
        for case in cases
        if case["kind"] == "funnel" and case["params"]["order"] == "ordered" and set(case["params"]) <= KNOWN_PARAMETERS
    ]


def step_of(step):
    having = {f["key"]: f["value"] for f in step.get("filters", [])}
    first = {None: "no", True: "ever", "matching_filters": "matching"}[step.get("first_time")]
    return pm.Step(step["event"], having, first)


def run(case):
    """Translate a case's vocabulary to the public functions: every step must lie in its date range."""
    asked = case["params"]
    rows = [{"user": e["user"], "event": e["event"], "time": e["time"], **e["props"]} for e in case["events"]]
    log = pm.EventLog.from_frame(pd.DataFrame(rows), user="user", event="event", time="time", timezone=asked["tz"])
    if asked["count_by"] not in USERS:
        log = log.with_unit(asked["count_by"])
    end = date.fromisoformat(asked["date_to"]) + timedelta(days=1)
    window = timedelta(**{asked["window"]["unit"] + "s": asked["window"]["value"]})
    steps = [step_of(step) for step in asked["steps"]]
    # Entries in the range, and nothing known after it: what came before it still decides what was a first time.
    return pm.funnel(log.as_of(end), steps, within=window, entries=(asked["date_from"], end))


@pytest.mark.skipif(not CASES.exists(), reason="the acceptance cases do not lie beside this checkout")
def test_there_are_loose_order_cases_to_run():
    assert len(loose_cases()) > 10


@pytest.mark.filterwarnings("ignore:The step .* never occurs")
@pytest.mark.parametrize("case", loose_cases())
def test_a_loose_order_case_gives_its_published_counts(case):
    assert run(case).to_frame()["users"].tolist() == case["expected"]["counts"]
