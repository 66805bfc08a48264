"""Where a car gets with given pedals and wheel: what networks were trained on must not change unnoticed."""

from __future__ import annotations

import math

import pytest

from embedded_carla.world.calls.spawn import spawn
from embedded_carla.world.vehicle import Control, Vehicle
from embedded_carla.world.weather import CLEAR_NOON, DEPOSITS, WETNESS
from embedded_carla.world.world import World

# x, y (m), yaw (deg), speed (m/s) after 50, 100, 150 and 200 ticks; they change only with the car's behaviour.
DRY: list[tuple[float, float, float, float]] = [
    (27.858437881379004, 1.8911133626559797, 0.5581677610142346, 6.26416803997501),
    (51.27541214307935, 1.4120682022875386, 1.7368552069733558, 12.468150390619947),
    (81.87434103289448, 2.125769026661586, -3.0332588169343424, 7.652087734835964),
    (87.92987877199707, 1.9041190246167468, -1.3047159329046825, 0.0),
]
WET: list[tuple[float, float, float, float]] = [
    (27.85842632952941, 1.8914959132761249, 0.553269729715767, 6.264149948360735),
    (51.27423297068984, 1.3965653170756127, 1.8531205797888182, 12.467170641537985),
    (81.86533472863532, 2.2590976705308528, -2.7613253083981473, 7.649227760658032),
    (87.91724253205741, 2.0642998234691956, -1.0507714523844232, 0.0),
]


def trajectory(wet: bool) -> list[tuple[float, float, float, float]]:
    """200 ticks on the oval's first straight: accelerate, sweep left and right, brake."""
    world = World(stream_port=0)
    weather = list(CLEAR_NOON)
    if wet:
        weather[DEPOSITS], weather[WETNESS] = 80.0, 100.0
    world.weather = tuple(weather)
    car = spawn(world, [0, "vehicle.tesla.model3", []], [[20.0, 1.75, 0.3], [0.0, 0.0, 0.0]])
    assert isinstance(car, Vehicle)
    reached = []
    for tick in range(1, 201):
        throttle, brake = (0.6, 0.0) if tick <= 120 else (0.0, 0.5)
        car.control = Control(throttle=throttle, brake=brake, steer=0.02 * math.sin(tick / 12.0))
        world.tick()
        if tick % 50 == 0:
            reached.append((car.pose.x_m, car.pose.y_m, car.pose.yaw_deg, car.state.speed_mps))
    return reached


@pytest.mark.parametrize(("wet", "golden"), [(False, DRY), (True, WET)], ids=["dry", "wet"])
def test_the_cars_behaviour_is_the_one_that_networks_learned_from(
    wet: bool, golden: list[tuple[float, float, float, float]]
) -> None:
    # 1e-9: the same arithmetic, with room for another machine's sine.
    assert trajectory(wet) == [pytest.approx(row, rel=1e-9, abs=1e-9) for row in golden]
