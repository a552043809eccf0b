"""AdoptionAccounts: users' adoption, account by account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pm_analytics.analyses.adoption.parts import AdoptionPart

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AdoptionAccounts(AdoptionPart):
    """Users' adoption by account. One row per account, the largest ones; see :meth:`AdoptionResult.accounts`.

    Attributes
    ----------
    accounts : int
        Accounts with an eligible user.
    adopted_accounts : int
        Those of them that adopted.
    rate, ci_lower, ci_upper : float
        Their share, with Wilson's interval; NaN without accounts.
    median_share : float
        Share of eligible users that adopted, in the median account; NaN without accounts.
    """

    _spread: pd.DataFrame
    accounts: int
    adopted_accounts: int
    rate: float
    ci_lower: float
    ci_upper: float
    median_share: float

    def spread(self) -> pd.DataFrame:
        """Give the distribution over all accounts: how many have which share of their eligible users as adopters.

        Returns
        -------
        DataFrame
            One row per ``segment`` ("none", "up to a quarter" ... "all"): ``accounts``, ``base`` = their eligible
            users, ``users`` = the adopters among those.
        """
        return self._spread.copy()
