"""What the launch card promised, beside what was asked and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.errors import SourceError, UnknownNameError
from pm_analytics.names import ADOPTED, CI_LOWER, CI_UPPER, LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, RATE
from pm_analytics.verdicts.card import LaunchCard

if TYPE_CHECKING:
    from datetime import date

    from pm_analytics.verdicts.findings import LaunchFindings
    from pm_analytics.verdicts.question import LaunchQuestion

CALENDAR = ("start", "end", "what")


def opened(asked: dict[str, Any]) -> dict[str, Any]:
    """Read the card and the calendar where only their files are named.

    Raises
    ------
    SourceError, ParameterError, UnknownNameError
        A file that is not there, or is no card or calendar.
    """
    found = dict(asked)
    if isinstance(found.get("card"), str | Path):
        found["card"] = LaunchCard.load(found["card"])
    if isinstance(found.get("calendar"), str | Path):
        found["calendar"] = _calendar(Path(found["calendar"]))
    return found


def _calendar(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise SourceError(f"The calendar {path} cannot be read: {str(error).splitlines()[0]}") from error
    missing = [name for name in CALENDAR if name not in table.columns]
    if missing:
        raise UnknownNameError("column", missing, map(str, table.columns), where=f"the calendar {path.name}")
    return table


def with_card(asked: dict[str, Any]) -> dict[str, Any]:
    """Fill what was not asked from the launch card, if there is one."""
    card = asked.get("card")
    if card is None:
        return asked
    said: dict[str, Any] = {
        "launch_name": card.launch,
        "launch_at": card.launch_at,
        "feature_events": tuple(card.feature_events),
        "entry_events": tuple(card.entry_events),
        "primary_event": card.primary.event,
        "primary_kind": "conversion" if card.primary.kind == "conversion" else "count",
        "guardrail_events": tuple(str(each.event) for each in card.guardrails),
        "target_lift": card.target,
        "min_worthwhile": card.min_worthwhile,
    }
    harms = [each.max_harm for each in card.guardrails if each.max_harm is not None]
    if harms:
        said["max_harm"] = min(harms)
    return said | {name: value for name, value in asked.items() if not _unsaid(value)}


def _unsaid(value: Any) -> bool:  # noqa: ANN401
    return value is None or (isinstance(value, list | tuple | dict | str) and not value)


def deviations_of(question: LaunchQuestion, launched: date) -> tuple[str, ...]:
    """List where what was asked differs from the card, and whether the card itself was changed or late."""
    card = question.card
    if card is None:
        return ()
    pairs = [
        ("launch", question.launch_name, card.launch),
        ("launch date", str(question.launch_at)[:10], card.launch_at[:10]),
        ("primary metric", question.primary_event, card.primary.event),
        ("target", question.target_lift, card.target),
        ("smallest worthwhile change", question.min_worthwhile, card.min_worthwhile),
        ("feature events", sorted(question.feature_events), sorted(card.feature_events)),
        ("guardrails", sorted(question.guardrail_events), sorted(str(each.event) for each in card.guardrails)),
    ]
    found = [
        f"{what}: the card says {_say(said)}, the report asks {_say(asked)}"
        for what, asked, said in pairs
        if asked != said
    ]
    promised = card.design.get("kind", "none")
    if promised == "experiment" and question.exposures is None:
        found.append("design: the card promised an experiment, and nobody was randomised")
    status = card.status(launched)
    return (*found, *([] if "before launch" in status else [status]))


def _say(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else f"{value:.1%}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Beside:
    """A prediction beside what happened.

    Attributes
    ----------
    what : str
        Adoption or lift.
    low, middle, high : float
        What was predicted: p10, p50, p90.
    seen, lower, upper : float
        What was seen, with its interval.
    """

    what: str
    low: float
    middle: float
    high: float
    seen: float
    lower: float
    upper: float

    @property
    def word(self) -> str:
        """Say whether what was seen lies inside the prediction, by the whole interval where it is clear."""
        if self.upper < self.low:
            return "below the prediction"
        if self.lower > self.high:
            return "above the prediction"
        return "within the prediction" if self.low <= self.seen <= self.high else "at the edge of the prediction"

    @property
    def ratio(self) -> float:
        """Give predicted middle over seen: above 1 is over-estimated; NaN where nothing was seen."""
        return self.middle / self.seen if self.seen > 0 else float("nan")


def beside(found: LaunchFindings) -> list[Beside]:
    """Lay the card's predictions beside what was seen; what was not measured is left out."""
    card = found.question.card
    if not isinstance(card, LaunchCard):
        return []
    seen = {"adoption": _adoption(found), "lift": _lift(found)}
    return [Beside(what, *ends, *seen[what]) for what, ends in card.predicted.items() if seen.get(what)]  # type: ignore[misc]


def _adoption(found: LaunchFindings) -> tuple[float, float, float] | None:
    row = None if found.adoption is None else found.adoption.rung(ADOPTED)
    return None if row is None else (float(row[RATE]), float(row[CI_LOWER]), float(row[CI_UPPER]))


def _lift(found: LaunchFindings) -> tuple[float, float, float] | None:
    if found.grade == "A" and found.experiment is not None:
        row = found.experiment.rows("primary")[0]
        return float(row[LIFT]), float(row[LIFT_CI_LOWER]), float(row[LIFT_CI_UPPER])
    if found.grade in {"B", "C"} and found.impact is not None:
        each = found.impact.primary
        return each.lift, each.lift_lower, each.lift_upper
    return None
