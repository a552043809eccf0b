"""Engagement: how many come, how often, and who stays, comes back and goes. One question per module."""

from pm_analytics.analyses.engagement.actives import ActiveUsersResult, active_users
from pm_analytics.analyses.engagement.frequency import StickinessResult, stickiness
from pm_analytics.analyses.engagement.growth import LifecycleResult, lifecycle
from pm_analytics.analyses.engagement.power import PowerUsersResult, power_users
from pm_analytics.analyses.engagement.ratios import RatioResult

__all__ = [
    "ActiveUsersResult",
    "LifecycleResult",
    "PowerUsersResult",
    "RatioResult",
    "StickinessResult",
    "active_users",
    "lifecycle",
    "power_users",
    "stickiness",
]
