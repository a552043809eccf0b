"""The same question asked in other ways: by another method, with another length, history or covariates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pm_analytics.analyses.impact import interrupted
from pm_analytics.analyses.impact.companions import COMPANIONS, judge_by
from pm_analytics.analyses.impact.timeline import Timeline
from pm_analytics.names import DIFFERENCE, LENGTH, LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, METHOD, REASON, STATUS, WAY
from pm_analytics.results import Claim, Result, records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pm_analytics.analyses.impact.estimates import Estimate
    from pm_analytics.analyses.impact.interrupted import Window
    from pm_analytics.analyses.impact.outcome import ImpactOutcome

DEFAULT = "as reported"
SHORTER, LONGER = 0.5, 2.0


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Robustness(Result):
    """One row per way of asking: what changed, how it was judged, and the answer.

    ``to_frame()``: ``way`` (what was changed), ``method``, ``length`` (periods judged), ``difference``, ``lift`` with
    its interval, ``status`` (moved up, moved down, not detectable, cannot be judged) and ``reason``.
    """

    metric: str

    def agreeing(self) -> tuple[int, int]:
        """Count the ways that give the reported status, of those that could be judged; the reported one included."""
        rows = [row for row in records(self._table) if row[STATUS] != CANNOT]
        return sum(row[STATUS] == self._table[STATUS].iloc[0] for row in rows), len(rows)

    def summary(self) -> str:
        """Say in how many ways the answer holds, and which way it fails in."""
        same, judged = self.agreeing()
        first = self._table[STATUS].iloc[0]
        others = [row[WAY] for row in records(self._table) if row[STATUS] not in {first, CANNOT}]
        but = f"; not {', '.join(others[:3])}{' ...' if len(others) > 3 else ''}" if others else ""
        return f"{self.metric}: {first} in {same} of {judged} ways of asking{but}."

    def claims(self) -> list[Claim]:
        """List how many ways agree."""
        same, judged = self.agreeing()
        return [Claim(f"impact.{self.metric}.ways", float(same), "count", self.definition, n=same, denominator=judged)]


CANNOT = "cannot be judged"


def robustness(result: ImpactOutcome) -> Robustness:
    """Ask a result's question in other ways; of one series only: units compared have their own checks."""
    rows = [_row(DEFAULT, "calibrated", result.primary, result.window.after)]
    if result.design == "its":
        rows += [_row(way, "calibrated", each, length) for way, each, length in _variants(result)]
        rows += list(_companions(result))
    table = pd.DataFrame(rows)
    return Robustness(
        _table=table,
        definition=f"Ways of asking the same; {result.definition}",
        basis=result.basis,
        metric=result.primary.subject.metric,
    )


def _row(way: str, method: str, each: Estimate, length: int) -> dict[str, Any]:
    judged = each.known and not each.refused
    return {
        WAY: way,
        METHOD: method,
        LENGTH: length,
        DIFFERENCE: each.difference if judged else math.nan,
        LIFT: each.lift if judged else math.nan,
        LIFT_CI_LOWER: each.lift_lower if judged else math.nan,
        LIFT_CI_UPPER: each.lift_upper if judged else math.nan,
        STATUS: _status(each.difference, moved=each.moved) if judged else CANNOT,
        REASON: "; ".join(each.refused),
    }


def _status(difference: float, *, moved: bool) -> str:
    return ("moved up" if difference > 0 else "moved down") if moved else "not detectable"


def _variants(result: ImpactOutcome) -> Iterator[tuple[str, Estimate, int]]:
    """Judge with another length, less history, or other covariates."""
    window, helping = result.window, result.covariates()
    series = result.measured.columns[result.primary.subject.metric]
    for share, word in ((SHORTER, "half the time after"), (LONGER, "twice the time after")):
        length = int(window.after * share)
        other = _lasting(result, length)
        if length >= 1 and other.after > other.left_out[other.before :].sum() and other.after != window.after:
            yield word, _judge(result, series, helping, other), other.after
    half = window.before // 2
    if half > 3 * window.after:
        yield "half the history", _shortened(result, series, helping, half), window.after
    if helping:
        yield "without covariates", _judge(result, series, {}, window), window.after
    if len(helping) > 1:
        for name in helping:
            fewer = {other: column for other, column in helping.items() if other != name}
            yield f"without {name}", _judge(result, series, fewer, window), window.after


def _lasting(result: ImpactOutcome, length: int) -> Window:
    window = result.window
    partial = bool(window.left_out[window.before])
    return interrupted.window_of(
        result.measured.timeline, window.before, length, partial=partial, occasions=window.occasions
    )


def _judge(
    result: ImpactOutcome, series: NDArray[np.float64], helping: dict[str, NDArray[np.float64]], window: Window
) -> Estimate:
    return interrupted.estimate(result.primary.subject, series, helping, window, confidence=result.question.confidence)


def _shortened(
    result: ImpactOutcome, series: NDArray[np.float64], helping: dict[str, NDArray[np.float64]], drop: int
) -> Estimate:
    window = result.window
    line = window.timeline
    cut = replace(
        window,
        timeline=Timeline(line.step, line.start(drop), line.count - drop),
        before=window.before - drop,
        left_out=window.left_out[drop:],
    )
    return _judge(result, series[drop:], {name: column[drop:] for name, column in helping.items()}, cut)


def _companions(result: ImpactOutcome) -> Iterator[dict[str, Any]]:
    """Judge by other methods, which believe their own model: their intervals are often too narrow."""
    window, each = result.window, result.primary
    helping, _ = interrupted.usable_covariates(result.covariates(), window)
    series = result.measured.columns[each.subject.metric][: window.timeline.count]
    known = interrupted.usable(series, helping, window)
    shown = np.where(known, series, np.nan)
    for method in COMPANIONS:
        found = judge_by(method, shown, helping, window, result.question.confidence)
        rel = each.relative
        yield {
            WAY: f"by {method}",
            METHOD: method,
            LENGTH: window.after,
            DIFFERENCE: found[0],
            LIFT: rel(found[0]),
            LIFT_CI_LOWER: rel(found[1]),
            LIFT_CI_UPPER: rel(found[2]),
            STATUS: CANNOT if found[3] else _status(found[0], moved=not found[1] <= 0 <= found[2]),
            REASON: found[3],
        }
