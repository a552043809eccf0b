"""What is asked about a launch, checked before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import ParameterError
from pm_analytics.metrics import Metric
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    import pandas as pd

    from pm_analytics.verdicts.card import LaunchCard


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchQuestion:
    """What is asked about a launch.

    Attributes
    ----------
    launch_name : str
        How people call it.
    launch_at : str, date or datetime
        When it came out; read in the log's zone when it has no offset.
    feature_events : sequence of str
        Events that use the feature; adoption is reported when there are any.
    entry_events : sequence of str
        Events that show the feature was noticed.
    funnel_steps : sequence of str
        Steps of a funnel to compare before and after; reported when there are any.
    exposures : Exposures, optional
        Who met which variant, when the launch was randomised.
    control : str
        The variant that changed nothing.
    primary_event, primary_kind : str
        The event the launch should move, and whether its count per unit or the share of units that do it matters.
    guardrail_events : sequence of str
        Events that must not become more frequent.
    target_lift : float, optional
        Relative change hoped for. ``min_worthwhile`` when not given.
    min_worthwhile : float
        Smallest relative change that would matter.
    max_harm : float
        Relative increase of a guardrail that is tolerated.
    pre_days, post_days : int
        Days before and after the launch that are compared.
    adopt_uses, adopt_days, adopt_window_days : int
        Uses on distinct days within the window that make an adopter; the window serves the experiment's metrics too.
    conversion_window_days : int, optional
        Window of the funnel; None for no limit.
    retained_days : int
        Days after adopting within which another use makes an adopter retained.
    helper_events : sequence of str
        Events that the launch cannot touch and that move with the primary one; they narrow its forecast.
    untouched : str
        Why the launch cannot touch them, in one line; needed with ``helper_events``.
    negative_control_events : sequence of str
        Events that the launch cannot touch: when one moves too, something else happened.
    compare_by : str, optional
        Property that names the groups of a launch that only some got: ``"region"``, ``"platform"``.
    compare_with : sequence, optional
        Values of it that got the launch; all others are compared with them.
    calendar : DataFrame, optional
        What else happened: ``start``, ``end`` (empty for what stayed), ``what``.
    rolled_back_at : str or date, optional
        When the launch was taken back.
    card : LaunchCard, optional
        What was written down before the launch.
    ledger : path, optional
        File that collects what was predicted and what happened, over launches.
    segments : sequence of str
        Properties of the exposures by which a randomised effect is split.
    as_of : str or date, optional
        Last full day that counts. The last full day of the log when not given.
    confidence : float
        Coverage of the intervals.
    """

    launch_name: str
    launch_at: str | date | datetime
    feature_events: Sequence[str] = ()
    entry_events: Sequence[str] = ()
    funnel_steps: Sequence[str] = ()
    exposures: Any = None
    control: str = "control"
    primary_event: str | None = None
    primary_kind: str = "count"
    guardrail_events: Sequence[str] = ()
    target_lift: float | None = None
    min_worthwhile: float = 0.02
    max_harm: float = 0.10
    pre_days: int = 56
    post_days: int = 28
    adopt_uses: int = 1
    adopt_days: int = 1
    adopt_window_days: int = 14
    conversion_window_days: int | None = 14
    retained_days: int = 14
    helper_events: Sequence[str] = ()
    untouched: str = ""
    negative_control_events: Sequence[str] = ()
    compare_by: str | None = None
    compare_with: Sequence[str] = ()
    calendar: pd.DataFrame | None = None
    rolled_back_at: str | date | datetime | None = None
    card: LaunchCard | None = None
    ledger: str | Path | None = None
    segments: Sequence[str] = ()
    as_of: str | date | None = None
    confidence: float = 0.95
    exclude: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a question that could not be answered."""
        check_confidence(self.confidence)
        if not (self.feature_events or self.funnel_steps or self.primary_event) and self.exposures is None:
            raise ParameterError(
                "Nothing to report: name feature_events (for adoption), funnel_steps (for the funnel), or a "
                "primary_event (for the effect)."
            )
        if self.exposures is not None and self.primary_event is None:
            raise ParameterError("exposures= needs primary_event=: the event that the launch should move.")
        self._check_parts()

    def _check_parts(self) -> None:
        """Refuse parts that contradict themselves or one another."""
        if len(self.funnel_steps) == 1:
            raise ParameterError(f"funnel_steps={list(self.funnel_steps)!r} needs at least two steps.")
        if bool(self.compare_by) != bool(self.compare_with):
            raise ParameterError(
                "compare_by= and compare_with= go together: the property, and its values with the launch."
            )
        if self.helper_events and not self.untouched:
            raise ParameterError(
                "helper_events= needs untouched=: one line that says why the launch cannot touch them, to be printed."
            )
        for name in ("pre_days", "post_days", "adopt_window_days", "retained_days"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name}={getattr(self, name)!r} must be at least 1.")
        if not self.min_worthwhile > 0:
            raise ParameterError(f"min_worthwhile={self.min_worthwhile!r} must be above 0; write 0.02 for 2 %.")

    @property
    def wanted_lift(self) -> float:
        """The relative change that counts as success."""
        return self.min_worthwhile if self.target_lift is None else self.target_lift

    def primary(self) -> Metric:
        """Define the primary metric."""
        if self.primary_event is None:
            raise ParameterError("primary_event= was not given.")
        window = f"{self.adopt_window_days} days"
        if self.primary_kind == "conversion":
            return Metric.conversion(self.primary_event, within=window)
        return Metric.count(self.primary_event, within=window)

    def guardrails(self) -> list[Metric]:
        """Define the guardrails: events that must not become more frequent."""
        window = f"{self.adopt_window_days} days"
        return [
            Metric.count(event, within=window, direction="down", max_harm=self.max_harm)
            for event in self.guardrail_events
        ]

    def daily_primary(self, counted: str = "user") -> Metric:
        """Define the primary metric of a day, for launches that nobody was randomised to."""
        event = str(self.primary_event)
        if self.primary_kind == "conversion":
            return Metric.conversion(event, name=f"{event} (share of active {counted}s, by day)")
        return Metric.count(event, name=f"{event} (per active {counted} and day)")

    def daily_guardrails(self, counted: str = "user") -> list[Metric]:
        """Define the guardrails of a day."""
        return [
            Metric.count(
                event, name=f"{event} (per active {counted} and day)", direction="down", max_harm=self.max_harm
            )
            for event in self.guardrail_events
        ]

    def daily(self, events: Sequence[str], counted: str = "user") -> list[Metric]:
        """Define helpers or negative controls of a day."""
        return [Metric.count(event, name=f"{event} (per active {counted} and day)") for event in events]
