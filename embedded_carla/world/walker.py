"""A pedestrian: walks straight ahead as it is told, on the level of the road."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.world.actors import Actor
from embedded_carla.world.pose import Pose, finite, vector_from_wire, wrapped_deg
from embedded_carla.world.road_surface import RoadSurface

FASTEST_MPS = 12.0
"""Sprinters' record; faster is an error of the caller."""
_STILL = (0.0, 0.0, 0.0)


class WalkerControl(NamedTuple):
    """WalkerControl: a direction in world axes and a speed along it; a jump is accepted and not made."""

    direction: tuple[float, float, float] = (1.0, 0.0, 0.0)
    speed_mps: float = 0.0
    jump: bool = False

    @classmethod
    def from_wire(cls, values: Sequence[Any]) -> WalkerControl:
        """Read.

        Raises:
            ValueError: not finite, or no walking speed.
        """
        direction, speed, jump = values[:3]
        speed_mps = finite(speed)
        if not 0.0 <= speed_mps <= FASTEST_MPS:
            raise ValueError(f"a walker's speed must be 0..{FASTEST_MPS:g} m/s, got {speed_mps:g}")
        return cls(vector_from_wire(direction), speed_mps, bool(jump))


@dataclass(eq=False)
class Walker(Actor):
    """A pedestrian; its origin is the middle of its body, as CARLA's is."""

    control: WalkerControl = field(default_factory=WalkerControl)
    simulate_physics: bool = True

    @property
    def velocity_mps(self) -> tuple[float, float, float]:
        """Along the ground, world axes."""
        x, y, _ = self.control.direction
        length = math.hypot(x, y)
        if length == 0.0 or self.control.speed_mps == 0.0 or self.parent is not None:
            return _STILL
        factor = self.control.speed_mps / length
        return x * factor, y * factor, 0.0

    def walk(self, surface: RoadSurface, dt_s: float) -> None:
        """One tick of walking; it faces where it goes."""
        vx, vy, _ = self.velocity_mps
        if vx or vy:
            yaw_deg = wrapped_deg(math.degrees(math.atan2(vy, vx)))
            x_m, y_m = self.pose.x_m + vx * dt_s, self.pose.y_m + vy * dt_s
            self.pose = Pose(x_m, y_m, self.pose.z_m, 0.0, yaw_deg, 0.0)
        self.put_on(surface)

    def put_on(self, surface: RoadSurface) -> None:
        """Stand on the ground, unless it is held up by switching its physics off."""
        if self.simulate_physics and self.parent is None:
            z_m, _ = surface.height_and_pitch(*self.pose[:3], self.pose.yaw_deg)
            self.pose = self.pose._replace(z_m=z_m + self.blueprint.half_size_m[2])
        self.refresh_record()

    def refresh_record(self) -> None:
        """Bring the packed record up to date."""
        c = self.control
        kinematics = tables.ACTOR_KINEMATICS.pack(
            self.actor_id, tables.ACTOR_ACTIVE, *self.pose, *self.velocity_mps, *_STILL, *_STILL
        )
        self.record = kinematics + tables.WALKER_UNION.pack(*c.direction, c.speed_mps, c.jump)

    @property
    def bottom_z_m(self) -> float:
        """Height of its soles."""
        return self.pose.z_m - self.blueprint.half_size_m[2]

    def bounding_box_to_wire(self) -> list[object]:
        """BoundingBox around the origin."""
        return [[0.0, 0.0, 0.0], list(self.blueprint.half_size_m), [0.0, 0.0, 0.0], self.actor_id]
