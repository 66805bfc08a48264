"""The vehicle beside CommonRoad's drift model and closed forms, by the benchmark's own measurements."""

from __future__ import annotations

import pytest

from benchmarks.vehicle_validation import MANOEUVRES, SPEEDS_MPS, errors, steady_cornering

# (position over path, yaw deg, yaw rate deg/s), about twice what is measured.
BOUNDS = {
    "step_steer": (0.004, 0.5, 0.3),
    "sine": (0.001, 0.1, 0.15),
    "lane_change": (0.001, 0.1, 0.15),
    "brake_in_turn": (0.004, 0.3, 0.3),
    "near_the_limit": (0.02, 4.0, 2.0),
}


@pytest.mark.parametrize("name", MANOEUVRES)
@pytest.mark.parametrize("speed_mps", SPEEDS_MPS)
def test_manoeuvres_follow_the_reference(name: str, speed_mps: float) -> None:
    found = errors(name, speed_mps)
    print(name, speed_mps, {key: round(value, 4) for key, value in found.items()})
    position, yaw_deg, yaw_rate_dps = BOUNDS[name]
    assert found["largest_lateral_mps2"] > 2.5, "the manoeuvre asks for nothing"
    assert found["position_rms_m"] < position * found["path_m"]
    assert found["yaw_rms_deg"] < yaw_deg
    assert found["yaw_rate_rms_dps"] < yaw_rate_dps
    assert found["speed_rms_mps"] < 0.02 * speed_mps


@pytest.mark.parametrize("speed_mps", [5.0, 10.0, 20.0, 30.0])
def test_steady_cornering_is_the_closed_form(speed_mps: float) -> None:
    assert abs(steady_cornering(speed_mps, 1.5)["error_percent"]) < 1.0
