"""Buildings and guard rails: upright walls with their normals."""

from __future__ import annotations

import numpy as np

from embedded_carla.scene.centrelines import FloatArray
from embedded_carla.scene.mesh import MeshBuilder
from embedded_carla.scene.types import Material

RAIL_BOTTOM_M, RAIL_TOP_M = 0.42, 0.76


def wall_row(material: Material, normal: tuple[float, float, float]) -> tuple[float, ...]:
    """Row of the surface table of a wall."""
    return (float(material), float(material), *([0.0] * 11), *(round(float(n), 4) for n in normal))


def add_building(
    mesh: MeshBuilder,
    x_m: float,
    y_m: float,
    z_m: float,
    yaw_rad: float,
    size_m: tuple[float, float, float],
    instance: int,
) -> None:
    """Add a house with a gable roof: footprint ``size_m[0]`` × ``size_m[1]``, walls ``size_m[2]`` high."""
    length, width, height = size_m
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)

    def world(points: FloatArray) -> FloatArray:
        out = points.copy()
        out[:, 0] = x_m + c * points[:, 0] - s * points[:, 1]
        out[:, 1] = y_m + s * points[:, 0] + c * points[:, 1]
        out[:, 2] = z_m + points[:, 2]
        return out

    def face(corners: list[tuple[float, float, float]], normal: tuple[float, float, float], material: Material) -> None:
        points = np.array(corners)
        turned = (c * normal[0] - s * normal[1], s * normal[0] + c * normal[1], normal[2])
        along = np.hypot(points[:, 0] - points[0, 0], points[:, 1] - points[0, 1])
        coordinates = np.stack([along, points[:, 2] + 1.0], axis=1)
        fan = np.array([(0, k, k + 1) for k in range(1, len(corners) - 1)], dtype=np.int32) + mesh.vertex_count
        rows = np.full(len(fan), mesh.surface(wall_row(material, turned)), dtype=np.int32)
        mesh.add_triangles(world(points).astype(np.float32), coordinates.astype(np.float32), fan, rows, instance)

    a, b, low, ridge = length / 2, width / 2, -1.0, height + 0.35 * width
    slope = np.array([0.35 * width, width / 2]) / np.hypot(0.35 * width, width / 2)
    face([(-a, -b, low), (a, -b, low), (a, -b, height), (-a, -b, height)], (0, -1, 0), Material.FACADE)
    face([(a, b, low), (-a, b, low), (-a, b, height), (a, b, height)], (0, 1, 0), Material.FACADE)
    face([(a, -b, low), (a, b, low), (a, b, height), (a, 0, ridge), (a, -b, height)], (1, 0, 0), Material.FACADE)
    face([(-a, b, low), (-a, -b, low), (-a, -b, height), (-a, 0, ridge), (-a, b, height)], (-1, 0, 0), Material.FACADE)
    face([(-a, -b, height), (a, -b, height), (a, 0, ridge), (-a, 0, ridge)], (0, -slope[0], slope[1]), Material.ROOF)
    face([(a, b, height), (-a, b, height), (-a, 0, ridge), (a, 0, ridge)], (0, slope[0], slope[1]), Material.ROOF)
    mesh.close_tile()


def add_guard_rail(
    mesh: MeshBuilder, points: FloatArray, s_m: FloatArray, towards_road: FloatArray, instance: int
) -> None:
    """Add a rail along ``points`` (N, 3) on the ground; ``towards_road`` (N, 2) is the direction of its face."""
    bottom, top = points.copy(), points.copy()
    bottom[:, 2] += RAIL_BOTTOM_M
    top[:, 2] += RAIL_TOP_M
    coordinates = np.stack([np.stack([s_m, np.full_like(s_m, v)], axis=-1) for v in (RAIL_BOTTOM_M, RAIL_TOP_M)])
    rows = np.array(
        [mesh.surface(wall_row(Material.RAIL, (n[0], n[1], 0.0))) for n in towards_road[:-1]], dtype=np.int32
    )
    mesh.add_strip(np.stack([bottom, top]).astype(np.float32), coordinates.astype(np.float32), rows, instance)
    mesh.close_tile()
