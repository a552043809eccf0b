"""Checks around a launch: what else changed on that day, so that before and after do not compare."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.quality import launch_counts as counts
from pm_analytics.quality.counts import events_per_day
from pm_analytics.quality.findings import Finding
from pm_analytics.quality.gaps import low_days
from pm_analytics.stats.breaks import strongest_break
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pm_analytics.events import EventLog

EPOCH = date(1970, 1, 1)
AROUND = 28
"""Days on each side that are looked at."""
WEEK = 7
HISTORY = 8
"""Weeks before the launch whose own jumps say what is usual."""
FEWEST_A_DAY = 10
"""Events a day below which a jump is chance."""
JUMP_AMBER, JUMP_RED = 0.10, 0.25
Z_AMBER, Z_RED = 4.0, 6.0
LEAST_SPREAD = 0.03
"""A week never resembles the one before by more than this, whatever a few weeks show."""
NEAR = 2
GAP_NEAR, GAP_LONG = 3, 3
IDENTITY_AMBER, IDENTITY_RED = 0.20, 0.50
SINGLE_AMBER, SINGLE_RED = 0.05, 0.15
MISSING_AMBER = 0.10
LATE_AMBER, LATE_RED = 0.01, 0.05
COUNT_AMBER, COUNT_RED = 0.05, 0.20
MOST_COLUMNS = 20
ARRIVED = ("received_at", "server_received_at", "uploaded_at", "server_upload_time", "ingested_at", "arrived_at")
RATES = ("sample_rate", "sampling_rate")


@dataclass(frozen=True, slots=True)
class Around:
    """A launch in local days (since 1970): its day, the first day after, the end and the first of what is known."""

    day: int
    after: int
    end: int
    first: int

    def say(self, day: int) -> str:
        """Say a day."""
        return str(EPOCH + timedelta(days=day))


def around(log: EventLog, launch: int) -> Around:
    """Place a launch (UTC microseconds) among the local days of a log."""
    moment = from_microseconds(launch, log.timezone)
    at_midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    day = (moment.date() - EPOCH).days
    end = (from_microseconds(log.observed_until, log.timezone).date() - EPOCH).days
    begun = log.first_instant
    first = day if begun is None else (from_microseconds(begun, log.timezone).date() - EPOCH).days
    return Around(day, day if at_midnight else day + 1, end, first + 1)


def launch_checks(
    log: EventLog, launch: int, feature_events: Sequence[str], may_change: Sequence[str], settle_days: int
) -> list[Finding]:
    """List what changed at a launch beside the launch."""
    place = around(log, launch)
    begin, end = max(place.first, place.day - HISTORY * WEEK), min(place.end, place.after + AROUND)
    daily = counts.events_by_day(log, begin, end)
    units = counts.units_by_day(log, begin, end)
    table = _by_event(daily, units, begin, end)
    return [
        tracking(table, place, begin, [*feature_events, *may_change]),
        _names(table, place, begin, [*feature_events, *may_change]),
        _feature(log, place, feature_events),
        _gap(log, place),
        _identity(units, place),
        _singles(log, place),
        _properties(log, place),
        _late(log, settle_days),
        _sampling(log),
    ]


def _by_event(daily: object, units: object, begin: int, end: int) -> dict[str, NDArray[np.float64]]:
    """Lay out events per day, and under the name "" the units active; 0 on days without any."""
    table: dict[str, NDArray[np.float64]] = {"": np.zeros(end - begin)}
    for row in units.to_dict("records"):  # type: ignore[attr-defined]
        table[""][int(row["day"]) - begin] = float(row["units"])
    for row in daily.to_dict("records"):  # type: ignore[attr-defined]
        series = table.setdefault(str(row["event"]), np.zeros(end - begin))
        series[int(row["day"]) - begin] = float(row["rows"])
    return table


def tracking(
    table: Mapping[str, NDArray[np.float64]], place: Around, begin: int, feature_events: Sequence[str]
) -> Finding:
    """Look for an event whose number per active unit jumps at the launch though the launch cannot touch it.

    The week after is held against the week before, in logarithms, and that against the ends of earlier weeks.
    """
    name, found = "tracking at the launch", []
    usable = [event for event in table if event and event not in feature_events]
    for event in usable:
        rates = _rates(table[event], table[""])
        jump, spread = _jump(rates, place, begin, table[event])
        if not math.isnan(jump):
            found.append((abs(jump) / spread, jump, event))
    if not found:
        return Finding(name, "green", "too few days or events to tell what is usual")
    # Many events are looked at, and the largest jump of many is larger.
    extra = 0.5 * math.log(max(1, len(found)))
    z, jump, event = max(found)
    change = math.expm1(jump)
    red = z > Z_RED + extra and abs(change) > JUMP_RED
    amber = z > Z_AMBER + extra and abs(change) > JUMP_AMBER
    when = _when(_rates(table[event], table[""]), place, begin)
    said = f"{event!r} per active unit changed by {change:+.0%} in the week of the launch{when}"
    if not (red or amber):
        return Finding(
            name, "green", f"no event that the launch leaves alone jumped (largest: {event!r}, {change:+.0%})"
        )
    effect = "its tracking, or something else than the launch, changed then: before and after do not compare"
    return Finding(name, "red" if red else "amber", said, effect, acts="degrade" if red else "caveat")


def _rates(events: NDArray[np.float64], units: NDArray[np.float64]) -> NDArray[np.float64]:
    rates: NDArray[np.float64] = np.divide(events, units, out=np.full(len(events), np.nan), where=units > 0)
    return rates


def _jump(rates: NDArray[np.float64], place: Around, begin: int, events: NDArray[np.float64]) -> tuple[float, float]:
    """Give the jump at the launch and how large such jumps usually are; NaN where there is too little."""
    before, after = place.day - begin, place.after - begin
    usual = events[max(0, before - 4 * WEEK) : before]
    if len(rates) - after < WEEK or before < 4 * WEEK or usual.mean() < FEWEST_A_DAY:
        return math.nan, math.nan
    jump = _step(rates[before - WEEK : before], rates[after : after + WEEK])
    others = [_step(rates[end - WEEK : end], rates[end : end + WEEK]) for end in range(before - WEEK, WEEK - 1, -WEEK)]
    known = [other for other in others if not math.isnan(other)]
    if math.isnan(jump) or len(known) < 2:
        return math.nan, math.nan
    centre = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(np.array(known) - centre)))
    widest = float(np.max(np.abs(known))) / 2
    return jump, max(spread, widest, LEAST_SPREAD, math.sqrt(2 / (WEEK * max(1.0, float(usual.mean())))))


def _step(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    a, b = (
        float(np.nanmean(first)) if np.isfinite(first).any() else 0.0,
        float(np.nanmean(second)) if np.isfinite(second).any() else 0.0,
    )
    return math.log(b / a) if a > 0 and b > 0 else math.nan


def _when(rates: NDArray[np.float64], place: Around, begin: int) -> str:
    """Say on which day its level changed most."""
    logs = np.log(np.where(rates > 0, rates, np.nan))
    week = np.array([np.nanmean(logs[day::WEEK]) if np.isfinite(logs[day::WEEK]).any() else 0 for day in range(WEEK)])
    left = logs - week[np.arange(len(logs)) % WEEK]
    if np.isfinite(left).sum() < 10:
        return ""
    found = strongest_break(left)
    return "" if found is None else f"; its level changed most on {place.say(begin + found.place)}"


def _names(
    table: Mapping[str, NDArray[np.float64]], place: Around, begin: int, feature_events: Sequence[str]
) -> Finding:
    """Look for events that stop or start with the launch: a renamed event looks like a fall and a rise."""
    before, after = place.day - begin, place.after - begin
    stopped, started = [], []
    for event, series in table.items():
        if not event or event in feature_events or before < WEEK or len(series) - after < WEEK:
            continue
        ago, since = series[: max(0, before - NEAR)], series[after + NEAR :]
        if len(since) >= WEEK and ago.mean() >= 1 and since.sum() == 0:
            stopped.append(event)
        if len(ago) >= WEEK and ago.sum() == 0 and since.mean() >= 1:
            started.append(event)
    if not (stopped or started):
        return Finding("event names", "green", "no other event stopped or started with the launch")
    said = [
        f"{', '.join(map(repr, names[:3]))} {word}"
        for names, word in ((stopped, "stopped"), (started, "started"))
        if names
    ]
    return Finding(
        "event names", "amber", f"{'; '.join(said)} within {NEAR} days of the launch",
        "an event may have been renamed; what counts it falls or rises without anybody doing more",
    )  # fmt: skip


def _feature(log: EventLog, place: Around, events: Sequence[str]) -> Finding:
    name = "feature event"
    if not events:
        return Finding(name, "green", "no feature event was named")
    firsts = counts.first_instants(log, events)
    if not firsts:
        return Finding(name, "red", f"{', '.join(events)} never occurs", "nobody's use can be seen", acts="degrade")
    first = (from_microseconds(min(firsts.values()), log.timezone).date() - EPOCH).days
    if first < place.day - 1:
        return Finding(
            name, "amber", f"first used on {place.say(first)}, before the launch on {place.say(place.day)}",
            "some had it earlier, or the date is wrong: they count as adopters from the launch on",
        )  # fmt: skip
    late = first - place.after
    if late > GAP_LONG:
        return Finding(
            name, "red", f"first seen on {place.say(first)}, {late} days after the launch",
            "its tracking began late: who used it before is not seen", acts="degrade",
        )  # fmt: skip
    return Finding(name, "green", f"first seen on {place.say(first)}")


def _gap(log: EventLog, place: Around) -> Finding:
    daily = events_per_day(log)
    low = low_days(dict(zip(daily["day"].astype(int), daily["rows"].astype(int), strict=True)))
    near = sorted(day for day in low if abs(day - place.day) <= GAP_NEAR)
    name = "tracking gap at launch"
    if not near:
        return Finding(name, "green", f"no day without tracking within {GAP_NEAR} days of the launch")
    days = tuple(place.say(day) for day in near)
    return Finding(
        name, "red" if len(near) > GAP_LONG else "amber", f"{', '.join(days)} have under half of their usual events",
        "those days are left out, and what they could hide is given as bounds", days=days,
    )  # fmt: skip


def _identity(units: object, place: Around) -> Finding:
    """Look for a shift of how many new ids come: an id that changes makes two units of one."""
    name, table = "new ids", units.set_index("day")  # type: ignore[attr-defined]
    spans = ((place.day - 2 * WEEK, place.day), (place.after, place.after + 2 * WEEK))
    parts = [table[(table.index >= first) & (table.index < last)] for first, last in spans]
    if any(len(part) < WEEK or part["units"].sum() < 100 for part in parts):
        return Finding(name, "green", "too few days or units to compare")
    shares = [float(part["new"].sum() / part["units"].sum()) for part in parts]
    said = f"{shares[0]:.1%} of the units of a day were new before the launch, {shares[1]:.1%} after"
    change = abs(shares[1] - shares[0]) / max(shares[0], 0.02)
    if change <= IDENTITY_AMBER or abs(shares[1] - shares[0]) < 0.01:
        return Finding(name, "green", said)
    effect = "more newcomers, or ids that changed at the launch: then one person counts as two"
    red = change > IDENTITY_RED and abs(shares[1] - shares[0]) > 0.10
    return Finding(name, "red" if red else "amber", said, effect, acts="degrade" if red else "caveat")


def _singles(log: EventLog, place: Around) -> Finding:
    """Look for a shift of the share of units with one event only: passing machines, or broken ids."""
    name = "units with one event"
    found = [
        counts.single_events(log, *span)
        for span in ((place.day - 2 * WEEK, place.day), (place.after, place.after + 2 * WEEK))
    ]
    if any(units < 100 for units, _ in found):
        return Finding(name, "green", "too few units to compare")
    shares = [single / units for units, single in found]
    said = f"{shares[0]:.1%} of the units before the launch, {shares[1]:.1%} after"
    shift = abs(shares[1] - shares[0])
    if shift <= SINGLE_AMBER:
        return Finding(name, "green", said)
    effect = "machines or broken ids came or went with the launch; shares per unit do not compare"
    red = shift > SINGLE_RED
    return Finding(name, "red" if red else "amber", said, effect, acts="degrade" if red else "caveat")


def _properties(log: EventLog, place: Around) -> Finding:
    """Look for properties that are missing more or less often since the launch."""
    name, columns = "properties", list(log.properties)[:MOST_COLUMNS]
    spans = ((place.day - 2 * WEEK, place.day), (place.after, min(place.end, place.after + 2 * WEEK)))
    if not columns or spans[1][1] <= spans[1][0] or place.day <= place.first:
        return Finding(name, "green", "the log has none to compare")
    before, after = counts.missing_shares(log, columns, spans)
    moved = [column for column in columns if abs(after[column] - before[column]) > MISSING_AMBER]
    if not moved:
        return Finding(name, "green", f"{len(columns)} properties are missing as often as before")
    said = "; ".join(
        f"{column!r} is missing on {before[column]:.0%} before, {after[column]:.0%} after" for column in moved[:3]
    )
    return Finding(name, "amber", said, "what is split or filtered by it does not compare before and after")


def _late(log: EventLog, settle_days: int) -> Finding:
    name = "late arrivals"
    column = next((column for column in ARRIVED if column in log.properties), None)
    if column is None:
        return Finding(name, "green", "no column says when events arrived")
    share = counts.late_share(log, column, settle_days)
    said = f"{share:.1%} of the events arrived more than {settle_days} day{'' if settle_days == 1 else 's'} late"
    if share <= LATE_AMBER:
        return Finding(name, "green", said)
    effect = "the last days are not complete yet; read as of an earlier day"
    return Finding(name, "red" if share > LATE_RED else "amber", said, effect, acts="caveat")


def _sampling(log: EventLog) -> Finding:
    name = "sampling"
    column = next((column for column in RATES if column in log.properties), None)
    if column is None:
        return Finding(name, "green", "no column says that events were sampled")
    rows = counts.sampled_rows(log, column)
    if not rows:
        return Finding(name, "green", "every event was kept")
    effect = "counts are too low by the sampling rate, and units may be missing altogether"
    return Finding(name, "red", f"{rows:,} events come from a sample", effect, acts="degrade")


def reconciled(log: EventLog, expected: Mapping[str, float]) -> Finding:
    """Hold event counts against counts that are trusted."""
    name, found = "trusted counts", counts.rows_of(log, list(expected))
    off = {event: found.get(event, 0) / total - 1 for event, total in expected.items() if total > 0}
    if not off:
        return Finding(name, "green", "no trusted count was above zero")
    event = max(off, key=lambda each: abs(off[each]))
    said = f"{event!r}: {found.get(event, 0):,} here, {expected[event]:,.0f} expected ({off[event]:+.1%})"
    if abs(off[event]) <= COUNT_AMBER:
        return Finding(name, "green", said)
    red = abs(off[event]) > COUNT_RED
    effect = "events are missing here, or counted twice; find out before deciding on counts"
    return Finding(name, "red" if red else "amber", said, effect)
