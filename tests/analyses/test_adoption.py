"""Adoption has a stated denominator, judges nobody too early, and times adopters fairly."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pm_analytics as pm
from pm_analytics.errors import DataError, ParameterError, UnknownNameError


def counts(result):
    return dict(result.to_frame()[["rung", "users"]].itertuples(index=False))


def test_the_denominator_is_who_could_use_it_not_everybody(january):
    """D stopped before the release: it could not adopt, so it is in no rate."""
    log = january("a open 11", "a use 12", "b open 11", "d open 1", "z open 31")
    result = pm.adoption(log, "use", released_at="2026-01-10")
    assert counts(result) == {"eligible": 2, "adopted": 1}
    assert result.immature == 1


def test_units_too_new_to_judge_are_in_no_rate_but_are_said(january):
    log = january("a open 1", "a use 2", "b open 25", "z open 31")
    result = pm.adoption(log, "use", within="14 days")
    assert counts(result)["eligible"] == 1
    assert result.immature == 2
    assert "2 more are too new to judge" in result.summary()


def test_the_end_of_the_window_is_inside_it(january):
    log = january("a open 1", "a use 15", "b open 1", "b use 15.0001", "z open 31")
    assert counts(pm.adoption(log, "use", released_at="2026-01-01", within="14 days"))["adopted"] == 1


def test_those_who_used_it_before_they_could_are_left_out_and_counted(january):
    """Testers had the feature before its release: calling them adopters would flatter it."""
    log = january("t use 1", "t open 12", "t use 13", "a open 11", "z open 31")
    result = pm.adoption(log, "use", released_at="2026-01-10")
    assert counts(result) == {"eligible": 1, "adopted": 0}
    assert result.early == 1
    assert "1 who used it before that left out" in result.definition


def test_an_adopter_used_it_often_enough_on_enough_days(january):
    log = january(
        *("a open 1", "a use 2", "a use 2.1"),
        *("b open 1", "b use 2", "b use 3"),
        *("c open 1", "c use 2"),
        "z open 31",
    )
    result = pm.adoption(log, "use", released_at="2026-01-01", min_uses=2, min_days=2)
    assert counts(result) == {"eligible": 3, "tried": 3, "adopted": 1}


def test_days_of_use_are_local_days():
    """23:30 and 00:30 in Amsterdam are two days there, though one day in UTC."""
    rows = [("a", "use", "2026-01-10T22:30Z"), ("a", "use", "2026-01-10T23:30Z"), ("z", "open", "2026-02-20T00:00Z")]
    frame = pd.DataFrame(rows, columns=["user", "event", "time"])
    found = {
        zone: counts(pm.adoption(pm.EventLog.from_frame(frame, timezone=zone), "use", min_uses=2, min_days=2))[
            "adopted"
        ]
        for zone in ("UTC", "Europe/Amsterdam")
    }
    assert found == {"UTC": 0, "Europe/Amsterdam": 1}


def test_interest_is_a_rung_and_using_it_implies_having_noticed_it(january):
    log = january("a open 1", "a seen 2", "b open 1", "b use 2", "c open 1", "z open 31")
    result = pm.adoption(log, "use", released_at="2026-01-01", interest="seen")
    assert counts(result) == {"eligible": 3, "interested": 2, "adopted": 1}


def test_eligibility_may_be_a_property_a_list_or_a_frame_with_times():
    rows = pd.DataFrame(
        [("a", "open", "2026-01-01T00:00Z", "pro"), ("a", "use", "2026-01-04T00:00Z", "pro"),
         ("b", "open", "2026-01-01T00:00Z", "free"), ("b", "use", "2026-01-04T00:00Z", "free"),
         ("z", "open", "2026-01-31T00:00Z", "free")],
        columns=["user", "event", "time", "plan"],
    )  # fmt: skip
    log = pm.EventLog.from_frame(rows)
    assert counts(pm.adoption(log, "use", eligible={"plan": "pro"})) == {"eligible": 1, "adopted": 1}
    listed = pm.adoption(log, "use", eligible=["a", "b", "never seen"], released_at="2026-01-01")
    assert counts(listed) == {"eligible": 3, "adopted": 2}
    since = pd.DataFrame({"who": ["a", "b"], "since": ["2026-01-02", "2026-01-05"]})
    timed = pm.adoption(log, "use", eligible=since, released_at="2026-01-01")
    assert (counts(timed), timed.early) == ({"eligible": 1, "adopted": 1}, 1)


def test_a_number_and_its_text_are_the_same_unit():
    rows = pd.DataFrame(
        [("7", "open", "2026-01-01T00:00Z"), ("7", "use", "2026-01-02T00:00Z"), ("8", "open", "2026-02-01T00:00Z")]
    )
    log = pm.EventLog.from_frame(rows.set_axis(["user", "event", "time"], axis=1))
    assert counts(pm.adoption(log, "use", eligible=[7], released_at="2026-01-01")) == {"eligible": 1, "adopted": 1}


def test_the_curve_counts_the_immature_for_as_long_as_they_were_seen(january):
    """Kaplan-Meier by hand: at 1 day 1 of 3 at risk, at 4 days 1 of the 2 left; c is censored at 3 days."""
    log = january("a open 1", "a use 2", "b open 1", "b use 5", "c open 28", "z open 31")
    curve = pm.adoption(log, "use", released_at="2026-01-01").curve()
    steps = curve[curve["adopted"] > 0]
    assert steps["days"].tolist() == [1.0, 4.0]
    assert steps["adopted_share"].tolist() == pytest.approx([1 / 3, 1 / 3 + 2 / 3 * 1 / 1])
    assert curve["adopted"].sum() + curve["censored"].sum() == curve["at_risk"].max()


def test_half_of_adopters_is_about_adopters_not_about_everybody(january):
    log = january(*[f"u{i} open 1" for i in range(20)], "u1 use 2", "u2 use 4", "u3 use 6", "u4 use 8", "z open 31")
    assert pm.adoption(log, "use", released_at="2026-01-01").median_days() == pytest.approx(3.0)


def test_nobody_eligible_long_enough_gives_a_null_rate_and_a_sentence(january):
    result = pm.adoption(january("a open 1", "a use 2"), "use")
    assert math.isnan(result.rate)
    assert "no adoption rate" in result.summary()
    result.plot().to_dict()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"feature": "uze"}, UnknownNameError, "did you mean 'use'"),
        ({"feature": []}, ParameterError, "at least one event"),
        ({"min_uses": 0}, ParameterError, "1 or more"),
        ({"min_uses": 2, "min_days": 3}, ParameterError, "min_uses=3"),
        ({"within": "0 days"}, ParameterError, "longer than zero"),
        ({"eligible": {"plam": "pro"}}, UnknownNameError, "No property 'plam'"),
        ({"eligible": []}, DataError, "give a list of units"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_what_to_write(january, options, error, said):
    with pytest.raises(error, match=said):
        pm.adoption(january("a open 1", "a use 2"), options.pop("feature", "use"), **options)


ACTIONS = st.lists(st.tuples(st.sampled_from(["open", "use"]), st.integers(0, 24 * 40)), min_size=0, max_size=8)


def by_hand(actions, released, window, uses, days, end, zone):
    """Follow one unit through the definition, hour by hour."""
    since = min((hour for _, hour in actions if hour >= released), default=None)
    if since is None or since >= end:
        return None
    if any(name == "use" and hour < since for name, hour in actions):
        return "early"
    if since + window >= end:
        return "immature"
    used = sorted(hour for name, hour in actions if name == "use" and hour >= since)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for n, hour in enumerate(used, 1):
        seen = {(start + timedelta(hours=h)).astimezone(ZoneInfo(zone)).date() for h in used[:n]}
        if n >= uses and len(seen) >= days:
            return "adopted" if hour - since <= window else "eligible"
    return "eligible"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.lists(ACTIONS, min_size=25, max_size=25),
    st.integers(0, 200),
    st.integers(1, 300),
    st.integers(1, 3),
    st.integers(1, 2),
)
def test_every_unit_is_judged_as_by_hand(logs, released, window, uses, days):
    """Random units over a change of the clocks, against the definition followed by hand."""
    uses, zone, start = max(uses, days), "Europe/Amsterdam", pd.Timestamp("2026-03-01", tz="UTC")
    rows = [(f"u{n}", name, start + pd.Timedelta(hours=hour)) for n, log in enumerate(logs) for name, hour in log]
    end = 24 * 41
    rows += [("last", "open", start + pd.Timedelta(hours=end)), ("first", "use", start)]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time"]), timezone=zone)
    result = pm.adoption(
        log, "use", released_at=(start + pd.Timedelta(hours=released)).isoformat(),
        within=timedelta(hours=window), min_uses=uses, min_days=days,
    )  # fmt: skip
    # One microsecond after the last event is when observation ends.
    whole = [*logs, [("open", end)], [("use", 0)]]
    judged = [by_hand(log, released, window, uses, days, end + 1e-9, zone) for log in whole]
    assert counts(result)["eligible"] == judged.count("eligible") + judged.count("adopted")
    assert counts(result)["adopted"] == judged.count("adopted")
    assert (result.immature, result.early) == (judged.count("immature"), judged.count("early"))
