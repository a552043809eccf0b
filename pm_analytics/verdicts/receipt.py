"""The report for machines: verdict, grade and every claim, in one JSON file beside the page."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pm_analytics.verdicts.findings import LaunchFindings

MIME = "application/vnd.pm-analytics.report+json"
"""How a notebook carries the receipt; the runner publishes it as report.json."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a report claims, for machines. Shown in a notebook as one line; its data travel beside it."""

    content: dict[str, Any]

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        count = len(self.content["claims"])
        said = f"For machines: report.json beside this page holds the verdict and {count} claims."
        return {MIME: self.content, "text/html": f'<p class="pm-note">{html.escape(said)}</p>', "text/plain": said}

    def to_json(self) -> str:
        """Write it as JSON text."""
        return json.dumps(self.content, indent=2, ensure_ascii=False, allow_nan=False)


def receipt_of(found: LaunchFindings) -> Receipt:
    """Write down what a launch report claims."""
    asked, days = found.question, found.periods
    return Receipt(
        {
            "schema": SCHEMA,
            "kind": "launch_impact",
            "launch": asked.launch_name,
            "launched_at": found.log.say_exactly(days.launch),
            "timezone": found.log.timezone,
            "grade": found.grade,
            "verdict": {"state": found.verdict.state, "rule": found.verdict.rule, "why": found.verdict.why},
            "reasons": list(found.reasons),
            "next_read": str(found.next_read()),
            "periods": {
                "before": [str(day) for day in days.before],
                "after": [str(day) for day in days.after],
                "known_until": str(days.end),
            },
            "design": None if found.impact is None else found.impact.design,
            "card": None if asked.card is None else {"hash": asked.card.fingerprint, "frozen_on": asked.card.frozen_on},
            "deviations": list(found.deviations),
            "quality": [
                {"check": each.check, "severity": each.severity, "evidence": each.evidence, "acts": each.acts}
                for each in found.quality.findings
            ],
            "claims": [_claim(each, found) for each in found.claims()],
        }
    )


def _claim(claim: Any, found: LaunchFindings) -> dict[str, Any]:  # noqa: ANN401 - a Claim
    window = [str(found.periods.after[0]), str(found.periods.after[1])]
    return asdict(claim) | {"grade": found.grade if claim.unit in {"lift", "difference"} else None, "window": window}
