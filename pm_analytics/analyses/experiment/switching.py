"""Switchback: not users but stretches of time met one variant or the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.experiment.counts.switchback import per_period
from pm_analytics.analyses.experiment.parts import say_p
from pm_analytics.analyses.experiment.wording import say_metric
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.names import BASE, PERIOD, SEGMENT, VALUE, VARIANT
from pm_analytics.results import Claim, Result, records
from pm_analytics.stats.switchback import Switchback
from pm_analytics.stats.switchback import switchback as compare_periods
from pm_analytics.times import from_microseconds, microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from datetime import timedelta

    from pm_analytics.events import EventLog
    from pm_analytics.metrics import Metric

KINDS = ("conversion", "count", "mean", "ratio")
COLUMNS = ("start", "end", "variant")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SwitchbackResult(Result):
    """Periods with the variant against periods without. See :func:`switchback`.

    Attributes
    ----------
    found : Switchback
        Difference, interval, permutation test.
    metric : Metric
        What is compared.
    """

    found: Switchback
    metric: Metric

    def summary(self) -> str:
        """Say the difference between the periods, with its interval, and when the permutations do not bear it out."""
        found, kind = self.found, self.metric.kind
        values = f"{say_metric(found.variant, kind)} against {say_metric(found.control, kind)}"
        if found.reason:
            return f"{self.metric.name}: {values}; {found.reason}."
        ends = [say_metric(end, kind, signed=True) for end in (found.ci_lower, found.ci_upper)]
        notes = f" {' '.join(f'{note[0].upper()}{note[1:]}.' for note in found.notes)}" if found.notes else ""
        return (
            f"{self.metric.name}: {values} over {found.periods} periods, a difference of "
            f"{say_metric(found.difference, kind, signed=True)} ({ends[0]} to {ends[1]}; {say_p(found.p_value)}; "
            f"permutation {say_p(found.permutation_p_value)}).{self._say_doubt()}{notes}"
        )

    def _say_doubt(self) -> str:
        """Say that two ways of judging chance disagree about there being a difference, where they do."""
        found = self.found
        by_error = not found.ci_lower <= 0 <= found.ci_upper
        by_draws = not found.permutation_ci_lower <= 0 <= found.permutation_ci_upper
        if by_error == by_draws:
            return ""
        ways = ("interval", "permutation test") if by_error else ("permutation test", "interval")
        return f" Only the {ways[0]} finds a difference, and not the {ways[1]}: take it as unclear."

    def claims(self) -> list[Claim]:
        """List the difference."""
        known = not math.isnan(self.found.ci_lower)
        return [
            Claim(
                id=f"switchback.{self.metric.name}",
                value=self.found.difference if known else None,
                unit="difference",
                definition=self.definition,
                ci_lower=self.found.ci_lower if known else None,
                ci_upper=self.found.ci_upper if known else None,
                n=self.found.periods,
            )
        ]


def switchback(
    log: EventLog,
    schedule: pd.DataFrame,
    metric: Metric,
    *,
    control: str = "control",
    washout: str | timedelta | None = None,
    block: str | None = None,
    confidence: float = 0.95,
) -> SwitchbackResult:
    """Compare stretches of time in which a variant was on with stretches in which it was off.

    Parameters
    ----------
    log : EventLog
        Everything that happened.
    schedule : DataFrame
        One row per period: ``start``, ``end``, ``variant``. Times are read in the log's zone.
    metric : Metric
        Its window is not used: what happens in a period counts for it. A unit counts in every period it was seen in.
    control : str
        The variant that changed nothing; exactly one other must be there.
    washout : str or timedelta, optional
        Time at the start of each period that is left out, since the one before lingers.
    block : str, optional
        Column of the schedule that names blocks (days, pairs) within which periods were drawn.

    Returns
    -------
    SwitchbackResult
        ``to_frame()``: one row per period: ``period`` (its start), ``variant``, ``segment`` (its block), ``base``
        (units, or what is below the line), ``value`` per unit.

    Raises
    ------
    UnknownNameError, ParameterError, DataError
        A column or the control is missing; a kind of metric that has no sums; periods that overlap, or are shorter than
        the washout.
    """
    _check(schedule, metric, control, block)
    out = 0 if washout is None else microseconds(parse_duration(washout, name="washout"))
    rows = sorted(records(schedule), key=lambda row: log.moment(row["start"], name="start"))
    periods = [(log.moment(row["start"], name="start") + out, log.moment(row["end"], name="end")) for row in rows]
    if any(begin >= end for begin, end in periods):
        raise ParameterError("A period is over before it begins, or shorter than washout; give it more time.")
    if any(earlier[1] > later[0] - out for earlier, later in pairwise(periods)):
        raise DataError("Two periods of the schedule overlap; each moment must have met one variant.")
    sums = per_period(log, periods, metric)
    blocks = None if block is None else [str(row[block]) for row in rows]
    found = compare_periods(
        [top for top, _ in sums],
        [bottom for _, bottom in sums],
        [row["variant"] != control for row in rows],
        blocks=blocks,
        confidence=confidence,
    )
    table = pd.DataFrame(
        {
            PERIOD: [from_microseconds(begin, log.timezone) for begin, _ in periods],
            VARIANT: [str(row["variant"]) for row in rows],
            SEGMENT: blocks if blocks is not None else [""] * len(rows),
            BASE: [bottom for _, bottom in sums],
            VALUE: [top / bottom if bottom else math.nan for top, bottom in sums],
        }
    )
    lost = "" if washout is None else f", the first {say_duration(parse_duration(washout, name='washout'))} left out"
    within = "" if block is None else f", drawn within {block}"
    return SwitchbackResult(
        _table=table,
        definition=f"Switchback: {metric.name} per unit seen{lost}{within}; control {control!r}; {log.scope}.",
        basis=f"{len(rows)} periods; {log.basis}",
        found=found,
        metric=metric,
    )


def _check(schedule: pd.DataFrame, metric: Metric, control: str, block: str | None) -> None:
    missing = [name for name in (*COLUMNS, *([block] if block else [])) if name not in schedule.columns]
    if missing:
        raise UnknownNameError("column", missing, map(str, schedule.columns), where="the schedule")
    if metric.kind not in KINDS or metric.is_recorded:
        raise ParameterError(
            f"A switchback compares sums over periods; {metric.name!r} is of the kind {metric.kind!r}."
        )
    variants = [str(name) for name in schedule["variant"].unique()]
    if control not in variants:
        raise UnknownNameError("control variant", [control], variants, where="the schedule")
    if len(variants) != 2:
        raise DataError(f"A switchback compares two variants; the schedule has {', '.join(variants)}.")
