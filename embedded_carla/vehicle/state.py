"""What describes a moving vehicle between two ticks."""

from __future__ import annotations

import math
from typing import NamedTuple


class VehicleState(NamedTuple):
    """Motion of the centre of gravity, right-handed axes (y = −CARLA y, yaw counter-clockwise positive).

    ``z_m``, ``pitch_rad`` (nose up positive) and ``roll_rad`` (left side up positive) belong to the road: the
    model carries them along and lets gravity pull down the slope. Velocities and accelerations lie in its plane.

    Attributes:
        v_long_mps, v_lat_mps: velocity along the vehicle (forward) and across it (left).
        yaw_rate_radps: counter-clockwise.
        road_wheel_angle_rad: angle reached by the front wheels, left positive.
        a_long_mps2, a_lat_mps2: acceleration over ground, along and across the vehicle.
        gear: engaged: -1 reverse, 0 neutral, 1 first.
        shift_left_s: until a change of gear is complete; no traction before.
    """

    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float
    pitch_rad: float
    v_long_mps: float
    v_lat_mps: float
    yaw_rate_radps: float
    road_wheel_angle_rad: float
    a_long_mps2: float
    a_lat_mps2: float
    roll_rad: float = 0.0
    gear: int = 1
    shift_left_s: float = 0.0

    @property
    def speed_mps(self) -> float:
        """Speed over ground, never negative, m/s."""
        return math.hypot(self.v_long_mps, self.v_lat_mps)

    @property
    def velocity_mps(self) -> tuple[float, float]:
        """Velocity along the ground plan in world axes (x, y right-handed), m/s."""
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        along, across = self.v_long_mps * math.cos(self.pitch_rad), self.v_lat_mps * math.cos(self.roll_rad)
        return along * cos - across * sin, along * sin + across * cos


def at_rest(x_m: float, y_m: float, z_m: float, yaw_rad: float, pitch_rad: float = 0.0) -> VehicleState:
    """A vehicle standing at a pose, wheels straight."""
    return VehicleState(
        float(x_m), float(y_m), float(z_m), float(yaw_rad), float(pitch_rad), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    )


def with_velocity(state: VehicleState, vx_mps: float, vy_mps: float) -> VehicleState:
    """The same vehicle given a velocity along the ground plan, world axes (right-handed), m/s.

    The rest of its motion is kept.
    """
    cos, sin = math.cos(state.yaw_rad), math.sin(state.yaw_rad)
    return state._replace(
        v_long_mps=(vx_mps * cos + vy_mps * sin) / math.cos(state.pitch_rad),
        v_lat_mps=(vy_mps * cos - vx_mps * sin) / math.cos(state.roll_rad),
    )
