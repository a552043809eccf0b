"""Adoption: the public function, its result, and the arithmetic between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption.counts import EARLY, IMMATURE, INTERESTED, TRIED, Question, rungs, waits
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.names import (
    ADOPTED,
    ADOPTED_SHARE,
    AT_RISK,
    CENSORED,
    CI_LOWER,
    CI_UPPER,
    DAYS,
    ELIGIBLE,
    RATE,
    RUNG,
    UNIT,
    USERS,
)
from pm_analytics.results import Claim, Result, known, records, say_share
from pm_analytics.stats.proportions import check_confidence, share, wilson
from pm_analytics.stats.survival import CurvePoint, at, kaplan_meier, quantile
from pm_analytics.times import DAY, HOUR, microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, timedelta

    from pm_analytics.events import EventLog

    Moment = str | date | datetime
    Eligible = Mapping[str, Any] | pd.DataFrame | Iterable[Any] | None

HOURS_PER_DAY = DAY // HOUR


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AdoptionResult(Result):
    """Who could use a feature, who does, and how soon. One row per rung; see :func:`adoption` for the columns.

    Attributes
    ----------
    feature : str
        The feature's events, in words.
    within : timedelta
        Time allowed from becoming eligible.
    immature : int
        Eligible units whose window is not over when the data ends; in no rate, but in the curve up to then.
    early : int
        Units that used the feature before they became eligible (such as testers); in no number of this result.
    confidence : float
        Coverage of the intervals.
    counted : str
        What is counted, in words.
    """

    _curve: tuple[CurvePoint, ...]
    feature: str
    within: timedelta
    immature: int
    early: int
    confidence: float
    counted: str

    @property
    def rate(self) -> float:
        """Adopters within the window / eligible units whose window is over; NaN when there are none."""
        return float(self._table[RATE].iloc[-1])

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

    def median_days(self) -> float:
        """Give the days by which half of those who adopt within the window have done so; NaN when nobody does.

        Read off the Kaplan-Meier curve, so that units observed for less than the window count for what is known of
        them. It is about adopters: it says how soon they start, not how many do.
        """
        end = at(list(self._curve), self.within / _hour())
        if end is None or end.share <= 0:
            return math.nan
        return quantile(list(self._curve), end.share / 2) / HOURS_PER_DAY

    def headline(self) -> str:
        """Say the adoption rate with its interval, in one short line."""
        eligible, last = int(self._table[USERS].iloc[0]), self._table.iloc[-1]
        if eligible == 0:
            return "Nobody eligible has been observed long enough yet"
        said = say_share(int(last[USERS]), eligible, last[CI_LOWER], last[CI_UPPER], f"eligible {self.counted}")
        return f"{said} adopted {self.feature} within {say_duration(self.within)}"

    def say_median(self) -> str:
        """Say how soon adopters start: '3 days', '5 hours'; empty when nobody adopted."""
        days = self.median_days()
        return "" if math.isnan(days) else _say_days(days)

    def summary(self) -> str:
        """Say the adoption rate with its interval and denominator, and how soon adopters start."""
        if int(self._table[USERS].iloc[0]) == 0:
            return (
                f"No eligible unit has been observed for {say_duration(self.within)} yet, so there is no adoption rate."
            )
        soon = f"; half of those who do, do so within {self.say_median()}" if self.say_median() else ""
        young = f" {self.immature:,} more are too new to judge." if self.immature else ""
        return f"{self.headline()}{soon}.{young}"

    def claims(self) -> list[Claim]:
        """List each rung's share of the eligible, and the median time to adopt."""
        eligible = int(self._table[USERS].iloc[0])
        shares = [
            Claim(
                id=f"adoption.{row[RUNG]}",
                value=known(row[RATE]),
                unit="share",
                definition=f"{row[RUNG]}: {self.definition}",
                ci_lower=known(row[CI_LOWER]),
                ci_upper=known(row[CI_UPPER]),
                n=int(row[USERS]),
                denominator=eligible,
            )
            for row in records(self._table)
        ]
        return [*shares, Claim("adoption.median_days", known(self.median_days()), "days", self.definition)]


