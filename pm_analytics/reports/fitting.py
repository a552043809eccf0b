"""Whether a value fits its declared kind, and what it becomes: plain JSON data.

A value given as text (command line, YAML file) is converted by the declared type and by nothing else: ``007``
for a ``str`` stays ``007``, ``1.10`` stays ``1.10``. A value given from Python must be of the declared type.
"""

from __future__ import annotations

import math
import os
import re
from datetime import date, datetime, time
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import did_you_mean
from pm_analytics.reports.kinds import Kind, Misfit

if TYPE_CHECKING:
    from collections.abc import Callable

_YES, _NO, _NULL = {"true", "yes", "on"}, {"false", "no", "off"}, {"", "null", "none", "~"}
_INTEGER = re.compile(r"[+-]?\d+")
# a union tries the pickiest kind first; str takes any text, so it comes late
_ORDER = ("None", "bool", "int", "float", "date", "Literal", "list", "dict", "Path", "str", "Any")


def fit(kind: Kind, value: object, *, text: bool = False) -> Any:  # noqa: ANN401 - JSON is of any type
    """Turn a value into plain JSON data of the declared kind.

    Parameters
    ----------
    text : bool
        The value was written by a person as text, so its words and numbers are read by ``kind``.

    Raises
    ------
    Misfit
        It is of another kind.
    """
    return _FITTERS[kind.name](kind, value, text)


def _none(_: Kind, value: object, text: bool) -> None:
    if value is None or (text and isinstance(value, str) and value.strip().casefold() in _NULL):
        return
    raise Misfit("None")


def _bool(_: Kind, value: object, text: bool) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if text and isinstance(value, str) else ""
    if word in _YES | _NO:
        return word in _YES
    raise Misfit("true or false (yes and no will do too)")


def _int(_: Kind, value: object, text: bool) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if text and isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    raise Misfit("a whole number, for example 14")


def _float(_: Kind, value: object, text: bool) -> float:
    number = math.nan
    if (isinstance(value, Real) and not isinstance(value, bool)) or (text and isinstance(value, str)):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
    if not math.isfinite(number) or (isinstance(value, str) and "_" in value):
        raise Misfit("a number, for example 0.05")
    return number


def _date(_: Kind, value: object, _text: bool) -> str:
    """Give a day as ISO text: a notebook's parameters are JSON, which knows no dates."""
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date().isoformat()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(value.strip() if isinstance(value, str) else "").isoformat()
    except ValueError:
        raise Misfit("a date, for example 2026-03-01") from None


def _str(_: Kind, value: object, _text: bool) -> str:
    if isinstance(value, str | os.PathLike):
        return str(os.fspath(value))
    raise Misfit("text")


def _literal(kind: Kind, value: object, text: bool) -> Any:  # noqa: ANN401 - as fit
    for choice in kind.choices:
        same = choice == value and type(choice) is type(value)
        if same or (text and isinstance(value, str) and str(choice) == value.strip()):
            return choice
    raise Misfit(f"one of {', '.join(map(repr, kind.choices))}{did_you_mean(str(value), map(str, kind.choices))}")


def _list(kind: Kind, value: object, text: bool) -> list[Any]:
    items = _split(value) if text and isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise Misfit("a list, for example a,b or ['a', 'b']")
    return [fit(kind.inside[0], item, text=text) for item in items]


def _split(value: str) -> object:
    """Read ``[a, b]`` as YAML (of which JSON is a part), and anything else as words between commas."""
    if value.strip().startswith("["):
        return read_yaml(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def _dict(kind: Kind, value: object, text: bool) -> dict[str, Any]:
    items = read_yaml(value) if text and isinstance(value, str) else value
    if not isinstance(items, dict):
        raise Misfit("pairs of names and values, for example {plan: pro}")
    keys, values = kind.inside
    return {fit(keys, key, text=text): fit(values, item, text=text) for key, item in items.items()}


def _fit_union(kind: Kind, value: object, text: bool) -> Any:  # noqa: ANN401 - as fit
    takes_text = any(part.name == "str" for part in kind.inside)
    expected = []
    for part in sorted(kind.inside, key=lambda part: _ORDER.index(part.name)):
        try:
            fitted = fit(part, value, text=text)
        except Misfit as misfit:
            expected.append(str(misfit))
            continue
        if takes_text and isinstance(value, str) and isinstance(fitted, int | float) and not _canonical(value, fitted):
            continue
        return fitted
    raise Misfit(" or ".join(expected))


def _canonical(text: str, number: float) -> bool:
    """Where text is welcome too, 007 and 1.10 are text; a number is what would be written back just so."""
    return text.casefold() in {str(number).casefold(), f"{number:.15g}"}


def _any(_: Kind, value: object, text: bool) -> Any:  # noqa: ANN401 - as fit
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_any(_, item, text) for item in value]
    if isinstance(value, dict):
        return {str(key): _any(_, item, text) for key, item in value.items()}
    raise Misfit("plain text, numbers, lists or pairs (a table goes in as the path of a file)")


def read_yaml(text: str) -> object:
    """Read YAML with every scalar left as text: YAML's own guessing turns 007 into 7 and no into False.

    Raises
    ------
    Misfit
        Not YAML.
    """
    import yaml

    try:
        # the base loader builds text, lists and dictionaries only; no tag can make it do anything else
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise Misfit(f"YAML or JSON ({' '.join(str(error).split())})") from error


_FITTERS: dict[str, Callable[[Kind, object, bool], Any]] = {
    "None": _none,
    "bool": _bool,
    "int": _int,
    "float": _float,
    "date": _date,
    "Path": _str,
    "str": _str,
    "Literal": _literal,
    "list": _list,
    "dict": _dict,
    "union": _fit_union,
    "Any": _any,
}
