"""What may be said about why, in words of the grade: one sentence of the catalogue for each kind of finding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pm_analytics.names import CONTROL_USERS, LIFT, LIFT_CI_LOWER, LIFT_CI_UPPER, METRIC, STATUS, VARIANT_USERS
from pm_analytics.verdicts.gaps import GAP
from pm_analytics.verdicts.wording import say

if TYPE_CHECKING:
    from pm_analytics.analyses.experiment import ExperimentResult
    from pm_analytics.analyses.impact import ImpactResult
    from pm_analytics.verdicts.findings import LaunchFindings


def causes(found: LaunchFindings) -> list[str]:
    """Say what may be said about why the primary metric is where it is."""
    if found.experiment is not None:
        return [_of_experiment(found, found.experiment)]
    if found.verdict.rule == 1:
        return [say("broken", found.grade, reason=f"{'; '.join(found.reasons)}.")]
    if found.impact is not None and found.grade in {"B", "C"}:
        return [_of_impact(found, found.impact), *_reversed(found)]
    reason = "; ".join(found.reasons)
    if reason and found.question.primary_event is not None:
        name = "refused.D" if found.grade == "D" else "nothing.E"
        return [say(name, found.grade, launch=found.question.launch_name, reason=reason)]
    if found.grade == "E":
        return [say("nothing.E", "E", launch=found.question.launch_name, reason="nothing was asked that could show it")]
    return [say("nothing.D", found.grade, launch=found.question.launch_name)]


def _of_experiment(found: LaunchFindings, result: ExperimentResult) -> str:
    if not result.trusted:
        return say("broken", found.grade, reason=result.summary())
    row = result.rows("primary")[0]
    if math.isnan(row[LIFT_CI_LOWER]):
        return result.summary()
    slots = {
        "metric": row[METRIC],
        "lower": f"{row[LIFT_CI_LOWER]:+.1%}",
        "upper": f"{row[LIFT_CI_UPPER]:+.1%}",
    }
    wanted = f"{found.question.wanted_lift:+.1%}"
    if row[STATUS] == "unclear":
        ruled_out = row[LIFT_CI_UPPER] < found.question.wanted_lift
        return say("no_change" if ruled_out else "unclear.A", "A", wanted=wanted, **slots)
    return say(
        "impact.A",
        "A",
        launch=found.question.launch_name,
        lift=f"{row[LIFT]:+.1%}",
        confidence=f"{result.confidence:.0%}",
        variant_n=f"{row[VARIANT_USERS]:,}",
        control_n=f"{row[CONTROL_USERS]:,}",
        **slots,
    )


def _of_impact(found: LaunchFindings, result: ImpactResult) -> str:
    each, wanted = result.primary, f"{found.question.wanted_lift:+.1%}"
    slots = {
        "metric": each.subject.metric,
        "lower": f"{each.lift_lower:+.1%}",
        "upper": f"{each.lift_upper:+.1%}",
    }
    if math.isnan(each.lift):
        return result.summary()
    if not each.moved:
        if each.good[1] < found.question.wanted_lift:
            return say("no_change", found.grade, wanted=wanted, **slots)
        smallest = f"{each.relative(each.mde):.1%}" if not math.isnan(each.mde) else "not known"
        return say("unclear", found.grade, wanted=wanted, mde=smallest, **slots)
    up = each.difference > 0
    if found.grade == "B":
        return say(
            "impact.B",
            "B",
            launch=found.question.launch_name,
            raised="raised" if up else "lowered",
            lift=f"{each.lift:+.1%}",
            checked=f"checked over {result.window.timeline.say(result.window.before)}",
            **slots,
        )
    others = [str(other) for other in result.window.occasions if other.what != GAP]
    return say(
        "impact.C",
        "C",
        rose="rose" if up else "fell",
        lift=f"{each.lift:+.1%}",
        larger=str(each.larger),
        trials=str(each.trials),
        rivals=", ".join(others) or "none recorded",
        **slots,
    )


def _reversed(found: LaunchFindings) -> list[str]:
    back = found.reversal
    if back is None or found.impact is None:
        return []
    each = found.impact.primary
    on = f"{1 + each.lift:.1%}" if not math.isnan(each.lift) else "another level"
    return [say("returned", found.grade, date=str(back.day), metric=each.subject.metric, on=on, returned=back.words())]
