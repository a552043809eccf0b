"""What a launch moved, from a log or a series: the design that it allows, the estimate, and what may be said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.impact import interrupted
from pm_analytics.analyses.impact.designs import choose
from pm_analytics.analyses.impact.estimates import held_against_controls
from pm_analytics.analyses.impact.panels import judged_panel
from pm_analytics.analyses.impact.question import Question, names_of, question_of
from pm_analytics.analyses.impact.result import ImpactResult, table_of
from pm_analytics.analyses.impact.series import Measured, launch_of, measure, name_of
from pm_analytics.analyses.impact.timeline import LENGTHS, Timeline
from pm_analytics.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    import pandas as pd

    from pm_analytics.analyses.impact.estimates import Estimate, Subject
    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric


def impact(  # noqa: PLR0913 - a launch has many sides; all but three are named
    source: EventLog | pd.DataFrame | pd.Series[Any],
    launched_at: str | date | datetime | dict[Any, Any] | pd.Series[Any],
    metric: Metric | str | None = None,
    *,
    design: str = "auto",
    covariates: Sequence[Metric | str] | Metric | str = (),
    untouched: str = "",
    guardrails: Sequence[Metric | str] | Metric | str = (),
    negative_controls: Sequence[Metric | str] | Metric | str = (),
    calendar: pd.DataFrame | Sequence[tuple[Any, ...]] | None = None,
    length: int | None = None,
    history: int | None = None,
    time: str | None = None,
    unit: str | None = None,
    treated: Sequence[Any] | str = (),
    period: str = "day",
    per: str | None = None,
    confidence: float = 0.95,
) -> ImpactResult:
    """Judge what a launch without a random comparison moved, as far as it can be judged.

    Parameters
    ----------
    source : EventLog, DataFrame or Series
        Events; or a table with one row per day, week, month or year (and unit); or a series with dates as index.
    launched_at : str, date or datetime; or a mapping
        When it came out. A launch during a day leaves that day out. A mapping of unit to date (none for units that
        never got it) says that it came in waves.
    metric : Metric or str
        What it should move: of a log a :class:`Metric` (its window is not used), of a table a column.
    design : {"auto", "its", "did", "synthetic", "staggered"}
        How to judge it. ``"auto"`` takes the best that the launch allows, and says why.
    covariates : sequence of Metric or str
        Series that the launch cannot touch and that move with the metric; ``untouched`` says why it cannot.
    guardrails : sequence of Metric or str
        What must not get worse; a Metric with ``max_harm`` is judged by that limit.
    negative_controls : sequence of Metric or str
        What the launch cannot touch. If one of them moves too, something else happened, and nothing is claimed.
    calendar : DataFrame or sequence of (start, end, what)
        What else happened. With an end it passed (an outage, a holiday), and its days are left out; without one it
        stayed (another launch, a new price), and near the launch it is a rival.
    length : int, optional
        Periods after the launch that are judged: 28 days, 13 weeks, 6 months or 12 years when not given.
    history : int, optional
        Periods before the launch to use at most.
    time : str, optional
        The table's column of dates; its index when not given.
    unit : str, optional
        The table's column, or the log's property, that names the units of the launch (regions, platforms).
    treated : sequence
        The units that got it.
    period : {"day", "week"}
        Of a log.
    per : {"period", "unit"}, optional
        Of a log: totals per period (for one series), or means per active unit (for units compared).
    confidence : float
        Of the intervals.

    Returns
    -------
    ImpactResult
        Effect per period, in all and relative, with intervals; what may be claimed; the path; the fake launches.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        What is asked contradicts itself, or cannot be found in the data; the message says what to do.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> days = pd.date_range("2025-01-01", periods=400)
    >>> visits = pd.Series(1_000 + 20 * np.random.default_rng(1).standard_normal(400), days, name="visits")
    >>> visits.iloc[372:] += 60
    >>> found = impact(visits, "2026-01-08")
    >>> found.claim
    'moved, cause not separable'
    """
    options = {
        "design": design,
        "covariates": covariates,
        "untouched": untouched,
        "guardrails": guardrails,
        "negative_controls": negative_controls,
        "calendar": calendar,
        "length": length,
        "history": history,
        "time": time,
        "unit": unit,
        "treated": treated,
        "period": period,
        "per": per,
        "confidence": confidence,
    }
    return judged(question_of(source, launched_at, metric, options))


def judged(asked: Question) -> ImpactResult:
    """Answer a question that was checked."""
    if asked.is_panel:
        return judged_panel(asked)
    metrics = [metric for _, metric in asked.subjects()]
    measured = recent(measure_all(asked, [*metrics, *asked.covariates]), asked)
    window = window_at(asked, measured.timeline)
    estimates = [_estimate(asked, subject, name_of(metric), measured, window) for subject, metric in asked.subjects()]
    choice = choose(asked, None)
    estimates[0] = held_against_controls(estimates)
    return ImpactResult(
        _table=table_of(estimates),
        definition=_definition(asked, measured, window),
        basis=basis_of(measured.scope, window),
        estimates=tuple(estimates),
        window=window,
        design=choice.design,
        why=choice.why,
        question=asked,
        measured=measured,
    )


def measure_all(asked: Question, metrics: Sequence[Metric | str]) -> Measured:
    """Measure what is asked for, each metric once."""
    once = list({name_of(metric): metric for metric in metrics}.values())
    return measure(asked.source, once, time=asked.time, period=asked.period, per=asked.per or "period")


def recent(measured: Measured, asked: Question) -> Measured:
    """Forget what lies further back than the history that is asked for."""
    if asked.history is None:
        return measured
    day, _ = launch_of(asked.source, asked.launched_at)
    drop = max(0, measured.timeline.place(day) - asked.history)
    line = measured.timeline
    kept = Timeline(line.step, line.start(drop), line.count - drop)
    return replace(measured, timeline=kept, columns={name: column[drop:] for name, column in measured.columns.items()})


def window_at(asked: Question, timeline: Timeline) -> Window:
    """Place the launch on the timeline.

    Raises
    ------
    DataError
        It lies outside.
    """
    day, during = launch_of(asked.source, asked.launched_at)
    before = timeline.place(day)
    if not 0 < before < timeline.count:
        last = timeline.start(timeline.count - 1)
        raise DataError(
            f"The launch ({day}) does not lie inside the series, which runs from {timeline.first} to {last}; check "
            "launched_at."
        )
    partial = during or timeline.start(before) != day
    length = asked.length or LENGTHS[timeline.step]
    return interrupted.window_of(timeline, before, length, partial=partial, occasions=asked.occasions)


def _estimate(asked: Question, subject: Subject, name: str, measured: Measured, window: Window) -> Estimate:
    """Estimate one metric; the chance of a false alarm is shared among the negative controls."""
    helping = {other: measured.columns[other] for other in names_of(asked.covariates) if other != name}
    confidence = asked.confidence
    if subject.role == "negative control":
        confidence = 1 - (1 - confidence) / len(asked.negative_controls)
    return interrupted.estimate(subject, measured.columns[name], helping, window, confidence=confidence)


def basis_of(scope: str, window: Window) -> str:
    """Say what the numbers rest on."""
    line = window.timeline
    return f"{line.say(window.before)} before and {line.say(window.judged)} after {line.start(window.before)}; {scope}"


def _definition(asked: Question, measured: Measured, window: Window) -> str:
    line = window.timeline
    helped = f"; covariates {', '.join(names_of(asked.covariates))}" if asked.covariates else ""
    because = f" (untouched: {asked.untouched})" if asked.untouched else ""
    left = int(window.left_out.sum())
    lost = f"; {line.say(left)} left out" if left else ""
    per = " per active unit" if asked.per == "unit" else ""
    return (
        f"{name_of(asked.metric)}{per} around the launch of {line.start(window.before)}, by {line.step}: actual "
        f"minus a forecast from trend{', weekday' if line.step == 'day' else ''} and history{helped}{because}, over "
        f"{line.say(window.judged)}; {asked.confidence:.0%} interval from fake launches{lost}; {measured.scope}."
    )
