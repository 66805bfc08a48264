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
    new, old = _Reader(control), _Reader(to_wire(p))
    changes: dict[str, Any] = {"applied_physics": copy.deepcopy(list(control))}

    def take(name: str, value: float | None, present: float | None, lowest: float = 0.0) -> None:
        if value is None or not math.isfinite(value) or value < lowest:
            return
        if present is None or not math.isclose(value, present, rel_tol=_SAME, abs_tol=1e-9):
            changes[name] = value

    above_zero = 1e-9
    take("max_rpm", new.number(MAX_RPM), old.number(MAX_RPM), above_zero)
    take("motor_inertia_kgm2", new.number(MOTOR_INERTIA), old.number(MOTOR_INERTIA))
    take("gear_switch_s", new.number(SWITCH_TIME), old.number(SWITCH_TIME))
    take("final_ratio", new.number(FINAL_RATIO), old.number(FINAL_RATIO), above_zero)
    take("mass_kg", new.number(MASS), old.number(MASS), above_zero)
    take("drag_coefficient", new.number(DRAG), old.number(DRAG))
    take("cg_height_m", float(control[CENTRE_OF_MASS][2]), p.cg_height_m, above_zero)
    take("tire_friction", new.mean(TIRE_FRICTION), old.mean(TIRE_FRICTION))
    take("max_steer_deg", new.largest(MAX_STEER), old.largest(MAX_STEER), above_zero)
    take("brake_torque_nm", new.mean(BRAKE_TORQUE), old.mean(BRAKE_TORQUE))
    take("hand_brake_torque_nm", new.mean(HAND_BRAKE_TORQUE, 2), old.mean(HAND_BRAKE_TORQUE, 2))
    take("stiffness_front_per_rad", new.mean(STIFFNESS, 0, 2), old.mean(STIFFNESS, 0, 2), above_zero)
    take("stiffness_rear_per_rad", new.mean(STIFFNESS, 2), old.mean(STIFFNESS, 2), above_zero)
    radius_cm = new.mean(RADIUS)
    if radius_cm is not None and not _same([radius_cm], [old.mean(RADIUS)]) and radius_cm > 0:
        changes["wheel_radius_m"] = radius_cm / 100.0
    if "mass_kg" in changes:
        changes["yaw_inertia_kgm2"] = p.yaw_inertia_kgm2 * changes["mass_kg"] / p.mass_kg
    for name, place, columns in _TABLES:
        table = [tuple(map(float, row[:columns])) for row in control[place]]
        flat = [value for row in table for value in row]
        possible = bool(flat) and all(map(math.isfinite, flat)) and (name != "gears" or all(r[0] > 0 for r in table))
        if possible and not _same(flat, _flat(old.control[place])):
            changes[name] = tuple(table if name == "gears" else sorted(table))
    if bool(control[AUTOMATIC]) != p.automatic:
        changes["automatic"] = bool(control[AUTOMATIC])
    ahead_m = float(control[CENTRE_OF_MASS][0])
    shift_m = ahead_m - p.cg_ahead_m
    if not _same([ahead_m], [p.cg_ahead_m]) and -p.rear_m < shift_m < p.front_m:
        changes.update(cg_ahead_m=ahead_m, front_m=p.front_m - shift_m, rear_m=p.rear_m + shift_m)
    return replace(p, **changes)


def _flat(rows: Sequence[Sequence[float]]) -> list[float]:
    return [float(value) for row in rows for value in row]


def _same(new: Sequence[float], old: Sequence[float | None]) -> bool:
    if len(new) != len(old):
        return False
    return all(b is not None and math.isclose(a, b, rel_tol=_SAME, abs_tol=1e-9) for a, b in zip(new, old, strict=True))


class _Reader:
    """Numbers out of the wire form."""

    def __init__(self, control: Sequence[Any]) -> None:
        self.control = control

    def number(self, place: int) -> float:
        return float(self.control[place])

    def _column(self, place: int, low: int, high: int | None) -> list[float]:
        return [float(wheel[place]) for wheel in self.control[WHEELS][low:high]]

    def mean(self, place: int, low: int = 0, high: int | None = None) -> float | None:
        column = self._column(place, low, high)
        return float(np.mean(column)) if column else None

    def largest(self, place: int) -> float | None:
        column = self._column(place, 0, None)
        return max(map(abs, column)) if column else None
