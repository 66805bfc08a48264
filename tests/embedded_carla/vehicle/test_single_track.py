"""The vehicle against closed forms, limits and a published model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2
from vehiclemodels.vehicle_dynamics_std import vehicle_dynamics_std

from embedded_carla.vehicle.catalogue import BY_ID
from embedded_carla.vehicle.ground import DRY, Ground
from embedded_carla.vehicle.parameters import GRAVITY_MPS2, VehicleParameters
from embedded_carla.vehicle.single_track import VehicleState, at_rest, step, with_velocity

CAR = BY_ID["vehicle.tesla.model3"].parameters
TICK_S = 0.05


def kinetic_energy_j(state: VehicleState, car: VehicleParameters = CAR) -> float:
    return 0.5 * car.mass_kg * state.speed_mps**2 + 0.5 * car.yaw_inertia_kgm2 * state.yaw_rate_radps**2


def cruise(state: VehicleState, speed_mps: float, steer: float, seconds: float, friction: float = 1.0) -> VehicleState:
    """Hold a speed by a proportional controller."""
    for _ in range(round(seconds / TICK_S)):
        throttle = 0.05 + 0.8 * (speed_mps - state.speed_mps)
        state = step(state, throttle, 0.0, steer, False, False, CAR, Ground.even(friction), TICK_S)
    return state


@pytest.mark.parametrize("speed_mps", [3.0, 8.0, 14.0, 25.0])
@pytest.mark.parametrize("side", [-1, 1])
def test_steady_cornering_follows_the_understeer_gradient(speed_mps: float, side: int) -> None:
    """delta = L/R + K_us·a_y/g (Gillespie, "Fundamentals of Vehicle Dynamics", eq. 6-15)."""
    angle_rad = CAR.wheelbase_m * 1.0 / speed_mps**2  # about 1 m/s² sideways
    steer = side * angle_rad / math.radians(CAR.max_steer_deg)
    state = cruise(with_velocity(at_rest(0, 0, 0, 0), speed_mps, 0), speed_mps, steer, 12.0)
    a_y_g = state.v_long_mps * state.yaw_rate_radps / GRAVITY_MPS2
    geometric = math.atan(CAR.wheelbase_m * state.yaw_rate_radps / state.v_long_mps)
    expected = geometric + CAR.understeer_rad_per_g * a_y_g
    assert state.road_wheel_angle_rad == pytest.approx(-side * angle_rad)
    assert state.road_wheel_angle_rad == pytest.approx(expected, rel=0.02)
    assert state.a_lat_mps2 == pytest.approx(state.v_long_mps * state.yaw_rate_radps, rel=0.01)


@pytest.mark.parametrize(("speed_mps", "angle_deg"), [(5.0, 10.0), (10.0, 4.0), (14.0, 3.0), (20.0, 2.0), (14.0, 5.0)])
def test_agrees_with_the_commonroad_drift_model(speed_mps: float, angle_deg: float) -> None:
    """A steering ramp, held, then back, coasting with CommonRoad's parameters; STD integrated at 1 ms."""
    theirs = parameters_vehicle2()
    tire = theirs.tire
    mine = VehicleParameters(
        mass_kg=theirs.m,
        yaw_inertia_kgm2=theirs.I_z,
        front_m=theirs.a,
        rear_m=theirs.b,
        cg_height_m=theirs.h_s,
        dry_friction=tire.p_dy1,
        load_sensitivity=0.0,
        stiffness_front_per_rad=-tire.p_ky1,
        stiffness_rear_per_rad=-tire.p_ky1,
        tyre_shape=tire.p_cy1,
        tyre_curvature=tire.p_ey1,
        steering_wheel_rate_dps=math.degrees(0.3) * 16,
        engine_drag_mps2=0.0,
        drag_coefficient=0.0,
        rolling_resistance=0.0,
    )
    state = with_velocity(at_rest(0, 0, 0, 0), speed_mps, 0)
    wheel = speed_mps / theirs.R_w
    x = np.array([0, 0, 0, speed_mps, 0, 0, 0, wheel, wheel], dtype=float)
    angle_rad = math.radians(angle_deg)
    worst_m = worst_yaw = worst_rate = 0.0
    for tick in range(60):
        target = angle_rad if tick < 35 else 0.0
        state = step(state, 0, 0, -target / math.radians(70), False, False, mine, DRY, TICK_S)
        for _ in range(50):
            rate = min(max((target - x[2]) / 0.001, -0.3), 0.3)
            x = x + 0.001 * np.array(vehicle_dynamics_std(list(x), [rate, 0.0], theirs))
        worst_m = max(worst_m, math.hypot(state.x_m - x[0], state.y_m - x[1]))
        worst_yaw = max(worst_yaw, abs(state.yaw_rad - x[4]))
        worst_rate = max(worst_rate, abs(state.yaw_rate_radps - x[5]))
    worst_deg, worst_dps = math.degrees(worst_yaw), math.degrees(worst_rate)
    print(f"{speed_mps=} {angle_deg=}: {worst_m:.3f} m, {worst_deg:.2f} deg, {worst_dps:.2f} deg/s")
    assert abs(state.yaw_rad) > math.radians(10)
    assert worst_m < 0.01 * speed_mps * 3.0  # 1 % of the distance
    assert worst_deg < 1.0
    assert worst_dps < 1.0


