"""Lifecycle: who is new, stays, comes back and goes, per period; and what that means for growth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pm_analytics import calendars
from pm_analytics.analyses.engagement.asking import (
    MOST_SEGMENTS,
    Asked,
    ask,
    claim_id,
    say_days,
    say_incomplete,
    split,
    stacked,
)
from pm_analytics.analyses.engagement.counts import LEAVING, Ruler, movements
from pm_analytics.asking import check_word, say_most
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    COMPLETE,
    DORMANT,
    NET_CHANGE,
    NEW,
    PERIOD,
    QUICK_RATIO,
    RESURRECTING,
    RETAINED_RATE,
    RETURNING,
    SEGMENT,
    USERS,
)
from pm_analytics.results import NOTHING, Claim, Result, known, records
from pm_analytics.stats.proportions import check_confidence, share, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.engagement.asking import Moment
    from pm_analytics.events import EventLog

NewBy = Literal["unit", "feature"]
NEW_BY = ("unit", "feature")
LONGER = ("day", "week", "month")
STATES = (NEW, RETURNING, RESURRECTING, DORMANT)
_COLUMNS = [PERIOD, USERS, *STATES, NET_CHANGE, RETAINED_RATE, CI_LOWER, CI_UPPER, QUICK_RATIO, COMPLETE]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LifecycleResult(Result):
    """Who is new, stays, comes back and goes. One row per period; see :func:`lifecycle` for the columns.

    Attributes
    ----------
    length : {"day", "week", "month"}
        Kind of period.
    new_by : {"unit", "feature"}
        What makes a unit new.
    counted : str
        What is counted, in words.
    confidence : float
        Coverage of the intervals.
    """

    length: str
    new_by: NewBy
    counted: str
    confidence: float
    segments: str | None

    def headline(self) -> str:
        """Say how many were active in the last complete period, and the change from the one before."""
        rows = self._last_rows()
        if not rows:
            return f"No {self.length} of this log is complete yet"
        row = rows[0]
        if self.segments:
            said = say_most([f"{row[USERS]:,} {row[SEGMENT]} ({row[NET_CHANGE]:+,})" for row in rows])
            return f"Active {self._in} the {self.length} of {row[PERIOD]:%Y-%m-%d}, by {self.segments}: {said}"
        return (
            f"{row[USERS]:,} {self.counted} were active {self._in} the {self.length} of {row[PERIOD]:%Y-%m-%d} "
            f"({row[NET_CHANGE]:+,} on the {self.length} before)"
        )

    def summary(self) -> str:
        """Say what the last complete period is made of, and its quick ratio."""
        rows = self._last_rows()
        if not rows:
            return f"{self.headline()}, so there is no growth to account for.{say_incomplete(self._table)}"
        if self.segments:
            quick = say_most([f"{_say_quick(row[QUICK_RATIO])} {row[SEGMENT]}" for row in rows])
            return f"{self.headline()}. Came (new or back) per one lost: {quick}.{say_incomplete(self._table)}"
        row = rows[0]
        quick = row[QUICK_RATIO]
        said = (
            "Nobody was lost, so there is no quick ratio"
            if math.isnan(quick)
            else f"{quick:.2f} came (new or back) for each one lost"
        )
        return (
            f"{self.headline()}: {row[NEW]:,} new, {row[RETURNING]:,} returning, {row[RESURRECTING]:,} resurrecting; "
            f"{-row[DORMANT]:,} went dormant. {said}.{say_incomplete(self._table)}"
        )

    def claims(self) -> list[Claim]:
        """List the last complete period's counts, the share retained and the quick ratio."""
        return [claim for row in self._last_rows() for claim in self._claims_of(row)]

    def to_display(self) -> pd.DataFrame:
        """Write periods as dates."""
        return self._table.assign(**{PERIOD: [f"{first:%Y-%m-%d}" for first in self._table[PERIOD]]})

    @property
    def _in(self) -> str:
        return "on" if self.length == "day" else "in"

    def _claims_of(self, row: dict[str, Any]) -> list[Claim]:
        counts = [
            Claim(
                id=claim_id("lifecycle", row, name),
                value=float(row[name]),
                unit="count",
                definition=f"{name}: {self.definition}",
                n=abs(int(row[name])),
            )
            for name in (USERS, *STATES)
        ]
        retained = Claim.of_row(
            row,
            RETAINED_RATE,
            id=claim_id("lifecycle", row, RETAINED_RATE),
            unit="share",
            definition=self.definition,
            n=int(row[RETURNING]),
            denominator=int(row[RETURNING] - row[DORMANT]),
        )
        quick = Claim(claim_id("lifecycle", row, QUICK_RATIO), known(row[QUICK_RATIO]), "mean", self.definition)
        return [*counts, retained, quick]

    def _last_rows(self) -> list[dict[str, Any]]:
        """Give the last complete period: one row, or one per segment."""
        complete = self._table[self._table[COMPLETE]]
        return records(complete[complete[PERIOD] == complete[PERIOD].max()])


