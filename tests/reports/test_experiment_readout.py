"""The experiment readout, run as a user would run it: from a frozen plan to a page with one decision."""

from __future__ import annotations

import html
import re

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import ParameterError, ReportError

M = pm.Metric


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return pm.simulate(tmp_path_factory.mktemp("product"), users=3_000, seed=11)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    pm.ExperimentPlan(
        M.count("report_exported", within="14 days", min_effect=0.05),
        guardrails=[M.count("error_shown", within="14 days", direction="down", max_harm=0.5)],
        split={"control": 1, "treatment": 1},
        pre_period="28 days",
        hypothesis="Editing in bulk leaves time for reports.",
    ).freeze(path)
    return path


def asked(product, plan, **change):
    return {
        "launch_name": "Bulk edit",
        "plan": str(plan),
        "exposures": str(product.exposures),
        "experiment": product.experiment,
        "timezone": "Europe/Amsterdam",
        "data": str(product.events),
        "exclude": {"is_internal": "true"},
    } | change


def words_of(run):
    page = run.page.read_text(encoding="utf-8")
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_page_says_one_decision_its_rule_and_what_it_rests_on(product, plan, tmp_path):
    words = words_of(pm.run_report("experiment_readout", asked(product, plan), into=tmp_path))
    fired = re.findall(r"\(rule (\d+)\)", words)
    assert len(set(fired)) == 1
    for said in (
        "Can the comparison be trusted?", "Did it move the goal?", "Did it hurt anything?", "How the effect settled",
        "Nothing in this analysis differs from the plan", "Editing in bulk leaves time for reports", "not adjusted",
        "Decision rules, in order", "frozen",
    ):  # fmt: skip
        assert said in words, said


def test_a_broken_split_withholds_every_number_of_the_page(product, plan, tmp_path):
    exposures = pd.read_parquet(product.exposures)
    kept = exposures[(exposures["variant"] == "control") | (exposures.index % 2 == 0)]
    kept.to_parquet(tmp_path / "exposures.parquet")
    run = pm.run_report(
        "experiment_readout", asked(product, plan, exposures=str(tmp_path / "exposures.parquet")), into=tmp_path
    )
    words = words_of(run)
    assert "RERUN" in words
    assert "cannot be trusted" in words
    assert "Did it move the goal?" not in words
    assert "relative (" not in words


def test_a_plan_edited_later_is_told_on_the_page(product, plan, tmp_path):
    edited = tmp_path / "edited.yaml"
    edited.write_text(plan.read_text().replace("min_effect: 0.05", "min_effect: 0.01"))
    words = words_of(pm.run_report("experiment_readout", asked(product, edited), into=tmp_path))
    assert "was edited after it was frozen" in words


def test_a_plan_that_is_not_there_fails_and_publishes_nothing(product, tmp_path):
    with pytest.raises(ReportError, match="There is no plan at"):
        pm.run_report("experiment_readout", asked(product, tmp_path / "nowhere.yaml"), into=tmp_path)
    assert not list(tmp_path.glob("**/report.html"))


def test_a_section_that_is_none_says_which_there_are(product, plan):
    log = pm.read_events(product.events, timezone="Europe/Amsterdam")
    exposures = pm.Exposures.from_file(product.exposures, experiment=product.experiment)
    readout = pm.experiment_readout(log, exposures, pm.ExperimentPlan.load(plan))
    with pytest.raises(ParameterError, match="write one of decision, trust"):
        readout.section("verdict")
    assert next(section.title for section in readout.sections()) == "Decision"
    assert readout.result.decision.state in repr(readout)
    assert readout.claims()


def test_a_plan_of_quantiles_or_times_has_a_report_without_what_cannot_be_followed(product):
    log = pm.read_events(product.events, timezone="Europe/Amsterdam")
    exposures = pm.Exposures.from_file(product.exposures, experiment=product.experiment)
    for metric in (
        pm.Metric.quantile("plan_upgraded", value="amount", within="7 days"),
        pm.Metric.time_to("plan_upgraded", within="7 days"),
    ):
        readout = pm.experiment_readout(log, exposures, pm.ExperimentPlan(metric, segments=["experiment"]))
        assert readout.result.trusted
        assert readout.section("time") is None
        assert readout.section("segments") is None
        assert "Decision" in [section.title for section in readout.sections()]
