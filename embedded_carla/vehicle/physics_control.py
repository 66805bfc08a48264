"""A vehicle's parameters in the form of CARLA's `VehiclePhysicsControl`, and back."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from embedded_carla.vehicle.parameters import VehicleParameters

# Places in the wire form.
(
    TORQUE_CURVE, MAX_RPM, MOTOR_INERTIA, _DAMPING_FULL, _DAMPING_ENGAGED, _DAMPING_DISENGAGED, AUTOMATIC,
    SWITCH_TIME, _CLUTCH, FINAL_RATIO, GEARS, MASS, DRAG, CENTRE_OF_MASS, STEERING_CURVE, WHEELS, _SWEEP,
) = range(17)  # fmt: skip
(
    TIRE_FRICTION, _WHEEL_DAMPING, MAX_STEER, RADIUS, BRAKE_TORQUE, HAND_BRAKE_TORQUE, _LOAD_LIMIT, STIFFNESS,
    _LONGITUDINAL_STIFFNESS, POSITION,
) = range(10)  # fmt: skip
_TABLES = (("torque_curve", TORQUE_CURVE, 2), ("gears", GEARS, 3), ("steering_curve", STEERING_CURVE, 2))
_MAY_BE_ZERO = frozenset(
    {"motor_inertia_kgm2", "gear_switch_s", "drag_coefficient", "tire_friction", "brake_torque_nm",
     "hand_brake_torque_nm"}
)  # fmt: skip
_SAME = 1e-6
"""Relative difference up to which a number has only been through the client's float32."""


def to_wire(p: VehicleParameters) -> list[Any]:
    """`VehiclePhysicsControl` in wire order: what the client applied, else this vehicle's.

    Wheel positions are relative to the actor, cm.
    """
    if p.applied_physics is not None:
        return copy.deepcopy(list(p.applied_physics))
    return [
        [list(point) for point in p.torque_curve],
        p.max_rpm,
        p.motor_inertia_kgm2,
        0.15,  # damping at full throttle
        2.0,  # damping at zero throttle, clutch engaged
        0.35,  # and disengaged
        p.automatic,
        p.gear_switch_s,
        10.0,  # clutch strength
        p.final_ratio,
        [list(gear) for gear in p.gears],
        p.mass_kg,
        p.drag_coefficient,
        [p.cg_ahead_m, 0.0, p.cg_height_m],
        [list(point) for point in p.steering_curve],
        [_wheel(p, front, side) for front in (True, False) for side in (-1.0, 1.0)],
        True,
    ]


def _wheel(p: VehicleParameters, front: bool, side: float) -> list[Any]:
    ahead_m = p.cg_ahead_m + (p.front_m if front else -p.rear_m)
    return [
        p.tire_friction,
        0.25,
        p.max_steer_deg if front else 0.0,
        p.wheel_radius_m * 100,
        p.brake_torque_nm,
        0.0 if front else p.hand_brake_torque_nm,
        2.0,
        p.stiffness_front_per_rad if front else p.stiffness_rear_per_rad,
        3000.0,
        [ahead_m * 100, side * p.half_track_m * 100, p.wheel_radius_m * 100],
    ]


def with_physics(p: VehicleParameters, control: Sequence[Any]) -> VehicleParameters:
    """The vehicle after the client's ``apply_physics_control``.

    Honoured: torque curve, max_rpm, moi, gearbox (automatic or not, switch time, final ratio, forward gears),
    mass (yaw inertia scales with it), drag coefficient, centre of mass along and up, steering curve, and of the
    wheels the mean tyre friction, the largest steer angle, the radius, the mean brake and hand brake torques
    and each axle's `lat_stiff_value`. The rest is kept to be read back. Values that no vehicle can have leave
    the present ones, and so do values that have not changed but for the client's float32: reading and applying
    alters nothing.

    Args:
        control: `VehiclePhysicsControl` in wire order, as `to_wire` returns it.
    """
    present = to_wire(p)
    new, old = _numbers(control), _numbers(present)
    changes: dict[str, Any] = {
        name: value
        for name, value in new.items()
        if value is not None and _possible(name, value) and not _same([value], [old[name]])
    }
    changes["applied_physics"] = copy.deepcopy(list(control))
    if "mass_kg" in changes:
        changes["yaw_inertia_kgm2"] = p.yaw_inertia_kgm2 * changes["mass_kg"] / p.mass_kg
    for name, place, columns in _TABLES:
        table = [tuple(map(float, row[:columns])) for row in control[place]]
        flat = [value for row in table for value in row]
        possible = bool(flat) and all(map(math.isfinite, flat)) and (name != "gears" or all(r[0] > 0 for r in table))
        if possible and not _same(flat, [float(value) for row in present[place] for value in row]):
            changes[name] = tuple(table if name == "gears" else sorted(table))
    if bool(control[AUTOMATIC]) != p.automatic:
        changes["automatic"] = bool(control[AUTOMATIC])
    ahead_m = changes.pop("cg_ahead_m", p.cg_ahead_m)
    shift_m = ahead_m - p.cg_ahead_m
    if shift_m != 0.0 and -p.rear_m < shift_m < p.front_m:
        changes.update(cg_ahead_m=ahead_m, front_m=p.front_m - shift_m, rear_m=p.rear_m + shift_m)
    return replace(p, **changes)


def _numbers(control: Sequence[Any]) -> dict[str, float | None]:
    """What the wire form says of every parameter that is a single number; None without wheels to tell."""
    wheels, centre = control[WHEELS], control[CENTRE_OF_MASS]
    radius_cm = _mean(wheels, RADIUS)
    return {
        "max_rpm": float(control[MAX_RPM]),
        "motor_inertia_kgm2": float(control[MOTOR_INERTIA]),
        "gear_switch_s": float(control[SWITCH_TIME]),
        "final_ratio": float(control[FINAL_RATIO]),
        "mass_kg": float(control[MASS]),
        "drag_coefficient": float(control[DRAG]),
        "cg_ahead_m": float(centre[0]),
        "cg_height_m": float(centre[2]),
        "tire_friction": _mean(wheels, TIRE_FRICTION),
        "max_steer_deg": max((abs(float(wheel[MAX_STEER])) for wheel in wheels), default=None),
        "wheel_radius_m": None if radius_cm is None else radius_cm / 100.0,
        "brake_torque_nm": _mean(wheels, BRAKE_TORQUE),
        "hand_brake_torque_nm": _mean(wheels[2:], HAND_BRAKE_TORQUE),
        "stiffness_front_per_rad": _mean(wheels[:2], STIFFNESS),
        "stiffness_rear_per_rad": _mean(wheels[2:], STIFFNESS),
    }


def _mean(wheels: Sequence[Sequence[Any]], place: int) -> float | None:
    return float(np.mean([float(wheel[place]) for wheel in wheels])) if wheels else None


def _possible(name: str, value: float) -> bool:
    """Can a vehicle have it? The centre of mass may lie behind the origin, the rest is not negative."""
    if not math.isfinite(value) or name == "cg_ahead_m":
        return math.isfinite(value)
    return value >= 0.0 if name in _MAY_BE_ZERO else value > 0.0


def _same(new: Sequence[float], old: Sequence[float | None]) -> bool:
    if len(new) != len(old):
        return False
    return all(b is not None and math.isclose(a, b, rel_tol=_SAME, abs_tol=1e-9) for a, b in zip(new, old, strict=True))
