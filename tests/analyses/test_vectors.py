"""The acceptance cases of funnels, through the public functions.

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
USERS = {"user", "user_id"}
ORDERS = {"ordered": "loose", "strict": "strict", "unordered": "any"}
ATTRIBUTIONS = {"first_touch": "first", "last_touch": "last", "all_events": "all"}


def funnel_cases():
    """Pick the funnels."""
    if not CASES.exists():
        return []
    cases = json.loads(CASES.read_text())
    return [pytest.param(case, id=case["name"]) for case in cases if case["kind"] == "funnel"]


def having(filters):
    return {f["key"]: f["value"] for f in filters or ()}


def step_of(step):
    first = {None: "no", True: "ever", "matching_filters": "matching"}[step.get("first_time")]
    return pm.Step(step["event"], having(step.get("filters")), first)


def exclusion_of(exclusion):
    """Number the steps from 1, as the package does."""
    where = having(exclusion.get("filters"))
    return pm.Exclusion(exclusion["event"], exclusion["from_step"] + 1, exclusion["to_step"] + 1, where)


def texts(props):
    """Write 0 as '0': a table's column holds one kind of value, and a breakdown shows texts anyway."""
    return {
        name: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in props.items()
    }


def log_of(case):
    asked = case["params"]
    rows = [{"user": e["user"], "event": e["event"], "time": e["time"], **texts(e["props"])} for e in case["events"]]
    log = pm.EventLog.from_frame(pd.DataFrame(rows), user="user", event="event", time="time", timezone=asked["tz"])
    if asked.get("count_by", "user") not in USERS:
        log = log.with_unit(asked["count_by"])
    return log.where(having(asked.get("filters")))


def run(case):
    """Translate a case's vocabulary to the public functions: every step must lie in its date range."""
    asked = case["params"]
    end = date.fromisoformat(asked["date_to"]) + timedelta(days=1)
    window = timedelta(**{asked["window"]["unit"] + "s": asked["window"]["value"]})
    # Entries in the range, and nothing known after it: what came before it still decides what was a first time.
    return pm.funnel(
        log_of(case).as_of(end),
        [step_of(step) for step in asked["steps"]],
        within=window,
        order=ORDERS[asked["order"]],
        exclude=[exclusion_of(each) for each in asked.get("exclusions", [])],
        exclusion_policy=asked.get("exclusion_policy", "drop_off"),
        entries=(asked["date_from"], end),
    )


def same(found, expected):
    """Compare where the case says something; it says nothing where it has null."""
    wanted = {i: value for i, value in enumerate(expected) if value is not None}
    return {i: found[i] for i in wanted} == pytest.approx(wanted)


def check_times(result, expected):
    times = result.time_to_convert().to_frame()
    for key, column in (("avg_conversion_seconds", "mean_seconds"), ("median_conversion_seconds", "median_seconds")):
        if key in expected:
            # The table begins with the second step, and ends with the whole way.
            assert same([None, *times[column].iloc[:-1]], expected[key])


def check_users(result, expected, unit):
    for step, users in expected.get("users_at_step", {}).items():
        assert sorted(result.users(int(step))[unit]) == sorted(users)


def check_trend(result, case):
    asked = case["params"]
    trend = result.trend(
        asked["interval"],
        from_step=asked.get("trend_from_step", 0) + 1,
        to_step=None if "trend_to_step" not in asked else asked["trend_to_step"] + 1,
        week_start=asked.get("week_start", "monday"),
    ).to_frame()
    rates = (100 * trend["conversion_rate"].fillna(0)).tolist()
    periods = [str(period) for period in trend["period"]]
    found = list(zip(periods, trend["entered"], trend["converted"], rates, strict=True))
    for row, expected in zip(found, case["expected"]["trend"], strict=True):
        assert row[:3] == tuple(expected[:3])
        assert row[3] == pytest.approx(expected[3], abs=0.01)


def check_breakdown(result, case):
    by = case["params"]["breakdown"]
    attribution = by["step"] + 1 if by["attribution"] == "step" else ATTRIBUTIONS[by["attribution"]]
    frame = result.by(by["by"], attribution=attribution, top=100).to_frame()
    expected = case["expected"].get("breakdowns") or case["expected"]["breakdowns_subset"]
    segments = {"" if name == "(missing)" else name for name in frame["segment"]}
    if "breakdowns" in case["expected"]:
        assert segments == set(expected)
    for name, wanted in expected.items():
        rows = frame[frame["segment"] == (name or "(missing)")]
        assert same(rows["users"].tolist(), wanted["counts"])


@pytest.mark.skipif(not CASES.exists(), reason="the acceptance cases do not lie beside this checkout")
def test_there_are_funnel_cases_to_run():
    assert len(funnel_cases()) > 20


@pytest.mark.filterwarnings("ignore:The step .* never occurs")
@pytest.mark.parametrize("case", funnel_cases())
def test_a_funnel_case_gives_its_published_numbers(case):
    result, expected = run(case), case["expected"]
    if "counts" in expected:
        assert same(result.to_frame()["users"].tolist(), expected["counts"])
    check_users(result, expected, result._asked.log.unit)
    check_times(result, expected)
    if "trend" in expected:
        check_trend(result, case)
    if "breakdown" in case["params"]:
        check_breakdown(result, case)
