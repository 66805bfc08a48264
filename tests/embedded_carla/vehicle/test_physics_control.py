"""The client's physics control changes the vehicle and can be read back."""

from __future__ import annotations

import itertools
import math
import struct
from typing import Any

import pytest

from embedded_carla.vehicle.catalogue import BY_ID, CATALOGUE
from embedded_carla.vehicle.ground import DRY
from embedded_carla.vehicle.parameters import GRAVITY_MPS2, VehicleParameters
from embedded_carla.vehicle.physics_control import WHEELS, to_wire, with_physics
from embedded_carla.vehicle.single_track import at_rest, step, with_velocity


def through_float32(value: Any) -> Any:
    """What the client's structs do to every number."""
    if isinstance(value, list):
        return [through_float32(item) for item in value]
    return struct.unpack("<f", struct.pack("<f", value))[0] if isinstance(value, float) else value


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.blueprint_id)
def test_reading_and_applying_unchanged_alters_nothing(entry: Any) -> None:
    car = entry.parameters
    control = through_float32(to_wire(car))
    assert len(control) == 17
    assert [len(wheel) for wheel in control[WHEELS]] == [10] * 4
    applied = with_physics(car, control)
    assert applied.core == car.core
    assert all((a == b).all() for a, b in zip(applied.curves, car.curves, strict=True))
    assert to_wire(applied) == control
    assert with_physics(applied, to_wire(applied)).core == car.core


def test_mass_friction_steer_angle_and_curve_are_honoured() -> None:
    car = VehicleParameters()
    control = to_wire(car)
    control[11] = 2 * car.mass_kg
    control[14] = [[0.0, 1.0], [36.0, 0.5]]
    for wheel in control[15]:
        wheel[0] = 1.75
    control[15][0][2] = control[15][1][2] = 40.0
    heavy = with_physics(car, control)
    assert (heavy.mass_kg, heavy.yaw_inertia_kgm2) == (2 * car.mass_kg, 2 * car.yaw_inertia_kgm2)
    assert heavy.mu == pytest.approx(car.mu / 2)
    assert with_physics(heavy, to_wire(heavy)).mu == heavy.mu
    fast = with_velocity(at_rest(0, 0, 0, 0), 20, 0)
    for _ in range(20):
        fast = step(fast, 0.3, 0, 0.2, False, False, heavy, DRY, 0.05)
    assert math.degrees(fast.road_wheel_angle_rad) == pytest.approx(-0.2 * 40 * 0.5)


def deceleration_mps2(car: VehicleParameters, hand_brake: bool = False) -> float:
    state = with_velocity(at_rest(0, 0, 0, 0), 15.0, 0)
    for _ in range(10):
        state = step(state, 0.0, 0.0 if hand_brake else 1.0, 0.0, hand_brake, False, car, DRY, 0.05)
    return (15.0 - state.v_long_mps) / 0.5


def test_brake_torques_radius_and_hand_brake_decide_the_deceleration() -> None:
    car = VehicleParameters(engine_drag_mps2=0.0, rolling_resistance=0.0, drag_coefficient=0.0)
    control = to_wire(car)
    for wheel in control[WHEELS]:
        wheel[4], wheel[5] = 300.0, 0.0
    weak = with_physics(car, control)
    assert deceleration_mps2(weak) == pytest.approx(4 * 300.0 / car.wheel_radius_m / car.mass_kg, rel=0.01)
    assert deceleration_mps2(weak, hand_brake=True) == pytest.approx(0.0, abs=1e-6)
    for wheel in control[WHEELS][2:]:
        wheel[5] = 200.0
    held = with_physics(weak, control)
    assert deceleration_mps2(held, hand_brake=True) == pytest.approx(
        2 * 200.0 / car.wheel_radius_m / car.mass_kg, rel=0.01
    )


def test_torque_curve_gears_and_inertia_decide_the_acceleration() -> None:
    car = VehicleParameters(engine_drag_mps2=0.0, rolling_resistance=0.0, drag_coefficient=0.0, motor_inertia_kgm2=0.0)
    control = to_wire(car)
    control[0] = [[0.0, 100.0], [16_000.0, 100.0]]
    control[9], control[10] = 4.0, [[2.0, 0.0, 2.0]]

    def acceleration_mps2(p: VehicleParameters) -> float:
        return step(at_rest(0, 0, 0, 0), 1.0, 0, 0, False, False, p, DRY, 0.05).v_long_mps / 0.05

    weak = with_physics(car, control)
    force_n = 100.0 * 4.0 * 2.0 / car.wheel_radius_m
    assert acceleration_mps2(weak) == pytest.approx(force_n / car.mass_kg, rel=1e-6)
    control[2] = 2.0
    slow = with_physics(weak, control)
    turning_kg = 2.0 * (8.0 / car.wheel_radius_m) ** 2
    assert acceleration_mps2(slow) == pytest.approx(force_n / (car.mass_kg + turning_kg), rel=1e-6)


