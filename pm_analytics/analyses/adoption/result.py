"""AdoptionResult: what adoption says, in frames, sentences and claims, and what may be asked of it next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pandas as pd

from pm_analytics.analyses.adoption import comparison, ladder, novelty, segments, trends, usage
from pm_analytics.analyses.adoption.standing import Standing
from pm_analytics.names import (
    ADOPTED,
    ADOPTED_SHARE,
    AT_RISK,
    BASE,
    CENSORED,
    CI_LOWER,
    CI_UPPER,
    DAYS,
    ELIGIBLE,
    RATE,
    RUNG,
    STEP_BASE,
    STEP_CI_LOWER,
    STEP_CI_UPPER,
    USERS,
)
from pm_analytics.results import Claim, known, records, say_share
from pm_analytics.stats.survival import at, quantile
from pm_analytics.times import DAY, HOUR, say_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.adoption.accounts import AdoptionAccounts
    from pm_analytics.analyses.adoption.parts import AdoptionPart

HOURS_PER_DAY = DAY // HOUR
RETAINED = "retained"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AdoptionResult(Standing):
    """Who could use a feature, who does, and how soon. One row per rung; see :func:`pm_analytics.adoption`.

    Its fields are those of :class:`Standing`.
    """

    def curve(self) -> pd.DataFrame:
        """Give the share adopted by days since becoming eligible (Kaplan-Meier), one row per hour that changed it.

        Returns
        -------
        DataFrame
            ``days``, ``adopted_share`` with ``ci_lower``, ``ci_upper`` (null before the first adopter), and behind it
            ``at_risk`` (eligible, not adopted, still observed), ``adopted`` and ``censored`` (observation ended) units.
        """
        rows = [
            (p.time / HOURS_PER_DAY, p.share, p.ci_lower, p.ci_upper, p.at_risk, p.events, p.censored)
            for p in self._curve
        ]
        names = [DAYS, ADOPTED_SHARE, CI_LOWER, CI_UPPER, AT_RISK, ADOPTED, CENSORED]
        return pd.DataFrame(rows, columns=names)

    def at_risk(self, days: Sequence[float] = (0, 1, 3, 7, 14, 21, 28)) -> pd.DataFrame:
        """Read the curve at some days since becoming eligible: the table that belongs under it.

        Returns
        -------
        DataFrame
            One row per day: ``days``; ``at_risk``: not adopted and still observed just before then; ``adopted`` and
            ``censored``: units up to then; ``adopted_share`` with ``ci_lower`` and ``ci_upper``, by Kaplan-Meier.
        """
        return trends.at_risk(self._curve, days)

    def cohorts(self, period: str = "week", *, week_start: str = "monday") -> AdoptionPart:
        """Part adoption by the hour, day, week or month in which units became eligible; the newest are not judged.

        Returns
        -------
        AdoptionPart
            One row per ``cohort`` (the first day of its period): ``users`` = adopters within the window, ``base`` =
            units whose window is over, ``rate`` with Wilson's ``ci_lower`` and ``ci_upper`` (null when nobody can be
            judged), ``immature`` = units too new to judge, ``median_days`` of the adopters, ``complete``.

        Raises
        ------
        ParameterError
            No such period.
        """
        return trends.cohorts(self, period, week_start)

    def now(self, days: str | timedelta = "28 days") -> AdoptionPart:
        """Say what share of the eligible who are active now use the feature now, rather than ever.

        Returns
        -------
        AdoptionPart
            Rows ``before`` (absent where the log or the release is too young) and ``now`` as ``segment``: ``users`` of
            the feature in those days, ``base`` = eligible units with any event in them, ``rate`` with Wilson's
            ``ci_lower`` and ``ci_upper``.
        """
        return trends.now(self, days)

    def median_days(self) -> float:
        """Give the days by which half of those who adopt within the window have done so; NaN when nobody does.

        Read off the Kaplan-Meier curve, so that units observed for less than the window count for what is known of
        them. It is about adopters: it says how soon they start, not how many do.
        """
        hours = math.inf if self.within is None else self.within / timedelta(hours=1)
        end = at(list(self._curve), hours)
        if end is None or end.share <= 0:
            return math.nan
        return quantile(list(self._curve), end.share / 2) / HOURS_PER_DAY

    def denominators(self) -> AdoptionPart:
        """Set the adopters against three denominators: everybody, everybody active, and the eligible.

        Returns
        -------
        AdoptionPart
            One row per ``denominator``: ``everybody`` (any event in the log, or on the list), ``active`` (any event
            since the release), ``eligible`` (could use it, and their window is over): ``users`` = the same adopters,
            ``base``, ``rate`` with Wilson's ``ci_lower`` and ``ci_upper``.
        """
        return ladder.denominators(self)

    def tars(self, satisfied: float | tuple[int, int] | None = None) -> AdoptionPart:
        """Say what share is target, adopted, retained and satisfied: TARS.

        Parameters
        ----------
        satisfied : float or (int, int), optional
            Share of retained users who are satisfied; better, (satisfied answers, answers), which has an interval.

        Returns
        -------
        AdoptionPart
            One row per ``rung``: ``target`` (eligible / everybody), ``adopted`` (/ target whose window is over),
            ``retained`` (/ adopters judged), ``satisfied``: ``users``, ``base``, ``rate``, ``ci_lower``, ``ci_upper``.
            Null where it was not asked or given.
        """
        return ladder.tars(self, satisfied)

    def usage(self, *, weeks: int = 4, habit_weeks: int = 3, which: Literal["first", "last"] = "first") -> AdoptionPart:
        """Say how broadly, deeply and often the feature is used, and for how many it is a habit.

        Parameters
        ----------
        weeks : int
            Weeks (of seven times 24 hours) looked at for frequency and habit.
        habit_weeks : int
            A habit is a use in at least so many of them.
        which : {"first", "last"}
            The weeks from each adopter's first use, or those up to the end of the data. Adopters whose first use is
            not so many weeks back are in neither.

        Returns
        -------
        AdoptionPart
            One row per ``measure``: ``value``, ``ci_lower``, ``ci_upper``, ``base`` = units measured, ``kind``.
            Wilson's interval for shares, Student's for means, order statistics for medians.
        """
        return usage.usage(self, weeks=weeks, habit_weeks=habit_weeks, which=which)

    def novelty(self, *, weeks: int = 8) -> AdoptionPart:
        """Follow use per adopter by week since adopting, over weeks that are over.

        Returns
        -------
        AdoptionPart
            One row per ``week`` from 1: ``at_risk`` adopters for whom it is over, ``users`` who used it in it, ``rate``
            with Wilson's interval, ``mean_uses`` per adopter at risk with Student's ``uses_ci_lower`` and
            ``uses_ci_upper``. The use that made them adopters is not counted. The sentence compares the first week
            with the last, over the adopters observed for both.
        """
        return novelty.novelty(self, weeks=weeks)

    def by(self, name: str, *, top: int = 10) -> AdoptionPart:
        """Break adoption down by a property of the log or of the eligible list, such as ``"plan"`` or ``"account_id"``.

        A property of the log is the unit's first value at or after becoming eligible.

        Returns
        -------
        AdoptionPart
            One row per ``segment``, the ``top`` largest by eligible, then "(other)" and "(missing)": ``users`` =
            adopters, ``base`` = eligible whose window is over, ``rate`` with Wilson's ``ci_lower``, ``ci_upper``.
            The rows add up to the ladder.

        Raises
        ------
        UnknownNameError, ParameterError
            No such property; ``top`` below 1.
        """
        return segments.by(self, name, top=top)

    def accounts(
        self, name: str = "account_id", *, min_users: int = 1, min_share: float | None = None, top: int = 10
    ) -> AdoptionAccounts:
        """Count users' adoption account by account: which accounts have adopted, and how many of their seats.

        Parameters
        ----------
        name : str
            Property that names the account. A user seen in several belongs to the first, from becoming eligible on.
        min_users, min_share : int, float
            An account has adopted when at least so many of its eligible users have, and at least such a share of them.
        top : int
            Accounts named in the table, most eligible users first; the rest is "(other)".

        Returns
        -------
        AdoptionAccounts
            The columns of :meth:`by`, per account. ``spread()`` is the distribution over all accounts.
        """
        return segments.accounts(self, name, min_users=min_users, min_share=min_share, top=top)

    def compare(self, other: AdoptionResult, *, names: tuple[str, str] = ("first", "second")) -> AdoptionPart:
        """Set this adoption beside another of the same question, over other units: before and after, plan and plan.

        Returns
        -------
        AdoptionPart
            One row: both rates, and ``difference`` = ``other`` minus this one with Newcombe's ``ci_lower`` and
            ``ci_upper``, which takes the two groups to be different units.

        Raises
        ------
        ParameterError
            The two ask for different uses, days, spans or windows.
        """
        return comparison.compare(self, other, names)

    def headline(self) -> str:
        """Say the adoption rate with its interval, in one short line."""
        row = self.rung(ADOPTED)
        eligible = self.count(ELIGIBLE)
        if eligible == 0 or row is None:
            return "Nobody eligible has been observed long enough yet"
        said = say_share(int(row[USERS]), eligible, row[CI_LOWER], row[CI_UPPER], f"eligible {self.counted}")
        return f"{said} adopted {self.feature} {self.say_window()}"

    def say_median(self) -> str:
        """Say how soon adopters start: '3 days', '5 hours'; empty when nobody adopted."""
        days = self.median_days()
        return "" if math.isnan(days) else _say_days(days)

    def summary(self) -> str:
        """Say the adoption rate with its interval and denominator, how soon adopters start, and how many came back."""
        if self.count(ELIGIBLE) == 0:
            long = "" if self.within is None else f" for {say_duration(self.within)}"
            return f"No eligible unit has been observed{long} yet, so there is no adoption rate."
        soon = f"; half of those who do, do so within {self.say_median()}" if self.say_median() else ""
        young = f" {self.immature:,} more are too new to judge." if self.immature else ""
        return f"{self.headline()}{soon}.{young}{self._say_retained()}"

    def claims(self) -> list[Claim]:
        """List each rung's share of the eligible, and the median time to adopt."""
        shares = [
            Claim.of_row(
                row,
                RATE,
                id=f"adoption.{row[RUNG]}",
                unit="share",
                definition=f"{row[RUNG]}: {self.definition}",
                n=int(row[USERS]),
                denominator=None if pd.isna(row[BASE]) else int(row[BASE]),
            )
            for row in records(self._table)
        ]
        return [*shares, Claim("adoption.median_days", known(self.median_days()), "days", self.definition)]

    def to_display(self) -> pd.DataFrame:
        """Leave out the bases that can be read off the rows above."""
        return self._table.drop(columns=[BASE, STEP_BASE])

    def _say_retained(self) -> str:
        row = self.rung(RETAINED)
        if row is None:
            return ""
        if not row[STEP_BASE]:
            return " No adopter has been observed long enough to say who was retained."
        young = (
            f"; {self.unjudged:,} adopter{' is' if self.unjudged == 1 else 's are'} too new to say"
            if self.unjudged
            else ""
        )
        ends = row[STEP_CI_LOWER], row[STEP_CI_UPPER]
        return f" Retained: {say_share(int(row[USERS]), int(row[STEP_BASE]), *ends, 'adopters')}{young}."


def _say_days(days: float) -> str:
    if days < 1:
        hours = max(1, round(days * HOURS_PER_DAY))
        return f"{hours} hour{'' if hours == 1 else 's'}"
    rounded = f"{days:.1f}".removesuffix(".0")
    return f"{rounded} day{'' if rounded == '1' else 's'}"
