"""Adoption by segment and by account: counts in, tables out that add up to the ladder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from pm_analytics.analyses.adoption import counts
from pm_analytics.analyses.adoption.accounts import AdoptionAccounts
from pm_analytics.analyses.adoption.ladder import claims_of, shares
from pm_analytics.analyses.adoption.parts import AdoptionPart
from pm_analytics.errors import ParameterError, UnknownNameError
from pm_analytics.names import ACCOUNTS, BASE, CI_LOWER, CI_UPPER, RATE, SEGMENT, USERS
from pm_analytics.results import SMALL_GROUP, Claim, known, records, say_share
from pm_analytics.stats.medians import median
from pm_analytics.stats.proportions import Interval, share, wilson

if TYPE_CHECKING:
    from pm_analytics.analyses.adoption.standing import Standing

# Upper ends of the shares by which accounts are told apart, and what each is called.
BANDS = (
    (0.0, "none"), (0.25, "up to a quarter"), (0.5, "up to a half"), (0.75, "up to three quarters"),
    (1 - 1e-12, "more, not all"), (1.0, "all"),
)  # fmt: skip


def by(result: Standing, name: str, *, top: int) -> AdoptionPart:
    """Break adoption down by a property."""
    _check(result, name, top)
    table = _table(result, name, top)
    definition = f"{_say_segment(result, name)} {result.confidence:.0%} Wilson intervals. {result.definition}"
    return AdoptionPart(
        _table=table,
        definition=definition,
        basis=result.basis,
        kind="segments",
        title=_title(table, result, name),
        said=f"{_title(table, result, name)}.{_caution(table)}",
        stated=claims_of(table, SEGMENT, f"adoption.by.{name}", definition),
    )


def accounts(result: Standing, name: str, *, min_users: int, min_share: float | None, top: int) -> AdoptionAccounts:
    """Count users' adoption account by account."""
    _check(result, name, top)
    _check_threshold(min_users, min_share)
    table = _table(result, name, top)
    sizes = counts.account_sizes(result.log, result.question, name)
    enough = (sizes[USERS] >= min_users) & (sizes[USERS] >= (min_share or 0) * sizes[BASE] - 1e-9)
    every, adopted = int(sizes[ACCOUNTS].sum()), int(sizes.loc[enough, ACCOUNTS].sum())
    around = wilson(adopted, every, confidence=result.confidence)
    least = f"at least {min_users} adopter{'' if min_users == 1 else 's'}" + (
        f" and {min_share:.0%} of its eligible {result.counted}" if min_share else ""
    )
    definition = (
        f"An account has adopted with {least}. {_say_segment(result, name)} {result.confidence:.0%} Wilson intervals, "
        f"which take the {result.counted} of one account to be independent. {result.definition}"
    )
    middle = median((users / base, number) for base, users, number in sizes.itertuples(index=False))
    title, said = _say_accounts((adopted, every), around, least, middle)
    claim = Claim(
        f"adoption.accounts.{name}", known(share(adopted, every)), "share", definition,
        known(around.lower), known(around.upper), adopted, every,
    )  # fmt: skip
    return AdoptionAccounts(
        _table=table,
        definition=definition,
        basis=result.basis,
        kind="segments",
        title=title,
        said=said,
        stated=(claim, *claims_of(table, SEGMENT, f"adoption.accounts.{name}", definition)),
        _spread=_spread(sizes),
        accounts=every,
        adopted_accounts=adopted,
        rate=share(adopted, every),
        ci_lower=around.lower,
        ci_upper=around.upper,
        median_share=middle,
    )


def _check(result: Standing, name: str, top: int) -> None:
    available = [*result.question.properties, *result.log.table.columns]
    if name not in available:
        raise UnknownNameError("property", [name], available, where="the eligible list or the event log")
    if top < 1:
        raise ParameterError(f"top={top!r} must be 1 or more.")


def _check_threshold(min_users: int, min_share: float | None) -> None:
    if min_users < 1:
        raise ParameterError(f"min_users={min_users!r} must be 1 or more; without an adopter no account has.")
    if min_share is not None and not 0 < min_share <= 1:
        raise ParameterError(f"min_share={min_share!r} is a share; write 0.5 for half of an account's users.")


def _table(result: Standing, name: str, top: int) -> pd.DataFrame:
    found = counts.segments(result.log, result.question, name, most=top)
    rows = [(str(row[SEGMENT]), int(row[USERS]), int(row[BASE])) for row in records(found)]
    return shares(rows, SEGMENT, result.confidence)


def _spread(sizes: pd.DataFrame) -> pd.DataFrame:
    """Add accounts up by the share of their eligible users that adopted."""
    part = sizes[USERS] / sizes[BASE]
    lower, rows = -math.inf, []
    for upper, name in BANDS:
        inside = sizes[(part > lower) & (part <= upper)]
        number = inside[ACCOUNTS]
        rows.append((name, int(number.sum()), int((inside[BASE] * number).sum()), int((inside[USERS] * number).sum())))
        lower = upper
    return pd.DataFrame(rows, columns=[SEGMENT, ACCOUNTS, BASE, USERS])


def _say_segment(result: Standing, name: str) -> str:
    where = "of the eligible list" if name in result.question.properties else "first seen from becoming eligible on"
    return f"Segment: {name} {where}."


def _title(table: pd.DataFrame, result: Standing, name: str) -> str:
    """Name the segments with the highest and the lowest rate, of those large enough to say so."""
    named = table[~table[SEGMENT].isin([counts.OTHER, counts.MISSING])]
    large = named[named[BASE] >= SMALL_GROUP].sort_values(RATE, ascending=False)
    if len(large) < 2:
        return f"Too few {result.counted} to tell segments of {name} apart"
    high, low = records(large)[0], records(large)[-1]
    return f"By {name}, {high[SEGMENT]} adopted most: {_say(high, result)}; {low[SEGMENT]} least: {_say(low, result)}"


def _say(row: dict[str, object], result: Standing) -> str:
    part, whole, lower, upper = (row[key] for key in (USERS, BASE, CI_LOWER, CI_UPPER))
    return say_share(int(part), int(whole), float(lower), float(upper), result.counted)  # type: ignore[call-overload, arg-type]


def _caution(table: pd.DataFrame) -> str:
    small = int((table[BASE] < SMALL_GROUP).sum())
    few = f" {small} segment{' has' if small == 1 else 's have'} fewer than {SMALL_GROUP} and can hardly be judged."
    return (
        f"{few if small else ''} Of {len(table)} segments some differ by chance alone; intervals that overlap are no "
        "sign of a difference."
    )


def _say_accounts(of: tuple[int, int], around: Interval, least: str, middle: float) -> tuple[str, str]:
    adopted, every = of
    if every == 0:
        said = "No eligible unit with an account has been observed long enough"
        return said, f"{said}."
    title = f"{say_share(adopted, every, around.lower, around.upper, 'accounts')} have {least}"
    return title, f"{title}. In the median account {middle:.0%} of the eligible adopted."
