"""What is asked of an experiment, written before its data is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from pm_analytics.errors import ParameterError
from pm_analytics.metrics import Metric
from pm_analytics.names import USER_ID
from pm_analytics.stats.proportions import check_confidence
from pm_analytics.times import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

PRIMARY, GUARDRAIL, EXPLORATORY = "primary", "guardrail", "exploratory"
FIXED, ANYTIME = "fixed", "anytime"
MOST_LOOKS = 100


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What is asked of an experiment, before anybody has seen its data.

    Attributes
    ----------
    primary : Metric or sequence of Metric
        What the decision hangs on; ``min_effect`` of each says which change would be worth having.
    control : str
        Name of the variant that changed nothing.
    guardrails : sequence of Metric
        What must not get worse than its ``max_harm``.
    split : mapping, optional
        Variant -> planned weight, such as ``{"control": 1, "treatment": 1}``. Equal over the variants seen when not
        given; name it whenever a variant might have received nobody.
    confidence : float
        Coverage of the intervals.
    exploratory : sequence of Metric
        What is looked at for ideas only; never a reason to ship.
    name, hypothesis : str
        What the experiment is called, and what it is expected to show, in words.
    unit : str
        What chance decided on, and what is counted: the id column of log and exposures. It is documentation: the unit
        is the one that the exposures carry.
    cluster : str, optional
        A property of the exposures, such as ``"account_id"``, when chance decided on whole groups of units. Intervals
        then count the groups.
    trigger : str, optional
        An event: only units that met it after exposure could have noticed a difference, so only they are compared, from
        that moment on, the same in every variant.
    segments : sequence of str
        Properties of the exposures by which the effect will be looked at. Others may be asked, as a deviation.
    looks : "fixed", "anytime" or int
        ``"fixed"``: read once, at the end. ``"anytime"``: read whenever you like. A number: so many planned looks,
        the last at ``planned_units``.
    planned_units : int, optional
        Units of all variants together at the planned end; needed unless ``looks="fixed"``.
    starts, ends : date, optional
        First day, and last day (included).
    power : float
        Chance to find ``min_effect`` of a primary metric, for planning.
    pre_period : str or timedelta, optional
        Look at every event metric over so long before exposure as well, and take out what was already different
        (CUPED). Narrower intervals, the same effect.
    covariates : sequence of str
        Properties of the exposures, known before them, that do the same; a text is a stratum, a number a covariate.
    frozen_on : str, optional
        The day on which :meth:`freeze` wrote it.
    """

    primary: Metric | Sequence[Metric]
    control: str = "control"
    guardrails: Sequence[Metric] = ()
    split: Mapping[str, float] | None = None
    confidence: float = 0.95
    exploratory: Sequence[Metric] = ()
    name: str = ""
    hypothesis: str = ""
    unit: str = USER_ID
    cluster: str | None = None
    trigger: str | None = None
    segments: Sequence[str] = ()
    looks: str | int = FIXED
    planned_units: int | None = None
    starts: date | str | None = None
    ends: date | str | None = None
    power: float = 0.8
    pre_period: str | timedelta | None = None
    covariates: Sequence[str] = ()
    _frozen: str | None = field(default=None, compare=False, repr=False)
    frozen_on: str | None = field(default=None, compare=False, repr=False)
    _original: ExperimentPlan | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a plan that could not be decided."""
        check_confidence(self.confidence)
        for day in ("starts", "ends"):
            object.__setattr__(self, day, _day(day, getattr(self, day)))
        if self.pre_period is not None:
            object.__setattr__(self, "pre_period", parse_duration(self.pre_period, name="pre_period"))
        for listed in ("guardrails", "exploratory", "segments", "covariates"):
            object.__setattr__(self, listed, _listed(listed, getattr(self, listed)))
        self._check_metrics()
        self._check_split()
        self._check_looks()
        if not self.confidence_alpha < self.power < 1:
            raise ParameterError(f"power={self.power!r} must lie between {self.confidence_alpha:.2f} and 1; write 0.8.")
        if self.starts and self.ends and str(self.ends) < str(self.starts):
            raise ParameterError(f"ends={self.ends} lies before starts={self.starts}.")

    @property
    def confidence_alpha(self) -> float:
        """One minus the confidence: how often chance alone may look like an effect."""
        return 1 - self.confidence

    @property
    def primaries(self) -> tuple[Metric, ...]:
        """The primary metrics, as a tuple."""
        return (self.primary,) if isinstance(self.primary, Metric) else tuple(self.primary)

    def metrics(self) -> list[tuple[Metric, str]]:
        """List every metric with its role, ``"primary"``, ``"guardrail"`` or ``"exploratory"``."""
        roles = ((PRIMARY, self.primaries), (GUARDRAIL, self.guardrails), (EXPLORATORY, self.exploratory))
        return [(metric, role) for role, metrics in roles for metric in metrics]

    @property
    def fingerprint(self) -> str:
        """The first 12 characters of a hash of everything that the plan says; another plan has another one."""
        from pm_analytics.analyses.experiment.plan_file import fingerprint

        return fingerprint(self)

    def freeze(self, path: str | Path) -> ExperimentPlan:
        """Write the plan to a YAML file, with its hash and today's date; give the plan as it is now frozen.

        Do it before the first unit is exposed. :meth:`load` tells when the file was edited afterwards, and every result
        prints what differs from the frozen plan.

        Raises
        ------
        ParameterError
            A frozen plan of other content already lies there; it is never overwritten.
        """
        from pm_analytics.analyses.experiment.plan_file import freeze

        frozen: ExperimentPlan = freeze(self, path)
        return frozen

    @classmethod
    def load(cls, path: str | Path) -> ExperimentPlan:
        """Read a plan from a YAML file.

        Raises
        ------
        SourceError, ParameterError
            No such file; not a plan; a key or a metric that no plan has.
        """
        from pm_analytics.analyses.experiment.plan_file import load

        read: ExperimentPlan = load(path, cls)
        return read

    def to_yaml(self) -> str:
        """Write the plan as YAML: what is left at its default is left out."""
        from pm_analytics.analyses.experiment.plan_file import to_yaml

        return to_yaml(self)

    def but(self, **changes: Any) -> ExperimentPlan:  # noqa: ANN401
        """Give the plan with some parts changed; what differs from the original is printed with every result."""
        return replace(self, **changes, _original=self._original or self)

    def deviations(self) -> list[str]:
        """List what differs from the plan as it was frozen or first written, one sentence each."""
        said = []
        if self._frozen is not None and self._original is None and self._frozen != self.fingerprint:
            said.append(
                f"The plan was edited after it was frozen on {self.frozen_on}: its hash is {self.fingerprint}, "
                f"was {self._frozen}."
            )
        if self._original is not None:
            changed = [part.name for part in fields(self) if part.compare and self._differs(part.name)]
            said += [
                f"The plan said {_say(name, self._original)}; this analysis uses {_say(name, self)}."
                for name in changed
            ]
        return said

    def _differs(self, name: str) -> bool:
        original = self._original
        return original is not None and getattr(self, name) != getattr(original, name)

    def _check_metrics(self) -> None:
        if not self.primaries:
            raise ParameterError(
                "A plan needs a primary metric, such as Metric.conversion('purchase', within='14 days')."
            )
        odd = [metric for metric, _ in self.metrics() if not isinstance(metric, Metric)]
        if odd:
            raise ParameterError(
                f"{odd[0]!r} is no metric; write for example Metric.count('export', within='14 days')."
            )
        without = [metric.name for metric in self.guardrails if metric.max_harm is None]
        if without:
            raise ParameterError(f"Guardrail {without[0]!r} needs the harm you would tolerate: max_harm=0.05 for 5 %.")
        names = [metric.name for metric, _ in self.metrics()]
        if len(set(names)) < len(names):
            raise ParameterError(f"Two metrics of the plan have one name: {names}. Say name='...' for one of them.")

    def _check_split(self) -> None:
        if self.split is not None and (self.control not in self.split or min(self.split.values()) <= 0):
            raise ParameterError(
                f"split={dict(self.split)!r} must give {self.control!r} and each variant a weight above 0."
            )
        if self.split is not None and len(self.split) < 2:
            raise ParameterError(f"split={dict(self.split)!r} names one variant; an experiment compares at least two.")

    def _check_looks(self) -> None:
        counted = isinstance(self.looks, int) and not isinstance(self.looks, bool)
        if not (self.looks in {FIXED, ANYTIME} or (counted and 1 <= int(self.looks) <= MOST_LOOKS)):
            raise ParameterError(
                f"looks={self.looks!r} is no choice; write 'fixed' (read once), 'anytime', or how many looks you plan."
            )
        if self.looks not in {FIXED, 1} and not self.planned_units:
            raise ParameterError(
                f"looks={self.looks!r} needs planned_units, the units of all variants together at the planned end; "
                "pm.plan_experiment says how many are needed."
            )
        if self.planned_units is not None and self.planned_units < 2:
            raise ParameterError(f"planned_units={self.planned_units!r} must be at least 2.")


def _day(name: str, value: date | str | None) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise ParameterError(f"{name}={value!r} is no date; write for example '2026-03-02'.") from error


def _listed(name: str, value: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Take a sequence, or one thing where several could stand."""
    if isinstance(value, str | Metric):
        return (value,)
    if value is None:
        raise ParameterError(f"{name}=None; leave it out when there are none.")
    return tuple(value)


def _say(name: str, plan: ExperimentPlan) -> str:
    value = getattr(plan, name)
    if name in {"primary", "guardrails", "exploratory"}:
        metrics = plan.primaries if name == "primary" else value
        value = "; ".join(f"{metric.name} ({metric.definition})" for metric in metrics) or "none"
        return f"{name} {value}"
    return f"{name} = {value!s}"
