"""AdoptionPart: what is asked of an adoption result beyond its ladder, each a result of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pm_analytics.names import BASE, CI_LOWER, CI_UPPER, COHORT, KIND, RATE, USERS, VALUE
from pm_analytics.results import SMALL_GROUP, Claim, Result, say_value


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
        """Format the table for people: a mean is no percent, and neither is a share of a handful of units."""
        table = self._table
        if KIND in table:
            names = ["share" if kind == "share" else "mean" for kind in table[KIND]]
            columns = (VALUE, CI_LOWER, CI_UPPER)
            said = {c: [say_value(*pair) for pair in zip(names, table[c], strict=True)] for c in columns}
            return table.assign(**said)
        if BASE in table:
            rows = zip(table[USERS], table[BASE], table[RATE], strict=True)
            table = table.assign(**{RATE: [_say_rate(*row) for row in rows]})
        return table.assign(**{COHORT: table[COHORT].dt.strftime("%Y-%m-%d")}) if COHORT in table else table


def _say_rate(users: Any, base: Any, rate: float) -> str:  # noqa: ANN401 - numbers, or missing
    """Say a share as percent; of few units, as '7 of 12'."""
    small = not pd.isna(base) and 0 < base < SMALL_GROUP
    return f"{users} of {base}" if small else say_value(RATE, rate)
