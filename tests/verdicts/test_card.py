"""What was promised before a launch is held against what was asked and what happened."""

import json
import sys
from pathlib import Path

import pytest

import pm_analytics as pm
from pm_analytics.errors import ParameterError, SourceError, UnknownNameError
from pm_analytics.verdicts.ledger import Ledger

sys.path.insert(0, str(Path(__file__).resolve().parent))
from made_up import LAUNCH, events_of

TEXT = """
launch: Bulk edit
launch_at: 2026-02-01
owner: Ada
hypothesis: If teams can edit in bulk, exports rise
feature_events: [bulk]
primary: {count: export, target: "+30 %", min_worthwhile: 2%}
guardrails: [{count: error, direction: down, max_harm: 10%}]
design: {kind: none}
if_below: take it out of the menu
predicted: {adoption: [0.4, 0.5, 0.6], lift: [0.0, 0.3, 0.6]}
read_dates: [2026-03-01]
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "card.yml").write_text(TEXT, encoding="utf-8")
    return tmp_path / "card.yml"


@pytest.fixture(scope="module")
def log():
    return pm.EventLog.from_frame(events_of(lift=0.4), user="user_id", event="event", time="timestamp", timezone="UTC")


def test_a_card_reads_as_people_write_it(path):
    card = pm.LaunchCard.load(path)
    assert (card.target, card.min_worthwhile, card.guardrails[0].max_harm) == (0.3, 0.02, 0.1)
    assert card.primary.event == "export"
    assert "not frozen" in card.status(card.read_dates[0])


def test_freezing_dates_a_card_and_an_edit_shows(path, tmp_path):
    frozen = pm.LaunchCard.load(path).freeze(tmp_path / "frozen.yml")
    again = pm.LaunchCard.load(tmp_path / "frozen.yml")
    assert again.fingerprint == frozen.fingerprint
    assert not again.edited
    assert again.freeze(tmp_path / "frozen.yml").frozen_on == frozen.frozen_on
    text = (tmp_path / "frozen.yml").read_text(encoding="utf-8")
    (tmp_path / "frozen.yml").write_text(text.replace("target: 0.3", "target: 0.1"), encoding="utf-8")
    assert pm.LaunchCard.load(tmp_path / "frozen.yml").edited
    with pytest.raises(ParameterError, match="already holds another card"):
        frozen.freeze(tmp_path / "frozen.yml")


def test_what_the_card_says_need_not_be_said_again(path, log):
    readout = pm.launch_readout(log, card=path)
    assert readout.question.launch_name == "Bulk edit"
    assert readout.question.target_lift == 0.3
    assert readout.deviations == ("not frozen: nothing shows when the criteria were written",)
    words = repr(readout.section("predicted"))
    assert "0.0% / 30.0% / 60.0%" in words
    assert "Adoption: predicted 40.0% to 60.0%" in words
    assert "below the prediction" in words
    assert "Decides: Ada." in repr(readout.section("decision"))


def test_a_target_that_moved_is_printed(path, log):
    readout = pm.launch_readout(log, card=path, target_lift=0.1, guardrail_events=["open"], launch_at=LAUNCH)
    assert "target: the card says 30.0%, the report asks 10.0%" in readout.deviations
    assert any(each.startswith("guardrails:") for each in readout.deviations)
    assert "Differs from the launch card: target" in repr(readout.section("verdict"))


def test_an_experiment_that_was_promised_and_not_made_is_said(path, log):
    path.write_text(TEXT.replace("kind: none", "kind: experiment"), encoding="utf-8")
    assert any("promised an experiment" in each for each in pm.launch_readout(log, card=path).deviations)


@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ("launch: Bulk edit", "launch: ''", ParameterError, "what people call it"),
        ("owner: Ada", "ownr: Ada", UnknownNameError, "ownr"),
        ("[0.4, 0.5, 0.6]", "[0.6, 0.5, 0.4]", ParameterError, "rising"),
        ("adoption:", "revenue:", UnknownNameError, "revenue"),
        ("kind: none", "kind: guess", ParameterError, "not a choice"),
        (", max_harm: 10%", "", ParameterError, "needs max_harm"),
        ('"+30 %"', "much", ParameterError, "is no share"),
        ("launch_at: 2026-02-01", "", ParameterError, "needs launch_at"),
        ("primary:", "primary_metric:", ParameterError, "is no launch card"),
        ("launch: Bulk", "launch: [Bulk", ParameterError, "is not YAML"),
    ],
)
def test_a_card_that_holds_nothing_is_refused(path, old, new, error, words):
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(error, match=words):
        pm.LaunchCard.load(path)


def test_a_card_that_is_not_there_is_said():
    with pytest.raises(SourceError, match="no launch card"):
        pm.LaunchCard.load("nowhere.yml")


def test_the_ledger_keeps_one_line_per_launch_and_learns_a_habit(path, log, tmp_path):
    book = tmp_path / "ledger.jsonl"
    for _ in range(2):
        pm.launch_readout(log, card=path, ledger=book)
    ledger = Ledger(book)
    assert len(ledger.entries()) == 2
    assert "too few to tell a habit" in ledger.summary()
    lines = [json.loads(line) for line in book.read_text().splitlines() if json.loads(line)["what"] == "adoption"]
    more = [lines[0] | {"launch": f"L{i}", "p50": 0.6, "seen": 0.3} for i in range(3)]
    book.write_text("".join(f"{json.dumps(line)}\n" for line in more))
    assert ledger.bias("adoption") == pytest.approx(2.0)
    assert "2.0 times what happened" in ledger.summary()


def test_a_file_that_is_no_ledger_is_not_overwritten(tmp_path):
    (tmp_path / "x.jsonl").write_text("hello")
    with pytest.raises(SourceError, match="is no ledger"):
        Ledger(tmp_path / "x.jsonl").entries()
