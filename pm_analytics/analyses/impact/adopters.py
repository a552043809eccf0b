"""Those who use a feature against those who do not: a description, beside what makes it look better than it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pm_analytics.analyses.impact.counts_of_units import weekly_by_unit
from pm_analytics.analyses.impact.series import check_metrics
from pm_analytics.analyses.impact.wording import say_amount
from pm_analytics.asking import event_names
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.names import CI_LOWER, CI_UPPER, DIFFERENCE, UNITS, WAY
from pm_analytics.results import Claim, Result, known, records
from pm_analytics.stats.weighting import Answer, Association, association

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

WEEKS_BEFORE, WEEKS_TO_ADOPT, WEEKS_AFTER = 4, 2, 4
SEED = 0
AMOUNTS = (DIFFERENCE, CI_LOWER, CI_UPPER)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Adopters(Result):
    """Adopters against non-adopters, as an association only. See :func:`adopters`.

    ``to_frame()``: one row per ``way`` of comparing: ``difference`` per unit, its interval, ``units``.

    Attributes
    ----------
    found : Association
        Balance, overlap, E-value.
    before_and_after, illusion : float
        How much more adopters did in the weeks from their first use than in the weeks before, and the same of units
        that had not adopted, from weeks drawn like the adopters' among those in which they were active. The second
        shows what the first would show if using it did nothing.
    """

    found: Association
    metric: str
    before_and_after: float
    illusion: float

    def summary(self) -> str:
        """Say the difference, how it shrinks, what would explain it, and that it does not show what using it does."""
        rows = {row[WAY]: row for row in records(self._table)}
        if self.found.reason:
            return f"{self.metric}: adopters and others cannot be compared, since {self.found.reason}."
        naive, kept = rows["unadjusted"], rows["adjusted, comparable units only"]
        ends = f"{say_amount(kept[CI_LOWER], signed=True)} to {say_amount(kept[CI_UPPER], signed=True)}"
        unseen = (
            "; the interval holds no difference"
            if self.found.e_value <= 1
            else f"; something unseen would explain it if it went {self.found.e_value:.1f} times with both"
        )
        return (
            f"{self.metric}: adopters differ by {say_amount(naive[DIFFERENCE], signed=True)} per unit, and by "
            f"{say_amount(kept[DIFFERENCE], signed=True)} ({ends}) after adjusting for the weeks before{unseen}. "
            f"{self._say_illusion()} This does not show what using it does."
        )

    def _say_illusion(self) -> str:
        if math.isnan(self.illusion) or math.isnan(self.before_and_after):
            return ""
        return (
            f"Adopters did {self.before_and_after:+.0%} from their first use on; units that had not adopted did "
            f"{self.illusion:+.0%} from weeks drawn alike, where using it can have done nothing."
        )

    def to_display(self) -> pd.DataFrame:
        """Give amounts per unit as people read them."""
        amounts = {name: [say_amount(value, signed=True) for value in self._table[name]] for name in AMOUNTS}
        return self._table.assign(**amounts)

    def claims(self) -> list[Claim]:
        """List every way's difference."""
        return [
            Claim(
                f"adopters.{self.metric}.{row[WAY]}", known(row[DIFFERENCE]), "difference", self.definition,
                known(row[CI_LOWER]), known(row[CI_UPPER]), n=int(row[UNITS]),
            )
            for row in records(self._table)
        ]  # fmt: skip


