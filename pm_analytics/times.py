"""Durations, instants and time zones, as people write them.

Inside, every time is a whole number of microseconds since 1970 in UTC: no dialect's INTERVAL or time-zone
function can then change a number. A zone is a short table of offsets, which any engine can apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from pm_analytics.errors import DataError, ParameterError, UnknownNameError

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR

EARLIEST = -25_567 * DAY
LATEST = 84_006 * DAY
"""1900-01-01 and 2200-01-01: no product has an event outside; 9999-12-31 is how some systems write "never"."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_SHORT = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "d": "day", "w": "week"}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*(?:,|and)?", re.IGNORECASE)


def parse_duration(text: str | timedelta, *, name: str = "duration") -> timedelta:
    """Read a positive length of time as people write it.

    Parameters
    ----------
    text : str or timedelta
        ``"14 days"``, ``"36 hours"``, ``"1 week"``, ``"1 day 12 hours"``, or a ``timedelta``.
    name : str
        The argument's name, for the error message.

    Raises
    ------
    ParameterError
        Not a duration, zero, negative, or a month or year (their length varies).

    Examples
    --------
    >>> parse_duration("36 hours")
    datetime.timedelta(days=1, seconds=43200)
    """
    length = text if isinstance(text, timedelta) else _parse_text(str(text), name)
    if length <= timedelta(0):
        raise ParameterError(f"{name}={text!r} must be longer than zero; write for example '14 days'.")
    return length


def _parse_text(text: str, name: str) -> timedelta:
    """Add up '1 day 12 hours' part by part; anything left over is an error."""
    seconds, position = 0.0, 0
    for part in _PART.finditer(text):
        unit = part[2].lower()
        unit = _SHORT.get(unit, unit.rstrip("s") or unit)
        if part.start() != position or unit not in _UNIT_SECONDS:
            break
        seconds += float(part[1]) * _UNIT_SECONDS[unit]
        position = part.end()
    if position != len(text) or not text.strip():
        raise ParameterError(
            f"{name}={text!r} is not a length of time. Write a number and a unit from "
            f"{', '.join(_UNIT_SECONDS)}, for example '14 days' or '36 hours' (a month has no fixed length)."
        )
    try:
        return timedelta(seconds=seconds)
    except OverflowError as error:
        raise ParameterError(f"{name}={text!r} is longer than any log; write for example '14 days'.") from error


def microseconds(length: timedelta) -> int:
    """Give a length of time as whole microseconds."""
    return length // timedelta(microseconds=1)


def say_duration(length: timedelta | None) -> str:
    """Say a length of time in its largest whole unit: '14 days', '36 hours'; 'any time' for None.

    Examples
    --------
    >>> say_duration(timedelta(days=1)), say_duration(timedelta(hours=36))
    ('1 day', '36 hours')
    """
    if length is None:
        return "any time"
    seconds = length.total_seconds()
    for unit in ("day", "hour", "minute"):
        count = seconds / _UNIT_SECONDS[unit]
        if count >= 1 and count == int(count):
            return f"{int(count):,} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


