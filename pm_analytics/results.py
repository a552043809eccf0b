"""What every analysis returns: a frozen, tidy table with its question attached."""

from __future__ import annotations

import abc
import html
import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pm_analytics.names import CI_LOWER, CI_UPPER

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@dataclass(frozen=True, slots=True)
class Claim:
    """One checkable number behind a sentence.

    Attributes
    ----------
    id : str
        Stable name inside its report, such as ``"adoption.rate"``.
    value, ci_lower, ci_upper : float or None
        A fraction, a difference or a mean, as ``unit`` says; ``None`` when undefined, never 0.
    n, denominator : int or None
        The units counted, and the units they are a share of.
    unit : str
        What ``value`` is: ``"share"``, ``"lift"``, ``"difference"``, ``"mean"``, ``"median"``, ``"days"`` or
        ``"count"``.
    definition : str
        How it was computed, in one line.
    """

    id: str
    value: float | None
    unit: str
    definition: str
    ci_lower: float | None = None
    ci_upper: float | None = None
    n: int | None = None
    denominator: int | None = None

    @classmethod
    def of_row(
        cls,
        row: Mapping[str, Any],
        column: str,
        *,
        id: str,  # noqa: A002 - the field's name
        unit: str,
        definition: str,
        n: int | None = None,
        denominator: int | None = None,
    ) -> Claim:
        """Claim one number of a table's row, with the interval that stands beside it."""
        ends = known(row[CI_LOWER]), known(row[CI_UPPER])
        return cls(id, known(row[column]), unit, definition, *ends, n=n, denominator=denominator)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Result(abc.ABC):
    """Answer to one question: a tidy table, how it was asked, and what it may say.

    Attributes
    ----------
    definition : str
        One line that says what was counted: order, window, base, zone, as-of date. Shown wherever the numbers are.
    basis : str
        What the numbers rest on, short enough to stand under a chart: how many, until when, which zone.
    """

    _table: pd.DataFrame
    definition: str
    basis: str

    @abc.abstractmethod
    def summary(self) -> str:
        """Say the answer in one or two plain sentences."""

    def headline(self) -> str:
        """Say the finding in one short line, such as stands over a chart."""
        return self.summary()

    @abc.abstractmethod
    def claims(self) -> list[Claim]:
        """List every number that the sentences rest on."""

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the tidy table: one row per thing, plain columns; editing it never edits the result."""
        return self._table.copy()

    def plot(self, **options: Any) -> Any:  # noqa: ANN401 - an altair chart; the core must not import altair
        """Draw the result with the ``draw`` function of its room's chart module."""
        room = type(self).__module__.rpartition(".")[0]
        return import_module(f"{room}.chart").draw(self, **options)

    def to_display(self) -> pd.DataFrame:
        """Give the table as people should see it; a room whose columns need more than their names overrides this."""
        return self._table

    def __repr__(self) -> str:
        """Show the sentence, the table and the definition: a notebook cell must read well as plain text too."""
        shown = self.to_display()
        for column in shown.columns:
            shown = shown.assign(**{column: [say_value(column, value) for value in shown[column]]})
        return f"{self.summary()}\n\n{shown.to_string(index=False)}\n\n{self.definition}"

    def _repr_html_(self) -> str:
        """Show the sentence, the table and the definition in Jupyter."""
        return (
            f"<p><strong>{html.escape(self.summary())}</strong></p>"
            f"{html_table(self.to_display())}"
            f"<p><small>{html.escape(self.definition)}</small></p>"
        )


def known(value: float) -> float | None:
    """Give a number, or None where it is undefined: a claim carries no NaN."""
    return None if math.isnan(value) else float(value)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """List a tidy table's rows as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


SMALL_GROUP = 20
"""Below this many units a percent pretends precision: '7 of 12' is said instead."""


def say_share(part: int, whole: int, lower: float, upper: float, counted: str = "users") -> str:
    """Say a share with its interval: '31.2% of 5,210 users (29.9% to 32.5%)'; '7 of 12 users' for small groups."""
    if whole < SMALL_GROUP:
        return f"{part:,} of {whole:,} {counted}"
    interval = "" if math.isnan(lower) else f" ({lower:.1%} to {upper:.1%})"
    return f"{part / whole:.1%} of {whole:,} {counted}{interval}"


def say_points(difference: float) -> str:
    """Say a difference of two shares in percentage points: '+3.0 pp'; a dash when it is undefined."""
    return NOTHING if math.isnan(difference) else f"{100 * difference:+.1f} pp"


def html_table(table: pd.DataFrame, *, caption: str = "") -> str:
    """Write a small table as accessible HTML: a caption, scoped headers, numbers formatted by their column's name."""
    head = "".join(f'<th scope="col">{html.escape(_header(column))}</th>' for column in table.columns)
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape(say_value(column, row[column]))}</td>" for column in table.columns)
        + "</tr>"
        for row in table.to_dict("records")
    )
    top = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f'<table class="pm-table">{top}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _header(column: object) -> str:
    text = str(column).replace("_", " ")
    return text.replace("ci lower", "from").replace("ci upper", "to").strip()


NOTHING = "\N{EN DASH}"
_SHARE_WORDS = {"rate", "share", "lift"}
_SHARE_ENDS = {f"{of}{end}" for of in ("", "step_", "mature_") for end in ("ci_lower", "ci_upper")}


def say_value(column: object, value: object) -> str:
    """Format one cell by what its column's name promises: rates as percents, counts with separators, null as a dash."""
    name = str(column)
    if _is_missing(value):
        return NOTHING
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        return str(value)
    number = float(value)
    if name in _SHARE_ENDS or _SHARE_WORDS & set(name.split("_")):
        return f"{number:.1%}"
    if number.is_integer() and abs(number) < 1e15:
        return f"{number:,.0f}"
    return f"{number:.4g}" if name == "p_value" else f"{number:,.3g}"


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - any cell of any table
    import pandas as pd

    return value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))
