"""A test of the test: one's own units assigned by chance, and how often the analysis finds what is not there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.analyses.experiment.aa import verdict
from pm_analytics.analyses.experiment.counts import rows
from pm_analytics.errors import ParameterError
from pm_analytics.stats.effects import compare_means
from pm_analytics.stats.moments import Moments
from pm_analytics.stats.proportions import Interval

MONDAY = pd.Timestamp("2026-01-05", tz="UTC")


def product(users=2_000, *, seed=1, accounts=None, robot=0):
    """Make a log of users who visit often or seldom, and order in some of the visits; an account's users are alike."""
    rng, made = np.random.default_rng(seed), []
    groups = rng.integers(0, accounts, users) if accounts else np.arange(users)
    eager = rng.beta(0.5, 2, accounts or users)
    for user in range(users):
        start = 14 + user % 28 + 0.1
        for k in range(1 + rng.integers(0, 12)):
            made.append((user, "visit", start + k / 10, 1.0, groups[user]))
            if rng.random() < eager[groups[user]]:
                made.append((user, "order", start + k / 10 + 0.01, float(rng.gamma(2, 10)), groups[user]))
        made += [(user, "order", 14 - k / 20, 5.0, groups[user]) for k in range(rng.poisson(30 * eager[groups[user]]))]
    made += [(users, "visit", 20 + k / 10_000, 1.0, 0) for k in range(robot)]
    made.append((users + 1, "tick", 60.0, 0.0, 0))
    frame = pd.DataFrame(made, columns=["user_id", "event", "day", "amount", "account_id"])
    frame["timestamp"] = MONDAY + pd.to_timedelta(frame.pop("day"), unit="D")
    return frame.astype({"account_id": str, "user_id": str})


ORDERERS = pm.Metric.conversion("order", within="7 days", name="orderers")
REVENUE = pm.Metric.mean("order", value="amount", within="7 days", name="revenue")
RATE = pm.Metric.ratio("order", per="visit", within="7 days", name="orders per visit")


def tried(frame, metrics, *, repetitions=600, plan=None, **options):
    return pm.aa_test(
        pm.EventLog.from_frame(frame),
        None,
        pm.ExperimentPlan(metrics, **(plan or {})),
        repetitions=repetitions,
        eligible="visit",
        **options,
    )


def test_shares_means_and_ratios_find_chance_as_often_as_they_should():
    result = tried(product(), [ORDERERS, REVENUE, RATE])
    table = result.to_frame()
    planned = table[[each.planned for each in result.drawn]]
    assert planned["verdict"].tolist() == ["as it should be"] * 3
    assert planned["false_positive_rate"].between(0.02, 0.08).all()
    assert (planned["false_positives"] / planned["repetitions"]).tolist() == planned["false_positive_rate"].tolist()
    assert planned["mde"].tolist() == pytest.approx(planned["mde_by_formula"].tolist(), rel=0.1)
    assert (planned["ci_lower"] < planned["false_positive_rate"]).all()
    assert result.headline() == "Chance is found in about 5% of the draws, as it should be"


def test_visits_taken_one_by_one_find_what_is_not_there():
    """Users differ in how often they order: their visits are alike, and 100 visits of ten users are no 100 units."""
    result = tried(product(), RATE)
    planned, shortcut = result.to_frame().to_dict("records")
    assert shortcut["method"] == "shortcut: each 'visit' by itself"
    assert shortcut["false_positive_rate"] > 0.15 > planned["false_positive_rate"]
    assert shortcut["verdict"] == "too many"
    assert shortcut["mde_by_formula"] < 0.8 * shortcut["mde"]
    assert "By the shortcut: each 'visit' by itself, it would have been" in result.summary()


def test_users_of_an_account_taken_one_by_one_find_what_is_not_there():
    result = tried(product(accounts=60), REVENUE, plan={"cluster": "account_id"})
    planned, shortcut = result.to_frame().to_dict("records")
    assert planned["method"] == "over account_id; Welch"
    assert planned["verdict"] == "as it should be"
    assert shortcut["false_positive_rate"] > 0.3


