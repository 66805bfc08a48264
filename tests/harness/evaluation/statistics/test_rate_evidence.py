"""What counts over distance prove, against worked numbers and exact coverage."""

import math

import numpy as np
import pytest
from scipy.stats import binom, poisson

from harness.evaluation.statistics.independence import independent_units
from harness.evaluation.statistics.intervals import poisson_rate_upper
from harness.evaluation.statistics.rate_evidence import (
    KM_PER_MILE,
    compare_rates,
    hours_needed,
    is_below,
    km_left,
    km_needed,
    rate_evidence,
    redundancy_reduction,
    redundant_trials_needed,
    separate_sets_penalty,
    sequential_boundary,
    trials_needed,
)

EVENTS = (0, 1, 2, 3, 4, 5, 6, 8, 10)


@pytest.mark.parametrize(
    ("confidence", "multipliers"),
    [
        (0.90, (2.3026, 3.8897, 5.3223, 6.6808, 7.9936, 9.2747, 10.5321, 12.9947, 15.4066)),
        (0.95, (2.9957, 4.7439, 6.2958, 7.7537, 9.1535, 10.5130, 11.8424, 14.4346, 16.9622)),
        (0.99, (4.6052, 6.6384, 8.4059, 10.0451, 11.6046, 13.1085, 14.5706, 17.4027, 20.1447)),
        (0.999, (6.9078, 9.2334, 11.2289, 13.0622, 14.7941, 16.4547, 18.0616, 21.1562, 24.1340)),
    ],
)
def test_bounds_and_distances_use_the_same_multipliers(confidence, multipliers):
    for events, multiplier in zip(EVENTS, multipliers, strict=True):
        assert poisson_rate_upper(events, 1.0, confidence) == pytest.approx(multiplier, abs=5e-5)
        assert km_needed(0.01, confidence, events) == pytest.approx(100 * multiplier, abs=5e-3)


@pytest.mark.parametrize(
    ("tolerated", "needed"),
    [
        (0.02, (149, 236, 313, 386, 456, 523)),
        (0.01, (299, 473, 628, 773, 913, 1049)),
        (0.001, (2995, 4742, 6294, 7752, 9151, 10511)),
    ],
)
def test_smallest_test_that_passes_with_so_many_failures(tolerated, needed):
    for failures, trials in enumerate(needed):
        assert trials_needed(tolerated, 0.95, failures) == trials
        assert binom.cdf(failures, trials, tolerated) <= 0.05 < binom.cdf(failures, trials - 1, tolerated)


@pytest.mark.parametrize(
    ("confidence", "needed"),
    [
        (0.95, (29, 59, 149, 299, 2995, 29956)),
        (0.99, (44, 90, 228, 459, 4603, 46050)),
        (0.999, (66, 135, 342, 688, 6905, 69075)),
    ],
)
def test_trials_without_a_failure(confidence, needed):
    for tolerated, trials in zip((0.1, 0.05, 0.02, 0.01, 0.001, 0.0001), needed, strict=True):
        assert trials_needed(tolerated, confidence) == trials


@pytest.mark.parametrize(("miss_rate", "needed"), [(0.20, (14, 22, 30)), (0.10, (29, 46, 61)), (0.05, (59, 93, 124))])
def test_departures_that_show_a_miss_rate(miss_rate, needed):
    assert tuple(trials_needed(miss_rate, 0.95, misses) for misses in range(3)) == needed


def test_a_hundred_km_without_departure():
    evidence = rate_evidence(0, 100.0, 0.01)
    assert evidence.upper == pytest.approx(0.02996, abs=5e-6)
    assert evidence.km_per_departure_at_least == pytest.approx(33.4, abs=0.05)
    assert (evidence.low, evidence.verdict) == (0.0, "not enough data")


def test_a_hundred_km_with_three_departures():
    evidence = rate_evidence(3, 100.0, 0.01)
    assert evidence.per_km == pytest.approx(0.03)
    assert evidence.upper == pytest.approx(0.07754, abs=5e-6)
    assert (evidence.low, evidence.high) == pytest.approx((0.00619, 0.08767), abs=5e-6)
    assert evidence.km_left == pytest.approx(675.4, abs=0.05)
    assert evidence.km_left / KM_PER_MILE == pytest.approx(419.7, abs=0.05)
    assert km_needed(0.01, departures=3) == pytest.approx(775.4, abs=0.05)


def test_one_in_a_hundred_km_needs_299_6_km():
    assert km_needed(0.01) == pytest.approx(299.6, abs=0.05)
    assert km_needed(0.01) / KM_PER_MILE == pytest.approx(186.1, abs=0.1)
    assert rate_evidence(0, km_needed(0.01), 0.01).verdict == "shown"
    assert km_left(0.01, 400.0, 0) == 0.0
    assert rate_evidence(30, 100.0, 0.01).verdict == "refuted"


@pytest.mark.parametrize(
    ("target", "hours", "tolerance"), [(1e-2, 1.25, 0.005), (1e-3, 12.5, 0.05), (1e-4, 125.0, 0.5), (4e-9, 3.12e6, 5e3)]
)
def test_hours_of_eight_workers_at_thirty_km_an_hour(target, hours, tolerance):
    assert hours_needed(km_needed(target), workers=8) == pytest.approx(hours, abs=tolerance)


def test_fatal_accidents_are_out_of_reach():
    km = km_needed(4e-9)
    assert km == pytest.approx(7.49e8, rel=1e-3)
    assert hours_needed(km, 8) / 24 / 365.25 == pytest.approx(356, abs=0.5)


