"""Every view of a funnel agrees with its counts, and with the slow telling in funnel_oracle."""

from __future__ import annotations

import math
import random
from types import SimpleNamespace

import funnel_oracle as oracle
import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.errors import DataError, ParameterError, PmAnalyticsWarning, UnknownNameError
from pm_analytics.stats.odds import odds_ratio
from pm_analytics.stats.survival import kaplan_meier

HALF_HOUR = 1_800
START = pd.Timestamp("2026-01-01", tz="UTC")
UNTIL = 12
USERS = 40


# --- random logs, told slowly ----------------------------------------------------------------------------------------


def random_log(rng):
    return [
        {"t": rng.randint(0, 9), "event": rng.choice("abcxy"), "p": rng.choice(["u", "v", None]), "v": rng.choice([1.0, 2.5, None])}
        for _ in range(rng.randint(0, 10))
    ]  # fmt: skip


def event_log(logs):
    """Write logs as an event log that is known until step 12 of half an hour."""
    rows = [
        (f"u{n:02}", e["event"], START + pd.Timedelta(seconds=e["t"] * HALF_HOUR), e["p"], e["v"])
        for n, log in enumerate(logs)
        for e in log
    ]
    rows.append(("nobody", "z", START, "u", 1.0))
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time", "p", "v"]))
    return log.as_of(START + pd.Timedelta(seconds=UNTIL * HALF_HOUR))


def named(*names):
    return lambda e: e["event"] in names


def random_case(seed, orders=("loose", "loose", "strict", "any", "first_then_any")):
    """Make up logs and a question, ask the package, and tell the answer slowly."""
    rng = random.Random(seed)
    order = rng.choice(orders)
    names = rng.sample("abc", rng.randint(2, 3))
    if order == "loose" and rng.random() < 0.3:
        names = [names[0], *names]
    window = rng.choice([2, 4, 7])
    barred = rng.random() < 0.5
    options = {
        "within": f"{window * 30} minutes",
        "order": order,
        "reentry": rng.choice(["any", "any", "first"]),
        "exclude": ["x"] if barred else [],
        "exclusion_policy": rng.choice(["drop_off", "remove_user"]),
    }
    remove = barred and options["exclusion_policy"] == "remove_user" and order in {"loose", "strict"}
    ask = oracle.Ask(
        steps=[named(name) for name in names],
        window=window,
        order=order,
        reentry=options["reentry"],
        bars=[(named("x"), 1, len(names))] if barred else [],
        remove=remove,
    )
    logs = [random_log(rng) for _ in range(USERS)]
    result = pm.funnel(event_log(logs), names, **options)
    attempts = [oracle.attempts(log, ask) for log in logs]
    counted = {f"u{n:02}": oracle.choose(found, ask) for n, found in enumerate(attempts)}
    counted = {unit: attempt for unit, attempt in counted.items() if attempt is not None}
    return SimpleNamespace(
        result=result, names=names, ask=ask, logs=logs, attempts=attempts, counted=counted, window=window, order=order
    )


def half_hours(moments):
    return [round((moment - START).total_seconds() / HALF_HOUR) for moment in moments]


SEEDS = range(6)


@pytest.fixture(scope="module", params=SEEDS)
def case(request):
    return random_case(request.param)


def test_the_table_counts_the_counted_attempts(case):
    steps = range(1, len(case.names) + 1)
    assert case.result.to_frame()["users"].tolist() == [sum(a.level >= n for a in case.counted.values()) for n in steps]


def test_users_are_those_behind_the_numbers(case):
    for step in range(1, len(case.names) + 1):
        listed = case.result.users(step)
        expected = {unit: a.entry for unit, a in case.counted.items() if a.level >= step}
        assert dict(zip(listed["user_id"], half_hours(listed["entered_at"]), strict=True)) == expected
        if step > 1:
            dropped = set(case.result.users(step, "dropped")["user_id"])
            assert dropped == {unit for unit, a in case.counted.items() if a.level == step - 1}


def test_attempts_are_all_listed_and_the_counted_ones_marked(case):
    listed = case.result.attempts()
    found = list(zip(listed["user_id"], half_hours(listed["entered_at"]), listed["step_number"], strict=True))
    told = [(f"u{n:02}", a.entry, a.level) for n, found in enumerate(case.attempts) for a in found]
    assert found == told
    ends = [a.times[-1] for found in case.attempts for a in found]
    assert half_hours(listed["ended_at"]) == ends
    chosen = listed[listed["counts"]]
    assert dict(zip(chosen["user_id"], half_hours(chosen["entered_at"]), strict=True)) == {
        unit: a.entry for unit, a in case.counted.items()
    }
    pd.testing.assert_frame_equal(case.result.attempts(limit=5), listed.head(5))


