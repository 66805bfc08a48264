"""Obstacle detector: what stands ahead, and how far."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgpack

from embedded_carla.render.types import BoxActor
from embedded_carla.sensors.instrument import Surroundings, number
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.world.boxes import Box
from embedded_carla.world.obstacles import REACH_M
from embedded_carla.world.pose import rotation_matrix

Vector = tuple[float, float, float]
LARGEST_RADIUS_M = REACH_M - 1.0
_TOUCHING_M = 1e-3
_MOST_STEPS = 200


@dataclass
class Obstacle:
    """``sensor.other.obstacle``: a ball of ``hit_radius_m`` pushed ``distance_m`` ahead.

    It meets actors, and unless ``only_dynamics`` props and what stands beside the road too; not the ground.
    """

    distance_m: float
    hit_radius_m: float
    only_dynamics: bool

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Obstacle:
        """Read.

        Raises:
            ValueError: not a number, or out of range.
        """
        return cls(
            number(attributes, "distance", 0.0, 1e3),
            number(attributes, "hit_radius", 0.0, LARGEST_RADIUS_M),
            attributes["only_dynamics"].lower() == "true",
        )

    def measure(self, around: Surroundings) -> bytes | None:
        """An event about the nearest thing that the ball meets; the distance is how far its centre has come."""
        (x, _, _), (y, _, _), (z, _, _) = rotation_matrix(around.pose)
        start, ahead = around.pose[:3], (x, y, z)
        nearest_m, met = math.inf, None
        for box, actor in self._candidates(around, start, ahead):
            way_m = way_to_m(box, start, ahead, self.hit_radius_m, min(self.distance_m, nearest_m))
            if way_m is not None and way_m < nearest_m:
                nearest_m, met = way_m, actor
        if met is None:
            return None
        packed: bytes = msgpack.packb([around.own_actor, met, nearest_m], unicode_errors="surrogateescape")
        return packed

    def _candidates(self, around: Surroundings, start: Vector, ahead: Vector) -> Iterator[tuple[Box, object]]:
        for body, actor in zip(around.bodies, around.actors, strict=True):
            if not (self.only_dynamics and body.semantic_tag == tables.TAG_STATIC):
                yield _box(body), actor
        if self.only_dynamics:
            return
        # A place at least every REACH_M along the way, less what the ball itself reaches, finds all scenery near it.
        spacing_m = REACH_M - self.hit_radius_m
        seen = set()
        for k in range(math.ceil(self.distance_m / spacing_m) + 1):
            way_m = min(k * spacing_m, self.distance_m)
            for obstacle in around.scenery.near(start[0] + way_m * ahead[0], start[1] + way_m * ahead[1]):
                if id(obstacle) not in seen:
                    seen.add(id(obstacle))
                    yield obstacle.box, obstacle.actor.to_wire()


def way_to_m(box: Box, start: Vector, ahead: Vector, radius_m: float, farthest_m: float) -> float | None:
    """How far a ball comes before it touches a box, None if it does not within ``farthest_m``.

    Sphere tracing: the distance to the box is always a way that is free.

    Args:
        start: centre of the ball; ahead: unit vector.
    """
    (ux, uy), (vx, vy) = box.axes()
    way_m = 0.0
    for _ in range(_MOST_STEPS):
        dx = start[0] + way_m * ahead[0] - box.x_m
        dy = start[1] + way_m * ahead[1] - box.y_m
        dz = start[2] + way_m * ahead[2] - box.z_m - box.half_height_m
        gap_m = math.hypot(
            max(abs(dx * ux + dy * uy) - box.half_length_m, 0.0),
            max(abs(dx * vx + dy * vy) - box.half_width_m, 0.0),
            max(abs(dz) - box.half_height_m, 0.0),
        )
        if gap_m - radius_m <= _TOUCHING_M:
            return way_m
        way_m += gap_m - radius_m
        if way_m > farthest_m:
            return None
    return None


def _box(body: BoxActor) -> Box:
    bottom_m = body.z_m - body.extent_z_m
    return Box(body.x_m, body.y_m, bottom_m, body.yaw_deg, body.extent_x_m, body.extent_y_m, body.extent_z_m)
