"""What is asked about a launch's impact, checked before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.impact.estimates import DESIGNS, Subject
from pm_analytics.analyses.impact.occasions import Occasion, occasions_of
from pm_analytics.analyses.impact.series import PER, name_of
from pm_analytics.asking import check_whole, check_word
from pm_analytics.errors import ParameterError
from pm_analytics.events import EventLog
from pm_analytics.metrics import Metric
from pm_analytics.stats.proportions import check_confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked; see :func:`pm_analytics.impact` for the meaning of each part."""

    source: Any
    launched_at: Any
    metric: Metric | str
    design: str = AUTO
    covariates: tuple[Metric | str, ...] = ()
    untouched: str = ""
    guardrails: tuple[Metric | str, ...] = ()
    negative_controls: tuple[Metric | str, ...] = ()
    occasions: tuple[Occasion, ...] = ()
    length: int | None = None
    history: int | None = None
    time: str | None = None
    unit: str | None = None
    treated: tuple[Any, ...] = ()
    period: str = "day"
    per: str | None = None
    confidence: float = 0.95

    @property
    def is_panel(self) -> bool:
        """Whether there are units with the launch and units without."""
        return self.unit is not None

    def subjects(self) -> list[tuple[Subject, Metric | str]]:
        """List the metrics with their roles: the primary one, guardrails, negative controls."""
        return [
            (_subject(self.metric, "primary"), self.metric),
            *((_subject(metric, "guardrail"), metric) for metric in self.guardrails),
            *((_subject(metric, "negative control"), metric) for metric in self.negative_controls),
        ]


def question_of(source: Any, launched_at: Any, metric: Metric | str | None, options: dict[str, Any]) -> Question:  # noqa: ANN401
    """Check what is asked.

    Raises
    ------
    ParameterError
        It could not be answered, whatever the data.
    """
    if metric is None:
        if not isinstance(source, pd.Series):
            raise ParameterError(
                "Name the metric: a pm_analytics.Metric of a log, such as Metric.count('export'), or a column."
            )
        metric = str(source.name or "value")
    made = Question(
        source=source,
        launched_at=launched_at,
        metric=metric,
        **options
        | {
            "occasions": occasions_of(options.pop("calendar")),
            **{name: _several(options[name]) for name in ("covariates", "guardrails", "negative_controls")},
            "treated": _units(options["treated"]),
        },
    )
    check_confidence(made.confidence)
    check_word("design", made.design, (AUTO, *DESIGNS))
    check_word("period", made.period, ("day", "week"))
    if made.per is not None:
        check_word("per", made.per, PER)
    for name in ("length", "history"):
        if getattr(made, name) is not None:
            check_whole(name, getattr(made, name))
    _check_panel(made)
    _check_names(made)
    return made


def _check_panel(asked: Question) -> None:
    waves = isinstance(asked.launched_at, dict | pd.Series)
    if asked.unit is None and (asked.treated or waves):
        raise ParameterError("Units with and without the launch need unit=: the column or property that names them.")
    if asked.unit is not None and not asked.treated and not waves:
        raise ParameterError(
            f"unit={asked.unit!r} needs treated=[...]: the units that got the launch; or launched_at as a mapping of "
            "unit to date, if they got it in waves."
        )
    if asked.unit is not None and asked.covariates:
        raise ParameterError(
            "covariates= help the forecast of one series; units compared have each other. Leave it out."
        )
    if asked.design in {"did", "synthetic"} and asked.unit is None:
        raise ParameterError(f"design={asked.design!r} compares units: say unit= and treated=.")
    if asked.design == "staggered" and not waves:
        raise ParameterError("design='staggered' needs launched_at as a mapping of unit to date.")


def _check_names(asked: Question) -> None:
    names = [name_of(metric) for _, metric in asked.subjects()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(f"{', '.join(twice)} is asked for in more than one role; each metric has one.")
    helping = [name_of(metric) for metric in asked.covariates]
    if name_of(asked.metric) in helping:
        raise ParameterError(f"{name_of(asked.metric)!r} cannot be its own covariate.")
    if asked.covariates and not asked.untouched and isinstance(asked.source, EventLog):
        raise ParameterError(
            "covariates= needs untouched=: one line that says why the launch cannot touch them, to be printed with "
            "the answer."
        )


def _several(given: Any) -> tuple[Metric | str, ...]:  # noqa: ANN401
    return (given,) if isinstance(given, Metric | str) else tuple(given)


def _units(given: Any) -> tuple[Any, ...]:  # noqa: ANN401
    return (given,) if isinstance(given, str) else tuple(given)


def _subject(metric: Metric | str, role: Any) -> Subject:  # noqa: ANN401
    if not isinstance(metric, Metric):
        return Subject(metric, role)
    harm = metric.max_harm if role == "guardrail" else None
    return Subject(name_of(metric), role, metric.direction, harm)


def names_of(metrics: Sequence[Metric | str]) -> list[str]:
    """List how metrics are called."""
    return [name_of(metric) for metric in metrics]
