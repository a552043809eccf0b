"""Every public question has the same answer wherever the log lies, on a simulated product and on an awkward log."""

from __future__ import annotations

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics import engine as engines
from pm_analytics.errors import DataError, SourceError

STEPS = ["signed_up", "project_created", "item_added"]
LAUNCH = "2026-03-16 10:00"
CORE = ["item_edited", "report_exported"]
AMSTERDAM = "Europe/Amsterdam"


def plan():
    return pm.ExperimentPlan(
        primary=pm.Metric.count("report_exported", within="14 days"),
        guardrails=[
            pm.Metric.count("error_shown", within="14 days", direction="down", max_harm=0.10),
            pm.Metric.conversion("support_ticket_opened", within="7 days", direction="down", max_harm=0.05),
            pm.Metric.mean("plan_upgraded", value="amount", direction="up", max_harm=0.05),
        ],
        split={"control": 1, "treatment": 1},
    )


def every_kind():
    """Ask for what needs sums of its own: the time before, ratios, steps, retention, strata, caps."""
    return pm.ExperimentPlan(
        primary=pm.Metric.count("report_exported", within="14 days"),
        exploratory=[
            pm.Metric.ratio("report_exported", per="app_opened", within="14 days"),
            pm.Metric.retention(after="7 days", within="14 days"),
            pm.Metric.funnel(STEPS, within="7 days"),
            pm.Metric.time_to("report_exported", within="14 days"),
        ],
        split={"control": 1, "treatment": 1},
        pre_period="28 days",
    )


def offered(exposures):
    return exposures.first(without="control")


