"""Did it begin with the launch? The period in which the level changed most around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pm_analytics.analyses.impact.interrupted import terms, usable, usable_covariates
from pm_analytics.analyses.impact.wording import say_amount
from pm_analytics.names import ACTUAL, DIFFERENCE, PERIOD, PHASE
from pm_analytics.results import Claim, Result
from pm_analytics.stats.breaks import Break, strongest_break

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.outcome import ImpactOutcome

CLEAR = 0.25
"""A step that explains less of what the forecast leaves is not worth a date."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Began(Result):
    """The period in which a series changed its level most, within two lengths of the launch.

    ``to_frame()``: ``period``, ``phase`` and ``difference`` (what is left after trend, weekday and covariates).

    Attributes
    ----------
    day, earliest, latest : date or None
        First day of the new level, and the days that fit nearly as well; None when no step stands out.
    launch : date
        First day after the launch.
    step : float
        New level minus old one, per period.
    """

    day: date | None
    earliest: date | None
    latest: date | None
    launch: date
    step: float
    metric: str

    @property
    def with_launch(self) -> bool | None:
        """Whether the launch lies among the days that fit; None when no step stands out."""
        if self.earliest is None or self.latest is None:
            return None
        return self.earliest <= self.launch <= self.latest

    def summary(self) -> str:
        """Say when the level changed, and whether that was with the launch."""
        if self.day is None:
            return f"{self.metric}: no change of level stands out around the launch of {self.launch}."
        how = "rose" if self.step > 0 else "fell"
        span = f"{self.earliest} to {self.latest}" if self.earliest != self.latest else "no other day fits"
        fits = "which fits the launch" if self.with_launch else f"and the launch of {self.launch} lies outside"
        return f"{self.metric} {how} most on {self.day} ({span}) by {say_amount(abs(self.step))}, {fits}."

    def claims(self) -> list[Claim]:
        """List nothing: a date is no estimate of an effect."""
        return []


def began(result: ImpactOutcome) -> Began:
    """Find when the level of a result's primary metric changed most around the launch."""
    window, path = result.window, result.path()
    left, first = _residuals(result)
    found: Break | None = None
    if np.isfinite(left).sum() >= 10:
        near = (max(0, window.before - 2 * window.after - first), window.timeline.count - first)
        found = strongest_break(left, first=near[0], last=near[1])
    line = window.timeline
    clear = found is not None and found.explained >= CLEAR
    table = path[[PERIOD, PHASE]].iloc[first:].assign(**{DIFFERENCE: left}).reset_index(drop=True)
    return Began(
        _table=table,
        definition=f"The one step that explains most of what trend, weekday and covariates leave; {result.definition}",
        basis=result.basis,
        day=line.start(found.place + first) if found is not None and clear else None,
        earliest=line.start(found.earliest + first) if found is not None and clear else None,
        latest=line.start(found.latest + first) if found is not None and clear else None,
        launch=line.start(window.before),
        step=found.step if found is not None else float("nan"),
        metric=result.primary.subject.metric,
    )


def _residuals(result: ImpactOutcome) -> tuple[NDArray[np.float64], int]:
    """Give what a forecast leaves of the last periods; it learns from well before, or it would learn the step."""
    window = result.window
    series = result.path()[ACTUAL].to_numpy(dtype=float)
    first, learned = max(0, window.before - 4 * window.after), max(0, window.before - window.after)
    helping, _ = usable_covariates(result.covariates(), window)
    known = usable(series, helping, window)
    design = terms(window.timeline, helping)
    fit = known & (np.arange(len(series)) < learned)
    if fit.sum() > design.shape[1]:
        coefficients = np.linalg.lstsq(design[fit], series[fit], rcond=None)[0]
        series = series - design @ coefficients
    return np.where(known, series, np.nan)[first:], first
