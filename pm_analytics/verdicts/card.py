"""The launch card: what a launch should do, written before it and held against what happened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pm_analytics.analyses.experiment.plan_file import metric_words, metrics_of, plain_words
from pm_analytics.errors import ParameterError, SourceError, UnknownNameError
from pm_analytics.metrics import Metric

DESIGNS = ("experiment", "rollout", "none")
LENGTH = 12
QUANTILES = ("p10", "p50", "p90")
PREDICTABLE = ("adoption", "lift")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchCard:
    """What a launch should do, and how it will be judged.

    Attributes
    ----------
    launch : str
        How people call it.
    launch_at : str
        When it is to come out, as ISO text.
    hypothesis : str
        "If ..., then ...".
    primary : Metric
        What it should move.
    target : float or None
        Relative change hoped for, 0.05 = 5 %.
    min_worthwhile : float
        Smallest relative change that would matter.
    owner, eligible, if_below : str
        Who answers for it; who can use it, in words; what happens if the target is missed.
    feature_events, entry_events : sequence of str
        Events that use the feature, and events that show it was noticed.
    guardrails : sequence of Metric
        What must not get worse; each with ``max_harm``.
    design : mapping
        ``kind`` (experiment, rollout, none) and, if any, ``holdout`` (share kept without).
    read_dates : sequence of date
        When it will be read.
    predicted : mapping
        ``adoption`` and ``lift`` -> (p10, p50, p90): what the team expects, with its uncertainty.
    rice : mapping
        Reach, impact, confidence, effort, as the launch was prioritised.
    frozen_on : str or None
        When :meth:`freeze` wrote it.
    """

    launch: str
    launch_at: str
    primary: Metric
    hypothesis: str = ""
    target: float | None = None
    min_worthwhile: float = 0.02
    owner: str = ""
    eligible: str = ""
    if_below: str = ""
    feature_events: Sequence[str] = ()
    entry_events: Sequence[str] = ()
    guardrails: Sequence[Metric] = ()
    design: Mapping[str, Any] = field(default_factory=dict)
    read_dates: Sequence[date] = ()
    predicted: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    rice: Mapping[str, float] = field(default_factory=dict)
    frozen_on: str | None = field(default=None, compare=False)
    frozen_hash: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse a card that could not be held against anything."""
        if not self.launch:
            raise ParameterError("A launch card needs launch: what people call it.")
        kind = self.design.get("kind", "none")
        if kind not in DESIGNS:
            raise ParameterError(f"design kind {kind!r} is not a choice; write one of {', '.join(DESIGNS)}.")
        for guardrail in self.guardrails:
            if guardrail.max_harm is None:
                raise ParameterError(f"The guardrail {guardrail.name!r} needs max_harm: the change that is tolerated.")
        for name, ends in self.predicted.items():
            if name not in PREDICTABLE:
                raise UnknownNameError("prediction", [name], PREDICTABLE, where="the launch card")
            if len(ends) != len(QUANTILES) or not ends[0] <= ends[1] <= ends[2]:
                raise ParameterError(f"predicted {name} must be [p10, p50, p90], rising; it is {list(ends)}.")

    @property
    def fingerprint(self) -> str:
        """Hash what the card says, whatever way it is written."""
        return hashlib.sha256(json.dumps(_plain(self), sort_keys=True, default=str).encode()).hexdigest()[:LENGTH]

    @property
    def edited(self) -> bool:
        """Whether it was changed after it was frozen."""
        return self.frozen_hash is not None and self.frozen_hash != self.fingerprint

    def status(self, launched: date) -> str:
        """Say whether the criteria were written before the launch."""
        if self.frozen_on is None:
            return "not frozen: nothing shows when the criteria were written"
        if self.edited:
            return f"edited after it was frozen on {self.frozen_on}"
        when = date.fromisoformat(self.frozen_on)
        order = (
            "before launch" if when < launched else "on the day of the launch" if when == launched else "after launch"
        )
        return f"criteria written {self.frozen_on}, {order}"

    def freeze(self, path: str | Path) -> LaunchCard:
        """Write the card with its hash and today's date; a frozen card is never overwritten by another.

        Raises
        ------
        ParameterError
            The file holds another card already.
        """
        path = Path(path)
        if path.exists():
            kept = LaunchCard.load(path)
            if kept.fingerprint != self.fingerprint or kept.edited:
                raise ParameterError(
                    f"{path.name} already holds another card, frozen on {kept.frozen_on}. A frozen card stays: write "
                    "to another file, and the report will say that there are two."
                )
            return kept
        made = replace(self, frozen_on=f"{datetime.now(UTC):%Y-%m-%d}", frozen_hash=self.fingerprint)
        stamp = f"frozen:\n  date: '{made.frozen_on}'\n  hash: {made.frozen_hash}\n"
        path.write_text(self.to_yaml() + stamp, encoding="utf-8")
        return made

    def to_yaml(self) -> str:
        """Write the card as YAML, without what is left at its default."""
        import yaml

        return str(yaml.safe_dump(_plain(self), sort_keys=False, allow_unicode=True, width=100))

    @classmethod
    def load(cls, path: str | Path) -> LaunchCard:
        """Read a card from YAML.

        Raises
        ------
        SourceError
            There is no such file.
        ParameterError, UnknownNameError
            It is no YAML, or holds keys that no card has.
        """
        import yaml

        path = Path(path)
        if not path.exists():
            raise SourceError(
                f"There is no launch card at {path}. Write one with LaunchCard(...).freeze('{path.name}')."
            )
        try:
            read = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise ParameterError(f"{path.name} is not YAML: {str(error).splitlines()[0]}.") from error
        if not isinstance(read, Mapping) or "launch" not in read or "primary" not in read:
            raise ParameterError(f"{path.name} is no launch card: it needs at least launch, launch_at and primary.")
        return _of_mapping(dict(read), path.name)


