"""The catalogue: every sentence a launch report says about cause, with slots for numbers. One per grade and finding.

The last letter of a name is the grade whose words the sentence uses; names without one are fit for every grade.
"""

from __future__ import annotations

SENTENCES = {
    "impact.A": (
        "{launch} caused an estimated {lift} change in {metric} ({confidence} interval {lower} to {upper}; "
        "{variant_n} users with it, {control_n} without)."
    ),
    "impact.B": (
        "{launch} very likely {raised} {metric}: {lift} (most compatible with {lower} to {upper}), provided both "
        "groups would otherwise have moved alike ({checked})."
    ),
    "impact.C": (
        "{metric} {rose} after launch by more than usual: {lift} against its forecast ({lower} to {upper}); {larger} "
        "of {trials} ordinary periods moved this much. Other causes not ruled out: {rivals}."
    ),
    "no_change": "Any change in {metric} lies between {lower} and {upper}; the wanted {wanted} is ruled out.",
    "unclear.A": (
        "The change in {metric} lies between {lower} and {upper}: too wide to decide about the wanted {wanted}."
    ),
    "unclear": (
        "{metric} lies between {lower} and {upper} of what was expected: too wide to decide about the wanted {wanted}. "
        "The smallest change this report could see is {mde}."
    ),
    "nothing.D": (
        "Nobody was kept without {launch} for comparison, so this report describes what happened and does not show "
        "what caused it."
    ),
    "refused.D": "What {launch} changed cannot be measured with this data: {reason}.",
    "nothing.E": "What {launch} changed cannot be measured with this data: {reason}.",
    "adopters.D": (
        "People who use {launch} also differ from others in other ways; that active people adopt first does not show "
        "what using it does."
    ),
    "broken": "The comparison cannot be trusted: {reason}",
    "too_early": "Too early: {days} full days have passed since the launch, and {needed} are needed.",
    "next_read": "The next honest read is on {date}.",
    "returned": (
        "It was rolled back on {date}. While it was on, {metric} was {on} of what was expected; afterwards it "
        "{returned}."
    ),
    "recipe": (
        "To know next time: keep a random 10 % of users without the feature, log who met which variant, and name the "
        "primary metric before the launch."
    ),
    "small": "Only {users} {label} could use it, so shares are given as counts and nothing is split further.",
    "nobody_asked": (
        "Nobody asked the users. Two questions are enough: how easy was it (1 to 7), and what would you change?"
    ),
    "beaten": "{what}: predicted {low} to {high} (middle {middle}), seen {seen} ({lower} to {upper}): {word}.",
}
