"""The usage matrix: how many use each feature, and on how many days those do."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.adoption.asking import check_events, event_names, named_features
from pm_analytics.analyses.adoption.counts_of_use import TOTAL, active_units, features_used
from pm_analytics.errors import DataError, ParameterError
from pm_analytics.names import (
    ACTIVE_DAYS,
    BASE,
    CI_LOWER,
    CI_UPPER,
    DAYS_CI_LOWER,
    DAYS_CI_UPPER,
    FEATURE,
    MEAN_DAYS,
    MEAN_USES,
    MEDIAN_ACTIVE_DAYS,
    QUADRANT,
    RATE,
    USERS,
)
from pm_analytics.results import Claim, Result, known, records
from pm_analytics.stats.means import mean_interval
from pm_analytics.stats.medians import median
from pm_analytics.stats.proportions import check_confidence, share, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pm_analytics.analyses.adoption.asking import Moment
    from pm_analytics.events import EventLog

CORE, POWER, ONE_OFF, NICHE = "core", "power", "one-off", "niche"
MEANINGS = {
    CORE: "many users, often",
    POWER: "few users, often",
    ONE_OFF: "many users, seldom",
    NICHE: "few users, seldom",
}
FEWEST_FEATURES = 4
"""With fewer features, the median of the features says more about the choice of features than about one of them."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class UsageMatrixResult(Result):
    """How broadly and how often features are used. One row per feature; see :func:`pm_analytics.usage_matrix`.

    Attributes
    ----------
    split : (float, float) or None
        Share of users, and mean days, from which a feature counts as broad, and as frequent. None without quadrants.
    counted : str
        What is counted, in words.
    confidence : float
        Coverage of the intervals.
    """

    split: tuple[float, float] | None
    counted: str
    confidence: float

    def headline(self) -> str:
        """Name the core features; without quadrants, the broadest one."""
        if self.split is None:
            best = records(self._table.sort_values([RATE, FEATURE], ascending=[False, True]))[0]
            return f"{best[FEATURE]} reaches most: {best[RATE]:.1%} of active {self.counted}"
        core = self._named(CORE)
        return f"Used by many and often: {core}" if core else "No feature is used both by many and often"

    def summary(self) -> str:
        """Say which features lie in which quadrant, and what the quadrants mean."""
        if self.split is None:
            return (
                f"{self.headline()}. With fewer than {FEWEST_FEATURES} features there are no quadrants; "
                "set the lines with split=(0.2, 3)."
            )
        said = [f"{name} ({MEANINGS[name]}): {self._named(name)}" for name in MEANINGS if self._named(name)]
        return f"Of {len(self._table)} features, {'; '.join(said)}. The quadrants rank these features among themselves."

    def claims(self) -> list[Claim]:
        """List each feature's share of users and mean days."""
        found = []
        for row in records(self._table):
            stem = f"usage_matrix.{row[FEATURE]}"
            found += [
                Claim(
                    f"{stem}.rate", known(row[RATE]), "share", self.definition,
                    known(row[CI_LOWER]), known(row[CI_UPPER]), int(row[USERS]), int(row[BASE]),
                ),
                Claim(
                    f"{stem}.mean_days", known(row[MEAN_DAYS]), "days", self.definition,
                    known(row[DAYS_CI_LOWER]), known(row[DAYS_CI_UPPER]), int(row[USERS]),
                ),
            ]  # fmt: skip
        return found

    def _named(self, quadrant: str) -> str:
        return ", ".join(self._table.loc[self._table[QUADRANT] == quadrant, FEATURE])


