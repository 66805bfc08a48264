"""What the sensors that are neither cameras nor IMUs have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import carla
import numpy as np

from embedded_carla.render.types import BoxActor
from embedded_carla.sensors.rays import Float64Array, RayCaster
from embedded_carla.world.pose import Pose, finite, rotation_matrix

if TYPE_CHECKING:
    from embedded_carla.world.obstacles import Obstacles

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Surroundings:
    """The world around one sensor at one tick, CARLA's axes.

    Attributes:
        pose: of the sensor. velocity_mps: of what carries it.
        dt_s: length of the tick.
        bodies: movable boxes other than the one that carries the sensor; body_velocities_mps: of each.
        actors: Actor of each body in wire form; own_actor: of what carries the sensor, or of the sensor itself.
        scenery: what is solid beside the road.
    """

    pose: Pose
    velocity_mps: Vector
    dt_s: float
    rays: RayCaster
    carla_map: carla.Map
    bodies: Sequence[BoxActor]
    body_velocities_mps: Sequence[Vector]
    actors: Sequence[object]
    own_actor: object
    scenery: Obstacles


class Instrument(Protocol):
    """Measures once per due tick."""

    def measure(self, around: Surroundings) -> bytes | None:
        """The message's payload behind the header, None for no message."""


def number(attributes: Mapping[str, str], name: str, low: float, high: float) -> float:
    """A numeric attribute.

    Raises:
        ValueError: not a number, or out of range.
    """
    value = finite(attributes[name])
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low:g}..{high:g}, got {value:g}")
    return value


def seeded(attributes: Mapping[str, str]) -> np.random.Generator:
    """Generator of one sensor: the same spawn gives the same noise."""
    return np.random.default_rng(abs(int(attributes["noise_seed"])))


def in_world(pose: Pose, directions: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Origins and directions in the world of rays given in the sensor's axes, (N, 3) each."""
    turned = directions @ np.array(rotation_matrix(pose)).T
    return np.broadcast_to(np.array(pose[:3], dtype=np.float64), turned.shape), turned
