"""Engagement: how many come, how often, and who stays, comes back and goes."""

from pm_analytics.analyses.engagement.analysis import (
    ActiveUsersResult,
    LifecycleResult,
    PowerUsersResult,
    StickinessResult,
    active_users,
    lifecycle,
    power_users,
    stickiness,
)

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
