"""The acceptance cases of stickiness and lifecycle, through the public functions; and a real log with a known tail.

Both lie beside the project, not in it; the tests skip with a reason where they are absent.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

import pm_analytics as pm

SHARED = Path(__file__).resolve().parents[3] / "shared"
CASES = SHARED / "vectors" / "events.json"
LOGINS = SHARED / "data" / "relax_logins" / "logins.csv.gz"
STATES = ["new", "returning", "resurrecting", "dormant"]
CRITERIA = {
    "gte": lambda n: {"min_events": n},
    "lte": lambda n: {"max_events": n},
    "eq": lambda n: {"min_events": n, "max_events": n},
}


def cases(kind):
    if not CASES.exists():
        return []
    return [pytest.param(case, id=case["name"]) for case in json.loads(CASES.read_text()) if case["kind"] == kind]


def log_of(case):
    """Take in a case's events; its whole date range is known."""
    asked = case["params"]
    rows = [{"user": e["user"], "event": e["event"], "time": e["time"], **e["props"]} for e in case["events"]]
    log = pm.EventLog.from_frame(pd.DataFrame(rows), user="user", event="event", time="time", timezone=asked["tz"])
    log = log.without(user_id=asked["exclude_users"]) if "exclude_users" in asked else log
    later = date.fromisoformat(asked["date_to"]) + timedelta(days=31)
    return log.as_of(later)


@pytest.mark.skipif(not CASES.exists(), reason="the acceptance cases do not lie beside this checkout")
def test_there_are_cases_to_run():
    assert (len(cases("stickiness")), len(cases("lifecycle"))) == (5, 3)


@pytest.mark.parametrize("case", cases("stickiness"))
def test_a_stickiness_case_gives_its_published_counts(case):
    asked = case["params"]
    criterion = asked.get("min_events_per_interval", {"op": "gte", "value": 1})
    result = pm.stickiness(
        log_of(case), asked["event"], interval=asked["interval"], every=asked["interval_count"], mode=asked["mode"],
        between=(asked["date_from"], asked["date_to"]), week_start=asked["week_start"],
        **CRITERIA[criterion["op"]](criterion["value"]),
    )  # fmt: skip
    assert result.to_frame()["users"].tolist() == case["expected"]["counts"]
    assert result.total_users == case["expected"].get("total_users", result.total_users)


@pytest.mark.parametrize("case", cases("lifecycle"))
def test_a_lifecycle_case_gives_its_published_counts(case):
    asked = case["params"]
    result = pm.lifecycle(
        log_of(case), asked["event"], period=asked["interval"], week_start=asked["week_start"],
        between=(asked["date_from"], asked["date_to"]),
    )  # fmt: skip
    assert {name: result.to_frame()[name].tolist() for name in STATES} == case["expected"]


@pytest.fixture(scope="module")
def logins():
    if not LOGINS.exists():
        pytest.skip("the login log does not lie beside this checkout")
    frame = pd.read_csv(LOGINS).assign(event="login")
    return pm.EventLog.from_frame(frame, user="user_id", event="event", time="login_date", timezone="UTC")


def test_the_peak_of_a_login_log_and_its_ragged_end(logins):
    """Nobody came on 5 June and one on 6 June: the log broke off, and its last day is not over."""
    table = pm.active_users(logins).to_frame().set_index(["day", "window_days"])["users"]
    assert table.xs(1, level="window_days").max() == 712
    assert (table["2014-06-05", 1], table["2014-06-06", 1]) == (0, 1)
    complete = pm.active_users(logins, windows=(1,)).to_frame().set_index("day")["complete"]
    assert complete[["2014-06-05", "2014-06-06"]].tolist() == [True, False]


def test_everybody_who_ever_logged_in_is_new_exactly_once(logins):
    assert logins.source.users == 8_823
    for period in ("week", "month"):
        table = pm.lifecycle(logins, period=period).to_frame()
        assert table["new"].sum() == 8_823
    everybody = pm.stickiness(logins, mode="cumulative", between=("2012-05-31", "2014-06-06"))
    assert everybody.total_users == everybody.to_frame()["users"][0] == 8_823
