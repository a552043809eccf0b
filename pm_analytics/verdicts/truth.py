"""Hold a readout against the known truth of a simulated product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.errors import SourceError
from pm_analytics.names import CI_LOWER, CI_UPPER, LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, METRIC, RATE, ROLE
from pm_analytics.results import records

if TYPE_CHECKING:
    from pm_analytics.verdicts.findings import LaunchFindings

COLUMNS = ["what", "true_rate", "estimated_rate", "ci_lower", "ci_upper", "interval_holds_truth"]


def against_truth(found: LaunchFindings, path: str | Path) -> pd.DataFrame:
    """Lay truth and estimate side by side: one row per number that both know.

    Raises
    ------
    SourceError
        The file is missing or not the truth of a simulated product.
    """
    truth = _read(Path(path))
    rows = [*_effects(found, truth), *_adopted(found, truth)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _read(path: Path) -> dict[str, Any]:
    try:
        truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"Cannot read the truth of a simulated product from {path}: {error}.") from error
    if not {"metrics", "adoption"} <= set(truth):
        raise SourceError(f"{path.name} is not the truth of a simulated product: it has no metrics and adoption.")
    return truth


def _effects(found: LaunchFindings, truth: dict[str, Any]) -> list[tuple[object, ...]]:
    if found.experiment is None or not found.experiment.trusted:
        return []
    kind = "by_share_of_users" if found.question.primary_kind == "conversion" else "per_user"
    events = [found.question.primary_event, *found.question.guardrail_events]
    rows = []
    for event, row in zip(events, records(found.experiment.to_frame()), strict=True):
        known = truth["metrics"].get(f"{event}_{kind if row[ROLE] == 'primary' else 'per_user'}")
        if known is not None:
            rows.append(
                _held(f"lift of {row[METRIC]}", known["lift"], row[LIFT], row[LIFT_CI_LOWER], row[LIFT_CI_UPPER])
            )
    return rows


def _adopted(found: LaunchFindings, truth: dict[str, Any]) -> list[tuple[object, ...]]:
    if found.adoption is None:
        return []
    days = found.question.adopt_window_days
    last = found.adoption.to_frame().iloc[-1]
    known = truth["adoption"]["saved_in_window"]
    return [_held(f"adopted within {days} days", known, last[RATE], last[CI_LOWER], last[CI_UPPER])]


def _held(what: str, known: float, estimate: float, lower: float, upper: float) -> tuple[object, ...]:
    return (what, known, estimate, lower, upper, "yes" if lower <= known <= upper else "no")
