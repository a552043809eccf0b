"""What may be asked of an adoption: rungs, spans, denominators, use, accounts, TARS, and features side by side."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.stats.proportions import newcombe, wilson


def counts(result):
    return dict(result.to_frame()[["rung", "users"]].itertuples(index=False))


def row(part, label):
    table = part.to_frame()
    return table[table[table.columns[0]] == label].iloc[0]


@pytest.fixture
def rollout(january):
    """Ten who could use it; fewer and fewer on each rung; all observed for long enough."""
    return january(
        *(f"u{n} open 1" for n in range(10)),
        *(f"u{n} banner 2" for n in range(7)),
        *(f"u{n} page 3" for n in range(5)),
        *(f"u{n} use 4" for n in range(4)),
        *(f"u{n} use 5" for n in range(3)),
        *("u0 use 6", "u1 use 30"),
        "z open 31",
    )  # fmt: skip


@pytest.fixture
def whole(rollout):
    return pm.adoption(
        rollout, "use", released_at="2026-01-01", within="7 days", min_uses=2, min_days=2,
        awareness="banner", interest="page", retained_within="14 days",
    )  # fmt: skip


def test_the_whole_ladder_counts_each_rung_against_all_and_against_the_one_before(whole):
    table = whole.to_frame().set_index("rung")
    assert table["users"].to_dict() == {
        "eligible": 10, "aware": 7, "interested": 5, "tried": 4, "adopted": 3, "retained": 1,
    }  # fmt: skip
    assert table["base"].tolist() == [10] * 6
    assert table["step_base"].tolist()[1:] == [10, 7, 5, 4, 3]
    assert table.loc["adopted", "rate"] == 0.3
    around, step = wilson(3, 10), wilson(3, 4)
    assert table.loc["adopted", ["ci_lower", "ci_upper"]].tolist() == [around.lower, around.upper]
    assert table.loc["adopted", ["step_ci_lower", "step_ci_upper"]].tolist() == [step.lower, step.upper]
    assert pd.isna(table.loc["eligible", "step_base"])
    assert math.isnan(table.loc["eligible", "step_rate"])
    assert whole.rate == 0.3
    assert "Retained: 1 of 3 adopters" in whole.summary()


def test_whoever_tried_was_aware_and_interested_whether_or_not_that_was_seen(january):
    log = january("a open 1", "a use 2", "b open 1", "b banner 2", "b page 2", "z open 31")
    result = pm.adoption(log, "use", released_at="2026-01-01", awareness="banner", interest="page")
    assert counts(result) == {"eligible": 2, "aware": 2, "interested": 2, "adopted": 1}


def test_the_use_that_makes_an_adopter_is_no_coming_back_and_the_end_is_inside(january):
    log = january(
        *("a open 1", "a use 2"), *("b open 1", "b use 2", "b use 5"), *("c open 1", "c use 2", "c use 5.0001"),
        *("d open 1", "d use 2", "d use 2"), "z open 31",
    )  # fmt: skip
    result = pm.adoption(log, "use", released_at="2026-01-01", within="7 days", retained_within="3 days")
    assert counts(result)["retained"] == 1


def test_retained_is_judged_only_where_even_the_slowest_adopter_has_had_the_time(january):
    """Judged by their own date of adopting, only the fastest, who are the keenest, would count early on."""
    log = january("a open 1", "a use 2", "a use 3", "b open 20", "b use 20.1", "b use 21", "z open 31")
    result = pm.adoption(log, "use", released_at="2026-01-01", within="7 days", retained_within="7 days")
    retained = result.rung("retained")
    assert (retained["users"], retained["base"], retained["step_base"]) == (1, 1, 1)
    assert (counts(result)["adopted"], result.unjudged) == (2, 1)
    assert "1 adopter is too new to say" in result.summary()


@pytest.mark.parametrize(
    ("span", "adopters"),
    [
        ("7 days", {"a", "b", "c"}),
        ("7 calendar days", {"a", "b"}),
        ("6 days", {"a", "b"}),
        (None, {"a", "b", "c", "d"}),
    ],
)
def test_a_span_of_days_is_168_hours_or_seven_days_of_the_calendar(january, span, adopters):
    """Days 2, 5 and 8 span seven calendar days and six times 24 hours; 2, 5 and 9 span eight, and seven times 24."""
    log = january(
        *("a open 1", "a use 2", "a use 3", "a use 4"), *("b open 1", "b use 2", "b use 5", "b use 8"),
        *("c open 1", "c use 2", "c use 5", "c use 9"), *("d open 1", "d use 2", "d use 10", "d use 20"), "z open 31",
    )  # fmt: skip
    result = pm.adoption(log, "use", within=None, min_days=3, span=span)
    assert counts(result)["adopted"] == len(adopters)


def test_days_enough_and_uses_enough_must_lie_in_the_same_span(january):
    """Two days early and three uses late are no span with both."""
    apart = january("a use 1", "a use 2", "a use 20", "a use 20.1", "a use 20.2", "z open 31")
    together = january("a use 1", "a use 20", "a use 20.1", "a use 20.2", "a use 21", "z open 31")
    options = {"within": None, "min_uses": 3, "min_days": 2, "span": "2 calendar days"}
    assert counts(pm.adoption(apart, "use", **options))["adopted"] == 0
    assert counts(pm.adoption(together, "use", **options))["adopted"] == 1


def test_without_a_window_everybody_is_judged_on_what_is_known(january):
    log = january("a open 1", "a use 25", "b open 30", "z open 31")
    result = pm.adoption(log, "use", within=None, released_at="2026-01-01", retained_within="1 day")
    assert counts(result) == {"eligible": 3, "adopted": 1, "retained": 0}
    assert result.immature == 0
    assert pd.isna(result.rung("retained")["base"])
    assert "adopted 'use' so far" in result.headline()
    result.plot(kind="curve").to_dict()


def test_listed_units_without_a_time_could_use_it_from_the_first_event_of_the_log(january):
    log = january("a open 1", "a use 2", "b use 25", "z open 31")
    assert counts(pm.adoption(log, "use", eligible=["a", "b", "c"])) == {"eligible": 3, "adopted": 1}


def test_the_denominator_decides_the_answer(january):
    log = january("a open 11", "a use 12", "b open 11", "old open 1", "young open 30", "z open 31")
    result = pm.adoption(log, "use", released_at="2026-01-10", eligible=["a", "b", "never seen"])
    part = result.denominators()
    table = part.to_frame().set_index("denominator")
    assert table["base"].to_dict() == {"everybody": 6, "active": 4, "eligible": 3}
    assert table["users"].tolist() == [1, 1, 1]
    assert table["ci_upper"].tolist() == [wilson(1, n).upper for n in (6, 4, 3)]
    assert "1 of 6 users; 1 of 4 active users; 1 of 3 eligible users" in part.summary()


def test_breadth_depth_frequency_and_habit(january):
    log = january(
        *(f"{u} open 1" for u in "abcd"), *("a use 1.5", "a use 1.6", "a use 9", "a use 16"), *("b use 2", "b use 3"),
        "z open 31",
    )  # fmt: skip
    part = pm.adoption(log, "use", released_at="2026-01-01").usage(weeks=3, habit_weeks=3)
    values = part.to_frame().set_index("measure")["value"]
    assert values["breadth"] == 2 / 4
    assert values["mean uses per adopter"] == (3 + 2) / 2
    assert values["median days of use per adopter"] == 2
    assert values["mean uses per week"] == (4 / 3 + 2 / 3) / 2
    assert values["habit"] == 1 / 2
    assert "1 of 2 adopters used it in at least 3 of their first 3 weeks" in part.headline()
    assert {claim.unit for claim in part.claims()} == {"share", "mean", "median"}


def test_a_habit_of_the_last_weeks_is_another_one_than_of_the_first(january):
    log = january("a use 1", "a use 8.5", "b use 1", "b use 18", "b use 25", "z open 31")
    result = pm.adoption(log, "use", released_at="2026-01-01", within="2 days")
    habit = {
        which: row(result.usage(weeks=2, habit_weeks=2, which=which), "habit")["value"] for which in ("first", "last")
    }
    assert habit == {"first": 0.5, "last": 0.5}
    first, last = (result.usage(weeks=2, habit_weeks=1, which=which) for which in ("first", "last"))
    assert (row(first, "habit")["value"], row(last, "habit")["value"]) == (1, 0.5)


def novel(january, later):
    """Thirty adopters with three uses in the first week, and ``later`` in the third; a newcomer whose week is open."""
    lines = [f"u{n} open 1" for n in range(30)] + [f"u{n} use {day}" for n in range(30) for day in (2, 3, 4, 5)]
    lines += [f"u{n} use {16.1 + use / 10}" for n in range(30) for use in range(later + n % 2)]
    return pm.adoption(january(*lines, "new use 22", "new use 29.1", "z open 29.5"), "use", within="1 day").novelty(
        weeks=8
    )


@pytest.mark.parametrize(("later", "verb"), [(0, "fell"), (6, "grew")])
def test_novelty_says_whether_use_falls_or_grows(january, later, verb):
    part = novel(january, later)
    table = part.to_frame()
    assert table["at_risk"].tolist() == [31, 30, 30]
    assert table["mean_uses"].tolist() == pytest.approx([90 / 31, 0, later + 0.5])
    assert f"Use per adopter {verb}" in part.summary()
    assert "over the 30 adopters observed for both" in part.summary()


def test_use_that_wavers_holds_as_far_as_can_be_told(january):
    lines = [f"u{n} use {day}" for n in range(40) for day in ((1, 2) if n % 2 else (1, 10))]
    part = pm.adoption(january(*lines, "z open 20"), "use", within="1 day").novelty()
    assert "held, as far as these data can tell" in part.headline()


def test_novelty_is_not_judged_from_weeks_that_are_not_over(january):
    part = pm.adoption(january("a use 1", "a use 4", "b use 1", "z open 20"), "use", within="1 day").novelty()
    assert part.to_frame()["week"].tolist() == [1, 2]
    assert "too early to say" in part.summary()
    part.plot(kind="users").to_dict()


@pytest.fixture
def seats():
    """Accounts A (3 users, 2 adopt), B (2, none), C (1, who adopts) and one user without; b2 moves on to A later."""
    rows = [(u, "open", 1, u[0].upper()) for u in ("a1", "a2", "a3", "b1", "b2", "c1")]
    rows += [(u, "use", 2, u[0].upper()) for u in ("a1", "a2", "c1")]
    rows += [("b2", "open", 3, "A"), ("n", "open", 1, None), ("z", "open", 31, "Z")]
    start = pd.Timestamp("2026-01-01", tz="UTC")
    frame = pd.DataFrame(rows, columns=["user_id", "event", "time", "account_id"])
    return pm.EventLog.from_frame(frame.assign(time=start + pd.to_timedelta(frame["time"] - 1, unit="D")))


def test_accounts_adopt_by_their_users(seats):
    result = pm.adoption(seats, "use", released_at="2026-01-01")
    accounts = result.accounts()
    table = accounts.to_frame().set_index("segment")
    assert table["base"].to_dict() == {"A": 3, "B": 2, "C": 1, "(missing)": 1}
    assert table["users"].to_dict() == {"A": 2, "B": 0, "C": 1, "(missing)": 0}
    assert (accounts.accounts, accounts.adopted_accounts, accounts.median_share) == (3, 2, pytest.approx(2 / 3))
    assert result.accounts(min_users=2).adopted_accounts == 1
    assert result.accounts(min_share=0.7).adopted_accounts == 1
    spread = accounts.spread().set_index("segment")
    assert spread["accounts"].to_dict() == {
        "none": 1, "up to a quarter": 0, "up to a half": 0, "up to three quarters": 1, "more, not all": 0, "all": 1,
    }  # fmt: skip
    top = result.accounts(top=1).to_frame()
    assert top["segment"].tolist() == ["A", "(other)", "(missing)"]
    assert top["base"].tolist() == [3, 3, 1]
    accounts.plot(kind="spread").to_dict()


def test_the_account_may_be_the_unit_itself(seats):
    result = pm.adoption(seats.with_unit("account_id"), "use", released_at="2026-01-01")
    assert counts(result) == {"eligible": 3, "adopted": 2}


def test_few_users_are_said_as_counts_not_as_percent(seats):
    part = pm.adoption(seats, "use", released_at="2026-01-01").by("account_id")
    assert "2 of 3" in repr(part)
    assert "Too few users to tell segments of account_id apart" in part.summary()


def test_properties_of_the_eligible_list_are_segments(january):
    log = january(*("7 open 1", "7 use 2", "8 open 1", "z open 31"))
    listed = pd.DataFrame({"user_id": [7, 8, 9], "since": ["2026-01-01"] * 3, "org": [1.0, None, 1.0]})
    table = pm.adoption(log, "use", eligible=listed).by("org").to_frame()
    assert table[["segment", "users", "base"]].to_numpy().tolist() == [["1", 1, 2], ["(missing)", 0, 1]]


def test_a_list_of_two_columns_holds_times_or_a_property(january):
    log = january("a open 1", "a use 20", "b open 1", "z open 31")
    times = pm.adoption(log, "use", eligible=pd.DataFrame({"who": ["a", "b"], "from": ["2026-01-15", "2026-01-10"]}))
    assert counts(times) == {"eligible": 2, "adopted": 1}
    plans = pm.adoption(log, "use", eligible=pd.DataFrame({"who": ["a", "b"], "plan": ["pro", "free"]}), within=None)
    assert plans.by("plan").to_frame()["segment"].tolist() == ["free", "pro"]


def test_tars_is_null_where_it_was_not_asked(whole, january):
    part = whole.tars()
    assert part.to_frame()["rate"].isna().tolist() == [False, False, False, True]
    assert "give satisfied=(41, 60)" in part.summary()
    full = whole.tars((1, 2)).to_frame().set_index("rung")
    assert full["rate"].to_dict() == pytest.approx(
        {"target": 1, "adopted": 0.3, "retained": 1 / 3, "satisfied": 0.5}, rel=0.1
    )
    assert full.loc["target", "users"] == 11
    share = whole.tars(0.6).to_frame().iloc[-1]
    assert share["rate"] == 0.6
    assert math.isnan(share["ci_lower"])
    bare = pm.adoption(january("a use 1", "z open 31"), "use").tars()
    assert "Retained is not known" in bare.summary()
    for one in (part, bare):
        one.plot().to_dict()
        assert [claim.id for claim in one.claims()][-1] == "adoption.tars.satisfied"


def test_two_adoptions_are_compared_with_newcombes_interval(january):
    lines = [f"u{n} open 1" for n in range(40)] + [f"u{n} use 2" for n in range(10)] + ["z open 31"]
    log = january(*lines)
    first = pm.adoption(log, "use", eligible=[f"u{n}" for n in range(20)])
    second = pm.adoption(log, "use", eligible=[f"u{n}" for n in range(5, 40)])
    part = first.compare(second, names=("old", "new"))
    found = part.to_frame().iloc[0]
    expected = newcombe(5, 35, 10, 20)
    assert (found["first_rate"], found["second_rate"]) == (0.5, 5 / 35)
    assert (found["ci_lower"], found["ci_upper"]) == (expected.lower, expected.upper)
    assert "does not show what caused it" in part.summary()
    part.plot().to_dict()


def test_features_stand_side_by_side_in_the_order_given(rollout):
    result = pm.adoptions(rollout, {"Use": "use", "Page or banner": ["page", "banner"]}, released_at="2026-01-01")
    table = result.to_frame()
    assert table["feature"].tolist() == ["Use", "Page or banner"]
    assert table["rate"].tolist() == [0.4, 0.7]
    alone = pm.adoption(rollout, "use", released_at="2026-01-01")
    assert result["Use"].to_frame().equals(alone.to_frame())
    assert [claim.id for claim in result.claims()] == ["adoptions.Use", "adoptions.Page or banner"]
    result.plot().to_dict()


def matrix_log(january):
    """Broad and often, narrow and often, broad once, narrow once."""
    lines = [f"u{n} {e} {day}" for e, users, days in (("search", 9, 4), ("api", 2, 5), ("setup", 8, 1), ("theme", 1, 1))
             for n in range(users) for day in range(1, days + 1)]  # fmt: skip
    return january(*lines, "u9 open 3")


def test_the_quadrants_are_core_power_one_off_and_niche(january):
    result = pm.usage_matrix(matrix_log(january), ["search", "api", "setup", "theme"])
    table = result.to_frame().set_index("feature")
    assert table["quadrant"].to_dict() == {"search": "core", "api": "power", "setup": "one-off", "theme": "niche"}
    assert table["base"].tolist() == [10] * 4
    assert table.loc["search", ["rate", "mean_days", "median_active_days", "mean_uses"]].tolist() == [0.9, 4, 4, 4]
    assert result.split == (0.5, 2.5)
    assert "core (many users, often): search" in result.summary()
    result.plot().to_dict()


def test_fewer_than_four_features_have_no_quadrants_unless_the_lines_are_given(january):
    log = matrix_log(january)
    bare = pm.usage_matrix(log, ["search", "theme"])
    assert bare.to_frame()["quadrant"].isna().all()
    assert "no quadrants" in bare.summary()
    own = pm.usage_matrix(log, ["search", "theme"], split=(0.9, 4)).to_frame()
    assert own["quadrant"].tolist() == ["core", "niche"]
    bare.plot().to_dict()


def test_a_feature_that_nobody_used_then_is_in_no_quadrant(january):
    log = january("a x 1", "b y 1", "c z 1", "a w 1", "a v 20")
    table = pm.usage_matrix(log, ["x", "y", "z", "w", "v"], between=("2026-01-01", "2026-01-10")).to_frame()
    last = table.iloc[-1]
    assert (last["users"], last["rate"]) == (0, 0)
    assert math.isnan(last["mean_days"])
    assert last["quadrant"] is None
    pm.usage_matrix(log, ["v"], between=("2026-01-01", "2026-01-10")).plot().to_dict()


def test_nobody_eligible_gives_nulls_and_sentences_everywhere(january):
    result = pm.adoption(january("a open 1", "a use 2"), "use", retained_within="2 days")
    assert "too new" not in result.summary()
    parts = [result.denominators(), result.usage(), result.novelty(), result.by("user_id"), result.tars(),
             result.accounts("user_id"), result.compare(result)]  # fmt: skip
    for part in parts:
        assert part.summary()
        assert part.definition
        part.plot().to_dict()
    assert math.isnan(parts[-2].rate)
    assert "no comparison" in parts[-1].summary()


@pytest.mark.parametrize(
    ("ask", "error", "said"),
    [
        (lambda log: pm.adoption(log, "use", awareness="baner"), UnknownNameError, "did you mean 'banner'"),
        (lambda log: pm.adoption(log, "use", interest="pag"), UnknownNameError, "did you mean 'page'"),
        (lambda log: pm.adoption(log, "use", min_days=5, span="3 calendar days"), ParameterError, "5 calendar days"),
        (lambda log: pm.adoption(log, "use", span="soon"), ParameterError, "not a length of time"),
        (lambda log: pm.adoption(log, "use", retained_within="0 days"), ParameterError, "longer than zero"),
        (lambda log: pm.adoption(log, "use").by("plam"), UnknownNameError, "No property 'plam'"),
        (lambda log: pm.adoption(log, "use").by("event", top=0), ParameterError, "top=0"),
        (lambda log: pm.adoption(log, "use").accounts("event", min_share=40), ParameterError, "write 0.5"),
        (lambda log: pm.adoption(log, "use").accounts("event", min_users=0), ParameterError, "1 or more"),
        (lambda log: pm.adoption(log, "use").usage(weeks=2), ParameterError, "between 1 and weeks=2"),
        (lambda log: pm.adoption(log, "use").usage(which="all"), ParameterError, "'first' or 'last'"),
        (lambda log: pm.adoption(log, "use").novelty(weeks=1), ParameterError, "2 or more"),
        (lambda log: pm.adoption(log, "use").tars(60), ParameterError, "from 0 to 1"),
        (lambda log: pm.adoption(log, "use").tars((60, 41)), ParameterError, "satisfied answers"),
        (lambda log: pm.adoption(log, "use").plot(kind="lader"), ParameterError, "did you mean 'ladder'"),
        (
            lambda log: pm.adoption(log, "use").compare(pm.adoption(log, "use", within="2 days")),
            ParameterError,
            "same within",
        ),
        (
            lambda log: pm.adoption(log, "use").compare(pm.adoption(log, "use"), names=("a", "a")),
            ParameterError,
            "different",
        ),
        (
            lambda log: pm.adoption(log, "use", eligible=pd.DataFrame({"u": ["u1", "u1"], "p": ["x", "y"]})),
            DataError,
            "one row per unit",
        ),
        (
            lambda log: pm.adoption(log, "use", eligible=pd.DataFrame({"u": ["u1"], "since": ["soon"]})),
            DataError,
            "cannot be read",
        ),
        (lambda log: pm.adoptions(log, {}), ParameterError, "at least one feature"),
        (lambda log: pm.adoptions(log, ["use", "use"]), ParameterError, "named twice"),
        (lambda log: pm.usage_matrix(log, ["uze"]), UnknownNameError, "did you mean 'use'"),
        (lambda log: pm.usage_matrix(log, ["use"], split=(20, 3)), ParameterError, r"like \(0.2, 3\)"),
        (lambda log: pm.usage_matrix(log, ["use"], between=("2025-01-01", "2025-02-01")), DataError, "No event lies"),
    ],
)
def test_a_question_that_makes_no_sense_says_what_to_write(rollout, ask, error, said):
    with pytest.raises(error, match=said):
        ask(rollout)


def test_the_names_in_a_crowded_matrix_do_not_cover_one_another():
    """Twelve features as products have them: most of them used by few, on one or two days."""
    from pm_analytics.analyses.adoption import chart_of_matrix as chart

    at = [(590, 40), (580, 60), (470, 180), (125, 240), (95, 242), (235, 322), (155, 344), (178, 366), (62, 362),
          (88, 378), (15, 392), (214, 400)]  # fmt: skip
    widths = [6.4 * length for length in (10, 11, 15, 16, 15, 11, 10, 15, 16, 21, 13, 9)]
    boxes = [chart._box(x, y, width, chart.PLACES[place]) for (x, y), width, place
             in zip(at, widths, chart._places(at, widths, corners=True), strict=True)]  # fmt: skip
    points = [(x - 4, y - 4, x + 4, y + 4) for x, y in at]
    assert all(chart._covered(box, boxes[:n] + boxes[n + 1 :] + points) == 0 for n, box in enumerate(boxes))


def test_a_cohort_that_is_too_new_is_counted_and_not_judged(january):
    """The first two of January are a cohort of their own: the month began on a Thursday."""
    log = january("a open 1", "a use 3", "b open 2", "c open 14", "d open 28", "d use 29", "z open 31")
    result = pm.adoption(log, "use", released_at="2026-01-01", within="7 days")
    part = result.cohorts("week")
    table = part.to_frame()
    assert [f"{day:%d %b}" for day in table["cohort"]] == ["29 Dec", "12 Jan", "26 Jan"]
    assert table["base"].tolist() == [2, 1, 0]
    assert table["immature"].tolist() == [0, 0, 2]
    assert table["complete"].tolist() == [True, True, False]
    assert table["median_days"].tolist()[0] == 2
    assert table["rate"].isna().tolist() == [False, False, True]
    assert "2 more are too new to judge" in part.summary()
    part.plot().to_dict()
    with pytest.raises(ParameterError, match="write one of"):
        result.cohorts("fortnight")


def test_use_now_is_not_use_ever(january):
    log = january("a use 1", "a open 30", "b use 2", "c open 3", "c use 29", "d open 28", "z open 31")
    part = pm.adoption(log, "use", released_at="2026-01-01").now("10 days")
    assert part.to_frame()[["segment", "users", "base"]].to_numpy().tolist() == [["before", 0, 0], ["now", 1, 4]]
    assert "1 of 4 eligible users active in the last 10 days used 'use' in them" in part.summary()
    assert pm.adoption(log, "use", released_at="2026-01-15").now("10 days").to_frame()["segment"].tolist() == ["now"]


def test_the_table_under_the_curve_says_who_is_still_watched(january):
    log = january("a open 1", "a use 2", "b open 1", "b use 5", "c open 28", "z open 31")
    table = pm.adoption(log, "use", released_at="2026-01-01").at_risk([0, 1, 2, 4, 30])
    assert table["at_risk"].tolist() == [4, 3, 2, 1, 0]
    assert table["adopted"].tolist() == [0, 1, 1, 2, 2]
    assert table["censored"].tolist() == [1, 1, 1, 2, 2]
    assert table["adopted_share"].tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1, 1])
