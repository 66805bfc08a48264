"""What a claim costs: worked examples of the literature, and power against simulation."""

import argparse

import numpy as np
import pytest
from scipy.stats import binomtest

from harness.evaluation.plan import (
    PlanError,
    comparison_needed,
    departures_needed,
    distances_needed,
    expected_km,
    mcnemar_power,
)
from harness.evaluation.plan_command import add_plan_arguments, parse_rate, plan_text


def planned(*arguments):
    parser = argparse.ArgumentParser()
    add_plan_arguments(parser)
    return plan_text(parser.parse_args(arguments))


def test_the_rule_of_three_is_printed():
    text = planned("--target", "1/100km", "--conf", "0.95", "--workers", "8")
    assert "0 departures on the way: 299.6 km (186.1 mi), 1.25 h" in text
    assert "3 departures on the way: 775.4 km" in text


@pytest.mark.parametrize(("target", "hours"), [("1/100km", 1.25), ("1/1000km", 12.5), ("1/10000km", 125.0)])
def test_hours_of_eight_workers(target, hours):
    assert distances_needed(parse_rate(target), workers=8)[0].hours == pytest.approx(hours, rel=2e-3)


def test_units_are_ten_metres_of_driving():
    assert distances_needed(0.01, workers=1)[0].units == 29_958


def test_provoked_departures_for_miss_rates():
    needed = {(row.miss_rate, row.misses): row.departures for row in departures_needed()}
    assert [needed[0.2, k] for k in range(3)] == [14, 22, 30]
    assert [needed[0.1, k] for k in range(3)] == [29, 46, 61]
    assert [needed[0.05, k] for k in range(3)] == [59, 93, 124]


@pytest.mark.parametrize(
    ("text", "per_km"), [("1/1000km", 0.001), ("3/100 km", 0.03), ("1/km", 1.0), ("1/100mi", 1 / 160.9344)]
)
def test_rates_are_read(text, per_km):
    assert parse_rate(text) == pytest.approx(per_km)


@pytest.mark.parametrize("text", ["0.001", "1/0km", "0/100km", "1/100", "x/100km", "-1/100km"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(PlanError, match="1/1000km"):
        parse_rate(text)


def test_a_rate_at_the_target_never_shows_it():
    assert expected_km(0.01, 0.01) is None
    assert "never" in planned("--target", "1/100km", "--expected", "1/90km")


def test_the_expected_distance_leaves_room_for_the_expected_departures():
    km = expected_km(0.01, 0.002)
    assert km > expected_km(0.01, 0.0) == pytest.approx(299.573, abs=1e-3)
    events = int(np.ceil(0.002 * km - 1e-9))
    assert km == pytest.approx({2: 629.58, 1: 474.39, 3: 775.37}[events], abs=0.01)


def test_power_agrees_with_simulated_campaigns():
    rng = np.random.default_rng(3)
    pairs, runs = 150, 3000
    worse = (rng.random((runs, pairs)) < 0.2) & ~(first := rng.random((runs, pairs)) < 0.1)
    candidate = worse | (first & (rng.random((runs, pairs)) < 0.2))
    only_candidate, only_baseline = (candidate & ~first).sum(axis=1), (first & ~candidate).sum(axis=1)
    found = [
        binomtest(int(c), int(c + b), 0.5, alternative="greater").pvalue <= 0.05
        for c, b in zip(only_candidate, only_baseline, strict=True)
    ]
    assert np.mean(found) == pytest.approx(mcnemar_power(pairs, 0.1, 0.2, 0.05), abs=0.025)


def test_planned_pairs_have_the_power_and_one_fewer_have_not():
    plan = comparison_needed(0.1, ratio=2.0, power=0.9, tests=5)
    assert plan.power >= 0.9 > mcnemar_power(plan.pairs - 1, 0.1, 0.2, 0.05 / 5)
    assert plan.pairs > comparison_needed(0.1, ratio=2.0, power=0.9).pairs


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(PlanError, match="shares lie between 0 and 1"):
        comparison_needed(0.6, ratio=2.0)
    with pytest.raises(PlanError, match="too small to compare"):
        comparison_needed(1e-6)
