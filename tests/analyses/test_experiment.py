"""The experiment withholds what cannot be trusted, and gives published numbers for what can."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pm_analytics as pm
from pm_analytics.errors import DataError, ParameterError, PmAnalyticsWarning, UnknownNameError

START = pd.Timestamp("2026-01-01", tz="UTC")


def exposures_of(sizes, *, start=START):
    rows = [(f"{variant}{i}", variant, start) for variant, n in sizes.items() for i in range(n)]
    return pd.DataFrame(rows, columns=["user_id", "variant", "timestamp"])


def events_of(doers, *, event="buy", days=1.0, amount=None):
    rows = [(user, event, START + pd.Timedelta(days=days), amount) for user in doers]
    rows.append(("somebody else", "open", START + pd.Timedelta(days=60), None))
    return pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp", "amount"]))


def a_test(control, treatment, **plan):
    """Run control = (converted, n) against treatment = (converted, n)."""
    frame = exposures_of({"control": control[1], "treatment": treatment[1]})
    doers = [f"control{i}" for i in range(control[0])] + [f"treatment{i}" for i in range(treatment[0])]
    return pm.experiment(events_of(doers), frame, pm.ExperimentPlan(pm.Metric.conversion("buy"), **plan))


def test_a_conversion_gives_newcombes_published_interval():
    """Newcombe 1998, Table II: 56/70 against 48/80."""
    row = a_test((48, 80), (56, 70)).to_frame().iloc[0]
    assert row[["ci_lower", "ci_upper"]].tolist() == pytest.approx([0.0524, 0.3339], abs=6e-5)
    assert row["difference"] == pytest.approx(0.2)


def test_a_mean_is_compared_as_scipys_welch_does():
    rng = np.random.default_rng(7)
    frame = exposures_of({"control": 120, "treatment": 130})
    amounts = {user: float(value) for user, value in zip(frame["user_id"], rng.gamma(2, 5, len(frame)), strict=True)}
    rows = [(user, "buy", START + pd.Timedelta(days=1), amount) for user, amount in amounts.items()]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp", "amount"]))
    row = pm.experiment(log, frame, pm.ExperimentPlan(pm.Metric.mean("buy", value="amount"))).to_frame().iloc[0]
    by_variant = [[v for u, v in amounts.items() if u.startswith(name)] for name in ("treatment", "control")]
    expected = stats.ttest_ind(*by_variant, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert row["p_value"] == pytest.approx(expected.pvalue)
    assert row[["ci_lower", "ci_upper"]].tolist() == pytest.approx([interval.low, interval.high])


def test_units_that_never_did_it_count_as_zero_not_as_missing():
    frame = exposures_of({"control": 10, "treatment": 10})
    log = events_of(["treatment0", "treatment0", "treatment1"])
    row = pm.experiment(log, frame, pm.ExperimentPlan(pm.Metric.count("buy"))).to_frame().iloc[0]
    assert (row["control_value"], row["variant_value"]) == (0.0, 0.3)
    assert "no relative change" in row["reason"]


def test_only_what_follows_the_exposure_counts_and_only_inside_the_window():
    frame = exposures_of({"control": 30, "treatment": 30})
    rows = [("control0", "buy", START - pd.Timedelta(days=1)), ("control1", "buy", START), ("control2", "buy", START + pd.Timedelta(days=7)),
            ("control3", "buy", START + pd.Timedelta(days=7, seconds=1)), ("x", "open", START + pd.Timedelta(days=30))]  # fmt: skip
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp"]))
    result = pm.experiment(log, frame, pm.ExperimentPlan(pm.Metric.conversion("buy", within="7 days")))
    assert result.to_frame().iloc[0]["control_value"] == pytest.approx(2 / 30)


def test_units_not_yet_observed_for_the_window_are_left_out_and_counted():
    frame = exposures_of({"control": 40, "treatment": 40})
    late = frame["user_id"].isin([f"control{i}" for i in range(15)])
    frame.loc[late, "timestamp"] = START + pd.Timedelta(days=58)
    result = pm.experiment(
        events_of(["control20"]), frame, pm.ExperimentPlan(pm.Metric.conversion("buy", within="7 days"))
    )
    row = result.to_frame().iloc[0]
    assert (row["control_users"], row["variant_users"]) == (25, 40)
    assert result.immature == {"buy (share of users)": 15}


def test_a_failed_sample_ratio_withholds_every_number_and_says_where_to_look():
    result = a_test((932, 3332), (928, 2996))
    assert not result.trusted
    assert result.to_frame()[["difference", "lift", "p_value", "control_value"]].isna().all(axis=None)
    assert result.to_frame()["status"].tolist() == ["withheld"]
    assert "cannot be trusted" in result.summary()
    assert "redirects" in result.summary()
    assert result.claims() == []
    assert result.despite_failed_checks()["p_value"][0] == pytest.approx(0.0088, abs=1e-4)


def test_a_planned_unequal_split_is_no_mismatch():
    assert a_test((90, 900), (12, 100), split={"control": 9, "treatment": 1}).trusted
    assert not a_test((90, 900), (12, 100)).trusted


def test_a_variant_that_nobody_met_fails_the_gate():
    result = a_test((10, 100), (10, 100), split={"control": 1, "treatment": 1, "other": 1})
    assert not result.trusted
    assert set(result.to_frame()["variant"]) == {"treatment", "other"}


def test_units_in_two_variants_are_left_out_and_named():
    frame = pd.concat(
        [
            exposures_of({"control": 100, "treatment": 100}),
            pd.DataFrame({"user_id": ["control0"], "variant": ["treatment"], "timestamp": [START]}),
        ]
    )
    result = pm.experiment(events_of(["control1"]), frame, pm.ExperimentPlan(pm.Metric.conversion("buy")))
    gate = result.gate().set_index("check")
    assert gate.loc["one variant each", "status"] == "noted"
    assert result.users == {"control": 99, "treatment": 100}


def test_unstable_assignment_fails_the_gate():
    frame = exposures_of({"control": 100, "treatment": 100})
    crossed = frame.head(60).assign(variant="treatment")
    result = pm.experiment(
        events_of(["control99"]), pd.concat([frame, crossed]), pm.ExperimentPlan(pm.Metric.conversion("buy"))
    )
    assert result.gate().set_index("check").loc["one variant each", "status"] == "failed"


def test_rows_shown_another_variant_are_left_out_with_their_outcome():
    frame = exposures_of({"control": 100, "treatment": 100}).assign(page="old", converted=0)
    frame.loc[frame["variant"] == "treatment", "page"] = "new"
    frame.loc[0, ["page", "converted"]] = ["new", 1]
    shown = pm.Exposures.from_frame(frame, shown="page", expected={"control": "old", "treatment": "new"})
    result = pm.experiment(None, shown, pm.ExperimentPlan(pm.Metric.recorded("converted")))
    row = result.to_frame().iloc[0]
    assert (row["control_users"], row["control_value"]) == (99, 0.0)
    assert "1 of 200 exposures" in " ".join(result.gate()["evidence"])


@pytest.mark.parametrize(
    ("control", "treatment", "direction", "status"),
    [
        pytest.param((100, 1000), (98, 1000), "down", "safe", id="even the worst case is inside the limit"),
        pytest.param((100, 1000), (115, 1000), "down", "watch", id="the interval crosses the limit"),
        pytest.param((100, 1000), (210, 1000), "down", "harm", id="even the best case is beyond it"),
        pytest.param((200, 1000), (90, 1000), "up", "harm", id="a fall harms a metric that should rise"),
        pytest.param((100, 1000), (130, 1000), "up", "safe", id="a rise does not"),
        pytest.param((1000, 1000), (1000, 1000), "up", "unclear", id="without an interval nothing is known"),
    ],
)
def test_a_guardrail_is_safe_watched_or_harmed_by_its_worst_and_best_case(control, treatment, direction, status):
    guardrail = pm.Metric.conversion("buy", name="guard", direction=direction, max_harm=0.25)
    result = a_test(control, treatment, guardrails=[guardrail])
    assert result.rows("guardrail")[0]["status"] == status


def test_an_event_that_never_occurs_warns_with_the_nearest_name_and_counts_zero():
    frame = exposures_of({"control": 30, "treatment": 30})
    with pytest.warns(PmAnalyticsWarning, match="did you mean 'buy'"):
        result = pm.experiment(events_of(["control1"]), frame, pm.ExperimentPlan(pm.Metric.count("buyy")))
    assert result.to_frame()["control_value"].tolist() == [0.0]
    assert result.to_frame()["reason"][0]


@pytest.mark.filterwarnings("ignore:The event .* never occurs")
@pytest.mark.parametrize(("control", "treatment"), [((0, 50), (0, 50)), ((50, 50), (50, 50)), ((0, 50), (5, 50))])
def test_an_undefined_number_has_a_reason(control, treatment):
    """A null never stands alone: nobody converted, everybody converted, or no baseline for a relative change."""
    row = a_test(control, treatment).to_frame().iloc[0]
    assert math.isnan(row["lift_ci_lower"])
    assert row["reason"]


def test_row_order_and_names_of_variants_do_not_change_the_result():
    frame = exposures_of({"control": 200, "treatment": 210})
    doers = [f"control{i}" for i in range(40)] + [f"treatment{i}" for i in range(55)]
    plan = pm.ExperimentPlan(pm.Metric.conversion("buy"))
    first = pm.experiment(events_of(doers), frame, plan).to_frame()
    shuffled = pm.experiment(events_of(doers[::-1]), frame.sample(frac=1, random_state=3), plan).to_frame()
    pd.testing.assert_frame_equal(first, shuffled)
    renamed = frame.replace({"variant": {"control": "zz", "treatment": "aa"}})
    other = pm.experiment(
        events_of(doers), renamed, pm.ExperimentPlan(pm.Metric.conversion("buy"), control="zz")
    ).to_frame()
    pd.testing.assert_frame_equal(first.drop(columns="variant"), other.drop(columns="variant"))


def test_user_ids_match_across_sources_whatever_their_type():
    frame = exposures_of({"control": 50, "treatment": 50})
    frame["user_id"] = range(100)
    rows = pd.DataFrame({"user_id": ["3", "55", "56"], "event": "buy", "timestamp": START + pd.Timedelta(days=1)})
    row = (
        pm.experiment(pm.EventLog.from_frame(rows), frame, pm.ExperimentPlan(pm.Metric.conversion("buy")))
        .to_frame()
        .iloc[0]
    )
    assert (row["control_value"], row["variant_value"]) == (0.02, 0.04)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"sizes": {"control": 10}}, DataError, "Only one variant"),
        ({"control": "contrl"}, UnknownNameError, "did you mean 'control'"),
        ({"split": {"control": 1, "b": 1}}, UnknownNameError, "plan's split"),
        ({"split": {"control": 0, "treatment": 1}}, ParameterError, "weight above 0"),
        ({"guardrail": True}, ParameterError, "max_harm"),
    ],
)
def test_a_plan_that_contradicts_the_data_is_refused_with_what_to_write(change, error, said):
    frame = exposures_of(change.get("sizes", {"control": 10, "treatment": 10}))
    guardrails = [pm.Metric.count("open")] if change.get("guardrail") else []
    with pytest.raises(error, match=said):
        pm.experiment(
            events_of(["control1"]),
            frame,
            pm.ExperimentPlan(
                pm.Metric.conversion("buy"),
                control=change.get("control", "control"),
                split=change.get("split"),
                guardrails=guardrails,
            ),
        )
