"""Read an experiment: decide it by one rule, and hand out the sections of its report."""

from __future__ import annotations

import html
import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.analyses.experiment import ExperimentPlan, ExperimentResult, Exposures, experiment
from pm_analytics.analyses.experiment.days import KINDS
from pm_analytics.analyses.experiment.decision import RULES
from pm_analytics.analyses.experiment.wording import say_lift, say_metric
from pm_analytics.errors import ParameterError, PmAnalyticsWarning
from pm_analytics.names import (
    CI_LOWER,
    CI_UPPER,
    CONTROL_VALUE,
    DIFFERENCE,
    KIND,
    LIFT_CI_LOWER,
    METRIC,
    REASON,
    ROLE,
    STATUS,
    VARIANT,
    VARIANT_VALUE,
    WAY,
)
from pm_analytics.quality import QualityReport, check
from pm_analytics.results import NOTHING, records
from pm_analytics.verdicts.passages import Html, Part, Section, listed, paragraph, table
from pm_analytics.verdicts.sections.goal import GUARDRAIL_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.alternatives import Alternatives
    from pm_analytics.events import EventLog
    from pm_analytics.results import Claim

SECTIONS = ("decision", "trust", "effect", "guardrails", "time", "segments", "plan", "quality", "definitions")


@dataclass(frozen=True, kw_only=True, repr=False)
class ExperimentReadout:
    """What was found out about an experiment, and the sections of the report that say it.

    Attributes
    ----------
    result : ExperimentResult
        Gate, effects, guardrails, decision.
    quality : QualityReport or None
        Findings on the event log; None when all outcomes were recorded with the exposures.
    """

    result: ExperimentResult
    quality: QualityReport | None

    @property
    def plan(self) -> ExperimentPlan:
        """What was asked."""
        return self.result.plan

    def header(self) -> Html:
        """Give the strip at the top: who was compared, when, by which plan, and the decision."""
        return _header(self)

    def section(self, name: str) -> Section | None:
        """Give one section by name; None when it has nothing to say.

        Names: decision, trust, effect, guardrails, time, segments, plan, quality, definitions.
        """
        makers = {
            "decision": _decision,
            "trust": _trust,
            "effect": _effect,
            "guardrails": _guardrails,
            "time": _time,
            "segments": _segments,
            "plan": _plan,
            "quality": _quality,
            "definitions": _definitions,
        }
        if name not in makers:
            raise ParameterError(f"{name!r} is no section; write one of {', '.join(SECTIONS)}.")
        return makers[name](self)

    def sections(self) -> list[Section]:
        """List the sections that have something to say, in the order of the report."""
        return [made for made in map(self.section, SECTIONS) if made is not None]

    def claims(self) -> list[Claim]:
        """List every number that the report's sentences rest on."""
        return self.result.claims()

    def __repr__(self) -> str:
        """Say the decision in one line."""
        return f"<{self.plan.name or 'Experiment'}: {self.result.decision}>"


