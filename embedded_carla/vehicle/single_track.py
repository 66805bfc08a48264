"""Dynamic single-track model: load-dependent saturating tyres, sound down to standstill."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled
from embedded_carla.vehicle.drivetrain import automatic_gear, wheel_force_n
from embedded_carla.vehicle.ground import DRY, Ground
from embedded_carla.vehicle.parameters import GRAVITY_MPS2, LEAST_FRICTION, Core, Curves, VehicleParameters
from embedded_carla.vehicle.state import VehicleState, at_rest, with_velocity
from embedded_carla.vehicle.tyre import axle_friction, lateral_force_n

__all__ = ["SUBSTEP_S", "VehicleState", "at_rest", "step", "warm_up", "with_velocity"]

SUBSTEP_S = 0.0025
"""Longest integration step: 20 of them in a tick of 0.05 s, whatever the machine."""
_KINEMATIC_BELOW_MPS = 1.0
_DYNAMIC_ABOVE_MPS = 2.0
_RELAXATION_S = 0.05
"""Time in which slow motion takes on the motion without slip."""
_AXLE_USE = 0.95
"""Largest share of the friction circle that drive and brake may use (slip control keeps the rest)."""
FloatArray = npt.NDArray[np.float64]


class _Pull(NamedTuple):
    """Gravity along and across the vehicle's plane, and onto it."""

    gravity_along_mps2: float
    gravity_across_mps2: float
    normal_mps2: float


