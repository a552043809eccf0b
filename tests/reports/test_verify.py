"""A published report is computed again, and one changed digit is found."""

import json
import re
import sys
from pathlib import Path

import pytest

import pm_analytics as pm
from pm_analytics.cli import main
from pm_analytics.errors import ReportError, SourceError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "verdicts"))
from made_up import LAUNCH, events_of


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    events_of(before=40, after=20, lift=0.3).to_parquet(folder / "events.parquet")
    asked = {"launch_name": "Bulk", "launch_at": LAUNCH, "timezone": "UTC", "feature_events": ["bulk"]}
    return pm.run_report(
        "launch_impact", asked | {"data": str(folder / "events.parquet")}, into=folder / "reports"
    ).page


def edited(page, name, change):
    """Edit a published file, and forge its digest as well, so that only computing again can tell."""
    path, record = page.parent / name, page.parent / "run.json"
    kept = path.read_bytes(), record.read_bytes()
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    import hashlib

    said = json.loads(record.read_text(encoding="utf-8"))
    said["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
    record.write_text(json.dumps(said), encoding="utf-8")
    return kept


def restored(page, name, kept):
    (page.parent / name).write_bytes(kept[0])
    (page.parent / "run.json").write_bytes(kept[1])


def one_digit(text, pattern):
    found = re.search(pattern, text)
    digit = found.group(1)
    start, end = found.span(1)
    return text[:start] + str((int(digit) + 1) % 10) + text[end:]


def test_a_report_as_it_was_published_is_verified(published, capsys):
    assert main(["verify", str(published)]) == 0
    assert "claims computed again" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "pattern", "words"),
    [
        ("report.html", r"<p class=\"pm-lead\">\s*[\d.]*(\d)", "the page says"),
        ("report.json", r"\"value\": 0\.(\d)", "claim adoption"),
    ],
)
def test_one_changed_digit_is_found_even_with_a_forged_digest(published, name, pattern, words):
    kept = edited(published, name, lambda text: one_digit(text, pattern))
    try:
        found = pm.verify(published)
        assert not found.ok
        assert words in str(found)
    finally:
        restored(published, name, kept)


@pytest.mark.slow
def test_an_edit_without_a_forged_digest_is_found_by_the_digest(published):
    text = published.read_bytes()
    published.write_bytes(text + b" ")
    try:
        assert "report.html was changed after it was published" in pm.verify(published).problems
    finally:
        published.write_bytes(text)


@pytest.mark.slow
def test_other_input_is_found_and_lost_input_is_an_error(published):
    data = Path(json.loads((published.parent / "run.json").read_text())["parameters"]["data"])
    kept = data.read_bytes()
    events_of(before=40, after=20, seed=9).to_parquet(data)
    assert any("is not what it was" in problem for problem in pm.verify(published).problems)
    data.unlink()
    with pytest.raises(ReportError, match=r"its input events.parquet .* is gone"):
        pm.verify(published)
    data.write_bytes(kept)


def test_a_folder_without_a_report_is_said(tmp_path):
    with pytest.raises(SourceError, match="no published report"):
        pm.verify(tmp_path)
