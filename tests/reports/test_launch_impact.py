"""The flagship template, run as a user would run it, on the simulated product and on a real export."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

import pm_analytics as pm
from pm_analytics.errors import ReportError
from pm_analytics.verdicts import lint

CLAIMS = Path(__file__).resolve().parents[3] / "shared" / "data" / "bpi2020_domestic" / "events.csv.gz"
CLAIM_STEPS = [
    "Declaration SUBMITTED by EMPLOYEE",
    "Declaration APPROVED by ADMINISTRATION",
    "Declaration FINAL_APPROVED by SUPERVISOR",
    "Request Payment",
    "Payment Handled",
]


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return pm.simulate(tmp_path_factory.mktemp("product"), users=3_000, seed=11)


def asked(product, **change):
    return {
        "launch_name": "Bulk edit",
        "launch_at": product.launch_at,
        "data": str(product.events),
        "timezone": "Europe/Amsterdam",
        "feature_events": [product.feature_event],
        "funnel_steps": list(product.onboarding_steps),
        "exclude": {"is_internal": "true"},
    } | change


def words_of(run):
    """Read a page as a person does: no scripts, styles, code or tags."""
    page = run.page.read_text(encoding="utf-8")
    page = re.sub(r"<(script|style|pre|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_report_of_a_randomised_launch_judges_it_and_tells_the_truth_beside_it(product, tmp_path):
    run = pm.run_report(
        "launch_impact",
        asked(
            product,
            exposures=str(product.exposures),
            experiment=product.experiment,
            primary_event=product.primary_event,
            guardrail_events=list(product.guardrail_events),
            truth=str(product.truth_path),
        ),
        into=tmp_path,
    )
    words = words_of(run)
    assert "grade A" in words
    assert "Truth beside estimate" in words
    assert re.search(r"\(rule [4-7]\)|\(rule 2\)", words)
    assert len(re.findall("<figure", run.page.read_text(encoding="utf-8"))) >= 5


def test_the_report_of_a_launch_for_everybody_describes_and_claims_nothing(product, tmp_path):
    run = pm.run_report("launch_impact", asked(product), into=tmp_path)
    words = words_of(run)
    assert "CANNOT JUDGE" in words
    assert "Description, not effect" in words
    assert "Did it move the goal" not in words
    assert lint(words, "D") == []


def test_a_feature_event_that_is_not_there_fails_with_the_nearest_name_and_publishes_nothing(product, tmp_path):
    good = pm.run_report("launch_impact", asked(product), into=tmp_path)
    before = good.page.read_bytes()
    with pytest.raises(ReportError, match="did you mean 'bulk_edit_saved'"):
        pm.run_report("launch_impact", asked(product, feature_events=["bulk_edit_save"]), into=tmp_path)
    assert good.page.read_bytes() == before
    history = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [line["status"] for line in history] == ["ok", "failed"]


@pytest.mark.skipif(not CLAIMS.exists(), reason="the claims log does not lie beside this checkout")
def test_the_same_template_reads_a_real_export(tmp_path):
    """Travel claims with mixed offsets; the system was rolled out to everybody in January 2018."""
    run = pm.run_report(
        "launch_impact",
        {
            "launch_name": "University-wide rollout",
            "launch_at": "2018-01-01",
            "data": str(CLAIMS),
            "timezone": "Europe/Amsterdam",
            "user": "case_id",
            "funnel_steps": CLAIM_STEPS,
            "conversion_window_days": None,
            "pre_days": 180,
            "post_days": 180,
        },
        into=tmp_path,
    )
    words = words_of(run)
    for users in ("10,222", "76.2%"):
        assert users in words
    bars = re.findall(r'"users": ?(\d+)', run.notebook.read_text(encoding="utf-8"))
    assert {"10222", "7847", "7789", "7788"} <= set(bars)
    assert "grade D" in words
    assert "hardly occurs in one of the two" in words