# What is asked of the log, and of the exposures. Spark is asked those in SAMPLE.
QUESTIONS = {
    "check": lambda log, _: pm.check(log).to_frame(),
    "event_counts": lambda log, _: log.event_counts(),
    "source": lambda log, _: log.source.event_counts,
    "funnel": lambda log, _: pm.funnel(log, STEPS).to_frame(),
    "funnel_of_steps": lambda log, _: pm.funnel(
        log, [pm.Step("item_added", first="ever"), pm.Step(CORE, {"plan": ["pro", "team"]}), pm.Step("item_edited")]
    ).to_frame(),
    "funnel_of_accounts": lambda log, _: pm.funnel(
        log.with_unit("account_id").without(is_internal=True), STEPS, entries=("2026-02-01", "2026-03-01")
    ).to_frame(),
    "funnel_strict": lambda log, _: pm.funnel(log, STEPS, order="strict", within="3 days").to_frame(),
    "funnel_in_any_order": lambda log, _: pm.funnel(log, [*CORE, "item_added"], order="any", within="2 days").to_frame(),
    "funnel_with_an_exclusion": lambda log, _: pm.funnel(
        log, STEPS, exclude=pm.Exclusion("error_shown", 1, 3), exclusion_policy="remove_user"
    ).to_frame(),
    "funnel_of_attempts": lambda log, _: pm.funnel(log, CORE, count="attempts", within="1 day").to_frame(),
    "funnel_first_attempt": lambda log, _: pm.funnel(
        log, ["item_edited", pm.Step("error_shown", optional=True), pm.Step("report_exported", within="6 hours")],
        reentry="first", entries=("2026-02-01", "2026-03-01"),
    ).to_frame(),
    "funnel_held": lambda log, _: pm.funnel(log, CORE, hold="platform", tie_tolerance="2 seconds").to_frame(),
    "funnel_by_platform": lambda log, _: pm.funnel(log, CORE, breakdown="platform").to_frame(),
    "funnel_by_first_platform": lambda log, _: pm.funnel(log, CORE).by("platform", attribution="first", top=2).to_frame(),
    "funnel_of_each_platform": lambda log, _: pm.funnel(log, CORE).by("platform", attribution="all").to_frame(),
    "funnel_trend": lambda log, _: pm.funnel(log, CORE, within="2 days").trend("week").to_frame(),
    "funnel_times": lambda log, _: pm.funnel(log, CORE, within="2 days").time_to_convert().to_frame(),
    "funnel_curve": lambda log, _: pm.funnel(log, CORE, within="2 days").time_to_convert().curve(),
    "funnel_users": lambda log, _: pm.funnel(log, STEPS).users(3, "dropped"),
    "funnel_attempts": lambda log, _: pm.funnel(log, STEPS).attempts(),
    "funnel_drivers": lambda log, _: pm.funnel(log, STEPS).drivers(properties=["plan"]).to_frame(),
    "funnel_value": lambda log, _: pm.funnel(log, ["signed_up", "plan_upgraded"], value="amount").to_frame(),
    "retention": lambda log, _: pm.retention(log, None, CORE, periods=6).to_frame(),
    "retention_recurring": lambda log, _: pm.retention(
        log, CORE, CORE, cohorts="recurring", periods=4, segments="platform"
    ).to_frame(),
    "retention_rolling": lambda log, _: pm.retention(
        log, None, CORE, mode="rolling", measure="bracket", period="day", brackets=[1, 3, 7, 14]
    ).to_frame(),
    "retention_on_or_after": lambda log, _: pm.retention(log, CORE, None, measure="on_or_after", periods=5).to_frame(),
    "retention_streak": lambda log, _: pm.retention(log, CORE, CORE, measure="streak", period="month", periods=3).to_frame(),
    "active_users": lambda log, _: pm.active_users(log, CORE, segments="plan").to_frame(),
    "stickiness": lambda log, _: pm.stickiness(log, CORE, interval="week").to_frame(),
    "stickiness_over_time": lambda log, _: pm.stickiness(log, CORE, per="month").to_frame(),
    "lifecycle": lambda log, _: pm.lifecycle(log, CORE).to_frame(),
    "power_users": lambda log, _: pm.power_users(log).to_frame(),
    "adoption": lambda log, _: pm.adoption(log, "bulk_edit_saved", released_at=LAUNCH, interest="bulk_edit_opened").to_frame(),
    "adoption_habit": lambda log, _: pm.adoption(log, "bulk_edit_saved", released_at=LAUNCH, min_uses=3, min_days=2).to_frame(),
    "adoption_of_a_list": lambda log, exposures: pm.adoption(log, "bulk_edit_saved", eligible=offered(exposures)).to_frame(),
    "adoption_curve": lambda log, exposures: pm.adoption(log, "bulk_edit_saved", eligible=offered(exposures)).curve(),
    "experiment": lambda log, exposures: pm.experiment(log, exposures, plan()).to_frame(),
    "experiment_of_every_kind": lambda log, exposures: pm.experiment(log, exposures, every_kind()).to_frame(),
    "experiment_gate": lambda log, exposures: pm.experiment(log, exposures, plan()).gate(),
    "experiment_over_time": lambda log, exposures: pm.experiment(log, exposures, plan()).over_time().to_frame(),
    "experiment_since_exposure": lambda log, exposures: pm.experiment(log, exposures, plan()).since_exposure().to_frame(),
}  # fmt: skip
SAMPLE = {
    "check",
    "funnel_of_steps",
    "funnel_in_any_order",
    "funnel_with_an_exclusion",
    "funnel_times",
    "retention",
    "active_users",
    "lifecycle",
    "adoption_of_a_list",
    "experiment",
}


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """A log that lies here, and its exposures, which stay here: they are often a file."""
    made = pm.simulate(tmp_path_factory.mktemp("product"), users=150)
    read = pm.read_events(made.events, timezone=AMSTERDAM)
    log = pm.EventLog.from_table(read.table, user="user_id", event="event", time="time", timezone=AMSTERDAM)
    return log, pm.Exposures.from_file(made.exposures, experiment="bulk_edit")


@pytest.fixture(scope="module")
def answers(product):
    """What the embedded engine answers, each question asked once."""
    known = {}

    def answer(name):
        if name not in known:
            known[name] = QUESTIONS[name](*product)
        return known[name]

    return answer


@pytest.fixture(scope="module")
def copies():
    return {}


@pytest.fixture
def there(engine, product, copies, move):
    """The log in another engine, where it is put once."""
    if engine.name not in copies:
        copies[engine.name] = move(product[0], engine)
    return copies[engine.name]


@pytest.mark.filterwarnings("ignore::pm_analytics.errors.PmAnalyticsWarning")
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_the_same_answer_elsewhere(question, engine, product, there, answers):
    if engine.name == "spark" and question not in SAMPLE:
        pytest.skip("Spark is asked a sample of the questions")
    answer = QUESTIONS[question](there, product[1])
    pd.testing.assert_frame_equal(answer, answers(question), rtol=1e-9, check_dtype=False)


