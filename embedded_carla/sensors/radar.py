"""Radar: rays scattered in a cone, each with the relative speed of what it hits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from embedded_carla.sensors.instrument import Surroundings, in_world, number, seeded
from embedded_carla.wire import tables_0_9_16 as tables

MOST_RAYS = 100_000


@dataclass
class Radar:
    """``sensor.other.radar``; rays are drawn anew at each measurement."""

    horizontal_fov_rad: float
    vertical_fov_rad: float
    range_m: float
    points_per_second: float
    generator: np.random.Generator

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Radar:
        """Read.

        Raises:
            ValueError: a value that no radar can have.
        """
        return cls(
            np.radians(number(attributes, "horizontal_fov", 0.0, 179.0)),
            np.radians(number(attributes, "vertical_fov", 0.0, 179.0)),
            number(attributes, "range", 0.0, 10_000.0),
            number(attributes, "points_per_second", 0.0, 1e9),
            seeded(attributes),
        )

    def measure(self, around: Surroundings) -> bytes | None:
        """Detections of one tick: speed away from the sensor (m/s; approaching is negative), azimuth and altitude
        (rad), depth (m)."""
        count = min(int(self.points_per_second * around.dt_s), MOST_RAYS)
        angle, radius = self.generator.random((2, count)) * np.array([[2.0 * np.pi], [1.0]])
        azimuth = 0.5 * self.horizontal_fov_rad * radius * np.cos(angle)
        altitude = 0.5 * self.vertical_fov_rad * radius * np.sin(angle)
        flat = np.cos(altitude)
        directions = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(altitude)], axis=1)
        origins, turned = in_world(around.pose, directions)
        hits = around.rays.cast(origins, turned, around.bodies, self.range_m)
        velocities = np.array([*around.body_velocities_mps, (0.0, 0.0, 0.0)])  # index -1: what stands still
        relative = velocities[hits.body] - np.array(around.velocity_mps)
        hit = np.isfinite(hits.distance_m)
        detections = np.empty(int(hit.sum()), tables.RADAR_DETECTION)
        detections["velocity"] = np.sum(relative * turned, axis=1)[hit]
        detections["azimuth"], detections["altitude"] = azimuth[hit], altitude[hit]
        detections["depth"] = hits.distance_m[hit]
        return detections.tobytes()
