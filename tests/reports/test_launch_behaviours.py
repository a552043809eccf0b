"""What the launch report does with missing and bad data: the template is run, and the rendered verdict is read."""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import ParameterError, ReportError
from pm_analytics.verdicts import lint

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "verdicts"))
from made_up import LAUNCH, events_of, exposures_of

QUESTION = {
    "launch_name": "Bulk",
    "launch_at": LAUNCH,
    "timezone": "UTC",
    "feature_events": ["bulk"],
    "primary_event": "export",
    "guardrail_events": ["error"],
}


def reporting(folder):
    """Run the template on made-up events and read the page: its words, and report.json."""

    def run(frame=None, data=None, **asked):
        if frame is not None:
            data = folder / "events.parquet"
            frame.to_parquet(data)
        given = {name: value for name, value in (QUESTION | asked).items() if value is not None}
        made = pm.run_report("launch_impact", given | {"data": str(data)}, into=folder / "reports")
        said = json.loads((made.page.parent / "report.json").read_text(encoding="utf-8"))
        words = words_of(made.page)
        assert lint(words, said["grade"], names=["Bulk"]) == [], "no sentence may exceed its grade"
        return words, said

    return run


@pytest.fixture
def report(tmp_path):
    return reporting(tmp_path)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The report of a launch for everybody that moved its goal; nothing is wrong with the data."""
    return reporting(tmp_path_factory.mktemp("plain"))(events_of(lift=0.4))


def words_of(page):
    text = re.sub(r"<(script|style|pre|svg)\b.*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def test_1_without_an_experiment_the_metric_is_held_against_its_own_past(plain):
    words, said = plain
    assert (said["grade"], said["verdict"]["state"]) == ("C", "KEEP")
    assert "rose after launch by more than usual" in words
    assert "keep a random 10 % of users without the feature" in words


@pytest.mark.slow
def test_2_with_little_history_and_no_control_the_effect_is_not_measured(report):
    words, said = report(events_of(before=20, lift=0.4))
    assert (said["grade"], said["verdict"]["state"]) == ("D", "CANNOT JUDGE")
    assert "Not measurable, because only 19 days are known before the launch" in words
    assert "eligible users" in words


@pytest.mark.slow
def test_3_too_little_time_after_gives_hold_with_a_computed_date(report):
    words, said = report(events_of(after=8, lift=0.4))
    assert (said["verdict"]["state"], said["next_read"]) == ("HOLD", "2026-02-15")
    assert "The next honest read is on 2026-02-15" in words


@pytest.mark.slow
def test_4_a_tracking_gap_at_the_launch_is_left_out_and_bounded(report):
    words, said = report(events_of(lift=0.4, gap=(0, 1)))
    assert said["verdict"]["state"] == "KEEP"
    assert "Tracking was down at the launch (2026-02-01, 2026-02-02)" in words
    assert re.search(r"If nobody adopted unseen then, adoption is \d+\.\d%; if everybody", words)


@pytest.mark.slow
def test_4_a_gap_of_more_than_three_days_forbids_a_verdict(report):
    words, said = report(events_of(lift=0.4, gap=(0, 1, 2, 3, 4)))
    assert said["verdict"]["state"] == "CANNOT JUDGE"
    assert "tracking was down on 4 days at the launch" in words
    assert "more than usual" not in words.partition("Definitions and rules")[0]


@pytest.mark.slow
def test_5_a_partial_last_day_is_in_no_number(report):
    frame = events_of(after=30)
    last = frame["timestamp"].max().normalize()
    _, said = report(frame[frame["timestamp"] < last + pd.Timedelta(hours=10)])
    assert said["periods"]["known_until"] == str(last.date())


@pytest.mark.slow
def test_6_machines_that_turn_the_verdict_forbid_one(report):
    words, said = report(events_of(bots=3, bot_exports=300))
    assert said["verdict"]["state"] == "CANNOT JUDGE"
    assert "the verdict would be KEEP with units that behave like machines, and HOLD without them" in words


def test_7_without_a_zone_nothing_starts(report):
    with pytest.raises(ParameterError, match="timezone"):
        report(events_of(after=20, before=30), timezone=None)


@pytest.mark.slow
def test_7_the_day_of_a_launch_in_the_morning_is_in_neither_period(report):
    _, said = report(events_of(lift=0.4), launch_at=f"{LAUNCH} 09:00")
    assert said["periods"]["before"][1] == LAUNCH
    assert said["periods"]["after"][0] == "2026-02-02"


@pytest.mark.slow
def test_8_a_rollback_is_told_in_the_past_and_its_return_is_evidence(report):
    words, said = report(events_of(lift=0.4, off_after=21), rolled_back_at="2026-02-22")
    assert said["grade"] == "C"
    assert "It was rolled back on 2026-02-22. While it was on," in words
    assert "afterwards it returned to what was expected" in words


@pytest.mark.slow
def test_9_a_staged_rollout_counts_everybody_from_their_own_exposure(report, tmp_path):
    frame = events_of(users=400, after=60)
    offered = exposures_of(frame)
    late = pd.to_timedelta((offered.index % 3) * 7, unit="D")
    offered["timestamp"] = offered["timestamp"] + late
    offered.to_csv(tmp_path / "exposures.csv", index=False)
    words, said = report(frame, exposures=str(tmp_path / "exposures.csv"))
    assert said["grade"] == "A"
    assert said["design"] is None
    assert "within 14 days" in words
    assert "more than usual" not in words.partition("Definitions and rules")[0]


def test_10_a_feature_event_that_is_not_there_stops_with_the_nearest_names(report):
    with pytest.raises(ReportError, match="did you mean 'bulk'"):
        report(events_of(after=20, before=30), feature_events=["bulkk"])


@pytest.mark.slow
def test_11_few_eligible_users_are_counted_and_not_split(report):
    words, _ = report(events_of(users=40, lift=0.4))
    assert "Only 40 users could use it, so shares are given as counts" in words
    assert "For whom?" not in words


@pytest.mark.slow
def test_12_a_feature_of_accounts_counts_accounts(report):
    words, said = report(events_of(lift=0.4, accounts=50), unit="account_id")
    assert "of 50 eligible values of account_id" in words
    assert "export (per active account and day)" in words
    assert said["verdict"]["state"] in {"KEEP", "HOLD", "ITERATE"}


@pytest.mark.slow
def test_13_another_launch_in_the_same_week_is_named_and_nothing_is_claimed(report, tmp_path):
    calendar = pd.DataFrame({"start": ["2026-02-04"], "end": [None], "what": ["new prices"]})
    calendar.to_csv(tmp_path / "calendar.csv", index=False)
    words, said = report(events_of(lift=0.4), calendar=str(tmp_path / "calendar.csv"))
    assert said["grade"] == "D"
    assert "new prices (2026-02-04) lies too close to tell it from the launch" in words
    assert "What else happened?" in words


def test_14_a_season_that_cannot_be_known_is_a_caveat(plain):
    words, _ = plain
    assert "Less than a year of history and no calendar" in words


@pytest.mark.slow
def test_15_the_export_of_a_chart_is_judged_as_a_series_and_says_so(report, tmp_path):
    daily = events_of(lift=0.4).query("event == 'export'").set_index("timestamp").resample("D").size()
    daily.rename_axis("date").rename("exports").reset_index().to_csv(tmp_path / "chart.csv", index=False)
    asked = dict.fromkeys(("feature_events", "primary_event", "guardrail_events"))
    words, said = report(data=tmp_path / "chart.csv", value_column="exports", **asked)
    assert (said["grade"], said["verdict"]["state"]) == ("C", "KEEP")
    assert "Only a series was given" in words
    assert "Did people find it" not in words


@pytest.mark.slow
def test_15_what_a_series_cannot_answer_is_an_error_not_a_silence(report, tmp_path):
    pd.DataFrame({"date": pd.date_range("2025-01-01", periods=400), "x": 1.0}).to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(ReportError, match="primary_event"):
        report(data=tmp_path / "c.csv", value_column="x")


def test_16_when_nobody_asked_the_report_says_what_to_ask(plain):
    words, _ = plain
    assert "Nobody asked the users" in words
    assert "how easy or hard was it?" in words
