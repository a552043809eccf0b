"""Exposures: which unit met which variant, and when. Contradictions are found here, before any outcome is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics.analyses.experiment import counts
from pm_analytics.errors import DataError, ParameterError, UnknownNameError, shown
from pm_analytics.events import EventLog
from pm_analytics.intake import usual_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

UNDATED = "no_time"
"""The made-up column of exposures whose time is not known."""
VARIANT_NAMES = ("variant", "variation_id", "variation", "group", "experiment_group", "experiment_variant", "arm")


@dataclass(frozen=True, eq=False)
class Exposures(counts.Assignment):
    """Which unit met which variant, and when.

    Make one with :meth:`from_frame`, :meth:`from_file` or :meth:`from_events`. A unit's first exposure in time counts;
    units that met more than one variant are left out and counted, as are rows shown what another variant should see.
    """

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        unit: str | None = None,
        variant: str | None = None,
        time: str | None = None,
        timezone: str | None = None,
        shown: str | None = None,
        expected: Mapping[str, Any] | None = None,
    ) -> Exposures:
        """Read a frame with one row per exposure.

        Parameters
        ----------
        frame : DataFrame
            A unit may have several rows; its first one in time counts.
        unit, variant, time : str, optional
            Columns; guessed from the usual names when not given.
        timezone : str, optional
            Zone of times without an offset.
        shown, expected : str and mapping, optional
            Column that says what was actually shown, and what each variant should have been shown. Rows in which the
            two differ are counted and left out.

        Without a column of times, named or with a usual name, the exposures are undated: only outcomes recorded beside
        them can be compared then, and nothing is checked by day.

        Raises
        ------
        UnknownNameError, DataError, ParameterError
            A column is not there or cannot be guessed; only one of ``shown`` and ``expected`` is given.
        """
        chosen = variant or next((name for name in VARIANT_NAMES if name in frame.columns), None)
        if chosen is None:
            raise DataError(
                f"Cannot tell which column holds the variant; say variant='...' from {shown_columns(frame)}."
            )
        names = [*map(str, frame.columns), *(str(name) for name in frame.index.names if name is not None)]
        dated = time is not None or usual_column("time", names) is not None
        if not dated:
            frame = frame.assign(**{UNDATED: datetime(1970, 1, 1, tzinfo=UTC)})
        log = EventLog.from_frame(frame, user=unit, event=chosen, time=time if dated else UNDATED, timezone=timezone)
        return cls._checked(log, shown, expected, dated=dated)

    @classmethod
    def from_table(
        cls,
        table: Any,  # noqa: ANN401 - an Ibis table
        *,
        unit: str,
        variant: str,
        time: str | None = None,
        timezone: str | None = None,
    ) -> Exposures:
        """Point at a table of any engine that Ibis reaches, one row per exposure; nothing is copied.

        Without ``time`` the exposures are undated: only outcomes recorded beside them can be compared.

        Raises
        ------
        UnknownNameError, DataError
            No such column; a time that is no timestamp.
        """
        if time is None:
            table = table.mutate(**{UNDATED: counts.no_time()})
        zone = timezone or ("UTC" if time is None else None)
        log = EventLog.from_table(table, user=unit, event=variant, time=time or UNDATED, timezone=zone)
        return cls(log, dated=time is not None)

    @classmethod
    def from_file(cls, path: str | Path, *, experiment: str | None = None, **columns: Any) -> Exposures:  # noqa: ANN401
        """Read a file of exposures (CSV or Parquet); ``experiment`` picks its rows by the column of that name.

        Raises
        ------
        UnknownNameError
            No such experiment in the file.
        """
        from pm_analytics.sources import read_events

        path = Path(path)
        rows = read_events(path, event=columns.pop("variant", "variant"), user=columns.pop("unit", None), **columns)
        if experiment is not None:
            rows.require_columns(["experiment"])
            known = counts.values_of(rows, "experiment")
            if experiment not in known:
                raise UnknownNameError("experiment", [experiment], known, where=path.name)
            rows = rows.where(experiment=experiment)
        return cls._checked(rows, None, None, dated=True)

    @classmethod
    def from_events(cls, log: EventLog, event: str, *, variant: str) -> Exposures:
        """Take the exposures from the log itself: ``event`` marks one, its property ``variant`` says which.

        Raises
        ------
        UnknownNameError
            No such event or property.
        """
        log.require_columns([variant])
        names = log.event_names()
        if event not in names:
            raise UnknownNameError("event", [event], names, where="this event log")
        return cls(counts.exposure_log(log, event, variant))

    @classmethod
    def _checked(
        cls, log: EventLog, shown: str | None, expected: Mapping[str, Any] | None, *, dated: bool
    ) -> Exposures:
        if (shown is None) != (expected is None):
            raise ParameterError("shown= and expected= belong together: the column, and what each variant should see.")
        if shown is not None:
            log.require_columns([shown])
        return cls(log, shown, dict(expected or {}), dated)

    def variants(self) -> list[str]:
        """List the variants seen."""
        return self.log.event_names()

    def first(self, *, without: str | None = None) -> pd.DataFrame:
        """Give each unit's first exposure: ``unit``, ``since`` (UTC), one row per unit that met one variant.

        ``without`` leaves out one variant, such as the control, who were never offered anything.
        """
        return counts.first_exposures(self, without=without)

    def outcomes(self) -> Sequence[str]:
        """List the columns recorded beside each exposure."""
        return self.log.properties


def shown_columns(frame: pd.DataFrame) -> str:
    """List a frame's columns for a message."""
    return shown(map(str, frame.columns))
