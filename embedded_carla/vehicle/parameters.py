"""What distinguishes one vehicle from another, and its form on CARLA's wire."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

GRAVITY_MPS2 = 9.81
REFERENCE_TIRE_FRICTION = 3.5
"""CARLA's usual `tire_friction`; it stands for the vehicle's friction coefficient on a dry road."""
MAX_ROAD_WHEEL_RAD = math.radians(35.0)


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
    drive_force_n: float
    drive_power_w: float
    drive_front_share: float
    reverse_speed_mps: float
    brake_mps2: float
    engine_drag_mps2: float
    rolling_resistance: float
    drag_area_m2: float


@dataclass(frozen=True)
class VehicleParameters:
    """Parameters of the single-track model; the defaults are an electric saloon with rear-wheel drive.

    Attributes:
        front_m, rear_m: distance from the centre of gravity to the axles.
        dry_friction: friction coefficient on a dry road with CARLA's usual tyres.
        tire_friction: CARLA's tyre quality, 3.5 = usual.
        load_sensitivity: loss of the coefficient per static load added.
        stiffness_front_per_rad, stiffness_rear_per_rad: cornering stiffness of an axle over its load.
        tyre_shape, tyre_curvature: Pacejka's C and E.
        max_steer_deg: road-wheel angle that CARLA's steer = ±1 commands (the wheels stop at ±35°).
        steering_ratio, steering_wheel_rate_dps: steering wheel angle over road-wheel angle; its rate limit.
        steering_curve: (km/h, factor on the command) points, held constant outside.
        drive_force_n, drive_power_w: tractive limits at full throttle, at low and at high speed.
        brake_mps2: deceleration that a full pedal asks for (the tyres may give less).
        engine_drag_mps2: deceleration by the motor with the pedal released.
        drag_coefficient, frontal_area_m2, rolling_resistance: resistances.
        wheel_radius_m, half_track_m: only for the wire.
        applied_physics: the client's `VehiclePhysicsControl` as received, None if it sent none.
    """

    mass_kg: float = 1845.0
    yaw_inertia_kgm2: float = 3200.0
    front_m: float = 1.50
    rear_m: float = 1.375
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
    steering_curve: tuple[tuple[float, float], ...] = ((0.0, 1.0), (120.0, 1.0))
    drive_force_n: float = 8500.0
    drive_power_w: float = 150_000.0
    drive_front_share: float = 0.0
    reverse_speed_mps: float = 8.0
    brake_mps2: float = 0.9 * GRAVITY_MPS2
    engine_drag_mps2: float = 0.3
    drag_coefficient: float = 0.23
    frontal_area_m2: float = 2.22
    rolling_resistance: float = 0.012
    wheel_radius_m: float = 0.345
    half_track_m: float = 0.79
    applied_physics: Sequence[Any] | None = field(default=None, compare=False, repr=False)

    @staticmethod
    def for_blueprint(blueprint_id: str) -> VehicleParameters:
        """Parameters of a CARLA vehicle blueprint; an ordinary car for one that is not tabulated."""
        return _BLUEPRINTS.get(blueprint_id, _ORDINARY_CAR)

    @property
    def wheelbase_m(self) -> float:
        """Distance between the axles, m."""
        return self.front_m + self.rear_m

    @property
    def mu(self) -> float:
        """Friction coefficient on a dry road with the tyres fitted."""
        return self.dry_friction * self.tire_friction / REFERENCE_TIRE_FRICTION

    @property
    def understeer_rad_per_g(self) -> float:
        """Understeer gradient: extra road-wheel angle per g of lateral acceleration, small slip, rad."""
        return 1.0 / self.stiffness_front_per_rad - 1.0 / self.stiffness_rear_per_rad

    @cached_property
    def core(self) -> Core:
        """The form that the compiled model reads."""
        return Core(
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
            drive_force_n=self.drive_force_n,
            drive_power_w=self.drive_power_w,
            drive_front_share=self.drive_front_share,
            reverse_speed_mps=self.reverse_speed_mps,
            brake_mps2=self.brake_mps2,
            engine_drag_mps2=self.engine_drag_mps2,
            rolling_resistance=self.rolling_resistance,
            drag_area_m2=self.drag_coefficient * self.frontal_area_m2,
        )

    @cached_property
    def curve(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Steering curve as (speeds m/s, factors)."""
        points = np.array(self.steering_curve, dtype=np.float64)
        return np.ascontiguousarray(points[:, 0] / 3.6), np.ascontiguousarray(points[:, 1])

    def with_physics(self, control: Sequence[Any]) -> VehicleParameters:
        """The vehicle after the client's ``apply_physics_control``.

        Honoured: mass (yaw inertia scales with it), drag coefficient, steering curve, and of the wheels the
        mean tyre friction, the largest steer angle and the radius. The rest is kept to be read back. Values
        that no vehicle can have (mass or friction not above zero) leave the present ones.

        Args:
            control: `VehiclePhysicsControl` in wire order, as `physics_control` returns it.
        """
        changes: dict[str, Any] = {"applied_physics": copy.deepcopy(list(control))}
        mass_kg, drag_coefficient = float(control[11]), float(control[12])
        curve, wheels = control[14], control[15]
        if math.isfinite(mass_kg) and mass_kg > 0:
            changes["mass_kg"] = mass_kg
            changes["yaw_inertia_kgm2"] = self.yaw_inertia_kgm2 * mass_kg / self.mass_kg
        if math.isfinite(drag_coefficient) and drag_coefficient >= 0:
            changes["drag_coefficient"] = drag_coefficient
        if len(curve) > 0 and all(math.isfinite(value) for point in curve for value in point):
            changes["steering_curve"] = tuple(sorted((float(x), float(y)) for x, y in curve))
        if len(wheels) > 0:
            tire_friction = float(np.mean([wheel[0] for wheel in wheels]))
            if math.isfinite(tire_friction) and tire_friction > 0:
                changes["tire_friction"] = tire_friction
            max_steer_deg = max(abs(float(wheel[2])) for wheel in wheels)
            if math.isfinite(max_steer_deg) and max_steer_deg > 0:
                changes["max_steer_deg"] = max_steer_deg
            if float(wheels[0][3]) > 0:
                changes["wheel_radius_m"] = float(wheels[0][3]) / 100.0
        return replace(self, **changes)

    def physics_control(self) -> list[Any]:
        """CARLA's `VehiclePhysicsControl` in wire order: what the client applied, else this vehicle's."""
        if self.applied_physics is not None:
            return copy.deepcopy(list(self.applied_physics))
        torque_nm = self.drive_force_n * self.wheel_radius_m / _FINAL_RATIO
        knee_rpm = self.drive_power_w / torque_nm * 60 / (2 * math.pi)
        torque_curve = [[0.0, torque_nm], [knee_rpm, torque_nm], [_MAX_RPM, torque_nm * knee_rpm / _MAX_RPM]]
        return [
            torque_curve,
            _MAX_RPM,
            1.0,  # moment of inertia of the motor
            0.15,  # damping at full throttle
            2.0,  # damping at zero throttle, clutch engaged
            0.35,  # and disengaged
            True,
            0.0,  # gear switch time: a single gear
            10.0,  # clutch strength
            _FINAL_RATIO,
            [[1.0, 0.5, 0.65]],
            self.mass_kg,
            self.drag_coefficient,
            [0.0, 0.0, self.cg_height_m],
            [[speed_kmh, factor] for speed_kmh, factor in self.steering_curve],
            [self._wheel(axle, side) for axle in (self.front_m, -self.rear_m) for side in (-1.0, 1.0)],
            True,
        ]

    def _wheel(self, forward_m: float, side: float) -> list[Any]:
        """`WheelPhysicsControl`; the position is relative to the vehicle, cm."""
        front = forward_m > 0
        torque_nm = self.brake_mps2 * self.mass_kg * self.wheel_radius_m / 4
        return [
            self.tire_friction,
            0.25,
            self.max_steer_deg if front else 0.0,
            self.wheel_radius_m * 100,
            torque_nm,
            0.0 if front else 2 * torque_nm,
            2.0,  # load over static load above which PhysX's stiffness stays; informative
            self.stiffness_front_per_rad if front else self.stiffness_rear_per_rad,
            3000.0,
            [forward_m * 100, side * self.half_track_m * 100, self.wheel_radius_m * 100],
        ]


