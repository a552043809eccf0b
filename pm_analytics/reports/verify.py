"""Compute a published report again, and hold every claim and every word of it against the new ones."""

from __future__ import annotations

import hashlib
import html as escapes
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import ReportError, SourceError
from pm_analytics.reports import html
from pm_analytics.reports.execute import execute
from pm_analytics.reports.judge import judge
from pm_analytics.reports.library import Template, find
from pm_analytics.reports.publish import PAGE, RECEIPT, RECORD
from pm_analytics.reports.receipts import receipt_in
from pm_analytics.reports.record import RunRecord, fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CLOSE = 1e-9
"""Relative difference of two numbers that are the same but for the order of adding."""
_UNSEEN = re.compile(r"<(script|style|svg)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of computing a report again.

    Attributes
    ----------
    page : Path
        The page that was held against the new one.
    claims : int
        Claims computed again.
    problems : tuple of str
        What differs; empty when nothing does.
    notes : tuple of str
        What a reader should know, such as libraries that are newer than those of the run.
    """

    page: Path
    claims: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything was computed again and is the same."""
        return not self.problems

    def __str__(self) -> str:
        """Say what came of it."""
        if self.ok:
            lines = [
                f"Verified: {self.claims} claims computed again, and every word of {self.page.name}, are the same."
            ]
        else:
            shown = [f"- {problem}" for problem in self.problems[:MOST_SHOWN]]
            more = [f"- ... and {len(self.problems) - MOST_SHOWN} more"] if len(self.problems) > MOST_SHOWN else []
            lines = [f"Not verified: {self.page} differs from what its data give.", *shown, *more]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def verify(report: str | Path, *, timeout: float | None = None, templates: Iterable[str | Path] = ()) -> Verification:
    """Run a published report again on its own inputs and compare every claim and every word.

    Parameters
    ----------
    report : path
        The page, its folder, or a file beside it.
    timeout : float, optional
        Seconds for the run.
    templates : iterable of path
        More folders of templates.

    Returns
    -------
    Verification
        Its ``problems`` say what differs: a file that was edited after it was published, an input that changed, a claim
        or a sentence that comes out otherwise.

    Raises
    ------
    SourceError
        There is no published report there.
    ReportError
        It cannot be run again: its template or an input is gone, or the run fails.

    Examples
    --------
    >>> verify("reports/launch_impact/bulk-edit/report.html").ok  # doctest: +SKIP
    True
    """
    folder = _folder(Path(report))
    record = _record(folder)
    problems = [*_edited(folder, record), *_inputs(record)]
    template = find(record.template, templates)
    notes = _notes(record, template)
    notebook = _again(template, record, timeout)
    claims, differences = _claims(folder, notebook)
    problems += differences
    problems += _words(folder, html.to_page(notebook, record, template))
    return Verification(folder / PAGE, claims, tuple(problems), tuple(notes))


def _folder(path: Path) -> Path:
    folder = path if path.is_dir() else path.parent
    missing = [name for name in (PAGE, RECORD) if not (folder / name).exists()]
    if missing:
        raise SourceError(f"There is no published report at {path}: {', '.join(missing)} is missing beside it.")
    return folder


def _record(folder: Path) -> RunRecord:
    try:
        return RunRecord(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise SourceError(f"The run record {folder / RECORD} cannot be read: {error}.") from error


def _edited(folder: Path, record: RunRecord) -> Iterator[str]:
    """Find files that are not those that were published."""
    for name, digest in record.files.items():
        path = folder / name
        if not path.exists():
            yield f"{name} was published and is gone"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"{name} was changed after it was published"


def _inputs(record: RunRecord) -> Iterator[str]:
    """Find inputs that are gone or not what they were."""
    now = {one["parameter"]: one for one in fingerprints(record.parameters)}
    for one in record.inputs:
        found = now.get(one["parameter"])
        if found is None:
            raise ReportError(
                f"The report cannot be computed again: its input {one['file']} (parameter {one['parameter']}) is gone. "
                "Put it back where it was, or run the report anew."
            )
        if found["sha256"] != one["sha256"]:
            yield f"the input {one['file']} (parameter {one['parameter']}) is not what it was when the report was made"


def _notes(record: RunRecord, template: Template) -> list[str]:
    from pm_analytics.reports.record import begin

    notes = []
    if template.sha256 != record.template_sha256:
        notes.append(f"the template {record.template!r} is not the one of the run")
    newer = begin(template, {}).versions
    changed = [f"{name} {old} -> {newer.get(name)}" for name, old in record.versions.items() if newer.get(name) != old]
    return [*notes, *([f"other versions than in the run: {', '.join(changed)}"] if changed else [])]


def _again(template: Template, record: RunRecord, timeout: float | None) -> dict[str, Any]:
    with TemporaryDirectory(prefix="pm_analytics_", ignore_cleanup_errors=True) as private:
        execution = execute(template.path.read_bytes(), record.parameters, folder=Path(private), timeout=timeout)
    verdict = judge(execution, timeout)
    if verdict.status != "ok":
        raise ReportError(f"The report cannot be computed again: {verdict.message}.")
    return execution.notebook


def _claims(folder: Path, notebook: dict[str, Any]) -> tuple[int, list[str]]:
    """Compare report.json, claim by claim, with what comes out now."""
    new, path = receipt_in(notebook), folder / RECEIPT
    if new is None:
        return 0, []
    if not path.exists():
        return 0, [f"{RECEIPT} is missing beside the page"]
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return 0, [f"{RECEIPT} is no JSON any more"]
    problems = [f"{name}: {_short(a)} published, {_short(b)} computed" for name, a, b in _differences(old, new)]
    return len(new.get("claims", [])), problems


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name, value in new.items():
        if name != "claims" and not _same(old.get(name), value):
            yield name, old.get(name), value
    before = {claim.get("id"): claim for claim in old.get("claims", [])}
    after = {claim["id"]: claim for claim in new.get("claims", [])}
    for key in [*after, *(key for key in before if key not in after)]:
        a, b = before.get(key), after.get(key)
        if a is None or b is None:
            yield f"claim {key}", "nothing" if a is None else "a claim", "nothing" if b is None else "a claim"
            continue
        for part in b:
            if not _same(a.get(part), b[part]):
                yield f"claim {key}, {part}", a.get(part), b[part]


def _same(old: Any, new: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    if isinstance(new, float) and isinstance(old, int | float):
        return math.isclose(old, new, rel_tol=CLOSE, abs_tol=CLOSE)
    return bool(old == new)


def _short(value: Any) -> str:  # noqa: ANN401
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _words(folder: Path, fresh: str) -> Iterator[str]:
    """Compare the page's words with those of a page made anew, and its charts' numbers."""
    published = (folder / PAGE).read_text(encoding="utf-8")
    old, new = words_of(published), words_of(fresh)
    for a, b in zip(old, new, strict=False):
        if a != b:
            yield f"the page says {_around(old, new, a)!r}, and its data give {b!r}"
            return
    if len(old) != len(new):
        yield "the page has other words than its data give"
    elif _numbers(published) != _numbers(fresh):
        yield "a chart of the page shows other numbers than its data give"


def words_of(page: str) -> list[str]:
    """List the words of a page as a person reads them: no scripts, styles, drawings or tags."""
    return escapes.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", page))).split()


def _around(old: list[str], new: list[str], word: str) -> str:
    place = next(i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    return " ".join(old[max(0, place - 3) : place]) + f" {word}"


def _numbers(page: str) -> list[str]:
    """List the numbers in the charts' data; names that the drawing library makes up are passed over."""
    charts = re.findall(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return re.findall(r"-?\d+\.\d+(?:e[+-]?\d+)?", "".join(charts))
