"""One check of the validity gate: what was looked at, what was found, and what to do when it failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "noted", "failed", "not checked"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the gate.

    Attributes
    ----------
    name : str
        What was checked.
    status : {"passed", "noted", "failed", "not checked"}
        ``"noted"``: something was left out or is worth knowing; ``"failed"``: no result may be read.
    evidence : str
        The numbers; of what was not checked, why.
    next_step : str
        What to look at when it failed.
    """

    name: str
    status: Status
    evidence: str
    next_step: str = ""
