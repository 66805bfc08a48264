"""Evidence is counted once, and clusters are noticed."""

import numpy as np
import pytest

from harness.evaluation.statistics.independence import (
    decorrelation_m,
    dispersion_index,
    dispersion_warning,
    distinct_distance_m,
    independent_units,
)


def test_driving_the_same_world_twice_adds_no_distance():
    runs = [("a", 500.0), ("b", 300.0)]
    assert distinct_distance_m(runs) == distinct_distance_m(runs * 2) == 800.0
    assert distinct_distance_m([("a", 500.0), ("a", 700.0)]) == 700.0


def test_units_are_whole_and_round_off_loses_none():
    assert independent_units(99.9) == 9
    assert independent_units(0.1 * 3 * 100) == 3


@pytest.mark.parametrize("length_m", [5.0, 12.0])
def test_the_correlation_length_of_a_first_order_process_is_recovered(length_m):
    rng, spacing = np.random.default_rng(0), 0.5
    memory = np.exp(-spacing / length_m)
    signal, value = [], 0.0
    for step in rng.normal(size=60_000):
        value = memory * value + step
        signal.append(value)
    assert decorrelation_m(signal, spacing) == pytest.approx(length_m, rel=0.1)
    assert decorrelation_m(np.ones(10), spacing) is None
    assert decorrelation_m([1.0, -1.0] * 50, spacing) == 0.0


def test_poisson_counts_are_not_dispersed_and_one_bad_bend_is():
    rng = np.random.default_rng(1)
    exposures = rng.uniform(1, 3, size=400)
    assert dispersion_index(rng.poisson(2 * exposures), exposures) == pytest.approx(1.0, abs=3 * np.sqrt(2 / 399))
    groups = {f"road{k}": (0.0, 5.0) for k in range(9)} | {"bend": (30.0, 5.0)}
    assert "most on bend" in dispersion_warning(groups, "road")
    assert dispersion_warning({f"r{k}": (3.0, 5.0) for k in range(9)}, "road") is None
    assert dispersion_index([3.0], [1.0]) is None
    assert dispersion_index([0.0, 0.0], [1.0, 1.0]) is None
