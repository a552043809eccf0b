"""Every error the package raises on purpose. Each message says what, why, and what to do next.

PmAnalyticsError
├── SourceError        (also OSError)      a file or table cannot be read
├── DataError          (also ValueError)   the data was read but cannot be used as asked
├── UnknownNameError   (also LookupError)  a name is not there; the nearest ones are offered
├── ParameterError     (also ValueError)   an argument or report parameter makes no sense
├── ReportError        (also RuntimeError) a report run failed; nothing was published
├── NotYetError        (also RuntimeError) the data is not fresh enough to answer yet
└── MissingExtraError  (also ImportError)  an optional dependency is not installed

PmAnalyticsWarning     (also UserWarning)  an answer was given, and this should be read with it
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAMES_SHOWN = 12


class PmAnalyticsError(Exception):
    """Base class: catch this to catch everything the package raises on purpose."""


class SourceError(PmAnalyticsError, OSError):
    """A file or table cannot be read."""


class DataError(PmAnalyticsError, ValueError):
    """The data was read, but cannot be used as asked."""


class ParameterError(PmAnalyticsError, ValueError):
    """An argument or a report parameter makes no sense."""


class ReportError(PmAnalyticsError, RuntimeError):
    """A report run failed; nothing was published."""


class NotYetError(PmAnalyticsError, RuntimeError):
    """The data is not fresh enough to answer yet; try again later."""


class PmAnalyticsWarning(UserWarning):
    """An answer was given, and this should be read with it."""


class UnknownNameError(PmAnalyticsError, LookupError):
    """A name (column, event, parameter, template...) is not there; the nearest ones are offered.

    Parameters
    ----------
    kind : str
        What the name names, in words: ``"column"``, ``"event"``, ``"parameter"``.
    missing : iterable of str
        The names that were asked for and do not exist.
    known : iterable of str
        The names that do exist.
    where : str
        Where they were looked for, in words.
    """

    def __init__(self, kind: str, missing: Iterable[str], known: Iterable[str], *, where: str) -> None:
        self.kind = kind
        self.missing = sorted(map(str, missing))
        self.known = sorted(map(str, known))
        self.where = where
        hints = ", ".join(f"{name!r}{did_you_mean(name, self.known)}" for name in self.missing)
        plural = "s" if len(self.missing) > 1 else ""
        super().__init__(f"No {kind}{plural} {hints} in {where}. It has: {shown(self.known)}.")

    def __reduce__(self) -> tuple[Callable[..., UnknownNameError], tuple[object, ...]]:
        """Travel between processes: by its parts, since its message alone does not make it again."""
        return partial(UnknownNameError, where=self.where), (self.kind, self.missing, self.known)


class MissingExtraError(PmAnalyticsError, ImportError):
    """An optional dependency is needed for what was asked."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        self._parts = (feature, package, extra)
        super().__init__(
            f"{feature} needs {package}, which is not installed. Install it with: pip install 'pm-analytics[{extra}]'"
        )

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str, str]]:
        """Travel between processes, by its parts."""
        return MissingExtraError, self._parts


def nearest(name: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """List the known names that look most like ``name``, best first; case is ignored."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    folded = name.casefold()
    close = get_close_matches(folded, by_folded, n=most, cutoff=0.5)
    inside = [key for key in by_folded if folded and (folded in key or key in folded)]
    return [by_folded[key] for key in dict.fromkeys([*close, *sorted(inside)])][:most]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say ' (did you mean ...?)', or nothing when no known name is close."""
    close = nearest(name, known)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""


def shown(names: Iterable[str], *, most: int = NAMES_SHOWN) -> str:
    """List names for a message, cut after ``most`` with a count of the rest."""
    listed = list(names)
    text = ", ".join(map(repr, listed[:most])) or "nothing"
    return text if len(listed) <= most else f"{text} and {len(listed) - most} more"
