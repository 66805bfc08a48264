"""Speed: limits ahead are met with comfortable braking, the launch does not overshoot."""

from __future__ import annotations

import numpy as np
import pytest

from agents.geometry import Route
from agents.label_expert import LabelExpert
from agents.speed_controller import SpeedController, allowed_speed_mps
from tests.agents.car_on_a_road import TICK_S, Car, road

LABEL = LabelExpert()


def run(route: Route, speed_mps: float, duration_s: float, v_max_mps: float = 15.0) -> dict[str, np.ndarray]:
    controller = SpeedController()
    controller.reset()
    car = Car(route, speed_mps)
    rows = []
    while car.tick * TICK_S < duration_s and car.s < route.length_m - 5:
        state = car.state()
        throttle, brake, target = controller.control(route, state, v_max_mps, 2.5, TICK_S)
        acceleration = 4.5 * throttle - 7.0 * brake - 0.15 - 0.0005 * state.speed_mps**2
        car.step(LABEL.swa_deg(state, route), acceleration, substeps=10)
        rows.append((state.speed_mps, target, throttle, brake, state.curvature_1pm, state.lateral_offset_m))
    names = ("speed", "target", "throttle", "brake", "curvature", "offset")
    return dict(zip(names, np.array(rows).T, strict=True))


def test_launch_reaches_the_limit_without_overshoot() -> None:
    log = run(road([(400, 0.0)]), 0.0, 20.0)
    assert log["speed"].max() < 15.4
    assert log["speed"][-1] == pytest.approx(15.0, abs=0.2)
    assert not np.any((log["throttle"] > 0) & (log["brake"] > 0))
    for pedal in ("throttle", "brake"):
        assert log[pedal].min() >= 0 and log[pedal].max() <= 1


@pytest.mark.parametrize("radius_m", [30, 60, 120])
def test_curves_are_entered_at_their_speed_after_comfortable_braking(radius_m: float) -> None:
    log = run(road([(150, 0.0), (60, 1 / radius_m), (60, 0.0)]), 12.0, 40.0)
    inside = log["curvature"] > 0
    sideways = log["speed"][inside] ** 2 / radius_m
    assert sideways.max() < 2.5 * 1.12
    assert sideways[-20:].mean() > 2.5 * 0.8 or radius_m == 120
    deceleration = -np.diff(log["speed"]) / TICK_S
    assert deceleration.max() < 2.4
    assert np.abs(log["offset"]).max() < 0.3


def test_allowed_speed_obeys_v_squared_is_v_k_squared_plus_2as() -> None:
    route = road([(100, 0.0), (50, 1 / 40)])
    curve_mps = 10.0  # sqrt(2.5 * 40)
    for distance_m in (0.0, 10.0, 25.0):
        expected = min(np.sqrt(curve_mps**2 + 2 * 1.5 * distance_m), 15.0)
        assert allowed_speed_mps(route, 100.0 - distance_m, 15.0, 2.5, 1.5) == pytest.approx(expected, abs=0.05)


def test_limits_that_are_not_positive_are_refused() -> None:
    route = road([(50, 0.0)])
    with pytest.raises(ValueError, match="must be > 0"):
        SpeedController().control(route, Car(route, 5.0).state(), 0.0, 2.5, TICK_S)