def test_no_distance_proves_nothing():
    evidence = rate_evidence(0, 0.0, 0.01)
    assert evidence.per_km is None
    assert math.isinf(evidence.upper) and evidence.verdict == "not enough data"
    for wrong in ((-1, 1.0, 0.1), (0, -1.0, 0.1), (0, 1.0, 0.0), (0, math.nan, 0.1)):
        with pytest.raises(ValueError, match="no rate"):
            rate_evidence(*wrong)


def test_a_hundred_km_hold_ten_thousand_units():
    assert independent_units(100_000.0) == 10_000
    frames_per_unit = 10.0 / (30.0 / 3.6 / 20.0)
    assert frames_per_unit == pytest.approx(24.0)


def test_twelve_against_three_departures():
    found = compare_rates(3, 100.0, 12, 100.0)
    assert found.p_higher == pytest.approx(0.0176, abs=5e-5)
    assert found.ratio == pytest.approx(4.0)
    assert (found.low, found.high) == pytest.approx((1.08, 22.1), rel=5e-3)
    swapped = compare_rates(12, 100.0, 3, 100.0)
    assert swapped.p_two_sided == pytest.approx(found.p_two_sided)
    assert (1 / swapped.high, 1 / swapped.low) == pytest.approx((found.low, found.high))


def test_unequal_distances_are_compared_per_km():
    same = compare_rates(10, 50.0, 40, 200.0)
    assert same.ratio == pytest.approx(1.0)
    assert same.low < 1.0 < same.high and same.p_two_sided > 0.5
    assert compare_rates(0, 1.0, 0, 1.0).p_higher is None
    assert compare_rates(0, 1.0, 5, 1.0).high is None


def test_peeking_after_every_km_errs_three_times_too_often_and_the_sequential_rule_does_not():
    rng = np.random.default_rng(0)
    accepted_by_peeking = accepted_by_rule = 0
    rule = sequential_boundary(0.01, 0.001)
    first_passing = [math.ceil(km_needed(0.01, departures=n)) for n in range(60)]
    campaigns = 2000
    for _ in range(campaigns):
        at_km = np.cumsum(rng.exponential(100.0, size=60))
        at_km = at_km[at_km < 2000.0]
        ends = np.append(at_km, 2000.0)
        # With n departures so far the next chance to accept is at that n's distance, if no further one comes before.
        accepted_by_peeking += any(first_passing[n] <= end for n, end in enumerate(ends))
        accepted_by_rule += any(rule.km_at_zero + rule.km_per_departure * n <= end for n, end in enumerate(ends))
    assert accepted_by_peeking / campaigns == pytest.approx(0.163, abs=0.025)
    assert accepted_by_rule / campaigns <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / campaigns)


def test_the_sequential_boundary_of_the_worked_example():
    rule = sequential_boundary(0.01, 0.001)
    assert rule.km_at_zero == pytest.approx(332.9, abs=0.05)
    assert rule.km_per_departure == pytest.approx(255.8, abs=0.05)
    assert not rule.accepts(0, 332.8) and rule.accepts(0, 332.9) and not rule.accepts(1, 588.0)


def test_a_good_system_is_accepted_by_the_sequential_rule_after_445_km_on_average():
    rng, rule = np.random.default_rng(1), sequential_boundary(0.01, 0.001)
    stopped = []
    for _ in range(2000):
        at_km = np.cumsum(rng.exponential(1000.0, size=40))
        needed = rule.km_at_zero + rule.km_per_departure * np.arange(40)
        stopped.append(needed[int(np.argmax(needed <= at_km))])
    assert np.mean(stopped) == pytest.approx(445, abs=15)


def test_a_system_half_as_good_as_tolerated_is_accepted_in_every_second_campaign():
    rng, rule = np.random.default_rng(3), sequential_boundary(0.01, 0.001)
    accepted = 0
    for _ in range(2000):
        at_km = np.cumsum(rng.exponential(200.0, size=300))
        accepted += bool((rule.km_at_zero + rule.km_per_departure * np.arange(300) <= at_km).any())
    assert accepted / 2000 == pytest.approx(0.52, abs=0.04)


@pytest.mark.parametrize(
    ("members", "tolerated", "alpha", "reduction", "frames"),
    [
        (2, 2e-10, 0.05, 28_712, 52.2e6),
        (2, 4e-12, 1e-4, 232_502, 98.9e9),
        (3, 2e-10, 0.05, 713_144, 2.10e6),
        (3, 4e-12, 1e-4, 11_818_614, 1.95e9),
    ],
)
def test_redundant_members_need_fewer_trials(members, tolerated, alpha, reduction, frames):
    assert redundancy_reduction(members, tolerated, alpha) == pytest.approx(reduction, rel=2e-5)
    direct = -math.log(alpha) / tolerated
    per_member = redundant_trials_needed(members, tolerated, alpha)
    assert direct / (members * per_member) == pytest.approx(reduction, rel=2e-5)
    frames_direct = {0.05: 1.50e12, 1e-4: 2.30e16}[alpha]
    assert frames_direct / reduction == pytest.approx(frames, rel=5e-3)


@pytest.mark.parametrize(
    ("members", "alpha", "penalty"), [(2, 0.05, 2.46), (2, 1e-4, 2.15), (3, 0.05, 4.10), (3, 1e-4, 3.36)]
)
def test_what_separate_test_sets_cost(members, alpha, penalty):
    assert separate_sets_penalty(members, alpha) == pytest.approx(penalty, abs=5e-3)


def test_the_exact_test_is_the_binomial_tail():
    assert is_below(0, 299, 0.01) and not is_below(0, 298, 0.01)


def test_bounds_lie_below_the_truth_in_at_most_five_percent_of_campaigns():
    counts = np.random.default_rng(2).poisson(0.02 * 150, size=1000)
    below = np.mean([poisson_rate_upper(int(n), 150.0) < 0.02 for n in counts])
    assert below <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
    assert poisson.cdf(0, 3.0) < 0.05
