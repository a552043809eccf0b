"""Units that come in clusters: the error is that of the clusters, and counting units instead is found out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from pm_analytics.errors import ParameterError
from pm_analytics.stats import clusters
from pm_analytics.stats.clusters import Clusters, compare_clusters, intraclass_correlation
from pm_analytics.stats.effects import EMPTY
from pm_analytics.stats.moments import Moments


def sessions(rng, users):
    """Sums, sessions and squares per user: 1 to 19 sessions, each with the user's own rate Beta(0.5, 2)."""
    many = rng.integers(1, 20, users)
    converted = rng.binomial(many, rng.beta(0.5, 2, users)).astype(float)
    return converted, many, converted


def of_rows(y, cluster, **options):
    """Clusters from one value per unit."""
    numbers = np.unique(cluster, return_inverse=True)[1]
    return Clusters.of_values(*(np.bincount(numbers, weights) for weights in (y, None, y**2)), **options)


def test_the_error_is_the_cluster_robust_one_of_a_regression():
    """CR0 of statsmodels, times clusters / (clusters - 1) within each arm."""
    rng = np.random.default_rng(2)
    arms = []
    for shift in (0.4, 0.0):
        cluster = np.repeat(np.arange(30), rng.integers(1, 12, 30))
        arms.append((shift + rng.normal(0, 1, 30)[cluster] + rng.normal(0, 1, len(cluster)), cluster))
    found = compare_clusters(*(of_rows(*arm) for arm in arms)).effect
    y, on = np.concatenate([arm[0] for arm in arms]), np.repeat([1, 0], [len(arm[0]) for arm in arms])
    group = np.concatenate([arms[0][1], 100 + arms[1][1]])
    fit = sm.OLS(y, sm.add_constant(on)).fit(cov_type="cluster", cov_kwds={"groups": group, "use_correction": False})
    assert found.difference == pytest.approx(fit.params[1])
    assert found.error == pytest.approx(fit.bse[1] * math.sqrt(30 / 29))
    assert found.method.startswith("by clusters; Welch")


# Shrout & Fleiss (1979), "Intraclass correlations: uses in assessing rater reliability", Psychological Bulletin 86,
# table 2: six targets, four judges. ICC(1, 1) = .17; between 11.24, within 6.26.
RATINGS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def test_the_intraclass_correlation_is_the_published_one():
    found = Clusters.of_values(RATINGS.sum(axis=1), [4] * 6, (RATINGS**2).sum(axis=1))
    assert found.between / 5 == pytest.approx(11.24, abs=0.005)
    assert (found.total - found.between) / 18 == pytest.approx(6.26, abs=0.005)
    assert intraclass_correlation(found) == pytest.approx(0.17, abs=0.005)
    assert intraclass_correlation(found, found) == pytest.approx(intraclass_correlation(found))


def test_a_shift_changes_nothing_but_the_rounding():
    rows, large = RATINGS, RATINGS + 1e9
    plain = Clusters.of_values(rows.sum(axis=1), [4] * 6, (rows**2).sum(axis=1))
    moved = Clusters.of_values((large - 1e9).sum(axis=1), [4] * 6, ((large - 1e9) ** 2).sum(axis=1), shift=1e9)
    assert (moved.total, moved.between) == (pytest.approx(plain.total), pytest.approx(plain.between))
    assert moved.arm.mean == pytest.approx(1e9 + plain.arm.mean, rel=1e-15)


def test_clusters_of_one_unit_cost_nothing():
    rng = np.random.default_rng(3)
    arms = [Clusters.of_values(y, np.ones(50), y**2) for y in rng.normal(size=(2, 50))]
    found = compare_clusters(*arms)
    assert found.design_effect == pytest.approx(1)
    assert found.false_alarms == pytest.approx(0.05)
    assert not found.is_mismatch
    assert math.isnan(found.icc)
    assert found.size_variation == 0
    assert found.effect.p_value == pytest.approx(found.naive.p_value)


