"""Which column is the user, which the event, which the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm_analytics import engine
from pm_analytics.errors import DataError, UnknownNameError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.intake.raw import Wanted

# What exports call these columns, in the order in which a guess is tried. Case and a leading $ do not matter.
USUAL_NAMES = {
    "user": (
        "user_id", "userid", "distinct_id", "person_id", "user_pseudo_id", "visitor_id", "customer_id", "uid", "user",
    ),
    "event": ("event", "event_name", "event_type", "activity", "action", "event_text", "name", "page"),
    "time": (
        "timestamp", "time", "event_time", "ts", "occurred_at", "event_timestamp", "datetime", "created_at", "date",
    ),
}  # fmt: skip


def resolve_columns(available: Sequence[str], wanted: Wanted) -> dict[str, str]:
    """Match user, event and time to columns: as named by the caller, else by the names exports usually have.

    Raises
    ------
    UnknownNameError
        A named column is not there; the nearest names are offered.
    DataError
        None was named and no usual name is there either.
    """
    named = {role: getattr(wanted, role) for role in USUAL_NAMES}
    missing = [name for name in named.values() if name is not None and name not in available]
    if missing:
        raise UnknownNameError("column", missing, available, where="the table")
    found = {role: name or usual_column(role, available) for role, name in named.items()}
    unknown = [role for role, name in found.items() if name is None]
    if unknown:
        hints = ", ".join(f"{role}='...'" for role in unknown)
        raise DataError(
            f"Cannot tell which column holds the {' and the '.join(unknown)}. "
            f"Say it with {hints}; the columns are {shown(available, most=40)}."
        )
    return {role: str(name) for role, name in found.items()}


def usual_column(role: str, available: Sequence[str]) -> str | None:
    """Find a column by the names exports usually have; None when there is none."""
    by_folded = {name.casefold().lstrip("$"): name for name in reversed(available)}
    return next((by_folded[usual] for usual in USUAL_NAMES[role] if usual in by_folded), None)


def user_sql(column: str, types: Mapping[str, str]) -> str:
    """Write the user: whole numbers stay numbers (fast to group by); everything else is text, and blank is nobody."""
    whole_number = types[column].upper().endswith(("INT", "INTEGER"))
    return engine.identifier(column) if whole_number else text_sql(column)


def text_sql(column: str) -> str:
    """Write a text column in which blank text is null."""
    text = f"{engine.identifier(column)}::VARCHAR"
    return f"CASE WHEN trim({text}) <> '' THEN {text} END"
