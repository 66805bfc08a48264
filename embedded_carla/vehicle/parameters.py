"""What distinguishes one vehicle from another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from embedded_carla.vehicle.drivetrain import Curve, Gears, constant_power_curve

GRAVITY_MPS2 = 9.81
REFERENCE_TIRE_FRICTION = 3.5
"""CARLA's usual `tire_friction`; it stands for the vehicle's friction coefficient on a dry road."""
LEAST_FRICTION = 1e-6
"""Stands for no friction at all: the tyre formula divides by it."""
MAX_ROAD_WHEEL_RAD = math.radians(35.0)
FULL_BRAKE_MPS2 = 0.9 * GRAVITY_MPS2
"""Deceleration that a full pedal asks for, unless the wheels' brake torques say otherwise."""
FloatArray = npt.NDArray[np.float64]


class Core(NamedTuple):
    """The numbers that the compiled model reads."""

    mass_kg: float
    yaw_inertia_kgm2: float
    front_m: float
    rear_m: float
    cg_height_m: float
    mu: float
    load_sensitivity: float
    stiffness_front_per_rad: float
    stiffness_rear_per_rad: float
    tyre_shape: float
    tyre_curvature: float
    max_steer_rad: float
    road_wheel_limit_rad: float
    road_wheel_rate_radps: float
    wheel_radius_m: float
    motor_inertia_kgm2: float
    max_rpm: float
    final_ratio: float
    gear_switch_s: float
    drive_front_share: float
    reverse_speed_mps: float
    brake_n: float
    hand_brake_n: float
    engine_drag_mps2: float
    rolling_resistance: float
    drag_area_m2: float


class Curves(NamedTuple):
    """The tables that the compiled model reads: steering curve (m/s, factor), torque curve (rpm, N m), gears."""

    steering_mps: FloatArray
    steering_factor: FloatArray
    torque_rpm: FloatArray
    torque_nm: FloatArray
    gears: FloatArray
    """(K, 3): ratio, rpm below which it changes down, rpm above which it changes up."""


_SALOON_RADIUS_M = 0.345
_SALOON_RATIO = 9.0
_SALOON_MAX_RPM = 16_000.0
_SALOON_MASS_KG = 1845.0

_SALOON_CURVE = constant_power_curve(8500.0, 150_000.0, _SALOON_RADIUS_M, _SALOON_RATIO, _SALOON_MAX_RPM)


def braking_torque_nm(mass_kg: float, wheel_radius_m: float, deceleration_mps2: float = FULL_BRAKE_MPS2) -> float:
    """Brake torque of each of four wheels that asks for a deceleration, N m."""
    return 0.25 * deceleration_mps2 * mass_kg * wheel_radius_m


_SALOON_BRAKE_NM = braking_torque_nm(_SALOON_MASS_KG, _SALOON_RADIUS_M)


