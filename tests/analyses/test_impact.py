"""What a launch moved: the design, the interval from fake launches, what is refused, and what is said."""

import math

import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm
from pm_analytics.analyses.impact.occasions import occasions_of
from pm_analytics.errors import DataError, ParameterError, UnknownNameError

LAUNCH = "2026-01-08"


def visits(lift=0.0, *, days=400, after=28, seed=1, trend=0.0, name="visits"):
    """A product with a weekly rhythm; the launch lifts it from 28 days before the end on."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range(pd.Timestamp(LAUNCH) - pd.Timedelta(days=days - after), periods=days)
    week = np.where(dates.day_of_week < 5, 1.05, 0.9)
    level = 1_000 * (1 + trend * np.arange(days) / days) * week
    values = level + 15 * rng.standard_normal(days)
    values[days - after :] *= 1 + lift
    return pd.Series(values, dates, name=name)


def test_a_lift_is_found_with_an_interval_that_holds_it():
    found = pm.impact(visits(0.08), LAUNCH)
    row = found.to_frame().iloc[0]
    assert row["status"] == "moved"
    assert row["lift_ci_lower"] < 0.08 < row["lift_ci_upper"]
    assert (found.design, found.grade, found.claim) == ("its", "C", "moved, cause not separable")
    assert row["cumulative"] == pytest.approx(28 * row["difference"])


def test_nothing_is_not_called_no_effect_and_says_what_could_have_been_seen():
    found = pm.impact(visits(), LAUNCH)
    assert found.claim == "not detectable"
    assert "smallest change it could have seen" in found.summary()
    assert "no effect" not in found.summary()


def test_numbers_scale_with_the_series_and_not_with_the_order_of_rows():
    series = visits(0.05)
    frame = series.rename_axis("day").reset_index()
    plain = pm.impact(frame, LAUNCH, "visits", time="day").to_frame().iloc[0]
    mixed = pm.impact(frame.sample(frac=1, random_state=2), LAUNCH, "visits", time="day").to_frame().iloc[0]
    large = pm.impact(series * 1000, LAUNCH).to_frame().iloc[0]
    assert mixed["lift"] == pytest.approx(plain["lift"], rel=1e-12)
    assert large["lift_ci_upper"] == pytest.approx(plain["lift_ci_upper"], rel=1e-9)
    assert large["difference"] == pytest.approx(1000 * plain["difference"], rel=1e-9)


def test_a_launch_during_the_day_leaves_that_day_out():
    series = visits(0.05)
    series[LAUNCH] = 50_000.0
    found = pm.impact(series, f"{LAUNCH} 09:00")
    assert found.path().query("phase == 'left out'")["period"].astype(str).tolist() == [LAUNCH]
    assert found.to_frame()["lift"].iloc[0] < 0.2


def test_days_of_an_outage_are_left_out_and_counted():
    series = visits(0.05)
    series["2026-01-12":"2026-01-13"] = 0.0
    spoiled = pm.impact(series, LAUNCH).to_frame()["lift"].iloc[0]
    found = pm.impact(series, LAUNCH, calendar=[("2026-01-12", "2026-01-13", "outage")])
    assert found.to_frame()["lift"].iloc[0] > spoiled + 0.04
    assert "2 days left out" in found.definition


def test_missing_days_are_not_filled_in():
    series = visits(0.05)
    gaps = series.drop(series.index[[50, 51, 380]])
    found = pm.impact(gaps, LAUNCH)
    assert found.path()["actual"].isna().sum() == 3
    assert found.to_frame()["lift"].iloc[0] == pytest.approx(0.05, abs=0.02)


def test_another_change_that_stayed_near_the_launch_is_a_rival():
    found = pm.impact(visits(0.2), LAUNCH, calendar=[("2026-01-15", None, "new prices")])
    assert found.claim == "refused"
    assert "new prices (2026-01-15) lies too close" in found.summary()
    far = pm.impact(visits(0.2), LAUNCH, calendar=[("2025-06-15", None, "new prices")])
    assert far.claim == "moved, cause not separable"


def test_a_negative_control_that_moves_too_forbids_the_claim():
    both = pd.DataFrame({"visits": visits(0.2), "other": visits(0.2, seed=5)}).rename_axis("day").reset_index()
    found = pm.impact(both, LAUNCH, "visits", time="day", negative_controls="other")
    assert found.claim == "refused"
    assert "other moved too" in found.summary()
    still = both.assign(other=visits(0.0, seed=5).to_numpy())
    assert pm.impact(still, LAUNCH, "visits", time="day", negative_controls="other").claim != "refused"


@pytest.mark.parametrize(
    ("days", "after", "words"),
    [(60, 28, "only 32 days are known before"), (300, 5, "a full week is the least")],
)
def test_too_little_data_is_refused_with_the_reason(days, after, words):
    found = pm.impact(visits(0.5, days=days, after=after), LAUNCH)
    assert found.grade == "D"
    assert words in found.summary()
    assert found.to_frame()[["lift_ci_lower", "mde"]].isna().all(axis=None)


def test_percentages_of_a_total_that_is_not_positive_are_not_given():
    series = visits(0.05) - 2_000
    row = pm.impact(series, LAUNCH).to_frame().iloc[0]
    assert math.isnan(row["lift"])
    assert not math.isnan(row["ci_lower"])


def test_a_covariate_narrows_the_interval_and_one_without_use_is_said():
    rng = np.random.default_rng(3)
    shared = 80 * rng.standard_normal(400).cumsum() / 10
    frame = pd.DataFrame({"y": visits(0.05) + shared, "x": 500 + shared, "flat": 1.0})
    frame = frame.rename_axis("day").reset_index()
    alone = pm.impact(frame, LAUNCH, "y", time="day").to_frame().iloc[0]
    helped = pm.impact(frame, LAUNCH, "y", time="day", covariates=["x", "flat"])
    row = helped.to_frame().iloc[0]
    assert row["ci_upper"] - row["ci_lower"] < 0.7 * (alone["ci_upper"] - alone["ci_lower"])
    assert "flat does not vary before the launch and was not used" in helped.doubts


def test_a_guardrail_is_judged_by_its_limit():
    frame = pd.DataFrame({"y": visits(0.05), "errors": visits(0.3, seed=8)}).rename_axis("day").reset_index()
    limit = pm.Metric.recorded("errors", kind="mean", direction="down", max_harm=0.1)
    found = pm.impact(frame, LAUNCH, "y", time="day", guardrails=limit)
    assert found.to_frame()["status"].tolist() == ["moved", "harm"]


def test_it_tells_when_the_change_began():
    series = visits(0.0)
    series.iloc[-45:] *= 1.2
    began = pm.impact(series, LAUNCH).began()
    assert str(began.day) == str(series.index[-45].date())
    assert began.with_launch is False
    assert pm.impact(visits(0.2), LAUNCH).began().with_launch is True
    assert pm.impact(visits(), LAUNCH).began().day is None


def test_other_ways_of_asking_are_laid_side_by_side():
    view = pm.impact(visits(0.1, days=700), LAUNCH).robustness()
    same, judged = view.agreeing()
    assert same == judged >= 3
    assert "moved up" in view.summary()


@pytest.mark.parametrize("kind", ["forecast", "cumulative", "placebos", "forest"])
def test_every_picture_carries_its_finding(kind):
    found = pm.impact(visits(0.1), LAUNCH)
    drawn = found.plot(kind=kind).to_dict()
    assert drawn["description"]
    assert drawn["title"]["text"]


def test_fake_launches_are_listed_with_the_true_one_last():
    table = pm.impact(visits(0.1), LAUNCH).placebos()
    assert table["phase"].tolist() == ["fake launch"] * (len(table) - 1) + ["launch"]
    assert table["period"].is_monotonic_increasing


def test_a_log_is_counted_per_local_day_and_full_days_only():
    stamps = pd.date_range("2025-10-31 23:30", periods=24 * 150, freq="h", tz="Europe/Amsterdam")
    events = pd.DataFrame({"user_id": [f"u{i % 50}" for i in range(len(stamps))], "event": "open", "timestamp": stamps})
    log = pm.EventLog.from_frame(events, user="user_id", event="event", time="timestamp", timezone="Europe/Amsterdam")
    found = pm.impact(log, "2026-03-01", pm.Metric.count("open"))
    path = found.path()
    assert str(path["period"].iloc[0]) == "2025-11-01"
    assert set(path["actual"]) == {24.0}
    assert found.claim == "refused"  # nothing ever varies, so misses cannot be learned
    assert str(path["period"].iloc[-1]) == "2026-03-28"


def test_days_with_a_change_of_the_clocks_have_their_own_number_of_hours():
    stamps = pd.date_range("2025-10-01", "2026-04-06", freq="h", tz="Europe/Amsterdam")
    events = pd.DataFrame({"user_id": "u", "event": "open", "timestamp": stamps})
    log = pm.EventLog.from_frame(events, user="user_id", event="event", time="timestamp", timezone="Europe/Amsterdam")
    path = pm.impact(log, "2026-03-15", pm.Metric.count("open")).path().set_index("period")["actual"]
    assert {str(day): hours for day, hours in path.items() if hours != 24} == {"2025-10-26": 25.0, "2026-03-29": 23.0}


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"launched_at": "2030-01-01"}, DataError, "does not lie inside the series"),
        ({"launched_at": "soon"}, ParameterError, "is not a date"),
        ({"metric": "nothing"}, UnknownNameError, "nothing"),
        ({"design": "magic"}, ParameterError, "design='magic'"),
        ({"unit": "region"}, ParameterError, "treated="),
        ({"treated": ["a"]}, ParameterError, "unit="),
        ({"covariates": "visits"}, ParameterError, "its own covariate"),
        ({"calendar": [("x", None, "y")]}, ParameterError, "where a day is needed"),
        ({"calendar": [("2026-01-02", "2026-01-01", "y")]}, ParameterError, "before it starts"),
    ],
)
def test_bad_questions_say_what_to_write(asked, error, words):
    frame = visits(0.1).rename_axis("day").reset_index()
    with pytest.raises(error, match=words):
        pm.impact(frame, asked.pop("launched_at", LAUNCH), asked.pop("metric", "visits"), **{"time": "day"} | asked)


def test_bad_tables_say_what_is_wrong():
    frame = visits(0.1).rename_axis("day").reset_index()
    with pytest.raises(DataError, match="more than one row for"):
        pm.impact(pd.concat([frame, frame.tail(1)]), LAUNCH, "visits", time="day")
    with pytest.raises(DataError, match="which is no number"):
        pm.impact(frame.assign(visits="many"), LAUNCH, "visits", time="day")
    with pytest.raises(DataError, match="which is no date"):
        pm.impact(frame.assign(day="someday"), LAUNCH, "visits", time="day")
    with pytest.raises(DataError, match="neither days, weeks, months nor years"):
        pm.impact(frame.iloc[::3], LAUNCH, "visits", time="day")


def test_a_calendar_is_read_from_a_frame_with_empty_ends():
    table = pd.DataFrame(
        {"start": ["2026-01-05", "2026-01-01"], "end": [None, "2026-01-02"], "what": ["price", "holiday"]}
    )
    assert [str(each) for each in occasions_of(table)] == ["holiday (2026-01-01 to 2026-01-02)", "price (2026-01-05)"]


# Units with and without the launch


def regions(effect=0.0, *, units=24, treated=10, seed=3, days=120, after=28):
    rng = np.random.default_rng(seed)
    dates = pd.date_range(pd.Timestamp(LAUNCH) - pd.Timedelta(days=days - after), periods=days)
    shared, levels = np.cumsum(rng.standard_normal(days)), 100 + 10 * rng.standard_normal(units)
    values = levels + shared[:, None] + 2 * rng.standard_normal((days, units))
    values[days - after :, :treated] += effect
    wide = pd.DataFrame(values, dates, [f"r{i:02}" for i in range(units)])
    return wide.rename_axis("day").reset_index().melt("day", var_name="region", value_name="sales")


def with_it(count):
    return [f"r{i:02}" for i in range(count)]


def test_many_units_on_each_side_are_compared_by_difference_in_differences():
    found = pm.impact(regions(5.0), LAUNCH, "sales", time="day", unit="region", treated=with_it(10))
    assert (found.design, found.grade, found.claim) == ("did", "B", "consistent with the launch")
    assert found.primary.ci_lower < 5.0 < found.primary.ci_upper
    assert found.primary.actual - found.primary.expected == pytest.approx(found.primary.difference)
    assert "if both groups would otherwise have moved alike" in found.summary()


def test_guardrails_and_negative_controls_are_compared_by_the_same_design():
    frame = regions(5.0).assign(errors=regions(40.0, seed=8)["sales"], other=regions(6.0, seed=9)["sales"])
    harm = pm.Metric.recorded("errors", kind="mean", direction="down", max_harm=0.1)
    asked = {"time": "day", "unit": "region", "treated": with_it(10)}
    found = pm.impact(frame, LAUNCH, "sales", guardrails=harm, **asked)
    assert found.to_frame()["status"].tolist() == ["moved", "harm"]
    assert set(found.to_frame()["design"]) == {"did"}
    moved = pm.impact(frame, LAUNCH, "sales", negative_controls="other", **asked)
    assert moved.claim == "refused"
    with pytest.raises(ParameterError, match="units compared have each other"):
        pm.impact(frame, LAUNCH, "sales", covariates="other", **asked)


def test_few_units_with_it_get_a_synthetic_control():
    found = pm.impact(regions(8.0, treated=2), LAUNCH, "sales", time="day", unit="region", treated=with_it(2))
    assert found.design == "synthetic"
    assert found.primary.difference == pytest.approx(8.0, abs=2.0)
    assert found.primary.total == pytest.approx(2 * 28 * found.primary.difference)


def test_waves_are_compared_with_units_that_do_not_have_it_yet():
    frame = regions(0.0, treated=0)
    dates = {f"r{i:02}": pd.Timestamp(LAUNCH) + pd.Timedelta(days=7 * (i % 3)) for i in range(15)}
    for unit, day in dates.items():
        frame.loc[(frame["region"] == unit) & (frame["day"] >= day), "sales"] += 6.0
    found = pm.impact(frame, dates, "sales", time="day", unit="region")
    assert (found.design, found.grade) == ("staggered", "B")
    assert found.primary.difference == pytest.approx(6.0, abs=1.0)
    assert any("is not used" in doubt for doubt in found.doubts)


def test_too_few_units_on_both_sides_help_the_forecast_only():
    found = pm.impact(
        regions(8.0, units=5, treated=2, days=400), LAUNCH, "sales", time="day", unit="region", treated=with_it(2)
    )
    assert (found.design, found.grade) == ("its", "C")
    assert "too few to compare" in found.why
    assert found.primary.ci_lower < 8.0 < found.primary.ci_upper


def test_groups_that_moved_apart_before_are_refused():
    frame = regions(0.0)
    mine = frame["region"].isin(with_it(10))
    frame.loc[mine, "sales"] += 0.3 * (frame.loc[mine, "day"] - frame["day"].min()).dt.days
    found = pm.impact(frame, LAUNCH, "sales", time="day", unit="region", treated=with_it(10))
    assert found.claim == "refused"
    assert "did not move alike" in found.summary()


def test_a_log_is_compared_by_the_values_of_a_property():
    frame = regions(0.0)
    rows = frame.loc[frame.index.repeat(3)].assign(
        user_id=lambda f: f["region"] + (f.groupby(level=0).cumcount()).astype(str)
    )
    rows = rows.assign(event="open")
    doubled = rows["region"].isin(with_it(10)) & (rows["day"] >= LAUNCH)
    rows = pd.concat([rows, rows[doubled]])
    log = pm.EventLog.from_frame(rows, user="user_id", event="event", time="day", timezone="UTC")
    found = pm.impact(log, LAUNCH, pm.Metric.count("open"), unit="region", treated=with_it(10))
    assert found.design == "did"
    assert found.primary.actual == pytest.approx(2.0)
    assert found.primary.expected == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"treated": ["nowhere"]}, UnknownNameError, "nowhere"),
        ({"unit": "country"}, UnknownNameError, "country"),
        ({"launched_at": {"r00": None}}, ParameterError, "No unit got the launch"),
        ({"launched_at": "2030-01-01"}, DataError, "does not lie inside the table"),
    ],
)
def test_bad_panels_say_what_to_write(asked, error, words):
    when = asked.pop("launched_at", LAUNCH)
    question = {"time": "day", "unit": "region"} | ({} if isinstance(when, dict) else {"treated": with_it(3)})
    with pytest.raises(error, match=words):
        pm.impact(regions(), when, "sales", **(question | asked))


def test_a_unit_with_two_rows_for_a_day_is_refused():
    frame = regions()
    with pytest.raises(DataError, match="more than one row for"):
        pm.impact(pd.concat([frame, frame.tail(1)]), LAUNCH, "sales", time="day", unit="region", treated=with_it(10))


# Who was there, and who took to it


def users(effect=0.0, seed=4):
    """Active users adopt first; using it adds ``effect`` exports a week."""
    rng = np.random.default_rng(seed)
    count, start = 900, pd.Timestamp(LAUNCH) - pd.Timedelta(days=60)
    keen = rng.gamma(2, 0.5, count)
    adopts = rng.random(count) < 1 / (1 + np.exp(2.5 - 1.2 * keen))
    begun = np.where(adopts, rng.integers(0, 14, count), -1)
    rows = []
    for day in range(60 + 45):
        since = day - 60
        level = keen * 0.4 + effect / 7 * ((begun >= 0) & (since >= begun))
        for event, number in (("export", rng.poisson(level)), ("open", rng.poisson(0.3 + 0.3 * keen))):
            who = np.repeat(np.arange(count), number)
            rows.append(pd.DataFrame({"user_id": who, "event": event, "day": day}))
        who = np.flatnonzero(begun == since) if since >= 0 else np.array([], dtype=int)
        rows.append(pd.DataFrame({"user_id": who, "event": "bulk", "day": day}))
    frame = pd.concat(rows, ignore_index=True)
    frame["timestamp"] = start + pd.to_timedelta(frame["day"] * 24 + 9, unit="h")
    frame["plan"] = np.where(frame["user_id"] % 3 == 0, "pro", "free")
    return pm.EventLog.from_frame(frame, user="user_id", event="event", time="timestamp", timezone="UTC")


def test_adopters_look_better_than_others_where_using_it_does_nothing_and_adjusting_takes_most_of_it():
    view = pm.impact(users(), LAUNCH, pm.Metric.count("export"), per="unit").adopters("bulk")
    ways = view.to_frame().set_index("way")
    assert ways.loc["unadjusted", "ci_lower"] > 1
    # Four weeks tell only roughly how keen a user is, so a part stays: why this is never called an impact.
    assert ways.loc["adjusted, comparable units only", "difference"] < 0.4 * ways.loc["unadjusted", "difference"]
    assert view.found.e_value < 1.8
    assert "does not show what using it does" in view.summary()
    assert view.plot().to_dict()["description"]


def test_an_association_of_users_with_a_true_effect_is_found():
    view = pm.impact(users(2.0), LAUNCH, pm.Metric.count("export"), per="unit").adopters("bulk")
    kept = view.to_frame().set_index("way").loc["adjusted, comparable units only"]
    assert kept["ci_lower"] < 8.0 < kept["ci_upper"]  # four weeks of two more
    assert view.found.e_value > 1
    assert view.before_and_after > view.illusion


def test_adopters_need_six_weeks_after_the_launch():
    early = users().as_of("2026-02-01")
    with pytest.raises(DataError, match="six weeks after"):
        pm.impact(early, LAUNCH, pm.Metric.count("export"), length=7).adopters("bulk")


def test_rate_and_mix_add_up_to_the_change():
    log = users()
    view = pm.impact(log, LAUNCH, pm.Metric.count("export"), per="unit").mix("plan")
    table = view.to_frame()
    assert table["segment"].tolist() == ["free", "pro"]
    assert table["rate_part"].sum() + table["mix_part"].sum() == pytest.approx(view.found.change, abs=1e-12)
    assert table["share_before"].sum() == pytest.approx(1)
    assert "from who was there" in view.summary()
    assert view.plot().to_dict()["description"]
    with pytest.raises(ParameterError, match="Only a log"):
        pm.impact(visits(0.1), LAUNCH).mix("plan")


# Before a launch


def test_a_plan_says_what_could_be_seen_and_when():
    plan = pm.plan_launch(visits().iloc[:-28], launch_on=LAUNCH, lengths=(7, 28))
    table = plan.to_frame()
    assert table["read_on"].astype(str).tolist() == ["2026-01-16", "2026-02-06"]
    assert (table["mde"] > 0).all()
    assert plan.earliest(1.0) == table["read_on"].iloc[0]
    assert plan.earliest(1e-6) is None


def test_what_comes_after_the_planned_day_is_not_looked_at():
    series = visits(0.5)
    known = pm.plan_launch(series, launch_on=LAUNCH).to_frame()
    blind = pm.plan_launch(series.iloc[:-28], launch_on=LAUNCH).to_frame()
    pd.testing.assert_frame_equal(known, blind)


def test_a_rehearsal_finds_large_changes_and_seldom_none():
    plan = pm.plan_launch(visits(days=700).iloc[:-28], launch_on=LAUNCH, lengths=(28,))
    share = plan.rehearsal((0.0, 0.5)).set_index("injected")["found_share"]
    assert share[0.5] == 1.0
    assert share[0.0] <= 0.2


def test_the_planned_change_is_found_about_as_often_as_planned():
    """What is promised before holds after: a lift of the size of the MDE is found in about 8 of 10 launches."""
    found = []
    for seed in range(60):
        size = pm.plan_launch(visits(seed=seed).iloc[:-28], launch_on=LAUNCH, lengths=(28,)).to_frame()["mde"].iloc[0]
        found.append(pm.impact(visits(size, seed=seed), LAUNCH).primary.moved)
    assert 0.65 <= np.mean(found) <= 0.95


# Real launches


def test_the_emissions_scandal_is_seen(shared):
    prices = pd.read_csv(shared / "data" / "impact" / "ci_volks_data.csv", sep=" ")
    found = pm.impact(prices, "2015-09-20", "VolksWagen", time="Date", covariates="Allianz")
    assert found.primary.moved
    assert found.primary.lift == pytest.approx(-0.3, abs=0.1)
    assert str(found.began().day) == "2015-09-20"


def test_the_sitemaps_of_the_italian_wikipedia_cannot_be_told_from_the_usual(shared):
    views = pd.read_csv(shared / "data" / "impact" / "itwiki_pageviews.csv")
    kept = (views["access_method"] == "desktop") & (views["referrer_type"] == "external (search engine)")
    views = views[kept & (views["date"] > "2016-02-03")]
    blackout = [("2018-07-03", "2018-07-05", "blackout")]
    found = pm.impact(views, "2018-08-10", "pageviews", time="date", calendar=blackout, length=47)
    assert found.claim == "not detectable"
    assert found.primary.mde > 35_000  # the published long-run gain could not have been seen
