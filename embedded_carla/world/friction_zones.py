"""Friction triggers: boxes in which every vehicle's tyres have a friction of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from embedded_carla.vehicle import physics_control
from embedded_carla.world.actors import Actor
from embedded_carla.world.boxes import Box
from embedded_carla.world.pose import finite
from embedded_carla.world.vehicle import Vehicle

LARGEST_EXTENT_CM = 1e6


@dataclass(eq=False)
class FrictionZone(Actor):
    """``static.trigger.friction``: ``tire_friction`` within a box around the origin, half sizes in m."""

    tire_friction: float = 0.0
    half_room_m: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def read_attributes(self) -> None:
        """Take friction and extents (cm) from the attributes.

        Raises:
            ValueError: not numbers, or negative.
        """
        values = [finite(self.attributes[name]) for name in ("friction", "extent_x", "extent_y", "extent_z")]
        if min(values) < 0.0 or max(values) > LARGEST_EXTENT_CM:
            raise ValueError("friction and extents of a friction trigger must be 0..1e6")
        self.tire_friction = values[0]
        x_cm, y_cm, z_cm = values[1:]
        self.half_room_m = (x_cm / 100.0, y_cm / 100.0, z_cm / 100.0)

    def contains(self, vehicle: Vehicle) -> bool:
        """True while the vehicle's origin is inside."""
        pose, (x_m, y_m, z_m) = self.pose, self.half_room_m
        room = Box(pose.x_m, pose.y_m, pose.z_m - z_m, pose.yaw_deg, x_m, y_m, z_m)
        level = abs(vehicle.pose.z_m - pose.z_m) <= z_m
        near = math.hypot(vehicle.pose.x_m - pose.x_m, vehicle.pose.y_m - pose.y_m) <= room.radius_m
        return level and near and room.contains((vehicle.pose.x_m, vehicle.pose.y_m))


class FrictionZones:
    """All zones of an episode, and the tyres that vehicles had before they entered one."""

    def __init__(self) -> None:
        self.zones: list[FrictionZone] = []
        self._outside: dict[int, list[float]] = {}

    def forget(self, actor_id: int) -> None:
        """The vehicle is gone."""
        self._outside.pop(actor_id, None)

    def apply(self, vehicles: Sequence[Vehicle]) -> None:
        """Change the tyres of vehicles that have entered a zone, and give back those of vehicles that have left."""
        if not (self.zones or self._outside):
            return
        for vehicle in vehicles:
            zone = next((zone for zone in self.zones if zone.contains(vehicle)), None)
            before = self._outside.get(vehicle.actor_id)
            if zone is not None and before is None:
                wheels = vehicle.physics_to_wire()[physics_control.WHEELS]
                self._outside[vehicle.actor_id] = [wheel[physics_control.TIRE_FRICTION] for wheel in wheels]
                _fit(vehicle, [zone.tire_friction] * len(wheels))
            elif zone is None and before is not None:
                _fit(vehicle, before)
                del self._outside[vehicle.actor_id]


def _fit(vehicle: Vehicle, frictions: Sequence[float]) -> None:
    control = vehicle.physics_to_wire()
    for wheel, friction in zip(control[physics_control.WHEELS], frictions, strict=False):
        wheel[physics_control.TIRE_FRICTION] = friction
    vehicle.apply_physics(control)
