"""What the engine tells without reading rows, against reading them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics import engine, shortcuts


def _table(**columns):
    return engine.store(pd.DataFrame(columns), "facts")


def test_known_ends_hold_every_value_and_nulls_are_noticed():
    table = _table(whole=[3, 9, 5], part=[0.5, -2.0, 1.5], gap=[1.0, None, 2.0], text=["a", "b", "c"])
    facts = shortcuts.known(table, ["whole", "part", "gap", "text"])
    assert (facts["whole"].low, facts["whole"].high, facts["whole"].no_null) == (3, 9, True)
    assert facts["part"].low <= -2
    assert not facts["gap"].no_null
    assert facts["text"].low == -math.inf


def test_nothing_is_known_of_an_empty_table():
    table = _table(x=[1.0, 2.0])
    assert shortcuts.known(table.filter(table["x"] > 5), ["x"]) == {"x": shortcuts.NOTHING}


@pytest.mark.parametrize("low", [-40, 0, 10**15])
def test_distinct_numbers_over_all_groups_are_counted_exactly(low):
    rng = np.random.default_rng(3)
    ids, group = rng.integers(low, low + 500, 2_000), rng.choice(["a", "b"], 2_000)
    table = _table(id=ids, group=group)
    facts = shortcuts.known(table, ["id"])
    asked = shortcuts.with_distinct(table, ["group"], {"rows": table.count()}, "id", "ids", facts["id"])
    found = engine.run(asked)
    assert set(found["ids"]) == {len(set(ids))}
    assert found["rows"].sum() == 2_000


def test_numbers_far_apart_are_left_to_the_usual_way():
    table = _table(id=[1, 2**40], group=["a", "b"])
    facts = shortcuts.known(table, ["id"])
    asked = shortcuts.with_distinct(table, ["group"], {"rows": table.count()}, "id", "ids", facts["id"])
    assert list(asked.columns) == ["group", "rows"]


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
