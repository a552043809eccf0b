"""One window's count divided by another's: DAU/MAU and its like, day by day and without the weekends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.engagement.asking import claim_id, split
from pm_analytics.asking import say_most
from pm_analytics.names import DAY, MEAN_DAYS, MEAN_RATIO, RATIO, SEGMENT
from pm_analytics.results import Claim, Result, known, records

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = {1: "DAU", 7: "WAU", 28: "MAU", 30: "MAU"}
DAYS_SHOWN = 10


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RatioResult(Result):
    """How much of a long window's actives a short one holds, per day; see :meth:`ActiveUsersResult.ratio`.

    Attributes
    ----------
    short, long : int
        Lengths of the two windows in days.
    counted : str
        What is counted, in words.
    segments : str or None
        Property that tells the segments apart.
    """

    short: int
    long: int
    counted: str
    segments: str | None

    @property
    def name(self) -> str:
        """Name the ratio: 'DAU/MAU'."""
        return "/".join(NAMES.get(window, f"{window}-day users") for window in (self.short, self.long))

    def headline(self) -> str:
        """Say the mean ratio of the last window that is complete."""
        rows = self._last_rows()
        if not rows:
            return f"No {self.long} days of this log are complete yet, so there is no mean {self.name}"
        to = f"{rows[0][DAY]:%Y-%m-%d}"
        if self.segments:
            ranked = sorted(rows, key=lambda row: -row[MEAN_RATIO])
            said = say_most([f"{row[MEAN_RATIO]:.1%} {row[SEGMENT]}" for row in ranked])
            return f"{self.name} of the {self.long} days to {to}, by {self.segments}: {said}"
        days = rows[0][MEAN_DAYS]
        came = "" if math.isnan(days) else f": who came at all came on {days:.1f} of {self.long} days"
        return f"{self.name} {rows[0][MEAN_RATIO]:.1%} in the {self.long} days to {to}{came}"

    def summary(self) -> str:
        """Say the mean ratio, and what it was one window earlier."""
        rows = self._last_rows()
        if not rows or self.segments:
            return f"{self.headline()}."
        table = self._table.set_index(DAY)[MEAN_RATIO]
        before = table.get(rows[0][DAY] - pd.Timedelta(days=self.long), math.nan)
        return (
            f"{self.headline()}."
            if math.isnan(before)
            else f"{self.headline()}; {self.long} days earlier {before:.1%}."
        )

    def claims(self) -> list[Claim]:
        """List the mean ratio of each segment, and the mean of active days where there is one."""
        name = self.name.lower().replace("/", "_").replace(" ", "_").replace("-", "_")
        found = []
        for row in self._last_rows():
            found.append(Claim(claim_id(name, row), known(row[MEAN_RATIO]), "share", self.definition))
            if self.short == 1:
                found.append(Claim(claim_id(name, row, MEAN_DAYS), known(row[MEAN_DAYS]), "days", self.definition))
        return found

    def to_display(self) -> pd.DataFrame:
        """Give the last days, the ratios as percents."""
        table = pd.concat([part.tail(DAYS_SHOWN) for _, part in split(self._table)])
        said = {name: ["" if math.isnan(x) else f"{x:.1%}" for x in table[name]] for name in (RATIO, MEAN_RATIO)}
        return table.assign(**said, **{DAY: [f"{day:%Y-%m-%d}" for day in table[DAY]]})

    def _last_rows(self) -> list[dict[str, Any]]:
        """Give the last day with a mean: one row, or one per segment."""
        known_ones = self._table[self._table[MEAN_RATIO].notna()]
        return records(known_ones[known_ones[DAY] == known_ones[DAY].max()])


def ratios(parts: Sequence[tuple[dict[str, str], pd.DataFrame]], short: int, long: int) -> pd.DataFrame:
    """Divide per day; the counts have a column per window, null where it is not complete.

    The mean is that of the short window over the days of the long one, all of which must be complete, divided by the
    long one's count. For days over 28 days, that is each unit's mean share of active days.
    """
    return pd.concat([_ratio(part, short, long).assign(**name) for name, part in parts], ignore_index=True)


def _ratio(counts: pd.DataFrame, short: int, long: int) -> pd.DataFrame:
    over, under = counts[short], counts[long].where(counts[long] > 0)
    mean = over.rolling(long, min_periods=long).mean() / under
    days = mean * long if short == 1 else mean * math.nan
    return pd.DataFrame({DAY: counts.index, RATIO: over / under, MEAN_RATIO: mean, MEAN_DAYS: days}).reset_index(
        drop=True
    )


def definition(short: int, long: int, counts: str) -> str:
    """Say how the ratio comes from the counts."""
    days = "a local day" if short == 1 else f"{short} local days"
    return (
        f"Ratio: active in {days} / active in the {long} days to the same day, null unless both are complete; "
        f"mean_ratio = mean of the former over those {long} days / the latter; no interval, since the same people are "
        f"behind neighbouring days. {counts}"
    )