def test_an_explanation_says_where_the_unit_counts(case):
    for n, log in list(enumerate(case.logs))[:6]:
        unit = f"u{n:02}"
        if not any(e["event"] in {*case.names, "x"} for e in log):
            continue
        try:
            told = case.result.explain(unit)
        except DataError:
            assert unit not in case.counted
            continue
        assert told.step_number == (case.counted[unit].level if unit in case.counted else 0)
        assert len(told.attempts()) == len(case.attempts[n])


def test_a_trend_is_the_funnel_of_the_attempts_that_began_in_each_period(case):
    table = case.result.trend("hour").to_frame()
    hours = [period.hour for period in table["period"]]
    for hour, row in zip(hours, table.to_dict("records"), strict=True):
        began = [[a for a in found if a.entry // 2 == hour] for found in case.attempts]
        chosen = [a for a in (oracle.choose(found, case.ask) for found in began) if a is not None]
        assert (row["entered"], row["converted"]) == (
            len(chosen),
            sum(a.level == len(case.names) for a in chosen),
        )
        assert row["complete"] == (2 * (hour + 1) + case.window <= UNTIL)
        assert math.isnan(row["conversion_rate"]) == (not chosen)


def test_times_are_those_of_the_counted_attempts(case):
    table = case.result.time_to_convert().to_frame()
    last = len(case.names)
    for row, (start, end) in zip(
        table.to_dict("records"), [*((n, n + 1) for n in range(1, last)), (1, last)], strict=True
    ):
        took = [(a.times[end - 1] - a.times[start - 1]) * HALF_HOUR for a in case.counted.values() if a.level >= end]
        assert row["users"] == len(took)
        if not took:
            assert math.isnan(row["median_seconds"])
            continue
        assert row["mean_seconds"] == pytest.approx(np.mean(took))
        quantiles = [row[f"{name}_seconds"] for name in ("p25", "median", "p75", "p90")]
        assert quantiles == pytest.approx(np.quantile(took, [0.25, 0.5, 0.75, 0.9]))


def test_histogram_and_curve_are_those_of_the_counted_attempts(case):
    times, last = case.result.time_to_convert(bins=5), len(case.names)
    took = [(a.times[-1] - a.entry) * HALF_HOUR for a in case.counted.values() if a.level == last]
    for bar in times.histogram().to_dict("records"):
        final = bar["until_seconds"] >= max(took)
        assert bar["users"] == sum(bar["seconds"] <= t and (t < bar["until_seconds"] or final) for t in took)
    assert times.histogram()["users"].sum() == len(took)
    waits = {}
    for a in case.counted.values():
        made = a.level == last
        time = (a.times[-1] - a.entry if made else min(case.window, UNTIL - a.entry)) * HALF_HOUR
        waits[time] = [waits.get(time, [0, 0])[0] + made, waits.get(time, [0, 0])[1] + (not made)]
    expected = kaplan_meier([(time, *counts) for time, counts in waits.items()])
    curve = times.curve()
    assert curve["seconds"].tolist() == [point.time for point in expected]
    assert curve["converted_share"].tolist() == pytest.approx([point.share for point in expected])
    assert curve["at_risk"].tolist() == [point.at_risk for point in expected]


def value_at(case, log, t, kinds):
    """Give the value at an instant: the first in order of those that are not missing."""
    return min((e["p"] for e in log if e["t"] == t and e["event"] in kinds and e["p"] is not None), default="(missing)")


def segment_of(case, unit, attempt, attribution):
    log = case.logs[int(unit[1:])]
    if attribution == "entry":
        return value_at(case, log, attempt.entry, case.names if case.order == "any" else case.names[:1])
    if attribution in {"first", "last"}:
        sign = 1 if attribution == "first" else -1
        valued = [(sign * e["t"], e["p"]) for e in log if e["event"] in case.names and e["p"] is not None]
        return min(valued)[1] if valued else "(missing)"
    step = int(attribution)
    return value_at(case, log, attempt.times[step - 1], case.names[step - 1 : step])


@pytest.mark.parametrize("attribution", ["entry", "first", "last", 2, "step(2)", "all"])
def test_segments_are_those_of_the_counted_attempts(case, attribution):
    if case.order in {"any", "first_then_any"} and attribution in {2, "step(2)"}:
        with pytest.raises(ParameterError, match="in an order"):
            case.result.by("p", attribution=attribution)
        return
    if attribution == "all":
        values = {"u": "u", "v": "v", "(missing)": None}
        found = {
            name: [
                oracle.choose(oracle.attempts([e for e in log if e["p"] == value], case.ask), case.ask)
                for log in case.logs
            ]
            for name, value in values.items()
        }
        members = {name: [a for a in attempts if a is not None] for name, attempts in found.items()}
    else:
        members = {}
        for unit, a in case.counted.items():
            if attribution in {2, "step(2)"} and a.level < 2:
                continue
            members.setdefault(
                segment_of(case, unit, a, str(attribution)[-2:-1] if attribution == "step(2)" else attribution), []
            ).append(a)
    table = case.result.by("p", attribution=attribution).to_frame()
    counts = {name: rows["users"].tolist() for name, rows in table.groupby("segment")}
    steps = range(1, len(case.names) + 1)
    assert counts == {name: [sum(a.level >= n for a in some) for n in steps] for name, some in members.items() if some}
    if attribution in {"entry", "first", "last"}:
        whole = case.result.to_frame()["users"].tolist()
        assert [sum(column) for column in zip(*counts.values(), strict=True)] == (whole if counts else [])


def test_values_are_summed_over_the_events_that_made_each_step(case):
    if case.order in {"any", "first_then_any"}:
        return
    result = pm.funnel(
        event_log(case.logs), case.names, within=f"{case.window * 30} minutes", order=case.order, reentry=case.ask.reentry, value="v"
    )  # fmt: skip
    ask = oracle.Ask(case.ask.steps, case.window, case.order, case.ask.reentry)
    chosen = [(log, oracle.choose(oracle.attempts(log, ask), ask)) for log in case.logs]
    for step, row in enumerate(result.to_frame().to_dict("records"), 1):
        made = [(log, a.times[step - 1]) for log, a in chosen if a is not None and a.level >= step]
        known = [
            [e["v"] for e in log if e["t"] == t and e["event"] == case.names[step - 1] and e["v"]] for log, t in made
        ]
        largest = [max(values) for values in known if values]
        if not largest:
            assert math.isnan(row["value"])
            assert math.isnan(row["mean_value"])
            continue
        assert row["value"] == pytest.approx(sum(largest))
        assert row["mean_value"] == pytest.approx(np.mean(largest))


def test_drivers_compare_conversion_with_and_without(case):
    last = len(case.names)
    judged = [
        (case.logs[int(unit[1:])], a)
        for unit, a in case.counted.items()
        if a.level == last or a.entry + case.window < UNTIL
    ]
    converted = [a.level == last for _, a in judged]
    found = case.result.drivers(properties=["p"], smallest=1)
    assert (found.converted, found.dropped) == (sum(converted), len(judged) - sum(converted))
    own = {*case.names, *(["x"] if case.ask.bars else [])}
    having = {}
    for number, (log, a) in enumerate(judged):
        end = a.times[-1] if a.level == last else a.entry + case.window
        for name in {e["event"] for e in log if a.entry <= e["t"] <= end} - own:
            having.setdefault(("event", name), set()).add(number)
        kinds = case.names if case.order == "any" else case.names[:1]
        having.setdefault(("p", value_at(case, log, a.entry, kinds)), set()).add(number)
    rows = {(row["kind"], row["value"]): row for row in found.to_frame().to_dict("records")}
    assert set(rows) == set(having)
    for key, some in having.items():
        made = sum(converted[n] for n in some)
        others, rest = sum(converted) - made, len(judged) - len(some)
        row = rows[key]
        assert row["users"] == len(some)
        assert row["rate_with"] == pytest.approx(made / len(some))
        assert row["odds_ratio"] == pytest.approx(
            ((made + 1) * (rest - others + 1)) / ((others + 1) * (len(some) - made + 1))
        )
        if rest:
            assert row["difference"] == pytest.approx(made / len(some) - others / rest)
        else:
            assert math.isnan(row["rate_without"])
            assert math.isnan(row["difference"])


# --- by hand ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(january):
    """Four visitors: one pays at once, one on the second attempt, one only adds to the cart, one is still young."""
    return january(
        "a visit 1", "a cart 1.5", "a pay 2", "b visit 1", "b visit 18", "b cart 19", "b help 19.5", "b pay 20", "c visit 2", "c help 3", "c cart 4", "d visit 28", "z other 30"
    )  # fmt: skip


STEPS = ["visit", "cart", "pay"]


def test_a_trend_flags_what_is_too_young_to_judge(shop):
    trend = pm.funnel(shop, STEPS).trend("week")
    table = trend.to_frame()
    assert [str(day) for day in table["period"]] == [
        "2025-12-29",
        "2026-01-05",
        "2026-01-12",
        "2026-01-19",
        "2026-01-26",
    ]
    assert table["entered"].tolist() == [3, 0, 1, 0, 1]
    assert table["converted"].tolist() == [1, 0, 1, 0, 0]
    assert table["complete"].tolist() == [True, True, False, False, False]
    assert table["conversion_rate"].isna().tolist() == [False, True, False, True, False]
    assert trend.summary() == (
        "In the week of 2025-12-29, the last one old enough to judge, 1 of 3 users went from 'visit' to 'pay'. "
        "3 weeks are too young to judge: their shares can still rise."
    )
    assert len(trend.claims()) == 2
    assert "may add up to more" in trend.definition


def test_a_trend_between_two_steps_and_in_a_range(shop):
    table = pm.funnel(shop, STEPS, entries=("2026-01-01", "2026-01-10")).trend("day", from_step=2).to_frame()
    assert len(table) == 9
    assert table["entered"].tolist()[:3] == [1, 1, 0]
    assert table["converted"].tolist()[:3] == [1, 0, 0]


def test_without_a_time_limit_no_period_is_final(shop):
    trend = pm.funnel(shop, STEPS, within=None).trend("month")
    assert not trend.to_frame()["complete"].any()
    assert "Without a time limit no month is ever final" in trend.summary()


def test_an_event_long_before_the_others_is_no_million_of_periods(january):
    with pytest.raises(ParameterError, match="more than can be shown"):
        pm.funnel(january("a visit -3000", "b visit 3000", "b cart 3001"), ["visit", "cart"]).trend("hour")


def test_times_to_convert_by_hand(shop):
    times = pm.funnel(shop, STEPS).time_to_convert()
    table = times.to_frame()
    assert table["from_step"].tolist() == ["visit", "cart", "visit"]
    assert table["users"].tolist() == [3, 2, 2]
    assert (table["median_seconds"] / 86_400).tolist() == [1, 0.75, 1.5]
    assert times.summary().startswith("Half of the 2 users that went from 'visit' to 'pay' did so within 1.5 days;")


def test_a_step_that_nobody_made_took_no_time(january):
    times = pm.funnel(january("a visit 1", "b pay 2"), ["visit", "pay"]).time_to_convert()
    assert times.summary() == "Nobody went from 'visit' to 'pay', so there is no time to speak of."
    assert times.to_frame()["median_seconds"].isna().all()
    assert times.histogram().empty
    assert times.claims()[0].value is None
    assert math.isnan(times.median_of_all())


def test_a_few_who_took_very_long_do_not_squeeze_the_histogram(january):
    quick = [f"u{n} visit 1" for n in range(50)], [f"u{n} pay {1 + n / 1000}" for n in range(50)]
    times = pm.funnel(january(*quick[0], *quick[1], "slow visit 1", "slow pay 14"), ["visit", "pay"]).time_to_convert(
        bins=10
    )
    bars = times.histogram()
    assert len(bars) <= 11
    assert bars["users"].sum() == 51
    assert bars["until_seconds"].iloc[-1] == 13 * 86_400
    assert bars["users"].iloc[0] < 20


def test_equal_times_take_no_time(january):
    times = pm.funnel(january("a visit 1", "a pay 1"), ["visit", "pay"]).time_to_convert()
    assert times.to_frame()["mean_seconds"].tolist() == [0, 0]
    assert times.histogram()["users"].tolist() == [1]


def test_outcomes_say_how_each_attempt_ended(january):
    log = january("a visit 1", "a refund 2", "b visit 1", "c visit 28", "d visit 1", "d pay 2", "z other 30")
    listed = pm.funnel(log, ["visit", "pay"], exclude="refund").attempts()
    assert dict(zip(listed["user_id"], listed["outcome"], strict=True)) == {
        "a": "excluded", "b": "dropped off", "c": "still open", "d": "converted",
    }  # fmt: skip
    strict = pm.funnel(log, ["visit", "pay"], order="strict").attempts()
    assert dict(zip(strict["user_id"], strict["outcome"], strict=True))["a"] == "interrupted"


def test_removed_users_are_counted_and_explained(january):
    log = january("a visit 1", "a refund 2", "a pay 3", "b visit 1", "b pay 2")
    result = pm.funnel(log, ["visit", "pay"], exclude="refund", exclusion_policy="remove_user")
    assert result.to_frame()["users"].tolist() == [1, 1]
    assert result.removed == 1
    assert "Exclusions took 1 user out of every step." in result.summary()
    assert "an exclusion ended its furthest attempt" in result.explain("a").summary()


def test_nobody_left_after_removal_is_said(january):
    log = january("a visit 1", "a refund 2", "b pay 2")
    result = pm.funnel(log, ["visit", "pay"], exclude="refund", exclusion_policy="remove_user")
    assert result.summary() == (
        "Nobody did 'visit', so there is no conversion to speak of. Exclusions took 1 user out of every step."
    )


def test_an_explanation_tells_what_each_event_did(shop):
    told = pm.funnel(shop, STEPS).explain("b")
    assert told.to_frame()["event"].tolist() == ["visit", "visit", "cart", "pay"]
    assert told.to_frame()["role"].tolist() == [
        "step 1 of attempt 1", "step 1 of attempt 2", "step 2 of attempt 2", "step 3 of attempt 2",
    ]  # fmt: skip
    assert told.summary() == (
        "user_id 'b' counts at every step, up to 'pay' (3 of 3): attempt 2 of 2, begun 2026-01-18 00:00, made them all."
    )
    assert told.claims() == []


def test_an_explanation_names_the_limit_that_was_missed(january):
    log = january("a visit 1", "a cart 2", "a pay 9", "b pay 1", "z other 40")
    steps = ["visit", "cart", pm.Step("pay", within="3 days")]
    assert "the next step did not follow within 3 days" in pm.funnel(log, steps).explain("a").summary()
    assert "no attempt began" in pm.funnel(log, steps).explain("b").summary()


def test_a_unit_that_cannot_be_explained_is_told_apart(shop):
    result = pm.funnel(shop, STEPS)
    with pytest.raises(DataError, match="is in the log, but no event of it"):
        result.explain("z")
    with pytest.raises(DataError, match="has no user_id 'nobody'"):
        result.explain("nobody")


def test_segments_by_hand(january):
    frame = pd.DataFrame(
        [
            ("a", "visit", 1, "NL"),
            ("a", "pay", 2, None),
            ("b", "visit", 1, None),
            ("b", "pay", 3, "DE"),
            ("c", "visit", 1, "DE"),
        ],
        columns=["user", "event", "time", "country"],
    )
    frame["time"] = START + pd.to_timedelta(frame["time"], unit="D")
    log = pm.EventLog.from_frame(frame)
    result = pm.funnel(log, ["visit", "pay"], breakdown="country")
    ends = result.segments.ends()
    assert dict(zip(ends["segment"], zip(ends["users"], ends["entered"], strict=True), strict=True)) == {
        "(missing)": (1, 1), "DE": (0, 1), "NL": (1, 1),
    }  # fmt: skip
    assert "The segments add up to the 3 users that entered." in result.summary()
    assert result.definition.startswith("By country: the value at the entry")
    assert {claim.id for claim in result.claims()} >= {"funnel.step_2", "funnel.segment.DE"}
    last = result.by("country", attribution=2)
    assert last.to_frame()["segment"].unique().tolist() == ["(missing)", "DE"]
    assert "the others did not make that step" in last.summary()
    several = result.by("country", attribution="all")
    assert several.in_segments == 3
    assert result.by("country").against_rest()["adjusted_p_value"].between(0, 1).all()


def test_many_segments_are_capped_and_said():
    rows = [
        (f"u{n}", event, f"2026-01-0{day}", f"page {n}")
        for n in range(300)
        for event, day in (("visit", 1), ("pay", 2))
    ]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time", "page"]), timezone="UTC")
    result = pm.funnel(log, ["visit", "pay"], breakdown="page")
    assert len(result.segments.ends()) == 11
    assert result.segments.others == 290
    assert "(other) stands for 290 more values" in result.definition
    with pytest.raises(ParameterError, match="from 1 to 100"):
        result.by("page", top=1000)


def test_a_rest_that_is_no_other_group_is_refused():
    rows = [("a", "visit", "2026-01-01", "x"), ("a", "visit", "2026-01-02", "y"), ("b", "pay", "2026-01-02", "x")]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time", "p"]), timezone="UTC")
    found = pm.funnel(log, ["visit", "pay"]).by("p", attribution="all")
    assert "who did steps with several values is in several segments" in found.summary()
    with pytest.raises(ParameterError, match="no segment has a rest"):
        found.against_rest()


def test_attempts_are_counted_alike_in_every_view(january):
    log = january("a visit 1", "a visit 2", "a cart 3", "a visit 5", "a cart 6", "b visit 1", "z other 30")
    result = pm.funnel(log, ["visit", "cart"], count="attempts")
    assert result.to_frame()["users"].tolist() == [4, 2]
    assert len(result.users(1)) == 4
    assert len(result.users(2)) == 2
    assert result.time_to_convert().to_frame()["users"].tolist() == [2, 2]
    assert result.trend("month").to_frame()["converted"].tolist() == [2]
    assert result.reach()["users"].tolist() == [4, 2]
    listed = result.attempts()
    assert listed["counts"].all()
    assert listed["step_number"].tolist() == [1, 2, 2, 1]
    assert result.explain("a").summary() == "user_id 'a' counts with 3 attempts: 2 converted, 1 dropped off."
    assert "as if attempts were independent" in result.definition
    with pytest.raises(ParameterError, match="count='users'"):
        result.drivers()


def test_without_an_order_the_sentence_names_no_first_and_last(january):
    log = january("a cart 1", "a visit 2", "a pay 3", "b pay 1", "b visit 2", "z other 30")
    result = pm.funnel(log, STEPS, order="any")
    assert result.summary().startswith(
        "1 of 2 users did all of 'visit', 'cart' and 'pay', in any order, within 14 days;"
    )
    assert result.reach()["users"].tolist() == [2, 1, 2]
    anchored = pm.funnel(log, STEPS, order="first_then_any")
    assert "did 'visit' and then, in any order, 'cart' and 'pay' within 14 days" in anchored.summary()
    assert result.time_to_convert().summary().startswith("The only one of the users")


def test_a_tolerance_is_said_with_what_depends_on_it(january):
    result = pm.funnel(january("a pay 1", "a visit 1.00001", "b visit 1"), ["visit", "pay"], tie_tolerance="2 seconds")
    assert result.to_frame()["users"].tolist() == [2, 1]
    assert result.tolerated == 1
    assert "1 conversion depends on the tie tolerance." in result.summary()
    assert "a step may come up to 2 seconds before the one it follows" in result.definition


def test_optional_steps_change_no_later_share(january):
    log = january("a visit 1", "a cart 2", "a pay 3", "b visit 1", "b pay 2")
    result = pm.funnel(log, ["visit", pm.Step("cart", optional=True), "pay"])
    assert result.to_frame()["users"].tolist() == [2, 1, 2]
    assert result.to_frame()["step_conversion_rate"].tolist()[1:] == [0.5, 1.0]
    assert result.users(2)["user_id"].tolist() == ["a"]
    assert result.users(2, "dropped")["user_id"].tolist() == ["b"]
    assert "nobody stopped on the way" in result.summary()
    with pytest.raises(ParameterError, match="optional step is neither"):
        result.trend(from_step=2)


def test_own_limits_make_attempts_mature_without_a_window(january):
    log = january("a visit 1", "a pay 2", "b visit 1", "c visit 29", "z other 30")
    result = pm.funnel(log, ["visit", pm.Step("pay", within="3 days")], within=None)
    assert result.to_frame()["mature_users"].tolist() == [2, 1]
    assert "1 user still has time to go further" in result.summary()
    assert "no time limit on the whole" in result.definition


def test_a_held_property_is_listed(january):
    frame = pd.DataFrame(
        [("a", "visit", 1, "k1"), ("a", "visit", 1, "k2"), ("a", "pay", 2, "k2"), ("b", "visit", 1, None)],
        columns=["user", "event", "time", "cart_id"],
    )
    frame["time"] = START + pd.to_timedelta(frame["time"], unit="D")
    result = pm.funnel(pm.EventLog.from_frame(frame), ["visit", "pay"], hold="cart_id")
    assert result.to_frame()["users"].tolist() == [1, 1]
    assert result.attempts()["cart_id"].tolist() == ["k1", "k2"]
    assert result.attempts()["counts"].tolist() == [False, True]
    assert result.explain("a").to_frame()["role"].tolist() == [
        "step 1 of attempt 1", "step 1 of attempt 2", "step 2 of attempt 2",
    ]  # fmt: skip
    assert result.attempts()["attempt"].tolist() == [1, 2]


def test_drivers_name_what_goes_with_either_outcome_and_never_why(january):
    lines = [f"u{n} visit 1" for n in range(200)] + [f"u{n} pay 3" for n in range(100)]
    lines += [f"u{n} help 2" for n in (*range(90), 150)] + [f"u{n} error 2" for n in range(110, 190)]
    found = pm.funnel(january(*lines, "z other 40"), ["visit", "pay"]).drivers()
    assert found.to_frame()["value"].tolist() == ["help", "error"]
    said = found.summary()
    assert said.startswith(
        "Of 200 users that converted or had all their time, 100 converted. Most with converting goes 'help'"
    )
    assert "Most with dropping off goes 'error'" in said
    assert "an association only" in said
    assert "watched for longer" in said
    for word in ("because", "caused", "led to", "due to"):
        assert word not in said
    help_row = found.to_frame().iloc[0]
    assert help_row["odds_ratio"] == pytest.approx(odds_ratio(90, 91, 10, 109).value)


def test_drivers_with_nothing_to_judge_say_so(january):
    found = pm.funnel(
        january("a visit 1", "b visit 1", "b pay 1.5"), ["visit", "pay"], entries=("2026-02-01", "2026-03-01")
    ).drivers()
    assert found.summary() == "No attempt has converted or had all its time yet, so there is nothing to compare."
    assert found.to_frame().empty


def test_an_exclusion_is_no_driver(january):
    log = january("a visit 1", "a refund 2", "b visit 1", "b pay 2", "z other 40")
    found = pm.funnel(log, ["visit", "pay"], exclude="refund").drivers(smallest=1)
    assert found.to_frame().empty


def test_a_comparison_says_which_side_is_young(january):
    log = january("a visit 1", "a pay 2", "b visit 25", "c visit 26", "c pay 27", "z other 30")
    before, after = (
        pm.funnel(log, ["visit", "pay"], entries=span)
        for span in (("2026-01-01", "2026-01-10"), ("2026-01-20", "2026-01-29"))
    )
    assert "Still with time to go further: 1 of after, so these shares can rise." in before.compare(after).summary()


# --- nothing to see --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["loose", "strict", "any", "first_then_any"])
def test_every_view_survives_a_funnel_that_nobody_entered(january, order):
    log = january("a other 1", "b pay 2") if order != "any" else january("a other 1")
    with pytest.warns(PmAnalyticsWarning, match="never occurs"):
        result = pm.funnel(log, ["visit", "cart"], order=order)
    views = [result, result.trend("day"), result.time_to_convert(), result.by("user_id"), result.drivers()]
    for view in views:
        assert view.summary()
        assert view.definition
        assert repr(view)
        assert view.plot().to_dict()["description"]
        view.claims()
    assert result.time_to_convert().plot(kind="curve").to_dict()
    assert result.users(1).empty
    assert result.attempts().empty
    assert result.reach()["conversion_rate"].isna().all()
    assert "Nobody entered" in result.trend("day").summary()


def test_all_too_young_is_said(january):
    result = pm.funnel(january("a visit 1", "b visit 2", "b pay 2.5"), ["visit", "pay"])
    assert "no attempt has had all its time yet" in result.summary()
    assert "No week with entries is old enough to judge" in result.trend().summary()
    assert result.trend().plot().to_dict()


# --- what makes no sense ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exclude": [pm.Exclusion("refund", after=1, before=9)]}, "steps are numbered 1 to 3"),
        ({"exclude": [pm.Exclusion("refund", after="1", before=2)]}, "steps are numbered 1 to 3"),
        ({"exclude": [pm.Exclusion("cart")]}, "could fill the step 'cart'"),
        ({"exclude": [3]}, "pm.Exclusion"),
        ({"exclude": [pm.Exclusion("refund", after=2)], "order": "any"}, "leave out after= and before="),
        ({"order": "losse"}, "did you mean 'loose'"),
        ({"reentry": "never"}, "write one of any, first"),
        ({"count": "sessions"}, "write one of users, attempts"),
        ({"order": "any", "count": "attempts"}, "cannot be counted"),
        ({"order": "strict", "tie_tolerance": "1 second"}, "cannot be counted"),
        ({"value": "event"}, "only numbers add up"),
        ({"value": "amount", "order": "any"}, "needs an order"),
        ({"value": "amount", "breakdown": "country"}, "do not go together"),
        ({"breakdown": "country", "attribution": 7}, "number of a step"),
        ({"breakdown": "country", "attribution": "frist"}, "is not a choice"),
        ({"breakdown": []}, "needs a property"),
        ({"entries": "2026-01-01"}, "must be two moments"),
        ({"steps": ["visit", 5]}, "pm.Step"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_to_write(options, said):
    rows = [
        ("a", "visit", "2026-01-01", "NL", 1.0),
        ("a", "cart", "2026-01-02", "NL", 2.0),
        ("a", "pay", "2026-01-03", "NL", 2.0),
    ]
    log = pm.EventLog.from_frame(
        pd.DataFrame(rows, columns=["user", "event", "time", "country", "amount"]), timezone="UTC"
    )
    options = dict(options)
    with pytest.raises(ParameterError, match=said):
        pm.funnel(log, options.pop("steps", STEPS), **options)


@pytest.mark.parametrize("options", [{"hold": "cart_di"}, {"breakdown": "cart_di"}, {"value": "cart_di"}])
def test_a_property_that_is_not_there_is_answered_with_the_nearest(options):
    rows = [("a", "visit", "2026-01-01", "k"), ("a", "pay", "2026-01-02", "k")]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time", "cart_id"]), timezone="UTC")
    with pytest.raises(UnknownNameError, match="did you mean 'cart_id'"):
        pm.funnel(log, ["visit", "pay"], **options)


def test_views_refuse_what_makes_no_sense(shop):
    result = pm.funnel(shop, STEPS)
    for wrong in (
        lambda: result.users(0),
        lambda: result.users(True),
        lambda: result.users(1, "dropped"),
        lambda: result.users(2, "gone"),
        lambda: result.attempts(0),
        lambda: result.trend("fortnight"),
        lambda: result.trend(from_step=3, to_step=2),
        lambda: result.trend(from_step="1"),
        lambda: result.time_to_convert(bins=0),
        lambda: result.time_to_convert(to_step=9),
        lambda: result.drivers(events=False),
        lambda: result.drivers(smallest=0),
        lambda: result.plot(kind="pie"),
        lambda: result.explain("a").plot(),
    ):
        with pytest.raises(ParameterError):
            wrong()
    with pytest.raises(UnknownNameError):
        result.drivers(properties=["contry"])


# --- charts ----------------------------------------------------------------------------------------------------------


def data_of(chart):
    """Give all rows that a chart draws."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def test_periods_that_are_too_young_are_hollow_and_apart_from_the_line(shop):
    spec = pm.funnel(shop, STEPS).trend("week").plot().to_dict()
    line = next(each for each in spec["layer"] if each["mark"]["type"] == "line" and "strokeDash" not in each["mark"])
    assert all(row["complete"] for row in spec["datasets"][line["data"]["name"]])
    hollow = next(each for each in spec["layer"] if each["mark"].get("filled") is False)
    assert [row["complete"] for row in spec["datasets"][hollow["data"]["name"]]] == [False, False]
    assert "too young to judge" in " ".join(spec["title"]["subtitle"])


def test_small_segments_are_drawn_hollow_and_in_counts():
    rows = [(f"u{n}", "visit", "2026-01-01", "NL" if n else "BE") for n in range(30)] + [
        ("u1", "pay", "2026-01-02", "NL")
    ]
    log = pm.EventLog.from_frame(pd.DataFrame(rows, columns=["user", "event", "time", "country"]), timezone="UTC")
    rows = {row["segment"]: row for row in data_of(pm.funnel(log, ["visit", "pay"], breakdown="country").plot())}
    assert (rows["BE"]["small"], rows["BE"]["said"]) == (True, "0 of 1")
    assert rows["NL"]["said"] == "3.4%  (1 of 29)"


def test_a_chart_of_drivers_carries_its_caution(shop):
    spec = pm.funnel(shop, STEPS).drivers(smallest=1).plot().to_dict()
    assert "association only" in " ".join(spec["title"]["subtitle"])


def test_charts_draw_a_few_hundred_rows_however_many_there_are():
    rng = np.random.default_rng(7)
    count = 3_000
    entered = START + pd.to_timedelta(rng.integers(0, 20 * 86_400, count), unit="s")
    paid = entered + pd.to_timedelta(rng.exponential(86_400, count), unit="s")
    users = [f"u{n}" for n in range(count)]
    frame = pd.DataFrame({"user": users * 2, "event": ["visit"] * count + ["pay"] * count, "time": [*entered, *paid]})
    times = pm.funnel(pm.EventLog.from_frame(frame), ["visit", "pay"]).time_to_convert()
    assert len(times.curve()) > 400
    assert len(data_of(times.plot(kind="curve"))) <= 400
    assert len(data_of(times.plot())) <= 40


@pytest.mark.slow
def test_one_unit_with_hundreds_of_thousands_of_events_stays_countable():
    """A machine among the users must not make every view quadratic."""
    count = 240_000
    frame = pd.DataFrame(
        {
            "user": "machine",
            "event": np.resize(["visit", "cart", "other", "pay"], count),
            "time": START + pd.to_timedelta(np.arange(count), unit="s"),
        }
    )
    log = pm.EventLog.from_frame(frame)
    result = pm.funnel(log, STEPS, within="1 hour")
    assert result.to_frame()["users"].tolist() == [1, 1, 1]
    assert result.trend("day").to_frame()["converted"].tolist() == [1, 1, 1]
    assert len(result.attempts()) == 60_000
    assert result.time_to_convert().to_frame()["users"].tolist() == [1, 1, 1]
    assert result.explain("machine").step_number == 3
    each = pm.funnel(log, STEPS, within="1 hour", count="attempts")
    assert each.to_frame()["users"].tolist() == [60_000] * 3
    loose = pm.funnel(log, STEPS, within="1 hour", order="any")
    assert loose.to_frame()["users"].tolist() == [1, 1, 1]
    listed = loose.attempts()
    assert len(listed) == 180_000
    # The counted attempt; and one that ended where it began.
    assert listed["ended_at"].notna().sum() == 2
    assert loose.explain("machine").step_number == 3
