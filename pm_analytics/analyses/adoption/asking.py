"""What the caller asked, read and checked: events, counts, spans, and who could use the feature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption.counts import Question, Span, first_instant
from pm_analytics.errors import DataError, ParameterError, UnknownNameError
from pm_analytics.names import UNIT
from pm_analytics.times import microseconds, parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime, timedelta

    from pm_analytics.events import EventLog

    Moment = str | date | datetime
    Eligible = Mapping[str, Any] | pd.DataFrame | Iterable[Any] | None

SINCE = "since"
_CALENDAR = re.compile(r"\s*(\d+)\s+calendar\s+days?\s*", re.IGNORECASE)


def event_names(events: str | Sequence[str]) -> tuple[str, ...]:
    """Give one name, or several, as a tuple."""
    return (events,) if isinstance(events, str) else tuple(events)


def check_events(log: EventLog, features: Sequence[str], others: Sequence[str] = ()) -> None:
    """Raise unless every named event occurs, and there is at least one of the feature."""
    if not features:
        raise ParameterError("Name at least one event that counts as a use of the feature.")
    known = log.event_names()
    missing = [name for name in (*features, *others) if name not in known]
    if missing:
        raise UnknownNameError("event", missing, known, where="this event log")


def check_counts(min_uses: int, min_days: int) -> int:
    """Give the uses that make an adopter: on two days there are at least two, said or not."""
    if min_uses < 1 or min_days < 1:
        raise ParameterError(f"min_uses={min_uses} and min_days={min_days} must be 1 or more.")
    if min_days > min_uses > 1:
        raise ParameterError(
            f"min_days={min_days} needs at least as many uses, but min_uses={min_uses}; write min_uses={min_days}."
        )
    return max(int(min_uses), int(min_days))


def read_span(span: str | timedelta | None, min_days: int) -> tuple[Span | None, str]:
    """Read how close together an adopter's uses must lie, and say it.

    ``"7 days"`` is a length of time, its end included: 168 hours from the first use to the last. ``"7 calendar days"``
    are seven local days in a row, wherever they begin.
    """
    if span is None:
        return None, ""
    found = _CALENDAR.fullmatch(span) if isinstance(span, str) else None
    if found is None:
        length = parse_duration(span, name="span")
        return Span(microseconds(length), calendar=False), f", at most {say_duration(length)} from first to last,"
    days = int(found[1])
    if days < min_days:
        raise ParameterError(
            f"span={span!r} is too short for min_days={min_days}; write span='{min_days} calendar days'."
        )
    return Span(days - 1, calendar=True), f", within {days} calendar days in a row,"


@dataclass(frozen=True, slots=True)
class People:
    """Who could use the feature: those active in a log, or those on a list; in words, too."""

    said: str
    base: EventLog | None = None
    listed: pd.DataFrame | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


def read_people(log: EventLog, eligible: Eligible, released: int | None) -> People:
    """Turn the caller's idea of who could use it into a log or a list, and words."""
    active = "active since the release" if released is not None else "active"
    if eligible is None:
        return People(active, base=log)
    if isinstance(eligible, Mapping):
        base = log.where(eligible)
        return People(f"{active} with {', '.join(base.filters[len(log.filters) :])}", base=base)
    listed, properties = _listed(log, eligible)
    if released is None and listed[SINCE].isna().any():
        listed = listed.assign(**{SINCE: listed[SINCE].fillna(first_instant(log))})
    return People(f"on the list of {listed[UNIT].nunique():,} eligible", listed=listed, properties=properties)


def same_question(first: Question, second: Question) -> bool:
    """Tell whether two adoptions ask for the same amount of use in the same time."""
    return all(getattr(first, name) == getattr(second, name) for name in ("window", "min_uses", "min_days", "span"))


