"""What came (a raw table), and how the caller asked for it to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.errors import ParameterError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CHOICES = {
    "duplicates": ("drop", "keep"),
    "bad_times": ("raise", "drop"),
    "time_unit": (None, "s", "ms", "us", "ns"),
}


@dataclass(frozen=True, slots=True)
class Raw:
    """A table as it came.

    Attributes
    ----------
    relation : str
        What stands behind FROM in the embedded engine's SQL.
    row_key : str
        Columns that number its rows: ``rowid`` of a stored table, file and row number of a scanned one.
    columns : mapping
        Column name -> engine type, without the row key.
    name, form : str
        Where it came from and in which format, for the report.
    scanned : bool
        Stay where it is (Parquet, an attached database), instead of being stored.
    first_row : int
        What a person calls the first data row: 2 in a file with a header line, 0 in a frame.
    notes : tuple of str
        What the reader wants said in the report.
    places : callable or None
        Row numbers (from 0) -> where a person finds them, such as ``"line 7"``; for files that can be opened.
    clear : tuple of str
        Statements that clear away what stands behind the relation, once nothing needs it.
    """

    relation: str
    row_key: str
    columns: Mapping[str, str]
    name: str
    form: str
    scanned: bool = False
    first_row: int = 1
    notes: tuple[str, ...] = ()
    places: Callable[[Sequence[int]], list[str]] | None = None
    clear: tuple[str, ...] = ()

    def say_rows(self, rows: Sequence[int]) -> list[str]:
        """Say where a person finds rows (counted from 0)."""
        return self.places(rows) if self.places else [f"row {row + self.first_row}" for row in rows]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the caller asked for a table to be read; :func:`pm_analytics.read_events` says what each option means."""

    user: str | None = None
    event: str | None = None
    time: str | None = None
    timezone: str | None = None
    source_timezone: str | None = None
    time_format: str | None = None
    time_unit: str | None = None
    duplicates: str = "drop"
    bad_times: str = "raise"
    event_name: str | None = None

    def __post_init__(self) -> None:
        """Refuse a word that is not a choice before any work is done."""
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ParameterError(
                    f"{name}={getattr(self, name)!r} is not a choice; write one of {shown(map(str, choices))}."
                )
        self._check_event_name()

    def _check_event_name(self) -> None:
        """Refuse a name for all rows that is blank, or that competes with a column."""
        if self.event_name is None:
            return
        if self.event is not None:
            raise ParameterError(
                f"event={self.event!r} names a column and event_name={self.event_name!r} names every row; give one."
            )
        if not isinstance(self.event_name, str) or not self.event_name.strip():
            raise ParameterError(f"event_name={self.event_name!r} must be a word for what every row is, like 'login'.")
