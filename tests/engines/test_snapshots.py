"""The SQL of one question per room, for the warehouses that cannot be run here: compiled, kept, and read by people.

When a query is changed on purpose, write them anew and read the difference:

    UPDATE_SNAPSHOTS=1 python -m pytest tests/engines/test_snapshots.py
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path

import ibis
import pandas as pd
import pytest
from ibis.backends.sql import SQLBackend
from ibis.expr import operations as ops

import pm_analytics as pm
from pm_analytics import dialects
from pm_analytics import engine as engines

FOLDER = Path(__file__).resolve().parents[1] / "snapshots" / "sql"
WAREHOUSES = ("bigquery", "databricks", "snowflake", "trino")
COLUMNS = {"user_id": "string", "event": "string", "time": "timestamp('UTC', 6)", "plan": "string", "amount": "float64"}
MARCH = ("2026-03-01", "2026-04-01")

QUESTIONS = {
    "adoption": lambda log: pm.adoption(log, "export_used", released_at="2026-03-02", within="7 days"),
    "engagement": lambda log: pm.active_users(log, ["visit", "pay"], between=MARCH),
    "experiment": lambda log: pm.experiment(
        log,
        pm.Exposures.from_events(log, "offered", variant="plan"),
        pm.ExperimentPlan(pm.Metric.conversion("pay", within="7 days")),
    ),
    "funnel": lambda log: pm.funnel(log, ["visit", pm.Step("pay", {"plan": ["pro", "team"]})], within="7 days"),
    "quality": pm.check,
    "retention": lambda log: pm.retention(
        log, "visit", ["visit", "pay"], cohorts="recurring", periods=2, entries=MARCH
    ),
}


class Closed(SQLBackend):
    """A warehouse with a name and a dialect, and nobody at home."""

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.compiler = import_module(f"ibis.backends.sql.compilers.{name}").compiler


Closed.__abstractmethods__ = frozenset()


def closed_table(name):
    schema = ibis.schema(COLUMNS)
    return ops.DatabaseTable(name="events", schema=schema, source=Closed(name), namespace=ops.Namespace()).to_expr()


def log_of(table, question):
    """One room shows a zone with changes of the clocks, of which each is a branch; the others are short without."""
    zone = "Europe/Amsterdam" if question == "engagement" else "UTC"
    return pm.EventLog.from_table(table, user="user_id", event="event", time="time", timezone=zone)


@pytest.fixture(scope="module")
def open_table():
    """A few events, so that every question has an answer and asks on."""
    start = pd.Timestamp("2026-03-01", tz="UTC")
    rows = [
        (f"u{n % 40}", event, start + pd.Timedelta(hours=7 * n + 2 * k), "pro" if n % 2 else "free", 1.0)
        for n in range(120)
        for k, event in enumerate(("visit", "pay", "offered", "export_used"))
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    first = (frame["event"] == "offered") & frame["user_id"].duplicated(keep=False)
    frame.loc[first, "plan"] = frame.loc[first, "user_id"].map(
        lambda user: "control" if int(user[1:]) % 2 else "variant"
    )
    return engines.store(ibis.memtable(frame, schema=ibis.schema(COLUMNS)), "snapshots")


@pytest.mark.filterwarnings("ignore::pm_analytics.errors.PmAnalyticsWarning")
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_the_sql_for_a_warehouse_is_the_one_that_was_read(warehouse, question, open_table, monkeypatch):
    """The question is asked here; then it is asked there, and what was answered here is played back."""
    answers, asked = [], []
    run = engines.run

    def note(expression):
        answers.append(run(expression))
        return answers[-1]

    def play_back(expression):
        translated = dialects.translated(expression)
        compiler = dialects.source_of(expression).compiler
        asked.append(compiler.to_sqlglot(translated).sql(dialect=compiler.dialect, pretty=True))
        return answers[len(asked) - 1]

    monkeypatch.setattr(engines, "run", note)
    QUESTIONS[question](log_of(open_table, question))
    monkeypatch.setattr(engines, "run", play_back)
    QUESTIONS[question](log_of(closed_table(warehouse), question))
    assert len(asked) == len(answers)
    # The longest query is the one that the room is about; the others ask which events there are, and until when.
    text = readable(max(asked, key=len))
    path = FOLDER / warehouse / f"{question}.sql"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


RANDOM = re.compile(r"\b[0-9a-f]{32}\b|(?<=ibis_bq_arr_range_)[0-9a-z]{26}\b")


def readable(sql):
    """Show control characters, which stand in what is trimmed, as escapes; and names made by chance as one name."""
    escapes = {"\t": r"\t", "\r": r"\r", "\v": r"\v", "\f": r"\f"}
    plain = sql.replace("' \t\n", r"' \t\n").translate(str.maketrans(escapes))
    return RANDOM.sub("random", plain) + ";\n"
