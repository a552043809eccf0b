"""Arms of very different size: one variance for both, where that is the larger one.

Welch's test leans on the small arm's own variance. Of amounts that are mostly zero and now and then large, mean and
variance rise and fall together: an arm without a large amount has a low mean and seems sure of it. With one unit in ten
in the variant, the test then finds a loss in 9 to 24 of 100 experiments in which nothing differs (Cressie and Whitford
1986 and Algina, Oshima and Lin 1994 describe it). A common variance is nearly free of that, yet wrong the other way,
where the small arm really varies more. So the larger of the two standard errors is taken: a difference is called only
where both tests call it. ``make trust`` shows what that does, also to intervals.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pm_analytics.stats.effects import Arm

UNEVEN = 2.0
"""Arms of which one is more than so many times as large are of very different size; below, Welch's test is right."""


def steadied(variant: Arm, control: Arm) -> tuple[Arm, Arm]:
    """Give both arms their common variance, where they differ much in size and the difference is the less certain then.

    Arms of like size, and those of fewer than two units, are given back as they are.

    Examples
    --------
    >>> from pm_analytics.stats.effects import Arm
    >>> [round(arm.variance, 6) for arm in steadied(Arm(101, 5.0, 1.0), Arm(901, 5.0, 3.0))]
    [2.8, 2.8]
    >>> [round(arm.variance, 6) for arm in steadied(Arm(101, 5.0, 3.0), Arm(901, 5.0, 1.0))]
    [3.0, 1.0]
    """
    if min(variant.n, control.n) < 2:
        return variant, control
    v, w = variant.variance / variant.n, control.variance / control.n
    mine, theirs = (float(each) for each in squared_errors(v, variant.n, w, control.n))
    if (mine, theirs) == (v, w):
        return variant, control
    return replace(variant, variance=mine * variant.n), replace(control, variance=theirs * control.n)


def squared_errors(variant: Any, n: Any, control: Any, m: Any) -> tuple[NDArray[Any], NDArray[Any]]:  # noqa: ANN401
    """Do the same to squared standard errors of means (numbers or arrays) of arms of ``n`` and ``m`` units."""
    common = ((n - 1) * n * variant + (m - 1) * m * control) / (n + m - 2)
    uneven = np.maximum(n, m) > UNEVEN * np.minimum(n, m)
    larger = uneven & (common / n + common / m > variant + control)
    return np.where(larger, common / n, variant), np.where(larger, common / m, control)
