"""Active users per day, week and month: rolling distinct counts, and how they relate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pm_analytics.analyses.engagement.asking import MOST_SEGMENTS, Asked, ask, claim_id, say_days, split, stacked
from pm_analytics.analyses.engagement.counts import Ruler, turnover
from pm_analytics.analyses.engagement.ratios import RatioResult, ratios
from pm_analytics.analyses.engagement.ratios import definition as ratio_definition
from pm_analytics.asking import check_whole, say_most
from pm_analytics.errors import ParameterError
from pm_analytics.names import COMPLETE, DAY, MEAN_DAYS, MEAN_RATIO, RATIO, SEGMENT, USERS, WINDOW_DAYS
from pm_analytics.results import SMALL_GROUP, Claim, Result, known, records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.engagement.asking import Moment
    from pm_analytics.events import EventLog

    Counts = np.ndarray[Any, np.dtype[np.float64]]

DAYS_SHOWN = 10
LONGEST_WINDOW = 400


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ActiveUsersResult(Result):
    """Active users per day and rolling window. One row per day and window; see :func:`active_users` for the columns.

    Attributes
    ----------
    windows : tuple of int
        Lengths of the windows in days, shortest first.
    counted : str
        What is counted, in words.
    segments : str or None
        Property that tells the segments apart.
    """

    windows: tuple[int, ...]
    counted: str
    segments: str | None

    def ratio(self, short: int | None = None, long: int | None = None) -> RatioResult:
        """Divide the count of one window by that of a longer one, day by day: DAU/MAU, unless told otherwise.

        Parameters
        ----------
        short, long : int, optional
            Two of the windows; the shortest and the longest when not given.

        Returns
        -------
        RatioResult
            ``to_frame()``: ``segment`` (if asked), ``day``; ``ratio`` of that day, null unless both windows are
            complete and the longer one is not empty, low on weekends; ``mean_ratio`` = the short window's mean over the
            days of the long one / the long one's count, null unless all of them are complete; ``mean_days`` =
            ``mean_ratio`` times the days, where the short window is one day: on how many days the active came.

        Raises
        ------
        ParameterError
            Not two of the windows asked for, in this order.
        """
        pair = self._pair(short, long)
        parts = [(name, part.set_index(DAY)) for name, part in split(self._wide().reset_index())]
        table = ratios(parts, *pair)
        return RatioResult(
            _table=table[[*self._keys(), DAY, RATIO, MEAN_RATIO, MEAN_DAYS]],
            definition=ratio_definition(*pair, self.definition),
            basis=self.basis,
            short=pair[0],
            long=pair[1],
            counted=self.counted,
            segments=self.segments,
        )

    def headline(self) -> str:
        """Say the count of the longest window on the last complete day, and how much of it comes on a typical day."""
        last = self._last_day()
        if last is None:
            return "No day of this log has all its windows complete yet"
        if self.segments:
            return self._headline_of_segments(last)
        longest = self.windows[-1]
        text = f"{self._at(last, longest):,.0f} {self.counted} were active in {_say_window(longest)} to {last:%Y-%m-%d}"
        typical = self._typical()
        return text if math.isnan(typical) else f"{text}; {self._ratio_name()} {typical:.1%}"

    def summary(self) -> str:
        """Say each window's count on the last complete day, and what DAU/MAU means in days."""
        last = self._last_day()
        if last is None:
            return f"{self.headline()}, so there are no counts to compare."
        if self.segments:
            return f"{self.headline()}.{self._open_day()}"
        counts = ", ".join(f"{self._at(last, window):,.0f} in {_say_window(window)}" for window in self.windows)
        silent = f" Nobody came on {last:%Y-%m-%d}: has the recording stopped? See pm.check(log)." * self._is_silent(
            last
        )
        return f"Active {self.counted} to {last:%Y-%m-%d}: {counts}.{self._say_typical()}{self._open_day()}{silent}"

    def claims(self) -> list[Claim]:
        """List each window's count on the last complete day, and DAU/MAU."""
        last = self._last_day()
        rows = [row for row in records(self._table) if last is not None and row[DAY] == last]
        counts = [
            Claim(
                id=claim_id("active_users", row, f"days_{row[WINDOW_DAYS]}"),
                value=known(row[USERS]),
                unit="count",
                definition=self.definition,
                n=None if math.isnan(row[USERS]) else int(row[USERS]),
            )
            for row in rows
        ]
        if self.segments or len(self.windows) == 1 or self.windows[0] != 1:
            return counts
        return [*counts, Claim("active_users.dau_mau", known(self._typical()), "share", self.definition)]

    def to_display(self) -> pd.DataFrame:
        """Give the last days with one column per window; a day that is not over is marked."""
        wide = self._pivoted(self._table).reset_index()
        recent = wide.groupby(SEGMENT, sort=False).tail(DAYS_SHOWN) if self.segments else wide.tail(DAYS_SHOWN)
        newest = self._table[DAY].max()
        days = [f"{day:%Y-%m-%d}{'' if day < newest or self._over() else ' (not over)'}" for day in recent[DAY]]
        shown = recent.assign(**{DAY: days})
        return shown.rename(columns={window: _say_window(window, short=True) for window in self.windows})

    def _keys(self) -> list[str]:
        return [SEGMENT] if self.segments else []

    def _pair(self, short: int | None, long: int | None) -> tuple[int, int]:
        pair = (self.windows[0] if short is None else short, self.windows[-1] if long is None else long)
        if not set(pair) <= set(self.windows) or pair[0] >= pair[1]:
            asked = ", ".join(map(str, self.windows))
            raise ParameterError(
                f"A ratio needs a shorter and a longer window of {asked} days; got {pair[0]} and {pair[1]}. "
                "Ask for more with pm.active_users(..., windows=(1, 7, 28))."
            )
        return pair

    def _wide(self) -> pd.DataFrame:
        """Give one column per window, null where it is not complete."""
        final = self._table.assign(**{USERS: self._table[USERS].where(self._table[COMPLETE])})
        return self._pivoted(final)

    def _pivoted(self, table: pd.DataFrame) -> pd.DataFrame:
        """Spread the windows over columns; every one of them has one count per day, so none is averaged away."""
        return table.set_index([*self._keys(), DAY, WINDOW_DAYS])[USERS].unstack(WINDOW_DAYS)  # noqa: PD010 - keeps null

    def _last_day(self) -> pd.Timestamp | None:
        """Find the last day on which every window is complete."""
        complete = self._table.groupby(DAY)[COMPLETE].all()
        days = complete.index[complete.to_numpy()]
        return None if len(days) == 0 else pd.Timestamp(days.max())

    def _at(self, day: pd.Timestamp, window: int) -> float:
        table = self._table
        return float(table.loc[(table[DAY] == day) & (table[WINDOW_DAYS] == window), USERS].iloc[0])

    def _typical(self) -> float:
        """Mean of the daily counts over the longest window / its distinct count: each unit's mean share of days."""
        last, longest = self._last_day(), self.windows[-1]
        if last is None or longest == 1 or self.windows[0] != 1:
            return math.nan
        table = self.ratio().to_frame()
        return float(table.loc[table[DAY] == last, MEAN_RATIO].iloc[0])

    def _say_typical(self) -> str:
        typical, longest = self._typical(), self.windows[-1]
        if math.isnan(typical):
            return ""
        days = f"{typical * longest:.1f} of {longest} days"
        return f" {self._ratio_name()} is {typical:.1%}: who came at all came on {days} on average."

    def _ratio_name(self) -> str:
        return {7: "DAU/WAU", 28: "DAU/MAU", 30: "DAU/MAU"}.get(self.windows[-1], f"Daily/{self.windows[-1]}-day users")

    def _is_silent(self, last: pd.Timestamp) -> bool:
        """Tell a last day without anybody, after days with many: less likely a drop than a recording that stopped."""
        return self.windows[0] == 1 and self._at(last, 1) == 0 and self._at(last, self.windows[-1]) >= SMALL_GROUP

    def _over(self) -> bool:
        shortest = self._table[self._table[WINDOW_DAYS] == self.windows[0]]
        newest = shortest[shortest[DAY] == shortest[DAY].max()]
        return bool(newest[COMPLETE].all() or newest[USERS].isna().all())

    def _open_day(self) -> str:
        return "" if self._over() else " The last day is not over and is in no ratio."

    def _headline_of_segments(self, last: pd.Timestamp) -> str:
        longest = self.windows[-1]
        rows = self._table[(self._table[DAY] == last) & (self._table[WINDOW_DAYS] == longest)]
        counts = rows.set_index(SEGMENT)[USERS].sort_values(ascending=False)
        said = say_most([f"{users:,.0f} {name}" for name, users in counts.items()])
        return f"Active {self.counted} in {_say_window(longest)} to {last:%Y-%m-%d}, by {self.segments}: {said}"


