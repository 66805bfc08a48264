"""Draws of runs and training seeds together."""

from __future__ import annotations

import numpy as np
import pytest

from harness.evaluation.statistics.bootstrap import DRAWS, bootstrap, ratio_of
from harness.evaluation.statistics.over_seeds import draws_over_seeds, percentile_interval

RNG = np.random.default_rng(0)
RUNS = 40
STRATA = ["a", "b"] * (RUNS // 2)
RATIO = ratio_of(0, 1)


def columns(level: float = 0.5) -> np.ndarray:
    return np.column_stack([RNG.normal(level, 0.1, RUNS), np.ones(RUNS)])


def test_one_seed_is_the_bootstrap_over_runs_alone() -> None:
    one = columns()
    plain = bootstrap(one, {"ratio": RATIO}, STRATA, seed=3)["ratio"]
    assert percentile_interval(draws_over_seeds([one], RATIO, STRATA, seed=3)) == (plain.low, plain.high)


def test_seeds_that_differ_widen_the_interval_as_a_mean_of_drawn_seeds_does() -> None:
    levels = np.array([0.2, 0.3, 0.5, 0.7, 0.8])
    alike = [np.column_stack([np.full(RUNS, level), np.ones(RUNS)]) for level in levels]
    draws = draws_over_seeds(alike, RATIO, STRATA, seed=1)
    # Every run says the same, so that all there is to draw are seeds: a mean of five drawn with replacement.
    assert draws.shape == (DRAWS,) and draws.mean() == pytest.approx(levels.mean(), abs=0.01)
    assert draws.std() == pytest.approx(levels.std() / np.sqrt(5), rel=0.05)


def test_monitors_are_drawn_alike_so_that_their_difference_is_paired() -> None:
    one = [columns(level) for level in (0.4, 0.6)]
    shifted = [part + np.array([0.1, 0.0]) for part in one]
    difference = draws_over_seeds(shifted, RATIO, STRATA, 2) - draws_over_seeds(one, RATIO, STRATA, 2)
    assert difference == pytest.approx(np.full(DRAWS, 0.1))


def test_a_seed_without_a_figure_leaves_no_interval() -> None:
    unknown = np.column_stack([np.full(RUNS, np.nan), np.ones(RUNS)])
    assert percentile_interval(draws_over_seeds([columns(), unknown], RATIO, STRATA, 0)) == (None, None)
