"""The attempt table: one row per attempt, behind every view of a funnel.

Counts, trend, times, lists and explanations all read it, so they agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import ibis

from pm_analytics import engine
from pm_analytics.analyses.funnel.counts.compiled import can_compile, count_levels, find_attempts, may_compile
from pm_analytics.analyses.funnel.counts.instants import instants, keys_of, without
from pm_analytics.analyses.funnel.counts.ordered import BARRED_AT, LEVEL, STOPPED_AT, ordered_attempts, reached
from pm_analytics.analyses.funnel.counts.unordered import kinds_made, unordered_attempts, with_times
from pm_analytics.names import UNIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.funnel.question import Question
    from pm_analytics.events import EventLog

Path = Literal["auto", "queries", "kernel"]

ENTRY = reached(1)
LAST_ENTRY = "last_entry"


@dataclass(frozen=True)
class Attempts:
    """The attempts of a funnel, found when first asked for.

    Attributes
    ----------
    log : EventLog
        Events to read.
    question : Question
        What is an attempt.
    path : {"auto", "queries", "kernel"}
        Who finds them: whoever is faster, the query engine, or the kernel where it can. The answers are the same.
    """

    log: EventLog
    question: Question
    path: Path = "auto"

    @cached_property
    def compiled(self) -> bool:
        """Whether the kernel finds them."""
        if self.path == "auto":
            return may_compile(self.log, self.question)
        return self.path == "kernel" and can_compile(self.question)

    @cached_property
    def table(self) -> Any:  # noqa: ANN401 - an Ibis table
        """One row per attempt; see :func:`ordered_attempts`. Without an order it has no times after the entry."""
        if self.compiled:
            return find_attempts(self.log, self.question)
        find = ordered_attempts if self.question.ordered else unordered_attempts
        return engine.kept(find(self._moments(), self.question), "attempts")

    @cached_property
    def compiled_levels(self) -> Any:  # noqa: ANN401 - an array
        """Units by level; see :func:`compiled.count_levels`."""
        return count_levels(self.log, self.question)

    def _moments(self) -> Any:  # noqa: ANN401 - an Ibis table
        return engine.kept(instants(self.log, self.question), "instants")

    def counted(self, attempts: Any = None, by: Sequence[str] = (UNIT,)) -> Any:  # noqa: ANN401
        """Choose, for each unit (and whatever else is in ``by``), the one attempt that counts.

        It is the furthest; among equals the first to get there; among those the latest to begin, which is the
        shortest. Without an order it is the furthest, and among equals the first to begin.

        Returns
        -------
        Ibis table
            The attempt table's columns and ``last_entry``, the entry of the unit's latest attempt that no exclusion
            ended and nothing interrupted: the one that may still go on.
        """
        attempts = self.table if attempts is None else attempts
        if self.question.remove and self.question.ordered:
            attempts = self._without_removed(attempts, by)
        whole = ibis.window(group_by=list(by), rows=(None, None))
        alive = {LAST_ENTRY: _if_alive(attempts).max().over(whole)}
        attempts = attempts.mutate(**alive, when=self._reached_level(attempts))
        best = ibis.window(
            group_by=list(by),
            order_by=[ibis.desc(LEVEL), "when", self._preferred(attempts), *keys_of(self.question)[1:]],
        )
        ranked = attempts.mutate(rank=ibis.row_number().over(best))
        return without(ranked.filter(ranked["rank"] == 0), "rank", "when")

    def _reached_level(self, attempts: Any) -> Any:  # noqa: ANN401
        """Give the instant at which each attempt reached its level; without an order the entry decides instead."""
        if not self.question.ordered:
            return attempts[ENTRY]
        levels = range(1, self.question.last + 1)
        return ibis.cases(*((attempts[LEVEL] == n, attempts[reached(n)]) for n in levels))

    def _preferred(self, attempts: Any) -> Any:  # noqa: ANN401
        return ibis.desc(attempts[ENTRY]) if self.question.ordered else attempts[ENTRY]

    def _without_removed(self, attempts: Any, by: Sequence[str]) -> Any:  # noqa: ANN401
        """Leave out units whose furthest attempt an exclusion ended, and every attempt that one ended."""
        whole = ibis.window(group_by=list(by), rows=(None, None))
        barred = attempts[BARRED_AT].notnull()
        furthest = {
            "barred_level": ibis.ifelse(barred, attempts[LEVEL], 0).max().over(whole),
            "clean_level": ibis.ifelse(barred, 0, attempts[LEVEL]).max().over(whole),
        }
        compared = attempts.mutate(**furthest)
        kept = compared.filter(compared[BARRED_AT].isnull(), compared["barred_level"] <= compared["clean_level"])
        return without(kept, "barred_level", "clean_level")

    def owned(self) -> Any:  # noqa: ANN401 - an Ibis table
        """Give every attempt with the level it owns: each later event serves one attempt, the latest one it moves."""
        attempts = self.table
        if self.question.remove:
            attempts = attempts.filter(attempts[BARRED_AT].isnull())
        keys = keys_of(self.question)
        owns = {}
        for n in range(2, self.question.last + 1):
            together = ibis.window(group_by=[*keys, reached(n)], rows=(None, None))
            latest = attempts[ENTRY].max().over(together)
            owns[f"owns_{n}"] = attempts[reached(n)].notnull() & (latest == attempts[ENTRY])
        marked = attempts.mutate(**owns)
        # The furthest step owned is the level: a later attempt that moves together with this one moves on with it.
        level = ibis.cases(*((marked[f"owns_{n}"], n) for n in range(self.question.last, 1, -1)), else_=1)
        owned = marked.mutate(**{LEVEL: level.cast("int64"), LAST_ENTRY: _if_alive(marked)})
        return without(owned, *owns)

    def with_times(self, attempts: Any) -> Any:  # noqa: ANN401
        """Make sure that chosen attempts carry ``reached_2`` and so on."""
        return attempts if self.question.ordered else with_times(attempts, self._moments(), self.question)

    def kinds_made(self, attempts: Any) -> Any:  # noqa: ANN401
        """Count, per attempt without an order, the events of each kind of step that it holds."""
        return kinds_made(attempts, self._moments(), self.question)


def _if_alive(attempts: Any) -> Any:  # noqa: ANN401
    """Give the entry of an attempt that nothing has ended."""
    alive = attempts[BARRED_AT].isnull() & attempts[STOPPED_AT].isnull()
    return ibis.ifelse(alive, attempts[ENTRY], ibis.null("int64"))
