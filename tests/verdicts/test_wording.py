"""No sentence says more than its grade allows."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from pm_analytics.verdicts.wording import FORBIDDEN, SENTENCES, lint, say


@pytest.mark.parametrize(
    ("text", "grade", "words"),
    [
        ("The launch caused +5 %.", "A", []),
        ("The launch caused +5 %.", "B", ["caused"]),
        ("Exports very likely raised.", "B", []),
        ("Exports rose after launch by more than usual.", "C", []),
        ("Exports rose after launch by more than usual.", "D", ["rose after launch by more than usual"]),
        ("This was Significant and proves it.", "A", ["Significant", "proves"]),
        ("It boosted sales, thanks to the launch.", "D", ["thanks to", "boosted"]),
        ("There was no effect.", "A", ["no effect"]),
        ("This does not show what caused it.", "D", []),
        ("People who use it also export more; this cannot show impact of the launch.", "D", []),
    ],
)
def test_the_linter_names_the_words_that_claim_too_much(text, grade, words):
    assert sorted(v.word for v in lint(text, grade)) == sorted(words)


def test_each_lower_grade_forbids_at_least_as_much():
    grades = list("ABCDE")
    for higher, lower in itertools.pairwise(grades):
        assert set(FORBIDDEN[higher]) <= set(FORBIDDEN[lower])


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_of_the_catalogue_keeps_to_the_grade_in_its_name(name):
    grade = name.rpartition(".")[2] if "." in name else "E"
    assert lint(SENTENCES[name], grade) == []


@pytest.mark.parametrize("template", ["launch_impact", "experiment_readout"])
def test_no_word_of_a_template_claims_more_than_a_description(template):
    path = Path(__file__).resolve().parents[2] / "templates" / template / f"{template}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert lint(" ".join("".join(cell["source"]) for cell in cells), "D") == []


def test_a_sentence_above_its_grade_is_refused_before_anybody_reads_it():
    slots = dict.fromkeys(("launch", "lift", "metric", "confidence", "lower", "upper", "variant_n", "control_n"), "1")
    with pytest.raises(ValueError, match="grade D does not allow"):
        say("impact.A", "D", **slots)


def test_names_given_by_users_are_not_held_to_the_grade():
    """A launch called 'Improved search' is a name, not a claim."""
    assert "Improved search" in say("nothing.D", "D", launch="Improved search")