def lifecycle(
    log: EventLog,
    event: str | Sequence[str] | None = None,
    *,
    where: Mapping[str, Any] | None = None,
    period: str = "week",
    between: tuple[Moment, Moment] | None = None,
    new_by: NewBy = "unit",
    week_start: str = "monday",
    segments: str | None = None,
    confidence: float = 0.95,
) -> LifecycleResult:
    """Count, per period, users who are new, returning, resurrecting and dormant: growth accounting.

    Active in a period: at least one of the events in it. *New*: active in the period of its first sight (``new_by``).
    *Returning*: active, and active in the period before. *Resurrecting*: active, not in the period before, not new.
    *Dormant*: active in the period before, not in this one; a negative number, counted once, in the first missed one.
    So new + returning + resurrecting = active, and active = active before + new + resurrecting + dormant.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted. All of it is read for first sights: filter activity with
        ``where=`` and choose periods with ``between=``, not on the log, or old users look new.
    event : str or sequence of str, optional
        Events that make a unit active; any event when not given.
    where : mapping, optional
        Properties those events must have.
    period : {"day", "week", "month"}
        Calendar periods of the log's zone.
    between : (first, last), optional
        First and last day, both included and widened to their whole periods; the period before them is read for
        state. The whole log when not given.
    new_by : {"unit", "feature"}
        First sight is the unit's first event of any kind in the log, or its first one of those asked for. By "unit",
        somebody known who tries a feature for the first time is resurrecting; by "feature", new.
    week_start : str
        Day on which weeks begin.
    segments : str, optional
        Property by whose value at its first sight a unit is counted apart. It stays in that segment, so that the
        segments add up to the whole, and nobody is lost by changing plans. The ten largest are named, the rest is
        "(other)", no value "(missing)".
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    LifecycleResult
        ``to_frame()``: one row per period: ``segment`` (if asked), ``period`` (its first day), ``users`` active,
        ``new``, ``returning``, ``resurrecting``, ``dormant`` (0 or negative), ``net_change`` = active minus active
        before; ``retained_rate`` = returning / active in the period before (null when nobody was), with Wilson's
        ``ci_lower`` and ``ci_upper``;
        ``quick_ratio`` = (new + resurrecting) / lost, null when nobody was lost; ``complete`` = the period is over, and
        all of the one before lies in the log. In a period that is not complete, rate and ratio are null and the counts
        provisional: in an open one, who is dormant may still come; in the log's first ones, who was active before the
        log looks new.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        Words or days that make no sense, an unknown property, an empty log.

    Warns
    -----
    PmAnalyticsWarning
        An event never occurs (it counts zero), or days were asked for of which nothing is known.

    Examples
    --------
    >>> import pandas as pd, pm_analytics as pm
    >>> rows = pd.DataFrame({"user": ["a", "b", "a", "c"], "event": "visit",
    ...                      "time": ["2026-01-05", "2026-01-05", "2026-01-12", "2026-01-13"]})
    >>> found = pm.lifecycle(pm.EventLog.from_frame(rows, timezone="UTC").as_of("2026-01-19"))
    >>> found.to_frame()[["period", "users", "new", "returning", "resurrecting", "dormant"]]
          period  users  new  returning  resurrecting  dormant
    0 2026-01-05      2    2          0             0        0
    1 2026-01-12      2    1          1             0       -1
    """
    calendars.check_period(period, week_start)
    check_word("period", period, LONGER)
    check_word("new_by", new_by, NEW_BY)
    check_confidence(confidence)
    asked = ask(log, event, where, segments)
    first, last = asked.known_range(between, period, week_start)
    ruler = Ruler(period, week_start, None, asked.instant(last + 1, period, week_start))
    counted = movements(asked.question, ruler, first_of_any=new_by == "unit", most=MOST_SEGMENTS)
    numbers = range(first, last + 1)
    begun = asked.begun(period, week_start)
    whole = pd.Series([number > begun and asked.is_over(number, period, week_start) for number in numbers])
    dates = asked.dates(numbers, period, week_start)
    parts = [_rates(_accounts(part, numbers), dates, whole, confidence).assign(**name) for name, part in split(counted)]
    ends = asked.dates([last + 1], period, week_start).iloc[0] - pd.Timedelta(days=1)
    days = say_days(dates.iloc[0], ends)
    return LifecycleResult(
        _table=stacked(parts, [*([SEGMENT] if segments else []), *_COLUMNS]),
        definition=_definition(asked, period, new_by, week_start, days, confidence),
        basis=asked.basis(days),
        length=period,
        new_by=new_by,
        counted=asked.counted,
        confidence=confidence,
        segments=segments,
    )