@dataclass(frozen=True)
class VehicleParameters:
    """Parameters of the single-track model; the defaults are an electric saloon with rear-wheel drive.

    Attributes:
        front_m, rear_m: distance from the centre of gravity to the axles.
        cg_ahead_m: centre of gravity ahead of the actor's origin.
        dry_friction: friction coefficient on a dry road with CARLA's usual tyres.
        tire_friction: CARLA's tyre quality, 3.5 = usual.
        load_sensitivity: loss of the coefficient per static load added.
        stiffness_front_per_rad, stiffness_rear_per_rad: cornering stiffness of an axle over its load.
        tyre_shape, tyre_curvature: Pacejka's C and E.
        max_steer_deg: road-wheel angle that CARLA's steer = ±1 commands (the wheels stop at ±35°).
        steering_ratio, steering_wheel_rate_dps: steering wheel angle over road-wheel angle; its rate limit.
        steering_curve: (km/h, factor on the command) points, held constant outside.
        torque_curve: (rpm, N m) points of the motor at full throttle. max_rpm: above it the torque ends.
        motor_inertia_kgm2: turns with the wheels through the gears, so it adds to the mass to be accelerated.
        gears: forward gears: ratio, shares of ``max_rpm`` below and above which the gearbox changes; the first
            serves for reverse too. gear_switch_s: without traction while changing.
        automatic: False holds the first gear until the client asks for another.
        drive_front_share: of the tractive force, on the front axle.
        brake_torque_nm: of each of four wheels with a full pedal. hand_brake_torque_nm: of each rear wheel.
        engine_drag_mps2: deceleration by the motor with the pedal released.
        drag_coefficient, frontal_area_m2, rolling_resistance: resistances.
        half_track_m: only for the wire.
        applied_physics: the client's `VehiclePhysicsControl` as received, None if it sent none.
    """

    mass_kg: float = _SALOON_MASS_KG
    yaw_inertia_kgm2: float = 3200.0
    front_m: float = 1.50
    rear_m: float = 1.375
    cg_ahead_m: float = 0.0
    cg_height_m: float = 0.46
    dry_friction: float = 1.0
    tire_friction: float = REFERENCE_TIRE_FRICTION
    load_sensitivity: float = 0.1
    stiffness_front_per_rad: float = 20.0
    stiffness_rear_per_rad: float = 25.0
    tyre_shape: float = 1.35
    tyre_curvature: float = -0.01
    max_steer_deg: float = 70.0
    steering_ratio: float = 16.0
    steering_wheel_rate_dps: float = 720.0
    steering_curve: Curve = ((0.0, 1.0), (120.0, 1.0))
    torque_curve: Curve = _SALOON_CURVE
    max_rpm: float = _SALOON_MAX_RPM
    motor_inertia_kgm2: float = 0.03
    final_ratio: float = _SALOON_RATIO
    gears: Gears = ((1.0, 0.0, 2.0),)
    gear_switch_s: float = 0.0
    automatic: bool = True
    drive_front_share: float = 0.0
    reverse_speed_mps: float = 8.0
    brake_torque_nm: float = _SALOON_BRAKE_NM
    hand_brake_torque_nm: float = 4.0 * _SALOON_BRAKE_NM
    engine_drag_mps2: float = 0.3
    drag_coefficient: float = 0.23
    frontal_area_m2: float = 2.22
    rolling_resistance: float = 0.012
    wheel_radius_m: float = _SALOON_RADIUS_M
    half_track_m: float = 0.79
    applied_physics: Sequence[Any] | None = field(default=None, compare=False, repr=False)

    @property
    def wheelbase_m(self) -> float:
        """Distance between the axles, m."""
        return self.front_m + self.rear_m

    @property
    def mu(self) -> float:
        """Friction coefficient on a dry road with the tyres fitted."""
        return max(self.dry_friction * self.tire_friction / REFERENCE_TIRE_FRICTION, LEAST_FRICTION)

    @property
    def understeer_rad_per_g(self) -> float:
        """Understeer gradient: extra road-wheel angle per g of lateral acceleration, small slip, rad."""
        return 1.0 / self.stiffness_front_per_rad - 1.0 / self.stiffness_rear_per_rad

    @cached_property
    def core(self) -> Core:
        """The form that the compiled model reads."""
        core = Core(
            mass_kg=self.mass_kg,
            yaw_inertia_kgm2=self.yaw_inertia_kgm2,
            front_m=self.front_m,
            rear_m=self.rear_m,
            cg_height_m=self.cg_height_m,
            mu=self.mu,
            load_sensitivity=self.load_sensitivity,
            stiffness_front_per_rad=self.stiffness_front_per_rad,
            stiffness_rear_per_rad=self.stiffness_rear_per_rad,
            tyre_shape=self.tyre_shape,
            tyre_curvature=self.tyre_curvature,
            max_steer_rad=math.radians(self.max_steer_deg),
            road_wheel_limit_rad=min(MAX_ROAD_WHEEL_RAD, math.radians(self.max_steer_deg)),
            road_wheel_rate_radps=math.radians(self.steering_wheel_rate_dps / self.steering_ratio),
            wheel_radius_m=self.wheel_radius_m,
            motor_inertia_kgm2=self.motor_inertia_kgm2,
            max_rpm=self.max_rpm,
            final_ratio=self.final_ratio,
            gear_switch_s=self.gear_switch_s,
            drive_front_share=self.drive_front_share,
            reverse_speed_mps=self.reverse_speed_mps,
            brake_n=4.0 * self.brake_torque_nm / self.wheel_radius_m,
            hand_brake_n=2.0 * self.hand_brake_torque_nm / self.wheel_radius_m,
            engine_drag_mps2=self.engine_drag_mps2,
            rolling_resistance=self.rolling_resistance,
            drag_area_m2=self.drag_coefficient * self.frontal_area_m2,
        )
        return Core(*map(float, core))

    @cached_property
    def curves(self) -> Curves:
        """The tables that the compiled model reads."""
        steering = np.array(self.steering_curve, dtype=np.float64)
        torque = np.array(self.torque_curve, dtype=np.float64)
        gears = np.array(self.gears, dtype=np.float64) * (1.0, self.max_rpm, self.max_rpm)
        return Curves(
            np.ascontiguousarray(steering[:, 0] / 3.6),
            np.ascontiguousarray(steering[:, 1]),
            np.ascontiguousarray(torque[:, 0]),
            np.ascontiguousarray(torque[:, 1]),
            gears,
        )
