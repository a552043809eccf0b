"""Attempts -> how many units got how far, by the period in which their attempt began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pm_analytics import calendars, engine
from pm_analytics.analyses.funnel.counts.attempts import ENTRY
from pm_analytics.analyses.funnel.counts.levels import Levels, by_level, fold
from pm_analytics.names import PERIOD, UNIT

if TYPE_CHECKING:
    from pm_analytics.analyses.funnel.counts.attempts import Attempts


def trend(attempts: Attempts, period: str, week_start: str, *, each: bool) -> dict[int, Levels]:
    """Count per period of entry: its number -> levels. A unit counts once in every period in which it entered."""
    log = attempts.log
    table = attempts.owned() if each else attempts.table
    number = calendars.number(table[ENTRY], period, log.timezone, log.observed_until, week_start=week_start)
    table = table.mutate(**{PERIOD: number})
    counted = table if each else attempts.counted(table, by=(UNIT, PERIOD))
    rows = engine.run(by_level(counted, attempts, (PERIOD,)))
    return {int(when): fold(rows[rows[PERIOD] == when], attempts.question) for when in rows[PERIOD].unique()}
