"""Small made-up products with a launch whose truth is known, for tests of the report: cheap, and dirty on demand."""

from __future__ import annotations

import numpy as np
import pandas as pd

LAUNCH = "2026-02-01"
BEFORE, AFTER = 300, 42


def events_of(
    *,
    users=150,
    before=BEFORE,
    after=AFTER,
    lift=0.0,
    error_lift=0.0,
    treated=None,
    off_after=None,
    adopters=0.3,
    gap=(),
    bots=0,
    bot_exports=0,
    wobble=0.0,
    accounts=0,
    seed=1,
):
    """Make the events of a product: everybody opens, exports and meets errors; adopters use the launched feature.

    Parameters
    ----------
    lift, error_lift : float
        What the launch really does to exports and errors per active user.
    treated : callable, optional
        Of a region's name: whether it gets the launch. Everybody does when not given.
    off_after : int, optional
        Days after which the launch is rolled back.
    gap : sequence of int
        Days (0 is the launch) on which nothing was tracked.
    bots, bot_exports : int
        Units awake around the clock, and their exports on each day after the launch.
    wobble : float
        Standard deviation of a level that drifts from day to day, relative.
    accounts : int
        Accounts that the users belong to.
    """
    rng = np.random.default_rng(seed)
    start = pd.Timestamp(LAUNCH, tz="UTC") - pd.Timedelta(days=before)
    names = np.array([f"u{i:04}" for i in range(users)])
    regions = np.array([f"r{i % 24:02}" for i in range(users)])
    habit, keen = rng.gamma(4, 0.25, users), rng.random(users) < adopters
    level = np.exp(np.cumsum(rng.standard_normal(before + after)) * wobble)
    rows = []
    for day in range(before + after):
        since = day - before
        if since in gap:
            continue
        date = start + pd.Timedelta(days=day)
        weekday = 0.75 if date.day_of_week < 5 else 0.4
        active = np.flatnonzero(rng.random(users) < weekday)
        on = since >= 0 and (off_after is None or since < off_after)
        with_it = np.array([on and (treated is None or treated(region)) for region in regions[active]], dtype=float)
        counts = {
            "open": np.ones(len(active), dtype=int),
            "export": rng.poisson(0.8 * habit[active] * level[day] * (1 + lift * with_it)),
            "error": rng.poisson(0.2 * (1 + error_lift * with_it)),
            "bulk": rng.poisson(0.5 * with_it * keen[active]),
        }
        for event, number in counts.items():
            who = np.repeat(active, number)
            at = date + pd.to_timedelta(rng.integers(6 * 3600, 22 * 3600, len(who)), unit="s")
            rows.append(pd.DataFrame({"user_id": names[who], "event": event, "timestamp": at, "region": regions[who]}))
        for bot in range(bots):
            at = date + pd.to_timedelta(np.arange(24) * 3600 + 60 * bot, unit="s")
            rows.append(pd.DataFrame({"user_id": f"bot{bot}", "event": "open", "timestamp": at, "region": "r00"}))
            if since >= 0 and bot_exports:
                at = date + pd.to_timedelta(np.arange(bot_exports) * (86_000 // bot_exports), unit="s")
                rows.append(pd.DataFrame({"user_id": f"bot{bot}", "event": "export", "timestamp": at, "region": "r00"}))
    frame = pd.concat(rows, ignore_index=True).sort_values(["timestamp", "user_id", "event"], ignore_index=True)
    if accounts:
        frame["account_id"] = "a" + (frame["user_id"].str[1:].astype(int) % accounts).astype(str)
    return frame


def exposures_of(frame, *, share=0.5, seed=2):
    """Assign every user at random on the day of the launch."""
    rng = np.random.default_rng(seed)
    users = sorted(set(frame["user_id"]))
    variant = np.where(rng.random(len(users)) < share, "treatment", "control")
    return pd.DataFrame({"user_id": users, "variant": variant, "timestamp": pd.Timestamp(LAUNCH, tz="UTC")})
