"""What a campaign's kilometres prove: bounds, verdicts and the distance still to drive, against worked numbers."""

import pytest

from harness.evaluation.rate_claims import rate_claims
from harness.evaluation.rates import per_exposure


def summary(departures, km, silent=0, left=0, ticks_per_s=100.0):
    """One monitor, one takeover mode, everything over the same distance; 20 ticks are 10 m."""
    point = {"point": "fa0.50", "departed_without_warning_per_km": per_exposure(silent, km)}
    return {
        "counts": {"km_all_modes": km},
        "departures": {"per_km": per_exposure(departures, km)},
        "monitors": [{"name": "m", "points": [{"point": "fa0.10"}, point]}, {"name": "unfitted", "points": []}],
        "safety_gain": [{"mode": "takeover:m@fa0.50", "rh_per_km": per_exposure(left, km)}],
        "timing": {"ticks": 2000.0 * km, "ticks_per_s": ticks_per_s} if ticks_per_s else None,
    }


def at(claim, target):
    (found,) = [one for one in claim["targets"] if one["target_per_km"] == target]
    return found


def test_a_hundred_km_with_three_departures():
    claims = rate_claims(summary(3, 100.0))
    claim = claims["agent"]
    assert (claim["departures"], claim["per_km"]) == (3, pytest.approx(0.03))
    assert claim["upper"] == pytest.approx(0.07754, abs=5e-6)
    assert (claim["low"], claim["high"]) == pytest.approx((0.00619, 0.08767), abs=5e-6)
    assert at(claim, 0.01)["km_left"] == pytest.approx(675.4, abs=0.05)
    # 2,000 ticks a km at 100 ticks a second: 180 km in an hour.
    assert claims["km_per_worker_hour"] == pytest.approx(180.0)
    assert at(claim, 0.01)["worker_hours_left"] == pytest.approx(675.4 / 180.0, abs=0.001)
    assert [at(claim, target)["verdict"] for target in (1.0, 0.1, 0.01, 0.001)] == [
        *("shown", "shown"),
        *("not enough data", "refuted"),
    ]


def test_monitors_and_takeovers_have_claims_of_their_own():
    claims = rate_claims(summary(12, 20.0, silent=2, left=0))
    (monitor,) = claims["monitors"]
    assert (monitor["name"], monitor["point"], monitor["claim"]["departures"]) == ("m", "fa0.50", 2)
    assert monitor["claim"]["upper"] == pytest.approx(6.2958 / 20, abs=5e-6)
    (takeover,) = claims["takeovers"]
    assert takeover["claim"]["km_per_departure_at_least"] == pytest.approx(20 / 2.9957, abs=5e-4)


def test_the_limits_of_criteria_join_the_targets():
    criteria = [
        {"metric": "departures.per_km", "at_most": 0.02, "at_least": None},
        {"metric": "departures.per_km", "at_least": 0.5, "at_most": None},
        {"metric": "departures.departed", "at_most": 0.3},
    ]
    targets = [one["target_per_km"] for one in rate_claims(summary(0, 5.0), criteria)["agent"]["targets"]]
    assert targets == [1.0, 0.1, 0.02, 0.01, 0.001]


def test_no_distance_claims_nothing_and_no_timings_tell_no_hours():
    nothing = rate_claims(summary(0, 0.0))
    assert nothing["agent"] is None and nothing["km_per_worker_hour"] is None
    untimed = rate_claims(summary(0, 5.0, ticks_per_s=None))["agent"]
    assert at(untimed, 0.1)["km_left"] > 0 and at(untimed, 0.1)["worker_hours_left"] is None
