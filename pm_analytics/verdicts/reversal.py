"""A launch that was rolled back: on, then off again, and whether the metric went back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pm_analytics.analyses.impact import ImpactResult, impact
from pm_analytics.errors import DataError
from pm_analytics.times import from_microseconds

if TYPE_CHECKING:
    from datetime import date

    from pm_analytics.events import EventLog
    from pm_analytics.verdicts.question import LaunchQuestion

FEWEST_DAYS_OFF = 7


@dataclass(frozen=True, slots=True)
class Reversal:
    """What happened after a launch was taken back.

    Attributes
    ----------
    day : date
        First day without it.
    off : ImpactResult or None
        The metric after that day, against its forecast from before the launch; None when too few days have passed.
    """

    day: date
    off: ImpactResult | None

    @property
    def returned(self) -> bool | None:
        """Whether the metric went back to its forecast; None when that cannot be judged."""
        if self.off is None or self.off.refused or not self.off.primary.known:
            return None
        return not self.off.primary.moved

    def words(self) -> str:
        """Say whether it went back."""
        if self.returned is None:
            return "cannot be judged yet"
        return "returned to what was expected" if self.returned else "did not return to what was expected"


def noun(log: EventLog) -> str:
    """Say what is counted, in one word: "user", "account"."""
    return log.unit.removesuffix("_id")


def reversal(log: EventLog, question: LaunchQuestion, launched: date) -> Reversal | None:
    """Judge the days after a launch was rolled back by the forecast from before it.

    Raises
    ------
    DataError
        It was rolled back before it was launched.
    """
    if question.rolled_back_at is None:
        return None
    moment = from_microseconds(log.moment(question.rolled_back_at, name="rolled_back_at"), log.timezone)
    day = moment.date()
    if day <= launched:
        raise DataError(f"The launch ({launched}) was rolled back on {day}, which is not after it; check both dates.")
    end = from_microseconds(log.observed_until, log.timezone).date()
    if (end - day).days < FEWEST_DAYS_OFF or question.primary_event is None:
        return Reversal(day, None)
    # The days with it must teach the forecast nothing: they are left out like an outage.
    on = [(str(launched), str(day - timedelta(days=1)), "launch on")]
    off = impact(
        log,
        str(day),
        question.daily_primary(noun(log)),
        per="unit",
        calendar=on,
        length=min((end - day).days, question.post_days),
        confidence=question.confidence,
    )
    return Reversal(day, off)