def adoption(
    log: EventLog,
    feature: str | Sequence[str],
    *,
    eligible: Eligible = None,
    released_at: Moment | None = None,
    within: str | timedelta = "14 days",
    min_uses: int = 1,
    min_days: int = 1,
    interest: str | Sequence[str] = (),
    confidence: float = 0.95,
) -> AdoptionResult:
    """Measure what share of those who could use a feature adopted it, and how soon.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    feature : str or sequence of str
        The event(s) that count as a use.
    eligible : mapping, DataFrame or iterable, optional
        Who could use it. Not given: every unit with any event at or after ``released_at``. A mapping such as
        ``{"plan": ["Pro", "Team"]}``: units with such an event then. A frame or list of units: those; a frame may
        have a second column with the time since when (their exposure, in a staged rollout).
    released_at : date or time, optional
        When the feature came out. A unit is eligible from its first event at or after it (or its listed time, if
        later). Not given: from its first event.
    within : str or timedelta
        Window after becoming eligible, end included.
    min_uses, min_days : int
        An adopter has used it at least so often, on at least so many distinct days of the log's zone.
    interest : str or sequence of str
        Events that show the feature was noticed (its page seen, its button pressed): adds the rung "interested".
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    AdoptionResult
        ``to_frame()``: one row per rung (``eligible``, ``interested`` if asked, ``tried`` if adopting takes more than
        one use, ``adopted``): ``rung``, ``users``, ``rate`` = share of the eligible whose window is over, null when
        there are none, with Wilson's ``ci_lower`` and ``ci_upper``. ``curve()`` is the Kaplan-Meier curve of time to
        adopt, in which units too new to judge count up to when they were last observed.

    Raises
    ------
    UnknownNameError
        The feature never occurs in the log, or an eligible property does not exist.
    ParameterError, DataError
        A window, count or list that makes no sense.
    """
    window = parse_duration(within, name="within")
    check_confidence(confidence)
    features, noticed = _names(feature), _names(interest)
    _check_counts(min_uses, min_days)
    _check_events(log, features)
    released = None if released_at is None else log.moment(released_at, name="released_at")
    base, listed, who = _eligible(log, eligible)
    question = Question(features, noticed, released, microseconds(window), int(min_uses), int(min_days), base, listed)
    counted = rungs(log, question)
    hours = waits(log, question)
    curve = kaplan_meier(
        [(float(row["hours"]), int(row[ADOPTED]), int(row[CENSORED])) for row in records(hours)],
        confidence=confidence,
    )
    unit = "users" if log.unit == "user_id" else f"values of {log.unit}"
    return AdoptionResult(
        _table=_ladder(counted, bool(noticed), min_uses > 1 or min_days > 1, confidence),
        definition=_definition(log, question, window, who, unit, confidence, counted[EARLY]),
        basis=f"eligible {unit} {who}; {log.basis}",
        _curve=tuple(curve),
        feature=" or ".join(map(repr, features)),
        within=window,
        immature=counted[IMMATURE],
        early=counted[EARLY],
        confidence=confidence,
        counted=unit,
    )


def _names(events: str | Sequence[str]) -> tuple[str, ...]:
    return (events,) if isinstance(events, str) else tuple(events)


def _check_counts(min_uses: int, min_days: int) -> None:
    if min_uses < 1 or min_days < 1:
        raise ParameterError(f"min_uses={min_uses} and min_days={min_days} must be 1 or more.")
    if min_days > min_uses:
        raise ParameterError(
            f"min_days={min_days} needs at least as many uses, but min_uses={min_uses}; write min_uses={min_days}."
        )


def _check_events(log: EventLog, features: Sequence[str]) -> None:
    if not features:
        raise ParameterError("Name at least one event that counts as a use of the feature.")
    known = log.event_names()
    missing = [name for name in features if name not in known]
    if missing:
        raise UnknownNameError("event", missing, known, where="this event log")


