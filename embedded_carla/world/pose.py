"""Poses in CARLA's axes: left-handed, x forward, y right, z up, yaw clockwise seen from above."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple


class Pose(NamedTuple):
    """Location (m) and rotation (deg)."""

    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    roll_deg: float = 0.0


Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


def wrapped_deg(angle_deg: float) -> float:
    """The same direction in (-180, 180]."""
    if -180.0 < angle_deg <= 180.0:
        return angle_deg
    wrapped = math.fmod(angle_deg, 360.0)
    if wrapped > 180.0:
        return wrapped - 360.0
    return wrapped + 360.0 if wrapped <= -180.0 else wrapped


LARGEST_NUMBER = 1e6
"""Coordinates beyond 1,000 km have no room for centimetres in the wire's float32."""


def finite(value: Any) -> float:
    """A number of the wire as a float.

    Raises:
        ValueError: it is not a number, or not within ±1e6.
    """
    number = float(value)
    if not abs(number) <= LARGEST_NUMBER:
        raise ValueError(f"coordinates, angles and controls must be numbers within ±{LARGEST_NUMBER:g}")
    return number


def pose_from_wire(transform: Sequence[Any]) -> Pose:
    """Read a Transform ``[[x, y, z], [pitch, yaw, roll]]``."""
    (x, y, z), (pitch, yaw, roll) = transform
    return Pose(finite(x), finite(y), finite(z), finite(pitch), wrapped_deg(finite(yaw)), finite(roll))


def pose_to_wire(pose: Pose) -> list[list[float]]:
    """Write a Transform."""
    return [list(pose[:3]), list(pose[3:])]


def vector_from_wire(vector: Sequence[Any]) -> tuple[float, float, float]:
    """Read a Vector3D or Location."""
    x, y, z = vector
    return finite(x), finite(y), finite(z)


def rotation_matrix(pose: Pose) -> Matrix:
    """Body to world axes, as ``carla.Transform.get_matrix`` has it."""
    pitch, yaw, roll = math.radians(pose.pitch_deg), math.radians(pose.yaw_deg), math.radians(pose.roll_deg)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    cr, sr = math.cos(roll), math.sin(roll)
    return (
        (cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr),
        (cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr),
        (sp, -cp * sr, cp * cr),
    )


def composed(parent: Pose, relative: Pose) -> Pose:
    """World pose of something fixed to ``parent`` at ``relative``."""
    rx, ry, rz = relative[:3]
    if parent.pitch_deg == 0.0 and parent.roll_deg == 0.0:
        yaw = math.radians(parent.yaw_deg)
        cy, sy = math.cos(yaw), math.sin(yaw)
        return Pose(
            parent.x_m + cy * rx - sy * ry,
            parent.y_m + sy * rx + cy * ry,
            parent.z_m + rz,
            relative.pitch_deg,
            wrapped_deg(parent.yaw_deg + relative.yaw_deg),
            relative.roll_deg,
        )
    a = rotation_matrix(parent)
    b = rotation_matrix(relative)
    m = [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]
    return Pose(
        parent.x_m + a[0][0] * rx + a[0][1] * ry + a[0][2] * rz,
        parent.y_m + a[1][0] * rx + a[1][1] * ry + a[1][2] * rz,
        parent.z_m + a[2][0] * rx + a[2][1] * ry + a[2][2] * rz,
        math.degrees(math.asin(max(-1.0, min(1.0, m[2][0])))),
        math.degrees(math.atan2(m[1][0], m[0][0])),
        math.degrees(math.atan2(-m[2][1], m[2][2])),
    )
