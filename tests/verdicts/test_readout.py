"""A launch is read honestly: what was not compared is not judged, and what is missing is absent."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import DataError, ParameterError, PmAnalyticsWarning, UnknownNameError
from pm_analytics.verdicts import lint
from pm_analytics.verdicts.passages import Html

STEPS = ["signed_up", "project_created", "item_added", "teammate_invited", "plan_upgraded"]


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    return pm.simulate(tmp_path_factory.mktemp("product"), users=4_000, seed=5)


@pytest.fixture(scope="module")
def log(product):
    return pm.read_events(product.events, timezone="Europe/Amsterdam").without(is_internal=True)


def ask(product, log, **change):
    question = {
        "launch_name": product.launch_name,
        "launch_at": product.launch_at,
        "feature_events": [product.feature_event],
        "entry_events": [product.interest_event],
        "funnel_steps": STEPS,
    }
    return pm.launch_readout(log, **(question | change))


def randomised(product):
    return {
        "exposures": pm.Exposures.from_file(product.exposures, experiment=product.experiment),
        "primary_event": product.primary_event,
    }


def text_of(readout):
    """Collect every word a report would show, tables and tags left out."""
    parts = [part for section in readout.sections() for part in section.shown() if isinstance(part, Html)]
    return " ".join(re.sub(r"<table.*?</table>|<[^>]+>", " ", part.markup, flags=re.DOTALL) for part in parts)


def test_a_randomised_launch_is_graded_a_and_may_say_caused(product, log):
    readout = ask(product, log, **randomised(product))
    assert readout.grade == "A"
    assert readout.verdict.rule in {4, 5, 6, 7}
    assert lint(text_of(readout), "A") == []


def test_a_launch_for_everybody_is_described_and_never_judged(product, log):
    readout = ask(product, log)
    assert (readout.grade, readout.verdict.state, readout.verdict.rule) == ("D", "CANNOT JUDGE", 8)
    assert "does not show what caused it" in text_of(readout)
    assert lint(text_of(readout), "D") == []


def test_a_broken_split_withholds_the_effect_and_the_verdict(product, log):
    asked = randomised(product)
    frame = pd.read_parquet(product.exposures)
    frame = frame[(frame["variant"] == "treatment") | (frame.index % 3 > 0)]
    asked["exposures"] = pm.Exposures.from_frame(frame)
    readout = ask(product, log, **asked)
    assert (readout.verdict.state, readout.verdict.rule) == ("CANNOT JUDGE", 1)
    assert "caused an estimated" not in text_of(readout)
    assert "sample ratio" in text_of(readout)


def test_too_little_time_gives_hold_and_the_date_of_the_next_honest_read(product, log):
    readout = ask(product, log, **randomised(product), as_of="2026-03-24")
    assert (readout.verdict.state, readout.verdict.rule) == ("HOLD", 3)
    assert str(readout.next_read()) in text_of(readout)
    assert readout.comparison is None
    assert "cannot be compared yet" in text_of(readout)


def test_the_day_of_a_launch_during_the_day_is_in_neither_period(product, log):
    days = ask(product, log).periods
    assert str(days.before[1]) == "2026-03-16"
    assert str(days.after[0]) == "2026-03-17"
    at_midnight = ask(product, log, launch_at="2026-03-16").periods
    assert at_midnight.before[1] == at_midnight.after[0]


def test_sections_with_nothing_to_say_are_absent_not_empty(product, log):
    readout = ask(product, log, feature_events=[], funnel_steps=STEPS)
    titles = [section.title for section in readout.sections()]
    assert readout.section("adoption") is None
    assert readout.section("effect") is None
    assert not any("find it" in title for title in titles)


def test_only_attempts_that_had_their_window_are_compared(product, log):
    """Counting last week's entrants would show a drop that is only youth."""
    readout = ask(product, log)
    last = readout.periods.judged(readout.periods.after, 14)
    assert (readout.periods.end - last[1]).days >= 14


def test_a_step_that_never_occurs_is_warned_of_once_and_the_report_survives(product, log):
    """A report that runs every week must outlive the week in which nobody paid."""
    with pytest.warns(PmAnalyticsWarning, match="did you mean 'plan_upgraded'") as caught:
        readout = ask(product, log, funnel_steps=["signed_up", "plan_upgradet"])
    assert len(caught) == 1
    assert readout.funnel.to_frame()["users"].tolist()[1] == 0


def test_the_truth_of_a_simulated_product_stands_beside_the_estimate(product, log):
    section = ask(product, log, **randomised(product)).truth(product.truth_path)
    assert "report_exported" in section.shown()[-1].markup
    assert ask(product, log).truth(None) is None


def test_every_claim_of_a_readout_has_a_definition_and_an_id_of_its_own(product, log):
    claims = ask(product, log, **randomised(product)).claims()
    assert len({claim.id for claim in claims}) == len(claims) > 5
    assert all(claim.definition for claim in claims)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"launch_at": "2027-01-01"}, DataError, "not before the last full day"),
        ({"launch_at": "2025-01-01"}, DataError, "before the first event"),
        ({"launch_at": "soon"}, ParameterError, "not a date or time"),
        ({"as_of": "2030-01-01"}, ParameterError, "after the last event"),
        ({"feature_events": ["bulk_edit_savd"]}, UnknownNameError, "did you mean 'bulk_edit_saved'"),
        ({"feature_events": [], "funnel_steps": []}, ParameterError, "Nothing to report"),
        ({"funnel_steps": ["signed_up"]}, ParameterError, "at least two steps"),
        ({"min_worthwhile": 0}, ParameterError, "above 0"),
        ({"pre_days": 0}, ParameterError, "at least 1"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_with_what_to_write(product, log, change, error, said):
    with pytest.raises(error, match=said):
        ask(product, log, **change)
