"""The past read as if it had been the experiment: who would have been exposed, when, and what they did then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics import calendars
from pm_analytics.analyses.experiment.analysis import asked_of, check_metrics, check_properties, kept
from pm_analytics.analyses.experiment.counts import Units
from pm_analytics.analyses.experiment.counts.planning import as_one_variant, moments_as_exposures, units_per_day
from pm_analytics.analyses.experiment.exposures import Exposures
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.times import parse_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    import pandas as pd
    from numpy.typing import NDArray

    from pm_analytics.analyses.experiment.counts.planning import Span
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.events import EventLog

    Moment = str | date | datetime
    History = str | tuple[Moment, Moment] | None
    Exposed = tuple[EventLog, Span, Exposures, str]

USUAL_HISTORY = "8 weeks"


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Units that would have been exposed in a span of time, all in the control.

    Attributes
    ----------
    units : Units
        The table of units, as the experiment would make it.
    log : EventLog
        Whose zone and whose end of data count.
    span : (int, int)
        From which instant to before which one (UTC microseconds): whole local days.
    days : array of int
        Units exposed for the first time on each of these days; empty when exposures have no time.
    count : int
        Units in all.
    what : str
        What exposed a unit, in words.
    """

    units: Units
    log: EventLog
    span: Span
    days: NDArray[np.int64]
    count: int
    what: str

    @property
    def said(self) -> str:
        """Say which units, and of which days."""
        first, until = (self.log.say(moment) for moment in self.span)
        return f"{self.count:,} units with {self.what} from {first} to before {until}"


def past_of(
    log: EventLog | None,
    plan: ExperimentPlan,
    *,
    eligible: str | Sequence[str] | None,
    exposures: Exposures | pd.DataFrame | None,
    history: History,
) -> Past:
    """Read the past as if it had been the experiment, with everybody in the control.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        Nothing to read; an event or property that is not there; a history without a whole day, or without units.
    """
    if exposures is not None and eligible is not None:
        raise ParameterError("eligible= and exposures= both say who is exposed; give one of them.")
    if exposures is not None:
        source, span, one, what = _listed(exposures, plan, history)
    elif log is not None:
        source, span, one, what = _met(log, plan, eligible, history)
    else:
        raise ParameterError(
            "There is neither a log nor a list of exposures to learn from. Pass the log of your product."
        )
    check_metrics(log, one, [metric for metric, _ in plan.metrics()])
    check_properties(one, plan)
    asked = asked_of(log, one, plan)
    table = kept(asked) if one.found["rows"] else None
    days = units_per_day(table, span, source.timezone) if table is not None else np.zeros(0, dtype=np.int64)
    if not days.sum():
        trigger = "" if plan.trigger is None else f", and then met {plan.trigger!r},"
        raise DataError(f"No unit had {what}{trigger} from {source.say(span[0])} to before {source.say(span[1])}.")
    return Past(Units(table, asked), source, span, days if one.dated else days[:0], int(days.sum()), what)


def in_one_variant(plan: ExperimentPlan) -> ExperimentPlan:
    """Leave of a plan what the past can tell: primary metrics and guardrails, of everybody."""
    return replace(plan, exploratory=(), segments=())


def _listed(exposures: Exposures | pd.DataFrame, plan: ExperimentPlan, history: History) -> Exposed:
    """Take a list of exposures, everybody in one variant."""
    found = exposures if isinstance(exposures, Exposures) else Exposures.from_frame(exposures)
    span = _span(found.log, history, whole=True)
    one = as_one_variant(found, plan.control, span)
    return found.log, span, Exposures(one.log, dated=one.dated), "an exposure"


def _met(log: EventLog, plan: ExperimentPlan, eligible: str | Sequence[str] | None, history: History) -> Exposed:
    """Take who met the exposing event for exposed, from its first moment on."""
    span, events = _span(log, history, whole=False), _events(log, eligible)
    what = "any event" if events is None else " or ".join(map(repr, events))
    return log, span, Exposures(moments_as_exposures(log, events, span, plan.control)), what


def _events(log: EventLog, eligible: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if eligible is None:
        return None
    events = (eligible,) if isinstance(eligible, str) else tuple(eligible)
    known = log.event_names()
    missing = [event for event in events if event not in known]
    if missing or not events:
        raise UnknownNameError("event", missing or ["(none)"], known, where="this event log")
    return events


def _span(log: EventLog, history: History, *, whole: bool) -> Span:
    """Give the whole local days to read: those asked for, as far as there is data.

    The last day of a log counts when it is over. ``whole``: a list of exposures is read from its first day to its last,
    unless a history is asked for.
    """
    first, end = log.first_instant, log.observed_until
    if first is None:
        raise DataError("The log has no events; there is no past to learn from.")
    begins, over = _day(log, first), _day(log, end)
    if isinstance(history, str) or (history is None and not whole):
        length = parse_duration(history or USUAL_HISTORY, name="history")
        begins = max(begins, over - max(1, round(length / timedelta(days=1))))
    elif history is None:
        over += 1
    else:
        asked = [_day(log, log.moment(day, name="history")) for day in _two(history)]
        begins, over = max(begins, asked[0]), min(over, asked[1])
    if over <= begins:
        raise DataError(
            f"history={history!r} holds no whole day of data; the log goes from {log.say(first)} to {log.say(end)}."
        )
    starts = [calendars.start_instant(day, "day", log.timezone) for day in (begins, over)]
    return starts[0], starts[1]


def _two(history: tuple[Moment, Moment]) -> tuple[Moment, Moment]:
    if len(history) != 2:
        raise ParameterError(f"history={history!r} needs a first day and the day after the last one, or '8 weeks'.")
    return history


def _day(log: EventLog, moment: int) -> int:
    return calendars.number_at(moment, "day", log.timezone)
