"""Intervals against scipy, statsmodels-free golden numbers and exact coverage."""

import numpy as np
import pytest
from scipy.stats import binomtest, poisson

from harness.evaluation.statistics.intervals import (
    clopper_pearson,
    clopper_pearson_upper,
    poisson_rate,
    poisson_rate_upper,
    wilson,
)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (22, 22), (1, 300), (150, 300)])
def test_proportion_intervals_equal_scipy(k, n):
    exact = binomtest(k, n).proportion_ci(method="exact")
    assert clopper_pearson(k, n) == pytest.approx((exact.low, exact.high), abs=1e-9)
    score = binomtest(k, n).proportion_ci(method="wilson")
    assert wilson(k, n) == pytest.approx((score.low, score.high), abs=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "binomial", "poisson_bound"),
    [(0, 300, 0.009936, 0.009986), (3, 300, 0.02564, 0.02585), (3, 1000, 0.007735, 0.007754)],
)
def test_one_sided_bounds_of_rare_events(k, n, binomial, poisson_bound):
    assert clopper_pearson_upper(k, n) == pytest.approx(binomial, rel=5e-4)
    assert poisson_rate_upper(k, n) == pytest.approx(poisson_bound, rel=5e-4)


@pytest.mark.parametrize(
    ("confidence", "multipliers"),
    [
        (0.90, [2.3026, 3.8897, 5.3223, 6.6808]),
        (0.95, [2.9957, 4.7439, 6.2958, 7.7537]),
        (0.99, [4.6052, 6.6384, 8.4059, 10.0451]),
        (0.999, [6.9078, 9.2334, 11.2289, 13.0622]),
    ],
)
def test_rule_of_three_and_its_successors(confidence, multipliers):
    for count, multiplier in enumerate(multipliers):
        assert poisson_rate_upper(count, 1.0, confidence) == pytest.approx(multiplier, abs=5e-5)


def test_worked_rates_per_100_km():
    assert poisson_rate_upper(0, 100.0) == pytest.approx(0.02996, abs=5e-6)
    assert poisson_rate_upper(3, 100.0) == pytest.approx(0.07754, abs=5e-6)
    assert poisson_rate(3, 100.0) == pytest.approx((0.00619, 0.08767), abs=5e-6)
    assert poisson_rate(0, 100.0)[0] == 0.0


def test_missed_alarms_of_the_worked_example():
    assert clopper_pearson(20, 100) == pytest.approx((0.127, 0.292), abs=5e-4)
    assert clopper_pearson_upper(20, 100) == pytest.approx(0.277, abs=5e-4)


@pytest.mark.parametrize(("mu", "coverage"), [(0.2, 1.0), (1, 1.0), (3, 0.9502), (5, 0.9596), (10, 0.9707)])
def test_the_upper_bound_covers_at_least_95_percent(mu, coverage):
    counts = np.arange(0, 80)
    covered = np.array([poisson_rate_upper(int(c), 1.0) >= mu for c in counts])
    assert poisson.pmf(counts, mu)[covered].sum() == pytest.approx(coverage, abs=5e-5)


@pytest.mark.parametrize(("k", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(k, n):
    with pytest.raises(ValueError, match="k"):
        clopper_pearson(k, n)
    with pytest.raises(ValueError, match="exposure"):
        poisson_rate(k, 0.0)