@compiled()
def _forces(
    vx: float,
    vy: float,
    yaw_rate: float,
    angle: float,
    a_long: float,
    drive_n: float,
    brake_n: float,
    hand_brake: bool,
    drag_mps2: float,
    inertia_share: float,
    ground: Ground,
    pull: _Pull,
    p: Core,
) -> tuple[float, float, float, float, float]:
    """Rates at a state: dvx without friction, friction against the motion (≥ 0), dvy, dyaw_rate, a_across.

    Args:
        drag_mps2: deceleration by the motor. inertia_share: mass over mass with what turns with the wheels.
    """
    wheelbase = p.front_m + p.rear_m
    weight_n = p.mass_kg * pull.normal_mps2
    static_front_n = weight_n * p.rear_m / wheelbase
    static_rear_n = weight_n - static_front_n
    load_front_n = static_front_n - p.mass_kg * (a_long - pull.gravity_along_mps2) * p.cg_height_m / wheelbase
    load_front_n = min(max(load_front_n, 0.05 * weight_n), 0.95 * weight_n)
    load_rear_n = weight_n - load_front_n
    mu_front = axle_friction(p.mu * ground.friction_front, load_front_n, static_front_n, p.load_sensitivity)
    mu_rear = axle_friction(p.mu * ground.friction_rear, load_rear_n, static_rear_n, p.load_sensitivity)

    # Without grip nothing holds a car back: neither the motor's drag nor the wheels' own resistance.
    grip_mps2 = (mu_front * load_front_n + mu_rear * load_rear_n) / p.mass_kg
    drag_mps2 = min(max(drag_mps2, -grip_mps2), grip_mps2)
    # Longitudinal forces, each axle within its circle; brakes are distributed by load.
    room_front_n = _AXLE_USE * mu_front * load_front_n
    room_rear_n = _AXLE_USE * mu_rear * load_rear_n
    drive_front_n = min(max(p.drive_front_share * drive_n, -room_front_n), room_front_n)
    drive_rear_n = min(max((1.0 - p.drive_front_share) * drive_n, -room_rear_n), room_rear_n)
    brake_front_n = min(brake_n * load_front_n / weight_n, room_front_n - abs(drive_front_n))
    wanted_rear_n = brake_n * load_rear_n / weight_n
    if hand_brake:
        wanted_rear_n += p.hand_brake_n
    brake_rear_n = min(wanted_rear_n, room_rear_n - abs(drive_rear_n))
    # Near standstill a brake holds rather than pushes, so its share in turning forces fades out.
    against = -vx / max(abs(vx), 0.5)
    fx_front_n = drive_front_n + against * brake_front_n

    cos, sin = math.cos(angle), math.sin(angle)
    across_front = vy + p.front_m * yaw_rate
    rolling_front = vx * cos + across_front * sin
    sliding_front = across_front * cos - vx * sin
    slip_front = -math.atan2(sliding_front, max(abs(rolling_front), _KINEMATIC_BELOW_MPS))
    slip_rear = -math.atan2(vy - p.rear_m * yaw_rate, max(abs(vx), _KINEMATIC_BELOW_MPS))
    fy_front_n = lateral_force_n(
        slip_front,
        load_front_n,
        mu_front,
        abs(drive_front_n) + brake_front_n,
        p.stiffness_front_per_rad,
        p.tyre_shape,
        p.tyre_curvature,
    )
    fy_rear_n = lateral_force_n(
        slip_rear,
        load_rear_n,
        mu_rear,
        abs(drive_rear_n) + brake_rear_n,
        p.stiffness_rear_per_rad,
        p.tyre_shape,
        p.tyre_curvature,
    )

    # Above walking pace the tyres decide, below it the wheels roll without slip (smoothstep in between).
    speed = math.hypot(vx, vy)
    w = min(max((speed - _KINEMATIC_BELOW_MPS) / (_DYNAMIC_ABOVE_MPS - _KINEMATIC_BELOW_MPS), 0.0), 1.0)
    w = w * w * (3.0 - 2.0 * w)
    air_mps2 = -0.6 * p.drag_area_m2 * vx * abs(vx) / p.mass_kg
    front_across_n = fy_front_n * cos + fx_front_n * sin
    driven_mps2 = (drive_front_n * cos + drive_rear_n) / p.mass_kg
    pulled_mps2 = driven_mps2 + air_mps2 + pull.gravity_along_mps2 - drag_mps2
    a_free = inertia_share * pulled_mps2 - w * fy_front_n * sin / p.mass_kg
    rolling_mps2 = min((p.rolling_resistance + ground.rolling_resistance) * pull.normal_mps2, grip_mps2)
    a_rub = (brake_front_n * cos + brake_rear_n) / p.mass_kg + inertia_share * rolling_mps2
    # Rolling without slip, and standing tyres, hold a car on a bank.
    a_across = w * ((front_across_n + fy_rear_n) / p.mass_kg + pull.gravity_across_mps2)
    dyaw = w * (p.front_m * front_across_n - p.rear_m * fy_rear_n) / p.yaw_inertia_kgm2
    if w < 1.0:
        rolled_yaw_rate = vx * math.tan(angle) / wheelbase
        across_kinematic = (p.rear_m * rolled_yaw_rate - vy) / _RELAXATION_S + yaw_rate * vx
        limit = p.mu * 0.5 * (ground.friction_front + ground.friction_rear) * pull.normal_mps2
        a_across += (1.0 - w) * min(max(across_kinematic, -limit), limit)
        dyaw += (1.0 - w) * (rolled_yaw_rate - yaw_rate) / _RELAXATION_S
    return a_free + w * yaw_rate * vy, a_rub, a_across - yaw_rate * vx, dyaw, a_across


@compiled()
def _rubbed(vx: float, a_free: float, a_rub: float, h: float) -> float:
    """Velocity after ``h``: friction slows the motion, stops it, holds it, and never turns it round."""
    free = vx + a_free * h
    return free - min(max(free, -a_rub * h), a_rub * h)


@compiled()
def _engaged(
    gear: int, shift_left_s: float, vx: float, automatic: bool, wanted: int, h: float, p: Core, gears: FloatArray
) -> tuple[int, float]:
    """Gear, and what is left of its change, ``h`` later."""
    if shift_left_s > 0.0:
        return gear, max(shift_left_s - h, 0.0)
    now = automatic_gear(gear, vx, p.final_ratio, p.wheel_radius_m, gears) if automatic else wanted
    # Setting off, and pulling away backwards, take no time: the clutch is what limits them.
    return now, p.gear_switch_s if now != gear and now > 1 else 0.0


