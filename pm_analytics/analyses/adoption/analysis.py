"""Adoption: the public functions. What they return, and what may be asked of that, is in ``result``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.adoption import asking, counts
from pm_analytics.analyses.adoption.counts import EARLY, JUDGED_ADOPTED, TRIED, Question
from pm_analytics.analyses.adoption.features import AdoptionsResult, side_by_side
from pm_analytics.analyses.adoption.ladder import ladder
from pm_analytics.analyses.adoption.matrix import UsageMatrixResult, usage_matrix
from pm_analytics.analyses.adoption.result import AdoptionResult
from pm_analytics.names import ADOPTED, CENSORED, IMMATURE
from pm_analytics.results import records
from pm_analytics.stats.proportions import check_confidence
from pm_analytics.stats.survival import kaplan_meier
from pm_analytics.times import microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from pm_analytics.analyses.adoption.asking import Eligible, Moment
    from pm_analytics.events import EventLog

__all__ = ["AdoptionResult", "AdoptionsResult", "UsageMatrixResult", "adoption", "adoptions", "usage_matrix"]


def adoption(
    log: EventLog,
    feature: str | Sequence[str],
    *,
    eligible: Eligible = None,
    released_at: Moment | None = None,
    within: str | timedelta | None = "14 days",
    min_uses: int = 1,
    min_days: int = 1,
    span: str | timedelta | None = None,
    interest: str | Sequence[str] = (),
    awareness: str | Sequence[str] = (),
    retained_within: str | timedelta | None = None,
    confidence: float = 0.95,
) -> AdoptionResult:
    """Measure what share of those who could use a feature adopted it, how soon, and who stayed.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    feature : str or sequence of str
        The event(s) that count as a use.
    eligible : mapping, DataFrame or iterable, optional
        Who could use it. Not given: every unit with any event at or after ``released_at``. A mapping such as
        ``{"plan": ["Pro", "Team"]}``: units with such an event then. A frame or list of units: those. In a frame, the
        units are in the column called like the log's unit, else in the first; the time since when they could use it
        is in the column ``since`` (or in the other one of two, if it holds times); all others are properties for
        ``result.by``. Listed units without a time could use it from ``released_at``, else from the log's first event.
    released_at : date or time, optional
        When the feature came out. A unit is eligible from its first event at or after it (or its listed time, if
        later). Not given: from its first event.
    within : str, timedelta or None
        Window after becoming eligible, end included. None: for as long as events are known; everybody is then judged
        at once, on times that differ in length.
    min_uses, min_days : int
        An adopter has used it at least so often, on at least so many distinct days of the log's zone.
    span : str or timedelta, optional
        How close together those uses must lie, wherever in the window. ``"7 days"``: the last at most 168 hours after
        the first, end included. ``"7 calendar days"``: within seven local days in a row. Not given: anywhere.
    interest, awareness : str or sequence of str
        Events that show the feature was noticed closely (its page seen, its button pressed), or seen at all (its
        banner shown): they add the rungs "interested" and "aware".
    retained_within : str or timedelta, optional
        Adds the rung "retained": adopters with another use after the one that made them adopters, at most so long
        after it, end included.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    AdoptionResult
        ``to_frame()``: one row per rung (``eligible``, ``aware`` and ``interested`` if asked, ``tried`` if adopting
        takes more than one use, ``adopted``, ``retained`` if asked): ``rung``; ``users``; ``base`` = the eligible whose
        window is over; ``rate`` = users / base, null when there are none, with Wilson's ``ci_lower`` and ``ci_upper``;
        ``step_base`` = units on the rung before; ``step_rate`` = users / step_base with ``step_ci_lower`` and
        ``step_ci_upper``. Whoever reached a rung has reached all those below it, events seen or not. "Retained" is
        judged over units eligible for so long that even who adopts at the window's end has ``retained_within`` left,
        so its bases are smaller (without a window: over adopters with so much time left, and ``rate`` is null);
        ``result.unjudged`` counts the other adopters.
        ``curve()`` is the Kaplan-Meier curve of time to adopt, in which units too new to judge count up to when they
        were last observed. See also ``denominators()``, ``usage()``, ``novelty()``, ``by()``, ``accounts()``,
        ``tars()`` and ``compare()``.

    Raises
    ------
    UnknownNameError
        The feature, or an event of interest or awareness, never occurs; an eligible property does not exist.
    ParameterError, DataError
        A window, span, count or list that makes no sense.
    """
    check_confidence(confidence)
    features, noticed, seen = (asking.event_names(events) for events in (feature, interest, awareness))
    uses = asking.check_counts(min_uses, min_days)
    asking.check_events(log, features, (*noticed, *seen))
    window = None if within is None else parse_duration(within, name="within")
    stay = None if retained_within is None else parse_duration(retained_within, name="retained_within")
    released = None if released_at is None else log.moment(released_at, name="released_at")
    close, close_said = asking.read_span(span, int(min_days))
    people = asking.read_people(log, eligible, released)
    question = Question(
        feature=features,
        interest=noticed,
        awareness=seen,
        released=released,
        window=None if window is None else microseconds(window),
        min_uses=uses,
        min_days=int(min_days),
        span=close,
        retained=None if stay is None else microseconds(stay),
        base=people.base,
        listed=people.listed,
        properties=people.properties,
    )
    return _answer(log, question, (people.said, close_said, window, stay), confidence)


def adoptions(
    log: EventLog,
    features: Mapping[str, str | Sequence[str]] | Sequence[str],
    *,
    confidence: float = 0.95,
    **options: Any,  # noqa: ANN401 - those of adoption, checked there
) -> AdoptionsResult:
    """Measure the adoption of several features in the same way, side by side.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    features : mapping or sequence of str
        ``{"Search": ["search", "find"], "Export": "export_used"}``, or just the events.
    confidence : float
        Coverage of the intervals.
    **options
        The options of :func:`adoption`, the same for all features.

    Returns
    -------
    AdoptionsResult
        ``to_frame()``: one row per feature, in the order given: ``feature``, ``users`` = its adopters, ``base`` = the
        eligible whose window is over, ``rate`` with Wilson's ``ci_lower`` and ``ci_upper``, ``median_days`` = by when
        half of its adopters had adopted. ``result["Export"]`` is that feature's own adoption, with everything that may
        be asked of it. There is no test between rows: the same units stand behind them.

    Raises
    ------
    UnknownNameError, ParameterError, DataError
        As :func:`adoption`; no feature.
    """
    named = asking.named_features(features)
    results = {name: adoption(log, events, confidence=confidence, **options) for name, events in named.items()}
    return side_by_side(results, confidence)


def _answer(
    log: EventLog,
    question: Question,
    said: tuple[str, str, timedelta | None, timedelta | None],
    confidence: float,
) -> AdoptionResult:
    who, _, window, _ = said
    counted = counts.rungs(log, question)
    curve = kaplan_meier(
        [(float(row["hours"]), int(row[ADOPTED]), int(row[CENSORED])) for row in records(counts.waits(log, question))],
        confidence=confidence,
    )
    unit = "users" if log.unit == "user_id" else f"values of {log.unit}"
    return AdoptionResult(
        _table=ladder(counted, question, confidence),
        definition=_definition(log, question, said, unit, confidence, counted[EARLY]),
        basis=f"eligible {unit} {who}; {log.basis}",
        _curve=tuple(curve),
        feature=" or ".join(map(repr, question.feature)),
        within=window,
        immature=counted[IMMATURE],
        early=counted[EARLY],
        unjudged=0 if question.retained is None else counted[ADOPTED] - counted[JUDGED_ADOPTED],
        tried=counted[TRIED],
        confidence=confidence,
        counted=unit,
        log=log,
        question=question,
    )


def _definition(
    log: EventLog,
    question: Question,
    said: tuple[str, str, timedelta | None, timedelta | None],
    unit: str,
    confidence: float,
    early: int,
) -> str:
    who, close, window, stay = said
    uses = f"{question.min_uses} use{'s' if question.min_uses > 1 else ''}"
    days = f" on {question.min_days} days" if question.min_days > 1 else ""
    release = "" if question.released is None else f", released {log.say(question.released)}"
    testers = f"; {early:,} who used it before that left out" if early else ""
    allowed = (
        f"within {say_duration(window)} of becoming eligible, end included; rates over those whose window is over"
        if window is not None
        else "at any time so far; rates over all of them, though some have had less time"
    )
    back = (
        ""
        if stay is None
        else f"; retained = another use at most {say_duration(stay)} after adopting, judged over those eligible for "
        "long enough"
    )
    return (
        f"Adoption: {unit} {who}{release}{testers}; adopted = at least {uses}{days} of "
        f"{' or '.join(map(repr, question.feature))}{close} {allowed}{back}; {confidence:.0%} Wilson intervals; "
        f"time to adopt by Kaplan-Meier; {log.scope}."
    )
