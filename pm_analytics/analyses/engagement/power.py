"""The power-user curve: on how many of the last days each active user came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.engagement.asking import MOST_SEGMENTS, Asked, ask, claim_id, say_days, split, stacked
from pm_analytics.analyses.engagement.counts import Often, Ruler, frequencies
from pm_analytics.analyses.engagement.intervals import laid_out, shares
from pm_analytics.asking import check_whole, say_most
from pm_analytics.errors import DataError
from pm_analytics.names import (
    ACTIVE_DAYS,
    ACTIVE_INTERVALS,
    CI_LOWER,
    CI_UPPER,
    MEAN_DAYS,
    RATE,
    RATIO,
    SEGMENT,
    USERS,
)
from pm_analytics.results import Claim, Result, records
from pm_analytics.stats.means import mean_interval
from pm_analytics.stats.proportions import check_confidence, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.engagement.asking import Moment
    from pm_analytics.events import EventLog


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PowerUsersResult(Result):
    """On how many of the last days users came. One row per number of days; see :func:`power_users` for the columns.

    Attributes
    ----------
    days : int
        Days looked back over.
    first, last : Timestamp
        The first and the last of them.
    counted : str
        What is counted, in words.
    confidence : float
        Coverage of the intervals.
    """

    days: int
    first: pd.Timestamp
    last: pd.Timestamp
    counted: str
    confidence: float

    def averages(self) -> pd.DataFrame:
        """Give the mean number of active days, and DAU/MAU of the same days.

        Returns
        -------
        DataFrame
            One row (per ``segment``, if asked): ``users`` active at all; ``mean_days`` = mean active days of those,
            with Student's ``ci_lower`` and ``ci_upper`` (null below two users, or when all came equally often);
            ``ratio`` = ``mean_days`` / the days looked back over, which is the mean of the daily counts divided by the
            users active at all: DAU/MAU. Divide the interval's ends by the same number for its interval.
        """
        rows = [{**name, **self._average(part)} for name, part in split(self._table)]
        keys = [SEGMENT] if SEGMENT in self._table else []
        return pd.DataFrame(rows, columns=[*keys, USERS, MEAN_DAYS, CI_LOWER, CI_UPPER, RATIO])

    def headline(self) -> str:
        """Say on how many days the average active unit came."""
        averages = self.averages()
        if self._table.empty or averages[USERS].sum() == 0:
            return f"Nobody was active in the {self.days} days to {self.last:%Y-%m-%d}"
        if SEGMENT in averages:
            ranked = averages.sort_values(MEAN_DAYS, ascending=False)
            said = say_most([f"{row[MEAN_DAYS]:.1f} {row[SEGMENT]}" for row in records(ranked)])
            return f"Mean active days of {self.days} to {self.last:%Y-%m-%d}: {said}"
        row = records(averages)[0]
        around = "" if pd.isna(row[CI_LOWER]) else f" ({row[CI_LOWER]:.2f} to {row[CI_UPPER]:.2f})"
        return f"Active {self.counted} came on {row[MEAN_DAYS]:.2f}{around} of {self.days} days on average"

    def summary(self) -> str:
        """Say on how many days the average active unit came, and what share came nearly daily and only once."""
        if SEGMENT in self._table or self._table[USERS].sum() == 0:
            return f"{self.headline()}."
        table = self._table.set_index(ACTIVE_DAYS)
        often = -(-self.days * 3 // 4)
        many, once = (float(part.sum()) for part in (table.loc[often:, RATE], table.loc[:1, RATE]))
        row = records(self.averages())[0]
        return (
            f"{self.headline()}, of {row[USERS]:,} active in the {self.days} days to {self.last:%Y-%m-%d} "
            f"(DAU/MAU {row[RATIO]:.1%}). {many:.1%} came on {often} days or more, {once:.1%} on one only."
        )

    def claims(self) -> list[Claim]:
        """List the mean active days, and the share of each row."""
        means = [
            Claim.of_row(
                row,
                MEAN_DAYS,
                id=claim_id("power_users", row, "mean_days"),
                unit="days",
                definition=self.definition,
                n=int(row[USERS]),
            )
            for row in records(self.averages())
        ]
        bases = [int(row[USERS]) for row in records(self.averages()) for _ in range(self.days)]
        shares_of_days = [
            Claim.of_row(
                row,
                RATE,
                id=claim_id("power_users", row, f"days_{row[ACTIVE_DAYS]}"),
                unit="share",
                definition=self.definition,
                n=int(row[USERS]),
                denominator=base,
            )
            for row, base in zip(records(self._table), bases, strict=True)
        ]
        return [*means, *shares_of_days]

    def _average(self, part: pd.DataFrame) -> dict[str, Any]:
        users, days = part[USERS], part[ACTIVE_DAYS]
        n, total, squares = int(users.sum()), float((users * days).sum()), float((users * days**2).sum())
        around = mean_interval(n, total, squares, confidence=self.confidence)
        mean = share(total, n)
        return {USERS: n, MEAN_DAYS: mean, CI_LOWER: around.lower, CI_UPPER: around.upper, RATIO: mean / self.days}


def power_users(
    log: EventLog,
    event: str | Sequence[str] | None = None,
    *,
    where: Mapping[str, Any] | None = None,
    days: int = 28,
    until: Moment | None = None,
    segments: str | None = None,
    confidence: float = 0.95,
) -> PowerUsersResult:
    """Count active users by the number of days they came, of the last 28 complete ones (the "L28" curve).

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    event : str or sequence of str, optional
        Events that make a unit active; any event when not given.
    where : mapping, optional
        Properties those events must have.
    days : int
        Days to look back over: 28, a whole number of weeks, so that months compare; 7 for a weekly curve.
    until : date, optional
        The last of the days, which must be over. The last day of the log that is over, when not given.
    segments : str, optional
        Property by whose value at the event units are counted apart. A unit with several values is in several
        segments. The ten largest are named, the rest is "(other)".
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    PowerUsersResult
        ``to_frame()``: one row per number of days: ``segment`` (if asked), ``active_days`` from 1, ``users``; ``rate``
        = share of the units active at all (in the segment), null when there are none, with Wilson's ``ci_lower`` and
        ``ci_upper``. ``averages()``: the mean, with its interval, and DAU/MAU.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        Words or counts that make no sense, an unknown property; a log that has no such days, or not so many.

    Warns
    -----
    PmAnalyticsWarning
        An event never occurs in the log; it counts zero.
    """
    check_confidence(confidence)
    number = check_whole("days", days)
    asked = ask(log, event, where, segments)
    last = asked.last_over("day") if until is None else asked.range((until, until), "day", "monday")[1]
    first = last - number + 1
    _check_known(asked, first, last, number)
    ruler = Ruler("day", "monday", asked.instant(first, "day"), asked.instant(last + 1, "day"))
    counted = frequencies(asked.question, ruler, Often(first, 1, 1, None, None), most=MOST_SEGMENTS)
    parts = [
        pd.DataFrame({**name, ACTIVE_DAYS: range(1, number + 1), **_shares(part, number, confidence)})
        for name, part in split(counted)
    ]
    dates = asked.dates([first, last], "day")
    columns = [*([SEGMENT] if segments else []), ACTIVE_DAYS, USERS, RATE, CI_LOWER, CI_UPPER]
    return PowerUsersResult(
        _table=stacked(parts, columns),
        definition=_definition(asked, say_days(dates[0], dates[1]), confidence),
        basis=asked.basis(say_days(dates[0], dates[1])),
        days=number,
        first=dates[0],
        last=dates[1],
        counted=asked.counted,
        confidence=confidence,
    )


def _check_known(asked: Asked, first: int, last: int, days: int) -> None:
    """Refuse days that are not over, or of which the log knows nothing: they would look like absence."""
    begins, over = asked.first("day"), asked.last_over("day")
    if last > over:
        raise DataError(f"Not all of these days are over: data is known until {asked.log.say(asked.question.until)}.")
    if first < begins:
        there = max(0, last - begins + 1)
        so_many = f"write days={there} or fewer" if there else "take a longer log"
        raise DataError(f"The log has {there} complete days up to then, not {days}; {so_many}.")


def _shares(part: pd.DataFrame, days: int, confidence: float) -> dict[str, Any]:
    users = laid_out(part[[ACTIVE_INTERVALS, USERS]], days)
    return shares(users, int(users.sum()), confidence)


def _definition(asked: Asked, said: str, confidence: float) -> str:
    return (
        f"Power users: {asked.counted} with {asked.what}, by the number of local days on which they came, {said}; "
        f"shares of those who came at all, {confidence:.0%} Wilson intervals; mean days with Student's interval; "
        f"DAU/MAU = mean days / days; {asked.scope()}"
    )
