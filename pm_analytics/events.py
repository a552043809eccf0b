"""EventLog: who did what, when. The only way data enters the house.

Immutable: every method returns a new log. Columns are named once, at the door, as ``user_id``, ``event`` and ``time``
(a UTC instant); every other column stays as a property under its own name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pm_analytics import engine
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.intake import Raw, SourceReport, Wanted, point_at, raw_frame, take_in
from pm_analytics.names import EVENT, EVENTS, TIME, USER_ID, USERS
from pm_analytics.times import from_microseconds, to_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

    import pandas as pd

    Moment = str | date | datetime

YES, NO = ("true", "yes", "1"), ("false", "no", "0")

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
    def from_raw(cls, raw: Raw, wanted: Wanted) -> EventLog:
        """Take in a raw table of the embedded engine; readers of files end here."""
        table, report = take_in(raw, wanted)
        return cls(table, report.timezone, _account=lambda: report)

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
        pointed = point_at(table, Wanted(user, event, time, timezone, event_name=event_name))
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
        whole = self._whole or self
        last = engine.run(engine.epoch_microseconds(whole.table[TIME]).max().name("last").as_table())["last"][0]
        if last is None or last != last:  # noqa: PLR0124 - null, as a frame writes it
            raise DataError("The table has no events; nothing can be counted.")
        return int(last) + 1

    @cached_property
    def rows_at_most(self) -> int:
        """A number of rows that the log does not exceed, known without reading them; 0 where that is not to be had.

        For deciding how to compute, never for showing.
        """
        whole = (self._whole or self).table
        return engine.counts(whole.aggregate(rows=whole.count()))["rows"] if engine.is_local(whole) else 0

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
        inside = (self.table[TIME] >= self._literal(first)) & (self.table[TIME] < self._literal(last))
        return self._narrowed(
            inside, f"events from {self.say(first)} to before {self.say(last)}", until=min(self.observed_until, last)
        )

    def as_of(self, moment: Moment) -> EventLog:
        """Look at the log as it stood at ``moment``: later events are not seen, and what is unfinished counts as such.

        A date means midnight at its start, so that ``as_of("2026-03-08")`` includes all of 7 March.
        """
        until = self.moment(moment, name="as_of")
        known = min(self.observed_until, until) if self._observed_until is not None else until
        seen = replace(self, table=self.table.filter(self.table[TIME] < self._literal(until)), _observed_until=known)
        return replace(seen, _whole=None)

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
            narrowed = narrowed._narrowed(matches(narrowed.table[name], value), f"{name} {say_filter(value)}")
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
            matched = engine.surely(matches(narrowed.table[name], value))
            narrowed = narrowed._narrowed(~matched, f"without {name} {say_filter(value)}")
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
        return sorted(engine.run(self.table.select(EVENT).distinct())[EVENT])

    def event_counts(self) -> pd.DataFrame:
        """Count rows and distinct users per event name, most frequent first."""
        counted = self.table.group_by(EVENT).aggregate(
            **{EVENTS: self.table.count(), USERS: self.table[self.unit].nunique()}
        )
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
        unit = self.table[self.unit]
        known = unit.notnull() & (unit.strip() != "") if unit.type().is_string() else unit.notnull()
        if names is None:
            return self.table.filter(known)
        # Comparisons joined by OR, not IN: a long IN becomes a join in DuckDB, which reads slower.
        return self.table.filter(known, engine.any_of(self.table[EVENT] == name for name in names))

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
        return f"<EventLog: unit {self.unit}, zone {self.timezone}{filters}; log.source tells what was read>"

    def _narrowed(self, condition: Any, words: str, *, until: int | None = None) -> EventLog:  # noqa: ANN401
        """Filter; what is known of time does not shrink because fewer rows are looked at."""
        return replace(
            self,
            table=self.table.filter(condition),
            filters=(*self.filters, words),
            _observed_until=until if until is not None else self._observed_until,
            _whole=self._whole or self,
        )

    def _literal(self, moment: int) -> Any:  # noqa: ANN401 - an Ibis value
        """Write an instant in the type of the time column, so that the filter reaches the storage."""
        return engine.moment_literal(moment, self.table[TIME].type())


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
