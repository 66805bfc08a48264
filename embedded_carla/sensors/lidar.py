"""LiDAR, plain and semantic: rays in a rotating fan of channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from embedded_carla.sensors.instrument import Surroundings, in_world, number, seeded
from embedded_carla.sensors.rays import Float64Array, Hits
from embedded_carla.wire import tables_0_9_16 as tables

MOST_RAYS = 200_000
"""Rays of one tick: what a machine answers within a client's patience."""


@dataclass(frozen=True)
class Dropoff:
    """Points lost: a general share, and more the weaker the return is below ``intensity_limit``."""

    general_rate: float
    intensity_limit: float
    zero_intensity: float

    def kept(self, intensity: Float64Array, generator: np.random.Generator) -> np.ndarray:
        """Which points survive, (N,) bool."""
        chance = generator.random((2, len(intensity)))
        if self.intensity_limit > 0.0:
            loss = self.zero_intensity * np.clip(1.0 - intensity / self.intensity_limit, 0.0, 1.0)
        else:
            loss = np.zeros_like(intensity)
        return np.asarray((chance[0] >= self.general_rate) & (chance[1] >= loss))


@dataclass
class Lidar:
    """A rotating laser scanner.

    Attributes:
        elevations_rad: of the channels, highest first.
        attenuation_per_m: returns weaken with exp(-attenuation * distance).
        semantic: exact points with incidence, object and label instead of intensity, noise and drop-off.
    """

    elevations_rad: Float64Array
    range_m: float
    points_per_second: float
    rotation_hz: float
    horizontal_fov_deg: float
    semantic: bool
    generator: np.random.Generator
    attenuation_per_m: float = 0.0
    noise_m: float = 0.0
    dropoff: Dropoff | None = None
    _angle_deg: float = 0.0

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Lidar:
        """``sensor.lidar.ray_cast``.

        Raises:
            ValueError: a value that no scanner can have.
        """
        lidar = cls._scanner(attributes, semantic=False)
        lidar.attenuation_per_m = number(attributes, "atmosphere_attenuation_rate", 0.0, 10.0)
        lidar.noise_m = number(attributes, "noise_stddev", 0.0, 1000.0)
        names = ("dropoff_general_rate", "dropoff_intensity_limit", "dropoff_zero_intensity")
        lidar.dropoff = Dropoff(*(number(attributes, name, 0.0, 1.0) for name in names))
        return lidar

    @classmethod
    def semantic_from_attributes(cls, attributes: Mapping[str, str]) -> Lidar:
        """``sensor.lidar.ray_cast_semantic``.

        Raises:
            ValueError: a value that no scanner can have.
        """
        return cls._scanner(attributes, semantic=True)

    @classmethod
    def _scanner(cls, attributes: Mapping[str, str], semantic: bool) -> Lidar:
        channels = int(number(attributes, "channels", 1, 512))
        upper = number(attributes, "upper_fov", -90.0, 90.0)
        lower = number(attributes, "lower_fov", -90.0, 90.0)
        return cls(
            np.radians(np.linspace(upper, lower, channels)),
            number(attributes, "range", 0.0, 10_000.0),
            number(attributes, "points_per_second", 0.0, 1e9),
            number(attributes, "rotation_frequency", 0.0, 1e4),
            number(attributes, "horizontal_fov", 0.0, 360.0),
            semantic,
            seeded(attributes),
        )

    def measure(self, around: Surroundings) -> bytes | None:
        """One tick's part of the turn: header, points per channel, points in the sensor's axes."""
        channels = len(self.elevations_rad)
        columns = min(round(self.points_per_second * around.dt_s / channels), MOST_RAYS // channels)
        sweep_deg = self.rotation_hz * self.horizontal_fov_deg * around.dt_s
        angles = np.radians(self._angle_deg + np.arange(columns) * (sweep_deg / max(columns, 1)))
        if self.horizontal_fov_deg < 360.0:
            half = np.radians(self.horizontal_fov_deg)
            angles = np.mod(angles, half) - 0.5 * half
        self._angle_deg = (self._angle_deg + sweep_deg) % self.horizontal_fov_deg if self.horizontal_fov_deg else 0.0
        elevation, azimuth = (grid.ravel() for grid in np.meshgrid(self.elevations_rad, angles, indexing="ij"))
        flat = np.cos(elevation)
        directions = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=1)
        hits = around.rays.cast(*in_world(around.pose, directions), around.bodies, self.range_m)
        kept = np.isfinite(hits.distance_m)
        intensity = np.exp(-self.attenuation_per_m * np.where(kept, hits.distance_m, 0.0))
        if self.dropoff is not None:
            kept &= self.dropoff.kept(intensity, self.generator)
        counts = kept.reshape(channels, columns).sum(axis=1).astype("<u4")
        head = tables.LIDAR_HEADER.pack(float(np.radians(self._angle_deg)), channels) + counts.tobytes()
        return head + self._points(hits, directions, intensity, np.flatnonzero(kept)).tobytes()

    def _points(self, hits: Hits, directions: Float64Array, intensity: Float64Array, kept: np.ndarray) -> np.ndarray:
        distance_m = hits.distance_m[kept]
        if self.noise_m > 0.0:
            distance_m = distance_m + self.noise_m * self.generator.standard_normal(len(kept))
        points = np.empty(len(kept), tables.SEMANTIC_LIDAR_POINT if self.semantic else tables.LIDAR_POINT)
        for name, column in zip("xyz", (directions[kept] * distance_m[:, None]).T, strict=True):
            points[name] = column
        if self.semantic:
            points["incidence_cos"] = hits.incidence_cos[kept]
            points["object_id"], points["tag"] = hits.object_id[kept], hits.tag[kept]
        else:
            points["intensity"] = intensity[kept]
        return points
