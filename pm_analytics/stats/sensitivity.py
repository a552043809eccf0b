"""How strong something unseen must be to explain a difference between those who chose and those who did not."""

from __future__ import annotations

import math

from pm_analytics.errors import ParameterError

STANDARDISED = 0.91
"""A difference of means in standard deviations, as a risk ratio: ``exp(0.91 d)`` (Chinn 2000)."""


def e_value(ratio: float) -> float:
    """Give the risk ratio that something unseen must have with both choosing and outcome to explain a risk ratio.

    ``RR + sqrt(RR (RR - 1))``, with RR taken above 1 (VanderWeele & Ding 2017).

    Examples
    --------
    >>> round(e_value(3.9), 2)
    7.26
    """
    if not ratio > 0:
        raise ParameterError(f"ratio={ratio!r} must be above 0: a risk ratio.")
    above = max(ratio, 1 / ratio)
    return above + math.sqrt(above * (above - 1))


def e_value_of_interval(lower: float, upper: float) -> float:
    """Give the E-value of the end nearer to no difference; 1 when the interval holds no difference."""
    if lower <= 1 <= upper:
        return 1.0
    return e_value(lower if lower > 1 else upper)


def ratio_of_means(difference: float, deviation: float) -> float:
    """Turn a difference of means into an approximate risk ratio, so that an E-value can be given."""
    return math.exp(STANDARDISED * difference / deviation) if deviation > 0 else math.nan
