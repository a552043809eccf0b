"""The truth, computed from the model's rates and not from the events drawn.

Everything is about people with a full window of observation after their exposure, in both arms. Given when a
person was exposed, with S sessions expected in the window after the exposing one and x exports per session:

    mean exports      x (1 + S)
    no export at all  exp(-x) exp(-S (1 - exp(-x)))

Willing people in treatment export m times as much in every session from exposure on; m is solved so that the
average over everybody, willing or not, rises by `effect`. An event is counted where its session began; that a
few minutes of delay may carry it out of a window of 14 days is neglected (under 0.1 %, in both arms alike).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pm_analytics.errors import ParameterError
from pm_analytics.simulate import behaviour
from pm_analytics.simulate.people import chances
from pm_analytics.simulate.plan import NEVER, ONBOARDING, WINDOW_DAYS, share_of_day_before
from pm_analytics.times import DAY

if TYPE_CHECKING:
    from pm_analytics.simulate.people import People
    from pm_analytics.simulate.plan import Numbers, Plan, Times


@dataclass(frozen=True, slots=True)
class Window:
    """People with a full window: who, and what is expected of them in the sessions after the exposing one."""

    person: Times
    sessions: Numbers
    keen_sessions: Numbers  # the same, weighted by the novelty of Bulk edit
    exports: Numbers  # per session
    willingness: Numbers

    def mean(self, of: Numbers) -> float:
        """Average over people."""
        return float(np.mean(of)) if len(of) else 0.0


def window(plan: Plan, people: People, exposed: Times) -> Window:
    """Add up each person's expected sessions over the window after exposure, day by day."""
    mature = (exposed != NEVER) & (exposed <= plan.end - WINDOW_DAYS * DAY)
    person = np.flatnonzero(mature)
    sessions, keen = np.zeros(len(person)), np.zeros(len(person))
    first = behaviour.day_of(plan, exposed[person])
    before = share_of_day_before(exposed[person])
    for age in range(WINDOW_DAYS + 1):
        whole = behaviour.session_rate(plan, people, person, first + age)
        rate = whole * {0: 1 - before, WINDOW_DAYS: before}.get(age, 1.0)
        sessions += rate
        keen += rate * behaviour.novelty(np.full(1, age))
    return Window(person, sessions, keen, people.exports[person], people.willingness[person])


def multiplier(plan: Plan, seen: Window) -> float:
    """Solve by how much willing people must export more for everybody's average to rise by `effect`.

    Raises
    ------
    ParameterError
        The effect is so negative that even no export at all by the willing would not reach it.
    """
    exports = seen.exports * (1 + seen.sessions)
    share = seen.mean(exports * seen.willingness) / seen.mean(exports)
    if plan.effect < -share:
        raise ParameterError(
            f"effect={plan.effect:g} is out of reach: only those who adopt change, and they make {share:.0%} "
            f"of the exports, so the average cannot fall further. Use an effect above {-share:.2f}."
        )
    return 1 + plan.effect / share


def expected(plan: Plan, people: People, seen: Window, times: float) -> dict[str, Any]:
    """State what is true of the experiment, of adoption, of self-selection and of onboarding."""
    return {
        "metrics": _metrics(plan, seen, times),
        "adoption": _adoption(seen),
        "self_selection": _self_selection(seen, times),
        "onboarding": _onboarding(plan, people),
    }


def _metrics(plan: Plan, seen: Window, times: float) -> dict[str, dict[str, float]]:
    """Compare the arms: everybody without the feature, everybody with it."""
    visits, willing = 1 + seen.sessions, seen.willingness
    exports, errors = seen.exports * visits, behaviour.ERRORS * visits
    tickets = seen.mean(behaviour.TICKETS * visits)
    some, more = _any_export(seen, 1.0), _any_export(seen, times)
    return {
        "report_exported_per_user": _compare(seen.mean(exports), seen.mean(exports + exports * willing * (times - 1))),
        "report_exported_by_share_of_users": _compare(seen.mean(some), seen.mean(some + willing * (more - some))),
        "support_ticket_opened_per_user": _compare(tickets, tickets),
        "error_shown_per_user": _compare(seen.mean(errors), seen.mean(errors + errors * willing * plan.error_harm)),
    }


def _compare(control: float, treatment: float) -> dict[str, float]:
    difference = treatment - control
    return {
        "control": control,
        "treatment": treatment,
        "difference": difference,
        "lift": difference / control,
    }


def _any_export(seen: Window, times: float) -> Numbers:
    """Give the probability of at least one export in the window."""
    exports = seen.exports * times
    return _at_least_once(-np.expm1(-exports), seen.sessions)


def _at_least_once(chance: Numbers | float, sessions: Numbers) -> Numbers:
    """Give the probability that something happens in the exposing session or in one after it."""
    none: Numbers = (1 - chance) * np.exp(-chance * sessions)
    return 1 - none


def _adoption(seen: Window) -> dict[str, float]:
    """State which shares of exposed, treated people open and save Bulk edit within the window."""
    willing, keen = seen.willingness, seen.keen_sessions
    opens = _at_least_once(behaviour.OPENS_WILLING, keen)
    looks = _at_least_once(behaviour.OPENS_CURIOUS, keen)
    saves = _at_least_once(behaviour.OPENS_WILLING * behaviour.SAVES, keen)
    return {
        "willing": seen.mean(willing),
        "opened_in_window": seen.mean(willing * opens + (1 - willing) * looks),
        "saved_in_window": seen.mean(willing * saves),
    }


def _self_selection(seen: Window, times: float) -> dict[str, float]:
    """State how wrong it is to compare treated people who take to Bulk edit with those who do not."""
    exports = seen.exports * (1 + seen.sessions)
    willing = float(np.average(exports, weights=seen.willingness)) * times
    unwilling = float(np.average(exports, weights=1 - seen.willingness))
    return {
        "willing_multiplier": times,
        "willing_exports_per_user": willing,
        "unwilling_exports_per_user": unwilling,
        "naive_lift": willing / unwilling - 1,
    }


def _onboarding(plan: Plan, people: People) -> dict[str, float]:
    """State which share of those who signed up in the log reaches each step, given enough time."""
    new = (people.arrived >= plan.start) & (people.arrived < plan.end)
    reach = np.cumprod(chances(people)[:, new], axis=0).mean(axis=1) if new.any() else np.zeros(4)
    return dict(zip(ONBOARDING, [1.0, *map(float, reach)], strict=True))