def _say_quick(ratio: float) -> str:
    return NOTHING if math.isnan(ratio) else f"{ratio:.2f}"


def _accounts(counted: pd.DataFrame, numbers: range) -> pd.DataFrame:
    """Lay counts out over the periods; who leaves after one is dormant in the next."""
    numbered = counted.set_index(PERIOD)[[USERS, NEW, RETURNING, RESURRECTING, LEAVING]]
    by_period = numbered.reindex(range(numbers[0] - 1, numbers[-1] + 1), fill_value=0).astype("int64")
    table = by_period.loc[numbers[0] :, [USERS, NEW, RETURNING, RESURRECTING]]
    lost = by_period[LEAVING].shift(fill_value=0).loc[numbers[0] :]
    return table.assign(**{DORMANT: -lost}).reset_index(drop=True)


def _rates(table: pd.DataFrame, dates: pd.Series, whole: pd.Series, confidence: float) -> pd.DataFrame:
    """Add what growth accounting derives from the counts; only where they are final."""
    before = (table[RETURNING] - table[DORMANT]).where(whole, 0)
    lost = (-table[DORMANT]).where(whole, 0)
    around = [wilson(int(n), int(of), confidence=confidence) if of else wilson(0, 0) for n, of in
              zip(table[RETURNING], before, strict=True)]  # fmt: skip
    came = table[NEW] + table[RESURRECTING]
    return pd.DataFrame(
        {
            PERIOD: dates,
            **{name: table[name] for name in (USERS, *STATES)},
            NET_CHANGE: came + table[DORMANT],
            RETAINED_RATE: [share(int(n), int(of)) for n, of in zip(table[RETURNING], before, strict=True)],
            CI_LOWER: [interval.lower for interval in around],
            CI_UPPER: [interval.upper for interval in around],
            QUICK_RATIO: [share(int(n), int(of)) for n, of in zip(came, lost, strict=True)],
            COMPLETE: whole,
        }
    )


def _definition(asked: Asked, period: str, new_by: NewBy, week_start: str, said: str, confidence: float) -> str:
    sight = "any kind" if new_by == "unit" else "these"
    weeks = f" from {week_start.title()}" if period == "week" else ""
    by = asked.question.segments
    apart = f"each unit in the segment of its {by!r} at that first event; " if by else ""
    return (
        f"Lifecycle: {asked.counted} with {asked.what} per calendar {period}{weeks}, {said}; new = active in the "
        f"{period} of the first event of {sight} in the log (since {asked.log.say(asked.begins)[:10]}); returning = "
        f"active in the {period} before as well; resurrecting = neither; dormant = active in the {period} before only, "
        f"counted once; quick ratio = (new + resurrecting) / dormant; {confidence:.0%} Wilson intervals; "
        f"{apart}{asked.log.scope}."
    )
