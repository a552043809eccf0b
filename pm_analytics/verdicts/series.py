"""A launch of which only a chart is there: one metric per day or week, no events, no users."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from pm_analytics.analyses.impact import ImpactResult, impact
from pm_analytics.errors import ParameterError, SourceError, UnknownNameError
from pm_analytics.metrics import Metric
from pm_analytics.verdicts.grades import MEANINGS, Grade
from pm_analytics.verdicts.passages import Html, Part, Section, listed, paragraph, table
from pm_analytics.verdicts.receipt import SCHEMA, Receipt
from pm_analytics.verdicts.rules import RULES, Evidence, Verdict, decide
from pm_analytics.verdicts.sections import MAKERS
from pm_analytics.verdicts.sections.closing import CHANGE, NEXT
from pm_analytics.verdicts.sections.scorecard import COLUMNS, word
from pm_analytics.verdicts.wording import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.results import Claim

ONLY_A_SERIES = (
    "Only a series was given, so who adopted it, how they went through a funnel and what they say is not known."
)


@dataclass(frozen=True, kw_only=True, repr=False)
class SeriesReadout:
    """What a series says about a launch, and the sections of the report that say it.

    Attributes
    ----------
    launch_name, launch_at : str
        The launch.
    impact : ImpactResult
        The series against its forecast.
    wanted, worthwhile : float
        The relative change hoped for, and the smallest that would matter; positive is good.
    grade, verdict
        Strength of the evidence, and what one rule decided.
    """

    launch_name: str
    launch_at: str
    impact: ImpactResult
    wanted: float
    worthwhile: float
    grade: Grade
    verdict: Verdict
    calendar: pd.DataFrame | None = field(default=None)

    def header(self) -> Html:
        """Give the strip at the top."""
        line = self.impact.window.timeline
        facts = {
            "Launched": self.launch_at,
            "Data": f"{line.first} to before {line.start(line.count)}, by {line.step}",
            "Evidence": f"grade {self.grade}, {MEANINGS[self.grade]}",
            "Judged": line.say(self.impact.window.judged),
        }
        items = "".join(
            f'<div class="pm-fact"><dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd></div>'
            for name, text in facts.items()
        )
        return Html(f'<dl class="pm-header">{items}</dl>', "; ".join(f"{n}: {t}" for n, t in facts.items()))

    def section(self, name: str) -> Section | None:
        """Give one section by name; None for those that need events."""
        makers = {
            "verdict": self._verdict,
            "scorecard": self._scorecard,
            "effect": self._effect,
            "timeline": self._timeline,
            "decision": self._decision,
            "definitions": self._definitions,
        }
        if name not in MAKERS:
            raise UnknownNameError("section", [name], MAKERS, where="a launch report")
        return makers[name]() if name in makers else None

    def sections(self) -> list[Section]:
        """List the sections that have something to say, in order."""
        return [made for made in map(self.section, MAKERS) if made is not None]

    def truth(self, path: str | Path | None) -> None:
        """Say nothing: a series has no known truth. Takes a path like the readout of a log."""
        del path

    def claims(self) -> list[Claim]:
        """List every number that the sentences rest on."""
        return self.impact.claims()

    def receipt(self) -> Receipt:
        """Give the report for machines."""
        return _receipt(self)

    def __repr__(self) -> str:
        """Say the verdict in one line."""
        return f"<{self.launch_name}: {self.verdict.state} (rule {self.verdict.rule}, grade {self.grade})>"

    def _verdict(self) -> Section:
        ruled = self.verdict
        slug = ruled.state.split(" ", maxsplit=1)[0].lower()
        badge = (
            f'<p class="pm-verdict pm-verdict-{slug}"><strong>{html.escape(ruled.state)}</strong> '
            f"<span>{html.escape(ruled.why)} (rule {ruled.rule}).</span></p>"
        )
        points = [ONLY_A_SERIES, *(f"{doubt[0].upper()}{doubt[1:]}." for doubt in self.impact.doubts)]
        points.append(say("recipe", self.grade))
        said = f"{ruled.state}: {ruled.why} (rule {ruled.rule})."
        return Section("Verdict", (Html(badge, said), paragraph(self._cause(), kind="lead"), listed(points)))

    def _cause(self) -> str:
        each = self.impact.primary
        if self.grade not in {"B", "C"}:
            reason = "; ".join(self.impact.refused) or "there is no interval"
            return say("nothing.E", "E", launch=self.launch_name, reason=reason)
        slots = {"metric": each.subject.metric, "lower": f"{each.lift_lower:+.1%}", "upper": f"{each.lift_upper:+.1%}"}
        if each.moved:
            rivals = ", ".join(str(one) for one in self.impact.window.occasions) or "none recorded"
            rose = "rose" if each.difference > 0 else "fell"
            counted = {"larger": str(each.larger), "trials": str(each.trials), "rivals": rivals}
            return say("impact.C", "C", rose=rose, lift=f"{each.lift:+.1%}", **counted, **slots)
        if each.good[1] < self.wanted:
            return say("no_change", "C", wanted=f"{self.wanted:+.1%}", **slots)
        return say("unclear", "C", wanted=f"{self.wanted:+.1%}", mde=f"{each.relative(each.mde):.1%}", **slots)

    def _scorecard(self) -> Section | None:
        each = self.impact.primary
        if self.grade not in {"B", "C"}:
            return None
        change = f"{each.lift:+.1%} ({each.lift_lower:+.1%} to {each.lift_upper:+.1%})"
        n = self.impact.window.timeline.say(self.impact.window.judged)
        said = word(*each.good, self.wanted, self.worthwhile)
        numbers = (f"{each.actual:,.4g}", f"{each.expected:,.4g}")
        row = (each.subject.metric, *numbers, change, f"{self.wanted:+.1%}", said, n)
        return Section("Scorecard", (table(pd.DataFrame([row], columns=list(COLUMNS)), caption="The series"),))

    def _effect(self) -> Section:
        if self.grade not in {"B", "C"}:
            reason = "; ".join(self.impact.refused) or "there is no interval"
            said = paragraph(f"Not measurable, because {reason}.", kind="warning")
            return Section("Did it move the goal?", (said, self.impact))
        parts: list[Part] = [
            paragraph(self.impact.summary()),
            self.impact,
            (self.impact, "cumulative"),
            (self.impact, "placebos"),
            paragraph(self.impact.began().summary()),
        ]
        others = self.impact.robustness()
        if len(others.to_frame()) > 1:
            parts += [paragraph(others.summary()), others]
        return Section("Did it move the goal?", tuple(parts))

    def _timeline(self) -> Section | None:
        if self.calendar is None or self.calendar.empty:
            return None
        frame = self.calendar[["start", "end", "what"]].astype(str).replace({"None": "", "nan": "", "NaT": ""})
        return Section("What else happened?", (table(frame, caption="Calendar"),))

    def _decision(self) -> Section:
        state = self.verdict.state
        points = [f"Recommended: {NEXT[state]}", f"What would change our mind: {CHANGE[state]}"]
        return Section("Decision and next steps", (listed(points),))

    def _definitions(self) -> Section:
        rules = pd.DataFrame([(r.number, r.state, r.why) for r in RULES], columns=["rule", "verdict", "when"])
        why = [self.impact.definition, f"Design: {self.impact.why}.", *self.impact.refused]
        return Section("Definitions and rules", (listed(why), table(rules, caption="Verdict rules, in order")))


def series_readout(
    data: str | Path | pd.DataFrame,
    *,
    launch_name: str,
    launch_at: str,
    value_column: str,
    time_column: str | None = None,
    helper_columns: Sequence[str] = (),
    direction: Literal["up", "down"] = "up",
    target_lift: float | None = None,
    min_worthwhile: float = 0.02,
    calendar: pd.DataFrame | None = None,
    post_periods: int | None = None,
    confidence: float = 0.95,
) -> SeriesReadout:
    """Read a launch from a series alone: the export of a chart.

    Parameters
    ----------
    data : path or DataFrame
        CSV or Parquet; one row per day, week, month or year.
    value_column, time_column : str
        The metric, and its dates (guessed from the usual names when not given).
    helper_columns : sequence of str
        Series that the launch cannot touch.
    direction : {"up", "down"}
        Which way is good.

    Raises
    ------
    SourceError, UnknownNameError, DataError, ParameterError
        The file or a column is not there, or cannot be read as dates and numbers.
    """
    frame = _frame(data)
    time = time_column or _guessed(frame)
    metric = Metric.recorded(value_column, kind="mean", direction=direction)
    found = impact(
        frame,
        launch_at,
        metric,
        time=time,
        covariates=tuple(helper_columns),
        calendar=calendar,
        length=post_periods,
        confidence=confidence,
    )
    grade: Grade = found.grade if found.grade in {"B", "C"} else "E"
    wanted = min_worthwhile if target_lift is None else target_lift
    lower, upper = found.primary.good if grade in {"B", "C"} else (float("nan"), float("nan"))
    days = (
        found.window.timeline.start(found.window.timeline.count) - found.window.timeline.start(found.window.before)
    ).days
    evidence = Evidence(
        grade=grade, lift_lower=lower, lift_upper=upper, days_after=days, adopt_window_days=0, judged=1,
        wanted_lift=wanted, min_worthwhile=min_worthwhile,
    )  # fmt: skip
    return SeriesReadout(
        launch_name=launch_name, launch_at=str(launch_at), impact=found, wanted=wanted, worthwhile=min_worthwhile,
        grade=grade, verdict=decide(evidence), calendar=calendar,
    )  # fmt: skip


def _frame(data: str | Path | pd.DataFrame) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    path = Path(data)
    try:
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep=None, engine="python")
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise SourceError(f"The series {path} cannot be read: {str(error).splitlines()[0]}") from error


def _guessed(frame: pd.DataFrame) -> str:
    usual = ("date", "day", "week", "month", "time", "timestamp", "period", "ds")
    found = [name for name in frame.columns if str(name).strip().lower() in usual]
    if not found:
        raise ParameterError(
            f"Which column holds the dates? Name it: time_column= (the parameter time). There are "
            f"{', '.join(map(str, frame.columns))}."
        )
    return str(found[0])


def _receipt(found: SeriesReadout) -> Receipt:
    """Write down what a report on a series claims."""
    line, window = found.impact.window.timeline, found.impact.window
    span = [str(line.start(window.before)), str(line.start(line.count))]
    return Receipt(
        {
            "schema": SCHEMA,
            "kind": "launch_series",
            "launch": found.launch_name,
            "launched_at": found.launch_at,
            "grade": found.grade,
            "verdict": {"state": found.verdict.state, "rule": found.verdict.rule, "why": found.verdict.why},
            "reasons": list(found.impact.refused),
            "design": found.impact.design,
            "claims": [asdict(each) | {"grade": found.grade, "window": span} for each in found.claims()],
        }
    )
