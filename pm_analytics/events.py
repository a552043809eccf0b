"""EventLog: who did what, when. The only way data enters the house.

Immutable: every method returns a new log. Columns are named once, at the door, as ``user_id``, ``event`` and ``time``
(a UTC instant); every other column stays as a property under its own name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pm_analytics import engine
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.filters import has, lacks, matches, of_names, say_filter
from pm_analytics.intake import Known, Origin, Pointed, Raw, SourceReport, Wanted, point_at, raw_frame, take_in
from pm_analytics.names import EVENT, EVENTS, TIME, USER_ID, USERS
from pm_analytics.times import from_microseconds, to_microseconds, whole_days

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

    import pandas as pd

    from pm_analytics.coded import Coded

    Moment = str | date | datetime

__all__ = ["EventLog", "matches", "say_filter"]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class EventLog:
    """Who did what, when: one row per event.

    Build one with :func:`pm_analytics.read_events`, :meth:`from_frame` or :meth:`from_table`.

    Attributes
    ----------
    table : Ibis table
        The events; columns ``user_id``, ``event``, ``time`` and the properties. Nothing is computed until it is asked.
    timezone : str
        Zone in which days and weeks begin, and in which dates given to methods are read.
    unit : str
        Column that names what is counted: ``"user_id"``, unless :meth:`with_unit` chose another.
    filters : tuple of str
        What was filtered, in words; part of every definition line.
    """

    table: Any
    timezone: str
    unit: str = USER_ID
    filters: tuple[str, ...] = ()
    _observed_until: int | None = None
    _account: Callable[[], SourceReport] | None = None
    _whole: EventLog | None = None
    _known: Known | None = None
    _coded: Coded | None = None

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        user: str | None = None,
        event: str | None = None,
        time: str | None = None,
        timezone: str | None = None,
        source_timezone: str | None = None,
        time_format: str | None = None,
        time_unit: str | None = None,
        duplicates: str = "keep",
        bad_times: str = "raise",
        event_name: str | None = None,
    ) -> EventLog:
        """Take in a pandas frame, one row per event. The frame is copied; later edits of it do not show.

        The options are those of :func:`pm_analytics.read_events`, except that identical rows are kept unless
        ``duplicates="drop"``: a frame is something you made, an export is something that was delivered, perhaps twice.

        Raises
        ------
        UnknownNameError, DataError
            As for :func:`pm_analytics.read_events`.

        Examples
        --------
        >>> import pandas as pd
        >>> rows = pd.DataFrame(
        ...     {"who": ["ann", "ann", "bob"], "did": ["visit", "pay", "visit"],
        ...      "at": ["2026-01-01T10:00Z", "2026-01-01T10:05Z", "2026-01-02T09:00Z"]})
        >>> log = EventLog.from_frame(rows, user="who", event="did", time="at")
        >>> log.event_names()
        ['pay', 'visit']
        """
        wanted = Wanted(
            user, event, time, timezone, source_timezone, time_format, time_unit, duplicates, bad_times, event_name
        )
        return cls.from_raw(raw_frame(frame), wanted)

    @classmethod
    def from_raw(cls, raw: Raw, wanted: Wanted, origin: Origin | None = None) -> EventLog:
        """Take in a raw table of the embedded engine; readers of files end here."""
        table, report = take_in(raw, wanted)
        return cls(table, report.timezone, _account=lambda: report, _known=Known(table, report, origin))

    @classmethod
    def from_table(
        cls,
        table: Any,  # noqa: ANN401 - an Ibis table
        *,
        user: str | None = None,
        event: str | None = None,
        time: str | None = None,
        timezone: str | None = None,
        event_name: str | None = None,
    ) -> EventLog:
        """Point at a table of any engine that Ibis reaches; nothing is copied, and queries run where it lies.

        Parameters
        ----------
        table : Ibis table
            One row per event.
        user, event, time : str
            Its columns; guessed from the usual names when not given. ``time`` must be a timestamp: with a zone, or
            without one when ``timezone="UTC"`` says that it holds UTC.
        timezone : str
            Zone of calendar work; UTC when not given.
        event_name : str
            What every row is, such as ``"login"``, when no column says it.

        Raises
        ------
        UnknownNameError, DataError
            No such column; or a time column that is no timestamp, or has no zone.
        """
        return cls.from_pointed(point_at(table, Wanted(user, event, time, timezone, event_name=event_name)))

    @classmethod
    def from_pointed(cls, pointed: Pointed) -> EventLog:
        """Take a table that is pointed at; readers that copy nothing end here."""
        return cls(pointed.kept, pointed.timezone, _account=pointed.report)

    @property
    def source(self) -> SourceReport:
        """What was read: rows read, kept, left out and why, dates, zone, events."""
        if self._account is None:
            raise DataError("This log was made from an expression; it has no source report.")
        return self._account()

    @cached_property
    def observed_until(self) -> int:
        """The instant (UTC microseconds) up to which events are known; nothing at or after it is.

        One microsecond after the last event of the whole source, unless :meth:`as_of` or :meth:`between` set it.
        """
        if self._observed_until is not None:
            return self._observed_until
        if self._whole is not None:
            return self._whole.observed_until
        last = self._ends[1]
        if last is None:
            raise DataError("The table has no events; nothing can be counted.")
        return last + 1

    @property
    def first_instant(self) -> int | None:
        """The instant of the first event (UTC microseconds); None when there is none."""
        return self._ends[0]

    @cached_property
    def _ends(self) -> tuple[int | None, int | None]:
        """The instants of the first and the last event."""
        known = self.known
        if known is not None and known.report.first is not None and known.report.last is not None:
            return self.moment(known.report.first), self.moment(known.report.last)
        time = engine.epoch_microseconds(self.table[TIME])
        first, last = engine.run(self.table.aggregate(first=time.min(), last=time.max())).iloc[0]
        missing = last is None or last != last  # noqa: PLR0124 - null, as a frame writes it
        return (None, None) if missing else (int(first), int(last))

    @property
    def known(self) -> Known | None:
        """What reading found out about the table as it is; None once it is filtered, or when nothing was read."""
        return self._known if self._known is not None and self._known.table is self.table else None

    @property
    def coded(self) -> Coded | None:
        """The same events in a prepared file; None when there is none (see :func:`pm_analytics.prepare`)."""
        return self._coded if self._coded is not None and self._coded.table is self.table else None

    @property
    def whole(self) -> EventLog:
        """The log before anything was filtered out of it."""
        return self._whole or self

    def between(self, start: Moment, end: Moment) -> EventLog:
        """Keep the events in ``[start, end)``, read in the log's zone. Nothing after ``end`` is then known.

        Raises
        ------
        ParameterError
            ``end`` is not after ``start``.
        """
        first, last = self.moment(start, name="start"), self.moment(end, name="end")
        if last <= first:
            raise ParameterError(f"end={end!r} must come after start={start!r}.")
        return self._narrowed(
            lambda table: (table[TIME] >= self._literal(first)) & (table[TIME] < self._literal(last)),
            f"events from {self.say(first)} to before {self.say(last)}",
            until=min(self.observed_until, last),
            days=whole_days(first, last, self.timezone),
        )

    def as_of(self, moment: Moment) -> EventLog:
        """Look at the log as it stood at ``moment``: later events are not seen, and what is unfinished counts as such.

        A date means midnight at its start, so that ``as_of("2026-03-08")`` includes all of 7 March.
        """
        until = self.moment(moment, name="as_of")
        known = min(self.observed_until, until) if self._observed_until is not None else until
        seen = self._kept(lambda table: table[TIME] < self._literal(until), days=whole_days(None, until, self.timezone))
        return replace(seen, _observed_until=known, _whole=None)

    def where(self, properties: Mapping[str, Any] | None = None, /, **more: Any) -> EventLog:  # noqa: ANN401
        """Keep the events whose properties have the given values.

        Parameters
        ----------
        properties : mapping, optional
            For names that are not Python words: ``where({"$browser": "Chrome"})``.
        **more
            ``where(country="NL", plan=["Pro", "Team"])``: one value, or a list of allowed ones. ``None`` means missing.

        Raises
        ------
        UnknownNameError
            No such property.
        """
        wanted = {**(properties or {}), **more}
        self.require_columns(wanted)
        narrowed = self
        for name, value in wanted.items():
            narrowed = narrowed._narrowed(partial(has, name, value), f"{name} {say_filter(value)}")
        return narrowed

    def without(self, properties: Mapping[str, Any] | None = None, /, **more: Any) -> EventLog:  # noqa: ANN401
        """Leave out the events whose properties have the given values: ``without(is_internal=True)``.

        Each named property leaves out its own events; an event whose property is missing stays, unless ``None`` is
        given.

        Raises
        ------
        UnknownNameError
            No such property.
        """
        unwanted = {**(properties or {}), **more}
        self.require_columns(unwanted)
        narrowed = self
        for name, value in unwanted.items():
            narrowed = narrowed._narrowed(partial(lacks, name, value), f"without {name} {say_filter(value)}")
        return narrowed

    def with_unit(self, column: str) -> EventLog:
        """Count another unit than users, such as accounts. Events without one are not counted, and that is said.

        Raises
        ------
        UnknownNameError
            No such column.
        """
        self.require_columns([column])
        return replace(self, unit=column, filters=(*self.filters, f"unit {column} (events without one left out)"))

    def pipe(self, function: Callable[Concatenate[EventLog, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function(log, ...)``, for those who like chains: ``log.where(...).pipe(pm.funnel, steps)``."""
        return function(self, *args, **kwargs)

    def event_names(self) -> list[str]:
        """List the distinct event names, sorted."""
        known = self.known
        if known is not None:
            return sorted(known.report.event_counts[EVENT])
        return sorted(engine.run(self.table.select(EVENT).distinct())[EVENT])

    def event_counts(self) -> pd.DataFrame:
        """Count rows and distinct users per event name, most frequent first."""
        table = self.table if self.codes is None else self.coded_events()
        each = table.group_by([EVENT, self.unit]).aggregate(**{EVENTS: table.count()})
        counted = each.group_by(EVENT).aggregate(**{EVENTS: each[EVENTS].sum(), USERS: each[self.unit].count()})
        return engine.run(counted).sort_values([EVENTS, EVENT], ascending=[False, True], ignore_index=True)

    @property
    def properties(self) -> list[str]:
        """List the property columns."""
        return [column for column in self.table.columns if column not in {USER_ID, EVENT, TIME}]

    def require_columns(self, names: Iterable[str]) -> None:
        """Raise UnknownNameError unless every name is a column."""
        missing = [name for name in names if name not in self.table.columns]
        if missing:
            raise UnknownNameError("property", missing, self.table.columns, where="this event log")

    def counted_events(self, names: Iterable[str] | None = None) -> Any:  # noqa: ANN401 - an Ibis table
        """Give the events that say which unit they belong to; only those of some names, if given."""
        return of_names(self._with_unit(self.table), names)

    def coded_events(self, names: Iterable[str] | None = None) -> Any:  # noqa: ANN401 - an Ibis table
        """Give :meth:`counted_events` for queries that only count units: a number may stand for the unit.

        Of a prepared log the unit's column holds whole numbers from 0 to one less than :attr:`codes`, else the units
        themselves. Where units leave the query, put the ids back with :meth:`with_ids`.
        """
        coded = self.coded
        if coded is None or self.unit != USER_ID:
            return self.counted_events(names)
        return of_names(coded.by_number(), names)

    @property
    def codes(self) -> int | None:
        """How many numbers may stand for units in :meth:`coded_events`; None when units stand there themselves."""
        return self.coded.codes if self.coded is not None and self.unit == USER_ID else None

    def with_ids(self, table: Any, column: str) -> Any:  # noqa: ANN401 - Ibis tables
        """Put the units back in place of the numbers in a column of a query made of :meth:`coded_events`."""
        return table if self.coded is None or self.codes is None else self.coded.with_ids(table, column)

    def unit_days(self) -> Any | None:  # noqa: ANN401 - an Ibis table
        """Give, per unit (as in :meth:`coded_events`) and local ``day`` on which it came, its number of ``events``.

        None when the log is not prepared, or filtered so that days are no longer whole: then count the events.
        """
        return self.coded.user_days() if self.coded is not None and self.unit == USER_ID else None

    def _with_unit(self, table: Any) -> Any:  # noqa: ANN401
        """Leave out events without a unit. Reading saw to it that each has a user, so none is looked at for that."""
        if self.unit == USER_ID and self._account is not None:
            return table
        unit = table[self.unit]
        return table.filter(unit.notnull() & engine.has_text(unit) if unit.type().is_string() else unit.notnull())

    def moment(self, when: Moment, *, name: str = "time") -> int:
        """Read a date or time in the log's zone, as UTC microseconds."""
        return to_microseconds(when, self.timezone, name=name)

    def say(self, moment: int) -> str:
        """Say an instant in the log's zone: a date at midnight, else to the minute."""
        local = from_microseconds(moment, self.timezone)
        midnight = (local.hour, local.minute, local.second) == (0, 0, 0)
        return f"{local:%Y-%m-%d}" if midnight else f"{local:%Y-%m-%d %H:%M}"

    def say_exactly(self, moment: int) -> str:
        """Write an instant as ISO text with its offset, to the microsecond."""
        return from_microseconds(moment, self.timezone).isoformat()

    @property
    def scope(self) -> str:
        """Say what the log holds, for the definition line under every number: filters, zone, as-of date."""
        return "; ".join([*self.filters, self.basis])

    @property
    def basis(self) -> str:
        """Say until when events are known, and in which zone."""
        return f"data known until {self.say(self.observed_until)}; zone {self.timezone}"

    def __repr__(self) -> str:
        """Say what the log is, without running a query."""
        filters = f"; {'; '.join(self.filters)}" if self.filters else ""
        prepared = f"; prepared in {self.coded.place}" if self.coded is not None else ""
        return f"<EventLog: unit {self.unit}, zone {self.timezone}{filters}{prepared}; log.source tells what was read>"

    def _narrowed(
        self,
        keep: Callable[[Any], Any],
        words: str,
        *,
        until: int | None = None,
        days: tuple[int | None, int | None] | None = None,
    ) -> EventLog:
        """Filter; what is known of time does not shrink because fewer rows are looked at."""
        return replace(
            self._kept(keep, days=days),
            filters=(*self.filters, words),
            _observed_until=until if until is not None else self._observed_until,
            _whole=self._whole or self,
        )

    def _kept(self, keep: Callable[[Any], Any], *, days: tuple[int | None, int | None] | None) -> EventLog:
        """Filter the table, and its twin in a prepared file alike."""
        table = self.table.filter(keep(self.table))
        return replace(self, table=table, _coded=self.coded and self.coded.narrowed(table, keep, days))

    def _literal(self, moment: int) -> Any:  # noqa: ANN401 - an Ibis value
        """Write an instant in the type of the time column, so that the filter reaches the storage."""
        return engine.moment_literal(moment, self.table[TIME].type())