@compiled()
def _drive(vx: float, throttle: float, gear: int, shift_left_s: float, p: Core, curves: Curves) -> tuple[float, float]:
    """Tractive force (N, forwards positive) and the share of it that is not needed to turn the motor."""
    if gear == 0 or shift_left_s > 0.0:
        return 0.0, 1.0
    ratio = curves.gears[max(gear, 1) - 1, 0] * p.final_ratio
    force_n = throttle * wheel_force_n(vx, ratio, p.wheel_radius_m, p.max_rpm, curves.torque_rpm, curves.torque_nm)
    if gear < 0:
        force_n = -force_n * min(max((vx + p.reverse_speed_mps) / 1.0, 0.0), 1.0)
    turning_kg = p.motor_inertia_kgm2 * (ratio / p.wheel_radius_m) ** 2
    return force_n, p.mass_kg / (p.mass_kg + turning_kg)


@compiled()
def _integrate(
    state: VehicleState,
    throttle: float,
    brake: float,
    steer: float,
    hand_brake: bool,
    automatic: bool,
    wanted_gear: int,
    ground: Ground,
    dt: float,
    p: Core,
    curves: Curves,
) -> VehicleState:
    """`step` on checked numbers, midpoint rule."""
    count = max(math.ceil(dt / SUBSTEP_S - 1e-9), 1)
    h = dt / count
    x, y, yaw, angle = state.x_m, state.y_m, state.yaw_rad, state.road_wheel_angle_rad
    vx, vy, yaw_rate, a_long, a_lat = state.v_long_mps, state.v_lat_mps, state.yaw_rate_radps, state.a_long_mps2, 0.0
    gear, shift_left_s = state.gear, state.shift_left_s
    plan_along, plan_across = math.cos(state.pitch_rad), math.cos(state.roll_rad)
    pull = _Pull(
        -GRAVITY_MPS2 * math.sin(state.pitch_rad),
        -GRAVITY_MPS2 * math.sin(state.roll_rad) * plan_along,
        GRAVITY_MPS2 * plan_along * plan_across,
    )
    factor = np.interp(math.hypot(vx, vy), curves.steering_mps, curves.steering_factor)
    wanted = min(max(-steer * p.max_steer_rad * factor, -p.road_wheel_limit_rad), p.road_wheel_limit_rad)
    turn = p.road_wheel_rate_radps * h
    brake_n = brake * p.brake_n
    for _ in range(count):
        angle += min(max(wanted - angle, -turn), turn)
        gear, shift_left_s = _engaged(gear, shift_left_s, vx, automatic, wanted_gear, h, p, curves.gears)
        drive_n, share = _drive(vx, throttle, gear, shift_left_s, p, curves)
        # The motor drags in proportion to speed below 1 m/s, so that it never holds or turns a standing car.
        drag = p.engine_drag_mps2 * (1.0 - throttle) * min(max(vx, -1.0), 1.0)
        free, rub, dvy, dyaw, _ = _forces(
            vx, vy, yaw_rate, angle, a_long, drive_n, brake_n, hand_brake, drag, share, ground, pull, p
        )
        vx_mid = _rubbed(vx, free, rub, 0.5 * h)
        vy_mid = vy + 0.5 * h * dvy
        yaw_rate_mid = yaw_rate + 0.5 * h * dyaw
        free, rub, dvy, dyaw, a_lat = _forces(
            vx_mid, vy_mid, yaw_rate_mid, angle, a_long, drive_n, brake_n, hand_brake, drag, share, ground, pull, p
        )
        energy = p.mass_kg * (vx * vx + vy * vy) + p.yaw_inertia_kgm2 * yaw_rate * yaw_rate
        vx_new = _rubbed(vx, free, rub, h)
        vy_new = vy + h * dvy
        yaw_rate_new = yaw_rate + h * dyaw
        if drive_n == 0.0:
            # Rolling without slip prescribes motion; without a motor it may redirect energy, not make any.
            fall = pull.gravity_along_mps2 * (vx + vx_new) + pull.gravity_across_mps2 * (vy + vy_new)
            allowed = energy + max(p.mass_kg * fall * h, 0.0)
            now = p.mass_kg * (vx_new**2 + vy_new**2) + p.yaw_inertia_kgm2 * yaw_rate_new**2
            if now > allowed:
                scale = math.sqrt(allowed / now)
                vx_new, vy_new, yaw_rate_new = vx_new * scale, vy_new * scale, yaw_rate_new * scale
        if vx_new == 0.0 and abs(vy_new) < 1e-3 and abs(yaw_rate_new) < 1e-3:
            vy_new, yaw_rate_new, a_lat = 0.0, 0.0, 0.0
        a_long = (vx_new - vx) / h - yaw_rate_mid * vy_mid
        yaw_mid = yaw + 0.5 * h * 0.5 * (yaw_rate + yaw_rate_new)
        along, across = plan_along * 0.5 * (vx + vx_new), plan_across * 0.5 * (vy + vy_new)
        cos, sin = math.cos(yaw_mid), math.sin(yaw_mid)
        x += h * (along * cos - across * sin)
        y += h * (along * sin + across * cos)
        yaw += 0.5 * h * (yaw_rate + yaw_rate_new)
        vx, vy, yaw_rate = vx_new, vy_new, yaw_rate_new
    return VehicleState(
        x, y, state.z_m, yaw, state.pitch_rad, vx, vy, yaw_rate, angle, a_long, a_lat,
        state.roll_rad, gear, shift_left_s,
    )  # fmt: skip