def active_users(
    log: EventLog,
    event: str | Sequence[str] | None = None,
    *,
    where: Mapping[str, Any] | None = None,
    windows: Sequence[int] = (1, 7, 28),
    between: tuple[Moment, Moment] | None = None,
    segments: str | None = None,
) -> ActiveUsersResult:
    """Count distinct active users per local day and per rolling window of days: DAU, WAU and MAU.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    event : str or sequence of str, optional
        Events that make a unit active; any event when not given.
    where : mapping, optional
        Properties those events must have, as in ``log.where({"plan": "pro"})``. Unlike a filter of the log, this does
        not change since when the log is known.
    windows : sequence of int
        Lengths in days; a window ends with the day itself: 7 means that day and the 6 before it.
    between : (first, last), optional
        Days to show, both included; the windows reach back before the first. All days of the log when not given.
    segments : str, optional
        Property by whose value at the event units are counted apart. A unit with several values is in several
        segments, so they may add to more than the whole. The ten largest are named, the rest is "(other)".

    Returns
    -------
    ActiveUsersResult
        ``to_frame()``: one row per day and window: ``segment`` (if asked), ``day``, ``window_days``, ``users`` =
        distinct units active in the window, null where it reaches before the log's first day; ``complete`` = the
        window lies in the log and the day is over. ``ratio()`` divides two windows day by day. No interval is given:
        the same people stand behind neighbouring days, so an interval for a ratio of daily counts would be wrong; see
        :func:`pm_analytics.power_users` for the average of the same days, with one.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        Windows or days that make no sense, an unknown property, an empty log.

    Warns
    -----
    PmAnalyticsWarning
        An event never occurs (it counts zero), or days were asked for of which nothing is known.

    Examples
    --------
    >>> import pandas as pd, pm_analytics as pm
    >>> rows = pd.DataFrame({"user": ["a", "b", "a"], "event": "visit",
    ...                      "time": ["2026-01-01T10:00Z", "2026-01-01T11:00Z", "2026-01-02T10:00Z"]})
    >>> pm.active_users(pm.EventLog.from_frame(rows), windows=[1, 2]).to_frame()
             day  window_days  users  complete
    0 2026-01-01            1    2.0      True
    1 2026-01-01            2    NaN     False
    2 2026-01-02            1    1.0     False
    3 2026-01-02            2    2.0     False
    """
    lengths = _checked_windows(windows)
    asked = ask(log, event, where, segments)
    first, last = asked.known_range(between, "day", "monday")
    reach = max(first - lengths[-1] + 1, asked.first("day"))
    ruler = Ruler("day", "monday", asked.instant(reach, "day"), asked.instant(last + 1, "day"))
    counted = turnover(asked.question, ruler, lengths, most=MOST_SEGMENTS)
    rows = [
        pd.concat(
            [pd.DataFrame({**name, **_rolling(part, asked, window, (reach, first, last))}) for window in lengths]
        ).sort_values([DAY, WINDOW_DAYS])
        for name, part in split(counted)
    ]
    keys = [SEGMENT] if segments else []
    columns = [*keys, DAY, WINDOW_DAYS, USERS, COMPLETE]
    days = [asked.dates([day], "day").iloc[0] for day in (first, last)]
    return ActiveUsersResult(
        _table=stacked(rows, columns),
        definition=_definition(asked, lengths, say_days(*days)),
        basis=asked.basis(),
        windows=lengths,
        counted=asked.counted,
        segments=segments,
    )


