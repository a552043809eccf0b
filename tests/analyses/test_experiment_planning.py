"""Before an experiment: sizes from closed forms, baselines as pandas has them, arrivals that level off, dates."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pm_analytics as pm
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.stats.effects import compare_means
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.sequential import boundaries, sample_size_inflation, sequence_multiplier

MONDAY = pd.Timestamp("2026-01-05", tz="UTC")
Z, Z80, Z90 = stats.norm.ppf([0.975, 0.8, 0.9])
BUYERS = pm.Metric.conversion("buy", within="7 days", name="buyers", min_effect=0.10)


def log_of(rows, *, days=56):
    """Make a log of (user, event, day, amount); the last day of the data is the one after ``days``."""
    rows = [(user, event, MONDAY + pd.Timedelta(days=day), amount) for user, event, day, amount in rows]
    rows.append(("clock", "tick", MONDAY + pd.Timedelta(days=days, hours=12), None))
    return pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp", "amount"]))


def newcomers(per_day=100, *, days=56, seed=1, share=0.2):
    """Make a product whose users come once: they visit, and some buy a day later for an amount."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(per_day * days):
        day = number // per_day + 0.5
        rows.append((f"u{number}", "visit", day, None))
        if rng.random() < share:
            rows += [(f"u{number}", "buy", day + 1, float(rng.gamma(2, 10))) for _ in range(1 + rng.poisson(0.5))]
    return rows


def given(metric, value, *, weekly=10_000, **plan):
    return pm.plan_experiment(
        None, pm.ExperimentPlan(metric, **plan), baseline={metric.name: value}, units_per_week=weekly
    )


def needed(planning):
    return planning.requirements().iloc[0]


def test_shares_need_what_r_says():
    """R: power.prop.test(p1 = .05, p2 = .055, power = .8) gives 31,234 in each group."""
    row = needed(given(BUYERS, 0.05))
    assert (row["units"], row["control_users"], row["variant_users"]) == (62_467, 31_234, 31_234)
    assert row["weeks"] == 7
    assert row["baseline"] == 0.05


def test_means_need_what_the_closed_form_says():
    """Kohavi et al. 2009: revenue of 3.75 with a deviation of 30, and a change of 5 %."""
    revenue = pm.Metric.mean("buy", value="amount", name="revenue", min_effect=0.05)
    expected = 4 * (Z + Z80) ** 2 * 30**2 / 0.1875**2
    planning = given(revenue, (3.75, 30), weekly=expected)
    assert needed(planning)["units"] == math.ceil(expected)
    first = planning.to_frame().iloc[0]
    assert first["mde"] == pytest.approx(0.05, rel=1e-3)
    assert first["mde_absolute"] == pytest.approx(0.1875, rel=1e-3)
    assert first["power_for_min_effect"] == pytest.approx(0.8, abs=1e-3)


def test_an_uneven_split_and_several_variants_need_more():
    """The level is shared by the comparisons (Holm's first step), and the smallest variant decides."""
    mean = pm.Metric.count("buy", name="buys", min_effect=0.1)
    row = needed(given(mean, (1.0, 2.0), split={"control": 8, "a": 1, "b": 1}))
    z = stats.norm.ppf(1 - 0.025 / 2)
    expected = (z + Z80) ** 2 * 4 * (1 / 0.8 + 1 / 0.1) / 0.1**2
    assert row["units"] == math.ceil(expected)
    assert (row["control_users"], row["variant_users"]) == (
        math.ceil(0.8 * row["units"]),
        math.ceil(0.1 * row["units"]),
    )


def test_two_primary_metrics_share_the_level():
    metrics = [pm.Metric.count("buy", name=name, min_effect=0.1) for name in ("one", "two")]
    planning = pm.plan_experiment(
        None, pm.ExperimentPlan(metrics), baseline={"one": (1, 2), "two": (1, 2)}, units_per_week=1_000
    )
    expected = 4 * (stats.norm.ppf(1 - 0.0125) + Z80) ** 2 * 4 / 0.01
    assert planning.requirements()["units"].tolist() == [math.ceil(expected)] * 2