def _within(value: float, low: float, high: float) -> float:
    """``value`` clamped; not a number counts as 0, as a vehicle cannot refuse a command."""
    return min(max(value, low), high) if value == value else 0.0


def step(
    state: VehicleState,
    throttle: float,
    brake: float,
    steer: float,
    hand_brake: bool,
    reverse: bool,
    params: VehicleParameters,
    ground: Ground,
    dt_s: float,
    manual_gear: int | None = None,
) -> VehicleState:
    """The vehicle ``dt_s`` later.

    Dynamic single-track model (Rajamani, "Vehicle Dynamics and Control", ch. 2) with magic-formula axles
    under a friction ellipse and longitudinal load transfer, midpoint rule in equal steps of at most 2.5 ms;
    between 2 and 1 m/s it passes into rolling without slip. Without throttle kinetic energy never grows on
    the flat.

    Args:
        state: now.
        throttle, brake: 0..1. steer: −1..1, CARLA's sign (right positive). Clamped; NaN counts as 0.
        hand_brake: acts on the rear axle, up to its tyres' limit.
        reverse: throttle pushes backwards; without meaning where ``manual_gear`` is given.
        params: the vehicle.
        ground: what the axles stand on; frictions of 0 count as next to nothing.
        dt_s: > 0.
        manual_gear: gear that the driver has put in, −1 reverse, 0 neutral; None leaves it to the gearbox.

    Returns:
        The new state; yaw is not wrapped.
    """
    if manual_gear is not None:
        automatic, wanted_gear = False, min(max(int(manual_gear), -1), len(params.gears))
    else:
        automatic, wanted_gear = bool(params.automatic and not reverse), -1 if reverse else 1
    *motion, gear, shift_left_s = state
    return _integrate(
        # One type each: compiled code would be compiled again for a whole number that a caller wrote.
        VehicleState._make([*map(float, motion), int(gear), float(shift_left_s)]),
        _within(float(throttle), 0.0, 1.0),
        _within(float(brake), 0.0, 1.0),
        _within(float(steer), -1.0, 1.0),
        bool(hand_brake),
        automatic,
        wanted_gear,
        Ground(max(ground[0], LEAST_FRICTION), max(ground[1], LEAST_FRICTION), float(ground[2])),
        float(dt_s),
        params.core,
        params.curves,
    )


def warm_up() -> None:
    """Compile (or load) the model, so that the first tick is as fast as the rest."""
    step(at_rest(0.0, 0.0, 0.0, 0.0), 0.0, 0.0, 0.0, False, False, VehicleParameters(), DRY, 0.05)
