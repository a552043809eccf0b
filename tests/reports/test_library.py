"""Where templates are found, and what is said of them."""

import pytest

from pm_analytics.errors import SourceError, UnknownNameError
from pm_analytics.reports.library import find, templates


def test_a_template_is_a_folder_with_a_notebook_of_its_name(tmp_path, write_template):
    write_template(tmp_path, "weekly", "# Weekly numbers\n\nWhat moved\nthis week.\n\nMore.")
    (tmp_path / "weekly" / "scratch.ipynb").write_text("{}", encoding="utf-8")
    found = {template.name: template for template in templates([tmp_path])}
    weekly = found["weekly"]
    assert (weekly.title, weekly.description) == ("Weekly numbers", "What moved this week.")
    assert len(weekly.sha256) == 64
    assert "scratch" not in found


def test_folders_given_come_before_those_of_the_environment(tmp_path, write_template, monkeypatch):
    write_template(tmp_path / "ours", "weekly", "# Ours")
    write_template(tmp_path / "theirs", "weekly", "# Theirs")
    write_template(tmp_path / "theirs", "monthly", "# Monthly")
    monkeypatch.setenv("PM_ANALYTICS_TEMPLATES", str(tmp_path / "theirs"))
    assert find("weekly", [tmp_path / "ours"]).title == "Ours"
    assert find("weekly").title == "Theirs"
    assert find("monthly").title == "Monthly"


def test_an_unknown_name_offers_the_nearest(tmp_path, write_template):
    write_template(tmp_path, "launch_review", "# Review")
    with pytest.raises(UnknownNameError, match="did you mean 'launch_review'"):
        find("launch_reviw", [tmp_path])


def test_any_notebook_can_be_named_by_its_path(tmp_path, write_template):
    write_template(tmp_path, "mine", "# Mine")
    assert find(str(tmp_path / "mine" / "mine.ipynb")).title == "Mine"


def test_a_broken_notebook_says_which_file_it_is(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "broken.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(SourceError, match=r"broken\.ipynb cannot be read as a notebook"):
        find("broken", [tmp_path])


def test_a_notebook_without_heading_is_called_by_its_name(tmp_path, write_template):
    write_template(tmp_path, "bare", "1 + 1")
    assert find("bare", [tmp_path]).title == "bare"
