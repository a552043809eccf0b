"""How long the counted attempts of a funnel took."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.funnel.counts.timing import chosen, durations, histogram, waits
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
from pm_analytics.results import Claim, Result, known, records
from pm_analytics.stats.survival import CurvePoint, kaplan_meier, quantile
from pm_analytics.times import SECOND

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.asking import Asked
    from pm_analytics.analyses.funnel.counts import Attempts

CURVE_POINTS = 400
_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 604_800)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ConversionTimes(Result):
    """How long steps took. One row per needed step after the first, and a last one from the first to the last.

    ``to_frame()``: ``from_step``, ``to_step``, ``users`` (whose counted attempt made both), ``mean_seconds``,
    ``median_seconds``, ``p25_seconds``, ``p75_seconds``, ``p90_seconds``; null when nobody made it. They are about
    those who made the step: that the others might still do so is what :meth:`curve` takes into account.

    Attributes
    ----------
    between : (str, str)
        The steps of the histogram and the curve.
    counted : str
        What is counted, in words.
    """

    between: tuple[str, str]
    counted: str
    _histogram: pd.DataFrame
    _curve: tuple[CurvePoint, ...]

    def histogram(self) -> pd.DataFrame:
        """Give the histogram: ``seconds`` and ``until_seconds`` bound each bar (start included), ``users``."""
        return self._histogram.copy()

    def curve(self) -> pd.DataFrame:
        """Give the share converted by time since the first of the two steps (Kaplan-Meier), one row per change.

        Those whose attempt is too young to judge count for as long as they were observed.

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
            return f"Nobody went from {self.between[0]} to {self.between[1]}, so there is no time to speak of."
        steps = self._table.iloc[:-1]
        slowest = steps.iloc[int(steps[MEDIAN_SECONDS].argmax())]
        share = self._curve[-1].share if self._curve else math.nan
        return (
            f"Half of the {int(whole[USERS]):,} {self.counted} that went from {whole[FROM_STEP]!r} to "
            f"{whole[TO_STEP]!r} did so within {say_seconds(whole[MEDIAN_SECONDS])}; the slowest step is from "
            f"{slowest[FROM_STEP]!r} to {slowest[TO_STEP]!r} (median {say_seconds(slowest[MEDIAN_SECONDS])}). Counting "
            f"those still under way, {share:.1%} get from {self.between[0]} to {self.between[1]} in the time observed."
        )

    def headline(self) -> str:
        """Say the median time over all steps."""
        whole = self._table.iloc[-1]
        if not whole[USERS]:
            return f"Nobody went from {self.between[0]} to {self.between[1]}"
        return f"Half of those who got to {whole[TO_STEP]!r} took {say_seconds(whole[MEDIAN_SECONDS])} or less"

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
    counted = chosen(attempts)
    last = asked.question.last
    pairs = [*((n - 1, n) for n in range(2, last + 1)), (1, last)]
    took = durations(counted, pairs)
    width = _bar_width(counted, start, end, bins)
    bars = histogram(counted, start, end, width)
    titles = [step.title for step in asked.question.needed] if asked.question.ordered else list(asked.titles)
    return ConversionTimes(
        _table=_table(took, pairs, titles),
        definition=f"Time to convert: of each counted attempt. {asked.definition}",
        basis=f"{asked.counted} that made both steps; {asked.log.basis}",
        between=(repr(titles[start - 1]), repr(titles[end - 1])),
        counted=asked.counted,
        _histogram=_bars(bars, width),
        _curve=tuple(_curve(counted, attempts, start, end, asked.confidence)),
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


def _bar_width(counted: object, start: int, end: int, bins: int) -> float:
    """Choose a width that people know (a minute, an hour, a day), for about as many bars as asked."""
    longest = durations(counted, [(start, end)])["longest"].iloc[0]
    if longest is None or longest != longest or not longest:  # noqa: PLR0124 - null, as a frame writes it
        return 1.0
    wanted = float(longest) / bins
    return float(next((nice for nice in _NICE if nice >= wanted), math.ceil(wanted / 604_800) * 604_800))


def _bars(bars: pd.DataFrame, width: float) -> pd.DataFrame:
    """Fill in the bars that nobody is in: an empty one is a fact, too."""
    numbers = range(int(bars["bin"].max()) + 1) if len(bars) else range(0)
    users = dict(zip(bars["bin"], bars["users"], strict=True))
    return pd.DataFrame(
        {
            SECONDS: [number * width for number in numbers],
            UNTIL_SECONDS: [(number + 1) * width for number in numbers],
            USERS: [int(users.get(number, 0)) for number in numbers],
        }
    )


def _curve(counted: object, attempts: Attempts, start: int, end: int, confidence: float) -> list[CurvePoint]:
    longest = attempts.question.horizon
    if longest is None:
        found = durations(counted, [(start, end)])["longest"].iloc[0]
        longest = int(float(found) * SECOND) if found == found and found is not None else SECOND  # noqa: PLR0124
    width = max(1, -(-longest // CURVE_POINTS))
    rows = waits(counted, attempts, start, end, width)
    return kaplan_meier(
        [(int(row["bin"]) * width / SECOND, int(row["converted"]), int(row["censored"])) for row in records(rows)],
        confidence=confidence,
    )


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
