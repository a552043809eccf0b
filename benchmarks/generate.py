"""A log of events of any size, the same on every machine: each value is a hash of the row's number and nothing else.

    python benchmarks/generate.py 1000000 events.parquet

What makes real logs hard is in it: rows in order of time like an export, sessions, users who come all the time beside
users who come once, newcomers all along (so that retention falls), exact ties, times cut to the second, 40 event names
of very unequal frequency, properties. It is synthetic all the same: how many convert, and how well it compresses, says
nothing about a real product.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

DAYS = 180
EVENTS_PER_USER = 20
SESSION = 6
BEGINS = 1_735_689_600_000_000
"""2025-01-01 in UTC microseconds."""

THREE = ("view_item", "add_to_cart", "purchase")
FIVE = ("app_open", "search", *THREE)
FEATURE = "ai_assist"
NAMES = (
    "page_view", "app_open", "search", "view_item", "add_to_cart", "login", "share", "filter", "scroll_end", "purchase",
    "signup", "logout", "save_item", "remove_item", "apply_coupon", "start_checkout", "add_payment", "refund", "invite",
    "comment", "like", "follow", "upload", "download", "export_csv", "create_report", "edit_report", "delete_report",
    "ai_assist", "dark_mode", "notification_open", "notification_dismiss", "settings_open", "plan_view", "plan_upgrade",
    "plan_cancel", "tutorial_start", "tutorial_done", "feedback", "crash",
)  # fmt: skip

# Each step of a session is the next step of a purchase in four sessions of ten; any event else, rare ones rarely.
QUERY = """
WITH numbered AS (SELECT i, i // {session} AS s, (i % {session})::INTEGER AS place FROM range({events}) AS r(i)),
sessions AS (
    SELECT i, s, place, hash(s, 'kind') % 10 < 4 AS buying,
        -- one event in twenty happens at the very instant of the one before
        CASE WHEN place > 0 AND hash(i, 'tie') % 20 = 0 THEN place - 1 ELSE place END AS beat,
        -- newcomers arrive all along: the users known by now
        {users} * (0.25 + 0.75 * i / {events}) AS known FROM numbered),
people AS (
    SELECT *, least(CASE WHEN hash(s, 'old') % 2 = 0 THEN floor(known * power(uniform(s, 'who'), 2.5))
        ELSE floor(known * (1 - power(uniform(s, 'who'), 3))) END::BIGINT, {users} - 1) AS person FROM sessions),
timed AS (
    SELECT i, s, place, buying, (person * 2654435761) % {users} AS person,
        (s * {per_session})::BIGINT + (uniform(s, 'start') * 1200000000)::BIGINT
            + beat * 60000000 + (uniform(s * {session} + beat, 'beat') * 60000000)::BIGINT AS moment FROM people),
named AS (
    SELECT i, person, moment - CASE WHEN hash(i, 'whole second') % 4 = 0 THEN moment % 1000000 ELSE 0 END AS moment,
        CASE WHEN buying AND place <= 2 THEN place + 1
             WHEN buying AND place = 3 AND uniform(s, 'cart') < 0.45 THEN 4
             WHEN buying AND place = 4 AND uniform(s, 'pay') < 0.2 THEN 9
             ELSE least(floor(40 * power(uniform(i, 'name'), 1.4)), 39)::INTEGER END AS name FROM timed)
SELECT 'u' || person AS user_id, list_extract({names}, name + 1) AS event,
    make_timestamp({begins} + moment) AS timestamp,
    'C' || least(floor(30 * power(uniform(person, 'country'), 3)), 29)::INTEGER AS country,
    list_extract(['web', 'ios', 'android', 'desktop'], (hash(person, 'platform') % 4)::INTEGER + 1) AS platform,
    list_extract(['free', 'free', 'free', 'pro', 'team'], (hash(person, 'plan') % 5)::INTEGER + 1) AS plan,
    CASE WHEN name = 9 THEN round(5 + 200 * power(uniform(i, 'price'), 3), 2) END AS revenue
FROM named
"""


def write(events: int, path: Path) -> None:
    """Write so many events to a Parquet file."""
    query = QUERY.format(
        events=events,
        users=max(1, events // EVENTS_PER_USER),
        session=SESSION,
        per_session=DAYS * 86_400_000_000 * SESSION / events,
        begins=BEGINS,
        names=list(NAMES),
    )
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE MACRO uniform(number, salt) AS (hash(number, salt) >> 11)::DOUBLE / 9007199254740992"
        )
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 500000)")


if __name__ == "__main__":
    write(int(float(sys.argv[1])), Path(sys.argv[2]))