@pytest.mark.parametrize(("direction", "kept"), [("up", 0.9), ("down", 1.1)])
def test_a_guardrail_is_shown_safe_with_more_power(direction, kept):
    """One-sided at the full level against ``variant - (1 -+ margin) control``; with one guardrail 80 % become 90 %."""
    guardrail = pm.Metric.count("crash", name="crashes", direction=direction, max_harm=0.1)
    plan = pm.ExperimentPlan(BUYERS, guardrails=[guardrail])
    planning = pm.plan_experiment(None, plan, baseline={"buyers": 0.1, "crashes": (2.0, 3.0)}, units_per_week=5_000)
    expected = (stats.norm.ppf(0.95) + Z90) ** 2 * 9 * 2 * (1 + kept**2) / 0.2**2
    row = planning.requirements().iloc[1]
    assert row["units"] == pytest.approx(expected, abs=1)
    at = planning.to_frame().query("role == 'guardrail' and week == @row.weeks").iloc[0]
    assert at["power_for_min_effect"] >= 0.9
    assert at["mde"] <= 0.1


def test_all_together_is_less_likely_than_each():
    guardrail = pm.Metric.count("crash", name="crashes", max_harm=0.2)
    plan = pm.ExperimentPlan(BUYERS, guardrails=[guardrail])
    planning = pm.plan_experiment(None, plan, baseline={"buyers": 0.1, "crashes": (2.0, 3.0)}, units_per_week=5_000)
    powers = planning.to_frame().query("week == @planning.weeks")["power_for_min_effect"]
    assert planning.power_of_all(weeks=planning.weeks) == pytest.approx(1 - (1 - powers).sum())
    assert "All of it together comes out with a chance of at least" in planning.summary()


def test_looking_before_the_end_costs_units():
    mean = pm.Metric.count("buy", name="buys", min_effect=0.1)
    fixed, often, four = (
        needed(
            pm.plan_experiment(
                None, pm.ExperimentPlan(mean), baseline={"buys": (1.0, 2.0)}, units_per_week=1_000, looks=looks
            )
        )["units"]
        for looks in (None, "anytime", 4)
    )
    assert four / fixed == pytest.approx(sample_size_inflation(4), rel=1e-3)
    assert often / fixed == pytest.approx(((sequence_multiplier(1, 1) + Z80) / (Z + Z80)) ** 2, rel=1e-3)


def test_a_baseline_from_the_log_is_what_pandas_finds():
    """Of units whose window is over when the data ends; the others only arrive."""
    rows = newcomers()
    frame = pd.DataFrame(rows, columns=["user", "event", "day", "amount"])
    first = frame[frame["event"] == "visit"].groupby("user")["day"].min()
    bought = frame[frame["event"] == "buy"]
    mature = first[first + 7 <= 56.5]  # the last event is known, so its instant is over
    metrics = [
        pm.Metric.conversion("buy", within="7 days", name="buyers", min_effect=0.1),
        pm.Metric.mean("buy", value="amount", within="7 days", name="revenue", min_effect=0.1),
        pm.Metric.ratio("buy", per="visit", within="7 days", name="buys per visit", min_effect=0.1),
    ]
    planning = pm.plan_experiment(log_of(rows), pm.ExperimentPlan(metrics), eligible="visit")
    table = planning.requirements().set_index("metric")
    share = bought.groupby("user").size().reindex(mature.index).notna().mean()
    revenue = bought.groupby("user")["amount"].sum().reindex(mature.index).fillna(0)
    buys = bought.groupby("user").size().reindex(mature.index).fillna(0)  # one visit each: the ratio is a mean
    assert table["baseline"].tolist() == pytest.approx([share, revenue.mean(), buys.mean()])
    assert table["standard_deviation"].tolist()[1:] == pytest.approx([revenue.std(), buys.std()])
    assert planning.needs[0].baseline.users == len(mature)


