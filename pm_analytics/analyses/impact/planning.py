"""Before a launch: what could be seen afterwards, when, and by which design, learned from launches that never were."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pm_analytics.analyses.impact import interrupted
from pm_analytics.analyses.impact.analysis import measure_all, recent
from pm_analytics.analyses.impact.question import names_of, question_of
from pm_analytics.analyses.impact.series import launch_of, name_of
from pm_analytics.analyses.impact.timeline import DAYS, Timeline
from pm_analytics.errors import DataError, ParameterError
from pm_analytics.names import (
    BASELINE,
    FAKES,
    FALSE_POSITIVES,
    FOUND_SHARE,
    INJECTED,
    LENGTH,
    MDE,
    MDE_ABSOLUTE,
    MISS,
    READ_ON,
)
from pm_analytics.results import Claim, Result, known, records
from pm_analytics.stats.fakes import FEWEST_FAKES, Fakes, smallest_found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.analyses.impact.question import Question
    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

LENGTHS = (14, 28, 56)
INJECTIONS = (0.0, 0.02, 0.05, 0.10)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class LaunchPlanning(Result):
    """What a launch for everybody on one date could show. See :func:`pm_analytics.plan_launch`.

    ``to_frame()``: one row per length: ``length`` (periods after the launch), ``fakes`` (fake launches that fit before
    it), ``miss`` (how far forecasts of that length were off, per period), ``mde_absolute`` and, as a fraction of
    ``baseline``, ``mde``: the smallest change that would be found with power 0.8; ``false_positives`` (fake launches on
    which something would have been found); ``read_on``, the first day on which the answer is whole.

    Attributes
    ----------
    baseline : float
        Mean of the last period of the longest length before the launch.
    fakes : mapping
        Length -> fake launches.
    designs : tuple of (str, str)
        Designs that would give a better answer, and what each needs.
    """

    metric: str
    launch: date
    timeline: Timeline
    baseline: float
    fakes: dict[int, Fakes]
    designs: tuple[tuple[str, str], ...]
    confidence: float

    def summary(self) -> str:
        """Say what could be seen, and when the answer can first be honest."""
        rows = [row for row in records(self._table) if not math.isnan(row[MDE])]
        if not rows:
            return (
                f"{self.metric}: the history is too short to say what a launch would show; at least {FEWEST_FAKES} "
                "fake launches must fit before it."
            )
        said = "; ".join(f"{row[MDE]:.1%} after {self.timeline.say(int(row[LENGTH]))}" for row in rows)
        first = rows[0]
        return (
            f"{self.metric}: the smallest change that a launch for everybody on one date would show is {said}. The "
            f"first answer is whole on {first[READ_ON]}. {self.designs[0][1]}"
        )

    def earliest(self, change: float) -> date | None:
        """Give the first day on which a relative change of that size could be told; None when no length is enough."""
        fits = [row[READ_ON] for row in records(self._table) if row[MDE] <= abs(change)]
        return min(fits) if fits else None

    def rehearsal(self, changes: Sequence[float] = INJECTIONS) -> pd.DataFrame:
        """Inject changes into the fake launches and say how often each would have been found.

        Returns
        -------
        DataFrame
            One row per length and change: ``length``, ``injected`` (relative), ``fakes``, ``found_share``. At 0 it is
            the share of false alarms. Each fake launch is judged by the misses of the others.
        """
        rows = []
        for length, fakes in self.fakes.items():
            for change in changes:
                share = _found(fakes, change * self.baseline, self.confidence)
                rows.append({LENGTH: length, INJECTED: change, FAKES: len(fakes.starts), FOUND_SHARE: share})
        return pd.DataFrame(rows)

    def claims(self) -> list[Claim]:
        """List the smallest change that each length could show."""
        return [
            Claim(
                f"plan.{self.metric}.{int(row[LENGTH])}.mde",
                known(row[MDE]),
                "lift",
                self.definition,
                n=int(row[FAKES]),
            )
            for row in records(self._table)
        ]


def plan_launch(
    source: EventLog | pd.DataFrame | pd.Series[Any],
    metric: Metric | str | None = None,
    *,
    launch_on: str | date | datetime | None = None,
    lengths: Sequence[int] = LENGTHS,
    covariates: Sequence[Metric | str] | Metric | str = (),
    untouched: str = "",
    calendar: pd.DataFrame | Sequence[tuple[Any, ...]] | None = None,
    history: int | None = None,
    time: str | None = None,
    period: str = "day",
    per: str | None = None,
    settle: int = 1,
    confidence: float = 0.95,
) -> LaunchPlanning:
    """Learn from the product's own history what a launch would have to move to be seen, and when.

    Parameters
    ----------
    source, metric, covariates, untouched, calendar, history, time, period, per, confidence
        As for :func:`pm_analytics.impact`.
    launch_on : str, date or datetime, optional
        The planned day; the day after the history when not given. What lies after it is not looked at.
    lengths : sequence of int
        Periods after the launch to plan for.
    settle : int
        Days until a day's data is complete.

    Returns
    -------
    LaunchPlanning
        The smallest visible change per length, the first honest day, the designs that would see more, a rehearsal.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        As for :func:`pm_analytics.impact`.
    """
    if not lengths or any(not isinstance(length, int) or length < 1 for length in lengths):
        raise ParameterError(f"lengths={lengths!r} must be whole numbers of at least 1.")
    options: dict[str, Any] = {
        "covariates": covariates, "untouched": untouched, "guardrails": (), "negative_controls": (),
        "calendar": calendar, "history": history, "time": time, "treated": (), "period": period, "per": per,
        "confidence": confidence,
    }  # fmt: skip
    asked = question_of(source, launch_on, metric, options)
    measured = (
        recent(measure_all(asked, [asked.metric, *asked.covariates]), asked)
        if launch_on
        else measure_all(asked, [asked.metric, *asked.covariates])
    )
    before, launch = _launch(asked, measured.timeline)
    window = _window(asked, measured.timeline, before)
    helping = {name: measured.columns[name][: before + 1] for name in names_of(asked.covariates)}
    series = measured.columns[name_of(asked.metric)][:before]
    padded = np.append(series, np.nan)
    helping = {
        name: np.resize(np.append(column[:before], column[before - 1]), before + 1) for name, column in helping.items()
    }
    fakes = {length: interrupted.fakes_before(padded, helping, window, length) for length in sorted(lengths)}
    baseline = float(np.nanmean(series[-max(lengths) :]))
    return LaunchPlanning(
        _table=_table(fakes, baseline, launch, measured.timeline, settle, confidence),
        definition=(
            f"Plan of a launch on {launch}: {name_of(asked.metric)} by {measured.timeline.step}; how far forecasts "
            f"were off on dates without a launch; {measured.scope}."
        ),
        basis=f"{measured.timeline.say(before)} of history; {measured.scope}",
        metric=name_of(asked.metric),
        launch=launch,
        timeline=measured.timeline,
        baseline=baseline,
        fakes=fakes,
        designs=_designs(bool(asked.covariates)),
        confidence=confidence,
    )


def _launch(asked: Question, timeline: Timeline) -> tuple[int, date]:
    if asked.launched_at is None:
        return timeline.count, timeline.start(timeline.count)
    day, _ = launch_of(asked.source, asked.launched_at)
    place = timeline.place(day)
    if place < 2:
        raise DataError(f"launch_on ({day}) leaves no history; the series begins on {timeline.first}.")
    return min(place, timeline.count), day


def _window(asked: Question, timeline: Timeline, before: int) -> Window:
    grown = Timeline(timeline.step, timeline.first, before + 1)
    return interrupted.window_of(grown, before, 1, partial=False, occasions=asked.occasions)


def _table(
    fakes: dict[int, Fakes], baseline: float, launch: date, timeline: Timeline, settle: int, confidence: float
) -> pd.DataFrame:
    rows = []
    for length, each in fakes.items():
        smallest = smallest_found(each, confidence=confidence)
        enough = len(each.starts) >= FEWEST_FAKES
        rows.append(
            {
                LENGTH: length,
                FAKES: len(each.starts),
                BASELINE: baseline,
                MISS: each.miss() if enough else math.nan,
                MDE_ABSOLUTE: smallest,
                MDE: smallest / baseline if baseline > 0 else math.nan,
                FALSE_POSITIVES: each.alarms(confidence) if enough else 0,
                READ_ON: launch + timedelta(days=length * DAYS[timeline.step] + settle),
            }
        )
    return pd.DataFrame(rows)


def _found(fakes: Fakes, change: float, confidence: float) -> float:
    """Give the share of fake launches on which an injected change would have been found, judged by the others."""
    from scipy import stats

    means = fakes.means()[:, fakes.chosen()] if len(fakes.starts) else np.array([])
    if len(means) < FEWEST_FAKES:
        return math.nan
    others = np.sqrt((np.sum(means**2) - means**2) / (len(means) - 1))
    quantile = float(stats.t.ppf(0.5 + confidence / 2, len(means) - 2))
    return float(np.mean(np.abs(means + change) > quantile * others))


def _designs(helped: bool) -> tuple[tuple[str, str], ...]:
    """List what would give a better answer, the best first."""
    better = [
        (
            "experiment",
            "Keeping a random tenth of users without it would give an answer of grade A, and see smaller changes.",
        ),
        (
            "staged rollout",
            "Ten or more regions that get it and ten that do not yet would give one of grade B.",
        ),
    ]
    if not helped:
        better.append(("covariates", "A series that the launch cannot touch would narrow the forecast."))
    return tuple(better)
