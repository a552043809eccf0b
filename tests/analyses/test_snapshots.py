"""The plans and charts of the cohort rooms, as short texts: a change of one shows in review, whether meant or not.

Write them anew with ``UPDATE_SNAPSHOTS=1 pytest tests/analyses/test_snapshots.py``, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import ibis
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics import engine

FOLDER = Path(__file__).resolve().parents[1] / "snapshots"
UPDATE = os.environ.get("UPDATE_SNAPSHOTS") == "1"

QUESTIONS = {
    "retention": {
        "calendar": lambda log: pm.retention(log, "open", period="week", periods=3),
        "rolling_recurring": lambda log: pm.retention(
            log, "open", "use", period="day", periods=3, mode="rolling", cohorts="recurring", min_events=2
        ),
        "on_or_after_by_plan": lambda log: pm.retention(log, "open", measure="on_or_after", periods=3, segments="plan"),
        "same_period": lambda log: pm.retention(log, "open", "use", period="day", periods=3, same_period=True),
    },
    "engagement": {
        "active_users": lambda log: pm.active_users(log, windows=(1, 7)),
        "stickiness_per_week": lambda log: pm.stickiness(log, per="week", min_events=2),
        "power_users_by_plan": lambda log: pm.power_users(log, days=7, segments="plan"),
        "lifecycle": lambda log: pm.lifecycle(log, "use", new_by="unit"),
        "lifecycle_by_plan": lambda log: pm.lifecycle(log, segments="plan"),
    },
}
CHARTS = {
    "retention": {
        "triangle": lambda log: pm.retention(log, "open", periods=3).plot(),
        "curve": lambda log: pm.retention(log, "open", periods=3).plot(kind="curve"),
        "curve_by_plan": lambda log: pm.retention(log, "open", periods=3, segments="plan").plot(kind="curve"),
        "over_time": lambda log: pm.retention(log, "open", period="day", periods=3).plot(kind="over_time", per="week"),
        "comparison": lambda log: (
            pm.retention(log, "open", periods=3, segments="plan").compare_segments("free", "pro").plot()
        ),
    },
    "engagement": {
        "active_users": lambda log: pm.active_users(log, windows=(1, 7)).plot(),
        "ratio": lambda log: pm.active_users(log, windows=(1, 7)).ratio().plot(),
        "stickiness": lambda log: pm.stickiness(log, interval="week").plot(),
        "stickiness_per_week": lambda log: pm.stickiness(log, per="week").plot(),
        "power_users_by_plan": lambda log: pm.power_users(log, days=7, segments="plan").plot(),
        "lifecycle": lambda log: pm.lifecycle(log).plot(),
        "lifecycle_by_plan": lambda log: pm.lifecycle(log, segments="plan").plot(),
    },
}


@pytest.fixture
def log():
    """Sixty users over five weeks, on two plans."""
    rows = [(f"u{n}", ("open", "use")[k % 2], (n + k * (1 + n % 5)) % 35, ("free", "pro")[n % 2])
            for n in range(60) for k in range(1 + n % 7)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["user", "event", "day", "plan"])
    time = pd.Timestamp("2026-01-05T10:00Z") + pd.to_timedelta(frame.pop("day"), unit="D")
    return pm.EventLog.from_frame(frame.assign(time=time)[["user", "event", "time", "plan"]])


def held(name, text):
    """Compare a text with the one that was kept under its name, or keep it."""
    path = FOLDER / name
    if UPDATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{name} is not kept yet; write it with UPDATE_SNAPSHOTS=1"
    assert text == path.read_text(encoding="utf-8"), (
        f"{name} changed; if it was meant, write it with UPDATE_SNAPSHOTS=1"
    )


def flat(spec, place=""):
    """Write a specification as one line per leaf: a change of one shows as one line."""
    if isinstance(spec, dict):
        return [line for key in sorted(spec) for line in flat(spec[key], f"{place}.{key}" if place else key)]
    if isinstance(spec, list) and any(isinstance(item, dict | list) for item in spec):
        return [line for n, item in enumerate(spec) for line in flat(item, f"{place}[{n}]")]
    return [f"{place}: {spec}"]


def drawing(chart):
    """Give a chart without its theme and its rows; of those, their columns and number."""
    spec = chart.to_dict()
    spec.pop("config")
    spec.pop("$schema")
    rows = spec.pop("datasets", {})
    text = "\n".join(flat(spec)) + "\n"
    for n, (name, data) in enumerate(
        sorted(rows.items(), key=lambda item: text.index(item[0]) if item[0] in text else -1)
    ):
        text = text.replace(name, f"data_{n}")
        text += f"data_{n}: {len(data)} rows of {', '.join(data[0]) if data else 'nothing'}\n"
    return re.sub(r"\b(view|param)_\d+\b", r"\1", text)


@pytest.mark.parametrize(("room", "name"), [(room, name) for room, asked in QUESTIONS.items() for name in asked])
def test_the_plan_of_a_question_is_the_one_that_was_reviewed(room, name, log, monkeypatch):
    plans, run = [], engine.run

    def listening(expression, *rest, **options):
        plans.append(str(ibis.to_sql(expression, dialect="duckdb")))
        return run(expression, *rest, **options)

    monkeypatch.setattr(engine, "run", listening)
    QUESTIONS[room][name](log)
    text = "\n\n".join(plans) + "\n"
    # A table in memory is numbered by how many there were before it; white space in quotes is none for a text file.
    text = re.sub(r"\bpm_events_\d+\b", "events", text)
    text = re.sub(r"' \t[^']*'", "<white space>", text)
    held(f"{room}/{name}.sql", text)


@pytest.mark.parametrize(("room", "name"), [(room, name) for room, drawn in CHARTS.items() for name in drawn])
def test_the_drawing_of_an_answer_is_the_one_that_was_reviewed(room, name, log):
    held(f"{room}/{name}.chart.txt", drawing(CHARTS[room][name](log)))