def _checked_windows(windows: Sequence[int]) -> tuple[int, ...]:
    if isinstance(windows, str | int) or not list(windows):
        raise ParameterError(f"windows={windows!r} needs a list of lengths in days, like (1, 7, 28).")
    lengths = sorted({check_whole("windows", length) for length in windows})
    if lengths[-1] > LONGEST_WINDOW:
        raise ParameterError(f"windows={windows!r} are days; one of more than {LONGEST_WINDOW} is not offered.")
    return tuple(lengths)


def _rolling(counted: pd.DataFrame, asked: Asked, window: int, days: tuple[int, int, int]) -> dict[str, Any]:
    """Sum who enters and who leaves a window, from the first day read on; keep the days to show."""
    reach, first, last = days
    entered, leaving = (
        _by_day(counted, f"entered_{window}", reach, last),
        _by_day(counted, f"last_{window}", reach, last),
    )
    left = np.concatenate([np.zeros(window), leaving.cumsum()])[: len(leaving)]
    numbers = np.arange(first, last + 1)
    known_days = numbers - window + 1 >= asked.first("day")
    users = np.where(known_days, (entered.cumsum() - left)[first - reach :], math.nan)
    over = numbers <= asked.last_over("day")
    return {
        DAY: asked.dates(numbers, "day"),
        WINDOW_DAYS: window,
        USERS: users,
        COMPLETE: known_days & over,
    }


def _by_day(counted: pd.DataFrame, column: str, first: int, last: int) -> Counts:
    """Lay a count out over all days, zero where nobody was counted."""
    laid: Counts = np.zeros(last - first + 1)
    laid[counted[DAY].to_numpy(dtype="int64") - first] = counted[column].to_numpy(dtype="float64")
    return laid


def _say_window(window: int, *, short: bool = False) -> str:
    said = "1 day" if window == 1 else f"{window} days"
    return said if short else ("the day" if window == 1 else f"the {said}")


def _definition(asked: Asked, windows: tuple[int, ...], days: str) -> str:
    lengths = ", ".join(map(str, windows))
    return (
        f"Active users: distinct {asked.counted} with {asked.what} in the {lengths} local days that end with each day, "
        f"{days}; null where a window reaches before {asked.log.say(asked.begins)[:10]}, the log's first day; a day "
        f"that is not over is in no ratio; {asked.scope()}"
    )
