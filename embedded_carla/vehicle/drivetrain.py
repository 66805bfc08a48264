"""Motor and gearbox: tractive force at the wheels, and which gear an automatic gearbox takes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled

Curve = tuple[tuple[float, float], ...]
Gears = tuple[tuple[float, float, float], ...]
FloatArray = npt.NDArray[np.float64]

RAD_PER_RPM = math.pi / 30.0
_LIMITER_SHARE = 0.02
"""The rev limiter takes the torque away over the last 2 % above the highest speed of the motor."""


def constant_power_curve(force_n: float, power_w: float, wheel_radius_m: float, ratio: float, max_rpm: float) -> Curve:
    """Torque curve ((rpm, N m), …) of a motor that gives ``force_n`` at the wheels up to ``power_w``.

    Above the knee torque falls with 1/rpm, in points close enough that straight lines between them stay
    within 1 % of the hyperbola.
    """
    torque_nm = force_n * wheel_radius_m / ratio
    knee_rpm = power_w / torque_nm / RAD_PER_RPM
    points = [(0.0, torque_nm)]
    rpm = knee_rpm
    while rpm < max_rpm:
        points.append((rpm, torque_nm * knee_rpm / rpm))
        rpm *= 1.25
    return (*points, (max_rpm, torque_nm * min(knee_rpm / max_rpm, 1.0)))


def combustion_curve(power_w: float, max_rpm: float) -> Curve:
    """Torque curve of a combustion engine with its power at the highest speed: flat in the middle."""
    torque_nm = power_w / (0.72 * max_rpm * RAD_PER_RPM)
    shape = ((0.0, 0.6), (0.3, 1.0), (0.65, 1.0), (1.0, 0.72))
    return tuple((share * max_rpm, part * torque_nm) for share, part in shape)


@compiled()
def motor_rpm(speed_mps: float, total_ratio: float, wheel_radius_m: float) -> float:
    """Speed of a motor in gear, rpm; never negative."""
    return abs(speed_mps) / wheel_radius_m * total_ratio * 30.0 / math.pi


@compiled()
def wheel_force_n(
    speed_mps: float,
    total_ratio: float,
    wheel_radius_m: float,
    max_rpm: float,
    curve_rpm: FloatArray,
    curve_nm: FloatArray,
) -> float:
    """Tractive force at full throttle, N, ≥ 0; below the first point of the curve the clutch slips."""
    rpm = motor_rpm(speed_mps, total_ratio, wheel_radius_m)
    limiter = min(max((max_rpm * (1.0 + _LIMITER_SHARE) - rpm) / (max_rpm * _LIMITER_SHARE), 0.0), 1.0)
    return limiter * np.interp(rpm, curve_rpm, curve_nm) * total_ratio / wheel_radius_m


@compiled()
def automatic_gear(gear: int, speed_mps: float, final_ratio: float, wheel_radius_m: float, gears: FloatArray) -> int:
    """Next gear of an automatic gearbox, one step at most.

    Args:
        gear: engaged, 1 = first.
        gears: (K, 3): ratio, and the motor speeds (rpm) below and above which it changes down and up.
    """
    if gear < 1:
        return 1
    rpm = motor_rpm(speed_mps, gears[gear - 1, 0] * final_ratio, wheel_radius_m)
    if rpm > gears[gear - 1, 2] and gear < gears.shape[0]:
        return gear + 1
    if rpm < gears[gear - 1, 1] and gear > 1:
        return gear - 1
    return gear