def _of_mapping(read: dict[str, Any], where: str) -> LaunchCard:
    frozen = read.pop("frozen", None) or {}
    known = [part.name for part in fields(LaunchCard) if part.compare]
    unknown = [key for key in read if key not in known]
    if unknown:
        raise UnknownNameError("key", unknown, known, where=where)
    primary = dict(read["primary"])
    for name in ("target", "min_worthwhile"):
        if name in primary:
            read[name] = _share(primary.pop(name), name)
    for name in ("target", "min_worthwhile"):
        if isinstance(read.get(name), str):
            read[name] = _share(read[name], name)
    read["primary"] = metrics_of(primary, where)[0]
    read["guardrails"] = metrics_of([_with_share(dict(row)) for row in read.get("guardrails", [])], where)
    read["launch_at"] = str(read.get("launch_at", ""))
    read["predicted"] = {name: tuple(ends) for name, ends in (read.get("predicted") or {}).items()}
    read["read_dates"] = tuple(_day(day) for day in read.get("read_dates", ()))
    if not read["launch_at"]:
        raise ParameterError(f"{where} needs launch_at: when the launch comes out.")
    return LaunchCard(**read, frozen_on=str(frozen.get("date", "")) or None, frozen_hash=frozen.get("hash"))


def _with_share(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"max_harm": _share(row["max_harm"], "max_harm")} if "max_harm" in row else row


def _share(value: Any, name: str) -> float:  # noqa: ANN401 - whatever YAML holds
    """Read 0.05, "5%" and "+5 %" alike."""
    try:
        text = str(value).replace(" ", "")
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError as error:
        raise ParameterError(f"{name}={value!r} is no share; write 0.05 or '5%'.") from error


def _day(value: Any) -> date:  # noqa: ANN401
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _plain(card: LaunchCard) -> dict[str, Any]:
    """Give a card as plain words and numbers, without what is at its default."""
    found: dict[str, Any] = {}
    for part in fields(card):
        value = getattr(card, part.name)
        if not part.compare or (not value and part.name not in {"launch", "launch_at"}):
            continue
        found[part.name] = _word(value)
    return found


def _word(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Metric):
        return metric_words(value)
    if isinstance(value, list | tuple):
        return [_word(each) for each in value]
    return plain_words(value)