def test_the_time_before_sharpens_what_can_be_found():
    plain, adjusted = (
        tried(product(), REVENUE, plan={"pre_period": before}).to_frame().iloc[0] for before in (None, "14 days")
    )
    assert adjusted["mde"] < 0.95 * plain["mde"]
    assert adjusted["verdict"] == "as it should be"
    assert "adjusted for the time before" in adjusted["method"]


def test_the_detectable_change_is_that_of_planning():
    frame = product()
    log, plan = pm.EventLog.from_frame(frame), pm.ExperimentPlan(REVENUE)
    planning = pm.plan_experiment(log, plan, eligible="visit")
    _, absolute = planning.needs[0].detectable(2_000)
    assert tried(frame, REVENUE).to_frame()["mde_absolute"][0] == pytest.approx(absolute, rel=0.1)


def test_a_robot_in_the_data_is_noticed():
    """One unit with 20,000 visits decides alone which variant has the lower rate: no interval can know that."""
    result = tried(product(300, robot=20_000), RATE)
    row = result.to_frame().iloc[0]
    assert row["verdict"] == "too many"
    assert result.headline() == "Not as it should be: orders per visit (too many)"
    assert "look for units that are no people" in result.summary()


def test_what_the_variants_did_does_not_count():
    """Exposures of an experiment that worked: put together, their units are as good as any."""
    frame = product()
    first = frame[frame["event"] == "visit"].groupby("user_id", as_index=False)["timestamp"].min()
    exposures = first.assign(variant=np.where(np.arange(len(first)) % 2 == 0, "control", "treatment"))
    helped = exposures.loc[exposures["variant"] == "treatment", "user_id"]
    more = pd.DataFrame({"user_id": helped, "event": "order", "amount": 30.0, "account_id": "0"})
    more["timestamp"] = more["user_id"].map(first.set_index("user_id")["timestamp"]) + pd.Timedelta(hours=1)
    log, plan = pm.EventLog.from_frame(pd.concat([frame, more])), pm.ExperimentPlan(REVENUE)
    assert pm.experiment(log, exposures, plan).to_frame()["p_value"][0] < 1e-6
    row = pm.aa_test(log, exposures, plan, repetitions=600).to_frame().iloc[0]
    assert row["verdict"] == "as it should be"


def test_the_same_seed_draws_the_same_whatever_the_order_of_the_rows():
    frame = product(500)
    first = tried(frame, [REVENUE, RATE]).to_frame()
    again = tried(frame.sample(frac=1, random_state=2), [REVENUE, RATE]).to_frame()
    pd.testing.assert_frame_equal(first, again)
    other = tried(frame, [REVENUE, RATE], seed=2).to_frame()
    assert other["false_positives"].tolist() != first["false_positives"].tolist()


def test_very_many_units_are_added_up_in_buckets_and_say_the_same(monkeypatch):
    frame = product(6_000)
    singly = tried(frame, [REVENUE, ORDERERS, RATE], plan={"pre_period": "14 days"}).to_frame()
    monkeypatch.setattr(rows, "MOST_ROWS", 1_000)
    monkeypatch.setattr(rows, "BUCKETS", 400)
    bucketed = tried(frame, [REVENUE, ORDERERS, RATE], plan={"pre_period": "14 days"}).to_frame()
    assert bucketed["mde"].tolist() == pytest.approx(singly["mde"].tolist(), rel=0.2)
    assert bucketed["verdict"].tolist() == singly["verdict"].tolist()


def test_values_are_capped_as_the_experiment_caps_them():
    capped = REVENUE.but(cap=0.8)
    whole, cut = (tried(product(), metric).to_frame()["mde_absolute"][0] for metric in (REVENUE, capped))
    assert cut < 0.9 * whole


