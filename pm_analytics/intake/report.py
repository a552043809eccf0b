"""What was read: an account of every row between the source and the event log."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pandas as pd

    from pm_analytics.intake.origin import Origin


@dataclass(frozen=True, slots=True, eq=False)
class SourceReport:
    """What was read, what was kept, what was left out and why.

    Attributes
    ----------
    name, form : str
        Where the rows came from, and the format.
    columns : mapping
        Role (user, event, time) -> column of the source.
    rows_read, rows_kept : int
        Rows of the source, and rows of the event log.
    dropped : mapping
        Reason -> rows left out for it. A row is counted once; ``rows_read - rows_kept`` is their sum.
    noticed : mapping
        What else was seen -> rows, all of them kept.
    users : int
        Distinct users among the kept rows.
    first, last : datetime or None
        Earliest and latest event, in ``timezone``; None when nothing was kept.
    timezone : str
        Zone of calendar work.
    zone_declared : bool
        Whether the caller named it; otherwise it is UTC.
    event_counts : DataFrame
        One row per event name: event, rows, most frequent first.
    notes : tuple of str
        Decisions taken while reading.
    looked_for_duplicates : bool
        Whether identical rows were counted: not in a table that was only pointed at.
    """

    name: str
    form: str
    columns: Mapping[str, str]
    rows_read: int
    rows_kept: int
    dropped: Mapping[str, int]
    noticed: Mapping[str, int]
    users: int
    first: datetime | None
    last: datetime | None
    timezone: str
    zone_declared: bool
    event_counts: pd.DataFrame
    notes: tuple[str, ...] = ()
    looked_for_duplicates: bool = True

    def lines(self) -> list[tuple[str, str]]:
        """List what a reader wants to know as (label, text) pairs."""
        zone = self.timezone if self.zone_declared else f"{self.timezone} (not declared; say timezone='...')"
        pairs = [
            ("Read", f"{self.name} ({self.form}), {self.rows_read:,} rows"),
            ("Kept", f"{self.rows_kept:,} events of {self.users:,} users"),
            ("Left out", _counts(self.dropped) or "nothing"),
            ("Noticed", _counts(self.noticed)),
            ("Dates", f"{_minute(self.first)} to {_minute(self.last)}"),
            ("Zone", zone),
            ("Columns", ", ".join(f"{role} = {column!r}" for role, column in self.columns.items())),
            ("Events", self._events_line()),
            *(("Note", note) for note in self.notes),
        ]
        return [(label, text) for label, text in pairs if text]

    def _events_line(self, most: int = 8) -> str:
        top = [f"{event} {rows:,}" for event, rows in self.event_counts.head(most).itertuples(index=False)]
        rest = len(self.event_counts) - len(top)
        return ", ".join(top) + (f" and {rest} more" if rest > 0 else "")

    def __str__(self) -> str:
        """Say it in plain text, one line per fact."""
        return "\n".join(f"{label + ':':<10}{text}" for label, text in self.lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Say it in Jupyter."""
        rows = "".join(
            f'<tr><th scope="row">{html.escape(label)}</th><td style="text-align:left">{html.escape(text)}</td></tr>'
            for label, text in self.lines()
        )
        return f'<table class="pm-table"><caption>What was read</caption><tbody>{rows}</tbody></table>'


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What reading found out about a table of events, so that no query need ask again.

    Attributes
    ----------
    table : Ibis table
        The table it is known of; of a filtered one it says nothing.
    report : SourceReport
        What was read.
    origin : Origin or None
        Which files it was read from, and how.
    """

    table: Any
    report: SourceReport
    origin: Origin | None = None


def _counts(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{what} {rows:,}" for what, rows in counts.items() if rows)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "none"
