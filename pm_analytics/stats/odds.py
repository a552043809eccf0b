"""The odds ratio of two groups."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pm_analytics.stats.proportions import Interval, normal_quantile


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """Odds in one group over odds in the other, with its interval."""

    value: float
    interval: Interval


def odds_ratio(
    successes: int, trials: int, other_successes: int, other_trials: int, *, confidence: float = 0.95
) -> OddsRatio:
    """Divide the odds of one group by those of another, with 1 added to each cell so that empty ones are no infinity.

    The interval is Woolf's (1955), on the logarithm, of the cells so shrunken: 1 means no difference.

    Examples
    --------
    >>> round(odds_ratio(29, 39, 9, 29).value, 2)
    5.73
    """
    cells = (
        successes + 1,
        trials - successes + 1,
        other_successes + 1,
        other_trials - other_successes + 1,
    )
    value = (cells[0] * cells[3]) / (cells[1] * cells[2])
    half = normal_quantile(confidence) * math.sqrt(sum(1 / cell for cell in cells))
    return OddsRatio(value, Interval(value * math.exp(-half), value * math.exp(half)))
