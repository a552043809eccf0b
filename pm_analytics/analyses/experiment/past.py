"""The past read as if it had been the experiment: who would have been exposed, when, and what they did then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pm_analytics import calendars
from pm_analytics.analyses.experiment.analysis import asked_of, check_metrics, check_properties, kept
from pm_analytics.analyses.experiment.counts import Units
from pm_analytics.analyses.experiment.counts.planning import as_one_variant, moments_as_exposures, units_per_day
from pm_analytics.analyses.experiment.exposures import Exposures
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.times import microseconds, parse_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from pm_analytics.analyses.experiment.counts.planning import Span
    from pm_analytics.analyses.experiment.plan import ExperimentPlan
    from pm_analytics.events import EventLog

    Moment = str | date | datetime
    History = str | tuple[Moment, Moment] | None

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
        Units exposed for the first time on each of these days.
    how : str
        What exposed a unit, in words.
    """

    units: Units
    log: EventLog
    span: Span
    days: NDArray[np.int64]
    how: str

    @property
    def said(self) -> str:
        """Say which units, and of which days."""
        first, until = (self.log.say(moment) for moment in self.span)
        return f"{int(self.days.sum()):,} units, {self.how} from {first} to before {until}"


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
        found = exposures if isinstance(exposures, Exposures) else Exposures.from_frame(exposures)
        source = found.log
        span = _span(source, history, whole=True)
        one: Exposures = as_one_variant(found, plan.control, span)  # type: ignore[assignment]
        how = "as they were exposed"
    elif log is not None:
        source = log
        span = _span(log, history, whole=False)
        events = _events(log, eligible)
        one = Exposures(moments_as_exposures(log, events, span, plan.control))
        how = "active" if events is None else f"by their first {' or '.join(map(repr, events))}"
    else:
        raise ParameterError(
            "There is neither a log nor a list of exposures to learn from. Pass a log, or say what you know: "
            "baseline={'metric name': 0.05} and units_per_week=2_000."
        )
    check_metrics(log, one, [metric for metric, _ in plan.metrics()])
    check_properties(one, plan)
    if not one.found["rows"]:
        raise DataError(f"Nobody was {how} from {source.say(span[0])} to before {source.say(span[1])}.")
    units = Units(kept(asked_of(log, one, plan)), asked_of(log, one, plan))
    return Past(units, source, span, units_per_day(units.table, span, source.timezone), how)


def in_one_variant(plan: ExperimentPlan) -> ExperimentPlan:
    """Leave of a plan what the past can tell: primary metrics and guardrails, of everybody."""
    return replace(plan, exploratory=(), segments=())


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
    """Give the whole local days to read: those asked for, as far as there is data; ``whole``: all when not asked."""
    first = log.first_instant
    if first is None:
        raise DataError("The log has no events; there is no past to learn from.")
    begins, ends = (calendars.number_at(moment, "day", log.timezone) for moment in (first, log.observed_until))
    # The last day counts when it is over: the last event lies anywhere in it.
    if isinstance(history, tuple | list):
        if len(history) != 2:
            raise ParameterError(f"history={history!r} needs a first day and the day after the last one.")
        asked = tuple(calendars.number_at(log.moment(day, name="history"), "day", log.timezone) for day in history)
        begins, ends = max(begins, asked[0]), min(ends, asked[1])
    elif history is not None or not whole:
        length = microseconds(parse_duration(history or USUAL_HISTORY, name="history"))
        begins = max(begins, ends - max(1, length // microseconds(parse_duration("1 day"))))
    elif whole:
        ends += 1
    if ends <= begins:
        raise DataError(
            f"history={history!r} holds no whole day of data; the log goes from {log.say(first)} to "
            f"{log.say(log.observed_until)}."
        )
    return tuple(calendars.start_instant(day, "day", log.timezone) for day in (begins, ends))  # type: ignore[return-value]
