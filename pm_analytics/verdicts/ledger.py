"""The ledger: what was predicted and what happened, launch after launch, in one file that people can read."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pm_analytics.errors import SourceError
from pm_analytics.verdicts.promises import beside

if TYPE_CHECKING:
    from pathlib import Path

    from pm_analytics.verdicts.findings import LaunchFindings

FEWEST = 3
"""Launches below which a team's habit is not guessed."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Predictions and outcomes of launches; one line per launch and prediction.

    Attributes
    ----------
    path : Path
        A JSON Lines file; a launch that is read again replaces its line.
    """

    path: Path

    def entries(self) -> pd.DataFrame:
        """Give the lines: ``launch``, ``what``, ``p10``, ``p50``, ``p90``, ``seen``, ``seen_lower``, ``seen_upper``."""
        columns = ["launch", "card", "read_on", "what", "p10", "p50", "p90", "seen", "seen_lower", "seen_upper"]
        return pd.DataFrame(list(self._lines().values()), columns=columns)

    def record(self, found: LaunchFindings) -> Ledger:
        """Write down what a launch's card predicted and what was seen; nothing without a card."""
        lines = self._lines()
        card = found.question.card
        if card is None:
            return self
        for each in beside(found):
            lines[f"{card.launch}|{each.what}"] = {
                "launch": card.launch, "card": card.fingerprint, "read_on": str(found.periods.end), "what": each.what,
                "p10": each.low, "p50": each.middle, "p90": each.high, "seen": _known(each.seen),
                "seen_lower": _known(each.lower), "seen_upper": _known(each.upper),
            }  # fmt: skip
        text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines.values())
        fresh = self.path.with_suffix(".fresh")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.path)
        return self

    def bias(self, what: str) -> float:
        """Give the median of predicted over seen: 2.0 is a habit of predicting twice what happens.

        NaN with fewer than three launches whose outcome is above zero.
        """
        table = self.entries()
        rows = table[(table["what"] == what) & (table["seen"] > 0)]
        return statistics.median(rows["p50"] / rows["seen"]) if len(rows) >= FEWEST else math.nan

    def within(self, what: str) -> float:
        """Give the share of launches whose outcome lay between p10 and p90 (0.8 would be right); NaN below three."""
        table = self.entries()
        rows = table[(table["what"] == what) & table["seen"].notna()]
        inside = (rows["seen"] >= rows["p10"]) & (rows["seen"] <= rows["p90"])
        return float(inside.mean()) if len(rows) >= FEWEST else math.nan

    def summary(self) -> str:
        """Say the team's habit in one sentence per prediction."""
        said = [self._say(what) for what in sorted(set(self.entries()["what"]))]
        return " ".join(said) or "The ledger is empty: no launch with a card has been read yet."

    def _say(self, what: str) -> str:
        count = int((self.entries()["what"] == what).sum())
        if math.isnan(self.bias(what)):
            return f"{what.capitalize()}: {count} launches, too few to tell a habit."
        return (
            f"{what.capitalize()}: over {count} launches the middle prediction was {self.bias(what):.1f} times what "
            f"happened (median); {self.within(what):.0%} of outcomes lay between p10 and p90, where 80 % should."
        )

    def _lines(self) -> dict[str, dict[str, Any]]:
        if not self.path.exists():
            return {}
        try:
            read = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines() if line.strip()]
            return {f"{line['launch']}|{line['what']}": line for line in read}
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{self.path} is no ledger: {error}. Move it away to begin a new one.") from error


def _known(number: float) -> float | None:
    return None if math.isnan(number) else float(number)
