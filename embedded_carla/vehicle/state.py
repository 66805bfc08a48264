"""What describes a moving vehicle between two ticks."""

from __future__ import annotations

import math
from typing import NamedTuple


class VehicleState(NamedTuple):
    """Motion of the centre of gravity, right-handed axes (y = −CARLA y, yaw counter-clockwise positive).

    The server takes this point as the actor's origin. ``z_m`` and ``pitch_rad`` (nose up positive) belong to
    the road: the model carries them along and lets gravity pull down the slope.

    Attributes:
        v_long_mps, v_lat_mps: velocity along the vehicle (forward) and across it (left).
        yaw_rate_radps: counter-clockwise.
        road_wheel_angle_rad: angle reached by the front wheels, left positive.
        a_long_mps2, a_lat_mps2: acceleration over ground, along and across the vehicle.
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

    @property
    def speed_mps(self) -> float:
        """Speed over ground, never negative, m/s."""
        return math.hypot(self.v_long_mps, self.v_lat_mps)

    @property
    def velocity_mps(self) -> tuple[float, float]:
        """Velocity in world axes (x, y right-handed), m/s."""
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return (
            self.v_long_mps * cos - self.v_lat_mps * sin,
            self.v_long_mps * sin + self.v_lat_mps * cos,
        )


def at_rest(x_m: float, y_m: float, z_m: float, yaw_rad: float, pitch_rad: float = 0.0) -> VehicleState:
    """A vehicle standing at a pose, wheels straight."""
    return VehicleState(
        float(x_m), float(y_m), float(z_m), float(yaw_rad), float(pitch_rad), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    )


def with_velocity(state: VehicleState, vx_mps: float, vy_mps: float) -> VehicleState:
    """The same vehicle given a velocity in world axes (right-handed), m/s; its yaw rate is kept."""
    cos, sin = math.cos(state.yaw_rad), math.sin(state.yaw_rad)
    return state._replace(v_long_mps=vx_mps * cos + vy_mps * sin, v_lat_mps=vy_mps * cos - vx_mps * sin)