def awkward_frame():
    """Numbers as ids, names that are words of SQL, microseconds that matter, times before 1970, and missing values."""
    rows = [
        (7, "visit", "1969-12-31 23:59:59.999999", "a", None),
        (7, "pay", "1970-01-01 00:00:00", "a", 1.5),
        (7, "visit", "2026-03-29 01:30:00.000001", None, None),
        (7, "pay", "2026-03-29 01:30:00.000002", "b", 2.0),
        (8, "pay", "2026-03-29 00:59:59.999999", "", None),
        (8, "visit", "2026-03-29 00:59:59.999999", "o'clock", None),
        (8, "pay", "2026-03-29 01:00:00", "b", -1.0),
        (9, "visit", "2026-10-25 00:59:59.999999", "b", 0.0),
        (9, "visit", "2026-10-25 22:59:59.999999", "c", 0.0),
        (9, "visit", "2026-10-25 23:00:00", "c", 0.0),
    ]
    frame = pd.DataFrame(rows, columns=["user", "event", "time", "order", "group"])
    return frame.assign(day=range(len(frame)), select=[True, False, None] * 3 + [True])


AWKWARD = {
    "names": lambda log: log.event_counts(),
    "funnel_at_once": lambda log: pm.funnel(log, ["visit", "pay"], within="1 second").to_frame(),
    "funnel_of_properties": lambda log: pm.funnel(
        log, [pm.Step("visit", {"order": [None, "a"]}), pm.Step("pay", {"select": False})], within=None
    ).to_frame(),
    "days": lambda log: pm.active_users(log, windows=(1, 7), between=("2026-03-28", "2026-10-27")).to_frame(),
    "weeks_from_before_1970": lambda log: pm.lifecycle(
        log, period="week", between=("1969-12-22", "1970-01-12")
    ).to_frame(),
    "segments": lambda log: pm.active_users(
        log, windows=(1,), segments="order", between=("2026-03-28", "2026-03-31")
    ).to_frame(),
    "unit_of_a_number": lambda log: pm.funnel(log.with_unit("group"), ["visit", "pay"]).to_frame(),
    "without": lambda log: log.without(select=True).event_counts(),
    "missing": lambda log: log.where(order=None).event_counts(),
    "as_of": lambda log: log.as_of("2026-03-29 03:30:00.000002").event_counts(),
    "value": lambda log: pm.retention(
        log, "visit", "pay", value="group", period="day", periods=2, entries=("2026-03-28", "2026-03-31")
    ).to_frame(),
    "adoption_of_a_list": lambda log: pm.adoption(
        log, "pay", eligible=["7", "8", "9", "10"], released_at="2026-03-29"
    ).to_frame(),
}


@pytest.mark.filterwarnings("ignore::pm_analytics.errors.PmAnalyticsWarning")
def test_an_awkward_log_has_the_same_answers_elsewhere(engine, engine_log):
    asked = {"user": "user", "event": "event", "time": "time", "timezone": AMSTERDAM, "source_timezone": "UTC"}
    here, there = (engine_log(name, awkward_frame(), **asked) for name in ("duckdb", engine.name))
    for name, question in AWKWARD.items():
        answer, expected = question(there), question(here)
        pd.testing.assert_frame_equal(answer, expected, rtol=1e-9, check_dtype=False, obj=name)


def test_times_without_a_zone_are_read_as_utc(engine, product):
    log, _ = product
    bare = log.table.mutate(time=log.table["time"].cast("timestamp")).limit(100)
    table = engine.table(bare.to_pyarrow())
    there = pm.EventLog.from_table(table, user="user_id", event="event", time="time", timezone="UTC")
    here = pm.EventLog.from_table(bare, user="user_id", event="event", time="time", timezone="UTC")
    assert there.observed_until == here.observed_until
    middle = pd.Timestamp(int(engines.run(bare)["time"].astype("int64").median()) // 1_000, unit="us", tz="UTC")
    pd.testing.assert_frame_equal(
        there.as_of(middle).event_counts(), here.as_of(middle).event_counts(), check_dtype=False
    )


def test_distinct_values_are_counted_not_estimated(engine):
    rows = pd.DataFrame({"n": [str(n) for n in range(150_000)]})
    table = engine.table(pm_arrow(rows))
    assert engines.counts(table.aggregate(n=table["n"].nunique())) == {"n": 150_000}


def pm_arrow(frame):
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False)


def test_what_an_engine_refuses_is_an_error_of_ours_in_one_line(engine, there):
    nowhere = engine.table(there.table.limit(1).to_pyarrow()).op().copy(name="nowhere").to_expr()
    with pytest.raises(SourceError, match="nowhere") as raised:
        engines.run(nowhere.aggregate(n=nowhere.count()))
    assert len(str(raised.value).splitlines()) == 1


def test_a_list_that_is_too_long_to_send_is_refused(engine, there, monkeypatch):
    monkeypatch.setattr(engines, "MOST_SENT", 3)
    with pytest.raises(DataError, match="more than 3 rows, too many to send"):
        pm.adoption(there, "bulk_edit_saved", eligible=list("abcd"), released_at=LAUNCH)
