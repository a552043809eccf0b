"""Every count of adoption against the definition followed by hand, unit by unit, on random logs over a clock change."""

from __future__ import annotations

import statistics
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

import pm_analytics as pm

ZONE, START = ZoneInfo("Europe/Amsterdam"), datetime(2026, 3, 1, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
TICK = timedelta(microseconds=1)
EVENTS = ["use", "use", "use", "open", "banner", "other"]


def random_log(seed, *, users=60, days=45, most=14):
    """Write a log whose times fall on whole hours, so that ends of windows and equal times are met often."""
    draw = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        account = draw.choice(["A", "B", "C", "D", ""])
        for _ in range(draw.integers(0, most + 1)):
            when = START + timedelta(hours=int(draw.integers(0, days * 24 // 3)) * 3)
            plan = draw.choice(["free", "pro", ""])
            rows.append((f"u{user}", str(draw.choice(EVENTS)), when, str(plan) or None, str(account) or None))
    rows.append(("last", "other", START + timedelta(days=days), None, None))
    rows += [("first", name, START, "free", "A") for name in set(EVENTS)]
    return pd.DataFrame(rows, columns=["user_id", "event", "time", "plan", "account_id"])


def local(moment):
    return moment.astimezone(ZONE).date()


class Unit:
    """One eligible unit, followed through the definition."""

    def __init__(self, rows, since, end, ask):
        self.since, self.ask, self.end = since, ask, end
        events = sorted((when, name) for name, when in zip(rows["event"], rows["time"], strict=True))
        uses = [when for when, name in events if name == "use"]
        self.early = any(when < since for when in uses)
        self.uses = [when for when in uses if when >= since]
        after = [(when, name) for when, name in events if when >= since]
        self.aware = min((when for when, name in after if name in {"banner", "open", "use"}), default=None)
        self.interested = min((when for when, name in after if name in {"open", "use"}), default=None)
        self.tried = min(self.uses, default=None)
        self.adopted = next((when for n, when in enumerate(self.uses) if self._enough(n)), None)

    def _enough(self, last):
        """Look at every run of uses that ends with this one."""
        return any(self._fits(self.uses[first : last + 1]) for first in range(last + 1))

    def _fits(self, run):
        if len(run) < self.ask["min_uses"] or len(set(map(local, run))) < self.ask["min_days"]:
            return False
        span = self.ask.get("span")
        if span is None:
            return True
        if "calendar" in span:
            return (local(run[-1]) - local(run[0])).days < int(span.split()[0])
        return run[-1] - run[0] <= int(span.split()[0]) * DAY

    def mature(self):
        """Tell whether its window is over."""
        window = self.ask["within"]
        return not self.early and (window is None or self.since + window < self.end)

    def reached(self, rung):
        """Tell whether it came to a rung inside the window."""
        when = getattr(self, rung)
        window = self.ask["within"]
        return self.mature() and when is not None and (window is None or when - self.since <= window)

    def judged(self):
        """Tell whether it can be said to have been retained or not."""
        stay, window = self.ask["retained"], self.ask["within"]
        if window is None:
            return self.mature() and self.adopted is not None and self.adopted + stay < self.end
        return self.mature() and self.since + window + stay < self.end

    def retained(self):
        """Tell whether it was retained."""
        later = [when for when in self.uses if self.adopted is not None and when > self.adopted]
        return (
            self.judged()
            and self.reached("adopted")
            and bool(later)
            and later[0] - self.adopted <= self.ask["retained"]
        )


def followed(frame, ask, released):
    """Follow every unit that was active at or after the release."""
    end = frame["time"].max() + TICK
    units = {}
    for name, rows in frame.groupby("user_id"):
        since = rows.loc[rows["time"] >= released, "time"].min()
        if not pd.isna(since):
            units[name] = Unit(rows, since, end, ask)
    return units


ASKS = [
    {"within": 10 * DAY, "min_uses": 1, "min_days": 1, "retained": 7 * DAY},
    {"within": 14 * DAY, "min_uses": 3, "min_days": 2, "retained": 3 * DAY},
    {"within": 20 * DAY, "min_uses": 3, "min_days": 2, "span": "5 days", "retained": 12 * DAY},
    {"within": 20 * DAY, "min_uses": 2, "min_days": 2, "span": "3 calendar days", "retained": 1 * DAY},
    {"within": 12 * DAY, "min_uses": 4, "min_days": 1, "span": "2 calendar days", "retained": 9 * DAY},
    {"within": None, "min_uses": 3, "min_days": 3, "span": "7 days", "retained": 5 * DAY},
]


EVERYDAY = {1, 2, 3, 5}
LOGS = [pytest.param(n, marks=[] if n in EVERYDAY else pytest.mark.slow) for n in range(len(ASKS) * 5)]


@pytest.fixture(scope="module", params=LOGS, ids=lambda n: f"log{n}_ask{n % len(ASKS)}")
def asked(request):
    """Ask one question of one random log, and follow all its units by hand."""
    ask = ASKS[request.param % len(ASKS)]
    frame = random_log(request.param)
    released = START + timedelta(days=request.param % 12)
    result = pm.adoption(
        pm.EventLog.from_frame(frame, timezone="Europe/Amsterdam"), "use", released_at=released.isoformat(),
        within=ask["within"], min_uses=ask["min_uses"], min_days=ask["min_days"], span=ask.get("span"),
        interest="open", awareness="banner", retained_within=ask["retained"],
    )  # fmt: skip
    return result, followed(frame, ask, released), frame


def test_every_rung_is_counted_as_by_hand(asked):
    result, units, _ = asked
    table = result.to_frame().set_index("rung")
    mature = [unit for unit in units.values() if unit.mature()]
    assert table.loc["eligible", "users"] == len(mature)
    for rung in ("aware", "interested", "tried", "adopted"):
        if rung in table.index:
            assert table.loc[rung, "users"] == sum(unit.reached(rung) for unit in mature), rung
    retained = table.loc["retained"]
    assert retained["users"] == sum(unit.retained() for unit in mature)
    assert retained["step_base"] == sum(unit.judged() and unit.reached("adopted") for unit in mature)
    if result.within is not None:
        assert retained["base"] == sum(unit.judged() for unit in mature)
    assert result.unjudged == table.loc["adopted", "users"] - retained["step_base"]
    assert result.early == sum(unit.early for unit in units.values())
    assert result.immature == sum(not unit.early and not unit.mature() for unit in units.values())
    ladder = table["users"].tolist()
    assert ladder == sorted(ladder, reverse=True)


def test_the_denominators_are_counted_as_by_hand(asked):
    result, units, frame = asked
    table = result.denominators().to_frame().set_index("denominator")
    adopted = sum(unit.reached("adopted") for unit in units.values())
    assert table["users"].tolist() == [adopted] * 3
    assert table["base"].to_dict() == {
        "everybody": frame["user_id"].nunique(),
        "active": len(units),
        "eligible": sum(unit.mature() for unit in units.values()),
    }


def test_depth_and_habit_are_measured_as_by_hand(asked):
    result, units, _ = asked
    adopters = [unit for unit in units.values() if unit.reached("adopted")]
    window = result.within
    inside = [[when for when in u.uses if window is None or when - u.since <= window] for u in adopters]
    for which in ("first", "last"):
        table = result.usage(weeks=2, habit_weeks=2, which=which).to_frame().set_index("measure")
        assert table.loc["breadth", "value"] == pytest.approx(
            sum(u.reached("tried") for u in units.values()) / sum(u.mature() for u in units.values())
        )
        if inside:
            assert table.loc["mean uses per adopter", "value"] == pytest.approx(np.mean([len(run) for run in inside]))
            days = [len(set(map(local, run))) for run in inside]
            assert table.loc["median days of use per adopter", "value"] == statistics.median(days)
        old = [u for u in adopters if u.tried + 2 * WEEK <= u.end]
        spent = [[when - u.tried if which == "first" else u.end - TICK - when for when in u.uses] for u in old]
        spent = [[length for length in run if length < 2 * WEEK] for run in spent]
        assert table.loc["habit", "base"] == len(old)
        if old:
            assert table.loc["habit", "value"] == np.mean([len({t // WEEK for t in run}) == 2 for run in spent])
            assert table.loc["mean uses per week", "value"] == pytest.approx(np.mean([len(run) / 2 for run in spent]))
            days = [len({t // DAY for t in run}) / 2 for run in spent]
            assert table.loc["mean days of use per week", "value"] == pytest.approx(np.mean(days))
            assert table.loc["median days of use per week", "value"] == statistics.median(days)


def test_weeks_since_adopting_are_counted_as_by_hand(asked):
    result, units, _ = asked
    adopters = [unit for unit in units.values() if unit.reached("adopted")]
    table = result.novelty(weeks=4).to_frame().set_index("week")
    for week in range(1, 5):
        seen = [u for u in adopters if u.adopted + week * WEEK < u.end]
        if not seen:
            assert week not in table.index
            continue
        uses = [sum((week - 1) * WEEK < when - u.adopted <= week * WEEK for when in u.uses) for u in seen]
        row = table.loc[week]
        assert row["at_risk"] == len(seen)
        assert row["users"] == sum(number > 0 for number in uses)
        assert row["mean_uses"] == pytest.approx(np.mean(uses))


def first_value(rows, since, column):
    later = rows[(rows["time"] >= since) & rows[column].notna()].sort_values(["time", column], kind="stable")
    return "(missing)" if later.empty else later[column].iloc[0]


@pytest.mark.parametrize("column", ["plan", "account_id"])
def test_segments_are_counted_as_by_hand_and_add_up(asked, column):
    result, units, frame = asked
    eligible, adopted = Counter(), Counter()
    for name, rows in frame.groupby("user_id"):
        if name in units and units[name].mature():
            value = first_value(rows, units[name].since, column)
            eligible[value] += 1
            adopted[value] += units[name].reached("adopted")
    table = result.by(column).to_frame()
    assert dict(zip(table["segment"], table["base"], strict=True)) == dict(eligible)
    assert dict(zip(table["segment"], table["users"], strict=True)) == dict(adopted)
    small = result.by(column, top=1).to_frame()
    assert small[["users", "base"]].sum().tolist() == table[["users", "base"]].sum().tolist()
    ladder = result.to_frame().set_index("rung")["users"]
    assert table[["users", "base"]].sum().tolist() == [ladder["adopted"], ladder["eligible"]]
    seats = result.accounts(column, min_users=2, min_share=0.3)
    there = {name: size for name, size in eligible.items() if name != "(missing)"}
    assert seats.accounts == len(there)
    assert seats.adopted_accounts == sum(adopted[n] >= 2 and adopted[n] >= 0.3 * size for n, size in there.items())
    assert seats.spread()[["accounts", "base", "users"]].sum().tolist() == [
        len(there), sum(there.values()), sum(adopted[name] for name in there),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_the_usage_matrix_is_counted_as_by_hand(seed):
    frame = random_log(seed)
    log = pm.EventLog.from_frame(frame, timezone="Europe/Amsterdam")
    features = {"Using": "use", "Looking": ["open", "banner"], "Both": ["use", "open"], "Banner": "banner"}
    first, last = "2026-03-05", "2026-04-02"
    table = pm.usage_matrix(log, features, between=(first, last)).to_frame().set_index("feature")
    days = frame["time"].map(local).astype(str)
    inside = frame[(days >= first) & (days < last)].assign(day=days)
    for name, events in features.items():
        rows = inside[inside["event"].isin([events] if isinstance(events, str) else events)]
        each = rows.groupby("user_id")["day"].nunique()
        row = table.loc[name]
        assert (row["users"], row["base"]) == (len(each), inside["user_id"].nunique())
        assert row["mean_days"] == pytest.approx(each.mean())
        assert row["median_active_days"] == each.median()
        assert row["mean_uses"] == pytest.approx(rows.groupby("user_id").size().mean())
    broad, often = table["rate"].median(), table["mean_days"].median()
    expected = {
        name: {(True, True): "core", (False, True): "power", (True, False): "one-off", (False, False): "niche"}[
            (row["rate"] >= broad, row["mean_days"] >= often)
        ]
        for name, row in table.iterrows()
    }
    assert table["quadrant"].to_dict() == expected


def test_cohorts_are_counted_as_by_hand_and_add_up(asked):
    result, units, _ = asked
    table = result.cohorts("week").to_frame().set_index("cohort")
    monday = {name: local(unit.since) - timedelta(days=local(unit.since).weekday()) for name, unit in units.items()}
    for cohort, row in table.iterrows():
        mine = [units[name] for name, day in monday.items() if day == cohort.date() and not units[name].early]
        adopters = [unit for unit in mine if unit.reached("adopted")]
        assert row["base"] == sum(unit.mature() for unit in mine)
        assert row["immature"] == len(mine) - row["base"]
        assert row["users"] == len(adopters)
        if adopters:
            hours = [(unit.adopted - unit.since) // timedelta(hours=1) for unit in adopters]
            assert row["median_days"] == statistics.median(hours) / 24
    ladder = result.to_frame().set_index("rung")["users"]
    assert table[["users", "base", "immature"]].sum().tolist() == [
        ladder["adopted"], ladder["eligible"], result.immature,
    ]  # fmt: skip


def test_use_now_is_counted_as_by_hand(asked):
    result, units, frame = asked
    end = frame["time"].max() + TICK
    table = result.now("9 days").to_frame().set_index("segment")
    for name, until in (("now", end), ("before", end - 9 * DAY)):
        if name not in table.index:
            continue
        start = until - 9 * DAY
        times = {n: rows[rows["time"].between(start, until - TICK)] for n, rows in frame.groupby("user_id")}
        active = {n: times[n][times[n]["time"] >= u.since] for n, u in units.items() if not u.early}
        assert table.loc[name, "base"] == sum(len(rows) > 0 for rows in active.values())
        assert table.loc[name, "users"] == sum((rows["event"] == "use").any() for rows in active.values())