@given(
    speed=st.floats(-8, 40),
    slide=st.floats(-15, 15),
    spin=st.floats(-3, 3),
    steer=st.floats(-1, 1),
    brake=st.floats(0, 1),
    hand_brake=st.booleans(),
    friction=st.floats(0.1, 1.2),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_without_throttle_energy_falls_and_the_tyres_limit_the_force(
    speed: float, slide: float, spin: float, steer: float, brake: float, hand_brake: bool, friction: float
) -> None:
    state = with_velocity(at_rest(0, 0, 0, 0.3), speed, slide)._replace(yaw_rate_radps=spin)
    limit_mps2 = CAR.mu * friction * GRAVITY_MPS2
    for tick in range(60):
        following = step(
            state, 0.0, brake, steer * math.sin(tick), hand_brake, False, CAR, Ground.even(friction), TICK_S
        )
        assert all(math.isfinite(value) for value in following)
        assert kinetic_energy_j(following) <= kinetic_energy_j(state) * (1 + 1e-12)
        assert abs(following.a_lat_mps2) <= limit_mps2 * (1 + 1e-9)
        assert abs(following.road_wheel_angle_rad) <= math.radians(35) + 1e-12
        state = following


def test_a_standing_car_stays_where_it_is() -> None:
    state = at_rest(3.0, -4.0, 0.5, 1.2, pitch_rad=0.05)
    for brake, steer in ((1.0, 0.0), (0.4, 1.0), (0.2, -1.0)):
        for _ in range(200):
            state = step(state, 0.0, brake, steer, False, False, CAR, DRY, TICK_S)
    assert state[:5] == (3.0, -4.0, 0.5, 1.2, 0.05)
    assert (state.v_long_mps, state.v_lat_mps, state.yaw_rate_radps) == (0.0, 0.0, 0.0)
    flat = at_rest(0, 0, 0, 0)
    for _ in range(400):
        flat = step(flat, 0.0, 0.0, 0.3, False, False, CAR, DRY, TICK_S)
    assert flat[:5] == (0.0, 0.0, 0.0, 0.0, 0.0)


def test_brakes_to_a_full_stop_in_a_bend_and_never_rolls_back() -> None:
    state = cruise(with_velocity(at_rest(0, 0, 0, 0), 12.0, 0), 12.0, 0.05, 3.0)
    for _ in range(60):
        state = step(state, 0.0, 0.6, 0.05, False, False, CAR, DRY, TICK_S)
        assert state.v_long_mps >= 0.0
    assert (state.v_long_mps, state.v_lat_mps, state.yaw_rate_radps) == (0.0, 0.0, 0.0)


def test_rolls_down_a_slope_and_the_hand_brake_holds_it() -> None:
    state = at_rest(0, 0, 0, 0, pitch_rad=math.radians(5))
    held = rolling = state
    for _ in range(40):
        held = step(held, 0, 0, 0, True, False, CAR, DRY, TICK_S)
        rolling = step(rolling, 0, 0, 0, False, False, CAR, DRY, TICK_S)
    assert held.x_m == 0.0
    assert rolling.v_long_mps < -0.5


def test_full_throttle_and_full_brake_are_those_of_a_car() -> None:
    state, ticks = at_rest(0, 0, 0, 0), 0
    while state.v_long_mps < 100 / 3.6:
        state, ticks = step(state, 1.0, 0, 0, False, False, CAR, DRY, TICK_S), ticks + 1
    assert 6.0 <= ticks * TICK_S <= 9.0
    for friction, expected_g in ((1.0, 0.9), (0.4, 0.38)):
        braking = with_velocity(at_rest(0, 0, 0, 0), 20.0, 0)
        for _ in range(10):
            braking = step(braking, 0, 1.0, 0, False, False, CAR, Ground.even(friction), TICK_S)
        assert (20.0 - braking.v_long_mps) / 0.5 / GRAVITY_MPS2 == pytest.approx(expected_g, abs=0.05)


def test_reverse_drives_backwards_and_steers_the_other_way_round() -> None:
    state = at_rest(0, 0, 0, 0)
    for _ in range(60):
        state = step(state, 0.4, 0, -0.2, False, True, CAR, DRY, TICK_S)
    assert -9.0 < state.v_long_mps < -2.0
    assert state.road_wheel_angle_rad > 0 > state.yaw_rate_radps


def test_steering_sign_limit_and_rate() -> None:
    first = step(at_rest(0, 0, 0, 0), 0, 0, 1.0, False, False, CAR, DRY, TICK_S)
    assert math.degrees(first.road_wheel_angle_rad) * 16 == pytest.approx(-720 * TICK_S)
    state = first
    for _ in range(40):
        state = step(state, 0, 0, 1.0, False, False, CAR, DRY, TICK_S)
    assert math.degrees(state.road_wheel_angle_rad) == pytest.approx(-35.0)


def test_same_inputs_same_bits_and_bad_inputs_are_harmless() -> None:
    def run() -> VehicleState:
        state = with_velocity(at_rest(0, 0, 0, 0), 10, 0)
        for tick in range(200):
            state = step(state, 0.3, 0, 0.1 * math.sin(tick / 9), False, False, CAR, Ground.even(0.9), TICK_S)
        return state

    assert run() == run()
    weird = step(at_rest(0, 0, 0, 0), math.nan, math.nan, math.nan, False, False, CAR, DRY, TICK_S)
    assert weird == at_rest(0, 0, 0, 0)
    assert step(at_rest(0, 0, 0, 0), 9, 0, 9, False, False, CAR, DRY, TICK_S) == step(
        at_rest(0, 0, 0, 0), 1, 0, 1, False, False, CAR, DRY, TICK_S
    )


def test_whole_numbers_and_truths_are_taken_as_numbers() -> None:
    odd = at_rest(0, 0, 0, 0)._replace(pitch_rad=0, v_long_mps=3, roll_rad=0, gear=1.0, shift_left_s=0)
    plain = at_rest(0, 0, 0, 0)._replace(v_long_mps=3.0)
    assert step(odd, 1, 0, 0, 0, 0, CAR, Ground(1, 1, 0), TICK_S) == step(
        plain, 1.0, 0.0, 0.0, False, False, CAR, DRY, TICK_S
    )  # type: ignore[arg-type]


def test_a_standing_car_does_not_creep_on_a_bank_or_under_the_brake_on_a_slope() -> None:
    for state, brake in (
        (at_rest(0, 0, 0, 0)._replace(roll_rad=math.radians(8)), 0.0),
        (at_rest(0, 0, 0, 0, pitch_rad=math.radians(10)), 0.5),
    ):
        moved = state
        for _ in range(200):
            moved = step(moved, 0.0, brake, 0.2, False, False, CAR, DRY, TICK_S)
        assert (moved.x_m, moved.y_m, moved.v_long_mps, moved.v_lat_mps) == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("slope_deg", [-8.0, 3.0, 8.0])
def test_rolling_freely_on_a_slope_accelerates_by_gravity_less_resistance(slope_deg: float) -> None:
    slope = math.radians(slope_deg)
    ideal = replace(CAR, engine_drag_mps2=0.0, drag_coefficient=0.0, motor_inertia_kgm2=0.0)
    start = at_rest(0, 0, 0, 0, pitch_rad=slope)._replace(v_long_mps=10.0)
    state = start
    for _ in range(20):
        state = step(state, 0.0, 0.0, 0.0, False, False, ideal, DRY, TICK_S)
    expected = -GRAVITY_MPS2 * (math.sin(slope) + ideal.rolling_resistance * math.cos(slope))
    assert state.v_long_mps - start.v_long_mps == pytest.approx(expected, rel=1e-6)
    assert state.x_m == pytest.approx((10.0 + 0.5 * expected) * math.cos(slope), rel=1e-6)


@pytest.mark.parametrize("roll_deg", [-6.0, 4.0])
def test_on_a_bank_the_tyres_carry_what_the_bend_does_not(roll_deg: float) -> None:
    """Steady cornering on a bank: tyre force per mass = v²/R + g sin(roll), so K_us acts on that sum."""
    roll, angle = math.radians(roll_deg), math.radians(1.2)
    state = at_rest(0, 0, 0, 0)._replace(v_long_mps=15.0, roll_rad=roll)
    for _ in range(300):
        throttle = 0.05 + 0.8 * (15.0 - state.speed_mps)
        state = step(state, throttle, 0.0, -angle / math.radians(70.0), False, False, CAR, DRY, TICK_S)
    centripetal = state.v_long_mps * state.yaw_rate_radps
    carried_g = (centripetal + GRAVITY_MPS2 * math.sin(roll)) / (GRAVITY_MPS2 * math.cos(roll))
    geometric = math.atan(CAR.wheelbase_m * state.yaw_rate_radps / state.v_long_mps)
    assert angle == pytest.approx(geometric + CAR.understeer_rad_per_g * carried_g, rel=0.02)


@given(
    speed=st.floats(5, 35), steer=st.floats(-1, 1), throttle=st.floats(0, 1), brake=st.floats(0, 1),
    front=st.floats(0.1, 1.1), rear=st.floats(0.1, 1.1), pitch=st.floats(-0.12, 0.12), roll=st.floats(-0.08, 0.08),
)  # fmt: skip
@settings(max_examples=100, deadline=None, derandomize=True)
def test_forces_stay_within_the_friction_circle(
    speed: float, steer: float, throttle: float, brake: float, front: float, rear: float, pitch: float, roll: float
) -> None:
    """Acceleration less gravity and resistances never exceeds the grip of both axles together."""
    state = at_rest(0, 0, 0, 0, pitch_rad=pitch)._replace(v_long_mps=speed, roll_rad=roll)
    ground = Ground(front, rear, 0.0)
    # The coefficient falls with load, so that of an axle that carries less than its share exceeds the static one.
    grip_mps2 = CAR.mu * max(front, rear) * GRAVITY_MPS2 * (1.0 + CAR.load_sensitivity)
    resistance_mps2 = 0.9 + 0.6 * CAR.drag_coefficient * CAR.frontal_area_m2 * speed**2 / CAR.mass_kg
    for _ in range(20):
        state = step(state, throttle, brake, steer, False, False, CAR, ground, TICK_S)
        along = state.a_long_mps2 + GRAVITY_MPS2 * math.sin(pitch)
        across = state.a_lat_mps2 + GRAVITY_MPS2 * math.sin(roll)
        assert math.hypot(max(abs(along) - resistance_mps2, 0.0), across) <= grip_mps2
