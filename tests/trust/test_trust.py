"""Run every simulation study: in full for the page, a seeded tenth on every change (``PM_ANALYTICS_TRUST=0.1``)."""

from __future__ import annotations

import json
import os
from pathlib import Path

# Each module registers its studies.
import chance  # noqa: F401
import deciding  # noqa: F401
import intervals  # noqa: F401
import launches  # noqa: F401
import looking  # noqa: F401
import many  # noqa: F401
import pytest
import sizes  # noqa: F401
from study import STUDIES

KEPT = os.environ.get("PM_ANALYTICS_TRUST_ROWS")


@pytest.mark.slow
@pytest.mark.parametrize("case", STUDIES.cases, ids=lambda case: case.id)
def test_a_study_reaches_its_target(case):
    found = case.found()
    if KEPT:
        place = STUDIES.cases.index(case)
        (Path(KEPT) / f"{place:04}.json").write_text(json.dumps(found.row()), encoding="utf-8")
    assert found.holds, f"{found.value:.4f}, wanted {case.least:g} to {case.most:g} ({found.repetitions:,} repetitions)"


def test_every_study_has_a_target_that_can_be_missed():
    assert len(STUDIES.cases) > 60
    assert all(0 <= case.least < case.most <= 1 and case.most - case.least < 1 for case in STUDIES.cases)
