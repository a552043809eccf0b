"""Read a launch, hold it against its card, and hand out the report's sections."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import ParameterError, PmAnalyticsWarning
from pm_analytics.events import EventLog
from pm_analytics.verdicts import sections
from pm_analytics.verdicts.findings import LaunchFindings
from pm_analytics.verdicts.ledger import Ledger
from pm_analytics.verdicts.promises import deviations_of, opened, with_card
from pm_analytics.verdicts.question import LaunchQuestion
from pm_analytics.verdicts.reading import Read, read
from pm_analytics.verdicts.receipt import Receipt, receipt_of
from pm_analytics.verdicts.series import SeriesReadout, series_readout

if TYPE_CHECKING:
    import pandas as pd

    from pm_analytics.verdicts.passages import Html, Section

SERIES_ONLY = ("value_column", "time_column", "helper_columns", "direction", "post_periods")
NEEDS_EVENTS = (
    "feature_events", "entry_events", "funnel_steps", "exposures", "primary_event", "guardrail_events", "compare_by",
    "helper_events", "negative_control_events", "rolled_back_at", "card", "segments",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, repr=False)
class LaunchReadout(LaunchFindings):
    """What was found out about a launch, and the sections of the report that say it."""

    def header(self) -> Html:
        """Give the strip at the top: launch, dates, grade, data quality, card."""
        return sections.header(self)

    def sections(self, truth: str | Path | None = None) -> list[Section]:
        """List the sections that have something to say, in the order of the report.

        ``truth`` is the file of a simulated product's known truth; with it the estimates are held against it.
        """
        return sections.all_sections(self, truth)

    def section(self, name: str) -> Section | None:
        """Give one section by name; None when it has nothing to say.

        Names: verdict, scorecard, adoption, stick, effect, guardrails, segments, funnel, voices, timeline, predicted,
        decision, quality, definitions.
        """
        return sections.one(self, name)

    def truth(self, path: str | Path | None) -> Section | None:
        """Hold the estimates against a simulated product's known truth; None without a file of it."""
        return sections.known_truth(self, path)

    def receipt(self) -> Receipt:
        """Give the report for machines: verdict, grade, every claim; published beside the page as ``report.json``."""
        return receipt_of(self)

    def __repr__(self) -> str:
        """Say the verdict in one line."""
        return f"<{self.question.launch_name}: {self.verdict.state} (rule {self.verdict.rule}, grade {self.grade})>"


def launch_readout(
    log: EventLog | pd.DataFrame | str | Path,
    question: LaunchQuestion | None = None,
    /,
    **asked: Any,  # noqa: ANN401 - the fields of the question
) -> LaunchReadout | SeriesReadout:
    """Read a launch: who adopted it, what changed, and what may be said about why.

    Parameters
    ----------
    log : EventLog, or a table
        Events before and after the launch. Or only a series (a DataFrame or the path of a chart's export) with
        ``value_column``: then only its movement is judged; see :func:`pm_analytics.verdicts.series_readout`.
    question : LaunchQuestion, optional
        What is asked; or give its parts by name: ``launch_name``, ``launch_at``, ``feature_events``, ``exposures`` ...
        With ``card``, what the card says need not be said again; what is said differently is printed as a deviation.

    Raises
    ------
    ParameterError, UnknownNameError, DataError
        The question cannot be answered from this log; the message says what to change.

    Examples
    --------
    >>> readout = launch_readout(log, launch_name="Bulk edit", launch_at="2026-03-16 09:00",
    ...                          feature_events=["bulk_edit_saved"])  # doctest: +SKIP
    """
    asked = opened(asked)
    if asked.get("value_column") is not None:
        return series_readout(log, **_of_series(asked))  # type: ignore[arg-type]
    for name in SERIES_ONLY:
        asked.pop(name, None)
    question = question if question is not None else LaunchQuestion(**with_card(asked))
    if not isinstance(log, EventLog):
        raise ParameterError(
            "A launch is read from an EventLog (pm_analytics.read_events), or from a series with value_column=: the "
            "column that holds the metric."
        )
    log = log.without(question.exclude) if question.exclude else log
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PmAnalyticsWarning)
        found = read(log, question)
    for message in dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, PmAnalyticsWarning)):
        # The same funnel is run over several periods; what is odd about it is said once.
        warnings.warn(message, PmAnalyticsWarning, stacklevel=2)
    parts = {part.name: getattr(found, part.name) for part in fields(Read)}
    launched = found.periods.before[1]
    readout = LaunchReadout(log=log, question=question, deviations=deviations_of(question, launched), **parts)
    if question.ledger is not None:
        Ledger(Path(question.ledger)).record(readout)
    return readout


def _of_series(asked: dict[str, Any]) -> dict[str, Any]:
    """Take over what a series can answer; what needs events and was asked for is an error, not a silence."""
    needs = [name for name in NEEDS_EVENTS if asked.get(name)]
    if needs:
        raise ParameterError(
            f"{', '.join(needs)} cannot be answered from a series: leave it out, or give the events themselves."
        )
    kept = (*SERIES_ONLY, "launch_name", "launch_at", "target_lift", "min_worthwhile", "calendar", "confidence")
    return {name: asked[name] for name in kept if asked.get(name) is not None}
