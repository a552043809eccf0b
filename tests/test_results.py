"""Results: frozen, tidy, and readable as text and as HTML."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from datetime import date

import numpy as np
import pandas as pd
import pytest

from pm_analytics.results import Claim, Result, html_table, say_share, say_value


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Small(Result):
    """A result of two rows."""

    def summary(self):
        """Say it."""
        return "7 of 12 <b>users</b> came back."

    def claims(self):
        """List it."""
        return [Claim("small.rate", 7 / 12, "share", "came back", n=12, denominator=7)]


@pytest.fixture
def small():
    table = pd.DataFrame({"step": ["visit", "pay"], "users": [1200, 7], "rate": [1.0, np.nan], "p_value": [0.04, 1e-9]})
    return Small(table, "Counted & defined.", "until 2026-01-08; zone UTC")


def test_editing_a_copy_never_edits_the_result(small):
    copy = small.to_frame()
    copy.loc[0, "users"] = 0
    assert small.to_frame()["users"].tolist() == [1200, 7]


def test_a_result_cannot_be_changed(small):
    with pytest.raises(FrozenInstanceError):
        small.definition = "another"


def test_a_result_reads_well_as_plain_text(small):
    text = repr(small)
    assert text.startswith("7 of 12 <b>users</b> came back.\n\n")
    assert text.endswith("\n\nCounted & defined.")
    assert "1,200" in text
    assert "100.0%" in text
    assert "–" in text


def test_a_result_in_a_notebook_escapes_what_came_from_data(small):
    page = small._repr_html_()
    assert "7 of 12 &lt;b&gt;users&lt;/b&gt; came back." in page
    assert "<small>Counted &amp; defined.</small>" in page


def test_a_headline_is_the_summary_unless_a_room_has_a_shorter_one(small):
    assert small.headline() == small.summary()


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("conversion_rate", 0.3125, "31.2%"),
        ("lift_ci_lower", -0.02, "-2.0%"),
        ("ci_upper", 0.5, "50.0%"),
        ("users", 1234567, "1,234,567"),
        ("users", np.int64(3), "3"),
        ("difference", 0.123456, "0.123"),
        ("difference", 1234.5678, "1.23e+03"),
        ("p_value", 2.4e-5, "2.4e-05"),
        ("anything", None, "–"),
        ("anything", pd.NA, "–"),
        ("generated_rows", 5, "5"),
        ("anything", float("nan"), "–"),
        ("anything", pd.NaT, "–"),
        ("is_internal", True, "True"),
        ("day", date(2026, 3, 1), "2026-03-01"),
        ("variant", "B", "B"),
    ],
)
def test_a_value_is_said_by_what_its_column_promises(column, value, text):
    assert say_value(column, value) == text


def test_a_share_of_few_is_said_as_a_count():
    assert say_share(7, 12, 0.3, 0.8) == "7 of 12 users"
    assert say_share(1625, 5210, 0.2994, 0.3246) == "31.2% of 5,210 users (29.9% to 32.5%)"
    assert say_share(10, 40, float("nan"), float("nan"), "accounts") == "25.0% of 40 accounts"


def test_a_table_in_html_has_a_caption_and_scoped_headers():
    page = html_table(pd.DataFrame({"ci_lower": [0.1], "who": ["<i>"]}), caption="A & B")
    assert page == (
        '<table class="pm-table"><caption>A &amp; B</caption><thead><tr><th scope="col">from</th>'
        '<th scope="col">who</th></tr></thead><tbody><tr><td>10.0%</td><td>&lt;i&gt;</td></tr></tbody></table>'
    )
