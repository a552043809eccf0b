"""Which column is the user, which the event, which the time; and how a user is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics import engine
from pm_analytics.errors import DataError, ParameterError, UnknownNameError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.intake.raw import Raw, Wanted

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

WORDS_FOR_NOBODY = ("null", "none", "nan", "na", "n/a", "nil", "undefined", r"\n", "<na>", "(null)", "(not set)")
"""What careless exports write where there is no user; case does not matter."""

_LARGEST_EXACT_FLOAT = 2**53
_FIRST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Who:
    """How the user is written in the event table: SQL, and what the report says about it."""

    sql: str
    notes: tuple[str, ...] = ()
    plain: str = ""
    """The same without the test for blanks, for tables in which none was found."""


def resolve_columns(available: Sequence[str], wanted: Wanted) -> dict[str, str]:
    """Match user, event and time to columns: as named by the caller, else by the names exports usually have.

    Where the caller names the event of every row (``event_name``), no column holds it, and "event" is absent.

    Raises
    ------
    UnknownNameError
        A named column is not there; the nearest names are offered.
    DataError
        None was named and no usual name is there either.
    ParameterError
        One column was named for two roles.
    """
    roles = [role for role in USUAL_NAMES if role != "event" or wanted.event_name is None]
    named = {role: getattr(wanted, role) for role in roles}
    missing = [name for name in named.values() if name is not None and name not in available]
    if missing:
        raise UnknownNameError("column", missing, available, where="the table")
    found = {role: name or usual_column(role, available) for role, name in named.items()}
    unknown = [role for role, name in found.items() if name is None]
    if unknown:
        hints = ", ".join(f"{role}='...'" for role in unknown)
        same = " (or event_name='login', if every row is one)" if "event" in unknown else ""
        raise DataError(
            f"Cannot tell which column holds the {' and the '.join(unknown)}. "
            f"Say it with {hints}{same}; the columns are {shown(available, most=40)}."
        )
    if len(set(found.values())) < len(found):
        chosen = ", ".join(f"{role}={name!r}" for role, name in found.items())
        raise ParameterError(f"User, event and time must be three columns, but {chosen}.")
    return {role: str(name) for role, name in found.items()}


def usual_column(role: str, available: Sequence[str]) -> str | None:
    """Find a column by the names exports usually have; None when there is none."""
    by_folded = {name.casefold().lstrip("$"): name for name in reversed(available)}
    return next((by_folded[usual] for usual in USUAL_NAMES[role] if usual in by_folded), None)


def read_user(raw: Raw, column: str) -> Who:
    """Decide how the user is written: whole numbers stay numbers (fast to group by), everything else is text.

    Ids that a gap turned into floats (pandas writes 39 as 39.0) become whole again, so that they meet the same ids
    in other files.

    Raises
    ------
    DataError
        The column holds objects or lists.
    """
    name, kind = engine.identifier(column), raw.columns[column].upper()
    if kind.endswith(("INT", "INTEGER")):
        return Who(name, plain=name)
    text, plain = text_sql(raw.columns, column), plain_text_sql(column)
    if kind in {"DOUBLE", "FLOAT"}:
        exact = f"{name} = trunc({name}) AND abs({name}) < {_LARGEST_EXACT_FLOAT}"
        whole = f"{name}::BIGINT" if _always(raw.relation, exact, f"{name} IS NOT NULL") else ""
        return Who(whole or text, plain=whole or plain)
    if kind == "VARCHAR" and _always(raw.relation, f"regexp_full_match({name}, '\\d+\\.0')", f"trim({name}) <> ''"):
        cut = "regexp_replace({0}, '\\.0$', '')"
        return Who(cut.format(text), (f"{column} was written as 39.0, and read as 39",), cut.format(plain))
    return Who(text, plain=plain)


def _always(relation: str, condition: str, given: str) -> bool:
    """Tell whether a condition holds wherever a value is given; mostly the first rows say no, and all need no look."""
    test = f"SELECT bool_and({condition}) FILTER ({given}) FROM"
    first = engine.fetch(f"{test} (SELECT * FROM {relation} LIMIT {_FIRST_ROWS})")[0][0]
    return first is not False and bool(engine.fetch(f"{test} {relation}")[0][0])


def text_sql(types: Mapping[str, str], column: str) -> str:
    """Write a text column in which blank text is null.

    Raises
    ------
    DataError
        The column holds objects or lists.
    """
    if types[column].endswith(("]", ")")) and not types[column].startswith(("DECIMAL", "ENUM")):
        raise DataError(
            f"Column {column!r} holds objects or lists ({types[column][:60]}), not one value per row. "
            "Name another column, or flatten it first."
        )
    text = plain_text_sql(column)
    return f"CASE WHEN trim({text}) <> '' THEN {text} END"


def plain_text_sql(column: str) -> str:
    """Write a text column as it is, for tables in which nothing is blank."""
    return f"{engine.identifier(column)}::VARCHAR"


def says_nobody(user: str) -> str:
    """Write the condition that a user is a word for nobody, such as 'null' or 'nan'."""
    return f"lower(trim({user}::VARCHAR)) IN ({', '.join(map(engine.literal, WORDS_FOR_NOBODY))})"