def zone(name: str) -> ZoneInfo:
    """Look up an IANA time zone, or say which names come close.

    Raises
    ------
    UnknownNameError
        No such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise UnknownNameError(
            "time zone", [str(name)], available_timezones(), where="the IANA time-zone list"
        ) from error


def to_microseconds(moment: str | date | datetime, timezone: str, *, name: str = "time") -> int:
    """Turn a date or time into UTC microseconds since 1970.

    Parameters
    ----------
    moment : str, date or datetime
        ``"2026-03-01"`` means midnight at the start of that day. Without a UTC offset it is read in ``timezone``.
    timezone : str
        The zone in which dates and naive times are meant.
    name : str
        The argument's name, for the error message.

    Raises
    ------
    ParameterError
        Not a date or time.
    """
    stamp = _as_datetime(moment, name)
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=zone(timezone))
    return (stamp - _EPOCH) // timedelta(microseconds=1)


def _as_datetime(moment: str | date | datetime, name: str) -> datetime:
    """Read ISO text, dates and datetimes (a pandas Timestamp is one) alike."""
    missing = moment != moment  # noqa: PLR0124 - NaT, pandas' missing time, passes for a datetime
    if isinstance(moment, datetime) and not missing:
        return moment
    if isinstance(moment, date) and not missing:
        return datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - the caller adds the zone
    try:
        return datetime.fromisoformat(str(moment).strip())
    except ValueError as error:
        raise ParameterError(
            f"{name}={moment!r} is not a date or time. Write it as '2026-03-01' or '2026-03-01 09:30'."
        ) from error


def from_microseconds(moment: int, timezone: str = "UTC") -> datetime:
    """Turn UTC microseconds since 1970 into a datetime in ``timezone``."""
    return (_EPOCH + timedelta(microseconds=int(moment))).astimezone(zone(timezone))


def day_begun_at(moment: int, timezone: str) -> int | None:
    """Give the local day (days since 1970-01-01) whose first instant this is; None for any other instant.

    Examples
    --------
    >>> day_begun_at(0, "UTC"), day_begun_at(1, "UTC")
    (0, None)
    """
    before, now = (from_microseconds(at, timezone).date() for at in (moment - 1, moment))
    return (now - _EPOCH.date()).days if now > before else None


def whole_days(first: int | None, end: int, timezone: str) -> tuple[int | None, int | None] | None:
    """Give the local days ``[first, end)`` between two instants; None when one of them lies inside a day.

    Examples
    --------
    >>> whole_days(None, 86_400_000_000, "UTC"), whole_days(5, 86_400_000_000, "UTC")
    ((None, 1), None)
    """
    ends = [None if moment is None else day_begun_at(moment, timezone) for moment in (first, end)]
    whole = ends[1] is not None and (first is None or ends[0] is not None)
    return (ends[0], ends[1]) if whole else None


@dataclass(frozen=True, slots=True)
class Offsets:
    """The UTC offsets of a zone over a span of time: ``offsets[i]`` holds from ``starts[i]`` on (UTC microseconds)."""

    starts: tuple[int, ...]
    offsets: tuple[int, ...]

    def local_starts(self) -> tuple[int, ...]:
        """Give the wall-clock reading (as if UTC) from which each offset is used to read naive times.

        In the repeated hour of autumn the earlier offset is used; the skipped hour of spring is read as if the clock
        had not been put forward yet.
        """
        return tuple(
            start + max(before, after)
            for start, before, after in zip(
                self.starts, (self.offsets[0], *self.offsets[:-1]), self.offsets, strict=True
            )
        )

    def dates_never_return(self) -> bool:
        """Tell whether no change of the clocks leads back into the day before, as putting them back at 00:01 does."""
        changes = zip(self.starts[1:], self.offsets[:-1], self.offsets[1:], strict=True)
        return all((start - 1 + before) // DAY <= (start + after) // DAY for start, before, after in changes)


def offsets(timezone: str, first: int, last: int) -> Offsets:
    """List the UTC offsets of ``timezone`` between two instants (UTC microseconds), to the second.

    A transition is found by bisection between two hours with different offsets; no library table is needed.

    Raises
    ------
    DataError
        The span is over 400 years, which no product has seen: the times were misread.
    """
    if last - first > 400 * 366 * DAY:
        raise DataError(
            "The times span more than 400 years, so they were probably misread. "
            "Check the time column, or say time_unit= for numbers."
        )
    info = zone(timezone)
    starts, values = [first], [_offset(info, first)]
    step = 7 * DAY
    for left in range(first, last, step):
        right = min(left + step, last)
        if _offset(info, right) != values[-1]:
            starts.append(_transition(info, left, right))
            values.append(_offset(info, right))
    return Offsets(tuple(starts), tuple(values))


def _offset(info: ZoneInfo, moment: int) -> int:
    offset = (_EPOCH + timedelta(microseconds=moment)).astimezone(info).utcoffset()
    return microseconds(offset or timedelta(0))


def _transition(info: ZoneInfo, left: int, right: int) -> int:
    """Find the first whole second in (left, right] that has the offset of ``right``."""
    target = _offset(info, right)
    low, high = left // SECOND, -(-right // SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(info, middle * SECOND) == target else (middle, high)
    return high * SECOND
