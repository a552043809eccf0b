"""The acceptance cases of funnels, retention, stickiness and lifecycle give the same answers on every engine.

The tests beside the rooms translate the cases; here the logs lie in another engine. The cases lie beside the project,
not in it; the tests skip with a reason where they are absent.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOMS = Path(__file__).resolve().parents[1] / "analyses"
SAMPLE = 3
"""Every so many cases run on Spark, where each takes seconds."""


def load(name):
    spec = spec_from_file_location(f"engines_{name}", ROOMS / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FUNNELS, RETENTION, ENGAGEMENT = map(load, ("test_vectors", "test_retention_vectors", "test_engagement_vectors"))
CASES = [
    *((FUNNELS.test_a_funnel_case_gives_its_published_numbers, case) for case in FUNNELS.funnel_cases()),
    *((RETENTION.test_a_retention_case_gives_its_published_triangle, case) for case in RETENTION.retention_cases()),
    *((ENGAGEMENT.test_a_stickiness_case_gives_its_published_counts, case) for case in ENGAGEMENT.cases("stickiness")),
    *((ENGAGEMENT.test_a_lifecycle_case_gives_its_published_counts, case) for case in ENGAGEMENT.cases("lifecycle")),
]


@pytest.mark.skipif(not CASES, reason="the acceptance cases do not lie beside this checkout")
def test_there_are_cases_of_every_kind():
    assert len(CASES) > 25


@pytest.mark.filterwarnings("ignore:The step .* never occurs")
@pytest.mark.parametrize(
    ("number", "check", "case"),
    [pytest.param(number, check, case.values[0], id=case.id) for number, (check, case) in enumerate(CASES)],
)
def test_a_case_gives_its_published_answer_elsewhere(number, check, case, engine, elsewhere):
    if engine.name == "spark" and number % SAMPLE:
        pytest.skip("Spark runs a sample of the cases")
    elsewhere(engine)
    check(case)