def test_quantiles_and_waiting_times_are_not_tested_and_say_so():
    metrics = [pm.Metric.quantile("order", value="amount"), pm.Metric.time_to("order", within="7 days"), ORDERERS]
    table = tried(product(300), metrics, repetitions=100).to_frame()
    assert table["verdict"].tolist()[:2] == ["not tested"] * 2
    assert table["repetitions"].tolist() == [0, 0, 100]
    assert table["reason"][0].startswith("a quantile or a waiting time would need")


@pytest.mark.filterwarnings("ignore:The event .* never occurs")
@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (pm.Metric.count("refund", within="7 days"), "every unit has the same value"),
        (pm.Metric.conversion("order", within="70 days"), "too few units of the past were watched"),
        (pm.Metric.ratio("order", per="refund", within="7 days"), "nothing of what it is divided by"),
    ],
)
def test_what_cannot_be_tested_has_a_reason(metric, reason):
    result = tried(product(100), metric, repetitions=100)
    assert reason in result.to_frame()["reason"][0]
    assert result.summary().startswith("Not tested: ")
    assert result.claims() == []


@pytest.mark.parametrize(
    ("lower", "upper", "uniformity", "said"),
    [
        (0.06, 0.09, 0.5, "too many"),
        (0.01, 0.04, 0.5, "cautious"),
        (0.04, 0.06, 1e-5, "uneven"),
        (0.04, 0.06, 0.5, "as it should be"),
        (0.04, 0.06, float("nan"), "as it should be"),
        (float("nan"), float("nan"), float("nan"), "not tested"),
    ],
)
def test_a_verdict_is_read_off_the_interval(lower, upper, uniformity, said):
    assert verdict(Interval(lower, upper), uniformity, 0.05) == said


@pytest.mark.parametrize("repetitions", [10, 1_000_000, 200.5])
def test_too_few_or_too_many_repetitions_are_refused(repetitions):
    with pytest.raises(ParameterError, match="from 100 to 100,000"):
        tried(product(50), ORDERERS, repetitions=repetitions)


def test_without_a_log_and_exposures_there_is_nothing_to_draw():
    with pytest.raises(ParameterError, match="neither a log nor a list of exposures"):
        pm.aa_test(None, None, pm.ExperimentPlan(ORDERERS))


def test_the_chart_shows_each_rate_against_the_level():
    result = tried(product(300), [ORDERERS, RATE], repetitions=100)
    spec = result.plot().to_dict()
    drawn = [row for data in spec["datasets"].values() for row in data if "label" in row]
    assert [row["label"] for row in drawn] == ["orderers", "orders per visit", "shortcut: each 'visit' by itself"]
    assert spec["title"]["text"]
    assert result.claims()[0].id == "aa.orderers"


@pytest.mark.slow
def test_what_the_draws_could_find_is_found():
    """A change of the size of ``mde``, given to a random half of the units, is found four times in five."""
    frame, rng = product(1_500), np.random.default_rng(4)
    size = tried(frame, REVENUE, repetitions=2_000).to_frame()["mde_absolute"][0]
    users = frame[frame["event"] == "visit"].groupby("user_id")["timestamp"].min()
    end = users + pd.Timedelta(days=7)
    orders = frame[frame["event"] == "order"]
    within = orders[orders["timestamp"].between(orders["user_id"].map(users), orders["user_id"].map(end))]
    spent = within.groupby("user_id")["amount"].sum().reindex(users.index).fillna(0).to_numpy()
    found = 0
    for _ in range(1_000):
        chosen = rng.random(len(spent)) < 0.5
        arms = spent[chosen] + size, spent[~chosen]
        effect = compare_means(*(Moments.of_values(arm).arm([1.0]) for arm in arms))
        found += effect.p_value < 0.05 and effect.difference > 0
    assert found / 1_000 == pytest.approx(0.8, abs=0.045)
