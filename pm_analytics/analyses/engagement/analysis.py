"""Engagement: the room's public functions and results, each question in a module of its own."""

from pm_analytics.analyses.engagement.actives import ActiveUsersResult, active_users
from pm_analytics.analyses.engagement.frequency import StickinessResult, stickiness
from pm_analytics.analyses.engagement.growth import LifecycleResult, lifecycle
from pm_analytics.analyses.engagement.power import PowerUsersResult, power_users

__all__ = [
    "ActiveUsersResult",
    "LifecycleResult",
    "PowerUsersResult",
    "StickinessResult",
    "active_users",
    "lifecycle",
    "power_users",
    "stickiness",
]
