"""How planning says its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.analyses.experiment.plan import GUARDRAIL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pm_analytics.analyses.experiment.arriving import Arriving
    from pm_analytics.analyses.experiment.sizing import Need


def say_arrivals(needs: Sequence[Need], arriving: Arriving, horizon: int) -> str:
    """Say how many units come, as the beginning of a sentence; nothing when nobody knows."""
    if not arriving.known:
        return ""
    weeks = max((need.weeks for need in needs if need.weeks is not None and need.weeks <= horizon), default=horizon)
    first, word = rounded(arriving.units(1)), arriving.word
    if arriving.is_steady(max(weeks, min(4, horizon))):
        return f"With about {first} new {word} a week, "
    more = f" and {rounded(arriving.units(weeks))} in {weeks} weeks" if weeks > 1 else ""
    return f"With about {first} {word} in the first week{more}, "


def say_need(need: Need, arriving: Arriving, horizon: int) -> str:
    """Say whether what is wanted of a metric can be found, and when; begins with a small letter."""
    metric = need.baseline.metric
    if need.reason:
        return f"nothing can be planned for {metric.name}: {need.reason}."
    if need.effect is None:
        return _open(need, arriving, horizon)
    if need.baseline.role == GUARDRAIL:
        what, done = f"guardrail {metric.name}: a harm of {need.effect:.1%}", "ruled out"
    else:
        what, done = f"a change of {need.effect or 0:.1%} in {metric.name}", "found"
    sure = f"({need.terms.power:.0%} power)"
    if not arriving.known:
        return f"{what} takes {need.units:,.0f} {arriving.word} in all to be {done} {sure}."
    if need.weeks is None:
        return f"{what} is not reachable {sure}: {_never(need, arriving, horizon)}."
    if need.weeks > horizon:
        smallest = _smallest(need, arriving, horizon)
        return (
            f"{what} takes about {_weeks(need.weeks)} to be {done} {sure}, more than the {horizon} laid out{smallest}."
        )
    read_on = f": read it on {need.read_on}" if need.read_on is not None else ""
    return f"{what} can be {done} {sure} after {_weeks(need.weeks)}{read_on}.{_before(need, arriving)}"


def say_small_baselines(needs: Sequence[Need]) -> list[str]:
    """Warn of baselines that rest on few units."""
    return [
        f"The baseline of {need.baseline.metric.name} rests on {need.baseline.users} units only: a rough guess."
        for need in needs
        if need.baseline.thin and not need.reason
    ]


def capitalised(sentence: str) -> str:
    """Begin with a capital letter."""
    return sentence[:1].upper() + sentence[1:]


def rounded(units: float) -> str:
    """Say a number that is a guess: two digits, or three above 1 at the front."""
    if not units >= 1:
        return f"{units:.1f}"
    digits = max(0, math.floor(math.log10(units)) - 1)
    return f"{round(units / 10**digits) * 10**digits:,.0f}"


def _open(need: Need, arriving: Arriving, horizon: int) -> str:
    """Say what can be found, where the plan does not say what is wanted."""
    name = need.baseline.metric.name
    if not arriving.known:
        return f"nothing is wanted of {name}: say its min_effect= to learn how many {arriving.word} it takes."
    weeks = sorted({1, min(4, horizon), horizon})
    found = [(week, need.detectable(arriving.units(week))) for week in weeks]
    said = [f"{_change(*both)} after {_weeks(week)}" for week, both in found if not math.isnan(both[1])]
    if not said:
        return f"no change of {name} can be found with so few {arriving.word}."
    return f"the smallest change of {name} that can be found ({need.terms.power:.0%} power) is {', '.join(said)}."


def _never(need: Need, arriving: Arriving, horizon: int) -> str:
    needed = f"it takes {need.units:,.0f} {arriving.word}"
    if math.isfinite(arriving.ceiling):
        relative, absolute = need.detectable(arriving.ceiling)
        levels = f"{needed}, and arrivals level off at about {rounded(arriving.ceiling)}"
        best = "" if math.isnan(absolute) else f"; the smallest that can be is {_change(relative, absolute)}"
        return levels + best
    return f"{needed}, more than come in a year{_smallest(need, arriving, horizon)}"


def _smallest(need: Need, arriving: Arriving, horizon: int) -> str:
    relative, absolute = need.detectable(arriving.units(horizon))
    return "" if math.isnan(absolute) else f"; in {_weeks(horizon)}, {_change(relative, absolute)} can be"


def _before(need: Need, arriving: Arriving) -> str:
    """Say what one week less would find."""
    if need.weeks is None or need.weeks < 2:
        return ""
    relative, absolute = need.detectable(arriving.units(need.weeks - 1))
    said = _change(relative, absolute)
    if math.isnan(absolute) or said == f"{need.effect or 0:.1%}":
        return ""
    return f" After {_weeks(need.weeks - 1)} {said}."


def _change(relative: float, absolute: float) -> str:
    return f"{absolute:.3g}" if math.isnan(relative) else f"{relative:.1%}"


def _weeks(weeks: int) -> str:
    return f"{weeks} week{'' if weeks == 1 else 's'}"
