"""What a prepared file holds, by name; whoever changes any of it raises the version."""

from __future__ import annotations

from typing import Final

FORMAT: Final = 1
"""Version of this layout; a file of another one is built anew."""

EVENTS_TABLE: Final = "events"
"""The number of the user, then the log's own columns; ordered by number and time."""

USERS_TABLE: Final = "users"
"""The number and the id of each user."""

DAYS_TABLE: Final = "user_days"
"""The number of the user, a local day on which it has events, and how many."""

ABOUT_TABLE: Final = "about"
"""One row: what the file was made of and how, written last, so that a file without it is no use."""