_FINAL_RATIO = 9.0
_MAX_RPM = 16_000.0

_ORDINARY_CAR = VehicleParameters(
    mass_kg=1500.0,
    yaw_inertia_kgm2=2500.0,
    front_m=1.15,
    rear_m=1.50,
    cg_height_m=0.54,
    stiffness_front_per_rad=19.0,
    drive_force_n=5500.0,
    drive_power_w=95_000.0,
    drive_front_share=1.0,
    drag_coefficient=0.30,
)
_BLUEPRINTS = {
    "vehicle.tesla.model3": VehicleParameters(),
    "vehicle.lincoln.mkz_2017": replace(
        _ORDINARY_CAR,
        mass_kg=1690.0,
        yaw_inertia_kgm2=2900.0,
        front_m=1.20,
        rear_m=1.65,
        drive_power_w=130_000.0,
    ),
    "vehicle.lincoln.mkz_2020": replace(
        _ORDINARY_CAR,
        mass_kg=1690.0,
        yaw_inertia_kgm2=2900.0,
        front_m=1.20,
        rear_m=1.65,
        drive_power_w=130_000.0,
    ),
    "vehicle.audi.tt": replace(
        _ORDINARY_CAR,
        mass_kg=1395.0,
        yaw_inertia_kgm2=2000.0,
        front_m=1.05,
        rear_m=1.45,
        drive_power_w=130_000.0,
    ),
    "vehicle.mini.cooper_s": replace(
        _ORDINARY_CAR,
        mass_kg=1190.0,
        yaw_inertia_kgm2=1600.0,
        front_m=0.98,
        rear_m=1.49,
        drive_power_w=110_000.0,
    ),
    "vehicle.nissan.patrol": replace(
        _ORDINARY_CAR,
        mass_kg=2700.0,
        yaw_inertia_kgm2=5200.0,
        front_m=1.50,
        rear_m=1.57,
        cg_height_m=0.80,
        dry_friction=0.85,
        drive_force_n=11_000.0,
        drive_power_w=200_000.0,
    ),
    "vehicle.carlamotors.carlacola": replace(
        _ORDINARY_CAR,
        mass_kg=7000.0,
        yaw_inertia_kgm2=22_000.0,
        front_m=1.90,
        rear_m=1.90,
        cg_height_m=1.20,
        dry_friction=0.75,
        drive_force_n=20_000.0,
        drive_power_w=160_000.0,
        drive_front_share=0.0,
        drag_coefficient=0.60,
        frontal_area_m2=6.0,
    ),
}
