"""What the engine tells without reading rows, against reading them."""

from __future__ import annotations

import math

import ibis
import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics import engine, shortcuts
from pm_analytics.analyses.experiment.counts.assignment import distinct_units
from pm_analytics.shortcuts import Rows


def _table(**columns):
    return engine.store(pd.DataFrame(columns), "facts")


def test_known_ends_hold_every_value_and_nulls_are_noticed():
    table = _table(whole=[3, 9, 5], part=[0.5, -2.0, 1.5], gap=[1.0, None, 2.0], text=["a", "b", "c"])
    facts = Rows.of(table).known(["whole", "part", "gap", "text"])
    assert (facts["whole"].low, facts["whole"].high, facts["whole"].no_null) == (3, 9, True)
    assert facts["part"].low <= -2
    assert not facts["gap"].no_null
    assert facts["text"].low == -math.inf


def test_nothing_is_known_of_an_empty_table():
    table = _table(x=[1.0, 2.0])
    assert Rows.of(table.filter(table["x"] > 5)).known(["x"]) == {"x": shortcuts.NOTHING}


@pytest.mark.parametrize("low", [-40, 0, 10**15])
def test_distinct_numbers_over_all_groups_are_counted_exactly(low):
    rng = np.random.default_rng(3)
    ids, group = rng.integers(low, low + 500, 2_000), rng.choice(["a", "b"], 2_000)
    rows = Rows.of(_table(id=ids, group=group))
    assert rows.distinct_numbers("id", rows.known(["id"])["id"]) == len(set(ids))
    counted = rows.run(rows.table.group_by("group").aggregate(rows=rows.table.count()))
    assert counted["rows"].sum() == 2_000


def test_numbers_far_apart_are_left_to_the_usual_way():
    rows = Rows.of(_table(id=[1, 2**40], group=["a", "b"]))
    assert rows.distinct_numbers("id", rows.known(["id"])["id"]) is None
    assert distinct_units(Rows.of(_table(unit=["a", "b", "a"]))) == 2


def test_a_connection_of_the_user_to_duckdb_is_asked_as_quickly_and_left_as_it_was():
    place = ibis.duckdb.connect()
    place.create_table("exposed", pd.DataFrame({"id": [4, 4, 6], "v": [1.0, 2.0, 3.0]}))
    rows = Rows.of(place.table("exposed").mutate(twice=lambda t: t["v"] * 2))
    assert rows.known(["id"])["id"] == shortcuts.Known(4, 6, no_null=True)
    assert rows.distinct_numbers("id", rows.known(["id"])["id"]) == 2
    assert rows.run(rows.table.aggregate(n=rows.table["twice"].sum()))["n"].iloc[0] == 12
    assert place.con.execute(
        "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
    ).fetchall() == [("exposed",)]


@pytest.mark.parametrize("spoiled", ["nothing", "null", "not a number", "negative", "repeated", "mismatched"])
def test_sums_asked_for_ahead_give_what_the_rows_give(spoiled):
    """One pass on the hope that all is plain; where it is not, the sums of that pass must not be used."""
    rng = np.random.default_rng(7)
    n = 400
    frame = pd.DataFrame({"user_id": range(n), "variant": rng.choice(["control", "treatment"], n)})
    frame["spend"] = rng.gamma(2, 5, n)
    pages = {"control": "old", "treatment": "new"}
    frame["page"] = frame["variant"].map(pages)
    if spoiled in {"null", "not a number"}:
        frame.loc[3, "spend"] = None if spoiled == "null" else math.nan
    if spoiled == "negative":
        frame.loc[3, "spend"] = -4.0
    if spoiled == "repeated":
        frame = pd.concat([frame, frame.head(5)], ignore_index=True)
    if spoiled == "mismatched":
        frame.loc[:5, "page"] = "elsewhere"

    exposures = pm.Exposures.from_frame(frame, unit="user_id", variant="variant", shown="page", expected=pages)
    plan = pm.ExperimentPlan([pm.Metric.recorded("spend", kind="mean")])
    found = pm.experiment(None, exposures, plan).despite_failed_checks()

    fitting = frame[frame["page"] == frame["variant"].map(pages)]
    units = fitting.groupby(["variant", "user_id"])["spend"].sum(min_count=1).dropna()
    means = units.groupby("variant").mean()
    assert found["difference"].iloc[0] == pytest.approx(means["treatment"] - means["control"], rel=1e-12)


@pytest.mark.parametrize("text", ["", " ", "   ", "\t", " a", "a", "!", "ä", "\x01", None])
def test_what_counts_as_text_does_not_depend_on_the_quick_way(text):
    place = ibis.duckdb.connect()
    place.create_table("texts", pd.DataFrame({"text": pd.Series([text, "b"], dtype="string")}))
    table = place.table("texts")
    quick = table.filter(engine.has_text(table["text"])).count().execute()
    assert quick == table.filter(table["text"].strip() != "").count().execute()
