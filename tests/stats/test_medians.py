"""The median of counted values, and its interval from order statistics."""

from __future__ import annotations

import math
import statistics
from math import comb

import numpy as np
import pytest

from pm_analytics.errors import ParameterError
from pm_analytics.stats.medians import median, median_interval


def test_the_median_of_counts_is_that_of_the_values_written_out():
    draw = np.random.default_rng(1)
    for _ in range(50):
        values = draw.integers(0, 6, size=draw.integers(1, 12)).tolist()
        counts = [(value, values.count(value)) for value in set(values)]
        assert median(counts) == statistics.median(values)
    assert math.isnan(median([]))


@pytest.mark.parametrize(("n", "ends"), [(6, (1, 6)), (9, (2, 8)), (20, (6, 15)), (25, (8, 18)), (50, (18, 33))])
def test_the_interval_has_the_published_ranks(n, ends):
    """Ranks of the 95 % interval of a median, as tabulated (Conover, table A3; Gardner and Altman 1989, table 19.3)."""
    found = median_interval((value, 1) for value in range(1, n + 1))
    assert (found.lower, found.upper) == ends


@pytest.mark.parametrize("n", range(1, 40))
def test_the_ranks_are_the_narrowest_that_cover_often_enough(n):
    found = median_interval(((value, 1) for value in range(1, n + 1)), confidence=0.9)

    def tail(below):
        return sum(comb(n, k) for k in range(below + 1)) / 2**n

    if math.isnan(found.lower):
        assert tail(0) > 0.05
        return
    below = int(found.lower) - 1
    assert tail(below) <= 0.05 < tail(below + 1)
    assert found.upper == n - below


def test_a_confidence_that_is_no_share_is_refused():
    with pytest.raises(ParameterError, match="for 95 %"):
        median_interval([(1, 10)], confidence=95)
