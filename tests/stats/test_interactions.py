"""Two experiments at once: whether one changes the other, and whether they were drawn apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from pm_analytics.errors import ParameterError
from pm_analytics.stats import interactions
from pm_analytics.stats.effects import EMPTY, NO_VARIANCE, TOO_FEW, Arm, compare_means
from pm_analytics.stats.interactions import independence, interaction


def arm(values):
    return Arm(len(values), float(np.mean(values)), float(np.var(values, ddof=1)))


def test_the_contrast_and_its_error_are_those_of_a_regression_with_an_interaction():
    """HC2 of a saturated regression divides each group's variance by its size, as we do."""
    rng = np.random.default_rng(1)
    sizes = {(0, 0): 40, (1, 0): 55, (0, 1): 30, (1, 1): 25}
    cells = {
        cell: rng.normal(1 + cell[0] + 2 * cell[1] + 0.7 * cell[0] * cell[1], 1 + cell[0], n)
        for cell, n in sizes.items()
    }
    y = np.concatenate(list(cells.values()))
    a, b = (np.repeat([cell[k] for cell in cells], [len(v) for v in cells.values()]) for k in (0, 1))
    fit = sm.OLS(y, np.column_stack([np.ones(len(y)), a, b, a * b])).fit(cov_type="HC2")
    found = interaction(*(arm(cells[cell]) for cell in ((0, 0), (1, 0), (0, 1), (1, 1))))
    assert (found.contrast, found.error) == (pytest.approx(fit.params[3]), pytest.approx(fit.bse[3]))
    assert found.first_alone == compare_means(arm(cells[1, 0]), arm(cells[0, 0]))
    assert found.second_with_first == compare_means(arm(cells[1, 1]), arm(cells[1, 0]))
    assert found.contrast == pytest.approx(found.first_with_second.difference - found.first_alone.difference)
    assert found.contrast == pytest.approx(found.second_with_first.difference - found.second_alone.difference)
    assert (found.ci_lower > 0 or found.ci_upper < 0) == (found.p_value < 0.05)


def test_the_freedom_is_between_that_of_the_smallest_group_and_of_all():
    found = interaction(Arm(10, 0, 1.0), Arm(20, 0, 1.0), Arm(30, 0, 1.0), Arm(40, 1, 1.0))
    assert 9 < found.freedom < 96
    assert interaction(*[Arm(10, 0, 1.0)] * 4).freedom == pytest.approx(36)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [(Arm(0, math.nan, math.nan), EMPTY), (Arm(1, 1.0, math.nan), TOO_FEW), (Arm(9, 1.0, 0.0), NO_VARIANCE)],
)
def test_a_group_that_cannot_be_judged_has_a_reason(cell, reason):
    rest = [Arm(9, 1.0, 0.0 if reason == NO_VARIANCE else 1.0)] * 3
    found = interaction(*rest, cell)
    assert found.reason == reason
    assert all(map(math.isnan, (found.error, found.ci_lower, found.ci_upper, found.p_value)))


def test_independence_is_pearsons_test():
    counts = np.array([[30, 20, 25], [18, 44, 9]])
    expected = stats.chi2_contingency(counts, correction=False)
    found = independence(counts)
    assert (found.chi_square, found.freedom) == (pytest.approx(expected.statistic), expected.dof)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.association == pytest.approx(stats.contingency.association(counts, method="cramer"))


def test_assignments_that_tell_each_other_are_wholly_associated():
    assert independence([[50, 0], [0, 70]]).association == pytest.approx(1)
    assert independence([[50, 50], [70, 70]]).p_value == 1


@pytest.mark.parametrize("counts", [[[5, 6]], [[5], [6]], [[5, 6], [0, 0]], [[0, 0], [0, 0]]])
def test_an_experiment_of_one_arm_has_nothing_to_be_independent_of(counts):
    found = independence(counts)
    assert found.reason == interactions.NOT_TWO_BY_TWO
    assert math.isnan(found.p_value)


@pytest.mark.parametrize("counts", [[5, 6], [[5, -1], [2, 3]], [[5, math.nan], [2, 3]]])
def test_what_is_no_table_of_counts_is_refused(counts):
    with pytest.raises(ParameterError, match="one row per arm"):
        independence(counts)


@pytest.mark.slow
def test_experiments_that_do_not_interact_are_said_to_in_one_of_twenty():
    rng, times = np.random.default_rng(5), 5000
    found = []
    for _ in range(times):
        cells = [
            arm(rng.normal(level, spread, n)) for level, spread, n in ((0, 1, 40), (1, 2, 20), (2, 1, 60), (3, 2, 15))
        ]
        found.append(interaction(*cells).p_value < 0.05)
    assert 0.04 < np.mean(found) < 0.06
