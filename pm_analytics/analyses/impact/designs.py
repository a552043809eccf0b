"""Which design a launch allows: the first line of the decision table that is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pm_analytics.analyses.impact.estimates import Design
    from pm_analytics.analyses.impact.question import Question

MANY_UNITS = 10
FEW_TREATED = 5
DONORS = 10
PERIODS_FOR_DONORS = 25


@dataclass(frozen=True, slots=True)
class Units:
    """How many units got a launch, how many did not, when, and how long they were watched before.

    Attributes
    ----------
    treated, untreated : int
        Units.
    waves : int
        Different dates on which units got it.
    before : int
        Periods before the (first) date.
    """

    treated: int
    untreated: int
    waves: int
    before: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A design, and why it was taken."""

    design: Design
    why: str


def choose(asked: Question, units: Units | None) -> Choice:
    """Take the design that was asked for, or the first that the launch allows."""
    if asked.design != "auto":
        return Choice(asked.design, "asked for")  # type: ignore[arg-type]
    if units is None:
        return _of_one_series(asked)
    if units.waves > 1:
        return Choice("staggered", f"{units.treated} units got it in {units.waves} waves")
    return _of_units(units)


def _of_units(units: Units) -> Choice:
    many = units.treated >= MANY_UNITS and units.untreated >= MANY_UNITS
    few = units.treated <= FEW_TREATED and units.untreated >= DONORS and units.before >= PERIODS_FOR_DONORS
    sides = f"{units.treated} units got it on one date and {units.untreated} did not"
    if many:
        return Choice("did", sides)
    if few:
        return Choice("synthetic", f"{sides}, and {units.before} periods lie before")
    if units.treated > FEW_TREATED and units.untreated >= FEW_TREATED:
        return Choice("did", f"{sides}, which is few on a side")
    if units.untreated:
        why = (
            f"{sides}, too few to compare ({units.before} periods before): the mean of those without helps the forecast"
        )
        return Choice("its", why)
    return Choice("its", "every unit got it on one date")


def _of_one_series(asked: Question) -> Choice:
    if asked.covariates:
        return Choice("its", "everybody got it on one date, and there are series that it cannot touch")
    return Choice("its", "everybody got it on one date, and nothing is there that it cannot touch: the weakest design")
