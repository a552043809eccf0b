"""Days without tracking around a launch: left out of every rate, and what they could hide as bounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pm_analytics.names import ADOPTED, ELIGIBLE, USERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.adoption import AdoptionResult
    from pm_analytics.quality import QualityReport

LONGEST_GAP = 3
"""Days; with more of them missing at the launch, no verdict may rest on what is left."""
NEAR = 3
GAP = "tracking gap"


@dataclass(frozen=True, slots=True)
class TrackingGap:
    """Days without tracking near a launch.

    Attributes
    ----------
    days : tuple of date
        The days.
    lower, upper : float
        The adoption rate if nobody, and if everybody who was still without it, adopted on those days unseen; NaN when
        adoption was not asked for.
    """

    days: tuple[date, ...]
    lower: float
    upper: float

    @property
    def too_long(self) -> bool:
        """Whether too much is missing for any verdict."""
        return len(self.days) > LONGEST_GAP

    def calendar(self) -> list[tuple[str, str, str]]:
        """Write the days as something that passed, to be left out of forecasts; days in a row together."""
        spans: list[list[date]] = []
        for day in self.days:
            if spans and (day - spans[-1][-1]).days == 1:
                spans[-1].append(day)
            else:
                spans.append([day])
        return [(str(span[0]), str(span[-1]), GAP) for span in spans]


def gap_near(quality: QualityReport, launch: date) -> tuple[date, ...]:
    """List the days on which tracking was down within three days of the launch."""
    found = {
        date.fromisoformat(day)
        for finding in quality.findings
        if finding.severity != "green" and finding.check in GAP_CHECKS
        for day in finding.days
    }
    return tuple(sorted(day for day in found if abs((day - launch).days) <= NEAR))


GAP_CHECKS = ("tracking gap at launch", "days with few events")


def bounds(days: Sequence[date], adopted: AdoptionResult | None, usual_users: float) -> TrackingGap:
    """Bound the adoption rate by what the days could hide: ``usual_users`` is how many a day usually has."""
    nothing = float("nan")
    if adopted is None:
        return TrackingGap(tuple(days), nothing, nothing)
    row, eligible = adopted.rung(ADOPTED), adopted.count(ELIGIBLE)
    if not eligible or row is None:
        return TrackingGap(tuple(days), nothing, nothing)
    seen = int(row[USERS])
    hidden = min(eligible - seen, usual_users * len(days))
    return TrackingGap(tuple(days), seen / eligible, (seen + hidden) / eligible)
