"""The bootstrap against scipy's, its strata, its seed and its undefined cases."""

import numpy as np
import pytest
from scipy import stats

from harness.evaluation.statistics.bootstrap import bootstrap, bootstrap_ratio, stratified_weights


def test_percentile_and_bca_agree_with_scipy():
    values = np.random.default_rng(3).exponential(size=60)
    ours = bootstrap_ratio(values, np.ones(60), ["all"] * 60, seed=1, draws=20_000)
    for method, low, high in [
        ("percentile", ours.low, ours.high),
        ("bca", ours.low_bca, ours.high_bca),
    ]:
        scipy_interval = stats.bootstrap(
            (values,), np.mean, n_resamples=20_000, method=method, rng=np.random.default_rng(2)
        ).confidence_interval
        width = scipy_interval.high - scipy_interval.low
        assert (low, high) == pytest.approx(tuple(scipy_interval), abs=0.04 * width)
    assert ours.value == pytest.approx(values.mean())


def test_every_draw_keeps_the_size_of_each_stratum():
    strata = ["fog"] * 5 + ["rain"] * 7
    weights = stratified_weights(strata, 50, seed=0)
    assert (weights[:, :5].sum(axis=1) == 5).all()
    assert (weights[:, 5:].sum(axis=1) == 7).all()
    assert len(np.unique(weights, axis=0)) > 40


def test_strata_too_small_to_vary_are_drawn_together():
    values = np.random.default_rng(0).normal(size=40)
    alone = bootstrap_ratio(values, np.ones(40), range(40), seed=1)
    together = bootstrap_ratio(values, np.ones(40), ["all"] * 40, seed=1)
    assert (alone.low, alone.high) == (together.low, together.high)
    assert alone.low < alone.value < alone.high


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = np.random.default_rng(0).normal(size=30)
    first = bootstrap_ratio(values, np.ones(30), [0] * 30, seed=7)
    assert first == bootstrap_ratio(values, np.ones(30), [0] * 30, seed=7)
    assert first != bootstrap_ratio(values, np.ones(30), [0] * 30, seed=8)


def test_undefined_is_none():
    assert bootstrap_ratio([], [], [], seed=0).value is None
    assert bootstrap_ratio([0.0, 0.0], [0.0, 0.0], [0, 0], seed=0).value is None
    lonely = bootstrap_ratio([1.0], [2.0], [0], seed=0)
    assert (lonely.value, lonely.low, lonely.high) == (0.5, None, None)


def test_a_statistic_undefined_in_many_draws_has_no_interval():
    result = bootstrap_ratio([1.0] + [0.0] * 9, [1.0] + [0.0] * 9, [0] * 10, seed=0)
    assert result.value == 1.0
    assert result.low is None


def test_coverage_of_a_ratio_is_near_nominal():
    rng = np.random.default_rng(11)
    covered = 0
    for trial in range(100):
        trials = rng.integers(1, 10, size=80)
        interval = bootstrap_ratio(rng.binomial(trials, 0.3), trials, [0] * 80, seed=trial, draws=400)
        covered += interval.low <= 0.3 <= interval.high
    assert covered >= 88


def test_a_constant_statistic_has_a_point_interval():
    result = bootstrap(np.ones((5, 1)), {"it": lambda sums: np.full(len(sums), 0.25)}, [0] * 5, seed=0)["it"]
    assert (result.low, result.high, result.low_bca, result.high_bca) == (0.25,) * 4
