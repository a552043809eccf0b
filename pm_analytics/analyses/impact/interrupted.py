"""Everyone got it on one date: the series against its own forecast, calibrated on fake launches before it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pm_analytics.analyses.impact.estimates import NO_TOTAL, Estimate, described, path_of
from pm_analytics.analyses.impact.occasions import Occasion, passing_days
from pm_analytics.analyses.impact.timeline import CYCLES, LOOKBACKS, PERIODS_OF_TWO_YEARS, TRAINING, Timeline
from pm_analytics.names import (
    CUMULATIVE,
    CUMULATIVE_CI_LOWER,
    CUMULATIVE_CI_UPPER,
    EXPECTED_CI_LOWER,
    EXPECTED_CI_UPPER,
)
from pm_analytics.stats.calibrated import Calibrated, calibrated
from pm_analytics.stats.fakes import LENGTHS_OF_TRAINING, Fakes, fake_launches, season_of, terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.estimates import Subject

FULL_WEEK = {"day": 7, "week": 1, "month": 1, "year": 1}
COVARIATE_GAPS = 0.05
"""A covariate that is unknown on more of the periods is of no help: those periods would be lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Where the launch lies on a timeline, and what must not count.

    Attributes
    ----------
    timeline : Timeline
        All periods, cut after those that are judged.
    before : int
        Periods before the launch.
    left_out : array of bool
        Periods touched by something that passed, or by the launch itself when it came during one.
    occasions : tuple of Occasion
        What else happened.
    """

    timeline: Timeline
    before: int
    left_out: NDArray[np.bool_]
    occasions: tuple[Occasion, ...] = ()

    @property
    def after(self) -> int:
        """Periods judged."""
        return self.timeline.count - self.before

    @property
    def judged(self) -> int:
        """Periods after the launch that count."""
        return self.after - int(self.left_out[self.before :].sum())

    def phases(self) -> list[str]:
        """Name the part that each period plays."""
        return [
            "left out" if self.left_out[place] else "before" if place < self.before else "after"
            for place in range(self.timeline.count)
        ]

    def changes(self) -> list[int]:
        """List the places of changes that stayed, well before the launch: each has a level of its own from then on."""
        places = [self.timeline.place(each.start) for each in self.occasions if each.lasting]
        return [place for place in places if 0 < place < self.before - self.after]

    def rivals(self) -> list[Occasion]:
        """List changes that stayed within one length of the launch: nothing can tell them from it."""
        return [
            each
            for each in self.occasions
            if each.lasting and abs(self.timeline.place(each.start) - self.before) <= self.after
        ]


def window_of(
    timeline: Timeline, before: int, length: int, *, partial: bool, occasions: tuple[Occasion, ...] = ()
) -> Window:
    """Cut a timeline after the periods that are judged; ``partial``: the launch came during its period."""
    count = min(timeline.count, before + length + (1 if partial else 0))
    cut = Timeline(timeline.step, timeline.first, count)
    left_out = np.array(passing_days(occasions, cut), dtype=bool)
    if partial and before < count:
        left_out[before] = True
    return Window(cut, before, left_out, occasions)


def estimate(
    subject: Subject,
    values: NDArray[np.float64],
    covariates: Mapping[str, NDArray[np.float64]],
    window: Window,
    *,
    confidence: float = 0.95,
) -> Estimate:
    """Compare a series after the launch with its forecast."""
    cut = window.timeline.count
    series = values[:cut]
    helping, doubts = usable_covariates(covariates, window)
    known = usable(series, helping, window)
    refused = too_little(known, window)
    if refused:
        return _refused(subject, series, window, refused)
    found = calibrated(
        series,
        terms(window.timeline, helping, window.changes()),
        window.before,
        usable=known,
        confidence=confidence,
        **habits(window),
    )
    return _estimate(subject, series, known, found, window, doubts)


def fakes_before(
    values: NDArray[np.float64],
    covariates: Mapping[str, NDArray[np.float64]],
    window: Window,
    length: int,
) -> Fakes:
    """Forecast ``length`` periods from fake dates before the launch."""
    series = values[: window.timeline.count]
    helping, _ = usable_covariates(covariates, window)
    return fake_launches(
        series,
        terms(window.timeline, helping, window.changes()),
        window.before,
        length,
        usable=usable(series, helping, window),
        **habits(window),
    )


def habits(window: Window) -> dict[str, Any]:
    """Give what is usual for periods of this kind: how far to look back, and how much to learn from."""
    line = window.timeline
    return {
        "lookbacks": LOOKBACKS[line.step],
        "training": TRAINING[line.step],
        "skip": window.changes(),
        "season": season_of(line.day_numbers()) if line.step != "year" else None,
        "season_after": PERIODS_OF_TWO_YEARS[line.step],
    }


def terms(
    timeline: Timeline, covariates: Mapping[str, NDArray[np.float64]], changes: Sequence[int] = ()
) -> NDArray[np.float64]:
    """Write what a forecast may use: trend, weekday, levels since other changes, and the covariates."""
    days = timeline.day_numbers()
    filled = [np.where(np.isfinite(column), column, np.nanmean(column)) for column in covariates.values()]
    return terms_of(
        days,
        covariates=np.column_stack(filled) if filled else None,
        weekday=timeline.step == "day",
        changes=changes,
    )


def usable(
    series: NDArray[np.float64], covariates: Mapping[str, NDArray[np.float64]], window: Window
) -> NDArray[np.bool_]:
    """Tell which periods count: known in the series and in every covariate, and not left out."""
    known = np.isfinite(series) & ~window.left_out
    for column in covariates.values():
        known &= np.isfinite(column)
    return known


def usable_covariates(
    covariates: Mapping[str, NDArray[np.float64]], window: Window
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Keep the covariates that are known nearly everywhere and vary; say which were not used."""
    kept, doubts = {}, []
    for name, column in covariates.items():
        cut = column[: window.timeline.count]
        past = cut[: window.before]
        gaps = float(np.mean(~np.isfinite(cut) & ~window.left_out))
        if gaps > COVARIATE_GAPS:
            doubts.append(f"{name} is unknown in {gaps:.0%} of the periods and was not used")
        elif not np.nanstd(past) > 0:
            doubts.append(f"{name} does not vary before the launch and was not used")
        else:
            kept[name] = cut
    return kept, doubts


