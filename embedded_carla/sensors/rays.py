"""Straight rays through the world: what is hit first, where, and what it is.

Triangles by Möller and Trumbore ("Fast, minimum storage ray/triangle intersection", 1997), tiles of the scene
culled by their bounding spheres, bodies by the slab test in their own axes. Trees and bushes are pictures that face
the camera; rays pass through them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from embedded_carla.compiled import compiled
from embedded_carla.render.types import BoxActor
from embedded_carla.scene.types import MATERIAL_TAGS, TAG_TERRAIN, Scene, Surface

Float64Array = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]

FARTHEST_M = 10_000.0
_NOTHING, _GROUND_PLANE, _BODY, _TRIANGLE = 0, 1, 2, 3
_BODY_COLUMNS = 15  # centre, three axes, half sizes


class Hits(NamedTuple):
    """One entry per ray.

    Attributes:
        distance_m: infinite where nothing is hit.
        tag: CARLA's city object label, 0 where nothing is hit.
        object_id: actor id of a body, instance number of something in the scene, 0 for the endless ground.
        incidence_cos: cosine of the angle between the ray and the surface's normal, 0..1.
        body: index of the body hit, -1 for anything else.
    """

    distance_m: Float64Array
    tag: Int32Array
    object_id: Int32Array
    incidence_cos: Float64Array
    body: Int32Array


@compiled(error_model="numpy")
def _triangle_hit(
    o: Float64Array, d: Float64Array, a: Float64Array, b: Float64Array, c: Float64Array
) -> tuple[float, float, float, float]:
    """Distance (negative: missed), weights of b and c, cosine of the incidence; ``d`` has length one."""
    e1x, e1y, e1z = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    e2x, e2y, e2z = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    px, py, pz = d[1] * e2z - d[2] * e2y, d[2] * e2x - d[0] * e2z, d[0] * e2y - d[1] * e2x
    determinant = e1x * px + e1y * py + e1z * pz
    if abs(determinant) < 1e-12:
        return -1.0, 0.0, 0.0, 0.0
    inverse = 1.0 / determinant
    tx, ty, tz = o[0] - a[0], o[1] - a[1], o[2] - a[2]
    u = (tx * px + ty * py + tz * pz) * inverse
    if u < -1e-9 or u > 1.0 + 1e-9:
        return -1.0, 0.0, 0.0, 0.0
    qx, qy, qz = ty * e1z - tz * e1y, tz * e1x - tx * e1z, tx * e1y - ty * e1x
    v = (d[0] * qx + d[1] * qy + d[2] * qz) * inverse
    if v < -1e-9 or u + v > 1.0 + 1e-9:
        return -1.0, 0.0, 0.0, 0.0
    nx, ny, nz = e1y * e2z - e1z * e2y, e1z * e2x - e1x * e2z, e1x * e2y - e1y * e2x
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    cos = abs(nx * d[0] + ny * d[1] + nz * d[2]) / length
    return (e2x * qx + e2y * qy + e2z * qz) * inverse, u, v, cos


@compiled(error_model="numpy")
def _body_hit(o: Float64Array, d: Float64Array, body: Float64Array, nearest_m: float) -> tuple[float, float]:
    """Distance (negative: missed, or nearer than ``nearest_m``) to an oriented box, and cosine of the incidence."""
    enter, leave, cos_enter, cos_leave = -np.inf, np.inf, 0.0, 0.0
    for k in range(3):
        axis = body[3 + 3 * k : 6 + 3 * k]
        half = body[12 + k]
        at = (o[0] - body[0]) * axis[0] + (o[1] - body[1]) * axis[1] + (o[2] - body[2]) * axis[2]
        along = d[0] * axis[0] + d[1] * axis[1] + d[2] * axis[2]
        if abs(along) < 1e-12:
            if abs(at) > half:
                return -1.0, 0.0
            continue
        first, second = (-half - at) / along, (half - at) / along
        if first > second:
            first, second = second, first
        if first > enter:
            enter, cos_enter = first, abs(along)
        if second < leave:
            leave, cos_leave = second, abs(along)
    if enter > leave:
        return -1.0, 0.0
    if enter >= nearest_m:
        return enter, cos_enter
    return (leave, cos_leave) if leave >= nearest_m else (-1.0, 0.0)


@compiled(error_model="numpy")
def _cast(
    origins: Float64Array,
    directions: Float64Array,
    nearest_m: Float64Array,
    farthest_m: float,
    plane_z_m: float,
    vertices: npt.NDArray[np.float32],
    triangles: Int32Array,
    tile_centre: npt.NDArray[np.float32],
    tile_radius: npt.NDArray[np.float32],
    tile_triangles: Int32Array,
    bodies: Float64Array,
    kind: Int32Array,
    index: Int32Array,
    distance: Float64Array,
    across: Float64Array,
    incidence: Float64Array,
    coordinates: npt.NDArray[np.float32],
) -> None:
    """First hit of every ray at ``nearest_m`` or beyond; writes into the last seven arrays."""
    a, b, c = np.empty(3), np.empty(3), np.empty(3)
    for ray in range(len(origins)):
        o, d, low = origins[ray], directions[ray], nearest_m[ray]
        best = farthest_m
        kind[ray] = 0
        if d[2] != 0.0:
            t = (plane_z_m - o[2]) / d[2]
            if low <= t <= best:
                best, kind[ray], incidence[ray] = t, 1, abs(d[2])
        for k in range(len(bodies)):
            t, cos = _body_hit(o, d, bodies[k], low)
            if low <= t <= best:
                best, kind[ray], index[ray], incidence[ray] = t, 2, k, cos
        for tile in range(len(tile_centre)):
            x, y, z = tile_centre[tile, 0] - o[0], tile_centre[tile, 1] - o[1], tile_centre[tile, 2] - o[2]
            along, radius = x * d[0] + y * d[1] + z * d[2], tile_radius[tile]
            if along < -radius or along - radius > best or x * x + y * y + z * z - along * along > radius * radius:
                continue
            for triangle in range(tile_triangles[tile, 0], tile_triangles[tile, 1]):
                i, j, m = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
                for axis in range(3):
                    a[axis], b[axis], c[axis] = vertices[i, axis], vertices[j, axis], vertices[m, axis]
                t, u, v, cos = _triangle_hit(o, d, a, b, c)
                # Ground triangles lie on the plane behind them: of equals the triangle says more.
                if low <= t <= best:
                    best, kind[ray], index[ray], incidence[ray] = t, 3, triangle, cos
                    across[ray] = (1.0 - u - v) * coordinates[i, 1] + u * coordinates[j, 1] + v * coordinates[m, 1]
        distance[ray] = best


class RayCaster:
    """Casts rays through one scene and the bodies in it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def cast(
        self,
        origins_m: Float64Array,
        directions: Float64Array,
        bodies: Sequence[BoxActor],
        farthest_m: float = FARTHEST_M,
        nearest_m: Float64Array | None = None,
    ) -> Hits:
        """What each ray hits first.

        Args:
            origins_m, directions: (N, 3), CARLA's world axes; directions of length one.
            bodies: movable boxes.
            nearest_m: (N,) hits nearer than this are passed by; None: 0.
        """
        scene, count = self._scene, len(origins_m)
        kind, index = np.zeros(count, np.int32), np.zeros(count, np.int32)
        distance, across, incidence = np.zeros(count), np.zeros(count), np.zeros(count)
        _cast(
            np.ascontiguousarray(origins_m, dtype=np.float64),
            np.ascontiguousarray(directions, dtype=np.float64),
            np.zeros(count) if nearest_m is None else nearest_m,
            farthest_m,
            scene.plane_z_m,
            scene.vertices,
            scene.triangles,
            scene.tile_centre,
            scene.tile_radius,
            scene.tile_triangles,
            _body_table(bodies),
            kind,
            index,
            distance,
            across,
            incidence,
            scene.surface_coordinates,
        )
        surface = scene.surfaces[scene.triangle_surface[np.where(kind == _TRIANGLE, index, 0)]]
        side = np.where(across < 0.0, surface[:, Surface.LEFT_MATERIAL], surface[:, Surface.RIGHT_MATERIAL])
        wall = np.abs(surface[:, Surface.NORMAL_X : Surface.NORMAL_Z + 1]).sum(axis=1) > 0.0
        material = np.where(wall, surface[:, Surface.LEFT_MATERIAL], side).astype(np.int32)
        which_body = np.where(kind == _BODY, index, -1)
        body_tags = np.array([body.semantic_tag for body in bodies] or [0], np.int32)
        body_ids = np.array([body.actor_id for body in bodies] or [0], np.int32)
        instance = scene.triangle_instance[np.where(kind == _TRIANGLE, index, 0)]
        cases = [kind == _TRIANGLE, kind == _BODY, kind == _GROUND_PLANE]
        return Hits(
            np.where(kind == _NOTHING, np.inf, distance),
            np.select(cases, [MATERIAL_TAGS[material], body_tags[which_body], TAG_TERRAIN], 0).astype(np.int32),
            np.select(cases, [instance, body_ids[which_body], 0], 0).astype(np.int32),
            incidence,
            which_body.astype(np.int32),
        )


def _body_table(bodies: Sequence[BoxActor]) -> Float64Array:
    """(B, 15): centre, axes in the world (rows), half sizes."""
    table = np.empty((len(bodies), _BODY_COLUMNS))
    for row, body in zip(table, bodies, strict=True):
        yaw, pitch = np.radians(body.yaw_deg), np.radians(body.pitch_deg)
        cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
        row[:] = (
            *(body.x_m, body.y_m, body.z_m),
            *(cp * cy, cp * sy, sp),
            *(-sy, cy, 0.0),
            *(-sp * cy, -sp * sy, cp),
            *(body.extent_x_m, body.extent_y_m, body.extent_z_m),
        )
    return table