def adopters(
    log: EventLog,
    launched_at: Any,  # noqa: ANN401 - a date or time
    feature: str | Sequence[str],
    metric: Metric,
    *,
    confidence: float = 0.95,
) -> Adopters:
    """Describe how units that took to a feature in its first two weeks differ from those that did not.

    Everybody active in the four weeks before the launch is looked at. The outcome is what they did in the four weeks
    after those two: no unit is an adopter because it stayed long enough to become one.

    Parameters
    ----------
    log : EventLog
        Four weeks before the launch to six weeks after it.
    launched_at : str, date or datetime
        The launch.
    feature : str or sequence of str
        Events that use it.
    metric : Metric
        A count or a sum per unit.

    Raises
    ------
    UnknownNameError, ParameterError, DataError
        Names that do not occur; another kind of metric; a log that is too short.
    """
    check_metrics(log, [metric])
    if metric.kind not in {"count", "mean"}:
        raise ParameterError(f"Adopters are compared by a count or a sum per unit; {metric.name!r} is a {metric.kind}.")
    features = event_names(feature, name="feature") or ()
    absent = [name for name in features if name not in log.event_names()]
    if absent:
        raise UnknownNameError("event", absent, log.event_names(), where="the log")
    launch = log.moment(launched_at, name="launched_at")
    table = weekly_by_unit(log, metric, features, launch, WEEKS_BEFORE, WEEKS_TO_ADOPT + WEEKS_AFTER)
    if table is None:
        raise DataError("The log must reach from four weeks before the launch to six weeks after it.")
    weeks = table.weeks
    past, outcome = weeks[:, :WEEKS_BEFORE], weeks[:, WEEKS_BEFORE + WEEKS_TO_ADOPT :].sum(axis=1)
    chose = (table.first >= 0) & (table.first < WEEKS_TO_ADOPT)
    # Whoever began later is neither an adopter nor somebody who did not want it.
    kept = chose | (table.first < 0)
    known_before = np.column_stack([past, table.active])
    found = association(outcome[kept], chose[kept], known_before[kept], confidence=confidence)
    earlier = association(past[kept][:, -1], chose[kept], past[kept][:, :-1], confidence=confidence)
    ways = {
        "unadjusted": found.naive,
        "weighted to resemble adopters": found.weighted,
        "adjusted": found.adjusted,
        "adjusted, comparable units only": found.trimmed,
    }
    ways["adjusted, in the week before the launch (should be none)"] = earlier.adjusted
    return Adopters(
        _table=pd.DataFrame([_row(way, answer) for way, answer in ways.items()]),
        definition=(
            f"{metric.name} per unit in weeks 3 to 6 after {log.say(launch)}, of units active in the 4 weeks before; "
            f"adopters used {', '.join(features)} in weeks 1 or 2; adjusted for each of the 4 weeks before and all "
            f"activity then; association only; {log.scope}."
        ),
        basis=f"{int(chose.sum()):,} adopters, {int((table.first < 0).sum()):,} others; {log.basis}",
        found=found,
        metric=metric.name,
        before_and_after=_uplift(weeks[chose], table.first[chose]),
        illusion=_illusion(weeks, table.first, chose),
    )


def _row(way: str, answer: Answer) -> dict[str, Any]:
    interval = {CI_LOWER: answer.ci_lower, CI_UPPER: answer.ci_upper}
    return {WAY: way, DIFFERENCE: answer.difference, **interval, UNITS: answer.units}


def _uplift(weeks: NDArray[np.float64], begun: NDArray[np.int64]) -> float:
    """Compare the four weeks from a week on with the four before it, over units."""
    if not len(weeks):
        return math.nan
    places = WEEKS_BEFORE + begun
    after = np.array([row[place : place + WEEKS_AFTER].mean() for row, place in zip(weeks, places, strict=True)])
    before = np.array([row[place - WEEKS_BEFORE : place].mean() for row, place in zip(weeks, places, strict=True)])
    return float(after.mean() / before.mean() - 1) if before.mean() > 0 else math.nan


def _illusion(weeks: NDArray[np.float64], first: NDArray[np.int64], chose: NDArray[np.bool_]) -> float:
    """Give units that had not adopted a first week like the adopters', among weeks in which they were active."""
    rng = np.random.default_rng(SEED)
    never = np.flatnonzero(first < 0)
    if not chose.any() or not len(never):
        return math.nan
    drawn = rng.choice(first[chose], len(never))
    active = weeks[never, WEEKS_BEFORE + drawn] > 0
    return _uplift(weeks[never[active]], drawn[active])