def experiment_readout(
    log: EventLog | None,
    exposures: Exposures | pd.DataFrame,
    plan: ExperimentPlan,
    *,
    earlier_looks: Sequence[int] | None = None,
) -> ExperimentReadout:
    """Read an experiment against its plan.

    The arguments are those of :func:`pm_analytics.experiment`.

    Raises
    ------
    UnknownNameError, DataError, ParameterError
        As for :func:`pm_analytics.experiment`.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PmAnalyticsWarning)
        result = experiment(log, exposures, plan, earlier_looks=earlier_looks)
        quality = None if log is None else check(log)
    for message in dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, PmAnalyticsWarning)):
        warnings.warn(message, PmAnalyticsWarning, stacklevel=2)
    return ExperimentReadout(result=result, quality=quality)


def _header(found: ExperimentReadout) -> Html:
    result, plan = found.result, found.plan
    first, last = result.exposed_between()
    facts = {
        "Units": ", ".join(f"{variant} {n:,}" for variant, n in result.users.items()),
        "Exposed": f"{first} to {last}" if first else "times not known",
        "Looks": result.reading.said,
        "Plan": f"{plan.fingerprint}, frozen {plan.frozen_on}" if plan.frozen_on else f"{plan.fingerprint}, not frozen",
        "Decision": result.decision.state,
    }
    items = "".join(
        f'<div class="pm-fact"><dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd></div>'
        for name, text in facts.items()
    )
    words = "; ".join(f"{name}: {text}" for name, text in facts.items())
    return Html(f'<dl class="pm-header">{items}</dl>', words)


def _decision(found: ExperimentReadout) -> Section:
    result = found.result
    decision = result.decision
    slug = STYLES[decision.state]
    badge = (
        f'<p class="pm-verdict pm-verdict-{slug}"><strong>{html.escape(decision.state)}</strong> '
        f"<span>{html.escape(decision.why)} (rule {decision.rule}).</span></p>"
    )
    lead = paragraph(" ".join([result.summary(), *_next(found)]), kind="lead")
    points = _caveats(found)
    return Section("Decision", (Html(badge, str(decision)), lead, *([listed(points)] if points else [])))


STYLES = {
    "SHIP": "keep", "SHIP WITH WATCH": "keep", "ITERATE": "iterate", "STOP": "stop", "RERUN": "cannot",
    "EXTEND": "hold",
}  # fmt: skip
"""Each decision looks like the verdict of a launch that means as much."""


def _next(found: ExperimentReadout) -> list[str]:
    until = found.result.decision.until
    return [f"Look again on {until:%Y-%m-%d}."] if until is not None else []


def _caveats(found: ExperimentReadout) -> list[str]:
    """List what could move the answer."""
    result = found.result
    points = [f"{row[METRIC]} ({row[VARIANT]}): {row[REASON]}." for row in result.rows("primary") if row[REASON]]
    points += result.notes() if result.trusted else []
    gate = result.gate()
    points += [f"{row.check}: {row.evidence}." for row in gate.itertuples() if row.status == "noted"]
    return points


def _trust(found: ExperimentReadout) -> Section:
    result = found.result
    words = "Every check that comes before the numbers passed." if result.trusted else result.summary()
    return Section(
        "Can the comparison be trusted?",
        (paragraph(words), (result, "split"), table(result.gate(), caption="Checks that come before any number")),
    )


def _effect(found: ExperimentReadout) -> Section | None:
    result = found.result
    if not result.trusted:
        return None
    shown = table(_compact(result), caption="Every metric against the control, with intervals")
    parts: list[Part] = [result, shown, paragraph(result.multiplicity_note(), kind="note")]
    others = result.alternatives()
    if len(others.to_frame()) > len(result.to_frame()):
        parts += [
            paragraph(others.summary()),
            table(_other_ways(others), caption="Primary effects, computed otherwise"),
        ]
    return Section("Did it move the goal?", tuple(parts))


def _compact(result: ExperimentResult) -> pd.DataFrame:
    """Put each number and its interval into one cell, so that the table fits on a page."""
    rows = [row for role in ("primary", "guardrail", "exploratory") for row in result.rows(role)]
    several = len({row[VARIANT] for row in rows}) > 1
    return pd.DataFrame(
        [
            {
                "metric": row[METRIC],
                "role": row[ROLE],
                **({"variant": row[VARIANT]} if several else {}),
                "control": say_metric(row[CONTROL_VALUE], row[KIND]),
                "with it": say_metric(row[VARIANT_VALUE], row[KIND]),
                "difference": _with_interval(row),
                "relative": NOTHING if math.isnan(row[LIFT_CI_LOWER]) else say_lift(row),
                "status": row[STATUS],
            }
            for row in rows
        ]
    )


def _with_interval(row: dict[str, Any]) -> str:
    value, lower, upper = (say_metric(row[name], row[KIND], signed=True) for name in (DIFFERENCE, CI_LOWER, CI_UPPER))
    return value if math.isnan(row[CI_LOWER]) else f"{value} ({lower} to {upper})"


def _other_ways(others: Alternatives) -> pd.DataFrame:
    rows = [row for row in records(others.to_frame()) if row[ROLE] == "primary"]
    return pd.DataFrame(
        [
            {
                "metric": row[METRIC],
                "way": row[WAY],
                "difference": _with_interval(row),
                "relative": NOTHING if math.isnan(row[LIFT_CI_LOWER]) else say_lift(row),
                "status": row[STATUS],
            }
            for row in rows
        ]
    )


def _guardrails(found: ExperimentReadout) -> Section | None:
    result = found.result
    rows = result.rows("guardrail")
    if not result.trusted or not rows:
        return None
    points = [f"{row[METRIC]} ({row[VARIANT]}): {row[STATUS]}. {GUARDRAIL_WORDS[row[STATUS]]}" for row in rows]
    return Section("Did it hurt anything?", ((result, "guardrails"), listed(points)))


def _time(found: ExperimentReadout) -> Section | None:
    result = found.result
    if not result.trusted or not result.units_are_dated:
        return None
    if not any(metric.kind in KINDS for metric, _ in found.plan.metrics()):
        return None
    over_time = result.over_time()
    if over_time.to_frame().empty:
        return None
    return Section("How the effect settled", (paragraph(over_time.summary()), over_time))


def _segments(found: ExperimentReadout) -> Section | None:
    result = found.result
    shown = [metric for metric, role in found.plan.metrics() if role == "primary" and metric.kind in KINDS]
    if not result.trusted or not found.plan.segments or not shown:
        return None
    parts: list[Part] = []
    for segment in found.plan.segments:
        view = result.by(segment)
        parts += [paragraph(view.summary()), view]
    return Section("For whom?", tuple(parts))


def _plan(found: ExperimentReadout) -> Section:
    plan = found.plan
    said = [f"Hypothesis: {plan.hypothesis}"] if plan.hypothesis else []
    said += list(found.result.deviations) or ["Nothing in this analysis differs from the plan."]
    written = f"<details><summary>The plan as written</summary><pre>{html.escape(plan.to_yaml())}</pre></details>"
    return Section("The plan, and what differs from it", (listed(said), Html(written, plan.to_yaml())))


def _quality(found: ExperimentReadout) -> Section | None:
    if found.quality is None:
        return None
    shown = table(found.quality.to_frame(), caption="Data-quality checks")
    return Section("Can the data carry this?", (paragraph(found.quality.summary()), shown))


def _definitions(found: ExperimentReadout) -> Section:
    rules = pd.DataFrame([(rule.number, rule.state, rule.why) for rule in RULES], columns=["rule", "decision", "when"])
    fired = found.result.decision.rule
    return Section(
        "Definitions and rules",
        (
            listed([found.result.definition]),
            paragraph(f"The first rule that holds decides; here rule {fired} held."),
            table(rules, caption="Decision rules, in order"),
        ),
    )
