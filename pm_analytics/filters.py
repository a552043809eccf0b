"""What a filter says, as a condition of a query and in words: one value, one of several, or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.errors import ParameterError
from pm_analytics.names import EVENT

if TYPE_CHECKING:
    from collections.abc import Iterable

YES, NO = ("true", "yes", "1"), ("false", "no", "0")


def has(name: str, value: Any, table: Any) -> Any:  # noqa: ANN401 - Ibis values
    """Write the condition that a column of a table has a value, as :func:`matches` says."""
    return matches(table[name], value)


def lacks(name: str, value: Any, table: Any) -> Any:  # noqa: ANN401
    """Write the condition that a column has another value, or none."""
    return ~engine.surely(matches(table[name], value))


def of_names(table: Any, names: Iterable[str] | None) -> Any:  # noqa: ANN401
    """Keep the events of some names; all when there are none to choose by."""
    # A long IN comes back in another order from DuckDB; nothing here trusts an order that no ORDER BY made.
    return table if names is None else table.filter(table[EVENT].isin(list(names)))


def matches(column: Any, value: Any) -> Any:  # noqa: ANN401 - Ibis values
    """Write the condition that a column has a value, one of several values, or is missing (None)."""
    values = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    present = [form for value in values if value is not None for form in _forms(value, column.type())]
    condition = column.isin(present)
    return (condition | column.isnull()) if None in values else condition


def _forms(value: Any, kind: Any) -> list[Any]:  # noqa: ANN401
    """Write a filter's value in the column's kind: a report's parameters arrive as text, a notebook's as they are.

    Python writes yes and no in one way, exports in several; in a column of text all of them are meant.
    """
    if kind.is_string():
        words = {True: YES, False: NO}.get(value, ()) if isinstance(value, bool) else ()
        return [form for word in words for form in (word, word.title(), word.upper())] or [str(value)]
    if kind.is_boolean():
        return [_yes_or_no(value)]
    return [_number(value)] if kind.is_numeric() else [value]


def _yes_or_no(value: Any) -> bool:  # noqa: ANN401
    word = str(value).lower()
    if word not in YES + NO:
        raise ParameterError(f"{value!r} is neither yes nor no; the property holds true or false.")
    return word in YES


def _number(value: Any) -> Any:  # noqa: ANN401
    """Read a number; a whole one stays whole, since an id may have more digits than a float holds."""
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    try:
        return int(value) if value.strip().lstrip("-").isdigit() else float(value)
    except ValueError as error:
        raise ParameterError(f"{value!r} is no number, but the property holds numbers.") from error


def say_filter(value: Any) -> str:  # noqa: ANN401
    """Say a filter's value: ``= 'NL'``, ``in 'Pro', 'Team'``."""
    if isinstance(value, list | tuple | set | frozenset):
        return f"in {', '.join(map(repr, value))}"
    return "is missing" if value is None else f"= {value!r}"
