"""Agent and monitor, and redundant systems, failing together."""

import math

import numpy as np
import pytest

from harness.evaluation.statistics.joint_failure import (
    JointFailure,
    fisher_z_interval,
    joint_failure,
    joint_failure_table,
    k_out_of_n,
    measured_k_out_of_n,
    phi,
    phi_matrix,
    redundancy_gain,
    rho_range,
    units_to_bound_correlation,
)


@pytest.mark.parametrize(
    ("rho", "p_both", "gain"),
    [(0.0, 1.0e-6, 1000), (0.01, 1.10e-5, 91), (0.25, 2.51e-4, 4.0), (0.58, 5.80e-4, 1.72), (0.71, 7.10e-4, 1.41)],
)
def test_two_agents_that_fail_once_in_a_thousand_units(rho, p_both, gain):
    assert joint_failure(1e-3, 1e-3, rho) == pytest.approx(p_both, rel=5e-3)
    assert redundancy_gain(1e-3, rho) == pytest.approx(gain, rel=5e-3)


def test_agent_and_monitor_of_the_worked_example():
    table = JointFailure(units=10_000, departed=100, silent=9_500, both=20).to_json()
    assert table["rho"] == pytest.approx(-0.346, abs=5e-4)
    assert table["rho_range"] == pytest.approx([-0.438, 0.023], abs=5e-4)
    assert table["rho_over_best"] == pytest.approx(0.79, abs=5e-3)
    miss = table["miss_rate"]
    assert (miss["value"], miss["k"], miss["n"]) == (0.20, 20, 100)
    assert (miss["low"], miss["high"]) == pytest.approx((0.127, 0.292), abs=5e-4)
    assert miss["upper_95_one_sided"] == pytest.approx(0.277, abs=5e-4)
    assert table["departed_without_warning_if_independent"] == pytest.approx(95.0)
    assert table["false_alarm_rate"]["k"] == 420


def test_the_miss_rate_follows_from_rho():
    p1, p2 = 0.01, 0.95
    rho = JointFailure(10_000, 100, 9_500, 20).rho
    assert p2 + rho * math.sqrt(p2 * (1 - p2)) * math.sqrt((1 - p1) / p1) == pytest.approx(0.20, abs=1e-12)
    assert joint_failure(p1, p2, rho) == pytest.approx(20 / 10_000, abs=1e-12)


def test_an_oracle_reaches_the_smallest_rho_and_a_random_monitor_none():
    rng = np.random.default_rng(0)
    departed = rng.random(20_000) < 0.02
    oracle = joint_failure_table(departed, ~departed)
    assert oracle.both == 0
    assert oracle.rho == pytest.approx(rho_range(departed.mean(), 1 - departed.mean())[0])
    random = joint_failure_table(departed, rng.random(20_000) < 0.9)
    assert abs(random.rho) < 3 / math.sqrt(20_000)


def test_a_silent_monitor_has_no_rho_and_misses_everything():
    table = joint_failure_table(np.arange(100) < 5, np.ones(100, dtype=bool)).to_json()
    assert table["rho"] is None and table["rho_range"] is None and table["rho_over_best"] is None
    assert table["miss_rate"]["value"] == 1.0
    assert joint_failure_table(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)).to_json() is None
    assert JointFailure(10, 0, 5, 0).to_json()["miss_rate"]["value"] is None


def test_correlated_failures_are_found_as_planted():
    rng, p, rho, n = np.random.default_rng(3), 0.1, 0.4, 200_000
    both = joint_failure(p, p, rho)
    cell = rng.choice(4, size=n, p=[both, p - both, p - both, 1 - 2 * p + both])
    first, second = cell <= 1, (cell == 0) | (cell == 2)
    assert np.mean(first & second) == pytest.approx(both, abs=3 * math.sqrt(both / n))
    assert phi(first, second) == pytest.approx(rho, abs=0.01)
    matrix = phi_matrix(np.column_stack([first, second, first]))
    assert matrix[0][0] == pytest.approx(1.0) and matrix[0][2] == pytest.approx(1.0)
    assert matrix[0][1] == matrix[1][0]
    assert redundancy_gain(p, 1.0) == pytest.approx(1.0)
    assert phi(first, np.zeros(n, dtype=bool)) is None


@pytest.mark.parametrize(
    ("p", "units", "rho", "coverage"),
    [(0.01, 10_000, 0.0, 0.94), (0.01, 10_000, 0.05, 0.60), (0.01, 10_000, 0.6, 0.26), (0.3, 1_000, 0.6, 0.85)],
)
def test_fishers_interval_holds_a_correlation_of_binary_failures_only_near_zero(p, units, rho, coverage):
    rng = np.random.default_rng(7)
    both = joint_failure(p, p, rho)
    tables = rng.multinomial(units, [both, p - both, p - both, 1 - 2 * p + both], size=1_500)
    ends = [fisher_z_interval(JointFailure(units, int(a + b), int(a + c), int(a)).rho, units) for a, b, c, _ in tables]
    held = np.mean([low <= rho <= high for low, high in ends])
    assert held == pytest.approx(coverage, abs=0.035)


def test_k_out_of_five():
    assert [round(k_out_of_n(k, 5, 0.25), 3) for k in range(1, 6)] == [0.999, 0.984, 0.896, 0.633, 0.237]
    assert [round(k_out_of_n(k, 5, 0.0755), 3) for k in range(1, 6)] == [1.0, 1.0, 0.996, 0.951, 0.675]
    failures = np.random.default_rng(0).random((100_000, 5)) < 0.25
    assert measured_k_out_of_n(failures) == pytest.approx([k_out_of_n(k, 5, 0.25) for k in range(1, 6)], abs=0.005)


@pytest.mark.parametrize(("bound", "units"), [(0.05, 1538), (0.1, 385), (0.2, 97), (0.3, 44)])
def test_units_that_show_a_small_correlation(bound, units):
    assert units_to_bound_correlation(bound) == units
    low, high = fisher_z_interval(0.0, units)
    assert high <= bound < fisher_z_interval(0.0, units - 1)[1] and low == -high
