"""Sentences about a launch, and the linter that keeps their verbs within the grade.

A sentence is a catalogue entry with slots; the numbers come from claims. Which words a grade forbids is a table, so a
test, a template and a rendered page can all be held to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.verdicts.sentences import SENTENCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pm_analytics.verdicts.grades import Grade

# Words that claim more than any statistics can, at any grade.
NEVER = (r"\bprove[sdn]?\b", r"\bproof\b", r"\bsignifican(?:t|tly|ce)\b", r"\bguarantee[sd]?\b", r"\bno effect\b")

# Words that say the launch made something happen. Grade A may use them; below it only the listed ones fall.
CAUSAL = (
    r"\bcaused\b", r"\bcauses\b", r"\bled to\b", r"\bleads to\b", r"\bdrove\b", r"\bdrives\b", r"\bthanks to\b",
    r"\bbecause of the launch\b", r"\bdue to the launch\b", r"\bresulted in\b", r"\bboosted\b", r"\bimproved\b",
    r"\bimpact of\b", r"\bincreased by\b", r"\bdecreased by\b", r"\bmade users\b", r"\buplift\b",
    r"\battributable to\b", r"\bcontributed to\b", r"\bdriven by\b", r"\bresponsible for\b", r"\bas a result of\b",
    r"\bbrought about\b", r"\bpaid off\b", r"\bhelped users\b", r"\beffect of the launch\b",
)  # fmt: skip
RAISED = (r"\bvery likely raised\b", r"\bvery likely lowered\b", r"\braised\b", r"\blowered\b")
ROSE_MORE = (r"\brose after launch by more than usual\b", r"\bfell after launch by more than usual\b")

FORBIDDEN: dict[Grade, tuple[str, ...]] = {
    "A": NEVER,
    "B": NEVER + CAUSAL,
    "C": NEVER + CAUSAL + RAISED,
    "D": NEVER + CAUSAL + RAISED + ROSE_MORE,
    "E": NEVER + CAUSAL + RAISED + ROSE_MORE,
}
OUR_WORDS = {"raised", "rose", "returned", "word"}
"""Slots that hold words of ours, not names or numbers."""

# Saying that something is not shown is always allowed.
DISCLAIMER = re.compile(
    r"(?:does not|do not|cannot|not) (?:show|tell|say|prove)[^.;]*|what caused it|what would have happened[^.;]*"
    r"|(?:other|rival|its) causes?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A word that claims more than the grade allows."""

    word: str
    around: str


def say(sentence: str, grade: Grade, **slots: str) -> str:
    """Fill a sentence of the catalogue, and refuse it when its words exceed the grade.

    Raises
    ------
    ValueError
        The sentence claims more than the grade allows: a fault of this package, never of its user.
    """
    text = SENTENCES[sentence].format(**slots)
    made_for = sentence.rpartition(".")[2] if "." in sentence else grade
    # Names of launches and metrics are the user's words; only ours are held to the grade.
    plain = {name: word if name in OUR_WORDS else "x" for name, word in slots.items()}
    found = [each.word for each in lint(SENTENCES[sentence].format(**plain), grade)]
    if found or grade > made_for:
        said = found[0] if found else sentence
        raise ValueError(f"The sentence {sentence!r} says {said!r}, which grade {grade} does not allow.")
    return text


def lint(text: str, grade: Grade, *, names: Iterable[str] = ()) -> list[Violation]:
    """List the words in a text that claim more than its grade allows.

    ``names`` are words of the user (what a launch or a metric is called), which are no claims and are passed over.

    Examples
    --------
    >>> [v.word for v in lint("The launch boosted exports.", "C")]
    ['boosted']
    >>> lint("This does not show what caused it.", "D")
    []
    """
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(re.escape(name), " " * len(name), text, flags=re.IGNORECASE)
    plain = DISCLAIMER.sub(lambda match: " " * len(match.group()), text)
    return [
        Violation(match.group(), text[max(0, match.start() - 30) : match.end() + 30].strip())
        for pattern in FORBIDDEN[grade]
        for match in re.finditer(pattern, plain, re.IGNORECASE)
    ]
