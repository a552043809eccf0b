"""Where did tracking fall silent? Days and hours are compared with their like in the weeks around them.

A product grows and has seasons, so a day is held against the same weekday up to four weeks before and after it, and an
hour against the same hour of the week. What is found may be a broken tracker or a holiday; both change rates.
"""

from __future__ import annotations

import math
import statistics
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WEEKS_AROUND = 4
LOW_SHARE = 0.5
LOW_Z = -4.0
SMALLEST_USUAL = 30
SHORTEST_SILENCE = 4
SURPRISE = 1e-4
MAD_TO_SD = 1.4826
HOURS_PER_WEEK = 168


def low_days(counts: Mapping[int, int]) -> list[int]:
    """List days with under half of what their weekday usually has, beyond chance; the two ends, being partial, never.

    Parameters
    ----------
    counts : mapping
        Local day number -> events; days without any may be absent.
    """
    if not counts:
        return []
    first, last = min(counts), max(counts)
    return [day for day in range(first + 1, last) if _is_low(day, counts, first, last)]


def _is_low(day: int, counts: Mapping[int, int], first: int, last: int) -> bool:
    around = {
        week: counts.get(day + 7 * week, 0)
        for week in range(-WEEKS_AROUND, WEEKS_AROUND + 1)
        if week and first < day + 7 * week < last
    }
    if len(around) < 3:
        return False
    likes = _without_trend(around)
    # A week of nothing counts as half an event in a logarithm, and may come back as slightly less than nothing.
    usual = max(0.0, statistics.median(likes))
    spread = max(MAD_TO_SD * statistics.median(abs(n - usual) for n in likes), math.sqrt(usual))
    found = counts.get(day, 0)
    return usual >= SMALLEST_USUAL and found < LOW_SHARE * usual and (found - usual) / spread < LOW_Z


def _without_trend(around: Mapping[int, int]) -> list[float]:
    """Say what the weeks around would have had in this week, given its growth (Theil 1950, on logarithms).

    Without this a product that grows fast varies so much over nine weeks that a day of nothing does not stand out. A
    trend is not prolonged: where there are weeks on one side only, they are taken as they are.
    """
    if min(around) > 0 or max(around) < 0:
        return [float(n) for n in around.values()]
    logs = {week: math.log(n + 0.5) for week, n in around.items()}
    slope = statistics.median((logs[b] - logs[a]) / (b - a) for a, b in combinations(sorted(logs), 2))
    return [math.exp(log - slope * week) - 0.5 for week, log in logs.items()]


def silences(counts: Mapping[int, int]) -> list[range]:
    """List runs of at least four silent hours that the same hours of the weeks around make all but impossible.

    Parameters
    ----------
    counts : mapping
        Hour number -> events; hours without any are absent.
    """
    if not counts:
        return []
    span = range(min(counts), max(counts) + 1)
    return [run for run in _silent_runs(counts, span) if _likelihood(run, counts, span) < SURPRISE]


def _silent_runs(counts: Mapping[int, int], span: range) -> list[range]:
    busy = [hour for hour in span if hour in counts]
    between = (range(before + 1, after) for before, after in pairwise(busy))
    return [run for run in between if len(run) >= SHORTEST_SILENCE]


def _likelihood(run: range, counts: Mapping[int, int], span: range) -> float:
    """Multiply how often each hour of the run is silent in the weeks around (with half a silent week added to each)."""
    likelihood = 1.0
    for hour in run:
        around = [hour + HOURS_PER_WEEK * week for week in range(-WEEKS_AROUND, WEEKS_AROUND + 1) if week]
        around = [other for other in around if other in span and other not in run]
        silent = sum(other not in counts for other in around)
        if around:  # without a like to hold it against, silence says nothing
            likelihood *= (silent + 0.5) / (len(around) + 1)
    return likelihood
