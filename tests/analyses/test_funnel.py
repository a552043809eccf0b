"""The funnel counts the right units, says how, and never turns "nobody" into a rate."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import ParameterError, PmAnalyticsWarning

STEPS = ["visit", "cart", "pay"]


def users(result):
    return result.to_frame()["users"].tolist()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["a visit 1", "a cart 2", "a pay 3"], [1, 1, 1], id="straight through"),
        pytest.param(["a cart 1", "a visit 2", "b pay 1"], [1, 0, 0], id="wrong order"),
        pytest.param(["a visit 1", "a cart 2", "a pay 15"], [1, 1, 1], id="the last moment of the window is inside"),
        pytest.param(["a visit 1", "a cart 2", "a pay 15.0001"], [1, 1, 0], id="a moment later is outside"),
        pytest.param(["a visit 1", "a visit 20", "a cart 21", "a pay 22"], [1, 1, 1], id="the second attempt succeeds"),
        pytest.param(["a visit 1", "a other 1.5", "a cart 2", "a pay 3"], [1, 1, 1], id="other events may intervene"),
        pytest.param(["a visit 1", "a visit 2", "a visit 3"], [1, 0, 0], id="a user counts once per step"),
    ],
)
def test_each_unit_counts_once_per_step_in_order_within_the_window(january, lines, expected):
    result = pm.funnel(january(*lines, "z cart 1", "z pay 1"), STEPS, within="14 days")
    assert users(result) == expected


def test_rates_are_shares_of_those_who_entered_and_of_the_step_before(january):
    log = january("a visit 1", "b visit 1", "c visit 1", "d visit 1", "a cart 2", "b cart 2", "a pay 3")
    table = pm.funnel(log, STEPS).to_frame()
    assert table["conversion_rate"].tolist() == [1, 0.5, 0.25]
    assert table["step_conversion_rate"].tolist()[1:] == [0.5, 0.5]
    assert math.isnan(table["step_conversion_rate"][0])


def test_every_rate_but_the_entry_has_an_interval_around_it(january):
    table = pm.funnel(january("a visit 1", "b visit 1", "a cart 2"), ["visit", "cart"]).to_frame()
    assert table["ci_lower"][1] < table["conversion_rate"][1] < table["ci_upper"][1]
    assert table.loc[0, ["ci_lower", "ci_upper"]].isna().all()


def test_nobody_entering_gives_null_rates_and_a_sentence():
    """A rate over nobody is undefined; 0 % would claim that somebody tried."""
    log = pm.EventLog.from_frame(pd.DataFrame({"user": ["a"], "event": ["x"], "time": ["2026-01-01T00:00Z"]}))
    with pytest.warns(PmAnalyticsWarning, match="never occurs"):
        result = pm.funnel(log, ["visit", "pay"])
    assert users(result) == [0, 0]
    assert result.to_frame()["conversion_rate"].isna().all()
    assert "Nobody did 'visit'" in result.summary()
    result.plot().to_dict()


def test_a_step_that_never_occurs_warns_with_the_nearest_name_and_counts_zero(january):
    log = january("a visit 1", "a payment 2")
    with pytest.warns(PmAnalyticsWarning, match="did you mean 'payment'"):
        result = pm.funnel(log, ["visit", "paymnt"])
    assert users(result) == [1, 0]


def test_entries_bound_when_attempts_begin_but_not_when_they_convert(january):
    log = january("a visit 1", "a cart 9", "b visit 5", "b cart 6", "c visit 10", "c cart 11")
    result = pm.funnel(log, ["visit", "cart"], entries=("2026-01-01", "2026-01-05"))
    assert users(result) == [1, 1]


def test_an_unfinished_window_is_counted_and_said(january):
    log = january("a visit 1", "b visit 20", "c visit 20", "c cart 21", "z other 25")
    result = pm.funnel(log, ["visit", "cart"], within="14 days")
    assert result.unfinished == 1
    assert "1 user still has time to go further" in result.summary()


def test_as_of_hides_what_came_later(january):
    log = january("a visit 1", "a cart 5", "b visit 2", "z cart 1").as_of("2026-01-05")
    assert users(pm.funnel(log, ["visit", "cart"])) == [2, 0]


def test_another_unit_may_be_counted(january):
    rows = pd.DataFrame(
        {
            "user": ["a", "b", "c"],
            "event": ["visit", "pay", "visit"],
            "time": ["2026-01-01T00:00Z", "2026-01-02T00:00Z", "2026-01-02T00:00Z"],
            "account": ["acme", "acme", None],
        }
    )
    log = pm.EventLog.from_frame(rows)
    assert users(pm.funnel(log, ["visit", "pay"])) == [2, 0]
    assert users(pm.funnel(log.with_unit("account"), ["visit", "pay"])) == [1, 1]


def test_no_window_means_no_limit(january):
    assert users(pm.funnel(january("a visit 1", "a pay 400"), ["visit", "pay"], within=None)) == [1, 1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"steps": ["visit"]}, "at least two steps"),
        ({"steps": "visit"}, "at least two steps"),
        ({"steps": ["visit", ""]}, "name of an event"),
        ({"within": "0 days"}, "longer than zero"),
        ({"within": "-1 days"}, "not a length of time"),
        ({"within": "1 month"}, "no fixed length"),
        ({"entries": ("2026-02-01", "2026-01-01")}, "must end after it starts"),
        ({"confidence": 95}, "between 0 and 1"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_what_to_write(january, options, said):
    steps = options.pop("steps", ["visit", "pay"])
    with pytest.raises(ParameterError, match=said):
        pm.funnel(january("a visit 1", "a pay 2"), steps, **options)


def test_the_definition_names_order_window_ties_zone_and_as_of(january):
    said = pm.funnel(january("a visit 1", "a pay 2"), ["visit", "pay"]).definition
    for part in (
        "in this order",
        "any attempt",
        "14 days",
        "equal times convert",
        "data known until",
        "zone UTC",
        "Wilson",
    ):
        assert part in said


def test_editing_the_table_does_not_edit_the_result(january):
    result = pm.funnel(january("a visit 1", "a pay 2"), ["visit", "pay"])
    table = result.to_frame()
    table["users"] = 99
    assert users(result) == [1, 1]


def test_small_groups_are_said_in_counts_not_percents(january):
    """A percent of two users pretends precision."""
    said = pm.funnel(january("a visit 1", "b visit 1", "a pay 2"), ["visit", "pay"]).summary()
    assert said.startswith("1 of 2 users")


def test_the_result_does_not_depend_on_row_order():
    """Storage order is never trusted: the same rows shuffled give the same table."""
    rows = pd.DataFrame(
        [(f"u{i % 7}", name, f"2026-01-{1 + (i * 5) % 28:02d}T00:00Z") for i, name in enumerate("abcabcbacba" * 9)],
        columns=["user", "event", "time"],
    )
    tables = [
        pm.funnel(pm.EventLog.from_frame(rows.sample(frac=1, random_state=seed)), ["a", "b", "c"]).to_frame()
        for seed in range(4)
    ]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


def test_a_comparison_gives_the_difference_with_newcombes_interval(january):
    before = january(*[f"u{i} visit 1" for i in range(80)], *[f"u{i} pay 2" for i in range(48)])
    after = january(*[f"u{i} visit 1" for i in range(70)], *[f"u{i} pay 2" for i in range(56)])
    result = pm.funnel(before, ["visit", "pay"]).compare(pm.funnel(after, ["visit", "pay"]))
    last = result.to_frame().iloc[-1]
    # Newcombe 1998, Table II: 56/70 against 48/80
    assert last[["difference", "ci_lower", "ci_upper"]].tolist() == pytest.approx([0.2, 0.0524, 0.3339], abs=6e-5)
    assert "does not show what caused it" in result.summary()


def test_only_like_funnels_compare(january):
    log = january("a visit 1", "a pay 2")
    with pytest.raises(ParameterError, match="same steps and window"):
        pm.funnel(log, ["visit", "pay"]).compare(pm.funnel(log, ["visit", "pay"], within="1 day"))


def test_a_step_that_one_period_hardly_knows_is_named(january):
    """A process that changed at the launch (an approval step that came with it) looks like a miracle of conversion."""
    before = january(*[f"u{i} visit 1" for i in range(100)], "u1 approve 2")
    after = january(*[f"u{i} visit 1" for i in range(100)], *[f"u{i} approve 2" for i in range(95)])
    result = pm.funnel(before, ["visit", "approve"]).compare(pm.funnel(after, ["visit", "approve"]))
    assert result.changed_steps() == ["approve"]
    assert "do not compare" in result.summary()
