"""A plan as a file that people read and sign: YAML, with a hash that tells when it was edited later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pm_analytics.errors import ParameterError, SourceError, UnknownNameError
from pm_analytics.metrics import Metric
from pm_analytics.times import say_duration

Plan = Any
"""A plan: a dataclass, handed in by its own module, so that neither needs the other to be read."""

METRICS = ("primary", "guardrails", "exploratory")
MAKERS = ("conversion", "count", "mean", "ratio", "quantile", "retention", "funnel", "time_to", "recorded")
LENGTH = 12


def to_yaml(plan: Plan) -> str:
    """Write a plan as YAML, without what is left at its default."""
    import yaml

    return str(yaml.safe_dump(_plain(plan), sort_keys=False, allow_unicode=True, width=100))


def fingerprint(plan: Plan) -> str:
    """Hash what a plan says, whatever way it is written."""
    text = json.dumps(_plain(plan), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def freeze(plan: Plan, path: str | Path) -> Plan:
    """Write a plan with its hash and the date; see ``ExperimentPlan.freeze``."""
    path = Path(path)
    hashed, today = fingerprint(plan), f"{datetime.now(UTC):%Y-%m-%d}"
    if path.exists():
        kept = load(path, type(plan))
        if fingerprint(kept) != hashed or kept.deviations():
            raise ParameterError(
                f"{path.name} already holds another plan, frozen on {kept.frozen_on}. A frozen plan stays: "
                "write to another file, or use plan.but(...) so that what changed is printed."
            )
        return kept
    stamp = f"frozen:\n  date: '{today}'\n  hash: {hashed}\n"
    path.write_text(to_yaml(plan) + stamp, encoding="utf-8")
    return replace(plan, _frozen=hashed, frozen_on=today)


def load(path: str | Path, kind: type[Any]) -> Plan:
    """Read a plan from YAML; see ``ExperimentPlan.load``."""
    import yaml

    path = Path(path)
    if not path.exists():
        raise SourceError(f"There is no plan at {path}. Write one with plan.freeze('{path.name}').")
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ParameterError(
            f"{path.name} is not YAML: {str(error).splitlines()[0]}. Check its indentation."
        ) from error
    if not isinstance(read, Mapping) or "primary" not in read:
        raise ParameterError(f"{path.name} is no plan: it needs at least the key 'primary' with a metric.")
    return of_mapping(dict(read), kind, where=path.name)


def of_mapping(read: dict[str, Any], kind: type[Any], *, where: str) -> Plan:
    """Make a plan of the keys of a file.

    Raises
    ------
    UnknownNameError, ParameterError
        A key or metric that no plan has.
    """
    frozen = read.pop("frozen", None) or {}
    known = [part.name for part in fields(kind) if part.compare]
    unknown = [key for key in read if key not in known]
    if unknown:
        raise UnknownNameError("key", unknown, known, where=where)
    for name in METRICS:
        if name in read:
            read[name] = metrics_of(read[name], where)
    return kind(**read, _frozen=frozen.get("hash"), frozen_on=str(frozen.get("date", "")) or None)


def metrics_of(listed: Any, where: str) -> list[Metric]:  # noqa: ANN401
    """Make metrics of what a file says: one mapping, or several."""
    rows = [listed] if isinstance(listed, Mapping) else listed
    return [_metric(dict(row), where) for row in rows]


def _metric(row: dict[str, Any], where: str) -> Metric:
    makers = [maker for maker in MAKERS if maker in row]
    if len(makers) != 1:
        raise ParameterError(
            f"A metric in {where} must say exactly one of {', '.join(MAKERS)}; it says {', '.join(row) or 'nothing'}. "
            "For example: {conversion: purchase, within: 14 days}."
        )
    subject = row.pop(makers[0])
    subjects = [] if subject is None else [subject]
    try:
        metric: Metric = getattr(Metric, makers[0])(*subjects, **row)
    except TypeError as error:
        known = [part.name for part in fields(Metric)]
        odd = [key for key in row if key not in [*known, "at"]]
        if odd:
            raise UnknownNameError("key of a metric", odd, known, where=where) from error
        raise ParameterError(f"The metric {makers[0]} of {subject!r} in {where} lacks something: {error}.") from error
    return metric


def _plain(plan: Plan) -> dict[str, Any]:
    """Give a plan as plain words and numbers, without what is at its default."""
    found: dict[str, Any] = {}
    for part in fields(plan):
        value = getattr(plan, part.name)
        if not part.compare or (value == part.default and part.name != "primary"):
            continue
        if part.name in METRICS:
            metrics = plan.primaries if part.name == "primary" else value
            found[part.name] = [metric_words(metric) for metric in metrics]
        else:
            found[part.name] = plain_words(value)
    return found


def plain_words(value: Any) -> Any:  # noqa: ANN401
    """Write durations and days as people do, within lists and mappings too."""
    if isinstance(value, timedelta):
        return say_duration(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain_words(each) for name, each in value.items()}
    return [plain_words(each) for each in value] if isinstance(value, list | tuple) else value


def metric_words(metric: Metric) -> dict[str, Any]:
    """Write a metric as the call of its maker: the maker and its subject first, then what is not left at default."""
    maker, subject = _maker(metric)
    row: dict[str, Any] = {maker: subject}
    skip = {"name", "kind", "event", "steps"} | ({"value"} if metric.is_recorded else set())
    for part in fields(metric):
        value = getattr(metric, part.name)
        default = {} if part.name == "where" else part.default
        if part.name in skip or value == default:
            continue
        row["at" if part.name == "quantile_at" else part.name] = plain_words(value)
    if maker == "recorded" and metric.kind not in {"conversion", "ratio"}:
        row["kind"] = metric.kind
    if maker == "time_to" and metric.direction == "up":
        row["direction"] = "up"
    elif maker == "time_to":
        row.pop("direction", None)
    row["name"] = metric.name
    return row


def _maker(metric: Metric) -> tuple[str, Any]:
    if metric.is_recorded:
        return "recorded", metric.value
    if metric.kind == "funnel":
        return "funnel", list(metric.steps)
    if metric.kind == "conversion" and metric.after is not None:
        return "retention", metric.event
    return {"time": "time_to"}.get(metric.kind, metric.kind), metric.event