def test_a_ratio_takes_the_linearised_variance():
    rng = np.random.default_rng(3)
    sessions, orders = 1 + rng.poisson(3, 800), rng.poisson(2, 800)
    rows = [(f"u{i}", "session", i % 20 + 0.1 + k / 100, None) for i in range(800) for k in range(sessions[i])]
    rows += [(f"u{i}", "order", i % 20 + 0.5 + k / 100, None) for i in range(800) for k in range(orders[i])]
    metric = pm.Metric.ratio("order", per="session", within="7 days", name="orders", min_effect=0.1)
    row = needed(pm.plan_experiment(log_of(rows), pm.ExperimentPlan(metric), eligible="session"))
    ratio = orders.sum() / sessions.sum()
    assert row["baseline"] == pytest.approx(ratio)
    assert row["standard_deviation"] == pytest.approx(np.std(orders - ratio * sessions, ddof=1) / sessions.mean())


def test_the_time_before_takes_out_what_a_regression_would():
    rng = np.random.default_rng(5)
    habit = rng.gamma(2, 1, 1_000)
    before, after = rng.poisson(2 * habit), rng.poisson(2 * habit)
    rows = [(f"u{i}", "open", 40.5, None) for i in range(1_000)]
    rows += [(f"u{i}", "edit", 30 + k / 100, None) for i in range(1_000) for k in range(before[i])]
    rows += [(f"u{i}", "edit", 41 + k / 100, None) for i in range(1_000) for k in range(after[i])]
    metric = pm.Metric.count("edit", within="7 days", min_effect=0.1)
    plan = pm.ExperimentPlan(metric, pre_period="14 days")
    row = needed(pm.plan_experiment(log_of(rows), plan, eligible="open"))
    x = np.column_stack([np.ones(1_000), before, before == 0])
    left = after - x @ np.linalg.lstsq(x, after, rcond=None)[0]
    assert row["standard_deviation"] == pytest.approx(np.std(left, ddof=1), rel=1e-6)
    assert row["variance_reduction"] == pytest.approx(1 - left.var() / after.var())


def test_groups_that_are_alike_need_as_many_times_the_units():
    """Twelve users of an account who always do the same are one."""
    rng = np.random.default_rng(2)
    buys = rng.random(400) < 0.3
    rows = []
    for account in range(400):
        for user in range(12):
            who, day = f"a{account}u{user}", account % 40 + 0.5
            rows.append((who, "visit", MONDAY + pd.Timedelta(days=day), f"a{account}"))
            if buys[account]:
                rows.append((who, "buy", MONDAY + pd.Timedelta(days=day + 1), f"a{account}"))
    rows.append(("clock", "tick", MONDAY + pd.Timedelta(days=56), "none"))
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user_id", "event", "timestamp", "account_id"]))
    alone, grouped = (
        needed(pm.plan_experiment(log, pm.ExperimentPlan(BUYERS, cluster=cluster), eligible="visit"))
        for cluster in (None, "account_id")
    )
    assert grouped["design_effect"] == pytest.approx(12, rel=0.01)
    assert grouped["units"] / alone["units"] == pytest.approx(12, rel=0.03)


def test_a_quantile_needs_what_the_density_says():
    """The variance of a median is 1 / (4 f(m)^2 n); of values from an exponential distribution, m^2 / (ln 2)^2 / n."""
    rng = np.random.default_rng(4)
    rows = [(f"u{i}", "load", i % 40 + 0.5, float(rng.exponential(1.0))) for i in range(6_000)]
    metric = pm.Metric.quantile("load", value="amount", within="7 days", direction="down", min_effect=0.1)
    row = needed(pm.plan_experiment(log_of(rows), pm.ExperimentPlan(metric), eligible="load"))
    assert row["baseline"] == pytest.approx(math.log(2), rel=0.05)
    assert row["standard_deviation"] == pytest.approx(1.0, rel=0.06)


def test_a_quantile_counts_the_units_that_never_had_the_event():
    rng = np.random.default_rng(4)
    rows = [(f"u{i}", "open", i % 40 + 0.5, None) for i in range(6_000)]
    rows += [(f"u{i}", "load", i % 40 + 0.6, float(rng.exponential(1.0))) for i in range(0, 6_000, 4)]
    metric = pm.Metric.quantile("load", value="amount", within="7 days", min_effect=0.1)
    row = needed(pm.plan_experiment(log_of(rows), pm.ExperimentPlan(metric), eligible="open"))
    assert row["standard_deviation"] == pytest.approx(2.0, rel=0.2)  # four times the variance per unit exposed


