"""A simulation study: a setting in which the truth is known, how often the method was right, and how often it must be."""

from __future__ import annotations

import math
import os
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SHARE = float(os.environ.get("PM_ANALYTICS_TRUST", "1"))
"""Part of the stated repetitions that is run: 1 for the page, a tenth on every change."""
Z = 2.576
"""What is allowed beyond a target by chance alone: a binomial 99 % band of the repetitions that were run."""


@dataclass(frozen=True)
class Case:
    """One setting of a study.

    Attributes
    ----------
    study, setting : str
        What is studied, and in which setting.
    run : callable
        ``run(repetitions, rng)`` gives what was found, a number.
    least, most : float
        The target.
    repetitions : int
        As stated on the page.
    share : bool
        Whether the number is a share of the repetitions, so that chance alone moves it.
    fewest : int
        Repetitions below which a part is not run.
    """

    study: str
    setting: str
    run: Callable[[int, np.random.Generator], float]
    least: float
    most: float
    repetitions: int = 10_000
    share: bool = True
    fewest: int = 200

    @property
    def id(self) -> str:
        """What the case is called in tests, and what seeds it."""
        return f"{self.study}: {self.setting}"

    def found(self) -> Found:
        """Run it, as often as this run asks for."""
        times = max(self.fewest, round(self.repetitions * SHARE)) if self.repetitions > 1 else 1
        rng = np.random.default_rng(zlib.crc32(self.id.encode()))
        return Found(self, times, float(self.run(times, rng)))


@dataclass(frozen=True)
class Found:
    """What a case gave."""

    case: Case
    repetitions: int
    value: float

    @property
    def slack(self) -> float:
        """How far chance alone may carry the number beyond its target."""
        if not self.case.share:
            return 0.0
        edge = min(max(self.value, 1 / self.repetitions), 1 - 1 / self.repetitions)
        full = math.sqrt(edge * (1 - edge) / self.case.repetitions)
        # The targets allow for chance at the full number of repetitions; fewer of them need more.
        return Z * max(0.0, math.sqrt(edge * (1 - edge) / self.repetitions) - full)

    @property
    def holds(self) -> bool:
        """Whether the target is reached."""
        return self.case.least - self.slack <= self.value <= self.case.most + self.slack

    def row(self) -> dict[str, Any]:
        """Lay it out for the page."""
        return {
            "study": self.case.study,
            "setting": self.case.setting,
            "repetitions": self.repetitions,
            "found": self.value,
            "least": self.case.least,
            "most": self.case.most,
            "holds": self.holds,
            "share": self.case.share,
        }


@dataclass
class Studies:
    """All cases, as they are registered."""

    cases: list[Case] = field(default_factory=list)

    def add(
        self, study: str, settings: Mapping[str, tuple[Callable[..., float], float, float]], **options: Any
    ) -> None:
        """Register a study: setting -> (run, least, most)."""
        known = {case.id for case in self.cases}
        made = [Case(study, name, *parts, **options) for name, parts in settings.items()]
        # The search for doctests imports each module a second time.
        self.cases += [case for case in made if case.id not in known]


STUDIES = Studies()