def test_centre_of_mass_moves_the_axles_and_the_balance() -> None:
    car = VehicleParameters()
    control = to_wire(car)
    control[13] = [-0.3, 0.0, 0.6]
    moved = with_physics(car, control)
    assert (moved.front_m, moved.rear_m, moved.cg_height_m) == pytest.approx((1.8, 1.075, 0.6))
    assert moved.cg_ahead_m == -0.3
    wheels = [wheel[9][0] for wheel in to_wire(with_physics(moved, to_wire(moved)))[WHEELS]]
    assert wheels == pytest.approx([150.0, 150.0, -137.5, -137.5])


def test_impossible_values_are_not_taken_over() -> None:
    car = VehicleParameters()
    control = to_wire(car)
    control[1] = control[9] = control[11] = 0.0
    control[0] = []
    control[10] = [[0.0, 0.3, 0.7]]
    control[13] = [9.0, 0.0, -1.0]
    control[15] = []
    control[14] = [[0.0, math.nan]]
    assert with_physics(car, control).core == car.core


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.blueprint_id)
def test_every_vehicle_accelerates_brakes_and_turns_as_its_kind_does(entry: Any) -> None:
    car = entry.parameters
    half_length_m, half_width_m, _ = entry.half_size_m
    assert abs(car.cg_ahead_m) + max(car.front_m, car.rear_m) < half_length_m + 0.35
    assert car.half_track_m < half_width_m
    assert car.mu * GRAVITY_MPS2 * car.wheelbase_m > 0
    state = at_rest(0, 0, 0, 0)
    for _ in range(30 * 20):
        state = step(state, 1.0, 0, 0, False, False, car, DRY, 0.05)
    low, high = {"truck": (15, 40), "bicycle": (7, 14), "motorcycle": (22, 85)}.get(entry.base_type, (28, 80))
    assert low < state.v_long_mps < high
    stop = with_velocity(at_rest(0, 0, 0, 0), 10.0, 0)
    ticks = 0
    while stop.v_long_mps > 0 and ticks < 200:
        stop, ticks = step(stop, 0, 1.0, 0, False, False, car, DRY, 0.05), ticks + 1
    assert 0.9 < ticks * 0.05 < 3.0
    turn = with_velocity(at_rest(0, 0, 0, 0), 5.0, 0)
    for _ in range(40):
        turn = step(turn, 0.05, 0, -0.1, False, False, car, DRY, 0.05)
    assert turn.yaw_rate_radps == pytest.approx(turn.v_long_mps * math.radians(7.0) / car.wheelbase_m, rel=0.15)


def test_gearboxes_change_up_and_down_and_obey_the_driver() -> None:
    car = BY_ID["vehicle.audi.tt"].parameters
    state, gears = at_rest(0, 0, 0, 0), []
    for tick in range(800):
        state = step(state, 0.7 if tick < 400 else 0.0, 0.0 if tick < 400 else 0.3, 0, False, False, car, DRY, 0.05)
        gears.append(state.gear)
    changes = [b - a for a, b in itertools.pairwise(gears) if a != b]
    top = max(gears)
    assert top >= 4
    assert changes == [1] * (top - 1) + [-1] * (top - 1), "it hunts between gears"
    neutral = step(at_rest(0, 0, 0, 0), 1.0, 0, 0, False, False, car, DRY, 0.05, manual_gear=0)
    assert neutral.v_long_mps == 0.0
    third = at_rest(0, 0, 0, 0)
    backwards = at_rest(0, 0, 0, 0)
    for _ in range(40):
        third = step(third, 1.0, 0, 0, False, True, car, DRY, 0.05, manual_gear=3)
        backwards = step(backwards, 0.5, 0, 0, False, False, car, DRY, 0.05, manual_gear=-1)
    assert third.gear == 3 and third.v_long_mps > 1.0
    assert backwards.gear == -1 and backwards.v_long_mps < -1.0
