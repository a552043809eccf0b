"""stub"""

from __future__ import annotations

from pm_analytics.stats.effects import Arm
from pm_analytics.stats.moments import Moments


def linearised(moments: Moments) -> Arm:
    top, bottom = moments.means
    ratio = top / bottom
    arm = moments.arm([1 / bottom, -ratio / bottom])
    return Arm(moments.n, ratio, arm.variance)
