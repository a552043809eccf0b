"""AdoptionPart: what is asked of an adoption result beyond its ladder, each a result of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.results import NOTHING, Claim, Result, say_value

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AdoptionPart(Result):
    """One question about an adoption: its table, its sentence, and how to draw it.

    Attributes
    ----------
    kind : str
        Which question: ``"denominators"``, ``"usage"``, ``"segments"``, ``"tars"``, ``"novelty"`` ...
    title : str
        The finding, in one short line.
    said : str
        The finding, in a sentence or two.
    stated : tuple of Claim
        The numbers behind it.
    """

    kind: str
    title: str
    said: str
    stated: tuple[Claim, ...]

    def headline(self) -> str:
        """Say the finding, in one short line."""
        return self.title

    def summary(self) -> str:
        """Say the finding, in a sentence or two."""
        return self.said

    def claims(self) -> list[Claim]:
        """List the numbers behind it."""
        return list(self.stated)

    def to_display(self) -> pd.DataFrame:
        """Format a table whose rows differ in kind: a share as percent, a mean as a number."""
        if "kind" not in self._table:
            return self._table
        rows = [
            ["share" if kind == "share" else "value", *numbers]
            for kind, *numbers in self._table[["kind", "value", "ci_lower", "ci_upper"]].itertuples(index=False)
        ]
        said = [[say_value(name, number) if number == number else NOTHING for number in rest] for name, *rest in rows]  # noqa: PLR0124
        return self._table.assign(**dict(zip(["value", "ci_lower", "ci_upper"], zip(*said, strict=True), strict=True)))