def _eligible(log: EventLog, eligible: Eligible) -> tuple[EventLog | None, pd.DataFrame | None, str]:
    """Turn the caller's idea of who could use it into a log, or a list, and words."""
    if eligible is None:
        return log, None, "active since the release"
    if isinstance(eligible, Mapping):
        base = log.where(eligible)
        return base, None, f"active since the release with {', '.join(base.filters[len(log.filters) :])}"
    listed = _listed(log, eligible)
    return None, listed, f"on the list of {len(listed):,} eligible"


def _listed(log: EventLog, eligible: Any) -> pd.DataFrame:  # noqa: ANN401
    """Read a list of units, or a frame of units and times."""
    frame = eligible if hasattr(eligible, "iloc") and eligible.ndim == 2 else pd.DataFrame({UNIT: list(eligible)})
    if frame.empty or frame.shape[1] > 2:
        raise DataError(
            f"eligible= has {len(frame)} rows and {frame.shape[1]} columns; give a list of units, or a frame with the "
            "unit in the first column and, if you like, the time since when in the second."
        )
    since = frame.iloc[:, 1] if frame.shape[1] == 2 else pd.Series([None] * len(frame), dtype="object")
    return pd.DataFrame({UNIT: frame.iloc[:, 0].to_numpy(), "since": _instants(since, log)})


def _instants(since: pd.Series, log: EventLog) -> pd.Series:
    """Turn times into UTC microseconds; without an offset they are read in the log's zone, missing stays missing."""
    if since.isna().all():
        return pd.Series([pd.NA] * len(since), dtype="Int64")
    moments = pd.to_datetime(since, format="ISO8601") if since.dtype.kind != "M" else since
    zoned = moments if moments.dt.tz is not None else moments.dt.tz_localize(log.timezone)
    whole = zoned.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]").astype("int64").astype("Int64")
    return whole.mask(since.isna().to_numpy())


def _ladder(counted: Mapping[str, int], has_interest: bool, has_trial: bool, confidence: float) -> pd.DataFrame:
    names = [ELIGIBLE, *([INTERESTED] if has_interest else []), *([TRIED] if has_trial else []), ADOPTED]
    eligible = counted[ELIGIBLE]
    intervals = [wilson(counted[name], eligible, confidence=confidence) for name in names]
    return pd.DataFrame(
        {
            RUNG: names,
            USERS: [counted[name] for name in names],
            RATE: [share(counted[name], eligible) for name in names],
            CI_LOWER: [math.nan, *(interval.lower for interval in intervals[1:])],
            CI_UPPER: [math.nan, *(interval.upper for interval in intervals[1:])],
        }
    )


def _definition(
    log: EventLog, question: Question, window: timedelta, who: str, unit: str, confidence: float, early: int
) -> str:
    uses = f"{question.min_uses} use{'s' if question.min_uses > 1 else ''}"
    days = f" on {question.min_days} days" if question.min_days > 1 else ""
    release = "" if question.released is None else f", released {log.say(question.released)}"
    testers = f"; {early:,} who used it before that left out" if early else ""
    return (
        f"Adoption: {unit} {who}{release}{testers}; adopted = at least {uses}{days} of "
        f"{' or '.join(map(repr, question.feature))} within {say_duration(window)} of becoming eligible, end included; "
        f"rates over those whose window is over; {confidence:.0%} Wilson intervals; "
        f"time to adopt by Kaplan-Meier; {log.scope}."
    )


def _say_days(days: float) -> str:
    if days < 1:
        hours = max(1, round(days * HOURS_PER_DAY))
        return f"{hours} hour{'' if hours == 1 else 's'}"
    rounded = f"{days:.1f}".removesuffix(".0")
    return f"{rounded} day{'' if rounded == '1' else 's'}"


def _hour() -> timedelta:
    from datetime import timedelta

    return timedelta(hours=1)
