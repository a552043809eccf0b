"""What the views of an experiment have in common: they are refused when the comparison cannot be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.wording import say_metric
from pm_analytics.errors import DataError, UnknownNameError
from pm_analytics.names import CI_LOWER, CI_UPPER, DIFFERENCE, KIND
from pm_analytics.results import Result, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pm_analytics.analyses.experiment.outcome import Outcome
    from pm_analytics.metrics import Metric

SIGNED = (DIFFERENCE, CI_LOWER, CI_UPPER)


class View(Result):
    """A view of an experiment: a table with a metric's differences, said in the metric's own unit."""

    __slots__ = ()

    def to_display(self) -> pd.DataFrame:
        """Format the table for people: differences of shares in percentage points, means as numbers."""
        rows = records(self._table)
        said = {
            column: [say_metric(row[column], row[KIND], signed=True) for row in rows]
            for column in self._table.columns
            if column in SIGNED or column.removeprefix("safe_") in SIGNED or column.removeprefix("expected_") in SIGNED
        }
        return self._table.assign(**said).drop(columns=[KIND])


def require_trusted(result: Outcome, what: str) -> None:
    """Refuse a view of numbers that may not be read.

    Raises
    ------
    DataError
        A check of the gate failed.
    """
    if not result.trusted:
        raise DataError(
            f"{what} is withheld, as every number of this experiment is: the validity gate failed. Read result.gate() "
            "for what to look at; despite_failed_checks() shows the numbers, to find the fault only."
        )


def chosen(result: Outcome, metric: str | None, kinds: Sequence[str] | None = None) -> tuple[int, Metric, str]:
    """Find a metric of the plan by its name: its number, itself, its role; the first primary one when not named.

    Raises
    ------
    UnknownNameError, DataError
        No such metric; or one of a kind that the view cannot show.
    """
    metrics = [(number, each, role) for number, (each, role) in enumerate(result.plan.metrics())]
    fitting = [each for each in metrics if kinds is None or each[1].kind in kinds]
    if metric is None and fitting:
        return fitting[0]
    if metric is None:
        raise DataError(f"The plan has no metric of the kind {' or '.join(map(repr, kinds or ()))}.")
    found = [each for each in metrics if each[1].name == metric]
    if not found:
        raise UnknownNameError("metric", [metric], [each.name for _, each, _ in metrics], where="the plan")
    if found[0] not in fitting:
        raise DataError(
            f"The metric {metric!r} is of the kind {found[0][1].kind!r}; this view shows {', '.join(kinds or ())}."
        )
    return found[0]


def variants_of(result: Outcome) -> list[str]:
    """List the variants that are compared with the control, in order."""
    return list(dict.fromkeys(each.estimate.variant for each in result._judged))  # noqa: SLF001 - its own room


def say_p(p_value: float) -> str:
    """Say a p-value: two digits, or that it is small."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
