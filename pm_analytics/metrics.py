"""A metric, defined once and used everywhere: what is counted per unit, for how long, and which way is good."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from pm_analytics.errors import ParameterError
from pm_analytics.filters import say_filter
from pm_analytics.times import parse_duration, say_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

Kind = Literal["conversion", "count", "mean", "ratio", "quantile", "funnel", "time"]
Direction = Literal["up", "down"]
Missing = Literal["exclude", "zero", "refuse"]

ROWS = "rows"
"""As ``per=`` of a recorded ratio: the number of rows of a unit, so that the ratio is a mean per row."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured per unit. Make one with the class methods, not by hand.

    :meth:`conversion`, :meth:`count`, :meth:`mean`, :meth:`ratio`, :meth:`quantile`, :meth:`retention`,
    :meth:`funnel` and :meth:`time_to` count events after exposure; :meth:`recorded` takes what was written beside each
    exposure.

    Attributes
    ----------
    name : str
        How it is called in tables and sentences.
    kind : {"conversion", "count", "mean", "ratio", "quantile", "funnel", "time"}
        Share of units that did it at all; events per unit; a property summed per unit; one sum over another; a quantile
        of a property over all events; share of units that went all steps in order; time until it first happened.
    event : str or None
        The event counted; None for a recorded metric, and for any event at all (retention).
    value : str or None
        The property summed (or whose quantile is taken), or the column recorded with the exposure.
    within : timedelta or None
        Time after exposure that counts, end included. Units not yet observed for so long are left out, and counted.
        None: up to the end of the data, which is only fair when all units were exposed at about the same time.
    direction : {"up", "down"}
        Which way is good.
    max_harm : float or None
        For a guardrail: the relative change in the bad direction that is tolerated, 0.05 = 5 %.
    min_effect : float or None
        The smallest relative change in the good direction that would be worth having, 0.05 = 5 %.
    after : timedelta or None
        Only what happens later than this after exposure counts (retention).
    where : mapping
        Property -> value or values that a counted event must have.
    per, per_value : str or None
        Kind "ratio": the event below the line, and its property to sum; ``per_value`` None counts the events. For a
        recorded metric ``per`` is a column, or ``"rows"``.
    quantile_at : float or None
        Kind "quantile": which one, 0.9 for the ninetieth percentile.
    cap : float or None
        Values per unit are capped at this quantile of the non-zero values of all variants together (0.99); the
        uncapped result is shown beside it.
    steps : tuple of str
        Kind "funnel": the events, in order.
    before : str or None
        For a recorded metric: the column with its value before exposure, which sharpens the comparison (CUPED).
    missing : {"exclude", "zero", "refuse"}
        What a null of a recorded metric means: not known (left out, and counted), zero, or an error.
    """

    name: str
    kind: Kind
    event: str | None
    value: str | None = None
    within: timedelta | None = None
    direction: Direction = "up"
    max_harm: float | None = None
    min_effect: float | None = None
    after: timedelta | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    per: str | None = None
    per_value: str | None = None
    quantile_at: float | None = None
    cap: float | None = None
    steps: tuple[str, ...] = ()
    before: str | None = None
    missing: Missing = "exclude"

    def __post_init__(self) -> None:
        """Refuse what no analysis could use."""
        _check_word(self, "kind", self.kind, get_args(Kind))
        _check_word(self, "direction", self.direction, get_args(Direction))
        _check_word(self, "missing", self.missing, get_args(Missing))
        for name in ("max_harm", "min_effect"):
            _check_share(self, name, getattr(self, name))
        _check_share(self, "quantile", self.quantile_at)
        _check_share(self, "cap", self.cap)
        if self.within is not None and self.after is not None and self.after >= self.within:
            raise ParameterError(
                f"{self.name!r}: after={say_duration(self.after)} must be shorter than within="
                f"{say_duration(self.within)}; a unit is active between the two."
            )

    @property
    def is_recorded(self) -> bool:
        """Whether it is read from beside the exposure, and not from events."""
        return self.event is None and self.value is not None and self.kind != "quantile"

    @classmethod
    def conversion(
        cls,
        event: str,
        *,
        within: str | timedelta | None = None,
        name: str | None = None,
        **options: Any,  # noqa: ANN401 - the fields that every metric has
    ) -> Metric:
        """Share of units that did ``event`` at least once after exposure.

        Every maker takes ``direction``, ``max_harm``, ``min_effect`` and ``where``; see the class.
        """
        return cls(name or f"{event} (share of users)", "conversion", event, within=_window(within), **options)

    @classmethod
    def count(
        cls,
        event: str,
        *,
        within: str | timedelta | None = None,
        name: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Metric:
        """How often a unit did ``event`` after exposure; units that never did count as 0. Takes ``cap``, too."""
        return cls(name or f"{event} (per user)", "count", event, within=_window(within), **options)

    @classmethod
    def mean(
        cls,
        event: str,
        *,
        value: str,
        within: str | timedelta | None = None,
        name: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Metric:
        """Sum of a property over a unit's events after exposure, such as revenue; units without any count as 0.

        ``cap=0.99`` caps the sums at the 99 % quantile of the non-zero ones, the same in every variant.
        """
        label = name or f"{value} of {event} (per user)"
        return cls(label, "mean", event, value, _window(within), **options)

    @classmethod
    def ratio(
        cls,
        event: str,
        *,
        per: str,
        value: str | None = None,
        per_value: str | None = None,
        within: str | timedelta | None = None,
        name: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Metric:
        """One sum over another, such as orders per session, where a unit may have many of both.

        Counts ``event`` over ``per``; with ``value`` or ``per_value`` that property is summed instead. The units are
        what chance decided on, so the spread is taken over them (the delta method), never over the sessions.
        """
        above, below = value or event, per_value or per
        label = name or f"{above} per {below}"
        window = _window(within)
        return cls(label, "ratio", event, value, window, per=per, per_value=per_value, **options)

    @classmethod
    def quantile(
        cls,
        event: str,
        *,
        value: str,
        at: float = 0.5,
        within: str | timedelta | None = None,
        name: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Metric:
        """Quantile of a property over all events after exposure, such as the slowest tenth of page loads (``at=0.9``).

        A unit's events are alike, so its spread is taken over units.
        """
        label = name or f"{value} of {event} (p{100 * at:g})"
        return cls(label, "quantile", event, value, _window(within), quantile_at=at, **options)

    @classmethod
    def retention(
        cls,
        event: str | None = None,
        *,
        after: str | timedelta,
        within: str | timedelta,
        name: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Metric:
        """Share of units that came back between ``after`` and ``within`` of exposure: did ``event``, or anything."""
        start, end = parse_duration(after, name="after"), parse_duration(within, name="within")
        label = name or f"{event or 'any event'} from {say_duration(start)} to {say_duration(end)} (share of users)"
        return cls(label, "conversion", event, within=end, after=start, **options)

    @classmethod
    def funnel(
        cls,
        steps: Sequence[str],
        *,
        within: str | timedelta | None = None,
        name: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Metric:
        """Share of units that went through all ``steps`` in order after exposure; each step is shown, too."""
        listed = tuple(steps)
        if isinstance(steps, str) or len(listed) < 2:
            raise ParameterError(f"steps={steps!r} must list at least two events, in order.")
        if len(set(listed)) < len(listed):
            raise ParameterError(f"steps={steps!r} names an event twice; one event would then fill two steps.")
        label = name or f"{' > '.join(listed)} (share of users)"
        return cls(label, "funnel", listed[-1], within=_window(within), steps=listed, **options)

    @classmethod
    def time_to(
        cls,
        event: str,
        *,
        within: str | timedelta,
        name: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Metric:
        """Time until ``event`` first happens, counted up to ``within``: units still waiting, or not watched on, count.

        What is compared is the mean time without the event up to ``within`` (restricted mean), in days. Less is better
        unless ``direction="up"`` is given.
        """
        options.setdefault("direction", "down")
        label = name or f"time to {event}"
        return cls(label, "time", event, within=parse_duration(within, name="within"), **options)

    @classmethod
    def recorded(
        cls,
        column: str,
        *,
        kind: Kind = "conversion",
        per: str | None = None,
        name: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Metric:
        """Take an outcome written beside each exposure: for a conversion any 1 counts, else it is summed per unit.

        ``per`` makes it a ratio to another column, or to ``"rows"``. ``before`` names the column with the value before
        exposure. ``missing`` says what a null means: ``"exclude"`` (not known), ``"zero"`` or ``"refuse"``.
        """
        if per is not None:
            kind = "ratio"
        if kind not in {"conversion", "count", "mean", "ratio"}:
            raise ParameterError(
                f"kind={kind!r} of {column!r} cannot be recorded; write 'conversion', 'mean' or 'count'."
            )
        return cls(name or column, kind, None, column, per=per, **options)

    def but(self, **changes: Any) -> Metric:  # noqa: ANN401
        """Give the same metric with some fields changed."""
        return replace(self, **changes)

    @property
    def definition(self) -> str:
        """Say in one line how it is computed."""
        if self.is_recorded:
            below = "" if self.per is None else f" per {self.per!r}"
            null = {"exclude": "", "zero": ", nulls as 0", "refuse": ""}[self.missing]
            return f"{self.value!r}{below} as recorded with the exposure{null}{self._capped}"
        what = {
            "conversion": f"share of units with at least one {self._event}",
            "count": f"{self._event} events per unit",
            "mean": f"{self.value!r} summed over {self._event} events per unit",
            "ratio": f"{_summed(self.event, self.value)} over {_summed(self.per, self.per_value)}",
            "quantile": f"{self.quantile_at or 0.5:.3g} quantile of {self.value!r} over {self._event} events",
            "funnel": f"share of units with {', then '.join(map(repr, self.steps))}",
            "time": f"mean days without {self._event}",
        }[self.kind]
        return f"{what} {self._when}{self._capped}"

    @property
    def _event(self) -> str:
        named = "event of any name" if self.event is None else repr(self.event)
        having = " and ".join(f"{name} {say_filter(value)}" for name, value in self.where.items())
        return f"{named} with {having}" if having else named

    @property
    def _when(self) -> str:
        if self.within is None:
            return "after exposure"
        if self.after is not None:
            return f"later than {say_duration(self.after)} and within {say_duration(self.within)} of exposure"
        return f"within {say_duration(self.within)} of exposure, end included"

    @property
    def _capped(self) -> str:
        return "" if self.cap is None else f", capped at the {self.cap:.3g} quantile of the non-zero values"


def _summed(event: str | None, value: str | None) -> str:
    return f"{event!r} events" if value is None else f"{value!r} of {event!r} events"


def _window(within: str | timedelta | None) -> timedelta | None:
    return None if within is None else parse_duration(within, name="within")


def _check_word(metric: Metric, field_name: str, word: str, choices: Sequence[str]) -> None:
    if word not in choices:
        listed = ", ".join(map(repr, choices))
        raise ParameterError(f"{field_name}={word!r} of {metric.name!r} is no choice; write one of {listed}.")


def _check_share(metric: Metric, field_name: str, value: float | None) -> None:
    if value is not None and (math.isnan(value) or not 0 < value < 1):
        raise ParameterError(f"{field_name}={value!r} of {metric.name!r} is a share; write 0.05 for 5 %.")