def _listed(log: EventLog, eligible: Any) -> tuple[pd.DataFrame, dict[str, str]]:  # noqa: ANN401
    """Read a list of units, or a frame of units, the time since when, and properties."""
    frame = eligible if hasattr(eligible, "iloc") and eligible.ndim == 2 else pd.DataFrame({UNIT: list(eligible)})
    if frame.empty or frame.shape[1] == 0:
        raise DataError(
            f"eligible= has {len(frame)} rows and {frame.shape[1]} columns; give a list of units, or a frame with the "
            "unit in its first column, and if you like the time since when in a column 'since', and properties."
        )
    unit = log.unit if log.unit in frame.columns else frame.columns[0]
    since = _since_column(frame, unit)
    names = [str(name) for name in frame.columns if name not in {unit, since}]
    properties = {name: f"property_{place}" for place, name in enumerate(names)}
    plain = pd.DataFrame({UNIT: frame[unit].to_numpy()})
    plain = plain.assign(
        **{properties[str(name)]: _words(frame[name]) for name in frame.columns if str(name) in properties}
    )
    times = pd.Series([None] * len(frame), dtype="object") if since is None else frame[since].reset_index(drop=True)
    plain = plain.assign(**{SINCE: _instants(times, log)}).drop_duplicates()
    _check_properties(plain, properties)
    return plain, properties


def _since_column(frame: pd.DataFrame, unit: Any) -> Any:  # noqa: ANN401
    """Find the column of times: "since", or the other one of two columns when it holds times."""
    if SINCE in frame.columns:
        return SINCE
    others = [name for name in frame.columns if name != unit]
    if len(others) != 1 or not _may_be_times(frame[others[0]]):
        return None
    return others[0]


def _may_be_times(values: pd.Series) -> bool:
    if values.dtype.kind == "M" or isinstance(values.dtype, pd.DatetimeTZDtype):
        return True
    if values.dtype.kind in "biuf":
        return False
    return bool(pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True).notna().any())


def _words(values: pd.Series) -> pd.Series:
    """Write a property as text, whole numbers without a decimal point; missing stays missing."""
    whole = values.dtype.kind == "f" and bool((values.dropna() % 1 == 0).all())
    return (values.astype("Int64") if whole else values).astype("string").reset_index(drop=True)


def _check_properties(plain: pd.DataFrame, properties: Mapping[str, str]) -> None:
    """Refuse a unit that is listed with two values of one property: it would be in two segments."""
    for name, column in properties.items():
        values = plain.groupby(UNIT)[column].nunique(dropna=False)
        if (values > 1).any():
            twice = values.index[values > 1][0]
            raise DataError(f"eligible= lists unit {twice!r} with more than one {name!r}; keep one row per unit.")


def _instants(since: pd.Series, log: EventLog) -> pd.Series:
    """Turn times into UTC microseconds; without an offset they are read in the log's zone, missing stays missing."""
    if since.isna().all():
        return pd.Series([pd.NA] * len(since), dtype="Int64")
    try:
        moments = pd.to_datetime(since, format="ISO8601") if since.dtype.kind != "M" else since
    except ValueError as error:
        raise DataError(
            f"eligible= has times that cannot be read ({error}); write them like '2026-03-01 09:30'."
        ) from error
    zoned = moments if moments.dt.tz is not None else moments.dt.tz_localize(log.timezone)
    whole = zoned.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]").astype("int64").astype("Int64")
    return whole.mask(since.isna().to_numpy())


def named_features(features: Mapping[str, str | Sequence[str]] | Sequence[str]) -> dict[str, str | Sequence[str]]:
    """Give features by name; events given without names are called what they are.

    Raises
    ------
    ParameterError
        No feature, or one event twice.
    """
    if isinstance(features, str):
        features = [features]
    named: dict[str, str | Sequence[str]] = (
        {**features} if isinstance(features, Mapping) else {name: name for name in features}
    )
    if not named:
        raise ParameterError("Name at least one feature, like {'Export': 'export_used'}.")
    if len(named) < len(features):
        raise ParameterError(f"A feature is named twice in {list(features)!r}; name each once.")
    return named
