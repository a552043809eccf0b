"""The attempts that a view is about: each unit's counted one, or every one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT
from pm_analytics.names import UNIT

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.counts.attempts import Attempts


def chosen(attempts: Attempts, *, each: bool) -> Any:  # noqa: ANN401 - an Ibis table
    """Give the attempts that count: one per unit; or, when attempts are counted, each with the level it owns."""
    return attempts.owned() if each else attempts.counted()


def removed(attempts: Attempts, *, each: bool) -> int:
    """Count the units (``each``: attempts) that an exclusion took out of every step."""
    table = attempts.table
    if each:
        return engine.counts(table.aggregate(n=table[BARRED_AT].count()))["n"]
    began = engine.counts(table.aggregate(n=table[UNIT].nunique()))["n"]
    kept = attempts.counted()
    return began - engine.counts(kept.aggregate(n=kept.count()))["n"]
