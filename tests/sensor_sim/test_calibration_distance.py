"""Earth mover's distance: the published cases, and SciPy's and the sorted form's agreement."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from sensor_sim.calibration.emd import earth_movers_distance, quantile_differences
from sensor_sim.errors import SensorSpecError

RNG = np.random.default_rng(0)
SCORES = RNG.uniform(0, 100, 500)


def test_equal_samples_are_at_distance_zero_in_any_order() -> None:
    assert earth_movers_distance(SCORES, RNG.permutation(SCORES)) == 0.0


def test_a_shift_by_five_is_a_distance_of_five() -> None:
    assert earth_movers_distance(SCORES, SCORES + 5.0) == pytest.approx(5.0, abs=1e-9)


def test_it_is_the_mean_distance_of_the_sorted_scores() -> None:
    other = RNG.beta(2, 5, SCORES.size) * 100
    by_hand = np.abs(np.sort(SCORES) - np.sort(other)).mean()
    assert earth_movers_distance(SCORES, other) == pytest.approx(by_hand, abs=1e-9)
    assert np.abs(quantile_differences(SCORES, other)).mean() == pytest.approx(by_hand, abs=1e-9)


def test_samples_of_different_sizes_equal_scipy() -> None:
    other = RNG.beta(2, 5, 313) * 100
    assert earth_movers_distance(SCORES, other) == pytest.approx(wasserstein_distance(SCORES, other), abs=1e-9)
    assert np.abs(quantile_differences(SCORES, other)).mean() == pytest.approx(
        wasserstein_distance(SCORES, other), abs=0.3
    )


def test_scores_of_0_to_100_are_at_most_100_apart() -> None:
    assert earth_movers_distance(np.zeros(100), np.full(100, 100.0)) == 100.0
    assert 0.0 <= earth_movers_distance(SCORES, RNG.uniform(0, 100, 77)) <= 100.0


def test_half_good_half_bad_differs_from_all_average_although_the_means_agree() -> None:
    halves, average = np.repeat([0.0, 100.0], 50), np.full(100, 50.0)
    assert earth_movers_distance(halves, average) == 50.0


def test_source_to_target_differs_from_target_to_source() -> None:
    """Both models are evaluated on the target's frames, so swapping the roles changes the frames as well."""
    difficulty = {"source": RNG.uniform(0, 20, 200), "target": RNG.uniform(0, 60, 200)}
    skill = {"source": 0.5, "target": 0.9}

    def scores(model: str, frames: str) -> np.ndarray:
        return 100.0 - (1.0 - skill[model]) * difficulty[frames]

    there = earth_movers_distance(scores("source", "target"), scores("target", "target"))
    back = earth_movers_distance(scores("target", "source"), scores("source", "source"))
    assert there > 2.0 * back > 0.0


@pytest.mark.parametrize("bad", [[], [1.0, float("nan")], [[1.0, 2.0]], "abc"])
def test_impossible_scores_are_named(bad: object) -> None:
    with pytest.raises(SensorSpecError, match="the first scores"):
        earth_movers_distance(bad, SCORES)  # type: ignore[arg-type]
