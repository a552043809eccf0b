"""What a check of the data found, and what that does to a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["green", "amber", "red"]
Acts = Literal["", "caveat", "degrade", "withhold"]
SEVERITIES: tuple[Severity, ...] = ("green", "amber", "red")
_USUAL: dict[Severity, Acts] = {"green": "", "amber": "caveat", "red": "withhold"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of a log.

    Attributes
    ----------
    check : str
        What was looked at.
    severity : {"green", "amber", "red"}
        Fine; read the answer with this in mind; no verdict may rest on it.
    evidence : str
        The numbers.
    effect : str
        What it does to a verdict; empty when green.
    acts : {"", "caveat", "degrade", "withhold"}
        The same for programs: nothing; a caveat is added; before and after do not compare; no verdict. What the
        severity usually does, where nothing else is said.
    days : tuple of str
        Local dates concerned, in ISO form; may be empty.
    """

    check: str
    severity: Severity
    evidence: str
    effect: str = ""
    acts: Acts = ""
    days: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Let the severity say what a finding does, where nothing else is said."""
        if not self.acts:
            object.__setattr__(self, "acts", _USUAL[self.severity])
