"""Meshes of movable bodies: a car-like lower body with a glazed cabin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedded_carla.render.types import BoxActor, CameraPose
from embedded_carla.scene.bodies import TWO_TRIANGLES, body_quads
from embedded_carla.scene.types import Float32Array, Int32Array


@dataclass(frozen=True)
class ActorMesh:
    """Triangles of all bodies of one frame; one tile per body.

    Attributes:
        vertices (V, 3), coordinates (V, 2), triangles (T, 3), surface (T,) rows of ``surfaces``, instance (T,).
        surfaces (S, 16), vertex_ranges and triangle_ranges (K, 2).
    """

    vertices: Float32Array
    coordinates: Float32Array
    triangles: Int32Array
    surface: Int32Array
    instance: Int32Array
    surfaces: Float32Array
    vertex_ranges: Int32Array
    triangle_ranges: Int32Array


def _inside(actor: BoxActor, camera: CameraPose) -> bool:
    c, s = math.cos(math.radians(actor.yaw_deg)), math.sin(math.radians(actor.yaw_deg))
    dx, dy, dz = camera.x_m - actor.x_m, camera.y_m - actor.y_m, camera.z_m - actor.z_m
    along, across = c * dx + s * dy, -s * dx + c * dy
    return abs(along) < actor.extent_x_m and abs(across) < actor.extent_y_m and abs(dz) < actor.extent_z_m


def _one_body(actor: BoxActor) -> tuple[Float32Array, Float32Array, Float32Array]:
    extent_m = (actor.extent_x_m, actor.extent_y_m, actor.extent_z_m)
    centre_m = (actor.x_m, actor.y_m, actor.z_m)
    return body_quads(centre_m, actor.yaw_deg, actor.pitch_deg, extent_m, actor.colour, actor.semantic_tag)


def actor_mesh(actors: Sequence[BoxActor], camera: CameraPose) -> ActorMesh | None:
    """Mesh of all bodies that the camera is not inside of; None if there is none."""
    bodies = [(actor, _one_body(actor)) for actor in actors if not _inside(actor, camera)]
    if not bodies:
        return None
    counts = np.array([len(body[0]) for _, body in bodies])
    ends = np.cumsum(counts)
    quads = int(ends[-1])
    starts = np.arange(quads, dtype=np.int32) * 4
    surface = np.repeat(np.arange(quads, dtype=np.int32), 2)
    instance = np.repeat(np.array([actor.actor_id for actor, _ in bodies], dtype=np.int32), 2 * counts)
    return ActorMesh(
        vertices=np.concatenate([body[0].reshape(-1, 3) for _, body in bodies]),
        coordinates=np.concatenate([body[1].reshape(-1, 2) for _, body in bodies]),
        triangles=(starts[:, None, None] + TWO_TRIANGLES).reshape(-1, 3).astype(np.int32),
        surface=surface,
        instance=instance,
        surfaces=np.concatenate([body[2] for _, body in bodies]),
        vertex_ranges=np.stack([4 * (ends - counts), 4 * ends], axis=1).astype(np.int32),
        triangle_ranges=np.stack([2 * (ends - counts), 2 * ends], axis=1).astype(np.int32),
    )