def test_funnels_waiting_times_and_returning_are_planned_too():
    metrics = [
        pm.Metric.funnel(["visit", "buy"], within="7 days", min_effect=0.1),
        pm.Metric.time_to("buy", within="7 days", min_effect=0.1),
        pm.Metric.retention(after="12 hours", within="7 days", min_effect=0.1),
    ]
    table = pm.plan_experiment(log_of(newcomers()), pm.ExperimentPlan(metrics), eligible="visit").requirements()
    assert table["units"].notna().all()
    assert table["baseline"][1] == pytest.approx(7 - 6 * table["baseline"][0], rel=1e-2)  # one day, or all seven
    assert table["baseline"][0] == pytest.approx(table["baseline"][2])


def regulars(pool=600, days=56, seed=8):
    """Make a product with a fixed crowd, each of whom comes now and then."""
    rng, rows = np.random.default_rng(seed), []
    for user, rate in enumerate(rng.gamma(1.2, 0.15, pool)):
        rows += [(f"u{user}", "open", day + 0.5, None) for day in np.flatnonzero(rng.random(days) < rate)]
    return rows


def test_arrivals_are_different_units_and_level_off():
    rows = regulars()
    frame = pd.DataFrame(rows, columns=["user", "event", "day", "amount"])
    metric = pm.Metric.count("open", within="7 days", min_effect=0.02)
    planning = pm.plan_experiment(log_of(rows), pm.ExperimentPlan(metric), eligible="open")
    units = planning.to_frame()["units"].to_numpy()
    counted = [frame.loc[frame["day"] < 7 * week, "user"].nunique() for week in range(1, 9)]
    assert units[:8].tolist() == pytest.approx(counted, rel=0.03)
    assert units[11] < 600 * 1.1
    assert np.isnan(needed(planning)["weeks"])
    assert "is not reachable (80% power)" in planning.summary()
    with pytest.raises(ParameterError, match=r"plan_for\(weeks=4\)"):
        _ = planning.plan


def test_a_ceiling_is_said_with_the_smallest_change_that_can_be_found():
    rng = np.random.default_rng(1)
    rows = [(f"u{u}", "open", d + 0.5, None) for u in range(400) for d in range(56) if rng.random() < 0.25]
    metric = pm.Metric.count("open", within="7 days", min_effect=0.01)
    said = pm.plan_experiment(log_of(rows), pm.ExperimentPlan(metric), eligible="open").summary()
    assert "and arrivals level off at about 4" in said
    assert "; the smallest that can be is" in said


def test_steady_newcomers_are_so_many_a_week():
    planning = pm.plan_experiment(log_of(newcomers(50)), pm.ExperimentPlan(BUYERS), eligible="visit")
    assert planning.to_frame()["units"].tolist() == pytest.approx([350 * week for week in range(1, 13)], rel=0.03)
    assert planning.summary().startswith("With about 350 new users a week, a change of 10.0% in buyers")


def test_it_is_read_when_the_window_of_the_last_unit_is_over():
    """The data ends on Monday 2 March; the experiment starts on the next Monday."""
    planning = pm.plan_experiment(
        log_of(newcomers(800, days=28), days=28), pm.ExperimentPlan(BUYERS), eligible="visit", weeks=2
    )
    table = planning.to_frame()
    assert planning.arriving.starts == date(2026, 2, 9)
    assert table["read_on"].tolist() == [date(2026, 2, 23), date(2026, 3, 2)]
    assert planning.plan_for(weeks=2).ends == date(2026, 2, 22)