def usage_matrix(
    log: EventLog,
    features: Mapping[str, str | Sequence[str]] | Sequence[str],
    *,
    between: tuple[Moment, Moment] | None = None,
    split: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> UsageMatrixResult:
    """Set features against each other: how many use each, and on how many days those do.

    Parameters
    ----------
    log : EventLog
        Events to read; its unit is what is counted.
    features : mapping or sequence of str
        ``{"Search": ["search", "find"], "Export": "export_used"}``, or just the events.
    between : (start, end), optional
        Only events in ``[start, end)``, read in the log's zone; the whole log when not given.
    split : (float, float), optional
        Share of users, and mean days, from which a feature is broad, and frequent. The medians of the features when
        not given, and there are four or more.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    UsageMatrixResult
        ``to_frame()``: one row per feature, in the order given: ``feature``; ``users`` of it; ``base`` = units with any
        event; ``rate`` with Wilson's ``ci_lower`` and ``ci_upper``; ``mean_days`` = local days of use per user of it,
        with Student's ``days_ci_lower`` and ``days_ci_upper``; ``median_active_days``; ``mean_uses`` per user of it;
        ``quadrant``: ``core`` (broad and frequent), ``power`` (narrow and frequent), ``one-off`` (broad and seldom) or
        ``niche`` (narrow and seldom), where at or above a line counts as broad, or frequent. Null: the days of a
        feature nobody used, and its quadrant; all quadrants with fewer than four features and no ``split``.

    Raises
    ------
    UnknownNameError, ParameterError, DataError
        An event never occurs; no feature, or a split that makes no sense; no event between these times.
    """
    check_confidence(confidence)
    named = {name: event_names(events) for name, events in named_features(features).items()}
    for events in named.values():
        check_events(log, events)
    _check_split(split)
    inside = log if between is None else log.between(*between)
    base = active_units(inside)
    if base == 0:
        raise DataError("No event lies between these times, so there is nothing to set features against.")
    found = features_used(inside, named)
    rows = [_row(name, found[found[FEATURE] == place], base, confidence) for place, name in enumerate(named)]
    table = pd.DataFrame(rows)
    lines = split or _medians(table)
    counted = "users" if log.unit == "user_id" else f"values of {log.unit}"
    return UsageMatrixResult(
        _table=table.assign(**{QUADRANT: pd.Series([_quadrant(row, lines) for row in records(table)], dtype="object")}),
        definition=_definition(inside, named, counted, lines, own=split is not None, confidence=confidence),
        basis=f"{base:,} active {counted}; {inside.scope}",
        split=lines,
        counted=counted,
        confidence=confidence,
    )


def _check_split(split: tuple[float, float] | None) -> None:
    if split is not None and (len(split) != 2 or not 0 <= split[0] <= 1 or split[1] < 0):
        raise ParameterError(f"split={split!r} must be a share of users and a number of days, like (0.2, 3).")


def _row(name: str, found: pd.DataFrame, base: int, confidence: float) -> dict[str, Any]:
    days = [(int(d), int(n)) for d, n in zip(found[ACTIVE_DAYS], found[USERS], strict=True)]
    users, total = sum(n for _, n in days), sum(d * n for d, n in days)
    around = wilson(users, base, confidence=confidence)
    mean = mean_interval(users, total, sum(d * d * n for d, n in days), confidence=confidence)
    return {
        FEATURE: name,
        USERS: users,
        BASE: base,
        RATE: share(users, base),
        CI_LOWER: around.lower,
        CI_UPPER: around.upper,
        MEAN_DAYS: share(total, users),
        DAYS_CI_LOWER: mean.lower,
        DAYS_CI_UPPER: mean.upper,
        MEDIAN_ACTIVE_DAYS: median(days),
        MEAN_USES: share(float(found[TOTAL].sum()), users),
    }


def _medians(table: pd.DataFrame) -> tuple[float, float] | None:
    used = table.dropna(subset=MEAN_DAYS)
    if len(used) < FEWEST_FEATURES:
        return None
    return statistics.median(used[RATE]), statistics.median(used[MEAN_DAYS])


def _quadrant(row: Mapping[str, Any], lines: tuple[float, float] | None) -> str | None:
    if lines is None or math.isnan(row[MEAN_DAYS]):
        return None
    broad, frequent = row[RATE] >= lines[0], row[MEAN_DAYS] >= lines[1]
    if frequent:
        return CORE if broad else POWER
    return ONE_OFF if broad else NICHE


def _definition(
    log: EventLog,
    named: Mapping[str, Sequence[str]],
    counted: str,
    lines: tuple[float, float] | None,
    *,
    own: bool,
    confidence: float,
) -> str:
    features = "; ".join(f"{name} = {' or '.join(map(repr, events))}" for name, events in named.items())
    source = "as given" if own else "the medians of these features"
    quadrants = (
        f"broad from {lines[0]:.1%} of {counted}, frequent from {lines[1]:.2f} mean days ({source}): "
        + ", ".join(f"{name} = {meaning}" for name, meaning in MEANINGS.items())
        if lines is not None
        else f"no quadrants below {FEWEST_FEATURES} features"
    )
    return (
        f"Usage matrix ({features}): share of {counted} with any event, and local days of use per user of the feature; "
        f"{quadrants}; {confidence:.0%} intervals, Wilson's for shares, Student's for means; {log.scope}."
    )
