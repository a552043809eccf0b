"""Judge a log: each finding has a severity, the evidence, and what it does to a verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.names import CHECK, EFFECT, EVIDENCE, SEVERITY
from pm_analytics.quality.counts import busiest, events_per_day, events_per_hour, flagged_events, last_instant
from pm_analytics.quality.findings import SEVERITIES, Finding, Severity
from pm_analytics.quality.gaps import low_days, silences
from pm_analytics.quality.launch import launch_checks, reconciled
from pm_analytics.results import Claim, Result
from pm_analytics.times import DAY, HOUR, from_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from pm_analytics.events import EventLog

DUPLICATES_AMBER, DUPLICATES_RED = 0.005, 0.02
NOBODY_AMBER, NOBODY_RED = 0.01, 0.20
MACHINE_HOURS = 22
MACHINES_AMBER, MACHINES_RED = 0.01, 0.20
LOW_DAYS_RED = 0.10
SHORTEST_TO_COMPARE = 28
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class QualityReport(Result):
    """The findings on a log, one row each: ``check``, ``severity``, ``evidence``, ``effect``."""

    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Severity:
        """The worst severity found."""
        found = {finding.severity for finding in self.findings}
        return "red" if "red" in found else "amber" if "amber" in found else "green"

    def summary(self) -> str:
        """Say how many checks found something, and the worst of it."""
        bad = [finding for finding in self.findings if finding.severity != "green"]
        if not bad:
            return f"All {len(self.findings)} data-quality checks are green."
        said = "; ".join(f"{finding.check} ({finding.severity}): {finding.evidence}" for finding in bad)
        return f"{len(bad)} of {len(self.findings)} data-quality checks found something. {said}."

    def claims(self) -> list[Claim]:
        """List nothing: findings are no estimates."""
        return []

    def plot(self, **options: object) -> None:  # noqa: ARG002
        """Draw nothing: the table is the picture. Returns None, so that a cell stays empty."""
        return


def check(
    log: EventLog,
    *,
    launch_at: str | date | datetime | None = None,
    feature_events: Sequence[str] = (),
    may_change: Sequence[str] = (),
    settle_days: int = 1,
    expected: Mapping[str, float] | None = None,
) -> QualityReport:
    """Look for what would make an answer wrong: gaps in tracking, duplicates, events of nobody, machines, clocks.

    Parameters
    ----------
    log : EventLog
        Checked as it stands, with its filters and zone.
    launch_at : str, date or datetime, optional
        A launch: then also what else changed with it. Did the tracking of other events jump, did an event stop or
        start, did ids change, do properties go missing, was tracking down, did the feature's event begin with it?
    feature_events : sequence of str
        Events of the launched feature.
    may_change : sequence of str
        Other events that the launch may change (its goal, its guardrails); all others should go on as before.
    settle_days : int
        Days until a day's events have arrived.
    expected : mapping, optional
        Event -> a count that is trusted, to hold the log against.

    Returns
    -------
    QualityReport
        ``to_frame()``: one row per check with ``check``, ``severity`` (green, amber, red), ``evidence``, ``effect``.
        Thresholds: duplicates above 0.5 % amber, 2 % red; events without a user above 1 % amber, 20 % red; a day under
        half of what its weekday has in the weeks around is amber, more than a tenth of all days red; four or more hours
        of silence where the weeks around have none are amber.
    """
    daily = events_per_day(log)
    findings: tuple[Finding, ...] = (
        _duplicates(log),
        _nobody(log),
        _gap_days(log, daily),
        _silent_hours(log),
        _last_day(log, daily),
        _clock(log),
        _machines(log),
        _internal(log),
    )
    if launch_at is not None:
        findings += tuple(
            launch_checks(log, log.moment(launch_at, name="launch_at"), feature_events, may_change, settle_days)
        )
    if expected:
        findings += (reconciled(log, expected),)
    rows = [(f.check, f.severity, f.evidence, f.effect) for f in findings]
    table = pd.DataFrame(rows, columns=[CHECK, SEVERITY, EVIDENCE, EFFECT])
    return QualityReport(table, f"Data quality: {log.scope}.", log.basis, findings)


def _grade(share: float, amber: float, red: float) -> Severity:
    return "red" if share > red else "amber" if share > amber else "green"


def _duplicates(log: EventLog) -> Finding:
    source = log.source
    if not source.looked_for_duplicates:
        return Finding("duplicates", "green", "identical rows were not looked for in this table", "")
    dropped = source.dropped.get("identical to an earlier row", 0)
    kept = source.noticed.get("identical to an earlier row, kept", 0)
    share = (dropped + kept) / max(1, source.rows_read)
    severity = _grade(share, DUPLICATES_AMBER, DUPLICATES_RED)
    what = "left out" if dropped else "kept"
    effect = "" if severity == "green" else "the export is delivered twice in places; counts per user may be too high"
    return Finding("duplicates", severity, f"{dropped + kept:,} identical rows ({share:.2%}), {what}", effect)


def _nobody(log: EventLog) -> Finding:
    dropped = log.source.dropped
    rows = dropped.get("no user (empty or missing)", 0) + dropped.get("no user, event or time", 0)
    named = log.source.noticed.get("user called 'null', 'nan' or the like", 0)
    share = (rows + named) / max(1, log.source.rows_read)
    severity = _grade(share, NOBODY_AMBER, NOBODY_RED)
    effect = "" if severity == "green" else "visitors who were not identified are in no number"
    if named:
        severity = max(severity, "amber", key=SEVERITIES.index)
        effect = (
            "all who are called 'null' or the like count as one user; leave them out with log.without(user_id=[...])"
        )
    evidence = f"{rows:,} rows ({rows / max(1, log.source.rows_read):.2%}), left out"
    called = f"; {named:,} rows whose user is called 'null', 'nan' or the like, kept" if named else ""
    return Finding("events without a user", severity, evidence + called, effect)


def _gap_days(log: EventLog, daily: pd.DataFrame) -> Finding:
    counts = dict(zip(daily["day"].astype(int), daily["rows"].astype(int), strict=True))
    low, whole = low_days(counts), max(1, max(counts, default=0) - min(counts, default=0) - 1)
    if not low:
        short = "; too short a log to hold a weekday against its like" if whole < SHORTEST_TO_COMPARE else ""
        return Finding("days with few events", "green", f"none of {whole:,} whole days{short}")
    named = ", ".join(log.say(day * DAY + 12 * HOUR)[:10] for day in low[:3]) + (" ..." if len(low) > 3 else "")
    return Finding(
        "days with few events",
        "red" if len(low) > LOW_DAYS_RED * whole else "amber",
        f"{len(low):,} of {whole:,} whole days have under half of what their weekday usually has ({named})",
        "tracking was down, or it was a holiday; rates over those days are too low",
        days=tuple(log.say(day * DAY + 12 * HOUR)[:10] for day in low),
    )


def _silent_hours(log: EventLog) -> Finding:
    hourly = events_per_hour(log)
    runs = silences(dict(zip(hourly["hour"].astype(int), hourly["rows"].astype(int), strict=True)))
    if not runs:
        return Finding("silent hours", "green", "no unusual silence")
    longest = max(runs, key=len)
    return Finding(
        "silent hours",
        "amber",
        f"{len(runs):,} unusual silence{'s' if len(runs) > 1 else ''} of 4 hours or more, the longest from "
        f"{log.say(longest[0] * HOUR)} to {log.say((longest[-1] + 1) * HOUR)}",
        "tracking was down, or it was a holiday; what happened then is in no number",
    )


def _last_day(log: EventLog, daily: pd.DataFrame) -> Finding:
    last = log.say(log.observed_until - 1)
    clock = from_microseconds(log.observed_until - 1, log.timezone)
    if clock.hour == 23 or daily.empty:
        return Finding("last day complete", "green", f"data runs to {last}")
    return Finding(
        "last day complete",
        "green",
        f"data stops at {last}, so that day is partial; no rate is computed over it as if it were whole",
    )


def _clock(log: EventLog) -> Finding:
    last = last_instant(log)
    ahead = 0 if last is None else last - int(time.time() * MICROSECONDS)
    if ahead <= DAY:
        return Finding("clock", "green", "no event lies in the future")
    return Finding(
        "clock",
        "amber",
        f"the last event lies {ahead // DAY:,} days in the future",
        "some clocks were wrong, or the times were read in the wrong unit or zone; everybody counts as watched until "
        "then, so say log.as_of(...) with the day of the export",
    )


def _machines(log: EventLog) -> Finding:
    found = busiest(log, hours=MACHINE_HOURS)
    share = found.machine_events / max(1, found.events)
    severity = _grade(share, MACHINES_AMBER, MACHINES_RED)
    evidence = (
        f"{found.machine_units:,} of {found.units:,} units were active in {MACHINE_HOURS} or more hours of one day; "
        f"they sent {share:.1%} of the events"
    )
    effect = "" if severity == "green" else "machines count as users; look at the result without them"
    return Finding("machines", severity, evidence, effect)


def _internal(log: EventLog) -> Finding:
    column = next((name for name in ("is_internal", "internal", "is_test") if name in log.properties), None)
    if column is None:
        return Finding("internal traffic", "green", "the log has no column that marks it")
    rows = flagged_events(log, column)
    severity: Severity = "amber" if rows else "green"
    effect = f"colleagues count as users; leave them out with log.without({column}=True)" if rows else ""
    return Finding("internal traffic", severity, f"{rows:,} events of colleagues are in the numbers", effect)