def too_little(known: NDArray[np.bool_], window: Window) -> list[str]:
    """Say why the history or the time since the launch is too short to judge anything."""
    line, before = window.timeline, window.before
    after = window.judged
    past, since = int(known[:before].sum()), int(known[before:].sum())
    needed = max(CYCLES[line.step], LENGTHS_OF_TRAINING * after)
    refused = []
    if past < needed:
        refused.append(
            f"only {line.say(past)} are known before the launch, and judging {line.say(after)} after it takes at least "
            f"{needed:,}{_shorter(past, line)}"
        )
    if since < FULL_WEEK[line.step]:
        refused.append(f"only {line.say(since)} are known after the launch; a full week is the least")
    return refused


def _shorter(past: int, line: Timeline) -> str:
    """Say how much could be judged with this history; nothing when that is nothing."""
    possible = past // LENGTHS_OF_TRAINING if past >= CYCLES[line.step] else 0
    return f" (judge {line.say(possible)} at most)" if possible >= FULL_WEEK[line.step] else ""


def _estimate(
    subject: Subject,
    series: NDArray[np.float64],
    known: NDArray[np.bool_],
    found: Calibrated,
    window: Window,
    doubts: list[str],
) -> Estimate:
    before = window.before
    judged = known[before:]
    actual = float(np.mean(series[before:][judged])) if judged.any() else math.nan
    expected = float(np.mean(found.expected[judged])) if judged.any() else math.nan
    half = float(found.cumulative_bands[-1]) if len(found.cumulative_bands) else math.nan
    refused = [found.reason] if found.reason else []
    if not refused and found.fakes.cries_wolf(found.confidence):
        refused.append(
            f"the method finds something on {found.fakes.alarms(found.confidence)} of {len(found.fakes.starts)} dates "
            "on which nothing was launched, so it is not to be believed on this one"
        )
    refused += [f"{rival} lies too close to tell it from the launch" for rival in window.rivals()]
    if not expected > 0:
        doubts = [*doubts, NO_TOTAL]
    return Estimate(
        subject=subject,
        design="its",
        actual=actual,
        expected=expected,
        difference=found.effect,
        ci_lower=found.ci_lower,
        ci_upper=found.ci_upper,
        total=float(found.cumulative[-1]) if len(found.cumulative) else math.nan,
        total_lower=float(found.cumulative[-1]) - half,
        total_upper=float(found.cumulative[-1]) + half,
        mde=found.mde,
        path=_path(series, found, window),
        miss=found.miss,
        trials=len(found.fakes.starts),
        larger=found.larger,
        refused=tuple(refused),
        doubts=tuple(doubts),
        details=found,
    )


def _path(series: NDArray[np.float64], found: Calibrated, window: Window) -> pd.DataFrame:
    before = window.before
    empty = [math.nan] * before
    expected = np.concatenate([found.fitted, found.expected])
    return path_of(
        window.timeline.starts(),
        window.phases(),
        list(series),
        list(expected),
        **{
            EXPECTED_CI_LOWER: [*empty, *(found.expected - found.bands)],
            EXPECTED_CI_UPPER: [*empty, *(found.expected + found.bands)],
            CUMULATIVE: [*empty, *found.cumulative],
            CUMULATIVE_CI_LOWER: [*empty, *(found.cumulative - found.cumulative_bands)],
            CUMULATIVE_CI_UPPER: [*empty, *(found.cumulative + found.cumulative_bands)],
        },
    )


def _refused(subject: Subject, series: NDArray[np.float64], window: Window, refused: Sequence[str]) -> Estimate:
    """Describe without judging: what was before and after, and why no more can be said."""
    shown = np.where(window.left_out, math.nan, series)
    after = shown[window.before :]
    actual = float(np.nanmean(after)) if np.isfinite(after).any() else math.nan
    path = path_of(window.timeline.starts(), window.phases(), list(series), [math.nan] * len(series))
    return described(subject, "its", actual, path, refused)
