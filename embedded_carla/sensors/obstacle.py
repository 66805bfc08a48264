"""Obstacle detector: which actor stands ahead, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgpack
import numpy as np

from embedded_carla.sensors.instrument import Surroundings, in_world, number
from embedded_carla.wire import tables_0_9_16 as tables


@dataclass
class Obstacle:
    """``sensor.other.obstacle``: a ball of ``hit_radius_m`` pushed ``distance_m`` ahead. Actors are detected,
    the map's walls and rails are not: an event needs an actor."""

    distance_m: float
    hit_radius_m: float
    only_dynamics: bool

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Obstacle:
        """Read.

        Raises:
            ValueError: not a number, or negative.
        """
        return cls(
            number(attributes, "distance", 0.0, 1e4),
            number(attributes, "hit_radius", 0.0, 1e3),
            attributes["only_dynamics"].lower() == "true",
        )

    def measure(self, around: Surroundings) -> bytes | None:
        """An event if something is hit."""
        r = self.hit_radius_m
        counted = [
            index
            for index, body in enumerate(around.bodies)
            if not (self.only_dynamics and body.semantic_tag == tables.TAG_STATIC)
        ]
        # A ball against a box is a point against the box grown by the ball, but for its rounded edges.
        grown = [
            replace(b, extent_x_m=b.extent_x_m + r, extent_y_m=b.extent_y_m + r, extent_z_m=b.extent_z_m + r)
            for b in (around.bodies[index] for index in counted)
        ]
        origins, directions = in_world(around.pose, np.array([[1.0, 0.0, 0.0]]))
        hits = around.rays.cast(origins, directions, grown, self.distance_m)
        hit = int(hits.body[0])
        if hit < 0:
            return None
        event = [around.own_actor, around.actors[counted[hit]], float(hits.distance_m[0])]
        packed: bytes = msgpack.packb(event, unicode_errors="surrogateescape")
        return packed
