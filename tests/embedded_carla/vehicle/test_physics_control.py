"""The client's physics control changes the vehicle and can be read back."""

from __future__ import annotations

import math

import pytest

from embedded_carla.vehicle.parameters import VehicleParameters
from embedded_carla.vehicle.single_track import at_rest, step, with_velocity


def test_reading_and_applying_unchanged_alters_nothing() -> None:
    car = VehicleParameters.for_blueprint("vehicle.tesla.model3")
    control = car.physics_control()
    assert len(control) == 17
    assert [len(wheel) for wheel in control[15]] == [10] * 4
    applied = car.with_physics(control)
    assert applied.core == car.core
    assert applied.physics_control() == control


def test_mass_friction_steer_angle_and_curve_are_honoured() -> None:
    car = VehicleParameters()
    control = car.physics_control()
    control[11] = 2 * car.mass_kg
    control[14] = [[0.0, 1.0], [36.0, 0.5]]
    for wheel in control[15]:
        wheel[0] = 1.75
    control[15][0][2] = control[15][1][2] = 40.0
    heavy = car.with_physics(control)
    assert (heavy.mass_kg, heavy.yaw_inertia_kgm2) == (2 * car.mass_kg, 2 * car.yaw_inertia_kgm2)
    assert heavy.mu == pytest.approx(car.mu / 2)
    assert heavy.with_physics(heavy.physics_control()).mu == heavy.mu
    fast = with_velocity(at_rest(0, 0, 0, 0), 20, 0)
    for _ in range(20):
        fast = step(fast, 0.3, 0, 0.2, False, False, heavy, 1.0, 0.05)
    assert math.degrees(fast.road_wheel_angle_rad) == pytest.approx(-0.2 * 40 * 0.5)


def test_impossible_values_are_not_taken_over() -> None:
    car = VehicleParameters()
    control = car.physics_control()
    control[11] = 0.0
    control[15] = []
    control[14] = [[0.0, math.nan]]
    assert car.with_physics(control).core == car.core


def test_unknown_blueprints_drive_like_an_ordinary_car() -> None:
    assert 1000 < VehicleParameters.for_blueprint("vehicle.some.thing").mass_kg < 2000