def test_counting_units_that_resemble_each_other_is_found_out():
    """The mean cluster that a session is in has 13 sessions, ICC 1 / 3.5: a design effect of 1 + 12 / 3.5 = 4.4."""
    rng = np.random.default_rng(4)
    found = compare_clusters(*(Clusters.of_values(*sessions(rng, 20_000)) for _ in range(2)))
    assert found.is_mismatch
    assert found.design_effect == pytest.approx(1 + 12 / 3.5, rel=0.05)
    assert found.false_alarms == pytest.approx(0.35, abs=0.015)
    assert found.icc == pytest.approx(1 / 3.5, rel=0.03)
    assert found.size_variation == pytest.approx(math.sqrt(30) / 10, rel=0.02)


def test_without_squares_nothing_is_said_about_counting_units():
    rng = np.random.default_rng(4)
    arms = [Clusters.of_values(*sessions(rng, 50)[:2]) for _ in range(2)]
    found = compare_clusters(*arms)
    assert found.naive is None
    assert all(map(math.isnan, (found.design_effect, found.false_alarms, found.icc)))
    assert not found.is_mismatch
    assert found.effect.p_value > 0


def test_moments_alone_are_enough_for_the_comparison():
    rng = np.random.default_rng(5)
    rows = [np.column_stack(sessions(rng, 40)[:2]) for _ in range(2)]
    alone = compare_clusters(*(Clusters(Moments.of_values(each)) for each in rows)).effect
    assert alone == compare_clusters(*(Clusters.of_values(*each.T) for each in rows)).effect


@pytest.mark.parametrize(
    ("counts", "reason", "notes"),
    [
        ((0, 30), EMPTY, ()),
        ((1, 30), clusters.TOO_FEW_CLUSTERS, ()),
        ((2, 30), "", (clusters.FEW_CLUSTERS,)),
        ((9, 30), "", (clusters.FEW_CLUSTERS,)),
        ((10, 30), "", ()),
    ],
)
def test_too_few_clusters_are_undefined_and_few_are_noted(counts, reason, notes):
    rng = np.random.default_rng(6)
    found = compare_clusters(*(Clusters.of_values(*sessions(rng, n)) for n in counts))
    assert (found.effect.reason, found.notes) == (reason, notes)
    assert math.isnan(found.effect.p_value) == math.isnan(found.design_effect) == bool(reason)


def test_clusters_that_do_not_differ_cannot_be_judged():
    same = Clusters.of_values([2.0, 2.0, 2.0], [4, 4, 4], [2.0, 2.0, 2.0])
    found = compare_clusters(same, same)
    assert found.effect.reason
    assert found.design_effect == 0
    assert math.isnan(found.false_alarms)


def test_an_empty_cluster_is_refused():
    with pytest.raises(ParameterError, match="leave out clusters that are empty"):
        Clusters.of_values([1, 0], [2, 0])


@pytest.mark.slow
@pytest.mark.parametrize("users", [60, 500])
def test_sessions_of_users_are_told_apart_in_one_of_twenty_and_not_in_one_of_three(users):
    """Finding of the trust programme: 35 % when sessions are counted, 4.4 to 5.6 % by users."""
    rng, times = np.random.default_rng(7), 6000
    robust = naive = 0
    for _ in range(times):
        found = compare_clusters(*(Clusters.of_values(*sessions(rng, users)) for _ in range(2)))
        robust += found.effect.p_value < 0.05
        naive += found.naive.p_value < 0.05
    assert 0.044 < robust / times < 0.056
    assert 0.32 < naive / times < 0.38


@pytest.mark.slow
def test_a_dozen_clusters_per_arm_are_still_judged_soundly():
    rng, times = np.random.default_rng(8), 6000
    found = 0
    for _ in range(times):
        arms = []
        for _ in range(2):
            sizes = rng.integers(40, 60, 12)
            arms.append(
                Clusters.of_values(sizes * rng.normal(10, 1, 12) + rng.normal(0, 2, 12) * np.sqrt(sizes), sizes)
            )
        found += compare_clusters(*arms).effect.p_value < 0.05
    assert 0.042 < found / times < 0.058