def test_the_plan_is_completed_and_ready_to_freeze(tmp_path):
    plan = pm.ExperimentPlan(BUYERS, starts="2026-03-02", name="checkout").but(power=0.9)
    planning = pm.plan_experiment(None, plan, baseline={"buyers": 0.05}, units_per_week=40_000, looks=4)
    ready = planning.plan
    assert ready.deviations() == []
    assert (ready.looks, ready.power, ready.name) == (4, 0.9, "checkout")
    assert ready.planned_units == 40_000 * planning.weeks
    assert ready.planned_units >= needed(planning)["units"] > ready.planned_units - 40_000
    assert (ready.ends - ready.starts).days + 1 == 7 * planning.weeks
    frozen = ready.freeze(tmp_path / "plan.yaml")
    assert pm.ExperimentPlan.load(tmp_path / "plan.yaml").fingerprint == frozen.fingerprint


def test_exposures_of_an_earlier_experiment_are_put_together():
    rows = newcomers(40)
    frame = pd.DataFrame(rows, columns=["user_id", "event", "day", "amount"])
    first = frame[frame["event"] == "visit"].assign(
        timestamp=lambda f: MONDAY + pd.to_timedelta(f["day"], unit="D"),
        variant=lambda f: np.where(f.index % 2 == 0, "control", "treatment"),
    )[["user_id", "variant", "timestamp"]]
    plan = pm.ExperimentPlan(BUYERS)
    listed = pm.plan_experiment(log_of(rows), plan, exposures=first).requirements()
    met = pm.plan_experiment(log_of(rows), plan, eligible="visit").requirements()
    pd.testing.assert_series_equal(listed["baseline"], met["baseline"])


def test_what_is_recorded_with_exposures_needs_no_log():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"user_id": range(2_800), "variant": "old", "spent": rng.gamma(2, 5, 2_800)})
    frame["timestamp"] = MONDAY + pd.to_timedelta(np.arange(2_800) // 100, unit="D")
    metric = pm.Metric.recorded("spent", kind="mean", min_effect=0.1)
    row = needed(pm.plan_experiment(None, pm.ExperimentPlan(metric), exposures=frame))
    assert row["standard_deviation"] == pytest.approx(frame["spent"].std())
    assert row["weeks"] == math.ceil(row["units"] / 700)


def test_only_units_that_met_the_trigger_arrive():
    rows = newcomers(60)
    plan = pm.ExperimentPlan(pm.Metric.mean("buy", value="amount", within="7 days"), trigger="buy")
    planning = pm.plan_experiment(log_of(rows), plan, eligible="visit")
    buyers = pd.DataFrame(rows).query("`1` == 'buy' and `2` < 56")[0].nunique()
    assert planning.arriving.curve.seen[-1] == buyers


def test_a_history_of_days_and_one_of_a_length_are_the_same():
    log = log_of(newcomers(20))
    by_days = pm.plan_experiment(log, pm.ExperimentPlan(BUYERS), eligible="visit", history=("2026-02-02", "2026-03-02"))
    by_length = pm.plan_experiment(log, pm.ExperimentPlan(BUYERS), eligible="visit", history="4 weeks")
    pd.testing.assert_frame_equal(by_days.to_frame(), by_length.to_frame())
    assert "560 units with 'visit' from 2026-02-02 to before 2026-03-02" in by_days.definition


def test_a_baseline_that_is_given_goes_before_the_past():
    planning = pm.plan_experiment(
        log_of(newcomers(20)), pm.ExperimentPlan(BUYERS), eligible="visit", baseline={"buyers": 0.5}
    )
    assert needed(planning)["baseline"] == 0.5


def test_without_a_wanted_change_it_says_what_can_be_found():
    planning = given(pm.Metric.conversion("buy", name="buyers"), 0.05)
    assert planning.weeks is None
    assert "the smallest change of buyers that can be found (80% power) is" in planning.summary()
    assert planning.requirements()["units"].isna().all()
    assert planning.to_frame()["mde"].is_monotonic_decreasing


def test_without_arrivals_it_says_how_many_units():
    planning = given(BUYERS, 0.05, weekly=None)
    assert planning.summary() == "A change of 10.0% in buyers takes 62,467 users in all to be found (80% power)."
    assert planning.to_frame().empty
    assert list(planning.to_frame()) == list(given(BUYERS, 0.05).to_frame())


def test_a_thin_past_is_said():
    rows = newcomers(2, days=21)
    said = pm.plan_experiment(log_of(rows, days=21), pm.ExperimentPlan(BUYERS), eligible="visit").summary()
    assert "rests on 30 units only: a rough guess" in said


def test_a_past_too_short_for_levelling_off_is_said():
    rows = newcomers(50, days=10)
    said = pm.plan_experiment(log_of(rows, days=10), pm.ExperimentPlan(BUYERS), eligible="visit").summary()
    assert "A rough guess: 10 days are too few to see how arrivals slow down" in said


@pytest.mark.filterwarnings("ignore:The event .* never occurs")
@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (pm.Metric.count("refund", within="7 days", min_effect=0.1), "zero for every unit"),
        (pm.Metric.count("visit", within="7 days", min_effect=0.1), "the same for every unit"),
        (pm.Metric.conversion("buy", within="80 days", min_effect=0.1), "watched for 80 days; take a longer history"),
        (pm.Metric.conversion("visit", within="7 days", min_effect=0.1), "the same for every unit"),
        (pm.Metric.conversion("buy", within="7 days", min_effect=0.99), None),
    ],
)
def test_what_cannot_be_planned_has_a_reason(metric, reason):
    planning = pm.plan_experiment(log_of(newcomers(20)), pm.ExperimentPlan(metric), eligible="visit")
    if reason is None:
        assert needed(planning)["reason"] == ""
        return
    assert reason in needed(planning)["reason"]
    assert planning.summary().split(", ", 1)[1].startswith("nothing can be planned for")
    assert planning.to_frame()[["mde", "power_for_min_effect"]].isna().all(axis=None)


