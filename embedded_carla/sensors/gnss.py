"""Satellite navigation: latitude, longitude, altitude by the map's geographic reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import carla
import msgpack
import numpy as np

from embedded_carla.sensors.instrument import Surroundings, number, seeded


@dataclass
class Gnss:
    """``sensor.other.gnss``: noise and bias per latitude, longitude (deg) and altitude (m)."""

    bias: tuple[float, ...]
    stddev: tuple[float, ...]
    generator: np.random.Generator

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Gnss:
        """Read.

        Raises:
            ValueError: not a number.
        """
        axes = ("lat", "lon", "alt")
        return cls(
            tuple(number(attributes, f"noise_{axis}_bias", -1e6, 1e6) for axis in axes),
            tuple(number(attributes, f"noise_{axis}_stddev", 0.0, 1e6) for axis in axes),
            seeded(attributes),
        )

    def measure(self, around: Surroundings) -> bytes | None:
        """One fix."""
        fix = around.carla_map.transform_to_geolocation(carla.Location(*around.pose[:3]))
        exact = (fix.latitude, fix.longitude, fix.altitude)
        noise = self.generator.standard_normal(3).tolist() if any(self.stddev) else (0.0, 0.0, 0.0)
        measured = [e + b + s * n for e, b, s, n in zip(exact, self.bias, self.stddev, noise, strict=True)]
        packed: bytes = msgpack.packb(measured)
        return packed
