"""A plan comes before the data: frozen as a file, kept honest afterwards; its looks and its rules decide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.analyses.experiment.decision import RULES, Found, decide
from pm_analytics.errors import ParameterError, SourceError, UnknownNameError
from pm_analytics.stats import sequential

M = pm.Metric
START = pd.Timestamp("2026-03-02", tz="UTC")
EVERY_KIND = [
    M.conversion("buy", within="14 days", min_effect=0.05), M.retention(after="7 days", within="14 days"),
    M.count("err", direction="down", max_harm=0.1, where={"plan": ["a", "b"]}), M.mean("buy", value="amount", cap=0.99),
    M.ratio("click", per="view"), M.quantile("load", value="ms", at=0.9), M.funnel(["a", "b"], within="7 days"),
    M.time_to("buy", within="7 days"), M.recorded("x", kind="mean", before="x0"), M.recorded("z", per="rows"),
]  # fmt: skip


def shares(control, treatment):
    rows = [
        (f"{v}{i}", v, START, float(i < k))
        for v, (k, n) in (("control", control), ("treatment", treatment))
        for i in range(n)
    ]
    return pd.DataFrame(rows, columns=["user_id", "variant", "timestamp", "paid"])


def read(frame, metric=None, *, earlier=None, **plan):
    plan.setdefault("split", {"control": 1, "treatment": 1})
    asked = pm.ExperimentPlan(metric or M.recorded("paid"), **plan)
    return pm.experiment(None, frame, asked, earlier_looks=earlier)


def test_a_plan_comes_back_from_its_file_as_it_was(tmp_path):
    plan = pm.ExperimentPlan(
        EVERY_KIND[:2], guardrails=[EVERY_KIND[2]], exploratory=EVERY_KIND[3:], split={"control": 1, "treatment": 2}, looks=5,
        planned_units=9_000, starts="2026-03-02", pre_period="28 days", segments=["country"], hypothesis="It helps.",
    )  # fmt: skip
    frozen = plan.freeze(tmp_path / "plan.yaml")
    back = pm.ExperimentPlan.load(tmp_path / "plan.yaml")
    assert back == plan == frozen
    assert back.fingerprint == plan.fingerprint
    assert back.deviations() == []
    assert back.frozen_on


def test_a_plan_edited_after_freezing_says_so_with_every_result(tmp_path):
    path = tmp_path / "plan.yaml"
    pm.ExperimentPlan(M.recorded("paid"), confidence=0.9).freeze(path)
    path.write_text(path.read_text().replace("0.9", "0.8"))
    result = read_with(pm.ExperimentPlan.load(path))
    assert "edited after it was frozen" in result.summary()


def read_with(plan):
    return pm.experiment(None, shares((100, 1_000), (130, 1_000)), plan)


def test_what_was_changed_on_purpose_is_printed_with_the_result():
    plan = pm.ExperimentPlan(M.recorded("paid"))
    result = read_with(plan.but(confidence=0.9))
    assert result.deviations == ("The plan said confidence = 0.95; this analysis uses confidence = 0.9.",)
    assert result.deviations[0] in result.summary()


def test_a_frozen_plan_is_never_overwritten_by_another(tmp_path):
    path = tmp_path / "plan.yaml"
    plan = pm.ExperimentPlan(M.recorded("paid"))
    plan.freeze(path)
    assert plan.freeze(path).frozen_on
    with pytest.raises(ParameterError, match="already holds another plan"):
        pm.ExperimentPlan(M.recorded("other")).freeze(path)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("primary:\n- conversion: buy\nlooks_: 3", UnknownNameError, "did you mean 'looks'"),
        ("primary:\n- buys: 3", ParameterError, "exactly one of"),
        ("primary:\n- mean: buy", ParameterError, "lacks something"),
        ("primary:\n- conversion: buy\n  withn: 7 days", UnknownNameError, "withn"),
        ("just words", ParameterError, "no plan"),
        ("primary: [", ParameterError, "not YAML"),
    ],
)
def test_a_file_that_is_no_plan_says_what_is_wrong(tmp_path, text, error, said):
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(error, match=said):
        pm.ExperimentPlan.load(path)
    with pytest.raises(SourceError, match="no plan at"):
        pm.ExperimentPlan.load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"looks": "daily"}, "no choice"),
        ({"looks": 4}, "planned_units"),
        ({"split": {"control": 1}}, "at least two"),
        ({"power": 0.01}, "power"),
        ({"starts": "2026-03-09", "ends": "2026-03-02"}, "before starts"),
        ({"starts": "next week"}, "no date"),
    ],
)
def test_a_plan_that_could_not_be_decided_is_refused(parts, said):
    with pytest.raises(ParameterError, match=said):
        pm.ExperimentPlan(M.recorded("paid"), **parts)


# ------------------------------------------------------------------------------------------------------------ looks


def test_anytime_intervals_are_the_confidence_sequence():
    """Vector seq_acs_prop_nstar_20000: 500/5000 against 600/5000, planned for 20,000."""
    row = read(shares((500, 5_000), (600, 5_000)), looks="anytime", planned_units=20_000).to_frame().iloc[0]
    assert row[["ci_lower", "ci_upper", "p_value"]].tolist() == pytest.approx(
        [0.0007135163, 0.0392864837, 0.0375570942], rel=1e-6
    )
    assert row["status"] == "better"


def test_planned_looks_are_wide_early_and_plain_at_the_end():
    plan = {"looks": 5, "planned_units": 10_000}
    early = read(shares((100, 1_000), (140, 1_000)), **plan).to_frame().iloc[0]
    late = read(shares((500, 5_000), (570, 5_000)), **plan).to_frame().iloc[0]
    error = {name: np.sqrt(sum(p * (1 - p) / n for p, n in parts)) for name, parts in
             {"early": [(0.1, 1_000), (0.14, 1_000)], "late": [(0.1, 5_000), (0.114, 5_000)]}.items()}  # fmt: skip
    assert (early["ci_upper"] - early["difference"]) / error["early"] == pytest.approx(4.8769, abs=2e-3)
    assert (late["ci_upper"] - late["difference"]) / error["late"] == pytest.approx(2.0310, abs=2e-3)
    assert (early["status"], late["status"]) == ("unclear", "better")
    assert early["p_value"] > 0.05 > late["p_value"]


def test_looks_that_were_taken_count_instead_of_the_planned_ones():
    frame = shares((300, 3_000), (360, 3_000))
    planned = read(frame, looks=5, planned_units=10_000).to_frame().iloc[0]
    first = read(frame, looks=5, planned_units=10_000, earlier=[]).to_frame().iloc[0]
    assert first["ci_upper"] < planned["ci_upper"]
    with pytest.raises(ParameterError, match="must rise"):
        read(frame, looks=5, planned_units=10_000, earlier=[4_000, 2_000])
    with pytest.raises(ParameterError, match="only fits"):
        read(frame, earlier=[100])


def test_it_is_too_early_to_look_at_a_handful():
    row = read(shares((5, 60), (9, 60)), looks="anytime", planned_units=5_000).to_frame().iloc[0]
    assert "too early to look" in row["reason"]
    assert np.isnan(row["ci_lower"])


def test_interval_and_p_value_agree_whatever_the_looks():
    rng = np.random.default_rng(3)
    for looks in ("fixed", "anytime", 4):
        for _ in range(12):
            n = int(rng.integers(300, 2_000))
            frame = shares((int(rng.binomial(n, 0.2)), n), (int(rng.binomial(n, 0.25)), n))
            plan = {"looks": looks, "planned_units": 6_000} if looks != "fixed" else {}
            row = read(frame, **plan).to_frame().iloc[0]
            excludes = row["ci_lower"] > 0 or row["ci_upper"] < 0
            assert excludes == (row["p_value"] < 0.05)
            assert excludes == (row["lift_ci_lower"] > 0 or row["lift_ci_upper"] < 0)


def test_several_variants_share_the_chance_of_a_false_finding():
    frames = [
        shares((100, 1_000), (k, 1_000)).replace({"treatment": name})
        for name, k in (("a", 128), ("b", 131), ("c", 104))
    ]
    frame = pd.concat([frames[0], *(f[f["variant"] != "control"] for f in frames[1:])])
    frame["user_id"] = [f"x{i}" for i in range(len(frame))]
    rows = read(frame, split=dict.fromkeys(["control", "a", "b", "c"], 1)).to_frame()
    assert (rows["adjusted_p_value"] >= rows["p_value"]).all()
    for row in rows.itertuples():
        assert (row.ci_lower > 0 or row.ci_upper < 0) == (row.adjusted_p_value < 0.05)
    assert rows["confidence"].min() > 0.95


# ------------------------------------------------------------------------------------------------------- decisions


def found(**change):
    return Found(
        **{"primary": ("better",), "guardrails": ("safe",), "best": (0.1,), "worst": (0.02,), "min_effects": (0.05,)}
        | change
    )


@pytest.mark.parametrize(
    ("evidence", "state", "rule"),
    [
        (found(broken="sample ratio"), "RERUN", 1),
        (found(guardrails=("safe", "harm")), "STOP", 2),
        (found(at_end=False), "EXTEND", 3),
        (found(primary=("worse",)), "STOP", 4),
        (found(best=(0.03,)), "ITERATE", 5),
        (found(), "SHIP", 6),
        (found(guardrails=("watch",)), "SHIP WITH WATCH", 7),
        (found(primary=("unclear",), best=(0.04,)), "ITERATE", 8),
        (found(primary=("unclear",), at_end=False, may_stop=True), "EXTEND", 9),
        (found(primary=("unclear",), weeks_more=3), "EXTEND", 10),
        (found(primary=("unclear",)), "ITERATE", 11),
        (found(at_end=False, may_stop=True), "SHIP", 6),
    ],
)
def test_exactly_one_rule_decides_and_says_its_number(evidence, state, rule):
    decision = decide({"treatment": evidence}, None)
    assert (decision.state, decision.rule) == (state, rule)
    assert f"(rule {rule})" in str(decision)


def test_rules_are_numbered_in_order_and_the_last_always_holds():
    assert [rule.number for rule in RULES] == list(range(1, len(RULES) + 1))
    assert RULES[-1].holds(found())


def test_an_experiment_read_early_is_told_when_to_look_again():
    frame = shares((100, 1_000), (140, 1_000))
    frame["timestamp"] = START + pd.to_timedelta(np.arange(len(frame)) % 10, unit="D")
    decision = read(frame, M.recorded("paid", min_effect=0.1), planned_units=4_000).decision
    assert (decision.state, decision.rule) == ("EXTEND", 3)
    assert str(decision.until) == "2026-03-21"  # 2,000 more at 200 a day, from 11 March on
    assert "Look again on 2026-03-21" in str(decision)


def test_a_look_at_planned_information_is_told_the_next_one():
    frame = shares((100, 1_000), (104, 1_000))
    frame["timestamp"] = START + pd.to_timedelta(np.arange(len(frame)) % 10, unit="D")
    decision = read(frame, M.recorded("paid", min_effect=0.1), looks=5, planned_units=10_000).decision
    assert (decision.state, decision.rule) == ("EXTEND", 9)
    assert sequential.spent(0.2) < 1e-5
