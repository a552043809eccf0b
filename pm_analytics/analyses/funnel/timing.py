"""How long the counted attempts of a funnel took."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.funnel.counts.timing import durations, histogram, timed, waits
from pm_analytics.analyses.funnel.trend import step_range
from pm_analytics.errors import ParameterError
from pm_analytics.names import (
    AT_RISK,
    CENSORED,
    CI_LOWER,
    CI_UPPER,
    CONVERTED,
    CONVERTED_SHARE,
    FROM_STEP,
    MEAN_SECONDS,
    MEDIAN_SECONDS,
    P25_SECONDS,
    P75_SECONDS,
    P90_SECONDS,
    SECONDS,
    TO_STEP,
    UNTIL_SECONDS,
    USERS,
)
from pm_analytics.results import SMALL_GROUP, Claim, Result, known, records
from pm_analytics.stats.survival import CurvePoint, kaplan_meier, quantile

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.counts import Attempts

_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 604_800)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ConversionTimes(Result):
    """How long steps took. One row per needed step after the first, and a last one from the first to the last.

    ``to_frame()``: ``from_step``, ``to_step``, ``users`` (whose counted attempt made both), ``mean_seconds``,
    ``median_seconds``, ``p25_seconds``, ``p75_seconds``, ``p90_seconds``; null when nobody made it. They are about
    those who made the step: that the others might still do so is what :meth:`curve` takes into account. The counted
    attempt is the shortest of those that were first to get furthest, so it is the time from the start that worked.

    Attributes
    ----------
    between : (str, str)
        The steps of the histogram and the curve.
    counted : str
        What is counted, in words.
    whole : (str, str)
        The first and the last step.
    basis_of_curve : str
        What the curve rests on: also those that did not convert.
    """

    between: tuple[str, str]
    counted: str
    whole: tuple[str, str]
    basis_of_curve: str
    _histogram: pd.DataFrame
    _curve: tuple[CurvePoint, ...]

    def histogram(self) -> pd.DataFrame:
        """Give the histogram: ``seconds`` and ``until_seconds`` bound each bar (start included), ``users``.

        The last bar holds all that is longer, so it may be wider than the others.
        """
        return self._histogram.copy()

    def curve(self) -> pd.DataFrame:
        """Give the share converted by time since the first of the two steps (Kaplan-Meier), one row per time.

        Those whose attempt is too young to judge count for as long as they were observed. Times are exact to 0.1 %.

        Returns
        -------
        DataFrame
            ``seconds``, ``converted_share`` with ``ci_lower`` and ``ci_upper``, ``at_risk``, ``converted``,
            ``censored``.
        """
        rows = [(p.time, p.share, p.ci_lower, p.ci_upper, p.at_risk, p.events, p.censored) for p in self._curve]
        return pd.DataFrame(rows, columns=[SECONDS, CONVERTED_SHARE, CI_LOWER, CI_UPPER, AT_RISK, CONVERTED, CENSORED])

    def summary(self) -> str:
        """Say how long half of those who converted took, overall and at the slowest step."""
        whole = self._table.iloc[-1]
        if not whole[USERS]:
            return f"Nobody went from {self.whole[0]} to {self.whole[1]}, so there is no time to speak of."
        count = int(whole[USERS])
        who = f"Half of the {count:,} {self.counted} that" if count > 1 else f"The only one of the {self.counted} that"
        text = f"{who} went from {self.whole[0]} to {self.whole[1]} did so within {say_seconds(whole[MEDIAN_SECONDS])}"
        return f"{text}{self._say_slowest()}.{self._say_curve()}"

    def _say_slowest(self) -> str:
        steps = self._table.iloc[:-1]
        if len(steps) == 1:
            return ""
        slowest = steps.iloc[int(steps[MEDIAN_SECONDS].argmax())]
        return (
            f"; the slowest step is from {slowest[FROM_STEP]!r} to {slowest[TO_STEP]!r} "
            f"(median {say_seconds(slowest[MEDIAN_SECONDS])})"
        )

    def _say_curve(self) -> str:
        """Say the end of the curve, unless it rests on too few to be said."""
        began = sum(point.events + point.censored for point in self._curve)
        made = [point for point in self._curve if point.events]
        if began < SMALL_GROUP or not made:
            return ""
        last = made[-1]
        return (
            f" An estimated {last.share:.1%} get from {self.between[0]} to {self.between[1]} within "
            f"{say_seconds(last.time)}, those still under way counted for as long as they were observed."
        )

    def headline(self) -> str:
        """Say the median time from the first step to the last."""
        whole = self._table.iloc[-1]
        if not whole[USERS]:
            return f"Nobody went from {self.whole[0]} to {self.whole[1]}"
        return f"Half of those who got to {self.whole[1]} took {say_seconds(whole[MEDIAN_SECONDS])} or less"

    def claims(self) -> list[Claim]:
        """List the median time of each step."""
        return [
            Claim(
                id=f"funnel.time.{number}",
                value=known(row[MEDIAN_SECONDS]),
                unit="seconds",
                definition=f"median from {row[FROM_STEP]} to {row[TO_STEP]}: {self.definition}",
                n=int(row[USERS]),
            )
            for number, row in enumerate(records(self._table), 1)
        ]

    def to_display(self) -> pd.DataFrame:
        """Say the times as people do: '3 hours', '2.5 days'."""
        seconds = [str(column) for column in self._table if str(column).endswith("_seconds")]
        said = {column: [say_seconds(value) for value in self._table[column]] for column in seconds}
        return self._table.assign(**said).rename(columns={name: name.removesuffix("_seconds") for name in seconds})

    def median_of_all(self) -> float:
        """Give the seconds by which half of all who began have converted (Kaplan-Meier); NaN when they never do."""
        return quantile(list(self._curve), 0.5)


def time_steps(asked: Asked, attempts: Attempts, from_step: int, to_step: int | None, bins: int) -> ConversionTimes:
    """Measure; see :meth:`FunnelResult.time_to_convert`."""
    if not isinstance(bins, int) or not 1 <= bins <= 200:
        raise ParameterError(f"bins={bins!r} must be a whole number from 1 to 200.")
    numbers = step_range(asked, from_step, to_step)
    steps = asked.question.steps
    start, end = (sum(not step.optional for step in steps[:number]) for number in numbers)
    counted = timed(attempts, each=asked.each)
    last = asked.question.last
    pairs = [*((n - 1, n) for n in range(2, last + 1)), (1, last)]
    took = durations(counted, pairs)
    spread = durations(counted, [(start, end)]).iloc[0]
    width, most = _bar_width(spread, bins)
    bars = histogram(counted, start, end, width, most=most)
    titles = [step.title for step in asked.question.needed] if asked.question.ordered else list(asked.titles)
    rule = "attempt" if asked.each else f"{asked.unit}'s counted attempt"
    return ConversionTimes(
        _table=_table(took, pairs, titles),
        definition=(
            f"Time to convert: of each {rule}, over those that made the step; the curve (Kaplan-Meier) also counts "
            f"the others, for as long as they had time or were observed. {asked.definition}"
        ),
        basis=f"{asked.counted} that made both steps; {asked.log.basis}",
        between=(asked.title(start), asked.title(end)),
        counted=asked.counted,
        whole=(asked.title(1), asked.title(last)),
        basis_of_curve=f"{asked.counted} {asked.period or 'starting at any time'}; {asked.log.basis}",
        _histogram=_bars(bars, width, most, spread["longest"]),
        _curve=tuple(_curve(counted, attempts, (start, end), asked.confidence)),
    )


def _table(took: pd.DataFrame, pairs: list[tuple[int, int]], titles: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            FROM_STEP: [titles[start - 1] for start, _ in pairs],
            TO_STEP: [titles[end - 1] for _, end in pairs],
            USERS: took["users"].astype("int64"),
            MEAN_SECONDS: took["mean"].astype("float64"),
            MEDIAN_SECONDS: took["median"].astype("float64"),
            P25_SECONDS: took["p25"].astype("float64"),
            P75_SECONDS: took["p75"].astype("float64"),
            P90_SECONDS: took["p90"].astype("float64"),
        }
    )


def _bar_width(spread: pd.Series, bins: int) -> tuple[float, int]:
    """Choose a width that people know (a minute, an hour, a day), and how many bars at most.

    A few who took very long must not squeeze all others into one bar: what is longer than twice the time of nine in
    ten is in the last bar.
    """
    if pd.isna(spread["longest"]) or not spread["longest"]:
        return 1.0, 1
    reach = min(float(spread["longest"]), 2 * float(spread["p90"])) or float(spread["longest"])
    wanted = reach / bins
    width = float(next((nice for nice in _NICE if nice >= wanted), math.ceil(wanted / 604_800) * 604_800))
    return width, max(1, math.ceil(reach / width))


def _bars(bars: pd.DataFrame, width: float, most: int, longest: float) -> pd.DataFrame:
    """Fill in the bars that nobody is in: an empty one is a fact, too."""
    numbers = range(int(bars["bin"].max()) + 1) if len(bars) else range(0)
    users = dict(zip(bars["bin"], bars["users"], strict=True))
    ends = [(number + 1) * width for number in numbers]
    if len(ends) == most:
        ends[-1] = max(ends[-1], float(longest))
    return pd.DataFrame(
        {
            SECONDS: [number * width for number in numbers],
            UNTIL_SECONDS: ends,
            USERS: [int(users.get(number, 0)) for number in numbers],
        }
    )


def _curve(counted: object, attempts: Attempts, steps: tuple[int, int], confidence: float) -> list[CurvePoint]:
    rows = records(waits(counted, attempts, *steps))
    counts = [(float(row["seconds"]), int(row["converted"]), int(row["censored"])) for row in rows]
    return kaplan_meier(counts, confidence=confidence)


def say_seconds(seconds: float) -> str:
    """Say a length of time in the unit that suits it.

    Examples
    --------
    >>> say_seconds(90), say_seconds(5400), say_seconds(216000)
    ('1.5 minutes', '1.5 hours', '2.5 days')
    """
    if math.isnan(seconds):
        return "\N{EN DASH}"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return _say(seconds / length, unit)
    return _say(seconds, "second")


def _say(number: float, unit: str) -> str:
    rounded = f"{number:,.1f}".removesuffix(".0")
    return f"{rounded} {unit}{'' if rounded == '1' else 's'}"