def test_a_share_cannot_rise_beyond_everybody():
    planning = given(pm.Metric.conversion("buy", name="buyers", min_effect=0.5), 0.8)
    assert "beyond 100 %" in planning.summary()
    assert planning.to_frame()["mde"].max() < 0.25


def test_a_mean_below_zero_has_an_absolute_change_only():
    planning = given(pm.Metric.count("x", name="profit"), (-2.0, 5.0))
    table = planning.to_frame()
    assert table["mde"].isna().all()
    assert table["mde_absolute"][0] == pytest.approx((Z + Z80) * 5 * math.sqrt(4 / 10_000))


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"log": None, "baseline": {}}, ParameterError, "nothing is known of 'buyers'"),
        ({"log": None, "baseline": {"buyer": 0.1}}, UnknownNameError, "did you mean 'buyers'"),
        ({"log": None, "baseline": {"buyers": 1.5}}, ParameterError, "write 0.05 for 5 %"),
        ({"log": None, "baseline": {"buyers": (1.0, 0.0)}}, ParameterError, "a spread above 0"),
        ({"eligible": "vist"}, UnknownNameError, "did you mean 'visit'"),
        ({"eligible": []}, UnknownNameError, "event"),
        ({"weeks": 0}, ParameterError, "from 1 to 52"),
        ({"weeks": 2.5}, ParameterError, "from 1 to 52"),
        ({"units_per_week": 0}, ParameterError, "above 0"),
        ({"history": ("2025-01-01", "2025-02-01")}, DataError, "no whole day"),
        ({"history": ("2026-02-01",)}, ParameterError, "the day after the last one"),
        ({"history": "soon"}, ParameterError, "not a length of time"),
        ({"history": ("2026-03-01", "2026-03-02"), "eligible": "rare"}, DataError, "No unit had 'rare'"),
        ({"exposures": pd.DataFrame({"user_id": ["a"], "variant": "x"}), "eligible": "visit"}, ParameterError, "one of them"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_what_to_write(change, error, said):
    log = log_of([*newcomers(3), ("u1", "rare", 1.0, None)])
    options = {"log": log} | change
    with pytest.raises(error, match=said):
        pm.plan_experiment(options.pop("log"), pm.ExperimentPlan(BUYERS), **options)


def test_a_mean_needs_a_spread():
    with pytest.raises(ParameterError, match=r"says no spread. Write \(mean, standard deviation\) per unit"):
        given(pm.Metric.count("buy", name="buys"), 1.0)


def test_the_chart_has_a_line_per_metric_the_wanted_change_and_the_chosen_week():
    guardrail = pm.Metric.count("crash", name="crashes", max_harm=0.2)
    plan = pm.ExperimentPlan(BUYERS, guardrails=[guardrail], starts="2026-03-02")
    planning = pm.plan_experiment(None, plan, baseline={"buyers": 0.1, "crashes": (2.0, 3.0)}, units_per_week=5_000)
    spec = planning.plot().to_dict()
    marks = [layer["mark"]["type"] for layer in spec["layer"]]
    assert marks == ["rule", "line", "point", "rule", "text"]
    drawn = {name: rows for name, rows in spec["datasets"].items() if len(rows) == 24}
    assert {row["metric"] for rows in drawn.values() for row in rows} == {"buyers", "crashes"}
    assert planning.say_end() == f"{planning.weeks} weeks, read {planning.plan.ends + pd.Timedelta(days=8)}"
    assert "Lines of the smallest change" in spec["description"]


def test_a_claim_for_each_size():
    claims = given(BUYERS, 0.05).claims()
    assert [(claim.id, claim.value, claim.unit) for claim in claims] == [("planning.buyers.units", 62_467, "count")]


@pytest.mark.slow
@pytest.mark.parametrize("looks", [None, 4])
def test_the_planned_power_is_reached(looks):
    """Revenue of a product with many zeros: planned on one past, run on others with the change that was wanted."""
    revenue = pm.Metric.mean("buy", value="amount", within="7 days", min_effect=0.15)
    planning = pm.plan_experiment(log_of(newcomers(200)), pm.ExperimentPlan(revenue), eligible="visit", looks=looks)
    row, rng = needed(planning), np.random.default_rng(11)
    n, times = int(row["control_users"]), [k / (looks or 1) for k in range(1, (looks or 1) + 1)]
    limits = boundaries(times) if looks else [Z]

    def spent():
        buys = np.where(rng.random(n) < 0.2, 1 + rng.poisson(0.5, n), 0)
        return np.where(buys > 0, rng.gamma(2 * np.maximum(buys, 1), 10), 0.0)

    def finds():
        arms = spent() + 0.15 * row["baseline"], spent()
        for time, limit in zip(times, limits, strict=True):
            effect = compare_means(*(Moments.of_values(arm[: round(n * time)]).arm([1.0]) for arm in arms))
            if effect.difference > limit * effect.error:
                return True
        return False

    assert np.mean([finds() for _ in range(1_500)]) == pytest.approx(0.8, abs=0.035)


@pytest.mark.slow
def test_the_planned_power_of_a_share_and_of_its_guardrail_is_reached():
    guardrail = pm.Metric.conversion("refund", name="refunds", direction="down", max_harm=0.15)
    plan = pm.ExperimentPlan(BUYERS, guardrails=[guardrail], split={"control": 2, "treatment": 1})
    planning = pm.plan_experiment(None, plan, baseline={"buyers": 0.1, "refunds": 0.3}, units_per_week=1_000)
    rng, (buyers, refunds) = np.random.default_rng(3), planning.requirements().to_dict("records")
    runs = 4_000
    n, m = int(buyers["control_users"]), int(buyers["variant_users"])
    x, y = rng.binomial(n, 0.1, runs), rng.binomial(m, 0.11, runs)
    pooled = (x + y) / (n + m)
    z = (y / m - x / n) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    assert np.mean(z > Z) == pytest.approx(0.8, abs=0.02)
    n, m = int(refunds["control_users"]), int(refunds["variant_users"])
    x, y = rng.binomial(n, 0.3, runs) / n, rng.binomial(m, 0.3, runs) / m
    error = np.sqrt(y * (1 - y) / m + 1.15**2 * x * (1 - x) / n)
    assert np.mean((1.15 * x - y) / error > stats.norm.ppf(0.95)) == pytest.approx(0.9, abs=0.02)
