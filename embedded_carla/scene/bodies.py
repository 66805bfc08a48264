"""The shape of a vehicle (a lower body with a glazed cabin) or of another boxy body, in world coordinates."""

from __future__ import annotations

import math

import numpy as np

from embedded_carla.scene.types import SURFACE_COLUMNS, Float32Array, Int32Array, Material

BODY_TOP = 0.58
"""Share of the height that the lower body takes; below CLEARANCE there is air."""
CLEARANCE = 0.14
_CABIN_REAR, _CABIN_FRONT, _CABIN_SIDE = -0.75, 0.42, 0.86
_ROOF_REAR, _ROOF_FRONT, _ROOF_SIDE = -0.55, 0.10, 0.74
_CAR_TAGS = (14, 15, 16)


def _prism(bottom: tuple[float, float, float, float], top: tuple[float, float, float, float]) -> Float32Array:
    """Six quads (6, 4, 3) of a frustum: rear, front, left, right, bottom, top. Tuples: x rear, x front, y half, z."""
    (xr0, xf0, y0, z0), (xr1, xf1, y1, z1) = bottom, top
    lower = [(xr0, -y0, z0), (xf0, -y0, z0), (xf0, y0, z0), (xr0, y0, z0)]
    upper = [(xr1, -y1, z1), (xf1, -y1, z1), (xf1, y1, z1), (xr1, y1, z1)]
    quads = [(0, 3), (2, 1), (1, 0), (3, 2)]
    faces = [[lower[a], lower[b], upper[b], upper[a]] for a, b in quads]
    return np.array([*faces, lower, upper], dtype=np.float32)


_BODY_QUADS = _prism((-1.0, 1.0, 1.0, 2 * CLEARANCE - 1.0), (-0.98, 0.97, 0.96, 2 * BODY_TOP - 1.0))
_CABIN_QUADS = _prism(
    (_CABIN_REAR, _CABIN_FRONT, _CABIN_SIDE, 2 * BODY_TOP - 1.0), (_ROOF_REAR, _ROOF_FRONT, _ROOF_SIDE, 1.0)
)
_PLAIN_QUADS = _prism((-1.0, 1.0, 1.0, -1.0), (-1.0, 1.0, 1.0, 1.0))
TWO_TRIANGLES: Int32Array = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)


def _linear(colour: tuple[int, int, int]) -> list[float]:
    values = [min(max(c, 0), 255) / 255.0 for c in colour]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in values]


def body_quads(
    centre_m: tuple[float, float, float],
    yaw_deg: float,
    pitch_deg: float,
    extent_m: tuple[float, float, float],
    colour: tuple[int, int, int],
    semantic_tag: int,
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Quads (Q, 4, 3) in the world, coordinates (Q, 4, 2), surface rows (Q, 16).

    Args:
        extent_m: half sizes. colour: sRGB, 0..255. semantic_tag: cars, lorries and buses get a cabin and wheels.
    """
    car = semantic_tag in _CAR_TAGS
    quads = np.concatenate([_BODY_QUADS, _CABIN_QUADS]) if car else _PLAIN_QUADS
    p, y = math.radians(pitch_deg), math.radians(yaw_deg)
    cp, sp, cy, sy = math.cos(p), math.sin(p), math.cos(y), math.sin(y)
    axes = np.array([[cp * cy, cp * sy, sp], [-sy, cy, 0.0], [-cy * sp, -sy * sp, cp]])
    world = (quads * np.array(extent_m)) @ axes + np.array(centre_m)
    normals = np.cross(world[:, 1] - world[:, 0], world[:, 3] - world[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    outward = np.einsum("qk,qk->q", normals, world.mean(axis=1) - world.mean(axis=(0, 1)))
    normals[outward < 0] *= -1.0
    coordinates = np.stack([quads[..., 0], 0.5 * (quads[..., 2] + 1.0)], axis=-1)
    coordinates[[0, 1], :, 0] = quads[[0, 1], :, 1]
    rows = np.zeros((len(quads), SURFACE_COLUMNS), dtype=np.float32)
    rows[:, 0] = rows[:, 1] = float(Material.BODY)
    rows[:, 2:5] = _linear(colour)
    rows[:, 5] = float(semantic_tag)
    rows[:, 13:16] = normals
    if car:
        rows[[2, 3], 6] = 1.0
        rows[0, 7] = 1.0
        rows[6:10, 0] = rows[6:10, 1] = float(Material.GLASS)
    return world.astype(np.float32), coordinates.astype(np.float32), rows
